//! Periods of whole civil days.

use std::fmt;

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use super::{WeekStart, epoch_day};

/// Whole civil days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    from: Date,
    to: Date,
}

/// The range ends before it begins, or reaches outside the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the period ends on {to}, before it begins on {from}")]
pub struct DateRangeError {
    from: Date,
    to: Date,
}

/// An open end is the edge of the calendar that every instant can still be told in.
pub const EARLIEST_DAY: Date = date(1970, 1, 1);
/// The other edge.
pub const LATEST_DAY: Date = date(2199, 12, 31);

const DAYS_OF_WEEK: i64 = 7;

impl DateRange {
    /// The days from `from` to `to`, both included.
    pub fn new(from: Date, to: Date) -> Result<Self, DateRangeError> {
        if to < from { Err(DateRangeError { from, to }) } else { Ok(Self { from, to }) }
    }

    /// The first day.
    pub fn from(self) -> Date {
        self.from
    }

    /// The last day.
    pub fn to(self) -> Date {
        self.to
    }

    /// How many days, both ends included.
    pub fn days(self) -> i64 {
        i64::from((self.to - self.from).get_days()) + 1
    }

    /// These days up to `today`, when the period is still running.
    fn until(self, today: Date) -> Self {
        if self.from <= today && today < self.to { Self { to: today, ..self } } else { self }
    }

    /// How many months it has, where it is exactly a calendar month, quarter or year.
    fn calendar_months(self) -> Option<i64> {
        [1_i64, 3, 12].into_iter().find(|months| {
            let begins = self.from.day() == 1 && i64::from(self.from.month() - 1) % months == 0;
            begins && self.from.saturating_add((months - 1).months()).last_of_month() == self.to
        })
    }

    /// Whole weeks, whichever of the two days they begin on; a calendar month is one, though it may have four.
    fn is_whole_weeks(self) -> bool {
        let begins = matches!(self.from.weekday(), Weekday::Sunday | Weekday::Monday);
        begins && self.days() % DAYS_OF_WEEK == 0 && self.calendar_months().is_none()
    }

    /// The period it is compared with: for a calendar month, quarter, year or week the one before it, and the same days
    /// of that one while it is still running; for any other period as many days just before it, counted to today while it
    /// is running.
    pub fn previous(self, today: Date) -> Self {
        let now = self.until(today);
        let is_week = self.is_whole_weeks() && self.days() == DAYS_OF_WEEK;
        let before = |date: Date, span: Span| date.saturating_sub(span);
        match self.calendar_months() {
            Some(months) if now == self => {
                Self { from: before(self.from, months.months()), to: before(self.from, 1.days()) }
            }
            Some(months) => {
                // The 31st of a month is compared with the last day of a shorter one.
                Self { from: before(self.from, months.months()), to: before(now.to, months.months()) }
            }
            None => {
                let days = if is_week { DAYS_OF_WEEK } else { now.days() };
                Self { from: before(self.from, days.days()), to: before(now.to, days.days()) }
            }
        }
    }

    /// The same dates a year before, up to today's while the period is running; whole weeks 364 days before, so that the
    /// days of the week stay.
    pub fn year_before(self, today: Date) -> Self {
        let now = self.until(today);
        let before = |date: Date, span: Span| date.saturating_sub(span);
        if self.is_whole_weeks() {
            return Self { from: before(self.from, 52.weeks()), to: before(now.to, 52.weeks()) };
        }
        let to = before(now.to, 1.years());
        // A whole February stays whole.
        let is_whole = now == self && self.calendar_months().is_some();
        Self { from: before(self.from, 1.years()), to: if is_whole { to.last_of_month() } else { to } }
    }

    /// The instants `[start, end)` these days cover in `zone`; a day on which clocks change is as long as it is there.
    /// A day at the edge of the calendar is cut there.
    pub fn instants(self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let start = self.from.to_zoned_datetime(zone.clone()).map_or(Timestamp::MIN, |start| start.timestamp());
        let end = self
            .to
            .tomorrow()
            .and_then(|next| next.to_zoned_datetime(zone.clone()))
            .map_or(Timestamp::MAX, |end| end.timestamp());
        (start, end)
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{} to {}", self.from, self.to) }
    }
}

macro_rules! named_periods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// A period by name, resolved against the company's own today and weeks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum NamedPeriod { $($(#[$doc])* $variant,)+ }

        impl NamedPeriod {
            /// Every named period, in the order shown to users.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in arguments.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

named_periods! {
    /// The company's today.
    Today = "today";
    /// The day after.
    Tomorrow = "tomorrow";
    /// The day before.
    Yesterday = "yesterday";
    /// The week of today, whole.
    ThisWeek = "this_week";
    /// The week before.
    LastWeek = "last_week";
    /// The week after.
    NextWeek = "next_week";
    /// The calendar month of today, whole.
    ThisMonth = "this_month";
    /// The calendar month before.
    LastMonth = "last_month";
    /// The calendar month after.
    NextMonth = "next_month";
    /// The calendar quarter of today, whole.
    ThisQuarter = "this_quarter";
    /// The calendar quarter before.
    LastQuarter = "last_quarter";
    /// The calendar year of today, whole.
    ThisYear = "this_year";
    /// The calendar year before.
    LastYear = "last_year";
    /// The seven days before today.
    Last7Days = "last_7_days";
    /// The thirty days before today.
    Last30Days = "last_30_days";
    /// The ninety days before today.
    Last90Days = "last_90_days";
    /// The 365 days before today.
    Last365Days = "last_365_days";
    /// Today and the six days after.
    Next7Days = "next_7_days";
    /// Today and the 29 days after.
    Next30Days = "next_30_days";
}

impl NamedPeriod {
    /// The period with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|period| period.name() == name)
    }

    /// The days meant, when it is `today` and weeks begin as they do. At the edge of the calendar days outside it are cut
    /// off.
    pub fn resolve(self, today: Date, weeks: WeekStart) -> DateRange {
        let shift = |date: Date, span: Span| date.saturating_add(span);
        let one = |date: Date| DateRange { from: date, to: date };
        let day = epoch_day(today);
        let this_week = shift(today, (weeks.first_day(day) - day).days());
        let week = |offset: i64| {
            let from = shift(this_week, offset.weeks());
            DateRange { from, to: shift(from, 6.days()) }
        };
        let month_first = today.first_of_month();
        let months = |offset: i64, count: i64, anchor: Date| {
            let from = shift(anchor, offset.months());
            DateRange { from, to: shift(from, (count - 1).months()).last_of_month() }
        };
        let quarter_first = shift(month_first, -i64::from((today.month() - 1) % 3).months());
        let year_first = today.first_of_year();
        let before = |days: i64| DateRange { from: shift(today, -days.days()), to: shift(today, -1.days()) };
        let ahead = |days: i64| DateRange { from: today, to: shift(today, (days - 1).days()) };
        match self {
            Self::Today => one(today),
            Self::Tomorrow => one(shift(today, 1.days())),
            Self::Yesterday => one(shift(today, -1.days())),
            Self::ThisWeek => week(0),
            Self::LastWeek => week(-1),
            Self::NextWeek => week(1),
            Self::ThisMonth => months(0, 1, month_first),
            Self::LastMonth => months(-1, 1, month_first),
            Self::NextMonth => months(1, 1, month_first),
            Self::ThisQuarter => months(0, 3, quarter_first),
            Self::LastQuarter => months(-3, 3, quarter_first),
            Self::ThisYear => months(0, 12, year_first),
            Self::LastYear => months(-12, 12, year_first),
            Self::Last7Days => before(7),
            Self::Last30Days => before(30),
            Self::Last90Days => before(90),
            Self::Last365Days => before(365),
            Self::Next7Days => ahead(7),
            Self::Next30Days => ahead(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(period: NamedPeriod, today: Date, expect: &str) {
        assert_eq!(period.resolve(today, WeekStart::Monday).to_string(), expect);
    }

    #[test]
    fn named_periods_are_calendar_periods() {
        let tuesday = date(2026, 11, 24);
        check(NamedPeriod::Tomorrow, tuesday, "2026-11-25");
        check(NamedPeriod::ThisWeek, tuesday, "2026-11-23 to 2026-11-29");
        let sunday = |period: NamedPeriod, day: Date| period.resolve(day, WeekStart::Sunday).to_string();
        assert_eq!(sunday(NamedPeriod::ThisWeek, tuesday), "2026-11-22 to 2026-11-28");
        assert_eq!(sunday(NamedPeriod::ThisWeek, date(2026, 11, 22)), "2026-11-22 to 2026-11-28");
        assert_eq!(sunday(NamedPeriod::LastWeek, date(2026, 11, 28)), "2026-11-15 to 2026-11-21");
        assert_eq!(sunday(NamedPeriod::NextWeek, tuesday), "2026-11-29 to 2026-12-05");
        check(NamedPeriod::LastMonth, tuesday, "2026-10-01 to 2026-10-31");
        check(NamedPeriod::ThisQuarter, tuesday, "2026-10-01 to 2026-12-31");
        check(NamedPeriod::LastQuarter, date(2026, 1, 31), "2025-10-01 to 2025-12-31");
        check(NamedPeriod::LastYear, tuesday, "2025-01-01 to 2025-12-31");
        check(NamedPeriod::Last7Days, tuesday, "2026-11-17 to 2026-11-23");
        check(NamedPeriod::Next7Days, tuesday, "2026-11-24 to 2026-11-30");
        check(NamedPeriod::LastMonth, date(2028, 3, 31), "2028-02-01 to 2028-02-29");
    }

    #[test]
    fn a_day_is_as_long_as_its_clocks_make_it() {
        let zone = TimeZone::get("America/Denver").unwrap();
        let hours = |day: Date| {
            let (start, end) = DateRange::new(day, day).unwrap().instants(&zone);
            end.duration_since(start).as_hours()
        };
        assert_eq!(hours(date(2026, 11, 1)), 25);
        assert_eq!(hours(date(2026, 3, 8)), 23);
        assert_eq!(hours(date(2026, 11, 24)), 24);
    }

    #[test]
    fn a_period_is_compared_with_the_one_before_it() {
        let range = |text: &str| {
            let (from, to) = text.split_once(" to ").unwrap_or((text, text));
            DateRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
        };
        for (period, today, previous, year_before) in [
            // Calendar months, quarters and years.
            ("2026-03-01 to 2026-03-31", "2026-11-24", "2026-02-01 to 2026-02-28", "2025-03-01 to 2025-03-31"),
            ("2025-02-01 to 2025-02-28", "2026-11-24", "2025-01-01 to 2025-01-31", "2024-02-01 to 2024-02-29"),
            ("2026-01-01 to 2026-03-31", "2026-11-24", "2025-10-01 to 2025-12-31", "2025-01-01 to 2025-03-31"),
            ("2025-01-01 to 2025-12-31", "2026-11-24", "2024-01-01 to 2024-12-31", "2024-01-01 to 2024-12-31"),
            // Running ones: the same days.
            ("2026-11-01 to 2026-11-30", "2026-11-05", "2026-10-01 to 2026-10-05", "2025-11-01 to 2025-11-05"),
            ("2026-03-01 to 2026-03-31", "2026-03-30", "2026-02-01 to 2026-02-28", "2025-03-01 to 2025-03-30"),
            ("2026-10-01 to 2026-12-31", "2026-11-24", "2026-07-01 to 2026-08-24", "2025-10-01 to 2025-11-24"),
            ("2026-01-01 to 2026-12-31", "2026-11-24", "2025-01-01 to 2025-11-24", "2025-01-01 to 2025-11-24"),
            ("2026-11-23 to 2026-11-29", "2026-11-24", "2026-11-16 to 2026-11-17", "2025-11-24 to 2025-11-25"),
            // Whole weeks keep the days of the week.
            ("2026-11-16 to 2026-11-22", "2026-11-24", "2026-11-09 to 2026-11-15", "2025-11-17 to 2025-11-23"),
            ("2026-11-22 to 2026-11-28", "2026-11-24", "2026-11-15 to 2026-11-17", "2025-11-23 to 2025-11-25"),
            // A February of four whole weeks is a month.
            ("2027-02-01 to 2027-02-28", "2027-11-24", "2027-01-01 to 2027-01-31", "2026-02-01 to 2026-02-28"),
            // Any other period: as many days just before.
            ("2026-03-02 to 2026-03-31", "2026-11-24", "2026-01-31 to 2026-03-01", "2025-03-02 to 2025-03-31"),
            ("2026-11-20 to 2026-12-10", "2026-11-24", "2026-11-15 to 2026-11-19", "2025-11-20 to 2025-11-24"),
            ("2026-11-24", "2026-11-24", "2026-11-23", "2025-11-24"),
            ("2024-02-29", "2026-11-24", "2024-02-28", "2023-02-28"),
        ] {
            let today = today.parse().unwrap();
            assert_eq!(range(period).previous(today).to_string(), previous, "{period}");
            assert_eq!(range(period).year_before(today).to_string(), year_before, "{period}");
        }
    }

    #[test]
    fn a_range_cannot_end_before_it_begins() {
        assert!(DateRange::new(date(2026, 2, 2), date(2026, 2, 1)).is_err());
        assert_eq!(DateRange::new(date(2026, 2, 1), date(2026, 2, 28)).unwrap().days(), 28);
    }
}
