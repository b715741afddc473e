//! Text that strangers typed, made safe to show.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text from the service with everything invisible removed.
///
/// Names, notes and file names are typed by people outside the company. A value of this type holds no control
/// characters, no zero-width characters, no marks that turn the direction of writing, no variation selectors
/// and no "tag" characters, so that what a person sees is what a model reads. It is never blank. `Debug` shows
/// the length only: text may be a name or a contact detail, and those stay out of logs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(String);

impl Text {
    /// One line: line breaks and runs of blanks become one blank. `None` when nothing is left.
    pub fn line(raw: &str) -> Option<Self> {
        let visible: String =
            raw.chars().map(|c| if is_break(c) { ' ' } else { c }).filter(|c| is_visible(*c)).collect();
        let words: Vec<&str> = visible.split_whitespace().collect();
        (!words.is_empty()).then(|| Self(words.join(" ")))
    }

    /// Several lines: line breaks stay (as `\n`, at most one empty line in a row), the rest as in [`Text::line`].
    /// `None` when nothing is left.
    pub fn block(raw: &str) -> Option<Self> {
        let unified = raw.replace("\r\n", "\n");
        let mut lines: Vec<String> = Vec::new();
        for line in unified.split(|c: char| is_break(c) && c != '\t') {
            let line = Self::line(line).map(|text| text.0).unwrap_or_default();
            if line.is_empty() && lines.last().is_none_or(String::is_empty) {
                continue;
            }
            lines.push(line);
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        (!lines.is_empty()).then(|| Self(lines.join("\n")))
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} chars)", self.0.chars().count())
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `c` shows. What does not: controls, zero-width and joining characters, direction marks, fillers,
/// variation selectors, interlinear marks, private use, non-characters, and the tag block.
fn is_visible(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}'))
}

/// The beginning of what was given, for an error that repeats it: one line of at most `chars` characters. As quick for a
/// long text as for a short one.
pub fn excerpt(text: &str, chars: usize) -> String {
    // No character takes more than four bytes, and few of those looked at are dropped.
    let near = text.floor_char_boundary(chars.saturating_mul(4));
    let line = Text::line(text.get(..near).unwrap_or_default()).map(|line| line.0).unwrap_or_default();
    match line.char_indices().nth(chars.saturating_sub(1)) {
        Some((end, _)) if near < text.len() || line.chars().nth(chars).is_some() => {
            format!("{}…", line.get(..end).unwrap_or_default())
        }
        _ => line,
    }
}

/// `text` reduced to what matching compares: lower case, without accents, punctuation as blanks, one blank
/// between words. "José  O'Neil-Smith" and "JOSE O NEIL SMITH" fold to the same.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c) && is_visible(*c)) {
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if !folded.ends_with(' ') && !folded.is_empty() {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Whether every word of `wanted` begins a word of `text`; both folded.
pub fn has_words(text: &str, wanted: &str) -> bool {
    let begins = |wanted: &str| text.split(' ').any(|word| word.starts_with(wanted));
    wanted.split(' ').filter(|word| !word.is_empty()).all(begins)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invisible_characters_are_removed() {
        let raw = "Jo\u{200b}hn\u{202e} \u{e0041}Do\u{feff}e\u{7}\r\n";
        assert_eq!(Text::line(raw).unwrap().as_str(), "John Doe");
        assert_eq!(Text::line(" \u{200d}\u{2800} \n"), None);
        assert_eq!(Text::block("a\r\n\r\n\r\n b\t c \n").unwrap().as_str(), "a\n\nb c");
    }

    #[test]
    fn debug_shows_no_name() {
        assert_eq!(format!("{:?}", Text::line("Ada")), "Some(Text(3 chars))");
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("Ann\u{200b} \n Lee", 80), "Ann Lee");
        assert_eq!(excerpt("abcdef", 6), "abcdef");
        assert_eq!(excerpt("abcdefg", 6), "abcde…");
        assert_eq!(excerpt(&"é".repeat(1_000_000), 80).chars().count(), 80);
        assert!(excerpt(&"\u{200b}".repeat(1_000_000), 80).is_empty());
    }

    #[test]
    fn folding_forgives_case_accents_and_punctuation() {
        assert_eq!(fold("  José  O'Neil-Smith "), "jose o neil smith");
        assert_eq!(fold("Łukasz & Söhne"), "łukasz sohne");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(raw in any::<String>()) {
            if let Some(line) = Text::line(&raw) {
                prop_assert_eq!(Text::line(line.as_str()), Some(line.clone()));
                prop_assert!(!line.as_str().chars().any(char::is_control));
            }
            if let Some(block) = Text::block(&raw) {
                prop_assert_eq!(Text::block(block.as_str()), Some(block.clone()));
            }
            let folded = fold(&raw);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
