//! Storing records as they come: unchanged ones cost a look, changed ones leave their history.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::interned::key;
use super::{Kind, MirrorError, WriteTransaction, history};
use domain::content_hash;

/// A record to store, with the bytes it came as.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a, T> {
    /// The record.
    pub record: &'a T,
    /// The bytes it came as.
    pub raw: &'a [u8],
}

/// What storing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCount {
    /// Not known before.
    pub new: u64,
    /// Known, and different now.
    pub changed: u64,
    /// Known, and the same.
    pub unchanged: u64,
    /// Known, and not there any more.
    pub gone: u64,
}

impl StoreCount {
    /// The sum.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.gone += other.gone;
    }

    /// How many rows are not as they were.
    pub fn touched(self) -> u64 {
        self.new + self.changed + self.gone
    }
}

/// A kind of record that can be stored.
pub(super) trait Entity {
    const KIND: Kind;

    /// The service's id.
    fn id(&self) -> &str;

    /// Writes the typed columns, the side tables and the words to search by; all of them anew.
    fn write(&self, tx: &mut WriteTransaction<'_>, pk: i64, hash: i64, raw: i64) -> Result<(), MirrorError>;
}

impl WriteTransaction<'_> {
    /// Stores records of one kind. `now` is when they came. History is kept unless the kind is being read for the first
    /// time. With `rederive` even unchanged records are written anew from their raw form.
    pub(super) fn store<T: Entity>(
        &mut self,
        rows: &[Fresh<'_, T>],
        now: Timestamp,
        rederive: bool,
    ) -> Result<StoreCount, MirrorError> {
        let kind = T::KIND;
        self.compressor.prepare(&self.transaction, kind, rows.iter().map(|row| row.raw))?;
        let state = self.coverage(kind)?;
        let keeps_history = state.full_at.is_some() && !rederive;
        let mut count = StoreCount::default();
        for row in rows {
            let pk = key(&self.transaction, kind, row.record.id())?;
            if !rederive {
                // It came, so it is listed, or was found by its id.
                self.transaction
                    .prepare_cached("DELETE FROM held WHERE kind = ? AND pk = ?")?
                    .execute([kind.number(), pk])?;
            }
            let hash = content_hash(row.raw).cast_signed();
            let known: Option<(i64, i64, i64)> = self
                .transaction
                .prepare_cached(&format!("SELECT hash, gone, raw FROM {} WHERE pk = ?", kind.table()))?
                .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            // A row that had vanished and is back is changed, whatever its content says.
            let vanished = known.is_some_and(|(_, gone, _)| gone == GONE_VANISHED);
            if known.is_some_and(|(known, ..)| known == hash) && !vanished && !rederive {
                count.unchanged += 1;
                continue;
            }
            let before = if keeps_history && known.is_some() {
                Some(history::tracked(&self.transaction, kind, pk)?)
            } else {
                None
            };
            let (dictionary, bytes) = self.compressor.compress(kind, row.raw)?;
            // A new one is put at the end of its table, wherever its id would belong.
            self.transaction
                .prepare_cached(&format!(
                    "INSERT OR REPLACE INTO raw_{} (seq, dictionary, bytes) VALUES (?, ?, ?)",
                    kind.table()
                ))?
                .execute(params![known.map(|(_, _, raw)| raw), dictionary, bytes])?;
            let raw = known.map_or_else(|| self.transaction.last_insert_rowid(), |(_, _, raw)| raw);
            let gone_at = if rederive && vanished { Some(self.gone_at(kind, pk)?) } else { None };
            row.record.write(self, pk, hash, raw)?;
            if let Some(gone_at) = gone_at {
                // Reading a record anew does not bring it back.
                let sql = format!("UPDATE {} SET gone = ?, gone_at = ? WHERE pk = ?", kind.table());
                self.transaction.prepare_cached(&sql)?.execute(params![GONE_VANISHED, gone_at, pk])?;
            }
            if known.is_some() {
                count.changed += 1;
            } else {
                count.new += 1;
            }
            match before {
                Some(before) => {
                    let after = history::tracked(&self.transaction, kind, pk)?;
                    history::record_difference(&self.transaction, kind, pk, now, &before, &after)?;
                }
                None if keeps_history => history::record_new(&self.transaction, kind, pk, now)?,
                None => {}
            }
        }
        self.touch(kind, &count)?;
        Ok(count)
    }

    fn gone_at(&self, kind: Kind, pk: i64) -> Result<Option<i64>, MirrorError> {
        let sql = format!("SELECT gone_at FROM {} WHERE pk = ?", kind.table());
        Ok(self.transaction.prepare_cached(&sql)?.query_row([pk], |row| row.get(0))?)
    }

    /// Marks records that are not in the service any more. `None` for an id nobody knows.
    pub fn mark_gone(&mut self, kind: Kind, id: &str, now: Timestamp) -> Result<StoreCount, MirrorError> {
        let Some(pk) = super::interned::known_key(&self.transaction, kind, id)? else {
            return Ok(StoreCount::default());
        };
        self.vanish(kind, &[pk], now)
    }

    pub(super) fn vanish(&mut self, kind: Kind, pks: &[i64], now: Timestamp) -> Result<StoreCount, MirrorError> {
        let mut count = StoreCount::default();
        for pk in pks {
            let sql = format!("UPDATE {} SET gone = ?, gone_at = ? WHERE pk = ? AND gone = 0", kind.table());
            let touched =
                self.transaction.prepare_cached(&sql)?.execute(params![GONE_VANISHED, now.as_millisecond(), pk])?;
            self.transaction
                .prepare_cached("DELETE FROM held WHERE kind = ? AND pk = ?")?
                .execute([kind.number(), *pk])?;
            if touched != 0 {
                history::record_gone(&self.transaction, kind, *pk, now)?;
                count.gone += 1;
            }
        }
        self.touch(kind, &count)?;
        Ok(count)
    }
}

/// Deleted by the service's word.
pub(super) const GONE_DELETED: i64 = 1;
/// Missing from a complete listing, or not found by its id.
pub(super) const GONE_VANISHED: i64 = 2;
