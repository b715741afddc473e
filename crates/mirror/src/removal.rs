//! Taking a company's mirror away for good.

use std::path::{Path, PathBuf};

use super::MirrorError;
use super::files::{SyncLock, companion, lock_at, lock_path, mirror_path, remove_companions};
use domain::CompanyName;

/// A company's mirror on its way out: while this lives, nobody syncs it, and nobody makes it anew where it is deleted.
#[derive(Debug)]
pub struct MirrorRemoval {
    path: PathBuf,
    _lock: SyncLock,
}

impl MirrorRemoval {
    /// Begins it; nothing is deleted yet. `Err(BeingSynced)` while a sync is running.
    pub fn begin(folder: &Path, company: &CompanyName) -> Result<Self, MirrorError> {
        let path = mirror_path(folder, company);
        match lock_at(&path)? {
            Some(lock) => Ok(Self { path, _lock: lock }),
            None => Err(MirrorError::BeingSynced),
        }
    }

    /// Whether a program may have the file open: it has a log then. One that was killed leaves its log behind too.
    pub fn may_be_open(&self) -> bool {
        companion(&self.path, "-wal").exists()
    }

    /// Deletes the mirror's files. Programs that have it open notice.
    pub fn delete(&self) -> Result<(), MirrorError> {
        remove_companions(&self.path, &["", "-wal", "-shm"])
    }

    /// The same, and the lock's file: for a company that is set up no more.
    pub fn delete_all(self) -> Result<(), MirrorError> {
        self.delete()?;
        remove_companions(&lock_path(&self.path), &[""])
    }
}
