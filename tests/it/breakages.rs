//! What goes wrong on real machines, made on purpose: what is said then, and what `doctor` finds. The snapshot has every
//! text; docs/troubleshooting.md quotes it, and is held to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::{Clock, HandClock, SystemClock};
use jiff::SignedDuration;
use sandbox::{Faults, Sandbox, SandboxOptions};

const PROGRAM: &str = env!("CARGO_BIN_EXE_spectora-mcp");
const COMPANY: &str = "spectora_company1";

/// A home of somebody whose set-up is right until something is broken.
struct Office {
    home: tempfile::TempDir,
    url: String,
    key: String,
    variables: BTreeMap<&'static str, String>,
}

impl Office {
    fn new(sandbox: &Sandbox) -> Self {
        Self::at(&sandbox.base_url(), &sandbox.companies()[0].api_key)
    }

    fn at(url: &str, key: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let office = Self { home, url: url.to_owned(), key: key.to_owned(), variables: BTreeMap::new() };
        office.write("keys/one", key, 0o600);
        office.configure("");
        office
    }

    fn path(&self, file: &str) -> PathBuf {
        self.home.path().join(".config/spectora-mcp").join(file)
    }

    fn data(&self, file: &str) -> PathBuf {
        self.home.path().join(".local/share/spectora-mcp").join(file)
    }

    /// A file beside the settings.
    fn write(&self, file: &str, text: impl AsRef<[u8]>, mode: u32) {
        write(&self.path(file), text, mode);
    }

    /// The settings, with more lines for the company.
    fn configure(&self, more: &str) {
        self.write("spectora.toml", self.settings("{ file = \"keys/one\" }", more), 0o600);
    }

    fn settings(&self, key: &str, more: &str) -> String {
        format!(
            "[companies.{COMPANY}]\napi_key = {key}\ntimezone = \"America/Denver\"\n{more}\n[api]\nbase_url = \"{}\"\n",
            self.url
        )
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("HOME", self.home.path()).args(arguments).args(["--log-level", "error"]);
        command.envs(&self.variables).stdin(Stdio::null());
        command
    }

    /// What a command says, without what differs from run to run.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(!text.contains(&self.key), "a key is shown: {text}");
        let text = text.replace(&*self.home.path().to_string_lossy(), "~").replace(PROGRAM, "spectora-mcp");
        steady(&text, &self.url)
    }

    /// What the assistant shows when it asks for the month's scorecard.
    fn asked(&self) -> String {
        self.said(&["call", "inspector_scorecard", "period=last_month"])
    }

    /// What `doctor` wants looked at.
    fn checked(&self) -> String {
        let said = self.said(&["doctor"]);
        let mut lines = said.lines();
        let mut found = String::new();
        while let Some(line) = lines.next() {
            if line.starts_with("CHECK") {
                let next = lines.next().unwrap_or_default();
                writeln!(found, "{line}\n{next}").unwrap();
            } else if line.starts_with("error") || line.starts_with("what to do") {
                writeln!(found, "{line}").unwrap();
            }
        }
        if found.is_empty() { "(all is well)\n".to_owned() } else { found }
    }

    /// Fills the mirror, as far as that goes.
    fn sync(&self) {
        let output = self.command(&["sync"]).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }
}

fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Addresses, times and sizes differ from run to run.
fn steady(text: &str, url: &str) -> String {
    let text = text.replace(url, "http://SANDBOX").replace(url.trim_start_matches("http://"), "SANDBOX");
    let mut steady = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        // Five digits and more are ports, ids and times; years and dates become plain numbers too.
        match digits.len() {
            0..=3 => steady.push_str(&digits),
            _ => steady.push('N'),
        }
        digits.clear();
        steady.push(c);
    }
    steady.pop();
    steady
}

/// One breakage as the snapshot has it. Of an answer it has what is missing from it: the rest goes by the day.
fn told(title: &str, shown: &str, found: &str) -> String {
    let is_answer = shown.contains("Basis: mirror");
    let missing = shown.lines().filter(|line| line.starts_with("Missing:")).collect::<Vec<_>>().join("\n");
    let shown = if is_answer { &format!("(an answer)\n{missing}") } else { shown };
    format!("## {title}\n\nshown:\n{}\ndoctor:\n{}\n", indented(shown, 14), indented(found, 14))
}

fn indented(text: &str, lines_max: usize) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).take(lines_max).fold(String::new(), |mut all, line| {
        writeln!(all, "    {}", line.trim_end()).unwrap();
        all
    })
}

type Breakage = (&'static str, Box<dyn FnOnce(&Sandbox) -> (String, String) + Send>);

fn one(title: &'static str, show: impl FnOnce(&Sandbox) -> (String, String) + Send + 'static) -> Breakage {
    (title, Box::new(show))
}

/// The office after this was done to it: what is shown, what is found.
fn broken(title: &'static str, harm: impl FnOnce(&mut Office, &Sandbox) + Send + 'static) -> Breakage {
    one(title, |sandbox| {
        let mut office = Office::new(sandbox);
        harm(&mut office, sandbox);
        (office.asked(), office.checked())
    })
}

fn keys() -> Vec<Breakage> {
    vec![
        broken("Nothing is configured", |office, _| std::fs::remove_file(office.path("spectora.toml")).unwrap()),
        broken("The key is wrong", |office, _| office.write("keys/one", "not-a-key-of-anybody", 0o600)),
        broken("The key has expired", |office, sandbox| {
            office.write("keys/one", &sandbox.companies()[0].expired_key, 0o600);
        }),
        broken("The key's user may read nothing", |office, sandbox| {
            office.write("keys/one", &sandbox.companies()[0].powerless_key, 0o600);
        }),
        broken("The key's user sees own jobs only, and no money", |office, sandbox| {
            office.write("keys/one", &sandbox.companies()[0].own_jobs_key, 0o600);
            office.sync();
        }),
        broken("The key of another company", |office, sandbox| {
            office.sync();
            office.write("keys/one", &sandbox.companies()[1].api_key, 0o600);
        }),
        broken("The key's file is gone", |office, _| std::fs::remove_file(office.path("keys/one")).unwrap()),
        broken("The key's file is empty", |office, _| office.write("keys/one", "", 0o600)),
        broken("Others can read the key's file", |office, _| office.write("keys/one", &office.key, 0o644)),
        broken("The key's file begins with a byte-order mark", |office, _| {
            office.write("keys/one", format!("\u{feff}{}\r\n", office.key), 0o600);
        }),
        broken("This system has no keychain", |office, _| {
            office.write("spectora.toml", office.settings("{ keychain = \"one\" }", ""), 0o600);
        }),
        broken("The command that prints the key fails", |office, _| {
            office.write("spectora.toml", office.settings("{ command = [\"false\"] }", ""), 0o600);
            office.variables.insert("PATH", "/usr/bin:/bin".to_owned());
        }),
        broken("The form of the assistant was not filled in", |office, _| {
            std::fs::remove_file(office.path("spectora.toml")).unwrap();
            office.variables.insert("SPECTORA_API_KEY", "${user_config.api_key}".to_owned());
        }),
    ]
}

fn settings() -> Vec<Breakage> {
    vec![
        broken("A setting that does not exist", |office, _| office.configure("timezon = \"America/Denver\"")),
        broken("A time zone that does not exist", |office, _| {
            let text = office.settings("{ file = \"keys/one\" }", "").replace("America/Denver", "Mountain Time");
            office.write("spectora.toml", text, 0o600);
        }),
        broken("A Windows path in double quotes", |office, _| {
            office.write("spectora.toml", office.settings("{ file = \"C:\\Users\\me\\key.txt\" }", ""), 0o600);
        }),
        broken("The settings begin with a byte-order mark", |office, _| {
            let text = office.settings("{ file = \"keys/one\" }", "");
            office.write("spectora.toml", format!("\u{feff}{text}"), 0o600);
        }),
        broken("Another address that is none", |office, _| {
            "spectora.com/api".clone_into(&mut office.url);
            office.configure("");
        }),
        broken("The path of clients is another one", |office, _| {
            office.configure("");
            let text = office.settings("{ file = \"keys/one\" }", "") + "[api.paths]\ncontacts = \"/v2/nowhere\"\n";
            office.write("spectora.toml", text, 0o600);
            office.sync();
        }),
        broken("The month's calls are used up", |office, _| {
            office.configure("monthly_budget = 3");
            office.sync();
        }),
    ]
}

fn network() -> Vec<Breakage> {
    let away = |url: &'static str| {
        move |office: &mut Office, _: &Sandbox| {
            url.clone_into(&mut office.url);
            office.configure("");
        }
    };
    vec![
        broken("No network: the name is not known", away("https://connect.spectora.invalid")),
        broken("Nothing answers at the address", away("http://127.0.0.1:1")),
        broken("A proxy that does not answer", |office, _| {
            "https://connect.example.com".clone_into(&mut office.url);
            office.configure("");
            office.variables.insert("HTTPS_PROXY", "http://me:secret@127.0.0.1:1".to_owned());
        }),
        broken("SSL_CERT_FILE names a file that is not there", |office, _| {
            "https://connect.example.com".clone_into(&mut office.url);
            office.configure("");
            office.variables.insert("SSL_CERT_FILE", "/nowhere/authorities.pem".to_owned());
        }),
        one("A certificate of somebody else's authority", |sandbox| {
            let office = Office::new(sandbox);
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let [certificate, key] = certificate(office.home.path());
            let address = format!("127.0.0.1:{port}");
            let tls = ["--tls-cert", &certificate, "--tls-key", &key];
            let arguments = [&["serve", "--demo", "--demo-inspections", "20", "--http", &address][..], &tls].concat();
            let mut server = office.command(&arguments).stderr(Stdio::null()).spawn().unwrap();
            while std::net::TcpStream::connect(&address).is_err() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            let mut office = office;
            office.url = format!("https://localhost:{port}");
            office.configure("");
            let seen = (office.asked(), office.checked());
            server.kill().unwrap();
            server.wait().unwrap();
            seen
        }),
    ]
}

/// A certificate that nobody's authorities signed, and its key.
fn certificate(folder: &Path) -> [String; 2] {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = [("cert.pem", made.cert.pem()), ("key.pem", made.signing_key.serialize_pem())];
    files.map(|(name, text)| {
        write(&folder.join(name), text, 0o600);
        folder.join(name).display().to_string()
    })
}

fn files() -> Vec<Breakage> {
    vec![
        broken("The mirror is damaged", |office, _| {
            office.sync();
            let path = office.data("spectora_company1.sqlite");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[..4096].fill(7);
            std::fs::write(path, bytes).unwrap();
        }),
        broken("The mirror was written by a newer version", |office, _| {
            office.sync();
            // Where SQLite keeps `user_version`.
            let path = office.data("spectora_company1.sqlite");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[60..64].copy_from_slice(&4_000_u32.to_be_bytes());
            std::fs::write(path, bytes).unwrap();
        }),
        broken("The count of calls is damaged", |office, _| {
            office.sync();
            std::fs::write(office.data("ledger.sqlite"), [7; 9_000]).unwrap();
        }),
        broken("The data folder cannot be made", |office, _| {
            write(&office.home.path().join(".local/share"), "a file where a folder belongs", 0o600);
        }),
        broken("The data folder is copied by another program", |office, _| {
            let folder = office.home.path().join("OneDrive - Example").join("spectora");
            office.variables.insert("SPECTORA_DATA_DIR", folder.display().to_string());
        }),
        broken("Others can look into the data folder", |office, _| {
            office.sync();
            std::fs::set_permissions(office.data(""), std::fs::Permissions::from_mode(0o755)).unwrap();
        }),
        one("Another process is syncing", |sandbox| {
            let office = Office::new(sandbox);
            office.sync();
            let lock =
                std::fs::OpenOptions::new().write(true).open(office.data("spectora_company1.sync.lock")).unwrap();
            lock.lock().unwrap();
            (office.said(&["mirror", "rebuild"]), office.checked())
        }),
        one("The port is taken", |sandbox| {
            let office = Office::new(sandbox);
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = taken.local_addr().unwrap().to_string();
            (office.said(&["serve", "--http", &address]), office.checked())
        }),
    ]
}

fn assistants() -> Vec<Breakage> {
    const FILE: &str = ".config/Claude/claude_desktop_config.json";
    let entry = |command: &str, arguments: &str| {
        format!("{{ \"mcpServers\": {{ \"spectora\": {{ \"command\": \"{command}\", \"args\": [{arguments}] }} }} }}")
    };
    let with = |title: &'static str, text: String| {
        one(title, move |sandbox| {
            let office = Office::new(sandbox);
            write(&office.home.path().join(FILE), text, 0o600);
            (office.said(&["setup", "--yes", "--no-sync", "--assistant", "claude-desktop"]), office.checked())
        })
    };
    vec![
        with("The assistant's file is broken", "{\n  // mine\n  \"mcpServers\": { \"x\": }\n}".to_owned()),
        with("The assistant's file begins with a byte-order mark", format!("\u{feff}{}", entry(PROGRAM, "\"serve\""))),
        one("The assistant starts a program that is not there", move |sandbox| {
            let office = Office::new(sandbox);
            write(&office.home.path().join(FILE), entry("/opt/gone/spectora-mcp", "\"serve\""), 0o600);
            (String::new(), office.checked())
        }),
        one("Two copies of the program", move |sandbox| {
            let office = Office::new(sandbox);
            let other = office.home.path().join("Downloads/spectora-mcp");
            write(&other, "#!/bin/sh\n", 0o755);
            write(&office.home.path().join(FILE), entry(&other.display().to_string(), "\"serve\""), 0o600);
            (String::new(), office.checked())
        }),
        one("The entry has an option that does not exist", move |sandbox| {
            let office = Office::new(sandbox);
            write(&office.home.path().join(FILE), entry(PROGRAM, "\"serve\", \"--compny\", \"x\""), 0o600);
            (String::new(), office.checked())
        }),
    ]
}

/// The service itself misbehaves: each has a sandbox of its own.
fn service() -> Vec<Breakage> {
    let faulty = |title: &'static str, rule: &'static str| {
        one(title, move |sandbox| {
            sandbox.set_faults(Faults::parse([rule]).unwrap());
            let office = Office::new(sandbox);
            // Without a mirror the question goes to the service at once.
            (office.said(&["call", "list_agents", "--no-mirror"]), office.checked())
        })
    };
    vec![
        faulty("Spectora answers with an error", "*:1+=503"),
        faulty("A log-in page of the network answers", "*:1+=page"),
        faulty("Another server answers", "*:1+=redirect"),
    ]
}

async fn sandbox() -> Sandbox {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(250);
    options.agents_max = Some(20);
    Sandbox::start(options).await.unwrap()
}

/// All of these at once; each text in the order of the list.
async fn all_told(sandboxes: usize, breakages: Vec<Breakage>) -> String {
    let mut running = Vec::new();
    let shared = Arc::new(sandbox().await);
    for (nth, (title, show)) in breakages.into_iter().enumerate() {
        let own = if nth < sandboxes { Arc::new(sandbox().await) } else { Arc::clone(&shared) };
        running.push((title, tokio::task::spawn_blocking(move || show(&own))));
    }
    let mut all = String::new();
    for (title, one) in running {
        let (shown, found) = one.await.unwrap_or_else(|error| panic!("{title}: {error}"));
        all.push_str(&told(title, &shown, &found));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_said_with_what_to_do() {
    let shared = [keys(), settings(), network(), files(), assistants()].into_iter().flatten().collect();
    let mut all = all_told(0, shared).await;
    let service = service();
    all.push_str(&all_told(service.len(), service).await);
    all.push_str(&clock_ahead().await);
    insta::assert_snapshot!("breakages", all);
}

/// The service's clock and this machine's differ by an hour.
async fn clock_ahead() -> String {
    let ahead = SystemClock.now().saturating_add(SignedDuration::from_hours(1)).unwrap();
    let mut options = SandboxOptions::new(ahead);
    options.clock = Arc::new(HandClock::new(ahead)) as Arc<dyn Clock>;
    options.inspections = Some(250);
    let sandbox = Sandbox::start(options).await.unwrap();
    let office = Office::new(&sandbox);
    let found = tokio::task::spawn_blocking(move || office.checked()).await.unwrap();
    told("This machine's clock is wrong", "", &found)
}

/// A disk without room, where this user may make one.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=200k", "tmpfs", &place]).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("not tried: only root can make a small disk");
        return;
    }
    let sandbox = sandbox().await;
    let seen = tokio::task::spawn_blocking(move || {
        let mut office = Office::new(&sandbox);
        office.variables.insert("SPECTORA_DATA_DIR", place.clone());
        let seen = (office.asked(), office.checked());
        assert!(Command::new("umount").args(["-l", &place]).status().unwrap().success());
        seen
    });
    let (shown, found) = seen.await.unwrap();
    assert!(shown.contains("the disk is full") && shown.contains("What to do: free some space"), "{shown}");
    assert!(found.contains("the disk is full") && found.contains("make room"), "{found}");
}

/// The page for those who look for a symptom shows what is really said.
#[test]
fn the_page_for_symptoms_quotes_what_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = std::fs::read_to_string(root.join("tests/it/snapshots/it__breakages__breakages.snap")).unwrap();
    let page = std::fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = squeezed(&said);
    let quotes: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert!(30 <= quotes.len(), "{}", quotes.len());
    for quote in quotes {
        assert!(said.contains(&squeezed(quote)), "nothing says: {quote}");
    }
}
