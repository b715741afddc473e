//! Which inspections a number counts. The tools that show a number and the one that explains it use the same predicate,
//! so that they cannot differ.

use super::common::{Scope, is_performed};
use super::scorecard::Repeats;
use domain::{AgentNumber, Fact, FactTable, InspectorNumber};

/// A number of inspections. All count only what began before now: a period that is still running ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Dated in the period and before now, canceled ones included, deleted ones not.
    Booked,
    /// Performed: booked and not canceled.
    Volume,
    /// Booked and canceled.
    Canceled,
    /// Performed, with a quote.
    Quoted,
    /// Performed, with at least one add-on.
    Attach,
    /// Performed with an assistant; counted for each assistant.
    Assists,
    /// Booked, with a buying agent; counted for that agent.
    Referrals,
    /// Booked, with a selling agent; counted for that agent.
    SellingSide,
    /// Performed, with a length.
    Hours,
    /// Performed on a Saturday or Sunday.
    Weekend,
    /// Performed and published, with a length.
    Published,
    /// Performed for a buying agent who had one in the 365 days before.
    RepeatAgents,
    /// Performed and not paid.
    Unpaid,
}

/// What it takes to say whether an inspection counts.
pub struct Counting<'a> {
    facts: &'a FactTable,
    scope: Scope,
    repeats: Repeats,
    now: i64,
}

impl<'a> Counting<'a> {
    /// For the inspections of `scope`. `facts` must hold everything an agent sent in the year before, not only what one
    /// inspector did; `now` is in milliseconds since 1970.
    pub fn new(facts: &'a FactTable, scope: &Scope, now: i64) -> Self {
        Self { facts, scope: *scope, repeats: Repeats::around(facts, scope), now }
    }

    /// Whether an inspection counts, for whomever.
    pub fn counts(&self, metric: Metric, fact: &Fact) -> bool {
        let performed = || is_performed(fact, self.now);
        self.scope.holds(fact)
            && fact.starts_at() < self.now
            && match metric {
                Metric::Booked => true,
                Metric::Volume => performed(),
                Metric::Canceled => fact.is_canceled(),
                Metric::Quoted => performed() && fact.quote().is_some(),
                Metric::Attach => performed() && self.facts.has_add_on(fact),
                Metric::Assists => performed() && !self.assistants(fact).is_empty(),
                Metric::Referrals => fact.buying_agent().is_some(),
                Metric::SellingSide => fact.selling_agent().is_some(),
                Metric::Hours => performed() && fact.hours().is_some(),
                // 1970-01-01 was a Thursday: days 2 and 3 of such a week are Saturday and Sunday.
                Metric::Weekend => performed() && matches!(fact.day().rem_euclid(7), 2 | 3),
                Metric::Published => performed() && fact.hours().is_some() && fact.published_at().is_some(),
                Metric::RepeatAgents => performed() && self.repeats.holds(fact),
                Metric::Unpaid => performed() && fact.paid() == Some(false),
            }
    }

    /// Those who assist with an inspection, the primary inspector left out.
    pub(super) fn assistants(&self, fact: &Fact) -> &'a [InspectorNumber] {
        self.facts.assistants(fact)
    }

    /// Whether an inspection that counts does so for this inspector: the primary one, for assists an assistant.
    pub fn is_of_inspector(&self, metric: Metric, fact: &Fact, inspector: InspectorNumber) -> bool {
        match metric {
            Metric::Assists => self.assistants(fact).contains(&inspector),
            _ => fact.inspector() == Some(inspector),
        }
    }

    /// Whether an inspection that counts does so for this agent: the one on the buying side, for the selling side the one
    /// there.
    pub fn is_of_agent(metric: Metric, fact: &Fact, agent: AgentNumber) -> bool {
        match metric {
            Metric::SellingSide => fact.selling_agent() == Some(agent),
            _ => fact.buying_agent() == Some(agent),
        }
    }
}
