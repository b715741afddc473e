//! Agents and their statistics: few enough to be read whole, and asked for by name all the time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Basis, Records, RecordsError, selection};
use crate::domain::{Agent, AgentStatistics, ConnectionId, fold};
use crate::spectora::{ConnectionInclude, ConnectionSort, ConnectionStats, Connections, Direction, Query};

/// How long what was read may be used again.
const SHELF_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// The most names shown when a name does not settle it.
const CANDIDATES_MAX: usize = 8;
/// How similar a name must be to be worth showing (Jaro-Winkler, 0 to 1).
const SIMILARITY_MIN: f64 = 0.75;

/// Something read whole and kept for [`SHELF_LIFE`]. The lock is held while reading, so that two questions at once
/// cost one reading.
pub(super) struct Shelf<T>(Mutex<Option<(Arc<T>, Basis)>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Shelf<T> {
    async fn get(
        &self,
        now: Timestamp,
        read: impl Future<Output = Result<(T, Basis), RecordsError>>,
    ) -> Result<(Arc<T>, Basis), RecordsError> {
        let mut kept = self.0.lock().await;
        if let Some((value, basis)) = kept.as_ref().filter(|(_, basis)| now.duration_since(basis.as_of) < SHELF_LIFE) {
            return Ok((Arc::clone(value), basis.clone()));
        }
        let (value, basis) = read.await?;
        let value = Arc::new(value);
        *kept = Some((Arc::clone(&value), basis.clone()));
        Ok((value, basis))
    }
}

/// An agent with the service's statistics about them.
#[derive(Clone, Debug)]
pub struct AgentEntry {
    /// The agent.
    pub agent: Agent,
    /// The statistics, where the service has any.
    pub statistics: Option<AgentStatistics>,
}

impl Records {
    /// Every agent, in the service's order.
    pub async fn agents(&self) -> Result<(Arc<Vec<Agent>>, Basis), RecordsError> {
        let now = self.clock.now();
        let read = async {
            let query = Query::<Connections> {
                filters: Vec::new(),
                sort: vec![(Direction::Ascending, ConnectionSort::LastFirstName)],
                include: vec![ConnectionInclude::Agent, ConnectionInclude::AgentTeam],
            };
            let mut basis = Basis::read_at(now);
            let rows = self.read_all(query, &mut basis, "agents").await?;
            Ok((rows, basis))
        };
        self.agents.get(now, read).await
    }

    /// The service's statistics about every agent.
    pub async fn statistics(&self) -> Result<(Arc<Vec<AgentStatistics>>, Basis), RecordsError> {
        let now = self.clock.now();
        let read = async {
            let mut basis = Basis::read_at(now);
            let rows = self.read_all(Query::<ConnectionStats>::default(), &mut basis, "agent statistics").await?;
            Ok((rows, basis))
        };
        self.statistics.get(now, read).await
    }

    /// One agent with the statistics about them. `None` when there is no such agent.
    pub async fn agent(&self, id: &ConnectionId) -> Result<Option<(AgentEntry, Basis)>, RecordsError> {
        let include = [ConnectionInclude::Agent, ConnectionInclude::AgentTeam];
        let Some(agent) = super::error::found(self.client.one::<Connections>(id, &include).await)? else {
            return Ok(None);
        };
        let statistics = super::error::found(self.client.one::<ConnectionStats>(id, &[]).await)?;
        Ok(Some((AgentEntry { agent, statistics }, Basis::read_at(self.clock.now()))))
    }

    /// The agent meant by a connection id or a name. Case, accents, punctuation and the order of words do not count;
    /// two that fit are not guessed between.
    pub async fn resolve_agent(&self, given: &str) -> Result<ConnectionId, RecordsError> {
        if given.bytes().all(|b| b.is_ascii_digit())
            && let Ok(id) = given.parse()
        {
            return Ok(id);
        }
        let (agents, _) = self.agents().await?;
        let wanted = fold(given);
        let named: Vec<(String, &Agent)> = agents.iter().filter_map(|agent| Some((agent.name()?, agent))).collect();
        let exact: Vec<_> = named.iter().filter(|(name, _)| fold(name) == wanted).collect();
        let loose: Vec<_> = if exact.is_empty() && !wanted.is_empty() {
            named.iter().filter(|(name, _)| selection::has_words(name, &wanted)).collect()
        } else {
            exact
        };
        match loose.as_slice() {
            [(_, agent)] => Ok(agent.id.clone()),
            [] => Err(RecordsError::UnknownName {
                what: "agent",
                given: given.to_owned(),
                nearest: nearest(&wanted, named.iter().map(|(name, _)| name.as_str())),
            }),
            several => Err(RecordsError::AmbiguousName {
                what: "agent",
                given: given.to_owned(),
                candidates: several
                    .iter()
                    .take(CANDIDATES_MAX)
                    .map(|(name, agent)| match &agent.agency_name {
                        Some(agency) => format!("{name} of {agency} (id {})", agent.id),
                        None => format!("{name} (id {})", agent.id),
                    })
                    .collect(),
            }),
        }
    }
}

/// The names most similar to `wanted` (folded), best first.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(wanted, &fold(name)), name))
        .filter(|(score, _)| SIMILARITY_MIN <= *score)
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    scored.dedup_by(|left, right| left.1 == right.1);
    scored.into_iter().take(CANDIDATES_MAX).map(|(_, name)| name.to_owned()).collect()
}
