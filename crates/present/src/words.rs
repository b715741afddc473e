//! Values as people write them.

use jiff::civil::{Date, DateTime, Time};
use serde_json::{Map, Value};

use crate::fields::Format;

/// A value as text and, where it is one, as a number or a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// As it is read.
    pub text: String,
    /// The number or day in it, for spreadsheets and pictures.
    pub exact: Option<Exact>,
}

/// What a spreadsheet can reckon with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exact {
    /// A count, hours and the like.
    Number(f64),
    /// Dollars.
    Dollars(f64),
    /// From 0 to 1.
    Share(f64),
    /// A day.
    Day(Date),
}

impl Exact {
    /// The number; `None` for a day.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) | Self::Dollars(number) | Self::Share(number) => Some(number),
            Self::Day(_) => None,
        }
    }
}

/// A value in a format; where there is none, as its shape says. `year` is that of the answer: days of other years say theirs.
pub(crate) fn shown(value: &Value, format: Option<Format>, year: i16) -> Shown {
    let plain = |text: String| Shown { text, exact: None };
    match (format, value) {
        (_, Value::Null) => Shown::default(),
        (Some(Format::Money), value) => number(value).map_or_else(
            || plain(plainly(value)),
            |amount| Shown { text: dollars(amount), exact: Some(Exact::Dollars(amount)) },
        ),
        (Some(Format::Hours), value) => number(value).map_or_else(
            || plain(plainly(value)),
            |hours| Shown { text: format!("{} h", trimmed(hours, 2)), exact: Some(Exact::Number(hours)) },
        ),
        (Some(Format::Count), value) => number(value).map_or_else(
            || plain(plainly(value)),
            |count| Shown { text: trimmed(count, 1), exact: Some(Exact::Number(count)) },
        ),
        (Some(Format::Decimal | Format::Days), value) => number(value).map_or_else(
            || plain(plainly(value)),
            |number| Shown { text: trimmed(number, 1), exact: Some(Exact::Number(number)) },
        ),
        (Some(Format::Change), value) => number(value).map_or_else(
            || plain(plainly(value)),
            |change| Shown { text: format!("{:+.0}%", change * 100.0), exact: Some(Exact::Share(change)) },
        ),
        (Some(Format::Date), Value::String(text)) => match text.get(..10).unwrap_or(text).parse::<Date>() {
            Ok(date) => Shown { text: day(date, year), exact: Some(Exact::Day(date)) },
            Err(_) => plain(plainly(value)),
        },
        (Some(Format::Time), Value::String(text)) => match text.parse::<Time>() {
            Ok(time) => plain(clock(time)),
            Err(_) => plain(plainly(value)),
        },
        (Some(Format::Text) | None, Value::String(text)) => plain(moment(text, year).unwrap_or_else(|| plainly(value))),
        (Some(Format::Flag), Value::Bool(flag)) => plain(if *flag { "yes" } else { "" }.to_owned()),
        (_, Value::Object(map)) if map.contains_key("rate") => rate(map),
        (_, Value::Object(map)) if map.contains_key("low") && map.contains_key("high") => plain(format!(
            "{}–{}",
            map.get("low").map(plainly).unwrap_or_default(),
            map.get("high").map(plainly).unwrap_or_default()
        )),
        (_, value) => {
            let exact = match value {
                Value::Number(number) => number.as_f64().map(Exact::Number),
                _ => None,
            };
            Shown { text: plainly(value), exact }
        }
    }
}

/// `62% (91 of 146)`; a small sample says so, and what is below one in a hundred.
fn rate(map: &Map<String, Value>) -> Shown {
    let share = map.get("rate").and_then(Value::as_f64).unwrap_or(0.0);
    let below = if map.contains_key("below") { "under " } else { "" };
    let whole = |name: &str| map.get(name).and_then(Value::as_u64);
    let mut text = format!("{below}{}%", trimmed(share * 100.0, i32::from(share < 0.1)));
    if let (Some(count), Some(of)) = (whole("count"), whole("of")) {
        let few = if map.contains_key("small_sample") { ", few" } else { "" };
        text.push_str(&format!(" ({} of {}{few})", grouped(count), grouped(of)));
    }
    if let Some(name) = map.get("name").and_then(Value::as_str) {
        let share = trimmed(share * 100.0, 0);
        return Shown { text: format!("{} {share}%", one_line(name)), exact: None };
    }
    // What is known to be below a number is not that number.
    let exact = if below.is_empty() { Some(Exact::Share(share)) } else { None };
    Shown { text, exact }
}

/// A value on one line.
pub(crate) fn plainly(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => grouped(whole),
            None => number.as_f64().map(|number| trimmed(number, 2)).unwrap_or_default(),
        },
        Value::Array(list) => list.iter().map(plainly).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "),
        Value::Object(map) if map.contains_key("rate") => rate(map).text,
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| format!("{} {}", crate::fields::named(name).label.to_lowercase(), plainly(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Without line breaks, and without the characters that turn the direction of what follows.
fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let clean: String = text.chars().filter(|c| !turns(*c) && (!c.is_control() || c.is_whitespace())).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number, which may be a text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}

/// `1,234,567`.
pub(crate) fn grouped(whole: u64) -> String {
    let digits = whole.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With at most so many decimal places, none where they are zero.
pub(crate) fn trimmed(number: f64, places: i32) -> String {
    let scale = 10_f64.powi(places);
    let rounded = (number * scale).round() / scale;
    let text = format!("{:.*}", usize::try_from(places).unwrap_or(0), rounded.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), grouped);
    let fraction = fraction.trim_end_matches('0');
    let sign = if rounded < 0.0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// `$101,165.50`, `$450`.
pub(crate) fn dollars(amount: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cents of a sum of quotes")]
    let cents = (amount.abs() * 100.0).round() as u64;
    let sign = if amount < 0.0 { "-" } else { "" };
    let fraction = if cents.is_multiple_of(100) { String::new() } else { format!(".{:02}", cents % 100) };
    format!("{sign}${}{fraction}", grouped(cents / 100))
}

/// `Dec 6`, with the year where it is another one.
pub(crate) fn day(date: Date, year: i16) -> String {
    let text = date.strftime("%b %-d");
    if date.year() == year { text.to_string() } else { format!("{text}, {}", date.year()) }
}

/// `Nov 28, 7:26 PM` of an instant in a company's own time (`2026-11-28T19:26:50-07:00`); `None` of what is none.
fn moment(text: &str, year: i16) -> Option<String> {
    let at = text.parse::<jiff::Timestamp>().ok().and_then(|_| text.get(..19)?.parse::<DateTime>().ok())?;
    Some(format!("{}, {}", day(at.date(), year), clock(at.time())))
}

fn clock(time: Time) -> String {
    let (hour, half) = match time.hour() {
        0 => (12, "AM"),
        12 => (12, "PM"),
        hour if hour < 12 => (hour, "AM"),
        hour => (hour - 12, "PM"),
    };
    format!("{hour}:{:02} {half}", time.minute())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, format: Format, text: &str, exact: Option<Exact>) {
        assert_eq!(shown(value, Some(format), 2026), Shown { text: text.to_owned(), exact });
    }

    #[test]
    fn values_are_written_as_an_office_writes_them() {
        check(&json!("101165.50"), Format::Money, "$101,165.50", Some(Exact::Dollars(101_165.5)));
        check(&json!("450.00"), Format::Money, "$450", Some(Exact::Dollars(450.0)));
        check(&json!("-5.20"), Format::Money, "-$5.20", Some(Exact::Dollars(-5.2)));
        check(&json!(1_234_567), Format::Count, "1,234,567", Some(Exact::Number(1_234_567.0)));
        check(&json!(4.25), Format::Hours, "4.25 h", Some(Exact::Number(4.25)));
        check(&json!(35.48), Format::Decimal, "35.5", Some(Exact::Number(35.48)));
        check(&json!(1.364), Format::Change, "+136%", Some(Exact::Share(1.364)));
        check(&json!(-0.72), Format::Change, "-72%", Some(Exact::Share(-0.72)));
        let attach = json!({"rate": 0.623, "count": 91, "of": 146, "low": 0.5, "high": 0.7});
        check(&attach, Format::Rate, "62% (91 of 146)", Some(Exact::Share(0.623)));
        check(
            &json!({"rate": 0.05, "count": 1, "of": 5, "small_sample": true}),
            Format::Rate,
            "5% (1 of 5, few)",
            Some(Exact::Share(0.05)),
        );
        check(&json!({"rate": 0.017}), Format::Rate, "1.7%", Some(Exact::Share(0.017)));
        check(&json!({"rate": 0.01, "below": true}), Format::Rate, "under 1%", None);
        check(&json!({"low": 29, "high": 32}), Format::Range, "29–32", None);
        let date = jiff::civil::date(2026, 12, 6);
        check(&json!("2026-12-06"), Format::Date, "Dec 6", Some(Exact::Day(date)));
        assert_eq!(shown(&json!("2026-12-06"), Some(Format::Date), 2027).text, "Dec 6, 2026");
        check(&json!("09:30"), Format::Time, "9:30 AM", None);
        check(&json!("13:05"), Format::Time, "1:05 PM", None);
        check(&json!("00:00"), Format::Time, "12:00 AM", None);
        let add_ons = json!([{"name": "Radon Test", "rate": 0.429, "count": 24, "of": 56}, {"name": "Sewer Scope", "rate": 0.304}]);
        check(&add_ons, Format::Rates, "Radon Test 43%, Sewer Scope 30%", None);
        check(&json!(["Ada Byron", "Max\nByron"]), Format::List, "Ada Byron, Max Byron", None);
        check(&json!(null), Format::Money, "", None);
        check(&json!("2026-11-28T19:26:50-07:00"), Format::Text, "Nov 28, 7:26 PM", None);
        check(&json!("2026-11-28T19:26"), Format::Text, "2026-11-28T19:26", None);
        check(&json!("safe\u{202e}gnp.exe"), Format::Text, "safegnp.exe", None);
    }
}
