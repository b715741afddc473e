//! The service's own counts beside the inspections.

use std::collections::HashMap;

use domain::{AgentNumber, AgentStatistics, FactTable};

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

    /// Whether inspections of a kind count.
    fn counts(self, kind: usize) -> bool {
        (self.sides_add_up || kind & SECOND_SIDE == 0)
            && (self.canceled || kind & CANCELED == 0)
            && (self.ahead || kind & AHEAD == 0)
            && (self.deleted || kind & DELETED == 0)
    }
}

/// What kind of inspection an agent's is: the sum of what it is. A second side is that of one agent on both.
const SECOND_SIDE: usize = 1;
const CANCELED: usize = 2;
const AHEAD: usize = 4;
const DELETED: usize = 8;
/// So many kinds there are.
const KINDS: usize = 16;

/// By agent, how many inspections of each kind; the rows are read once for all definitions.
fn by_kind(facts: &FactTable, now: i64) -> Vec<[u64; KINDS]> {
    let mut counted = vec![[0; KINDS]; facts.agents_len()];
    let rows = facts.rows().iter().map(|fact| (fact, 0)).chain(facts.deleted().iter().map(|fact| (fact, DELETED)));
    for (fact, deleted) in rows {
        let canceled = if fact.is_canceled() { CANCELED } else { 0 };
        let ahead = if fact.starts_at() < now { 0 } else { AHEAD };
        let second = if fact.selling_agent() == fact.buying_agent() { SECOND_SIDE } else { 0 };
        for (agent, side) in [(fact.buying_agent(), 0), (fact.selling_agent(), second)] {
            let of_agent = agent.and_then(|agent| counted.get_mut(agent.index()));
            if let Some(count) = of_agent.and_then(|kinds| kinds.get_mut(deleted + canceled + ahead + side)) {
                *count += 1;
            }
        }
    }
    counted
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
    let counted = by_kind(facts, now);
    let differing = |definition: Definition| {
        let ours = |agent: Option<AgentNumber>| {
            let kinds = agent.and_then(|agent| counted.get(agent.index())).into_iter().flatten().enumerate();
            kinds.filter(|(kind, _)| definition.counts(*kind)).map(|(_, count)| count).sum::<u64>()
        };
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
