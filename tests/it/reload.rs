//! The configuration changes while the program serves.

use std::path::Path;
use std::time::{Duration, Instant};

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::cli::program;
use crate::processes::{Server, sandbox};

/// A company's section, with the key in a file of its name.
fn section(sandbox: &Sandbox, index: usize) -> String {
    let company = &sandbox.companies()[index];
    format!("[companies.{}]\ntimezone = \"{}\"\nrequests_per_minute = 10000\n", company.name, company.timezone)
}

fn put_key(folder: &Path, name: &str, key: &str) {
    std::fs::write(folder.join("keys").join(name), key).unwrap();
}

/// Asks until the answer is as wanted; gives it.
#[track_caller]
fn until(server: &mut Server, what: &str, tool: &str, arguments: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let answer = server.call(tool, arguments.clone());
        if wanted(&answer) {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(25), "{what}: {answer}");
        std::thread::sleep(Duration::from_millis(150));
    }
}

fn companies(answer: &Value) -> Vec<&str> {
    let items = answer["structuredContent"]["items"].as_array();
    items.into_iter().flatten().filter_map(|item| item["company"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_and_keys_change_while_it_serves_and_a_bad_file_changes_nothing() {
    let sandbox = sandbox(300, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    let (first, second) = (&sandbox.companies()[0], &sandbox.companies()[1]);
    put_key(folder.path(), first.name, &first.api_key);
    put_key(folder.path(), second.name, "example-key-that-is-wrong");
    let file = folder.path().join("spectora.toml");
    let shared = format!("[api]\nbase_url = \"{}\"\n[keys]\nfolder = \"keys\"\n", sandbox.base_url());
    let (one, two) = (section(&sandbox, 0) + &shared, section(&sandbox, 0) + &section(&sandbox, 1) + &shared);
    std::fs::write(&file, &one).unwrap();
    let mut command = program();
    command.args(["serve", "--log-level", "error"]).env("SPECTORA_CONFIG", &file);
    command.arg("--data-dir").arg(folder.path().join("data"));
    let (name, other, key) = (first.name, second.name, second.api_key.clone());
    let place = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(command);
        let all = json!({});
        until(&mut server, "the first company", "list_companies", &all, |answer| companies(answer) == [name]);

        // A company is added; the tools offer it.
        std::fs::write(&file, &two).unwrap();
        until(&mut server, "a second one", "list_companies", &all, |answer| companies(answer).len() == 2);
        assert!(server.ask("tools/list", json!({})).to_string().contains(&format!("\"{other}\"")));

        // Its key is refused, until it is mended; what failed before does not hold it up.
        let agents = json!({"company": [other], "limit": 1});
        let refused = |answer: &Value| answer.to_string().contains("key");
        until(&mut server, "a refused key", "list_agents", &agents, |answer| {
            answer["isError"] == true && refused(answer)
        });
        put_key(&place, other, &key);
        until(&mut server, "a mended key", "list_agents", &agents, |answer| answer["isError"] != true);

        // What cannot be used changes nothing, and says why.
        std::fs::write(&file, two.replace("timezone", "timezon")).unwrap();
        let told = |answer: &Value| answer.to_string().contains("unknown field `timezon`");
        let answer = until(&mut server, "a bad file", "list_companies", &all, told);
        assert_eq!(companies(&answer), [name, other]);
        assert_ne!(server.call("list_agents", agents.clone())["isError"], true);
        std::fs::write(&file, &two).unwrap();
        until(&mut server, "a mended file", "list_companies", &all, |answer| !told(answer));

        // A company is removed, and is nowhere any more.
        std::fs::write(&file, &one).unwrap();
        until(&mut server, "one removed", "list_companies", &all, |answer| companies(answer) == [name]);
        let failure = server.failure("list_agents", agents.clone());
        assert!(failure.contains("company"), "{failure}");
        assert!(!server.ask("tools/list", json!({})).to_string().contains(other));
    })
    .await
    .unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_prints_a_key_is_run_again_when_the_key_is_refused() {
    let sandbox = sandbox(300, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let company = &sandbox.companies()[0];
    let printed = folder.path().join("printed");
    std::fs::write(&printed, "example-key-that-is-wrong").unwrap();
    let file = folder.path().join("spectora.toml");
    let text = format!(
        "[companies.{}]\ntimezone = \"{}\"\napi_key = {{ command = [\"cat\", '{}'] }}\n[api]\nbase_url = \"{}\"\n",
        company.name,
        company.timezone,
        printed.display(),
        sandbox.base_url()
    );
    std::fs::write(&file, text).unwrap();
    let mut command = program();
    command.args(["serve", "--no-mirror", "--log-level", "error", "--config"]).arg(&file);
    let key = company.api_key.clone();
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(command);
        server.call("list_companies", json!({}));
        std::fs::write(&printed, key).unwrap();
        let failure = server.failure("list_agents", json!({"limit": 1}));
        assert!(failure.contains("key"), "{failure}");
        let fine = |answer: &Value| answer["isError"] != true;
        until(&mut server, "another key", "list_agents", &json!({"limit": 1}), fine);
    })
    .await
    .unwrap();
}
