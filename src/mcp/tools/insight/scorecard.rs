//! `inspector_scorecard`.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{self, Answer, Row};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::{Days, Detail, ask_each, parse};
use super::{Only, combined, compared, inspector_name, money, rate_value, rounded, sees_canceled, word};
use crate::domain::{CompanyName, NamedPeriod};
use crate::insight::{Scorecard, ScorecardRow, scorecard};
use crate::mirror::Facts;
use crate::records::{RecordsError, summed};

/// Inspectors shown unless asked for more.
const SHOWN: usize = 8;
/// Add-ons and reasons shown with an inspector in full detail.
const TOP: usize = 3;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "inspector_scorecard",
            "Inspector scorecard",
            "Use this to compare inspectors or follow one: volume, hours, quoted revenue, add-on attach rate, cancellations, \
             repeat agents, time to publish, against the company's median and a period before.",
            super::narrowed_by(
                super::period_input(companies, "last_month").text("inspector", "Only this one: id or name."),
                &["agent", "agency", "service", "add_on", "zip", "city"],
            )
            .detail()
            .build(),
            schema::insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Debug, Deserialize)]
struct Wanted {
    company: Option<String>,
    #[serde(flatten)]
    days: Days,
    compare: Option<String>,
    #[serde(flatten)]
    only: Only,
    #[serde(default)]
    detail: Detail,
}

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Wanted = parse(arguments)?;
    let companies = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let mut range = None;
    let mut scopes = Vec::new();
    for company in &companies {
        let days = super::range_of(context, company, &wanted.days, NamedPeriod::LastMonth)?;
        range = range.or(Some(days));
        scopes.push((company.name.clone(), super::scope(days), compared(days, wanted.compare.as_deref())));
    }
    let (answers, basis) = ask_each(&companies, |company| {
        let scope = scopes.iter().find(|(name, ..)| *name == company.name).cloned();
        // One inspector is shown beside the whole company; everything else narrows what is counted.
        let given = wanted.only.inspector.clone();
        let only = Only { inspector: None, ..wanted.only.clone() }.wanted();
        async move {
            let Some((_, scope, before)) = scope else { return Err(RecordsError::NoMirror) };
            // A year back for repeat agents, and as far as the comparison reaches.
            let (facts, mut basis) = company.records.facts_of(&only, crate::records::Need::All).await?;
            let only = match given {
                None => None,
                Some(given) => {
                    let (found, note) = company.records.inspector_number(&given, &facts)?;
                    basis.notes.extend(note);
                    Some(found)
                }
            };
            let sums = move |facts: &Facts| scorecard(facts, &scope, before.as_ref(), now.as_millisecond());
            let card = summed(&facts, sums).await;
            Ok(((facts, card, only, sees_canceled(&basis)), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    let mut sums = Vec::new();
    for (company, (facts, card, only, sees)) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        let shown = Shown { facts, sees: *sees, detail: wanted.detail };
        part.put("whole_company", Some(Value::Object(shown.row(&card.company, None))));
        part.put("median_inspector", Some(medians(card, *sees)));
        let rows = card.rows.iter().filter(|row| only.is_none_or(|only| row.inspector == Some(only)));
        let rows: Vec<&ScorecardRow> = rows.collect();
        let name = |row: &ScorecardRow| Some(inspector_name(facts, row.inspector));
        let listed: Vec<Value> = rows.iter().take(SHOWN).map(|row| Value::Object(shown.row(row, name(row)))).collect();
        part.put("inspectors", Some(listed));
        if SHOWN < rows.len() {
            part.put("not_shown", Some(rows.len() - SHOWN));
        }
        parts.push(Value::Object(part.0));
        sums.push((card.company.volume, card.company.hours, card.company.revenue));
    }
    let period = range.map(|range| super::shown_period(context, &companies, range));
    let period = period.as_ref().map(|(range, zone)| (*range, zone.as_str()));
    let basis = basis.map(|basis| answer::basis(&basis, period)).unwrap_or_default();
    Ok(Answer::insight(parts, combined(&sums), basis))
}

fn medians(card: &Scorecard, sees_canceled: bool) -> Value {
    let mut row = Row::default();
    row.put("volume", card.median_volume)
        .put("attach_rate", card.median_attach.map(rounded))
        .put("cancellation_rate", card.median_cancellation.filter(|_| sees_canceled).map(rounded));
    Value::Object(row.0)
}

/// How rows are shown.
struct Shown<'a> {
    facts: &'a Facts,
    sees: bool,
    detail: Detail,
}

impl Shown<'_> {
    fn row(&self, one: &ScorecardRow, name: Option<String>) -> Map<String, Value> {
        let mut row = Row::default();
        row.put("inspector", name)
            .put("volume", Some(one.volume))
            .put("volume_before", one.volume_before)
            .put("hours", Some(rounded(one.hours)))
            .put("quoted_revenue", Some(money(one.revenue)))
            .put("attach", one.attach.as_ref().map(rate_value))
            .put("cancellation", one.cancellation.as_ref().filter(|_| self.sees).map(rate_value));
        if self.detail == Detail::Full {
            let quoted = one.volume - one.without_quote;
            let each = |total: i64, count: f64| (count > 0.0).then(|| rounded(total as f64 / 10_000.0 / count));
            row.put("booked", Some(one.booked))
                .put("assists", Some(one.assists))
                .put("revenue_per_inspection", each(one.revenue, quoted as f64))
                .put("revenue_per_hour", each(one.revenue, one.hours))
                .put("without_quote", Some(one.without_quote))
                .put("repeat_agents", one.repeat_agents.as_ref().map(rate_value))
                .put("hours_to_publish", one.hours_to_publish.map(rounded))
                .put("per_working_day", one.per_working_day.map(rounded))
                .put("weekend", one.weekend.as_ref().map(rate_value))
                .list("add_ons", self.top(&one.add_ons))
                .list("cancel_reasons", self.reasons(one));
        }
        row.0
    }

    fn top(&self, counts: &[(i64, u64)]) -> Vec<String> {
        counts.iter().take(TOP).map(|(name, count)| format!("{} {count}", word(self.facts, *name))).collect()
    }

    fn reasons(&self, one: &ScorecardRow) -> Vec<String> {
        let reasons = one.reasons.iter().take(TOP);
        let name =
            |reason: &Option<i64>| reason.map_or_else(|| "no reason given".to_owned(), |one| word(self.facts, one));
        reasons.map(|(reason, count)| format!("{} {count}", name(reason))).collect()
    }
}
