//! Views in chat: the server tells of them and hands out the page, a model pays nothing for it, and the page holds no data.
//! `scripts/views --check` drives the page itself in a browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use rmcp::model::ReadResourceRequestParams;
use serde_json::{Value, json};

use crate::cli::program;
use crate::processes::Server;
use crate::support::TestApp;

const URI: &str = "ui://spectora/insight.html";

#[tokio::test]
async fn a_tool_that_is_drawn_says_so_and_its_answer_stays_whole() {
    let app = TestApp::with(|_| {}, &[]).await;
    let tools = serde_json::to_value(app.client.list_all_tools().await.unwrap()).unwrap();
    let drawn: Vec<&str> = tools
        .as_array()
        .unwrap()
        .iter()
        .filter(|tool| tool["_meta"]["ui"]["resourceUri"] == URI)
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        drawn,
        [
            "agent_analysis",
            "breakdown",
            "capacity_plan",
            "data_quality",
            "inspector_scorecard",
            "prep_briefing",
            "service_mix"
        ]
    );
    let info = serde_json::to_value(app.client.peer_info().unwrap().as_ref()).unwrap();
    assert_eq!(
        info["capabilities"]["extensions"]["io.modelcontextprotocol/ui"]["mimeTypes"][0],
        "text/html;profile=mcp-app"
    );
    let resources = serde_json::to_value(app.client.list_all_resources().await.unwrap()).unwrap();
    let page = resources.as_array().unwrap().iter().find(|one| one["uri"] == URI).unwrap();
    assert_eq!(page["mimeType"], "text/html;profile=mcp-app");
    let read = app.client.read_resource(ReadResourceRequestParams::new(URI)).await.unwrap();
    let read = serde_json::to_value(read).unwrap();
    let content = &read["contents"][0];
    assert_eq!(content["mimeType"], "text/html;profile=mcp-app");
    let html = content["text"].as_str().unwrap();
    assert!(html.len() < 150_000, "{}", html.len());
    assert!(html.contains("default-src 'none'"), "it may load nothing");
    // What is invented of the companies stands nowhere in it.
    for data in ["Walt Brennan", "spectora_company1", "Teresa"] {
        assert!(!html.contains(data), "{data}");
    }
}

#[test]
fn what_pictures_need_is_beside_the_answer_and_a_model_reads_the_answer_alone() {
    let mut command = program();
    command.args(["serve", "--demo", "--demo-inspections", "600"]);
    let mut server = Server::start(command);
    let mix = server.call("service_mix", json!({}));
    let zip = mix["structuredContent"]["companies"][0]["groups"][0]["group"].as_str().unwrap();
    let place = &mix["_meta"]["spectora/places"][zip];
    assert!(place[0].as_f64().is_some_and(|latitude| (24.0..50.0).contains(&latitude)), "{place}");
    assert!(place[1].as_f64().is_some_and(|longitude| (-125.0..-66.0).contains(&longitude)), "{place}");
    let latitude = place[0].to_string();
    assert!(
        !mix["content"].to_string().contains(&latitude) && !mix["structuredContent"].to_string().contains(&latitude)
    );
    let agents = server.call("agent_analysis", json!({}));
    let names = &agents["_meta"]["spectora/companies"];
    assert_eq!(names["spectora_company1"], "Summit Ridge Home Inspections");
    let display = "Summit Ridge";
    assert!(
        !agents["content"].to_string().contains(display) && !agents["structuredContent"].to_string().contains(display)
    );
    for (tool, arguments) in [("inspector_scorecard", json!({})), ("service_mix", json!({"by": "month"}))] {
        assert!(server.call(tool, arguments)["_meta"]["spectora/places"].is_null(), "{tool}");
    }
}

/// A view in preview, and where it is.
struct Preview {
    child: Child,
    host: String,
    secret: String,
}

impl Preview {
    fn start() -> Self {
        let mut command = program();
        command.args(["view", "--demo", "--demo-inspections", "600", "--no-open", "inspector_scorecard"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().next().unwrap().strip_prefix("http://").unwrap().to_owned();
        let (host, secret) = url.split_once('/').unwrap();
        Self { child, host: host.to_owned(), secret: secret.trim_end_matches('/').to_owned() }
    }

    fn ask(&self, head: &str, host: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_preview_is_for_whoever_was_told_its_address() {
    let preview = Preview::start();
    let (host, secret) = (preview.host.clone(), preview.secret.clone());
    assert!(host.starts_with("127.0.0.1:") && secret.len() == 32, "{host} {secret}");
    let page = preview.ask(&format!("GET /{secret}/"), &host, "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("sandbox=\"allow-scripts\""), "{page}");
    assert!(page.contains("frame-ancestors 'none'") && page.contains("no-store"), "{page}");
    assert!(preview.ask(&format!("GET /{secret}/page"), &host, "").contains("default-src 'none'"));
    let first = preview.ask(&format!("GET /{secret}/first"), &host, "");
    let first: Value = serde_json::from_str(&first[first.find("\r\n\r\n").unwrap()..]).unwrap();
    assert_eq!(first["tool"], "inspector_scorecard");
    assert!(first["result"]["structuredContent"]["companies"][0]["inspectors"][0]["volume"].is_number(), "{first}");
    let asked =
        json!({"name": "explain", "arguments": {"metric": "volume", "company": "spectora_company1"}}).to_string();
    let answer = preview.ask(&format!("POST /{secret}/call"), &host, &asked);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("structuredContent"), "{answer}");
    // Another site's page knows the port at most, and reaches it under another name.
    let wrong = "0".repeat(32);
    for (head, host) in [
        ("GET /".to_owned(), host.as_str()),
        (format!("GET /{wrong}/first"), &host),
        (format!("POST /{wrong}/call"), &host),
        (format!("GET /{secret}/first"), "evil.example.com"),
        (format!("GET /{secret}/first"), "localhost"),
    ] {
        assert!(preview.ask(&head, host, &asked).starts_with("HTTP/1.1 404"), "{head} {host}");
    }
}
