//! Several processes of the built program on one mirror, and processes that are killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::{Clock as _, SystemClock};
use sandbox::{Faults, Limits, RetryAfter, Sandbox, SandboxOptions};
use serde_json::{Value, json};

use crate::cli::program;

pub(crate) async fn sandbox(rows: u64, change: impl FnOnce(&mut SandboxOptions)) -> Sandbox {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(rows);
    options.changed_since = true;
    change(&mut options);
    Sandbox::start(options).await.unwrap()
}

/// The program on the first company, with the mirror in `folder`.
pub(crate) fn command(sandbox: &Sandbox, folder: &std::path::Path, per_minute: u32, arguments: &[&str]) -> Command {
    let company = &sandbox.companies()[0];
    let config = folder.join("spectora.toml");
    let text = format!(
        "[companies.{}]\napi_key = \"{}\"\ntimezone = \"{}\"\nrequests_per_minute = {per_minute}\n\
         max_staleness_minutes = 1\n[api]\nbase_url = \"{}\"\n",
        company.name,
        company.api_key,
        company.timezone,
        sandbox.base_url()
    );
    // A server reads it some time after its start: it must not find it half written by the next one's.
    if std::fs::read_to_string(&config).ok().as_ref() != Some(&text) {
        std::fs::write(&config, text).unwrap();
    }
    let mut command = program();
    command.args(arguments).arg("--config").arg(config).arg("--data-dir").arg(folder.join("data"));
    command.args(["--log-level", "error"]);
    command
}

/// A small generator of our own, so that the moments are the same in every run.
fn moment(step: u64) -> Duration {
    Duration::from_millis(
        (step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % 400 + 20,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_killed_ends_complete_and_reads_no_page_twice() {
    let sandbox = sandbox(2_000, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let mut killed = 0;
    for step in 0..40 {
        let mut child = command(&sandbox, folder.path(), 100_000, &["sync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(moment(step)).await;
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
    }
    assert!(2 < killed, "it must be hit in the middle to show anything");
    let output = command(&sandbox, folder.path(), 100_000, &["sync"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    let shown = String::from_utf8(output.stdout).unwrap();
    let live = company.inspections.iter().filter(|row| row.deleted_at.is_none()).count();
    assert!(shown.contains(&format!("{live} here")), "{live}: {shown}");
    assert!(shown.contains(&format!("{} here", company.clients.len())), "{shown}");
    // A page is read again only if the kill came between its reply and its storing: at most once for each kill.
    let pages = |rows: usize| rows.div_ceil(200);
    let listings = |kind: &str| {
        let path = format!("/v2/{kind}");
        // A page of one row is a look at the count, so that it can be said how long it will take.
        let is_count = |query: &str| query.split('&').any(|part| part == "page[size]=1");
        let asked = sandbox.log();
        let pages = asked.iter().filter(|request| request.path == path && !request.query.contains("updated_at"));
        pages.filter(|request| !is_count(&request.query)).count()
    };
    for (kind, needed) in [
        ("inspections", pages(company.inspections.len())),
        ("contacts", pages(company.clients.len())),
        ("connections", pages(company.agents.len())),
    ] {
        let asked = listings(kind);
        // Looking for a changed-since filter takes one plain page.
        assert!(needed <= asked && asked <= needed + killed + 1, "{kind}: {asked} of {needed}, {killed} kills");
    }
}

pub(crate) struct Server {
    pub(crate) child: Child,
    output: BufReader<std::process::ChildStdout>,
    id: u64,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, output, id: 0 };
        let hello =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        server.ask("initialize", hello);
        let input = server.child.stdin.as_mut().unwrap();
        writeln!(input, "{}", json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).unwrap();
        server
    }

    /// The reply to a request.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let message = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params});
        writeln!(self.child.stdin.as_mut().unwrap(), "{message}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The result of a tool.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))["result"].clone()
    }

    /// The words of a tool that must fail.
    pub(crate) fn failure(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// The structured answer of a tool that must not fail.
    pub(crate) fn answer(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while self.child.try_wait().unwrap().is_none() {
            if deadline < std::time::Instant::now() {
                self.child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_share_a_mirror_a_cap_and_a_count() {
    const PER_MINUTE: u32 = 40;
    let sandbox = sandbox(2_000, |options| {
        // The service's own cap is the configured one: a request too many would be told so.
        options.limits = Limits { per_minute: Some(PER_MINUTE), monthly: None, retry_after: RetryAfter::Seconds };
        options.clock = std::sync::Arc::new(SystemClock);
    })
    .await;
    sandbox.set_faults(Faults::parse(["*:15%=503", "inspections:3=drop", "contacts:2=cut"]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::start(command(&sandbox, folder.path(), PER_MINUTE, &["serve"]));
    let servers: Vec<Server> = (0..4).map(|_| start()).collect();
    let asking: Vec<_> = servers
        .into_iter()
        .map(|mut server| {
            std::thread::spawn(move || {
                for round in 0..12 {
                    let reply = server.ask("tools/call", json!({"name": "list_companies", "arguments": {}}));
                    assert_ne!(reply["result"]["isError"], true, "{round}: {reply}");
                    // What the mirror does not have yet is asked of the service, whose cap may be used up: then the
                    // answer says so. Once it is here, nothing fails.
                    let is_complete = reply["result"]["structuredContent"]["items"][0]["mirror"] == "complete";
                    let reply = server.ask(
                        "tools/call",
                        json!({"name": "list_inspections", "arguments": {"period": "last_month", "limit": 5}}),
                    );
                    if is_complete {
                        assert_ne!(reply["result"]["isError"], true, "{round}: {reply}");
                        assert_eq!(reply["result"]["structuredContent"]["basis"]["source"], "mirror");
                    }
                    std::thread::sleep(Duration::from_millis(300));
                }
            })
        })
        .collect();
    for one in asking {
        tokio::task::spawn_blocking(move || one.join().unwrap()).await.unwrap();
    }
    let log = sandbox.log();
    assert!(10 < log.len(), "{}", log.len());
    assert!(log.iter().all(|request| request.status != 429), "the cap was exceeded");
    let mut times: Vec<i64> = log.iter().map(|request| request.at.as_millisecond()).collect();
    times.sort_unstable();
    for window in times.windows(PER_MINUTE as usize + 1) {
        assert!(60_000 <= window[window.len() - 1] - window[0], "more than {PER_MINUTE} within a minute");
    }
    let output = command(&sandbox, folder.path(), PER_MINUTE, &["mirror", "status"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(&format!("  {} calls this month", log.len())), "{} by the service: {shown}", log.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_change_the_mirror_and_nothing_else() {
    use std::io::Read as _;
    let sandbox = sandbox(800, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(&sandbox, folder.path(), 10_000, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["sync"]);
    run(&["sync"]);
    let url = run(&["webhooks", "url", "http://localhost"]);
    let path = url.lines().next().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let mut server = command(&sandbox, folder.path(), 10_000, &["serve", "--http", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let post = |path: &str, body: &str| -> u16 {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply.split(' ').nth(1).unwrap().parse().unwrap()
    };
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    let row = company.inspections.iter().rfind(|row| row.canceled_at.is_none() && row.deleted_at.is_none()).unwrap();
    let other = truth.companies[1].inspections[5].id;
    sandbox.edit(&[sandbox::Edit::Cancel { company: 0, id: row.id }]);
    sandbox.clear_log();
    let canceled = format!(r#"{{"event":"inspection.canceled","id":"{}","company_id":"4101"}}"#, row.id);
    assert_eq!(post(&path, &canceled), 202);
    // Twice, for an unknown id, for another company's, and in another spelling.
    assert_eq!(post(&path, &canceled), 202);
    assert_eq!(post(&path, &format!(r#"{{"event_type":"inspection.created","object_id":{other}}}"#)), 202);
    assert_eq!(post(&path, r#"{"type":"contact.updated","data":{"id":"999999999"}}"#), 202);
    assert_eq!(post(&path, "not json"), 400);
    assert_eq!(post(&path, &canceled.replace("4101", "4102")), 400, "another company's delivery");
    assert_eq!(post(&path, &format!(r#"{{"event":"x","pad":"{}"}}"#, "x".repeat(70_000))), 413);
    assert_eq!(post("/webhooks/spectora_company1/wrong", &canceled), 404);
    assert_eq!(post("/webhooks/no_such_company/wrong", &canceled), 404);
    let ask = |id: u64| {
        let id = format!("id={id}");
        run(&["call", "--json", "get_inspection", &id])
    };
    let mut status = Value::Null;
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let shown: Value = serde_json::from_str(&ask(row.id)).unwrap();
        status = shown["item"]["status"].clone();
        if status == "canceled" {
            break;
        }
    }
    assert_eq!(status, "canceled");
    let log = run(&["webhooks", "log"]);
    assert!(log.contains("stored") && log.contains("inspection.canceled"), "{log}");
    // Merged deliveries are one look; nothing was listed for them.
    let looks = sandbox.log().iter().filter(|request| request.path.ends_with(&format!("/{}", row.id))).count();
    assert_eq!(looks, 1);
    assert!(sandbox.log().iter().all(|request| request.method == "GET"));
    let rolled = run(&["webhooks", "roll", "http://localhost"]);
    assert!(!rolled.contains(&path));
    assert_eq!(post(&path, &canceled), 404, "a rolled secret stops at once");
    server.kill().unwrap();
    server.wait().unwrap();
}
