//! A tool call over stdio and over HTTP, beside a bare rmcp server with one empty tool in the same run. All servers are
//! child processes; the bare ones are this program itself, started with a hidden argument.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a bench may stop at the first surprise"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use criterion::Criterion;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};

const PROGRAM: &str = env!("CARGO_BIN_EXE_spectora-mcp");

#[derive(Clone)]
struct Bare;

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![Tool::new("empty", "", serde_json::Map::new())]))
    }

    async fn call_tool(
        &self,
        _request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("")]).into())
    }
}

async fn bare_over_http() {
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    let service = StreamableHttpService::new(|| Ok(Bare), Arc::new(LocalSessionManager::default()), config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("http://{}/mcp", listener.local_addr().unwrap());
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await.unwrap();
}

fn call(tool: &str, arguments: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#)
}

struct StdioServer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl StdioServer {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, input, output };
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
        server.ask(hello);
        writeln!(server.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
        server
    }

    fn ask(&mut self, message: &str) -> String {
        writeln!(self.input, "{message}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(line.contains("\"result\"") && !line.contains("\"isError\":true"), "{line}");
        line
    }
}

impl Drop for StdioServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

struct Http {
    child: Child,
    stream: BufReader<TcpStream>,
}

impl Http {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { child, stream: BufReader::new(stream) }
    }

    fn ask(&mut self, message: &str) -> String {
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                    Accept: application/json, text/event-stream";
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{message}", message.len());
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("\"result\"") && !body.contains("\"isError\":true"), "{body}");
        body
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--bare-stdio") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            Bare.serve(rmcp::transport::stdio()).await.unwrap().waiting().await.unwrap();
        });
        std::process::exit(0);
    }
    if std::env::args().any(|argument| argument == "--bare-http") {
        tokio::runtime::Runtime::new().unwrap().block_on(bare_over_http());
        return;
    }
    let own = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let mut criterion = Criterion::default().configure_from_args();
    let inspections = r#"{"period":"last_month","company":"spectora_company1"}"#;
    let questions = [("list_companies", "{}"), ("list_inspections", inspections)];
    {
        let mut group = criterion.benchmark_group("stdio");
        let mut bare = StdioServer::start(&own, &["--bare-stdio"]);
        group.bench_function("bare", |bencher| bencher.iter(|| bare.ask(&call("empty", "{}"))));
        let mut ours = StdioServer::start(PROGRAM, &["serve", "--demo"]);
        wait_for_mirror(|message| ours.ask(message));
        for (tool, arguments) in questions {
            group.bench_function(tool, |bencher| bencher.iter(|| ours.ask(&call(tool, arguments))));
        }
    }
    {
        let mut group = criterion.benchmark_group("http");
        let mut bare = Http::start(&own, &["--bare-http"]);
        group.bench_function("bare", |bencher| bencher.iter(|| bare.ask(&call("empty", "{}"))));
        let mut ours = Http::start(PROGRAM, &["serve", "--demo", "--http", "127.0.0.1:0"]);
        wait_for_mirror(|message| ours.ask(message));
        for (tool, arguments) in questions {
            group.bench_function(tool, |bencher| bencher.iter(|| ours.ask(&call(tool, arguments))));
        }
    }
    criterion.final_summary();
}

/// The first questions are answered by the demo's service; the ones timed are those the mirror answers.
fn wait_for_mirror(mut ask: impl FnMut(&str) -> String) {
    for _ in 0..200 {
        let answer =
            ask(&call("list_inspections", r#"{"period":"last_year","company":"spectora_company1","limit":1}"#));
        if answer.contains(r#""source":"mirror""#) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the mirror was not filled");
}
