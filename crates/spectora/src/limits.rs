//! How much may be asked: the limits of a call, and the per-minute cap that all callers of a company share.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::meter::Purpose;

/// The span the cap counts over.
const CAP_WINDOW: Duration = Duration::from_mins(1);

/// The limits of one call.
#[derive(Clone, Debug)]
pub struct ClientLimits {
    /// The longest a connection may take to open.
    pub connect_time_max: Duration,
    /// The longest one request may take, body included.
    pub request_time_max: Duration,
    /// The longest a call may take, waiting and all retries included; for background work, which waits for the cap as long
    /// as that takes, from when its request may leave.
    pub call_time_max: Duration,
    /// The longest background work waits for a place.
    pub background_wait_max: Duration,
    /// The most requests of one call.
    pub attempts_max: u32,
    /// The largest body, in bytes after decompression.
    pub body_bytes_max: u64,
    /// The first wait between attempts; it doubles each time, with jitter.
    pub backoff_first: Duration,
    /// The longest wait of this program's own choosing.
    pub backoff_max: Duration,
    /// The first pause after "too many requests" without a time; it doubles each time.
    pub pause_first: Duration,
    /// The longest wait a service may ask for that is believed; a longer one is cut to this.
    pub retry_after_max: Duration,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(5),
            request_time_max: Duration::from_secs(15),
            call_time_max: Duration::from_secs(20),
            background_wait_max: Duration::from_mins(15),
            attempts_max: 4,
            body_bytes_max: 16 * 1024 * 1024,
            backoff_first: Duration::from_millis(500),
            backoff_max: Duration::from_secs(8),
            pause_first: Duration::from_secs(1),
            retry_after_max: Duration::from_hours(24),
        }
    }
}

/// Of five places in a minute, background work leaves one to questions.
const SHARE_FOR_QUESTIONS: u32 = 5;

/// Lets at most so many requests leave in any sixty seconds, in the order they came, and none before a pause ends.
///
/// Questions and background work wait in lines of their own: each line's turn is a fair lock, so nobody overtakes within
/// it, and a caller that gives up drops its place. Background work leaves a part of the cap to questions, so that a first
/// pass of thousands of pages does not hold them up. The pause is set by the request that was told to wait.
#[derive(Debug)]
pub(super) struct Limiter {
    per_minute: u32,
    question_turn: Mutex<()>,
    background_turn: Mutex<()>,
    sent: StdMutex<VecDeque<Instant>>,
    paused_until: StdMutex<Option<Instant>>,
}

/// How many requests a minute background work may send of a cap of `per_minute`: at least one.
pub fn background_share(per_minute: u32) -> u32 {
    per_minute.saturating_sub((per_minute / SHARE_FOR_QUESTIONS).max(1)).max(1)
}

impl Limiter {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        Self {
            per_minute: per_minute.get(),
            question_turn: Mutex::new(()),
            background_turn: Mutex::new(()),
            sent: StdMutex::default(),
            paused_until: StdMutex::new(None),
        }
    }

    /// `Err` with the end of the pause when that is after `deadline`, so that nobody waits in vain.
    pub(super) fn look_ahead(&self, deadline: Instant) -> Result<(), Instant> {
        self.pause().filter(|until| deadline < *until).map_or(Ok(()), Err)
    }

    /// Waits for a place. `Err` with the instant of the next place when that is after `deadline`; then no place is taken.
    pub(super) async fn enter(&self, purpose: Purpose, deadline: Instant) -> Result<(), Instant> {
        let (turn, most) = match purpose {
            Purpose::Direct => (&self.question_turn, self.per_minute),
            Purpose::Background => (&self.background_turn, background_share(self.per_minute)),
        };
        let _turn = tokio::time::timeout_at(deadline, turn.lock()).await.map_err(|_| deadline)?;
        loop {
            let Some(free_at) = self.take(most as usize) else { return Ok(()) };
            if deadline < free_at {
                return Err(free_at);
            }
            tokio::time::sleep_until(free_at).await;
        }
    }

    /// Waits for the end of a pause that was set after a place was taken.
    pub(super) async fn wait_out_pause(&self, deadline: Instant) -> Result<(), Instant> {
        while let Some(until) = self.pause().filter(|until| Instant::now() < *until) {
            if deadline < until {
                return Err(until);
            }
            tokio::time::sleep_until(until).await;
        }
        Ok(())
    }

    /// Takes a place if there is one; otherwise says when there will be.
    fn take(&self, most: usize) -> Option<Instant> {
        let now = Instant::now();
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.front().is_some_and(|first| *first + CAP_WINDOW <= now) {
            sent.pop_front();
        }
        // The request that has to leave the window before there is room for one more.
        let blocking = sent.len().checked_sub(most).and_then(|place| sent.get(place));
        let free_at = blocking.map(|sent_at| *sent_at + CAP_WINDOW).max(self.pause()).filter(|free_at| now < *free_at);
        if free_at.is_none() {
            sent.push_back(now);
        }
        free_at
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
            limiter.enter(Purpose::Direct, start + Duration::from_secs(600)).await.unwrap();
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
        assert_eq!(
            limiter.enter(Purpose::Direct, start + Duration::from_secs(10)).await,
            Err(start + Duration::from_secs(30))
        );
        limiter.enter(Purpose::Direct, start + Duration::from_secs(60)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_takes_no_place() {
        let limiter = limiter(1);
        let far = Instant::now() + Duration::from_secs(600);
        limiter.enter(Purpose::Direct, far).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(1), limiter.enter(Purpose::Direct, far)).await.is_err());
        let start = Instant::now();
        limiter.enter(Purpose::Direct, far).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 59);
    }

    #[tokio::test(start_paused = true)]
    async fn background_work_leaves_places_to_questions() {
        let limiter = limiter(10);
        let start = Instant::now();
        for _ in 0..8 {
            limiter.enter(Purpose::Background, start).await.unwrap();
        }
        // The ninth of the background waits a minute; two questions go ahead of it.
        assert_eq!(limiter.enter(Purpose::Background, start).await, Err(start + CAP_WINDOW));
        for _ in 0..2 {
            limiter.enter(Purpose::Direct, start).await.unwrap();
        }
        assert_eq!(limiter.enter(Purpose::Direct, start).await, Err(start + CAP_WINDOW));
    }

    #[test]
    fn background_work_is_never_without_a_place() {
        assert_eq!([1, 2, 5, 60].map(background_share), [1, 1, 4, 48]);
    }
}
