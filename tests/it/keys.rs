//! `keys add`, `remove` and `list`, as a person at the shell has them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::time::{Duration, SystemTime};

use domain::{Clock as _, SystemClock};
use sandbox::{Sandbox, SandboxCompany, SandboxOptions};

use crate::processes::Server;
use crate::setup::{CLAUDE, Home, SETTINGS, listed};

type Files = BTreeMap<String, Vec<u8>>;

const FOLDER: &str = ".config/spectora-mcp";
const DATA: &str = ".local/share/spectora-mcp";
/// What a person wrote around the companies.
const ABOVE: &str = "# The office's settings.\n\n# Denver and around\n";
const FIRST: &str = "[companies.first]\napi_key = {file=\"keys/first\"} # Pat's\ntimezone = 'America/Denver'\n";
const BELOW: &str = "\n[mirror] # here\nenabled   = true\n\n# the end";

async fn sandbox() -> Sandbox {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(200);
    options.agents_max = Some(20);
    Sandbox::start(options).await.unwrap()
}

/// A home in which the first company is set up by hand, with its key where this program stores keys.
struct Office {
    home: Home,
    url: String,
    companies: [SandboxCompany; 2],
}

impl Office {
    fn new(sandbox: &Sandbox) -> Self {
        let companies = [0, 1].map(|nth| sandbox.companies()[nth].clone());
        let office = Self { home: Home::new(), url: sandbox.base_url(), companies };
        office.write("keys/first", &office.companies[0].api_key);
        office.write("spectora.toml", &office.settings());
        office
    }

    fn settings(&self) -> String {
        format!("{ABOVE}{}\n[api]\nbase_url = \"{}\"\n{BELOW}", FIRST, self.url)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.home.path(FOLDER).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Every file of the home with what it holds.
    fn files(&self) -> Files {
        let mut found = Files::new();
        let mut folders = vec![self.home.path("")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.home.path("")).unwrap().display().to_string();
                    found.insert(name, std::fs::read(path).unwrap());
                }
            }
        }
        found
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        self.run_with(&[], arguments, input)
    }

    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
        let output = self.home.run_with(variables, arguments, input);
        let said = said(&output);
        let keys = self
            .companies
            .iter()
            .flat_map(|one| [&one.api_key, &one.expired_key, &one.powerless_key, &one.own_jobs_key]);
        for key in keys {
            assert!(!said.contains(key.as_str()), "{arguments:?} shows a key: {said}");
        }
        output
    }

    #[track_caller]
    fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Refused with these words, with every file as it was.
    #[track_caller]
    fn refused(&self, variables: &[(&str, &str)], arguments: &[&str], input: &str, expected: &[&str]) {
        let before = self.files();
        let output = self.run_with(variables, arguments, input);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in expected {
            assert!(said.contains(part), "{part}: {said}");
        }
        let changed = changed(&before, &self.files());
        assert!(changed.is_empty(), "{arguments:?} changed {changed:?}");
    }

    fn add(&self, name: &str, key: &str) -> String {
        self.done(&["keys", "add", name, "--key-stdin"], key)
    }

    fn sync(&self) {
        self.done(&["sync"], "");
    }

    fn list(&self) -> Vec<String> {
        self.done(&["keys", "list"], "").lines().map(str::to_owned).collect()
    }

    fn serve(&self) -> Server {
        Server::start(self.home.command(&["serve"]))
    }

    /// The files of a company in the folder of mirrors.
    fn mirror_files(&self, name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.home.path(DATA)) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|file| file.split('.').next() == Some(name)).collect();
        names.sort();
        names
    }
}

/// The files that are not as they were.
fn changed(before: &Files, after: &Files) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Runs a test that waits for programs beside the sandbox it asks.
async fn with_office(test: impl FnOnce(Office) + Send + 'static) {
    let sandbox = sandbox().await;
    let office = Office::new(&sandbox);
    tokio::task::spawn_blocking(move || test(office)).await.unwrap();
    assert!(sandbox.log().iter().all(|request| request.method == "GET"), "it only reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_added_with_its_key_and_nothing_else_changes() {
    with_office(|office| {
        let before = office.home.read(SETTINGS);
        let mut server = office.serve();
        assert_eq!(listed(&mut server), ["first"]);
        let said = office.add("second", &format!("  {}\n", office.companies[1].api_key));
        for part in [
            "The key works (its latest inspections are in ",
            "second: time zone America/New_York, by the ZIP codes of its inspections",
            "+ [companies.second]",
            "second is set up. A running server takes it up by itself.",
            "`spectora-mcp setup --entries each`",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let section = "[companies.second]\napi_key = { file = \"keys/second\" }\ntimezone = \"America/New_York\"\n";
        assert_eq!(office.home.read(SETTINGS), format!("{before}\n\n{section}"));
        assert_eq!(office.home.read(&format!("{FOLDER}/keys/second")).trim(), office.companies[1].api_key);
        assert_eq!(office.home.read(&format!("{FOLDER}/keys/first")), office.companies[0].api_key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = office.home.path(FOLDER).join("keys/second");
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(listed(&mut office.serve()), ["first", "second"]);
        let takes_it_up = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            listed(&mut server) == ["first", "second"]
        });
        assert!(takes_it_up, "the server that ran before does not have it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_company_can_be_added_too_and_its_zone_given() {
    with_office(|office| {
        std::fs::remove_dir_all(office.home.path(FOLDER)).unwrap();
        let file = office.home.path("key.txt");
        std::fs::write(&file, &office.companies[0].api_key).unwrap();
        let config = office.home.path("elsewhere/settings.toml");
        std::fs::create_dir_all(config.parent().unwrap()).unwrap();
        std::fs::write(&config, "").unwrap();
        let named = [("SPECTORA_CONFIG", config.to_str().unwrap())];
        let add = ["keys", "add", "first", "--timezone", "America/Phoenix", "--base-url", &office.url, "--key-file"];
        let output = office.run_with(&named, &[&add[..], &[file.to_str().unwrap()]].concat(), "");
        assert!(output.status.success(), "{}", said(&output));
        // The settings are those of the file that the variable names, and so are those of an entry.
        let section = "[companies.first]\napi_key = { file = \"keys/first\" }\ntimezone = \"America/Phoenix\"\n";
        assert_eq!(std::fs::read_to_string(&config).unwrap(), section);
        let setup = ["setup", "--yes", "--no-sync", "--assistant", "claude-desktop"];
        assert!(office.run_with(&named, &setup, "").status.success());
        let entry: serde_json::Value = serde_json::from_str(&office.home.read(CLAUDE)).unwrap();
        let arguments = &entry["mcpServers"]["spectora"]["args"];
        assert_eq!(*arguments, serde_json::json!(["serve", "--config", config.to_str().unwrap()]));
        assert!(!office.home.path(FOLDER).exists());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_used_writes_nothing() {
    with_office(|office| {
        let [first, second] = &office.companies;
        let add = |name: &'static str, more: &[&'static str]| -> Vec<&'static str> {
            [&["keys", "add", name, "--key-stdin"], more].concat()
        };
        let service = "nothing was written";
        for (arguments, key, expected) in [
            (add("second", &[]), "nobody-has-this-key", &["the key does not work", service, "refused the API key"][..]),
            (add("second", &[]), &second.expired_key, &["the key does not work", service, "make a new key"]),
            (add("second", &[]), &second.powerless_key, &["the key does not work", service, "no right to this"]),
            (add("second", &[]), " \n", &["there is no key"]),
            (add("first", &[]), &second.api_key, &["first is set up already", "`spectora-mcp keys replace first`"]),
            (add("second", &[]), &first.api_key, &["this is the key of first", service]),
            (add("second", &[]), &first.own_jobs_key, &["of the company that is set up as first", service]),
            (add("second", &["--timezone", "Mars"]), &second.api_key, &["there is no time zone Mars"]),
            (add("Second Office", &[]), &second.api_key, &["`Second Office` cannot name a company"]),
            (add("second", &["--demo"]), &second.api_key, &["leave out --demo"]),
        ] {
            office.refused(&[], &arguments, key, expected);
        }
        if !cfg!(any(target_os = "macos", windows)) {
            office.refused(&[], &add("second", &["--keys-in", "keychain"]), &second.api_key, &["has no keychain"]);
        }
        // A key where the name belongs.
        office.refused(&[], &["keys", "add", "3f9a0c77d2e14b6f8a5e0b1c2d3e4f50"], "", &["cannot name a company"]);
        office.refused(&[], &["keys", "add", "second"], "", &["give --key-file FILE or --key-stdin"]);
        let variable = [("SPECTORA_API_KEY", second.api_key.as_str())];
        office.refused(&variable, &add("third", &[]), &second.api_key, &["set SPECTORA_COMPANY_NAME"]);
        office.write("keys/second", "of other settings");
        office.refused(&[], &add("second", &[]), &second.api_key, &["keys/second already"]);
    })
    .await;
}

/// The company of a key that works no more is known by its mirror; without one it cannot be told.
#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_known_again_though_its_old_key_does_not_work() {
    with_office(|office| {
        let [first, second] = &office.companies;
        office.write("keys/first", &first.expired_key);
        let said = office.add("second", &second.api_key);
        assert!(said.contains("Whether first is the same company could not be found out."), "{said}");
        office.write("keys/first", &first.api_key);
        office.sync();
        office.write("keys/first", &first.expired_key);
        let add = ["keys", "add", "again", "--key-stdin"];
        office.refused(&[], &add, &first.api_key, &["of the company that is set up as first"]);
        // `setup` refuses it in the same way.
        let setup = ["setup", "--yes", "--keys-stdin", "--no-sync", "--assistant", "none", "--company", "again"];
        let output = office.run(&setup, &first.api_key);
        assert!(!output.status.success() && self::said(&output).contains("is set up as first already"), "{output:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_taken_out_and_the_others_stay() {
    with_office(|office| {
        office.add("second", &office.companies[1].api_key);
        office.sync();
        let entry = |arguments: &str| format!("{{ \"command\": \"/opt/spectora-mcp\", \"args\": [{arguments}] }}");
        let entries = [
            ("mine", entry("\"serve\", \"--company\", \"first\"")),
            ("joined", entry("\"serve\", \"--company=first\"")),
            ("all", entry("\"serve\"")),
            ("other", entry("\"serve\", \"--company\", \"second\"")),
        ];
        let entries: Vec<String> = entries.iter().map(|(name, entry)| format!("\"{name}\": {entry}")).collect();
        std::fs::write(office.home.path(CLAUDE), format!("{{ \"mcpServers\": {{ {} }} }}", entries.join(", ")))
            .unwrap();
        let settings = office.home.read(SETTINGS);
        let before = office.files();
        office.refused(&[], &["keys", "remove", "first"], "", &["there is nobody to ask here: give --yes"]);
        office.refused(
            &[],
            &["keys", "remove", "fist", "--yes"],
            "",
            &["no company `fist`; configured: first, second"],
        );
        let said = office.done(&["keys", "remove", "first", "--yes"], "");
        let mirror = office.home.path(DATA).join("first.sqlite");
        for part in [
            "- [companies.first]",
            "Delete its key in Spectora too",
            "A running server drops it by itself",
            &format!("Its local copy stays: {}", mirror.display()),
            "Claude Desktop, entry `mine`: it still starts a server for first",
            "Claude Desktop, entry `joined`",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("entry `all`") && !said.contains("entry `other`"), "{said}");
        assert_eq!(office.home.read(SETTINGS), settings.replace(FIRST, ""));
        let mut after = office.files();
        // The file as it was is kept beside it.
        let copy = after.keys().find(|name| name.contains("spectora.toml.backup-")).unwrap().clone();
        assert_eq!(after.remove(&copy).unwrap(), settings.as_bytes());
        let key = format!("{FOLDER}/keys/first");
        assert_eq!(changed(&before, &after), BTreeSet::from([key.clone(), SETTINGS.to_owned()]));
        assert!(!after.contains_key(&key));
        assert_eq!(listed(&mut office.serve()), ["second"]);
        let said = office.done(&["keys", "remove", "second", "--yes"], "");
        assert!(said.contains("No company is left."), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_data_nothing_of_a_company_is_left_even_while_a_server_runs() {
    with_office(|office| {
        office.add("second", &office.companies[1].api_key);
        office.sync();
        office.done(&["webhooks", "url", "--company", "first"], "");
        office.done(&["webhooks", "url", "--company", "second"], "");
        let kept = ["second.sqlite", "second.sync.lock", "second.webhook"];
        let mut server = office.serve();
        assert_eq!(listed(&mut server), ["first", "second"]);
        // The same as `keys remove first --with-data`.
        let said = office.done(&["privacy", "forget", "company", "first", "--yes"], "");
        assert!(said.contains("Delete its key in Spectora too") && !said.contains("local copy"), "{said}");
        assert_eq!(office.mirror_files("first"), Vec::<String>::new());
        let lets_go = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            listed(&mut server) == ["second"]
        });
        assert!(lets_go, "the server that runs still has it");
        // What keeps mirrors fresh looks every two seconds.
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(office.mirror_files("first"), Vec::<String>::new());
        let left = office.mirror_files("second");
        assert!(kept.iter().all(|file| left.contains(&(*file).to_owned())), "{left:?}");
        assert!(!office.mirror_files("ledger").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_being_synced_keeps_everything_as_it_is() {
    with_office(|office| {
        office.sync();
        let lock = office.home.path(DATA).join("first.sync.lock");
        let lock = std::fs::OpenOptions::new().write(true).open(lock).unwrap();
        lock.lock().unwrap();
        let remove = ["keys", "remove", "first", "--with-data", "--yes"];
        office.refused(&[], &remove, "", &["first: nothing is changed: a sync is running", "what to do:"]);
        lock.unlock().unwrap();
        office.done(&remove, "");
        assert_eq!(office.mirror_files("first"), Vec::<String>::new());
    })
    .await;
}

/// A company may be called as the count of calls is: that is of all companies.
#[tokio::test(flavor = "multi_thread")]
async fn the_count_of_calls_is_no_company_s() {
    with_office(|office| {
        office.add("ledger", &office.companies[1].api_key);
        office.sync();
        office.done(&["keys", "remove", "ledger", "--with-data", "--yes"], "");
        let left = office.mirror_files("ledger");
        assert!(left.contains(&"ledger.sqlite".to_owned()) && !left.join(" ").contains("mirror"), "{left:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_somebody_else_put_somewhere_is_left_there() {
    with_office(|office| {
        let own = office.companies[0].api_key.clone();
        let elsewhere = office.home.path("mine.key");
        std::fs::write(&elsewhere, &own).unwrap();
        for (form, place) in [
            (format!("{{ file = '{}' }}", elsewhere.display()), format!("it is in {}", elsewhere.display())),
            ("{ env = \"MY_KEY\" }".to_owned(), "it is in the environment variable MY_KEY".to_owned()),
            ("{ command = [\"print-it\"] }".to_owned(), "it is printed by a command".to_owned()),
            ("{ keychain = \"another\" }".to_owned(), "it is in the system's keychain".to_owned()),
            (format!("\"{own}\""), "it is in the settings file itself".to_owned()),
        ] {
            let settings = office.settings().replace("{file=\"keys/first\"}", &form);
            office.write("spectora.toml", &settings);
            for arguments in
                [&["keys", "remove", "first", "--yes", "--with-data"][..], &["keys", "replace", "first", "--key-stdin"]]
            {
                office.refused(&[], arguments, &own, &["not stored by this program, so nothing is changed", &place]);
            }
        }
        // Where there is none, there is nothing to leave.
        office.write("spectora.toml", &office.settings().replace("api_key = {file=\"keys/first\"} # Pat's\n", ""));
        assert!(office.list().concat().starts_with("first: nowhere;"), "{:?}", office.list());
        office.done(&["keys", "remove", "first", "--yes"], "");
        assert!(!office.home.read(SETTINGS).contains("companies"), "{}", office.home.read(SETTINGS));
        // A variable goes before the file.
        office.write("spectora.toml", &office.settings());
        let variable = [("SPECTORA_API_KEY", own.as_str())];
        office.refused(&variable, &["keys", "remove", "first", "--yes"], "", &["variable SPECTORA_API_KEY"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_where_keys_are_and_when_they_were_used_and_makes_no_file() {
    with_office(|office| {
        let file = office.home.path(FOLDER).join("keys/first");
        let wrote = |days: u64| {
            let now = Duration::from_millis(SystemClock.now().as_millisecond().unsigned_abs());
            let at = SystemTime::UNIX_EPOCH + now - Duration::from_secs(days * 24 * 60 * 60);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
        };
        let line = |about: &str| vec![format!("first: in {}, {about}", file.display())];
        let before = office.files();
        assert_eq!(office.list(), line("written today; not used for the local copy yet"));
        assert!(office.files() == before && !office.home.path(DATA).exists());
        office.sync();
        wrote(1);
        let before = office.files();
        assert!(before.keys().any(|name| name.ends_with("first.sqlite")), "{:?}", before.keys());
        assert_eq!(office.list(), line("written yesterday; last used today"));
        wrote(40);
        assert_eq!(office.list(), line("written 40 days ago; last used today"));
        // Put there after the last reading.
        wrote(0);
        assert_eq!(office.list(), line("written today; not used since"));
        assert_eq!(changed(&before, &office.files()), BTreeSet::new(), "a look leaves no trace");
        // While a server has the mirror open it is read all the same.
        let mut server = office.serve();
        listed(&mut server);
        wrote(2);
        assert_eq!(office.list(), line("written 2 days ago; last used today"));
        drop(server);
        let unkept = office.done(&["keys", "list", "--no-mirror"], "");
        assert!(unkept.contains("is not known without a local copy"), "{unkept}");
        // A variable goes before what is in the file.
        let key = office.companies[0].api_key.clone();
        let listed = office.run_with(&[("SPECTORA_API_KEY", &key)], &["keys", "list"], "");
        assert_eq!(said(&listed), "first: in the environment variable SPECTORA_API_KEY; last used today\n");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(office.list(), line("which cannot be read; last used today"));
        damaged(&office);
    })
    .await;
}

/// A mirror that cannot be read is no reason to say nothing of the key.
fn damaged(office: &Office) {
    let mirror = office.home.path(DATA).join("first.sqlite");
    for ending in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{ending}", mirror.display())));
    }
    std::fs::write(mirror, [7; 9_000]).unwrap();
    let listed = office.list().concat();
    assert!(listed.contains("when it was last used is not known (") && listed.contains("damaged"), "{listed}");
}
