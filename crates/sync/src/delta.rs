//! What changed since the last time.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::full::{Batch, ahead_of, place_of};
use super::stored::Stored;
use super::{Progress, StepReport, StepWay, SyncError, Syncer, WATERMARK_OVERLAP, WINDOW_BACK};
use domain::{InspectionOrder, InspectionQuery};
use mirror::{Coverage, Kind, StoreCount};
use spectora::{
    AskedAt, ChangedSinceName, ConnectionStats, Connections, Contacts, InspectionFilter, Inspections, Query, is_outside,
};

/// The most pages one delta reads of a kind; beyond that a full pass is the better way.
const DELTA_PAGES_MAX: u32 = 200;
/// How many times one delta is started over because records came or went while it was read.
const RESTARTS_MAX: u32 = 3;
/// Longer than any delta takes. What is said to be made after it was dated wrongly.
const READING_MAX: SignedDuration = SignedDuration::from_hours(2);
/// The length of one part of the slow turn, in days.
const TURN_DAYS: i64 = 30;
/// By how much the difference between the two clocks may change before a change of a clock is suspected, in seconds.
const CLOCK_SLACK: i64 = 30;
/// So many rows that did not change since show, where they are the most of a page, that the filter does not filter.
const OUTSIDE_MIN: usize = 10;

/// A listing that was read to its end.
struct Listing {
    count: StoreCount,
    /// The ids of rows that belong to it.
    ids: HashSet<String>,
    /// Whether every record that the service counts came, with every filter at work.
    is_whole: bool,
    /// When its first request left.
    asked: Option<AskedAt>,
}

/// Why a delta is no reading of all changes.
enum NotAll {
    /// The filter by the time of change does not work (any more).
    FilterFails,
    /// More changed than a delta reads.
    TooMany,
}

impl Syncer {
    /// What changed in a kind since the last time, with the steps that took.
    pub(super) async fn delta(
        &self,
        kind: Kind,
        way: StepWay,
        progress: &dyn Progress,
    ) -> Result<Vec<StepReport>, SyncError> {
        let count = match (kind, way) {
            (Kind::Inspections, StepWay::Window) => self.window(progress).await?,
            (Kind::Inspections, _) => return self.counted_changes(progress).await,
            (Kind::Agents, _) => self.changes::<Connections>(None, progress).await?,
            (Kind::AgentStats, _) => self.changes::<ConnectionStats>(None, progress).await?,
            (Kind::Clients, _) => self.changes::<Contacts>(None, progress).await?,
        };
        Ok(vec![StepReport { kind, way, count }])
    }

    /// All changes since the last finished reading of all changes. Where they cannot be told, everything is read.
    /// `counted` is how many records the service counted just before, and when: what was read is noted together with
    /// what that says.
    async fn changes<R: Stored>(
        &self,
        counted: Option<(u64, AskedAt)>,
        progress: &dyn Progress,
    ) -> Result<StoreCount, SyncError> {
        let coverage = self.mirror.read(|snapshot| snapshot.coverage(R::KIND)).await?;
        let name: Option<ChangedSinceName> = self.changed_since(R::KIND).await?;
        let (Some(name), Some(place), Some(_)) = (name, coverage.read_from, coverage.full_at) else {
            return self.full(R::KIND, false, progress).await;
        };
        // Some record that is here changed last; a filter that works finds at least that one.
        let control = self.mirror.read(move |snapshot| snapshot.latest_change(R::KIND, place)).await?;
        let since = place.checked_sub(WATERMARK_OVERLAP).unwrap_or(place);
        let since = control.map_or(since, |control| since.min(control));
        let mut count = StoreCount::default();
        match self.changes_since::<R>(name, since, &coverage, control.is_some(), progress).await? {
            Ok((stored, asked)) => {
                count.add(stored);
                let miscount = match counted {
                    Some((counted, asked)) => Some(self.miscount::<R>(counted, asked).await?),
                    None => None,
                };
                // The count is part of the reading, and came first.
                let asked = counted.map_or(asked, |(_, asked)| asked);
                self.mirror
                    .write(move |tx| {
                        tx.change_coverage(R::KIND, |before| Coverage {
                            fresh_at: Some(asked.settled()),
                            read_from: Some(place_of(asked)),
                            ahead: ahead_of(asked),
                            miscount: miscount.unwrap_or(before.miscount),
                            ..before
                        })
                    })
                    .await?;
                Ok(count)
            }
            Err(reason) => {
                if matches!(reason, NotAll::FilterFails) {
                    tracing::warn!(
                        company = self.company().as_str(),
                        kind = R::KIND.name(),
                        "the filter by the time of change does not work any more; everything is read"
                    );
                    self.distrust_changed_since::<R>().await?;
                }
                self.full(R::KIND, false, progress).await
            }
        }
    }

    /// Reads what changed since an instant of the service's clock; gives when the reading began. `Err` in it when that is
    /// not all that changed.
    async fn changes_since<R: Stored>(
        &self,
        name: ChangedSinceName,
        since: Timestamp,
        coverage: &Coverage,
        finds_some: bool,
        progress: &dyn Progress,
    ) -> Result<Result<(StoreCount, AskedAt), NotAll>, SyncError> {
        let here = self.mirror.read(|snapshot| snapshot.listed(R::KIND)).await?.1;
        let mut since = since;
        let mut count = StoreCount::default();
        let mut began: Option<AskedAt> = None;
        let (mut number, mut read_before) = (1, 0);
        let mut came = HashSet::new();
        let mut first_records = None;
        let mut restarts = 0;
        loop {
            let Some(filter) = R::changed_since(name, since) else { return Ok(Err(NotAll::FilterFails)) };
            let mut query = R::listing();
            query.filters.push(filter);
            let mut page = self.client.page_with_raw(&query, number, self.page_rows(R::KIND), read_before).await?;
            let asked = *began.get_or_insert(page.asked);
            if number == 1
                && let Some(earlier) = moved_clock(coverage, asked, since)
            {
                if earlier < since {
                    // One of the two clocks was changed since: reach as much further back.
                    since = earlier;
                    continue;
                }
                return Ok(Err(NotAll::TooMany));
            }
            let outside = page.rows.iter().filter(|row| is_outside(R::updated_at(row), since)).count();
            let refused = page.filters.refused.contains(name.as_str()) || page.filters.ignored.contains(name.as_str());
            let is_all = page
                .pagination
                .records
                .is_some_and(|records| OUTSIDE_MIN as u64 <= records && here <= records.saturating_add(records / 10));
            let mostly_outside = OUTSIDE_MIN <= outside && page.rows.len() < 2 * outside;
            let finds_nothing = number == 1 && finds_some && page.received == 0;
            if refused || mostly_outside || (0 < outside && is_all) || finds_nothing {
                return Ok(Err(NotAll::FilterFails));
            }
            let (is_last, next, records) = (page.last, page.pagination.after(number), page.pagination.records);
            read_before += page.received as u64;
            came.extend(page.raws.keys().cloned());
            let moved = *first_records.get_or_insert(records) != records;
            count.add(self.store_page(Batch::<R>::of(&mut page), &page.companies).await?);
            progress.stored(R::KIND, came.len() as u64, records);
            if moved {
                // Rows may have moved over the border of a page while it was read.
                if RESTARTS_MAX <= restarts {
                    return Ok(Err(NotAll::TooMany));
                }
                (number, read_before, first_records, restarts) = (1, 0, None, restarts + 1);
                came.clear();
                continue;
            }
            if is_last {
                let is_whole = records.is_none_or(|records| records <= came.len() as u64 + coverage.shortfall);
                return Ok(if is_whole { Ok((count, asked)) } else { Err(NotAll::TooMany) });
            }
            if DELTA_PAGES_MAX <= number {
                return Ok(Err(NotAll::TooMany));
            }
            number = next;
        }
    }

    /// Reads and stores a listing to its end.
    async fn read_listing<R: Stored>(
        &self,
        query: &Query<R>,
        tolerated: u64,
        progress: &dyn Progress,
    ) -> Result<Listing, SyncError> {
        let mut listing = Listing { count: StoreCount::default(), ids: HashSet::new(), is_whole: false, asked: None };
        let (mut number, mut read_before) = (1, 0);
        let mut came = HashSet::new();
        let mut first_records = None;
        let mut moved = false;
        loop {
            let mut page = self.client.page_with_raw(query, number, self.page_rows(R::KIND), read_before).await?;
            listing.asked.get_or_insert(page.asked);
            read_before += page.received as u64;
            let records = page.pagination.records;
            moved |= *first_records.get_or_insert(records) != records;
            let honored = page.filters.all_at_work();
            let (is_last, next) = (page.last, page.pagination.after(number));
            came.extend(page.raws.keys().cloned());
            // Rows a filter says no to were dropped, so only those that stayed belong to the listing.
            let batch = Batch::<R>::of(&mut page);
            listing.ids.extend(batch.rows.iter().map(|(row, _)| R::id(row).to_string()));
            listing.count.add(self.store_page(batch, &page.companies).await?);
            progress.stored(R::KIND, listing.ids.len() as u64, records);
            if is_last || DELTA_PAGES_MAX <= number {
                let all = records.is_none_or(|records| records <= came.len() as u64 + tolerated);
                listing.is_whole = is_last && honored && all && !moved;
                return Ok(listing);
            }
            number = next;
        }
    }

    /// The recent past, all of the future, and one part of what is older.
    async fn window(&self, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        let from = self.now().saturating_sub(WINDOW_BACK).unwrap_or(Timestamp::MIN);
        let (mut count, asked) = self.span(from, None, progress).await?;
        let Some(asked) = asked else { return self.full(Kind::Inspections, false, progress).await };
        let coverage = self.mirror.read(|snapshot| snapshot.coverage(Kind::Inspections)).await?;
        let (turn_from, turn_to) = turn_span(from, coverage.turn);
        let oldest = self.mirror.read(|snapshot| snapshot.oldest_start()).await?;
        let next_turn = if oldest.is_none_or(|oldest| turn_from <= oldest) { 0 } else { coverage.turn + 1 };
        if oldest.is_some_and(|oldest| oldest < turn_to) {
            count.add(self.span(turn_from, Some(turn_to), progress).await?.0);
        }
        self.mirror
            .write(move |tx| {
                tx.change_coverage(Kind::Inspections, |before| Coverage {
                    window_at: Some(asked.settled()),
                    window_from: Some(from),
                    turn: next_turn,
                    ..before
                })
            })
            .await?;
        Ok(count)
    }

    /// Everything that begins in a span; what was known there and did not come is looked up by its id. Gives when the
    /// reading began, or `None` when it was not whole, even on a second try.
    async fn span(
        &self,
        from: Timestamp,
        to: Option<Timestamp>,
        progress: &dyn Progress,
    ) -> Result<(StoreCount, Option<AskedAt>), SyncError> {
        const TRIES: u32 = 2;
        let mut query = <Inspections as Stored>::listing();
        query.filters.push(InspectionFilter::StartsAtOrAfter(from));
        query.filters.extend(to.map(InspectionFilter::StartsBefore));
        let tolerated = self.mirror.read(|snapshot| snapshot.coverage(Kind::Inspections)).await?.shortfall;
        let mut count = StoreCount::default();
        for _ in 0..TRIES {
            let listing = self.read_listing::<Inspections>(&query, tolerated, progress).await?;
            count.add(listing.count);
            if listing.is_whole {
                let span = (from, to.unwrap_or(Timestamp::MAX));
                let mut missing = self.known_between(span).await?;
                missing.retain(|(_, id)| !listing.ids.contains(id));
                let (stored, resolved) = self.resolve::<Inspections>(missing, Some(span), false).await?;
                count.add(stored);
                let unlisted = resolved.unlisted;
                count.add(self.settle_missing(Kind::Inspections, resolved).await?);
                if unlisted == 0 {
                    return Ok((count, listing.asked));
                }
                // It did not show what is there, so there may be more that it did not show.
            }
        }
        Ok((count, None))
    }

    /// The inspections that are here and begin in a span, without those held back already: full passes see to them.
    async fn known_between(&self, span: (Timestamp, Timestamp)) -> Result<Vec<(i64, String)>, SyncError> {
        let query = InspectionQuery { starts: Some(span), ..InspectionQuery::default() };
        let known = self.mirror.read(move |snapshot| {
            let held = snapshot.held_since(Kind::Inspections, Timestamp::MAX)?;
            let mut known = snapshot.numbered_ids(&query, InspectionOrder::Newest)?;
            known.retain(|one| !held.contains(one));
            Ok(known)
        });
        Ok(known.await?)
    }

    /// All changes of inspections, and whether the service counts as many as are then here: a deletion that leaves no
    /// trace, or a record that no filter told of, shows only in that. Where the counts differ, changes are read once more
    /// (something may have been deleted in between), and then everything.
    ///
    /// It counts before it reads: what was booked in between is told by its own time, so it cannot hide what is gone.
    async fn counted_changes(&self, progress: &dyn Progress) -> Result<Vec<StepReport>, SyncError> {
        const TRIES: u32 = 2;
        let kind = Kind::Inspections;
        let mut steps = Vec::new();
        for _ in 0..TRIES {
            let counted = self.counted(<Inspections as Stored>::listing()).await?;
            let count = self.changes::<Inspections>(Some(counted), progress).await?;
            steps.push(StepReport { kind, way: StepWay::Changes, count });
            if self.mirror.read(move |snapshot| snapshot.coverage(kind)).await?.miscount == 0 {
                return Ok(steps);
            }
        }
        let left = self.month().await?.left_for_background();
        let most = self.mirror.read(move |snapshot| snapshot.listed(kind)).await?.1;
        let calls = most.div_ceil(u64::from(self.page_rows(kind)));
        if left.is_none_or(|left| calls <= left) {
            let count = self.full(kind, false, progress).await?;
            steps.push(StepReport { kind, way: StepWay::Full, count });
        }
        Ok(steps)
    }

    /// By how many the service's count of all records is off from what is here, once all changes after it were read.
    async fn miscount<R: Stored>(&self, counted: u64, asked: AskedAt) -> Result<i64, SyncError> {
        let from = place_of(asked);
        let to = from.saturating_add(READING_MAX).unwrap_or(Timestamp::MAX);
        let unclear = self.mirror.read(move |snapshot| snapshot.created_between(R::KIND, from, to)).await?;
        // What was made about when it counted may be in the count or not, and would hide as many that are gone.
        let counted = if unclear == 0 { counted } else { self.count_of(R::listing()).await? };
        let (coverage, (least, most)) =
            self.mirror.read(move |snapshot| Ok((snapshot.coverage(R::KIND)?, snapshot.listed(R::KIND)?))).await?;
        let beyond = coverage.shortfall.cast_signed() - coverage.held.cast_signed() - coverage.unlisted.cast_signed();
        let expected = least.cast_signed() + beyond..=most.cast_signed() + beyond;
        let counted = counted.cast_signed();
        Ok((counted - expected.end()).max(0) + (counted - expected.start()).min(0))
    }
}

/// Where changes must be asked for when a clock was changed since the place was noted: further back by as much as the
/// difference between the clocks changed. The same instant when the service's clock now shows less than the place itself,
/// so that no instant can be relied on; `None` when nothing speaks for a change.
fn moved_clock(coverage: &Coverage, asked: AskedAt, since: Timestamp) -> Option<Timestamp> {
    let place = coverage.read_from?;
    if place_of(asked) < place.saturating_sub(SignedDuration::from_secs(CLOCK_SLACK)).unwrap_or(place) {
        return Some(since);
    }
    let moved = ahead_of(asked)?.checked_sub(coverage.ahead?)?.abs();
    let earlier = place.checked_sub(WATERMARK_OVERLAP).ok()?.checked_sub(SignedDuration::from_secs(moved)).ok()?;
    (CLOCK_SLACK < moved && earlier < since).then_some(earlier)
}

/// The part of the past the slow turn reads next: 30 days, further back each time.
fn turn_span(window_from: Timestamp, turn: i64) -> (Timestamp, Timestamp) {
    let days = |days: i64| SignedDuration::from_hours(days.saturating_mul(24));
    let to = window_from.saturating_sub(days(TURN_DAYS.saturating_mul(turn))).unwrap_or(Timestamp::MIN);
    (to.saturating_sub(days(TURN_DAYS)).unwrap_or(Timestamp::MIN), to)
}
