//! A local copy of what one company's key may read, in one SQLite file.
//!
//! One writer at a time (over all processes), any number of readers that cannot write. It knows `domain` and nothing of
//! the service or of MCP: records arrive decoded, with the bytes they came as beside them, so that a corrected reading
//! needs no new download. What is complete, and as of when, stands in the same transaction as the rows it is said of; a
//! crash at any instant loses nothing that was stored and claims nothing that was not.

mod check;
mod clients;
mod deliveries;
mod error;
mod export;
mod facts;
mod files;
mod history;
mod inspections;
mod inspectors;
mod ledger;
mod news;
mod partial;
mod people;
mod query;
mod removal;
mod schema;
mod scrub;
mod search;
mod compression;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod interned;
mod work;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use compression::{RecordCompressor, RecordExpander};
use domain::{Clock, CompanyName};
use files::{FileMark, Gate, Home, LastFailure, Slot, companion, lock_at, private_file, remove_companions};

pub use clients::{ClientsFound, ClientsFrom, RawClient};
pub use deliveries::{Delivery, DeliveryCount, WaitingDelivery};
pub use error::MirrorError;
pub use export::data_dictionary;
pub use facts::KnownAgent;
pub use files::{SyncLock, mirror_path, private_folder, user_only};
pub use history::{Change, ChangeKind};
pub use inspectors::KnownInspector;
pub use ledger::{Ledger, LedgerAnswer, LedgerSettings, MonthCount};
pub use news::{News, NewsKind};
pub use partial::Partial;
pub use query::{ContentMark, Found, RawRow, Row};
pub use removal::MirrorRemoval;
pub use scrub::ForgottenRecords;
pub use search::{Hit, NameEntry};
pub use state::{Coverage, CoverageGap, Pass, PassEnd, PassStep, Trouble};
pub use store::{Fresh, StoreCount};
pub use work::{CHANGES_MAX, READINGS_MAX, changing, reading};

/// How long a writer waits for another process, in milliseconds; a page is stored in a small part of that.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// A file that is not there is made by one process, under the lock of whoever syncs; the others wait this long for it.
const MAKING_TIME_MAX: Duration = Duration::from_secs(2);
/// How often they look.
const MAKING_LOOK_EVERY: Duration = Duration::from_millis(20);
/// The most idle readers kept open: as many as read at once, since opening one takes longer than most questions.
const READERS_IDLE_MAX: usize = READINGS_MAX;
/// With more readers than this in the process, over all mirrors, none is kept open idle: each holds three files, and a system
/// may allow 256.
const READERS_OPEN_MAX: usize = 48;
/// How many are open.
static READERS_OPEN: AtomicUsize = AtomicUsize::new(0);
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
#[derive(Clone)]
pub struct MirrorSettings {
    /// The folder of all mirrors of this user.
    pub folder: PathBuf,
    /// Whose mirror it is.
    pub company: CompanyName,
    /// The zone of the company's civil days.
    pub timezone: TimeZone,
    /// What the typed columns were derived with; when it changes, they are derived again from the raw records.
    pub mapping: String,
    /// Tells which stored times lie ahead, and so were written under a wrong clock.
    pub clock: Arc<dyn Clock>,
}

/// The name under which the mapping stands that all typed columns were derived with.
const MAPPING: &str = "mapping";
/// The name under which it stands how far the columns are derived for another mapping.
const DERIVING: &str = "deriving";

/// The mirror of one company.
///
/// Its file is looked at each time it is used. Where another file stands in its place (the mirror was started over by
/// another process) that one is opened, and a file that could not be opened is tried again.
pub struct Mirror {
    settings: MirrorSettings,
    home: Home,
    path: PathBuf,
    /// Closed before the writer: the last connection to be closed tidies up the log, and a reader cannot.
    readers: Mutex<Readers>,
    writer: Mutex<Slot<Writer>>,
    gate: Gate,
}

#[derive(Default)]
struct Readers {
    idle: Vec<(FileMark, Reader)>,
    failure: LastFailure,
}

impl Mirror {
    /// The company's mirror, whatever state its file is in; it is opened when it is first used.
    pub fn at(settings: MirrorSettings) -> Arc<Self> {
        let path = mirror_path(&settings.folder, &settings.company);
        let (writer, readers) = (Mutex::default(), Mutex::default());
        Arc::new(Self { home: Home::at(&settings.folder), settings, path, writer, readers, gate: Gate::default() })
    }

    /// Opens the company's mirror, making it where there is none. The folder and its files are the user's alone.
    pub fn open(settings: MirrorSettings) -> Result<Arc<Self>, MirrorError> {
        let mirror = Self::at(settings);
        mirror.check_open()?;
        Ok(mirror)
    }

    /// Opens the file if it is not open, making it where there is none. An error says why it cannot be used now.
    pub fn check_open(&self) -> Result<(), MirrorError> {
        self.read_now(|_| Ok(()))
    }

    /// Closes the files for good, after what is being read and written. Nothing is made or opened after that.
    pub fn close(&self) {
        self.gate.shut();
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).idle.clear();
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).close();
    }

    /// Closes the files until they are asked for next; what is being read or written goes on.
    pub fn rest(&self) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).idle.clear();
        if let Ok(mut writer) = self.writer.try_lock() {
            writer.close();
        }
    }

    /// Deletes the company's mirror files, so that whoever uses the mirror next starts over. Programs that have it open
    /// notice. `Err(BeingSynced)` while a sync is running.
    pub fn remove(folder: &Path, company: &CompanyName) -> Result<(), MirrorError> {
        private_folder(folder)?;
        MirrorRemoval::begin(folder, company)?.delete()
    }

    /// What `ask` finds at `now` in the company's mirror as it stands in the folder: nothing is made, changed or locked by
    /// that, so it is not said of any settings whether the columns are derived with them. `None` where there is no mirror, or
    /// one of another version.
    pub fn glance<T>(
        folder: &Path,
        company: &CompanyName,
        now: Timestamp,
        ask: impl FnOnce(&mut Snapshot<'_>) -> Result<T, MirrorError>,
    ) -> Result<Option<T>, MirrorError> {
        let path = mirror_path(folder, company);
        if !path.is_file() {
            return Ok(None);
        }
        let looked = || {
            let connection = connect_untouched(&path)?;
            if !schema::is_ready(&connection, &path, company.as_str())? {
                return Ok(None);
            }
            let mut expander = RecordExpander::default();
            let snapshot = connection.unchecked_transaction()?;
            ask(&mut Snapshot { connection: &snapshot, expander: &mut expander, path: &path, mapping: "", now })
                .map(Some)
        };
        looked().map_err(|error: MirrorError| error.of(&path))
    }

    /// Opens the file to write; makes it where there is none.
    fn open_writer(&self) -> Result<Writer, MirrorError> {
        self.home.check()?;
        // Whoever starts a mirror over holds this lock: a file made meanwhile would get the log of the old one.
        let making = if self.path.exists() { None } else { self.lock_to_make()? };
        if making.is_some() {
            // A log without its file belongs to one that somebody deleted by hand.
            remove_companions(&self.path, &["-wal", "-shm"])?;
        }
        private_file(&self.path)?;
        let mut connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let company = self.settings.company.as_str();
        let is_ready = schema::is_ready(&connection, &self.path, company)?;
        if !is_ready {
            schema::migrate(&mut connection, &self.path)?;
        }
        let zone = self.settings.timezone.clone();
        let mut writer = Writer {
            connection,
            compressor: RecordCompressor::default(),
            interned: interned::Interned::default(),
            zone,
            clock: Arc::clone(&self.settings.clock),
        };
        if !is_ready {
            let owner = writer.within(|tx| tx.claim(company, &self.settings.mapping))?;
            if owner != company {
                let reason = format!("it belongs to {owner}");
                return Err(MirrorError::Damaged { path: self.path.clone(), reason });
            }
        }
        Ok(writer)
    }

    /// The lock to make the file with; `None` once another process has made it.
    fn lock_to_make(&self) -> Result<Option<SyncLock>, MirrorError> {
        let deadline = std::time::Instant::now() + MAKING_TIME_MAX;
        loop {
            if let Some(lock) = lock_at(&self.path)? {
                return Ok(Some(lock));
            }
            if self.path.exists() {
                return Ok(None);
            }
            if deadline < std::time::Instant::now() {
                return Err(MirrorError::Busy);
            }
            std::thread::sleep(MAKING_LOOK_EVERY);
        }
    }

    /// A reader of the file that stands there now.
    fn reader(&self) -> Result<(FileMark, Reader), MirrorError> {
        let locked = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let here = FileMark::of(&self.path);
        if let Some(mark) = here {
            {
                let mut readers = locked();
                readers.idle.retain(|(known, _)| *known == mark);
                if let Some(reader) = readers.idle.pop() {
                    return Ok(reader);
                }
                readers.failure.recent(here)?;
            }
            let opened = Reader::open(&self.path, self.settings.company.as_str());
            if let Some(reader) = locked().failure.keep(opened, here)? {
                return Ok((mark, reader));
            }
        }
        // There is no file, or an older one: it is made, or brought up to date.
        self.on_writer(|_| Ok(()))?;
        let mark = FileMark::of(&self.path).ok_or(MirrorError::Busy)?;
        let reader = Reader::open(&self.path, self.settings.company.as_str())?;
        Ok((mark, reader.ok_or(MirrorError::Busy)?))
    }

    fn on_writer<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T, MirrorError>) -> Result<T, MirrorError> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        work(slot.get(&self.path, || self.open_writer())?)
    }

    /// Whether its file is there; makes none. An error says why none can be made now.
    pub fn is_made(&self) -> Result<bool, MirrorError> {
        self.home.check()?;
        Ok(self.path.exists())
    }

    /// Whose mirror it is.
    pub fn company(&self) -> &CompanyName {
        &self.settings.company
    }

    /// The zone its days are in.
    pub fn timezone(&self) -> &TimeZone {
        &self.settings.timezone
    }

    /// What the typed columns are to be derived with.
    pub fn mapping(&self) -> &str {
        &self.settings.mapping
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file and its log.
    pub fn bytes_on_disk(&self) -> u64 {
        let bytes = |ending| std::fs::metadata(companion(&self.path, ending)).map_or(0, |metadata| metadata.len());
        bytes("") + bytes("-wal")
    }

    /// The right to sync; `None` when another process (or task) has it.
    pub fn try_lock(&self) -> Result<Option<SyncLock>, MirrorError> {
        let _open = self.gate.enter()?;
        self.home.check()?;
        let lock = lock_at(&self.path)?;
        if lock.is_some() && !self.path.exists() {
            private_file(&self.path)?;
        }
        Ok(lock)
    }

    /// Runs `ask` on a reader, outside the async threads, in one snapshot.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&mut Snapshot<'_>) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<T, MirrorError> {
        let mirror = Arc::clone(self);
        reading(move || mirror.read_now(ask)).await
    }

    /// As [`Self::read`], on this thread.
    pub fn read_now<T>(&self, ask: impl FnOnce(&mut Snapshot<'_>) -> Result<T, MirrorError>) -> Result<T, MirrorError> {
        let _open = self.gate.enter()?;
        let (mark, mut reader) = self.reader()?;
        let answer = {
            let transaction = reader
                .connection
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(|error| MirrorError::from(error).of(&self.path))?;
            ask(&mut Snapshot {
                connection: &transaction,
                expander: &mut reader.expander,
                path: &self.path,
                mapping: &self.settings.mapping,
                now: self.settings.clock.now(),
            })
        };
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room =
            readers.idle.len() < READERS_IDLE_MAX && READERS_OPEN.load(Ordering::Relaxed) <= READERS_OPEN_MAX;
        if has_room {
            readers.idle.push((mark, reader));
        }
        answer.map_err(|error| error.of(&self.path))
    }

    /// Runs `change` on the writer, outside the async threads, in one transaction: all of it is stored, or nothing.
    pub async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<T, MirrorError> {
        let mirror = Arc::clone(self);
        changing(move || mirror.write_now(change)).await
    }

    /// As [`Self::write`], on this thread.
    pub fn write_now<T>(
        &self,
        change: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        let _open = self.gate.enter()?;
        self.on_writer(|writer| writer.within(change)).map_err(|error| error.of(&self.path))
    }

    /// Works with the one connection that writes, outside a transaction.
    fn use_writer<T>(&self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, MirrorError> {
        let _open = self.gate.enter()?;
        let done = self.on_writer(|writer| work(&writer.connection).map_err(MirrorError::from));
        done.map_err(|error| error.of(&self.path))
    }

    /// How far the typed columns must be derived again (the zone, the known services or this program's reading of the
    /// records changed since they were written): the place a derivation that was stopped had come to, or an empty text
    /// for the beginning. `None` when they are as they should be.
    pub fn unsettled(&self) -> Result<Option<String>, MirrorError> {
        let wanted = self.settings.mapping.clone();
        self.write_now(|tx| {
            if tx.metadata(MAPPING, &wanted)? == wanted {
                return Ok(None);
            }
            // From here on no process takes the columns for its own, until they are all derived.
            tx.set_metadata(MAPPING, "")?;
            scrub::is_to_be_cleaned(tx)?;
            let known = tx.metadata(DERIVING, "")?;
            let place = known.strip_prefix(&wanted).and_then(|rest| rest.strip_prefix('\u{0}'));
            Ok(Some(place.unwrap_or_default().to_owned()))
        })
    }

    /// The typed columns are about to be derived anew from the first record on: what was learned of names from records as
    /// they were read before is forgotten.
    pub fn mapping_begins(&self) -> Result<(), MirrorError> {
        self.write_now(|tx| {
            tx.transaction.execute("DELETE FROM inspector_names", [])?;
            tx.interned.forget();
            Ok(())
        })
    }

    /// The typed columns are derived anew throughout. Names that no record has any more are dropped.
    pub fn settled(&self) -> Result<(), MirrorError> {
        let mapping = self.settings.mapping.clone();
        self.write_now(|tx| {
            tx.drop_unused_names()?;
            tx.set_metadata(DERIVING, "")?;
            tx.set_metadata(MAPPING, &mapping)
        })
    }
}

/// One connection that cannot write.
struct Reader {
    connection: Connection,
    expander: RecordExpander,
    _counted: CountedReader,
}

/// Counts among [`READERS_OPEN`] while it lives.
struct CountedReader;

impl CountedReader {
    fn new() -> Self {
        READERS_OPEN.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for CountedReader {
    fn drop(&mut self) {
        READERS_OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Reader {
    /// `None` for a file that has to be brought up to date first.
    fn open(path: &Path, company: &str) -> Result<Option<Self>, MirrorError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if !schema::is_ready(&connection, path, company)? {
            return Ok(None);
        }
        connection.pragma_update(None, "query_only", true)?;
        Ok(Some(Self { connection, expander: RecordExpander::default(), _counted: CountedReader::new() }))
    }
}

/// One snapshot to read from.
pub struct Snapshot<'a> {
    connection: &'a Connection,
    expander: &'a mut RecordExpander,
    path: &'a Path,
    mapping: &'a str,
    now: Timestamp,
}

/// The one connection that writes.
struct Writer {
    connection: Connection,
    compressor: RecordCompressor,
    interned: interned::Interned,
    zone: TimeZone,
    clock: Arc<dyn Clock>,
}

/// One transaction under way.
pub struct WriteTransaction<'a> {
    transaction: Transaction<'a>,
    compressor: &'a mut RecordCompressor,
    interned: &'a mut interned::Interned,
    zone: &'a TimeZone,
    now: Timestamp,
}

impl Writer {
    fn within<T>(
        &mut self,
        change: impl FnOnce(&mut WriteTransaction<'_>) -> Result<T, MirrorError>,
    ) -> Result<T, MirrorError> {
        let done = {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (compressor, interned, zone) = (&mut self.compressor, &mut self.interned, &self.zone);
            let mut tx = WriteTransaction { transaction, compressor, interned, zone, now: self.clock.now() };
            match change(&mut tx) {
                Ok(value) => tx.transaction.commit().map(|()| value).map_err(MirrorError::from),
                // Dropping the transaction takes all of it back.
                Err(error) => Err(error),
            }
        };
        if done.is_err() {
            self.compressor.forget();
            self.interned.forget();
        }
        done
    }
}

impl WriteTransaction<'_> {
    /// The value under this name; set to `initial` where there is none.
    fn metadata(&mut self, name: &str, initial: &str) -> Result<String, MirrorError> {
        self.transaction.execute("INSERT OR IGNORE INTO metadata (name, value) VALUES (?, ?)", [name, initial])?;
        Ok(self.transaction.query_row("SELECT value FROM metadata WHERE name = ?", [name], |row| row.get(0))?)
    }

    /// Notes how far the columns are derived for `mapping`, together with the rows derived last.
    pub fn derived_to(&mut self, mapping: &str, place: &str) -> Result<(), MirrorError> {
        self.set_metadata(DERIVING, &format!("{mapping}\u{0}{place}"))
    }

    /// Makes a new mirror this company's; gives whose it is. What counts the changes of a new mirror begins anywhere, so
    /// that nobody who remembers a count of the mirror before takes this one for it. `mapping` is what its columns will
    /// be derived with.
    fn claim(&mut self, company: &str, mapping: &str) -> Result<String, MirrorError> {
        for kind in Kind::ALL {
            self.transaction.execute(
                "INSERT OR IGNORE INTO states (kind, revision, turn) SELECT ?1, abs(random() % 0x100000000) * 0x10000, 0 \
                 WHERE NOT EXISTS (SELECT 1 FROM metadata WHERE name = 'company')",
                [kind.number()],
            )?;
        }
        self.metadata(MAPPING, mapping)?;
        self.metadata("company", company)
    }

    /// Keeps a text under this name.
    pub fn set_metadata(&mut self, name: &str, value: &str) -> Result<(), MirrorError> {
        self.transaction.execute("INSERT OR REPLACE INTO metadata (name, value) VALUES (?, ?)", [name, value])?;
        Ok(())
    }
}

/// A limit as SQL takes it.
fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1)
}

/// A connection that leaves no trace beside the file. Opening a file whose log nobody has open makes an empty log anew, unless
/// the file is called unchangeable; and where there is no log, nobody has it open.
fn connect_untouched(path: &Path) -> Result<Connection, MirrorError> {
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY;
    if companion(path, "-wal").exists() {
        return connect(path, access);
    }
    let mut uri = "file:".to_owned();
    let text = path.to_string_lossy();
    if cfg!(windows) {
        uri.push_str("///");
    }
    for c in text.chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            '\\' if cfg!(windows) => uri.push('/'),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    connect(Path::new(&uri), access | OpenFlags::SQLITE_OPEN_URI).map_err(|error| error.of(path))
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, MirrorError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| error::in_file(error, path))?;
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
    set().map_err(|error| error::in_file(error, path))?;
    Ok(connection)
}
