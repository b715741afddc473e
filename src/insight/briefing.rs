//! A day's jobs in order, what each agent is to the company, and what needs attention first.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::scorecard::most_first;
use crate::domain::{Inspection, Status};
use crate::mirror::{Fact, Facts, Named};

/// A buying agent whose last inspection lies further back is back after a lapse, in days.
const LAPSE_DAYS: i64 = 180;
/// Add-ons named as usual with an agent.
const USUAL_MAX: usize = 2;

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exception {
    /// Two jobs of one inspector overlap; the other job's id.
    Overlaps(String),
    /// Not confirmed.
    Unconfirmed,
    /// Agreements are there and not signed.
    AgreementUnsigned,
    /// Not paid.
    Unpaid,
    /// The buying agent has sent nothing before.
    FirstTimeAgent,
    /// The buying agent is back after so many days.
    LapsedAgentBack(i64),
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

/// The jobs of a span of days, in order of time; canceled ones are counted and left out.
#[derive(Clone, Debug)]
pub struct Briefing {
    /// The jobs.
    pub jobs: Vec<Job>,
    /// How many of the span are canceled.
    pub canceled: u64,
    /// Hours of all jobs.
    pub hours: f64,
}

/// The briefing for these inspections. `facts` is the company's history up to them.
pub fn briefing(inspections: Vec<Inspection>, facts: &Facts, now: Timestamp) -> Briefing {
    let canceled = inspections.iter().filter(|one| one.status(now) == Status::Canceled).count() as u64;
    let mut jobs: Vec<Inspection> =
        inspections.into_iter().filter(|one| !matches!(one.status(now), Status::Canceled | Status::Deleted)).collect();
    jobs.sort_by(|left, right| left.starts_at.cmp(&right.starts_at).then_with(|| left.id.cmp(&right.id)));
    let agents: BTreeMap<&str, i64> = facts.agents.iter().map(|(pk, agent)| (agent.id.as_str(), *pk)).collect();
    let ids = jobs.iter().filter_map(|job| job.buying_agent.as_ref()?.id.as_ref());
    let mut by_agent: BTreeMap<i64, Vec<&Fact>> =
        ids.filter_map(|id| agents.get(id.as_str())).map(|agent| (*agent, Vec::new())).collect();
    for fact in &facts.rows {
        if let Some(rows) = fact.buying_agent.and_then(|agent| by_agent.get_mut(&agent)) {
            rows.push(fact);
        }
    }
    let made: Vec<Job> = jobs
        .iter()
        .map(|job| {
            let known = job.buying_agent.as_ref().map(|agent| {
                let pk = agent.id.as_ref().and_then(|id| agents.get(id.as_str()));
                let rows = pk.and_then(|pk| by_agent.get(pk)).map(Vec::as_slice).unwrap_or_default();
                background(job, rows, facts)
            });
            let exceptions = exceptions(job, known.as_ref(), &jobs, now);
            Job { inspection: job.clone(), agent: known, exceptions }
        })
        .collect();
    let hours = made.iter().filter_map(|job| job.inspection.duration_hours).sum();
    Briefing { jobs: made, canceled, hours }
}

fn background(job: &Inspection, rows: &[&Fact], facts: &Facts) -> AgentBackground {
    const DAY_MS: i64 = 86_400_000;
    let Some(starts_at) = job.starts_at.map(Timestamp::as_millisecond) else { return AgentBackground::default() };
    let before: Vec<&&Fact> = rows.iter().filter(|fact| fact.starts_at < starts_at).collect();
    let together: Vec<&&&Fact> = before.iter().filter(|fact| fact.canceled_at.is_none()).collect();
    let mut add_ons: BTreeMap<&str, u64> = BTreeMap::new();
    for fact in &together {
        for word in facts.sold(fact) {
            if let Some(Named::AddOn(name)) = facts.names.get(word) {
                *add_ons.entry(name).or_default() += 1;
            }
        }
    }
    AgentBackground {
        jobs: together.len() as u64,
        canceled: (before.len() - together.len()) as u64,
        days_since_last: together.iter().map(|fact| fact.starts_at).max().map(|last| (starts_at - last) / DAY_MS),
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
    found.sort();
    found
}

fn shares_inspector(left: &Inspection, right: &Inspection) -> bool {
    left.inspectors.iter().any(|one| {
        right.inspectors.iter().any(|other| match (&one.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => one.name.is_some() && one.name == other.name,
        })
    })
}

fn overlaps(left: &Inspection, right: &Inspection) -> bool {
    let span = |job: &Inspection| {
        let start = job.starts_at?;
        let seconds = job.duration_hours? * 3600.0;
        // Durations are a few hours; whole seconds are exact enough.
        #[expect(clippy::cast_possible_truncation, reason = "hours of one job fit many times over")]
        let end = start.checked_add(SignedDuration::from_secs(seconds as i64)).ok()?;
        Some((start, end))
    };
    match (span(left), span(right)) {
        (Some((from, to)), Some((other_from, other_to))) => from < other_to && other_from < to,
        _ => false,
    }
}
