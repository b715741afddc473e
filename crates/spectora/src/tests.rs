//! The client against a service that answers by script, byte for byte.

mod faults;
mod filters;
mod listing;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{ClientLimits, ClientSettings, Http, SpectoraClient};
use domain::SystemClock;

const KEY: &str = "test-key-7f3a";

/// What the scripted service does with one request.
enum Answer {
    /// These bytes, then the connection closes.
    Bytes(Vec<u8>),
    /// These bytes, then nothing, for ever.
    Hang(Vec<u8>),
}

fn reply(status: u16, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Bytes(
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
            .into_bytes(),
    )
}

fn ok(body: &Value) -> Answer {
    reply(200, "content-type: application/json\r\n", &body.to_string())
}

fn refused(detail: &str) -> Answer {
    let body = json!({"errors": [{"title": "Unprocessable", "status": "422", "detail": detail}]});
    reply(422, "content-type: application/json\r\n", &body.to_string())
}

/// One request as it came.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    head: String,
}

impl Asked {
    fn parameter(&self, name: &str) -> Option<String> {
        let target = self.line.split(' ').nth(1)?;
        let (_, query) = target.split_once('?')?;
        query.split('&').find_map(|part| part.strip_prefix(&format!("{name}="))).map(str::to_owned)
    }

    fn page(&self) -> usize {
        self.parameter("page[number]").map_or(1, |number| number.parse().unwrap())
    }
}

struct Service {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Service {
    /// Answers each request by `script`, which is given the request and how many came before it.
    async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&asked), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                            return;
                        }
                        head.extend(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    let asked = Asked { line: head.lines().next().unwrap().to_owned(), head };
                    let before = {
                        let mut log = log.lock().unwrap();
                        log.push(asked.clone());
                        log.len() - 1
                    };
                    match script(&asked, before) {
                        Answer::Bytes(bytes) => {
                            let _ = stream.write_all(&bytes).await;
                            let _ = stream.shutdown().await;
                        }
                        Answer::Hang(bytes) => {
                            let _ = stream.write_all(&bytes).await;
                            std::future::pending::<()>().await;
                        }
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn client(&self) -> SpectoraClient {
        self.client_with(ClientLimits { backoff_first: Duration::from_millis(10), ..ClientLimits::default() })
    }

    fn client_with(&self, limits: ClientLimits) -> SpectoraClient {
        let base_url = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let settings = ClientSettings {
            corrections: Arc::default(),
            forgotten: super::Forgotten::default(),
            company: "acme".parse().unwrap(),
            http: Http::new(&base_url, &limits).unwrap(),
            base_url,
            api_key: SecretString::from(KEY),
            timezone: jiff::tz::TimeZone::UTC,
            paths: BTreeMap::new(),
            requests_per_minute: NonZeroU32::new(1000).unwrap(),
            limits,
            known_services: Vec::new(),
            naming: domain::Naming::default(),
            meter: None,
            watch: None,
            changed_since: None,
        };
        SpectoraClient::new(settings, Arc::new(SystemClock)).unwrap()
    }
}

fn inspection(id: u64, attributes: &Value) -> Value {
    json!({"id": id.to_string(), "type": "inspection", "attributes": attributes})
}

fn page_of(rows: Vec<Value>, pagination: Value) -> Value {
    json!({"data": rows, "meta": {"pagination": pagination}})
}
