//! What the service really does, against what this program expects of it, one assumption at a time.
//!
//! Nothing that a person typed is in what comes of it: names of attributes, types, counts and statuses only, so whoever runs
//! this can send it to anybody. Where a difference can be corrected, the correction comes with it; it was tried on what the
//! service answered.

mod attributes;
mod candidates;
mod documents;
mod filters;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::client::SpectoraClient;
use super::corrections::{Corrections, whole_number};
use super::error::{SpectoraError, SpectoraErrorKind};
use super::query::Endpoint;

/// Rows looked at of each listing.
const SAMPLE_ROWS: u32 = 25;
/// An id no record has.
const NO_ID: &str = "9999999999999999";
/// What is shown instead of a name that may be something else.
const ODD_NAME: &str = "(an odd name)";

/// What was found with one company's key.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// What is otherwise than expected.
    pub differences: Vec<Difference>,
    /// What is as expected, in words.
    pub as_expected: Vec<String>,
    /// How many requests it took.
    pub requests: u64,
}

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where, such as `inspections, attributes`.
    pub about: String,
    /// What this program expects.
    pub expected: String,
    /// What there is instead.
    pub came: String,
    /// What that means for answers.
    pub means: String,
    /// What makes it right; `None` where nothing does, or nothing needs to.
    pub correction: Option<Correction>,
}

/// A line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The table, such as `api`, `attributes`, `inspections`.
    pub table: Vec<&'static str>,
    /// The setting.
    pub name: String,
    /// What it is set to.
    pub value: CorrectionValue,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionValue {
    /// A text.
    Text(String),
    /// A number.
    Number(u32),
    /// True or false.
    Flag(bool),
    /// A name and a unit, either of which may be as expected.
    Attribute {
        /// What the service calls it.
        name: Option<String>,
        /// `cents` or `minutes`.
        unit: &'static str,
    },
}

/// What a listing answers, as a shape: names and types, no value.
#[derive(Clone, Debug)]
pub struct ListingShape {
    /// Which.
    pub endpoint: Endpoint,
    /// Whether it was asked for where it usually is.
    pub is_usual_path: bool,
    /// The parameters of the request, by name.
    pub parameters: Vec<String>,
    /// Why it did not answer; `None` where it did.
    pub failed: Option<String>,
    /// How many rows came.
    pub rows: usize,
    /// What a document consists of.
    pub parts: Vec<String>,
    /// What a row consists of.
    pub row_parts: Vec<String>,
    /// Its attributes, with the types of their values.
    pub attributes: BTreeMap<String, String>,
}

/// The look under way: what is known by now shapes what is asked next.
struct Look<'a> {
    client: &'a SpectoraClient,
    /// Those of the configuration, and those found so far.
    found: Corrections,
    paths: BTreeMap<Endpoint, String>,
    drift: Drift,
}

/// A page in the form expected, by what is known so far.
struct Sample {
    rows: Vec<Map<String, Value>>,
    document: Value,
}

impl Sample {
    fn attributes(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.rows.iter().filter_map(|row| row.get("attributes").and_then(Value::as_object))
    }

    /// How many records there are, as far as the service says.
    fn records(&self) -> u64 {
        let told = self.document.pointer("/meta/pagination/records").and_then(whole_number);
        told.unwrap_or(self.rows.len() as u64)
    }

    fn ids(&self) -> Vec<String> {
        self.rows.iter().filter_map(|row| row.get("id")).map(Value::to_string).collect()
    }
}

impl SpectoraClient {
    /// Looks at all of it, with at most about a hundred requests. `Err` where nothing can be asked at all.
    pub async fn drift(&self) -> Result<Drift, SpectoraError> {
        let before = self.calls_sent();
        let paths = Endpoint::ALL.iter().map(|endpoint| (*endpoint, self.path(*endpoint).to_owned())).collect();
        let found = Corrections::clone(self.corrections());
        // Nobody waits for a single one of its requests, so they wait for their places instead of failing.
        let client = self.for_background();
        let mut look = Look { client: &client, found, paths, drift: Drift::default() };
        look.all().await?;
        look.drift.requests = self.calls_sent() - before;
        Ok(look.drift)
    }

    /// One page of each listing as a shape. Five requests at most.
    pub async fn shapes(&self) -> Vec<ListingShape> {
        let mut shapes = Vec::new();
        for endpoint in Endpoint::ALL {
            shapes.push(self.shape(*endpoint).await);
        }
        shapes
    }

    async fn shape(&self, endpoint: Endpoint) -> ListingShape {
        let (path, query) = (self.path(endpoint), self.corrections().page(1, SAMPLE_ROWS));
        let answer = self.body(endpoint, path, &query).await;
        let document: Value =
            answer.as_ref().ok().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let names = |map: Option<&Map<String, Value>>| {
            let all = map.into_iter().flat_map(Map::keys);
            all.map(|name| shown(name).to_owned()).collect::<Vec<_>>()
        };
        let sample = sample_of(self.corrections().normal(document.clone()));
        let attributes = sample.attributes().flat_map(Map::keys);
        ListingShape {
            endpoint,
            is_usual_path: path == endpoint.default_path(),
            parameters: query.split('&').filter_map(|part| Some(part.split_once('=')?.0.to_owned())).collect(),
            failed: answer.err().map(|error| error.kind.without_words()),
            rows: sample.rows.len(),
            parts: names(document.as_object()),
            row_parts: names(sample.rows.first()),
            attributes: attributes.map(|name| (shown(name).to_owned(), attributes::types_of(name, &sample))).collect(),
        }
    }
}

impl Look<'_> {
    async fn all(&mut self) -> Result<(), SpectoraError> {
        // How documents are built and pages are counted is learned from inspections; the others are read by it.
        let mut samples = BTreeMap::new();
        if let Some(sample) = self.listing(Endpoint::Inspections).await? {
            self.pages(&sample).await?;
            samples.insert(Endpoint::Inspections, self.page(Endpoint::Inspections, 1, SAMPLE_ROWS, "").await?);
        }
        for endpoint in Endpoint::ALL.iter().filter(|endpoint| **endpoint != Endpoint::Inspections) {
            if let Some(sample) = self.listing(*endpoint).await? {
                samples.insert(*endpoint, sample);
            }
        }
        for (endpoint, sample) in &samples {
            self.attributes_of(*endpoint, sample);
        }
        if samples.contains_key(&Endpoint::Inspections) {
            self.order().await?;
            self.includes().await?;
            self.filters().await?;
            self.missing_record().await?;
        }
        self.clock();
        Ok(())
    }

    /// One page of a listing by its path, or by a likely other one.
    async fn listing(&mut self, endpoint: Endpoint) -> Result<Option<Sample>, SpectoraError> {
        let about = format!("{endpoint}, path");
        let path = self.path(endpoint).to_owned();
        match self.first_page(endpoint, &path).await {
            Ok(document) => {
                self.fine(format!("{about}: {path} answers"));
                return Ok(Some(self.read_envelope(endpoint, document)));
            }
            Err(error) if error.is_of_all() => return Err(error),
            Err(error) if matches!(error.kind, SpectoraErrorKind::NotFound { .. }) => {}
            Err(error) => {
                let means = format!("{}: {}", candidates::without(endpoint), error.remedy());
                self.differs(&about, format!("{path} answers"), error.kind.without_words(), means, None);
                return Ok(None);
            }
        }
        for candidate in candidates::paths(endpoint) {
            let document = match self.first_page(endpoint, candidate).await {
                Ok(document) => document,
                Err(error) if error.is_of_all() => return Err(error),
                Err(_) => continue,
            };
            let sample = self.read_envelope(endpoint, document);
            if !attributes::looks_like(endpoint, &sample, &self.found) {
                continue;
            }
            let correction =
                Correction::of_api(&["paths"], endpoint.name(), CorrectionValue::Text((*candidate).to_owned()));
            let came = format!("not found there; {candidate} answers with rows of this kind");
            self.differs(&about, format!("{path} answers"), came, candidates::without(endpoint), Some(correction));
            self.paths.insert(endpoint, (*candidate).to_owned());
            return Ok(Some(sample));
        }
        let means = format!("{}; ask Spectora's support where the listing is", candidates::without(endpoint));
        self.differs(&about, format!("{path} answers"), "not found, nor at any likely path".to_owned(), means, None);
        Ok(None)
    }

    fn path(&self, endpoint: Endpoint) -> &str {
        self.paths.get(&endpoint).map(String::as_str).unwrap_or_default()
    }

    async fn first_page(&self, endpoint: Endpoint, path: &str) -> Result<Value, SpectoraError> {
        self.document(endpoint, path, &self.found.page(1, SAMPLE_ROWS)).await
    }

    /// A document as it came; nothing where it is no JSON.
    async fn document(&self, endpoint: Endpoint, path: &str, query: &str) -> Result<Value, SpectoraError> {
        let body = self.client.body(endpoint, path, query).await?;
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    /// A page of a listing with more in its query.
    async fn page(&self, endpoint: Endpoint, number: u32, size: u32, more: &str) -> Result<Sample, SpectoraError> {
        let mut query = self.found.page(number, size);
        if !more.is_empty() {
            write!(query, "&{more}").ok();
        }
        Ok(sample_of(self.found.normal(self.document(endpoint, self.path(endpoint), &query).await?)))
    }

    fn differs(
        &mut self,
        about: &str,
        expected: impl Into<String>,
        came: impl Into<String>,
        means: impl Into<String>,
        correction: Option<Correction>,
    ) {
        self.drift.differences.push(Difference {
            about: about.to_owned(),
            expected: expected.into(),
            came: came.into(),
            means: means.into(),
            correction,
        });
    }

    fn fine(&mut self, what: impl Into<String>) {
        self.drift.as_expected.push(what.into());
    }

    /// A record that is not there is said not to be, in the service's own form: only then can it be taken out.
    async fn missing_record(&mut self) -> Result<(), SpectoraError> {
        let about = "inspections, a record that is not there";
        let path = format!("{}/{NO_ID}", self.path(Endpoint::Inspections));
        let answer = self.client.body(Endpoint::Inspections, &path, "").await;
        let (expected, came) = match answer {
            Err(error) if error.is_of_all() => return Err(error),
            Err(SpectoraError { kind: SpectoraErrorKind::NotFound { in_service_form: true, .. }, .. }) => {
                self.fine(format!("{about}: 404 with JSON:API errors"));
                return Ok(());
            }
            Err(SpectoraError { kind: SpectoraErrorKind::NotFound { .. }, .. }) => {
                ("404 with `errors`, as JSON:API has them", "404 in another form".to_owned())
            }
            Err(error) => ("404", error.kind.without_words()),
            Ok(_) => ("404", "an answer".to_owned()),
        };
        self.differs(about, expected, came, "what was deleted is found only by reading everything again", None);
        Ok(())
    }

    fn clock(&mut self) {
        match self.client.clock_ahead() {
            Some(_) => self.fine("time: the service tells its own (Date)"),
            None => self.differs(
                "time",
                "the service tells its own time (Date)",
                "it does not",
                "changes are asked for by this machine's clock, which must be right",
                None,
            ),
        }
    }
}

impl Correction {
    /// A line of a table below `[api]`, where all corrections stand.
    fn of_api(table: &[&'static str], name: &str, value: CorrectionValue) -> Self {
        let table = std::iter::once("api").chain(table.iter().copied()).collect();
        Self { table, name: name.to_owned(), value }
    }
}

fn sample_of(document: Value) -> Sample {
    let rows = document.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None });
    Sample { rows: rows.collect(), document }
}

/// A name the service gave, where it has the form of a name: words, with two digits at most (`buyer_2`). Keys and telephone
/// numbers have more.
pub(super) fn shown(name: &str) -> &str {
    const CHARS_MAX: usize = 48;
    const DIGITS_MAX: usize = 2;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() <= CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && name.chars().filter(char::is_ascii_digit).count() <= DIGITS_MAX
    {
        name
    } else {
        ODD_NAME
    }
}

/// Whether a name can be written into the configuration: as [`shown`], in either case.
fn is_name(name: &str) -> bool {
    shown(&name.to_ascii_lowercase()) != ODD_NAME
}
