//! A pass over all pages of a listing: goes on where it stopped, loses no row silently, finds what is gone.

use jiff::Timestamp;

use super::kept::Kept;
use super::{PAGE_ROWS, PASS_AGE_MAX, Progress, SyncError, Syncer};
use crate::mirror::{Fresh, Kind, MirrorError, Pass, PassStep, StoreCount};
use crate::spectora::{ConnectionStats, Connections, Contacts, Inspections, Page, RawRecord, Resource};

/// How many times a listing is begun again when rows are missing at its end.
const AGAIN_MAX: u32 = 2;

/// Records with the bytes they came as, ready to be stored on another thread.
pub(super) struct Batch<R: Resource> {
    pub(super) rows: Vec<(R::Record, RawRecord)>,
    /// The ids of all rows.
    pub(super) ids: Vec<String>,
}

impl<R: Kept> Batch<R> {
    /// The rows of a page; its raw records are moved out of it.
    pub(super) fn of(page: &mut Page<R::Record>) -> Self {
        let mut raws = std::mem::take(&mut page.raws);
        let ids = raws.keys().cloned().collect();
        let rows = std::mem::take(&mut page.rows);
        let rows = rows.into_iter().filter_map(|row| {
            let raw = raws.remove(R::id(&row).to_string().as_str())?;
            Some((row, raw))
        });
        Self { rows: rows.collect(), ids }
    }

    pub(super) fn fresh(&self) -> Vec<Fresh<'_, R::Record>> {
        self.rows.iter().map(|(record, raw)| Fresh { record, raw: raw.as_bytes() }).collect()
    }
}

impl Syncer {
    /// A full pass over one kind.
    pub(super) async fn full(&self, kind: Kind, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        match kind {
            Kind::Inspections => self.full_of::<Inspections>(progress).await,
            Kind::Agents => self.full_of::<Connections>(progress).await,
            Kind::AgentStats => self.full_of::<ConnectionStats>(progress).await,
            Kind::Clients => self.full_of::<Contacts>(progress).await,
        }
    }

    async fn full_of<R: Kept>(&self, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        let mut pass = self.resume_or_begin(R::KIND).await?;
        let query = R::listing();
        let mut count = StoreCount::default();
        // How far back an unbroken order has come; known on going on only if it was known before the stop.
        let coverage = self.mirror.read(|parts| parts.coverage(R::KIND)).await?;
        let mut reach = if pass.next_page == 1 { Some(Timestamp::MAX) } else { coverage.reach };
        loop {
            let mut page = self.client.page_with_raw(&query, pass.next_page, pass.size, pass.read_before).await?;
            reach = reach.filter(|_| page.sorted).and_then(|reach| descend::<R>(reach, &page.rows));
            let is_last = page.last;
            let following = page.pagination.next.filter(|next| pass.next_page < *next).unwrap_or(pass.next_page + 1);
            let fell = match (pass.records, page.pagination.records) {
                (Some(before), Some(now)) => now < before,
                _ => false,
            };
            let mut next = Pass {
                next_page: following,
                records: page.pagination.records.or(pass.records),
                read_before: pass.read_before + page.received as u64,
                ..pass
            };
            if fell && 1 < pass.next_page && pass.again < AGAIN_MAX {
                // Rows were taken out before this page, so its first ones may have slipped to the page before.
                next.next_page = pass.next_page - 1;
                next.again += 1;
            }
            let goes_on = next.next_page != following;
            let batch = Batch::<R>::of(&mut page);
            let now = self.clock.now();
            let (step, seen) = (next, reach.filter(|reach| *reach != Timestamp::MAX));
            let (stored, read) = self
                .mirror
                .write(move |parts| {
                    let stored = R::store(parts, &batch.fresh(), now)?;
                    parts.step_pass(R::KIND, &PassStep { pass: step, ids: &batch.ids, reach: seen })?;
                    // Counting takes as long as there are rows, so it is left to the end.
                    Ok((stored, if is_last { parts.pass_count(R::KIND)? } else { step.read_before }))
                })
                .await?;
            count.add(stored);
            progress.stored(R::KIND, read, next.records);
            pass = next;
            if !is_last || goes_on {
                continue;
            }
            let shortfall = pass.records.map_or(0, |records| records.saturating_sub(read));
            if shortfall != 0 && pass.again < AGAIN_MAX {
                pass = Pass { next_page: 1, read_before: 0, again: pass.again + 1, ..pass };
                continue;
            }
            count.add(self.mirror.write(move |parts| parts.end_pass(R::KIND, shortfall, now)).await?);
            return Ok(count);
        }
    }

    async fn resume_or_begin(&self, kind: Kind) -> Result<Pass, MirrorError> {
        let now = self.clock.now();
        let known = self.mirror.read(move |parts| parts.pass(kind)).await?;
        match known {
            Some(pass) if now.duration_since(pass.started_at) < PASS_AGE_MAX => Ok(pass),
            _ => self.mirror.write(move |parts| parts.begin_pass(kind, now, PAGE_ROWS)).await,
        }
    }
}

/// How far back these rows come, if they go on from `reach` with the latest first; `None` when they do not.
fn descend<R: Kept>(reach: Timestamp, rows: &[R::Record]) -> Option<Timestamp> {
    let mut reach = reach;
    for row in rows {
        let begins = R::begins(row)?;
        if reach < begins {
            return None;
        }
        reach = begins;
    }
    Some(reach)
}
