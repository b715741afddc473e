//! Where mirrors are kept, and whether that place is fit for them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::app::App;
use crate::config::is_open_to_others;

/// Written to see whether there is room; a page of the service needs about as much.
const PROBE_BYTES: usize = 256 * 1024;
/// Where Linux tells which file system is where.
const MOUNTS: &str = "/proc/self/mountinfo";
/// File systems that lie on another machine, or are shared with one.
const NETWORK_KINDS: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "virtiofs",
    "vboxsf",
    "davfs",
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.glusterfs",
    "fuse.vmhgfs-fuse",
    "fuse.davfs2",
];
/// Folders that a program copies to other machines while they are in use, by the beginning of their names.
const SYNCED: &[(&str, &str)] = &[
    ("onedrive", "OneDrive"),
    ("dropbox", "Dropbox"),
    ("mobile documents", "iCloud Drive"),
    ("com~apple~clouddocs", "iCloud Drive"),
    ("icloud", "iCloud Drive"),
    ("google drive", "Google Drive"),
    ("googledrive", "Google Drive"),
    ("my drive", "Google Drive"),
    ("cloudstorage", "a cloud service"),
    ("nextcloud", "Nextcloud"),
];
const MOVE_IT: &str =
    "name a folder on this machine's own disk with --data-dir, SPECTORA_DATA_DIR or `folder` under [mirror]";

/// What is to be said of the data folder, the count of calls and each mirror.
pub(super) fn examine(app: &App, folder: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let about = "data folder";
    match written(folder) {
        Ok(()) => findings.push(Finding::fine(about, place(folder))),
        Err(error) => {
            let next = "make room, or let this user write there; or name another folder with --data-dir";
            findings.push(Finding::wrong(about, format!("{} cannot be used: {error}", place(folder)), next));
            // What lies in it can be used no more than it.
            return findings;
        }
    }
    let real = real_path(folder);
    if let Some(program) = synced_by(&real) {
        let what = format!("it lies in a folder of {program}, which may copy a file while it is written and damage it");
        findings.push(Finding::wrong(about, what, MOVE_IT));
    }
    if let Some(kind) = network_kind(&std::fs::read_to_string(MOUNTS).unwrap_or_default(), &real) {
        let what = format!("it lies on a file system of another machine ({kind}), where locks may not hold");
        findings.push(Finding::wrong(about, what, MOVE_IT));
    }
    if folder.is_dir() && is_open_to_others(folder) {
        let next = format!("run: chmod 700 {}", folder.display());
        findings.push(Finding::wrong(about, "other users of this machine can look into it", next));
    }
    if let Some(ledger) = app.ledger() {
        let about = "count of API calls";
        findings.push(match ledger.check_open() {
            Ok(()) => Finding::fine(about, ledger.path().display().to_string()),
            Err(error) => Finding::wrong(about, error.to_string(), error.remedy()),
        });
    }
    for (company, syncer) in app.mirrors() {
        let about = format!("{company}, mirror");
        let checked = syncer.and_then(|syncer| match syncer {
            Some(syncer) => {
                syncer.mirror().check().and_then(|()| syncer.mirror().journal_mode()).map(|mode| (syncer, mode))
            }
            None => Err(mirror::MirrorError::Closed),
        });
        findings.push(match checked {
            Ok((syncer, mode)) if mode == "wal" => {
                Finding::fine(&about, format!("whole, {:.1} MB", syncer.mirror().bytes_on_disk() as f64 / 1e6))
            }
            Ok((_, mode)) => Finding::wrong(
                &about,
                format!("its disk cannot keep a write-ahead log (it uses `{mode}`), as network folders cannot"),
                MOVE_IT,
            ),
            Err(error) => Finding::wrong(&about, error.to_string(), error.remedy()),
        });
    }
    findings
}

/// The folder as it was given and, where that is another, as the system has it: some desktop programs are shown a folder
/// of their own.
fn place(folder: &Path) -> String {
    let real = real_path(folder);
    if real == folder { folder.display().to_string() } else { format!("{} ({})", folder.display(), real.display()) }
}

fn real_path(folder: &Path) -> PathBuf {
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Makes the folder and writes into it.
fn written(folder: &Path) -> Result<(), String> {
    use mirror::MirrorError;
    mirror::private_folder(folder).map_err(|error| match error {
        // The folder is named by whoever shows this.
        MirrorError::Unusable { reason, .. } => reason,
        other => other.to_string(),
    })?;
    let mut probe = tempfile::Builder::new().prefix("probe-").tempfile_in(folder).map_err(|error| error.to_string())?;
    let written = probe.write_all(&vec![0; PROBE_BYTES]).and_then(|()| probe.as_file().sync_all());
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    })
}

/// The program that copies this folder to other machines.
fn synced_by(folder: &Path) -> Option<&'static str> {
    folder.components().find_map(|part| {
        let name = part.as_os_str().to_string_lossy().to_lowercase();
        SYNCED.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, program)| *program)
    })
}

/// The kind of file system under this folder, where it is one of another machine. `mounts` is Linux's own list.
fn network_kind(mounts: &str, folder: &Path) -> Option<String> {
    if folder.to_string_lossy().starts_with(r"\\") && !folder.to_string_lossy().starts_with(r"\\?\") {
        return Some("a network share".to_owned());
    }
    let mounted = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        folder.starts_with(&point).then(|| (point.len(), after.split(' ').next().unwrap_or_default()))
    });
    // Of several at one place the last one lies on top.
    let (_, kind) = mounted.max_by_key(|(length, _)| *length)?;
    NETWORK_KINDS.contains(&kind).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_copied_or_far_away_are_known() {
        for (folder, program) in [
            ("/Users/pat/Library/Mobile Documents/com~apple~CloudDocs/spectora", "iCloud Drive"),
            ("/Users/pat/Library/CloudStorage/Dropbox/spectora", "a cloud service"),
            ("/home/pat/OneDrive - Example Inspections/spectora", "OneDrive"),
            ("/home/pat/Dropbox (Example)/x", "Dropbox"),
            ("/mnt/Google Drive/x", "Google Drive"),
        ] {
            assert_eq!(synced_by(Path::new(folder)), Some(program), "{folder}");
        }
        assert_eq!(synced_by(Path::new("/home/pat/.local/share/spectora-mcp")), None);
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      30 22 0:40 / /mnt/office\\040files rw,relatime shared:5 - nfs4 server:/x rw\n\
                      31 22 0:41 / /mnt/c rw - 9p drvfs rw\n";
        assert_eq!(network_kind(mounts, Path::new("/mnt/office files/spectora")), Some("nfs4".to_owned()));
        assert_eq!(network_kind(mounts, Path::new("/mnt/c/Users/pat")), Some("9p".to_owned()));
        assert_eq!(network_kind(mounts, Path::new("/mnt/other")), None);
        assert_eq!(network_kind("", Path::new("/home/pat")), None);
        assert!(network_kind("", Path::new(r"\\server\share")).is_some());
    }
}
