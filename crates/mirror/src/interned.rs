//! Names that many records share are stored once: services, add-ons, reasons, places, agencies, teams, tags.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Kind, MirrorError};
use domain::{fold, id_order};

/// What a shared word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum InternedKind {
    Service = 1,
    AddOn = 2,
    CancelReason = 3,
    Zip = 4,
    City = 5,
    Agency = 6,
    Team = 7,
    /// Sold like an add-on, and none by the company's word.
    NotAddOn = 8,
    /// An inspector, as an inspection has the name.
    InspectorName = 9,
    /// A tag of an agent.
    Tag = 10,
}

impl InternedKind {
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// Whether it is something that is sold.
    fn is_sold(self) -> bool {
        matches!(self, Self::Service | Self::AddOn | Self::NotAddOn)
    }
}

/// The bit that all services and add-ons share that came after the first 62.
pub(super) const SHARED_BIT: u32 = 62;

/// The words this writer knows the numbers of.
#[derive(Default)]
pub(super) struct Interned {
    known: HashMap<(InternedKind, String), i64>,
    bits: HashMap<i64, u32>,
    /// The number, and the latest job it was seen on, in milliseconds.
    inspectors: HashMap<(Option<String>, Option<String>), (i64, i64)>,
}

impl Interned {
    /// Forgets what a rolled-back transaction may have made.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.bits.clear();
        self.inspectors.clear();
    }

    /// The word's number; a new one where it is new.
    pub(super) fn number(
        &mut self,
        connection: &Connection,
        kind: InternedKind,
        text: &str,
    ) -> Result<i64, MirrorError> {
        let key = (kind, text.to_owned());
        if let Some(pk) = self.known.get(&key) {
            return Ok(*pk);
        }
        connection
            .prepare_cached(
                "INSERT INTO words (kind, text, folded, bit) VALUES (?1, ?2, ?3, CASE WHEN ?4 THEN \
                 min(?5, (SELECT coalesce(max(bit) + 1, 0) FROM words)) END) \
                 ON CONFLICT (kind, text) DO UPDATE SET folded = excluded.folded WHERE folded <> excluded.folded",
            )?
            .execute(params![kind.number(), text, fold(text), kind.is_sold(), SHARED_BIT])?;
        let pk = connection
            .prepare_cached("SELECT pk FROM words WHERE kind = ? AND text = ?")?
            .query_row(params![kind.number(), text], |row| row.get(0))?;
        self.known.insert(key, pk);
        Ok(pk)
    }

    /// The bit of a service or add-on in `inspections.sold`.
    pub(super) fn bit(&mut self, connection: &Connection, word: i64) -> Result<u32, MirrorError> {
        if let Some(bit) = self.bits.get(&word) {
            return Ok(*bit);
        }
        let sql = "SELECT coalesce(bit, ?2) FROM words WHERE pk = ?1";
        let bit = connection.prepare_cached(sql)?.query_row(params![word, SHARED_BIT], |row| row.get(0))?;
        self.bits.insert(word, bit);
        Ok(bit)
    }

    /// The number of an inspector as a record names them: each id has one, and each name that came without an id. Which
    /// of them are one person is not settled here but read from all of them together, see
    /// [`Snapshot::inspector_people`](super::Snapshot::inspector_people). `at` is when the inspection begins.
    pub(super) fn inspector(
        &mut self,
        connection: &Connection,
        id: Option<&str>,
        name: Option<&str>,
        at: i64,
    ) -> Result<i64, MirrorError> {
        let key = (id.map(str::to_owned), name.map(str::to_owned));
        let known = self.inspectors.get(&key).copied();
        if let Some((pk, seen_at)) = known
            && at <= seen_at
        {
            return Ok(pk);
        }
        let folded = name.map(fold);
        let found: Option<i64> = match (known, id) {
            (Some((pk, _)), _) => Some(pk),
            (None, Some(id)) => connection
                .prepare_cached("SELECT pk FROM inspectors WHERE id = ?")?
                .query_row([id], |row| row.get(0))
                .optional()?,
            (None, None) => connection
                .prepare_cached("SELECT pk FROM inspectors WHERE id IS NULL AND folded IS ? ORDER BY pk LIMIT 1")?
                .query_row([&folded], |row| row.get(0))
                .optional()?,
        };
        let pk = match found {
            Some(pk) => pk,
            None => {
                let sql = "INSERT INTO inspectors (id, name, folded) VALUES (?, ?, ?)";
                connection.prepare_cached(sql)?.execute(params![id, name, folded])?;
                connection.last_insert_rowid()
            }
        };
        if let (Some(name), Some(folded)) = (name, folded) {
            connection
                .prepare_cached(
                    "INSERT INTO inspector_names (inspector, name, folded, seen_at) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (inspector, name) DO UPDATE SET folded = excluded.folded, \
                     seen_at = max(seen_at, excluded.seen_at)",
                )?
                .execute(params![pk, name, folded, at])?;
            // A person is called what the latest job calls them.
            connection
                .prepare_cached(
                    "UPDATE inspectors SET (name, folded) = (SELECT name, folded FROM inspector_names WHERE inspector = ?1 \
                     ORDER BY seen_at DESC, name LIMIT 1) WHERE pk = ?1",
                )?
                .execute([pk])?;
        }
        self.inspectors.insert(key, (pk, at));
        Ok(pk)
    }
}

impl super::WriteTransaction<'_> {
    /// Drops what is sold, areas, inspectors, agencies, teams and tags that no record names. Inspectors of vanished inspections alone, which
    /// are not derived anew, keep the name they have.
    pub(super) fn drop_unused_names(&mut self) -> Result<(), MirrorError> {
        let kinds = [InternedKind::Service, InternedKind::AddOn, InternedKind::NotAddOn].map(InternedKind::number);
        self.transaction.execute(
            "DELETE FROM words WHERE kind IN (?, ?, ?) AND pk NOT IN (SELECT word FROM inspection_names)",
            kinds,
        )?;
        self.transaction.execute(
            "DELETE FROM words WHERE kind = ? AND pk NOT IN (SELECT zip FROM inspections WHERE zip IS NOT NULL)",
            [InternedKind::Zip.number()],
        )?;
        for (kind, column) in [(InternedKind::Agency, "agency"), (InternedKind::Team, "team")] {
            self.transaction.execute(
                &format!("DELETE FROM words WHERE kind = ? AND pk NOT IN (SELECT {column} FROM agents WHERE {column} IS NOT NULL)"),
                [kind.number()],
            )?;
        }
        self.transaction.execute(
            "DELETE FROM words WHERE kind = ? AND pk NOT IN (SELECT word FROM agent_tags)",
            [InternedKind::Tag.number()],
        )?;
        self.transaction.execute(
            "DELETE FROM words WHERE kind = ? AND pk NOT IN (SELECT name FROM inspection_inspectors WHERE name IS NOT NULL)",
            [InternedKind::InspectorName.number()],
        )?;
        self.transaction.execute_batch(
            "DELETE FROM inspectors WHERE pk NOT IN (SELECT inspector FROM inspection_inspectors);
             DELETE FROM inspector_names WHERE inspector NOT IN (SELECT pk FROM inspectors);
             INSERT INTO inspector_names SELECT pk, name, folded, 0 FROM inspectors
                 WHERE name IS NOT NULL AND pk NOT IN (SELECT inspector FROM inspector_names);",
        )?;
        self.interned.forget();
        Ok(())
    }
}

/// The number a record has in the tables: its id where that is a decimal.
pub(super) fn decimal_key(id: &str) -> Option<i64> {
    let plain = !id.is_empty() && !id.starts_with('0') && id.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| id.parse().ok()).flatten()
}

/// The order of ids ([`id_order`]) as SQL. Where all ids of a kind are numbers, their order is that of the numbers, which
/// an index has; where one is not, it is that of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdOrder {
    Numbers,
    Texts(Kind),
}

impl IdOrder {
    /// What fits the records of a kind, and the id that a list goes on after.
    pub(super) fn of(connection: &Connection, kind: Kind, after: Option<&str>) -> Result<Self, MirrorError> {
        let any_odd: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM odd_ids WHERE kind = ?)")?
            .query_row([kind.id_kind()], |row| row.get(0))?;
        let odd = any_odd || after.is_some_and(|after| decimal_key(after).is_none());
        Ok(if odd { Self::Texts(kind) } else { Self::Numbers })
    }

    /// What to sort the rows of a table by; `row` is its name in the statement.
    pub(super) fn sql(self, row: &str) -> String {
        match self {
            Self::Numbers => format!("{row}.pk"),
            Self::Texts(kind) => format!(
                "CASE WHEN {row}.pk > 0 THEN printf('0%02d%d', length({row}.pk), {row}.pk) ELSE (SELECT CASE WHEN o.id \
                 GLOB '*[^0-9]*' THEN '1' || o.id ELSE printf('0%02d%s', length(o.id), o.id) END FROM odd_ids o \
                 WHERE o.kind = {} AND o.pk = {row}.pk) END",
                kind.id_kind()
            ),
        }
    }

    /// The place of an id in that order.
    pub(super) fn place(self, id: &str) -> Value {
        match self {
            Self::Numbers => Value::Integer(decimal_key(id).unwrap_or(0)),
            Self::Texts(_) => Value::Text(id_order(id)),
        }
    }
}

/// The number of a record, made where it has none yet.
pub(super) fn key(connection: &Connection, kind: Kind, id: &str) -> Result<i64, MirrorError> {
    if let Some(pk) = decimal_key(id) {
        return Ok(pk);
    }
    if let Some(pk) = known_key(connection, kind, id)? {
        return Ok(pk);
    }
    connection.execute(
        "INSERT INTO odd_ids (kind, id, pk) VALUES (?1, ?2, (SELECT coalesce(min(pk), 0) - 1 FROM odd_ids WHERE kind = ?1))",
        params![kind.id_kind(), id],
    )?;
    known_key(connection, kind, id)?.ok_or(MirrorError::Sql(rusqlite::Error::QueryReturnedNoRows))
}

/// The number of a record, if it has one.
pub(super) fn known_key(connection: &Connection, kind: Kind, id: &str) -> Result<Option<i64>, MirrorError> {
    if let Some(pk) = decimal_key(id) {
        return Ok(Some(pk));
    }
    Ok(connection
        .prepare_cached("SELECT pk FROM odd_ids WHERE kind = ? AND id = ?")?
        .query_row(params![kind.id_kind(), id], |row| row.get(0))
        .optional()?)
}

/// The id behind a number.
pub(super) fn id_of(connection: &Connection, kind: Kind, pk: i64) -> Result<String, MirrorError> {
    if 0 < pk {
        return Ok(pk.to_string());
    }
    Ok(connection
        .prepare_cached("SELECT id FROM odd_ids WHERE kind = ? AND pk = ?")?
        .query_row(params![kind.id_kind(), pk], |row| row.get(0))?)
}
