//! Files and folders of this user alone, and noticing that another file stands where one was opened.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use super::MirrorError;
use domain::CompanyName;

/// After a file could not be opened it is tried again when it is asked for, but not sooner than this: a locked file
/// costs seconds each time.
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// The count of calls stands beside the mirrors under this name.
pub(super) const LEDGER_NAME: &str = "ledger";

/// Makes the folder where there is none; only its user may look into a new one.
pub fn private_folder(folder: &Path) -> Result<(), MirrorError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| MirrorError::Unusable { path: folder.to_owned(), reason: error.to_string() })
}

/// Whether nothing can be written beside this file. SQLite says so only in part of the cases: where it cannot make the
/// room its log needs, it speaks of a disk error.
pub(super) fn has_no_room(path: &Path) -> bool {
    const PROBE_BYTES: usize = 64 * 1024;
    let Some(folder) = path.parent() else { return false };
    let written = tempfile::tempfile_in(folder)
        .and_then(|mut probe| std::io::Write::write_all(&mut probe, &vec![0; PROBE_BYTES]));
    written.is_err_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
}

/// Makes the file where there is none, readable by its user only; SQLite gives its companions the same rights.
pub(super) fn private_file(path: &Path) -> Result<(), MirrorError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    opened_private(options, path).map(drop)
}

/// A new file, readable by its user only. One that is there is not touched.
pub(super) fn new_private_file(path: &Path) -> Result<File, MirrorError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    opened_private(options, path)
}

/// The same, so that a file made by it is its user's alone.
pub fn user_only(mut options: OpenOptions) -> OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn opened_private(options: OpenOptions, path: &Path) -> Result<File, MirrorError> {
    user_only(options).open(path).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
            _ => error.to_string(),
        };
        MirrorError::Unusable { path: path.to_owned(), reason }
    })
}

/// The folder of a mirror or of the count. It is made the first time; one that is gone later is not made again, for then
/// it was deleted on purpose, or its disk is not there.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    was_there: AtomicBool,
}

impl Home {
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), was_there: AtomicBool::new(false) }
    }

    /// The folder is there, or an error says why not.
    pub(super) fn check(&self) -> Result<(), MirrorError> {
        if self.was_there.load(Ordering::Relaxed) && !self.folder.is_dir() {
            return Err(MirrorError::Unusable { path: self.folder.clone(), reason: "it is gone".to_owned() });
        }
        private_folder(&self.folder)?;
        self.was_there.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Where a company's mirror is. No company's name holds a dot, so no other file of the folder is called so.
pub fn mirror_path(folder: &Path, company: &CompanyName) -> PathBuf {
    let name = company.as_str();
    folder.join(if name == LEDGER_NAME { format!("{name}.mirror.sqlite") } else { format!("{name}.sqlite") })
}

/// The file beside the one at `path` whose name has this ending more.
pub(super) fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    name.into()
}

/// Deletes the files called so beside the one at `path`.
pub(super) fn remove_companions(path: &Path, endings: &[&str]) -> Result<(), MirrorError> {
    for ending in endings {
        let path = companion(path, ending);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let reason = format!("{error}; close the programs that use it");
                return Err(MirrorError::Unusable { path, reason });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Held by the one process that syncs; given back when dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub struct SyncLock(File);

impl Drop for SyncLock {
    fn drop(&mut self) {
        // Closing alone is too late where a program that is being started still shares the open file.
        drop(self.0.unlock());
    }
}

/// The file that is locked for the mirror at this path.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("sync.lock")
}

/// The lock of the process that syncs the mirror at this path; `None` when it is taken.
pub(super) fn lock_at(path: &Path) -> Result<Option<SyncLock>, MirrorError> {
    let path = lock_path(path);
    let unusable = |error: std::io::Error| MirrorError::Unusable { path: path.clone(), reason: error.to_string() };
    private_file(&path)?;
    let file = OpenOptions::new().read(true).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(SyncLock(file))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Which file stands at a path. A file made in its place has another mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileMark(u64, u64);

impl FileMark {
    /// `None` where there is no file. On Windows a file that is open cannot be replaced, so all marks are the same.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Some(Self(metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        {
            drop(metadata);
            Some(Self(0, 0))
        }
    }
}

/// Whether files may be used. What uses them holds it open meanwhile, so that nothing of it is left once it is shut.
#[derive(Debug, Default)]
pub(super) struct Gate(RwLock<bool>);

impl Gate {
    /// Held while files are used; not to be asked for twice at a time.
    pub(super) fn enter(&self) -> Result<RwLockReadGuard<'_, bool>, MirrorError> {
        let is_shut = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if *is_shut { Err(MirrorError::Closed) } else { Ok(is_shut) }
    }

    /// Waits for whatever uses the files, and lets nothing in after that.
    pub(super) fn shut(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

/// Why a file could not be opened, and which one that was.
#[derive(Debug, Default)]
pub(super) struct LastFailure(Option<(MirrorError, Option<FileMark>, Instant)>);

impl LastFailure {
    /// The failure, where it is recent and the file is still the same one.
    pub(super) fn recent(&self, here: Option<FileMark>) -> Result<(), MirrorError> {
        match &self.0 {
            Some((error, mark, at)) if *mark == here && at.elapsed() < OPEN_AGAIN_AFTER => Err(error.again()),
            _ => Ok(()),
        }
    }

    /// Keeps a failure and gives it on; a success ends the trouble.
    pub(super) fn keep<T>(&mut self, done: Result<T, MirrorError>, here: Option<FileMark>) -> Result<T, MirrorError> {
        self.0 = done.as_ref().err().map(|error| (error.again(), here, Instant::now()));
        done
    }
}

/// Something open on a file, opened anew when another file stands there.
pub(super) struct Slot<T> {
    open: Option<(FileMark, T)>,
    failure: LastFailure,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { open: None, failure: LastFailure::default() }
    }
}

impl<T> Slot<T> {
    /// What is open on the file at `path`; `open` opens it, and makes the file where there is none.
    pub(super) fn get(
        &mut self,
        path: &Path,
        open: impl FnOnce() -> Result<T, MirrorError>,
    ) -> Result<&mut T, MirrorError> {
        let here = FileMark::of(path);
        let is_current = here.is_some() && self.open.as_ref().map(|(mark, _)| *mark) == here;
        if !is_current {
            self.open = None;
            self.failure.recent(here)?;
            let opened = self.failure.keep(open().map_err(|error| error.of(path)), here)?;
            let gone = || MirrorError::Unusable { path: path.to_owned(), reason: "it was deleted just now".to_owned() };
            self.open = Some((FileMark::of(path).ok_or_else(gone)?, opened));
        }
        match &mut self.open {
            Some((_, open)) => Ok(open),
            None => Err(MirrorError::Closed),
        }
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }
}
