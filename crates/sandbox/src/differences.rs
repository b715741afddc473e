//! A service that calls and writes things otherwise: what the real one may do, planted one by one.

use std::str::FromStr;

use serde_json::{Map, Number, Value, json};

use super::query::Refusal;

/// One difference from the service as it is thought to be, written `WHAT:WHERE=HOW`:
///
/// - `path:contacts=/v2/people`: the listing is there, and nowhere else
/// - `attribute:inspections.datetime=starts_at`: the attribute has another name
/// - `type:inspections.quote=cents`: its value is of another type: `cents` and `minutes` (whole numbers), `epoch` (seconds
///   since 1970), `number`, `yes_no`
/// - `filter:inspections.zip=postal_code`: the filter has another name; by the old one it is not known
/// - `filter-gone:inspections.zip`: it does nothing
/// - `include-gone:inspections.buyer`: it is refused with 422
/// - `sort-gone:inspections.datetime`: sorting by it does nothing
/// - `page:first=0`, `page:number=page`, `page:size=per_page`, `page:max=100`: how pages are asked for
/// - `envelope:data=results` (`.` for rows alone), `envelope:flat=true`, `envelope:pagination=page`, and
///   `envelope:records=total` and so on for `current`, `next` and `last`: how documents are built
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    what: What,
    place: String,
    how: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Path,
    Attribute,
    Type,
    Filter,
    FilterGone,
    IncludeGone,
    SortGone,
    Page,
    Envelope,
}

const WHATS: &[(&str, What)] = &[
    ("path", What::Path),
    ("attribute", What::Attribute),
    ("type", What::Type),
    ("filter", What::Filter),
    ("filter-gone", What::FilterGone),
    ("include-gone", What::IncludeGone),
    ("sort-gone", What::SortGone),
    ("page", What::Page),
    ("envelope", What::Envelope),
];

impl FromStr for Difference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("the difference '{text}' is not WHAT:WHERE=HOW, such as attribute:inspections.datetime=starts_at")
        };
        let (what, rest) = text.split_once(':').ok_or_else(wrong)?;
        let what = WHATS.iter().find(|(name, _)| *name == what).map(|(_, what)| *what).ok_or_else(wrong)?;
        let (place, how) = rest.split_once('=').unwrap_or((rest, ""));
        if place.is_empty() {
            return Err(wrong());
        }
        Ok(Self { what, place: place.to_owned(), how: how.to_owned() })
    }
}

/// All differences of a sandbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Differences(pub(super) Vec<Difference>);

/// The listing that a path below `/v2/` is of.
fn listing(path: &str) -> &str {
    path.strip_prefix("/v2/").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

impl Differences {
    fn of(&self, what: What) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(move |one| one.what == what).map(|one| (one.place.as_str(), one.how.as_str()))
    }

    /// Those about parts of records of this listing: the part, and how.
    fn within<'a>(&'a self, what: What, listing: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.of(what)
            .filter_map(move |(place, how)| Some((place.split_once('.').filter(|(of, _)| *of == listing)?.1, how)))
    }

    fn named(&self, what: What, name: &str) -> Option<&str> {
        self.of(what).find(|(place, _)| *place == name).map(|(_, how)| how)
    }

    fn page_number(&self, name: &str) -> Option<u64> {
        self.named(What::Page, name)?.parse().ok()
    }

    /// A request as the service without differences would be asked. `Err` where this one does not take it.
    pub(super) fn inward(&self, path: &str, query: &str) -> Result<(String, String), Refusal> {
        if self.0.is_empty() {
            return Ok((path.to_owned(), query.to_owned()));
        }
        let mut inner = path.to_owned();
        for (name, moved) in self.of(What::Path) {
            if listing(path) == name {
                return Err(Refusal::not_found(&format!("the path {path}")));
            }
            if let Some(rest) = path.strip_prefix(moved).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                inner = format!("/v2/{name}{rest}");
            }
        }
        let listing = listing(&inner).to_owned();
        let mut parts = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let key = key.replace("%5B", "[").replace("%5D", "]");
            parts.extend(self.parameter(&listing, &key, value)?);
        }
        Ok((inner, parts.join("&")))
    }

    fn parameter(&self, listing: &str, key: &str, value: &str) -> Result<Option<String>, Refusal> {
        if let Some(filter) = key.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) {
            if self.within(What::FilterGone, listing).any(|(name, _)| name == filter) {
                return Ok(None);
            }
            let renamed = self.within(What::Filter, listing).find(|(name, how)| *name == filter || *how == filter);
            return Ok(match renamed {
                Some((name, how)) if how == filter => Some(format!("filter[{name}]={value}")),
                Some(_) => None,
                None => Some(format!("{key}={value}")),
            });
        }
        let words = |value: &str| -> Vec<String> { value.split(',').map(str::to_owned).collect() };
        if key == "include" {
            let gone =
                self.within(What::IncludeGone, listing).find(|(name, _)| words(value).iter().any(|one| one == name));
            return match gone {
                Some((name, _)) => Err(Refusal::invalid("include", &format!("{name} is not supported"))),
                None => Ok(Some(format!("{key}={value}"))),
            };
        }
        if key == "sort" {
            let mut words = words(value);
            words.retain(|word| {
                self.within(What::SortGone, listing).all(|(name, _)| word.trim_start_matches('-') != name)
            });
            return Ok((!words.is_empty()).then(|| format!("sort={}", words.join(","))));
        }
        if key == self.named(What::Page, "number").unwrap_or("page[number]") {
            // Counted from 1 again.
            let is_from_zero = self.page_number("first") == Some(0);
            let number = value.parse::<u64>().ok().filter(|_| is_from_zero);
            let number = number.map_or_else(|| value.to_owned(), |number| (number + 1).to_string());
            return Ok(Some(format!("page[number]={number}")));
        }
        if key == self.named(What::Page, "size").unwrap_or("page[size]") {
            let max = self.page_number("max").unwrap_or(200);
            return Ok(Some(format!("page[size]={}", value.parse().unwrap_or(max).min(max))));
        }
        // The expected name of a parameter that has another one here.
        Ok((!key.starts_with("page")).then(|| format!("{key}={value}")))
    }

    /// A document as this service builds it.
    pub(super) fn outward(&self, path: &str, document: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        let listing = listing(path).to_owned();
        match document.get_mut("data") {
            Some(Value::Array(rows)) => rows.iter_mut().for_each(|row| self.row(&listing, row)),
            Some(row) => self.row(&listing, row),
            None => {}
        }
        let Value::Object(map) = document else { return };
        self.pagination(map);
        match self.named(What::Envelope, "data") {
            Some(".") => *document = map.remove("data").unwrap_or_default(),
            Some(name) => {
                let rows = map.remove("data").unwrap_or_default();
                map.insert(name.to_owned(), rows);
            }
            None => {}
        }
    }

    fn row(&self, listing: &str, row: &mut Value) {
        let Some(Value::Object(attributes)) = row.get_mut("attributes") else { return };
        for (name, kind) in self.within(What::Type, listing) {
            if let Some(value) = attributes.get_mut(name).filter(|value| !value.is_null()) {
                *value = retyped(value, kind);
            }
        }
        for (name, renamed) in self.within(What::Attribute, listing) {
            if let Some(value) = attributes.remove(name) {
                attributes.insert(renamed.to_owned(), value);
            }
        }
        if self.named(What::Envelope, "flat").is_some() {
            let Some(Value::Object(attributes)) = row.as_object_mut().and_then(|row| row.remove("attributes")) else {
                return;
            };
            row.as_object_mut().into_iter().for_each(|row| row.extend(attributes.clone()));
        }
    }

    fn pagination(&self, document: &mut Map<String, Value>) {
        let Some(mut told) =
            document.get("meta").and_then(|meta| meta.get("pagination")).and_then(Value::as_object).cloned()
        else {
            return;
        };
        let first = self.page_number("first").unwrap_or(1);
        for name in ["current", "first", "prev", "next", "last"] {
            if let Some(number) = told.get_mut(name) {
                *number = json!((number.as_u64().unwrap_or(1) + first).saturating_sub(1));
            }
        }
        for name in ["current", "next", "last", "records"] {
            if let Some(renamed) = self.named(What::Envelope, name)
                && let Some(value) = told.remove(name)
            {
                told.insert(renamed.to_owned(), value);
            }
        }
        match self.named(What::Envelope, "pagination") {
            Some(place) => {
                document.remove("meta");
                document.insert(place.to_owned(), Value::Object(told));
            }
            None => {
                document.insert("meta".to_owned(), json!({ "pagination": told }));
            }
        }
    }
}

/// The same value as another type.
fn retyped(value: &Value, kind: &str) -> Value {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    // Written without a fraction, it is read as a whole number.
    let whole =
        |number: f64| Value::Number(format!("{number:.0}").parse::<Number>().unwrap_or_else(|_| Number::from(0)));
    match (kind, number) {
        ("cents", Some(number)) => whole(number * 100.0),
        ("minutes", Some(number)) => whole(number * 60.0),
        ("number", Some(number)) => json!(number),
        ("epoch", _) => {
            let at: Option<jiff::Timestamp> = value.as_str().and_then(|text| text.parse().ok());
            at.map_or_else(|| value.clone(), |at| json!(at.as_second()))
        }
        ("yes_no", _) => json!(if value.as_bool().unwrap_or(false) { "yes" } else { "no" }),
        _ => value.clone(),
    }
}
