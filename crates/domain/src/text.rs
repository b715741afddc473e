//! Text that strangers typed, made safe to show.

use std::collections::BTreeSet;
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

/// Letters of Latin alphabets that are letters of their own, so that taking accents off leaves them as they are, and how
/// people write them on a keyboard without them. Upper case is folded before.
const LATIN_LETTERS: &[(char, &str)] = &[
    ('\u{df}', "ss"),
    ('\u{e6}', "ae"),
    ('\u{f0}', "d"),
    ('\u{f8}', "o"),
    ('\u{fe}', "th"),
    ('\u{111}', "d"),
    ('\u{127}', "h"),
    ('\u{131}', "i"),
    ('\u{138}', "k"),
    ('\u{142}', "l"),
    ('\u{14b}', "n"),
    ('\u{153}', "oe"),
    ('\u{167}', "t"),
    ('\u{180}', "b"),
    ('\u{199}', "k"),
    ('\u{1b6}', "z"),
    ('\u{1e5}', "g"),
    ('\u{253}', "b"),
    ('\u{256}', "d"),
    ('\u{257}', "d"),
    ('\u{259}', "e"),
    ('\u{25b}', "e"),
    ('\u{254}', "o"),
    ('\u{268}', "i"),
];

/// Whether a script writes names without blanks between their words, so that each letter is taken for a word: Chinese,
/// Japanese and Korean.
fn is_word_of_its_own(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}')
}

/// `text` reduced to what matching compares: lower case, without accents, punctuation as blanks, one blank
/// between words. "José  O'Neil-Smith" and "JOSE O NEIL SMITH" fold to the same. Letters that are no others with an accent
/// become those that stand for them ("Łukasz" is "lukasz"); in scripts without blanks each letter is a word.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let blank = |folded: &mut String| {
        if !folded.ends_with(' ') && !folded.is_empty() {
            folded.push(' ');
        }
    };
    // What is left without its accents is put together again: a syllable of Korean is one letter.
    for c in text.nfkd().filter(|c| !is_combining_mark(*c) && is_visible(*c)).nfc() {
        if !c.is_alphanumeric() {
            blank(&mut folded);
            continue;
        }
        if is_word_of_its_own(c) {
            blank(&mut folded);
            folded.push(c);
            folded.push(' ');
            continue;
        }
        for lower in c.to_lowercase().filter(|c| !is_combining_mark(*c)) {
            match LATIN_LETTERS.iter().find(|(letter, _)| *letter == lower) {
                Some((_, plain)) => folded.push_str(plain),
                None => folded.push(lower),
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// What `text` is found by: its folded words and, where a word holds punctuation, the same word without it: "O'Neil" is
/// found by "neil", "o neil" and "oneil".
pub fn searchable(text: &str) -> String {
    let mut words = fold(text);
    for word in text.split_whitespace().filter(|word| word.contains(is_joint) && !word.contains('@')) {
        // "O'Neil-Smith" is typed "ONeil Smith" and, seldom, "ONeilSmith".
        let parts = word.split(|c: char| is_joint(c) && !is_apostrophe(c));
        let joined: String = word.chars().filter(|c| !is_joint(*c)).collect();
        for form in parts.filter(|part| part.contains(is_apostrophe)).map(without_apostrophes).chain([joined]) {
            let form = fold(&form);
            if !form.is_empty() && !words.split(' ').any(|known| known == form) {
                words.push(' ');
                words.push_str(&form);
            }
        }
    }
    words
}

fn without_apostrophes(part: &str) -> String {
    part.chars().filter(|c| !is_apostrophe(*c)).collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{2b9}'..='\u{2bc}' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{ff07}')
}

/// Punctuation inside a word.
fn is_joint(c: char) -> bool {
    is_apostrophe(c) || matches!(c, '-' | '.' | '\u{2010}' | '\u{2011}' | '\u{2013}')
}

/// Whether every word of `wanted` (folded) begins a word of `text` (as it is written).
pub fn has_words(text: &str, wanted: &str) -> bool {
    let text = searchable(text);
    let begins = |wanted: &str| text.split(' ').any(|word| word.starts_with(wanted));
    wanted.split(' ').filter(|word| !word.is_empty()).all(begins)
}

/// The id of somebody named as answers name who is not alone with a name: "3" of "Jon Nguyen (id 3)". Anything else is
/// itself.
pub fn id_told(given: &str) -> &str {
    let given = given.trim();
    let told = given.strip_suffix(')').and_then(|rest| rest.rsplit_once("(id ")).map(|(_, id)| id.trim());
    told.filter(|id| !id.is_empty() && !id.contains(char::is_whitespace)).unwrap_or(given)
}

/// Of these names, folded, those that come more than once: names that do not tell who is meant.
pub fn shared_names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().map(fold).filter(|name| !seen.insert(name.clone())).collect()
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
        assert_eq!(fold("Łukasz & Söhne"), "lukasz sohne");
        assert_eq!(fold("Đặng Þór Æsa GROSSE Straße"), "dang thor aesa grosse strasse");
    }

    #[test]
    fn names_are_found_as_people_type_them() {
        for (text, wanted) in [
            ("Sean O'Neil", "oneil"),
            ("Sean O\u{2019}Neil", "oneil"),
            ("Sean O'Neil", "o neil"),
            ("Sean O'Neil", "neil sean"),
            ("Ann O'Neil-Smith", "oneil smith"),
            ("Mary-Ann Lee", "maryann"),
            ("J.R. Ewing", "jr ewing"),
            ("Łukasz Nowak", "lukasz"),
            ("Đặng Văn Ánh", "dang van"),
            ("Søren Ørsted", "soren orsted"),
            ("İpek Yılmaz", "ipek yilmaz"),
            ("王小明", "小明"),
            ("小明 王", "王小明"),
            ("김철수", "철수"),
            ("山田 たろう", "山田たろう"),
        ] {
            assert!(has_words(text, &fold(wanted)), "{text}: {wanted}");
        }
        for (text, wanted) in [("Sean O'Neil", "eil"), ("王小明", "小红"), ("Łukasz", "ukasz"), ("Mary-Ann", "yann")]
        {
            assert!(!has_words(text, &fold(wanted)), "{text}: {wanted}");
        }
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
            prop_assert_eq!(fold(&folded), folded.clone());
            prop_assert!(searchable(&raw).starts_with(&folded));
            prop_assert!(has_words(&raw, &folded));
        }
    }
}
