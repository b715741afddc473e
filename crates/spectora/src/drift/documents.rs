//! How documents are built and how pages are asked for.

use serde_json::{Map, Value};

use super::{Correction, CorrectionValue, Look, SAMPLE_ROWS, Sample, candidates, is_name, sample_of, shown};
use crate::corrections::{Envelope, PAGE_ROWS_MAX, Paging, object_at};
use crate::error::SpectoraError;
use crate::query::Endpoint;

const NOT_READ: &str = "no row of it can be read";
/// Rows to a page where pages are compared.
const SMALL_PAGE: u32 = 3;

impl Look<'_> {
    /// Finds the rows of a page, and where it says how far the listing goes. What is found holds for all listings.
    pub(super) fn read_envelope(&mut self, endpoint: Endpoint, document: Value) -> Sample {
        self.rows_of(endpoint, &document);
        self.flatness(&document);
        self.told_pagination(endpoint, &document);
        sample_of(self.found.normal(document))
    }

    fn rows_of(&mut self, endpoint: Endpoint, document: &Value) {
        let expected = self.found.envelope.data.clone();
        let here = if expected == "." { Some(document) } else { document.get(&expected) };
        if here.is_some_and(Value::is_array) {
            return;
        }
        let rows = |value: &Value| value.as_array().is_some_and(|rows| rows.iter().all(Value::is_object));
        let place = if rows(document) {
            Some(".".to_owned())
        } else {
            let likely = candidates::ROWS
                .iter()
                .map(|name| (*name).to_owned())
                .chain(["data".to_owned(), endpoint.name().to_owned()]);
            let mut all = likely.chain(document.as_object().into_iter().flat_map(Map::keys).cloned());
            all.find(|name| is_name(name) && document.get(name).is_some_and(rows) && name != "included")
        };
        let (came, correction) = match place {
            Some(place) => {
                self.found.envelope.data.clone_from(&place);
                let came = if place == "." {
                    "the document is the rows".to_owned()
                } else {
                    format!("they stand under `{}`", shown(&place))
                };
                (came, Some(Correction::of_api(&["envelope"], "data", CorrectionValue::Text(place))))
            }
            None => ("there are none".to_owned(), None),
        };
        self.differs("documents, rows", format!("rows stand under `{expected}`"), came, NOT_READ, correction);
    }

    fn flatness(&mut self, document: &Value) {
        if self.found.envelope.flat {
            return;
        }
        let probe = self.found.normal(document.clone());
        let first = probe.pointer("/data/0");
        let Some(row) = first.and_then(Value::as_object) else { return };
        if row.contains_key("attributes") || row.len() < 4 {
            return;
        }
        self.found.envelope.flat = true;
        let correction = Correction::of_api(&["envelope"], "flat", CorrectionValue::Flag(true));
        self.differs(
            "documents, attributes",
            "a row's attributes stand under `attributes`",
            "they stand in the row itself",
            "every attribute is missing",
            Some(correction),
        );
    }

    fn told_pagination(&mut self, endpoint: Endpoint, document: &Value) {
        let envelope = self.found.envelope.clone();
        let has = |map: &Map<String, Value>, names: &[&str]| {
            names
                .iter()
                .find(|name| map.get(**name).is_some_and(|value| value.is_number() || value.is_string()))
                .map(|name| (*name).to_owned())
        };
        let records: Vec<&str> =
            std::iter::once(envelope.records.as_str()).chain(candidates::RECORDS.iter().copied()).collect();
        let places = std::iter::once(envelope.pagination.as_str()).chain(candidates::PAGINATIONS.iter().copied());
        let found = places
            .filter_map(|place| Some((place.to_owned(), object_at(document.as_object()?, place)?)))
            .find_map(|(place, map)| has(map, &records).map(|records| (place, map, records)));
        let Some((place, map, records)) = found else {
            // A document without a count is a difference once.
            if endpoint == Endpoint::Inspections {
                let expected = format!("`{}` tells where a page stands", envelope.pagination);
                let means = "a total is certain only when all pages were read; reading needs more calls";
                self.differs("documents, pages", expected, "nothing tells it", means, None);
            }
            return;
        };
        self.is_called("pagination", place, |envelope| &mut envelope.pagination);
        self.is_called("records", records, |envelope| &mut envelope.records);
        let other = |was: &str, names: &[&str]| if map.contains_key(was) { None } else { has(map, names) };
        if let Some(is) = other(&envelope.current, candidates::CURRENT) {
            self.is_called("current", is, |envelope| &mut envelope.current);
        }
        if let Some(is) = other(&envelope.next, candidates::NEXT) {
            self.is_called("next", is, |envelope| &mut envelope.next);
        }
        if let Some(is) = other(&envelope.last, candidates::LAST) {
            self.is_called("last", is, |envelope| &mut envelope.last);
        }
    }

    /// Takes up what a part of the pagination is called; that it is as expected is no difference.
    fn is_called(&mut self, setting: &str, is: String, part: fn(&mut Envelope) -> &mut String) {
        let was = std::mem::replace(part(&mut self.found.envelope), is.clone());
        if was == is {
            return;
        }
        let came = if is.is_empty() {
            "at the top of the document".to_owned()
        } else {
            format!("`{}`", is.split('.').map(shown).collect::<Vec<_>>().join("."))
        };
        let about = format!("documents, pages: {setting}");
        let means = "where a listing ends, and its total, would not be known";
        let correction = Correction::of_api(&["envelope"], setting, CorrectionValue::Text(is));
        self.differs(&about, format!("`{was}`"), came, means, Some(correction));
    }

    /// How pages are asked for: from which number, by which parameters, how large.
    pub(super) async fn pages(&mut self, sample: &Sample) -> Result<(), SpectoraError> {
        let records = sample.records();
        if records < u64::from(2 * SMALL_PAGE) {
            return Ok(());
        }
        self.page_parameters(sample).await?;
        self.first_number().await?;
        if u64::from(PAGE_ROWS_MAX) < records {
            let page = self.page(Endpoint::Inspections, 1, PAGE_ROWS_MAX, "").await?;
            let rows = u32::try_from(page.rows.len()).unwrap_or(PAGE_ROWS_MAX);
            if rows < self.found.paging.size_max && 0 < rows {
                self.found.paging.size_max = rows;
                let correction = Correction::of_api(&["paging"], "size_max", CorrectionValue::Number(rows));
                let means = "reading takes more calls than it is said to";
                self.differs(
                    "pages, size",
                    format!("a page has up to {PAGE_ROWS_MAX} rows"),
                    format!("at most {rows} came"),
                    means,
                    Some(correction),
                );
            } else {
                self.fine(format!("pages, size: up to {PAGE_ROWS_MAX} rows"));
            }
        }
        Ok(())
    }

    /// Whether the size asked for is heeded; if not, by which names it is.
    async fn page_parameters(&mut self, sample: &Sample) -> Result<(), SpectoraError> {
        let asked = self.page(Endpoint::Inspections, 1, SMALL_PAGE, "").await?;
        if asked.rows.len() == SMALL_PAGE as usize || sample.rows.len() <= SMALL_PAGE as usize {
            self.fine(format!("pages, parameters: `{}` and `{}`", self.found.paging.number, self.found.paging.size));
            return Ok(());
        }
        let before = self.found.paging.clone();
        for (number, size) in candidates::PAGE_PARAMETERS {
            self.found.paging = Paging { number: (*number).to_owned(), size: (*size).to_owned(), ..before.clone() };
            let Ok(page) = self.page(Endpoint::Inspections, 1, SMALL_PAGE, "").await else { continue };
            if page.rows.len() != SMALL_PAGE as usize {
                continue;
            }
            for (setting, was, is) in [("number", &before.number, *number), ("size", &before.size, *size)] {
                if was != is {
                    let correction = Correction::of_api(&["paging"], setting, CorrectionValue::Text(is.to_owned()));
                    let means = "only the first page would ever be read";
                    self.differs(
                        &format!("pages, parameters: {setting}"),
                        format!("`{was}`"),
                        format!("`{is}`"),
                        means,
                        Some(correction),
                    );
                }
            }
            return Ok(());
        }
        self.found.paging = before;
        let means = "only the first page would ever be read: ask Spectora's support how pages are asked for";
        self.differs(
            "pages, parameters",
            format!("`{}` and `{}`", self.found.paging.number, self.found.paging.size),
            "they change nothing",
            means,
            None,
        );
        Ok(())
    }

    /// Whether the first page is the one expected: a page before it must not show other rows.
    async fn first_number(&mut self) -> Result<(), SpectoraError> {
        let first = self.found.paging.first;
        let other = 1 - first.min(1);
        let here = self.page(Endpoint::Inspections, 1, SMALL_PAGE, "").await?.ids();
        let before = self.found.paging.clone();
        self.found.paging.first = other;
        let there = match self.page(Endpoint::Inspections, 1, SMALL_PAGE, "").await {
            Ok(page) => page.ids(),
            Err(error) if error.is_of_all() => return Err(error),
            Err(_) => Vec::new(),
        };
        // Counted from 0, the page of the other number is the one before; counted from 1, it is refused or the same one.
        let is_other =
            if first == 1 { !there.is_empty() && there != here } else { here.is_empty() && !there.is_empty() };
        if !is_other {
            self.found.paging = before;
            self.fine(format!("pages, numbers: from {first}, {SAMPLE_ROWS} rows were looked at"));
            return Ok(());
        }
        let correction = Correction::of_api(&["paging"], "first", CorrectionValue::Number(other));
        let means = "the first page is never read, so its records are missing from every answer";
        self.differs(
            "pages, numbers",
            format!("the first page is {first}"),
            format!("it is {other}"),
            means,
            Some(correction),
        );
        Ok(())
    }
}
