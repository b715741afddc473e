//! What goes to an OpenTelemetry collector, and that nothing waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;
use sandbox::Truth;
use serde_json::{Value, json};

use crate::cli::program;
use crate::login;
use crate::processes::{Server, command, sandbox};

/// Of a client that traces: the trace it is in, and its own span.
const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const PARENT: u64 = 0xb7ad_6b71_6920_3331;

/// A collector that keeps what comes.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Bytes)>>>);

impl Collector {
    /// Listens; gives its address.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let keep = async |State(collector): State<Self>, uri: Uri, body: Bytes| {
            collector.0.lock().unwrap().push((uri.path().to_owned(), body));
        };
        let router = Router::new().fallback(keep).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    fn came(&self) -> Vec<(String, Bytes)> {
        self.0.lock().unwrap().clone()
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.came().into_iter().filter(|(path, _)| path == "/v1/traces");
        let requests = bodies.map(|(_, body)| ExportTraceServiceRequest::decode(body).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The names of numbers, with the attributes that their points have.
    fn metrics(&self) -> BTreeMap<String, BTreeSet<String>> {
        use opentelemetry_proto::tonic::metrics::v1::metric::Data;
        let bodies = self.came().into_iter().filter(|(path, _)| path == "/v1/metrics");
        let requests = bodies.map(|(_, body)| ExportMetricsServiceRequest::decode(body).unwrap());
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let resources = requests.flat_map(|request| request.resource_metrics);
        for metric in resources.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics) {
            let attributes: Vec<Vec<KeyValue>> = match metric.data.unwrap() {
                Data::Histogram(data) => data.data_points.into_iter().map(|point| point.attributes).collect(),
                Data::Sum(data) => data.data_points.into_iter().map(|point| point.attributes).collect(),
                Data::Gauge(data) => data.data_points.into_iter().map(|point| point.attributes).collect(),
                other => panic!("{other:?}"),
            };
            let shown = attributes.iter().flatten().map(|pair| format!("{}={}", pair.key, shown(pair)));
            found.entry(metric.name).or_default().extend(shown);
        }
        found
    }

    /// No byte of what came is of any of these.
    fn assert_without<'a>(&self, hidden: impl IntoIterator<Item = &'a String>) {
        let all: Vec<u8> = self.came().iter().flat_map(|(_, body)| body.to_vec()).collect();
        let all = String::from_utf8_lossy(&all).to_lowercase();
        for hidden in hidden {
            assert!(!all.contains(&hidden.to_lowercase()), "{hidden} is among what was sent");
        }
    }
}

fn shown(pair: &KeyValue) -> String {
    match pair.value.clone().unwrap().value.unwrap() {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    span.attributes.iter().map(|pair| (pair.key.clone(), shown(pair))).collect()
}

/// Everybody and everything the records name, long enough not to come by chance.
fn known(truth: &Truth) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for company in &truth.companies {
        known.insert(company.display_name.to_owned());
        known.extend(company.inspectors.iter().map(|inspector| inspector.name.to_owned()));
        known.extend(company.agencies.iter().map(|agency| agency.name.clone()));
        for agent in &company.agents {
            known.extend(agent.last_name.clone());
            known.extend(agent.email.clone());
            known.extend([agent.phone.clone(), agent.connection_id.to_string()]);
        }
        for client in &company.clients {
            known.extend(client.email());
            known.extend([client.last_name().to_owned(), client.phone()]);
        }
        for row in &company.inspections {
            known.insert(company.full_address(row).split(',').next().unwrap().to_owned());
            known.insert(row.id.to_string());
        }
    }
    known.retain(|value| 5 < value.len());
    assert!(1_000 < known.len());
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_their_requests_are_spans_without_anything_of_the_question() {
    let (collector, address) = Collector::start().await;
    let sandbox = sandbox(400, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&sandbox, folder.path(), 10_000, &["serve", "--no-mirror"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &address);
    let id = sandbox.truth().companies[0].inspections[7].id.to_string();
    let (looked_up, client) = (id.clone(), "Quixotic Zebra");
    let asking = tokio::task::spawn_blocking(move || {
        let mut server = Server::start(command);
        server.answer("list_inspections", json!({"client": client, "limit": 3}));
        let traced = json!({"name": "get_inspection", "arguments": {"id": looked_up},
            "_meta": {"traceparent": format!("00-{TRACE:032x}-{PARENT:016x}-01")}});
        assert_ne!(server.ask("tools/call", traced)["result"]["isError"], true);
        server.failure("list_inspections", json!({"period": "no_such_period"}));
    });
    asking.await.unwrap();

    let spans = collector.spans();
    let calls: Vec<&Span> = spans.iter().filter(|span| span.kind() == SpanKind::Server).collect();
    let names: Vec<&str> = calls.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["tools/call list_inspections", "tools/call get_inspection", "tools/call list_inspections"]);
    let expected = |tool: &str, requests: &str, error: Option<&str>| {
        let pairs = [
            ("mcp.method.name", "tools/call"),
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", tool),
            ("network.transport", "pipe"),
            ("spectora.requests", requests),
        ];
        let pairs = pairs.into_iter().chain(error.map(|error| ("error.type", error)));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>()
    };
    let under = |call: &Span| spans.iter().filter(|span| span.parent_span_id == call.span_id).collect::<Vec<_>>();
    let made: Vec<Vec<&Span>> = calls.iter().map(|call| under(call)).collect();
    assert_eq!(attributes(calls[0]), expected("list_inspections", &made[0].len().to_string(), None));
    assert_eq!(attributes(calls[1]), expected("get_inspection", &made[1].len().to_string(), None));
    assert_eq!(attributes(calls[2]), expected("list_inspections", "0", Some("tool_error")));
    let status = |span: &Span| span.status.as_ref().map_or(StatusCode::Unset, Status::code);
    assert_eq!((status(calls[0]), status(calls[2])), (StatusCode::Unset, StatusCode::Error));
    // The one that the client traces is under the client's span; the others begin a trace.
    assert_eq!(
        (&calls[1].trace_id[..], &calls[1].parent_span_id[..]),
        (&TRACE.to_be_bytes()[..], &PARENT.to_be_bytes()[..])
    );
    assert!(calls[0].parent_span_id.is_empty());

    let asked = sandbox.log();
    assert_eq!(made.iter().map(Vec::len).sum::<usize>(), asked.len(), "each request has a span, under its call");
    assert_eq!(spans.len(), calls.len() + asked.len());
    let port = sandbox.address().port().to_string();
    for (index, span) in made.iter().enumerate().flat_map(|(index, made)| made.iter().map(move |span| (index, *span))) {
        let attributes = attributes(span);
        let template = attributes["url.template"].as_str();
        assert_eq!((span.kind(), &span.name), (SpanKind::Client, &format!("GET {template}")));
        assert!(template == "/v2/inspections" || (index == 1 && template == "/v2/inspections/{id}"), "{template}");
        assert_eq!(attributes["http.request.method"], "GET");
        assert_eq!((attributes["server.address"].as_str(), &attributes["server.port"]), ("127.0.0.1", &port));
        let call = calls[index];
        assert_eq!(span.trace_id, call.trace_id);
        assert!(
            call.start_time_unix_nano <= span.end_time_unix_nano && span.end_time_unix_nano <= call.end_time_unix_nano
        );
    }
    assert!(made[1].iter().any(|span| span.name == "GET /v2/inspections/{id}"), "{:?}", made[1]);
    let statuses: BTreeSet<String> =
        made.iter().flatten().map(|span| attributes(span)["http.response.status_code"].clone()).collect();
    assert_eq!(statuses, asked.iter().map(|request| request.status.to_string()).collect());

    let metrics = collector.metrics();
    let names: Vec<&str> = metrics.keys().map(String::as_str).collect();
    assert_eq!(names, ["http.client.request.duration", "mcp.server.operation.duration", "spectora.call.requests"]);
    assert!(metrics["mcp.server.operation.duration"].contains("error.type=tool_error"), "{metrics:?}");
    assert!(metrics["http.client.request.duration"].contains("url.template=/v2/inspections/{id}"), "{metrics:?}");

    let company = &sandbox.companies()[0];
    let more = [client, "zebra", "no_such_period", &company.api_key, "Bearer", "page[", "filter"].map(str::to_owned);
    let known = known(&sandbox.truth());
    assert!(known.contains(&id));
    collector.assert_without(known.iter().chain(&more));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn mirrors_quota_and_refusals_are_numbers_without_a_person() {
    let (collector, address) = Collector::start().await;
    let asking = tokio::task::spawn_blocking(move || {
        let (_folder, file) = login::people();
        let mut server = login::Server::start(&file, &["--tokens-only", "--otlp", &address]);
        let token = login::access(&file, &["add-token", "nightly report", "--role", "owner"]);
        login::content(&server.call(&token, &login::tool("capacity_plan", &json!({}))));
        assert_eq!(server.call("wrong", login::LIST_COMPANIES).status, 401);
        let id = server.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(server.child.wait().unwrap().success());
        token
    });
    let token = asking.await.unwrap();
    let metrics = collector.metrics();
    for (name, point) in [
        ("spectora.mirror.age", "company=spectora_company1"),
        ("spectora.api_calls.month", "company=spectora_residential"),
        ("spectora.refused", "reason=bad_token"),
        ("mcp.server.operation.duration", "network.transport=tcp"),
        ("http.client.request.duration", "url.template=/v2/connections"),
    ] {
        assert!(metrics.get(name).is_some_and(|points| points.contains(point)), "{name} {point}: {metrics:?}");
    }
    let sandbox = sandbox(400, |_| {}).await;
    let more = ["nightly", "wrong", token.as_str()].map(str::to_owned);
    collector.assert_without(known(&sandbox.truth()).iter().chain(&more));
    // What nobody asked for has spans of its own.
    assert!(collector.spans().iter().any(|span| span.kind() == SpanKind::Client && span.parent_span_id.is_empty()));
}

/// Serves over standard input to its end: the answers, what was said beside them, and how long the end took.
fn lived(arguments: &[&str], variables: &[(&str, &str)]) -> (Vec<Value>, String, Duration) {
    let mut command = program();
    command.args(["serve", "--demo", "--demo-inspections", "300"]).args(arguments);
    command.envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    writeln!(input, "{}", json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})).unwrap();
    writeln!(input, "{}", json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).unwrap();
    let call = json!({"name": "list_companies", "arguments": {}});
    writeln!(input, "{}", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})).unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line).unwrap();
        answers.push(serde_json::from_str(&line).unwrap());
    }
    drop(input);
    let told = Instant::now();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    (answers, String::from_utf8(ended.stderr).unwrap(), told.elapsed())
}

#[test]
fn a_collector_that_is_away_or_slow_holds_nobody_up() {
    // It takes connections, and never says anything.
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = (format!("http://{}", slow.local_addr().unwrap()), slow);
    let (away, slow) = std::thread::scope(|scope| {
        let away = scope.spawn(|| lived(&["--otlp", "http://127.0.0.1:1"], &[]));
        let slow = scope.spawn(|| lived(&["--otlp", &slow.0], &[]));
        (away.join().unwrap(), slow.join().unwrap())
    });
    for (answers, said, ending) in [&away, &slow] {
        assert_eq!(answers[1]["result"]["isError"], false, "{answers:?}");
        assert!(*ending < Duration::from_secs(6), "{ending:?} {said}");
    }
    assert_eq!(away.1.matches("telemetry is not delivered: it cannot be reached").count(), 1, "{}", away.1);
    assert_eq!(away.1.lines().count(), 1, "{}", away.1);
    assert!(slow.1.lines().count() <= 1, "{}", slow.1);
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    collector.set_nonblocking(true).unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    // Where exporters send unless they are told otherwise; another program may be there.
    let usual = TcpListener::bind("127.0.0.1:4318").ok();
    if let Some(usual) = &usual {
        usual.set_nonblocking(true).unwrap();
    }
    let lives: [&[(&str, &str)]; 2] = [
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", " "), ("OTEL_SERVICE_NAME", "mine")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &address), ("OTEL_SDK_DISABLED", "true")],
    ];
    std::thread::scope(|scope| {
        for variables in lives {
            scope.spawn(|| {
                let (answers, said, _) = lived(&[], variables);
                assert_eq!((&answers[1]["result"]["isError"], said.as_str()), (&json!(false), ""), "{answers:?}");
            });
        }
    });
    // What is meant for other programs stops nothing.
    let (answers, said, _) = lived(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]);
    assert_eq!(answers[1]["result"]["isError"], false, "{answers:?}");
    assert!(said.contains("no telemetry is sent") && said.contains("http://127.0.0.1:4318"), "{said}");
    assert!(collector.accept().is_err() && usual.is_none_or(|usual| usual.accept().is_err()));
    let wrong = program().args(["serve", "--otlp", "collector:4317"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("--otlp is no address of an OpenTelemetry collector"));
}
