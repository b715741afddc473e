//! Who comes in at `/mcp`: the bearer token of every request, and how much one caller may ask.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Semaphore;

use access::{Given, Issuer, IssuerError, Login, Network, SCOPE, Verified};
use domain::{Caller, Permissions, Roles};

use super::http::{Checked, REQUEST_TIME_MAX};
use super::limits::{NetworkLimit, slow_down};
use super::sessions::while_it_lasts;
use crate::operations::Metrics;

/// Requests that are worked on at once; more wait for their turn.
const CALLS_MAX: usize = 256;

/// Who a caller is, whatever others are called: a person and a token may have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallerKey(pub(super) Arc<str>);

/// The check at `/mcp` where there is a login or tokens.
pub(super) struct Gate {
    login: Arc<Login>,
    how: Checked,
    roles: Roles,
    rate: DefaultKeyedRateLimiter<String>,
    strangers: NetworkLimit,
    calls: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Gate {
    pub(super) fn new(
        login: Arc<Login>,
        how: Checked,
        roles: Roles,
        calls_per_minute: NonZeroU32,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            login,
            how,
            roles,
            rate: RateLimiter::keyed(Quota::per_minute(calls_per_minute)),
            strangers: NetworkLimit::of_requests(),
            calls: Arc::new(Semaphore::new(CALLS_MAX)),
            metrics,
        }
    }

    /// What whoever was given this may see; `Err` says why that is nothing.
    pub(super) fn permissions(&self, given: &Given) -> Result<Arc<Permissions>, String> {
        let settled = self.roles.permissions(&given.role, &given.companies, given.inspector.as_deref());
        settled.map(Arc::new).map_err(|error| error.to_string())
    }

    /// Who comes with this token; `Ok(None)` for one that is not good here.
    async fn verify(&self, token: SecretString) -> Result<Option<Verified>, String> {
        let issuer = match &self.how {
            Checked::Login => return self.login.verify(token).await.map_err(|error| error.to_string()),
            Checked::Issuer(issuer) if Issuer::may_be(&token) => issuer,
            // Static tokens are good beside the provider's; those of a login that this server once had are not.
            Checked::Tokens | Checked::Issuer(_) => {
                return self.login.verify_static(token).await.map_err(|error| error.to_string());
            }
        };
        let is_role = |role: &str| self.roles.names().any(|known| known == role);
        match issuer.verify(&token, is_role).await {
            Ok(verified) => Ok(Some(verified)),
            Err(IssuerError::Refused(why)) => {
                tracing::warn!(why, "refused");
                Ok(None)
            }
            Err(error @ IssuerError::Keys(_)) => Err(error.to_string()),
        }
    }

    /// Who sends a request with these headers, from this network; `Err` is the answer to whoever may not.
    async fn caller(&self, headers: &HeaderMap, network: Network) -> Result<(CallerKey, Arc<Caller>), Box<Response>> {
        let has_token = headers.contains_key(header::AUTHORIZATION);
        let Some(token) = bearer(headers) else {
            tracing::info!(with_token = has_token, "refused: no bearer token");
            self.metrics.refused("no_token");
            return Err(self.stranger(has_token, network).into());
        };
        let say = |status: StatusCode, error: &str, hint: &str| {
            (status, Json(json!({"error": error, "hint": hint}))).into_response()
        };
        let Verified { name, is_token, given } = match self.verify(token).await {
            Ok(Some(verified)) => verified,
            Ok(None) => {
                tracing::warn!("refused: a token that is not good here");
                self.metrics.refused("bad_token");
                return Err(self.stranger(true, network).into());
            }
            Err(error) => {
                tracing::error!(error, "tokens cannot be checked");
                let hint = "the server cannot check tokens now; try again in a minute";
                return Err(say(StatusCode::SERVICE_UNAVAILABLE, "unavailable", hint).into());
            }
        };
        let permissions = self.permissions(&given).map_err(|why| {
            tracing::error!(why, "refused: a role that is not configured");
            self.metrics.refused("role");
            let hint = "ask the owner of this server: the role it was given is not set up";
            say(StatusCode::FORBIDDEN, "access_denied", hint)
        })?;
        // By who it is, not by address: hosted clients share theirs.
        let key = format!("{}{name}", if is_token { "token " } else { "person " });
        if self.rate.check_key(&key).is_err() {
            tracing::warn!("refused: too many calls a minute");
            self.metrics.refused("rate");
            return Err(slow_down("too many calls in a minute; wait a little").into());
        }
        Ok((CallerKey(key.into()), Arc::new(Caller { name, permissions })))
    }

    /// The answer to whoever has no good token. Whoever has one comes in, whatever others ask from the same network.
    fn stranger(&self, with_token: bool, network: Network) -> Response {
        if self.strangers.takes(network) {
            return self.unauthorized(with_token);
        }
        tracing::warn!("refused: too many requests without a good token from one network");
        self.metrics.refused("network");
        slow_down("too many requests without a good token; log in, and wait a little")
    }

    /// The answer to whoever may not come in (RFC 6750, RFC 9728).
    fn unauthorized(&self, with_token: bool) -> Response {
        let mut challenge = "Bearer".to_owned();
        let mut add = |name: &str, value: &str| {
            challenge.push_str(if challenge.len() == "Bearer".len() { " " } else { ", " });
            challenge.push_str(&format!("{name}=\"{value}\""));
        };
        if with_token {
            add("error", "invalid_token");
        }
        if self.how.is_told() {
            let url = &self.login.settings().public_url;
            add("resource_metadata", &format!("{url}/.well-known/oauth-protected-resource/mcp"));
            add("scope", SCOPE);
        }
        let hint = if self.how.is_told() {
            "log in: the address of the login is in the WWW-Authenticate header"
        } else {
            "send a token in the Authorization header; `spectora-mcp access add-token` makes one"
        };
        let error = if with_token { "invalid_token" } else { "unauthorized" };
        let mut answer = (StatusCode::UNAUTHORIZED, Json(json!({"error": error, "hint": hint}))).into_response();
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        no_store(answer)
    }
}

/// Answers with something secret or personal in them stay out of caches.
pub(super) fn no_store(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An answer to a request that was not read to its end: the rest of it is read and thrown away, as far as it is small and
/// quick, so that the connection can go on; else the client is told that it ends. Without this the next request on it
/// would find it closed.
pub(super) async fn unread(request: Request, mut answer: Response) -> Response {
    /// The most bytes that are thrown away.
    const BYTES_MAX: usize = 64 * 1024;
    /// How long they are waited for.
    const TIME_MAX: Duration = Duration::from_secs(2);
    let rest = axum::body::to_bytes(request.into_body(), BYTES_MAX);
    if !matches!(tokio::time::timeout(TIME_MAX, rest).await, Ok(Ok(_))) {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// The token of a request, if it has exactly one.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() < 4096)
        .then(|| SecretString::from(token))
}

/// Lets in whoever has a good token, with what they may see; before anything else about the request is looked at.
pub(super) async fn check(
    State(gate): State<Arc<Gate>>,
    Extension(network): Extension<Network>,
    mut request: Request,
    next: Next,
) -> Response {
    let (key, caller) = match gate.caller(request.headers(), network).await {
        Ok(caller) => caller,
        Err(refusal) => return unread(request, *refusal).await,
    };
    // Nothing behind this needs the token.
    request.headers_mut().remove(header::AUTHORIZATION);
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(key);
    let Ok(turn) = Arc::clone(&gate.calls).acquire_owned().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let is_message = request.method() == Method::POST;
    let answer = next.run(request).await;
    // In a session the answer is a stream, and the work goes on while that lasts.
    if is_message && answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
        let (lasting, ended) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(async move {
            // Whoever does not read the answer keeps the turn no longer than work can take.
            drop(tokio::time::timeout(REQUEST_TIME_MAX, ended).await);
            drop(turn);
        });
        return while_it_lasts(answer, lasting);
    }
    answer
}

/// What every answer says to browsers.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers
        .entry(HeaderName::from_static("cross-origin-resource-policy"))
        .or_insert(HeaderValue::from_static("cross-origin"));
    answer
}
