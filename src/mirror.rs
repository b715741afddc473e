//! A local copy of what one company's key may read, in one SQLite file.
//!
//! One writer at a time (over all processes), any number of readers that cannot write. It knows `domain` and nothing of
//! the service or of MCP: records arrive decoded, with the bytes they came as beside them, so that a corrected reading
//! needs no new download. What is complete, and as of when, stands in the same transaction as the rows it is said of; a
//! crash at any instant loses nothing that was stored and claims nothing that was not.

mod clients;
mod deliveries;
mod error;
mod export;
mod facts;
mod history;
mod inspections;
mod inspectors;
mod ledger;
mod narrowing;
mod news;
mod people;
mod query;
mod schema;
mod search;
mod squeeze;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod words;
mod work;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::domain::CompanyName;
use squeeze::{Expander, Squeezer};

pub use clients::{ClientsFound, ClientsFrom, RawClient};
pub use deliveries::{Delivery, DeliveryCount, WaitingDelivery};
pub use error::MirrorError;
pub use export::data_dictionary;
pub use facts::{AgentFact, Fact, Facts, KnownAgent, Named, SoldPlace};
pub use history::{Change, ChangeKind};
pub use inspections::InspectionText;
pub use ledger::{Ledger, LedgerAnswer, LedgerSettings, MonthCount};
pub use narrowing::Narrowing;
pub use news::{News, NewsKind};
pub use query::{After, Found, InspectionQuery, InspectorWanted, Order, RawRow, Side, StatusWanted};
pub use search::{Hit, NameEntry};
pub use state::{Coverage, Pass, PassStep};
pub use store::{Fresh, StoreCount};
pub use work::{CHANGES_MAX, READINGS_MAX, changing, reading};

/// How long a writer waits for another process, in milliseconds; a page is stored in a small part of that.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// The most idle readers kept open.
const READERS_IDLE_MAX: usize = 2;
/// Memory for pages of one connection, in KiB (negative is SQLite's way to say so).
const CACHE_KIB: i64 = -2_000;
/// A write-ahead log larger than this is cut after a checkpoint, in bytes.
const LOG_BYTES_MAX: i64 = 32 * 1024 * 1024;

/// The kinds of record a mirror holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Inspections.
    Inspections,
    /// Agents.
    Agents,
    /// The service's statistics about agents.
    AgentStats,
    /// Clients.
    Clients,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Inspections, Self::Agents, Self::AgentStats, Self::Clients];

    /// The word in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inspections => "inspections",
            Self::Agents => "agents",
            Self::AgentStats => "agent statistics",
            Self::Clients => "clients",
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Inspections => 1,
            Self::Agents => 2,
            Self::AgentStats => 3,
            Self::Clients => 4,
        }
    }

    fn of(number: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }

    /// The table of typed columns.
    fn table(self) -> &'static str {
        match self {
            Self::Inspections => "inspections",
            Self::Agents => "agents",
            Self::AgentStats => "agent_stats",
            Self::Clients => "clients",
        }
    }

    /// Ids without a decimal form are numbered by kind; statistics carry the ids of agents.
    fn id_kind(self) -> i64 {
        if self == Self::AgentStats { Self::Agents.number() } else { self.number() }
    }
}

/// What a mirror is opened with.
#[derive(Clone, Debug)]
pub struct MirrorSettings {
    /// The folder of all mirrors of this user.
    pub folder: PathBuf,
    /// Whose mirror it is.
    pub company: CompanyName,
    /// The zone of the company's civil days.
    pub timezone: TimeZone,
    /// What the typed columns were derived with; when it changes, they are derived again from the raw records.
    pub mapping: String,
}

/// The mirror of one company.
pub struct Mirror {
    settings: MirrorSettings,
    path: PathBuf,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Reader>>,
}

/// Held by the one process that syncs; given back when dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub struct SyncLock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Mirror {
    /// Opens the company's mirror, making it where there is none. The folder and its files are the user's alone.
    pub fn open(settings: MirrorSettings) -> Result<Arc<Self>, MirrorError> {
        private_folder(&settings.folder)?;
        let path = settings.folder.join(format!("{}.sqlite", settings.company));
        private_file(&path)?;
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::migrate(&mut connection, &path)?;
        let mut writer = Writer {
            connection,
            squeezer: Squeezer::default(),
            words: words::Words::default(),
            zone: settings.timezone.clone(),
        };
        let owner = writer.within(|parts| parts.about("company", settings.company.as_str()))?;
        if owner != settings.company.as_str() {
            return Err(MirrorError::Damaged { path, reason: format!("it belongs to {owner}") });
        }
        Ok(Arc::new(Self { settings, path, writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) }))
    }

    /// Deletes the company's mirror files, so that the next opening begins anew. Nothing may have it open.
    pub fn remove(folder: &Path, company: &CompanyName) -> Result<(), MirrorError> {
        for ending in ["sqlite", "sqlite-wal", "sqlite-shm"] {
            let path = folder.join(format!("{company}.{ending}"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(MirrorError::Unusable { path, reason: error.to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whose mirror it is.
    pub fn company(&self) -> &CompanyName {
        &self.settings.company
    }

    /// The zone its days are in.
    pub fn timezone(&self) -> &TimeZone {
        &self.settings.timezone
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file and its log.
    pub fn bytes_on_disk(&self) -> u64 {
        let with = |ending: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(ending);
            std::fs::metadata(PathBuf::from(name)).map_or(0, |metadata| metadata.len())
        };
        with("") + with("-wal")
    }

    /// The right to sync; `None` when another process (or task) has it.
    pub fn try_lock(&self) -> Result<Option<SyncLock>, MirrorError> {
        let path = self.path.with_extension("sync.lock");
        let unusable = |error: std::io::Error| MirrorError::Unusable { path: path.clone(), reason: error.to_string() };
        private_file(&path)?;
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SyncLock(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Runs `ask` on a reader, outside the async threads, in one snapshot.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&mut Parts<'_>) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<T, MirrorError> {
        let mirror = Arc::clone(self);
        reading(move || mirror.read_now(ask)).await
    }

    /// As [`Self::read`], on this thread.
    pub fn read_now<T>(&self, ask: impl FnOnce(&mut Parts<'_>) -> Result<T, MirrorError>) -> Result<T, MirrorError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.path)?,
        };
        let answer = {
            let transaction = reader.connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            ask(&mut Parts { connection: &transaction, expander: &mut reader.expander, path: &self.path })
        };
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_IDLE_MAX {
            readers.push(reader);
        }
        answer
    }

    /// Runs `change` on the writer, outside the async threads, in one transaction: all of it is stored, or nothing.
    pub async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Changing<'_>) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<T, MirrorError> {
        let mirror = Arc::clone(self);
        changing(move || mirror.write_now(change)).await
    }

    /// As [`Self::write`], on this thread.
    pub fn write_now<T>(
        &self,
        change: impl FnOnce(&mut Changing<'_>) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).within(change)
    }

    /// Whether the typed columns must be derived again: the zone, the known services or this program's reading of the
    /// records changed since they were written.
    pub fn mapping_changed(&self) -> Result<bool, MirrorError> {
        let wanted = self.settings.mapping.clone();
        self.write_now(|parts| Ok(parts.about("mapping", &wanted)? != wanted))
    }

    /// The typed columns are about to be derived anew from the first record on: what was learned of names from records as
    /// they were read before is forgotten.
    pub fn mapping_begins(&self) -> Result<(), MirrorError> {
        self.write_now(|parts| {
            parts.transaction.execute("DELETE FROM inspector_names", [])?;
            parts.words.forget();
            Ok(())
        })
    }

    /// The typed columns are derived anew throughout. Names that no record has any more are dropped.
    pub fn mapping_settled(&self) -> Result<(), MirrorError> {
        let mapping = self.settings.mapping.clone();
        self.write_now(|parts| {
            parts.drop_unused_names()?;
            parts.set_about("mapping", &mapping)
        })
    }
}

/// One connection that cannot write.
struct Reader {
    connection: Connection,
    expander: Expander,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, MirrorError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { connection, expander: Expander::default() })
    }
}

/// One snapshot to read from.
pub struct Parts<'a> {
    connection: &'a Connection,
    expander: &'a mut Expander,
    path: &'a Path,
}

impl Parts<'_> {
    /// The connection, for the sums of insights; it cannot write.
    pub fn path(&self) -> &Path {
        self.path
    }
}

/// The one connection that writes.
struct Writer {
    connection: Connection,
    squeezer: Squeezer,
    words: words::Words,
    zone: TimeZone,
}

/// One transaction under way.
pub struct Changing<'a> {
    transaction: Transaction<'a>,
    squeezer: &'a mut Squeezer,
    words: &'a mut words::Words,
    zone: &'a TimeZone,
}

impl Writer {
    fn within<T>(
        &mut self,
        change: impl FnOnce(&mut Changing<'_>) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        let done = {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (squeezer, words, zone) = (&mut self.squeezer, &mut self.words, &self.zone);
            let mut parts = Changing { transaction, squeezer, words, zone };
            match change(&mut parts) {
                Ok(value) => parts.transaction.commit().map(|()| value).map_err(MirrorError::from),
                // Dropping the transaction takes all of it back.
                Err(error) => Err(error),
            }
        };
        if done.is_err() {
            self.squeezer.forget();
            self.words.forget();
        }
        done
    }
}

impl Changing<'_> {
    /// The value under this name; set to `initial` where there is none.
    fn about(&mut self, name: &str, initial: &str) -> Result<String, MirrorError> {
        self.transaction.execute("INSERT OR IGNORE INTO about (name, value) VALUES (?, ?)", [name, initial])?;
        Ok(self.transaction.query_row("SELECT value FROM about WHERE name = ?", [name], |row| row.get(0))?)
    }

    /// Keeps a text under this name.
    pub fn set_about(&mut self, name: &str, value: &str) -> Result<(), MirrorError> {
        self.transaction.execute("INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)", [name, value])?;
        Ok(())
    }
}

/// A limit as SQL takes it.
fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, MirrorError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| schema::refused(error, path))?;
    let set = || -> Result<(), rusqlite::Error> {
        connection.busy_timeout(BUSY_WAIT)?;
        if access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
        }
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.set_prepared_statement_cache_capacity(96);
        Ok(())
    };
    set().map_err(|error| schema::refused(error, path))?;
    Ok(connection)
}

/// Makes the folder where there is none; only its user may look into a new one.
fn private_folder(folder: &Path) -> Result<(), MirrorError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| MirrorError::Unusable { path: folder.to_owned(), reason: error.to_string() })
}

/// Makes the file where there is none, readable by its user only; SQLite gives its companions the same rights.
fn private_file(path: &Path) -> Result<(), MirrorError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| MirrorError::Unusable { path: path.to_owned(), reason: error.to_string() })
}
