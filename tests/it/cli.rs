use std::process::{Command, Output, Stdio};

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::TokioChildProcess;
use serde_json::Value;

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spectora-mcp"));
    command.env_clear().env("HOME", std::env::temp_dir().join("no-such-home"));
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_demo_answers_without_a_key() {
    let output = run(&["demo"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for part in ["spectora_company1", "spectora_residential", "America/Denver", "mcpServers", "canceled"] {
        assert!(shown.contains(part), "{part}");
    }
}

#[test]
fn a_newcomer_without_a_key_is_told_what_to_do() {
    let output = run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("spectora-mcp setup") && text(&output.stdout).contains("spectora-mcp demo"));
    let output = run(&["sync"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("spectora-mcp setup") && output.stdout.is_empty());
    // A server starts all the same and says it when it is asked (start.rs); its log says it too.
    let output = run(&["serve"]);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("spectora-mcp demo"));
    assert!(output.stdout.is_empty());
}

#[test]
fn call_gives_json_a_table_and_an_exit_code() {
    let output = run(&["call", "--demo", "--no-mirror", "--json", "list_companies"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["total"], 2);
    let output = run(&[
        "call",
        "--demo",
        "--demo-inspections",
        "400",
        "list_inspections",
        "period=tomorrow",
        "company=spectora_company1",
    ]);
    assert!(text(&output.stdout).contains("Basis: mirror as of"));
    let output = run(&["call", "--demo", "--no-mirror", "list_inspections", "periood=tomorrow"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("did you mean `period`?"));
}

#[test]
fn the_doctor_finds_a_refused_key_and_shows_none() {
    let output = run(&["doctor", "--demo"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("zip works"));
}

#[tokio::test]
async fn stdio_speaks_nothing_but_the_protocol() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_spectora-mcp"));
    command.args(["serve", "--demo", "--demo-inspections", "400"]).env_clear();
    let client = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
    assert_eq!(client.list_all_tools().await.unwrap().len(), 20);
    let result = client.call_tool(CallToolRequestParams::new("list_companies")).await.unwrap();
    assert_eq!(result.structured_content.unwrap()["total"], 2);
    client.cancel().await.unwrap();
}

#[test]
fn every_line_on_stdout_is_json_rpc_also_for_odd_input() {
    use std::io::Write as _;
    let mut child = program()
        .args(["serve", "--demo", "--demo-inspections", "400"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
    let lines = [
        hello,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        "this is not JSON",
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_companies","arguments":"{}"}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"list_agents","arguments":{"limit":"2"}}}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"no_such_tool"}}"#,
    ];
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", lines.join("\n")).unwrap();
    // The server answers what it has read before it sees the end.
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut answered = Vec::new();
    while answered.len() < 4 {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0");
        answered.push(message);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    let reply = |id: u64| answered.iter().find(|message| message["id"] == id).unwrap().clone();
    assert_eq!(reply(1)["result"]["serverInfo"]["name"], "spectora-mcp");
    assert_eq!(reply(2)["result"]["structuredContent"]["total"], 2);
    assert_eq!(reply(3)["result"]["structuredContent"]["items"].as_array().unwrap().len(), 2);
    assert!(reply(4)["error"]["message"].as_str().unwrap().contains("no such tool"));
}

#[test]
fn stdio_speaks_the_revision_without_a_handshake() {
    use std::io::Write as _;
    let mut child = program()
        .args(["serve", "--demo", "--demo-inspections", "400"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let mut input = child.stdin.take().unwrap();
    writeln!(input, r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{meta}}}}}"#).unwrap();
    let call = r#""jsonrpc":"2.0","id":2,"method":"tools/call""#;
    writeln!(input, r#"{{{call},"params":{{"name":"list_companies","arguments":{{}},{meta}}}}}"#).unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut reply = || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let discovered = reply();
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.iter().any(|version| version == "2026-07-28"), "{discovered}");
    assert_eq!(discovered["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "spectora-mcp");
    let called = reply();
    assert_eq!(called["result"]["structuredContent"]["total"], 2);
    assert_eq!(called["result"]["resultType"], "complete");
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_examples_in_configs_are_valid() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    for name in ["claude_desktop_config.one.json", "claude_desktop_config.two.json"] {
        let entry: Value = serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap();
        assert!(entry["mcpServers"]["spectora_company1"]["args"][0] == "serve");
    }
    let output = program()
        .args(["tools", "--no-mirror", "--config"])
        .arg(folder.join("spectora.toml"))
        .env("SPECTORA_COMPANY1_KEY", "example-key-1")
        .env("SPECTORA_RESIDENTIAL_KEY", "example-key-2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("portal_link"));
}

#[test]
fn a_role_that_cannot_be_had_is_refused_with_what_to_do() {
    for (arguments, part) in [
        (&["--role", "boss"][..], "there are: inspector, marketing, office, owner"),
        (&["--role", "inspector"], "add --as INSPECTOR"),
        (&["--role", "office", "--as", "Walt Brennan"], "leave out --as"),
        (&["--as", "Walt Brennan"], "--role"),
        (&["--role", "office", "--http"], "--http"),
    ] {
        let output = run(&[&["serve", "--demo"], arguments].concat());
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(part), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn an_entry_with_a_role_shows_what_the_role_does() {
    let mut command = tokio::process::Command::from(program());
    command.args(["serve", "--demo", "--demo-inspections", "300", "--role", "inspector", "--as", "Walt Brennan"]);
    let client = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
    let request = CallToolRequestParams::new("inspector_scorecard");
    let arguments = serde_json::json!({"period": "last_year", "company": "spectora_company1"});
    let request = request.with_arguments(arguments.as_object().unwrap().clone());
    let answer = client.call_tool(request).await.unwrap().structured_content.unwrap();
    let part = &answer["companies"][0];
    assert_eq!(part["inspectors"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(part["inspectors"][0]["inspector"], "Walt Brennan");
    assert!(part.get("whole_company").is_none() && !answer.to_string().contains("revenue"), "{answer}");
    client.cancel().await.unwrap();
}

#[test]
fn completions_and_man_pages_are_written_and_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for (what, files) in [
        ("completions", ["spectora-mcp.bash", "_spectora-mcp", "spectora-mcp.fish", "_spectora-mcp.ps1"].as_slice()),
        ("man", ["spectora-mcp.1", "spectora-mcp-setup.1", "spectora-mcp-mirror-status.1"].as_slice()),
    ] {
        let into = folder.path().join(what);
        let output = run(&["generate", what, into.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        for file in files {
            let written = std::fs::read_to_string(into.join(file)).unwrap();
            assert!(written.contains("setup") || file.contains("mirror"), "{file}");
        }
    }
    let help = text(&run(&["--help"]).stdout);
    assert!(help.contains("setup") && !help.contains("generate"));
    // A page of a command that is not shown would be in the way.
    assert!(!folder.path().join("man").join("spectora-mcp-generate.1").exists());
}
