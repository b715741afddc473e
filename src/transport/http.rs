//! Streamable HTTP: stateless, replies as JSON, for clients of any age; with sessions beside that where they are wanted.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate as _, SizeAbove};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use url::{Position, Url};

use access::{Issuer, Login};
use domain::Roles;
use mcp::SpectoraServer;

use super::gate::{self, Gate};
use super::login::OwnPages;
use super::{connections, login, proxies, sessions};
use crate::operations::{CompanyState, Metrics};

/// The largest request body, in bytes; arguments are small.
pub(super) const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// The longest a request may take in all, its body and its answer; a call itself ends after thirty seconds.
pub(super) const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);
/// Answers from this many bytes on are compressed.
const COMPRESSED_BYTES_MIN: u64 = 4_096;
/// So much of a request's name goes into the log.
const REQUEST_ID_CHARS_MAX: usize = 64;
/// So much of the first part of a path does.
const PLACE_CHARS_MAX: usize = 20;
/// Names of this machine, in a `Host` header.
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "::1"];

/// Origins of pages that this machine serves itself; any port of them.
const OWN_ORIGINS: &[&str] = &["http://localhost", "http://127.0.0.1", "http://[::1]"];
/// What a page may read of a reply beyond its body.
const EXPOSED_HEADERS: [&str; 4] = ["mcp-session-id", "mcp-protocol-version", "www-authenticate", "x-request-id"];
/// How long a browser may remember what it may send.
const PREFLIGHT_AGE_MAX: Duration = Duration::from_secs(600);

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

/// How a caller gets in.
#[derive(Clone)]
pub enum WayIn {
    /// Whoever reaches the address may ask everything.
    Open,
    /// With a token, or by logging in where there is a login.
    Checked {
        /// Checks tokens; gives them where there is a login.
        login: Arc<Login>,
        /// Whose tokens are good.
        how: Checked,
        /// What each role may see.
        roles: Roles,
        /// The most calls a minute of one caller.
        calls_per_minute: NonZeroU32,
    },
}

/// Whose tokens are good, beside static ones.
#[derive(Clone)]
pub enum Checked {
    /// Nobody's.
    Tokens,
    /// This server's: clients may log in here.
    Login,
    /// Those of an identity provider, which clients are sent to.
    Issuer(Arc<Issuer>),
}

impl Checked {
    /// Whether a client is told where tokens are given.
    pub(super) fn is_told(&self) -> bool {
        !matches!(self, Self::Tokens)
    }
}

/// What is served, and to whom.
pub struct HttpServer {
    /// MCP.
    pub server: SpectoraServer,
    /// Takes webhooks, where there are mirrors.
    pub deliveries: Option<Arc<dyn Deliveries>>,
    /// Says whether questions can be answered well.
    pub readiness: Option<Arc<dyn Readiness>>,
    /// Hosts and origins.
    pub settings: HttpSettings,
    /// Proxies that are believed when they say where a request comes from; nothing else they say is.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a session may be idle, where clients may open them.
    pub sessions: Option<Duration>,
    /// How a caller gets in.
    pub way_in: WayIn,
    /// Counts who is not let in.
    pub metrics: Arc<Metrics>,
    /// Encrypts connections, where no proxy does it.
    pub tls: Option<TlsAcceptor>,
}

/// Says whether questions can be answered well now.
pub trait Readiness: Send + Sync + 'static {
    /// `Err` says what is wrong, without naming anybody.
    fn ready(&self) -> BoxFuture<'_, Result<(), String>>;

    /// How each company stands, for a monitor; none while they are not opened.
    fn states(&self) -> BoxFuture<'_, Vec<CompanyState>>;
}

/// What addresses are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSettings {
    /// `Host` headers taken besides those of loopback, such as `mcp.example.com`.
    allowed_hosts: Vec<String>,
    /// `Origin` headers taken besides those of loopback, such as `https://app.example.com`.
    allowed_origins: Vec<String>,
}

impl HttpSettings {
    /// Hosts and origins as people give them: whole addresses are taken for the host or origin in them. `Err` names one
    /// that is neither.
    pub fn new(hosts: &[String], origins: &[String]) -> Result<Self, String> {
        let address = |text: &str| {
            let text = text.trim();
            let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
            let address = Url::parse(&address).ok()?;
            let is_bare = address.path() == "/" && address.query().is_none() && address.fragment().is_none();
            let is_web = matches!(address.scheme(), "http" | "https") && address.username().is_empty();
            (is_bare && is_web).then_some(address)
        };
        let host = |text: &String| {
            let authority = address(text).map(|address| address[Position::BeforeHost..Position::AfterPort].to_owned());
            authority.ok_or_else(|| format!("`{text}` is no host name: give one such as mcp.example.com"))
        };
        let origin = |text: &String| {
            let any_port = text.trim().trim_end_matches('/').strip_suffix(":*");
            let origin = address(any_port.unwrap_or(text)).filter(|_| text.contains("://")).map(|address| {
                let origin = &address[..Position::AfterPort];
                format!("{origin}{}", if any_port.is_some() { ":*" } else { "" })
            });
            origin.ok_or_else(|| format!("`{text}` is no web origin: give one such as https://app.example.com"))
        };
        let allowed_hosts = hosts.iter().map(host).collect::<Result<_, _>>()?;
        Ok(Self { allowed_hosts, allowed_origins: origins.iter().map(origin).collect::<Result<_, _>>()? })
    }
}

/// Whether pages of this origin may ask: those of this machine on any port, and those that were named.
fn may_ask(origin: &HeaderValue, named: &[String]) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return false };
    let without_port = &origin[..Position::AfterHost];
    let with_port = &origin[..Position::AfterPort];
    OWN_ORIGINS.contains(&without_port)
        || named.iter().any(|named| match named.strip_suffix(":*") {
            Some(named) => named == without_port,
            // As the service behind takes them: without a port, any port.
            None => named == with_port || named == without_port,
        })
}

/// Lets a page of an allowed origin ask and read the answer; what it may send is up to it.
fn cors(settings: &HttpSettings) -> CorsLayer {
    let named = settings.allowed_origins.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| may_ask(origin, &named)))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED_HEADERS.map(HeaderName::from_static))
        .max_age(PREFLIGHT_AGE_MAX)
}

/// The server's encryption, from a certificate chain and its key, both PEM files.
pub fn tls(certificates: &std::path::Path, key: &std::path::Path) -> Result<TlsAcceptor, String> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let wrong = |path: &std::path::Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificates, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| wrong(certificates, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves the numbers for a monitor at `/metrics`, and nothing else, until `stop`.
pub async fn serve_metrics(
    metrics: Arc<Metrics>,
    readiness: Arc<dyn Readiness>,
    listener: TcpListener,
    stop: CancellationToken,
) {
    let text = async move || {
        let text = metrics.text(&readiness.states().await);
        ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
    };
    let router = Router::new().route("/metrics", get(text)).fallback(nothing_here);
    connections::run(listener, router, None, stop).await;
}

/// Serves MCP at `/mcp` until `stop`, then lets open requests end for at most ten seconds. The caller binds, so that a
/// busy port is reported before anything else starts.
pub async fn serve_http(served: HttpServer, listener: TcpListener, stop: CancellationToken) {
    let tls = served.tls.clone();
    let router = router(served, stop.child_token());
    connections::run(listener, router, tls, stop).await;
}

fn router(served: HttpServer, stop: CancellationToken) -> Router {
    let HttpServer { server, deliveries, readiness, settings, trusted_proxies, sessions, way_in, metrics, tls: _ } =
        served;
    let own_hosts = LOOPBACK_HOSTS.iter().map(|host| (*host).to_owned());
    let hosts: Vec<String> = own_hosts.chain(settings.allowed_hosts.iter().cloned()).collect();
    let own_origins = OWN_ORIGINS.iter().map(|origin| format!("{origin}:*"));
    let origins = own_origins.chain(settings.allowed_origins.iter().cloned());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(hosts.clone())
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(REQUEST_BYTES_MAX)
        .with_cancellation_token(stop);
    let answering = server.clone();
    let mcp = match sessions {
        Some(idle) => Router::new().nest_service("/mcp", sessions::router(answering, config, idle)),
        None => {
            let none = Arc::new(NeverSessionManager::default());
            Router::new().nest_service("/mcp", StreamableHttpService::new(move || Ok(answering.clone()), none, config))
        }
    };
    let mcp = mcp.layer(from_fn(complete_accept)).layer(from_fn(answer_unreadable)).layer(compression());
    let (mcp, login) = match way_in {
        WayIn::Open => (mcp, Router::new()),
        WayIn::Checked { login, how, roles, calls_per_minute } => {
            let gate =
                Arc::new(Gate::new(Arc::clone(&login), how.clone(), roles, calls_per_minute, Arc::clone(&metrics)));
            let pages = match how {
                Checked::Tokens => Router::new(),
                Checked::Login => {
                    let own = OwnPages { login: Arc::clone(&login), gate: Arc::clone(&gate), server: server.clone() };
                    login::routes(login, metrics).merge(login::own_pages(own))
                }
                Checked::Issuer(issuer) => login::routes_elsewhere(login, &issuer),
            };
            // Before anything else of the request is looked at: whoever may not come in hears of a login, and nothing else.
            (mcp.layer(from_fn_with_state(gate, gate::check)), pages)
        }
    };
    // A browser asks whether it may ask before it can send a token.
    let mcp = mcp.layer(cors(&settings));
    let login = login.layer(from_fn_with_state(Arc::new(hosts), known_host));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready).with_state(readiness))
        .merge(mcp)
        .merge(login)
        .merge(webhooks(deliveries))
        .fallback(nothing_here)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME_MAX))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(Arc::from(trusted_proxies), proxies::settle))
        .layer(from_fn(gate::security_headers))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http().make_span_with(span_of).on_request(()).on_response(DefaultOnResponse::new()))
        .layer(SetRequestIdLayer::x_request_id(RandomId))
}

/// Compresses what is large enough to be worth it, for clients that take it. The pages of the login stay as they are: what
/// is compressed together with a secret tells of it by its length.
fn compression() -> CompressionLayer<And<SizeAbove, NotForContentType>> {
    let pays = SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::SSE);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(pays)
}

/// What the log says of a request: no query and no header, and of the path nothing that may be a secret.
fn span_of<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let place = request.uri().path().split('/').nth(1).unwrap_or_default();
    let (id, place) = (domain::excerpt(id, REQUEST_ID_CHARS_MAX), domain::excerpt(place, PLACE_CHARS_MAX));
    tracing::info_span!("http", %id, method = %request.method(), %place)
}

/// Names a request that no proxy has named.
#[derive(Clone)]
struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        let id = format!("{:016x}", rand::random::<u64>());
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

async fn ready(State(readiness): State<Option<Arc<dyn Readiness>>>) -> Response {
    match readiness {
        None => "ready\n".into_response(),
        Some(readiness) => match readiness.ready().await {
            Ok(()) => "ready\n".into_response(),
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
        },
    }
}

/// A page that had this server's address looked up under another name gets nothing of the login.
async fn known_host(State(hosts): State<Arc<Vec<String>>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_known = host.and_then(|host| Url::parse(&format!("http://{host}")).ok()).is_some_and(|address| {
        let (bare, whole) =
            (&address[Position::BeforeHost..Position::AfterHost], &address[Position::BeforeHost..Position::AfterPort]);
        let bare = bare.trim_start_matches('[').trim_end_matches(']');
        hosts.iter().any(|known| known == bare || known == whole)
    });
    if !is_known {
        tracing::warn!("login: refused: a host that is not this server's");
        let refusal = (StatusCode::FORBIDDEN, "this server does not answer under that name\n").into_response();
        return gate::unread(request, refusal).await;
    }
    next.run(request).await
}

/// The route of deliveries; it answers at once, and alike for a wrong company and a wrong secret.
fn webhooks(deliveries: Option<Arc<dyn Deliveries>>) -> Router {
    let Some(deliveries) = deliveries else { return Router::new() };
    let take = async |State(deliveries): State<Arc<dyn Deliveries>>,
                      axum::extract::Path((company, secret)): axum::extract::Path<(String, String)>,
                      body: axum::body::Bytes| {
        match deliveries.deliver(company, secret, body.to_vec()).await {
            Delivered::Accepted => StatusCode::ACCEPTED.into_response(),
            Delivered::Unknown => not_found(),
            Delivered::NotUnderstood => StatusCode::BAD_REQUEST.into_response(),
            Delivered::Later => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    // Some providers look whether the address is there before they send anything. They learn that of any address.
    let there = async || StatusCode::OK;
    Router::new()
        .route("/webhooks/{company}/{secret}", post(take).get(there))
        .route("/webhooks/{company}/{secret}/", post(take).get(there))
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
pub(super) async fn nothing_here(request: Request) -> Response {
    gate::unread(request, not_found()).await
}

fn not_found() -> Response {
    let body = "{\"error\":\"not found\",\"hint\":\"MCP is served at /mcp\"}\n";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(hosts: &[&str], origins: &[&str]) -> Result<HttpSettings, String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        HttpSettings::new(&owned(hosts), &owned(origins))
    }

    #[test]
    fn addresses_are_taken_for_the_host_in_them() {
        for given in ["mcp.example.com", "https://mcp.example.com/", "https://mcp.example.com", " MCP.example.com "] {
            assert_eq!(settings(&[given], &[]).unwrap().allowed_hosts, ["mcp.example.com"], "{given}");
        }
        assert_eq!(settings(&["mcp.example.com:8443"], &[]).unwrap().allowed_hosts, ["mcp.example.com:8443"]);
        for wrong in ["https://mcp.example.com/mcp", "", "a b", "https://me@mcp.example.com", "ftp://mcp.example.com"] {
            assert!(settings(&[wrong], &[]).is_err(), "{wrong}");
        }
        let origin = |given: &str| settings(&[], &[given]).map(|settings| settings.allowed_origins.join(","));
        assert_eq!(origin("https://app.example.com/").unwrap(), "https://app.example.com");
        assert_eq!(origin("https://app.example.com:*").unwrap(), "https://app.example.com:*");
        assert!(origin("app.example.com").is_err());
    }

    #[test]
    fn pages_of_this_machine_and_named_ones_may_ask() {
        let named = settings(&[], &["https://app.example.com", "https://any.example.com:*"]).unwrap().allowed_origins;
        let may = |origin: &'static str| may_ask(&HeaderValue::from_static(origin), &named);
        for good in ["http://localhost:3000", "http://[::1]:1", "https://app.example.com", "https://any.example.com:9"]
        {
            assert!(may(good), "{good}");
        }
        for bad in
            ["https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.example", "null"]
        {
            assert!(!may(bad), "{bad}");
        }
    }
}
