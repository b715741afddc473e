//! What is complete, and as of when; and where a pass over a listing stands, so that it goes on after a stop.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::store::StoreCount;
use super::words::key;
use super::{Changing, Kind, MirrorError, Parts};

/// How complete one kind of record is.
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
    /// The latest change the service told of, in milliseconds.
    pub watermark: Option<i64>,
    /// The next part of the slow turn.
    pub turn: i64,
    /// How many records the service counted beyond those that came in the last complete pass.
    pub shortfall: u64,
}

/// A pass over all pages of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// When it began.
    pub started_at: Timestamp,
    /// The page to read next, from 1.
    pub next_page: u32,
    /// Rows to a page.
    pub size: u32,
    /// The service's count on the page read last.
    pub records: Option<u64>,
    /// Rows that came before the next page.
    pub read_before: u64,
    /// How many times the listing was begun again because rows were missing.
    pub again: u32,
}

/// One step of a pass, stored with its rows.
#[derive(Clone, Copy, Debug)]
pub struct PassStep<'a> {
    /// Where the pass stands after it.
    pub pass: Pass,
    /// The ids that came.
    pub ids: &'a [String],
    /// How far back the pass has come, in a listing with the latest first.
    pub reach: Option<Timestamp>,
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

fn coverage(connection: &rusqlite::Connection, kind: Kind) -> Result<Coverage, MirrorError> {
    let found = connection
        .prepare_cached(
            "SELECT revision, full_at, fresh_at, window_at, window_from, reach, watermark, turn, shortfall \
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
                watermark: row.get(6)?,
                turn: row.get::<_, Option<i64>>(7)?.unwrap_or(0),
                shortfall: count(row.get(8)?).unwrap_or(0),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn pass(connection: &rusqlite::Connection, kind: Kind) -> Result<Option<Pass>, MirrorError> {
    let number = |value: i64| u32::try_from(value).unwrap_or(1);
    Ok(connection
        .prepare_cached("SELECT started_at, next_page, size, records, read_before, again FROM passes WHERE kind = ?")?
        .query_row([kind.number()], |row| {
            Ok(Pass {
                started_at: instant(row.get(0)?).unwrap_or_default(),
                next_page: number(row.get(1)?),
                size: number(row.get(2)?),
                records: count(row.get(3)?),
                read_before: count(row.get(4)?).unwrap_or(0),
                again: number(row.get(5)?),
            })
        })
        .optional()?)
}

impl Parts<'_> {
    /// How complete a kind is.
    pub fn coverage(&self, kind: Kind) -> Result<Coverage, MirrorError> {
        coverage(self.connection, kind)
    }

    /// The pass under way, if there is one.
    pub fn pass(&self, kind: Kind) -> Result<Option<Pass>, MirrorError> {
        pass(self.connection, kind)
    }

    /// How many records of a kind are here and not gone.
    pub fn count(&self, kind: Kind) -> Result<u64, MirrorError> {
        let sql = format!("SELECT count(*) FROM {} WHERE gone = 0", kind.table());
        let rows: i64 = self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// How many records a plain listing of the service should count: all that have not vanished, deleted ones if the
    /// service shows them.
    pub fn listed(&self, kind: Kind) -> Result<u64, MirrorError> {
        let sql = format!("SELECT count(*) FROM {} WHERE gone < 2", kind.table());
        let rows: i64 = self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
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
    pub fn about(&self, name: &str) -> Result<Option<String>, MirrorError> {
        let sql = "SELECT value FROM about WHERE name = ?";
        Ok(self.connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Whether any stored inspection is canceled, or deleted by the service's word.
    pub fn shows(&self) -> Result<(bool, bool), MirrorError> {
        let canceled = "SELECT EXISTS (SELECT 1 FROM inspections WHERE gone = 0 AND canceled_at IS NOT NULL)";
        let deleted = "SELECT EXISTS (SELECT 1 FROM inspections WHERE gone = 1)";
        Ok((
            self.connection.query_row(canceled, [], |row| row.get(0))?,
            self.connection.query_row(deleted, [], |row| row.get(0))?,
        ))
    }
}

impl Changing<'_> {
    pub(super) fn coverage(&self, kind: Kind) -> Result<Coverage, MirrorError> {
        coverage(&self.transaction, kind)
    }

    /// How complete a kind is, inside this transaction.
    pub fn coverage_now(&self, kind: Kind) -> Result<Coverage, MirrorError> {
        coverage(&self.transaction, kind)
    }

    /// Writes how complete a kind is; the revision and the watermark are kept as they are.
    pub fn set_coverage(&mut self, kind: Kind, coverage: &Coverage) -> Result<(), MirrorError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO states (kind, revision, full_at, fresh_at, window_at, window_from, reach, turn, shortfall) \
                 VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (kind) DO UPDATE SET full_at = ?2, \
                 fresh_at = ?3, window_at = ?4, window_from = ?5, reach = ?6, turn = ?7, shortfall = ?8",
            )?
            .execute(params![
                kind.number(),
                millis(coverage.full_at),
                millis(coverage.fresh_at),
                millis(coverage.window_at),
                millis(coverage.window_from),
                millis(coverage.reach),
                coverage.turn,
                coverage.shortfall.cast_signed(),
            ])?;
        Ok(())
    }

    pub(super) fn touch(&mut self, kind: Kind, count: &StoreCount, watermark: Option<i64>) -> Result<(), MirrorError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO states (kind, revision, watermark, turn) VALUES (?1, ?2, ?3, 0) \
                 ON CONFLICT (kind) DO UPDATE SET revision = revision + ?2, \
                 watermark = max(coalesce(watermark, ?3), coalesce(?3, watermark))",
            )?
            .execute(params![kind.number(), i64::from(count.touched() != 0), watermark])?;
        Ok(())
    }

    /// Begins a pass; one under way is given up.
    pub fn begin_pass(&mut self, kind: Kind, started_at: Timestamp, size: u32) -> Result<Pass, MirrorError> {
        self.transaction.execute("DELETE FROM pass_seen WHERE kind = ?", [kind.number()])?;
        let pass = Pass { started_at, next_page: 1, size, records: None, read_before: 0, again: 0 };
        self.write_pass(kind, &pass)?;
        Ok(pass)
    }

    fn write_pass(&mut self, kind: Kind, pass: &Pass) -> Result<(), MirrorError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO passes (kind, started_at, next_page, size, records, read_before, again) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                kind.number(),
                pass.started_at.as_millisecond(),
                pass.next_page,
                pass.size,
                pass.records.map(u64::cast_signed),
                pass.read_before.cast_signed(),
                pass.again,
            ])?;
        Ok(())
    }

    /// Stores where a pass stands, together with the rows of its page.
    pub fn step_pass(&mut self, kind: Kind, step: &PassStep<'_>) -> Result<(), MirrorError> {
        for id in step.ids {
            let pk = key(&self.transaction, kind, id)?;
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO pass_seen (kind, pk) VALUES (?, ?)")?
                .execute([kind.number(), pk])?;
        }
        let mut coverage = self.coverage(kind)?;
        if coverage.full_at.is_none() && step.reach.is_some() {
            coverage.reach = step.reach;
            self.set_coverage(kind, &coverage)?;
        }
        self.write_pass(kind, &step.pass)
    }

    /// How many different records came in the pass under way.
    pub fn pass_count(&self, kind: Kind) -> Result<u64, MirrorError> {
        let rows: i64 = self
            .transaction
            .prepare_cached("SELECT count(*) FROM pass_seen WHERE kind = ?")?
            .query_row([kind.number()], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// Ends the pass under way. With all records accounted for, those that did not come are marked gone; with a
    /// `shortfall` nothing is, and the coverage says so.
    pub fn end_pass(&mut self, kind: Kind, shortfall: u64, now: Timestamp) -> Result<StoreCount, MirrorError> {
        let Some(pass) = pass(&self.transaction, kind)? else { return Ok(StoreCount::default()) };
        let mut count = StoreCount::default();
        if shortfall == 0 {
            let sql = format!(
                "SELECT pk FROM {} WHERE gone < 2 AND pk NOT IN (SELECT pk FROM pass_seen WHERE kind = ?)",
                kind.table()
            );
            let missing: Vec<i64> = self
                .transaction
                .prepare(&sql)?
                .query_map([kind.number()], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            count = self.vanish(kind, &missing, now)?;
        }
        let before = self.coverage(kind)?;
        let coverage = Coverage {
            full_at: Some(pass.started_at),
            fresh_at: before.fresh_at.max(Some(pass.started_at)),
            window_at: before.window_at.max(Some(pass.started_at)),
            reach: None,
            shortfall,
            ..before
        };
        self.set_coverage(kind, &coverage)?;
        self.transaction.execute("DELETE FROM passes WHERE kind = ?", [kind.number()])?;
        self.transaction.execute("DELETE FROM pass_seen WHERE kind = ?", [kind.number()])?;
        Ok(count)
    }
}
