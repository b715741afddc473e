//! Reading a query string, and saying no to it.

use jiff::Timestamp;

/// The largest page; a larger one asked for is cut to this.
pub(super) const PAGE_SIZE_MAX: usize = 200;

/// A request that is understood and refused, or asks for what is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) title: &'static str,
    pub(super) detail: String,
}

impl Refusal {
    /// 422, naming the parameter.
    pub(super) fn invalid(parameter: &str, why: &str) -> Self {
        Self { status: 422, title: "Unprocessable Entity", detail: format!("{parameter} {why}") }
    }

    /// 404.
    pub(super) fn not_found(what: &str) -> Self {
        Self { status: 404, title: "Not Found", detail: format!("{what} could not be found") }
    }
}

/// A decoded query string, in the order in which it was sent.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Decodes as a form does: `+` is a space, and brackets may be percent-encoded.
    pub(super) fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key), decode(value))
        });
        Self { pairs: pairs.collect() }
    }

    /// The last value of `key`.
    pub(super) fn last(&self, key: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Every filter as its name and its value; `filter[tag][]` comes under `tag`, once for each value.
    pub(super) fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().filter_map(|(key, value)| {
            let name = key.strip_prefix("filter[")?;
            let name = name.strip_suffix("][]").or_else(|| name.strip_suffix(']'))?;
            Some((name, value.as_str()))
        })
    }

    /// The values of one filter.
    pub(super) fn filter(&self, name: &str) -> Vec<&str> {
        self.filters().filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
    }

    /// The comma-separated values of `include` or `fields`.
    pub(super) fn words(&self, key: &str) -> Vec<&str> {
        self.last(key).unwrap_or("").split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
    }

    /// The sort keys, each with whether it descends.
    pub(super) fn sort(&self) -> Vec<(&str, bool)> {
        let keys = self.words("sort").into_iter();
        keys.map(|word| word.strip_prefix('-').map_or((word, false), |key| (key, true))).collect()
    }

    /// The page asked for.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let number = |name: &str, default: usize| match self.last(name) {
            None => Ok(default),
            Some(text) => {
                let number: Option<usize> = text.parse().ok();
                number.filter(|n| *n > 0).ok_or_else(|| Refusal::invalid(name, "must be a number from 1"))
            }
        };
        let size = number("page[size]", PAGE_SIZE_MAX)?.min(PAGE_SIZE_MAX);
        Ok(Page { number: number("page[number]", 1)?, size })
    }

    /// Every parameter but the page's number, encoded again, for links.
    pub(super) fn without_page_number(&self) -> String {
        let mut text = String::new();
        for (key, value) in self.pairs.iter().filter(|(key, _)| key != "page[number]") {
            text.extend([&encode(key), "=", &encode(value), "&"]);
        }
        text
    }
}

/// A page of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
}

/// `true` or `false`, and nothing else.
pub(super) fn boolean(name: &str, text: &str) -> Result<bool, Refusal> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::invalid(&format!("filter[{name}]"), "must be true or false")),
    }
}

/// An instant in RFC 3339 with its offset, in Unix nanoseconds.
pub(super) fn instant(name: &str, text: &str) -> Result<i128, Refusal> {
    let instant: Result<Timestamp, _> = text.parse();
    let wrong = |_| Refusal::invalid(&format!("filter[{name}]"), "must be a time in RFC 3339 with an offset");
    instant.map(Timestamp::as_nanosecond).map_err(wrong)
}

/// The ids in a filter that may list several, separated by commas. Text that is no id matches nothing.
pub(super) fn ids(values: &[&str]) -> Vec<u64> {
    values.iter().flat_map(|value| value.split(',')).map(|id| id.trim().parse().unwrap_or(u64::MAX)).collect()
}

/// The words of a text search, in lower case; blanks and commas separate them.
pub(super) fn search_words(values: &[&str]) -> Vec<String> {
    let words = values.iter().flat_map(|value| value.split([' ', ',', '\t', '\u{a0}']));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                if let (Some(high), Some(low)) = (digit(ahead.next()), digit(ahead.next())) {
                    bytes.push(u8::try_from(16 * high + low).unwrap_or(b'?'));
                    rest = ahead;
                } else {
                    bytes.push(b'%');
                }
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~[],".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
