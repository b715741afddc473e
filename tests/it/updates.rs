//! Whether there is a newer version: asked of one address, when that is set and somebody wants to know, and of nobody else.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::{Clock as _, SystemClock};
use sandbox::{Sandbox, SandboxOptions};

use crate::processes::Server;
use crate::setup::{Home, SETTINGS, listed};

const OWN: &str = env!("CARGO_PKG_VERSION");

/// Listens on this machine and keeps the heads of all requests that came.
struct Listener {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// `reply` writes what is answered.
    fn start(reply: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                kept.lock().unwrap().push(head.join("\n"));
                // Whoever asked may have enough.
                drop(reply(&mut stream));
            }
        });
        Self { address, heads }
    }

    fn answering(status: &'static str, more: &str, body: &str) -> Self {
        let length = body.len();
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n{body}");
        Self::start(move |stream| stream.write_all(reply.as_bytes()))
    }

    fn publishing(body: &str) -> Self {
        Self::answering("200 OK", "Content-Type: application/json\r\n", body)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// A home whose settings say where it is asked.
fn asking(address: &str) -> Home {
    let home = Home::new();
    configure(&home, &format!("[updates]\naddress = \"{address}\"\n"));
    home
}

fn configure(home: &Home, settings: &str) {
    let path = home.path(SETTINGS);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, settings).unwrap();
}

fn text(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap()).concat();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    text
}

/// What `version --check` says, and its exit code.
fn checked(home: &Home) -> (String, i32) {
    let output = home.run_with(&[], &["version", "--check"], "");
    (text(&output), output.status.code().unwrap())
}

#[test]
fn the_version_is_said_with_what_it_was_built_for() {
    let said = text(&Home::new().run_with(&[], &["version"], ""));
    let words: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(words[..4], ["spectora-mcp", &format!("{OWN},"), "built", "for"]);
    assert!(words[4].starts_with(std::env::consts::OS), "{said}");
}

#[test]
fn what_is_published_is_compared_by_numbers() {
    let page = r#""html_url":"https://example.com/releases/99""#;
    for (body, expected) in [
        (
            format!(r#"{{"tag_name":"v99.0.1",{page}}}"#),
            format!("99.0.1 is there (https://example.com/releases/99); you have {OWN}\n"),
        ),
        (r#"{"version":"99.0.1"}"#.to_owned(), format!("99.0.1 is there; you have {OWN}\n")),
        (
            "{\"tag_name\":\"99.0.1\",\"html_url\":\"https://example.com/\\u001b]0;x\\u0007\\u001b[31m\"}".to_owned(),
            format!("99.0.1 is there (https://example.com/%1B]0;x%07%1B[31m); you have {OWN}\n"),
        ),
        (
            r#"{"tag_name":"v99.0.1","html_url":"javascript:alert(1)"}"#.to_owned(),
            format!("99.0.1 is there; you have {OWN}\n"),
        ),
        (format!(r#"{{"tag_name":"v{OWN}",{page}}}"#), format!("{OWN} is the newest\n")),
        (r#"{"tag_name":"v0.0.9"}"#.to_owned(), format!("{OWN} is the newest (0.0.9 is published)\n")),
    ] {
        let listener = Listener::publishing(&body);
        assert_eq!(checked(&asking(&format!("{}/latest", listener.address))), (expected, 0), "{body}");
        let heads = listener.heads();
        assert_eq!(heads.len(), 1, "it is asked once");
        assert!(heads[0].starts_with("GET /latest HTTP/1.1\n"), "{}", heads[0]);
    }
}

#[test]
fn what_cannot_be_found_out_is_said_with_the_reason() {
    let json = "check `address` under [updates]";
    for (listener, expected) in [
        (Listener::publishing("<html>log in</html>"), ["it is not JSON", json]),
        (Listener::publishing("{\"name\":\"x\"}"), ["neither `tag_name` nor `version`", json]),
        (Listener::publishing("{\"tag_name\":\"v1.0\\u001b[31m\"}"), ["not one like v0.2.0", json]),
        (Listener::answering("404 Not Found", "", "{\"tag_name\":\"v99.0.0\"}"), ["HTTP 404", json]),
        (Listener::answering("503 Busy", "", ""), ["HTTP 503", "try again"]),
        (Listener::answering("200 \u{1b}[31mOK", "", "{}"), ["the connection broke off", "try again"]),
        (
            Listener::start(|stream| stream.write_all(b"\x1b[31m garbage\r\n\r\n")),
            ["the connection broke off", "try again"],
        ),
        (
            Listener::start(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"tag_name\"")),
            ["the connection broke off", "try again"],
        ),
        (
            Listener::start(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n")),
            ["larger than 1048576 bytes", json],
        ),
        (
            Listener::start(|stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                loop {
                    stream.write_all(format!("10000\r\n{}\r\n", " ".repeat(0x10000)).as_bytes())?;
                }
            }),
            ["larger than 1048576 bytes", json],
        ),
    ] {
        let (said, code) = checked(&asking(&listener.address));
        assert_eq!(code, 1, "{said}");
        assert!(said.starts_with("it could not be found out whether there is a newer version: "), "{said}");
        assert!(expected.iter().all(|part| said.contains(part)), "{expected:?}: {said}");
        assert_eq!(listener.heads().len(), 1, "{expected:?}");
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (said, code) = checked(&asking(&format!("http://{gone}/")));
    assert!(code == 1 && said.contains("the connection was refused"), "{said}");
}

#[test]
fn an_answer_is_not_waited_for_longer_than_a_moment() {
    // One says nothing, and one begins and never ends.
    let silent = Listener::start(|stream| std::io::copy(stream, &mut std::io::sink()).map(drop));
    let slow = Listener::start(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")?;
        loop {
            stream.write_all(b" ")?;
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    for listener in [silent, slow] {
        let began = Instant::now();
        let (said, code) = checked(&asking(&listener.address));
        assert!(code == 1 && said.contains("there was no complete answer within 5 s"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = Listener::publishing(r#"{"tag_name":"v99.0.1"}"#);
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let sends_on = Listener::answering(status, &format!("Location: {}/\r\n", elsewhere.address), "");
        let (said, code) = checked(&asking(&sends_on.address));
        assert!(code == 1 && said.contains("sends on to another address, which is not followed"), "{said}");
    }
    assert_eq!(elsewhere.heads(), Vec::<String>::new());
}

#[test]
fn an_address_that_cannot_be_asked_is_refused() {
    for address in ["http://example.com/latest", "https://pat:secret@example.com/", "file:///etc/passwd", "example.com"]
    {
        let home = asking(address);
        let (said, code) = checked(&home);
        assert!(code == 2 && said.contains("under [updates]") && said.contains("what to do: give https"), "{said}");
        let doctor = text(&home.run_with(&[], &["doctor"], ""));
        assert!(doctor.contains("CHECK  version: `address` under [updates]"), "{doctor}");
    }
}

/// Everything that goes to an address elsewhere would come by this.
fn proxy() -> Listener {
    Listener::answering("502 Bad Gateway", "", "")
}

async fn office(more: &str) -> (Sandbox, Home) {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.inspections = Some(60);
    options.agents_max = Some(10);
    let sandbox = Sandbox::start(options).await.unwrap();
    let home = Home::new();
    let key = &sandbox.companies()[0].api_key;
    configure(
        &home,
        &format!(
            "[companies.summit_ridge]\napi_key = \"{key}\"\ntimezone = \"America/Denver\"\n[api]\nbase_url = \"{}\"\n{more}",
            sandbox.base_url()
        ),
    );
    (sandbox, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_unless_an_address_is_set() {
    let (_sandbox, home) = office("").await;
    tokio::task::spawn_blocking(move || {
        let proxy = proxy();
        let names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
        let proxied: Vec<(&str, &str)> = names.iter().map(|name| (*name, proxy.address.as_str())).collect();
        let run = |arguments: &[&str]| home.run_with(&proxied, arguments, "");
        let checked = run(&["version", "--check"]);
        let said = text(&checked);
        assert_eq!(checked.status.code(), Some(2), "{said}");
        assert!(said.contains("nobody was asked") && said.contains("set `address` under [updates]"), "{said}");
        assert!(run(&["version"]).status.success());
        let doctor = text(&run(&["doctor"]));
        assert!(doctor.contains("summit_ridge, inspections: answered") && !doctor.contains("version"), "{doctor}");
        let mut command = home.command(&["serve"]);
        command.envs(proxied.iter().copied());
        assert_eq!(listed(&mut Server::start(command)), ["summit_ridge"]);
        assert_eq!(proxy.heads(), Vec::<String>::new());
        // The proxy would have seen it: with an address it does.
        let home = asking("https://updates.example.com/latest");
        let output = home.run_with(&proxied, &["version", "--check"], "");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        let heads = proxy.heads();
        assert!(heads.len() == 1 && heads[0].starts_with("CONNECT updates.example.com:443 "), "{heads:?}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_and_a_server_does_not() {
    let page = r#""html_url":"https://example.com/releases/99""#;
    let newer = Listener::publishing(&format!(r#"{{"tag_name":"v99.0.1",{page}}}"#));
    let (sandbox, home) = office(&format!("[updates]\naddress = \"{}\"\n", newer.address)).await;
    let key = sandbox.companies()[0].api_key.clone();
    tokio::task::spawn_blocking(move || {
        let mut server = Server::start(home.command(&["serve"]));
        assert_eq!(listed(&mut server), ["summit_ridge"]);
        // Longer than it takes a server to look at its settings once more.
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(newer.heads(), Vec::<String>::new());
        drop(server);
        let doctor = text(&home.run_with(&[], &["doctor"], ""));
        let expected = format!(
            "CHECK  version: 99.0.1 is there (https://example.com/releases/99); you have {OWN}\n         -> install it over"
        );
        assert!(doctor.contains(&expected), "{doctor}");
        let heads = newer.heads();
        assert_eq!(heads.len(), 1);
        let head = heads[0].to_lowercase();
        for secret in ["authorization", "cookie", "summit", &key] {
            assert!(!head.contains(secret), "{head}");
        }
        let same = Listener::publishing(&format!(r#"{{"tag_name":"v{OWN}"}}"#));
        let settings = home.read(SETTINGS).replace(&newer.address, &same.address);
        configure(&home, &settings);
        let doctor = text(&home.run_with(&[], &["doctor"], ""));
        assert!(doctor.contains(&format!("ok     version: {OWN} is the newest\n")), "{doctor}");
        let odd = Listener::publishing("\u{1b}[31m");
        configure(&home, &settings.replace(&same.address, &odd.address));
        let doctor = text(&home.run_with(&[], &["doctor"], ""));
        assert!(doctor.contains("CHECK  version: it could not be found out"), "{doctor}");
        // The invented companies have no settings.
        home.run_with(&[], &["doctor", "--demo"], "");
        assert_eq!((same.heads().len(), odd.heads().len()), (1, 1));
    })
    .await
    .unwrap();
}
