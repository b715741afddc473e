//! Whether a mirror's file is whole, and how it is kept.

use super::compression::RecordExpander;
use super::{Kind, Mirror, MirrorError, Snapshot};

impl Mirror {
    /// Reads every page and every record. An error says what is damaged; a file that is whole takes a second or so for
    /// each hundred megabytes.
    pub fn check(&self) -> Result<(), MirrorError> {
        self.read_now(|snapshot| snapshot.check())
    }

    /// How SQLite keeps the file; `wal` unless the disk cannot do that, as network folders cannot.
    pub fn journal_mode(&self) -> Result<String, MirrorError> {
        self.read_now(|snapshot| Ok(snapshot.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?))
    }
}

impl Snapshot<'_> {
    fn check(&self) -> Result<(), MirrorError> {
        let damaged = |reason: String| MirrorError::Damaged { path: self.path.to_owned(), reason };
        // Table by table: of an index of words without content SQLite says that it is damaged once a row was replaced. The
        // tables such an index is kept in are checked like the others.
        let mut tables =
            self.connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage <> 0")?;
        let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        for name in names {
            let sql = format!("PRAGMA quick_check(\"{name}\")");
            let found: String = self.connection.query_row(&sql, [], |row| row.get(0))?;
            if found != "ok" {
                return Err(damaged("its pages are damaged".to_owned()));
            }
        }
        // One of its own: a dictionary that this connection has loaded may be damaged by now.
        let mut expander = RecordExpander::default();
        for kind in Kind::ALL {
            let table = kind.table();
            let sql = format!("SELECT r.dictionary, r.bytes FROM {table} t LEFT JOIN raw_{table} r ON r.seq = t.raw");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (dictionary, bytes): (Option<i64>, Option<Vec<u8>>) = (row.get(0)?, row.get(1)?);
                let expanded = match dictionary.zip(bytes) {
                    Some((dictionary, bytes)) => expander.expand(self.connection, dictionary, &bytes).is_ok(),
                    None => false,
                };
                if !expanded {
                    return Err(damaged(format!("a record of {} is damaged", kind.name())));
                }
            }
        }
        Ok(())
    }
}
