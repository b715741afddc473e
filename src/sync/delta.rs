//! What changed since the last time.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::full::Batch;
use super::kept::Kept;
use super::{PAGE_ROWS, Progress, StepReport, StepWay, SyncError, Syncer, WATERMARK_OVERLAP, WINDOW_BACK};
use crate::domain::InspectionId;
use crate::mirror::{Coverage, InspectionQuery, Kind, Order, StoreCount};
use crate::spectora::{
    ChangedSinceName, ConnectionStats, Connections, Contacts, InspectionFilter, Inspections, Query, RawRecord,
    SpectoraErrorKind,
};

/// The most pages one delta reads of a kind; beyond that a full pass is the better way.
const DELTA_PAGES_MAX: u32 = 2_000;
/// The most ids checked one by one to tell deleted inspections from rescheduled ones.
const CHECKED_MAX: usize = 10;
/// The length of one part of the slow turn, in days.
const TURN_DAYS: i64 = 30;

impl Syncer {
    pub(super) async fn delta(
        &self,
        kind: Kind,
        way: StepWay,
        progress: &dyn Progress,
    ) -> Result<StoreCount, SyncError> {
        match (kind, way) {
            (Kind::Inspections, StepWay::Window) => self.window(progress).await,
            (Kind::Inspections, _) => self.changes::<Inspections>(progress).await,
            (Kind::Agents, _) => self.changes::<Connections>(progress).await,
            (Kind::AgentStats, _) => self.changes::<ConnectionStats>(progress).await,
            (Kind::Clients, _) => self.changes::<Contacts>(progress).await,
        }
    }

    /// All pages of what changed since a little before the latest known change.
    async fn changes<R: Kept>(&self, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        let started_at = self.clock.now();
        let coverage = self.mirror.read(|parts| parts.coverage(R::KIND)).await?;
        let name: Option<ChangedSinceName> = self.changed_since(R::KIND).await?;
        let since = coverage.watermark.and_then(|ms| Timestamp::from_millisecond(ms).ok()).or(coverage.full_at);
        let since = since.and_then(|at| at.checked_sub(WATERMARK_OVERLAP).ok());
        let (Some(name), Some(since)) = (name, since) else { return self.full(R::KIND, progress).await };
        let mut query = R::listing();
        let Some(filter) = R::changed_since(name, since) else { return self.full(R::KIND, progress).await };
        query.filters.push(filter);
        let (count, _, _) = self.read_listing::<R>(&query, progress).await?;
        self.mirror
            .write(move |parts| {
                let fresh = Coverage { fresh_at: Some(started_at), ..parts.coverage_now(R::KIND)? };
                parts.set_coverage(R::KIND, &fresh)
            })
            .await?;
        Ok(count)
    }

    /// Reads and stores a listing to its end. Gives the ids that came, and whether they are all the service counts.
    async fn read_listing<R: Kept>(
        &self,
        query: &Query<R>,
        progress: &dyn Progress,
    ) -> Result<(StoreCount, HashSet<String>, bool), SyncError> {
        let mut count = StoreCount::default();
        let mut ids = HashSet::new();
        let (mut number, mut read_before) = (1, 0);
        loop {
            let mut page = self.client.page_with_raw(query, number, PAGE_ROWS, read_before).await?;
            read_before += page.received as u64;
            let records = page.pagination.records;
            let honoured = page.filters.ignored.is_empty() && page.filters.refused.is_empty();
            let (is_last, next) = (page.last, page.pagination.next);
            // Rows a filter says no to were dropped, so only those that stayed belong to the listing.
            let batch = Batch::<R>::of(&mut page);
            ids.extend(batch.rows.iter().map(|(row, _)| R::id(row).to_string()));
            let now = self.clock.now();
            count.add(self.mirror.write(move |parts| R::store(parts, &batch.fresh(), now)).await?);
            progress.stored(R::KIND, ids.len() as u64, records);
            if is_last || DELTA_PAGES_MAX <= number {
                let all = is_last && honoured && records.is_none_or(|records| records <= read_before);
                return Ok((count, ids, all));
            }
            number = next.filter(|next| number < *next).unwrap_or(number + 1);
        }
    }

    /// The recent past, all of the future, and one part of what is older.
    async fn window(&self, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        let started_at = self.clock.now();
        let from = started_at.saturating_sub(WINDOW_BACK).unwrap_or(Timestamp::MIN);
        let mut count = self.span(from, None, progress).await?;
        let coverage = self.mirror.read(|parts| parts.coverage(Kind::Inspections)).await?;
        let (turn_from, turn_to) = turn_span(from, coverage.turn);
        let oldest = self.mirror.read(|parts| parts.oldest_start()).await?;
        let next_turn = if oldest.is_none_or(|oldest| turn_from <= oldest) { 0 } else { coverage.turn + 1 };
        if oldest.is_some_and(|oldest| oldest < turn_to) {
            count.add(self.span(turn_from, Some(turn_to), progress).await?);
        }
        self.mirror
            .write(move |parts| {
                let fresh = Coverage {
                    window_at: Some(started_at),
                    window_from: Some(from),
                    turn: next_turn,
                    ..parts.coverage_now(Kind::Inspections)?
                };
                parts.set_coverage(Kind::Inspections, &fresh)
            })
            .await?;
        Ok(count)
    }

    /// Everything that begins in a span; what was known there and did not come is looked up by its id.
    async fn span(
        &self,
        from: Timestamp,
        to: Option<Timestamp>,
        progress: &dyn Progress,
    ) -> Result<StoreCount, SyncError> {
        let mut query = <Inspections as Kept>::listing();
        query.filters.push(InspectionFilter::StartsAtOrAfter(from));
        query.filters.extend(to.map(InspectionFilter::StartsBefore));
        let (mut count, ids, all) = self.read_listing::<Inspections>(&query, progress).await?;
        if all {
            let known = self.known_between(from, to.unwrap_or(Timestamp::MAX)).await?;
            let missing: Vec<InspectionId> = known.into_iter().filter(|id| !ids.contains(id.as_str())).collect();
            count.add(self.look_up(&missing).await?);
        }
        Ok(count)
    }

    async fn known_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<InspectionId>, SyncError> {
        let query = InspectionQuery { period: Some((from, to)), ..InspectionQuery::default() };
        let ids = self.mirror.read(move |parts| parts.inspection_ids(&query, Order::Newest)).await?;
        Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Reads inspections that a listing no longer shows where it did: moved elsewhere, or gone. More than a few wait for
    /// the next full pass.
    async fn look_up(&self, ids: &[InspectionId]) -> Result<StoreCount, SyncError> {
        let mut count = StoreCount::default();
        if CHECKED_MAX < ids.len() {
            tracing::info!(company = self.company().as_str(), rows = ids.len(), "left to the next full pass");
            return Ok(count);
        }
        for id in ids {
            count.add(self.read_by_id(Kind::Inspections, id.as_str()).await?);
        }
        Ok(count)
    }

    /// Reads one record by its id and stores it, or marks it gone.
    pub(super) async fn read_by_id(&self, kind: Kind, id: &str) -> Result<StoreCount, SyncError> {
        match kind {
            Kind::Inspections => self.read_one::<Inspections>(id, super::kept::INSPECTION_INCLUDES).await,
            Kind::Agents => self.read_one::<Connections>(id, super::kept::AGENT_INCLUDES).await,
            Kind::AgentStats => self.read_one::<ConnectionStats>(id, &[]).await,
            Kind::Clients => self.read_one::<Contacts>(id, &[]).await,
        }
    }

    async fn read_one<R: Kept>(&self, id: &str, include: &[R::Include]) -> Result<StoreCount, SyncError> {
        let Ok(wanted) = id.parse::<R::Id>() else { return Ok(StoreCount::default()) };
        let now = self.clock.now();
        match self.client.one_with_raw::<R>(&wanted, include).await {
            Ok((record, raw)) => {
                let row: (R::Record, RawRecord) = (record, raw);
                Ok(self
                    .mirror
                    .write(move |parts| {
                        let batch = Batch::<R> { rows: vec![row], ids: Vec::new() };
                        R::store(parts, &batch.fresh(), now)
                    })
                    .await?)
            }
            Err(error) if matches!(error.kind, SpectoraErrorKind::NotFound { assumed_path: None }) => {
                let id = id.to_owned();
                Ok(self.mirror.write(move |parts| parts.mark_gone(R::KIND, &id, now)).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the service never shows deleted inspections, changes alone do not tell of a deletion: when it counts fewer
    /// than are here, a full pass finds out which.
    pub(super) async fn find_vanished(&self, progress: &dyn Progress) -> Result<Vec<StepReport>, SyncError> {
        let (shows_deleted, here) =
            self.mirror.read(|parts| Ok((parts.shows()?.1, parts.listed(Kind::Inspections)?))).await?;
        if shows_deleted || here <= self.count_of(<Inspections as Kept>::listing()).await? {
            return Ok(Vec::new());
        }
        let left = self.month().await?.left_for_background();
        if left.is_some_and(|left| left < here.div_ceil(u64::from(PAGE_ROWS))) {
            return Ok(Vec::new());
        }
        let count = self.full(Kind::Inspections, progress).await?;
        Ok(vec![StepReport { kind: Kind::Inspections, way: StepWay::Full, count }])
    }
}

/// The part of the past the slow turn reads next: 30 days, further back each time.
fn turn_span(window_from: Timestamp, turn: i64) -> (Timestamp, Timestamp) {
    let days = |days: i64| SignedDuration::from_hours(days.saturating_mul(24));
    let to = window_from.saturating_sub(days(TURN_DAYS.saturating_mul(turn))).unwrap_or(Timestamp::MIN);
    (to.saturating_sub(days(TURN_DAYS)).unwrap_or(Timestamp::MIN), to)
}
