//! The file of people, tokens, clients and grants: SQLite, its user's alone, shared by all processes on one folder.
//!
//! Everything secret in it is a hash. Calls block; they belong on a thread that may wait.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::attempts;
use super::error::StoreError;
use domain::Clock;

/// How long one process waits for another that writes.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The version of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE people (name TEXT PRIMARY KEY COLLATE NOCASE, passphrase TEXT NOT NULL, given TEXT NOT NULL,
        created_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE tokens (name TEXT PRIMARY KEY COLLATE NOCASE, hash BLOB NOT NULL UNIQUE, given TEXT NOT NULL,
        created_at INTEGER NOT NULL, ends_at INTEGER, used_at INTEGER) WITHOUT ROWID;
    CREATE TABLE clients (id TEXT PRIMARY KEY, name TEXT NOT NULL, redirects TEXT NOT NULL, secret BLOB,
        by_owner INTEGER NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER) WITHOUT ROWID;
    CREATE TABLE requests (hash BLOB PRIMARY KEY, browser BLOB NOT NULL, csrf BLOB NOT NULL, asked TEXT NOT NULL,
        person TEXT, ends_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE grants (id TEXT PRIMARY KEY, person TEXT NOT NULL COLLATE NOCASE, client TEXT NOT NULL,
        client_name TEXT NOT NULL, resource TEXT NOT NULL, created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX grants_by_person ON grants (person);
    CREATE TABLE codes (hash BLOB PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants ON DELETE CASCADE,
        redirect TEXT NOT NULL, challenge TEXT NOT NULL, ends_at INTEGER NOT NULL, used INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE access_tokens (hash BLOB PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants ON DELETE CASCADE,
        ends_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE refresh_tokens (hash BLOB PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants ON DELETE CASCADE,
        parent BLOB, ends_at INTEGER NOT NULL, replaced_at INTEGER, successor_used INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX codes_by_grant ON codes (grant_id);
    CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id);
    CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
    CREATE TABLE failures (who TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at INTEGER NOT NULL) WITHOUT ROWID;
";

/// The file, opened when it is first used.
pub struct AccessStore {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for AccessStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AccessStore").field(&self.path).finish()
    }
}

impl AccessStore {
    /// The file at `path`, made when it is first used. The folder must be there.
    pub fn at(path: &Path, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { path: path.to_owned(), connection: Mutex::new(None), clock })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file; an error says why it cannot be used.
    pub fn check(&self) -> Result<(), StoreError> {
        self.with(|_| Ok::<_, StoreError>(()))
    }

    /// Now, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Work on the file in one transaction, which another process sees whole or not at all. It is undone on an error.
    pub(super) fn with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact(TransactionBehavior::Immediate, work)
    }

    /// As [`Self::with`], for work that writes nothing.
    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact(TransactionBehavior::Deferred, work)
    }

    fn transact<T, E: From<StoreError>>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *slot {
            Some(connection) => connection,
            none => none.insert(self.open()?),
        };
        let transaction = connection.transaction_with_behavior(behavior).map_err(StoreError::from)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let unusable = |reason: String| StoreError::Unusable { path: self.path.clone(), reason };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path).map_err(|error| unusable(error.to_string()))?;
        let mut connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| unusable(error.to_string()))?;
        connection.busy_timeout(WAIT_MAX)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match version {
            0 => {
                transaction.execute_batch(TABLES)?;
                transaction.execute_batch(&format!("PRAGMA user_version = {VERSION}"))?;
            }
            VERSION => {}
            _ => return Err(StoreError::Newer { path: self.path.clone() }),
        }
        transaction.commit()?;
        Ok(connection)
    }

    /// Removes what has ended. Called now and then by whoever serves.
    pub fn tidy(&self) -> Result<(), StoreError> {
        /// A client that registered itself and was never used is gone after so many milliseconds.
        const UNUSED_CLIENT_MS: i64 = 24 * 3_600_000;
        /// A client that registered itself and was not used for so long is gone too.
        const IDLE_CLIENT_MS: i64 = 180 * 24 * 3_600_000;
        let now = self.now();
        self.with(|file| {
            file.execute("DELETE FROM requests WHERE ends_at < ?1", [now])?;
            // A used code is known until nobody would accept it, so that a replay is seen.
            file.execute("DELETE FROM codes WHERE ends_at < ?1 - 3600000", [now])?;
            file.execute("DELETE FROM access_tokens WHERE ends_at < ?1", [now])?;
            file.execute("DELETE FROM refresh_tokens WHERE ends_at < ?1", [now])?;
            file.execute(
                "DELETE FROM grants WHERE id NOT IN (SELECT grant_id FROM refresh_tokens)
                 AND id NOT IN (SELECT grant_id FROM access_tokens) AND id NOT IN (SELECT grant_id FROM codes)",
                [],
            )?;
            file.execute(
                "DELETE FROM clients WHERE NOT by_owner AND (used_at IS NULL AND created_at < ?1 OR used_at < ?2)",
                [now - UNUSED_CLIENT_MS, now - IDLE_CLIENT_MS],
            )?;
            attempts::tidy(file, now)?;
            Ok::<_, StoreError>(())
        })
    }
}
