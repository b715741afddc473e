//! Webhook deliveries that wait for the record they name to be read by its id.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Kind, MirrorError, Snapshot, WriteTransaction, rows_max};

/// The most deliveries that may wait; beyond that a full pass is cheaper, and new ones are dropped with a note.
const WAITING_MAX: i64 = 10_000;
/// How many finished deliveries are kept to be shown.
const DONE_KEPT: i64 = 1_000;

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// Its number here.
    pub pk: i64,
    /// The kind of record it names.
    pub kind: Kind,
    /// The record's id.
    pub id: String,
    /// How often it was tried.
    pub tries: u32,
}

/// A delivery as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it came.
    pub came_at: Timestamp,
    /// The event's name.
    pub event: String,
    /// The kind of record it names.
    pub kind: Kind,
    /// The record's id.
    pub id: String,
    /// What became of it; `None` while it waits.
    pub outcome: Option<String>,
}

/// How many deliveries wait and are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCount {
    /// Not read yet.
    pub waiting: u64,
    /// Read, of those still kept.
    pub done: u64,
}

impl WriteTransaction<'_> {
    /// Queues a delivery. One that waits for the same record already is enough; false when too many wait.
    pub fn queue_delivery(&mut self, kind: Kind, id: &str, event: &str, now: Timestamp) -> Result<bool, MirrorError> {
        let waiting: Option<i64> = self
            .transaction
            .prepare_cached("SELECT pk FROM deliveries WHERE done_at IS NULL AND kind = ? AND id = ?")?
            .query_row(params![kind.number(), id], |row| row.get(0))
            .optional()?;
        if let Some(pk) = waiting {
            self.transaction.execute("UPDATE deliveries SET event = ? WHERE pk = ?", params![event, pk])?;
            return Ok(true);
        }
        let count: i64 =
            self.transaction
                .query_row("SELECT count(*) FROM deliveries WHERE done_at IS NULL", [], |row| row.get(0))?;
        if WAITING_MAX <= count {
            return Ok(false);
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO deliveries (kind, id, event, came_at, tries, not_before) VALUES (?, ?, ?, ?, 0, 0)",
            )?
            .execute(params![kind.number(), id, event, now.as_millisecond()])?;
        Ok(true)
    }

    /// The delivery is done with.
    pub fn finish_delivery(&mut self, pk: i64, outcome: &str, now: Timestamp) -> Result<(), MirrorError> {
        self.transaction.execute(
            "UPDATE deliveries SET done_at = ?, outcome = ? WHERE pk = ?",
            params![now.as_millisecond(), outcome, pk],
        )?;
        self.transaction.execute(
            "DELETE FROM deliveries WHERE done_at IS NOT NULL AND pk <= \
             (SELECT pk FROM deliveries WHERE done_at IS NOT NULL ORDER BY pk DESC LIMIT 1 OFFSET ?)",
            [DONE_KEPT],
        )?;
        Ok(())
    }

    /// The delivery is tried again, not before `not_before`.
    pub fn postpone_delivery(&mut self, pk: i64, not_before: Timestamp) -> Result<(), MirrorError> {
        self.transaction.execute(
            "UPDATE deliveries SET tries = tries + 1, not_before = ? WHERE pk = ?",
            params![not_before.as_millisecond(), pk],
        )?;
        Ok(())
    }
}

impl Snapshot<'_> {
    /// The deliveries to read now, oldest first.
    pub fn waiting_deliveries(&self, now: Timestamp, limit: usize) -> Result<Vec<WaitingDelivery>, MirrorError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pk, kind, id, tries FROM deliveries WHERE done_at IS NULL AND not_before <= ? ORDER BY pk LIMIT ?",
        )?;
        let rows = statement.query_map(params![now.as_millisecond(), rows_max(limit)], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
        })?;
        let mut waiting = Vec::new();
        for row in rows {
            let (pk, kind, id, tries) = row?;
            if let Some(kind) = Kind::of(kind) {
                waiting.push(WaitingDelivery { pk, kind, id, tries });
            }
        }
        Ok(waiting)
    }

    /// The last deliveries, newest first.
    pub fn last_deliveries(&self, limit: usize) -> Result<Vec<Delivery>, MirrorError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT came_at, event, kind, id, outcome FROM deliveries ORDER BY pk DESC LIMIT ?")?;
        let rows = statement.query_map([rows_max(limit)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?, row.get(4)?))
        })?;
        let mut deliveries = Vec::new();
        for row in rows {
            let (came_at, event, kind, id, outcome) = row?;
            let Some(kind) = Kind::of(kind) else { continue };
            let came_at = Timestamp::from_millisecond(came_at).unwrap_or_default();
            deliveries.push(Delivery { came_at, event, kind, id, outcome });
        }
        Ok(deliveries)
    }

    /// How many wait and how many are done.
    pub fn delivery_count(&self) -> Result<DeliveryCount, MirrorError> {
        let count = |sql: &str| -> Result<u64, MirrorError> {
            Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
        };
        Ok(DeliveryCount {
            waiting: count("SELECT count(*) FROM deliveries WHERE done_at IS NULL")?,
            done: count("SELECT count(*) FROM deliveries WHERE done_at IS NOT NULL")?,
        })
    }
}
