//! What filters, sort keys and includes do.

use serde_json::Value;

use super::{Correction, CorrectionValue, Look, NO_ID, SAMPLE_ROWS, candidates};
use crate::capabilities::FilterSupport;
use crate::error::{SpectoraError, SpectoraErrorKind};
use crate::query::{Endpoint, InspectionInclude, Spelled as _};

/// How a filter is tried: a value that must find nothing, or two that must not find the same.
#[derive(Clone, Copy)]
enum Try {
    Nothing(&'static str),
    Either,
}

/// The filters of inspections that this program sends, and what is lost without each.
const FILTERS: &[(&str, Try, &str)] = &[
    (
        "datetime_greater_than",
        Try::Nothing("2190-01-01T00:00:00Z"),
        "questions without a mirror, and reading what is to come, take many more calls",
    ),
    (
        "datetime_less_than",
        Try::Nothing("1900-01-01T00:00:00Z"),
        "questions without a mirror, and reading what is past, take many more calls",
    ),
    ("id", Try::Nothing(NO_ID), "what vanished is looked up one by one"),
    ("connection_id", Try::Nothing(NO_ID), "questions about an agent take more calls without a mirror"),
    ("inspector_id", Try::Nothing(NO_ID), "questions about an inspector take more calls without a mirror"),
    ("zip", Try::Nothing("00000"), "questions about a ZIP code take more calls without a mirror"),
    ("fulltext", Try::Nothing("zqxjkvbwpzqxjk"), "looking for words takes more calls without a mirror"),
    ("address", Try::Nothing("zqxjkvbwpzqxjk"), "looking for an address takes more calls without a mirror"),
    ("paid", Try::Either, "questions about payment take more calls without a mirror"),
    ("confirmed", Try::Either, "questions about confirmation take more calls without a mirror"),
    ("published", Try::Either, "questions about reports take more calls without a mirror"),
    ("canceled", Try::Either, "questions about cancellations take more calls without a mirror"),
];

/// What comes with inspections, and what is lost without it.
const INCLUDES: &[(InspectionInclude, &str)] = &[
    (InspectionInclude::BuyingAgent, "agents are known by the inspection's own words alone"),
    (InspectionInclude::SellingAgent, "agents are known by the inspection's own words alone"),
    (InspectionInclude::Assignments, "inspectors have no ids, and helpers are not known"),
    (InspectionInclude::Buyer, "clients' contact details are missing from inspections"),
];

impl Look<'_> {
    pub(super) async fn filters(&mut self) -> Result<(), SpectoraError> {
        let all = self.count("").await?;
        if all == 0 {
            return Ok(());
        }
        let mut work = Vec::new();
        for (name, how, means) in FILTERS {
            let Some(theirs) = self.found.filter(Endpoint::Inspections, name).map(str::to_owned) else { continue };
            let support = self.tried(&theirs, *how, all).await?;
            if matches!(support, FilterSupport::Honoured | FilterSupport::Unknown) {
                work.push(*name);
                continue;
            }
            let about = format!("inspections, filters: {name}");
            let expected = format!("`filter[{theirs}]` filters");
            let did = if support == FilterSupport::Refused { "it is refused" } else { "it does nothing" };
            let mut named = None;
            for candidate in candidates::filters(name) {
                if self.tried(candidate, *how, all).await? == FilterSupport::Honoured {
                    named = Some(*candidate);
                    break;
                }
            }
            let (came, value) = match named {
                Some(named) => (format!("{did}; `filter[{named}]` filters"), CorrectionValue::Text(named.to_owned())),
                None => (did.to_owned(), CorrectionValue::Flag(false)),
            };
            let correction = Correction::of_api(&["filters", Endpoint::Inspections.name()], name, value);
            let means = format!("{means}; no answer is wrong for it");
            self.differs(&about, expected, came, means, Some(correction));
        }
        self.fine(format!("inspections, filters that filter: {}", work.join(", ")));
        Ok(())
    }

    async fn tried(&self, name: &str, how: Try, all: u64) -> Result<FilterSupport, SpectoraError> {
        let counted = async |value: &str| match self.count(&format!("filter[{name}]={value}")).await {
            Ok(count) => Ok(Some(count)),
            Err(error) if matches!(error.kind, SpectoraErrorKind::RequestRefused { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        Ok(match how {
            Try::Nothing(value) => match counted(value).await? {
                None => FilterSupport::Refused,
                Some(0) => FilterSupport::Honoured,
                Some(count) if count < all => FilterSupport::Unknown,
                Some(_) => FilterSupport::Ignored,
            },
            Try::Either => match (counted("true").await?, counted("false").await?) {
                (None, _) | (_, None) => FilterSupport::Refused,
                (Some(yes), Some(no)) if yes != no => FilterSupport::Honoured,
                (Some(yes), Some(_)) if yes == all => FilterSupport::Ignored,
                _ => FilterSupport::Unknown,
            },
        })
    }

    async fn count(&self, filter: &str) -> Result<u64, SpectoraError> {
        Ok(self.page(Endpoint::Inspections, 1, 1, filter).await?.records())
    }

    /// Whether sorting by the beginning sorts.
    pub(super) async fn order(&mut self) -> Result<(), SpectoraError> {
        let about = "inspections, order";
        let attribute = self.found.attribute(Endpoint::Inspections, "datetime").to_owned();
        let mut is_sorted = true;
        for (sort, sign) in [("sort=-datetime", -1), ("sort=datetime", 1)] {
            let page = match self.page(Endpoint::Inspections, 1, SAMPLE_ROWS, sort).await {
                Ok(page) => page,
                Err(error) if error.is_of_all() => return Err(error),
                Err(_) => {
                    is_sorted = false;
                    break;
                }
            };
            let starts: Vec<i64> = page.attributes().filter_map(|row| instant(row.get(&attribute)?)).collect();
            is_sorted &= starts.iter().zip(starts.iter().skip(1)).all(|(one, next)| sign * one <= sign * next);
        }
        if is_sorted {
            self.fine(format!("{about}: `sort=datetime` sorts, both ways"));
        } else {
            let means =
                "the first reading does not begin with the latest inspections, so recent questions wait for all of it";
            self.differs(about, "`sort=datetime` sorts, both ways", "it does not", means, None);
        }
        Ok(())
    }

    /// Whether what should come with inspections does.
    pub(super) async fn includes(&mut self) -> Result<(), SpectoraError> {
        let mut work = Vec::new();
        for (include, means) in INCLUDES {
            let name = include.spelling();
            let about = format!("inspections, includes: {name}");
            let expected = format!("`include={name}` brings it");
            match self.page(Endpoint::Inspections, 1, SAMPLE_ROWS, &format!("include={name}")).await {
                Ok(page) => {
                    let linked = page.rows.iter().any(|row| {
                        let data = row.get("relationships").and_then(|all| all.get(name)?.get("data"));
                        data.is_some_and(|data| {
                            !data.is_null() && data.as_array().is_none_or(|links| !links.is_empty())
                        })
                    });
                    let came =
                        page.document.get("included").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
                    if linked && came {
                        work.push(name);
                    } else {
                        self.differs(&about, expected, "nothing comes with it", *means, None);
                    }
                }
                Err(error) if error.is_of_all() => return Err(error),
                Err(error) => self.differs(&about, expected, error.kind.without_words(), *means, None),
            }
        }
        self.fine(format!("inspections, includes that bring something: {}", work.join(", ")));
        Ok(())
    }
}

fn instant(value: &Value) -> Option<i64> {
    let of_text = || Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_second());
    value.as_i64().or_else(of_text)
}
