//! Which inspections an insight is about, beyond its period.

use std::collections::BTreeSet;

use super::{AgentNumber, FactTable, InspectorNumber, WordNumber};

/// What the inspections are narrowed to; each set holds the numbers that mean the same (a city spelled in two ways is two
/// numbers). An inspection is kept when it fits every set that is given; none fits an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// The primary inspector is one of these.
    pub inspectors: Option<BTreeSet<InspectorNumber>>,
    /// The buying agent is one of these.
    pub agents: Option<BTreeSet<AgentNumber>>,
    /// The buying agent's agency is one of these.
    pub agencies: Option<BTreeSet<WordNumber>>,
    /// The buying agent's team is one of these.
    pub teams: Option<BTreeSet<WordNumber>>,
    /// The buying agent has one of these tags.
    pub tags: Option<BTreeSet<WordNumber>>,
    /// One of each of these sets was sold: a service, an add-on.
    pub sold: Vec<BTreeSet<WordNumber>>,
    /// The ZIP code is one of these.
    pub zips: Option<BTreeSet<WordNumber>>,
    /// The city is one of these.
    pub cities: Option<BTreeSet<WordNumber>>,
}

fn fits<T: Ord>(wanted: Option<&BTreeSet<T>>, has: Option<T>) -> bool {
    wanted.is_none_or(|wanted| has.is_some_and(|has| wanted.contains(&has)))
}

impl Narrowing {
    /// The inspections kept, with the same names. Everything an insight says of them is then about these alone: rhythms,
    /// norms and repeats too.
    #[must_use]
    pub fn of(&self, facts: &FactTable) -> FactTable {
        // Settled once for all that was ever sold together.
        let is_sold = |words: &[WordNumber]| self.sold.iter().all(|set| words.iter().any(|word| set.contains(word)));
        let sold: Vec<bool> = facts.sold_together().map(is_sold).collect();
        facts.only(|fact| {
            let agent = || facts.agent(fact.buying_agent()?);
            let has_tag = |wanted: &BTreeSet<WordNumber>| {
                agent().is_some_and(|agent| agent.tags.iter().any(|tag| wanted.contains(tag)))
            };
            (self.sold.is_empty() || sold.get(fact.sold().index()).copied().unwrap_or(false))
                && fits(self.inspectors.as_ref(), fact.inspector())
                && fits(self.agents.as_ref(), fact.buying_agent())
                && fits(self.zips.as_ref(), fact.zip())
                && fits(self.cities.as_ref(), fact.city())
                && (self.agencies.is_none() || fits(self.agencies.as_ref(), agent().and_then(|agent| agent.agency)))
                && (self.teams.is_none() || fits(self.teams.as_ref(), agent().and_then(|agent| agent.team)))
                && self.tags.as_ref().is_none_or(has_tag)
        })
    }
}
