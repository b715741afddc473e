//! The only file that makes requests, and the only verb is `get`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt as _;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::error::{SpectoraError, SpectoraErrorKind};
use super::limits::{ClientLimits, Limiter};
use super::origin::BaseUrl;
use super::query::Endpoint;
use super::wire;
use crate::domain::{Clock, CompanyName};

/// The most requests of one company on their way at once.
const IN_FLIGHT_MAX: usize = 4;
/// The longest wait a service may ask for that is believed; a longer one is cut to this.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// The HTTP client could not be made: a key with characters no header can hold, or a broken TLS set-up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ClientBuildError(String);

/// Sends one company's requests.
pub(super) struct Requests {
    company: CompanyName,
    http: reqwest::Client,
    origin: BaseUrl,
    limits: ClientLimits,
    limiter: Limiter,
    in_flight: Semaphore,
    sent: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// What came back to one request, before anything is made of it.
enum Outcome {
    Body(Vec<u8>),
    /// Worth another try, after this long if the service said so.
    Passing(SpectoraErrorKind, Option<Duration>),
    Final(SpectoraErrorKind),
}

impl Requests {
    pub(super) fn new(
        company: CompanyName,
        key: &SecretString,
        origin: BaseUrl,
        limits: ClientLimits,
        limiter: Limiter,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientBuildError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that one is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
            .map_err(|_| ClientBuildError("the API key holds characters that no key has".to_owned()))?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("spectora-mcp/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect_time_max)
            .timeout(limits.request_time_max);
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientBuildError(error.without_url().to_string()))?;
        let in_flight = Semaphore::new(IN_FLIGHT_MAX);
        Ok(Self { company, http, origin, limits, limiter, in_flight, sent: AtomicU64::new(0), clock })
    }

    /// How many requests have left.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The body of the reply to `GET path?query`, after as many attempts as the limits allow.
    pub(super) async fn get(&self, endpoint: Endpoint, path: &str, query: &str) -> Result<Vec<u8>, SpectoraError> {
        let deadline = Instant::now() + self.limits.call_time_max;
        let mut attempts = 0;
        loop {
            let fail = |kind| SpectoraError { endpoint, attempts, kind };
            let permit = tokio::time::timeout_at(deadline, self.in_flight.acquire()).await;
            let Ok(Ok(_permit)) = permit else {
                return Err(fail(SpectoraErrorKind::TimedOut { after: self.limits.call_time_max }));
            };
            self.limiter
                .enter(deadline)
                .await
                .map_err(|free_at| fail(SpectoraErrorKind::RateLimited { retry_at: Some(self.wall_clock(free_at)) }))?;
            attempts += 1;
            let started = Instant::now();
            let sending = self.send(endpoint, path, query);
            let outcome = match tokio::time::timeout_at(deadline, sending).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::Final(SpectoraErrorKind::TimedOut { after: self.limits.call_time_max }),
            };
            self.log(endpoint, attempts, started, &outcome);
            let fail = |kind| SpectoraError { endpoint, attempts, kind };
            let (kind, told) = match outcome {
                Outcome::Body(body) => return Ok(body),
                Outcome::Final(kind) => return Err(fail(kind)),
                Outcome::Passing(kind, told) => (kind, told),
            };
            let wait = told.unwrap_or_else(|| self.backoff(attempts));
            let resume = Instant::now() + wait;
            let limited = matches!(kind, SpectoraErrorKind::RateLimited { .. });
            if limited {
                self.limiter.pause_until(resume);
            }
            if self.limits.attempts_max <= attempts || deadline < resume {
                return Err(fail(match kind {
                    SpectoraErrorKind::RateLimited { .. } => {
                        SpectoraErrorKind::RateLimited { retry_at: Some(self.wall_clock(resume)) }
                    }
                    other => other,
                }));
            }
            if !limited {
                tokio::time::sleep_until(resume).await;
            }
        }
    }

    async fn send(&self, endpoint: Endpoint, path: &str, query: &str) -> Outcome {
        let url = self.origin.address(path, query);
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = match self.http.get(url).send().await {
            Ok(response) => response,
            Err(error) => return broken(&error, self.limits.request_time_max),
        };
        let status = response.status();
        let retry_after = retry_after(response.headers(), self.clock.now());
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("json"));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    body.extend_from_slice(&chunk);
                    if self.limits.body_bytes_max < body.len() as u64 {
                        return Outcome::Final(SpectoraErrorKind::TooLarge { limit_bytes: self.limits.body_bytes_max });
                    }
                }
                Ok(None) => break,
                Err(error) => return broken(&error, self.limits.request_time_max),
            }
        }
        judge(endpoint, status, is_json, body, retry_after)
    }

    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = self.limits.backoff_first.saturating_mul(1 << attempts.saturating_sub(1).min(10));
        // Between half and all of it, so that callers who failed together do not come back together.
        doubled.min(self.limits.backoff_max).mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    fn wall_clock(&self, at: Instant) -> Timestamp {
        let wait = at.saturating_duration_since(Instant::now());
        // Up to the next whole second: whoever asks again then is not early.
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX / 2).saturating_add(1);
        let now = Timestamp::from_second(self.clock.now().as_second()).unwrap_or_default();
        now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    fn log(&self, endpoint: Endpoint, attempt: u32, started: Instant, outcome: &Outcome) {
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let company = self.company.as_str();
        match outcome {
            Outcome::Body(body) => tracing::debug!(
                company,
                endpoint = endpoint.name(),
                attempt,
                duration_ms,
                body_bytes = body.len(),
                "asked the service"
            ),
            Outcome::Passing(kind, _) | Outcome::Final(kind) => {
                tracing::warn!(company, endpoint = endpoint.name(), attempt, duration_ms, %kind, "a request failed");
            }
        }
    }
}

/// A connection that broke, or a time limit that ran out, is worth another try.
fn broken(error: &reqwest::Error, limit: Duration) -> Outcome {
    let kind = if error.is_timeout() {
        SpectoraErrorKind::TimedOut { after: limit }
    } else if error.is_connect() {
        SpectoraErrorKind::Unavailable { reason: "connection failed".to_owned() }
    } else {
        SpectoraErrorKind::Unavailable { reason: "connection broke".to_owned() }
    };
    Outcome::Passing(kind, None)
}

/// What a complete reply means, by its status.
fn judge(
    endpoint: Endpoint,
    status: StatusCode,
    is_json: bool,
    body: Vec<u8>,
    retry_after: Option<Duration>,
) -> Outcome {
    let told = wire::refusal(&body);
    match status.as_u16() {
        200..=299 if is_json => match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
            // A document that ends too early was cut on its way.
            Err(error) if error.is_eof() => {
                Outcome::Passing(SpectoraErrorKind::Unavailable { reason: "the reply was cut off".to_owned() }, None)
            }
            _ => Outcome::Body(body),
        },
        200..=299 => Outcome::Final(SpectoraErrorKind::NotUnderstood {
            path: ".".to_owned(),
            reason: "the reply is not JSON".to_owned(),
        }),
        300..=399 => Outcome::Final(SpectoraErrorKind::Unavailable {
            reason: "redirected to another address, which is not followed".to_owned(),
        }),
        401 => Outcome::Final(SpectoraErrorKind::KeyRefused),
        403 => Outcome::Final(SpectoraErrorKind::KeyWithoutRight),
        404 => Outcome::Final(SpectoraErrorKind::NotFound {
            assumed_path: endpoint.path_is_assumed().then(|| endpoint.name()),
        }),
        429 => Outcome::Passing(SpectoraErrorKind::RateLimited { retry_at: None }, retry_after),
        500..=599 => Outcome::Passing(
            SpectoraErrorKind::Unavailable { reason: format!("HTTP {}", status.as_u16()) },
            retry_after,
        ),
        400 if told.code.as_deref() == Some("INVALID_CREDENTIALS") => Outcome::Final(SpectoraErrorKind::KeyRefused),
        status => Outcome::Final(SpectoraErrorKind::RequestRefused { status, detail: told.detail }),
    }
}

/// The wait a service asks for: seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
            let wait = u64::try_from(at.duration_since(now).as_millis()).unwrap_or(0);
            // The date has whole seconds; the next one is surely not early.
            Duration::from_millis(wait) + Duration::from_secs(1)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}
