//! What can be wrong with a mirror, and the way out.

use std::path::PathBuf;

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
    #[error(
        "{path} is of a newer version ({found}; this program knows {known}): install the newer spectora-mcp, or begin \
         anew with `spectora-mcp mirror rebuild`"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The file is no mirror, another company's, or damaged.
    #[error("{path} cannot be read as a mirror ({reason}): begin anew with `spectora-mcp mirror rebuild`")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
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

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sql(error),
        }
    }
}
