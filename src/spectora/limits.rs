//! How much may be asked: the limits of a call, and the per-minute cap that all callers of a company share.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The span the cap counts over.
const CAP_WINDOW: Duration = Duration::from_mins(1);

/// The limits of one call.
#[derive(Clone, Debug)]
pub struct ClientLimits {
    /// The longest a connection may take to open.
    pub connect_time_max: Duration,
    /// The longest one request may take, body included.
    pub request_time_max: Duration,
    /// The longest a call may take, waiting and all retries included.
    pub call_time_max: Duration,
    /// The most requests of one call.
    pub attempts_max: u32,
    /// The largest body, in bytes after decompression.
    pub body_bytes_max: u64,
    /// The first wait between attempts; it doubles each time, with jitter.
    pub backoff_first: Duration,
    /// The longest wait of this program's own choosing.
    pub backoff_max: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(5),
            request_time_max: Duration::from_secs(15),
            call_time_max: Duration::from_secs(20),
            attempts_max: 4,
            body_bytes_max: 16 * 1024 * 1024,
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
        }
    }
}

/// Lets at most so many requests leave in any sixty seconds, in the order they came, and none before a pause ends.
///
/// The turn is a fair lock: whoever waits for a free place holds it, so nobody overtakes; a caller that gives up drops
/// its place. The pause is set by whoever was told to wait.
#[derive(Debug)]
pub(super) struct Limiter {
    per_minute: usize,
    turn: Mutex<VecDeque<Instant>>,
    paused_until: StdMutex<Option<Instant>>,
}

impl Limiter {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let per_minute = per_minute.get() as usize;
        Self { per_minute, turn: Mutex::new(VecDeque::new()), paused_until: StdMutex::new(None) }
    }

    /// `Err` with the end of the pause when that is after `deadline`, so that nobody waits in vain.
    pub(super) fn look_ahead(&self, deadline: Instant) -> Result<(), Instant> {
        self.pause().filter(|until| deadline < *until).map_or(Ok(()), Err)
    }

    /// Waits for a place. `Err` with the instant of the next place when that is after `deadline`; then no place is taken.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<(), Instant> {
        let mut sent = tokio::time::timeout_at(deadline, self.turn.lock()).await.map_err(|_| deadline)?;
        loop {
            let now = Instant::now();
            while sent.front().is_some_and(|first| *first + CAP_WINDOW <= now) {
                sent.pop_front();
            }
            let place = if sent.len() < self.per_minute { None } else { sent.front().map(|first| *first + CAP_WINDOW) };
            let Some(free_at) = place.max(self.pause()).filter(|free_at| now < *free_at) else {
                sent.push_back(now);
                return Ok(());
            };
            if deadline < free_at {
                return Err(free_at);
            }
            tokio::time::sleep_until(free_at).await;
        }
    }

    /// No request leaves before `until`. A later pause stands.
    pub(super) fn pause_until(&self, until: Instant) {
        let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = (*paused).max(Some(until));
    }

    fn pause(&self) -> Option<Instant> {
        *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_minute: u32) -> Limiter {
        Limiter::new(NonZeroU32::new(per_minute).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn no_sixty_seconds_hold_more_than_the_cap() {
        let limiter = limiter(3);
        let start = Instant::now();
        let mut left = Vec::new();
        for _ in 0..8 {
            limiter.enter(start + Duration::from_secs(600)).await.unwrap();
            left.push(start.elapsed().as_secs());
            tokio::time::advance(Duration::from_secs(7)).await;
        }
        for window in left.windows(4) {
            assert!(60 <= window[3] - window[0], "{left:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone_back() {
        let limiter = limiter(10);
        let start = Instant::now();
        limiter.pause_until(start + Duration::from_secs(30));
        limiter.pause_until(start + Duration::from_secs(5));
        assert_eq!(limiter.enter(start + Duration::from_secs(10)).await, Err(start + Duration::from_secs(30)));
        limiter.enter(start + Duration::from_secs(60)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_takes_no_place() {
        let limiter = limiter(1);
        let far = Instant::now() + Duration::from_secs(600);
        limiter.enter(far).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(1), limiter.enter(far)).await.is_err());
        let start = Instant::now();
        limiter.enter(far).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 59);
    }
}
