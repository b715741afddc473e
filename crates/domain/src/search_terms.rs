//! What is looked for in names and addresses.

use super::{fold, has_words};

/// One word at least, folded: case, accents and punctuation do not count. A text that fits has, for each of them, a word
/// that begins with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerms(String);

impl SearchTerms {
    /// The words of a text; `None` where it has no letter and no digit.
    pub fn of(text: &str) -> Option<Self> {
        let folded = fold(text);
        (!folded.is_empty()).then_some(Self(folded))
    }

    /// Whether `text`, as it is written, fits.
    pub fn fit(&self, text: &str) -> bool {
        has_words(text, &self.0)
    }

    /// Each word, folded: letters and digits alone.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }
}
