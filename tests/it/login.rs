//! Logging in over HTTP, as web clients and attackers do it, against the built program.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::program;

mod client;
mod proxies;
mod sessions;

const PASSPHRASE: &str = "correct horse battery staple";
const REDIRECT: &str = "https://claude.ai/api/mcp/auth_callback";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const LIST_COMPANIES: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_companies","arguments":{}}}"#;

pub(crate) struct Server {
    pub(crate) child: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code with which it sends a browser back.
    fn code(&self) -> String {
        let to = url::Url::parse(self.header("location")).unwrap();
        to.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    /// The hidden values of its form.
    fn form(&self) -> BTreeMap<String, String> {
        let hidden = self.body.split("<input type=\"hidden\" name=\"").skip(1);
        hidden
            .map(|rest| {
                let (name, rest) = rest.split_once("\" value=\"").unwrap();
                (name.to_owned(), rest.split_once('"').unwrap().0.to_owned())
            })
            .collect()
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn raw(address: &str, head: &str, body: &str) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    Reply { status, headers: headers.collect(), body: body.to_owned() }
}

impl Server {
    pub(crate) fn start(file: &Path, more: &[&str]) -> Self {
        let mut command = program();
        command.args(["serve", "--demo", "--demo-inspections", "400", "--log-level", "trace", "--http", "127.0.0.1:0"]);
        command.arg("--access-file").arg(file).args(more).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let mut line = String::new();
            assert_ne!(errors.read_line(&mut line).unwrap(), 0, "{}", log.lock().unwrap());
            log.lock().unwrap().push_str(&line);
            if let Some((_, rest)) = line.split_once("serving MCP at http://") {
                break rest.split('/').next().unwrap().to_owned();
            }
        };
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                written.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { child, address, log }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}{headers}", self.address);
        raw(&self.address, &head, body)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "", "")
    }

    fn form(&self, path: &str, headers: &str, pairs: &[(&str, &str)]) -> Reply {
        let headers = format!("\r\nContent-Type: application/x-www-form-urlencoded{headers}");
        self.ask("POST", path, &headers, &encoded(pairs))
    }

    pub(crate) fn call(&self, token: &str, message: &str) -> Reply {
        let headers = format!("\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}");
        self.ask("POST", "/mcp", &headers, message)
    }

    fn register(&self, metadata: &Value) -> Reply {
        self.ask("POST", "/register", "\r\nContent-Type: application/json", &metadata.to_string())
    }

    fn client(&self) -> String {
        let registered = self.register(&json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}));
        assert_eq!(registered.status, 201, "{registered:?}");
        registered.json()["client_id"].as_str().unwrap().to_owned()
    }

    fn authorize(&self, client: &str, change: &[(&str, &str)]) -> Reply {
        let resource = format!("{}/mcp", self.url());
        let mut query: BTreeMap<&str, &str> = [
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a b&c"),
            ("resource", resource.as_str()),
        ]
        .into();
        query.extend(change.iter().copied());
        let pairs: Vec<(&str, &str)> = query.into_iter().collect();
        self.get(&format!("/authorize?{}", encoded(&pairs)))
    }

    /// From the application's request to the redirect, with what a person types.
    fn consent(&self, client: &str, change: &[(&str, &str)], decision: &str) -> (Reply, String) {
        self.agree(self.authorize(client, change), decision)
    }

    /// From the sign-in page to the redirect.
    fn agree(&self, asked: Reply, decision: &str) -> (Reply, String) {
        assert_eq!(asked.status, 200, "{asked:?}");
        let cookie = format!("\r\nCookie: {}", asked.header("set-cookie").split(';').next().unwrap());
        let form = asked.form();
        let hidden = [("request", form["request"].as_str()), ("csrf", form["csrf"].as_str())];
        let signed = self.form(
            "/authorize/sign-in",
            &cookie,
            &[&hidden[..], &[("name", "ann"), ("passphrase", PASSPHRASE)]].concat(),
        );
        assert_eq!(signed.status, 200, "{signed:?}");
        let form = signed.form();
        let hidden = [("request", form["request"].as_str()), ("csrf", form["csrf"].as_str())];
        (self.form("/authorize/consent", &cookie, &[&hidden[..], &[("decision", decision)]].concat()), signed.body)
    }

    fn code(&self, client: &str) -> String {
        let (reply, _) = self.consent(client, &[], "allow");
        assert_eq!(reply.status, 302, "{reply:?}");
        let to = url::Url::parse(reply.header("location")).unwrap();
        let query: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        assert_eq!((query["state"].as_str(), query["iss"].as_str()), ("a b&c", self.url().as_str()));
        assert!(to.as_str().starts_with(REDIRECT));
        query["code"].clone()
    }

    fn token(&self, client: &str, pairs: &[(&str, &str)]) -> Reply {
        self.form("/token", "", &[&[("client_id", client)], pairs].concat())
    }

    fn exchange(&self, client: &str, code: &str) -> Reply {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &pairs)
    }

    fn refresh(&self, client: &str, token: &str) -> Reply {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What `look` finds within ten seconds.
fn soon<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        match look() {
            Some(found) => return found,
            None if deadline < std::time::Instant::now() => panic!("{what} did not come"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A folder with a file in which Ann can log in as an owner.
pub(crate) fn people() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.db");
    let mut child = program()
        .args(["access", "add-person", "ann", "--role", "owner", "--passphrase-stdin", "--access-file"])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}").unwrap();
    assert!(child.wait().unwrap().success());
    (folder, file)
}

/// What `access` with these arguments prints.
pub(crate) fn access(file: &Path, arguments: &[&str]) -> String {
    let output = program().arg("access").args(arguments).arg("--access-file").arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn without_a_token_nothing_else_is_looked_at() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    let challenge = format!(
        "Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\", scope=\"spectora:read\"",
        server.url()
    );
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}"#;
    for path in ["/mcp", "/mcp/"] {
        for (method, body) in
            [("POST", initialize), ("POST", discover), ("POST", "no JSON"), ("GET", ""), ("DELETE", ""), ("PUT", "")]
        {
            let reply = server.ask(method, path, "", body);
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, challenge.as_str()), "{method} {path}");
        }
    }
    let token = access(&file, &["add-token", "program", "--role", "owner"]);
    let bad = [
        "Bearer wrong".to_owned(),
        "Bearer".to_owned(),
        format!("Basic {token}"),
        format!("Bearer {token}x"),
        format!("Bearer {token}, Bearer x"),
        format!("Bearer x\r\nAuthorization: Bearer {token}"),
        // A token of JSON with no signature, as an attacker makes it.
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.".to_owned(),
    ];
    for bad in bad {
        let headers = format!("\r\nContent-Type: application/json\r\nAuthorization: {bad}");
        let reply = server.ask("POST", "/mcp", &headers, LIST_COMPANIES);
        assert_eq!(reply.status, 401, "{bad}");
        assert!(
            reply.header("www-authenticate").starts_with("Bearer error=\"invalid_token\", resource_metadata="),
            "{reply:?}"
        );
    }
    // Not in the address, where logs would show it.
    assert_eq!(server.ask("POST", &format!("/mcp?access_token={token}"), "", LIST_COMPANIES).status, 401);
    // Requests are named for the log, and large answers compressed for whoever takes that.
    let named = format!("\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\nX-Request-Id: mine-7");
    assert_eq!(server.ask("POST", "/mcp", &named, LIST_COMPANIES).header("x-request-id"), "mine-7");
    assert_eq!(server.get("/healthz").header("x-request-id").len(), 16);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!("POST /mcp HTTP/1.1\r\nHost: {}{named}\r\nAccept-Encoding: gzip", server.address);
    write!(stream, "{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{list}", list.len()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let whole = server.ask("POST", "/mcp", &named, list).body.len();
    assert!(String::from_utf8_lossy(&bytes).contains("content-encoding: gzip") && bytes.len() * 3 < whole, "{whole}");
    let good = server.call(&token, LIST_COMPANIES);
    assert!(good.status == 200 && good.body.contains("spectora_company1"), "{good:?}");
    // The address with a slash answers too, and nothing redirects.
    let headers = format!("\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}");
    assert_eq!(server.ask("POST", "/mcp/", &headers, LIST_COMPANIES).status, 200);
    // A name that is looked up to this address is not this server.
    let rebound = format!("POST /mcp HTTP/1.1\r\nHost: evil.example.com{headers}");
    assert_eq!(raw(&server.address, &rebound, LIST_COMPANIES).status, 403);
    for path in ["/authorize", "/.well-known/oauth-authorization-server"] {
        assert_eq!(raw(&server.address, &format!("GET {path} HTTP/1.1\r\nHost: evil.example.com"), "").status, 403);
    }
    let origin = format!("{headers}\r\nOrigin: https://evil.example.com");
    assert_eq!(server.ask("POST", "/mcp", &origin, LIST_COMPANIES).status, 403);
}

#[test]
fn clients_find_the_login() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    let url = server.url();
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let reply = server.ask("GET", path, "\r\nOrigin: https://app.example.com", "");
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, "*"), "{path}");
        let document = reply.json();
        assert_eq!(document["resource"], format!("{url}/mcp"));
        assert_eq!(document["authorization_servers"], json!([url]));
    }
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/mcp",
        "/mcp/.well-known/openid-configuration",
    ] {
        let document = server.get(path).json();
        assert_eq!(document["issuer"], url, "{path}");
        for (name, end) in
            [("authorization", "authorize"), ("token", "token"), ("registration", "register"), ("revocation", "revoke")]
        {
            assert_eq!(document[format!("{name}_endpoint")], format!("{url}/{end}"));
        }
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
        let methods = json!(["none", "client_secret_post", "client_secret_basic"]);
        assert_eq!(document["token_endpoint_auth_methods_supported"], methods);
        assert_eq!(document["client_id_metadata_document_supported"], true);
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(document["scopes_supported"], json!(["spectora:read", "offline_access"]));
    }
    for path in ["/.well-known/other", "/.well-known/oauth-protected-resource/other", "/nothing"] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.header("content-type")), (404, "application/json"), "{path}");
    }
    // A page asks first whether it may ask.
    for (path, method) in
        [("/token", "POST"), ("/register", "POST"), ("/.well-known/oauth-authorization-server", "GET")]
    {
        let headers = format!(
            "\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: {method}\r\nAccess-Control-Request-Headers: content-type"
        );
        let reply = server.ask("OPTIONS", path, &headers, "");
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, "*"), "{path}");
    }
    let headers = "\r\nOrigin: http://localhost:6274\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization";
    let reply = server.ask("OPTIONS", "/mcp", headers, "");
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, "http://localhost:6274"));
}

#[test]
fn a_person_logs_in_and_an_application_asks() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--access-token-seconds", "2"]);
    let client = server.client();
    let asked = server.authorize(&client, &[]);
    let cookie = asked.header("set-cookie");
    for part in ["spectora-login=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let policy = asked.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://claude.ai;") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!((asked.header("cache-control"), asked.header("referrer-policy")), ("no-store", "no-referrer"));
    assert_eq!(asked.header("x-frame-options"), "DENY");
    assert!(asked.body.contains("unverified") && asked.body.contains("claude.ai"), "{}", asked.body);
    let (denied, page) = server.consent(&client, &[], "deny");
    assert!(page.contains("ann") && page.contains("owner") && page.contains("all companies"), "{page}");
    let to = denied.header("location");
    assert!(to.contains("error=access_denied") && to.contains("state=a+b%26c") && to.contains("iss="), "{to}");
    let code = server.code(&client);
    let answer = server.exchange(&client, &code);
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    let tokens = answer.json();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"], &tokens["scope"]),
        (&json!("Bearer"), &json!(2), &json!("spectora:read"))
    );
    let (access_token, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    // A fresh token's first call is never refused.
    assert_eq!(server.call(access_token, LIST_COMPANIES).status, 200);
    assert!(access(&file, &["list"]).contains("ann let in an application without a name"));
    std::thread::sleep(Duration::from_millis(2_100));
    assert_eq!(server.call(access_token, LIST_COMPANIES).status, 401);
    let next = server.refresh(&client, refresh).json();
    assert_eq!(server.call(next["access_token"].as_str().unwrap(), LIST_COMPANIES).status, 200);
    // A replay of the code takes all of it back.
    assert_eq!(server.exchange(&client, &code).json()["error"], "invalid_grant");
    assert_eq!(server.call(next["access_token"].as_str().unwrap(), LIST_COMPANIES).status, 401);
    assert_eq!(server.refresh(&client, next["refresh_token"].as_str().unwrap()).json()["error"], "invalid_grant");
    let log = server.log.lock().unwrap().clone();
    for step in
        ["login: asked", "login: signed in", "login: decided", "login: tokens given", "login: a client registered"]
    {
        assert!(log.contains(step), "{step}: {log}");
    }
    let csrf = &asked.form()["csrf"];
    for secret in [PASSPHRASE, &code, access_token, refresh, csrf, cookie.split(['=', ';']).nth(1).unwrap(), "ann"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn tricks_with_the_pages_are_refused() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    let client = server.client();
    // A wrong request ends at a page, wherever it wanted to lead.
    for change in [
        ("client_id", "app-unknown"),
        ("client_id", "https://127.0.0.1/client.json"),
        ("client_id", "http://127.0.0.1:1/client.json"),
        ("redirect_uri", "https://evil.example.com/"),
        ("redirect_uri", "https://claude.ai/api/mcp/auth_callback/../x"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        ("resource", "https://evil.example.com/mcp"),
    ] {
        let reply = server.authorize(&client, &[change]);
        assert_eq!((reply.status, reply.header("location")), (400, ""), "{change:?}");
        assert!(reply.header("content-type").starts_with("text/html"), "{change:?}");
    }
    let asked = server.authorize(&client, &[]);
    let cookie = format!("\r\nCookie: {}", asked.header("set-cookie").split(';').next().unwrap());
    let form = asked.form();
    let person = [
        ("request", form["request"].as_str()),
        ("csrf", form["csrf"].as_str()),
        ("name", "ann"),
        ("passphrase", PASSPHRASE),
    ];
    // From another browser, from another site, with a made-up value, or in another form.
    assert_eq!(server.form("/authorize/sign-in", "", &person).status, 403);
    let elsewhere = format!("{cookie}\r\nSec-Fetch-Site: cross-site");
    assert_eq!(server.form("/authorize/sign-in", &elsewhere, &person).status, 403);
    let mut forged = person;
    forged[1].1 = "spm_csrf_guess";
    assert_eq!(server.form("/authorize/sign-in", &cookie, &forged).status, 403);
    let body = json!({"request": form["request"], "csrf": form["csrf"], "name": "ann", "passphrase": PASSPHRASE});
    let sent = server.ask(
        "POST",
        "/authorize/sign-in",
        &format!("\r\nContent-Type: application/json{cookie}"),
        &body.to_string(),
    );
    assert_eq!(sent.status, 400);
    // Agreeing without having signed in.
    let unsigned = [person[0], person[1], ("decision", "allow")];
    assert_eq!(server.form("/authorize/consent", &cookie, &unsigned).status, 403);
    // Guessing: five are free.
    let mut guess = person;
    guess[3].1 = "wrong wrong wrong";
    for _ in 0..5 {
        let reply = server.form("/authorize/sign-in", &cookie, &guess);
        assert!(reply.status == 401 && reply.body.contains("Name or passphrase is wrong"), "{reply:?}");
    }
    let reply = server.form("/authorize/sign-in", &cookie, &person);
    assert!(reply.status == 429 && reply.body.contains("Too many wrong passphrases"), "{reply:?}");
    // Too much at once.
    let large = "x".repeat(20_000);
    assert_eq!(server.form("/authorize/sign-in", &cookie, &[("name", &large)]).status, 413);
    assert_eq!(server.register(&json!({"redirect_uris": [REDIRECT], "client_name": large})).status, 413);
    let mut registered = 0;
    while server.register(&json!({"redirect_uris": [REDIRECT]})).status == 201 {
        registered += 1;
        assert!(registered < 100);
    }
    assert_eq!(server.token(&client, &[("grant_type", "password")]).json()["error"], "unsupported_grant_type");
    let unknown = server.token("app-unknown", &[("grant_type", "refresh_token"), ("refresh_token", "x")]);
    assert_eq!((unknown.status, unknown.json()["error"].as_str()), (401, Some("invalid_client")));
    let twice = "grant_type=refresh_token&client_id=a&client_id=b";
    let reply = server.ask("POST", "/token", "\r\nContent-Type: application/x-www-form-urlencoded", twice);
    assert_eq!(reply.json()["error"], "invalid_request");
}

#[test]
fn a_client_may_be_described_by_a_document() {
    let (_folder, file) = people();
    let documents = TcpListener::bind("127.0.0.1:0").unwrap();
    let id = format!("http://{}/oauth/client.json", documents.local_addr().unwrap());
    // As ChatGPT's: it would rather sign, and takes `none`.
    let document = json!({"client_id": id, "client_name": "ChatGPT", "redirect_uris": ["https://chatgpt.com/connector/oauth/abc"],
        "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"]});
    std::thread::spawn(move || {
        for stream in documents.incoming() {
            let mut stream = stream.unwrap();
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).unwrap_or(0);
            let is_ours = String::from_utf8_lossy(&piece[..length]).starts_with("GET /oauth/client.json ");
            let body = document.to_string();
            let head = if is_ours { "200 OK" } else { "302 Found\r\nLocation: /oauth/client.json" };
            drop(write!(
                stream,
                "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ));
        }
    });
    let redirect = ("redirect_uri", "https://chatgpt.com/connector/oauth/abc");
    let strict = Server::start(&file, &["--login"]);
    assert_eq!(strict.authorize(&id, &[redirect]).status, 400);
    drop(strict);
    let server = Server::start(&file, &["--login", "--allow-loopback-client-metadata"]);
    let (reply, page) = server.consent(&id, &[redirect], "allow");
    assert!(page.contains("ChatGPT (this computer)") && !page.contains("unverified"), "{page}");
    let code = reply.code();
    let pairs = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
    assert_eq!(server.token(&id, &pairs).status, 200);
    // A document behind a redirect, and one that is of another client.
    let moved = id.replace("client.json", "moved.json");
    assert!(server.authorize(&moved, &[redirect]).body.contains("answers 302"));
    assert_eq!(server.authorize(&format!("{id}?x=1"), &[redirect]).status, 400);
}

#[test]
fn tokens_alone_need_no_pages() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--tokens-only"]);
    let reply = server.ask("POST", "/mcp", "", LIST_COMPANIES);
    assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"));
    for path in ["/authorize", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let token = access(&file, &["add-token", "nightly report", "--role", "owner", "--days", "30"]);
    assert_eq!(server.call(&token, LIST_COMPANIES).status, 200);
    let listed = access(&file, &["list"]);
    assert!(listed.contains("nightly report  owner, all companies, ends ") && !listed.contains(&token), "{listed}");
    // What a login gave is not good where there is none any more.
    let login = Server::start(&file, &["--login", "--public-url", &server.url()]);
    let client = login.client();
    let (agreed, _) = login.consent(&client, &[("resource", "")], "allow");
    let code = agreed.code();
    let given = login.exchange(&client, &code).json();
    let given = given["access_token"].as_str().unwrap();
    assert_eq!((login.call(given, LIST_COMPANIES).status, server.call(given, LIST_COMPANIES).status), (200, 401));
    // Taken back by another process, at once.
    assert_eq!(access(&file, &["revoke", "nightly report"]), "taken back: token `nightly report`");
    assert_eq!(server.call(&token, LIST_COMPANIES).status, 401);
    let refused =
        program().args(["access", "add-token", "x", "--role", "king", "--access-file"]).arg(&file).output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("there is no role `king`; there are: inspector, marketing, office, owner"), "{refused}");
}

#[test]
fn two_processes_are_one_server() {
    let (_folder, file) = people();
    let url = "http://127.0.0.1:49151";
    let start = || Server::start(&file, &["--login", "--public-url", url]);
    let (one, other) = (start(), start());
    let client = one.client();
    // As a proxy sends a browser's requests to one or the other.
    let asked = other.authorize(&client, &[("resource", "")]);
    let cookie = format!("\r\nCookie: {}", asked.header("set-cookie").split(';').next().unwrap());
    let form = asked.form();
    let hidden = [("request", form["request"].as_str()), ("csrf", form["csrf"].as_str())];
    let person = [&hidden[..], &[("name", "ann"), ("passphrase", PASSPHRASE)]].concat();
    let signed = one.form("/authorize/sign-in", &cookie, &person);
    let form = signed.form();
    let hidden = [("request", form["request"].as_str()), ("csrf", form["csrf"].as_str())];
    let agreed = other.form("/authorize/consent", &cookie, &[&hidden[..], &[("decision", "allow")]].concat());
    let code = agreed.code();
    let tokens = one.exchange(&client, &code).json();
    // One is killed just after it gave them.
    drop(one);
    assert_eq!(other.call(tokens["access_token"].as_str().unwrap(), LIST_COMPANIES).status, 200);
    assert_eq!(other.refresh(&client, tokens["refresh_token"].as_str().unwrap()).status, 200);
    // A server of another address, though it has the same file, is not what the token is for.
    let elsewhere = Server::start(&file, &["--login"]);
    assert_eq!(elsewhere.call(tokens["access_token"].as_str().unwrap(), LIST_COMPANIES).status, 401);
}

#[test]
fn what_others_can_reach_is_not_open_by_oversight() {
    for others in [
        &["--http", "0.0.0.0:0"][..],
        // A proxy or a tunnel in front of it.
        &["--http", "127.0.0.1:0", "--allowed-host", "mcp.example.com"],
        &["--http", "127.0.0.1:0", "--public-url", "https://mcp.example.com"],
    ] {
        let refused = program().args(["serve", "--demo"]).args(others).output().unwrap();
        let shown = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && shown.contains("--login") && shown.contains("--without-login"), "{shown}");
    }
    let refused = program().args(["serve", "--demo", "--http", "0.0.0.0:0", "--login"]).output().unwrap();
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--public-url"));
    for wrong in
        ["mcp.example.com", "http://mcp.example.com", "https://mcp.example.com/other", "https://me@mcp.example.com"]
    {
        let arguments = ["serve", "--demo", "--http", "127.0.0.1:0", "--login", "--public-url", wrong];
        let refused = program().args(arguments).output().unwrap();
        assert!(String::from_utf8(refused.stderr).unwrap().contains("no public address"), "{wrong}");
    }
}

/// The structured content of a tool's answer.
pub(crate) fn content(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["result"]["structuredContent"].clone()
}

pub(crate) fn tool(name: &str, arguments: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
        .to_string()
}

#[test]
fn a_token_sees_what_its_role_shows_of_its_company() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    let add = |name: &str, more: &[&str]| access(&file, &[&["add-token", name][..], more].concat());
    let owner = add("owner", &["--role", "owner"]);
    let token = add("marketing", &["--role", "marketing", "--company", "spectora_residential"]);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
    for message in [
        list,
        LIST_COMPANIES,
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"spectora://status"}}"#,
    ] {
        let (whole, seen) = (server.call(&owner, message).body, server.call(&token, message).body);
        assert!(
            message == list || (whole.contains("spectora_company1") && whole.contains("spectora_residential")),
            "{whole}"
        );
        assert!(seen.contains("spectora_residential") || message == list, "{seen}");
        assert!(!seen.contains("spectora_company1") && !seen.contains("Summit Ridge"), "{seen}");
    }
    let other = server.call(&token, &tool("list_inspections", &json!({"company": "spectora_company1"})));
    assert!(other.body.contains("\"isError\":true") && !other.body.contains("Summit"), "{other:?}");
    // A role's tools are all there is.
    let office = add("office", &["--role", "office"]);
    let refused = server.call(&office, &tool("inspector_scorecard", &json!({})));
    assert!(refused.body.contains("there is no such tool"), "{refused:?}");
    // Who is given another role has it at the next call.
    access(&file, &["revoke", "office"]);
    assert_eq!(server.call(&office, LIST_COMPANIES).status, 401);
}

#[test]
fn what_search_finds_has_a_page_behind_the_login() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    let token = access(&file, &["add-token", "program", "--role", "owner"]);
    // The demo's mirror is filled in a moment.
    content(&server.call(&token, &tool("inspector_scorecard", &json!({}))));
    let found = content(&server.call(&token, &tool("search", &json!({"query": "Which agents have gone quiet?"}))));
    let first = &found["results"][0];
    assert!(first["title"].as_str().unwrap().starts_with("Agents who have gone quiet, "), "{found}");
    let url = first["url"].as_str().unwrap();
    let path = url.strip_prefix(&server.url()).unwrap();
    assert!(path.starts_with("/open?id=answer%2Fagent"), "{url}");
    let fetched = content(&server.call(&token, &tool("fetch", &json!({"id": first["id"]}))));
    let text = fetched["text"].as_str().unwrap();
    assert!(text.contains("agent") && fetched["url"] == first["url"], "{fetched}");
    for (query, title) in [
        ("scorecard of October 2026", "Scorecard of inspectors, October 2026, "),
        ("unpaid inspections last month", "Unpaid inspections, last month, "),
        ("who is our best agent", "Agents by referrals, "),
        ("average fee by inspector last month", "Average quote by inspector, last month, "),
        ("what are the reasons of cancellations in 2026", "Canceled by reason, 2026, "),
        ("what does dormant mean?", "Definitions: "),
    ] {
        let found = content(&server.call(&token, &tool("search", &json!({"query": query}))));
        let first = &found["results"][0];
        assert!(first["title"].as_str().unwrap().starts_with(title), "{query}: {found}");
        let fetched = content(&server.call(&token, &tool("fetch", &json!({"id": first["id"]}))));
        assert!(
            50 < fetched["text"].as_str().unwrap().len() && !fetched["url"].as_str().unwrap().is_empty(),
            "{fetched}"
        );
    }
    // What a role does not show is not offered, and cannot be fetched by whoever knows the id.
    let inspector = access(&file, &["add-token", "marcus", "--role", "inspector", "--as", "Marcus Feld"]);
    let unpaid = json!({"query": "unpaid inspections last month"});
    let found = content(&server.call(&inspector, &tool("search", &unpaid)));
    assert!(!found.to_string().contains("Unpaid"), "{found}");
    let id = content(&server.call(&token, &tool("search", &unpaid)))["results"][0]["id"].clone();
    assert!(server.call(&inspector, &tool("fetch", &json!({"id": id}))).body.contains("isError\":true"));
    // In a browser that is not signed in, a person signs in first.
    let page = server.get(path);
    let form = page.form();
    assert!(page.status == 200 && page.body.contains("This server"), "{page:?}");
    let cookie = format!("\r\nCookie: {}", page.header("set-cookie").split(';').next().unwrap());
    let person = [
        ("request", form["request"].as_str()),
        ("csrf", form["csrf"].as_str()),
        ("name", "ann"),
        ("passphrase", PASSPHRASE),
    ];
    let signed = server.form("/authorize/sign-in", &cookie, &person);
    assert_eq!((signed.status, signed.header("location")), (303, url), "{signed:?}");
    assert!(signed.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{signed:?}");
    let session = format!("\r\nCookie: {}", signed.header("set-cookie").split(';').next().unwrap());
    let shown = server.ask("GET", path, &session, "");
    assert!(
        shown.status == 200 && shown.body.contains("<pre>") && shown.body.contains("Agents who have gone quiet"),
        "{shown:?}"
    );
    assert!(shown.header("content-security-policy").contains("default-src 'none'"), "{shown:?}");
    assert_eq!(server.ask("GET", "/open?id=answer%2Fcall_everything%3Fcompany%3Dx", &session, "").status, 404);
    // A browser's cookie is no token, and a token no cookie.
    let cookie = signed.header("set-cookie").split(['=', ';']).nth(1).unwrap();
    assert_eq!(server.call(cookie, LIST_COMPANIES).status, 401);
    let as_cookie = format!("\r\nCookie: spectora-session={token}");
    assert!(server.ask("GET", path, &as_cookie, "").body.contains("passphrase"));
    // The session ends with the person.
    access(&file, &["revoke", "ann"]);
    assert!(server.ask("GET", path, &session, "").body.contains("passphrase"));
}

#[test]
fn a_refusal_leaves_the_connection_good() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login"]);
    for path in ["/mcp", "/nothing"] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        for _ in 0..2 {
            // The body comes a little later than the head.
            let body = LIST_COMPANIES.as_bytes();
            write!(
                stream,
                "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
                server.address,
                body.len()
            )
            .unwrap();
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(body).unwrap();
            let mut reply = Vec::new();
            let mut piece = [0; 4096];
            while !reply.windows(4).any(|window| window == b"\r\n\r\n") {
                let length = stream.read(&mut piece).unwrap();
                assert_ne!(length, 0, "{path}: closed after {}", String::from_utf8_lossy(&reply));
                reply.extend_from_slice(&piece[..length]);
            }
            let reply = String::from_utf8(reply).unwrap().to_lowercase();
            assert!(reply.starts_with("http/1.1 40") && !reply.contains("connection: close"), "{reply}");
            let length: usize =
                reply.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
            let mut left = length - reply.split_once("\r\n\r\n").unwrap().1.len();
            while 0 < left {
                left -= stream.read(&mut piece[..left.min(4096)]).unwrap();
            }
        }
    }
}

#[test]
fn who_asked_is_logged_and_a_monitor_learns_how_often() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--metrics", "127.0.0.1:0"]);
    let token = access(&file, &["add-token", "nightly report", "--role", "owner"]);
    // The demo's mirror is filled in a moment.
    content(&server.call(&token, &tool("capacity_plan", &json!({}))));
    content(&server.call(&token, &tool("inspector_scorecard", &json!({"inspector": "Marcus Feld"}))));
    content(&server.call(&token, &tool("list_inspections", &json!({"client": "Nobody Example", "limit": 3}))));
    server.call(&token, &tool("list_inspections", &json!({"period": "no_such"})));
    assert_eq!(server.call("wrong", LIST_COMPANIES).status, 401);
    let asked = server.authorize(&server.client(), &[]);
    let cookie = format!("\r\nCookie: {}", asked.header("set-cookie").split(';').next().unwrap());
    let mut form = asked.form();
    form.extend([("name", "ann"), ("passphrase", "not hers at all")].map(|(name, value)| (name.into(), value.into())));
    let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(server.form("/authorize/sign-in", &cookie, &pairs).status, 401);
    let address = || {
        let log = server.log.lock().unwrap();
        log.split("numbers for a monitor at http://").nth(1)?.split('/').next().map(str::to_owned)
    };
    let address = soon("the address", address);
    let numbers = raw(&address, &format!("GET /metrics HTTP/1.1\r\nHost: {address}"), "").body;
    for line in [
        "mcp_server_operation_duration_seconds_count{gen_ai_tool_name=\"inspector_scorecard\",error_type=\"\"} 1",
        "mcp_server_operation_duration_seconds_count{gen_ai_tool_name=\"list_inspections\",error_type=\"tool_error\"} 1",
        "spectora_call_requests_total{gen_ai_tool_name=\"inspector_scorecard\"} 0",
        "http_client_request_duration_seconds_count{http_request_method=\"GET\",url_template=\"/v2/connections\",http_response_status_code=\"200\",error_type=\"\"} ",
        "spectora_refused_total{reason=\"bad_token\"} 1",
        "spectora_refused_total{reason=\"bad_passphrase\"} 1",
        "spectora_mirror_age_seconds{company=\"spectora_company1\"} ",
        "spectora_api_calls_month{company=\"spectora_residential\"} ",
    ] {
        assert!(numbers.contains(line), "{line} in {numbers}");
    }
    assert_eq!(server.get("/metrics").status, 404);
    let log = || {
        let output = program().args(["log", "--json", "--access-file"]).arg(&file).output().unwrap();
        Some(String::from_utf8(output.stdout).unwrap()).filter(|log| log.lines().count() == 4)
    };
    let log = soon("four lines", log);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[1]["caller"], &lines[1]["tool"]), (&json!("nightly report"), &json!("inspector_scorecard")));
    assert_eq!((&lines[2]["arguments"], &lines[2]["rows"]), (&json!(["client", "limit"]), &json!(0)));
    assert!(lines[1..].iter().all(|line| line["requests"] == 0), "the mirror answers: {log}");
    assert_eq!((&lines[3]["failed"], &lines[3]["arguments"]), (&json!(true), &json!(["period"])));
    for hidden in ["Marcus", "Nobody", "no_such", token.as_str()] {
        assert!(!log.contains(hidden) && !numbers.contains(hidden), "{hidden}");
    }
    assert!(!numbers.contains("nightly"), "{numbers}");
    let shown = program().args(["log", "--access-file"]).arg(&file).output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("nightly report"));
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(file.with_file_name("calls.jsonl")).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o77, 0);
    }
}

#[test]
fn the_doctor_looks_from_outside() {
    let (_folder, file) = people();
    let look = |address: &str| {
        let output = program().args(["doctor", "--public", address]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let good = Server::start(&file, &["--login"]);
    let (is_well, shown) = look(&format!("{}/mcp", good.url()));
    assert!(is_well && shown.contains("All is well") && !shown.contains("CHECK"), "{shown}");
    let (is_well, shown) = look(&format!("{}/", good.url()));
    assert!(!is_well && shown.contains("CHECK  address") && shown.contains("with /mcp"), "{shown}");
    // The address that is used is another than the server thinks.
    let other = Server::start(&file, &["--login", "--public-url", "http://127.0.0.1:49152"]);
    let (is_well, shown) = look(&format!("{}/mcp", other.url()));
    assert!(!is_well && shown.contains("CHECK"), "{shown}");
    let tokens = Server::start(&file, &["--tokens-only"]);
    let (is_well, shown) = look(&format!("{}/mcp", tokens.url()));
    assert!(!is_well && shown.contains("does not say where to log in") && shown.contains("--login"), "{shown}");
    // A proxy that leads elsewhere, a page for people in place of a document, and nothing at all.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in proxy.incoming() {
            let mut stream = stream.unwrap();
            let length = stream.read(&mut [0; 4096]).unwrap_or(0);
            assert_ne!(length, 0);
            let head = "HTTP/1.1 301 Moved\r\nLocation: https://www.example.com/mcp\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            drop(stream.write_all(head.as_bytes()));
        }
    });
    let (is_well, shown) = look(&format!("http://{address}/mcp"));
    assert!(!is_well && shown.contains("it leads elsewhere"), "{shown}");
    let (is_well, shown) = look("http://127.0.0.1:1/mcp");
    assert!(!is_well && shown.contains("CHECK  reached"), "{shown}");
}
