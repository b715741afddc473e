/// Crates that must not come in, with what is used instead.
const BANNED: &[(&str, &str)] =
    &[("openssl-sys", "rustls"), ("native-tls", "rustls"), ("async-std", "tokio"), ("once_cell_async", "std")];

/// Crates of which two versions would mean two copies of what must be one.
const SINGLE: &[&str] = &["rmcp", "tokio", "reqwest", "rustls", "axum", "serde", "jiff", "schemars", "hyper"];

#[test]
fn the_lock_file_holds_what_it_may() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let values = |key: &str| {
        let prefix = format!("{key} = \"");
        lock.lines()
            .filter_map(|line| line.strip_prefix(prefix.as_str())?.strip_suffix('"'))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let names = values("name");
    assert!(100 < names.len(), "the lock file was not understood");
    for (name, instead) in BANNED {
        assert!(!names.iter().any(|known| known == name), "{name} came in; use {instead}");
    }
    for name in SINGLE {
        assert_eq!(names.iter().filter(|known| known == name).count(), 1, "versions of {name}");
    }
    for source in values("source") {
        assert!(source.starts_with("registry+"), "a source that is no registry: {source}");
    }
}
