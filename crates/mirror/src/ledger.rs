//! Every call that leaves this machine, counted by company and calendar month for all processes together, and the
//! per-minute cap they share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use super::files::{Gate, Home, LEDGER_NAME, Slot, private_file};
use super::{MirrorError, connect};
use domain::CompanyName;

/// The span the cap counts over, in milliseconds. Longer than a minute: a request that is slow to arrive must not find
/// itself beside too many that left after it.
const WINDOW_MS: i64 = 62_000;
/// From this share of the budget on (percent) the month is called nearly used up.
const WARNING_PERCENT: u64 = 80;
/// From this share of the budget on (percent) background work stops.
const BACKGROUND_STOP_PERCENT: u64 = 95;
/// The longest pause another process may set, in milliseconds.
const PAUSE_MS_MAX: i64 = 24 * 60 * 60 * 1000;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS calls (company TEXT NOT NULL, month INTEGER NOT NULL, endpoint TEXT NOT NULL,
        outcome TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (company, month, endpoint, outcome)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS departures (pk INTEGER PRIMARY KEY, company TEXT NOT NULL, at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS departures_by_time ON departures (company, at);
    CREATE TABLE IF NOT EXISTS pauses (company TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
";

/// What a request that wants to leave is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerAnswer {
    /// It may, and it is counted.
    Go,
    /// Not before so many milliseconds from now.
    Wait(i64),
    /// The month's calls are used up, or kept for direct questions.
    Over {
        /// Calls made this month.
        used: u64,
        /// Calls allowed.
        budget: u64,
    },
}

/// The limits of one company.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// Whose calls.
    pub company: CompanyName,
    /// The most calls in any minute.
    pub per_minute: u32,
    /// How many of them background work may make.
    pub per_minute_background: u32,
    /// The most calls in a calendar month; `None` counts without a limit.
    pub monthly_budget: Option<u64>,
}

/// The calls of one company in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthCount {
    /// All of them.
    pub total: u64,
    /// Endpoint, outcome and how many; `sent` is an outcome nobody told yet.
    pub parts: Vec<(String, String, u64)>,
    /// The most there may be.
    pub budget: Option<u64>,
}

impl MonthCount {
    /// Whether the month is nearly used up.
    pub fn is_low(&self) -> bool {
        self.budget.is_some_and(|budget| budget * WARNING_PERCENT <= self.total * 100)
    }

    /// How many calls background work may still make; `None` without a budget.
    pub fn left_for_background(&self) -> Option<u64> {
        self.budget.map(|budget| background_budget(budget).saturating_sub(self.total))
    }
}

fn background_budget(budget: u64) -> u64 {
    budget * BACKGROUND_STOP_PERCENT / 100
}

/// The count of calls in the user's data folder. Like a mirror it is opened when it is used, and anew where another file
/// stands in its place.
pub struct Ledger {
    home: Home,
    path: PathBuf,
    connection: Mutex<Slot<Connection>>,
    gate: Gate,
}

impl Ledger {
    /// The count in this folder, whatever state its file is in.
    pub fn at(folder: &Path) -> Arc<Self> {
        let path = folder.join(LEDGER_NAME).with_extension("sqlite");
        Arc::new(Self { home: Home::at(folder), path, connection: Mutex::default(), gate: Gate::default() })
    }

    /// Opens the count in this folder, making it where there is none.
    pub fn open(folder: &Path) -> Result<Arc<Self>, MirrorError> {
        let ledger = Self::at(folder);
        ledger.check_open()?;
        Ok(ledger)
    }

    /// Opens the file if it is not open, making it where there is none. An error says why it cannot be used now.
    pub fn check_open(&self) -> Result<(), MirrorError> {
        self.with(|_| Ok(()))
    }

    /// Closes the file for good. Nothing is made or opened after that.
    pub fn close(&self) {
        self.gate.shut();
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).close();
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>) -> Result<T, MirrorError> {
        let _open = self.gate.enter()?;
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || {
            self.home.check()?;
            private_file(&self.path)?;
            let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.execute_batch(TABLES)?;
            Ok(connection)
        };
        let done = slot.get(&self.path, open).and_then(|connection| work(connection).map_err(MirrorError::from));
        done.map_err(|error| match error.of(&self.path) {
            MirrorError::Damaged { path, reason } => MirrorError::LedgerDamaged { path, reason },
            other => other,
        })
    }

    fn change<T>(&self, change: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, MirrorError> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }

    /// Asks to send one request at `now` (milliseconds since 1970, by the machine's clock), counted in `month`
    /// (`year * 100 + month`). Background work may take `per_minute_background` of the cap.
    pub fn depart(
        &self,
        settings: &LedgerSettings,
        endpoint: &str,
        month: u32,
        now: i64,
        is_background: bool,
    ) -> Result<LedgerAnswer, MirrorError> {
        let company = settings.company.as_str();
        self.change(|connection| {
            if let Some(budget) = settings.monthly_budget {
                let used = used(connection, company, month)?;
                let limit = if is_background { background_budget(budget) } else { budget };
                if limit <= used {
                    return Ok(LedgerAnswer::Over { used, budget });
                }
            }
            let until: Option<i64> = connection
                .prepare_cached("SELECT until FROM pauses WHERE company = ?")?
                .query_row([company], |row| row.get(0))
                .optional()?;
            if let Some(wait) = until.map(|until| until - now).filter(|wait| (1..=PAUSE_MS_MAX).contains(wait)) {
                return Ok(LedgerAnswer::Wait(wait));
            }
            // What lies in the future was written before the clock was set back; it is as good as now.
            connection
                .prepare_cached("DELETE FROM departures WHERE company = ? AND (at <= ? OR at > ?)")?
                .execute(params![company, now - WINDOW_MS, now + WINDOW_MS])?;
            let most = if is_background { settings.per_minute_background } else { settings.per_minute };
            // The request that has to be forgotten before there is room for one more.
            let blocking: Option<i64> = connection
                .prepare_cached("SELECT at FROM departures WHERE company = ? ORDER BY at DESC LIMIT 1 OFFSET ?")?
                .query_row(params![company, i64::from(most.max(1)) - 1], |row| row.get(0))
                .optional()?;
            if let Some(at) = blocking {
                return Ok(LedgerAnswer::Wait((at + WINDOW_MS - now).max(1)));
            }
            connection
                .prepare_cached("INSERT INTO departures (company, at) VALUES (?, ?)")?
                .execute(params![company, now])?;
            add(connection, company, month, endpoint, "sent", 1)?;
            Ok(LedgerAnswer::Go)
        })
    }

    /// Says how a counted request ended.
    pub fn arrive(&self, company: &CompanyName, endpoint: &str, month: u32, outcome: &str) -> Result<(), MirrorError> {
        self.change(|connection| {
            add(connection, company.as_str(), month, endpoint, "sent", -1)?;
            add(connection, company.as_str(), month, endpoint, outcome, 1)
        })
    }

    /// Nobody sends for this company before `until` (milliseconds since 1970). A later pause stands.
    pub fn pause(&self, company: &CompanyName, until: i64) -> Result<(), MirrorError> {
        self.change(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO pauses (company, until) VALUES (?1, ?2) \
                     ON CONFLICT (company) DO UPDATE SET until = max(until, ?2)",
                )?
                .execute(params![company.as_str(), until])
                .map(drop)
        })
    }

    /// The calls of a company in a month.
    pub fn month(&self, settings: &LedgerSettings, month: u32) -> Result<MonthCount, MirrorError> {
        let parts: Vec<(String, String, u64)> = self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT endpoint, outcome, n FROM calls WHERE company = ? AND month = ? AND n <> 0 ORDER BY 1, 2",
            )?;
            let rows = statement.query_map(params![settings.company.as_str(), month], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()))
            })?;
            rows.collect()
        })?;
        let total = parts.iter().map(|(_, _, n)| n).sum();
        Ok(MonthCount { total, parts, budget: settings.monthly_budget })
    }
}

fn used(connection: &Connection, company: &str, month: u32) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached("SELECT coalesce(sum(n), 0) FROM calls WHERE company = ? AND month = ?")?
        .query_row(params![company, month], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

fn add(
    connection: &Connection,
    company: &str,
    month: u32,
    endpoint: &str,
    outcome: &str,
    n: i64,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO calls (company, month, endpoint, outcome, n) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET n = n + ?5",
        )?
        .execute(params![company, month, endpoint, outcome, n])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(per_minute: u32, monthly_budget: Option<u64>) -> LedgerSettings {
        LedgerSettings {
            company: "spectora_company1".parse().unwrap(),
            per_minute,
            per_minute_background: per_minute,
            monthly_budget,
        }
    }

    #[test]
    fn two_processes_share_one_cap() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Ledger::open(folder.path()).unwrap(), Ledger::open(folder.path()).unwrap());
        let settings = settings(3, None);
        let depart = |ledger: &Ledger, now| ledger.depart(&settings, "inspections", 202_611, now, false).unwrap();
        assert_eq!(depart(&one, 1_000), LedgerAnswer::Go);
        assert_eq!(depart(&two, 2_000), LedgerAnswer::Go);
        assert_eq!(depart(&one, 3_000), LedgerAnswer::Go);
        assert_eq!(depart(&two, 4_000), LedgerAnswer::Wait(1_000 + WINDOW_MS - 4_000));
        assert_eq!(depart(&two, 1_000 + WINDOW_MS), LedgerAnswer::Go);
        one.pause(&settings.company, 200_000).unwrap();
        assert_eq!(depart(&two, 150_000), LedgerAnswer::Wait(50_000));
        two.arrive(&settings.company, "inspections", 202_611, "answered").unwrap();
        let count = one.month(&settings, 202_611).unwrap();
        assert_eq!(count.total, 4);
        assert!(count.parts.contains(&("inspections".to_owned(), "answered".to_owned(), 1)), "{count:?}");
        assert_eq!(one.month(&settings, 202_612).unwrap().total, 0);
    }

    #[test]
    fn a_full_disk_is_called_that() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let settings = settings(10_000, None);
        // No page more than there are: what a full disk does to SQLite.
        ledger.with(|connection| connection.pragma_update(None, "max_page_count", 1)).unwrap();
        let mut refused = None;
        for now in 0..100_000 {
            if let Err(error) = ledger.depart(&settings, "inspections", 202_611, now, false) {
                refused = Some(error);
                break;
            }
        }
        assert!(refused.as_ref().unwrap().is_disk_full(), "{refused:?}");
        assert!(refused.unwrap().to_string().contains("the disk is full"));
    }

    #[test]
    fn a_new_count_is_begun_where_the_file_is_deleted_or_mended() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(folder.path());
        std::fs::write(ledger.path(), b"this is no database, and long enough to be looked at as one").unwrap();
        let settings = settings(10, None);
        let refused = ledger.depart(&settings, "inspections", 202_611, 1_000, false).unwrap_err().to_string();
        assert!(refused.contains("ledger.sqlite") && !refused.contains("rebuild"), "{refused}");
        std::fs::remove_file(ledger.path()).unwrap();
        assert_eq!(ledger.depart(&settings, "inspections", 202_611, 1_000, false).unwrap(), LedgerAnswer::Go);
        // Under a running program too.
        for ending in ["", "-wal", "-shm"] {
            std::fs::remove_file(format!("{}{ending}", ledger.path().display())).unwrap();
        }
        assert_eq!(ledger.depart(&settings, "inspections", 202_611, 1_001, false).unwrap(), LedgerAnswer::Go);
        assert_eq!(Ledger::open(folder.path()).unwrap().month(&settings, 202_611).unwrap().total, 1);
    }

    #[test]
    fn background_work_leaves_the_rest_to_questions() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let settings = settings(10_000, Some(20));
        let depart = |is_background| ledger.depart(&settings, "inspections", 202_611, 1_000, is_background).unwrap();
        for call in 0..19 {
            assert_eq!(ledger.month(&settings, 202_611).unwrap().is_low(), 16 <= call);
            assert_eq!(depart(true), LedgerAnswer::Go);
        }
        assert_eq!(depart(true), LedgerAnswer::Over { used: 19, budget: 20 });
        assert_eq!(depart(false), LedgerAnswer::Go);
        assert_eq!(depart(false), LedgerAnswer::Over { used: 20, budget: 20 });
    }
}
