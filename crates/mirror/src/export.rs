//! The mirror as CSV files, or as one SQLite file whose tables explain themselves.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::files::{new_private_file, private_folder};
use super::{Kind, Mirror, MirrorError, Snapshot};

/// Says at the beginning of a file that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A column of an export: its name, how it is worked out, and what it means.
struct Column(&'static str, &'static str, &'static str);

/// A table of an export.
struct Table {
    name: &'static str,
    from: &'static str,
    columns: &'static [Column],
}

/// The service's id behind a number of ours: ids that are no decimals are numbered by kind.
macro_rules! id {
    ($kind:literal, $pk:literal) => {
        concat!("coalesce((SELECT id FROM m.odd_ids WHERE kind = ", $kind, " AND pk = ", $pk, "), ", $pk, ")")
    };
}

/// What is exported. Instants are RFC 3339 in UTC.
const TABLES: &[Table] = &[
    Table {
        name: "inspections",
        from: "inspections t ORDER BY t.starts_at, t.pk",
        columns: &[
            Column("id", id!(1, "t.pk"), "the inspection's id"),
            Column(
                "starts_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.starts_at / 1000, 'unixepoch')",
                "when it begins, UTC",
            ),
            Column("day", "date(t.day * 86400, 'unixepoch')", "the civil day it begins on, in the company's zone"),
            Column("duration_hours", "t.duration", "how long it takes"),
            Column(
                "created_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.created_at / 1000, 'unixepoch')",
                "when it was booked",
            ),
            Column(
                "updated_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.updated_at / 1000, 'unixepoch')",
                "when it last changed",
            ),
            Column(
                "canceled_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.canceled_at / 1000, 'unixepoch')",
                "when it was canceled",
            ),
            Column("cancel_reason", "(SELECT text FROM m.words WHERE pk = t.cancel_reason)", "why it was canceled"),
            Column(
                "deleted_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.gone_at / 1000, 'unixepoch')",
                "when it was deleted, or missed",
            ),
            Column(
                "published_at",
                "strftime('%Y-%m-%dT%H:%M:%SZ', t.published_at / 1000, 'unixepoch')",
                "when its report was published",
            ),
            Column("confirmed", "t.confirmed", "1 or 0"),
            Column("paid", "t.paid", "1 or 0"),
            Column("agreements_signed", "t.agreements", "1 or 0"),
            Column(
                "quote",
                "CASE WHEN t.quote IS NOT NULL THEN printf('%.2f', t.quote / 10000.0) END",
                "the quoted price; empty where it is not known",
            ),
            Column("zip", "(SELECT text FROM m.words WHERE pk = t.zip)", "ZIP code"),
            Column("city", "(SELECT text FROM m.words WHERE pk = t.city)", "city"),
            Column("inspector", "(SELECT coalesce(name, id) FROM m.inspectors WHERE pk = t.inspector)", "who leads"),
            Column(
                "services",
                "(SELECT group_concat(w.text, '; ') FROM m.inspection_names n JOIN m.words w ON w.pk = n.word \
                 WHERE n.inspection = t.pk AND w.kind = 1)",
                "services, separated by semicolons",
            ),
            Column(
                "add_ons",
                "(SELECT group_concat(w.text, '; ') FROM m.inspection_names n JOIN m.words w ON w.pk = n.word \
                 WHERE n.inspection = t.pk AND w.kind = 2)",
                "add-ons, separated by semicolons",
            ),
            Column(
                "not_add_ons",
                "(SELECT group_concat(w.text, '; ') FROM m.inspection_names n JOIN m.words w ON w.pk = n.word \
                 WHERE n.inspection = t.pk AND w.kind = 8)",
                "discounts and fees (`not_add_ons` in the configuration), separated by semicolons",
            ),
            Column("buying_agent_id", id!(2, "t.buying_agent"), "the buying agent's connection id"),
            Column("selling_agent_id", id!(2, "t.selling_agent"), "the selling agent's connection id"),
            Column("client_id", id!(4, "t.client"), "the client's id"),
        ],
    },
    Table {
        name: "agents",
        from: "agents t ORDER BY t.pk",
        columns: &[
            Column("id", id!(2, "t.pk"), "the connection id"),
            Column("agent_id", "t.agent_id", "the same person in every company"),
            Column("name", "t.name", "the name"),
            Column("agency", "(SELECT text FROM m.words WHERE pk = t.agency)", "the agency as it is spelled"),
            Column("team", "(SELECT text FROM m.words WHERE pk = t.team)", "the team"),
            Column("city", "(SELECT text FROM m.words WHERE pk = t.city)", "the city"),
            Column("gone", "t.gone <> 0", "1 when it is not in the service any more"),
        ],
    },
    Table {
        name: "agent_stats",
        from: "agent_stats t ORDER BY t.pk",
        columns: &[
            Column("id", id!(2, "t.pk"), "the connection id"),
            Column("total_inspections", "t.total", "by the service's own count"),
            Column("buying_inspections", "t.buying", "by the service's own count"),
            Column("selling_inspections", "t.selling", "by the service's own count"),
        ],
    },
    Table {
        name: "clients",
        from: "clients t ORDER BY t.sort, t.pk",
        columns: &[
            Column("id", id!(4, "t.pk"), "the client's id"),
            Column("name", "t.name", "the name"),
            Column("gone", "t.gone <> 0", "1 when it is not in the service any more"),
        ],
    },
];

impl Table {
    fn select(&self) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|Column(name, value, _)| format!("{value} AS {name}")).collect();
        format!("SELECT {} FROM m.{}", columns.join(", "), self.from)
    }
}

/// Records written in one go.
const BATCH: usize = 1_000;

/// What the tables of an export hold, as Markdown: the data dictionary.
pub fn data_dictionary() -> String {
    let mut lines = Vec::new();
    for table in TABLES {
        lines.push(format!("## {}\n", table.name));
        lines.extend(table.columns.iter().map(|Column(name, _, meaning)| format!("- `{name}`: {meaning}")));
        lines.push(String::new());
    }
    lines.join("\n")
}

impl Mirror {
    /// Writes `inspections.csv`, `agents.csv`, `agent_stats.csv` and `clients.csv` into `folder`. Gives the rows of each.
    /// They are UTF-8 with a mark that says so, without which Excel garbles accents. Files that are there are refused, or
    /// replaced where `overwrite` says so.
    pub fn export_csv(&self, folder: &Path, overwrite: bool) -> Result<Vec<(&'static str, u64)>, MirrorError> {
        let unusable = |error: String| MirrorError::Unusable { path: folder.to_owned(), reason: error };
        private_folder(folder)?;
        let paths: Vec<PathBuf> = TABLES.iter().map(|table| folder.join(format!("{}.csv", table.name))).collect();
        paths.iter().try_for_each(|path| make_room(path, overwrite))?;
        let connection = self.attached(None)?;
        let mut written = Vec::new();
        for (table, path) in TABLES.iter().zip(&paths) {
            let mut file = new_private_file(path)?;
            file.write_all(BYTE_ORDER_MARK).map_err(|error| unusable(error.to_string()))?;
            let mut writer = csv::Writer::from_writer(file);
            let header = table.columns.iter().map(|Column(name, ..)| *name);
            writer.write_record(header).map_err(|error| unusable(error.to_string()))?;
            let mut statement = connection.prepare(&table.select())?;
            let mut rows = statement.query([])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let mut fields = Vec::new();
                for index in 0..table.columns.len() {
                    fields.push(match row.get_ref(index)? {
                        ValueRef::Integer(number) => number.to_string(),
                        ValueRef::Real(number) => number.to_string(),
                        ValueRef::Text(text) => plain(&String::from_utf8_lossy(text)),
                        ValueRef::Null | ValueRef::Blob(_) => String::new(),
                    });
                }
                writer.write_record(&fields).map_err(|error| unusable(error.to_string()))?;
                count += 1;
            }
            writer.flush().map_err(|error| unusable(error.to_string()))?;
            written.push((table.name, count));
        }
        Ok(written)
    }

    /// Writes the same tables into one new SQLite file, with `raw_json` (every record as it came) and `documentation` (what
    /// each column means). Gives the rows of each table.
    /// A file that is there is refused, or replaced where `overwrite` says so.
    pub fn export_sqlite(&self, path: &Path, overwrite: bool) -> Result<Vec<(&'static str, u64)>, MirrorError> {
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        make_room(path, overwrite)?;
        new_private_file(path)?;
        let connection = self.attached(Some(path))?;
        connection.execute_batch("CREATE TABLE documentation (table_name TEXT, column_name TEXT, meaning TEXT)")?;
        let mut written = Vec::new();
        for table in TABLES {
            connection.execute_batch(&format!("CREATE TABLE main.{} AS {}", table.name, table.select()))?;
            for Column(name, _, meaning) in table.columns {
                connection.execute("INSERT INTO documentation VALUES (?, ?, ?)", [table.name, name, meaning])?;
            }
            let count: i64 =
                connection.query_row(&format!("SELECT count(*) FROM main.{}", table.name), [], |row| row.get(0))?;
            written.push((table.name, count.unsigned_abs()));
        }
        connection.execute_batch("CREATE TABLE raw_json (kind TEXT, pk INTEGER, json TEXT)")?;
        let mut raws = 0;
        for kind in Kind::ALL {
            raws += self.read_now(|snapshot| copy_raws(snapshot, *kind, &connection))?;
            let as_they_are = "UPDATE main.raw_json SET pk = coalesce((SELECT id FROM m.odd_ids o WHERE o.kind = ?1 AND \
                               o.pk = raw_json.pk), pk) WHERE kind = ?2 AND pk < 0";
            connection.execute(as_they_are, rusqlite::params![kind.id_kind(), kind.name()])?;
        }
        written.push(("raw_json", raws));
        Ok(written)
    }

    /// A connection to `path` (or to nothing) that can read the mirror as `m`.
    fn attached(&self, path: Option<&Path>) -> Result<Connection, MirrorError> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_with_flags(":memory:", OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        // A name that is no text is given as the bytes it is.
        let path = match self.path().to_str() {
            Some(text) => Value::from(text.to_owned()),
            None => Value::from(self.path().as_os_str().as_encoded_bytes().to_vec()),
        };
        connection.execute("ATTACH DATABASE ? AS m", [path])?;
        Ok(connection)
    }
}

fn copy_raws(snapshot: &mut Snapshot<'_>, kind: Kind, to: &Connection) -> Result<u64, MirrorError> {
    let mut after = i64::MIN;
    let mut count = 0;
    loop {
        let raws = snapshot.raws_after(kind, after, BATCH, true)?;
        let Some((last, _)) = raws.last() else { return Ok(count) };
        after = *last;
        let transaction = to.unchecked_transaction()?;
        for (pk, raw) in raws {
            let json = String::from_utf8_lossy(&raw).into_owned();
            transaction.prepare_cached("INSERT INTO raw_json VALUES (?, ?, ?)")?.execute(rusqlite::params![
                kind.name(),
                pk,
                json
            ])?;
            count += 1;
        }
        transaction.commit()?;
    }
}

/// Nothing is overwritten in silence.
fn make_room(path: &Path, overwrite: bool) -> Result<(), MirrorError> {
    let unusable = |reason: String| MirrorError::Unusable { path: path.to_owned(), reason };
    if !overwrite {
        return if path.exists() { Err(unusable("it is there already".to_owned())) } else { Ok(()) };
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(error.to_string())),
        _ => Ok(()),
    }
}

/// Text that a spreadsheet takes as text: strangers typed it, and a cell that begins like a formula would be run. Numbers
/// stay as they are.
fn plain(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
