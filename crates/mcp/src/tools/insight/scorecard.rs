//! `inspector_scorecard`.

use std::cmp::Reverse;

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema};
use super::super::{Detail, LIMIT_MAX, Limit, limit_or, parse};
use super::{Page, combined, first_rates, inspector_name, money, put_page, rate_value, rounded, share_value, word};
use answers::{Asked, Companies, Company, Only, ScorecardPart};
use domain::{CompanyName, FactTable, FieldAccess, WordNumber, fold};
use insight::{Rate, Scorecard, ScorecardRow};
use records::{Hidden, RecordsError};

/// Add-ons and reasons shown with an inspector in full detail.
const TOP: usize = 3;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "inspector_scorecard",
            "Inspector scorecard",
            "Use this to compare inspectors or follow one: volume, hours, quoted revenue, add-on attach rate, cancellations, \
             repeat agents, time to publish, against the company's median and a period before.",
            super::input::<Wanted>(companies, "last_month").describe("inspector", "Only this one: id or name."),
            schema::paged_insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

/// What inspectors are ordered by, the most first; names from A to Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Volume,
    QuotedRevenue,
    Attach,
    Cancellation,
    Name,
}

impl Sort {
    /// The rows in this order; equals stay in that of their volume, and who has no such number comes last.
    fn sorted<'a>(self, card: &'a Scorecard, facts: &FactTable) -> Vec<&'a ScorecardRow> {
        let mut rows: Vec<&ScorecardRow> = card.rows.iter().collect();
        let share = |rate: &Option<Rate>| rate.map_or(-1.0, |rate| rate.rate);
        match self {
            Self::Volume => {}
            Self::QuotedRevenue => rows.sort_by_key(|row| Reverse(row.revenue)),
            Self::Attach => rows.sort_by(|left, right| share(&right.attach).total_cmp(&share(&left.attach))),
            Self::Cancellation => {
                rows.sort_by(|left, right| share(&right.cancellation).total_cmp(&share(&left.cancellation)));
            }
            Self::Name => rows.sort_by_cached_key(|row| {
                (row.inspector.is_none(), row.inspector.map(|_| fold(&inspector_name(facts, row.inspector))))
            }),
        }
        rows
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Wanted {
    #[serde(flatten)]
    asked: Asked,
    #[serde(flatten)]
    only: Only,
    #[serde(default)]
    detail: Detail,
    #[serde(default)]
    #[schemars(description = "Default volume.")]
    sort: Sort,
    /// Inspectors, default all.
    limit: Option<Limit>,
    cursor: Option<String>,
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "inspector_scorecard", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let page = Page::of(mark, wanted.cursor.as_deref(), limit_or(wanted.limit, LIMIT_MAX))?;
    if wanted.sort == Sort::QuotedRevenue && !companies.fields().shows_money() {
        return Err(RecordsError::NotShown { what: Hidden::Money, leave_out: Some("sort") }.into());
    }
    let answered = companies.scorecard(&wanted.asked, &wanted.only).await?;
    let of_company = |part: &ScorecardPart| {
        let company = if part.is_own { part.card.rows.first()? } else { &part.card.company };
        Some((company.volume, Some(company.hours), part.facts.shows_money().then_some(company.revenue)))
    };
    let sums: Vec<_> = answered.parts.iter().filter_map(|(_, part)| of_company(part)).collect();
    let rows = answered.parts.iter().map(|(_, part)| part.card.rows.len()).max().unwrap_or(0);
    Ok(page.answer(rows, combined(&sums), basis::shown(&answered.basis), |place| {
        let part = |(company, one): &(&Company, ScorecardPart)| {
            let ScorecardPart { facts, card, sees_canceled, is_own } = one;
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()));
            let shown = Shown { facts, sees: *sees_canceled, detail: wanted.detail };
            if !is_own {
                part.put("whole_company", Some(Value::Object(shown.row(&card.company, None))));
                part.put("median_inspector", Some(medians(card, *sees_canceled)));
            }
            let show = |row: &&ScorecardRow| shown.row(row, Some(inspector_name(facts, row.inspector)));
            let rows = wanted.sort.sorted(card, facts);
            let after = put_page(&mut part, "inspectors", &rows, &place, show);
            let volume = after.iter().map(|row| row.volume).sum::<u64>();
            part.put("volume_not_shown", (!after.is_empty()).then_some(volume));
            Value::Object(part.0)
        };
        answered.parts.iter().map(part).collect()
    }))
}

fn medians(card: &Scorecard, sees_canceled: bool) -> Value {
    let mut row = Row::default();
    row.put("volume", card.median_volume.map(|(median, _)| median))
        .put("inspectors", card.median_volume.map(|(_, inspectors)| inspectors))
        .put("attach", card.median_attach.map(share_value))
        .put("cancellation", card.median_cancellation.filter(|_| sees_canceled).map(share_value));
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
            .put("quoted_revenue", money(self.facts, one.revenue))
            .put("attach", one.attach.as_ref().map(rate_value))
            .put("cancellation", one.cancellation.as_ref().filter(|_| self.sees).map(rate_value));
        if self.detail == Detail::Full {
            let quoted = one.volume - one.without_quote;
            let shows_money = self.facts.shows_money();
            let each = |total: i128, count: f64| {
                (shows_money && count > 0.0).then(|| rounded(total as f64 / 10_000.0 / count))
            };
            row.put("booked", Some(one.booked))
                .put("revenue_per_inspection", each(one.revenue, quoted as f64))
                .put("revenue_per_hour", each(one.revenue, one.hours))
                .put("without_quote", shows_money.then_some(one.without_quote))
                .put("repeat_agents", one.repeat_agents.as_ref().map(rate_value))
                .put("hours_to_publish", one.hours_to_publish.map(rounded))
                .put("days_worked", Some(one.days_worked))
                .put("per_working_day", one.per_working_day.map(rounded))
                .put("weekend", one.weekend.as_ref().map(rate_value))
                .put("add_ons", self.top(one))
                .put("cancel_reasons", self.reasons(one));
        }
        row.0
    }

    /// The add-ons sold most, of the performed inspections.
    fn top(&self, one: &ScorecardRow) -> Option<Vec<Value>> {
        let counts = one.add_ons.iter().map(|(name, count)| (word(self.facts, *name), *count));
        first_rates(counts, one.volume, TOP)
    }

    /// The most frequent reasons, of the canceled inspections.
    fn reasons(&self, one: &ScorecardRow) -> Option<Vec<Value>> {
        // What may not be seen is not said to be missing.
        let shows = self.facts.fields().notes == FieldAccess::Full;
        let reasons = one.reasons.iter().filter(|_| shows);
        let name = |reason: &Option<WordNumber>| {
            reason.map_or_else(|| "no reason given".to_owned(), |one| word(self.facts, one))
        };
        let canceled = one.reasons.iter().map(|(_, count)| count).sum();
        first_rates(reasons.map(|(reason, count)| (name(reason), *count)), canceled, TOP)
    }
}
