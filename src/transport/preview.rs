//! The page that draws answers, shown in a browser of this machine: a small host for it, as a chat client is one.
//!
//! Whoever may look is whoever was told the address: it has a long random part, names of other hosts are refused, and it is served
//! on this machine alone. The page itself stands in a frame that may run its own script and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;

/// The host, with its script.
const HOST: &str = include_str!("preview.html");
/// The largest call; arguments are small.
const CALL_BYTES_MAX: usize = 64 * 1024;
/// What the host may do: its own script, its own frame, and asking the place it is from.
const HOST_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; frame-src 'self'; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers what the page asks.
pub trait Answers: Send + Sync + 'static {
    /// What was asked at first: the tool, its arguments and its result, as `{tool, arguments, result}`.
    fn first(&self) -> Value;

    /// The result of a tool, as MCP writes it.
    fn call(&self, tool: String, arguments: Map<String, Value>) -> BoxFuture<'_, Value>;
}

#[derive(Clone)]
struct Preview {
    answers: Arc<dyn Answers>,
    page: &'static str,
    secret: Arc<str>,
    address: SocketAddr,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

/// What is served, and where a browser finds it.
pub struct PreviewServer {
    listener: TcpListener,
    router: Router,
    /// The address, with its random part.
    pub url: String,
}

impl PreviewServer {
    /// Takes a port of this machine; 0 takes a free one. `page` is the page's HTML.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(port: u16, page: &'static str, answers: Arc<dyn Answers>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let secret: Arc<str> = format!("{:032x}", rand::random::<u128>()).into();
        let url = format!("http://{address}/{secret}/");
        let preview = Preview { answers, page, secret, address };
        let router = Router::new()
            .route("/{secret}/", get(host))
            .route("/{secret}/page", get(page_of))
            .route("/{secret}/first", get(first))
            .route("/{secret}/call", post(call))
            .layer(from_fn_with_state(preview.clone(), guarded))
            .layer(DefaultBodyLimit::max(CALL_BYTES_MAX))
            .with_state(preview);
        Ok(Self { listener, router, url })
    }

    /// Serves until `stop` ends.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await
    }
}

/// Lets in whoever knows the address, under its own name: another site's page cannot know the one, nor use the other.
async fn guarded(State(preview): State<Preview>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = host.is_some_and(|host| host == preview.address.to_string());
    let secret = request.uri().path().split('/').nth(1).unwrap_or_default();
    let is_told = bool::from(secret.as_bytes().ct_eq(preview.secret.as_bytes()));
    if !is_own || !is_told {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn host() -> Response {
    let mut response = Html(HOST).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(HOST_POLICY));
    response
}

async fn page_of(State(preview): State<Preview>, Path(_): Path<String>) -> Html<&'static str> {
    Html(preview.page)
}

async fn first(State(preview): State<Preview>, Path(_): Path<String>) -> Json<Value> {
    Json(preview.answers.first())
}

async fn call(State(preview): State<Preview>, Path(_): Path<String>, Json(call): Json<Call>) -> Json<Value> {
    Json(preview.answers.call(call.name, call.arguments).await)
}
