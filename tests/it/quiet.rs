use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use sandbox::{Faults, Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::cli::program;

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;

/// Replies and log of the built program on this sandbox, over stdio.
fn converse(sandbox: &Sandbox, calls: &[(&str, Value)]) -> (Vec<Value>, String) {
    let company = &sandbox.companies()[0];
    let mut child = program()
        .args(["serve", "--no-mirror", "--log-level", "trace", "--log-format", "json"])
        .env("SPECTORA_API_KEY", &company.api_key)
        .env("SPECTORA_COMPANY_NAME", company.name)
        .env("SPECTORA_TIMEZONE", company.timezone)
        .env("SPECTORA_BASE_URL", sandbox.base_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || std::io::read_to_string(&mut errors).unwrap());
    let mut input = child.stdin.take().unwrap();
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    writeln!(input, "{HELLO}\n{initialized}").unwrap();
    for (index, (tool, arguments)) in calls.iter().enumerate() {
        let call = json!({"jsonrpc": "2.0", "id": index + 2, "method": "tools/call",
                          "params": {"name": tool, "arguments": arguments}});
        writeln!(input, "{call}").unwrap();
    }
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut replies = Vec::new();
    while replies.len() < calls.len() + 1 {
        let mut line = String::new();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "standard output ended early");
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0");
        replies.push(message);
    }
    drop(input);
    let rest = std::io::read_to_string(&mut output).unwrap();
    assert!(rest.is_empty(), "{rest}");
    assert!(child.wait().unwrap().success());
    (replies, log.join().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn under_faults_stdout_is_json_rpc_and_the_log_holds_no_secret() {
    let sandbox = Sandbox::start(SandboxOptions::new(crate::support::now())).await.unwrap();
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    let (client, agent) = (&company.clients[3], &company.agents[3]);
    sandbox.set_faults(Faults::parse(["*:20%=any"]).unwrap());
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(("list_clients", json!({"text": client.last_name(), "include": "contact"})));
        calls.push(("get_client", json!({"id": client.id, "include": "contact"})));
        calls.push(("get_agent", json!({"agent": agent.name(), "include": "contact"})));
        calls.push(("list_inspections", json!({"client": client.last_name(), "period": "last_30_days"})));
        calls.push(("list_inspections", json!({"zip": "00000", "agent": agent.name()})));
        calls.push(("list_agents", json!({"wrong": client.last_name()})));
    }
    let (replies, log) = tokio::task::block_in_place(|| converse(&sandbox, &calls));
    assert_eq!(replies.len(), calls.len() + 1);
    assert!(log.lines().count() > 20, "{log}");
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string());
    }
    let secrets = [
        sandbox.companies()[0].api_key.clone(),
        "Bearer".to_owned(),
        "@example.com".to_owned(),
        "555-01".to_owned(),
        client.last_name().to_owned(),
        agent.first_name.clone(),
    ];
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "the log holds {secret}");
    }
}

#[test]
fn a_long_call_reports_its_progress_and_can_be_cancelled() {
    let mut child = program()
        .args(["serve", "--demo", "--demo-inspections", "3000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    writeln!(input, "{HELLO}\n{initialized}").unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    assert_eq!(next()["id"], 1);
    // The demo fills its mirrors first, which may take a while.
    let ask = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {
        "name": "list_companies", "arguments": {}}});
    loop {
        writeln!(input, "{ask}").unwrap();
        let companies = next()["result"]["structuredContent"]["items"].clone();
        if companies.as_array().unwrap().iter().all(|company| company["mirror"] == "complete") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    // The smaller company, whose reading ends well before a call must, on a slow machine too.
    let refresh = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "refresh", "arguments": {"full": true, "company": "spectora_residential"}, "_meta": {"progressToken": "p"}}});
    writeln!(input, "{refresh}").unwrap();
    let mut steps = Vec::new();
    let reply = loop {
        let message = next();
        if message["method"] == "notifications/progress" {
            assert_eq!(message["params"]["progressToken"], "p");
            steps.push(message["params"]["progress"].as_f64().unwrap());
            continue;
        }
        break message;
    };
    assert_ne!(reply["result"]["isError"], true, "{reply}");
    assert!(2 < steps.len() && steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
    // A call that is cancelled is not answered, and the server goes on.
    let again = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
        "name": "refresh", "arguments": {"full": true}}});
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}});
    let list = json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "list_companies"}});
    writeln!(input, "{again}").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    writeln!(input, "{cancel}\n{list}").unwrap();
    let reply = next();
    assert_eq!(reply["id"], 4, "{reply}");
    drop(input);
    assert!(child.wait().unwrap().success());
}
