//! The folder of the demo's mirrors: gone with the program, and swept at the next start where a program was killed.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How the folders are called, so that they are known again.
const PREFIX: &str = "spectora-mcp-demo-";
/// Locked for as long as a program uses the folder; the system lets go of it when the program ends, however it ends.
const LOCK: &str = "in-use.lock";
/// A folder without that file is being made, unless it is older than this.
const MAKING_TIME_MAX: Duration = Duration::from_secs(60);

/// A folder that cannot be deleted at once (something in it is just being closed) is tried again for this long …
const DELETING_TIME_MAX: Duration = Duration::from_secs(2);
/// … with this pause.
const DELETE_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Deleted when dropped.
pub(super) struct DemoFolder {
    folder: tempfile::TempDir,
    lock: Option<File>,
}

impl DemoFolder {
    /// A new one; those that killed programs left behind are deleted.
    pub(super) fn new() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(place: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        #[cfg(unix)]
        builder.permissions(private);
        let folder = builder.tempdir_in(place)?;
        let lock = OpenOptions::new().create_new(true).write(true).open(folder.path().join(LOCK))?;
        lock.try_lock()?;
        sweep(place, folder.path());
        Ok(Self { folder, lock: Some(lock) })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        // An open file would keep the folder on some systems.
        self.lock = None;
        let deadline = Instant::now() + DELETING_TIME_MAX;
        while let Err(error) = std::fs::remove_dir_all(self.folder.path()) {
            if error.kind() == io::ErrorKind::NotFound {
                return;
            }
            if deadline < Instant::now() {
                tracing::warn!(%error, "the folder of the demo is left for the next start to delete");
                return;
            }
            std::thread::sleep(DELETE_AGAIN_AFTER);
        }
    }
}

/// Deletes the folders of programs that are gone: those of this user, which nobody has locked. What cannot be deleted is
/// left to the next time.
fn sweep(place: &Path, own: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let is_named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if is_named && path != own && is_of_this_user(&path, own) && is_abandoned(&path) {
            drop(std::fs::remove_dir_all(&path));
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    match OpenOptions::new().write(true).open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = std::fs::metadata(folder).and_then(|metadata| metadata.modified());
            made.is_ok_and(|made| made.elapsed().is_ok_and(|age| MAKING_TIME_MAX < age))
        }
        Err(_) => false,
    }
}

/// Whether `folder` is a folder (no link to one) of the user whose folder `own` is.
fn is_of_this_user(folder: &Path, own: &Path) -> bool {
    let metadata = |path: &Path| std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_dir);
    let Some((folder, own)) = metadata(folder).zip(metadata(own)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        folder.uid() == own.uid()
    }
    #[cfg(not(unix))]
    {
        drop((folder, own));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_program_left_is_swept_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let used = DemoFolder::new_in(place.path()).unwrap();
        // As a killed program leaves it: files, and a lock that nobody holds.
        let left = place.path().join(format!("{PREFIX}left"));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join(LOCK), "").unwrap();
        std::fs::write(left.join("x.sqlite"), "").unwrap();
        let other = place.path().join("spectora-mcp-other");
        let young = place.path().join(format!("{PREFIX}young"));
        std::fs::create_dir(&other).unwrap();
        std::fs::create_dir(&young).unwrap();
        let next = DemoFolder::new_in(place.path()).unwrap();
        assert!(used.path().exists() && next.path().exists() && other.exists() && young.exists());
        assert!(!left.exists());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }
}
