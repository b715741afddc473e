use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli::program;

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = program()
            .args([
                "serve",
                "--demo",
                "--demo-inspections",
                "400",
                "--http",
                "127.0.0.1:0",
                "--allowed-host",
                "https://mcp.example.com/",
            ])
            .args(["--allowed-origin", "https://app.example.com/", "--without-login"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut errors, &mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// All that comes of one request.
    fn reply(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Status line and headers of one request's answer.
    fn headers(&self, head: &str, body: &str) -> String {
        self.reply(head, body).split_once("\r\n\r\n").unwrap().0.to_lowercase()
    }

    /// Status and body of one request.
    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let reply = self.reply(head, body);
        let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
        (status, reply.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    fn post(&self, headers: &str, body: &str) -> (u16, String) {
        self.ask(&format!("POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\n{headers}"), body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn http_is_stateless_and_checks_who_asks() {
    let server = Server::start();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_companies","arguments":{}}}"#;
    for accept in ["", "\r\nAccept: */*", "\r\nAccept: application/json", "\r\nAccept: text/event-stream"] {
        let (status, body) = server.post(&format!("Host: localhost{accept}"), call);
        assert_eq!(status, 200, "{accept}: {body}");
        let start = body.find('{').unwrap();
        let end = body.rfind('}').unwrap();
        let reply: Value = serde_json::from_str(&body[start..=end]).unwrap();
        assert_eq!(reply["result"]["structuredContent"]["total"], 2);
    }
    assert_eq!(server.post("Host: mcp.example.com", call).0, 200);
    assert_eq!(server.post("Host: evil.example.com", call).0, 403);
    assert_eq!(server.post("Host: localhost\r\nOrigin: https://evil.example.com", call).0, 403);
    assert_eq!(server.post("Host: localhost\r\nOrigin: http://localhost:3000", call).0, 200);
    // Without `--sessions` there are none.
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},
        "clientInfo":{"name":"check","version":"1"}}}"#;
    let said = server.headers("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json", hello);
    assert!(said.starts_with("http/1.1 200") && !said.contains("\r\nmcp-session-id:"), "{said}");
    for method in ["GET", "DELETE"] {
        let head = format!("{method} /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: made-up");
        assert_eq!(server.ask(&head, "").0, 405, "{method}");
    }
    assert_eq!(server.ask("GET /healthz HTTP/1.1\r\nHost: localhost", "").0, 200);
    let (status, body) = server.ask("GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost", "");
    assert_eq!(status, 404);
    assert!(body.contains("not found"));
}

#[test]
fn pages_of_allowed_origins_may_ask_and_read_the_answer() {
    let server = Server::start();
    let headers_of = |head: &str, body: &str| server.headers(head, body);
    let asks = "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\n\
                Access-Control-Request-Headers: content-type,mcp-protocol-version,mcp-method,mcp-name,mcp-session-id";
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_companies","arguments":{}}}"#;
    let post = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    for origin in ["https://app.example.com", "http://localhost:6274"] {
        let allowed = format!("access-control-allow-origin: {origin}");
        let reply = headers_of(&format!("{asks}\r\nOrigin: {origin}"), "");
        assert!(reply.starts_with("http/1.1 200") && reply.contains(&allowed), "{reply}");
        let headers = reply.lines().find(|line| line.starts_with("access-control-allow-headers:")).unwrap();
        for name in ["content-type", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id"] {
            assert!(headers.contains(name), "{name}: {headers}");
        }
        let reply = headers_of(&format!("{post}\r\nOrigin: {origin}"), call);
        assert!(reply.starts_with("http/1.1 200") && reply.contains(&allowed), "{reply}");
        assert!(reply.contains("access-control-expose-headers: mcp-session-id"), "{reply}");
    }
    let reply = headers_of(&format!("{asks}\r\nOrigin: https://evil.example.com"), "");
    assert!(!reply.contains("access-control-allow-origin"), "{reply}");
    let reply = headers_of(&format!("{post}\r\nOrigin: https://evil.example.com"), call);
    assert!(reply.starts_with("http/1.1 403") && !reply.contains("access-control-allow-origin"), "{reply}");
}

#[test]
fn http_speaks_the_revision_without_sessions() {
    let server = Server::start();
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let head = "Host: localhost\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ";
    let discover = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{meta}}}}}"#);
    let (status, body) = server.post(&format!("{head}server/discover"), &discover);
    assert_eq!(status, 200, "{body}");
    let reply: Value = serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap();
    let versions = reply["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.iter().any(|version| version == "2026-07-28"), "{body}");
    let call =
        format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"list_companies",{meta}}}}}"#);
    let (status, body) = server.post(&format!("{head}tools/call\r\nMcp-Name: list_companies"), &call);
    assert_eq!(status, 200, "{body}");
    let reply: Value = serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap();
    assert_eq!(reply["result"]["structuredContent"]["total"], 2);
    assert_eq!(reply["result"]["resultType"], "complete");
}

#[test]
fn a_request_that_cannot_be_read_is_answered_with_its_id() {
    let server = Server::start();
    let deep = format!(r#"{{"jsonrpc":"2.0","id":8,"method":"x","params":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    let long = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"x","params":{{"a":"{}"}}}}"#, "x".repeat(1024 * 1024));
    for (body, status, id, code) in [
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":"#, 400, 7, -32700),
        (&deep, 400, 8, -32700),
        (&long, 413, 9, -32600),
        (r#"{"jsonrpc":"1.0","id":10,"method":"ping"}"#, 400, 10, -32600),
    ] {
        let (got, reply) = server.post("Host: localhost", body);
        let reply: Value = serde_json::from_str(&reply).unwrap_or_else(|_| panic!("{got} {reply}"));
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&id.into(), &code.into()), "{reply}");
        assert!(got / 100 == 4 && (status == 400 || got == status), "{got}");
    }
}
