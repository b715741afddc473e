//! Keeps ARCHITECTURE.md true: which module may name which crate or module.

use std::path::{Path, PathBuf};

/// Modules from the top of the map to its bottom; each may use those after it. The sandbox stands apart.
const ORDER: &[&str] =
    &["cli", "app", "config", "transport", "mcp", "insight", "records", "sync", "mirror", "spectora", "domain"];

/// Crates that only some modules may name.
const FENCES: &[(&str, &[&str])] = &[
    ("reqwest::", &["spectora"]),
    ("rmcp::", &["mcp", "transport", "cli"]),
    ("axum::", &["transport", "sandbox"]),
    ("rusqlite::", &["mirror"]),
    ("zstd::", &["mirror"]),
    // The export of the mirror, and reports.
    ("csv::", &["mirror", "cli"]),
    ("clap::", &["cli"]),
    ("anyhow::", &["cli"]),
    ("augurs::", &["insight"]),
    ("env::var", &["config"]),
];

/// Edges that the order alone would allow.
const FORBIDDEN: &[(&str, &str)] = &[
    ("config", "transport"),
    ("config", "mcp"),
    ("config", "records"),
    ("config", "spectora"),
    ("transport", "records"),
    ("transport", "spectora"),
    ("transport", "mirror"),
    ("mirror", "spectora"),
    ("insight", "spectora"),
    ("insight", "sync"),
    ("insight", "records"),
    ("mcp", "spectora"),
    ("config", "sync"),
    ("config", "mirror"),
];

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

#[test]
fn dependencies_point_downward() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(30 < files.len());
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let place = format!("src/{name}:{}", number + 1);
            for (word, allowed) in FENCES {
                assert!(!line.contains(word) || allowed.contains(&module.as_str()), "{place} names `{word}`");
            }
            for other in ORDER.iter().chain(&["sandbox"]) {
                if !line.contains(&format!("crate::{other}::")) || *other == module {
                    continue;
                }
                let position = |module: &str| ORDER.iter().position(|known| *known == module);
                let downward = match (position(&module), position(other)) {
                    (Some(from), Some(to)) => from < to,
                    // Only the command line starts a sandbox; a sandbox takes a clock and nothing else.
                    (Some(_), None) => module == "cli",
                    (None, _) => *other == "domain",
                };
                let forbidden = FORBIDDEN.contains(&(module.as_str(), other));
                assert!(downward && !forbidden, "{place} uses `{other}`");
            }
        }
    }
}
