//! What no longer comes: moved, hidden, or gone. Absence is proven record by record or by a second reading, never
//! inferred from one answer.

use jiff::{SignedDuration, Timestamp};

use super::full::Batch;
use super::stored::Stored;
use super::{SyncError, Syncer};
use domain::InspectionId;
use mirror::{Kind, MirrorError, StoreCount};
use spectora::{ConnectionStats, Connections, Contacts, InspectionFilter, Inspections, Query};

/// The most records looked up one by one; of more, so many are looked up as a sample.
const LOOKED_UP_MAX: usize = 20;
/// A listing that lacks more than this many known records …
const SUDDEN_MIN: usize = 20;
/// … and more than one in so many of them has shrunk suddenly and is not believed at once.
const SUDDEN_SHARE: u64 = 20;
/// A second full reading so long after the first one that lacks the same records is believed.
const BELIEVED_AFTER: SignedDuration = SignedDuration::from_hours(3);
/// Ids asked for in one request.
const IDS_AT_ONCE: usize = 100;
/// The most such requests for one listing; what is left then is held back.
const ID_REQUESTS_MAX: usize = 10;

/// What was found out about records that did not come. Those that were found are stored and in neither list.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// Proven gone.
    pub(super) gone: Vec<i64>,
    /// Not proven.
    pub(super) held: Vec<i64>,
    /// How many are there and should have come: the listing did not show all there is.
    pub(super) unlisted: u64,
}

/// What a look by id found.
enum Looked {
    /// It is there, and stored; when it begins, for what begins.
    Found(StoreCount, Option<Timestamp>),
    /// The service says, twice and in its own form, that there is no such record.
    Absent,
}

impl Syncer {
    /// Finds out about records (number and id) that did not come in a listing of those that begin in `span`; without one
    /// it was a listing of all records, so that none can have moved out of it.
    pub(super) async fn resolve<R: Stored>(
        &self,
        missing: Vec<(i64, String)>,
        span: Option<(Timestamp, Timestamp)>,
        accepts_gone: bool,
    ) -> Result<(StoreCount, Resolved), SyncError> {
        let of_all = span.is_none();
        let belongs = |begins: Option<Timestamp>| {
            span.is_none_or(|(from, to)| begins.is_some_and(|begins| from <= begins && begins < to))
        };
        let mut count = StoreCount::default();
        let mut resolved = Resolved::default();
        let mut open = missing;
        if of_all {
            // Missing again some hours later: believed.
            let before = self.now().saturating_sub(BELIEVED_AFTER).unwrap_or(Timestamp::MIN);
            let held = self.mirror.read(move |snapshot| snapshot.held_since(R::KIND, before)).await?;
            let held: std::collections::HashSet<i64> = held.into_iter().map(|(pk, _)| pk).collect();
            let (believed, rest) = open.into_iter().partition(|(pk, _)| accepts_gone || held.contains(pk));
            let believed: Vec<(i64, String)> = believed;
            resolved.gone.extend(believed.into_iter().map(|(pk, _)| pk));
            open = rest;
        } else if LOOKED_UP_MAX < open.len() {
            let (stored, rest) = self.look_for_moved::<R>(open).await?;
            count.add(stored);
            open = rest;
        }
        let known = self.mirror.read(|snapshot| snapshot.count(R::KIND)).await?;
        let is_sudden = SUDDEN_MIN < open.len() && known < SUDDEN_SHARE * open.len() as u64;
        let looked_up = sample(&open);
        let is_whole = looked_up.len() == open.len();
        let mut absent = Vec::new();
        let mut is_proven = true;
        for (pk, id) in &looked_up {
            match self.look(R::KIND, id).await {
                Ok(Looked::Absent) => absent.push(*pk),
                Ok(Looked::Found(stored, begins)) => {
                    count.add(stored);
                    is_proven = false;
                    resolved.unlisted += u64::from(belongs(begins));
                }
                Err(error) if error.is_company_wide() => return Err(error),
                Err(error) => {
                    tracing::info!(company = self.company().as_str(), %error, "a record could not be looked up");
                    is_proven = false;
                    resolved.held.push(*pk);
                }
            }
        }
        let rest = open.iter().map(|(pk, _)| *pk).filter(|pk| !looked_up.iter().any(|(known, _)| known == pk));
        if is_whole {
            resolved.gone.extend(absent);
        } else if is_proven && !is_sudden {
            // A fair sample of them is gone, so the listing tells the truth.
            resolved.gone.extend(absent);
            resolved.gone.extend(rest);
        } else {
            resolved.gone.extend(absent.iter().filter(|_| !is_sudden));
            resolved.held.extend(absent.iter().filter(|_| is_sudden));
            resolved.held.extend(rest);
        }
        if !resolved.held.is_empty() {
            let held = resolved.held.len();
            tracing::warn!(
                company = self.company().as_str(),
                kind = R::KIND.name(),
                held,
                "records are no longer listed; they are not believed gone yet"
            );
        }
        Ok((count, resolved))
    }

    /// Asks for many inspections by their ids at once. What comes is stored; what does not come is not proven gone.
    async fn look_for_moved<R: Stored>(
        &self,
        missing: Vec<(i64, String)>,
    ) -> Result<(StoreCount, Vec<(i64, String)>), SyncError> {
        let mut count = StoreCount::default();
        if R::KIND != Kind::Inspections {
            return Ok((count, missing));
        }
        let mut found = std::collections::HashSet::new();
        for chunk in missing.chunks(IDS_AT_ONCE).take(ID_REQUESTS_MAX) {
            let ids: Vec<InspectionId> = chunk.iter().filter_map(|(_, id)| id.parse().ok()).collect();
            let listing = <Inspections as Stored>::listing();
            let mut filters = listing.filters;
            filters.push(InspectionFilter::AnyId(ids));
            let query = Query::<Inspections> { filters, sort: Vec::new(), include: listing.include };
            let mut page = self.client.page_with_raw(&query, 1, self.page_rows(R::KIND), 0).await?;
            let works = page.filters.all_at_work();
            // Asked for by id they say nothing of what the listing shows.
            let batch = Batch::<Inspections>::alone(Batch::<Inspections>::of(&mut page).rows);
            found.extend(batch.rows.iter().map(|(row, _)| row.id.to_string()));
            count.add(self.store_page(batch, &page.companies).await?);
            if !works {
                break;
            }
        }
        Ok((count, missing.into_iter().filter(|(_, id)| !found.contains(id)).collect()))
    }

    /// Looks one record up; "not found" counts when it is said twice.
    async fn look(&self, kind: Kind, id: &str) -> Result<Looked, SyncError> {
        match kind {
            Kind::Inspections => self.look_for::<Inspections>(id, super::stored::INSPECTION_INCLUDES).await,
            Kind::Agents => self.look_for::<Connections>(id, super::stored::AGENT_INCLUDES).await,
            Kind::AgentStats => self.look_for::<ConnectionStats>(id, &[]).await,
            Kind::Clients => self.look_for::<Contacts>(id, &[]).await,
        }
    }

    async fn look_for<R: Stored>(&self, id: &str, include: &[R::Include]) -> Result<Looked, SyncError> {
        let Ok(wanted) = id.parse::<R::Id>() else { return Ok(Looked::Absent) };
        let mut said_absent = false;
        loop {
            match self.client.one_with_raw::<R>(&wanted, include).await {
                Ok((record, raw)) => {
                    let begins = R::begins(&record);
                    let companies = self.client.company_id().into_iter().collect();
                    let stored = self.store_page(Batch::<R>::alone(vec![(record, raw)]), &companies).await?;
                    return Ok(Looked::Found(stored, begins));
                }
                Err(error) if error.kind.is_absence() => {
                    if said_absent {
                        return Ok(Looked::Absent);
                    }
                    said_absent = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads one record by its id and stores it, or marks it gone where the service says so twice.
    pub(super) async fn read_by_id(&self, kind: Kind, id: &str) -> Result<StoreCount, SyncError> {
        match self.look(kind, id).await? {
            Looked::Found(count, _) => Ok(count),
            Looked::Absent => {
                let (id, now) = (id.to_owned(), self.clock.now());
                Ok(self.mirror.write(move |tx| tx.mark_gone(kind, &id, now)).await?)
            }
        }
    }

    /// Stores what was found out about records that did not come in a listing of a part of all.
    pub(super) async fn settle_missing(&self, kind: Kind, resolved: Resolved) -> Result<StoreCount, MirrorError> {
        let Resolved { gone, held, .. } = resolved;
        self.mirror
            .write(move |tx| {
                tx.hold(kind, &held)?;
                tx.believe_gone(kind, &gone)
            })
            .await
    }
}

/// The records to look up: all of a few, and of many a sample spread evenly over them.
fn sample(open: &[(i64, String)]) -> Vec<(i64, String)> {
    let step = open.len().div_ceil(LOOKED_UP_MAX).max(1);
    open.iter().step_by(step).cloned().collect()
}
