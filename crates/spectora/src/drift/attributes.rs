//! What attributes are called and how they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Correction, CorrectionValue, Look, Sample, candidates, is_name, shown};
use crate::corrections::{AttributeCorrection, Corrections, Unit, number};
use crate::query::Endpoint;
use crate::wire::{KNOWN_UNREAD, Shape, attribute_shapes, is_read};

/// So many expected attributes make rows of a kind.
const KNOWN_MIN: usize = 3;
/// Names at least so alike may mean the same.
const LIKENESS_MIN: f64 = 0.6;
/// What is lost without any other attribute.
const MISSING: &str = "it is missing from answers";
/// No inspection's usual price is above this many dollars, and no usual one takes more hours.
const USUAL_DOLLARS_MAX: f64 = 5_000.0;
const USUAL_HOURS_MAX: f64 = 24.0;

/// Attributes without which answers are wrong or empty. Others are assumed, and may well not be there.
fn essential(endpoint: Endpoint) -> &'static [(&'static str, &'static str)] {
    match endpoint {
        Endpoint::Inspections => &[
            ("datetime", "no inspection has a day: nothing can be counted by period"),
            ("quote", "revenue is missing"),
            ("duration", "hours are missing"),
            ("canceled_at", "canceled inspections count as performed"),
            ("confirmed", "confirmed and requested ones cannot be told apart"),
            ("published_at", "published reports cannot be told from others"),
            ("service_names", "services are missing"),
            ("service_add_on_names", "add-ons are missing, so attach rates are 0"),
            ("inspector_name", "inspectors have no names"),
            ("buyer_name", "clients' names are missing"),
            ("updated_at", "changes are found by reading everything again"),
            ("slug", "portal links are missing"),
        ],
        Endpoint::Connections => &[
            ("first_name", "agents' names are incomplete"),
            ("last_name", "agents' names are incomplete"),
            ("agency_name", "agencies are missing"),
            ("email", "agents' addresses are missing"),
        ],
        Endpoint::ConnectionStats => &[("total_inspections_count", "Spectora's own counts are missing")],
        Endpoint::Contacts => &[
            ("first_name", "clients' names are incomplete"),
            ("last_name", "clients' names are incomplete"),
            ("email", "clients' addresses are missing"),
        ],
        Endpoint::InspectionAttachments => &[("inspection_id", "it is not known whose files they are")],
    }
}

/// What is lost without an attribute that is essential.
fn lost_without(endpoint: Endpoint, name: &str) -> Option<&'static str> {
    essential(endpoint).iter().find(|(essential, _)| *essential == name).map(|(_, means)| *means)
}

/// Whether rows have enough of the attributes that this kind of record has.
pub(super) fn looks_like(endpoint: Endpoint, sample: &Sample, found: &Corrections) -> bool {
    let expected = attribute_shapes(endpoint);
    sample.attributes().next().is_some_and(|row| {
        KNOWN_MIN <= expected.keys().filter(|name| row.contains_key(found.attribute(endpoint, name))).count()
    })
}

impl Look<'_> {
    pub(super) fn attributes_of(&mut self, endpoint: Endpoint, sample: &Sample) {
        if sample.rows.is_empty() {
            self.fine(format!("{endpoint}, attributes: there are no records to look at"));
            return;
        }
        let shapes = attribute_shapes(endpoint);
        let came: BTreeSet<String> = sample.attributes().flat_map(Map::keys).cloned().collect();
        let expected: BTreeMap<String, Shape> =
            shapes.iter().map(|(name, shape)| (self.found.attribute(endpoint, name).to_owned(), *shape)).collect();
        let mut unknown: Vec<String> = came
            .iter()
            .filter(|name| !expected.contains_key(*name) && !KNOWN_UNREAD.contains(&name.as_str()))
            .cloned()
            .collect();
        let mut seen = 0;
        for (name, shape) in &shapes {
            let theirs = self.found.attribute(endpoint, name).to_owned();
            if came.contains(&theirs) {
                seen += 1;
                self.value_of(endpoint, name, &theirs, *shape, sample);
            } else if let Some(renamed) = renamed(name, *shape, &unknown, sample) {
                unknown.retain(|other| *other != renamed);
                self.is_renamed(endpoint, name, &renamed, *shape, sample);
            } else if let Some(means) = lost_without(endpoint, name) {
                let about = format!("{endpoint}, attributes: {name}");
                self.differs(
                    &about,
                    format!("`{theirs}` is there"),
                    "it is on no row, and nothing is like it",
                    means,
                    None,
                );
            }
        }
        self.fine(format!("{endpoint}, attributes: {seen} of {} are there", shapes.len()));
        if !unknown.is_empty() {
            let names: Vec<String> =
                unknown.iter().map(|name| format!("{} ({})", shown(name), types_of(name, sample))).collect();
            self.fine(format!("{endpoint}, attributes that are new to this program: {}", names.join(", ")));
        }
    }

    fn is_renamed(&mut self, endpoint: Endpoint, name: &str, renamed: &str, shape: Shape, sample: &Sample) {
        let unit = unit_of(name, renamed, shape, sample);
        let named = AttributeCorrection { name: Some(renamed.to_owned()), unit: unit.map(|(unit, _)| unit) };
        self.found.attributes.entry(endpoint).or_default().insert(name.to_owned(), named);
        let means = lost_without(endpoint, name).unwrap_or(MISSING);
        let (came, value) = match unit {
            Some((_, word)) => (
                format!("it is called `{}`, in {word}", shown(renamed)),
                CorrectionValue::Attribute { name: Some(renamed.to_owned()), unit: word },
            ),
            None => (format!("it is called `{}`", shown(renamed)), CorrectionValue::Text(renamed.to_owned())),
        };
        let correction = Correction::of_api(&["attributes", endpoint.name()], name, value);
        self.differs(
            &format!("{endpoint}, attributes: {name}"),
            format!("`{name}` is there"),
            came,
            means,
            Some(correction),
        );
    }

    /// Whether values are of a type that is read, and in the unit expected.
    fn value_of(&mut self, endpoint: Endpoint, name: &str, theirs: &str, shape: Shape, sample: &Sample) {
        let about = format!("{endpoint}, attributes: {name}");
        let corrected = self.found.attributes.get(&endpoint).and_then(|attributes| attributes.get(name)?.unit);
        // In another unit it is another type as well, and both are known.
        if corrected.is_some() {
            return;
        }
        if let Some((unit, word)) = unit_of(name, theirs, shape, sample) {
            let kept = (theirs != name).then(|| theirs.to_owned());
            let correction = AttributeCorrection { name: kept.clone(), unit: Some(unit) };
            self.found.attributes.entry(endpoint).or_default().insert(name.to_owned(), correction);
            let value = CorrectionValue::Attribute { name: kept, unit: word };
            let correction = Correction::of_api(&["attributes", endpoint.name()], name, value);
            let (expected, means) = match unit {
                Unit::Cents => (usual(Shape::Money), "revenue is a hundred times too high"),
                Unit::Minutes => ("hours", "hours are sixty times too high"),
            };
            self.differs(&about, expected, word, means, Some(correction));
            return;
        }
        let values: Vec<&Value> =
            sample.attributes().filter_map(|row| row.get(theirs)).filter(|value| !value.is_null()).collect();
        let odd = values.iter().filter(|value| !is_usual(shape, value)).count();
        if odd == 0 {
            return;
        }
        let all_are_read = values.iter().all(|value| is_usual(shape, value) || is_read(shape, value));
        let means = if all_are_read {
            "it is understood all the same".to_owned()
        } else {
            format!("it is not read: {}; send us this report", lost_without(endpoint, name).unwrap_or(MISSING))
        };
        self.differs(
            &about,
            usual(shape),
            format!("{} on {odd} of {} rows", types_of(theirs, sample), values.len()),
            means,
            None,
        );
    }
}

/// The attribute that is most like the one expected, and whose values fit. One without any value fits where the name leaves no
/// doubt: of most jobs there is no instant of cancellation.
fn renamed(name: &str, shape: Shape, unknown: &[String], sample: &Sample) -> Option<String> {
    let likeness = |other: &String| candidates::likeness(name, &other.to_ascii_lowercase());
    let fits = |other: &&String| {
        let values = sample.attributes().filter_map(|row| row.get(*other)).filter(|value| !value.is_null());
        let mut values = values.peekable();
        let least = if values.peek().is_some() { LIKENESS_MIN } else { candidates::SAME_LIKENESS };
        is_name(other)
            && least <= likeness(other)
            && values.all(|value| is_usual(shape, value) || is_read(shape, value))
    };
    unknown.iter().filter(fits).max_by(|one, other| likeness(one).total_cmp(&likeness(other))).cloned()
}

/// Another unit than the expected one, where the numbers leave no doubt.
fn unit_of(name: &str, theirs: &str, shape: Shape, sample: &Sample) -> Option<(Unit, &'static str)> {
    let numbers: Vec<f64> =
        sample.attributes().filter_map(|row| number(row.get(theirs)?)).filter(|number| 0.0 < *number).collect();
    if numbers.is_empty() || numbers.iter().any(|number| number.fract() != 0.0) {
        return None;
    }
    let mut sorted = numbers;
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let is_text = sample.attributes().filter_map(|row| row.get(theirs)).any(Value::is_string);
    match (name, shape) {
        ("quote", Shape::Money) if !is_text && USUAL_DOLLARS_MAX < middle => Some((Unit::Cents, "cents")),
        ("duration", Shape::Number) if USUAL_HOURS_MAX < middle => Some((Unit::Minutes, "minutes")),
        _ => None,
    }
}

fn usual(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a text",
        Shape::Id => "an id, as a number or a text",
        Shape::Money => "dollars, as a decimal in a text",
        Shape::Number => "a number",
        Shape::Count => "a whole number",
        Shape::Flag => "true or false",
        Shape::Instant => "an instant, as RFC 3339",
        Shape::Moment => "a day or an instant",
        Shape::List => "texts, as a list or with commas between",
    }
}

/// Whether a value is written as expected.
fn is_usual(shape: Shape, value: &Value) -> bool {
    let text = value.as_str();
    match shape {
        Shape::Text => text.is_some(),
        Shape::Id => text.is_some() || value.is_u64(),
        Shape::Money => text.is_some_and(|text| text.trim().parse::<f64>().is_ok()),
        Shape::Number => value.is_number(),
        Shape::Count => value.is_u64(),
        Shape::Flag => value.is_boolean(),
        Shape::Instant => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        Shape::Moment => text
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::Date>().is_ok()),
        Shape::List => text.is_some() || value.is_array(),
    }
}

/// The types of an attribute's values, without the values.
pub(super) fn types_of(name: &str, sample: &Sample) -> String {
    let types: BTreeSet<&str> = sample
        .attributes()
        .filter_map(|row| row.get(name))
        .map(|value| match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(number) if number.is_f64() => "a decimal number",
            Value::Number(_) => "a whole number",
            Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => "an instant as text",
            Value::String(text) if text.trim().parse::<f64>().is_ok() => "a number as text",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        })
        .collect();
    types.into_iter().collect::<Vec<_>>().join(" or ")
}
