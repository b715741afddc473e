//! The only file that makes requests, and the only verb is `get`.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rand::RngExt as _;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::ExposeSecret as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use url::Url;

use super::cost::{self, KEY_REFUSED, RequestWatch, SentRequest};
use super::error::{SpectoraError, SpectoraErrorKind};
use super::http::{ClientBuildError, Http};
use super::limits::{ClientLimits, Limiter};
use super::meter::{CallMeter, CallOutcome, Departure, Purpose, Ticket};
use super::origin::BaseUrl;
use super::query::Endpoint;
use super::settings::ClientSettings;
use super::unreached::Unreached;
use super::wire;
use domain::{Clock, CompanyName};

/// The most requests of one company on their way at once.
const IN_FLIGHT_MAX: usize = 4;
/// `Date` has whole seconds, so the instant it was written lies up to this much after it, and clocks that differ by no
/// more agree as far as can be seen.
const DATE_RESOLUTION: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// Stands for a time the service has not told yet.
const NO_TIME_YET: i64 = i64::MIN;

/// Sends one company's requests.
pub(super) struct Requests {
    company: CompanyName,
    http: reqwest::Client,
    /// The key, as each request carries it.
    bearer: HeaderValue,
    origin: BaseUrl,
    limits: ClientLimits,
    limiter: Limiter,
    meter: Option<Arc<dyn CallMeter>>,
    watch: Option<Arc<dyn RequestWatch>>,
    host: Arc<str>,
    in_flight: Semaphore,
    sent: AtomicU64,
    /// Seconds the service's clock is ahead; [`NO_TIME_YET`] before it told its time.
    ahead: AtomicI64,
    clock: Arc<dyn Clock>,
}

/// One question of a caller: its time and its requests are counted together, however often it is put anew.
#[derive(Debug)]
pub(super) struct Call {
    endpoint: Endpoint,
    purpose: Purpose,
    deadline: Instant,
    attempts: u32,
}

impl Call {
    /// The error this call ends with.
    pub(super) fn fail(&self, kind: SpectoraErrorKind) -> SpectoraError {
        SpectoraError { endpoint: self.endpoint, attempts: self.attempts, kind }
    }
}

/// What is asked for: a listing, or one record of it.
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) listing: &'a str,
    pub(super) id: Option<String>,
}

impl Route<'_> {
    fn path(&self) -> Cow<'_, str> {
        match &self.id {
            Some(id) => format!("{}/{id}", self.listing).into(),
            None => self.listing.into(),
        }
    }

    /// The path without the id in it.
    fn template(&self) -> String {
        format!("{}{}", self.listing, if self.id.is_some() { "/{id}" } else { "" })
    }
}

/// A complete JSON document.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) body: Vec<u8>,
    pub(super) asked: AskedAt,
}

/// When a request left, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedAt {
    /// By this machine's clock.
    pub here: Timestamp,
    /// By the service's own clock (its `Date` header), never later than it was there; `None` when it told no time.
    pub there: Option<Timestamp>,
}

impl AskedAt {
    /// An instant that is past on both clocks: what was changed before it, by either, was changed before the request.
    pub fn settled(self) -> Timestamp {
        match self.there {
            // As far as can be seen the clocks agree.
            Some(there) if self.here <= there.saturating_add(DATE_RESOLUTION * 3).unwrap_or(there) => self.here,
            Some(there) => there,
            None => self.here,
        }
    }
}

/// What came back to one request, before anything is made of it.
enum Outcome {
    Body(Reply),
    /// Worth another try, after this long if the service said so.
    Passing(SpectoraErrorKind, Option<Duration>),
    Final(SpectoraErrorKind),
}

impl Requests {
    /// The requests of one company.
    pub(super) fn new(settings: &ClientSettings, clock: Arc<dyn Clock>) -> Result<Self, ClientBuildError> {
        let key = settings.api_key.expose_secret();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientBuildError::OddKey)?;
        bearer.set_sensitive(true);
        let in_flight = Semaphore::new(IN_FLIGHT_MAX);
        Ok(Self {
            company: settings.company.clone(),
            http: settings.http.0.clone(),
            bearer,
            origin: settings.base_url.clone(),
            limits: settings.limits.clone(),
            limiter: Limiter::new(settings.requests_per_minute),
            meter: settings.meter.clone(),
            watch: settings.watch.clone(),
            host: settings.base_url.place().0.into(),
            in_flight,
            sent: AtomicU64::new(0),
            ahead: AtomicI64::new(NO_TIME_YET),
            clock,
        })
    }

    /// How many requests have left.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn clock_ahead(&self) -> Option<jiff::SignedDuration> {
        let seconds = self.ahead.load(Ordering::Relaxed);
        (seconds != NO_TIME_YET).then(|| jiff::SignedDuration::from_secs(seconds))
    }

    /// A call whose time begins to run now.
    pub(super) fn call(&self, endpoint: Endpoint, purpose: Purpose) -> Call {
        Call { endpoint, purpose, deadline: Instant::now() + self.limits.call_time_max, attempts: 0 }
    }

    /// The reply to `GET route?query`, after as many attempts as the limits allow.
    pub(super) async fn get(&self, call: &mut Call, route: &Route<'_>, query: &str) -> Result<Reply, SpectoraError> {
        let mut attempt = 0;
        loop {
            let (kind, told) = {
                let (_place, ticket) = self.place(call).await.map_err(|kind| call.fail(kind))?;
                attempt += 1;
                call.attempts += 1;
                let (started, left_at, mut status) = (Instant::now(), self.clock.now(), None);
                let path = route.path();
                let sending = self.send(call.endpoint, &path, query, &mut status);
                let outcome = match tokio::time::timeout_at(call.deadline, sending).await {
                    Ok(outcome) => outcome,
                    Err(_) => Outcome::Final(SpectoraErrorKind::TimedOut { after: self.limits.call_time_max }),
                };
                self.log(call.endpoint, attempt, started, &outcome);
                self.tell(&SentRequest {
                    left_at,
                    took: started.elapsed(),
                    host: Arc::clone(&self.host),
                    port: self.origin.place().1,
                    template: route.template(),
                    attempt,
                    status: status.map(|status| status.as_u16()),
                    fault: fault(&outcome),
                });
                if let Some((meter, ticket)) = self.meter.as_ref().zip(ticket) {
                    meter.arrive(ticket, counted_as(&outcome)).await;
                }
                match outcome {
                    Outcome::Body(reply) => return Ok(reply),
                    Outcome::Final(kind) => return Err(call.fail(kind)),
                    Outcome::Passing(kind, told) => {
                        // While the place is held, so that whoever gets it next already sees the pause.
                        let told = told.filter(|told| !told.is_zero());
                        if matches!(kind, SpectoraErrorKind::RateLimited { .. }) {
                            let wait = told.unwrap_or_else(|| self.pause_unasked(attempt));
                            self.limiter.pause_until(Instant::now() + wait);
                            if let Some(meter) = &self.meter {
                                meter.pause(wait).await;
                            }
                            (kind, Some(wait))
                        } else {
                            (kind, told)
                        }
                    }
                }
            };
            let resume = Instant::now() + told.unwrap_or_else(|| self.backoff(attempt));
            if self.limits.attempts_max <= attempt || self.waits_until(call) < resume {
                return Err(call.fail(match kind {
                    SpectoraErrorKind::RateLimited { .. } => {
                        SpectoraErrorKind::RateLimited { retry_at: Some(self.wall_clock(resume)) }
                    }
                    other => other,
                }));
            }
            tokio::time::sleep_until(resume).await;
        }
    }

    /// Until when a call may wait for a place: a question as long as its own time lasts, background work much longer.
    fn waits_until(&self, call: &Call) -> Instant {
        match call.purpose {
            Purpose::Direct => call.deadline,
            Purpose::Background => Instant::now() + self.limits.background_wait_max,
        }
    }

    /// Waits until a request may leave: one of few on their way, within the cap, after any pause. The time of background
    /// work begins to run when it may.
    async fn place(&self, call: &mut Call) -> Result<(SemaphorePermit<'_>, Option<Ticket>), SpectoraErrorKind> {
        let waits_until = self.waits_until(call);
        let limited = |free_at| SpectoraErrorKind::RateLimited { retry_at: Some(self.wall_clock(free_at)) };
        self.limiter.look_ahead(waits_until).map_err(limited)?;
        self.limiter.enter(call.purpose, waits_until).await.map_err(limited)?;
        let Ok(Ok(permit)) = tokio::time::timeout_at(waits_until, self.in_flight.acquire()).await else {
            self.limiter.look_ahead(waits_until).map_err(limited)?;
            return Err(SpectoraErrorKind::TimedOut { after: self.limits.call_time_max });
        };
        // A pause that was set while this one waited holds for it too.
        self.limiter.wait_out_pause(waits_until).await.map_err(limited)?;
        let ticket = self.depart(call, waits_until).await?;
        if call.purpose == Purpose::Background {
            call.deadline = Instant::now() + self.limits.call_time_max;
        }
        Ok((permit, ticket))
    }

    /// Waits until the shared count lets the request leave.
    async fn depart(&self, call: &Call, waits_until: Instant) -> Result<Option<Ticket>, SpectoraErrorKind> {
        let Some(meter) = &self.meter else { return Ok(None) };
        loop {
            match meter.depart(call.endpoint, call.purpose).await {
                Departure::Go(ticket) => return Ok(Some(ticket)),
                Departure::OverBudget { used, budget } => {
                    return Err(SpectoraErrorKind::OverBudget { used, budget });
                }
                Departure::Uncounted(why) => return Err(SpectoraErrorKind::NotCounted(why)),
                Departure::Wait(wait) => {
                    let free_at = Instant::now() + wait;
                    if waits_until < free_at {
                        return Err(SpectoraErrorKind::RateLimited { retry_at: Some(self.wall_clock(free_at)) });
                    }
                    tokio::time::sleep_until(free_at).await;
                }
            }
        }
    }

    /// The pause after a refusal for haste that names none: 1 s, 2 s, 4 s, … and up to half as much again.
    fn pause_unasked(&self, attempt: u32) -> Duration {
        let first = self.limits.pause_first;
        let doubled = first.saturating_mul(1 << attempt.saturating_sub(1).min(10));
        doubled.min(self.limits.backoff_max.max(first)).mul_f64(rand::rng().random_range(1.0..=1.5))
    }

    /// Sends it once; `arrived` becomes the status as soon as that is there.
    async fn send(&self, endpoint: Endpoint, path: &str, query: &str, arrived: &mut Option<StatusCode>) -> Outcome {
        let url = self.origin.address(path, query);
        self.sent.fetch_add(1, Ordering::Relaxed);
        cost::left();
        let (left_at, here) = (Instant::now(), self.clock.now());
        let mut response = match self.http.get(url).header(AUTHORIZATION, self.bearer.clone()).send().await {
            Ok(response) => response,
            Err(error) => return broken(&error, self.limits.request_time_max),
        };
        let status = response.status();
        *arrived = Some(status);
        let date = response.headers().get(DATE).and_then(http_date);
        if let Some(date) = date {
            let ahead = date.as_second() - self.clock.now().as_second();
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        let took = jiff::SignedDuration::try_from(left_at.elapsed()).unwrap_or_default();
        let there = date.and_then(|date| date.checked_sub(took).ok()?.checked_sub(DATE_RESOLUTION).ok());
        let asked = AskedAt { here, there };
        let retry_after = retry_after(response.headers(), date.unwrap_or_else(|| self.clock.now()));
        let retry_after = retry_after.map(|wait| wait.min(self.limits.retry_after_max));
        let limit_bytes = self.limits.body_bytes_max;
        match body_of(&mut response, limit_bytes).await {
            Ok(Some(body)) => judge(endpoint, status, body, asked, retry_after),
            Ok(None) => Outcome::Final(SpectoraErrorKind::TooLarge { limit_bytes }),
            Err(error) => broken(&error, self.limits.request_time_max),
        }
    }

    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = self.limits.backoff_first.saturating_mul(1 << attempts.saturating_sub(1).min(10));
        // Between half and all of it, so that callers who failed together do not come back together.
        doubled.min(self.limits.backoff_max).mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    fn wall_clock(&self, at: Instant) -> Timestamp {
        let wait = at.saturating_duration_since(Instant::now());
        // Up to the next whole second, so that nobody who asks again then is early.
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX / 2).saturating_add(1);
        let now = Timestamp::from_second(self.clock.now().as_second()).unwrap_or_default();
        now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    fn tell(&self, request: &SentRequest) {
        let is_told = cost::ended(request);
        if let Some(watch) = &self.watch {
            watch.ended(request, is_told);
        }
    }

    fn log(&self, endpoint: Endpoint, attempt: u32, started: Instant, outcome: &Outcome) {
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let company = self.company.as_str();
        match outcome {
            Outcome::Body(reply) => tracing::debug!(
                company,
                endpoint = endpoint.name(),
                attempt,
                duration_ms,
                body_bytes = reply.body.len(),
                "asked the service"
            ),
            // The service's own words may repeat what a person typed, so they stay out of the log.
            Outcome::Final(SpectoraErrorKind::RequestRefused { status, .. }) => {
                tracing::warn!(
                    company,
                    endpoint = endpoint.name(),
                    attempt,
                    duration_ms,
                    status,
                    "a request was refused"
                );
            }
            Outcome::Passing(kind, _) | Outcome::Final(kind) => {
                tracing::warn!(company, endpoint = endpoint.name(), attempt, duration_ms, %kind, "a request failed");
            }
        }
    }
}

/// A whole body; `None` for one of more bytes than these, after decompression.
async fn body_of(response: &mut reqwest::Response, bytes_max: u64) -> Result<Option<Vec<u8>>, reqwest::Error> {
    if response.content_length().is_some_and(|bytes| bytes_max < bytes) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if bytes_max < body.len() as u64 {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// What came of a request that carries no key.
#[derive(Debug)]
pub(super) enum OpenReply {
    /// The status and the body.
    Whole(u16, Vec<u8>),
    TooLarge,
    TimedOut,
    BrokenOff,
    Unreached(Unreached),
}

/// Asks once for what anybody may read: without a key, a company or a count, for it is no request to the service.
pub(super) async fn get_openly(http: &Http, address: Url, bytes_max: u64) -> OpenReply {
    let asked = async {
        let mut response = http.0.get(address).send().await?;
        let status = response.status().as_u16();
        Ok((status, body_of(&mut response, bytes_max).await?))
    };
    match asked.await {
        Ok((status, Some(body))) => OpenReply::Whole(status, body),
        Ok((_, None)) => OpenReply::TooLarge,
        Err(error) => match broken_how(&error) {
            Broken::Unreached => OpenReply::Unreached(Unreached::of(&error)),
            Broken::TimedOut => OpenReply::TimedOut,
            Broken::Off => OpenReply::BrokenOff,
        },
    }
}

fn counted_as(outcome: &Outcome) -> CallOutcome {
    match outcome {
        Outcome::Body(_) => CallOutcome::Answered,
        Outcome::Passing(SpectoraErrorKind::RateLimited { .. }, _) => CallOutcome::RateLimited,
        Outcome::Passing(..) => CallOutcome::Failed,
        Outcome::Final(kind) => match kind {
            SpectoraErrorKind::KeyRefused
            | SpectoraErrorKind::KeyWithoutRight
            | SpectoraErrorKind::NotFound { .. }
            | SpectoraErrorKind::RequestRefused { .. } => CallOutcome::Refused,
            _ => CallOutcome::Failed,
        },
    }
}

/// What went wrong with one request, in a word that a monitor can count.
fn fault(outcome: &Outcome) -> Option<&'static str> {
    let (Outcome::Passing(kind, _) | Outcome::Final(kind)) = outcome else { return None };
    Some(match kind {
        SpectoraErrorKind::TimedOut { .. } => "timeout",
        SpectoraErrorKind::RateLimited { .. } => "rate_limited",
        SpectoraErrorKind::Unavailable { .. } | SpectoraErrorKind::Unreached(_) => "unavailable",
        SpectoraErrorKind::TooLarge { .. } => "too_large",
        SpectoraErrorKind::NotUnderstood { .. } => "not_understood",
        SpectoraErrorKind::KeyRefused => KEY_REFUSED,
        _ => "refused",
    })
}

/// A connection that broke, or a time limit that ran out, is worth another try.
fn broken(error: &reqwest::Error, limit: Duration) -> Outcome {
    let kind = match broken_how(error) {
        Broken::Unreached => SpectoraErrorKind::Unreached(Unreached::of(error)),
        Broken::TimedOut => SpectoraErrorKind::TimedOut { after: limit },
        Broken::Off => SpectoraErrorKind::Unavailable { reason: "connection broke".to_owned() },
    };
    Outcome::Passing(kind, None)
}

/// How a request ended without a reply.
enum Broken {
    Unreached,
    TimedOut,
    Off,
}

fn broken_how(error: &reqwest::Error) -> Broken {
    if error.is_connect() {
        Broken::Unreached
    } else if error.is_timeout() {
        Broken::TimedOut
    } else {
        Broken::Off
    }
}

/// Codes with which a quota or a cap is told under another status than 429.
const LIMIT_CODES: &[&str] =
    &["RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED", "TOO_MANY_REQUESTS", "THROTTLED"];

/// What a complete reply means, by its status.
///
/// A refusal (400, 422) or a "not found" counts only in the service's own form: a proxy's page says nothing about the
/// request or the record, so it is tried again like any other fault.
fn judge(
    endpoint: Endpoint,
    status: StatusCode,
    body: Vec<u8>,
    asked: AskedAt,
    retry_after: Option<Duration>,
) -> Outcome {
    let unavailable = |reason: String| SpectoraErrorKind::Unavailable { reason };
    if status.is_success() {
        // What is JSON is read, whatever content type it came under.
        return match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
            Ok(_) => Outcome::Body(Reply { body, asked }),
            // A document that ends too early was cut on its way.
            Err(error) if error.is_eof() && !body.is_empty() => {
                Outcome::Passing(unavailable("the reply was cut off".to_owned()), None)
            }
            Err(_) => Outcome::Final(SpectoraErrorKind::NotUnderstood {
                path: ".".to_owned(),
                reason: "the reply is not JSON".to_owned(),
            }),
        };
    }
    let told = wire::refusal(&body);
    let is_limit = told.code.as_deref().is_some_and(|code| LIMIT_CODES.contains(&code.to_uppercase().as_str()));
    match status.as_u16() {
        300..=399 => Outcome::Final(unavailable("redirected to another address, which is not followed".to_owned())),
        401 => Outcome::Final(SpectoraErrorKind::KeyRefused),
        429 => Outcome::Passing(SpectoraErrorKind::RateLimited { retry_at: None }, retry_after),
        400..=499 if is_limit || (status == StatusCode::FORBIDDEN && retry_after.is_some()) => {
            Outcome::Passing(SpectoraErrorKind::RateLimited { retry_at: None }, retry_after)
        }
        403 => Outcome::Final(SpectoraErrorKind::KeyWithoutRight),
        404 => Outcome::Final(SpectoraErrorKind::NotFound {
            assumed_path: endpoint.path_is_assumed().then(|| endpoint.name()),
            in_service_form: told.form == wire::RefusalForm::JsonApi,
        }),
        500..=599 => Outcome::Passing(unavailable(format!("HTTP {}", status.as_u16())), retry_after),
        400 if told.code.as_deref() == Some("INVALID_CREDENTIALS") => Outcome::Final(SpectoraErrorKind::KeyRefused),
        status if told.form == wire::RefusalForm::None => {
            Outcome::Passing(unavailable(format!("HTTP {status} without a reason")), retry_after)
        }
        status => Outcome::Final(SpectoraErrorKind::RequestRefused { status, detail: told.detail }),
    }
}

fn http_date(value: &HeaderValue) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value.to_str().ok()?).ok()?).ok()
}

/// The wait a service asks for: seconds, or an HTTP date, which is measured by the service's own time where the reply
/// says it.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let at = http_date(headers.get(RETRY_AFTER)?)?;
        let wait = u64::try_from(at.duration_since(now).as_millis()).unwrap_or(0);
        // The date has whole seconds; the next one is surely not early.
        Duration::from_millis(wait) + Duration::from_secs(1)
    };
    Some(wait)
}
