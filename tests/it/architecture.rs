//! Keeps ARCHITECTURE.md true: which crate and which module may use which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each crate of the workspace uses of the others. A new edge is a decision; ARCHITECTURE.md shows it too.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("spectora", &["domain"]),
    ("mirror", &["domain"]),
    ("sync", &["domain", "spectora", "mirror"]),
    ("records", &["domain", "spectora", "mirror", "sync"]),
    ("insight", &["domain"]),
    ("assistants", &[]),
    ("present", &[]),
    ("pdf", &["present"]),
    ("answers", &["domain", "insight", "records"]),
    ("mcp", &["domain", "insight", "records", "answers"]),
    ("access", &["domain"]),
    ("sandbox", &["domain"]),
];

/// Libraries that only some crates may use; `""` is the program.
const FENCES: &[(&str, &[&str])] = &[
    ("reqwest", &["access", "spectora", ""]),
    ("opentelemetry", &[""]),
    ("opentelemetry_sdk", &[""]),
    ("opentelemetry-otlp", &[""]),
    ("opentelemetry-http", &[""]),
    ("rmcp", &["mcp", ""]),
    ("axum", &["", "sandbox"]),
    ("rusqlite", &["access", "mirror"]),
    ("jsonc-parser", &["assistants"]),
    ("toml_edit", &["", "assistants"]),
    ("cliclack", &[""]),
    ("argon2", &["access"]),
    ("governor", &[""]),
    ("ipnet", &[""]),
    ("zstd", &["mirror"]),
    ("csv", &["mirror", "present", ""]),
    ("rust_xlsxwriter", &["present"]),
    ("krilla", &["pdf"]),
    ("harfrust", &["pdf"]),
    ("skrifa", &["pdf"]),
    ("open", &[""]),
    ("console", &[""]),
    ("clap", &[""]),
    ("clap_complete", &[""]),
    ("clap_mangen", &[""]),
    ("anyhow", &[""]),
    ("augurs", &["insight"]),
    ("schemars", &["answers", "mcp"]),
    ("semver", &["spectora"]),
];

/// The modules of the program, from the top of the map to its bottom; each may use those after it.
const ORDER: &[&str] = &["cli", "app", "config", "transport", "operations"];

/// What only some modules of the program may name: libraries, and crates of the workspace.
const MODULE_FENCES: &[(&str, &[&str])] = &[
    ("rmcp::", &["transport", "cli"]),
    ("axum::", &["transport"]),
    ("csv::", &["cli"]),
    ("pdf::", &["cli"]),
    ("clap::", &["cli"]),
    ("clap_complete::", &["cli"]),
    ("clap_mangen::", &["cli"]),
    ("anyhow::", &["cli"]),
    ("sandbox::", &["cli"]),
    ("env::var", &["config"]),
    ("access::", &["cli", "transport"]),
    ("hyper::", &["transport"]),
    ("reqwest::", &["operations"]),
    ("opentelemetry::", &["operations"]),
    ("opentelemetry_sdk::", &["operations"]),
    ("opentelemetry_otlp::", &["operations"]),
    ("opentelemetry_http::", &["operations"]),
    ("mcp::", &["cli", "app", "transport", "operations"]),
    ("answers::", &["cli", "app"]),
    ("records::", &["cli", "app"]),
    ("spectora::", &["cli", "app", "config"]),
    ("mirror::", &["cli", "app", "operations"]),
    ("sync::", &["cli", "app"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What a manifest's `[dependencies]` names.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn crates_use_what_the_picture_shows() {
    let mut members: BTreeMap<String, BTreeSet<String>> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), dependencies(&path.join("Cargo.toml"))))
        .collect();
    assert_eq!(members.keys().map(String::as_str).collect::<BTreeSet<_>>(), EDGES.iter().map(|edge| edge.0).collect());
    for (name, expected) in EDGES {
        let of_ours = members[*name].iter().filter(|used| members.contains_key(*used)).map(String::as_str);
        assert_eq!(of_ours.collect::<BTreeSet<_>>(), expected.iter().copied().collect(), "{name}");
    }
    members.insert(String::new(), dependencies(&root().join("Cargo.toml")));
    for (library, allowed) in FENCES {
        let users: Vec<&str> =
            members.iter().filter(|(_, used)| used.contains(*library)).map(|(name, _)| name.as_str()).collect();
        assert!(!users.is_empty(), "nobody uses {library}");
        assert!(users.iter().all(|user| allowed.contains(user)), "{library} is used by {users:?}");
    }
}

#[test]
fn modules_of_the_program_point_downward() {
    let folder = root().join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    assert!(20 < files.len());
    for file in files {
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
        let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let place = format!("src/{name}:{}", number + 1);
            for (word, allowed) in MODULE_FENCES {
                let is_named = line.match_indices(word).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':')
                });
                assert!(!is_named || allowed.contains(&module.as_str()), "{place} names `{word}`");
            }
            for other in ORDER.iter().filter(|other| **other != module) {
                let position = |module: &str| ORDER.iter().position(|known| *known == module);
                let is_downward = position(&module) < position(other);
                assert!(!line.contains(&format!("crate::{other}::")) || is_downward, "{place} uses `{other}`");
            }
        }
    }
}

/// The files of a crate that one uses: `use super::NAME` in the file itself, `use crate::NAME` anywhere below it.
fn uses_of(folder: &Path, name: &str) -> BTreeSet<String> {
    let mut files = vec![folder.join(format!("{name}.rs"))];
    if folder.join(name).is_dir() {
        sources(&folder.join(name), &mut files);
    }
    let mut used = BTreeSet::new();
    for (at, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let prefix = if at == 0 { "use super::" } else { "use crate::" };
        let named = text.lines().filter_map(|line| line.strip_prefix(prefix));
        used.extend(named.filter_map(|rest| Some(rest.split([':', ';', '{']).next()?.to_owned())));
    }
    used.remove(name);
    used
}

#[test]
fn files_of_the_client_use_each_other_in_one_direction() {
    let folder = root().join("crates/spectora/src");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = entries.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned));
    let mut left: BTreeMap<String, BTreeSet<String>> = names
        .filter(|name| name != "lib" && name != "tests")
        .map(|name| (name.clone(), uses_of(&folder, &name)))
        .collect();
    assert!(10 < left.len() && left.values().map(BTreeSet::len).sum::<usize>() > 10, "{left:?}");
    // What uses nothing that is left is taken out, again and again; a circle stays.
    loop {
        let known: BTreeSet<String> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, used| !used.is_disjoint(&known));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "these use each other in a circle, or one of the circle: {:?}", left.keys());
}

/// What the caller may not see stays in one crate because one file of it is the way out.
#[test]
fn records_leave_their_crate_by_one_file() {
    let folder = root().join("crates/records/src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut ways_out = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        assert!(!text.contains("pub struct Whole") && !text.contains("pub(crate) struct Whole"), "{name}");
        // Methods of everything are no one's but the crate's.
        let of_whole = text.split("\nimpl Whole {").skip(1).filter_map(|rest| rest.split("\n}").next());
        for line in of_whole.flat_map(str::lines) {
            assert!(!line.starts_with("    pub fn ") && !line.starts_with("    pub async fn "), "{name}: {line}");
        }
        if text.contains("\nimpl Records {") {
            ways_out.insert(name.clone());
            assert!(name == "seen.rs" || !text.contains("whole"), "{name} goes past `seen`");
        }
    }
    assert_eq!(ways_out, BTreeSet::from(["narrow.rs".to_owned(), "seen.rs".to_owned()]));
}
