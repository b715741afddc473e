//! Attributes taken one by one, in whatever shape they come; what is not taken is kept under its own name.

use std::collections::BTreeSet;
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

/// Names of attributes that were asked for.
pub(super) type Asked = Arc<Mutex<BTreeSet<String>>>;

impl Attributes {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self { map, asked: None }
    }

    /// None at all; what is asked for is noted.
    pub(super) fn noting(asked: Asked) -> Self {
        Self { map: Map::new(), asked: Some(asked) }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        if let Some(asked) = &self.asked {
            asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        }
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A text, or a number or truth value as text. Blank is nothing.
    fn plain(&mut self, name: &str) -> Option<String> {
        let text = match self.take(name)? {
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
    fn read<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.plain(name)?;
        let read = text.parse().ok();
        if read.is_none() {
            tracing::debug!(attribute = name, "an attribute does not read as what it should be");
        }
        read
    }

    pub(super) fn line(&mut self, name: &str) -> Option<Text> {
        self.plain(name).and_then(|text| Text::line(&text))
    }

    pub(super) fn block(&mut self, name: &str) -> Option<Text> {
        self.plain(name).and_then(|text| Text::block(&text))
    }

    pub(super) fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.read(name)
    }

    pub(super) fn money(&mut self, name: &str) -> Option<Money> {
        self.read(name)
    }

    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        self.read::<f64>(name).filter(|number| number.is_finite() && 0.0 <= *number)
    }

    pub(super) fn count(&mut self, name: &str) -> Option<u64> {
        let text = self.plain(name)?;
        text.strip_suffix(".0").unwrap_or(&text).parse().ok()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.plain(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    pub(super) fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.read(name)
    }

    pub(super) fn moment(&mut self, name: &str) -> Option<Moment> {
        let text = self.plain(name)?;
        let instant = text.parse().map(Moment::Instant).ok();
        instant.or_else(|| text.parse::<Date>().map(Moment::Day).ok())
    }

    pub(super) fn raw_text(&mut self, name: &str) -> Option<String> {
        self.plain(name)
    }

    /// A list, or a text with commas, as single texts.
    pub(super) fn list(&mut self, name: &str) -> Vec<Text> {
        match self.take(name) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).filter_map(Text::line).collect(),
            Some(Value::String(text)) => text.split(',').filter_map(Text::line).collect(),
            _ => Vec::new(),
        }
    }

    /// A list, or one text that stays whole.
    pub(super) fn list_or_one(&mut self, name: &str) -> Vec<Text> {
        match self.take(name) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).filter_map(Text::line).collect(),
            Some(Value::String(text)) => Text::line(&text).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Names from a comma-delimited text without quoting (or a list). A known name that holds a comma itself is not
    /// split; `known` has the longest first.
    pub(super) fn names(&mut self, name: &str, known: &[String]) -> Vec<Text> {
        let text = match self.take(name) {
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
    fn odd_shapes_are_read_and_impossible_ones_are_nothing() {
        let mut all = attributes(json!({
            "quote": 450.0, "quote2": "450.0", "paid": "true", "duration": "2.5", "count": "3.0", "bad": {"x": 1},
            "at": "2025-10-25T05:00:00.000-06:00", "at2": "2025-10-25T11:00:00Z", "day": "2025-10-25", "blank": "  ",
        }));
        assert_eq!(all.money("quote"), Some(Money::from_cents(45_000)));
        assert_eq!(all.money("quote2"), Some(Money::from_cents(45_000)));
        assert_eq!(all.flag("paid"), Some(true));
        assert_eq!(all.number("duration"), Some(2.5));
        assert_eq!(all.count("count"), Some(3));
        assert_eq!(all.line("bad"), None);
        assert_eq!(all.instant("at"), all.instant("at2"));
        assert_eq!(all.moment("day"), Some(Moment::Day(jiff::civil::date(2025, 10, 25))));
        assert_eq!(all.line("blank"), None);
        assert_eq!(all.line("absent"), None);
    }
}
