//! A server starts whatever its configuration, and leaves nothing behind when it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::program;
use crate::processes::{Server, command, sandbox};

/// So many tools are shown to an assistant by default.
fn tools_by_default() -> usize {
    let output = program().args(["tools", "--demo", "--json"]).output().unwrap();
    serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap().len()
}

fn serve(arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("serve").args(arguments);
    command
}

#[test]
fn a_server_without_a_configuration_lists_its_tools_and_says_what_to_do() {
    let mut server = Server::start(serve(&[]));
    let listed = server.ask("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), tools_by_default());
    for tool in ["list_companies", "inspector_scorecard"] {
        let failure = server.failure(tool, json!({}));
        assert!(failure.contains("no company is configured") && failure.contains("SPECTORA_API_KEY"), "{failure}");
    }
    // The same whatever the arguments are: what is wrong first is said first.
    let failure = server.failure("list_inspections", json!({"company": "mine"}));
    assert!(failure.contains("no company is configured"), "{failure}");
    let status = server.ask("resources/read", json!({"uri": "spectora://status"}));
    assert!(status["result"]["contents"][0]["text"].as_str().unwrap().contains("no company is configured"), "{status}");
    let read = server.ask("resources/read", json!({"uri": "spectora://definitions"}));
    assert!(read["result"]["contents"][0]["text"].as_str().unwrap().contains("Booked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_mended_needs_no_restart() {
    let sandbox = sandbox(400, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    // Writes a good file first; then it is broken.
    let command = command(&sandbox, folder.path(), 10_000, &["serve"]);
    let file = folder.path().join("spectora.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace("timezone", "timezon")).unwrap();
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(command);
        let failure = server.failure("list_companies", json!({}));
        assert!(failure.contains("unknown field `timezon`") && failure.contains("line 3"), "{failure}");
        std::fs::write(&file, good).unwrap();
        let mended = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            server.call("list_companies", json!({}))["isError"] != true
        });
        assert!(mended, "{}", server.call("list_companies", json!({})));
    })
    .await
    .unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn commands_that_print_keys_run_together_and_hold_nobody_up() {
    let sandbox = sandbox(400, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    // Each waits for the other two and for a word from here, which comes after the tools were listed.
    let script = |name: &str| {
        format!(
            "touch {place}/{name}.on; until [ -e {place}/a.on ] && [ -e {place}/b.on ] && [ -e {place}/c.on ] && \
             [ -e {place}/go ]; do sleep 0.05; done; echo {}",
            sandbox.companies()[0].api_key
        )
    };
    let company = |name: &str| {
        let command = format!("[\"sh\", \"-c\", \"{}\"]", script(name));
        format!("[companies.{name}]\ntimezone = \"UTC\"\napi_key = {{ command = {command} }}\n")
    };
    let companies = ["a", "b", "c"].map(company).concat();
    let config = folder.path().join("spectora.toml");
    std::fs::write(&config, format!("{companies}[api]\nbase_url = \"{}\"\n", sandbox.base_url())).unwrap();
    let mut command = serve(&["--no-mirror", "--config"]);
    command.arg(&config).env("PATH", "/usr/bin:/bin");
    let go = folder.path().join("go");
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(command);
        let listed = server.ask("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap();
        let agents = tools.iter().find(|tool| tool["name"] == "list_agents").unwrap();
        assert_eq!(agents["inputSchema"]["properties"]["company"]["items"]["enum"], json!(["a", "b", "c"]));
        std::fs::write(go, "").unwrap();
        assert_eq!(server.answer("list_companies", json!({}))["total"], 3);
    })
    .await
    .unwrap();
}

#[test]
fn over_http_too_a_server_says_what_is_wrong() {
    let mut child = serve(&["--http", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = errors.find_map(|line| line.ok().filter(|line| line.contains("http://"))).unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_companies","arguments":{}}}"#;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let length = call.len();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{call}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200") && reply.contains("no company is configured"), "{reply}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_first_question_to_the_demo_is_answered() {
    let mut server = Server::start(serve(&["--demo"]));
    let ask = |_| server.call("inspector_scorecard", json!({"period": "last_month"}));
    // On a busy machine the first reading may take longer than a call may; that is no "not yet".
    let is_slow = |result: &Value| result.to_string().contains("no answer within");
    let result = (0..10).map(ask).find(|result| !is_slow(result)).unwrap();
    assert_ne!(result["isError"], true, "{result}");
    let answer = &result["structuredContent"];
    assert_eq!(answer["basis"]["complete"], true, "{}", answer["basis"]);
    assert_eq!(answer["basis"]["source"], "mirror");
}

/// The folders of the demo in this place, each with what is in it.
fn folders(place: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    entries(place).into_iter().map(|folder| (folder.clone(), entries(&folder))).collect()
}

#[cfg(unix)]
#[test]
fn the_demo_leaves_no_folder_behind() {
    let place = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = serve(&["--demo", "--demo-inspections", "400"]);
        command.env("TMPDIR", place.path());
        Server::start(command)
    };
    let mut asked = start();
    asked.answer("list_companies", json!({}));
    assert_eq!(folders(place.path()).len(), 1);
    let unasked = start();
    for mut server in [asked, unasked] {
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(server.child.wait().unwrap().success(), "it ends in order when it is told to");
    }
    assert_eq!(folders(place.path()), []);
    // One that is killed cannot tidy up; the next one does it.
    let mut killed = start();
    killed.answer("list_companies", json!({}));
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert_eq!(folders(place.path()).len(), 1);
    // The demo is opened beside the first messages: one that is stopped before has looked at no folder.
    let mut next = start();
    next.answer("list_companies", json!({}));
    drop(next);
    assert_eq!(folders(place.path()), []);
}

#[test]
fn a_thousand_companies_cost_what_is_used_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("spectora.toml");
    let one = |number: usize| {
        format!("[companies.office{number:04}]\napi_key = \"example-key-{number}\"\ntimezone = \"America/Denver\"\n")
    };
    std::fs::write(&config, (0..1_000).map(one).collect::<String>()).unwrap();
    let data = folder.path().join("data");
    let mut command = serve(&["--base-url", "http://127.0.0.1:9", "--config"]);
    command.arg(&config).arg("--data-dir").arg(&data);
    let mut server = Server::start(command);
    let listed = server.ask("tools/list", json!({})).to_string();
    assert!(listed.len() < 40_000 && !listed.contains("office0001"), "{}", listed.len());
    let failure = server.failure("list_inspections", json!({"company": "office00077"}));
    assert!(failure.contains("no company `office00077`") && failure.contains("did you mean `office0"), "{failure}");
    // Asking how all of them stand opens none.
    let listed = server.call("list_companies", json!({}));
    assert_eq!(listed["structuredContent"]["total"], 1_000, "{listed}");
    // The service is not there; its company's mirror is opened all the same, and no other's.
    server.failure("list_inspections", json!({"company": "office0007", "period": "last_month"}));
    std::thread::sleep(Duration::from_secs(1));
    let files: Vec<String> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("office"))
        .collect();
    assert!(!files.is_empty() && files.iter().all(|name| name.starts_with("office0007")), "{files:?}");
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
        let used = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = used.split_whitespace().next().unwrap().parse().unwrap();
        assert!(kilobytes < 100_000, "{kilobytes} kB");
        let open = std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count();
        assert!(open < 100, "{open} files");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_certificate_authorities_only_the_real_service_is_out_of_reach() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = empty.path().join("none.pem");
    std::fs::write(&nothing, "").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).env("SSL_CERT_FILE", &nothing).env("SSL_CERT_DIR", empty.path());
        command.env("SPECTORA_API_KEY", "example-key").env("SPECTORA_TIMEZONE", "UTC").stdin(Stdio::null());
        command.output().unwrap()
    };
    assert!(run(&["tools", "--no-mirror"]).status.success());
    let demo = run(&["call", "--demo", "--no-mirror", "list_companies"]);
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let real = run(&["call", "--no-mirror", "list_companies"]);
    let shown = String::from_utf8(real.stderr).unwrap();
    assert!(!real.status.success() && shown.contains("ca-certificates"), "{shown}");
}

#[test]
fn a_proxy_that_does_not_answer_is_named_as_the_reason() {
    let output = program()
        .args(["call", "--no-mirror", "--log-level", "error", "list_inspections", "limit=1"])
        .env("SPECTORA_API_KEY", "example-key")
        .env("SPECTORA_TIMEZONE", "UTC")
        .env("SPECTORA_BASE_URL", "https://connect.example.com")
        // Port 9 discards, and nothing listens there.
        .env("ALL_PROXY", "socks5h://127.0.0.1:9")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("the proxy of this network did not connect to it (SOCKS error"), "{shown}");
}

#[test]
fn a_tilde_is_the_home_folder_without_a_shell() {
    let home = tempfile::tempdir().unwrap();
    let config = "[companies.mine]\napi_key = \"example-key\"\ntimezone = \"UTC\"\n";
    std::fs::write(home.path().join("s.toml"), config).unwrap();
    let output = program()
        .args(["mirror", "status", "--config", "~/s.toml", "--data-dir", "~/d"])
        .current_dir(home.path())
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(home.path().join("d/mine.sqlite").is_file());
    let output = program()
        .args(["call", "--demo", "--demo-inspections", "400", "list_companies", "--data-dir", "~/e"])
        .current_dir(home.path())
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(home.path().join("e/ledger.sqlite").is_file() && !home.path().join("~").exists());
}
