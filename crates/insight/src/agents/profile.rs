//! What one agent's referrals usually are.

use std::collections::BTreeMap;

use crate::scorecard::most_first;
use domain::{AgentNumber, Fact, FactTable, InspectorNumber, Named, WordNumber, date_of};

/// One agent's referrals dated before now, over all years the mirror has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentProfile {
    /// How many in which year, in the company's zone: performed, and canceled.
    pub by_year: Vec<(i16, u64, u64)>,
    /// How many were performed; the counts below are of these.
    pub performed: u64,
    /// How often which service was booked, most often first; numbers among the names.
    pub services: Vec<(WordNumber, u64)>,
    /// How often which add-on was, most often first.
    pub add_ons: Vec<(WordNumber, u64)>,
    /// How often which primary inspector came, most often first; `None` where there was none.
    pub inspectors: Vec<(Option<InspectorNumber>, u64)>,
}

/// The profile of an agent. `now` is in milliseconds since 1970.
pub fn agent_profile(facts: &FactTable, agent: AgentNumber, now: i64) -> AgentProfile {
    let is_referral = |fact: &&Fact| fact.buying_agent() == Some(agent) && fact.starts_at() < now;
    let mut profile = AgentProfile::default();
    let mut years: BTreeMap<i16, (u64, u64)> = BTreeMap::new();
    let (mut services, mut add_ons, mut inspectors) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for fact in facts.rows().iter().filter(is_referral) {
        let of_year = years.entry(date_of(fact.day()).year()).or_default();
        if fact.is_canceled() {
            of_year.1 += 1;
            continue;
        }
        of_year.0 += 1;
        profile.performed += 1;
        *inspectors.entry(fact.inspector()).or_default() += 1;
        for word in facts.sold(fact) {
            match facts.named(*word) {
                Some(Named::Service(_)) => *services.entry(*word).or_default() += 1,
                Some(Named::AddOn(_)) => *add_ons.entry(*word).or_default() += 1,
                _ => {}
            }
        }
    }
    profile.by_year = years.into_iter().map(|(year, (performed, canceled))| (year, performed, canceled)).collect();
    profile.services = most_first(services);
    profile.add_ons = most_first(add_ons);
    profile.inspectors = most_first(inspectors);
    profile
}
