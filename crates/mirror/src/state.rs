//! What is complete, and as of when; and where a pass over a listing stands, so that it goes on after a stop.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use super::interned::{id_of, key, known_key};
use super::store::StoreCount;
use super::{Kind, MAPPING, MirrorError, Partial, Snapshot, WriteTransaction};

/// How complete one kind of record is.
///
/// Times are the earlier one of this machine's clock and the service's, at the instant a reading began; one that lies
/// ahead of the present was written under a wrong clock and is not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Counts changes; the same number means the same rows.
    pub revision: u64,
    /// When the last complete pass over all records began.
    pub full_at: Option<Timestamp>,
    /// When the last reading of all changes began (a complete pass, or a delta by a changed-since filter).
    pub fresh_at: Option<Timestamp>,
    /// When the window (recent past and all of the future) was last read whole.
    pub window_at: Option<Timestamp>,
    /// Where that window begins.
    pub window_from: Option<Timestamp>,
    /// During the first pass: everything that begins at or after this is here.
    pub reach: Option<Timestamp>,
    /// The place from which changes are read next, by the service's clock: when the last finished reading of all changes
    /// began. Nothing that is stored moves it.
    pub read_from: Option<Timestamp>,
    /// By how many seconds the service's clock was ahead of this machine's then.
    pub ahead: Option<i64>,
    /// The next part of the slow turn.
    pub turn: i64,
    /// How many records the service counted beyond those that came in the last complete pass.
    pub shortfall: u64,
    /// How many records that are there did not come in the last complete pass, though they were known: it may lack others.
    pub unlisted: u64,
    /// Whether listings show deleted records; `None` while none was seen in one.
    pub shows_deleted: Option<bool>,
    /// How many more records the service counted at the last look than are known to be in its listing; below zero how
    /// many fewer.
    pub miscount: i64,
    /// Known records that the service no longer lists and that are not believed gone yet.
    pub held: u64,
    /// What the key seems not to see, though nothing failed.
    pub partial: Partial,
    /// The typed columns were derived with other settings than this program's (another zone, other known services), so
    /// nothing here counts until they are derived anew.
    pub unsettled: bool,
}

impl Coverage {
    /// When anything was last read, all of it or what changed; `None` before any of that.
    pub fn read_at(&self) -> Option<Timestamp> {
        self.fresh_at.max(self.window_at).max(self.full_at)
    }
}

/// What a mirror lacks of one kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageGap {
    /// The typed columns are being worked out again after a change of settings.
    Unsettled,
    /// The first reading is not finished.
    FirstReading,
    /// The key seems to see a part of the records only.
    PartialRecords,
    /// The key seems to see no quotes.
    PartialQuotes,
    /// The service counts so many more than it lists.
    Shortfall(u64),
    /// The service has at least so many that it does not list.
    Unlisted(u64),
    /// So many are still counted that the service no longer lists; they are taken out once that is certain.
    Held(u64),
    /// The service counts so many more than are known; below zero so many fewer.
    Miscount(i64),
}

impl Coverage {
    /// What is lacking; empty when nothing is.
    pub fn gaps(&self) -> Vec<CoverageGap> {
        if self.unsettled {
            return vec![CoverageGap::Unsettled];
        }
        if self.full_at.is_none() {
            return vec![CoverageGap::FirstReading];
        }
        [
            self.partial.jobs.then_some(CoverageGap::PartialRecords),
            self.partial.quotes.then_some(CoverageGap::PartialQuotes),
            (self.shortfall != 0).then_some(CoverageGap::Shortfall(self.shortfall)),
            (self.unlisted != 0).then_some(CoverageGap::Unlisted(self.unlisted)),
            (self.held != 0).then_some(CoverageGap::Held(self.held)),
            (self.miscount != 0).then_some(CoverageGap::Miscount(self.miscount)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A pass over all pages of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// When it began; as [`Coverage::full_at`].
    pub started_at: Timestamp,
    /// When it began, by the service's clock; `None` before its first page.
    pub read_from: Option<Timestamp>,
    /// By how many seconds the service's clock was ahead then.
    pub ahead: Option<i64>,
    /// The page to read next, from 1.
    pub next_page: u32,
    /// Rows to a page.
    pub size: u32,
    /// The service's count on the first page of this reading of the listing.
    pub first_records: Option<u64>,
    /// When this reading of the listing began, by the service's clock; a pass may take several.
    pub reading_from: Option<Timestamp>,
    /// By how much the count fell from page to page in this reading.
    pub fallen: u64,
    /// The service's count on the page read last.
    pub records: Option<u64>,
    /// Rows that came before the next page.
    pub read_before: u64,
    /// How many times the listing was started over because rows were missing or may have slipped by.
    pub again: u32,
    /// What of the query was not sent; another text is another listing.
    pub omitted: Option<String>,
}

/// One step of a pass, stored with its rows.
#[derive(Clone, Copy, Debug)]
pub struct PassStep<'a> {
    /// Where the pass stands after it.
    pub pass: &'a Pass,
    /// The ids that came.
    pub ids: &'a [String],
    /// How far back the pass has come, in a listing with the latest first. Stored only when no record of the page came
    /// before in this pass: one that did says that rows moved, and then another may have passed by unread.
    pub reach: Option<Timestamp>,
}

/// How a pass ended.
#[derive(Clone, Debug, Default)]
pub struct PassEnd {
    /// How many records the service counts that never came.
    pub shortfall: u64,
    /// How many known records are there and did not come.
    pub unlisted: u64,
    /// The numbers of records that are proven gone.
    pub gone: Vec<i64>,
    /// The numbers of records that did not come and are not proven gone.
    pub held: Vec<i64>,
}

/// What keeps failing, and until when it is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// How many times in a row.
    pub failures: u32,
    /// When it last failed.
    pub failed_at: Timestamp,
    /// Not tried by itself before this.
    pub not_before: Timestamp,
    /// Why, without anything a person typed.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// A time this far ahead of the clock is a slip of the clock, not of a second's rounding.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(2);
/// The longest that anything is left alone; a later instant was written under a wrong clock.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// The number of the company as a whole among the kinds that keep failing.
const WHOLE_COMPANY: i64 = 0;

impl Coverage {
    /// Without what lies ahead of the present.
    fn believed(self, now: Timestamp) -> Self {
        let limit = now.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX);
        let believed = |at: Option<Timestamp>| at.filter(|at| *at <= limit).map(|at| at.min(now));
        Self {
            full_at: believed(self.full_at),
            fresh_at: believed(self.fresh_at),
            window_at: believed(self.window_at),
            ..self
        }
    }
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

fn instant(at: Option<i64>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::from_millisecond(at).ok())
}

fn count(count: Option<i64>) -> Option<u64> {
    count.and_then(|count| u64::try_from(count).ok())
}

pub(super) fn stored_coverage(connection: &rusqlite::Connection, kind: Kind) -> Result<Coverage, MirrorError> {
    let found = connection
        .prepare_cached(
            "SELECT revision, full_at, fresh_at, window_at, window_from, reach, read_from, ahead, turn, shortfall, \
             shows_deleted, (SELECT count(*) FROM held h WHERE h.kind = states.kind), miscount, unlisted, partial \
             FROM states WHERE kind = ?",
        )?
        .query_row([kind.number()], |row| {
            Ok(Coverage {
                revision: count(row.get(0)?).unwrap_or(0),
                full_at: instant(row.get(1)?),
                fresh_at: instant(row.get(2)?),
                window_at: instant(row.get(3)?),
                window_from: instant(row.get(4)?),
                reach: instant(row.get(5)?),
                read_from: instant(row.get(6)?),
                ahead: row.get(7)?,
                turn: row.get::<_, Option<i64>>(8)?.unwrap_or(0),
                shortfall: count(row.get(9)?).unwrap_or(0),
                shows_deleted: row.get(10)?,
                held: count(row.get(11)?).unwrap_or(0),
                miscount: row.get::<_, Option<i64>>(12)?.unwrap_or(0),
                unlisted: count(row.get(13)?).unwrap_or(0),
                partial: Partial::of(row.get::<_, Option<i64>>(14)?.unwrap_or(0)),
                unsettled: false,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn pass(connection: &rusqlite::Connection, kind: Kind) -> Result<Option<Pass>, MirrorError> {
    let number = |value: i64| u32::try_from(value).unwrap_or(1);
    Ok(connection
        .prepare_cached(
            "SELECT started_at, next_page, size, records, read_before, again, read_from, ahead, first_records, omitted, \
             reading_from, fallen FROM passes WHERE kind = ?",
        )?
        .query_row([kind.number()], |row| {
            Ok(Pass {
                started_at: instant(row.get(0)?).unwrap_or_default(),
                next_page: number(row.get(1)?),
                size: number(row.get(2)?),
                records: count(row.get(3)?),
                read_before: count(row.get(4)?).unwrap_or(0),
                again: number(row.get(5)?),
                read_from: instant(row.get(6)?),
                ahead: row.get(7)?,
                first_records: count(row.get(8)?),
                omitted: row.get(9)?,
                reading_from: instant(row.get(10)?),
                fallen: count(row.get(11)?).unwrap_or(0),
            })
        })
        .optional()?)
}

fn trouble(connection: &rusqlite::Connection, kind: Option<Kind>) -> Result<Option<Trouble>, MirrorError> {
    Ok(connection
        .prepare_cached("SELECT failures, failed_at, not_before, reason, remedy FROM troubles WHERE kind = ?")?
        .query_row([kind.map_or(WHOLE_COMPANY, Kind::number)], |row| {
            Ok(Trouble {
                failures: row.get(0)?,
                failed_at: instant(row.get(1)?).unwrap_or_default(),
                not_before: instant(row.get(2)?).unwrap_or_default(),
                reason: row.get(3)?,
                remedy: row.get(4)?,
            })
        })
        .optional()?)
}

impl Snapshot<'_> {
    /// How complete a kind is; not at all while its columns are derived with other settings than this program's.
    pub fn coverage(&self, kind: Kind) -> Result<Coverage, MirrorError> {
        let stored = stored_coverage(self.connection, kind)?;
        if self.metadata(MAPPING)?.is_some_and(|mapping| mapping != self.mapping) {
            return Ok(Coverage { revision: stored.revision, unsettled: true, ..Coverage::default() });
        }
        Ok(stored.believed(self.now))
    }

    /// When the service last answered for this mirror, as far as is noted: when what was read last was asked for, or the
    /// first reading began. Whatever the columns are derived with.
    pub fn answered_at(&self) -> Result<Option<Timestamp>, MirrorError> {
        let mut last = None;
        for kind in Kind::ALL {
            let pass = self.pass(*kind)?.filter(|pass| pass.read_from.is_some()).map(|pass| pass.started_at);
            last = last.max(stored_coverage(self.connection, *kind)?.believed(self.now).read_at()).max(pass);
        }
        Ok(last)
    }

    /// The pass under way, if there is one; one that began ahead of the present is not believed.
    pub fn pass(&self, kind: Kind) -> Result<Option<Pass>, MirrorError> {
        let limit = self.now.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX);
        let known = pass(self.connection, kind)?.filter(|pass| pass.started_at <= limit);
        Ok(known.map(|pass| Pass { started_at: pass.started_at.min(self.now), ..pass }))
    }

    /// How many records of a kind are here and not gone.
    pub fn count(&self, kind: Kind) -> Result<u64, MirrorError> {
        let sql = format!("SELECT count(*) FROM {} WHERE gone = 0", kind.table());
        let rows: i64 = self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// How many records a whole listing of the service should count, at least and at most: those that are here, and the
    /// deleted ones too if its listings show them, which may not be known.
    pub fn listed(&self, kind: Kind) -> Result<(u64, u64), MirrorError> {
        let sql = format!("SELECT count(*), coalesce(sum(gone = 1), 0) FROM {} WHERE gone < 2", kind.table());
        let (all, deleted): (i64, i64) =
            self.connection.prepare_cached(&sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (all, live) = (all.unsigned_abs(), (all - deleted).unsigned_abs());
        Ok(match stored_coverage(self.connection, kind)?.shows_deleted {
            Some(true) => (all, all),
            Some(false) => (live, live),
            None => (live, all),
        })
    }

    /// The latest change of a record that is here, among those not after `now`; `None` where records tell none.
    pub fn latest_change(&self, kind: Kind, now: Timestamp) -> Result<Option<Timestamp>, MirrorError> {
        if kind == Kind::AgentStats {
            return Ok(None);
        }
        let sql = format!("SELECT max(updated_at) FROM {} WHERE gone = 0 AND updated_at <= ?", kind.table());
        let at = self.connection.prepare_cached(&sql)?.query_row([now.as_millisecond()], |row| row.get(0))?;
        Ok(instant(at))
    }

    /// How many of the records that are here were made at or after `from` and before `to`, by the service's clock.
    pub fn created_between(&self, kind: Kind, from: Timestamp, to: Timestamp) -> Result<u64, MirrorError> {
        if kind == Kind::AgentStats {
            return Ok(0);
        }
        let sql =
            format!("SELECT count(*) FROM {} WHERE gone = 0 AND created_at >= ? AND created_at < ?", kind.table());
        let span = [from.as_millisecond(), to.as_millisecond()];
        let rows: i64 = self.connection.prepare_cached(&sql)?.query_row(span, |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// The records that are here and did not come in the pass under way: number and id.
    pub fn missing_from_pass(&self, kind: Kind) -> Result<Vec<(i64, String)>, MirrorError> {
        let sql = format!(
            "SELECT pk FROM {} WHERE gone = 0 AND pk NOT IN (SELECT pk FROM pass_seen WHERE kind = ?) ORDER BY pk",
            kind.table()
        );
        self.with_ids(kind, &sql, kind.number())
    }

    /// The records that are no longer listed and not believed gone, held since `before` or earlier: number and id.
    pub fn held_since(&self, kind: Kind, before: Timestamp) -> Result<Vec<(i64, String)>, MirrorError> {
        let sql = format!("SELECT pk FROM held WHERE kind = {} AND since <= ? ORDER BY pk", kind.number());
        self.with_ids(kind, &sql, before.as_millisecond())
    }

    fn with_ids(&self, kind: Kind, sql: &str, value: i64) -> Result<Vec<(i64, String)>, MirrorError> {
        let pks: Vec<i64> =
            self.connection.prepare(sql)?.query_map([value], |row| row.get(0))?.collect::<Result<_, _>>()?;
        pks.into_iter().map(|pk| Ok((pk, id_of(self.connection, kind, pk)?))).collect()
    }

    /// Which of these ids are known here, gone ones too.
    pub fn known_ids(&self, kind: Kind, ids: &[String]) -> Result<u64, MirrorError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE pk = ?)", kind.table());
        let mut known = 0;
        for id in ids {
            if let Some(pk) = known_key(self.connection, kind, id)? {
                known += u64::from(self.connection.prepare_cached(&sql)?.query_row([pk], |row| row.get::<_, bool>(0))?);
            }
        }
        Ok(known)
    }

    /// What keeps failing with a kind, or (`None`) with the company as a whole.
    pub fn trouble(&self, kind: Option<Kind>) -> Result<Option<Trouble>, MirrorError> {
        trouble(self.connection, kind)
    }

    /// What keeps a kind from being read: of the company as a whole, or of the kind alone.
    pub fn trouble_with(&self, kind: Kind) -> Result<Option<Trouble>, MirrorError> {
        Ok(self.trouble(None)?.or(self.trouble(Some(kind))?))
    }

    /// All that keeps failing: the company as a whole (`None`) first, then kinds.
    pub fn troubles(&self) -> Result<Vec<(Option<Kind>, Trouble)>, MirrorError> {
        let any: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM troubles)")?
            .query_row([], |row| row.get(0))?;
        if !any {
            return Ok(Vec::new());
        }
        let whose = std::iter::once(None).chain(Kind::ALL.iter().copied().map(Some));
        let found = whose.map(|kind| Ok(self.trouble(kind)?.map(|trouble| (kind, trouble))));
        found.filter_map(Result::transpose).collect()
    }

    /// How many inspections began before `now`, counted up to `enough`.
    pub fn started_before(&self, now: Timestamp, enough: u64) -> Result<u64, MirrorError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM inspections WHERE gone = 0 AND starts_at < ? LIMIT ?)";
        let values = [now.as_millisecond(), enough.cast_signed()];
        let rows: i64 = self.connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// The earliest beginning of any stored inspection.
    pub fn oldest_start(&self) -> Result<Option<Timestamp>, MirrorError> {
        let sql = "SELECT min(starts_at) FROM inspections WHERE gone = 0";
        Ok(instant(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
    }

    /// The text kept under this name.
    pub fn metadata(&self, name: &str) -> Result<Option<String>, MirrorError> {
        let sql = "SELECT value FROM metadata WHERE name = ?";
        Ok(self.connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Whether any stored inspection is canceled.
    pub fn shows_canceled(&self) -> Result<bool, MirrorError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM inspections WHERE gone = 0 AND canceled_at IS NOT NULL)";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }
}

impl WriteTransaction<'_> {
    /// How complete a kind is, inside this transaction.
    pub fn coverage(&self, kind: Kind) -> Result<Coverage, MirrorError> {
        Ok(stored_coverage(&self.transaction, kind)?.believed(self.now))
    }

    /// Changes how complete a kind is; the revision stays as it is, and so does what is held back.
    pub fn change_coverage(
        &mut self,
        kind: Kind,
        change: impl FnOnce(Coverage) -> Coverage,
    ) -> Result<(), MirrorError> {
        let coverage = change(self.coverage(kind)?);
        self.transaction
            .prepare_cached(
                "INSERT INTO states (kind, revision, full_at, fresh_at, window_at, window_from, reach, read_from, ahead, \
                 turn, shortfall, shows_deleted, miscount, unlisted) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
                 ?11, ?12, ?13) \
                 ON CONFLICT (kind) DO UPDATE SET full_at = ?2, fresh_at = ?3, window_at = ?4, window_from = ?5, \
                 reach = ?6, read_from = ?7, ahead = ?8, turn = ?9, shortfall = ?10, shows_deleted = ?11, \
                 miscount = ?12, unlisted = ?13",
            )?
            .execute(params![
                kind.number(),
                millis(coverage.full_at),
                millis(coverage.fresh_at),
                millis(coverage.window_at),
                millis(coverage.window_from),
                millis(coverage.reach),
                millis(coverage.read_from),
                coverage.ahead,
                coverage.turn,
                coverage.shortfall.cast_signed(),
                coverage.shows_deleted,
                coverage.miscount,
                coverage.unlisted.cast_signed(),
            ])?;
        Ok(())
    }

    pub(super) fn touch(&mut self, kind: Kind, count: &StoreCount) -> Result<(), MirrorError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO states (kind, revision, turn) VALUES (?1, ?2, 0) \
                 ON CONFLICT (kind) DO UPDATE SET revision = revision + ?2",
            )?
            .execute(params![kind.number(), i64::from(count.touched() != 0)])?;
        Ok(())
    }

    /// Begins a pass; one under way is given up.
    pub fn begin_pass(&mut self, kind: Kind, started_at: Timestamp, size: u32) -> Result<Pass, MirrorError> {
        self.transaction.execute("DELETE FROM pass_seen WHERE kind = ?", [kind.number()])?;
        let pass = Pass {
            started_at,
            read_from: None,
            ahead: None,
            next_page: 1,
            size,
            first_records: None,
            reading_from: None,
            fallen: 0,
            records: None,
            read_before: 0,
            again: 0,
            omitted: None,
        };
        self.write_pass(kind, &pass)?;
        Ok(pass)
    }

    fn write_pass(&mut self, kind: Kind, pass: &Pass) -> Result<(), MirrorError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO passes (kind, started_at, next_page, size, records, read_before, again, \
                 read_from, ahead, first_records, omitted, reading_from, fallen) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                kind.number(),
                pass.started_at.as_millisecond(),
                pass.next_page,
                pass.size,
                pass.records.map(u64::cast_signed),
                pass.read_before.cast_signed(),
                pass.again,
                millis(pass.read_from),
                pass.ahead,
                pass.first_records.map(u64::cast_signed),
                pass.omitted,
                millis(pass.reading_from),
                pass.fallen.cast_signed(),
            ])?;
        Ok(())
    }

    /// Stores where a pass stands, together with the rows of its page. Gives whether all of them are new to the pass.
    pub fn step_pass(&mut self, kind: Kind, step: &PassStep<'_>) -> Result<bool, MirrorError> {
        let mut new = 0;
        for id in step.ids {
            let pk = key(&self.transaction, kind, id)?;
            new += self
                .transaction
                .prepare_cached("INSERT OR IGNORE INTO pass_seen (kind, pk) VALUES (?, ?)")?
                .execute([kind.number(), pk])?;
        }
        let all_new = new == step.ids.len();
        if all_new && step.reach.is_some() && self.coverage(kind)?.full_at.is_none() {
            self.change_coverage(kind, |before| Coverage { reach: step.reach, ..before })?;
        }
        self.write_pass(kind, step.pass)?;
        Ok(all_new)
    }

    /// Forgets which records came in the pass under way, because it is read once more from the first page.
    pub fn restart_pass(&mut self, kind: Kind, pass: &Pass) -> Result<(), MirrorError> {
        self.transaction.execute("DELETE FROM pass_seen WHERE kind = ?", [kind.number()])?;
        self.write_pass(kind, pass)
    }

    /// How many of the records that came in the pass under way were made at or after `since`.
    pub fn created_in_pass(&self, kind: Kind, since: Timestamp) -> Result<u64, MirrorError> {
        if kind == Kind::AgentStats {
            return Ok(0);
        }
        let sql = format!(
            "SELECT count(*) FROM {} WHERE created_at >= ? AND pk IN (SELECT pk FROM pass_seen WHERE kind = ?)",
            kind.table()
        );
        let values = [since.as_millisecond(), kind.number()];
        let rows: i64 = self.transaction.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// How many different records came in the pass under way.
    pub fn pass_count(&self, kind: Kind) -> Result<u64, MirrorError> {
        let rows: i64 = self
            .transaction
            .prepare_cached("SELECT count(*) FROM pass_seen WHERE kind = ?")?
            .query_row([kind.number()], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// Ends the pass under way: what is proven gone is marked so, what is not proven is held back, and the coverage says
    /// what the pass showed.
    pub fn end_pass(&mut self, kind: Kind, end: &PassEnd) -> Result<StoreCount, MirrorError> {
        let Some(pass) = pass(&self.transaction, kind)? else { return Ok(StoreCount::default()) };
        let count = self.believe_gone(kind, &end.gone)?;
        self.transaction.execute(
            "DELETE FROM held WHERE kind = ?1 AND pk IN (SELECT pk FROM pass_seen WHERE kind = ?1)",
            [kind.number()],
        )?;
        self.hold(kind, &end.held)?;
        self.change_coverage(kind, |before| Coverage {
            full_at: Some(pass.started_at),
            fresh_at: before.fresh_at.max(Some(pass.started_at)),
            window_at: before.window_at.max(Some(pass.started_at)),
            reach: None,
            read_from: pass.read_from,
            ahead: pass.ahead,
            shortfall: end.shortfall,
            unlisted: end.unlisted,
            miscount: 0,
            ..before
        })?;
        self.transaction.execute("DELETE FROM passes WHERE kind = ?", [kind.number()])?;
        self.transaction.execute("DELETE FROM pass_seen WHERE kind = ?", [kind.number()])?;
        Ok(count)
    }

    /// Notes records that are no longer listed and not believed gone; those noted before stay noted since then.
    pub fn hold(&mut self, kind: Kind, pks: &[i64]) -> Result<(), MirrorError> {
        for pk in pks {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO held (kind, pk, since) VALUES (?, ?, ?)")?
                .execute([kind.number(), *pk, self.now.as_millisecond()])?;
        }
        Ok(())
    }

    /// Marks records gone that are proven to be.
    pub fn believe_gone(&mut self, kind: Kind, pks: &[i64]) -> Result<StoreCount, MirrorError> {
        let now = self.now;
        self.vanish(kind, pks, now)
    }

    /// Notes a failure of a kind, or (`None`) of the company as a whole. It is left alone for `pause`, doubled with each
    /// failure in a row, up to `longest` and six hours. It is told with what to do about it.
    pub fn note_trouble(
        &mut self,
        kind: Option<Kind>,
        pause: SignedDuration,
        longest: SignedDuration,
        (reason, remedy): (&str, &str),
    ) -> Result<(), MirrorError> {
        let failures = trouble(&self.transaction, kind)?.map_or(0, |known| known.failures).saturating_add(1);
        let wait = pause.checked_mul(1 << (failures - 1).min(16)).unwrap_or(PAUSE_MAX).min(longest).min(PAUSE_MAX);
        let not_before = self.now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.transaction.execute(
            "INSERT OR REPLACE INTO troubles (kind, failures, failed_at, not_before, reason, remedy) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                kind.map_or(WHOLE_COMPANY, Kind::number),
                failures,
                self.now.as_millisecond(),
                not_before.as_millisecond(),
                reason,
                remedy,
            ],
        )?;
        Ok(())
    }

    /// What failed works again.
    pub fn clear_trouble(&mut self, kind: Option<Kind>) -> Result<(), MirrorError> {
        let number = kind.map_or(WHOLE_COMPANY, Kind::number);
        self.transaction.prepare_cached("DELETE FROM troubles WHERE kind = ?")?.execute([number])?;
        Ok(())
    }
}

impl Trouble {
    /// Whether it is to be left alone at `now`.
    pub fn pauses_at(&self, now: Timestamp) -> bool {
        now < self.not_before && self.not_before.duration_since(now) <= PAUSE_MAX
    }
}
