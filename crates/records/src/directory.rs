//! Agents and their statistics: few enough to be read whole, and asked for by name all the time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::cache::Cache;
use super::{Basis, Gap, Listing, Note, RecordsError, Whole};
use domain::{Agent, AgentStatistics, ConnectionId};
use mirror::Kind;
use spectora::{ConnectionSort, ConnectionStats, Connections, Direction, Query};
use sync::AGENT_INCLUDES;

/// How long what was read may be used again.
const SHELF_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// What was read whole from the service, and the basis it stands on.
pub(super) type Shelf<T> = Cache<(), (Arc<Vec<T>>, Basis)>;

/// What is on the shelf, or what `read` gives where that is too old.
async fn from_shelf<T>(
    shelf: &Shelf<T>,
    now: Timestamp,
    read: impl Future<Output = Result<(Vec<T>, Basis), RecordsError>>,
) -> Result<(Arc<Vec<T>>, Basis), RecordsError> {
    let is_good = |(_, basis): &(Arc<Vec<T>>, Basis)| now.duration_since(basis.as_of) < SHELF_LIFE;
    let read = async { read.await.map(|(rows, basis)| (Arc::new(rows), basis)) };
    Ok(shelf.get_or(&(), is_good, read).await?.as_ref().clone())
}

/// An agent with the service's statistics about them.
#[derive(Clone, Debug)]
pub struct AgentEntry {
    /// The agent.
    pub agent: Agent,
    /// The statistics, where the service has any.
    pub statistics: Option<AgentStatistics>,
}

impl Whole {
    /// Every agent, in the service's order.
    pub(super) async fn agents(&self) -> Result<(Arc<Vec<Agent>>, Basis), RecordsError> {
        let mirrored = self.mirrored_all::<Connections>(Kind::Agents, &self.mirrored_agents).await;
        if let Some(found) = self.or_service(mirrored)? {
            return Ok(found);
        }
        let now = self.clock.now();
        let read = Box::pin(async {
            let query = Query::<Connections> {
                filters: Vec::new(),
                sort: vec![(Direction::Ascending, ConnectionSort::LastFirstName)],
                include: AGENT_INCLUDES.to_vec(),
            };
            let mut basis = self.asked_now();
            let rows = self.read_all(query, &mut basis, Listing::Agents).await?;
            Ok((rows, basis))
        });
        from_shelf(&self.agents, now, read).await
    }

    /// The service's statistics about every agent.
    pub(super) async fn statistics(&self) -> Result<(Arc<Vec<AgentStatistics>>, Basis), RecordsError> {
        let mirrored = self.mirrored_all::<ConnectionStats>(Kind::AgentStats, &self.mirrored_statistics).await;
        if let Some(found) = self.or_service(mirrored)? {
            return Ok(found);
        }
        let now = self.clock.now();
        let read = Box::pin(async {
            let mut basis = self.asked_now();
            let rows = self.read_all(Query::<ConnectionStats>::default(), &mut basis, Listing::AgentStatistics).await?;
            Ok((rows, basis))
        });
        from_shelf(&self.statistics, now, read).await
    }

    /// One agent with the statistics about them. `None` when there is no such agent.
    pub(super) async fn agent(&self, id: &ConnectionId) -> Result<Option<(AgentEntry, Basis)>, RecordsError> {
        let mirrored = self.mirrored_one::<Connections>(Kind::Agents, id.as_str()).await;
        if let Some((agent, mut basis)) = self.or_service(mirrored)? {
            let found = self.or_service(self.mirrored_one::<ConnectionStats>(Kind::AgentStats, id.as_str()).await)?;
            let statistics = match found {
                Some((statistics, read)) => {
                    basis.absorb(read);
                    Some(statistics)
                }
                None => self.statistics_of(id).await.unwrap_or_else(|error| {
                    basis.gaps.push(Gap::Statistics(Some(error.for_note())));
                    None
                }),
            };
            return Ok(Some((AgentEntry { agent, statistics }, basis)));
        }
        let Some(agent) = super::error::found(self.client.one::<Connections>(id, AGENT_INCLUDES).await)? else {
            return self.former_agent(id).await;
        };
        let statistics = self.statistics_of(id).await?;
        Ok(Some((AgentEntry { agent, statistics }, self.asked_now())))
    }

    /// What the service counts of one agent; found among all where it ignores the filter by id.
    async fn statistics_of(&self, id: &ConnectionId) -> Result<Option<AgentStatistics>, RecordsError> {
        super::error::found(self.client.one::<ConnectionStats>(id, &[]).await)
    }

    /// An agent whom the service has no more, as the mirror knew them.
    async fn former_agent(&self, id: &ConnectionId) -> Result<Option<(AgentEntry, Basis)>, RecordsError> {
        let wanted = id.to_string();
        let found = self.read_mirror(move |snapshot| snapshot.raw(Kind::Agents, &wanted)).await?;
        let Some((raw, gone_at)) = found.flatten() else { return Ok(None) };
        let agent = self.decode::<Connections>(raw)?;
        let mut basis = self.asked_now();
        basis.notes.push(Note::Former(gone_at.map(|at| self.timezone().to_datetime(at).date())));
        Ok(Some((AgentEntry { agent, statistics: None }, basis)))
    }
}
