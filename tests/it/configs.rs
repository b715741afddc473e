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

fn packaged(path: &str) -> Value {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn the_desktop_bundle_starts_the_program_as_it_wants_to_be_started_and_hides_keys() {
    let manifest = packaged("packaging/mcpb/manifest.json");
    let start = &manifest["server"]["mcp_config"];
    let arguments: Vec<&str> = start["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    check_command_line(&arguments);
    let fields = manifest["user_config"].as_object().unwrap();
    let mut asked: Vec<&str> = Vec::new();
    let environment = start["env"].as_object().unwrap();
    let values = environment.values().map(|value| value.as_str().unwrap());
    for value in values.chain(arguments.iter().copied()) {
        let Some(field) = value.strip_prefix("${user_config.").and_then(|rest| rest.strip_suffix('}')) else {
            continue;
        };
        asked.push(field);
        // What stands among the arguments is in every list of processes.
        assert!(!arguments.contains(&value) || fields[field].get("sensitive").is_none(), "{field}");
    }
    assert_eq!(asked.len(), fields.len());
    for (name, field) in fields {
        assert!(asked.contains(&name.as_str()), "{name} is asked for and not used");
        assert_eq!(field.get("sensitive").is_some(), name.starts_with("api_key"), "{name}");
    }
    assert!(environment.keys().all(|variable| variables().contains(variable.as_str())));
}

#[test]
fn all_packages_have_the_version_of_the_program_and_one_name() {
    let server = packaged("server.json");
    let npm = packaged("packaging/npm/package.json");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(packaged("packaging/mcpb/manifest.json")["version"], version);
    assert_eq!(npm["version"], version);
    assert_eq!(server["version"], version);
    assert_eq!(npm["mcpName"], server["name"]);
    assert!(server["description"].as_str().unwrap().len() <= 100, "the registry takes no longer one");
    for carried in npm["optionalDependencies"].as_object().unwrap().values() {
        assert_eq!(carried, version);
    }
    for package in server["packages"].as_array().unwrap() {
        assert_eq!(package["version"], version);
        check_command_line(&[package["packageArguments"][0]["value"].as_str().unwrap()]);
        for variable in package["environmentVariables"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            assert!(variables().contains(name), "{name}");
            assert_eq!(variable.get("isSecret").is_some(), name.contains("KEY"), "{name}");
        }
    }
}
