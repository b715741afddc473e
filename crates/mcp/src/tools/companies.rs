//! Which companies there are.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, Row, Rows};
use super::super::{Tool, basis, declare, mark, mirror_gap_words, schema, zone_name};
use answers::Companies;
use records::{Basis, Kind, MirrorStatus};

pub(super) fn tools() -> Vec<Tool> {
    let row = schema::record(
        &["company", "display_name", "timezone", "today", "mirror", "mirror_as_of"],
        &["company", "timezone"],
    );
    vec![Tool {
        declaration: declare(
            "list_companies",
            "List companies",
            "Use this to see which inspection companies can be asked about, their time zones, the date there, how fresh and \
             complete the local mirror is, and the API calls of this month. Costs no API call.",
            schema::input::<ListCompanies>(&[]),
            schema::list_of(&row),
            false,
        ),
        run: |companies, _| list(companies).boxed(),
    }]
}

/// It takes no arguments.
#[derive(JsonSchema)]
struct ListCompanies {}

async fn list(companies: &Companies) -> Result<Answer, super::super::ToolFailure> {
    let now = companies.now();
    let mut rows: Vec<(usize, Map<String, Value>)> = Vec::new();
    let mut notes = Vec::new();
    let asked = companies.all.iter().map(|company| async move { (company, company.records.status().await) });
    for (index, (company, status)) in join_all(asked).await.into_iter().enumerate() {
        let mut row = Row::default();
        row.put("company", Some(company.name.to_string()))
            .put("display_name", company.display_name.clone())
            .put("timezone", Some(zone_name(company.records.timezone())))
            .put("today", Some(company.records.timezone().to_datetime(now).date().to_string()))
            .put("api_calls_since_start", Some(company.records.calls_sent()));
        match status {
            Ok(Some(status)) => {
                let counts = company.records.shows_totals();
                add_status(&mut row, &mut notes, company.name.as_str(), &status, counts);
            }
            Ok(None) => drop(row.put("mirror", Some("off"))),
            // A mirror that cannot be used, or the key of another company: nothing of this one is shown.
            Err(problem) => drop(row.put("mirror", Some(problem.for_note()))),
        }
        rows.push((index, row.0));
    }
    let mut basis = basis::shown(&Basis::computed_at(now));
    basis.source("configuration");
    for note in companies.notice().map(str::to_owned).into_iter().chain(notes) {
        basis.note(note);
    }
    let total = Some(rows.len() as u64);
    let mark = mark(companies, "list_companies", &Map::new());
    Ok(Answer::list(Rows { rows, total, more: false, resume: None }, &mark, basis))
}

/// How far the mirror is, and what the month has cost; with `counts`, how much is in it.
fn add_status(row: &mut Row, notes: &mut Vec<String>, company: &str, status: &MirrorStatus, counts: bool) {
    let gaps = status
        .kinds
        .iter()
        .flat_map(|(kind, coverage, _)| coverage.gaps().into_iter().map(|gap| mirror_gap_words(*kind, gap)));
    let gaps: Vec<String> = gaps.collect();
    let started = status.kinds.iter().all(|(_, coverage, _)| coverage.full_at.is_some());
    let stands = match (started, gaps.is_empty()) {
        (false, _) => "first reading not finished",
        (true, true) => "complete",
        (true, false) => "incomplete",
    };
    if started {
        notes.extend(gaps.iter().map(|gap| format!("{company}: {gap}")));
    }
    let fresh_at = status.inspections().and_then(|coverage| coverage.fresh_at.max(coverage.window_at));
    row.put("mirror", Some(stands))
        .put("mirror_as_of", fresh_at.map(answer::seconds))
        .put("mirror_mb", counts.then_some(status.bytes / 1_000_000));
    for (kind, _, count) in status.kinds.iter().filter(|_| counts) {
        row.put(&kind.name().replace(' ', "_"), Some(*count));
    }
    row.put("api_calls_this_month", Some(status.month.total)).put("monthly_budget", status.month.budget);
    if status.month.is_low() {
        notes.push(format!("{company}: more than 80 % of this month's API calls are used"));
    }
    if let Some(problem) = &status.count_problem {
        notes.push(format!("{company}: {problem}"));
    }
    for (kind, trouble) in &status.troubles {
        let what = kind.map_or("the last sync", Kind::name);
        notes.push(format!("{company}: {what} failed ({}); it is tried again by itself", trouble.reason));
    }
}
