//! The older style of MCP, with sessions: whose they are, what ends them, and that the style without them goes on beside.

use super::*;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",
    "capabilities":{},"clientInfo":{"name":"check","version":"1"}}}"#;
const LIST_TOOLS: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#;

/// The headers of a token's request in a session.
fn headers_of(token: &str, session: &str) -> String {
    format!("\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\nMcp-Session-Id: {session}")
}

/// The message in an answer, which may be a stream of one.
fn message(reply: &Reply) -> Value {
    let data = reply.body.lines().find_map(|line| line.strip_prefix("data: "));
    serde_json::from_str(data.unwrap_or(&reply.body)).unwrap_or_else(|_| panic!("no message: {reply:?}"))
}

impl Server {
    fn open(&self, token: &str) -> String {
        let reply = self.call(token, INITIALIZE);
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(message(&reply)["result"]["protocolVersion"], "2025-11-25");
        reply.header("mcp-session-id").to_owned()
    }

    fn within(&self, method: &str, token: &str, session: &str, body: &str) -> Reply {
        self.ask(method, "/mcp", &headers_of(token, session), body)
    }

    /// A stream that listens to a session, once its head is there.
    fn listen(&self, token: &str, session: &str) -> (u16, TcpStream) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let headers = headers_of(token, session);
        write!(stream, "GET /mcp HTTP/1.1\r\nHost: {}{headers}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (String::from_utf8_lossy(&head[9..]).parse().unwrap(), stream)
    }
}

fn tools(reply: &Reply) -> usize {
    message(reply)["result"]["tools"].as_array().unwrap().len()
}

#[test]
fn a_session_belongs_to_whoever_opened_it() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--sessions"]);
    let add = |name: &str, role: &str| access(&file, &["add-token", name, "--role", role]);
    // A person and a token may have one name.
    let client = server.client();
    let person = server.exchange(&client, &server.code(&client)).json();
    let (owner, person) = (add("ann", "owner"), person["access_token"].as_str().unwrap());
    let session = server.open(&owner);
    assert_eq!(session.len(), 36);
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(server.within("POST", &owner, &session, initialized).status, 202);
    let called = message(&server.within("POST", &owner, &session, LIST_COMPANIES));
    assert_eq!(called["result"]["structuredContent"]["total"], 2, "{called}");
    let (status, mut listening) = server.listen(&owner, &session);
    assert_eq!(status, 200);
    for (token, id) in
        [(person, session.as_str()), (&owner, "made-up"), (&owner, ""), (&add("other", "owner"), &session)]
    {
        for method in ["POST", "GET", "DELETE"] {
            let reply = server.within(method, token, id, LIST_COMPANIES);
            assert_eq!((reply.status, &reply.json()["error"]["code"]), (404, &json!(-32001)), "{method} {id}");
        }
    }
    // Beside it, what needs no session is answered without one: as the newest revision does, and as the older ones may.
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let call =
        format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"list_companies",{meta}}}}}"#);
    let newest = "\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: list_companies";
    for id in ["made-up", &session] {
        let reply = server.ask("POST", "/mcp", &format!("{}{newest}", headers_of(person, id)), &call);
        assert_eq!(content(&reply)["total"], 2);
        assert_eq!(reply.header("mcp-session-id"), "");
    }
    assert_eq!(content(&server.call(person, LIST_COMPANIES))["total"], 2);
    // Rights are those of each request: the same name with another role, then taken back.
    let all = tools(&server.within("POST", &owner, &session, LIST_TOOLS));
    access(&file, &["revoke", "ann"]);
    assert_eq!(server.within("POST", &owner, &session, LIST_TOOLS).status, 401);
    let less = add("ann", "office");
    assert!(tools(&server.within("POST", &less, &session, LIST_TOOLS)) < all);
    let scorecard = message(&server.within("POST", &less, &session, &tool("inspector_scorecard", &json!({}))));
    assert!(scorecard.to_string().contains("there is no such tool"), "{scorecard}");
    // It ends when its owner says so; whoever listens hears that.
    assert_eq!(server.within("DELETE", &less, &session, "").status, 202);
    assert_eq!(server.within("POST", &less, &session, LIST_TOOLS).status, 404);
    let mut rest = Vec::new();
    listening.read_to_end(&mut rest).unwrap();
}

#[test]
fn sessions_are_few_and_end_when_idle() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--tokens-only", "--sessions", "--session-idle-seconds", "2"]);
    let (busy, other) = (
        access(&file, &["add-token", "busy", "--role", "owner"]),
        access(&file, &["add-token", "other", "--role", "owner"]),
    );
    let first = server.open(&busy);
    let streams: Vec<_> = (0..9).map(|_| server.listen(&busy, &first)).collect();
    assert_eq!(streams.iter().filter(|(status, _)| *status == 200).count(), 8);
    assert_eq!(streams[8].0, 429);
    let mut opened = 1;
    let refused = loop {
        let reply = server.call(&busy, INITIALIZE);
        if reply.status != 200 {
            break reply;
        }
        opened += 1;
        assert!(opened < 400);
    };
    assert!(100 <= opened && refused.status == 429 && refused.header("retry-after") == "10", "{opened} {refused:?}");
    assert!(!server.open(&other).is_empty());
    // After a while without a question there is room again, and the old ones are gone.
    soon("room", || (server.call(&busy, INITIALIZE).status == 200).then_some(()));
    soon("the end", || (server.within("POST", &busy, &first, LIST_TOOLS).status == 404).then_some(()));
}
