//! What `support bundle` writes has nothing of anybody's, whatever the service and the settings hold.

use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use domain::{Clock as _, SystemClock};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};

/// Texts that must not get out, wherever they stand.
const HOSTILE: &[&str] = &[
    "Quentin Zwicky",
    "quentin.zwicky@example.com",
    "303-555-0177",
    "3035550177",
    "17 Wombat Terrace",
    "sk_live_9f8e7d6c5b4a",
    "zwicky_radon_test",
    "Zwicky",
];

/// Puts them into every row: as values, in text, and as names of attributes.
fn poison(document: &mut Value) {
    let rows = match document.get_mut("data") {
        Some(Value::Array(rows)) => rows.iter_mut().collect(),
        Some(row) => vec![row],
        None => Vec::new(),
    };
    for row in rows {
        let Some(attributes) = row["attributes"].as_object_mut() else { continue };
        for (number, text) in HOSTILE.iter().enumerate() {
            // What has the form of an attribute's name is one: the service gives those, not people.
            let name = if text.contains("zwicky_") { format!("other_{number}") } else { (*text).to_owned() };
            attributes.insert(name, json!(text));
        }
        attributes.insert("notes".to_owned(), json!(HOSTILE.join(" ")));
        attributes.insert("description".to_owned(), json!(HOSTILE));
    }
    document[HOSTILE[0]] = json!(HOSTILE);
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectora-mcp"));
    command.env_clear().env("HOME", home).env("SPECTORA_DATA_DIR", home.join("Zwicky data")).current_dir(home);
    command.args(arguments).args(["--log-level", "error"]).stdin(Stdio::null()).output().unwrap()
}

fn checked(sandbox: &Sandbox) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("Quentin Zwicky");
    let place = home.join(".config/spectora-mcp");
    std::fs::create_dir_all(place.join("keys")).unwrap();
    let company = &sandbox.companies()[0];
    let key_file = place.join("keys/sk_live_9f8e7d6c5b4a");
    std::fs::write(&key_file, &company.api_key).unwrap();
    let settings = format!(
        "[companies.zwicky_inspections]\napi_key = {{ file = \"keys/sk_live_9f8e7d6c5b4a\" }}\ntimezone = \"America/Denver\"\n\
         display_name = \"Quentin Zwicky {}\"\nknown_services = [\"Zwicky, Radon\"]\nnot_add_ons = [\"303-555-0177\"]\n\
         requests_per_minute = 10000\n[api]\nbase_url = \"{}\"\n[http]\npublic_url = \"https://zwicky.example.com\"\n",
        company.api_key,
        sandbox.base_url()
    );
    std::fs::write(place.join("spectora.toml"), settings).unwrap();
    std::fs::set_permissions(place.join("spectora.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run(&home, &["sync"]).status.code(), Some(0));
    let logged = json!({"at": "2026-11-28T10:00:00Z", "caller": "Quentin Zwicky", "tool": "list_clients",
        "arguments": ["text", "Quentin Zwicky", "zwicky3"], "rows": 1, "failed": false, "ms": 3, "requests": 0});
    std::fs::write(home.join("Zwicky data/calls.jsonl"), format!("{logged}\n")).unwrap();

    let refused = run(&home, &["support", "bundle"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--yes"), "{refused:?}");
    let output = run(&home, &["support", "bundle", "--yes", "--out", "bundle.zip"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("requests.json"), "{said} {:?}", output.stderr);
    let path = home.join("bundle.zip");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = run(&home, &["support", "bundle", "--yes", "--out", "bundle.zip"]);
    assert!(!again.status.success(), "another bundle stays as it is");

    let mut zip = zip::ZipArchive::new(Cursor::new(std::fs::read(&path).unwrap())).unwrap();
    let mut texts = Vec::new();
    for place in 0..zip.len() {
        let mut file = zip.by_index(place).unwrap();
        let name = file.name().unwrap().to_string();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        texts.push((name, text));
    }
    let mut hidden: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    hidden.extend([company.api_key.clone(), "zwicky".to_owned(), folder.path().display().to_string()]);
    let truth = sandbox.truth();
    hidden.extend(
        truth.companies[0].agents.iter().flat_map(|agent| [agent.email.clone(), Some(agent.phone.clone())]).flatten(),
    );
    hidden.extend(truth.companies[0].clients.iter().filter_map(sandbox::ClientRow::email));
    hidden.extend(truth.companies[0].agents.iter().map(|agent| agent.connection_id.to_string()));
    for (name, text) in &texts {
        for one in &hidden {
            assert!(!text.to_lowercase().contains(&one.to_lowercase()), "{name} has {one}:\n{text}");
        }
    }
    let file = |name: &str| -> Value {
        serde_json::from_str(&texts.iter().find(|(known, _)| known == name).unwrap().1).unwrap()
    };
    // It is of use all the same.
    assert_eq!(file("about.json")["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(file("settings.json")["companies"][0]["key"], "file that others can read");
    assert_eq!(file("settings.json")["companies"][0]["display_name_set"], true);
    let shape = &file("requests.json")[0]["listings"][0];
    assert_eq!(shape["attributes"]["datetime"], "an instant as text", "{shape}");
    assert!(shape["attributes"]["(an odd name)"].is_string(), "{shape}");
    assert_eq!(file("mirror.json")[0]["kinds"][0]["kind"], "inspections");
    assert!(file("doctor.json").as_array().is_some_and(|all| 10 < all.len()));
    assert_eq!(file("calls.json")[0]["who"], "person-1");
    assert_eq!(file("calls.json")[0]["arguments"], json!(["text", "(odd name)", "(odd name)"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_has_nothing_of_anybody_s() {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(200);
    options.agents_max = Some(15);
    options.rewrite = Some(Arc::new(|_: &str, document: &mut Value| poison(document)));
    let sandbox = Sandbox::start(options).await.unwrap();
    tokio::task::spawn_blocking(move || checked(&sandbox)).await.unwrap();
}
