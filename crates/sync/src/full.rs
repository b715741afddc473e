//! A pass over all pages of a listing: goes on where it stopped, loses no row silently, finds what is gone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::absence::Resolved;
use super::stored::Stored;
use super::{PASS_AGE_MAX, Progress, SyncError, Syncer};
use mirror::{Coverage, Fresh, Kind, MirrorError, Pass, PassEnd, PassStep, StoreCount};
use spectora::{AskedAt, ConnectionStats, Connections, Contacts, Inspections, Page, RawRecord, Resource};

/// How many times a listing is started over when rows are missing or may have slipped by.
const AGAIN_MAX: u32 = 3;
/// How far before a request changes are asked for when the service tells no time: its clock may be behind this machine's.
const UNTOLD_TIME: SignedDuration = SignedDuration::from_mins(15);
/// Made this soon after a pass began, a record may as well have been made just before: the service's time is known to
/// about a second.
const CREATED_SLACK: SignedDuration = SignedDuration::from_secs(3);

/// Records with the bytes they came as, ready to be stored on another thread.
pub(super) struct Batch<R: Resource> {
    pub(super) rows: Vec<(R::Record, RawRecord)>,
    /// The ids of all rows.
    pub(super) ids: Vec<String>,
    /// Whether one of the rows is said to be deleted.
    pub(super) shows_deleted: bool,
}

impl<R: Stored> Batch<R> {
    /// Records that came otherwise than in a listing, so that they say nothing about one.
    pub(super) fn alone(rows: Vec<(R::Record, RawRecord)>) -> Self {
        Self { rows, ids: Vec::new(), shows_deleted: false }
    }

    /// The rows of a page; its raw records are moved out of it.
    pub(super) fn of(page: &mut Page<R::Record>) -> Self {
        let mut raws = std::mem::take(&mut page.raws);
        let ids = raws.keys().cloned().collect();
        let rows = std::mem::take(&mut page.rows);
        let shows_deleted = rows.iter().any(R::is_deleted);
        let rows = rows.into_iter().filter_map(|row| {
            let raw = raws.remove(R::id(&row).to_string().as_str())?;
            Some((row, raw))
        });
        Self { rows: rows.collect(), ids, shows_deleted }
    }

    pub(super) fn fresh(&self) -> Vec<Fresh<'_, R::Record>> {
        self.rows.iter().map(|(record, raw)| Fresh { record, raw: raw.as_bytes() }).collect()
    }
}

/// The place from which the next changes are read after a reading that began with this request.
pub(super) fn place_of(asked: AskedAt) -> Timestamp {
    asked.there.unwrap_or_else(|| asked.here.saturating_sub(UNTOLD_TIME).unwrap_or(Timestamp::MIN))
}

/// By how many seconds the service's clock was ahead of this machine's.
pub(super) fn ahead_of(asked: AskedAt) -> Option<i64> {
    asked.there.map(|there| there.duration_since(asked.here).as_secs())
}

impl Syncer {
    /// A full pass over one kind. With `accepts_gone` records that are no longer listed are believed gone, however many.
    pub(super) async fn full(
        &self,
        kind: Kind,
        accepts_gone: bool,
        progress: &dyn Progress,
    ) -> Result<StoreCount, SyncError> {
        match kind {
            Kind::Inspections => self.full_of::<Inspections>(accepts_gone, progress).await,
            Kind::Agents => self.full_of::<Connections>(accepts_gone, progress).await,
            Kind::AgentStats => self.full_of::<ConnectionStats>(accepts_gone, progress).await,
            Kind::Clients => self.full_of::<Contacts>(accepts_gone, progress).await,
        }
    }

    async fn full_of<R: Stored>(&self, accepts_gone: bool, progress: &dyn Progress) -> Result<StoreCount, SyncError> {
        let mut pass = self.resume_or_begin(R::KIND).await?;
        let query = R::listing();
        let mut count = StoreCount::default();
        let coverage = self.mirror.read(|snapshot| snapshot.coverage(R::KIND)).await?;
        // How far back an unbroken order has come; known on going on only if it was known before the stop.
        let mut reach = if pass.next_page == 1 {
            Some(Timestamp::MAX)
        } else {
            let came = self.mirror.write(|tx| tx.pass_count(R::KIND)).await?;
            coverage.reach.filter(|_| came == pass.read_before)
        };
        loop {
            let mut page = self.client.page_with_raw(&query, pass.next_page, pass.size, pass.read_before).await?;
            if pass.omitted.as_ref().is_some_and(|omitted| *omitted != page.omitted) && 1 < pass.next_page {
                // With other filters it is another listing, and its pages hold other rows.
                pass = self.restart(R::KIND, Pass { omitted: Some(page.omitted), ..start_over(pass) }).await?;
                reach = Some(Timestamp::MAX);
                continue;
            }
            let is_last = page.last;
            let next = following(&pass, &page);
            // Rows that came or went since this reading began may have moved others over the border of a page.
            let undisturbed = next.first_records == next.records;
            reach = reach.filter(|_| page.sorted && undisturbed).and_then(|reach| descend::<R>(reach, &page.rows));
            let batch = Batch::<R>::of(&mut page);
            let now = self.clock.now();
            let (step, seen) = (next.clone(), reach.filter(|reach| *reach != Timestamp::MAX));
            let (stored, read, all_new) = self
                .mirror
                .write(move |tx| {
                    let stored = R::store(tx, &batch.fresh(), now)?;
                    let all_new = tx.step_pass(R::KIND, &PassStep { pass: &step, ids: &batch.ids, reach: seen })?;
                    note_deleted(tx, R::KIND, batch.shows_deleted)?;
                    // Counting takes as long as there are rows, so it is left to the end.
                    Ok((stored, if is_last { tx.pass_count(R::KIND)? } else { step.read_before }, all_new))
                })
                .await?;
            reach = reach.filter(|_| all_new);
            self.note_company(&page.companies).await?;
            count.add(stored);
            progress.stored(R::KIND, read, next.records);
            pass = next;
            if !is_last {
                self.drain_between_pages().await?;
                continue;
            }
            let shortfall = pass.records.map_or(0, |records| records.saturating_sub(read));
            let slipped = self.slipped(R::KIND, &pass).await?;
            // What a pass before could not find either is not looked for three times over.
            let is_known = slipped == 0 && shortfall == coverage.shortfall && coverage.full_at.is_some();
            if shortfall.max(slipped) != 0 && !is_known && pass.again < AGAIN_MAX {
                pass = self.restart(R::KIND, Pass { again: pass.again + 1, ..start_over(pass) }).await?;
                reach = Some(Timestamp::MAX);
                continue;
            }
            count.add(self.end::<R>(shortfall.max(slipped), accepts_gone).await?);
            return Ok(count);
        }
    }

    /// Stores that a pass is read once more from the first page, and gives it.
    async fn restart(&self, kind: Kind, pass: Pass) -> Result<Pass, MirrorError> {
        self.mirror.write(move |tx| tx.restart_pass(kind, &pass).map(|()| pass)).await
    }

    /// Stores the records of a page of a listing that is no pass, and notes whose they are.
    pub(super) async fn store_page<R: Stored>(
        &self,
        batch: Batch<R>,
        companies: &BTreeSet<String>,
    ) -> Result<StoreCount, MirrorError> {
        let now = self.clock.now();
        let stored = self.mirror.write(move |tx| {
            note_deleted(tx, R::KIND, batch.shows_deleted)?;
            R::store(tx, &batch.fresh(), now)
        });
        let stored = stored.await?;
        self.note_company(companies).await?;
        Ok(stored)
    }

    /// How many records went away while they were read: as many others may have slipped to a page that was read already,
    /// and as many of those that came may be gone. What was made meanwhile hides as many in the count, so it is taken out
    /// of it.
    async fn slipped(&self, kind: Kind, pass: &Pass) -> Result<u64, MirrorError> {
        let (Some(first), Some(last)) = (pass.first_records, pass.records) else { return Ok(0) };
        let created = match pass.reading_from {
            Some(since) => {
                let since = since.saturating_add(CREATED_SLACK).unwrap_or(since);
                self.mirror.write(move |tx| tx.created_in_pass(kind, since)).await?
            }
            None => 0,
        };
        Ok((first + created).saturating_sub(last).max(pass.fallen))
    }

    /// Ends a pass: finds out about what did not come.
    async fn end<R: Stored>(&self, shortfall: u64, accepts_gone: bool) -> Result<StoreCount, SyncError> {
        let kind = R::KIND;
        let missing = self.mirror.read(move |snapshot| snapshot.missing_from_pass(kind)).await?;
        let (mut count, resolved) = self.resolve::<R>(missing, None, accepts_gone).await?;
        let Resolved { gone, held, unlisted } = resolved;
        let end = PassEnd { shortfall, unlisted, gone, held };
        count.add(self.mirror.write(move |tx| tx.end_pass(kind, &end)).await?);
        Ok(count)
    }

    async fn resume_or_begin(&self, kind: Kind) -> Result<Pass, MirrorError> {
        let now = self.now();
        let page_rows = self.page_rows(kind);
        let known = self.mirror.read(move |snapshot| snapshot.pass(kind)).await?;
        let age = known.as_ref().map(|pass| now.duration_since(pass.started_at));
        match known.filter(|pass| pass.size == page_rows).zip(age) {
            Some((pass, age)) if !age.is_negative() && age < PASS_AGE_MAX => Ok(pass),
            _ => self.mirror.write(move |tx| tx.begin_pass(kind, now, page_rows)).await,
        }
    }
}

/// The pass from the first page on, as it began.
fn start_over(pass: Pass) -> Pass {
    Pass { next_page: 1, read_before: 0, first_records: None, records: None, reading_from: None, fallen: 0, ..pass }
}

/// Where the pass stands after a page.
fn following<T>(pass: &Pass, page: &Page<T>) -> Pass {
    let records = page.pagination.records.or(pass.records);
    let fell_by = pass.records.zip(page.pagination.records).map_or(0, |(before, now)| before.saturating_sub(now));
    let is_first = pass.read_from.is_none();
    Pass {
        started_at: if is_first { page.asked.settled().min(pass.started_at) } else { pass.started_at },
        read_from: pass.read_from.or(Some(place_of(page.asked))),
        ahead: if is_first { ahead_of(page.asked) } else { pass.ahead },
        next_page: page.pagination.after(pass.next_page),
        records,
        first_records: pass.first_records.or(records),
        reading_from: pass.reading_from.or(Some(place_of(page.asked))),
        fallen: pass.fallen + fell_by,
        read_before: pass.read_before + page.received as u64,
        omitted: Some(page.omitted.clone()),
        ..pass.clone()
    }
}

/// Notes that listings show deleted records, once one did.
fn note_deleted(tx: &mut mirror::WriteTransaction<'_>, kind: Kind, shows_deleted: bool) -> Result<(), MirrorError> {
    if !shows_deleted || tx.coverage(kind)?.shows_deleted == Some(true) {
        return Ok(());
    }
    tx.change_coverage(kind, |before| Coverage { shows_deleted: Some(true), ..before })
}

/// How far back these rows come, if they go on from `reach` with the latest first; `None` when they do not.
fn descend<R: Stored>(reach: Timestamp, rows: &[R::Record]) -> Option<Timestamp> {
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
