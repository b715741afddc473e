//! The tables, by numbered steps. A step never changes once it was released.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::MirrorError;
use super::error::in_file;

/// Marks a file as a mirror of this program ("SpcM").
const APPLICATION_ID: i32 = 0x5370_634d;

/// What each version adds to the one before. Times are milliseconds since 1970 in UTC, money is in ten-thousandths,
/// `day` is the civil day in the company's zone as days since 1970-01-01. `pk` is the service's id where that is a
/// decimal, and a negative number from `odd_ids` where it is not. Raw records are numbered as they come (`raw` names
/// them): a listing with the latest first would leave the pages of a table in the order of ids half empty.
const STEPS: &[&str] = &[
    // 1: records, their raw form, history, and how complete they are.
    "
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE odd_ids (kind INTEGER NOT NULL, id TEXT NOT NULL, pk INTEGER NOT NULL, PRIMARY KEY (kind, id))
        WITHOUT ROWID;
    CREATE INDEX odd_ids_by_pk ON odd_ids (kind, pk);
    CREATE TABLE words (pk INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL, folded TEXT NOT NULL,
        UNIQUE (kind, text));
    CREATE TABLE inspectors (pk INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, folded TEXT);
    CREATE INDEX inspectors_by_name ON inspectors (folded);
    CREATE TABLE inspections (
        pk INTEGER PRIMARY KEY, starts_at INTEGER, day INTEGER, minute INTEGER, duration REAL, created_at INTEGER,
        updated_at INTEGER, canceled_at INTEGER, deleted_at INTEGER, published_at INTEGER, gone INTEGER NOT NULL,
        gone_at INTEGER, confirmed INTEGER, paid INTEGER, agreements INTEGER, quote INTEGER, cancel_reason INTEGER,
        zip INTEGER, city INTEGER, inspector INTEGER, buying_agent INTEGER, selling_agent INTEGER, client INTEGER,
        hash INTEGER NOT NULL, raw INTEGER NOT NULL);
    CREATE INDEX inspections_by_time ON inspections (gone, starts_at, pk);
    CREATE INDEX inspections_canceled ON inspections (canceled_at) WHERE canceled_at IS NOT NULL;
    CREATE INDEX inspections_by_buyer ON inspections (buying_agent, starts_at) WHERE buying_agent IS NOT NULL;
    CREATE INDEX inspections_by_seller ON inspections (selling_agent, starts_at) WHERE selling_agent IS NOT NULL;
    CREATE TABLE inspection_names (inspection INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY (inspection, word))
        WITHOUT ROWID;
    CREATE TABLE inspection_inspectors (inspection INTEGER NOT NULL, inspector INTEGER NOT NULL,
        is_primary INTEGER NOT NULL, PRIMARY KEY (inspection, inspector)) WITHOUT ROWID;
    CREATE TABLE agents (pk INTEGER PRIMARY KEY, agent_id TEXT, name TEXT, folded TEXT, agency INTEGER, team INTEGER,
        city INTEGER, created_at INTEGER, updated_at INTEGER, gone INTEGER NOT NULL, gone_at INTEGER,
        hash INTEGER NOT NULL, raw INTEGER NOT NULL);
    CREATE INDEX agents_by_person ON agents (agent_id) WHERE agent_id IS NOT NULL;
    CREATE TABLE agent_stats (pk INTEGER PRIMARY KEY, total INTEGER, buying INTEGER, selling INTEGER,
        gone INTEGER NOT NULL, gone_at INTEGER, hash INTEGER NOT NULL, raw INTEGER NOT NULL);
    CREATE TABLE clients (pk INTEGER PRIMARY KEY, name TEXT, sort TEXT NOT NULL, created_at INTEGER,
        updated_at INTEGER, gone INTEGER NOT NULL, gone_at INTEGER, hash INTEGER NOT NULL, raw INTEGER NOT NULL);
    CREATE INDEX clients_by_name ON clients (gone, sort, pk);
    CREATE TABLE raw_inspections (seq INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE raw_agents (seq INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE raw_agent_stats (seq INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE raw_clients (seq INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE dictionaries (pk INTEGER PRIMARY KEY, kind INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE VIRTUAL TABLE inspections_text USING fts5 (clients, place, content = '', contentless_delete = 1,
        detail = 'column', tokenize = \"unicode61 remove_diacritics 0\");
    CREATE VIRTUAL TABLE agents_text USING fts5 (text, content = '', contentless_delete = 1, detail = 'column',
        tokenize = \"unicode61 remove_diacritics 0\");
    CREATE VIRTUAL TABLE clients_text USING fts5 (text, content = '', contentless_delete = 1, detail = 'column',
        tokenize = \"unicode61 remove_diacritics 0\");
    CREATE TABLE changes (pk INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, record INTEGER NOT NULL,
        what TEXT NOT NULL);
    CREATE INDEX changes_by_time ON changes (at);
    CREATE TABLE states (kind INTEGER PRIMARY KEY, revision INTEGER NOT NULL, full_at INTEGER, fresh_at INTEGER,
        window_at INTEGER, window_from INTEGER, reach INTEGER, watermark INTEGER, turn INTEGER, shortfall INTEGER);
    CREATE TABLE passes (kind INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, next_page INTEGER NOT NULL,
        size INTEGER NOT NULL, records INTEGER, read_before INTEGER NOT NULL, again INTEGER NOT NULL);
    CREATE TABLE pass_seen (kind INTEGER NOT NULL, pk INTEGER NOT NULL, PRIMARY KEY (kind, pk)) WITHOUT ROWID;
    ",
    // 2: webhook deliveries that wait to be read by id.
    "
    CREATE TABLE deliveries (pk INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL,
        came_at INTEGER NOT NULL, tries INTEGER NOT NULL, not_before INTEGER NOT NULL, done_at INTEGER, outcome TEXT);
    CREATE INDEX deliveries_waiting ON deliveries (not_before) WHERE done_at IS NULL;
    ",
    // 3: lists by quote, of canceled inspections and of a ZIP, without reading and sorting them all.
    "
    CREATE INDEX inspections_by_quote ON inspections (gone, quote, starts_at, pk);
    CREATE INDEX inspections_canceled_by_time ON inspections (gone, starts_at, pk) WHERE canceled_at IS NOT NULL;
    CREATE INDEX inspections_by_zip ON inspections (zip, gone, starts_at, pk) WHERE zip IS NOT NULL;
    ",
    // 4: what was sold as bits beside the time, so that a list by service reads one index. A service or add-on has a bit
    // of its own (0 to 61) while there are any, and shares the last one after that. Powers of two that differ add up to
    // what they are together.
    "
    ALTER TABLE words ADD COLUMN bit INTEGER;
    UPDATE words SET bit = min(62, (SELECT count(*) FROM words w WHERE w.kind IN (1, 2) AND w.pk < words.pk))
        WHERE kind IN (1, 2);
    ALTER TABLE inspections ADD COLUMN sold INTEGER NOT NULL DEFAULT 0;
    UPDATE inspections SET sold = (SELECT coalesce(sum(DISTINCT 1 << w.bit), 0) FROM inspection_names n
        JOIN words w ON w.pk = n.word WHERE n.inspection = inspections.pk);
    DROP INDEX inspections_by_time;
    CREATE INDEX inspections_by_time ON inspections (gone, starts_at, pk, sold);
    ",
    // 5: the place from which changes are read is what a finished reading left, not the latest change seen; records that
    // are no longer listed and not believed gone; what keeps failing. An older mirror has no such place, so it is read
    // whole once.
    "
    ALTER TABLE states DROP COLUMN watermark;
    ALTER TABLE states ADD COLUMN read_from INTEGER;
    ALTER TABLE states ADD COLUMN ahead INTEGER;
    ALTER TABLE states ADD COLUMN shows_deleted INTEGER;
    ALTER TABLE states ADD COLUMN miscount INTEGER;
    ALTER TABLE states ADD COLUMN unlisted INTEGER;
    ALTER TABLE states ADD COLUMN partial INTEGER;
    DELETE FROM passes;
    DELETE FROM pass_seen;
    ALTER TABLE passes ADD COLUMN read_from INTEGER;
    ALTER TABLE passes ADD COLUMN ahead INTEGER;
    ALTER TABLE passes ADD COLUMN first_records INTEGER;
    ALTER TABLE passes ADD COLUMN omitted TEXT;
    ALTER TABLE passes ADD COLUMN reading_from INTEGER;
    ALTER TABLE passes ADD COLUMN fallen INTEGER;
    CREATE TABLE held (kind INTEGER NOT NULL, pk INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (kind, pk))
        WITHOUT ROWID;
    CREATE TABLE troubles (kind INTEGER PRIMARY KEY, failures INTEGER NOT NULL, failed_at INTEGER NOT NULL,
        not_before INTEGER NOT NULL, reason TEXT NOT NULL);
    ",
    // 6: by which names each inspector was seen, and when last: who is who follows from them all, in whatever order
    // records came.
    "
    CREATE TABLE inspector_names (inspector INTEGER NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
        seen_at INTEGER NOT NULL, PRIMARY KEY (inspector, name)) WITHOUT ROWID;
    INSERT INTO inspector_names SELECT pk, name, folded, 0 FROM inspectors WHERE name IS NOT NULL;
    ",
    // 7: the name an inspection itself has for an inspector, and the clients' names one by one where there are several:
    // what is asked by words is about one name. Filled when the columns are derived anew.
    "
    ALTER TABLE inspection_inspectors ADD COLUMN name INTEGER;
    CREATE TABLE inspection_clients (inspection INTEGER NOT NULL, number INTEGER NOT NULL, words TEXT NOT NULL,
        PRIMARY KEY (inspection, number)) WITHOUT ROWID;
    ALTER TABLE about RENAME TO metadata;
    ",
    // 8: the company's own tags of each agent. Filled when the columns are derived anew.
    "
    CREATE TABLE agent_tags (agent INTEGER NOT NULL, word INTEGER NOT NULL, PRIMARY KEY (agent, word)) WITHOUT ROWID;
    ",
    // 9: what names an inspection in the portal's addresses. Filled when the columns are derived anew.
    "
    ALTER TABLE inspections ADD COLUMN slug TEXT;
    CREATE INDEX inspections_by_slug ON inspections (slug) WHERE slug IS NOT NULL;
    ",
    // 10: what to do about what keeps failing: some of it does not go on by itself.
    "
    ALTER TABLE troubles ADD COLUMN remedy TEXT NOT NULL DEFAULT 'run `spectora-mcp sync` to see whether it still fails';
    ",
];

/// The newest version this program knows.
pub(super) const VERSION: u32 = 10;
const _: () = assert!(STEPS.len() == VERSION as usize);

/// Brings the file up to the newest version; a newer one is refused, and so is a file that is no mirror.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), MirrorError> {
    let damaged = |reason: String| MirrorError::Damaged { path: path.to_owned(), reason };
    let read = |connection: &Connection, name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| damaged(error.to_string()))
    };
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|error| in_file(error, path))?;
    let found = u32::try_from(read(&transaction, "user_version")?).unwrap_or(u32::MAX);
    let application = read(&transaction, "application_id")?;
    let is_empty: bool =
        transaction.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    if !is_empty && application != i64::from(APPLICATION_ID) {
        return Err(damaged("it is another program's file".to_owned()));
    }
    if VERSION < found {
        return Err(MirrorError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    for step in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    if found < VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Whether the file is a mirror of this company in the newest version. False where it is empty, older or another
/// program's: opening it to write then brings it up to date, or says what is wrong.
pub(super) fn is_ready(connection: &Connection, path: &Path, company: &str) -> Result<bool, MirrorError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || -> Result<(i64, i64), rusqlite::Error> { Ok((pragma("user_version")?, pragma("application_id")?)) };
    let (found, application) = read().map_err(|error| in_file(error, path))?;
    if application != i64::from(APPLICATION_ID) || found < i64::from(VERSION) {
        return Ok(false);
    }
    if i64::from(VERSION) < found {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(MirrorError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    let owner: Option<String> = connection
        .query_row("SELECT value FROM metadata WHERE name = 'company'", [], |row| row.get(0))
        .optional()
        .map_err(|error| in_file(error, path))?;
    match owner {
        Some(owner) if owner != company => {
            Err(MirrorError::Damaged { path: path.to_owned(), reason: format!("it belongs to {owner}") })
        }
        owner => Ok(owner.is_some()),
    }
}

#[cfg(test)]
pub(super) fn at_version(connection: &Connection, version: u32) {
    for step in STEPS.iter().take(version as usize) {
        connection.execute_batch(step).unwrap();
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", version).unwrap();
}
