//! Which inspections an insight is about, beyond its period.

use std::collections::BTreeSet;

use super::{Fact, Facts};

/// What the inspections are narrowed to; each set holds the numbers that mean the same (a city spelled in two ways is two
/// numbers). An inspection is kept when it fits every set that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// The primary inspector is one of these.
    pub inspectors: Option<BTreeSet<i64>>,
    /// The buying agent is one of these.
    pub agents: Option<BTreeSet<i64>>,
    /// The buying agent's agency is one of these.
    pub agencies: Option<BTreeSet<i64>>,
    /// One of each of these sets was sold: a service, an add-on.
    pub sold: Vec<BTreeSet<i64>>,
    /// The ZIP code is one of these.
    pub zips: Option<BTreeSet<i64>>,
    /// The city is one of these.
    pub cities: Option<BTreeSet<i64>>,
}

impl Narrowing {
    /// Whether everything is kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an inspection is kept.
    pub fn holds(&self, facts: &Facts, fact: &Fact) -> bool {
        let fits = |wanted: &Option<BTreeSet<i64>>, has: Option<i64>| {
            wanted.as_ref().is_none_or(|wanted| has.is_some_and(|has| wanted.contains(&has)))
        };
        let agency = || facts.agent(fact.buying_agent?)?.agency;
        fits(&self.inspectors, fact.inspector)
            && fits(&self.agents, fact.buying_agent)
            && fits(&self.zips, fact.zip)
            && fits(&self.cities, fact.city)
            && (self.agencies.is_none() || fits(&self.agencies, agency()))
            && self.sold.iter().all(|wanted| facts.sold(fact).iter().any(|word| wanted.contains(word)))
    }

    /// The inspections kept, with the same names. Everything an insight says of them is then about these alone: rhythms,
    /// norms and repeats too.
    pub fn of(&self, facts: &Facts) -> Facts {
        let mut kept = facts.without_rows();
        for fact in facts.rows.iter().filter(|fact| self.holds(facts, fact)) {
            kept.rows.push(*fact);
            kept.sell(kept.rows.len() - 1, facts.sold(fact));
            if let Some(assists) = facts.assists.get(&fact.pk) {
                kept.assists.insert(fact.pk, assists.clone());
            }
        }
        kept
    }
}
