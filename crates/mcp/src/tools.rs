//! The table of tools, and what they share.

mod agents;
mod clients;
mod companies;
pub(super) mod insight;
mod inspections;
mod mirror;
mod people;
pub(super) mod search;

use futures_util::future::join_all;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::schema::LIMIT_DEFAULT;
use super::{Context, ServedCompany, Tool, ToolFailure};
use domain::{CompanyName, DateRange, NamedPeriod, WeekStart, excerpt};
use records::{Basis, RecordsError};

/// Every tool, for these companies.
pub(super) fn all(companies: &[CompanyName]) -> Vec<Tool> {
    let mut tools = companies::tools();
    tools.extend(agents::tools(companies));
    tools.extend(clients::tools(companies));
    tools.extend(inspections::tools(companies));
    tools.extend(insight::tools(companies));
    tools.extend(mirror::tools(companies));
    tools.extend(search::tools());
    tools
}

/// Settled arguments as the tool's own type. What fails here is a schema that promises what its type does not take.
fn parse<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, ToolFailure> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| ToolFailure::new(format!("the arguments do not fit: {error}"), "see the tool's schema"))
}

fn limit(limit: Option<u32>) -> usize {
    limit.unwrap_or(LIMIT_DEFAULT) as usize
}

/// A date alone, as YYYY-MM-DD. One with an hour and an offset is an instant, which may be another day where the company
/// is, so it is none.
fn civil_day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

/// Which days are meant; `None` when no period was given.
fn period(
    from: Option<&str>,
    to: Option<&str>,
    named: Option<&str>,
    today: Date,
    week_starts: WeekStart,
) -> Result<Option<DateRange>, ToolFailure> {
    let next = "give `from` and `to` as YYYY-MM-DD, both inclusive, or `period` by name";
    let date = |name: &str, text: &str| {
        civil_day(text).ok_or_else(|| ToolFailure::new(format!("`{name}` is not a date"), next))
    };
    if let Some(named) = named {
        if from.is_some() || to.is_some() {
            return Err(ToolFailure::new("both `period` and `from`/`to` were given", "give one of them"));
        }
        let names = NamedPeriod::ALL.iter().map(|period| period.name());
        return match NamedPeriod::by_name(&named.to_lowercase()) {
            Some(period) => Ok(Some(period.resolve(today, week_starts))),
            None => Err(ToolFailure::new(
                format!("there is no period `{}`", excerpt(named, GIVEN_CHARS_MAX)),
                match super::arguments::nearest(named, names.clone()) {
                    Some(near) => format!("did you mean `{near}`? Valid: {}", names.collect::<Vec<_>>().join(", ")),
                    None => format!("valid: {}", names.collect::<Vec<_>>().join(", ")),
                },
            )),
        };
    }
    let from = from.map(|text| date("from", text)).transpose()?;
    let to = to.map(|text| date("to", text)).transpose()?;
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    // An open end is the edge of the calendar that every instant can still be told in.
    let range = DateRange::new(from.unwrap_or(EARLIEST), to.unwrap_or(LATEST));
    range.map(Some).map_err(|error| ToolFailure::new(error.to_string(), next))
}

const EARLIEST: Date = jiff::civil::date(1970, 1, 1);
const LATEST: Date = jiff::civil::date(2199, 12, 31);

/// A period as it is given.
#[derive(Debug, Default, Deserialize)]
struct Days {
    from: Option<String>,
    to: Option<String>,
    period: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Detail {
    #[default]
    Concise,
    Full,
}

/// How much of what was given an error repeats, in characters.
const GIVEN_CHARS_MAX: usize = 80;

/// How the part of an answer that a whole company lacks begins.
pub(super) const ALL_OF: &str = "all of ";

/// Whether a basis as shown lacks a whole company: then nothing over all companies is certain.
pub(super) fn lacks_a_company(basis: &Value) -> bool {
    let missing = basis.get("missing").and_then(Value::as_array).into_iter().flatten();
    missing.filter_map(Value::as_str).any(|part| part.starts_with(ALL_OF))
}

/// A candidate and where they are.
fn in_company(name: &str, company: &ServedCompany) -> String {
    format!("{name} in {}", company.name)
}

/// Several fit a name in one company at least: nobody is guessed, whatever the other companies know. `others` are those
/// who fit elsewhere.
fn ambiguous(failures: &[(&ServedCompany, RecordsError)], others: &[(&ServedCompany, String)]) -> ToolFailure {
    let mut what = String::new();
    let mut listed = Vec::new();
    for (company, error) in failures {
        if let RecordsError::AmbiguousName { candidates, .. } = error {
            if what.is_empty() {
                what = error.to_string();
            }
            let is_alone = failures.len() + others.len() == 1;
            listed.extend(candidates.iter().map(|one| if is_alone { one.clone() } else { in_company(one, company) }));
        }
    }
    listed.extend(others.iter().map(|(company, name)| in_company(name, company)));
    ToolFailure::new(what, format!("give the id of the one you mean: {}", listed.join("; ")))
}

/// Asks every chosen company at once. One that fails is named as missing; when all fail, or several fit a name, that is
/// the answer.
async fn ask_each<'a, T, F>(
    companies: &[&'a ServedCompany],
    ask: impl Fn(&'a ServedCompany) -> F,
) -> Result<(Vec<(&'a ServedCompany, T)>, Option<Basis>), ToolFailure>
where
    F: Future<Output = Result<(T, Basis), RecordsError>>,
{
    let asked = join_all(companies.iter().map(|company| async { (*company, ask(company).await) })).await;
    let mut answers = Vec::new();
    let mut merged: Option<Basis> = None;
    let mut failures = Vec::new();
    for (company, answer) in asked {
        match answer {
            Ok((value, basis)) => {
                answers.push((company, value));
                match &mut merged {
                    Some(merged) => merged.absorb(basis),
                    None => merged = Some(basis),
                }
            }
            Err(error) => failures.push((company, error)),
        }
    }
    if failures.iter().any(|(_, error)| matches!(error, RecordsError::AmbiguousName { .. })) {
        return Err(ambiguous(&failures, &[]));
    }
    if answers.is_empty() {
        return match failures.into_iter().next() {
            Some((_, error)) => Err(error.into()),
            None => Ok((answers, None)),
        };
    }
    if let Some(merged) = &mut merged {
        for (company, error) in &failures {
            match error {
                // A name that only another company knows leaves nothing out.
                RecordsError::UnknownName { .. } | RecordsError::UnknownId { .. } => {
                    merged.notes.push(format!("{}: {error}", company.name));
                }
                _ => merged.missing.push(format!("{ALL_OF}{}: {error}", company.name)),
            }
        }
    }
    Ok((answers, merged))
}

/// Asks every chosen company for one record. Where one has it, a company that could not be asked is named in the basis;
/// where none has it, that failure is the answer, and where a name fits several people, that is.
async fn find_one<'a, T, F>(
    context: &Context,
    companies: &[&'a ServedCompany],
    what: &str,
    id: &str,
    ask: impl Fn(&'a ServedCompany) -> F,
) -> Result<(&'a ServedCompany, T, Basis), ToolFailure>
where
    F: Future<Output = Result<Option<(T, Basis)>, RecordsError>>,
{
    let id = excerpt(id, GIVEN_CHARS_MAX);
    let asked = join_all(companies.iter().map(|company| async { (*company, ask(company).await) })).await;
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for (company, answer) in asked {
        match answer {
            Ok(Some((value, basis))) => found.push((company, value, basis)),
            Ok(None) => {}
            Err(error) => failures.push((company, error)),
        }
    }
    if failures.iter().any(|(_, error)| matches!(error, RecordsError::AmbiguousName { .. })) {
        return Err(ambiguous(&failures, &[]));
    }
    if 1 < found.len() {
        let names: Vec<String> = found.iter().map(|(company, ..)| company.name.to_string()).collect();
        return Err(ToolFailure::new(
            format!("more than one company has the {what} {id}"),
            format!("give `company`: {}", names.join(" or ")),
        ));
    }
    let is_unknown =
        |error: &RecordsError| matches!(error, RecordsError::UnknownName { .. } | RecordsError::UnknownId { .. });
    match (found.pop(), failures.pop()) {
        (Some((company, value, mut basis)), last) => {
            for (other, error) in failures.iter().chain(&last).filter(|(_, error)| !is_unknown(error)) {
                basis.notes.push(format!("{} could not be asked: {error}", other.name));
            }
            Ok((company, value, basis))
        }
        (None, Some((_, error))) => Err(error.into()),
        (None, None) => {
            let names: Vec<String> = companies.iter().map(|company| company.name.to_string()).collect();
            let place = if context.companies.len() == 1 { String::new() } else { format!(" in {}", names.join(", ")) };
            Err(ToolFailure::new(
                format!("there is no {what} {id}{place}"),
                "check the id; list tools give ids, and canceled or deleted records may be out of reach",
            ))
        }
    }
}
