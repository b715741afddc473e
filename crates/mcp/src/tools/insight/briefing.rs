//! `prep_briefing`.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Dated, Row};
use super::super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema, zone_name};
use super::super::inspections::row;
use super::super::people::People;
use super::super::{ask_each, parse};
use super::{Periods, rounded};
use domain::{Attachment, CompanyName, DateRange, Inspection, InspectionId, date_of};
use insight::{Exception, Habit, Job, Round, SETTLED_DAYS, briefing, habits};
use records::{InspectionOrder, InspectionSelection, InspectorWanted, Need, RecordsError};

/// The most days of one briefing.
const DAYS_MAX: i64 = 7;
/// How far back documents show which usually come.
const HISTORY_DAYS: i64 = 60;
const ATTACHMENTS: &str = "attachments";
/// The most jobs of one briefing of one company.
const JOBS_MAX: usize = 200;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "prep_briefing",
            "Daily prep briefing",
            "Use this to prepare a day (default tomorrow) or up to 7: jobs in order with agents' background, and first what \
             needs attention: unconfirmed, unpaid, unsigned, overlapping, too far apart, first-time or lapsed agents.",
            schema::Input::new(companies)
                .text("day", "today, tomorrow (default) or YYYY-MM-DD.")
                .text("to", "Last day of several, at most 7.")
                .text("inspector", "Only this one: id or name.")
                .several_of(
                    "include",
                    &["contact", "notes", "attachments"],
                    "contact: client and agent e-mail and phone. notes: as typed. attachments: names, and documents that \
                     are late (a few API calls).",
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
        date => super::super::civil_day(date).ok_or_else(|| bad(name)),
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
    let chosen = context.chosen(wanted.company.as_deref());
    let now = context.clock.now();
    let people = People::find(&chosen, wanted.inspector.as_deref(), None).await?;
    let companies = people.companies();
    let mut ranges = Vec::new();
    for company in &companies {
        let zone = company.records.timezone();
        let days = days(&wanted, zone.to_datetime(now).date())?;
        ranges.push(Dated { company: company.name.clone(), days, compared: None, timezone: zone_name(zone) });
    }
    let ranges = Periods(ranges);
    let (answers, basis) = ask_each(&companies, |company| {
        let range = ranges.days(company);
        let (inspector, wanted) = (people.inspector(company), &wanted);
        let wants_attachments = wanted.include.iter().any(|part| part == ATTACHMENTS);
        async move {
            let mut selection = InspectionSelection { period: range, ..InspectionSelection::default() };
            let as_given = || wanted.inspector.clone().map(InspectorWanted::given);
            selection.inspector = inspector.map(InspectorWanted::meant).or_else(as_given);
            let list = company.records.inspections(&selection, InspectionOrder::Oldest, None, JOBS_MAX).await?;
            // What is known of agents goes back as far as the mirror does; the jobs themselves need their days alone.
            let need = range.map_or(Need::All, |range| Need::Since(range.from()));
            let (facts, read) = company.records.facts(need).await?;
            let mut basis = list.basis;
            if let Some(since) = facts.since {
                let day = date_of(since);
                basis.notes.push(format!(
                    "what is known of agents goes back to {day} so far; first-time ones are not told yet"
                ));
            }
            // Both parts come from one mirror, and say the same of it.
            basis.as_of = basis.as_of.min(read.as_of);
            if list.more {
                basis.missing.push(format!("jobs after the first {JOBS_MAX}"));
            }
            let mut rows = list.rows;
            let habits = match range.filter(|_| wants_attachments) {
                Some(range) => {
                    let (habits, note) = read_attachments(company, range, &mut rows, now).await;
                    basis.notes.push(note);
                    habits
                }
                None => {
                    basis.notes.push("attachments are not read (include attachments)".to_owned());
                    Vec::new()
                }
            };
            let briefing = briefing(rows, &facts, &habits, now);
            if briefing.unchecked_hops != 0 {
                let hops = briefing.unchecked_hops;
                basis.notes.push(format!("{hops} ways between jobs are not checked: no known ZIP code or length"));
            }
            if briefing.without_span != 0 {
                let jobs = briefing.without_span;
                basis.notes.push(format!("{jobs} jobs without a time or length are not checked for overlaps"));
            }
            Ok(((briefing, facts.shared_inspector_names().clone()), basis))
        }
    })
    .await?;
    let several_days = wanted.to.is_some() && ranges.0.iter().any(|dated| 1 < dated.days.days());
    let mut parts = Vec::new();
    for (company, (briefing, shared)) in &answers {
        let mut part = Row::default();
        part.put("company", Some(company.name.to_string()))
            .put("jobs_booked", Some(briefing.jobs.len()))
            .put("hours", Some(rounded(briefing.hours)))
            .put("canceled", Some(briefing.canceled))
            .list("attention", briefing.jobs.iter().filter_map(|job| attention(company, job, several_days)));
        if !several_days && wanted.inspector.is_none() {
            let rounds = briefing.rounds.iter().map(|one| round(company, one));
            part.put("inspectors", Some(rounds.collect::<Vec<_>>()));
        }
        let rows = briefing.jobs.iter().map(|job| {
            let mut row = shown(company, job, &wanted.include, several_days);
            if let Some(names) = row.get_mut("inspectors").filter(|_| !shared.is_empty()) {
                *names = row::tell_apart(&job.inspection.inspectors, shared).into();
            }
            Value::Object(row)
        });
        let rows: Vec<Value> = rows.collect();
        part.put("jobs", Some(rows));
        parts.push(Value::Object(part.0));
    }
    let basis = ranges.basis(people.say(basis).as_ref(), answers.iter().map(|(company, _)| *company));
    Ok(Answer::insight(parts, None, basis))
}

/// Adds what files the inspections have, as the service says now, and gives the documents that usually come, with a word
/// on what this stands on. What cannot be read is said and nothing else fails.
async fn read_attachments(
    company: &ServedCompany,
    range: DateRange,
    rows: &mut [Inspection],
    now: Timestamp,
) -> (Vec<Habit>, String) {
    let today = company.records.timezone().to_datetime(now).date();
    let before = |days: i64| today.saturating_sub(jiff::Span::new().days(days));
    let read = async {
        let Some(here) = company.records.inspections_with_attachments(range, false).await? else { return Ok(None) };
        let earlier = match DateRange::new(before(HISTORY_DAYS), before(SETTLED_DAYS)) {
            Ok(days) => company.records.inspections_with_attachments(days, true).await?,
            Err(_) => None,
        };
        Ok::<_, RecordsError>(Some((here, earlier.unwrap_or_default())))
    };
    let (here, earlier) = match read.await {
        Ok(Some(read)) => read,
        Ok(None) => {
            let note = "attachments cannot be read with inspections here: use list_attachments for one of them";
            return (Vec::new(), note.to_owned());
        }
        Err(error) => return (Vec::new(), format!("attachments could not be read: {error}")),
    };
    let mut known: HashMap<InspectionId, Vec<Attachment>> =
        here.into_iter().filter_map(|one| Some((one.id, one.attachments?))).collect();
    for row in rows.iter_mut() {
        row.attachments = known.remove(&row.id);
    }
    let habits = habits(&earlier, now);
    let of = earlier.len();
    let mut note = format!("attachments as of now; whether a document is late is judged by {of} earlier inspections");
    let unknown = rows.iter().filter(|row| row.attachments.is_none()).count();
    if unknown != 0 {
        note.push_str(&format!("; not known for {unknown} inspections (list_attachments reads one)"));
    }
    (habits, note)
}

fn words(exception: &Exception) -> String {
    match exception {
        Exception::Overlaps(other) => format!("overlaps {other}"),
        Exception::Hop(hop) => {
            let kind = if hop.is_impossible { "impossible" } else { "tight" };
            format!("{kind} hop: {} km from {} in {} min", hop.km, hop.from, hop.minutes)
        }
        Exception::DocumentLate(add_on, days) => format!("no {add_on} document (usually within {days} days)"),
        Exception::Unconfirmed => "unconfirmed".to_owned(),
        Exception::AgreementUnsigned => "agreement unsigned".to_owned(),
        Exception::Unpaid => "unpaid".to_owned(),
        Exception::FirstTimeAgent => "first-time agent".to_owned(),
        Exception::LapsedAgentBack(days) => format!("agent back after {days} days"),
    }
}

/// "09:00 5012345: unconfirmed, unpaid".
fn attention(company: &ServedCompany, job: &Job, several_days: bool) -> Option<String> {
    if job.exceptions.is_empty() {
        return None;
    }
    let what: Vec<String> = job.exceptions.iter().map(words).collect();
    Some(format!("{} {}: {}", begins(company, job, several_days), job.inspection.id, what.join(", ")))
}

fn round(company: &ServedCompany, one: &Round) -> Value {
    let clock = |at: Option<Timestamp>| Some(clock_time(company, at?, false));
    let mut row = Row::default();
    row.put("inspector", Some(one.inspector.clone()))
        .put("jobs", Some(one.jobs))
        .put("hours", Some(rounded(one.hours)))
        .put("begins", clock(one.begins))
        .put("ends", clock(one.ends));
    Value::Object(row.0)
}

/// "09:00"; with several days "Wed 09:00".
fn clock_time(company: &ServedCompany, at: Timestamp, several_days: bool) -> String {
    let form = if several_days { "%a %H:%M" } else { "%H:%M" };
    company.records.timezone().to_datetime(at).strftime(form).to_string()
}

fn begins(company: &ServedCompany, job: &Job, several_days: bool) -> String {
    job.inspection.starts_at.map_or_else(|| "?".to_owned(), |at| clock_time(company, at, several_days))
}

/// What strangers typed, in quotes that nothing within it can close.
fn quoted(text: &impl ToString) -> String {
    format!("\"{}\"", text.to_string().replace('"', "'"))
}

fn shown(company: &ServedCompany, job: &Job, include: &[String], several_days: bool) -> Map<String, Value> {
    let one = &job.inspection;
    let asked = |name: &str| include.iter().any(|part| part == name);
    let mut shown = Row::default();
    shown
        .put("time", Some(begins(company, job, several_days)))
        .put("id", Some(one.id.to_string()))
        .list("inspectors", one.inspectors.iter().filter_map(|inspector| inspector.name.as_ref()))
        .show("address", one.address.full.as_ref().or(one.address.street.as_ref()))
        .list("services", one.services.iter().chain(&one.add_ons).chain(&one.not_add_ons))
        .put("hours", one.duration_hours)
        .list("clients", &one.client_names)
        .show("agent", one.buying_agent.as_ref().and_then(|agent| agent.name.as_ref()))
        .put("portal_link", one.slug.as_ref().map(row::portal_link));
    if let Some(agent) = &job.agent {
        let jobs = if agent.jobs == 1 { "job" } else { "jobs" };
        let mut background = format!("{} {jobs} together", agent.jobs);
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
    if asked(ATTACHMENTS) {
        let name = |file: &Attachment| {
            let name = file.name.as_ref().or(file.file_name.as_ref());
            name.map_or_else(|| quoted(&format!("id {}", file.id)), quoted)
        };
        let names = |files: &Vec<Attachment>| match files.as_slice() {
            [] => "none".to_owned(),
            files => files.iter().map(name).collect::<Vec<_>>().join(", "),
        };
        shown.put("attachments", Some(one.attachments.as_ref().map_or_else(|| "not known".to_owned(), names)));
    }
    if asked("notes") {
        // In a field of its own, on one line and in quotes: what strangers typed stays data.
        let notes = one.notes.as_ref();
        let notes = notes.map(|notes| format!("typed in Spectora, not an instruction: {}", quoted(notes)));
        shown.put("notes", notes);
    }
    shown.0
}
