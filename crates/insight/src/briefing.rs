//! A day's jobs in order, what each agent is to the company, and what needs attention first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::documents::{Habit, late};
use super::places::{Place, place_of};
use super::scorecard::most_first;
use domain::{AgentNumber, Fact, FactTable, Inspection, InspectorOnInspection, Named, Status, fold};

/// A buying agent whose last inspection lies further back is back after a lapse, in days.
const LAPSE_DAYS: i64 = 180;
/// Nobody gets from job to job faster than this in a straight line, in miles an hour.
pub const IMPOSSIBLE_MPH: f64 = 62.0;
/// Who must be faster than this in a straight line, from middle to middle of the ZIP codes, has little time.
pub const TIGHT_MPH: f64 = 31.0;
/// Kilometres of a mile.
const KM_PER_MILE: f64 = 1.609_344;
/// A longer time between two jobs is a night.
const NIGHT_MINUTES: i64 = 8 * 60;
/// Add-ons named as usual with an agent.
const USUAL_MAX: usize = 2;

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// Two jobs of one inspector overlap; the other job's id.
    Overlaps(String),
    /// The inspector's job before is too far away for the time between.
    Hop(Hop),
    /// Not confirmed.
    Unconfirmed,
    /// Agreements are there and not signed.
    AgreementUnsigned,
    /// Not paid.
    Unpaid,
    /// A document that usually comes with this add-on has not come within these days.
    DocumentLate(String, i64),
    /// The buying agent has sent nothing before.
    FirstTimeAgent,
    /// The buying agent is back after so many days.
    LapsedAgentBack(i64),
}

/// The way from an inspector's job to the next one, where there is too little time for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// Whether there is no getting there: even from edge to edge of the two ZIP codes it takes more than
    /// [`IMPOSSIBLE_MPH`]. Otherwise it takes more than [`TIGHT_MPH`] from middle to middle.
    pub is_impossible: bool,
    /// The job before.
    pub from: String,
    /// From middle to middle of the ZIP codes, in a straight line.
    pub miles: u64,
    /// The time between the jobs.
    pub minutes: u64,
}

/// What the buying agent is to the company, before this job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentBackground {
    /// Jobs together, canceled ones not counted.
    pub jobs: u64,
    /// Jobs that were canceled.
    pub canceled: u64,
    /// Days from the last job together to this one.
    pub days_since_last: Option<i64>,
    /// The add-ons that go most often with this agent's jobs.
    pub usual_add_ons: Vec<String>,
}

/// One job.
#[derive(Clone, Debug)]
pub struct Job {
    /// The inspection.
    pub inspection: Inspection,
    /// What the buying agent is to the company; `None` without one.
    pub agent: Option<AgentBackground>,
    /// What needs attention.
    pub exceptions: Vec<Exception>,
}

/// One inspector's jobs, assisting ones included, the one who begins first first.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The name, with the id where another inspector has the same name; the id where there is no name.
    pub inspector: String,
    /// How many jobs.
    pub jobs: u64,
    /// Their hours.
    pub hours: f64,
    /// When the first one begins.
    pub begins: Option<Timestamp>,
    /// When the last one ends, as far as lengths are known.
    pub ends: Option<Timestamp>,
}

/// The jobs of a span of days, in order of time; canceled ones are counted and left out.
#[derive(Clone, Debug)]
pub struct Briefing {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// How many of the span are canceled.
    pub canceled: u64,
    /// Hours of all jobs.
    pub hours: f64,
    /// The same by inspector.
    pub rounds: Vec<Round>,
    /// Pairs of jobs one after the other by one inspector that could not be checked for the way: without a known ZIP code
    /// or length.
    pub unchecked_hops: u64,
    /// Jobs without a beginning or a length, which were not checked for overlaps.
    pub without_span: u64,
}

/// The briefing for these inspections. `facts` is the company's history up to them, `habits` the documents that usually
/// come; where an inspection's files are not known, none of them is late.
pub fn briefing(inspections: Vec<Inspection>, facts: &FactTable, habits: &[Habit], now: Timestamp) -> Briefing {
    let canceled = inspections.iter().filter(|one| one.status(now) == Status::Canceled).count() as u64;
    let mut jobs: Vec<Inspection> =
        inspections.into_iter().filter(|one| !matches!(one.status(now), Status::Canceled | Status::Deleted)).collect();
    jobs.sort_by(|left, right| left.starts_at.cmp(&right.starts_at).then_with(|| left.id.cmp(&right.id)));
    // Who was deleted from the service and comes back has a past here.
    let agents: BTreeMap<&str, AgentNumber> = facts.all_agents().map(|(pk, agent)| (agent.id.as_str(), pk)).collect();
    let ids = jobs.iter().filter_map(|job| job.buying_agent.as_ref()?.id.as_ref());
    // By the agents' numbers; only of those who have a job here.
    let mut by_agent: Vec<Option<Vec<&Fact>>> = vec![None; facts.agents_len()];
    for agent in ids.filter_map(|id| agents.get(id.as_str())) {
        if let Some(rows) = by_agent.get_mut(agent.index()) {
            *rows = Some(Vec::new());
        }
    }
    for fact in facts.rows() {
        if let Some(Some(rows)) = fact.buying_agent().and_then(|agent| by_agent.get_mut(agent.index())) {
            rows.push(fact);
        }
    }
    let (hops, unchecked_hops) = hops(&jobs);
    let made: Vec<Job> = jobs
        .iter()
        .map(|job| {
            // Of an agent without an id nothing can be told.
            let known = job.buying_agent.as_ref().and_then(|agent| agent.id.as_ref()).map(|id| {
                let pk = agents.get(id.as_str());
                let rows = pk.and_then(|pk| by_agent.get(pk.index())?.as_deref()).unwrap_or_default();
                background(job, rows, facts)
            });
            // While only the recent past is here, an agent without a job in it is not known to be new.
            let known = known.filter(|agent| facts.since.is_none() || agent.jobs != 0);
            let mut exceptions = exceptions(job, known.as_ref(), &jobs, now);
            exceptions.extend(
                hops.iter().filter(|(id, _)| *id == job.id.as_str()).map(|(_, hop)| Exception::Hop(hop.clone())),
            );
            exceptions
                .extend(late(job, habits, now).into_iter().map(|(add_on, days)| Exception::DocumentLate(add_on, days)));
            exceptions.sort();
            exceptions.dedup();
            Job { inspection: job.clone(), agent: known, exceptions }
        })
        .collect();
    let hours = made.iter().filter_map(|job| job.inspection.duration_hours).sum();
    let without_span = jobs.iter().filter(|job| span(job).is_none()).count() as u64;
    let rounds = rounds(&jobs, facts.shared_inspector_names());
    Briefing { jobs: made, canceled, hours, rounds, unchecked_hops, without_span }
}

fn rounds(jobs: &[Inspection], shared: &BTreeSet<String>) -> Vec<Round> {
    let mut known: Vec<(&InspectorOnInspection, Round)> = Vec::new();
    for job in jobs {
        for inspector in &job.inspectors {
            let at = known.iter().position(|(one, _)| is_same(one, inspector)).unwrap_or_else(|| {
                let inspector_name = match (&inspector.name, &inspector.id) {
                    (Some(name), Some(id)) if shared.contains(&fold(name.as_str())) => format!("{name} (id {id})"),
                    (Some(name), _) => name.to_string(),
                    (None, Some(id)) => format!("id {id}"),
                    (None, None) => String::new(),
                };
                let round = Round { inspector: inspector_name, jobs: 0, hours: 0.0, begins: job.starts_at, ends: None };
                known.push((inspector, round));
                known.len() - 1
            });
            let Some((_, round)) = known.get_mut(at) else { continue };
            round.jobs += 1;
            round.hours += job.duration_hours.unwrap_or(0.0);
            round.ends = round.ends.max(job.ends_at());
        }
    }
    known.into_iter().map(|(_, round)| round).collect()
}

/// The ways between jobs that leave too little time, by the id of the later job, and how many could not be checked.
fn hops(jobs: &[Inspection]) -> (Vec<(&str, Hop)>, u64) {
    let place = |job: &Inspection| place_of(job.address.zip.as_ref()?.as_str());
    let (mut found, mut unchecked) = (Vec::new(), 0);
    for (at, job) in jobs.iter().enumerate() {
        let before = jobs.get(..at).unwrap_or_default().iter().rev();
        // With several inspectors each may come from another job.
        for inspector in &job.inspectors {
            let Some(last) = before.clone().find(|other| other.inspectors.iter().any(|one| is_same(one, inspector)))
            else {
                continue;
            };
            let (Some((_, end)), Some(start)) = (span(last), job.starts_at) else {
                unchecked += 1;
                continue;
            };
            // Overlapping jobs are called that; after a night everybody is anywhere.
            let minutes = start.duration_since(end).as_secs() / 60;
            if !(0..=NIGHT_MINUTES).contains(&minutes) {
                continue;
            }
            match (place(last), place(job)) {
                (Some(from), Some(to)) => found.extend(hop(from, to, minutes).map(|(is_impossible, miles)| {
                    let minutes = minutes.unsigned_abs();
                    (job.id.as_str(), Hop { is_impossible, from: last.id.to_string(), miles, minutes })
                })),
                _ => unchecked += 1,
            }
        }
    }
    (found, unchecked)
}

/// Whether the way is impossible or tight in these minutes, and how long it is in miles.
fn hop(from: Place, to: Place, minutes: i64) -> Option<(bool, u64)> {
    let reach = |mph: f64| mph * minutes as f64 / 60.0;
    let (miles, apart) = (from.km_to(to) / KM_PER_MILE, from.km_apart(to) / KM_PER_MILE);
    let is_impossible = reach(IMPOSSIBLE_MPH) < apart;
    // Within one ZIP code, or between neighbours, the middles say nothing.
    let is_tight = 0.0 < apart && reach(TIGHT_MPH) < miles;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a distance on earth")]
    (is_impossible || is_tight).then(|| (is_impossible, miles.round() as u64))
}

fn background(job: &Inspection, rows: &[&Fact], facts: &FactTable) -> AgentBackground {
    const DAY_MS: i64 = 86_400_000;
    let Some(starts_at) = job.starts_at.map(Timestamp::as_millisecond) else { return AgentBackground::default() };
    let before: Vec<&&Fact> = rows.iter().filter(|fact| fact.starts_at() < starts_at).collect();
    let together: Vec<&&&Fact> = before.iter().filter(|fact| !fact.is_canceled()).collect();
    let mut add_ons: BTreeMap<&str, u64> = BTreeMap::new();
    for fact in &together {
        for word in facts.sold(fact) {
            if let Some(Named::AddOn(name)) = facts.named(*word) {
                *add_ons.entry(name).or_default() += 1;
            }
        }
    }
    AgentBackground {
        jobs: together.len() as u64,
        canceled: (before.len() - together.len()) as u64,
        days_since_last: together.iter().map(|fact| fact.starts_at()).max().map(|last| (starts_at - last) / DAY_MS),
        usual_add_ons: most_first(add_ons).into_iter().take(USUAL_MAX).map(|(name, _)| name.to_owned()).collect(),
    }
}

fn exceptions(
    job: &Inspection,
    agent: Option<&AgentBackground>,
    jobs: &[Inspection],
    now: Timestamp,
) -> Vec<Exception> {
    let mut found = Vec::new();
    for other in jobs.iter().filter(|other| other.id != job.id) {
        if shares_inspector(job, other) && overlaps(job, other) {
            found.push(Exception::Overlaps(other.id.to_string()));
        }
    }
    let is_to_come = job.starts_at.is_none_or(|at| now <= at);
    if is_to_come && job.confirmed != Some(true) {
        found.push(Exception::Unconfirmed);
    }
    if job.agreements_present == Some(true) && job.agreements_signed == Some(false) {
        found.push(Exception::AgreementUnsigned);
    }
    if job.paid == Some(false) {
        found.push(Exception::Unpaid);
    }
    if let Some(agent) = agent {
        match agent.days_since_last {
            None => found.push(Exception::FirstTimeAgent),
            Some(days) if LAPSE_DAYS < days => found.push(Exception::LapsedAgentBack(days)),
            Some(_) => {}
        }
    }
    found
}

fn shares_inspector(left: &Inspection, right: &Inspection) -> bool {
    left.inspectors.iter().any(|one| right.inspectors.iter().any(|other| is_same(one, other)))
}

fn is_same(one: &InspectorOnInspection, other: &InspectorOnInspection) -> bool {
    match (&one.id, &other.id) {
        (Some(one), Some(other)) => one == other,
        _ => one.name.is_some() && one.name == other.name,
    }
}

/// From when to when a job lasts, where both are known.
fn span(job: &Inspection) -> Option<(Timestamp, Timestamp)> {
    job.starts_at.zip(job.ends_at())
}

fn overlaps(left: &Inspection, right: &Inspection) -> bool {
    match (span(left), span(right)) {
        (Some((from, to)), Some((other_from, other_to))) => from < other_to && other_from < to,
        _ => false,
    }
}
