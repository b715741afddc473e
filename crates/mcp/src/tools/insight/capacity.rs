//! `capacity_plan`.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema};
use super::super::{LIMIT_MAX, Limit, limit_or, parse};
use super::{Page, chance_value, inspector_name, put_page, rounded, share_value};
use answers::{CapacityPart, Companies, Company, Only};
use domain::{CompanyName, FactTable, date_of};
use insight::{AHEAD_MAX, CapacityPlan, InspectorWeeks, Model, WEEKS_SEASON};

/// A smaller chance of an idle week is not shown.
const CHANCE_SHOWN: f64 = 0.05;
/// Weeks ahead unless asked otherwise.
const AHEAD: usize = 6;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "capacity_plan",
            "Capacity plan",
            "Use this to plan weeks ahead: a forecast of inspections and hours with 80 and 95 % ranges, what is booked, \
             a busy week so far, weeks likely to be short or idle, how full each inspector is. For one inspector too.",
            schema::input::<Wanted>(companies),
            schema::paged_insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    company: Option<Vec<String>>,
    /// Weeks ahead, default 6.
    #[schemars(range(min = 1, max = AHEAD_MAX))]
    weeks: Option<usize>,
    /// Only this one: id or name.
    inspector: Option<String>,
    service: Option<String>,
    city: Option<String>,
    /// Inspectors, default all.
    limit: Option<Limit>,
    cursor: Option<String>,
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "capacity_plan", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let page = Page::of(mark, wanted.cursor.as_deref(), limit_or(wanted.limit, LIMIT_MAX))?;
    let only = Only { inspector: wanted.inspector, service: wanted.service, city: wanted.city, ..Only::default() };
    let ahead = wanted.weeks.unwrap_or(AHEAD);
    let answered = companies.capacity(wanted.company.as_deref(), &only, ahead).await?;
    let mut basis = basis::shown(&answered.basis);
    let mut together: BTreeMap<i64, (usize, u64, f64)> = BTreeMap::new();
    let mut rows = 0;
    for (company, CapacityPart { plan, inspectors, .. }) in &answered.parts {
        for week in plan.iter().flat_map(|plan| &plan.weeks) {
            let sum = together.entry(week.begins).or_default();
            sum.0 += 1;
            sum.1 += week.booked;
            sum.2 += week.forecast;
        }
        rows = rows.max(inspectors.as_ref().map_or(0, |inspectors| inspectors.len()));
        basis.note(format!("{}: weeks begin on {}", company.name, company.records.week_starts().name()));
        for note in plan.iter().flat_map(notes_of) {
            basis.note(format!("{}: {note}", company.name));
        }
    }
    if answered.parts.iter().any(|(_, part)| part.plan.is_some()) {
        basis.note(TRIED);
    }
    basis.note("the current week is in no forecast; canceled inspections are not counted");
    basis.note(
        "utilization: hours a week of an inspector's last 4 weeks with work, of the busiest tenth of such 4 weeks in the \
         past year; one whose work never changes is at about 0.8 to 0.87; not given below about 4 jobs a week",
    );
    let companies = answered.parts.len();
    // A sum that lacks a company's forecast would look like one that has it; weeks can begin on different days.
    together.retain(|_, (have_it, ..)| *have_it == companies);
    let combined = (1 < companies && !together.is_empty()).then(|| {
        let weeks = together.into_iter().map(|(begins, (_, booked, forecast))| {
            json!({"week_of": date_of(begins).to_string(), "booked": booked, "forecast": rounded(forecast)})
        });
        json!({"weeks": weeks.collect::<Vec<_>>()})
    });
    Ok(page.answer(rows, combined, basis, |place| {
        let part = |(company, CapacityPart { facts, plan, inspectors }): &(&Company, CapacityPart)| {
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()));
            match plan {
                Some(plan) => fill(&mut part, plan),
                None => drop(part.put("forecast", Some("none"))),
            }
            if let Some(inspectors) = inspectors {
                let after = put_page(&mut part, "inspectors", inspectors, &place, |one: &InspectorWeeks| {
                    of_inspector(facts, one)
                });
                let booked: u64 = after.iter().flat_map(|one| one.booked).sum();
                part.put("booked_not_shown", (!after.is_empty()).then_some(booked));
            }
            Value::Object(part.0)
        };
        answered.parts.iter().map(part).collect()
    }))
}

/// On what ranges, chances and flags were tried, and how often they are wrong.
const TRIED: &str = "short: more likely than not above busy_week; idle: below six tenths of median_week. Tried on 7,400 \
                     made-up companies: 8 to 9 of 10 weeks fell in range_80, about 19 of 20 in range_95, with 12 weeks \
                     of history too; of chances of 0.2 to 0.4 about a quarter came true";

/// What is to be known of one company's plan.
fn notes_of(plan: &CapacityPlan) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(change) = plan.changed {
        let (date, times) = (date_of(change.begins), rounded(change.times));
        notes.push(format!(
            "the level of work changed around {date}, beyond season and chance, to {times} times what it was; the forecast \
             goes by the level since"
        ));
    }
    if plan.history < WEEKS_SEASON {
        notes.push(format!(
            "{} weeks of history: the season is not known before {WEEKS_SEASON}, and the ranges leave room for it",
            plan.history
        ));
    }
    notes
}

/// What is booked stands for each of the coming weeks.
fn of_inspector(facts: &FactTable, one: &InspectorWeeks) -> Map<String, Value> {
    let mut row = Row::default();
    let id = one.inspector.and_then(|one| facts.inspector(one)?.id.clone());
    row.put("inspector", Some(inspector_name(facts, one.inspector)))
        .put("id", id)
        .put("usual_week", Some(rounded(one.usual)))
        .put("hours_a_week", one.fullness.map(|full| rounded(full.recent_hours)))
        .put("busy_hours_a_week", one.fullness.map(|full| rounded(full.busy_hours)))
        .put("utilization", one.fullness.map(|full| share_value(full.utilization())));
    let names = [("booked_next_week", "hours_next_week"), ("booked_week_after", "hours_week_after")];
    for ((booked, hours), week) in names.into_iter().zip(one.booked.iter().zip(one.booked_hours)) {
        row.put(booked, Some(*week.0)).put(hours, Some(rounded(week.1)));
    }
    row.0
}

fn fill(part: &mut Row, plan: &CapacityPlan) {
    let models: Vec<&str> = plan.models.iter().copied().map(Model::name).collect();
    part.put("model", Some(models.join("; ")))
        .put("error_per_week", Some(rounded(plan.error)))
        .put("naive_error_per_week", Some(rounded(plan.naive_error)))
        .put("back_test_starts", Some(plan.origins))
        .put("weeks_of_history", Some(plan.history))
        .put("older_inspections_apart", (plan.apart != 0).then_some(plan.apart))
        .put("level_changed_around", plan.changed.map(|change| date_of(change.begins).to_string()))
        .put("level_times", plan.changed.map(|change| rounded(change.times)))
        .put("busy_week", Some(rounded(plan.busy_week)))
        .put("busy_week_hours", Some(rounded(plan.busy_week_hours)))
        .put("median_week", Some(rounded(plan.median)));
    let weeks = plan.weeks.iter().map(|week| {
        let range = |(low, high): (f64, f64)| json!({"low": low, "high": high});
        let mut row = Row::default();
        row.put("week_of", Some(date_of(week.begins).to_string()))
            .put("booked", Some(week.booked))
            .put("forecast", Some(rounded(week.forecast)))
            .put("range_80", Some(range(week.range_80)))
            .put("range_95", Some(range(week.range_95)))
            .put("hours", Some(rounded(week.forecast_hours)))
            .put("usually_booked_by_now", week.usually_booked.map(share_value))
            .put("by_bookings", week.by_bookings.map(f64::round))
            .put("chance_above_busy_week", Some(chance_value(week.chance_above_busy_week)))
            .put("short", week.short.then_some(true))
            .put("chance_idle", (CHANCE_SHOWN <= week.chance_idle).then(|| share_value(week.chance_idle)))
            .put("idle", week.idle.then_some(true))
            .put("holiday", week.holiday.then_some(true));
        Value::Object(row.0)
    });
    part.put("weeks", Some(weeks.collect::<Vec<_>>()));
}
