//! What the service calls and writes otherwise than this program expects. Much of what is known of it is an assumption, so
//! each can be corrected in the configuration without a new release; `doctor --drift` finds what fits.
//!
//! Applied in two places: requests are spelled with the service's names (`plan`, `client`), and documents are brought into the
//! expected form before they are read (`wire`). Records are stored with the attributes as they came, so that a correction of
//! an attribute also holds for what was read before it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::query::Endpoint;

/// The most rows of one page (from the vendor's pages).
pub(super) const PAGE_ROWS_MAX: u32 = 200;
/// What stands in a row beside its attributes.
const ROW_PARTS: &[&str] = &["id", "type", "relationships", "links", "meta"];

/// All corrections; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corrections {
    /// By kind of record: this program's name of an attribute, and what is different about it.
    pub attributes: BTreeMap<Endpoint, BTreeMap<String, AttributeCorrection>>,
    /// By kind of record: this program's bare name of a filter, and what is different about it.
    pub filters: BTreeMap<Endpoint, BTreeMap<String, FilterCorrection>>,
    /// How pages are asked for.
    pub paging: Paging,
    /// How documents are built.
    pub envelope: Envelope,
}

/// What is different about an attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "AttributeForm")]
pub struct AttributeCorrection {
    /// What the service calls it; `None` as expected.
    pub name: Option<String>,
    /// What it is counted in; `None` as expected.
    pub unit: Option<Unit>,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Hundredths of a dollar, where dollars are expected.
    Cents,
    /// Minutes, where hours are expected.
    Minutes,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a name in quotes, or { name = \"…\", unit = \"cents\" or \"minutes\" }")]
enum AttributeForm {
    Name(String),
    Full(FullForm),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullForm {
    name: Option<String>,
    unit: Option<Unit>,
}

impl From<AttributeForm> for AttributeCorrection {
    fn from(form: AttributeForm) -> Self {
        match form {
            AttributeForm::Name(name) => Self { name: Some(name), unit: None },
            AttributeForm::Full(FullForm { name, unit }) => Self { name, unit },
        }
    }
}

/// What is different about a filter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "FilterForm")]
pub enum FilterCorrection {
    /// The service calls it so.
    Named(String),
    /// It does not filter: it is not sent, and applied here alone.
    Unused,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a name in quotes, or false where the service does not have it")]
enum FilterForm {
    Name(String),
    Used(bool),
}

impl TryFrom<FilterForm> for FilterCorrection {
    type Error = &'static str;

    fn try_from(form: FilterForm) -> Result<Self, Self::Error> {
        match form {
            FilterForm::Name(name) => Ok(Self::Named(name)),
            FilterForm::Used(false) => Ok(Self::Unused),
            FilterForm::Used(true) => Err("a filter that is used as expected needs no line: leave it out"),
        }
    }
}

/// How pages are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// The number of the first page: 1, or 0.
    pub first: u32,
    /// The parameter with the page's number.
    pub number: String,
    /// The parameter with the rows to a page.
    pub size: String,
    /// The most rows to a page, 1 to 200.
    pub size_max: u32,
}

impl Default for Paging {
    fn default() -> Self {
        let (number, size) = ("page[number]".to_owned(), "page[size]".to_owned());
        Self { first: 1, number, size, size_max: PAGE_ROWS_MAX }
    }
}

/// How documents are built.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Envelope {
    /// Where the rows stand; `.` where the document is the rows.
    pub data: String,
    /// Whether attributes stand in the row itself.
    pub flat: bool,
    /// Where it is said how far a listing goes, with dots between the steps.
    pub pagination: String,
    /// What the number of the page is called there.
    pub current: String,
    /// What the next page is called there.
    pub next: String,
    /// What the last page is called there.
    pub last: String,
    /// What the count of all records is called there.
    pub records: String,
}

impl Default for Envelope {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            data: word("data"),
            flat: false,
            pagination: word("meta.pagination"),
            current: word("current"),
            next: word("next"),
            last: word("last"),
            records: word("records"),
        }
    }
}

impl Corrections {
    /// What is corrected about stored records, as a text that is the same for the same corrections; empty for none.
    pub fn mark(&self) -> String {
        if self.attributes.is_empty() { String::new() } else { format!(" {:?}", self.attributes) }
    }

    /// The parameters of page `number`, counted from 1.
    pub(super) fn page(&self, number: u32, size: u32) -> String {
        let Paging { first, number: number_name, size: size_name, .. } = &self.paging;
        let number = number.saturating_sub(1).saturating_add(*first);
        format!("{number_name}={number}&{size_name}={}", size.clamp(1, self.size_max()))
    }

    /// The most rows to a page.
    pub(super) fn size_max(&self) -> u32 {
        self.paging.size_max.clamp(1, PAGE_ROWS_MAX)
    }

    /// What the service calls a filter; `None` where it does not have it.
    pub(super) fn filter<'a>(&'a self, endpoint: Endpoint, name: &'a str) -> Option<&'a str> {
        match self.filters.get(&endpoint).and_then(|filters| filters.get(name)) {
            Some(FilterCorrection::Unused) => None,
            Some(FilterCorrection::Named(named)) => Some(named),
            None => Some(name),
        }
    }

    /// What the service calls an attribute.
    pub(super) fn attribute<'a>(&'a self, endpoint: Endpoint, name: &'a str) -> &'a str {
        let known = self.attributes.get(&endpoint).and_then(|attributes| attributes.get(name)?.name.as_deref());
        known.unwrap_or(name)
    }

    /// A record's attributes by the names and in the units expected.
    pub(super) fn attributes(&self, endpoint: Endpoint, mut came: Map<String, Value>) -> Map<String, Value> {
        for (ours, correction) in self.attributes.get(&endpoint).into_iter().flatten() {
            let name = correction.name.as_ref().unwrap_or(ours);
            if let Some(value) = came.remove(name) {
                came.insert(ours.clone(), correction.unit.map_or_else(|| value.clone(), |unit| unit.converted(&value)));
            }
        }
        came
    }

    /// A reply's document in the form expected. What is no JSON stays as it is.
    pub(super) fn document<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        if self.envelope == Envelope::default() && self.paging.first == 1 {
            return Cow::Borrowed(body);
        }
        let Ok(document) = serde_json::from_slice::<Value>(body) else { return Cow::Borrowed(body) };
        Cow::Owned(serde_json::to_vec(&self.normal(document)).unwrap_or_default())
    }

    /// The same of a document that was read.
    pub(super) fn normal(&self, document: Value) -> Value {
        let envelope = &self.envelope;
        let mut map = match document {
            Value::Object(map) => map,
            rows if envelope.data == "." => Map::from_iter([("data".to_owned(), rows)]),
            other => return other,
        };
        if envelope.data == "." && !map.contains_key("data") {
            map = Map::from_iter([("data".to_owned(), Value::Object(map))]);
        } else if envelope.data != "data"
            && let Some(rows) = map.remove(&envelope.data)
        {
            map.insert("data".to_owned(), rows);
        }
        if envelope.flat {
            match map.get_mut("data") {
                Some(Value::Array(rows)) => rows.iter_mut().for_each(unflatten),
                Some(row) => unflatten(row),
                None => {}
            }
        }
        if let Some(told) = self.pagination(&map) {
            map.insert("meta".to_owned(), Value::Object(Map::from_iter([("pagination".to_owned(), told)])));
        }
        Value::Object(map)
    }

    /// Where the page stands, by the names and numbers expected.
    fn pagination(&self, document: &Map<String, Value>) -> Option<Value> {
        let envelope = &self.envelope;
        let told = object_at(document, &envelope.pagination)?;
        let page = |name: &str| {
            let number = whole_number(told.get(name)?)?;
            Some(Value::from((number + 1).saturating_sub(u64::from(self.paging.first))))
        };
        let mut pagination = Map::new();
        for (ours, value) in [
            ("current", page(&envelope.current)),
            ("next", page(&envelope.next)),
            ("last", page(&envelope.last)),
            ("records", told.get(&envelope.records).cloned()),
        ] {
            pagination.extend(value.map(|value| (ours.to_owned(), value)));
        }
        Some(Value::Object(pagination))
    }
}

impl Unit {
    /// The value in the unit expected; one that is no number stays as it is.
    fn converted(self, value: &Value) -> Value {
        match (self, number(value)) {
            (Self::Cents, Some(cents)) => Value::String(format!("{:.2}", cents / 100.0)),
            (Self::Minutes, Some(minutes)) => Value::from(minutes / 60.0),
            (_, None) => value.clone(),
        }
    }
}

/// A number, which may come as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A number that counts something, which may come as text.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The object at a place in a document, with dots between the steps; without any step the document itself.
pub(super) fn object_at<'a>(document: &'a Map<String, Value>, place: &str) -> Option<&'a Map<String, Value>> {
    let mut steps = place.split('.').filter(|step| !step.is_empty());
    steps.try_fold(document, |map, step| map.get(step)?.as_object())
}

/// Puts what stands in a row itself among its attributes.
fn unflatten(row: &mut Value) {
    let Value::Object(map) = row else { return };
    if map.contains_key("attributes") {
        return;
    }
    let (parts, attributes) = std::mem::take(map).into_iter().partition(|(name, _)| ROW_PARTS.contains(&name.as_str()));
    *map = parts;
    map.insert("attributes".to_owned(), Value::Object(attributes));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    struct Api {
        attributes: BTreeMap<Endpoint, BTreeMap<String, AttributeCorrection>>,
        filters: BTreeMap<Endpoint, BTreeMap<String, FilterCorrection>>,
    }

    #[test]
    fn nothing_is_done_where_nothing_is_corrected() {
        let body = b"{\"data\": []}";
        assert!(matches!(Corrections::default().document(body), Cow::Borrowed(_)));
        assert_eq!(Corrections::default().page(3, 500), "page[number]=3&page[size]=200");
        assert_eq!(Corrections::default().mark(), "");
    }

    #[test]
    fn another_envelope_becomes_the_expected_one() {
        let envelope = Envelope {
            data: "results".to_owned(),
            flat: true,
            pagination: "page".to_owned(),
            records: "total".to_owned(),
            ..Envelope::default()
        };
        let paging = Paging { first: 0, number: "page".to_owned(), size: "per".to_owned(), size_max: 50 };
        let corrections = Corrections { paging, envelope, ..Corrections::default() };
        let came = json!({"results": [{"id": "1", "type": "inspection", "quote": "1.0"}],
            "page": {"current": 0, "next": 1, "last": 4, "total": 77}});
        let normal = corrections.normal(came);
        assert_eq!(normal["data"], json!([{"id": "1", "type": "inspection", "attributes": {"quote": "1.0"}}]));
        assert_eq!(normal["meta"]["pagination"], json!({"current": 1, "next": 2, "last": 5, "records": 77}));
        assert_eq!(corrections.page(1, 200), "page=0&per=50");
        let bare = Corrections {
            envelope: Envelope { data: ".".to_owned(), ..Envelope::default() },
            ..Corrections::default()
        };
        assert_eq!(bare.normal(json!([{"id": 1}])), json!({"data": [{"id": 1}]}));
    }

    #[test]
    fn attributes_and_filters_have_the_names_and_units_that_are_told() {
        let text = "[attributes.inspections]\ndatetime = \"starts_at\"\nquote = { unit = \"cents\", name = \"fee\" }\n\
                    duration = { unit = \"minutes\" }\n[filters.inspections]\nzip = false\nconfirmed = \"is_confirmed\"\n";
        let Api { attributes, filters } = toml::from_str(text).unwrap();
        let corrections = Corrections { attributes, filters, ..Corrections::default() };
        assert_eq!(corrections.check(), Ok(()));
        let came = json!({"starts_at": "x", "fee": 45050, "duration": 150, "paid": true});
        let read = corrections.attributes(Endpoint::Inspections, came.as_object().unwrap().clone());
        assert_eq!(Value::Object(read), json!({"datetime": "x", "quote": "450.50", "duration": 2.5, "paid": true}));
        assert_eq!(corrections.filter(Endpoint::Inspections, "zip"), None);
        assert_eq!(corrections.filter(Endpoint::Inspections, "confirmed"), Some("is_confirmed"));
        assert_eq!(corrections.filter(Endpoint::Contacts, "tag"), Some("tag"));
        let mut unknown = Corrections::default();
        unknown
            .attributes
            .entry(Endpoint::Inspections)
            .or_default()
            .insert("datetim".to_owned(), AttributeCorrection::default());
        assert!(unknown.check().unwrap_err().to_string().contains("datetime"));
    }
}
