//! What comes from elsewhere is named exactly, so that a check means the same next month. What a dependency may be stands
//! in deny.toml, for `cargo deny`.

use std::fs;

use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn is_exact(version: &str) -> bool {
    version.starts_with(|first: char| first.is_ascii_digit())
        && version.chars().all(|part| part.is_ascii_alphanumeric() || ".-".contains(part))
}

#[test]
fn the_toolchain_is_the_rust_that_the_manifest_asks_for() {
    let manifest = read("Cargo.toml");
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    let toolchain: toml::Table = toml::from_str(&read("rust-toolchain.toml")).unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert!(channel.starts_with(&format!("{needed}.")), "rust-toolchain.toml has {channel}, Cargo.toml {needed}");
}

#[test]
fn outside_clients_and_tools_are_of_exact_versions() {
    let wanted: Value = serde_json::from_str(&read("scripts/outside/package.json")).unwrap();
    let lock: Value = serde_json::from_str(&read("scripts/outside/package-lock.json")).unwrap();
    for kind in ["dependencies", "optionalDependencies"] {
        for (name, version) in wanted[kind].as_object().unwrap() {
            assert!(is_exact(version.as_str().unwrap()), "{name} {version}");
            assert_eq!(
                lock["packages"][format!("node_modules/{name}")]["version"],
                *version,
                "{name} in the lock file"
            );
        }
    }
    for (name, package) in lock["packages"].as_object().unwrap() {
        // Where one machine loaded it from is no business of the next one's.
        assert_eq!(package["resolved"], Value::Null, "{name} names a registry");
    }
    for list in ["clients.txt", "tools.txt"] {
        for line in read(&format!("scripts/outside/{list}")).lines().filter(|line| !line.starts_with('#')) {
            assert!(line.split_once("==").is_some_and(|(_, version)| is_exact(version)), "{list}: {line}");
        }
    }
}
