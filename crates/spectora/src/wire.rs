//! JSON:API documents as they come, turned into `domain` records. The lenient types end here.
//!
//! An attribute that is missing, null or of an unexpected type is `None` and never an error: what the service calls
//! things is partly an assumption. Only a document without the shape of JSON:API, or a row without an id, is not
//! understood.

mod attributes;
mod forgotten;
mod records;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::corrections::{Corrections, whole_number};
use super::error::SpectoraErrorKind;
use super::forgotten::Forgotten;
use super::query::{ConnectionStats, Connections, Contacts, Endpoint, InspectionAttachments, Inspections, Resource};
use attributes::{Asked, Attributes};
pub(super) use attributes::{Shape, is_read};
use domain::Naming;
pub(super) use records::KNOWN_UNREAD;

/// The longest reason of a refusal that is passed on, in characters.
const REFUSAL_CHARS_MAX: usize = 300;

/// A kind of record that can be read from a document.
pub trait FromWire: Resource {
    /// The record of one row. `Err` with the place and the reason when the row cannot be used.
    #[doc(hidden)]
    fn from_wire(row: Row<'_>) -> Result<Self::Record, Unusable>;
}

/// Why a row cannot be used: the place inside it, and the reason without its content.
#[derive(Debug)]
pub struct Unusable {
    place: &'static str,
    reason: String,
}

impl Unusable {
    fn id(error: &domain::IdError) -> Self {
        // The error shows what stood there; an id is no personal detail, yet a broken one may be anything.
        let _ = error;
        Self { place: "id", reason: "not an id".to_owned() }
    }
}

/// One row with what it takes to read it.
#[derive(Debug)]
pub struct Row<'a> {
    id: &'a str,
    attributes: Attributes,
    relationships: &'a Map<String, Value>,
    included: &'a Included<'a>,
    known_services: &'a [String],
    naming: &'a Naming,
}

/// Reads documents.
#[derive(Debug)]
pub(super) struct Decode {
    /// Longest first, so that the longest known name wins.
    known_services: Vec<String>,
    naming: Naming,
    corrections: Arc<Corrections>,
    /// Whom no record tells of.
    forgotten: Forgotten,
}

/// Where a page stands, as the service says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ToldPagination {
    pub(super) current: Option<u32>,
    pub(super) next: Option<u32>,
    pub(super) last: Option<u32>,
    pub(super) records: Option<u64>,
}

/// One record exactly as it came: a JSON:API document of its own with the resources it refers to. Kept so that a
/// corrected reading needs no new download. `Debug` shows the length only: it holds names and contact details.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRecord(Vec<u8>);

impl RawRecord {
    /// The document's bytes, for a store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The names of the record's own attributes, null ones too. Empty for what is no such document.
    pub(crate) fn attribute_names(&self) -> Vec<String> {
        let document: Value = serde_json::from_slice(&self.0).unwrap_or_default();
        let attributes = document.get("data").and_then(|data| data.get("attributes")).and_then(Value::as_object);
        attributes.map(|attributes| attributes.keys().cloned().collect()).unwrap_or_default()
    }

    /// Bytes that came from [`Self::as_bytes`]. Reading anything else ends in an error, not here.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for RawRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawRecord({} bytes)", self.0.len())
    }
}

/// The rows of a page.
pub(super) struct DecodedPage<T> {
    pub(super) rows: Vec<T>,
    /// The companies the rows say they belong to.
    pub(super) companies: BTreeSet<String>,
    /// By the record's own id, when they were asked for.
    pub(super) raws: HashMap<String, RawRecord>,
    pub(super) pagination: Option<ToldPagination>,
}

#[derive(Deserialize)]
struct Document<T> {
    data: T,
    #[serde(default, deserialize_with = "readable")]
    included: Vec<RawResource>,
    #[serde(default)]
    meta: Value,
}

#[derive(Debug, Deserialize, Serialize)]
struct RawResource {
    #[serde(deserialize_with = "number_or_text")]
    id: String,
    #[serde(default, rename = "type", deserialize_with = "text_or_nothing")]
    kind: String,
    #[serde(default, deserialize_with = "object_or_nothing")]
    attributes: Map<String, Value>,
    #[serde(default, deserialize_with = "object_or_nothing")]
    relationships: Map<String, Value>,
}

impl RawResource {
    /// `None` without a readable id. Nothing is copied: a page has thousands of these.
    fn of(value: Value) -> Option<Self> {
        let Value::Object(mut map) = value else { return None };
        Some(Self {
            id: id_text(map.get("id")?)?,
            kind: map.get_mut("type").map(Value::take).map(text_of).unwrap_or_default(),
            attributes: map.get_mut("attributes").map(Value::take).map(object_of).unwrap_or_default(),
            relationships: map.get_mut("relationships").map(Value::take).map(object_of).unwrap_or_default(),
        })
    }
}

// Null, or anything else than expected, is nothing: only ids and the shape of the document must be right.

fn text_of(value: Value) -> String {
    if let Value::String(text) = value { text } else { String::new() }
}

fn object_of(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn text_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Value::deserialize(deserializer).map(text_of)
}

fn object_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Value::deserialize(deserializer).map(object_of)
}

/// The included resources that can be read; one that cannot is as good as not included.
fn readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RawResource>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(values) => values.into_iter().filter_map(RawResource::of).collect(),
        _ => Vec::new(),
    })
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = id_text(&Value::deserialize(deserializer)?);
    id.ok_or_else(|| serde::de::Error::custom("an id must be a text or a number"))
}

/// An id, which comes as text or as a number.
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Included resources by type and id.
#[derive(Debug, Default)]
struct Included<'a>(HashMap<(&'a str, &'a str), &'a RawResource>);

impl<'a> Included<'a> {
    fn new(resources: &'a [RawResource]) -> Self {
        Self(resources.iter().map(|one| ((one.kind.as_str(), one.id.as_str()), one)).collect())
    }

    /// The resource a link names.
    fn of(&self, link: &Value) -> Option<&'a RawResource> {
        let kind = link.get("type").and_then(Value::as_str).unwrap_or_default();
        let id = link_id(link)?;
        self.0.get(&(kind, id.as_str())).copied()
    }
}

impl Decode {
    pub(super) fn new(
        mut known_services: Vec<String>,
        naming: Naming,
        corrections: Arc<Corrections>,
        forgotten: Forgotten,
    ) -> Self {
        known_services.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self { known_services, naming, corrections, forgotten }
    }

    /// Whom no record tells of.
    pub(super) fn forgotten(&self) -> &Forgotten {
        &self.forgotten
    }

    /// What the company says about names.
    pub(super) fn naming(&self) -> &Naming {
        &self.naming
    }

    pub(super) fn page<R: FromWire>(
        &self,
        body: &[u8],
        keep_raw: bool,
    ) -> Result<DecodedPage<R::Record>, SpectoraErrorKind> {
        let Document { mut data, mut included, meta } = parse::<Vec<RawResource>>(&self.corrections.document(body))?;
        forgotten::take_out::<R>(&self.forgotten, &self.corrections, &mut data, &mut included);
        let company = self.corrections.attribute(R::ENDPOINT, COMPANY);
        let included = Included::new(&included);
        let mut page = DecodedPage {
            rows: Vec::with_capacity(data.len()),
            companies: data.iter().filter_map(|row| company_of(row, company)).collect(),
            raws: HashMap::new(),
            pagination: pagination(&meta),
        };
        for (index, resource) in data.into_iter().enumerate() {
            let raw = keep_raw.then(|| alone(&resource, &included));
            let row = self.row::<R>(resource, &included).map_err(|unusable| SpectoraErrorKind::NotUnderstood {
                path: format!("data[{index}].{}", unusable.place),
                reason: unusable.reason,
            })?;
            // By the record's id as it was read: the service's spelling of it (leading zeros, blanks) may differ.
            page.raws.extend(raw.map(|raw| (R::id(&row).to_string(), raw)));
            page.rows.push(row);
        }
        Ok(page)
    }

    /// The record of a document that holds one, the record as it came, and the company it says it belongs to.
    pub(super) fn one_with_raw<R: FromWire>(
        &self,
        body: &[u8],
    ) -> Result<(R::Record, RawRecord, Option<String>), SpectoraErrorKind> {
        let (data, included) = self.single::<R>(&self.corrections.document(body))?;
        let included = Included::new(&included);
        let company = company_of(&data, self.corrections.attribute(R::ENDPOINT, COMPANY));
        let raw = alone(&data, &included);
        Ok((self.only::<R>(data, &included)?, raw, company))
    }

    /// The record of a document that was kept.
    pub(super) fn one<R: FromWire>(&self, body: &[u8]) -> Result<R::Record, SpectoraErrorKind> {
        let (data, included) = self.single::<R>(body)?;
        self.only::<R>(data, &Included::new(&included))
    }

    /// The same, with the document as it is to be kept from now on.
    pub(super) fn one_as_kept<R: FromWire>(&self, body: &[u8]) -> Result<(R::Record, RawRecord), SpectoraErrorKind> {
        let (data, included) = self.single::<R>(body)?;
        let included = Included::new(&included);
        let raw = alone(&data, &included);
        Ok((self.only::<R>(data, &included)?, raw))
    }

    fn single<R: FromWire>(&self, document: &[u8]) -> Result<(RawResource, Vec<RawResource>), SpectoraErrorKind> {
        let Document { mut data, mut included, .. } = parse::<RawResource>(document)?;
        forgotten::take_out::<R>(&self.forgotten, &self.corrections, std::slice::from_mut(&mut data), &mut included);
        Ok((data, included))
    }

    fn only<R: FromWire>(&self, data: RawResource, included: &Included<'_>) -> Result<R::Record, SpectoraErrorKind> {
        self.row::<R>(data, included).map_err(|unusable| SpectoraErrorKind::NotUnderstood {
            path: format!("data.{}", unusable.place),
            reason: unusable.reason,
        })
    }

    /// The names of the attributes a record is read from.
    pub(super) fn expected<R: FromWire>(&self) -> BTreeSet<String> {
        let names = shapes_of::<R>().into_keys();
        names.map(|name| self.corrections.attribute(R::ENDPOINT, &name).to_owned()).collect()
    }

    fn row<R: FromWire>(&self, resource: RawResource, included: &Included<'_>) -> Result<R::Record, Unusable> {
        R::from_wire(Row {
            id: &resource.id,
            attributes: Attributes::new(self.corrections.attributes(R::ENDPOINT, resource.attributes)),
            relationships: &resource.relationships,
            included,
            known_services: &self.known_services,
            naming: &self.naming,
        })
    }
}

/// The attributes a record is read from, and what each is read as.
fn shapes_of<R: FromWire>() -> BTreeMap<String, Shape> {
    let asked = Asked::default();
    let (relationships, included, naming) = (Map::new(), Included::default(), Naming::default());
    // What is made of nothing is of no interest here, only what was looked for.
    drop(R::from_wire(Row {
        id: "1",
        attributes: Attributes::noting(Asked::clone(&asked)),
        relationships: &relationships,
        included: &included,
        known_services: &[],
        naming: &naming,
    }));
    asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

/// The attributes that records of a kind are read from, and what each is read as.
pub(super) fn attribute_shapes(endpoint: Endpoint) -> BTreeMap<String, Shape> {
    match endpoint {
        Endpoint::Inspections => shapes_of::<Inspections>(),
        Endpoint::Connections => shapes_of::<Connections>(),
        Endpoint::ConnectionStats => shapes_of::<ConnectionStats>(),
        Endpoint::Contacts => shapes_of::<Contacts>(),
        Endpoint::InspectionAttachments => shapes_of::<InspectionAttachments>(),
    }
}

/// Their names, and that of the attribute with the company.
pub(super) fn attribute_names(endpoint: Endpoint) -> BTreeSet<String> {
    attribute_shapes(endpoint).into_keys().chain([COMPANY.to_owned()]).collect()
}

/// The document [`alone`] writes.
#[derive(Serialize)]
struct Alone<'a> {
    data: &'a RawResource,
    included: Vec<&'a RawResource>,
}

/// A row as a document of its own, with the included resources its relationships name.
fn alone(raw: &RawResource, included: &Included<'_>) -> RawRecord {
    let links = raw.relationships.values().filter_map(|relationship| relationship.get("data"));
    let links = links.flat_map(|data| match data {
        Value::Array(links) => links.as_slice(),
        link => std::slice::from_ref(link),
    });
    let document = Alone { data: raw, included: links.filter_map(|link| included.of(link)).collect() };
    // Texts, numbers and maps with texts as keys can always be written.
    RawRecord(serde_json::to_vec(&document).unwrap_or_default())
}

/// The attribute with a record's company.
const COMPANY: &str = "company_id";

/// The company a record says it belongs to: `company_id` (seen on inspections, connections and their statistics), else
/// the relationship of that name.
fn company_of(raw: &RawResource, attribute: &str) -> Option<String> {
    let told = raw.attributes.get(attribute).and_then(id_text);
    let related = || link_id(raw.relationships.get("company")?.get("data")?);
    told.or_else(related).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// The id of a link or resource.
fn link_id(link: &Value) -> Option<String> {
    id_text(link.get("id")?)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<Document<T>, SpectoraErrorKind> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let inner = error.inner();
        let reason = match inner.classify() {
            serde_json::error::Category::Data => "not of the expected type",
            _ => "not JSON",
        };
        SpectoraErrorKind::NotUnderstood {
            path: error.path().to_string(),
            reason: format!("{reason} (line {}, column {})", inner.line(), inner.column()),
        }
    })
}

fn pagination(meta: &Value) -> Option<ToldPagination> {
    let told = meta.get("pagination")?.as_object()?;
    let number = |name: &str| whole_number(told.get(name)?);
    let page = |name: &str| number(name).and_then(|number| u32::try_from(number).ok()).filter(|number| 0 < *number);
    Some(ToldPagination {
        current: page("current"),
        next: page("next"),
        last: page("last"),
        records: number("records"),
    })
}

/// In which form a refusal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusalForm {
    /// JSON:API errors: the service itself.
    JsonApi,
    /// A code or a message: the gateway in front of the service.
    Gateway,
    /// Anything else: a page of something in between, or nothing.
    None,
}

/// Why the service refused a request, in its own words.
pub(super) struct Refusal {
    pub(super) form: RefusalForm,
    pub(super) code: Option<String>,
    pub(super) detail: String,
}

/// Reads an error of either shape: JSON:API's, or the gateway's. Anything else gives no reason.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let errors = value.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let source = |error: &Value| {
        let source = error.get("source")?;
        text(source, "parameter").or_else(|| text(source, "pointer"))
    };
    let one = |error: &Value| {
        let said = text(error, "detail").or_else(|| text(error, "title"));
        let parts: Vec<String> = said.into_iter().chain(source(error)).collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    };
    let mut parts: Vec<String> = errors.iter().filter_map(one).collect();
    parts.extend(text(&value, "message"));
    let code = text(&value, "code").or_else(|| errors.iter().find_map(|error| text(error, "code")));
    let form = match (errors.is_empty(), &code, parts.is_empty()) {
        (false, _, _) => RefusalForm::JsonApi,
        (true, None, true) => RefusalForm::None,
        (true, _, _) => RefusalForm::Gateway,
    };
    // It is quoted where it is told, so no quotation mark is in it.
    let detail = domain::Text::line(&parts.join("; ")).map_or_else(
        || "no reason given".to_owned(),
        |text| text.as_str().chars().take(REFUSAL_CHARS_MAX).map(|c| if c == '"' { '\'' } else { c }).collect(),
    );
    Refusal { form, code, detail }
}
