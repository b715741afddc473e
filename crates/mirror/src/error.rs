//! What can be wrong with a mirror, and the way out.

use std::path::{Path, PathBuf};

use super::files::has_no_room;

/// The reason given when nothing more can be written.
const DISK_FULL: &str = "the disk is full";

/// A mirror that cannot be used, or a question it could not answer. Never holds what a person typed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The folder or file cannot be made or opened.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file was written by a newer version of this program.
    #[error("{path} was written by a newer version of this program (format {found}; this one knows {known})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The file is no mirror, another company's, or damaged.
    #[error("{path} cannot be read as a mirror ({reason})")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The count of calls is no such count, or damaged. The mirrors have nothing to do with it.
    #[error("{path}, the count of API calls, cannot be read ({reason})")]
    LedgerDamaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The mirror cannot be deleted, because it is being synced.
    #[error("a sync is running")]
    BeingSynced,
    /// Another process held the file for too long.
    #[error("the mirror is busy: another process is writing to it")]
    Busy,
    /// SQLite refused something that should work.
    #[error("the mirror failed: {0}")]
    Sql(rusqlite::Error),
    /// The work was called off, because the program ends.
    #[error("the mirror is being closed")]
    Closed,
}

impl MirrorError {
    /// The same, with the file named where SQLite only says what is wrong with it.
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Sql(error) => in_file(error, path),
            other => other,
        }
    }

    /// What to do about it, on the machine that has the file.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unusable { .. } if self.is_disk_full() => {
                "free some space on the disk that holds the data folder, then try again"
            }
            Self::Unusable { .. } => {
                "let this user write to the data folder, or name another one with --data-dir, SPECTORA_DATA_DIR or `folder` \
                 under [mirror]"
            }
            Self::Newer { .. } => {
                "use the newer spectora-mcp (`spectora-mcp doctor` finds two copies), or start over with `spectora-mcp mirror \
                 rebuild`, which reads everything from Spectora again"
            }
            Self::Damaged { .. } => {
                "run `spectora-mcp mirror rebuild` on the machine that serves this (with --company NAME for one company); the \
                 mirror is then filled again from Spectora, and nothing in Spectora changes"
            }
            Self::LedgerDamaged { .. } => {
                "delete this one file to start a new count (the calls made this month are then not in it); the mirrors beside \
                 it stay as they are"
            }
            Self::BeingSynced => "try again when it has ended (`spectora-mcp mirror status` shows how far it is)",
            Self::Busy => "try again in a minute",
            Self::Sql(_) => {
                "try again; if it happens again, run `spectora-mcp doctor` on the machine that serves this, which looks whether \
                 the mirror is whole"
            }
            Self::Closed => "start the program again",
        }
    }

    /// The message with what to do, for a note, which has no other place to say it.
    pub fn for_note(&self) -> String {
        format!("{self}: {}", self.remedy())
    }

    /// Whether nothing can be written because the disk is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Unusable { reason, .. } if reason == DISK_FULL)
    }

    /// The same once more.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Unusable { path, reason } => Self::Unusable { path: path.clone(), reason: reason.clone() },
            Self::Newer { path, found, known } => Self::Newer { path: path.clone(), found: *found, known: *known },
            Self::Damaged { path, reason } => Self::Damaged { path: path.clone(), reason: reason.clone() },
            Self::LedgerDamaged { path, reason } => Self::LedgerDamaged { path: path.clone(), reason: reason.clone() },
            Self::BeingSynced => Self::BeingSynced,
            Self::Busy => Self::Busy,
            Self::Sql(error) => Self::Unusable { path: PathBuf::new(), reason: error.to_string() },
            Self::Closed => Self::Closed,
        }
    }
}

/// What SQLite's refusal says of the file.
pub(super) fn in_file(error: rusqlite::Error, path: &Path) -> MirrorError {
    use rusqlite::{Error, ErrorCode};
    let damaged = |reason: &str| MirrorError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
    let unusable = |reason: String| MirrorError::Unusable { path: path.to_owned(), reason };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged("it is damaged or no database"),
        Some(ErrorCode::DiskFull) => unusable(DISK_FULL.to_owned()),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if has_no_room(path) => unusable(DISK_FULL.to_owned()),
        Some(
            ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure,
        ) => unusable(error.to_string()),
        _ => match &error {
            Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) => {
                damaged("a part of it is damaged")
            }
            Error::SqliteFailure(_, Some(message)) if message.starts_with("no such ") => damaged("a part is missing"),
            _ => error.into(),
        },
    }
}

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sql(error),
        }
    }
}
