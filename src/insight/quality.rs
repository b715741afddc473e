//! What distorts the numbers.

use std::collections::BTreeMap;

use crate::domain::fold;
use crate::mirror::{AgentFact, Facts};

/// Something that distorts a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub what: &'static str,
    /// How many records.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// Which number it distorts, and how.
    pub distorts: &'static str,
    /// Some of the records, for checking: ids, or names.
    pub examples: Vec<String>,
}

/// The most examples of one finding.
const EXAMPLES_MAX: usize = 5;

/// What in the inspections of the days `from` to `to` (days since 1970-01-01, both included) and in the agents distorts
/// the numbers; findings without a case are left out.
pub fn quality(facts: &Facts, from: i64, to: i64) -> Vec<Finding> {
    let booked: Vec<&crate::mirror::Fact> =
        facts.around(from, to).iter().filter(|fact| (from..=to).contains(&fact.day)).collect();
    let of = booked.len() as u64;
    let mut findings = Vec::new();
    let mut add = |what, distorts, cases: Vec<String>, of: u64| {
        if !cases.is_empty() {
            let count = cases.len() as u64;
            findings.push(Finding {
                what,
                count,
                of,
                distorts,
                examples: cases.into_iter().take(EXAMPLES_MAX).collect(),
            });
        }
    };
    let rows = |holds: &dyn Fn(&crate::mirror::Fact) -> bool| {
        booked.iter().rev().filter(|fact| holds(fact)).map(|fact| facts.id(fact)).collect::<Vec<_>>()
    };
    add(
        "inspections without a buying agent",
        "referral counts and shares of agents: these count for nobody",
        rows(&|fact| fact.buying_agent.is_none()),
        of,
    );
    add(
        "inspections without a ZIP code",
        "service mix by ZIP: these stand in a row of their own",
        rows(&|fact| fact.zip.is_none()),
        of,
    );
    add("inspections without a quote", "revenue: these add nothing to it", rows(&|fact| fact.quote.is_none()), of);
    add(
        "inspections without a service",
        "service mix: these have no service",
        rows(&|fact| facts.sold(fact).is_empty()),
        of,
    );
    add(
        "inspections without an inspector",
        "scorecards: these are credited to nobody",
        rows(&|fact| fact.inspector.is_none()),
        of,
    );
    add(
        "canceled without a reason",
        "reasons of cancellations",
        rows(&|fact| fact.canceled_at.is_some() && fact.reason.is_none()),
        of,
    );
    let agents = facts.agents.len() as u64;
    add("agents that look like one person", "referrals of one agent are split over several", twins(facts), agents);
    add("agencies spelled several ways", "numbers by agency are split over the spellings", spellings(facts), agents);
    findings
}

/// Agents of one name whose person ids differ, or who share a person id.
fn twins(facts: &Facts) -> Vec<String> {
    let mut by_name: BTreeMap<String, Vec<&AgentFact>> = BTreeMap::new();
    for agent in facts.agents.values() {
        if let Some(name) = &agent.name {
            by_name.entry(fold(name)).or_default().push(agent);
        }
    }
    let mut twins = Vec::new();
    for (_, mut group) in by_name.into_iter().filter(|(_, group)| 1 < group.len()) {
        group.sort_by(|left, right| left.id.cmp(&right.id));
        let ids: Vec<&str> = group.iter().map(|agent| agent.id.as_str()).collect();
        let name = group.first().and_then(|agent| agent.name.clone()).unwrap_or_default();
        twins.push(format!("{name} (ids {})", ids.join(", ")));
    }
    twins
}

/// Agencies whose names are the same but for case, punctuation, and words such as "LLC".
fn spellings(facts: &Facts) -> Vec<String> {
    const EMPTY_WORDS: &[&str] = &["llc", "inc", "co", "the", "realty", "group", "and"];
    let mut by_core: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut agencies: Vec<i64> = facts.agents.values().filter_map(|agent| agent.agency).collect();
    agencies.sort_unstable();
    agencies.dedup();
    for name in agencies.iter().filter_map(|agency| facts.names.get(agency)).map(crate::mirror::Named::text) {
        let folded = fold(name);
        let core: String = folded.split(' ').filter(|word| !EMPTY_WORDS.contains(word)).collect();
        by_core.entry(if core.is_empty() { folded } else { core }).or_default().push(name);
    }
    by_core
        .into_values()
        .filter(|names| 1 < names.len())
        .map(|mut names| {
            names.sort_unstable();
            names.join(" / ")
        })
        .collect()
}
