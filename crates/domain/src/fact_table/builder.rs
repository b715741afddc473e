//! Filling a table.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::fact::wide;
use super::{
    AgentFact, AgentNumber, Assistants, ClientNumber, Fact, FactTable, InspectorFact, InspectorNumber, Named, Names,
    Person, Sold, SoldSet, WordNumber,
};
use crate::shared_names;

/// One inspection as a store gives it: people and words by the store's keys, what was sold and who assists as the builder
/// numbered them. Units are those of [`Fact`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NewFact {
    /// The inspection; its id where that is a decimal.
    pub pk: i64,
    /// When it begins.
    pub starts_at: i64,
    /// On which day; kept within 32 bits.
    pub day: i64,
    /// The minute of that day at which it begins; kept within 0 to 65,535.
    pub minute: i64,
    /// How long it takes, in hours.
    pub hours: Option<f64>,
    /// When it was booked.
    pub created_at: Option<i64>,
    /// When it was called off.
    pub canceled_at: Option<i64>,
    /// When its report was published.
    pub published_at: Option<i64>,
    /// The quoted price, in ten-thousandths.
    pub quote: Option<i64>,
    /// The primary inspector.
    pub inspector: Option<i64>,
    /// The agent on the buying side.
    pub buying_agent: Option<i64>,
    /// The agent on the selling side.
    pub selling_agent: Option<i64>,
    /// The ZIP code.
    pub zip: Option<i64>,
    /// The city.
    pub city: Option<i64>,
    /// The reason of the cancellation.
    pub reason: Option<i64>,
    /// The client.
    pub client: Option<i64>,
    /// Whether it is paid.
    pub paid: Option<bool>,
    /// Whether it is confirmed.
    pub confirmed: Option<bool>,
    /// Whether the agreements are signed.
    pub agreements_signed: Option<bool>,
    /// Its services and add-ons, by [`FactTableBuilder::sold`].
    pub sold: Sold,
    /// Those who assist, by [`FactTableBuilder::assistants`].
    pub assistants: Assistants,
}

/// A table being filled: names and rows in any order.
#[derive(Debug)]
pub struct FactTableBuilder {
    rows: Vec<Fact>,
    deleted: Vec<Fact>,
    words: HashMap<WordNumber, Named>,
    sold: Numbers<Box<[WordNumber]>>,
    /// Of places among the inspectors.
    assistants: Numbers<Box<[u32]>>,
    inspectors: People<InspectorFact>,
    agents: People<AgentFact>,
    /// By the store's keys.
    clients: Numbers<i64>,
    odd_ids: HashMap<i64, String>,
}

impl Default for FactTableBuilder {
    fn default() -> Self {
        let mut builder = Self {
            rows: Vec::new(),
            deleted: Vec::new(),
            words: HashMap::new(),
            sold: Numbers::default(),
            assistants: Numbers::default(),
            inspectors: People::default(),
            agents: People::default(),
            clients: Numbers::default(),
            odd_ids: HashMap::new(),
        };
        // Number 0 is nothing, and nobody.
        builder.sold(&[]);
        builder.assistants(&[]);
        builder
    }
}

impl FactTableBuilder {
    /// Makes room for so many rows.
    pub fn reserve(&mut self, rows: usize) {
        self.rows.reserve_exact(rows);
    }

    /// What a word is. One with a key that no store gives is left out, see [`WordNumber::by_key`].
    pub fn word(&mut self, key: i64, named: Named) {
        self.words.extend(WordNumber::by_key(key).map(|word| (word, named)));
    }

    /// Who an inspector is.
    pub fn inspector(&mut self, key: i64, inspector: InspectorFact) {
        self.inspectors.know(key, inspector);
    }

    /// Who an agent is.
    pub fn agent(&mut self, key: i64, agent: AgentFact) {
        self.agents.know(key, agent);
    }

    /// The id of an inspection that is not a decimal.
    pub fn odd_id(&mut self, pk: i64, id: String) {
        self.odd_ids.insert(pk, id);
    }

    /// Services and add-ons that were sold together, by their keys; the order is kept.
    pub fn sold(&mut self, words: &[i64]) -> Sold {
        Sold(self.sold.of(words.iter().filter_map(|word| WordNumber::by_key(*word)).collect()))
    }

    /// Inspectors who assist together, by their keys; the order is kept.
    pub fn assistants(&mut self, inspectors: &[i64]) -> Assistants {
        let places = inspectors.iter().map(|key| self.inspectors.place(*key)).collect();
        Assistants(self.assistants.of(places))
    }

    /// An inspection that is not deleted.
    pub fn push(&mut self, row: &NewFact) {
        let fact = self.fact(row);
        self.rows.push(fact);
    }

    /// An inspection deleted by the service's word.
    pub fn push_deleted(&mut self, row: &NewFact) {
        let fact = self.fact(row);
        self.deleted.push(fact);
    }

    /// Takes in what another builder was given.
    pub fn absorb(&mut self, mut other: Self) {
        let sold: Vec<u32> = other.sold.in_order().into_iter().map(|set| self.sold.of(set)).collect();
        let inspectors = self.inspectors.absorb(other.inspectors);
        let agents = self.agents.absorb(other.agents);
        let clients: Vec<u32> = other.clients.in_order().into_iter().map(|key| self.clients.of(key)).collect();
        let moved = |set: Box<[u32]>| set.iter().map(|place| at(&inspectors, *place)).collect();
        let assistants = other.assistants.in_order().into_iter().map(|set| self.assistants.of(moved(set)));
        let assistants: Vec<u32> = assistants.collect();
        for fact in other.rows.iter_mut().chain(&mut other.deleted) {
            fact.sold = Sold(at(&sold, fact.sold.0));
            fact.assistants = Assistants(at(&assistants, fact.assistants.0));
            fact.inspector = at(&inspectors, fact.inspector);
            fact.buying_agent = at(&agents, fact.buying_agent);
            fact.selling_agent = at(&agents, fact.selling_agent);
            fact.client = at(&clients, fact.client);
        }
        self.rows.append(&mut other.rows);
        self.deleted.append(&mut other.deleted);
        self.words.extend(other.words);
        self.odd_ids.extend(other.odd_ids);
    }

    fn fact(&mut self, row: &NewFact) -> Fact {
        let word = |key: Option<i64>| WordNumber::of(key.and_then(WordNumber::by_key));
        let mut agent =
            |key: Option<i64>| AgentNumber::of(key.and_then(|key| AgentNumber::new(self.agents.place(key))));
        let (buying_agent, selling_agent) = (agent(row.buying_agent), agent(row.selling_agent));
        let inspector = row.inspector.and_then(|key| InspectorNumber::new(self.inspectors.place(key)));
        Fact {
            pk: row.pk,
            starts_at: row.starts_at,
            hours: row.hours.unwrap_or(f64::NAN),
            created_at: wide(row.created_at),
            canceled_at: wide(row.canceled_at),
            published_at: wide(row.published_at),
            quote: wide(row.quote),
            day: i32::try_from(row.day).unwrap_or(if row.day < 0 { i32::MIN } else { i32::MAX }),
            inspector: InspectorNumber::of(inspector),
            buying_agent,
            selling_agent,
            zip: word(row.zip),
            city: word(row.city),
            reason: word(row.reason),
            client: ClientNumber::of(row.client.and_then(|key| ClientNumber::new(self.clients.of(key)))),
            sold: row.sold,
            assistants: row.assistants,
            minute: u16::try_from(row.minute).unwrap_or(if row.minute < 0 { 0 } else { u16::MAX }),
            paid: row.paid,
            confirmed: row.confirmed,
            agreements_signed: row.agreements_signed,
        }
    }

    /// The table: rows in the order of their beginnings (then of `pk`), people numbered in the order of their keys,
    /// whatever order they came in.
    pub fn build(mut self) -> FactTable {
        let (inspectors, inspector_ranks) = self.inspectors.in_order();
        let (agents, agent_ranks) = self.agents.in_order();
        for fact in self.rows.iter_mut().chain(&mut self.deleted) {
            fact.inspector = at(&inspector_ranks, fact.inspector);
            fact.buying_agent = at(&agent_ranks, fact.buying_agent);
            fact.selling_agent = at(&agent_ranks, fact.selling_agent);
        }
        for rows in [&mut self.rows, &mut self.deleted] {
            rows.sort_by_key(|fact| (fact.starts_at, fact.pk));
        }
        let words = self.words;
        let is_add_on = |word: &WordNumber| matches!(words.get(word), Some(Named::AddOn(_)));
        let sold = self.sold.in_order().into_iter();
        let sold = sold.map(|set| SoldSet { has_add_on: set.iter().any(is_add_on), words: set }).collect();
        let numbered = |places: Box<[u32]>| {
            places.iter().filter_map(|place| InspectorNumber::new(at(&inspector_ranks, *place))).collect()
        };
        let assistants = self.assistants.in_order().into_iter().map(numbered).collect();
        let shared_inspector_names =
            shared_names(inspectors.iter().filter_map(|person| Some(person.known.as_ref()?.name.as_str())));
        let shared_agent_names =
            shared_names(agents.iter().filter_map(|person| person.known.as_ref()?.name.as_deref()));
        let (odd_ids, clients) = (self.odd_ids, self.clients.0.len());
        let names = Names {
            words,
            sold,
            assistants,
            inspectors,
            agents,
            shared_inspector_names,
            shared_agent_names,
            odd_ids,
            clients,
        };
        let (rows, deleted) = (self.rows, self.deleted);
        FactTable { rows, deleted, names: Arc::new(names), ..FactTable::default() }
    }
}

/// The new place of an old one; what stands for none stays.
fn at(places: &[u32], place: u32) -> u32 {
    places.get(place as usize).copied().unwrap_or(place)
}

/// Values numbered as they first come.
#[derive(Debug)]
struct Numbers<T>(HashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    fn of(&mut self, value: T) -> u32 {
        // Beyond four billion all would be one; the rows do not fit into memory long before.
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }

    fn in_order(self) -> Vec<T> {
        let mut values: Vec<(u32, T)> = self.0.into_iter().map(|(value, number)| (number, value)).collect();
        values.sort_unstable_by_key(|(number, _)| *number);
        values.into_iter().map(|(_, value)| value).collect()
    }
}

/// People by the store's keys, numbered as they first come.
#[derive(Debug)]
struct People<T> {
    places: Numbers<i64>,
    known: HashMap<i64, T>,
}

impl<T> Default for People<T> {
    fn default() -> Self {
        Self { places: Numbers::default(), known: HashMap::new() }
    }
}

impl<T> People<T> {
    fn place(&mut self, key: i64) -> u32 {
        self.places.of(key)
    }

    fn know(&mut self, key: i64, known: T) {
        self.place(key);
        self.known.insert(key, known);
    }

    /// Takes in others; gives their places here.
    fn absorb(&mut self, other: Self) -> Vec<u32> {
        self.known.extend(other.known);
        other.places.in_order().into_iter().map(|key| self.place(key)).collect()
    }

    /// Everybody in the order of their keys, and the new place of each old one.
    fn in_order(mut self) -> (Vec<Person<T>>, Vec<u32>) {
        let mut keys: Vec<(u32, i64)> = (0..).zip(self.places.in_order()).collect();
        keys.sort_unstable_by_key(|(_, key)| *key);
        let mut ranks = vec![0; keys.len()];
        for (rank, (place, _)) in (0..).zip(&keys) {
            if let Some(of_place) = ranks.get_mut(*place as usize) {
                *of_place = rank;
            }
        }
        let people = keys.into_iter().map(|(_, key)| Person { key, known: self.known.remove(&key) });
        (people.collect(), ranks)
    }
}
