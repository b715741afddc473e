//! Nothing is left in the file of people who were forgotten: in no old page, no index of words, no dictionary, no log.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::interned::known_key;
use super::{Kind, Mirror, MirrorError};

/// The name under which it stands whom the file was cleaned of last.
const CLEANED_OF: &str = "cleaned_of";
/// Readers that use the log are waited for so long.
const READERS_TIME_MAX: Duration = Duration::from_secs(5);
const READERS_LOOK_EVERY: Duration = Duration::from_millis(50);
/// The indexes of words; what is deleted stays in them until they are put together anew.
const WORD_INDEXES: &[&str] = &["inspections_text", "agents_text", "clients_text"];

/// Whose traces go.
#[derive(Clone, Debug, Default)]
pub struct ForgottenRecords {
    /// Records whose changes are forgotten, by their ids.
    pub records: Vec<(Kind, String)>,
    /// Changes of clients that were seen before this are forgotten.
    pub clients_before: Option<Timestamp>,
}

impl Mirror {
    /// Records are about to be written anew without these people: the changes that name them go, and records are compressed
    /// with new dictionaries from here on, since the present ones were made of records that had names in them.
    pub fn forget_traces(&self, people: &ForgottenRecords) -> Result<(), MirrorError> {
        self.write_now(|tx| {
            for (kind, id) in &people.records {
                let Some(pk) = known_key(&tx.transaction, *kind, id)? else { continue };
                // That it came and went names nobody.
                let sql = "DELETE FROM changes WHERE kind = ? AND record = ? AND what LIKE '{%'";
                tx.transaction.execute(sql, [kind.number(), pk])?;
            }
            if let Some(before) = people.clients_before {
                let sql = "DELETE FROM changes WHERE kind = ? AND at < ? AND what LIKE '{%'";
                tx.transaction.execute(sql, [Kind::Clients.number(), before.as_millisecond()])?;
            }
            tx.transaction.execute("UPDATE dictionaries SET kind = -kind WHERE 0 < kind", [])?;
            tx.compressor.forget();
            Ok(())
        })
    }

    /// Whether the file was cleaned of the people of this mark.
    pub fn is_cleaned_of(&self, mark: &str) -> Result<bool, MirrorError> {
        self.read_now(|snapshot| Ok(snapshot.metadata(CLEANED_OF)?.unwrap_or_default() == mark))
    }

    /// Writes the whole file anew, so that nothing stands in it that no record has any more, and empties its log; notes `mark`.
    /// False where somebody read from the log all the while: then it is to be tried again.
    pub fn clean(&self, mark: &str) -> Result<bool, MirrorError> {
        self.write_now(|tx| {
            for index in WORD_INDEXES {
                tx.transaction.execute(&format!("INSERT INTO {index} ({index}) VALUES ('optimize')"), [])?;
            }
            blank_old_dictionaries(&tx.transaction)
        })?;
        let is_emptied = self.use_writer(|connection| {
            connection.execute_batch("VACUUM")?;
            let deadline = Instant::now() + READERS_TIME_MAX;
            loop {
                let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
                if !is_busy || deadline < Instant::now() {
                    return Ok(!is_busy);
                }
                std::thread::sleep(READERS_LOOK_EVERY);
            }
        })?;
        if is_emptied {
            self.write_now(|tx| tx.set_metadata(CLEANED_OF, mark))?;
        }
        Ok(is_emptied)
    }
}

/// Takes the content out of dictionaries that no record is compressed with any more. Their numbers stay taken: a program that
/// knows one by its number must not meet another one under it.
fn blank_old_dictionaries(connection: &Connection) -> Result<(), MirrorError> {
    let old: Vec<i64> = connection
        .prepare("SELECT pk FROM dictionaries WHERE kind < 0 AND length(bytes) <> 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for pk in old {
        let mut is_used = false;
        for kind in Kind::ALL {
            let sql = format!("SELECT 1 FROM raw_{} WHERE dictionary = ? LIMIT 1", kind.table());
            is_used |= connection.query_row(&sql, [pk], |_| Ok(())).optional()?.is_some();
        }
        if !is_used {
            connection.execute("UPDATE dictionaries SET bytes = x'' WHERE pk = ?", [pk])?;
        }
    }
    Ok(())
}

/// Records are about to be derived anew: whatever the file was cleaned of, it may have to be again.
pub(super) fn is_to_be_cleaned(tx: &mut super::WriteTransaction<'_>) -> Result<(), MirrorError> {
    tx.set_metadata(CLEANED_OF, "")
}
