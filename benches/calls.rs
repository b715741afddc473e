//! Calls of this program beside those of a bare rmcp server: one table, over stdio and over HTTP, all of one run.
//!
//! `cargo bench --bench calls` measures the program built with it; `-- --beside before=PATH` (repeatable) one more. All
//! servers are child processes and take turns, so that a slow minute of the machine hits each of them; the bare one is
//! this program itself, started with a hidden argument.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The first round warms up and is not counted.
const STDIO_ROUNDS: usize = 1 + 10;
/// A server's turn over stdio, which lasts for so many calls at least.
const STDIO_TURN: Duration = Duration::from_millis(150);
const STDIO_CALLS_MIN: usize = 30;
const HTTP_ROUNDS: usize = 7;
/// A server's turn over HTTP, and how long its callers ask before anything is counted.
const HTTP_TURN: Duration = Duration::from_millis(500);
const HTTP_WARM_UP: Duration = Duration::from_millis(200);
const CALLERS: usize = 200;
/// Between two looks at whether the demo's mirrors are filled.
const WAIT: Duration = Duration::from_millis(100);

/// What is asked; in a line of the table.
struct Question {
    label: &'static str,
    /// Whether it is for the bare server, and not for a program.
    is_bare: bool,
    /// Whether it is asked over HTTP too.
    over_http: bool,
    tool: &'static str,
    arguments: &'static str,
    /// How many rows the answer must have; 0 where it has none.
    rows: usize,
}

const fn question(label: &'static str, tool: &'static str, arguments: &'static str) -> Question {
    Question { label, is_bare: false, over_http: true, tool, arguments, rows: 0 }
}

const LIST_COMPANIES: Question = Question { rows: 2, ..question("list_companies", "list_companies", "{}") };
const OF_COMPANY: &str = r#"{"company":"spectora_company1"}"#;
const QUESTIONS: &[Question] = &[
    Question { is_bare: true, over_http: false, ..question("bare: nothing", "nothing", "{}") },
    Question { is_bare: true, rows: 25, ..question("bare: 25 rows", "rows", "{}") },
    LIST_COMPANIES,
    Question {
        rows: 25,
        ..question(
            "list_inspections, 25",
            "list_inspections",
            r#"{"company":"spectora_company1","period":"last_month","limit":25}"#,
        )
    },
    Question {
        rows: 25,
        ..question("list_agents, 25", "list_agents", r#"{"company":"spectora_company1","limit":25}"#)
    },
    question("inspector_scorecard", "inspector_scorecard", OF_COMPANY),
    Question { over_http: false, ..question("service_mix", "service_mix", OF_COMPANY) },
    Question { over_http: false, ..question("agent_analysis", "agent_analysis", OF_COMPANY) },
    Question { over_http: false, ..question("prep_briefing", "prep_briefing", OF_COMPANY) },
    question("capacity_plan", "capacity_plan", OF_COMPANY),
];

impl Question {
    fn message(&self) -> String {
        let Self { tool, arguments, .. } = self;
        let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#)
    }

    /// Stops where the answer is not of the size that the table speaks of.
    fn check_rows(&self, answer: &str) {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let items = answer["result"]["structuredContent"]["items"].as_array();
        assert_eq!(items.map_or(0, Vec::len), self.rows, "{}: {answer}", self.label);
    }
}

/// Three numbers of each question (the first index) and program, where it is asked.
type Measured = Vec<Vec<Option<[f64; 3]>>>;

/// A server to be measured, and how it is started.
struct Program {
    name: String,
    path: String,
    is_bare: bool,
    stdio: &'static [&'static str],
    http: &'static [&'static str],
}

impl Program {
    fn new(name: &str, path: &str) -> Self {
        let (stdio, http): (&[_], &[_]) = (&["serve", "--demo"], &["serve", "--demo", "--http", "127.0.0.1:0"]);
        Self { name: name.to_owned(), path: path.to_owned(), is_bare: false, stdio, http }
    }

    fn bare() -> Self {
        let path = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
        Self { name: "bare".to_owned(), path, is_bare: true, stdio: &["--bare-stdio"], http: &["--bare-http"] }
    }

    fn is_asked(&self, question: &Question) -> bool {
        question.is_bare == self.is_bare
    }
}

/// A child process that ends with its owner.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Stops at an answer that is none.
fn checked(answer: &str) -> &str {
    assert!(answer.contains("\"result\"") && !answer.contains("\"isError\":true"), "{answer}");
    answer
}

/// Whether the mirrors of both companies are filled: the first questions are answered by the demo's service.
fn is_filled(companies: &str) -> bool {
    companies.matches(r#""mirror":"complete""#).count() == 2
}

/// A server over stdio; asked without a runtime, which would only add to the times.
struct StdioServer {
    _child: Killed,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
}

impl StdioServer {
    fn start(program: &Program) -> Self {
        let mut command = Command::new(&program.path);
        let pipes = command.args(program.stdio).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = pipes.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let output = BufReader::with_capacity(1 << 18, output);
        let mut server = Self { _child: Killed(child), input, output, line: String::new() };
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
        server.ask(&format!("{hello}\n"));
        writeln!(server.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
        server
    }

    /// Asks a line, with its end.
    fn ask(&mut self, line: &str) -> &str {
        self.input.write_all(line.as_bytes()).unwrap();
        self.line.clear();
        self.output.read_line(&mut self.line).unwrap();
        checked(&self.line)
    }
}

/// Median and 95th percentile in microseconds, and the bytes of the answer.
fn over_stdio(programs: &[Program]) -> Measured {
    let mut servers: Vec<_> = programs.iter().map(|program| (program, StdioServer::start(program))).collect();
    let companies = format!("{}\n", LIST_COMPANIES.message());
    for (_, server) in servers.iter_mut().filter(|(program, _)| !program.is_bare) {
        while !is_filled(server.ask(&companies)) {
            std::thread::sleep(WAIT);
        }
    }
    let mut times = vec![vec![Vec::new(); programs.len()]; QUESTIONS.len()];
    for round in 0..STDIO_ROUNDS {
        for (question, times) in QUESTIONS.iter().zip(&mut times) {
            let line = format!("{}\n", question.message());
            let asked = servers.iter_mut().zip(times.iter_mut()).filter(|((program, _), _)| program.is_asked(question));
            for ((_, server), times) in asked {
                if round == 0 {
                    question.check_rows(server.ask(&line));
                }
                let turn = Instant::now();
                let mut taken = Vec::new();
                while taken.len() < STDIO_CALLS_MIN || turn.elapsed() < STDIO_TURN {
                    let started = Instant::now();
                    let bytes = server.ask(&line).len();
                    taken.push((started.elapsed().as_secs_f64() * 1e6, bytes as f64));
                }
                if round != 0 {
                    times.append(&mut taken);
                }
            }
        }
    }
    let summed = |mut taken: Vec<(f64, f64)>| {
        taken.sort_by(|left, right| left.0.total_cmp(&right.0));
        let at = |share: usize| taken.get(taken.len() * share / 100);
        Some([at(50)?.0, at(95)?.0, at(50)?.1])
    };
    times.into_iter().map(|of_question| of_question.into_iter().map(summed).collect()).collect()
}

/// A connection that is kept, and the last reply on it.
struct Caller {
    stream: tokio::net::TcpStream,
    reply: Vec<u8>,
}

impl Caller {
    async fn connect(address: SocketAddr) -> Self {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, reply: Vec::with_capacity(1 << 18) }
    }

    /// Sends a whole request, and gives the body of the reply.
    async fn ask(&mut self, request: &[u8]) -> &str {
        self.stream.write_all(request).await.unwrap();
        self.reply.clear();
        let body = loop {
            assert_ne!(self.stream.read_buf(&mut self.reply).await.unwrap(), 0, "the connection was closed");
            let Some(end) = self.reply.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.reply[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let body = end + 4..end + 4 + length.parse::<usize>().unwrap();
            if body.end <= self.reply.len() {
                break body;
            }
        };
        checked(std::str::from_utf8(&self.reply[body]).unwrap())
    }
}

fn request(question: &Question) -> Arc<[u8]> {
    let message = question.message();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream";
    format!("{head}\r\nContent-Length: {}\r\n\r\n{message}", message.len()).into_bytes().into()
}

/// Starts a server over HTTP, and finds its address in what it says.
fn start_http(program: &Program) -> (Killed, SocketAddr) {
    let mut child = Command::new(&program.path).args(program.http).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.find_map(|line| line.unwrap().split_once("http://").map(|(_, rest)| rest.to_owned())).unwrap();
    (Killed(child), line.split('/').next().unwrap().parse().unwrap())
}

/// Calls a second. Each caller asks again as soon as it is answered; what is under way at the end is waited for, so that
/// it does not weigh on the next turn.
async fn calls_a_second(address: SocketAddr, request: &Arc<[u8]>, callers: usize) -> f64 {
    let begin = Instant::now() + HTTP_WARM_UP;
    let end = begin + HTTP_TURN;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let request = Arc::clone(request);
        tasks.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut answered = 0_u32;
            loop {
                caller.ask(&request).await;
                let now = Instant::now();
                if end < now {
                    return answered;
                }
                answered += u32::from(begin <= now);
            }
        });
    }
    let answered: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(answered) / HTTP_TURN.as_secs_f64()
}

/// Calls a second of one caller and of many, and how many times as many those get; the middle one of the rounds.
async fn over_http(programs: &[Program]) -> Measured {
    let servers: Vec<_> = programs.iter().map(|program| (program, start_http(program))).collect();
    for (program, (_, address)) in &servers {
        let mut caller = Caller::connect(*address).await;
        if !program.is_bare {
            while !is_filled(caller.ask(&request(&LIST_COMPANIES)).await) {
                tokio::time::sleep(WAIT).await;
            }
        }
        for question in QUESTIONS.iter().filter(|question| program.is_asked(question)) {
            question.check_rows(caller.ask(&request(question)).await);
        }
    }
    let mut rates = vec![vec![[Vec::new(), Vec::new()]; programs.len()]; QUESTIONS.len()];
    for _ in 0..HTTP_ROUNDS {
        for (question, rates) in QUESTIONS.iter().zip(&mut rates).filter(|(question, _)| question.over_http) {
            let request = request(question);
            for (callers, which) in [(1, 0), (CALLERS, 1)] {
                let asked = servers.iter().zip(rates.iter_mut()).filter(|((program, _), _)| program.is_asked(question));
                for ((_, (_, address)), rates) in asked {
                    rates[which].push(calls_a_second(*address, &request, callers).await);
                }
            }
        }
    }
    let middle = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    };
    let summed = |[one, many]: [Vec<f64>; 2]| {
        let (one, many) = (middle(one)?, middle(many)?);
        Some([one, many, many / one])
    };
    rates.into_iter().map(|of_question| of_question.into_iter().map(summed).collect()).collect()
}

/// Prints a part of the table: a line a question, three columns a program, the last one with so many `digits`. What the
/// bare server gives stands in the first columns.
fn print(title: &str, columns: [&str; 3], digits: usize, programs: &[Program], measured: &Measured) {
    let line = |label: &str, groups: Vec<String>| println!("{label:22} | {}", groups.join(" | "));
    let [one, two, three] = columns;
    let ours = programs.iter().filter(|program| !program.is_bare);
    line("", ours.clone().map(|program| format!("{:^30}", program.name)).collect());
    line(title, ours.map(|_| format!("{one:>9} {two:>12} {three:>7}")).collect());
    for (question, measured) in QUESTIONS.iter().zip(measured) {
        let group = |[one, two, three]: &[f64; 3]| format!("{one:>9.0} {two:>12.0} {three:>7.digits$}");
        let groups: Vec<String> = measured.iter().flatten().map(group).collect();
        if !groups.is_empty() {
            line(question.label, groups);
        }
    }
}

/// What 200 callers ask in turn under load.
const LOAD: &[&str] = &["list_companies", "list_inspections, 25", "inspector_scorecard", "capacity_plan"];
/// Connections that ask nothing while others do.
const IDLE: usize = 2_000;

/// A logged-in server on 100,000 inspections with its callers' token, and the folder with its files.
fn start_logged_in() -> (Killed, SocketAddr, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (config, people) = (folder.path().join("spectora.toml"), folder.path().join("access.db"));
    std::fs::write(&config, "[http]\ncalls_per_minute = 1000000000\n").unwrap();
    let program = env!("CARGO_BIN_EXE_spectora-mcp");
    let adding = ["access", "add-token", "load", "--role", "owner", "--access-file"];
    let added = Command::new(program).args(adding).arg(&people).output().unwrap();
    let token = String::from_utf8(added.stdout).unwrap().trim().to_owned();
    let mut command = Command::new(program);
    command.args(["serve", "--demo", "--demo-inspections", "100000", "--http", "127.0.0.1:0", "--login", "--config"]);
    let mut child = command.arg(&config).arg("--access-file").arg(&people).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.find_map(|line| line.unwrap().split_once("http://").map(|(_, rest)| rest.to_owned())).unwrap();
    std::thread::spawn(move || said.for_each(drop));
    (Killed(child), line.split('/').next().unwrap().parse().unwrap(), token, folder)
}

fn authorized(request: &[u8], token: &str) -> Arc<[u8]> {
    let text = std::str::from_utf8(request).unwrap();
    text.replacen("\r\n", &format!("\r\nAuthorization: Bearer {token}\r\n"), 1).into_bytes().into()
}

/// Resident memory of a process now and at most, in megabytes.
fn memory(child: &Child) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or_default() / 1024
    };
    format!("{} MB (at most {})", of("VmRSS:"), of("VmHWM:"))
}

/// 200 callers who ask these in turn for so long; any answer that is none stops the bench.
async fn under_load(label: &str, address: SocketAddr, requests: &[Arc<[u8]>], time: Duration, child: &Child) {
    let end = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let requests = requests.to_vec();
        tasks.spawn(async move {
            let mut caller = Caller::connect(address).await;
            let mut taken = Vec::new();
            for request in requests.iter().cycle().skip(number) {
                let started = Instant::now();
                caller.ask(request).await;
                taken.push(started.elapsed().as_secs_f64() * 1e3);
                if end < Instant::now() {
                    break;
                }
            }
            taken
        });
    }
    let mut taken: Vec<f64> = tasks.join_all().await.into_iter().flatten().collect();
    taken.sort_by(f64::total_cmp);
    let at = |share: usize| taken[taken.len() * share / 1000];
    let rate = taken.len() as f64 / time.as_secs_f64();
    let (median, late, last) = (at(500), at(990), taken[taken.len() - 1]);
    println!(
        "{label:34} {rate:>7.0} a second, no error; ms: median {median:.1}, 99th % {late:.1}, longest {last:.1}; memory {}",
        memory(child)
    );
}

/// Whoever is logged in, for a minute: alone, and beside idle connections and one that reads a byte at a time.
async fn load(time: Duration) {
    let bare = Program::bare();
    let (bare, bare_address) = start_http(&bare);
    let (served, address, token, _folder) = start_logged_in();
    let of = |label: &str| request(QUESTIONS.iter().find(|question| question.label == label).unwrap());
    let requests: Vec<_> = LOAD.iter().map(|label| authorized(&of(label), &token)).collect();
    let mut caller = Caller::connect(address).await;
    while !is_filled(caller.ask(&requests[0]).await) {
        tokio::time::sleep(WAIT).await;
    }
    under_load("bare: 25 rows", bare_address, &[of("bare: 25 rows")], time, &bare.0).await;
    under_load("logged in, 100,000 inspections", address, &requests, time, &served.0).await;
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(Caller::connect(address).await);
    }
    let mut slow = Caller::connect(address).await;
    slow.stream.write_all(&requests[1]).await.unwrap();
    let reading = tokio::spawn(async move {
        let mut byte = [0];
        while slow.stream.read(&mut byte).await.is_ok_and(|length| length != 0) {
            tokio::time::sleep(WAIT).await;
        }
    });
    under_load("beside 2,000 idle and a slow one", address, &requests, time, &served.0).await;
    reading.abort();
    drop(idle);
}

#[derive(Clone)]
struct Bare {
    rows: CallToolResult,
}

impl Bare {
    /// 25 constant rows, as text and as structured content: 11 kB together.
    fn new() -> Self {
        let row = |number: usize| {
            json!({
                "id": (5_000_000 + number).to_string(), "starts_at": "2026-10-30T09:00:00-06:00", "status": "confirmed",
                "address": "5936 Granite Loop, Highlands Ranch, CO 80126", "inspector": "Walt Brennan",
                "services": ["Residential Inspection", "Radon Test"], "quote": "450.00",
            })
        };
        let rows: Vec<_> = (0..25).map(row).collect();
        let text: Vec<_> = rows.iter().map(|row| row.to_string().replace('"', "")).collect();
        let mut result = CallToolResult::structured(json!({ "items": rows }));
        result.content = vec![ContentBlock::text(text.join("\n"))];
        Self { rows: result }
    }
}

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name| Tool::new(name, "", serde_json::Map::new());
        Ok(ListToolsResult::with_all_items(vec![tool("nothing"), tool("rows")]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let is_rows = request.name == "rows";
        Ok(if is_rows { self.rows.clone() } else { CallToolResult::success(vec![ContentBlock::text("")]) }.into())
    }
}

async fn bare_over_stdio() {
    Bare::new().serve(rmcp::transport::stdio()).await.unwrap().waiting().await.unwrap();
}

async fn bare_over_http() {
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    let bare = Bare::new();
    let service =
        StreamableHttpService::new(move || Ok(bare.clone()), Arc::new(LocalSessionManager::default()), config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("http://{}/mcp", listener.local_addr().unwrap());
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await.unwrap();
}

fn main() {
    let mut programs = vec![Program::bare(), Program::new("now", env!("CARGO_BIN_EXE_spectora-mcp"))];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let all_threads = || tokio::runtime::Runtime::new().unwrap();
        match argument.as_str() {
            "--bare-stdio" => return all_threads().block_on(bare_over_stdio()),
            "--bare-http" => return all_threads().block_on(bare_over_http()),
            "--beside" => {
                let given = arguments.next().unwrap_or_default();
                let (name, path) = given.split_once('=').unwrap_or_else(|| panic!("--beside NAME=PATH, not `{given}`"));
                programs.push(Program::new(name, path));
            }
            "--load" => {
                let seconds = arguments.next().and_then(|seconds| seconds.parse().ok()).unwrap_or(60);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                return runtime.block_on(load(Duration::from_secs(seconds)));
            }
            // What `cargo bench` adds.
            _ => {}
        }
    }
    let cores = std::thread::available_parallelism().unwrap();
    println!("{cores} cores, shared by servers and callers; the demo's company 1, from its mirror");
    print("stdio, one caller", ["median µs", "95th % µs", "bytes"], 0, &programs, &over_stdio(&programs));
    // One thread does for all callers, and leaves the servers the rest.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let measured = runtime.block_on(over_http(&programs));
    print("HTTP, calls a second", ["1 caller", "200 callers", "ratio"], 2, &programs, &measured);
}
