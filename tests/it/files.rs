//! Files on disk: started over under a running server, damaged, exported, and who may read them.

use std::path::Path;

use sandbox::Edit;
use serde_json::json;

use crate::processes::{Server, command, sandbox};

/// The bytes of a page of a mirror.
const PAGE: u64 = 4096;

/// Overwrites the pages in the middle of a file, as a failing disk does; its first pages stay.
fn harm(path: &Path) {
    let length = std::fs::metadata(path).unwrap().len();
    harm_from(path, length / 4 / PAGE * PAGE, length / 2);
}

/// Overwrites so many bytes.
fn harm_from(path: &Path, from: u64, bytes: u64) {
    use std::io::{Seek as _, SeekFrom, Write as _};
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(bytes).unwrap()]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_started_over_under_a_server_is_taken_up_by_it() {
    let sandbox = sandbox(300, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(&sandbox, folder.path(), 10_000, arguments).output().unwrap();
        (
            output.status.code().unwrap(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    assert_eq!(run(&["sync"]).0, 0);
    let mut server = Server::start(command(&sandbox, folder.path(), 10_000, &["serve"]));
    let booked = |server: &mut Server| {
        let answer = server.answer("list_inspections", json!({"limit": 1}));
        (answer["total"].as_u64(), answer["basis"]["source"].clone())
    };
    let (before, source) = booked(&mut server);
    assert_eq!(source, "mirror");
    // While somebody syncs it is refused, with a clear word.
    let lock =
        std::fs::File::options().write(true).open(folder.path().join("data/spectora_company1.sync.lock")).unwrap();
    lock.lock().unwrap();
    let (code, shown) = run(&["mirror", "rebuild"]);
    assert!(code != 0 && shown.contains("a sync is running"), "{shown}");
    drop(lock);
    let starts_at = sandbox.truth().companies[0].inspections.last().unwrap().starts_at + 3_600;
    sandbox.edit(&[Edit::Book { company: 0, starts_at }]);
    let (code, shown) = run(&["mirror", "rebuild"]);
    assert_eq!(code, 0, "{shown}");
    // The server goes on, on the new file: another process fills it, and the server sees that.
    assert_eq!(run(&["sync"]).0, 0);
    let after = booked(&mut server);
    assert_eq!(after, (before.map(|before| before + 1), "mirror".into()));
    let (code, shown) = run(&["mirror", "status"]);
    assert!(code == 0 && !shown.contains("never"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_mirror_is_said_to_be_one_and_questions_go_on() {
    let sandbox = sandbox(600, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(&sandbox, folder.path(), 10_000, arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(run(&["sync"]).0, 0);
    harm(&folder.path().join("data/spectora_company1.sqlite"));
    for arguments in [&["mirror", "status"][..], &["sync", "--full"], &["doctor"]] {
        let (code, shown) = run(arguments);
        assert!(code == 1 && shown.contains("mirror rebuild"), "{arguments:?}: {code} {shown}");
    }
    let mut server = Server::start(command(&sandbox, folder.path(), 10_000, &["serve"]));
    let answer = server.answer("list_inspections", json!({"limit": 100}));
    assert_eq!(answer["basis"]["source"], "service");
    assert!(answer["basis"]["notes"].to_string().contains("mirror rebuild"), "{}", answer["basis"]);
    let failure = server.failure("inspector_scorecard", json!({}));
    assert!(failure.contains("mirror rebuild"), "{failure}");
    // Started over under the same server, it is whole.
    assert_eq!(run(&["mirror", "rebuild"]).0, 0);
    assert_eq!(run(&["sync"]).0, 0);
    let answer = server.answer("list_inspections", json!({"limit": 1}));
    assert_eq!(answer["basis"]["source"], "mirror", "{}", answer["basis"]);
    server.answer("inspector_scorecard", json!({}));
}

/// Whichever table a failing disk hit, the lists go on from the service.
#[tokio::test(flavor = "multi_thread")]
async fn lists_go_on_whichever_part_of_a_mirror_is_damaged() {
    let sandbox = sandbox(300, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    assert!(command(&sandbox, folder.path(), 10_000, &["sync"]).output().unwrap().status.success());
    let path = folder.path().join("data/spectora_company1.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() as u64 / PAGE;
    for from in [1, pages / 8, pages / 4, pages / 2] {
        for name in ["spectora_company1.sqlite-wal", "spectora_company1.sqlite-shm"] {
            drop(std::fs::remove_file(folder.path().join("data").join(name)));
        }
        std::fs::write(&path, &whole).unwrap();
        harm_from(&path, from * PAGE, whole.len() as u64 - from * PAGE);
        let mut server = Server::start(command(&sandbox, folder.path(), 10_000, &["serve"]));
        for (tool, arguments) in [
            ("list_inspections", json!({"limit": 1})),
            ("list_inspections", json!({"limit": 1, "inspector": "Priya"})),
            ("list_agents", json!({"limit": 1})),
            ("list_clients", json!({"limit": 1})),
        ] {
            let answer = server.answer(tool, arguments.clone());
            assert_eq!(answer["basis"]["source"], "service", "{from} of {pages}, {tool} {arguments}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_count_of_calls_takes_no_mirror_with_it() {
    let sandbox = sandbox(300, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(&sandbox, folder.path(), 10_000, arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(run(&["sync"]).0, 0);
    let ledger = folder.path().join("data/ledger.sqlite");
    std::fs::write(&ledger, "this is no database, and long enough to be looked at as one").unwrap();
    let mut server = Server::start(command(&sandbox, folder.path(), 10_000, &["serve"]));
    let answer = server.answer("list_inspections", json!({"limit": 1}));
    assert_eq!(answer["basis"]["source"], "mirror");
    let id = answer["items"][0]["id"].clone();
    let failure = server.failure("list_attachments", json!({"inspection": id}));
    assert!(failure.contains("ledger.sqlite") && !failure.contains("rebuild"), "{failure}");
    let companies = server.answer("list_companies", json!({}));
    let notes = companies["basis"]["notes"].to_string();
    assert!(notes.contains("ledger.sqlite") && notes.contains("delete this one file"), "{companies}");
    let (code, shown) = run(&["doctor"]);
    assert!(code == 1 && shown.contains("delete this one file"), "{shown}");
    std::fs::remove_file(&ledger).unwrap();
    let companies = server.answer("list_companies", json!({}));
    assert!(!companies["basis"]["notes"].to_string().contains("ledger.sqlite"), "{companies}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_the_user_s_alone_and_nothing_is_overwritten_in_silence() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let sandbox = sandbox(120, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], more: Option<&Path>| {
        let output = command(&sandbox, folder.path(), 10_000, arguments).args(more).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // The first command of all makes the folder.
    assert!(run(&["webhooks", "url"], None).0);
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    assert!(run(&["sync"], None).0);
    // A name that is no text.
    let target = folder.path().join(std::ffi::OsStr::from_bytes(b"exp\xffrt"));
    let (done, shown) = run(&["export"], Some(&target));
    assert!(done, "{shown}");
    let inspections = target.join("spectora_company1/inspections.csv");
    assert_eq!((mode(&target), mode(&target.join("spectora_company1")), mode(&inspections)), (0o700, 0o700, 0o600));
    assert!(std::fs::read(&inspections).unwrap().starts_with(b"\xef\xbb\xbfid,"), "Excel takes it for UTF-8");
    std::fs::write(&inspections, "mine").unwrap();
    let (done, shown) = run(&["export"], Some(&target));
    assert!(!done && shown.contains("it is there already") && shown.contains("--overwrite"), "{shown}");
    assert_eq!(std::fs::read(&inspections).unwrap(), b"mine");
    assert!(run(&["export", "--overwrite"], Some(&target)).0);
    assert!(std::fs::read(&inspections).unwrap().starts_with(b"\xef\xbb\xbfid,"));
    let (done, shown) = run(&["export", "--format", "sqlite"], Some(&target));
    assert!(done, "{shown}");
    assert_eq!(mode(&target.join("spectora_company1.sqlite")), 0o600);
    assert!(!run(&["export", "--format", "sqlite"], Some(&target)).0);
}
