//! The service: one handler that logs, counts, lets things go wrong, and answers.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use jiff::Timestamp;

use super::differences::Differences;
use super::edits::{self, Edit};
use super::faults::{FaultKind, FaultState};
use super::limits::{Usage, http_date, retry_after};
use super::listener::Peer;
use super::options::{ChangedSince, Limits, Profile, Rewrite};
use super::reply::{HTML, JSON, Reply, answer, file};
use super::truth::Truth;
use super::world::World;
use super::{LoggedRequest, SandboxCompany};
use domain::Clock;

/// How many requests the log keeps; older ones leave it.
pub(crate) const LOG_MAX: usize = 100_000;
/// A piece of a body that never ends, and the pause between two.
const ENDLESS_PIECE: [u8; 16 * 1024] = [b' '; 16 * 1024];
const ENDLESS_PAUSE: Duration = Duration::from_millis(20);

/// What all requests share.
pub(super) struct Shared {
    pub(super) companies: Vec<SandboxCompany>,
    pub(super) base_url: String,
    pub(super) profile: Profile,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seed: u64,
    pub(super) rewrite: Option<Rewrite>,
    pub(super) differences: Differences,
    /// The data. A request takes a snapshot, so a later change never shows halfway through a reply.
    pub(super) world: RwLock<Arc<World>>,
    /// What may change while it runs. No lock is held across an await.
    pub(super) state: Mutex<Running>,
    /// Set when the sandbox stops, so that endless bodies end.
    pub(super) stopped: AtomicBool,
}

/// What changes while the sandbox runs.
pub(super) struct Running {
    pub(super) limits: Limits,
    /// One for each company.
    pub(super) usage: Vec<Usage>,
    pub(super) faults: FaultState,
    pub(super) log: VecDeque<LoggedRequest>,
    pub(super) changed_since: ChangedSince,
    /// How many requests came since the script was set.
    pub(super) requests: u64,
    pub(super) script: Option<Script>,
}

/// What happens at the service before a request: given its number and the data as it is, the edits that are made first.
pub type Script = Box<dyn FnMut(u64, &Truth) -> Vec<Edit> + Send>;

impl Shared {
    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the data, in order. Gives the ids of what was touched.
    pub(super) fn edit(&self, edits: &[Edit]) -> Vec<u64> {
        let now = self.clock.now().as_second();
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut truth = Truth::clone(&world.truth);
        let ids = edits.iter().filter_map(|edit| edits::apply(&mut truth, edit, now)).collect();
        *world = Arc::new(World::new(truth));
        ids
    }

    /// Lets the script have its turn before a request.
    fn run_script(&self) {
        let truth = Arc::clone(&self.snapshot().truth);
        let edits = {
            let running = &mut *self.running();
            running.requests += 1;
            let number = running.requests;
            running.script.as_mut().map(|script| script(number, &truth)).unwrap_or_default()
        };
        if !edits.is_empty() {
            self.edit(&edits);
        }
    }

    pub(super) fn snapshot(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whose key came with a request, by the company's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Missing,
    Malformed,
    Unknown,
    Expired(usize),
    Powerless(usize),
    /// Of a user who sees the first inspector's jobs only, and no prices.
    OwnJobs(usize),
    Company(usize),
}

impl Caller {
    fn of(headers: &HeaderMap, companies: &[SandboxCompany]) -> Self {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Self::Missing };
        let Some(key) = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")) else {
            return Self::Malformed;
        };
        let key = key.trim();
        let owner = companies.iter().enumerate().find_map(|(at, company)| match key {
            _ if key == company.api_key => Some(Self::Company(at)),
            _ if key == company.expired_key => Some(Self::Expired(at)),
            _ if key == company.powerless_key => Some(Self::Powerless(at)),
            _ if key == company.own_jobs_key => Some(Self::OwnJobs(at)),
            _ => None,
        });
        owner.unwrap_or(Self::Unknown)
    }

    fn company(self) -> Option<usize> {
        match self {
            Self::Expired(at) | Self::Powerless(at) | Self::OwnJobs(at) | Self::Company(at) => Some(at),
            Self::Missing | Self::Malformed | Self::Unknown => None,
        }
    }
}

/// Answers one request.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    shared.run_script();
    let now = shared.clock.now();
    let caller = Caller::of(request.headers(), &shared.companies);
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or("").to_owned();
    let (fault, hidden, refused) = admit(&shared, &path, caller, now);
    let plain = match refused {
        Some(until) => too_many(&shared, now, until),
        None if request.method() != Method::GET => Reply::gateway(405, "METHOD_NOT_ALLOWED", "only GET is served here"),
        None => match path.strip_prefix("/files/") {
            Some(token) => file(&shared.snapshot(), token),
            None => answer(&shared, caller, &path, &query, hidden),
        },
    };
    let (outcome, status) = distort(fault, plain, &path, &query);
    log(&shared, &request, caller, now, status);
    outcome.send(&shared, &peer, now).await
}

/// Counts the request: against the caps first, then with the faults, which a refused one never reaches.
fn admit(shared: &Shared, path: &str, caller: Caller, now: Timestamp) -> (Option<FaultKind>, usize, Option<Timestamp>) {
    let running = &mut *shared.running();
    if let Some(usage) = caller.company().and_then(|at| running.usage.get_mut(at))
        && let Err(until) = usage.take(&running.limits, now)
    {
        return (None, 0, Some(until));
    }
    let target = path.strip_prefix("/v2/").and_then(|rest| rest.split('/').next()).unwrap_or("");
    let verdict = running.faults.decide(target);
    (verdict.fault, verdict.hidden, None)
}

fn too_many(shared: &Shared, now: Timestamp, until: Timestamp) -> Reply {
    let shape = shared.running().limits.retry_after;
    let mut reply = Reply::error(429, "Too Many Requests", "the call limit of this company is reached");
    reply.retry_after = retry_after(shape, now, until);
    reply
}

fn log(shared: &Shared, request: &Request, caller: Caller, at: Timestamp, status: u16) {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let company = caller.company().and_then(|at| shared.companies.get(at));
    let entry = LoggedRequest {
        at,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or("").to_owned(),
        company: company.map(|company| company.name.to_owned()),
        had_authorization: request.headers().contains_key(header::AUTHORIZATION),
        status,
        host: host.to_owned(),
    };
    let log = &mut shared.running().log;
    if log.len() >= LOG_MAX {
        log.pop_front();
    }
    log.push_back(entry);
}

/// How a reply leaves.
enum Outcome {
    Whole(Reply),
    Late(Reply, Duration),
    Broken(Reply),
    Endless,
    Dropped,
}

/// Lets a fault have its way with a reply; gives back the status the log shows, 0 for none.
fn distort(fault: Option<FaultKind>, plain: Reply, path: &str, query: &str) -> (Outcome, u16) {
    let whole = |reply: Reply| {
        let status = reply.status;
        (Outcome::Whole(reply), status)
    };
    let Some(fault) = fault else { return whole(plain) };
    match fault {
        FaultKind::Status { status, html: true } => whole(Reply::html(status, "the server could not answer")),
        FaultKind::Status { status, html: false } => {
            whole(Reply::error(status, "Service trouble", "the request could not be completed, try again later"))
        }
        FaultKind::TooMany(seconds) => {
            let mut reply = Reply::error(429, "Too Many Requests", "slow down");
            reply.retry_after = seconds.map(|seconds| seconds.to_string());
            whole(reply)
        }
        FaultKind::Cut => {
            let mut reply = plain;
            reply.body.truncate(reply.body.len() * 2 / 3);
            whole(reply)
        }
        FaultKind::Broken => {
            let status = plain.status;
            (Outcome::Broken(plain), status)
        }
        FaultKind::WrongType => whole(Reply { content_type: "text/plain", ..plain }),
        FaultKind::Page => whole(Reply::html(200, "Please sign in")),
        FaultKind::Slow(delay) => {
            let status = plain.status;
            (Outcome::Late(plain, delay), status)
        }
        FaultKind::Endless => (Outcome::Endless, 200),
        FaultKind::Redirect(origin) => {
            let mut reply = Reply::html(302, "moved");
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            reply.location = Some(format!("{origin}{path}{query}"));
            whole(reply)
        }
        FaultKind::Drop => (Outcome::Dropped, 0),
        // The rules settle these before; a reply that is right is the honest answer should one come through.
        FaultKind::Shuffle(_) | FaultKind::Vanish(_) | FaultKind::Any => whole(plain),
    }
}

impl Outcome {
    async fn send(self, shared: &Arc<Shared>, peer: &Peer, now: Timestamp) -> Response {
        match self {
            Self::Whole(reply) => reply.send(now),
            Self::Late(reply, delay) => {
                tokio::time::sleep(delay).await;
                reply.send(now)
            }
            Self::Broken(reply) => broken(&reply, now),
            Self::Endless => endless(Arc::clone(shared), now),
            Self::Dropped => {
                peer.close();
                Reply::html(500, "never sent").send(now)
            }
        }
    }
}

impl Reply {
    fn head(&self, now: Timestamp) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, self.content_type);
        set(header::DATE, &http_date(now));
        if let Some(retry_after) = &self.retry_after {
            set(header::RETRY_AFTER, retry_after);
        }
        if let Some(location) = &self.location {
            set(header::LOCATION, location);
        }
        response
    }

    fn send(self, now: Timestamp) -> Response {
        let mut response = self.head(now);
        *response.body_mut() = Body::from(self.body);
        response
    }
}

/// Half of the body under the length of the whole, then the end of the connection.
fn broken(reply: &Reply, now: Timestamp) -> Response {
    let mut response = reply.head(now);
    let length = reply.body.len();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let half = Bytes::copy_from_slice(reply.body.get(..length / 2).unwrap_or(&[]));
    let pieces = stream::unfold(Some(half), |state| async move {
        if let Some(half) = state {
            return Some((Ok(half), None));
        }
        // The first half must be on its way before the connection ends, or the client sees no reply at all.
        tokio::time::sleep(ENDLESS_PAUSE).await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
    });
    *response.body_mut() = Body::from_stream(pieces);
    response
}

fn endless(shared: Arc<Shared>, now: Timestamp) -> Response {
    let head = Reply { status: 200, content_type: JSON, body: Vec::new(), retry_after: None, location: None };
    let mut response = head.head(now);
    let pieces = stream::unfold((shared, true), |(shared, first)| async move {
        if shared.stopped.load(Ordering::Acquire) {
            return None;
        }
        if first {
            return Some((Ok::<_, io::Error>(Bytes::from_static(b"{\"data\":[")), (shared, false)));
        }
        tokio::time::sleep(ENDLESS_PAUSE).await;
        Some((Ok(Bytes::from_static(&ENDLESS_PIECE)), (shared, false)))
    });
    *response.body_mut() = Body::from_stream(pieces);
    response
}

impl Reply {
    /// A page as a proxy in front of the service would show it.
    pub(super) fn html(status: u16, text: &str) -> Self {
        let body =
            format!("<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>");
        Self { status, content_type: HTML, body: body.into_bytes(), retry_after: None, location: None }
    }
}
