//! Attributes taken one by one, in whatever shape they come; what is not taken is kept under its own name.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use domain::{Moment, Money, Text};

/// The most bytes of unknown attributes kept with one record.
const OTHER_BYTES_MAX: usize = 16 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Attributes {
    map: Map<String, Value>,
    /// The names asked for, when somebody wants to know which ones a record is read from.
    asked: Option<Asked>,
}

/// Names of attributes that were asked for, and as what.
pub(super) type Asked = Arc<Mutex<BTreeMap<String, Shape>>>;

/// What an attribute is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A line or lines of text.
    Text,
    /// An id, as a number or a text.
    Id,
    /// Dollars, as a decimal in a text.
    Money,
    /// A number that is not negative.
    Number,
    /// A whole number that is not negative.
    Count,
    /// True or false.
    Flag,
    /// An instant, as RFC 3339.
    Instant,
    /// A day or an instant.
    Moment,
    /// Several texts, as a list or with commas between.
    List,
}

impl Attributes {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self { map, asked: None }
    }

    /// None at all; what is asked for is noted.
    pub(super) fn noting(asked: Asked) -> Self {
        Self { map: Map::new(), asked: Some(asked) }
    }

    fn take(&mut self, name: &str, shape: Shape) -> Option<Value> {
        if let Some(asked) = &self.asked {
            asked.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_insert(shape);
        }
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A text, or a number or truth value as text. Blank is nothing.
    fn plain(&mut self, name: &str, shape: Shape) -> Option<String> {
        let text = match self.take(name, shape)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(_) | Value::Object(_) | Value::Null => {
                tracing::debug!(attribute = name, "an attribute is not of a type this program reads");
                return None;
            }
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A value that is read from text; what does not read is nothing.
    fn read<T: FromStr>(&mut self, name: &str, shape: Shape) -> Option<T> {
        let text = self.plain(name, shape)?;
        let read = text.parse().ok();
        if read.is_none() {
            tracing::debug!(attribute = name, "an attribute does not read as what it should be");
        }
        read
    }

    pub(super) fn line(&mut self, name: &str) -> Option<Text> {
        self.plain(name, Shape::Text).and_then(|text| Text::line(&text))
    }

    pub(super) fn block(&mut self, name: &str) -> Option<Text> {
        self.plain(name, Shape::Text).and_then(|text| Text::block(&text))
    }

    pub(super) fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.read(name, Shape::Id)
    }

    pub(super) fn money(&mut self, name: &str) -> Option<Money> {
        self.read(name, Shape::Money)
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        self.read::<f64>(name, Shape::Number).filter(|number| number.is_finite() && 0.0 <= *number)
    }

    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        let text = self.plain(name, Shape::Count)?;
        text.strip_suffix(".0").unwrap_or(&text).parse().ok()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.plain(name, Shape::Flag)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    /// RFC 3339, or a number of seconds or milliseconds since 1970: such a number has no other meaning here.
    pub(super) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.plain(name, Shape::Instant)?;
        text.parse().ok().or_else(|| of_epoch(text.parse().ok()?))
    }

    pub(super) fn moment(&mut self, name: &str) -> Option<Moment> {
        let text = self.plain(name, Shape::Moment)?;
        let instant = text.parse().map(Moment::Instant).ok();
        instant.or_else(|| text.parse::<Date>().map(Moment::Day).ok())
    }

    pub(super) fn raw_text(&mut self, name: &str) -> Option<String> {
        self.plain(name, Shape::Text)
    }

    /// A list, or a text with commas, as single texts.
    pub(super) fn list(&mut self, name: &str) -> Vec<Text> {
        match self.take(name, Shape::List) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).filter_map(Text::line).collect(),
            Some(Value::String(text)) => text.split(',').filter_map(Text::line).collect(),
            _ => Vec::new(),
        }
    }

    /// A list, or one text that stays whole.
    pub(super) fn list_or_one(&mut self, name: &str) -> Vec<Text> {
        match self.take(name, Shape::List) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).filter_map(Text::line).collect(),
            Some(Value::String(text)) => Text::line(&text).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Names from a comma-delimited text without quoting (or a list). A known name that holds a comma itself is not
    /// split; `known` has the longest first.
    pub(super) fn names(&mut self, name: &str, known: &[String]) -> Vec<Text> {
        let text = match self.take(name, Shape::List) {
            Some(Value::String(text)) => text,
            Some(Value::Array(values)) => {
                return values.iter().filter_map(Value::as_str).filter_map(Text::line).collect();
            }
            _ => return Vec::new(),
        };
        let mut names = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let whole = known.iter().find(|known| {
                rest.strip_prefix(known.as_str()).is_some_and(|after| after.is_empty() || after.starts_with(','))
            });
            let end = whole.map_or_else(|| rest.find(", ").unwrap_or(rest.len()), String::len);
            let (first, after) = rest.split_at(end);
            names.extend(Text::line(first.trim_end_matches(',')));
            rest = after.trim_start_matches([',', ' ']);
        }
        names
    }

    /// A text one level down: `file.url`.
    pub(super) fn nested_text(&self, outer: &str, inner: &str) -> Option<String> {
        self.map.get(outer)?.get(inner)?.as_str().map(str::to_owned)
    }

    /// What nobody took, as far as it fits.
    pub(super) fn rest(self) -> Map<String, Value> {
        let mut bytes = 0;
        self.map
            .into_iter()
            .filter(|(name, value)| {
                bytes += name.len() + value.to_string().len();
                bytes <= OTHER_BYTES_MAX
            })
            .collect()
    }
}

/// Whether something is made of a value where this shape is read.
pub(crate) fn is_read(shape: Shape, value: &Value) -> bool {
    const NAME: &str = "value";
    let mut one = Attributes::new(Map::from_iter([(NAME.to_owned(), value.clone())]));
    match shape {
        Shape::Text | Shape::Id => one.raw_text(NAME).is_some(),
        Shape::Money => one.money(NAME).is_some(),
        Shape::Number => one.number(NAME).is_some(),
        Shape::Count => one.count(NAME).is_some(),
        Shape::Flag => one.flag(NAME).is_some(),
        Shape::Instant => one.instant(NAME).is_some(),
        Shape::Moment => one.moment(NAME).is_some(),
        Shape::List => !one.list(NAME).is_empty(),
    }
}

/// A number that can only be an instant of this century, in milliseconds or in seconds.
fn of_epoch(number: i64) -> Option<Timestamp> {
    const MILLISECONDS_MIN: i64 = 100_000_000_000;
    const SECONDS_MIN: i64 = 900_000_000;
    match number {
        MILLISECONDS_MIN.. => Timestamp::from_millisecond(number).ok(),
        SECONDS_MIN.. => Timestamp::from_second(number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attributes(value: Value) -> Attributes {
        Attributes::new(value.as_object().unwrap().clone())
    }

    #[track_caller]
    fn check_names(text: &str, known: &[&str], expect: &[&str]) {
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let names = attributes(json!({"n": text})).names("n", &known);
        assert_eq!(names.iter().map(Text::as_str).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_known_name_keeps_its_comma() {
        let pool = "Pool, Spa & Deck Inspection";
        check_names("Radon Test, Sewer Scope", &[], &["Radon Test", "Sewer Scope"]);
        check_names("Radon Test, Pool, Spa & Deck Inspection, Mold", &[pool], &["Radon Test", pool, "Mold"]);
        check_names("Pool, Spa & Deck Inspection", &[], &["Pool", "Spa & Deck Inspection"]);
        check_names("Pool, Spa & Deck Inspections", &[pool], &["Pool", "Spa & Deck Inspections"]);
        check_names(" , ", &[], &[]);
    }

    #[test]
    fn what_is_read_is_what_the_attributes_make_something_of() {
        for (shape, read, unread) in [
            (Shape::Text, json!(12), json!(["Ada"])),
            (Shape::Id, json!("a-1"), json!({"id": 1})),
            (Shape::Money, json!(450), json!("much")),
            (Shape::Number, json!("2.5"), json!("-1")),
            (Shape::Count, json!("3.0"), json!(2.5)),
            (Shape::Flag, json!("Yes"), json!("perhaps")),
            (Shape::Instant, json!(1_761_390_000), json!(12)),
            (Shape::Moment, json!("2025-10-25"), json!("October")),
            (Shape::List, json!(["a"]), json!([1])),
        ] {
            assert!(is_read(shape, &read), "{shape:?} {read}");
            assert!(!is_read(shape, &unread), "{shape:?} {unread}");
        }
    }

    #[test]
    fn odd_shapes_are_read_and_impossible_ones_are_nothing() {
        let mut all = attributes(json!({
            "quote": 450.0, "quote2": "450.0", "paid": "true", "duration": "2.5", "count": "3.0", "bad": {"x": 1},
            "at": "2025-10-25T05:00:00.000-06:00", "at2": "2025-10-25T11:00:00Z", "at3": "2025-10-25T11:00:00Z",
            "at4": "2025-10-25T11:00:00Z", "day": "2025-10-25", "blank": "  ",
        }));
        assert_eq!(all.money("quote"), Some(Money::from_cents(45_000)));
        assert_eq!(all.money("quote2"), Some(Money::from_cents(45_000)));
        assert_eq!(all.flag("paid"), Some(true));
        assert_eq!(all.number("duration"), Some(2.5));
        assert_eq!(all.count("count"), Some(3));
        assert_eq!(all.line("bad"), None);
        assert_eq!(all.instant("at"), all.instant("at2"));
        let mut epochs = attributes(json!({"s": 1_761_390_000, "ms": "1761390000000", "n": 12}));
        assert_eq!((epochs.instant("s"), epochs.instant("ms")), (all.instant("at3"), all.instant("at4")));
        assert_eq!(epochs.instant("n"), None);
        assert_eq!(all.moment("day"), Some(Moment::Day(jiff::civil::date(2025, 10, 25))));
        assert_eq!(all.line("blank"), None);
        assert_eq!(all.line("absent"), None);
    }
}
