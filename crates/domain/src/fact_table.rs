//! Inspections as rows for sums: all of a company's in memory, as numbers, with the names the numbers stand for.
//!
//! A store fills a [`FactTableBuilder`]; what is worked out from a [`FactTable`] knows nothing of where it came from.

mod builder;
mod fact;
mod memo;
mod narrowing;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Fields;
pub use builder::{FactTableBuilder, NewFact};
pub use fact::{AgentNumber, Assistants, ClientNumber, Fact, InspectorNumber, Sold, WordNumber};
pub use memo::Memo;
pub use narrowing::Narrowing;
pub use seen::{Own, Sight};

const DAY_MS: i64 = 86_400_000;

/// What a number among the names stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A service.
    Service(String),
    /// An add-on.
    AddOn(String),
    /// Sold like an add-on, and none by the company's word: a discount, a fee.
    NotAddOn(String),
    /// Another name: a ZIP code, a city, a reason, an agency, a team, a tag.
    Other(String),
}

impl Named {
    /// The name.
    pub fn text(&self) -> &str {
        match self {
            Self::Service(text) | Self::AddOn(text) | Self::NotAddOn(text) | Self::Other(text) => text,
        }
    }
}

/// An agent, as far as sums need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFact {
    /// The connection id.
    pub id: String,
    /// The same person in every company.
    pub agent_id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The agency's number among the names.
    pub agency: Option<WordNumber>,
    /// The team's number among the names.
    pub team: Option<WordNumber>,
    /// The company's own tags, each once.
    pub tags: Box<[WordNumber]>,
    /// When the company came to know them, in milliseconds since 1970.
    pub created_at: Option<i64>,
    /// Whether the service has them no more; what they sent stays theirs.
    pub is_former: bool,
}

/// An inspector, as far as sums need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectorFact {
    /// The service's id, where one is known.
    pub id: Option<String>,
    /// What to call them.
    pub name: String,
}

/// Inspections with everything needed to name what is counted. What it is narrowed to shares the names.
#[derive(Clone, Debug, Default)]
pub struct FactTable {
    /// From which day on they are all here, while a first reading has not come further back; `None` when all are.
    pub since: Option<i64>,
    rows: Vec<Fact>,
    deleted: Vec<Fact>,
    names: Arc<Names>,
    memo: Memo,
    /// The table as others see it.
    views: Memo,
    fields: Fields,
    own: Option<Own>,
}

/// What the numbers in rows stand for.
#[derive(Debug, Default)]
struct Names {
    words: HashMap<WordNumber, Named>,
    /// What was sold together: each row names one of these.
    sold: Vec<SoldSet>,
    /// Who assists together.
    assistants: Vec<Box<[InspectorNumber]>>,
    /// By number, which is the place here, in the order of the store's keys.
    inspectors: Vec<Person<InspectorFact>>,
    agents: Vec<Person<AgentFact>>,
    shared_inspector_names: BTreeSet<String>,
    shared_agent_names: BTreeSet<String>,
    /// The ids of inspections that are not decimals.
    odd_ids: HashMap<i64, String>,
    clients: usize,
}

#[derive(Debug)]
struct SoldSet {
    words: Box<[WordNumber]>,
    has_add_on: bool,
}

#[derive(Debug)]
struct Person<T> {
    key: i64,
    /// `None` for one whom inspections name and of whom there is no record.
    known: Option<T>,
}

fn place<T>(people: &[Person<T>], key: i64) -> Option<u32> {
    let at = people.binary_search_by_key(&key, |person| person.key).ok()?;
    u32::try_from(at).ok()
}

impl FactTable {
    /// The inspections that are not deleted, in order of their beginnings.
    pub fn rows(&self) -> &[Fact] {
        &self.rows
    }

    /// The inspections deleted by the service's word, in order of their beginnings; a narrowed table has none.
    pub fn deleted(&self) -> &[Fact] {
        &self.deleted
    }

    /// The rows that can begin on the days `from` to `to` (both included, since 1970-01-01); a few of the days beside
    /// them may be among them.
    pub fn around(&self, from: i64, to: i64) -> &[Fact] {
        // A day lies within these instants in any zone; the rows are in the order of instants.
        let first = from.saturating_sub(1).saturating_mul(DAY_MS);
        let last = to.saturating_add(2).saturating_mul(DAY_MS);
        let start = self.rows.partition_point(|fact| fact.starts_at() < first);
        let end = self.rows.partition_point(|fact| fact.starts_at() <= last);
        self.rows.get(start..end).unwrap_or_default()
    }

    /// The rows for which `holds` says so, with the same names.
    #[must_use]
    pub fn only(&self, holds: impl Fn(&Fact) -> bool) -> Self {
        let rows = self.rows.iter().filter(|fact| holds(fact)).copied().collect();
        let names = Arc::clone(&self.names);
        let (fields, own) = (self.fields, self.own);
        Self { since: self.since, rows, deleted: Vec::new(), names, fields, own, ..Self::default() }
    }

    /// What was worked out from these rows before.
    pub fn memo(&self) -> &Memo {
        &self.memo
    }

    /// The same rows as those see them who may not see all of it. Apart from [`Self::memo`], so that these push out nothing
    /// that was worked out from all rows.
    pub fn views(&self) -> &Memo {
        &self.views
    }

    /// How many of the rows began before `now` (milliseconds since 1970). As long as this stays the same, so does what
    /// depends on `now` by that alone.
    pub fn begun(&self, now: i64) -> usize {
        self.rows.partition_point(|fact| fact.starts_at() < now)
    }

    /// The id of an inspection as the service knows it.
    pub fn id(&self, fact: &Fact) -> String {
        self.names.odd_ids.get(&fact.pk()).cloned().unwrap_or_else(|| fact.pk().to_string())
    }

    /// Services and add-ons of an inspection, each once.
    pub fn sold(&self, fact: &Fact) -> &[WordNumber] {
        self.names.sold.get(fact.sold().index()).map(|set| &*set.words).unwrap_or_default()
    }

    /// Whether at least one add-on was sold.
    pub fn has_add_on(&self, fact: &Fact) -> bool {
        self.names.sold.get(fact.sold().index()).is_some_and(|set| set.has_add_on)
    }

    /// Every combination of services and add-ons that was sold together, the place of each being [`Sold::index`]: there
    /// are far fewer than inspections, so what depends on nothing else is worked out once for each.
    pub fn sold_together(&self) -> impl ExactSizeIterator<Item = &[WordNumber]> {
        self.names.sold.iter().map(|set| &*set.words)
    }

    /// Those who assist with an inspection, the primary inspector left out.
    pub fn assistants(&self, fact: &Fact) -> &[InspectorNumber] {
        self.names.assistants.get(fact.assistants().index()).map(|set| &**set).unwrap_or_default()
    }

    /// What a number stands for.
    pub fn named(&self, word: WordNumber) -> Option<&Named> {
        self.names.words.get(&word)
    }

    /// Whether a number stands for an add-on.
    pub fn is_add_on(&self, word: WordNumber) -> bool {
        matches!(self.named(word), Some(Named::AddOn(_)))
    }

    /// Every name with its number, in no order.
    pub fn words(&self) -> impl Iterator<Item = (WordNumber, &Named)> {
        self.names.words.iter().map(|(word, named)| (*word, named))
    }

    /// An inspector; `None` for one of whom nothing is known.
    pub fn inspector(&self, number: InspectorNumber) -> Option<&InspectorFact> {
        self.names.inspectors.get(number.index())?.known.as_ref()
    }

    /// The number of the inspector whom the store knows by this key.
    pub fn inspector_by_key(&self, key: i64) -> Option<InspectorNumber> {
        place(&self.names.inspectors, key).and_then(InspectorNumber::new)
    }

    /// The store's key of an inspector.
    pub fn inspector_key(&self, number: InspectorNumber) -> i64 {
        self.names.inspectors.get(number.index()).map_or(i64::MIN, |person| person.key)
    }

    /// How many inspectors there are; their numbers are below this.
    pub fn inspectors_len(&self) -> usize {
        self.names.inspectors.len()
    }

    /// Every inspector's number.
    pub fn inspector_numbers(&self) -> impl Iterator<Item = InspectorNumber> + use<> {
        let all = u32::try_from(self.names.inspectors.len()).unwrap_or(u32::MAX);
        (0..all).filter_map(InspectorNumber::new)
    }

    /// The folded names that more than one inspector has.
    pub fn shared_inspector_names(&self) -> &BTreeSet<String> {
        &self.names.shared_inspector_names
    }

    /// The folded names that more than one agent has, those included whom the service has no more.
    pub fn shared_agent_names(&self) -> &BTreeSet<String> {
        &self.names.shared_agent_names
    }

    /// An agent, whether or not the service still has them; `None` for one of whom nothing is known.
    pub fn agent(&self, number: AgentNumber) -> Option<&AgentFact> {
        self.names.agents.get(number.index())?.known.as_ref()
    }

    /// The number of the agent whom the store knows by this key.
    pub fn agent_by_key(&self, key: i64) -> Option<AgentNumber> {
        place(&self.names.agents, key).and_then(AgentNumber::new)
    }

    /// The store's key of an agent.
    pub fn agent_key(&self, number: AgentNumber) -> i64 {
        self.names.agents.get(number.index()).map_or(i64::MIN, |person| person.key)
    }

    /// How many agents there are; their numbers are below this.
    pub fn agents_len(&self) -> usize {
        self.names.agents.len()
    }

    /// Every agent's number, those included of whom nothing is known but that inspections name them.
    pub fn agent_numbers(&self) -> impl Iterator<Item = AgentNumber> + use<> {
        let all = u32::try_from(self.names.agents.len()).unwrap_or(u32::MAX);
        (0..all).filter_map(AgentNumber::new)
    }

    /// How many clients the inspections have; their numbers are below this.
    pub fn clients_len(&self) -> usize {
        self.names.clients
    }

    /// Every agent of whom something is known with their number, those included whom the service has no more.
    pub fn all_agents(&self) -> impl Iterator<Item = (AgentNumber, &AgentFact)> {
        let agents = (0..).zip(&self.names.agents);
        agents.filter_map(|(at, agent)| Some((AgentNumber::new(at)?, agent.known.as_ref()?)))
    }
}
