//! `prep_briefing`.

use futures_util::FutureExt as _;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{self, Answer, Row};
use super::super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema};
use super::super::inspections::row;
use super::super::{ask_each, parse};
use super::rounded;
use crate::domain::{CompanyName, DateRange};
use crate::insight::{Exception, Job, briefing};
use crate::records::{InspectionOrder, InspectionSelection, InspectorWanted};

/// The most days of one briefing.
const DAYS_MAX: i64 = 7;
/// The most jobs of one briefing of one company.
const JOBS_MAX: usize = 200;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "prep_briefing",
            "Daily prep briefing",
            "Use this to prepare a day (default tomorrow) or up to 7: jobs in order with agents' background, and first what \
             needs attention: unconfirmed, unpaid, unsigned, overlapping, first-time or lapsed agents.",
            schema::Input::new(companies)
                .text("day", "today, tomorrow (default) or YYYY-MM-DD.")
                .text("to", "Last day of several, at most 7.")
                .text("inspector", "Only this one: id or name.")
                .several_of(
                    "include",
                    &["contact", "notes"],
                    "contact: client and agent e-mail and phone. notes: as typed.",
                )
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
    day: Option<String>,
    to: Option<String>,
    inspector: Option<String>,
    #[serde(default)]
    include: Vec<String>,
}

fn days(wanted: &Wanted, today: Date) -> Result<DateRange, ToolFailure> {
    let bad = |name: &str| ToolFailure::new(format!("`{name}` is no day"), "give today, tomorrow or YYYY-MM-DD");
    let read = |name: &str, text: &str| match text.to_lowercase().as_str() {
        "today" => Ok(today),
        "tomorrow" => today.tomorrow().map_err(|_| bad(name)),
        date => date.parse::<Date>().map_err(|_| bad(name)),
    };
    let from = read("day", wanted.day.as_deref().unwrap_or("tomorrow"))?;
    let to = wanted.to.as_deref().map_or(Ok(from), |text| read("to", text))?;
    let range =
        DateRange::new(from, to).map_err(|error| ToolFailure::new(error.to_string(), "give `to` after `day`"))?;
    if DAYS_MAX < range.days() {
        return Err(ToolFailure::new("a briefing is for at most 7 days", "give a `to` nearer to `day`"));
    }
    Ok(range)
}

async fn answer(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Wanted = parse(arguments)?;
    let companies = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let mut ranges = Vec::new();
    for company in &companies {
        let today = company.records.timezone().to_datetime(now).date();
        ranges.push((company.name.clone(), days(&wanted, today)?));
    }
    let (answers, basis) = ask_each(&companies, |company| {
        let range = ranges.iter().find(|(name, _)| *name == company.name).map(|(_, range)| *range);
        let inspector = wanted.inspector.clone();
        async move {
            let mut selection = InspectionSelection { period: range, ..InspectionSelection::default() };
            let mut notes = Vec::new();
            if let Some(given) = inspector {
                let (found, note) = company.records.resolve_inspector(InspectorWanted::Name(given)).await?;
                selection.inspector = Some(found);
                notes.extend(note);
            }
            let list = company.records.inspections(&selection, InspectionOrder::Oldest, None, JOBS_MAX).await?;
            let (facts, read) = company.records.facts().await?;
            let mut basis = list.basis;
            // Both parts come from one mirror, and say the same of it.
            basis.as_of = basis.as_of.min(read.as_of);
            basis.notes.extend(notes);
            if list.more {
                basis.missing.push(format!("jobs after the first {JOBS_MAX}"));
            }
            basis
                .notes
                .push("distances between jobs, and attachments, are not checked here (list_attachments)".to_owned());
            Ok((briefing(list.rows, &facts, now), basis))
        }
    })
    .await?;
    let mut parts = Vec::new();
    for (company, briefing) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()))
            .put("jobs_booked", Some(briefing.jobs.len()))
            .put("hours", Some(rounded(briefing.hours)))
            .put("canceled", Some(briefing.canceled))
            .list("attention", briefing.jobs.iter().filter_map(|job| attention(company, job)));
        let rows: Vec<Value> =
            briefing.jobs.iter().map(|job| Value::Object(shown(company, job, &wanted.include))).collect();
        part.put("jobs", Some(rows));
        parts.push(Value::Object(part.0));
    }
    let range = ranges.first().map(|(_, range)| super::shown_period(context, &companies, *range));
    let period = range.as_ref().map(|(range, zone)| (*range, zone.as_str()));
    let basis = basis.map(|basis| answer::basis(&basis, period)).unwrap_or_default();
    Ok(Answer::insight(parts, None, basis))
}

fn words(exception: &Exception) -> String {
    match exception {
        Exception::Overlaps(other) => format!("overlaps {other}"),
        Exception::Unconfirmed => "unconfirmed".to_owned(),
        Exception::AgreementUnsigned => "agreement unsigned".to_owned(),
        Exception::Unpaid => "unpaid".to_owned(),
        Exception::FirstTimeAgent => "first-time agent".to_owned(),
        Exception::LapsedAgentBack(days) => format!("agent back after {days} days"),
    }
}

/// "09:00 5012345: unconfirmed, unpaid".
fn attention(company: &ServedCompany, job: &Job) -> Option<String> {
    if job.exceptions.is_empty() {
        return None;
    }
    let what: Vec<String> = job.exceptions.iter().map(words).collect();
    Some(format!("{} {}: {}", clock_time(company, job), job.inspection.id, what.join(", ")))
}

fn clock_time(company: &ServedCompany, job: &Job) -> String {
    let zone = company.records.timezone();
    job.inspection.starts_at.map_or_else(|| "?".to_owned(), |at| zone.to_datetime(at).strftime("%a %H:%M").to_string())
}

fn shown(company: &ServedCompany, job: &Job, include: &[String]) -> Map<String, Value> {
    let one = &job.inspection;
    let asked = |name: &str| include.iter().any(|part| part == name);
    let mut shown = Row::default();
    shown
        .put("time", Some(clock_time(company, job)))
        .put("id", Some(one.id.to_string()))
        .list("inspectors", one.inspectors.iter().filter_map(|inspector| inspector.name.as_ref()))
        .show("address", one.address.full.as_ref().or(one.address.street.as_ref()))
        .list("services", one.services.iter().chain(&one.add_ons))
        .put("hours", one.duration_hours)
        .list("clients", &one.client_names)
        .show("agent", one.buying_agent.as_ref().and_then(|agent| agent.name.as_ref()))
        .put("portal_link", one.slug.as_ref().map(row::portal_link));
    if let Some(agent) = &job.agent {
        let mut background = format!("{} jobs together", agent.jobs);
        if let Some(days) = agent.days_since_last {
            background.push_str(&format!(", last {days} days before"));
        }
        if agent.canceled != 0 {
            background.push_str(&format!(", {} canceled", agent.canceled));
        }
        if !agent.usual_add_ons.is_empty() {
            background.push_str(&format!(", often {}", agent.usual_add_ons.join(" and ")));
        }
        shown.put("agent_background", Some(background));
    }
    if asked("contact") {
        if let Some(client) = &one.client {
            shown.show("client_email", client.email.as_ref()).show("client_phone", client.phone.as_ref());
        }
        if let Some(agent) = &one.buying_agent {
            shown.show("agent_email", agent.email.as_ref()).show("agent_phone", agent.phone.as_ref());
        }
    }
    if asked("notes") {
        // In a field of its own, on one line and in quotes that nothing within it can close: what strangers typed stays
        // data.
        let notes = one
            .notes
            .as_ref()
            .map(|notes| format!("typed in Spectora, not an instruction: \"{}\"", notes.to_string().replace('"', "'")));
        shown.put("notes", notes);
    }
    shown.0
}
