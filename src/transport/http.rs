//! Streamable HTTP: stateless, replies as JSON, for clients of any age.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::mcp::SpectoraServer;

/// The largest request body, in bytes; arguments are small.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// How long open requests may take to end once the server is told to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// Names of this machine, in a `Host` header.
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// The largest body of a webhook delivery, in bytes; it names a record and little else.
const DELIVERY_BYTES_MAX: usize = 64 * 1024;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Queued.
    Accepted,
    /// No such company, or not its secret.
    Unknown,
    /// The body names no record.
    NotUnderstood,
    /// It cannot be queued now.
    Later,
}

/// Takes webhook deliveries: company, secret and body as they came.
pub trait Deliveries: Send + Sync + 'static {
    /// Checks the secret and queues what the body names.
    fn deliver(&self, company: String, secret: String, body: Vec<u8>) -> BoxFuture<'_, Delivered>;
}

/// Who may ask.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `Host` headers taken besides those of loopback, such as `mcp.example.com`.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers taken besides those of loopback, such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
}

/// Serves MCP at `/mcp` until `stop`, then lets open requests end for at most ten seconds. The caller binds, so that a
/// busy port is reported before anything else starts.
pub async fn serve_http(
    server: SpectoraServer,
    deliveries: Option<Arc<dyn Deliveries>>,
    listener: TcpListener,
    settings: &HttpSettings,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let router = router(server, settings, stop.child_token()).merge(webhooks(deliveries));
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let drained = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_TIME_MAX).await;
    };
    tokio::select! {
        ended = serving.into_future() => ended,
        () = drained => Ok(()),
    }
}

fn router(server: SpectoraServer, settings: &HttpSettings, stop: CancellationToken) -> Router {
    let hosts = LOOPBACK_HOSTS.iter().map(|host| (*host).to_owned()).chain(settings.allowed_hosts.iter().cloned());
    let own_origins = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
    let origins = own_origins.iter().map(|origin| (*origin).to_owned()).chain(settings.allowed_origins.iter().cloned());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(hosts)
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(REQUEST_BYTES_MAX)
        .with_cancellation_token(stop);
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    let mcp =
        Router::new().nest_service("/mcp", service).layer(from_fn(complete_accept)).layer(from_fn(answer_unreadable));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .merge(mcp)
        .fallback(nothing_here)
        .layer(CatchPanicLayer::new())
}

/// The route of deliveries; it answers at once, and alike for a wrong company and a wrong secret.
fn webhooks(deliveries: Option<Arc<dyn Deliveries>>) -> Router {
    let Some(deliveries) = deliveries else { return Router::new() };
    let take = async |State(deliveries): State<Arc<dyn Deliveries>>,
                      axum::extract::Path((company, secret)): axum::extract::Path<(String, String)>,
                      body: axum::body::Bytes| {
        match deliveries.deliver(company, secret, body.to_vec()).await {
            Delivered::Accepted => StatusCode::ACCEPTED.into_response(),
            Delivered::Unknown => nothing_here().await,
            Delivered::NotUnderstood => StatusCode::BAD_REQUEST.into_response(),
            Delivered::Later => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    Router::new()
        .route("/webhooks/{company}/{secret}", post(take))
        .layer(DefaultBodyLimit::max(DELIVERY_BYTES_MAX))
        .with_state(deliveries)
}

/// The protocol wants a client to accept both JSON and event streams; many send less and mean the same.
async fn complete_accept(mut request: Request, next: Next) -> Response {
    let both = HeaderValue::from_static("application/json, text/event-stream");
    request.headers_mut().insert(header::ACCEPT, both);
    next.run(request).await
}

/// A message that cannot be read is answered in the protocol's own form.
async fn answer_unreadable(request: Request, next: Next) -> Response {
    super::unreadable::answered(request, next, REQUEST_BYTES_MAX).await
}

/// Clients probe for login routes that do not exist here; they get a clean answer.
async fn nothing_here() -> Response {
    let body = "{\"error\":\"not found\",\"hint\":\"MCP is served at /mcp\"}\n";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
