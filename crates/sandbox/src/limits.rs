//! The caps on each company's calls.

use std::collections::VecDeque;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::options::{Limits, RetryAfter};

const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// What one company has used.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// The answered calls of the last minute.
    window: VecDeque<Timestamp>,
    /// The month, as its year and number, and the calls in it.
    month: (i16, i8),
    calls: u64,
}

impl Usage {
    /// Counts a call at `now`. A refusal says when the next call may come.
    pub(super) fn take(&mut self, limits: &Limits, now: Timestamp) -> Result<(), Timestamp> {
        let date = TimeZone::UTC.to_datetime(now).date();
        if self.month != (date.year(), date.month()) {
            self.month = (date.year(), date.month());
            self.calls = 0;
        }
        self.calls += 1;
        if limits.monthly.is_some_and(|cap| self.calls > cap) {
            let next = date.last_of_month().tomorrow().unwrap_or(date);
            return Err(TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).unwrap_or(now));
        }
        let Some(cap) = limits.per_minute else { return Ok(()) };
        while self.window.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            self.window.pop_front();
        }
        if self.window.len() >= usize::try_from(cap).unwrap_or(usize::MAX) {
            return Err(self.window.front().map_or(now, |first| *first).saturating_add(WINDOW).unwrap_or(now));
        }
        self.window.push_back(now);
        Ok(())
    }
}

/// The value of `Retry-After` for a next call at `until`, rounded up to whole seconds.
pub(super) fn retry_after(shape: RetryAfter, now: Timestamp, until: Timestamp) -> Option<String> {
    let wait = until.duration_since(now);
    let seconds = (wait.as_secs() + i64::from(wait.subsec_nanos() > 0)).max(1);
    match shape {
        RetryAfter::Seconds => Some(seconds.to_string()),
        RetryAfter::Date => {
            let whole = if until.subsec_nanosecond() > 0 { until.as_second() + 1 } else { until.as_second() };
            Some(http_date(Timestamp::from_second(whole).unwrap_or(until)))
        }
        RetryAfter::Absent => None,
    }
}

/// An instant as HTTP writes it.
pub(super) fn http_date(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
