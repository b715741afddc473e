//! Days and periods as people and models write them: read where there is one reading, and else not at all.
//!
//! A date of three numbers that ends with the year is in the order of the United States, the one choice between two
//! readings that is made; who asked is told of it.

use std::fmt;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

use super::{DateRange, DateRangeError, LATEST_DAY, NamedPeriod, WeekStart};

/// The most days, weeks, months, quarters or years that are counted back or ahead.
const COUNT_MAX: i64 = 3_660;
/// The years that are read.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;
/// The months of the year, in small letters.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const NUMBERS: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// What was read, with the dates that were read in the order of the United States.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// What is meant.
    pub what: T,
    /// The dates written as month, day and year in numbers, each as it was given.
    pub us_dates: Vec<(String, Date)>,
}

/// A day: a date, or one told from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenDay {
    /// This date.
    Date(Date),
    /// The company's today.
    Today,
    /// The day before.
    Yesterday,
    /// The day after.
    Tomorrow,
}

/// What periods are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Civil days.
    Days,
    /// The company's weeks.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar quarters.
    Quarters,
    /// Calendar years.
    Years,
}

/// A period in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenPeriod {
    /// One with a name of its own.
    Named(NamedPeriod),
    /// A calendar year.
    Year(i16),
    /// A calendar quarter; the last one that has begun where no year is given.
    Quarter(Option<i16>, i8),
    /// A calendar month; the last one that has begun where no year is given.
    Month(Option<i16>, i8),
    /// The running week, month, quarter or year, up to today.
    ToDate(Unit),
    /// So many days up to yesterday, or whole weeks, months, quarters or years before the running one.
    Last(i64, Unit),
    /// Today and the days after, so many in all.
    NextDays(i64),
    /// From this day on.
    Since(SpokenDay),
    /// These days, both included.
    Days(SpokenDay, SpokenDay),
}

/// The days of a period, and the whole it is a running part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaysMeant {
    /// The days.
    pub days: DateRange,
    /// What decides the days they are compared with: the running week, month, quarter or year of a period to date, and else
    /// the days themselves.
    pub whole: DateRange,
}

impl SpokenDay {
    /// The day that is written.
    pub fn read(text: &str) -> Option<Written<Self>> {
        let mut us_dates = Vec::new();
        let what = Self::read_into(text, &mut us_dates)?;
        Some(Written { what, us_dates })
    }

    /// The date, when it is `today`.
    pub fn on(self, today: Date) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Today => today,
            Self::Yesterday => today.saturating_sub(1.days()),
            Self::Tomorrow => today.saturating_add(1.days()),
        }
    }

    fn read_into(text: &str, us_dates: &mut Vec<(String, Date)>) -> Option<Self> {
        let text = text.trim().to_lowercase();
        match text.as_str() {
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Yesterday),
            "tomorrow" => return Some(Self::Tomorrow),
            _ => {}
        }
        let parts: Vec<&str> = text.split(['-', '/']).collect();
        if let [first, second, third] = parts.as_slice() {
            if let (Some(year), Some(month), Some(day)) = (year(first), small(second), small(third)) {
                return Date::new(year, month, day).ok().map(Self::Date);
            }
            if let (Some(month), Some(day), Some(year)) = (small(first), small(second), year(third)) {
                let date = Date::new(year, month, day).ok()?;
                us_dates.push((text.clone(), date));
                return Some(Self::Date(date));
            }
        }
        let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
        let [first, second, third] = words.as_slice() else { return None };
        let day = |word: &str| {
            let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
            small(ordinal.unwrap_or(word))
        };
        let (month, day) = match (month(first), month(second)) {
            (Some(month), None) => (month, day(second)?),
            (None, Some(month)) => (month, day(first)?),
            _ => return None,
        };
        Date::new(year(third)?, month, day).ok().map(Self::Date)
    }
}

impl fmt::Display for SpokenDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => date.fmt(f),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Tomorrow => f.write_str("tomorrow"),
        }
    }
}

/// A year in four digits.
fn year(text: &str) -> Option<i16> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|year| is_year && YEARS.contains(year))
}

/// A number of one or two digits.
fn small(text: &str) -> Option<i8> {
    let is_small = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_small)
}

/// A month by its name, whole or cut to three letters.
fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.');
    let place = MONTHS
        .iter()
        .position(|name| *name == word || name.get(..3) == Some(word) || word == "sept" && *name == "september");
    place.and_then(|place| i8::try_from(place + 1).ok())
}

fn quarter(word: &str) -> Option<i8> {
    small(word.strip_prefix('q')?).filter(|quarter| (1..=4).contains(quarter))
}

fn count(word: &str) -> Option<i64> {
    let named = NUMBERS.iter().position(|name| *name == word).and_then(|place| i64::try_from(place + 2).ok());
    named.or_else(|| word.parse().ok()).filter(|count| (1..=COUNT_MAX).contains(count))
}

impl Unit {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Days, "day"),
        (Self::Weeks, "week"),
        (Self::Months, "month"),
        (Self::Quarters, "quarter"),
        (Self::Years, "year"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(unit, _)| *unit == self).map_or("", |(_, name)| name)
    }

    fn read(word: &str) -> Option<Self> {
        let one = word.strip_suffix('s').unwrap_or(word);
        Self::ALL.iter().find(|(_, name)| *name == one).map(|(unit, _)| *unit)
    }

    /// The running one, whole.
    fn running(self, today: Date, weeks: WeekStart) -> DateRange {
        let named = match self {
            Self::Days => NamedPeriod::Today,
            Self::Weeks => NamedPeriod::ThisWeek,
            Self::Months => NamedPeriod::ThisMonth,
            Self::Quarters => NamedPeriod::ThisQuarter,
            Self::Years => NamedPeriod::ThisYear,
        };
        named.resolve(today, weeks)
    }

    fn span(self, count: i64) -> Span {
        match self {
            Self::Days => count.days(),
            Self::Weeks => count.weeks(),
            Self::Months => count.months(),
            Self::Quarters => (3 * count).months(),
            Self::Years => count.years(),
        }
    }
}

impl SpokenPeriod {
    /// The period that is written.
    pub fn read(text: &str) -> Option<Written<Self>> {
        let text = text.trim().to_lowercase();
        let spaced = text.split([' ', '_']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let mut us_dates = Vec::new();
        let what = Self::of_words(&spaced.replace([' ', '-'], "_"))
            .or_else(|| Self::of_calendar(&spaced))
            .or_else(|| Self::of_days(&spaced, &mut us_dates))?;
        Some(Written { what, us_dates })
    }

    /// Told from today. Words are joined by `_`.
    fn of_words(joined: &str) -> Option<Self> {
        let renamed = [("current_", "this_"), ("previous_", "last_"), ("prior_", "last_")]
            .iter()
            .find_map(|(other, own)| Some(format!("{own}{}", joined.strip_prefix(other)?)));
        let joined = renamed.as_deref().unwrap_or(joined);
        if let Some(named) = NamedPeriod::by_name(joined) {
            return Some(Self::Named(named));
        }
        let to_date = match joined {
            "wtd" => Some(Unit::Weeks),
            "mtd" => Some(Unit::Months),
            "qtd" => Some(Unit::Quarters),
            "ytd" => Some(Unit::Years),
            _ => joined
                .strip_suffix("_to_date")
                .map(|unit| unit.strip_prefix("this_").unwrap_or(unit))
                .and_then(|unit| Unit::read(unit).filter(|known| *known != Unit::Days && known.name() == unit)),
        };
        if let Some(unit) = to_date {
            return Some(Self::ToDate(unit));
        }
        let (which, counted) = joined.split_once('_')?;
        let (number, unit) = counted.split_once('_')?;
        let (number, unit) = (count(number)?, Unit::read(unit)?);
        match which {
            "last" | "past" => Some(Self::Last(number, unit)),
            "next" if unit == Unit::Days => Some(Self::NextDays(number)),
            _ => None,
        }
    }

    /// A month, a quarter or a year of the calendar.
    fn of_calendar(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split([' ', ',', '-', '/']).filter(|part| !part.is_empty()).collect();
        let numbered = |text: &str| small(text).filter(|month| (1..=12).contains(month));
        match parts.as_slice() {
            [one] => {
                let whole = year(one).map(Self::Year);
                let short = || month(one).map(|month| Self::Month(None, month));
                let of_quarter = || {
                    let (before, after) = one.split_at_checked(4)?;
                    Some(Self::Quarter(Some(year(before)?), quarter(after)?))
                };
                whole.or_else(short).or_else(|| quarter(one).map(|one| Self::Quarter(None, one))).or_else(of_quarter)
            }
            [first, second] => {
                let (year, other) = match (year(first), year(second)) {
                    (Some(year), None) => (year, second),
                    (None, Some(year)) => (year, first),
                    _ => return None,
                };
                let of_month = month(other).or_else(|| numbered(other)).map(|month| Self::Month(Some(year), month));
                of_month.or_else(|| quarter(other).map(|quarter| Self::Quarter(Some(year), quarter)))
            }
            _ => None,
        }
    }

    /// Days by their dates.
    fn of_days(text: &str, us_dates: &mut Vec<(String, Date)>) -> Option<Self> {
        let mut day = |text: &str| SpokenDay::read_into(text, us_dates);
        if let Some(first) = text.strip_prefix("since ") {
            return day(first).map(Self::Since);
        }
        let inner = text.strip_prefix("from ").or_else(|| text.strip_prefix("between ")).unwrap_or(text);
        for between in [" to ", " through ", " thru ", " until ", " and ", " - ", " – ", "..", "/"] {
            let Some((first, last)) = inner.split_once(between) else { continue };
            // A stroke stands between two dates only where both have their own.
            if between == "/" && (first.len() != 10 || last.len() != 10) {
                continue;
            }
            return Some(Self::Days(day(first)?, day(last)?));
        }
        match text.strip_prefix("from ") {
            Some(first) => day(first).map(Self::Since),
            None => day(text).map(|day| Self::Days(day, day)),
        }
    }

    /// The days meant, when it is `today` and weeks begin as they do.
    pub fn resolve(self, today: Date, weeks: WeekStart) -> Result<DaysMeant, DateRangeError> {
        let days = match self {
            Self::Named(named) => named.resolve(today, weeks),
            Self::Year(year) => DateRange::new(date(year, 1, 1), date(year, 12, 31))?,
            Self::Quarter(year, quarter) => months(last_begun(year, 3 * quarter - 2, today), 3)?,
            Self::Month(year, month) => months(last_begun(year, month, today), 1)?,
            Self::ToDate(unit) => {
                let whole = unit.running(today, weeks);
                return Ok(DaysMeant { days: DateRange::new(whole.from(), today)?, whole });
            }
            Self::Last(count, unit) => {
                let running = unit.running(today, weeks).from();
                DateRange::new(running.saturating_sub(unit.span(count)), running.saturating_sub(1.days()))?
            }
            Self::NextDays(count) => DateRange::new(today, today.saturating_add((count - 1).days()))?,
            Self::Since(day) => DateRange::new(day.on(today), LATEST_DAY)?,
            Self::Days(first, last) => DateRange::new(first.on(today), last.on(today))?,
        };
        Ok(DaysMeant { days, whole: days })
    }
}

/// The first day of the month in that year, or of the last such month that has begun.
fn last_begun(year: Option<i16>, month: i8, today: Date) -> Date {
    let this_year = if month <= today.month() { today.year() } else { today.year() - 1 };
    date(year.unwrap_or(this_year), month, 1)
}

fn months(first: Date, count: i64) -> Result<DateRange, DateRangeError> {
    DateRange::new(first, first.saturating_add((count - 1).months()).last_of_month())
}

impl fmt::Display for SpokenPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(named) => f.write_str(named.name()),
            Self::Year(year) => write!(f, "{year}"),
            Self::Quarter(Some(year), quarter) => write!(f, "{year}-Q{quarter}"),
            Self::Quarter(None, quarter) => write!(f, "Q{quarter}"),
            Self::Month(Some(year), month) => write!(f, "{year}-{month:02}"),
            Self::Month(None, month) => {
                f.write_str(usize::try_from(month - 1).ok().and_then(|place| MONTHS.get(place)).unwrap_or(&""))
            }
            Self::ToDate(unit) => write!(f, "{}_to_date", unit.name()),
            Self::Last(count, unit) => write!(f, "last_{count}_{}s", unit.name()),
            Self::NextDays(count) => write!(f, "next_{count}_days"),
            Self::Since(day) => write!(f, "since {day}"),
            Self::Days(first, last) if first == last => first.fmt(f),
            Self::Days(first, last) => write!(f, "{first} to {last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUESDAY: Date = date(2026, 11, 24);

    #[test]
    fn periods_are_read_where_there_is_one_reading() {
        for (given, expect) in [
            ("last_week", "2026-11-16 to 2026-11-22"),
            ("Last Week", "2026-11-16 to 2026-11-22"),
            ("last-week", "2026-11-16 to 2026-11-22"),
            ("previous month", "2026-10-01 to 2026-10-31"),
            ("current_quarter", "2026-10-01 to 2026-12-31"),
            ("2026-10", "2026-10-01 to 2026-10-31"),
            ("10/2026", "2026-10-01 to 2026-10-31"),
            ("October 2026", "2026-10-01 to 2026-10-31"),
            ("oct, 2026", "2026-10-01 to 2026-10-31"),
            ("october", "2026-10-01 to 2026-10-31"),
            ("November", "2026-11-01 to 2026-11-30"),
            ("december", "2025-12-01 to 2025-12-31"),
            ("2026-Q3", "2026-07-01 to 2026-09-30"),
            ("2026q3", "2026-07-01 to 2026-09-30"),
            ("Q3 2026", "2026-07-01 to 2026-09-30"),
            ("q1", "2026-01-01 to 2026-03-31"),
            ("2026", "2026-01-01 to 2026-12-31"),
            ("2028-02", "2028-02-01 to 2028-02-29"),
            ("ytd", "2026-01-01 to 2026-11-24"),
            ("year to date", "2026-01-01 to 2026-11-24"),
            ("quarter_to_date", "2026-10-01 to 2026-11-24"),
            ("month_to_date", "2026-11-01 to 2026-11-24"),
            ("week_to_date", "2026-11-23 to 2026-11-24"),
            ("last_14_days", "2026-11-10 to 2026-11-23"),
            ("last 2 weeks", "2026-11-09 to 2026-11-22"),
            ("past three months", "2026-08-01 to 2026-10-31"),
            ("last_1_month", "2026-10-01 to 2026-10-31"),
            ("last_2_quarters", "2026-04-01 to 2026-09-30"),
            ("next_14_days", "2026-11-24 to 2026-12-07"),
            ("since 2026-10-01", "2026-10-01 to 2199-12-31"),
            ("since yesterday", "2026-11-23 to 2199-12-31"),
            ("2026-10-01 to 2026-10-15", "2026-10-01 to 2026-10-15"),
            ("2026-10-01/2026-10-15", "2026-10-01 to 2026-10-15"),
            ("2026-10-01..2026-10-15", "2026-10-01 to 2026-10-15"),
            ("from Oct 1 2026 to today", "2026-10-01 to 2026-11-24"),
            ("between October 1, 2026 and 15 Oct 2026", "2026-10-01 to 2026-10-15"),
            ("10/1/2026 - 10/15/2026", "2026-10-01 to 2026-10-15"),
            ("2026-10-01", "2026-10-01"),
        ] {
            let read = SpokenPeriod::read(given).unwrap_or_else(|| panic!("{given}"));
            let meant = read.what.resolve(TUESDAY, WeekStart::Monday).unwrap();
            assert_eq!(meant.days.to_string(), expect, "{given}");
            let again = SpokenPeriod::read(&read.what.to_string());
            assert_eq!(again, Some(Written { what: read.what, us_dates: Vec::new() }), "{given}");
        }
        for given in [
            "",
            "soon",
            "past week",
            "last month ish",
            "the other day",
            "last_0_days",
            "last_99999_days",
            "next_2_weeks",
            "2026-13",
            "2026-Q5",
            "26",
            "1/10",
            "day_to_date",
            "weeks_to_date",
            "2026-10-01 to",
            "Oct 1",
            "1850",
            "2026-10-01T00:00:00Z",
            "last_5_fortnights",
            "since",
            "2026-02-30",
        ] {
            assert_eq!(SpokenPeriod::read(given), None, "{given}");
        }
        let backwards = SpokenPeriod::read("2026-10-15 to 2026-10-01").unwrap().what;
        assert!(backwards.resolve(TUESDAY, WeekStart::Monday).is_err());
    }

    #[test]
    fn days_are_read_where_there_is_one_reading() {
        let first = SpokenDay::Date(date(2026, 10, 1));
        for given in [
            "2026-10-01",
            "2026-10-1",
            "2026/10/01",
            "10/1/2026",
            "10-01-2026",
            "Oct 1 2026",
            "October 1, 2026",
            "1 Oct 2026",
            "1st October 2026",
            "oct. 1st, 2026",
            "1-Oct-2026",
        ] {
            let read = SpokenDay::read(given).unwrap_or_else(|| panic!("{given}"));
            assert_eq!(read.what, first, "{given}");
            let is_us = given.starts_with("10/") || given.starts_with("10-");
            assert_eq!(!read.us_dates.is_empty(), is_us, "{given}");
        }
        for (given, day) in [("today", 24), ("Yesterday", 23), ("tomorrow", 25)] {
            assert_eq!(SpokenDay::read(given).unwrap().what.on(TUESDAY), date(2026, 11, day));
        }
        for given in
            ["", "13/10/2026", "10/1/26", "1.10.2026", "Oct 1", "monday", "2026-10", "2026-10-01T00:00:00Z", "20261001"]
        {
            assert_eq!(SpokenDay::read(given), None, "{given}");
        }
    }

    #[test]
    fn a_period_to_date_is_compared_with_the_same_days_before() {
        for (given, today, previous, year_before) in [
            ("ytd", "2026-11-24", "2025-01-01 to 2025-11-24", "2025-01-01 to 2025-11-24"),
            ("quarter_to_date", "2026-11-24", "2026-07-01 to 2026-08-24", "2025-10-01 to 2025-11-24"),
            ("month_to_date", "2026-11-05", "2026-10-01 to 2026-10-05", "2025-11-01 to 2025-11-05"),
            ("week_to_date", "2026-11-24", "2026-11-16 to 2026-11-17", "2025-11-24 to 2025-11-25"),
            ("2026-10", "2026-11-24", "2026-09-01 to 2026-09-30", "2025-10-01 to 2025-10-31"),
            ("2026-11", "2026-11-05", "2026-10-01 to 2026-10-05", "2025-11-01 to 2025-11-05"),
            ("last_2_weeks", "2026-11-24", "2026-10-26 to 2026-11-08", "2025-11-10 to 2025-11-23"),
        ] {
            let today: Date = today.parse().unwrap();
            let whole = SpokenPeriod::read(given).unwrap().what.resolve(today, WeekStart::Monday).unwrap().whole;
            assert_eq!(whole.previous(today).to_string(), previous, "{given}");
            assert_eq!(whole.year_before(today).to_string(), year_before, "{given}");
        }
    }
}
