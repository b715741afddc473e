//! `setup` as a new user runs it: in an empty home, with a real file of each assistant, and a client started from exactly
//! what was written.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use domain::{Clock as _, SystemClock};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::processes::Server;

/// A home in which some assistants are installed.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in [".config/Claude", ".cursor", ".config/Code/User", ".codex"] {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        Self(home)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    fn setup(&self, arguments: &[&str], input: &str) -> Output {
        self.run(&[&["setup"], arguments].concat(), input)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        self.run_with(&[], arguments, input)
    }

    /// The same with variables of the environment.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        // A program that reads nothing may be gone by now.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectora-mcp"));
        command.env_clear().env("HOME", self.0.path()).args(arguments);
        command
    }

    /// What `setup` prints when all goes well.
    #[track_caller]
    fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.setup(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says on standard error when it cannot.
    #[track_caller]
    fn refused(&self, arguments: &[&str], input: &str) -> String {
        let output = self.setup(arguments, input);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts the entry of this name as the assistant does that has this file.
    fn start(&self, file: &str, servers: &str, name: &str) -> Server {
        let text: Value = serde_json::from_str(&self.read(file)).unwrap();
        let entry = &text[servers][name];
        let mut command = Command::new(entry["command"].as_str().unwrap());
        command.env_clear().env("HOME", self.0.path());
        command.args(entry["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()));
        Server::start(command)
    }
}

pub(crate) const CLAUDE: &str = ".config/Claude/claude_desktop_config.json";
const CURSOR: &str = ".cursor/mcp.json";
const VS_CODE: &str = ".config/Code/User/mcp.json";
const CODEX: &str = ".codex/config.toml";
pub(crate) const SETTINGS: &str = ".config/spectora-mcp/spectora.toml";

pub(crate) fn listed(server: &mut Server) -> Vec<String> {
    let answer = server.answer("list_companies", json!({}));
    answer["items"].as_array().unwrap().iter().map(|one| one["company"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_demo_is_set_up_in_every_assistant_and_taken_out_again() {
    let home = Home::new();
    let mine = "{\n  // mine\n  \"mcpServers\": {\n    \"files\": { \"command\": \"npx\", \"args\": [\"files\"] }, // keep\n  },\n}\n";
    std::fs::write(home.path(CURSOR), mine).unwrap();
    std::fs::write(home.path(CODEX), "model = \"x\" # mine\n").unwrap();
    let said = home.done(&["--demo", "--yes", "--no-sync"], "");
    for part in [
        "Claude Desktop",
        "Cursor",
        "VS Code",
        "Codex",
        "How did my inspectors do last month?",
        "the file as it was is",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        home.read(VS_CODE).contains("\"type\": \"stdio\"") && home.read(CODEX).contains("[mcp_servers.spectora_demo]")
    );
    for kept in ["// mine", "\"files\": { \"command\": \"npx\", \"args\": [\"files\"] }", "// keep"] {
        assert!(home.read(CURSOR).contains(kept), "{}", home.read(CURSOR));
    }
    assert_eq!(home.read(".cursor/mcp.json.backup"), mine);
    let written = [CLAUDE, CURSOR, VS_CODE, CODEX].map(|file| home.read(file));
    let again = home.done(&["--demo", "--yes", "--no-sync"], "");
    assert_eq!(again.matches("nothing to change").count(), 4, "{again}");
    assert_eq!([CLAUDE, CURSOR, VS_CODE, CODEX].map(|file| home.read(file)), written);
    let mut server = home.start(CLAUDE, "mcpServers", "spectora_demo");
    assert_eq!(listed(&mut server), ["spectora_company1", "spectora_residential"]);
    drop(server);
    home.done(&["--remove", "--yes"], "");
    for file in [CLAUDE, CURSOR, VS_CODE, CODEX] {
        assert!(!home.read(file).contains("spectora"), "{}", home.read(file));
    }
    assert!(home.read(CURSOR).contains("// keep") && home.read(CODEX).contains("model = \"x\" # mine"));
}

#[tokio::test]
async fn two_companies_are_set_up_with_their_keys_and_answer_for_themselves() {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(400);
    let sandbox = Sandbox::start(options).await.unwrap();
    let url = sandbox.base_url().clone();
    tokio::task::spawn_blocking(move || two_companies(&url)).await.unwrap();
    assert!(sandbox.log().iter().all(|request| request.method == "GET"), "it only reads");
}

fn two_companies(url: &str) {
    const KEYS: &str = "sandbox-company1-key\nsandbox-residential-key\n";
    let home = Home::new();
    let names = ["--company", "spectora_company1", "--company", "spectora_residential"];
    let asked = [&["--yes", "--keys-stdin", "--base-url", url, "--entries", "each"][..], &names].concat();
    let said = home.done(&asked, KEYS);
    for part in ["time zone America/Denver, by the ZIP codes", "time zone America/New_York", "whole_company: volume="] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for place in [&said, &home.read(CLAUDE), &home.read(SETTINGS)] {
        assert!(!place.contains("sandbox-company1") && !place.contains("sandbox-residential"), "{place}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |file: &str| std::fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(".config/spectora-mcp/keys/spectora_company1"), 0o600);
        assert_eq!(mode(".config/spectora-mcp/keys"), 0o700);
    }
    for name in ["spectora_company1", "spectora_residential"] {
        let mut server = home.start(CLAUDE, "mcpServers", name);
        assert_eq!(listed(&mut server), [name]);
        let answer = server.answer("inspector_scorecard", json!({"period": "last_month"}));
        assert_eq!(answer["basis"]["source"], "mirror", "the first reading is done: {}", answer["basis"]);
    }
    // One entry for both takes the place of the two.
    home.done(&["--yes", "--base-url", url, "--entries", "one", "--no-sync"], "");
    let entries: Value = serde_json::from_str(&home.read(CLAUDE)).unwrap();
    assert_eq!(entries["mcpServers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["spectora"]);
    assert_eq!(
        listed(&mut home.start(CLAUDE, "mcpServers", "spectora")),
        ["spectora_company1", "spectora_residential"]
    );
    refusals(&home, url);
    keys(&home, url);
    let data = home.path(".local/share/spectora-mcp/spectora_company1.sqlite");
    assert!(data.is_file());
    home.done(&["--remove", "--with-data", "--yes"], "");
    assert!(!data.exists() && !home.path(".config/spectora-mcp/keys/spectora_company1").exists());
    assert!(!home.read(SETTINGS).contains("spectora") && !home.read(CLAUDE).contains("spectora"));
}

/// What cannot be done is said, with a way out, and changes nothing.
fn refusals(home: &Home, url: &str) {
    let before = (home.read(SETTINGS), home.read(CLAUDE));
    let with = |more: &[&'static str]| -> Vec<String> {
        let usual = ["--yes", "--keys-stdin", "--no-sync", "--base-url", url];
        usual.iter().chain(more).map(|one| (*one).to_owned()).collect()
    };
    for (more, keys, expected) in [
        (&[][..], "sandbox-company1-expired-key", "key 1 does not work"),
        (&[], "sandbox-company1-powerless-key", "key 1 does not work"),
        (&["--company", "other"], "sandbox-company1-key", "is that of spectora_company1, which is set up already"),
        (&["--company", "Not A Name"], "sandbox-company1-key", "--company 1"),
        (
            &["--company", "spectora_company1", "--timezone", "Mars"],
            "sandbox-company1-key",
            "there is no time zone Mars",
        ),
        (&["--keys-in", "keychain", "--company", "spectora_company1"], "sandbox-company1-key", "no keychain"),
        (&["--assistant", "hal"], "", "no assistant is called hal; there are claude-desktop"),
    ] {
        if cfg!(any(target_os = "macos", windows)) && expected == "no keychain" {
            continue;
        }
        let arguments = with(more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let refused = home.refused(&arguments, keys);
        assert!(refused.contains(expected), "{expected}: {refused}");
        assert!(!refused.contains("sandbox-company1-"), "{refused}");
        assert_eq!((home.read(SETTINGS), home.read(CLAUDE)), before, "{expected}");
    }
    let empty = Home::new();
    assert!(empty.refused(&["--yes"], "").contains("there is no key: give --key-file FILE or --keys-stdin"));
    assert!(empty.refused(&[], "").contains("there is nobody to ask here: give --yes"));
}

/// Keys are listed by their places, and replaced by such as work and are of the same company.
fn keys(home: &Home, url: &str) {
    let file = ".config/spectora-mcp/keys/spectora_company1";
    let listed = String::from_utf8(home.run(&["keys", "list"], "").stdout).unwrap();
    let path = home.path(file);
    let expected = format!("spectora_company1: in {}, written today; last used today", path.display());
    assert!(listed.contains(&expected), "{listed}");
    let before = home.read(file);
    let replace =
        |key: &str| home.run(&["keys", "replace", "spectora_company1", "--key-stdin", "--base-url", url], key);
    for (key, expected) in [
        ("sandbox-company1-expired-key", "the new key does not work, and the old one stays"),
        ("sandbox-residential-key", "belongs to another company than spectora_company1, and the old one stays"),
        ("", "there is no key"),
    ] {
        let output = replace(key);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(expected), "{expected}: {said}");
        assert_eq!(home.read(file), before);
    }
    std::fs::write(&path, "sandbox-company1-expired-key\n").unwrap();
    assert!(replace("sandbox-company1-key").status.success(), "a key that works takes the place of one that does not");
    assert_eq!(home.read(file), before);
    for output in [home.run(&["keys", "list"], ""), home.run(&["keys", "leaked"], "")] {
        assert!(output.status.success() && !String::from_utf8(output.stdout).unwrap().contains("sandbox-company1"));
    }
}

/// The assistants' entries, as `doctor` finds them.
#[test]
fn the_doctor_looks_at_the_entries_of_assistants() {
    let home = Home::new();
    let found = |expected: &[&str]| {
        let output = home.run(&["doctor"], "");
        let said = String::from_utf8(output.stdout).unwrap();
        for part in expected {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(output.status.code(), Some(1), "nothing is configured: {said}");
    };
    found(&[
        "no company is configured",
        "no entry of this program in Claude Desktop, Cursor",
        "-> run `spectora-mcp setup`",
    ]);
    home.done(&["--demo", "--yes", "--no-sync"], "");
    found(&["ok     Claude Desktop, entry `spectora_demo`: starts", "ok     Codex, entry `spectora_demo`: starts"]);
    let entry =
        |command: &str, arguments: &Value| json!({"mcpServers": {"s": {"command": command, "args": arguments}}});
    let own = env!("CARGO_BIN_EXE_spectora-mcp");
    let write = |entry: Value| std::fs::write(home.path(CLAUDE), entry.to_string()).unwrap();
    write(entry(own, &json!(["serve", "--companie", "x"])));
    found(&["CHECK  Claude Desktop, entry `s`: its arguments are not understood: unexpected argument '--companie'"]);
    write(entry("/no/such/spectora-mcp", &json!(["serve"])));
    found(&["entry `s`: starts /no/such/spectora-mcp, which is not there"]);
    let copy = home.path("spectora-mcp");
    std::fs::write(&copy, "").unwrap();
    write(entry(copy.to_str().unwrap(), &json!(["serve"])));
    found(&["entry `s`: starts another copy of the program"]);
    std::fs::write(home.path(CLAUDE), "{\n  \"mcpServers\": {\n").unwrap();
    found(&["CHECK  Claude Desktop: ", "line 2", "mend the file at that place"]);
}

#[test]
fn a_file_that_cannot_be_changed_is_left_and_the_others_are_written() {
    let home = Home::new();
    let broken = "{\n  \"mcpServers\": {\n    \"files\" { }\n  }\n}\n";
    std::fs::write(home.path(CLAUDE), broken).unwrap();
    std::fs::write(home.path(CURSOR), [&[0xff, 0xfe][..], b"{\0}\0"].concat()).unwrap();
    let marked = "\u{feff}{ \"servers\": { \"spectora_demo\": { \"command\": \"other\" } } }";
    std::fs::write(home.path(VS_CODE), marked).unwrap();
    let output = home.setup(&["--demo", "--yes", "--no-sync"], "");
    assert_eq!(output.status.code(), Some(1), "not everything is set up");
    let said = String::from_utf8(output.stdout).unwrap();
    for part in ["Claude Desktop is left as it is", "line 3", "-> mend the file at that place", "is not text in UTF-8"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("there is an entry `spectora_demo` that starts another program"), "{said}");
    assert_eq!((home.read(CLAUDE), home.read(VS_CODE)), (broken.to_owned(), marked.to_owned()));
    assert!(home.read(CODEX).contains("spectora_demo"));
    assert!(!Path::new(&home.path(".config/Claude/claude_desktop_config.json.backup")).exists());
}
