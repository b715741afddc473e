//! `capacity_plan`.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::answer::{self, Answer, Row};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::{ask_each, parse};
use super::{Only, inspector_name, rounded, rounded3};
use domain::{CompanyName, FactTable, date_of, epoch_day};
use insight::{AHEAD_MAX, CapacityBase, CapacityPlan, InspectorWeeks, WEEKS_MIN, inspector_weeks};
use records::{Need, remembered};

/// Weeks ahead unless asked otherwise.
const AHEAD: usize = 6;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "capacity_plan",
            "Capacity plan",
            "Use this to plan weeks ahead: a forecast of inspections and hours with 80 and 95 % ranges, what is booked, \
             the capacity seen in the past year, weeks that may be short or idle, how full each inspector is. For one \
             inspector too.",
            schema::Input::new(companies)
                .with(
                    "weeks",
                    serde_json::json!({"type": "integer", "minimum": 1, "maximum": AHEAD_MAX,
                                                  "description": "Weeks ahead, default 6."}),
                )
                .text("inspector", "Only this one: id or name.")
                .with("service", serde_json::json!({"type": "string"}))
                .with("city", serde_json::json!({"type": "string"}))
                .build(),
            schema::insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    company: Option<String>,
    weeks: Option<usize>,
    inspector: Option<String>,
    service: Option<String>,
    city: Option<String>,
}

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Wanted = parse(arguments)?;
    let chosen = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let ahead = wanted.weeks.unwrap_or(AHEAD);
    let shows_inspectors = wanted.inspector.is_none();
    let only = Only {
        inspector: wanted.inspector.clone(),
        service: wanted.service.clone(),
        city: wanted.city.clone(),
        ..Only::default()
    };
    let people = only.people(&chosen).await?;
    let companies = people.companies();
    let (answers, basis) = ask_each(&companies, |company| {
        let only = only.wanted(&people, company);
        async move {
            let today = epoch_day(company.records.timezone().to_datetime(now).date());
            let (facts, mut basis) = company.records.facts_of(&only, Need::All).await?;
            let week_starts = company.records.week_starts();
            basis.notes.push(format!("{}: weeks begin on {}", company.name, week_starts.name()));
            let (now, this_week) = (now.as_millisecond(), week_starts.first_day(today));
            let base = format!("capacity of {ahead} weeks after {this_week}, {week_starts:?}");
            let base = remembered(&facts, base, move |facts| CapacityBase::of(facts, ahead, today, week_starts)).await;
            let plan = base.as_ref().as_ref().map(|base| base.at(now));
            let inspectors = if shows_inspectors {
                let weeks = format!("inspectors before {this_week}, {week_starts:?}, {} begun", facts.begun(now));
                Some(remembered(&facts, weeks, move |facts| inspector_weeks(facts, today, now, week_starts)).await)
            } else {
                None
            };
            Ok(((facts, plan, inspectors), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    let mut basis = people.say(basis);
    let mut together: BTreeMap<i64, (usize, u64, f64)> = BTreeMap::new();
    for (company, (facts, plan, inspectors)) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        match plan {
            Some(plan) => {
                fill(&mut part, plan);
                for week in &plan.weeks {
                    let sum = together.entry(week.begins).or_default();
                    sum.0 += 1;
                    sum.1 += week.booked;
                    sum.2 += week.forecast;
                }
            }
            None => {
                part.put("forecast", Some("none"));
                if let Some(basis) = &mut basis {
                    basis
                        .missing
                        .push(format!("{}: a forecast needs {WEEKS_MIN} complete weeks of regular work", company.name));
                }
            }
        }
        let rows =
            |inspectors: &Arc<Vec<InspectorWeeks>>| inspectors.iter().map(|one| of_inspector(facts, one)).collect();
        part.put("inspectors", inspectors.as_ref().map::<Vec<Value>, _>(rows));
        parts.push(Value::Object(part.0));
    }
    if let Some(basis) = &mut basis {
        basis.notes.push(
            "the current week is in no forecast; canceled inspections are not counted; inspectors: \
             utilisation is hours a week of the last 4 of the 90th-percentile week, booked is next week + the one after"
                .to_owned(),
        );
    }
    let basis = basis.map(|basis| answer::basis(&basis)).unwrap_or_default();
    // A sum that lacks a company's forecast would look like one that has it; weeks can begin on different days.
    together.retain(|_, (companies, ..)| *companies == answers.len());
    let combined = (1 < answers.len() && !together.is_empty()).then(|| {
        let weeks = together.into_iter().map(|(begins, (_, booked, forecast))| {
            json!({"week_of": date_of(begins).to_string(), "booked": booked, "forecast": rounded(forecast)})
        });
        json!({"weeks": weeks.collect::<Vec<_>>()})
    });
    Ok(Answer::insight(parts, combined, basis))
}

/// The coming weeks stand as "8 + 3": the next one and the one after.
fn of_inspector(facts: &FactTable, one: &InspectorWeeks) -> Value {
    let several = |values: Vec<String>| values.join(" + ");
    let mut row = Row::default();
    row.put("inspector", Some(inspector_name(facts, one.inspector)))
        .put("usual_week", Some(rounded(one.usual)))
        .put("capacity_hours", one.capacity_hours.map(rounded))
        .put("utilisation", one.utilisation.map(rounded))
        .put("booked", Some(several(one.booked.iter().map(ToString::to_string).collect())))
        .put("booked_hours", Some(several(one.booked_hours.iter().map(|hours| rounded(*hours).to_string()).collect())));
    Value::Object(row.0)
}

fn fill(part: &mut Row, plan: &CapacityPlan) {
    part.put("model", Some(plan.model.name()))
        .put("error_per_week", Some(rounded(plan.error)))
        .put("naive_error_per_week", Some(rounded(plan.naive_error)))
        .put("back_test_starts", Some(plan.origins))
        .put("weeks_of_history", Some(plan.history))
        .put("older_inspections_apart", (plan.apart != 0).then_some(plan.apart))
        .put("capacity_seen", Some(rounded(plan.capacity)))
        .put("capacity_seen_hours", Some(rounded(plan.capacity_hours)))
        .put("median_week", Some(rounded(plan.median)));
    let weeks = plan.weeks.iter().map(|week| {
        let range = |(low, high): (f64, f64)| format!("{low:.0} to {high:.0}");
        let mut row = Row::default();
        row.put("week_of", Some(date_of(week.begins).to_string()))
            .put("booked", Some(week.booked))
            .put("forecast", Some(rounded(week.forecast)))
            .put("range_80", Some(range(week.range_80)))
            .put("range_95", Some(range(week.range_95)))
            .put("hours", Some(rounded(week.forecast_hours)))
            .put("usually_booked_by_now", week.usually_booked.map(rounded3))
            .put("by_bookings", week.by_bookings.map(f64::round))
            .put("short", week.may_be_short.then_some(true))
            .put("idle", week.may_be_idle.then_some(true))
            .put("holiday", week.holiday.then_some(true));
        Value::Object(row.0)
    });
    part.put("weeks", Some(weeks.collect::<Vec<_>>()));
}
