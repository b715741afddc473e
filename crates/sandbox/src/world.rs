//! The data with what makes it quick to ask: an order by time, and each agent's totals.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::options::{ChangedSince, Profile};
use super::truth::{CompanyTruth, Truth};

/// A snapshot of all data. Requests hold one; a later change puts another in its place.
#[derive(Debug)]
pub(super) struct World {
    pub(super) truth: std::sync::Arc<Truth>,
    pub(super) indices: Vec<CompanyIndex>,
    /// How many inspections each person has over both companies.
    pub(super) overall: HashMap<u64, u64>,
}

/// What is worked out once for a company.
#[derive(Debug)]
pub(super) struct CompanyIndex {
    /// Indices of the inspections by start, then by id.
    pub(super) by_time: Vec<u32>,
    /// For each agent.
    pub(super) totals: Vec<AgentTotals>,
}

/// An agent's numbers over every inspection that is not deleted; money over those that are paid and not canceled.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentTotals {
    pub(super) buying: u64,
    pub(super) selling: u64,
    pub(super) buying_cents: u64,
    pub(super) selling_cents: u64,
    pub(super) paid: u64,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
}

impl World {
    pub(super) fn new(truth: Truth) -> Self {
        let indices: Vec<CompanyIndex> = truth.companies.iter().map(CompanyIndex::new).collect();
        let mut overall = HashMap::new();
        for (company, index) in truth.companies.iter().zip(&indices) {
            for (agent, totals) in company.agents.iter().zip(&index.totals) {
                *overall.entry(agent.agent_id).or_default() += totals.buying + totals.selling;
            }
        }
        Self { truth: std::sync::Arc::new(truth), indices, overall }
    }
}

impl CompanyIndex {
    fn new(company: &CompanyTruth) -> Self {
        let mut by_time: Vec<u32> = (0..u32::try_from(company.inspections.len()).unwrap_or(u32::MAX)).collect();
        by_time.sort_by_key(|index| company.inspections[*index as usize].starts_at);
        let mut totals = vec![AgentTotals::default(); company.agents.len()];
        for row in company.inspections.iter().filter(|row| row.deleted_at.is_none() && !row.vanished) {
            let earned = if row.paid && row.canceled_at.is_none() { u64::from(row.quote_cents) } else { 0 };
            for (agent, buys) in [(row.buying_agent, true), (row.selling_agent, false)] {
                let Some(agent) = agent else { continue };
                let totals: &mut AgentTotals = &mut totals[agent as usize];
                if buys {
                    totals.buying += 1;
                    totals.buying_cents += earned;
                } else {
                    totals.selling += 1;
                    totals.selling_cents += earned;
                }
                totals.paid += u64::from(row.paid && row.canceled_at.is_none());
                totals.first = Some(totals.first.map_or(row.starts_at, |first| first.min(row.starts_at)));
                totals.last = Some(totals.last.map_or(row.starts_at, |last| last.max(row.starts_at)));
            }
        }
        Self { by_time, totals }
    }
}

/// One company as one request sees it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) company: &'a CompanyTruth,
    pub(super) index: &'a CompanyIndex,
    pub(super) profile: Profile,
    pub(super) changed_since: ChangedSince,
    /// Whether the first inspector's jobs only are seen, and no prices.
    pub(super) own_jobs: bool,
    pub(super) base_url: &'a str,
}

impl Scene<'_> {
    /// The company's own offset with milliseconds.
    pub(super) fn local(self, seconds: i64) -> String {
        let instant = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        let zoned = instant.to_zoned_datetime(self.company.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S.000%:z").to_string()
    }

    /// An id inside the attributes: a number in one record and text in the next.
    pub(super) fn loose_id(id: u64, record: u64) -> Value {
        if record.is_multiple_of(2) { json!(id) } else { json!(id.to_string()) }
    }
}

/// `Z` without milliseconds.
pub(super) fn utc(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Money as the service writes it: the shortest decimal with at least one place, such as `450.0`.
pub(super) fn money(cents: u64) -> String {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    text.strip_suffix('0').map(str::to_owned).unwrap_or(text)
}

/// The `included` records of a reply, each once.
#[derive(Default)]
pub(super) struct Included {
    seen: HashSet<(String, String)>,
    pub(super) records: Vec<Value>,
}

impl Included {
    /// Adds a record and gives back its reference.
    pub(super) fn add(&mut self, kind: &str, id: &str, attributes: impl FnOnce() -> Value) -> Value {
        if self.seen.insert((kind.to_owned(), id.to_owned())) {
            self.records.push(json!({"id": id, "type": kind, "attributes": attributes()}));
        }
        json!({"id": id, "type": kind})
    }
}

/// A relationship: with its data when it was included, else with a mark that it was not.
pub(super) fn relationship(included: bool, data: impl FnOnce() -> Value) -> Value {
    if included { json!({"data": data()}) } else { json!({"meta": {"included": false}}) }
}
