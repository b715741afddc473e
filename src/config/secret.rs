//! What may be a key is not repeated: people put keys where names, zones and paths belong.

/// No key is shorter; what is shorter may be repeated when it holds no blank.
const KEY_CHARS_MIN: usize = 12;
/// A run of letters and digits this long is no word.
const RUN_CHARS_MIN: usize = 12;
/// Letters and digits without a break: no name is so long.
const UNBROKEN_CHARS_MIN: usize = 24;

/// Whether this may well be a key: a long run of letters mixed with digits, or a very long one of either.
pub(super) fn may_be_key(text: &str) -> bool {
    let text = text.trim();
    if text.chars().count() < KEY_CHARS_MIN {
        return false;
    }
    let is_run = |run: &str| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let letters = run.chars().count() - digits;
        (RUN_CHARS_MIN <= run.len() && 2 <= digits && 2 <= letters) || UNBROKEN_CHARS_MIN <= run.len()
    };
    let mixed = text.chars().filter(char::is_ascii_digit).count();
    text.split(|c: char| !c.is_alphanumeric()).any(is_run)
        // Short runs, as in a UUID: as many digits as words never have.
        || (RUN_CHARS_MIN <= mixed && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-'))
}

/// The name of a variable as people choose them (`SPECTORA_COMPANY1_KEY`), which no key looks like.
pub(super) fn is_variable(text: &str) -> bool {
    const WORD_LETTERS_MAX: usize = 12;
    const WORD_DIGITS_MAX: usize = 2;
    let is_word = |word: &str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        !letters.is_empty()
            && letters.len() <= WORD_LETTERS_MAX
            && word.len() - letters.len() <= WORD_DIGITS_MAX
            && letters.chars().all(|c| c.is_ascii_uppercase())
    };
    text.split('_').all(is_word)
}

/// In backticks as it was given, unless it may be a key.
pub(super) fn shown(given: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    if may_be_key(given) {
        "a text that may be a key and is not shown".to_owned()
    } else {
        format!("`{}`", given.chars().take(SHOWN_CHARS_MAX).collect::<String>())
    }
}

/// A message with whatever it quotes in backticks left out where that may be a key.
pub(super) fn without_keys(message: &str) -> String {
    let parts = message.split('`').enumerate();
    let kept = parts.map(|(index, part)| if index % 2 == 1 && may_be_key(part) { "\u{2026}" } else { part });
    kept.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_names() {
        for key in [
            "3f9a0c77d2e14b6f8a5e0b1c2d3e4f50",
            "8c1f6f0e-5a1b-4d3c-9e7f-0123456789ab",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "AbCdEfGhIjKlMnOpQrStUvWxYz",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
        ] {
            assert!(may_be_key(key), "{key}");
            assert!(!is_variable(key), "{key}");
            assert!(!shown(key).contains(key));
        }
        for name in
            ["America/Argentina/Buenos_Aires", "spectora_company1", "Denver", "timezon", "updated_at_greater_than"]
        {
            assert!(!may_be_key(name), "{name}");
        }
        for variable in ["K", "SPECTORA_COMPANY1_KEY", "MY_KEY"] {
            assert!(is_variable(variable), "{variable}");
        }
        for other in ["", "THE KEY", "my_key", "A1B2C3", "ABCDEFGHIJKLMNOPQRST"] {
            assert!(!is_variable(other), "{other}");
        }
    }
}
