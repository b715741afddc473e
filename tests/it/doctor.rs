use std::process::Stdio;

use domain::{Clock as _, SystemClock};
use sandbox::{Profile, Sandbox, SandboxOptions};
use serde_json::Value;

use crate::cli::program;

/// What doctor says of the first company of this sandbox, by what it is about, and its exit code.
async fn examined(change: impl FnOnce(&mut SandboxOptions), key: fn(&Sandbox) -> String) -> (Vec<Value>, i32, u64) {
    let mut options = SandboxOptions::new(SystemClock.now());
    change(&mut options);
    let sandbox = Sandbox::start(options).await.unwrap();
    let (url, key) = (sandbox.base_url(), key(&sandbox));
    let output = tokio::task::spawn_blocking(move || {
        program()
            .args(["doctor", "--json", "--no-mirror", "--log-level", "error"])
            .env("SPECTORA_API_KEY", &key)
            .env("SPECTORA_TIMEZONE", "America/Denver")
            .env("SPECTORA_BASE_URL", url)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    (shown["findings"].as_array().unwrap().clone(), output.status.code().unwrap(), sandbox.log().len() as u64)
}

fn about(findings: &[Value], what: &str) -> String {
    let found = findings.iter().find(|finding| finding["about"].as_str().unwrap().ends_with(what));
    found.map(|finding| finding["what"].as_str().unwrap().to_owned()).unwrap_or_default()
}

fn good_key(sandbox: &Sandbox) -> String {
    sandbox.companies()[0].api_key.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_profiles_apart() {
    for (profile, zip, canceled) in [
        (Profile::Full, "zip works", "can be seen"),
        (Profile::Minimal, "zip ignored", "can be seen"),
        (Profile::Strict, "zip refused", "can be seen"),
        (Profile::Blind, "zip works", "none can be seen"),
    ] {
        let (findings, code, calls) = examined(|options| options.profile = profile, good_key).await;
        assert!(about(&findings, "filters of inspections").contains(zip), "{profile}");
        assert!(about(&findings, "canceled inspections").starts_with(canceled), "{profile}");
        assert!(about(&findings, "changes since").starts_with("no filter found"), "{profile}");
        assert!(about(&findings, "clock").starts_with("agrees"), "{profile}");
        assert_eq!(code, i32::from(profile == Profile::Blind), "{profile}");
        assert!(calls <= 60, "{profile}: {calls} calls");
        // The sandbox gives a file's address under one of the three names it may have.
        assert!(about(&findings, "inspection_attachments").contains("not on any of 25 rows: url"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_the_filter_for_changes() {
    let (findings, code, _) = examined(|options| options.changed_since = true, good_key).await;
    assert_eq!(about(&findings, "changes since"), "`updated_at_greater_than` works");
    assert_eq!(about(&findings, "deleted inspections"), "can be seen");
    assert_eq!(code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_with_a_key() {
    let (findings, code, calls) = examined(|_| {}, |sandbox| sandbox.companies()[0].expired_key.clone()).await;
    assert!(about(&findings, "inspections").contains("refused the API key"), "{findings:?}");
    assert_eq!((code, calls), (1, 1), "one call is enough to know");
    let (findings, code, _) = examined(|_| {}, |sandbox| sandbox.companies()[0].powerless_key.clone()).await;
    assert!(about(&findings, "inspections").contains("no right"), "{findings:?}");
    assert_eq!(code, 1);
}
