//! Takes out of this program's own texts what may be somebody's: names of companies, paths, addresses, ids.

use std::path::PathBuf;

use crate::config::Config;

/// Longer words are no words.
const WORD_CHARS_MAX: usize = 40;

/// What is known to be somebody's.
#[derive(Debug, Default)]
pub(super) struct Veil {
    companies: Vec<String>,
    /// Whole paths, which may have blanks in them; the longest first.
    paths: Vec<String>,
}

impl Veil {
    /// `given` are paths beside those of the configuration.
    pub(super) fn new(config: Option<&Config>, given: impl Iterator<Item = PathBuf>) -> Self {
        let companies = config.map(|config| config.companies.iter().map(|company| company.name.to_string()).collect());
        let known = config.into_iter().flat_map(|config| config.files.iter().chain(&config.data_dir).cloned());
        let mut paths: Vec<String> = known.chain(given).map(|path| path.display().to_string()).collect();
        paths.retain(|path| 1 < path.len());
        paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
        Self { companies: companies.unwrap_or_default(), paths }
    }

    /// What a company is called in the bundle.
    pub(super) fn company(&self, name: &str) -> String {
        let place = self.companies.iter().position(|known| known == name);
        place.map_or_else(|| "company".to_owned(), |place| format!("company-{}", place + 1))
    }

    /// A text of this program without what may be somebody's. What stands in quotation marks was said by somebody else.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.paths.iter().fold(unquoted(text), |text, path| text.replace(path, "/path/"));
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            words.push(self.word(word));
        }
        words.join(" ")
    }

    fn word(&self, word: &str) -> String {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '/' && c != '~');
        if self.companies.iter().any(|company| company == bare) {
            return word.replace(bare, &self.company(bare));
        }
        let is_path = word.contains('/') && !word.contains("[api") || word.contains('\\');
        // Times and numbers of a few digits are harmless; longer ones may be ids or telephone numbers.
        let digits = bare.chars().filter(char::is_ascii_digit).count();
        let is_time = bare.len() <= 24 && bare.starts_with("20") && bare.contains('-');
        if word.contains('@') {
            "(address)".to_owned()
        } else if is_path {
            "(path)".to_owned()
        } else if WORD_CHARS_MAX < word.chars().count() || (5 < digits && !is_time) {
            "(left out)".to_owned()
        } else {
            word.to_owned()
        }
    }
}

/// A text without what is quoted in it: the words of the service, or of whoever wrote a file.
fn unquoted(text: &str) -> String {
    let parts = text.split('"').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { "(words)" } else { part }).collect()
}

/// A name that can be nothing but a name: of a tool, an argument, an attribute.
pub(super) fn plain(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    if !name.is_empty() && name.len() <= WORD_CHARS_MAX && name.chars().all(plain) { name } else { "(odd name)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_somebody_s_is_taken_out() {
        let paths = vec!["/home/Pat Doe".to_owned()];
        let veil = Veil { companies: vec!["pat_doe_inspections".to_owned()], paths };
        let text = "pat_doe_inspections, mirror: /home/Pat Doe/x.sqlite (of pat.doe@example.com, 303-555-0142) failed at \
                    2026-11-29T04:00:00Z with 12 calls sk_live_0123456789abcdefghijklmnopqrstuvwxyz01234";
        let shown = veil.text(text);
        assert_eq!(
            shown,
            "company-1, mirror: (path) (of (address) (left out) failed at 2026-11-29T04:00:00Z with 12 calls (left out)"
        );
        let refused =
            "inspections: the service refused the request (422): \"Pat Doe may not\" -> run `spectora-mcp doctor`";
        let shown = veil.text(refused);
        assert_eq!(shown, "inspections: the service refused the request (422): (words) -> run `spectora-mcp doctor`");
        assert_eq!((plain("quote"), plain("Pat Doe"), plain("a1b2")), ("quote", "(odd name)", "(odd name)"));
    }
}
