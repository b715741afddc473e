//! Files, versions and what two processes see of each other.

use jiff::Timestamp;

use super::*;
use domain::{Client, ClientId, InspectionOrder, InspectionQuery, SearchTerms, Text};

fn settings(folder: &Path) -> MirrorSettings {
    MirrorSettings {
        folder: folder.join("data"),
        company: "spectora_company1".parse().unwrap(),
        timezone: TimeZone::get("America/Denver").unwrap(),
        mapping: "1".to_owned(),
        clock: Arc::new(domain::FixedClock(now())),
    }
}

fn client(id: u32, last_name: &str) -> Client {
    let id: ClientId = id.to_string().parse().unwrap();
    Client {
        id,
        first_name: Text::line("Ada"),
        last_name: Text::line(last_name),
        email: None,
        phone: None,
        mobile_phone: None,
        home_phone: None,
        address: None,
        city: None,
        state: None,
        zip: None,
        notes: None,
        private_notes: None,
        tags: Vec::new(),
        created_at: None,
        updated_at: None,
        other: serde_json::Map::new(),
    }
}

fn now() -> Timestamp {
    "2026-11-25T02:30:00Z".parse().unwrap()
}

fn store(mirror: &Mirror, clients: &[Client]) -> Result<StoreCount, MirrorError> {
    mirror.write_now(|tx| {
        let raws: Vec<String> = clients.iter().map(|client| format!("{} {:?}", client.id, client.name())).collect();
        let rows: Vec<Fresh<'_, Client>> =
            clients.iter().zip(&raws).map(|(record, raw)| Fresh { record, raw: raw.as_bytes() }).collect();
        tx.store_clients(&rows, now())
    })
}

fn names(mirror: &Mirror) -> Vec<String> {
    let found = mirror.read_now(|snapshot| snapshot.clients(None, None, 1_000)).unwrap();
    found.rows.into_iter().map(|(_, raw)| String::from_utf8(raw).unwrap()).collect()
}

#[test]
fn every_earlier_version_becomes_the_newest() {
    for version in 0..schema::VERSION {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        std::fs::create_dir_all(&settings.folder).unwrap();
        if version != 0 {
            let connection = Connection::open(settings.folder.join("spectora_company1.sqlite")).unwrap();
            schema::at_version(&connection, version);
            connection
                .execute("INSERT INTO clients (pk, name, sort, gone, hash, raw) VALUES (7, 'Ada', 'ada', 0, 1, 1)", [])
                .unwrap();
        }
        let mirror = Mirror::open(settings).unwrap();
        let kept = mirror.read_now(|snapshot| snapshot.count(Kind::Clients)).unwrap();
        assert_eq!(kept, u64::from(version != 0), "version {version}");
        mirror.read_now(|snapshot| snapshot.delivery_count()).unwrap();
    }
}

#[test]
fn what_was_sold_is_found_before_and_after_an_upgrade() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    std::fs::create_dir_all(&settings.folder).unwrap();
    let connection = Connection::open(settings.folder.join("spectora_company1.sqlite")).unwrap();
    schema::at_version(&connection, 3);
    // Seventy add-ons: the last ones have no bit of their own.
    connection
        .execute_batch(
            "INSERT INTO words (pk, kind, text, folded) VALUES (1, 4, '80202', '80202');
             WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 71)
                 INSERT INTO words (pk, kind, text, folded) SELECT i, 2, 'Extra ' || i, 'extra ' || i FROM n;
             INSERT INTO inspections (pk, starts_at, day, minute, gone, hash, raw) VALUES (1, 1000, 0, 0, 0, 1, 1),
                 (2, 2000, 0, 0, 0, 1, 1), (3, 3000, 0, 0, 0, 1, 1), (4, 4000, 0, 0, 0, 1, 1);
             INSERT INTO inspection_names VALUES (1, 2), (1, 71), (2, 70), (3, 71), (3, 62);",
        )
        .unwrap();
    drop(connection);
    let mirror = Mirror::open(settings).unwrap();
    let found = |words: &str| {
        let query = InspectionQuery { service: SearchTerms::of(words), ..InspectionQuery::default() };
        mirror.read_now(|snapshot| snapshot.inspection_ids(&query, InspectionOrder::Newest)).unwrap()
    };
    assert_eq!(found("extra 2"), ["1"]);
    assert_eq!(found("extra 62"), ["3"]);
    assert_eq!(found("extra 70"), ["2"]);
    assert_eq!(found("extra 71"), ["3", "1"]);
    assert_eq!(found("extra"), ["3", "2", "1"]);
    assert_eq!(found("80202"), Vec::<String>::new(), "a ZIP is nothing that is sold");
    // What sums are made from names every one of them, with a bit of its own or not, however it is read.
    for halved_min in [0, usize::MAX] {
        let facts = mirror.read_now(|snapshot| snapshot.facts_halved_from(halved_min)).unwrap();
        let sold = |fact| facts.sold(fact).iter().map(|word| word.key()).collect::<Vec<_>>();
        assert_eq!(facts.rows().iter().map(sold).collect::<Vec<_>>(), [vec![2, 71], vec![70], vec![62, 71], vec![]]);
    }
    let bits: Vec<u32> = mirror
        .write_now(|tx| {
            let mut bit = |text: &str| {
                let word = tx.interned.number(&tx.transaction, interned::InternedKind::AddOn, text)?;
                tx.interned.bit(&tx.transaction, word)
            };
            Ok(vec![bit("Extra 2")?, bit("Extra 63")?, bit("Extra 64")?, bit("Another one")?])
        })
        .unwrap();
    assert_eq!(bits, [0, 61, 62, 62]);
}

/// Who is who after these sightings: for each, the id and name of the person it belongs to.
fn people(sightings: &[(Option<&str>, Option<&str>)], order: &[usize]) -> Vec<(Option<String>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    let mut numbers = vec![0; sightings.len()];
    for at in order {
        let (id, name) = sightings[*at];
        // A later job has the name that holds.
        let begins = 1_000 * i64::try_from(*at).unwrap();
        numbers[*at] = mirror
            .write_now(|tx| {
                let number = tx.interned.inspector(&tx.transaction, id, name, begins)?;
                // As between two transactions of other processes.
                tx.interned.forget();
                Ok(number)
            })
            .unwrap();
    }
    let known = mirror.read_now(|snapshot| snapshot.inspector_people()).unwrap();
    let person = |number: &i64| {
        let pk = known.person(*number);
        let one = known.people.iter().find(|one| one.pk == pk).unwrap();
        (one.id.clone(), one.shown())
    };
    numbers.iter().map(person).collect()
}

#[test]
fn inspectors_are_the_same_people_in_every_order() {
    let ann = |id| (Some(id), Some("Ann Lee"));
    for (sightings, expected) in [
        // By id, by name, by both: one person.
        (vec![(Some("7"), None), (None, Some("ann  LEE")), ann("7")], vec!["7", "7", "7"]),
        // The person was called otherwise before; nobody else ever was.
        (vec![ann("7"), (None, Some("Ann Lee")), (Some("7"), Some("Ann Ray")), (None, Some("Ann Ray"))], vec!["7"; 4]),
        // Two of one name are two, and the name alone is neither.
        (vec![ann("7"), ann("8"), (None, Some("Ann Lee")), (Some("8"), None)], vec!["7", "8", "", "8"]),
        // A name that never came with an id is a person too.
        (vec![(None, Some("Bo")), (Some("7"), None), (None, Some("BO"))], vec!["", "7", ""]),
    ] {
        let forward: Vec<usize> = (0..sightings.len()).collect();
        let first = people(&sightings, &forward);
        let ids: Vec<&str> = first.iter().map(|(id, _)| id.as_deref().unwrap_or_default()).collect();
        assert_eq!(ids, expected, "{sightings:?}");
        for order in permutations(forward) {
            assert_eq!(people(&sightings, &order), first, "{sightings:?} {order:?}");
        }
    }
}

fn permutations(items: Vec<usize>) -> Vec<Vec<usize>> {
    if items.len() < 2 {
        return vec![items];
    }
    let mut all = Vec::new();
    for (at, first) in items.iter().enumerate() {
        let rest = items.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| *one).collect();
        all.extend(permutations(rest).into_iter().map(|tail| [vec![*first], tail].concat()));
    }
    all
}

#[test]
fn what_is_newer_damaged_or_another_company_s_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    drop(Mirror::open(settings.clone()).unwrap());
    let path = settings.folder.join("spectora_company1.sqlite");
    let refusal = |settings: &MirrorSettings| {
        let error = Mirror::open(settings.clone()).err().unwrap();
        format!("{error} | {}", error.remedy())
    };

    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let newer = refusal(&settings);
    assert!(newer.contains("newer version of this program (format 99;") && newer.contains("mirror rebuild"), "{newer}");

    let other = MirrorSettings { company: "other".parse().unwrap(), ..settings.clone() };
    drop(Mirror::open(other.clone()).unwrap());
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(settings.folder.join("other.sqlite"), &path).unwrap();
    assert!(refusal(&settings).contains("belongs to other"), "{}", refusal(&settings));

    std::fs::write(&path, b"this is no database, and long enough to be looked at as one").unwrap();
    let damaged = refusal(&settings);
    assert!(damaged.contains("cannot be read as a mirror") && damaged.contains("mirror rebuild"), "{damaged}");
    Mirror::remove(&settings.folder, &settings.company).unwrap();
    assert!(Mirror::open(settings).is_ok());
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_the_user_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let mirror = Mirror::open(settings.clone()).unwrap();
    store(&mirror, &[client(1, "Byron")]).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&settings.folder), 0o700);
    for entry in std::fs::read_dir(&settings.folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_change_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    let failed: Result<(), MirrorError> = mirror.write_now(|tx| {
        let record = client(1, "Byron");
        tx.store_clients(&[Fresh { record: &record, raw: b"1" }], now())?;
        Err(MirrorError::Closed)
    });
    assert!(failed.is_err());
    assert!(names(&mirror).is_empty());
    let count = store(&mirror, &[client(1, "Byron")]).unwrap();
    assert_eq!(count.new, 1);
}

#[test]
fn two_processes_read_while_one_writes_and_one_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Mirror::open(settings(folder.path())).unwrap(), Mirror::open(settings(folder.path())).unwrap());
    let lock = one.try_lock().unwrap();
    assert!(lock.is_some() && two.try_lock().unwrap().is_none());
    drop(lock);
    assert!(two.try_lock().unwrap().is_some());
    store(&one, &[client(1, "Byron")]).unwrap();
    two.read_now(|snapshot| {
        let before = snapshot.count(Kind::Clients)?;
        store(&one, &[client(2, "Lovelace")])?;
        assert_eq!(snapshot.count(Kind::Clients)?, before, "a question sees one moment");
        Ok(())
    })
    .unwrap();
    assert_eq!(names(&two).len(), 2);
}

/// A whole pass in which these came; what did not come is taken as proven gone.
fn pass(mirror: &Mirror, came: &[Client]) -> (StoreCount, StoreCount) {
    let pass = mirror.write_now(|tx| tx.begin_pass(Kind::Clients, now(), 200)).unwrap();
    let stored = store(mirror, came).unwrap();
    let ids: Vec<String> = came.iter().map(|client| client.id.to_string()).collect();
    mirror.write_now(|tx| tx.step_pass(Kind::Clients, &PassStep { pass: &pass, ids: &ids, reach: None })).unwrap();
    let missing = mirror.read_now(|snapshot| snapshot.missing_from_pass(Kind::Clients)).unwrap();
    let end = PassEnd { gone: missing.into_iter().map(|(pk, _)| pk).collect(), ..PassEnd::default() };
    (stored, mirror.write_now(|tx| tx.end_pass(Kind::Clients, &end)).unwrap())
}

#[test]
fn unchanged_rows_are_let_be_and_missing_ones_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    let many: Vec<Client> = (1..=120).map(|id| client(id, &format!("Name{id}"))).collect();
    assert_eq!(pass(&mirror, &many).0, StoreCount { new: 120, ..StoreCount::default() });
    assert_eq!(store(&mirror, &many).unwrap(), StoreCount { unchanged: 120, ..StoreCount::default() });
    let mut fewer = many.clone();
    fewer.remove(4);
    fewer[7] = client(9, "Renamed");
    let (stored, ended) = pass(&mirror, &fewer);
    assert_eq!(stored, StoreCount { changed: 1, unchanged: 118, ..StoreCount::default() });
    assert_eq!(ended.gone, 1);
    let changes = mirror.read_now(|snapshot| snapshot.changes_since(now(), 100)).unwrap();
    let renamed = ChangeKind::Changed(vec![("name".into(), Some("Ada Name9".into()), Some("Ada Renamed".into()))]);
    assert_eq!(
        changes.iter().map(|change| (change.id.as_str(), change.what.clone())).collect::<Vec<_>>(),
        [("9", renamed), ("5", ChangeKind::Gone)]
    );
    // Raw bytes come back as they went in, through a dictionary trained on the first rows.
    assert!(names(&mirror).contains(&"120 Some(\"Ada Name120\")".to_owned()));
}

#[test]
fn a_mirror_that_is_started_over_is_noticed_by_whoever_has_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let (server, other) = (Mirror::open(settings.clone()).unwrap(), Mirror::open(settings.clone()).unwrap());
    store(&server, &[client(1, "Byron")]).unwrap();
    assert_eq!(names(&other).len(), 1);
    let revision = |mirror: &Mirror| mirror.read_now(|snapshot| snapshot.coverage(Kind::Clients)).unwrap().revision;
    let before = revision(&other);
    // Not while somebody syncs.
    let lock = server.try_lock().unwrap();
    assert!(matches!(Mirror::remove(&settings.folder, &settings.company), Err(MirrorError::BeingSynced)));
    drop(lock);
    Mirror::remove(&settings.folder, &settings.company).unwrap();
    assert!(names(&other).is_empty());
    store(&server, &[client(2, "Lovelace")]).unwrap();
    assert_eq!(names(&other), ["2 Some(\"Ada Lovelace\")"]);
    assert_ne!(revision(&other), before, "what was remembered of the old mirror must not be taken for the new one");
    // Deleted by hand, without the log beside it.
    std::fs::remove_file(server.path()).unwrap();
    assert!(names(&server).is_empty());
    store(&server, &[client(3, "Hopper")]).unwrap();
    assert_eq!(names(&other).len(), 1);
    // A folder that is gone is not made again, and nothing at all is made by a mirror that was closed.
    std::fs::remove_dir_all(&settings.folder).unwrap();
    assert!(store(&server, &[client(4, "Gone")]).is_err() && !settings.folder.exists());
    other.close();
    private_folder(&settings.folder).unwrap();
    assert!(matches!(store(&other, &[client(4, "Closed")]), Err(MirrorError::Closed)));
    assert!(matches!(other.try_lock(), Err(MirrorError::Closed)));
    assert_eq!(std::fs::read_dir(&settings.folder).unwrap().count(), 0);
}

#[test]
fn closing_waits_for_what_is_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    let (reading, is_reading) = std::sync::mpsc::channel();
    let (finish, may_finish) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn({
        let mirror = Arc::clone(&mirror);
        move || {
            mirror.read_now(|_| {
                reading.send(()).unwrap();
                may_finish.recv().unwrap();
                Ok(())
            })
        }
    });
    is_reading.recv().unwrap();
    let closing = std::thread::spawn({
        let mirror = Arc::clone(&mirror);
        move || mirror.close()
    });
    std::thread::sleep(Duration::from_millis(50));
    assert!(!closing.is_finished(), "it would leave files open that are about to be deleted");
    finish.send(()).unwrap();
    reader.join().unwrap().unwrap();
    closing.join().unwrap();
    assert!(matches!(mirror.check_open(), Err(MirrorError::Closed)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_mirror_at_rest_has_no_file_open_and_answers_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    store(&mirror, &[client(1, "Byron")]).unwrap();
    assert_eq!(names(&mirror).len(), 1);
    let open = || {
        let all =
            std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.unwrap().path().read_link().ok());
        all.filter(|path| path.starts_with(folder.path())).count()
    };
    assert!(0 < open());
    mirror.rest();
    assert_eq!(open(), 0);
    assert_eq!(names(&mirror).len(), 1);
    assert_eq!(store(&mirror, &[client(2, "Lovelace")]).unwrap().new, 1);
}

#[test]
fn a_file_that_cannot_be_used_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let mirror = Mirror::at(settings.clone());
    private_folder(&settings.folder).unwrap();
    std::fs::write(mirror.path(), b"this is no database, and long enough to be looked at as one").unwrap();
    assert!(matches!(mirror.check_open(), Err(MirrorError::Damaged { .. })));
    assert!(matches!(store(&mirror, &[client(1, "Byron")]), Err(MirrorError::Damaged { .. })));
    Mirror::remove(&settings.folder, &settings.company).unwrap();
    assert_eq!(store(&mirror, &[client(1, "Byron")]).unwrap().new, 1);
}

#[test]
fn damage_after_opening_is_called_damage() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let many: Vec<Client> = (1..=120).map(|id| client(id, &format!("Name{id}"))).collect();
    let damaged = |harm: &str| {
        drop(std::fs::remove_dir_all(&settings.folder));
        let mirror = Mirror::open(settings.clone()).unwrap();
        store(&mirror, &many).unwrap();
        mirror.check().unwrap();
        let other = Connection::open(mirror.path()).unwrap();
        other.execute_batch(harm).unwrap();
        drop(other);
        let found = mirror.check().unwrap_err();
        assert!(matches!(found, MirrorError::Damaged { .. }), "{harm}: {found:?}");
        assert!(found.remedy().contains("mirror rebuild"), "{found}");
        let fresh = Mirror::open(settings.clone()).unwrap();
        let asked = fresh.read_now(|snapshot| snapshot.clients(None, None, 1_000)).unwrap_err();
        assert!(matches!(asked, MirrorError::Damaged { .. }), "{harm}: {asked:?}");
    };
    damaged("DELETE FROM dictionaries");
    damaged("UPDATE dictionaries SET bytes = zeroblob(length(bytes))");
    damaged("UPDATE raw_clients SET bytes = x'00112233' WHERE seq = 60");
    // One byte in the middle of a record.
    damaged(
        "UPDATE raw_clients SET bytes = CAST(substr(bytes, 1, length(bytes) - 6) || x'55' || substr(bytes, -5) AS BLOB) \
         WHERE seq = 60",
    );
    damaged("DROP TABLE raw_clients");
}

#[test]
fn a_company_called_like_the_count_of_calls_has_a_mirror_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let settings = MirrorSettings { company: "ledger".parse().unwrap(), ..settings(folder.path()) };
    let calls = LedgerSettings {
        company: settings.company.clone(),
        per_minute: 10,
        per_minute_background: 10,
        monthly_budget: None,
    };
    let ledger = Ledger::open(&settings.folder).unwrap();
    ledger.depart(&calls, "inspections", 202_611, 1_000, false).unwrap();
    let mirror = Mirror::open(settings.clone()).unwrap();
    store(&mirror, &[client(1, "Byron")]).unwrap();
    Mirror::remove(&settings.folder, &settings.company).unwrap();
    assert!(names(&mirror).is_empty());
    assert_eq!(ledger.month(&calls, 202_611).unwrap().total, 1, "the count is not part of the mirror");
}

#[test]
fn an_export_tells_the_unknown_from_nothing_and_ids_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(settings(folder.path())).unwrap();
    Connection::open(mirror.path())
        .unwrap()
        .execute_batch(
            "INSERT INTO odd_ids VALUES (1, 'job-a', -1), (2, 'agent-b', -1), (4, 'client-c', -7);
             INSERT INTO clients (pk, name, sort, gone, hash, raw) VALUES (-7, '=1+1', 'x', 0, 1, 1);
             INSERT INTO inspections (pk, starts_at, gone, hash, raw, quote, buying_agent, client)
                 VALUES (-1, 1000, 0, 1, 1, NULL, -1, -7), (2, 2000, 0, 1, 1, -500000, 9, NULL),
                        (3, 3000, 0, 1, 1, 0, NULL, NULL);",
        )
        .unwrap();
    let target = folder.path().join("out");
    mirror.export_csv(&target, false).unwrap();
    let read = |name: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(target.join(name)).unwrap();
        let header = reader.headers().unwrap().clone();
        let at = |column: &&str| header.iter().position(|name| name == *column).unwrap();
        let places: Vec<usize> = columns.iter().map(at).collect();
        reader.records().map(|row| places.iter().map(|at| row.as_ref().unwrap()[*at].to_owned()).collect()).collect()
    };
    let columns = ["id", "quote", "buying_agent_id", "client_id"];
    let expect = [["job-a", "", "agent-b", "client-c"], ["2", "-50.00", "9", ""], ["3", "0.00", "", ""]];
    assert_eq!(read("inspections.csv", &columns), expect);
    assert_eq!(read("clients.csv", &["id", "name"]), [["client-c", "'=1+1"]], "a formula is text");
    let file = folder.path().join("out.sqlite");
    // The rows above have no raw records, which a mirror that is whole always has.
    Connection::open(mirror.path())
        .unwrap()
        .execute_batch("DELETE FROM clients; DELETE FROM inspections WHERE pk = 3")
        .unwrap();
    mirror.export_sqlite(&file, false).unwrap();
    let quotes: Vec<(String, Option<String>)> = Connection::open(&file)
        .unwrap()
        .prepare("SELECT CAST(id AS TEXT), quote FROM inspections ORDER BY starts_at")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(quotes, [("job-a".to_owned(), None), ("2".to_owned(), Some("-50.00".to_owned()))]);
}

#[cfg(unix)]
#[test]
fn a_folder_whose_name_is_no_text_is_one_all_the_same() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder.path().join(std::ffi::OsStr::from_bytes(b"d\xffta")));
    let mirror = Mirror::open(settings.clone()).unwrap();
    store(&mirror, &[client(1, "Byron")]).unwrap();
    let written = mirror.export_csv(&settings.folder.join("out"), false).unwrap();
    assert!(written.contains(&("clients", 1)), "{written:?}");
}

/// All bytes of the file and what stands beside it.
fn bytes_of(mirror: &Mirror) -> Vec<u8> {
    let files = std::fs::read_dir(mirror.path().parent().unwrap()).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

#[test]
fn nothing_is_left_in_the_file_of_whom_was_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let mirror = Mirror::open(settings.clone()).unwrap();
    // Enough of them that a dictionary is made, with the name in it.
    let all = |name: &str| -> Vec<Client> {
        (1..400).map(|id| client(id, if id % 3 == 0 { name } else { "Byron" })).collect()
    };
    store(&mirror, &all("Quackenbush")).unwrap();
    mirror
        .write_now(|tx| tx.change_coverage(Kind::Clients, |coverage| Coverage { full_at: Some(now()), ..coverage }))
        .unwrap();
    store(&mirror, &[client(3, "Quackenbush-Lovelace")]).unwrap();
    store(&mirror, &[client(3, "Quackenbush")]).unwrap();
    assert!(holds(&bytes_of(&mirror), "quackenbush"));
    // Another program that has it open, and what it knows of how records are compressed.
    let other = Mirror::open(settings).unwrap();
    store(&other, &[client(500, "Byron")]).unwrap();
    let people = ForgottenRecords {
        records: (1..400).filter(|id| id % 3 == 0).map(|id| (Kind::Clients, id.to_string())).collect(),
        clients_before: None,
    };
    mirror.forget_traces(&people).unwrap();
    let changes = mirror.read_now(|snapshot| snapshot.changes_since(Timestamp::MIN, 100)).unwrap();
    assert!(changes.iter().all(|change| !matches!(change.what, ChangeKind::Changed(_))), "{changes:?}");
    let mut rows = all("(forgotten)");
    rows.push(client(500, "Byron"));
    let raws: Vec<String> = rows.iter().map(|client| format!("{} {:?}", client.id, client.name())).collect();
    let fresh: Vec<Fresh<'_, Client>> =
        rows.iter().zip(&raws).map(|(record, raw)| Fresh { record, raw: raw.as_bytes() }).collect();
    mirror.write_now(|tx| tx.rederive_clients(&fresh, now())).unwrap();
    assert!(holds(&bytes_of(&mirror), "quackenbush"), "old pages still have it, else this shows nothing");
    assert!(!mirror.is_cleaned_of("7").unwrap());
    assert!(mirror.clean("7").unwrap());
    assert!(mirror.is_cleaned_of("7").unwrap() && !mirror.is_cleaned_of("8").unwrap());
    assert!(!holds(&bytes_of(&mirror), "quackenbush"));
    let dictionaries = mirror
        .use_writer(|connection| {
            connection
                .prepare("SELECT kind, length(bytes) FROM dictionaries ORDER BY pk")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(i64, i64)>, _>>()
        })
        .unwrap();
    assert!(matches!(dictionaries[..], [(-4, 0), (4, 1..)]), "{dictionaries:?}");
    // Both read and write on, and read each other's rows.
    store(&other, &[client(501, "Babbage")]).unwrap();
    store(&mirror, &[client(502, "Hopper")]).unwrap();
    assert_eq!(names(&mirror).len(), 402);
    assert_eq!(names(&mirror), names(&other));
}
