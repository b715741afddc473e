//! The service's own counts beside the inspections.

use std::collections::HashMap;

use domain::{AgentNumber, AgentStatistics, Fact, FactTable};

/// An agent whose total by the service differs from the inspections that are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The connection id.
    pub id: String,
    /// Inspections by the service's statistics.
    pub theirs: u64,
    /// Inspections here by [`Compared::definition`].
    pub ours: u64,
}

/// What the service's total of an agent may count. It says nowhere which it is.
#[expect(clippy::struct_excessive_bools, reason = "four independent choices")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// An inspection with the agent on both sides counts twice.
    pub sides_add_up: bool,
    /// Canceled ones count.
    pub canceled: bool,
    /// What is booked ahead counts.
    pub ahead: bool,
    /// Deleted ones count.
    pub deleted: bool,
}

impl Definition {
    /// The plainest first.
    fn all() -> impl Iterator<Item = Self> {
        (0..16_u8).map(|bits| Self {
            deleted: bits & 8 != 0,
            sides_add_up: bits & 4 != 0,
            ahead: bits & 2 == 0,
            canceled: bits & 1 == 0,
        })
    }

    /// In words.
    pub fn said(self) -> String {
        let side = if self.sides_add_up {
            "buying plus selling side (both sides of one inspection count twice)"
        } else {
            "inspections on either side"
        };
        let part = |holds: bool, what: &str| format!("{what} {}", if holds { "included" } else { "left out" });
        let deleted = if self.deleted { ", deleted ones included" } else { "" };
        format!("{side}, {}, {}{deleted}", part(self.canceled, "canceled ones"), part(self.ahead, "those ahead"))
    }

    fn holds(self, fact: &Fact, now: i64) -> bool {
        (self.canceled || !fact.is_canceled()) && (self.ahead || fact.starts_at() < now)
    }

    /// Inspections by agent.
    fn count(self, facts: &FactTable, now: i64) -> Vec<u64> {
        let mut counted = vec![0; facts.agents_len()];
        let deleted = facts.deleted().iter().filter(|_| self.deleted);
        for fact in facts.rows().iter().chain(deleted).filter(|fact| self.holds(fact, now)) {
            let selling = fact.selling_agent().filter(|agent| self.sides_add_up || fact.buying_agent() != Some(*agent));
            for agent in fact.buying_agent().into_iter().chain(selling) {
                if let Some(count) = counted.get_mut(agent.index()) {
                    *count += 1;
                }
            }
        }
        counted
    }
}

/// The service's statistics beside the inspections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What the service seems to count: the definition that most agents agree with.
    pub definition: Definition,
    /// Agents with a total there.
    pub of: u64,
    /// Those that differ from it, in the order of the statistics.
    pub differing: Vec<Disagreement>,
}

/// Compares the totals; agents without one there are not compared. `facts` is the company's whole history; `now` is in
/// milliseconds since 1970.
pub fn disagreements(facts: &FactTable, statistics: &[AgentStatistics], now: i64) -> Compared {
    let numbers: HashMap<&str, AgentNumber> =
        facts.all_agents().map(|(number, agent)| (agent.id.as_str(), number)).collect();
    let totals: Vec<(&AgentStatistics, u64, Option<AgentNumber>)> = statistics
        .iter()
        .filter_map(|one| Some((one, one.total_inspections?, numbers.get(one.id.as_str()).copied())))
        .collect();
    let differing = |definition: Definition| {
        let counted = definition.count(facts, now);
        let ours = |agent: Option<AgentNumber>| agent.and_then(|one| counted.get(one.index())).copied().unwrap_or(0);
        let differs = totals.iter().filter_map(|(one, theirs, agent)| {
            let ours = ours(*agent);
            (*theirs != ours).then(|| Disagreement { id: one.id.to_string(), theirs: *theirs, ours })
        });
        differs.collect::<Vec<_>>()
    };
    let mut best: Option<(Definition, Vec<Disagreement>)> = None;
    for definition in Definition::all() {
        let found = differing(definition);
        if best.as_ref().is_none_or(|(_, known)| found.len() < known.len()) {
            best = Some((definition, found));
        }
    }
    let plainest = Definition { sides_add_up: false, canceled: true, ahead: true, deleted: false };
    let (definition, differing) = best.unwrap_or((plainest, Vec::new()));
    Compared { definition, of: totals.len() as u64, differing }
}
