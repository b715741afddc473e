//! ZIP codes: one area, however its code was written.

/// The five digits of a United States ZIP code, with or without the four that narrow it down: `80815`, `80815-1234`,
/// `80815 1234` and `808151234` are one. `None` for anything else: foreign and malformed codes stay as they are.
pub fn five_digits(code: &str) -> Option<&str> {
    let code = code.trim();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let (five, rest) = code.split_at_checked(5)?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    (digits(five, 5) && (rest.is_empty() || digits(rest, 4))).then_some(five)
}

/// The code under which an inspection counts: the five digits of a ZIP code, or what was written.
pub fn area_of(code: &str) -> &str {
    five_digits(code).unwrap_or_else(|| code.trim())
}

/// The code meant by a text: five digits of a ZIP code; other codes, such as foreign ones, as they are. `None` for words:
/// every code has a digit.
pub fn of_text(text: &str) -> Option<String> {
    let code = area_of(text);
    code.bytes().any(|byte| byte.is_ascii_digit()).then(|| code.to_owned())
}

/// The ZIP code that became a number and lost its zeros in front, five digits or nine. `None` where none has so few or so
/// many digits.
pub fn of_number(digits: &str) -> Option<String> {
    let whole = match digits.len() {
        3..=5 => format!("{digits:0>5}"),
        7..=9 => format!("{digits:0>9}"),
        _ => return None,
    };
    five_digits(&whole).map(str::to_owned)
}

/// Whether a stored code is the one asked for. Three or four digits may be a ZIP code without its zeros in front:
/// `2134` is 02134 too.
pub fn is_area(stored: &str, wanted: &str) -> bool {
    let (stored, wanted) = (area_of(stored), area_of(wanted));
    stored.eq_ignore_ascii_case(wanted) || padded(wanted).is_some_and(|padded| stored == padded)
}

/// Three or four digits as a ZIP code.
fn padded(code: &str) -> Option<String> {
    let short = (3..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| format!("{code:0>5}"))
}

/// What to ask the service for, where its own filter can say it: the five digits. `None` for a short number, which may be
/// a ZIP code without its zeros or a foreign code.
pub fn asked_of_service(wanted: &str) -> Option<String> {
    let wanted = area_of(wanted);
    padded(wanted).is_none().then(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_zip_is_five_digits() {
        for code in ["80815", " 80815 ", "80815-1234", "80815 1234", "808151234", "80815 - 1234", "80815-"] {
            assert_eq!(area_of(code), "80815", "{code}");
        }
        for code in
            ["K1A 0B6", "8081", "80815-12", "80815-12345", "8081512", "01310-100", "80815-abcd", "SW1A 1AA", "8é815"]
        {
            assert_eq!(area_of(code), code);
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_asked_for() {
        for (stored, wanted, is) in [
            ("80815-1234", "80815", true),
            ("80815", "80815-9999", true),
            ("02134-0001", "2134", true),
            ("02134", "02134", true),
            ("21341", "2134", false),
            ("80815", "8081", false),
            ("80815", "808", false),
            ("2134", "2134", true),
            ("k1a 0b6", "K1A 0B6", true),
            ("00501", "501", true),
        ] {
            assert_eq!(is_area(stored, wanted), is, "{stored} {wanted}");
        }
        assert_eq!(of_text(" 80815-1234").as_deref(), Some("80815"));
        assert_eq!(of_text("K1A 0B6").as_deref(), Some("K1A 0B6"));
        assert_eq!(of_text("not a code"), None);
        for (number, code) in [("80815", "80815"), ("2134", "02134"), ("501", "00501"), ("21340007", "02134")] {
            assert_eq!(of_number(number).as_deref(), Some(code), "{number}");
        }
        for number in ["12", "123456", "8081512345", "80815.5", "-8081"] {
            assert_eq!(of_number(number), None, "{number}");
        }
        assert_eq!(asked_of_service("80815-1234").as_deref(), Some("80815"));
        assert_eq!(asked_of_service("2134"), None);
    }
}
