//! `inspector_scorecard`.

use std::sync::Arc;

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema};
use super::super::{Days, Detail, ask_each, parse};
use super::{
    Only, PREVIOUS, Page, Periods, combined, inspector_name, money, needed, put_page, rate_value, rounded,
    sees_canceled, word,
};
use domain::{CompanyName, FactTable, NamedPeriod, WordNumber, date_of};
use insight::{REPEAT_DAYS, Scorecard, ScorecardRow, scorecard};
use records::{NarrowingWanted, RecordsError, summed};

/// Inspectors on a page unless asked otherwise: nearly every company's all.
const SHOWN: usize = 50;
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
            .paged_rows("Inspectors", "all")
            .build(),
            schema::paged_insight(),
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
    limit: Option<usize>,
    cursor: Option<String>,
}

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = context.mark("inspector_scorecard", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let page = Page::of(mark, wanted.cursor.as_deref(), wanted.limit.unwrap_or(SHOWN))?;
    let chosen = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let people = wanted.only.people(&chosen).await?;
    let companies = people.companies();
    let compare = wanted.compare.as_deref().or(Some(PREVIOUS));
    let periods = Periods::of(context, &companies, &wanted.days, NamedPeriod::LastMonth, compare)?;
    let (answers, basis) = ask_each(&companies, |company| {
        let scopes = periods.scopes(company);
        // One inspector is shown beside the whole company; everything else narrows what is counted.
        let inspector = wanted.only.inspector_in(&people, company);
        let only = NarrowingWanted { inspector: None, ..wanted.only.wanted(&people, company) };
        async move {
            let Some((scope, before)) = scopes else { return Err(RecordsError::NoMirror) };
            let need = needed(&scope, before.as_ref(), 0);
            let (facts, mut basis) = company.records.facts_of(&only, need).await?;
            let compares = before.is_some();
            let sums = move |facts: &FactTable| scorecard(facts, &scope, before.as_ref(), now.as_millisecond());
            let mut card = summed(&facts, sums).await;
            // Who repeats is told by the year before, which a first reading may not have come to.
            if let Some(since) = facts.since.filter(|since| scope.from - REPEAT_DAYS < *since) {
                card.rows.iter_mut().chain([&mut card.company]).for_each(|row| row.repeat_agents = None);
                basis
                    .notes
                    .push(format!("repeat agents are not known yet: jobs before {} are still read", date_of(since)));
            }
            if let Some(inspector) = inspector {
                let number = facts.inspector_by_key(inspector.known_number()?);
                card.rows.retain(|row| number.is_some() && row.inspector == number);
                // Who was asked for has a row, whatever there is to count.
                if card.rows.is_empty() {
                    card.rows.push(ScorecardRow::nothing(number, compares));
                }
            }
            Ok(((facts, card, sees_canceled(&basis)), basis))
        }
    })
    .await?;
    let sums: Vec<_> = answers
        .iter()
        .map(|(_, (_, card, _))| (card.company.volume, Some(card.company.hours), card.company.revenue))
        .collect();
    let rows = answers.iter().map(|(_, (_, card, _))| card.rows.len()).max().unwrap_or(0);
    let basis = periods.basis(people.say(basis).as_ref(), answers.iter().map(|(company, _)| *company));
    Ok(page.answer(rows, combined(&sums), basis, |place| {
        let part = |(company, (facts, card, sees)): &(&ServedCompany, (Arc<FactTable>, Scorecard, bool))| {
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()));
            let shown = Shown { facts, sees: *sees, detail: wanted.detail };
            part.put("whole_company", Some(Value::Object(shown.row(&card.company, None))));
            part.put("median_inspector", Some(medians(card, *sees)));
            let show = |row: &ScorecardRow| shown.row(row, Some(inspector_name(facts, row.inspector)));
            let after = put_page(&mut part, "inspectors", &card.rows, &place, show);
            let volume = after.iter().map(|row| row.volume).sum::<u64>();
            part.put("volume_not_shown", (!after.is_empty()).then_some(volume));
            Value::Object(part.0)
        };
        answers.iter().map(part).collect()
    }))
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
    facts: &'a FactTable,
    sees: bool,
    detail: Detail,
}

impl Shown<'_> {
    fn row(&self, one: &ScorecardRow, name: Option<String>) -> Map<String, Value> {
        let mut row = Row::default();
        let id = one.inspector.and_then(|one| self.facts.inspector(one)?.id.clone());
        let assists = (one.assists != 0 || self.detail == Detail::Full).then_some(one.assists);
        row.put("inspector", name)
            .put("id", id)
            .put("volume", Some(one.volume))
            .put("volume_before", one.volume_before)
            .put("assists", assists)
            .put("hours", Some(rounded(one.hours)))
            .put("quoted_revenue", Some(money(one.revenue)))
            .put("attach", one.attach.as_ref().map(rate_value))
            .put("cancellation", one.cancellation.as_ref().filter(|_| self.sees).map(rate_value));
        if self.detail == Detail::Full {
            let quoted = one.volume - one.without_quote;
            let each = |total: i128, count: f64| (count > 0.0).then(|| rounded(total as f64 / 10_000.0 / count));
            row.put("booked", Some(one.booked))
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

    fn top(&self, counts: &[(WordNumber, u64)]) -> Vec<String> {
        counts.iter().take(TOP).map(|(name, count)| format!("{} {count}", word(self.facts, *name))).collect()
    }

    fn reasons(&self, one: &ScorecardRow) -> Vec<String> {
        let reasons = one.reasons.iter().take(TOP);
        let name = |reason: &Option<WordNumber>| {
            reason.map_or_else(|| "no reason given".to_owned(), |one| word(self.facts, one))
        };
        reasons.map(|(reason, count)| format!("{} {count}", name(reason))).collect()
    }
}
