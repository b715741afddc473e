//! What changed, and when it was seen, so that "what is new since Monday" has an answer.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::interned::id_of;
use super::{Kind, MirrorError, Snapshot, WriteTransaction, rows_max};

/// A stored change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was seen here.
    pub at: Timestamp,
    /// The kind of record.
    pub kind: Kind,
    /// The record's id.
    pub id: String,
    /// What happened.
    pub what: ChangeKind,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not known before.
    New,
    /// It is not in the service any more.
    Gone,
    /// These facts differ: name, before, after. Instants are milliseconds since 1970, money ten-thousandths.
    Changed(Vec<(String, Option<String>, Option<String>)>),
}

/// The facts whose changes are kept, one query a kind; each column is one fact.
fn facts_sql(kind: Kind) -> &'static str {
    match kind {
        Kind::Inspections => {
            "SELECT starts_at, duration, confirmed, paid, quote, canceled_at, published_at, gone AS deleted, \
             agreements, buying_agent, selling_agent, \
             (SELECT text FROM words WHERE pk = cancel_reason) AS cancel_reason, \
             (SELECT text FROM words WHERE pk = zip) AS zip, \
             (SELECT coalesce(name, id) FROM inspectors WHERE pk = inspector) AS inspector, \
             (SELECT group_concat(text, '; ') FROM (SELECT text FROM words, inspection_names \
              WHERE words.pk = word AND inspection = inspections.pk AND kind = 1 ORDER BY text)) AS services, \
             (SELECT group_concat(text, '; ') FROM (SELECT text FROM words, inspection_names \
              WHERE words.pk = word AND inspection = inspections.pk AND kind = 2 ORDER BY text)) AS add_ons \
             FROM inspections WHERE pk = ?"
        }
        Kind::Agents => {
            "SELECT name, gone AS deleted, (SELECT text FROM words WHERE pk = agency) AS agency, \
             (SELECT text FROM words WHERE pk = team) AS team FROM agents WHERE pk = ?"
        }
        Kind::AgentStats => "SELECT total, buying, selling FROM agent_stats WHERE pk = ?",
        Kind::Clients => "SELECT name, gone AS deleted FROM clients WHERE pk = ?",
    }
}

/// The facts of a record as text, in the order of the query.
pub(super) type Tracked = Vec<(String, Option<String>)>;

pub(super) fn tracked(connection: &Connection, kind: Kind, pk: i64) -> Result<Tracked, MirrorError> {
    let mut statement = connection.prepare_cached(facts_sql(kind))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let facts = statement.query_row([pk], |row| {
        let fact = |(index, name): (usize, String)| {
            use rusqlite::types::Value as Stored;
            let text = match row.get::<_, Stored>(index)? {
                Stored::Integer(number) => Some(number.to_string()),
                Stored::Real(number) => Some(number.to_string()),
                Stored::Text(text) => Some(text),
                Stored::Null | Stored::Blob(_) => None,
            };
            Ok((name, text))
        };
        names.into_iter().enumerate().map(fact).collect::<Result<Tracked, rusqlite::Error>>()
    })?;
    Ok(facts)
}

fn record(connection: &Connection, kind: Kind, pk: i64, now: Timestamp, what: &Value) -> Result<(), MirrorError> {
    connection.prepare_cached("INSERT INTO changes (at, kind, record, what) VALUES (?, ?, ?, ?)")?.execute(params![
        now.as_millisecond(),
        kind.number(),
        pk,
        what.to_string()
    ])?;
    Ok(())
}

pub(super) fn record_new(connection: &Connection, kind: Kind, pk: i64, now: Timestamp) -> Result<(), MirrorError> {
    record(connection, kind, pk, now, &json!("new"))
}

pub(super) fn record_gone(connection: &Connection, kind: Kind, pk: i64, now: Timestamp) -> Result<(), MirrorError> {
    record(connection, kind, pk, now, &json!("gone"))
}

/// A record whose facts are all as they were (only what is shown beside them differs) leaves no trace.
pub(super) fn record_difference(
    connection: &Connection,
    kind: Kind,
    pk: i64,
    now: Timestamp,
    before: &Tracked,
    after: &Tracked,
) -> Result<(), MirrorError> {
    let differing = before.iter().zip(after).filter(|((_, before), (_, after))| before != after);
    let fields: Map<String, Value> =
        differing.map(|((name, before), (_, after))| (name.clone(), json!([before, after]))).collect();
    if fields.is_empty() { Ok(()) } else { record(connection, kind, pk, now, &Value::Object(fields)) }
}

impl WriteTransaction<'_> {
    /// Forgets changes seen before `before`; gives how many.
    pub fn prune_history(&mut self, before: Timestamp) -> Result<u64, MirrorError> {
        Ok(self.transaction.execute("DELETE FROM changes WHERE at < ?", [before.as_millisecond()])? as u64)
    }
}

impl Snapshot<'_> {
    /// The changes seen at or after `since`, oldest first, at most `limit`.
    pub fn changes_since(&self, since: Timestamp, limit: usize) -> Result<Vec<Change>, MirrorError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, kind, record, what FROM changes WHERE at >= ? ORDER BY at, pk LIMIT ?")?;
        let rows = statement.query_map(params![since.as_millisecond(), rows_max(limit)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
        })?;
        let mut changes = Vec::new();
        for row in rows {
            let (at, kind, pk, what) = row?;
            let Some(kind) = Kind::of(kind) else { continue };
            changes.push(Change {
                at: Timestamp::from_millisecond(at).unwrap_or_default(),
                kind,
                id: id_of(self.connection, kind, pk)?,
                what: read_what(&what),
            });
        }
        Ok(changes)
    }

    /// When the oldest kept change was seen; `None` when none is kept.
    pub fn history_from(&self) -> Result<Option<Timestamp>, MirrorError> {
        let at: Option<i64> = self.connection.query_row("SELECT min(at) FROM changes", [], |row| row.get(0))?;
        Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }
}

fn read_what(what: &str) -> ChangeKind {
    match serde_json::from_str(what) {
        Ok(Value::String(word)) if word == "new" => ChangeKind::New,
        Ok(Value::Object(fields)) => {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            ChangeKind::Changed(
                fields.into_iter().map(|(name, pair)| (name, text(pair.get(0)), text(pair.get(1)))).collect(),
            )
        }
        _ => ChangeKind::Gone,
    }
}
