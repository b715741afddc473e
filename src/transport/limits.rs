//! How much one network may ask without having shown a good token, in bounded memory.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::json;

use access::Network;

/// Requests of one network in any minute.
const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
/// Registrations of one network at once; after them one a minute. With what unused clients are removed, one network cannot
/// fill the file.
const REGISTRATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// The most networks that are counted apart.
const NETWORKS_MAX: usize = 10_000;
/// Requests in any minute of all networks together, while there are more than that.
const PER_MINUTE_OF_REST: NonZeroU32 = NonZeroU32::MIN.saturating_add(1_199);
/// How often networks that are quiet again are forgotten, where there are too many.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How long whoever asked too much is told to wait, in seconds.
pub(super) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// A count by network.
#[derive(Debug)]
pub(super) struct NetworkLimit {
    each: DefaultKeyedRateLimiter<Network>,
    rest: DefaultDirectRateLimiter,
    swept: Mutex<Option<Instant>>,
}

impl NetworkLimit {
    /// Of requests.
    pub(super) fn of_requests() -> Self {
        Self::new(Quota::per_minute(PER_MINUTE))
    }

    /// Of clients that register.
    pub(super) fn of_registrations() -> Self {
        Self::new(Quota::per_minute(NonZeroU32::MIN).allow_burst(REGISTRATIONS))
    }

    fn new(each: Quota) -> Self {
        Self {
            each: RateLimiter::keyed(each),
            rest: RateLimiter::direct(Quota::per_minute(PER_MINUTE_OF_REST)),
            swept: Mutex::default(),
        }
    }

    /// Counts a request; says whether it may go on. A network that everybody may seem to come from has no limit.
    pub(super) fn takes(&self, network: Network) -> bool {
        if network.is_shared() {
            return true;
        }
        if NETWORKS_MAX <= self.each.len() {
            self.sweep();
        }
        if NETWORKS_MAX <= self.each.len() { self.rest.check().is_ok() } else { self.each.check_key(&network).is_ok() }
    }

    fn sweep(&self) {
        // One sweeps; the others need not wait for it.
        let Ok(mut swept) = self.swept.try_lock() else { return };
        if swept.is_none_or(|at| SWEEP_EVERY < at.elapsed()) {
            self.each.retain_recent();
            *swept = Some(Instant::now());
        }
    }
}

/// The answer to a caller who asks too much.
pub(super) fn slow_down(hint: &str) -> Response {
    let body = Json(json!({"error": "slow_down", "hint": hint}));
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    answer
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn each_network_has_its_own_count_and_memory_ends() {
        let limit = NetworkLimit::of_requests();
        let taken = |address: IpAddr| (0..200).filter(|_| limit.takes(Network::of(address))).count();
        assert_eq!(taken([192, 0, 2, 1].into()), 120);
        assert_eq!(taken(Ipv6Addr::LOCALHOST.into()), 200);
        // A subscriber has many addresses.
        let of_one = |turn: u128| Network::of(Ipv6Addr::from_bits((0x2001_0db8 << 96) + turn).into());
        assert_eq!((0..200).filter(|turn| limit.takes(of_one(*turn))).count(), 120);
        let flood = (0..30_000).filter(|turn| limit.takes(Network::of(Ipv4Addr::from_bits(0xC612_0000 + turn).into())));
        assert!(flood.count() < NETWORKS_MAX + 2_000);
        assert!(limit.each.len() <= NETWORKS_MAX);
    }
}
