use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::cli::program;

fn read(name: &str) -> String {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "configs"].iter().collect();
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn help(command: &[&str]) -> String {
    let output = program().args(command).arg("--help").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every option of a command line stands in the help of its command.
#[track_caller]
fn check_command_line(arguments: &[&str]) {
    let help = help(&arguments[..1]);
    for option in arguments.iter().filter(|argument| argument.starts_with("--")) {
        assert!(help.contains(option), "{option} is no option of {}", arguments[0]);
    }
}

/// The variables of the environment that this program reads, by its own sources.
fn variables() -> String {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", "config"].iter().collect();
    std::fs::read_to_string(folder.join("environment.rs")).unwrap()
}

#[test]
fn entries_for_assistants_name_what_the_program_has() {
    for (name, servers) in [
        ("claude_desktop_config.one.json", "mcpServers"),
        ("claude_desktop_config.two.json", "mcpServers"),
        ("claude_code.mcp.json", "mcpServers"),
        ("vscode.mcp.json", "servers"),
    ] {
        let config: Value = serde_json::from_str(&read(name)).unwrap();
        let entries = config[servers].as_object().unwrap();
        assert!(!entries.is_empty());
        for entry in entries.values() {
            let arguments: Vec<&str> =
                entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
            check_command_line(&arguments);
            for variable in entry.get("env").and_then(Value::as_object).into_iter().flat_map(|env| env.keys()) {
                assert!(variables().contains(variable.as_str()), "{name}: {variable}");
            }
        }
    }
}

#[test]
fn service_and_container_start_the_program_as_it_wants_to_be_started() {
    for unit in ["spectora-mcp.service", "spectora-mcp.system.service"] {
        let unit = read(unit);
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        check_command_line(&start.split_whitespace().skip(1).collect::<Vec<_>>());
    }
    let compose = read("compose/compose.yaml");
    let command = compose.lines().find_map(|line| line.trim().strip_prefix("command: ")).unwrap();
    let arguments: Vec<String> = serde_json::from_str(command).unwrap();
    check_command_line(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let container = read("Containerfile");
    let command = container.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let arguments: Vec<String> = serde_json::from_str(command).unwrap();
    check_command_line(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!container.contains("KEY=sk") && container.contains("nonroot"));
}
