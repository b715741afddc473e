//! `capacity_plan`.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{self, Answer, Row};
use super::super::super::{Context, Tool, ToolFailure, declare, schema};
use super::super::{ask_each, parse};
use super::{Only, date_of, epoch_day, rounded, rounded3};
use crate::domain::CompanyName;
use crate::insight::{AHEAD_MAX, CapacityPlan, WEEKS_MIN, capacity_plan};

/// Weeks ahead unless asked otherwise.
const AHEAD: usize = 6;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "capacity_plan",
            "Capacity plan",
            "Use this to plan weeks ahead: inspections and hours foretold with 80 and 95 % ranges, what is booked, the \
             capacity seen in the past year, weeks that may be short or idle. For one inspector too.",
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
    let companies = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let ahead = wanted.weeks.unwrap_or(AHEAD);
    let (answers, basis) = ask_each(&companies, |company| {
        let only = Only {
            inspector: wanted.inspector.clone(),
            service: wanted.service.clone(),
            city: wanted.city.clone(),
            ..Only::default()
        }
        .wanted();
        async move {
            let today = epoch_day(company.records.timezone().to_datetime(now).date());
            let (facts, basis) = company.records.facts_of(&only).await?;
            Ok((capacity_plan(&facts, None, ahead, today, now.as_millisecond()), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    let mut basis = basis;
    for (company, plan) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()));
        match plan {
            Some(plan) => fill(&mut part, plan),
            None => {
                part.put("forecast", Some("none"));
                if let Some(basis) = &mut basis {
                    basis
                        .missing
                        .push(format!("{}: a forecast needs {WEEKS_MIN} complete weeks of history", company.name));
                }
            }
        }
        parts.push(Value::Object(part.0));
    }
    if let Some(basis) = &mut basis {
        basis.notes.push(
            "weeks begin on Monday; the current week is in no forecast; canceled inspections are not counted"
                .to_owned(),
        );
    }
    let basis = basis.map(|basis| answer::basis(&basis, None)).unwrap_or_default();
    Ok(Answer::insight(parts, None, basis))
}

fn fill(part: &mut Row, plan: &CapacityPlan) {
    part.put("model", Some(plan.model.name()))
        .put("error_per_week", Some(rounded(plan.error)))
        .put("error_against_naive", plan.error_against_naive.map(rounded3))
        .put("back_test_starts", Some(plan.origins))
        .put("weeks_of_history", Some(plan.history))
        .put("capacity_seen", Some(rounded(plan.capacity)))
        .put("capacity_seen_hours", Some(rounded(plan.capacity_hours)))
        .put("median_week", Some(rounded(plan.median)));
    let weeks = plan.weeks.iter().map(|week| {
        let range = |(low, high): (f64, f64)| format!("{low:.0} to {high:.0}");
        let mut row = Row::default();
        row.put("monday", Some(date_of(week.monday).to_string()))
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
