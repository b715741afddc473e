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
    load(&overrides, &Environment::of(variables)).map_err(|error| format!("{error} | {}", error.remedy()))
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
fn more_companies_have_a_number_behind_their_variables() {
    let first = [("SPECTORA_API_KEY", KEY), ("SPECTORA_COMPANY_NAME", "one"), ("SPECTORA_TIMEZONE", "America/Denver")];
    let with = |more: &[(&'static str, &'static str)]| [first.as_slice(), more].concat();
    let second = [("SPECTORA_API_KEY_2", "k2"), ("SPECTORA_COMPANY_NAME_2", "two"), ("SPECTORA_TIMEZONE_2", "UTC")];
    check(None, &with(&second), &[("one", KEY), ("two", "k2")]);
    let config = loaded(None, &with(&second), &[]).unwrap();
    assert_eq!(config.companies[0].timezone.iana_name(), Some("America/Denver"));
    assert_eq!(config.companies[1].timezone.iana_name(), Some("UTC"));
    assert_eq!(config.warnings, Vec::<String>::new());
    check(None, &with(&[("SPECTORA_API_KEY_2", "k2")]), &[("one", KEY), ("spectora_2", "k2")]);
    check(None, &[("SPECTORA_API_KEY", KEY), ("SPECTORA_API_KEY_2", "k2")], &[("spectora", KEY), ("spectora_2", "k2")]);
    check(None, &with(&[("SPECTORA_API_KEY_9", "k9")]), &[("one", KEY), ("spectora_9", "k9")]);
    // What a client leaves of fields that nobody filled in.
    let left = [("SPECTORA_API_KEY_2", "${user_config.api_key_2}"), ("SPECTORA_COMPANY_NAME_2", "")];
    check(None, &with(&left), &[("one", KEY)]);
    check_refused(
        None,
        &with(&[("SPECTORA_API_KEY_2", "k2"), ("SPECTORA_COMPANY_NAME_2", "one")]),
        "both for company one",
    );
    check_refused(
        None,
        &with(&[("SPECTORA_API_KEY_2", KEY), ("SPECTORA_COMPANY_NAME_2", KEY)]),
        "NAME_2` holds the key",
    );
    let unused = loaded(None, &with(&[("SPECTORA_COMPANY_NAME_2", "two")]), &[]).unwrap();
    assert!(unused.warnings[0].contains("SPECTORA_COMPANY_NAME_2 is set and not used"), "{:?}", unused.warnings);
}

#[test]
fn a_file_that_a_client_did_not_fill_in_is_none() {
    let environment = Environment::of(&[("SPECTORA_API_KEY", KEY)]);
    for given in ["${user_config.settings_file}", "", " "] {
        let overrides = Overrides { config_file: Some(given.into()), no_mirror: true, ..Overrides::default() };
        assert_eq!(load(&overrides, &environment).unwrap().companies.len(), 1, "{given:?}");
    }
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

/// A key as services really make them.
const LONG_KEY: &str = "q7Xr2b9Lk4Tz8Wm1";

#[test]
fn what_may_be_a_key_is_not_repeated() {
    let with = |key: &str| format!("[companies.a]\napi_key = {key}\ntimezone = \"UTC\"");
    for key in [KEY, LONG_KEY, "THE KEY"] {
        let check = |text: Option<String>, variables: &[(&str, &str)], expect: &str| {
            let error = loaded(text.as_deref(), variables, &[]).unwrap_err();
            assert!(error.contains(expect), "{expect}: {error}");
            assert!(!error.contains(key), "a key in an error: {error}");
        };
        check(Some(with(&format!("{{ env = \"{key}\" }}"))), &[], "named by `env` is not set");
        check(Some(with(&format!("{{ file = \"{key}\" }}"))), &[], "cannot be read");
        check(Some(with(&format!("{{ command = [\"{key}\"] }}"))), &[], "cannot be run");
        check(Some(with(&format!("{{ command = \"{key}\" }}"))), &[], "line 2");
        check(Some(with(&format!("[\"{key}\"]"))), &[], "line 2");
        check(Some(with(&format!("{{ \"{key}\" = \"env\" }}"))), &[], "line 2");
        check(Some(with(&format!("{{ key = \"{key}\" }}"))), &[], "line 2");
        check(Some(with(&format!("'{key}' \"{key}\""))), &[], "line 2");
        check(Some(with(key)), &[], "line 2");
    }
    let swapped = [("SPECTORA_API_KEY", "spectora_company1"), ("SPECTORA_COMPANY_NAME", LONG_KEY)];
    check_refused(None, &swapped, "`SPECTORA_COMPANY_NAME` holds the key");
    let plain = |text: &str, variables: &[(&str, &str)]| loaded(Some(text), variables, &[]).unwrap_err();
    for error in [
        plain(&format!("[companies.a]\napi_key = \"k\"\ntimezone = \"{LONG_KEY}\""), &[]),
        plain(&format!("[companies.{LONG_KEY}]\napi_key = \"k\"\ntimezone = \"UTC\""), &[]),
        plain(&format!("[companies.a]\n{LONG_KEY} = \"k\""), &[]),
        plain(
            &format!("[companies.a]\napi_key = \"k\"\ntimezone = \"UTC\"\n[api.paths]\ncontacts = \"{LONG_KEY}\""),
            &[],
        ),
        loaded(None, &[("SPECTORA_API_KEY", "k"), ("SPECTORA_TIMEZONE", LONG_KEY)], &[]).unwrap_err(),
        loaded(None, &[("SPECTORA_API_KEY", "k"), ("SPECTORA_CONFIG", LONG_KEY)], &[]).unwrap_err(),
        loaded(Some("[companies.a]\napi_key = \"k\"\ntimezone = \"UTC\""), &[], &[LONG_KEY]).unwrap_err(),
    ] {
        assert!(!error.contains(LONG_KEY), "{error}");
    }
}

#[test]
fn a_home_folder_is_meant_by_a_tilde_wherever_a_path_is_given() {
    let home = tempfile::tempdir().unwrap();
    let text =
        "[companies.a]\napi_key = { file = \"~/a.key\" }\ntimezone = \"UTC\"\n[mirror]\nfolder = \"~/from-file\"";
    std::fs::write(home.path().join("s.toml"), text).unwrap();
    std::fs::write(home.path().join("a.key"), KEY).unwrap();
    let at = |overrides: &Overrides, variables: &[(&str, &str)]| {
        let environment = Environment::of(variables).with_home(home.path().to_owned());
        let config = load(overrides, &environment).unwrap();
        assert_eq!(config.companies[0].api_key.expose_secret(), KEY);
        config.data_dir.unwrap()
    };
    let file = Some(PathBuf::from("~/s.toml"));
    let by_flag = Overrides { config_file: file.clone(), ..Overrides::default() };
    assert_eq!(at(&by_flag, &[]), home.path().join("from-file"));
    let both = Overrides { config_file: file, data_dir: Some("~/d".into()), ..Overrides::default() };
    assert_eq!(at(&both, &[]), home.path().join("d"));
    let variables = [("SPECTORA_CONFIG", "~/s.toml"), ("SPECTORA_DATA_DIR", "~/e")];
    assert_eq!(at(&Overrides::default(), &variables), home.path().join("e"));
    let unknown = load(&by_flag, &Environment::of(&[])).unwrap_err();
    assert!(matches!(unknown, ConfigError::NoHome), "{unknown}");
}

#[test]
fn files_that_windows_shells_write_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let wide = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(unit).collect() };
    let text = "[companies.a]\napi_key = { file = \"a.key\" }\ntimezone = \"UTC\"\n";
    let line = format!("{KEY}\r\n");
    let in_every_way = |text: &str| {
        [
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".to_vec(), wide(text, u16::to_le_bytes)].concat(),
            [b"\xfe\xff".to_vec(), wide(text, u16::to_be_bytes)].concat(),
            wide(text, u16::to_le_bytes),
        ]
    };
    let path = folder.path().join("spectora.toml");
    for (file, key) in in_every_way(text).into_iter().zip(in_every_way(&line)) {
        std::fs::write(&path, file).unwrap();
        std::fs::write(folder.path().join("a.key"), key).unwrap();
        let overrides = Overrides { config_file: Some(path.clone()), no_mirror: true, ..Overrides::default() };
        let config = load(&overrides, &Environment::of(&[])).unwrap();
        assert_eq!(config.companies[0].api_key.expose_secret(), KEY);
    }
    std::fs::write(folder.path().join("a.key"), b"\xc3\x28\xff").unwrap();
    let overrides = Overrides { config_file: Some(path), no_mirror: true, ..Overrides::default() };
    let error = load(&overrides, &Environment::of(&[])).unwrap_err().to_string();
    assert!(error.contains("no text in UTF-8 or UTF-16"), "{error}");
}

#[test]
fn a_backslash_in_double_quotes_is_named() {
    let with =
        |folder: &str| format!("[companies.a]\napi_key = \"{KEY}\"\ntimezone = \"UTC\"\n[mirror]\nfolder = {folder}");
    for folder in [r#""C:\Users\me""#, r#""C:\temp""#, r#""C:\new""#] {
        check_refused(Some(&with(folder)), &[], "line 5");
        check_refused(Some(&with(folder)), &[], "single quotes");
    }
    let config = loaded(Some(&with(r"'C:\temp'")), &[], &[]).unwrap();
    assert_eq!(config.companies.len(), 1);
    check_refused(Some("[companies.a]\napi_key = { file = \"D:\\keys\\a.key\" }"), &[], "single quotes");
}

#[cfg(unix)]
#[test]
fn a_key_command_that_leaves_a_child_behind_is_not_waited_for() {
    // The child holds the output open until the key is here, or gives up.
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let child = format!("for n in $(seq 600); do [ -e {place}/read ] && exit; sleep 0.1; done; touch {place}/given-up");
    let text = format!("[companies.a]\napi_key = {{ command = [\"sh\", \"-c\", \"({child}) & echo {KEY}\"] }}");
    check(Some(&text), &[], &[("a", KEY)]);
    std::fs::write(folder.path().join("read"), "").unwrap();
    assert!(!folder.path().join("given-up").exists(), "it waited for the child");
}

#[test]
fn a_variable_that_does_nothing_is_warned_of() {
    let text = "[companies.a]\napi_key = { env = \"K\" }\ntimezone = \"UTC\"";
    let config = loaded(Some(text), &[("SPECTORA_TIMEZONE", "America/Denver"), ("K", "k")], &[]).unwrap();
    assert!(config.warnings[0].contains("SPECTORA_TIMEZONE is set and not used"), "{:?}", config.warnings);
    let used = [("SPECTORA_TIMEZONE", "America/Denver"), ("SPECTORA_API_KEY", "k")];
    assert_eq!(loaded(Some(text), &used, &[]).unwrap().warnings, Vec::<String>::new());
}
