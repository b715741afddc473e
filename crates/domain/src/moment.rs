//! A day or an instant, for facts that come as either.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A civil day, or an instant that falls on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day, said without an hour.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl Moment {
    /// The civil day in `zone`.
    pub fn day(self, zone: &TimeZone) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Instant(instant) => zone.to_datetime(instant).date(),
        }
    }
}
