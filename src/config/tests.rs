use secrecy::ExposeSecret as _;

use super::*;

const KEY: &str = "example-key-of-the-test";

/// The only place here that touches the loader: a file's text and variables in, a summary or the error out.
fn loaded(text: Option<&str>, variables: &[(&str, &str)], companies: &[&str]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spectora.toml");
    if let Some(text) = text {
        std::fs::write(&path, text).unwrap();
    }
    std::fs::write(folder.path().join("key.txt"), format!("{KEY}\n")).unwrap();
    let overrides = Overrides {
        config_file: text.map(|_| path),
        base_url: None,
        data_dir: None,
        no_mirror: true,
        companies: companies.iter().map(|name| (*name).to_owned()).collect(),
    };
    load(&overrides, &Environment::of(variables)).map_err(|error| format!("{error} | {}", error.hint()))
}

#[track_caller]
fn check(text: Option<&str>, variables: &[(&str, &str)], expect: &[(&str, &str)]) {
    let config = loaded(text, variables, &[]).unwrap();
    let found: Vec<(String, String)> = config
        .companies
        .iter()
        .map(|company| (company.name.to_string(), company.api_key.expose_secret().to_owned()))
        .collect();
    let expect: Vec<(String, String)> = expect.iter().map(|(name, key)| ((*name).into(), (*key).into())).collect();
    assert_eq!(found, expect);
    assert!(!format!("{config:?}").contains(KEY), "a key in Debug");
}

#[track_caller]
fn check_refused(text: Option<&str>, variables: &[(&str, &str)], expect: &str) {
    let error = loaded(text, variables, &[]).unwrap_err();
    assert!(error.contains(expect), "{error}");
    assert!(!error.contains(KEY), "a key in an error: {error}");
}

#[test]
fn the_quick_way_needs_a_key_only() {
    check(None, &[("SPECTORA_API_KEY", KEY)], &[("spectora", KEY)]);
    check(None, &[("SPECTORA_API_KEY", KEY), ("SPECTORA_COMPANY_NAME", "mine")], &[("mine", KEY)]);
    check_refused(None, &[("SPECTORA_API_KEY", "${KEY}")], "spectora-mcp demo");
    check_refused(None, &[("SPECTORA_API_KEY", "  ")], "no company is configured");
    check_refused(None, &[("SPECTORA_API_KEY", KEY), ("SPECTORA_COMPANY_NAME", KEY)], "holds the key");
    check_refused(None, &[("SPECTORA_API_KEY", "two words")], "blanks");
}

#[test]
fn keys_come_from_four_places() {
    let literal = format!("[companies.a]\napi_key = \"{KEY}\"\ntimezone = \"America/Denver\"");
    check(Some(&literal), &[], &[("a", KEY)]);
    check(Some("[companies.a]\napi_key = { env = \"K\" }"), &[("K", KEY)], &[("a", KEY)]);
    check(Some("[companies.a]\napi_key = { file = \"key.txt\" }"), &[], &[("a", KEY)]);
    let command = format!("[companies.a]\napi_key = {{ command = [\"echo\", \"{KEY}\"] }}");
    check(Some(&command), &[], &[("a", KEY)]);
    check_refused(Some("[companies.a]\napi_key = { env = \"K\" }"), &[], "`K` is not set");
    check_refused(Some("[companies.a]\napi_key = { file = \"absent\" }"), &[], "cannot be read");
    check_refused(Some("[companies.a]\napi_key = { command = [\"false\"] }"), &[], "`false` failed");
    check_refused(Some("[companies.a]\n"), &[], "has no `api_key`");
}

#[test]
fn the_environment_overrides_the_file() {
    let two = "[companies.a]\napi_key = \"file-a\"\n[companies.b]\napi_key = \"file-b\"";
    check(Some(two), &[("SPECTORA_API_KEY", KEY), ("SPECTORA_COMPANY_NAME", "b")], &[("a", "file-a"), ("b", KEY)]);
    check_refused(Some(two), &[("SPECTORA_API_KEY", KEY)], "whose key");
    check(Some("[companies.a]\napi_key = \"file-a\""), &[("SPECTORA_API_KEY", KEY)], &[("a", KEY)]);
    let pinned = loaded(Some(two), &[], &["b"]).unwrap();
    assert_eq!(pinned.companies.len(), 1);
    assert!(loaded(Some(two), &[], &["c"]).unwrap_err().contains("no company `c`; configured: a, b"));
}

#[test]
fn a_company_says_which_names_are_one_and_which_count() {
    let settings = "same_names = { \"Radon Test\" = [\"Radon Testing\"] }\nnot_add_ons = [\"Veteran Discount\"]\n\
                    services_without_agents = [\"Pre-Listing\"]";
    let text = format!("[companies.a]\napi_key = \"{KEY}\"\n{settings}");
    let naming = loaded(Some(&text), &[], &[]).unwrap().companies.remove(0).naming;
    assert_eq!(naming.one("radon testing"), "Radon Test");
    assert!(!naming.is_add_on("VETERAN DISCOUNT") && naming.is_without_agent("pre-listing"));
    let week = |setting: &str| {
        let text = format!("[companies.a]\napi_key = \"{KEY}\"\n{setting}");
        loaded(Some(&text), &[], &[]).map(|config| config.companies[0].week_starts)
    };
    assert_eq!(week(""), Ok(WeekStart::Sunday));
    assert_eq!(week("week_starts = \"monday\""), Ok(WeekStart::Monday));
    assert!(week("week_starts = \"tuesday\"").unwrap_err().contains("sunday"));
    let twice = "same_names = { \"Radon Test\" = [\"Radon\"], \"Radon Kit\" = [\"radon\"] }";
    check_refused(Some(&format!("[companies.a]\napi_key = \"{KEY}\"\n{twice}")), &[], "each spelling under one name");
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_fix() {
    let with = |line: &str| format!("[companies.a]\napi_key = \"{KEY}\"\n{line}");
    check_refused(Some(&with("timezon = \"x\"")), &[], "line 3: unknown field `timezon`");
    check_refused(Some(&with("timezone = \"Denver\"")), &[], "America/Denver");
    check_refused(Some(&with("requests_per_minute = 0")), &[], "at least 1");
    check_refused(Some("[companies.\"Bad Name\"]\napi_key = \"k\""), &[], "spectora_residential");
    check_refused(Some(&with("[api.paths]\nclients = \"/x\"")), &[], "contacts");
    check_refused(Some(&with("[api.paths]\ncontacts = \"x\"")), &[], "no plain path");
    check_refused(Some(&format!("[companies.a]\napi_key = {{ envv = \"{KEY}\" }}")), &[], "line 2");
    check_refused(Some(&format!("[companies.a]\ntimezone = 5\napi_key = \"{KEY}\" oops")), &[], "line 3");
}

#[cfg(unix)]
#[test]
fn a_key_in_a_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spectora.toml");
    std::fs::write(&path, format!("[companies.a]\napi_key = \"{KEY}\"\ntimezone = \"UTC\"")).unwrap();
    let warnings = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let overrides = Overrides { config_file: Some(path.clone()), no_mirror: true, ..Overrides::default() };
        load(&overrides, &Environment::of(&[])).unwrap().warnings
    };
    assert!(warnings(0o644)[0].contains("chmod 600"));
    assert_eq!(warnings(0o600), Vec::<String>::new());
}
