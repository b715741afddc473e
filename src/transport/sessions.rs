//! The older style of MCP over HTTP, beside the one without sessions: `initialize` opens a session, requests name it in
//! `Mcp-Session-Id`, GET listens to it and DELETE ends it. What names no session is answered without one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use futures_util::StreamExt as _;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use super::gate::CallerKey;
use super::http::REQUEST_BYTES_MAX;
use super::limits::RETRY_AFTER;
use mcp::SpectoraServer;

/// The most sessions at once.
const SESSIONS_MAX: usize = 1_000;
/// The most sessions of one caller at once, where callers are told apart.
const SESSIONS_OF_CALLER_MAX: usize = 100;
/// The most streams that listen to one session at once.
const STREAMS_MAX: usize = 8;
/// The header that names a session.
const SESSION_ID: &str = "mcp-session-id";
/// The header that names the revision of the protocol.
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The first revision that has no sessions. Revisions are days, so they have an order.
const WITHOUT_SESSIONS: &str = "2026-07-28";

/// Answers without sessions, or with one.
type Service = StreamableHttpService<SpectoraServer, LocalSessionManager>;

/// Who opened a session; `None` where whoever reaches the address may ask.
type Owner = Option<CallerKey>;

struct Sessions {
    manager: Arc<LocalSessionManager>,
    with: Service,
    without: Service,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    open: HashMap<String, Session>,
    /// Whose sessions are being opened.
    opening: Vec<Owner>,
}

impl Held {
    /// Why this caller cannot open another session, beside so many that are alive.
    fn refuses(&self, alive: usize, owner: &Owner) -> Option<(StatusCode, &'static str)> {
        if SESSIONS_MAX <= alive.max(self.open.len()) + self.opening.len() {
            let why = "this server has no place for another session now; try again in a few minutes";
            return Some((StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let own = self.open.values().map(|session| &session.owner).chain(&self.opening);
        if owner.is_some() && SESSIONS_OF_CALLER_MAX <= own.filter(|other| *other == owner).count() {
            let why = "you have too many sessions; end those you do not use with DELETE, or wait a few minutes";
            return Some((StatusCode::TOO_MANY_REQUESTS, why));
        }
        None
    }
}

struct Session {
    owner: Owner,
    streams: Arc<Semaphore>,
}

/// MCP at the root of a router, with sessions that end when nothing was asked in them for `idle`.
pub(super) fn router(server: SpectoraServer, config: StreamableHttpServerConfig, idle: Duration) -> Router {
    let mut manager = LocalSessionManager::default();
    manager.session_config.keep_alive = Some(idle);
    // An event without content, which tells when to come back, is not understood by all clients that need sessions.
    manager.session_config.sse_retry = None;
    let manager = Arc::new(manager);
    let service = |config: StreamableHttpServerConfig| {
        let server = server.clone();
        StreamableHttpService::new(move || Ok(server.clone()), Arc::clone(&manager), config)
    };
    let with = service(config.clone().with_legacy_session_mode(true).with_sse_retry(None));
    let without = service(config);
    let sessions = Sessions { manager: Arc::clone(&manager), with, without, held: Mutex::default() };
    Router::new().fallback(answer).with_state(Arc::new(sessions))
}

async fn answer(State(sessions): State<Arc<Sessions>>, request: Request) -> Response {
    let owner: Owner = request.extensions().get().cloned();
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text(PROTOCOL_VERSION).is_some_and(|version| WITHOUT_SESSIONS <= version) {
        return sessions.without.handle(request).await.map(Body::new);
    }
    match text(SESSION_ID).map(str::to_owned) {
        Some(id) => sessions.within(&id, &owner, request).await,
        None if headers.contains_key(SESSION_ID) => no_session(),
        None if request.method() == Method::POST => sessions.beside(owner, request).await,
        None => sessions.with.handle(request).await.map(Body::new),
    }
}

impl Sessions {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request that names a session. To whoever did not open it, it is not there.
    async fn within(&self, id: &str, owner: &Owner, request: Request) -> Response {
        let streams = {
            let held = self.held();
            held.open.get(id).filter(|session| session.owner == *owner).map(|session| Arc::clone(&session.streams))
        };
        let Some(streams) = streams else { return no_session() };
        let (is_listening, is_ending) = (request.method() == Method::GET, request.method() == Method::DELETE);
        if is_listening {
            let Ok(place) = streams.try_acquire_owned() else {
                return full(StatusCode::TOO_MANY_REQUESTS, "too many streams listen to this session; close some");
            };
            return while_it_lasts(self.with.handle(request).await.map(Body::new), place);
        }
        let answer = self.with.handle(request).await.map(Body::new);
        if is_ending && answer.status().is_success() {
            self.held().open.remove(id);
        }
        answer
    }

    /// A message that names no session: it opens one, or needs none.
    async fn beside(self: &Arc<Self>, owner: Owner, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let opens = is_initialize(&body);
        let request = Request::from_parts(head, Body::from(body));
        if !opens {
            return self.without.handle(request).await.map(Body::new);
        }
        let place = match self.place(owner).await {
            Ok(place) => place,
            Err(refusal) => return *refusal,
        };
        let answer = self.with.handle(request).await.map(Body::new);
        if let Some(id) = id_of(answer.headers()) {
            place.taken_by(id);
        }
        answer
    }

    /// A place for one more session.
    async fn place(self: &Arc<Self>, owner: Owner) -> Result<Place, Box<Response>> {
        let alive = self.manager.sessions.read().await;
        let mut held = self.held();
        held.open.retain(|id, _| alive.contains_key(id.as_str()));
        if let Some((status, why)) = held.refuses(alive.len(), &owner) {
            tracing::warn!("refused: too many sessions");
            return Err(full(status, why).into());
        }
        held.opening.push(owner.clone());
        Ok(Place { sessions: Arc::clone(self), owner })
    }
}

/// A place that is kept for a session until that is open, or was not opened.
struct Place {
    sessions: Arc<Sessions>,
    owner: Owner,
}

impl Place {
    fn taken_by(self, id: String) {
        let session = Session { owner: self.owner.clone(), streams: Arc::new(Semaphore::new(STREAMS_MAX)) };
        self.sessions.held().open.insert(id, session);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.sessions.held();
        if let Some(at) = held.opening.iter().position(|owner| *owner == self.owner) {
            held.opening.swap_remove(at);
        }
    }
}

fn id_of(headers: &HeaderMap) -> Option<String> {
    headers.get(SESSION_ID)?.to_str().ok().map(str::to_owned)
}

fn is_initialize(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        method: Cow<'a, str>,
    }
    serde_json::from_slice::<Message<'_>>(body).is_ok_and(|message| message.method == "initialize")
}

/// The answer with something that is dropped when the answer has ended.
pub(super) fn while_it_lasts<T: Send + 'static>(answer: Response, held: T) -> Response {
    answer.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |piece| {
            let _ = &held;
            piece
        }))
    })
}

/// As the protocol wants it: the client opens another session.
fn no_session() -> Response {
    let why = "there is no such session; send initialize without Mcp-Session-Id to open one";
    refusal(StatusCode::NOT_FOUND, -32001, why)
}

fn full(status: StatusCode, why: &str) -> Response {
    let mut answer = refusal(status, -32000, why);
    answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    answer
}

fn refusal(status: StatusCode, code: i32, why: &str) -> Response {
    (status, Json(json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": why}}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_bounded_for_each_and_for_all() {
        let owner = |name: &str| Some(CallerKey(name.into()));
        let mut held = Held::default();
        let refused = |held: &Held, alive, owner: &Owner| held.refuses(alive, owner).map(|(status, _)| status);
        held.opening = vec![owner("token a"); 60];
        for turn in 0..40 {
            let session = Session { owner: owner("token a"), streams: Arc::new(Semaphore::new(STREAMS_MAX)) };
            assert_eq!(refused(&held, turn, &owner("token a")), None);
            held.open.insert(turn.to_string(), session);
        }
        assert_eq!(refused(&held, 40, &owner("token a")), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(refused(&held, 40, &owner("person a")), None);
        assert_eq!(refused(&held, 939, &owner("person a")), None);
        assert_eq!(refused(&held, 940, &owner("person a")), Some(StatusCode::SERVICE_UNAVAILABLE));
        // Where nobody is told apart, all are bounded together.
        held.opening = vec![None; 900];
        assert_eq!(refused(&held, 40, &None), None);
    }

    #[test]
    fn only_initialize_opens_a_session() {
        assert!(is_initialize(br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#));
        assert!(is_initialize(br#"{"method":"initi\u0061lize"}"#));
        for other in [&br#"{"method":"tools/list","params":{"method":"initialize"}}"#[..], b"[]", b"", b"{\"id\":1}"] {
            assert!(!is_initialize(other));
        }
    }
}
