//! The days a question is about, by each company's own calendar.

use domain::{DateRange, NamedPeriod};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use records::Period;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{AnswerError, Company};

/// An open end is the edge of the calendar that every instant can still be told in.
const EARLIEST: Date = date(1970, 1, 1);
const LATEST: Date = date(2199, 12, 31);

/// Days as they are given: from and to (YYYY-MM-DD, both included), or a period by name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Days {
    /// First day, YYYY-MM-DD, inclusive, in the company's time zone.
    pub from: Option<String>,
    /// Last day, inclusive.
    pub to: Option<String>,
    /// Instead of from/to. Weeks begin on Sunday unless the company is set to Monday.
    #[schemars(extend("enum" = NamedPeriod::ALL.iter().map(|period| period.name()).collect::<Vec<_>>()))]
    pub period: Option<String>,
}

/// What a period is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// The one before.
    #[default]
    Previous,
    /// The same one a year before.
    LastYear,
    /// None.
    None,
}

/// A date alone, as YYYY-MM-DD. One with an hour and an offset is an instant, which may be another day where the company
/// is, so it is none.
pub fn civil_day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

impl Days {
    /// The days by the company's calendar; `None` when none are given.
    pub fn of(&self, company: &Company, now: Timestamp) -> Result<Option<DateRange>, AnswerError> {
        if let Some(named) = &self.period {
            if self.from.is_some() || self.to.is_some() {
                return Err(AnswerError::PeriodTwice);
            }
            let unknown = || AnswerError::UnknownPeriod(named.clone());
            let period = NamedPeriod::by_name(&named.to_lowercase()).ok_or_else(unknown)?;
            return Ok(Some(period.resolve(today(company, now), company.records.week_starts())));
        }
        let day = |name, text: &Option<String>| {
            text.as_deref().map(|text| civil_day(text).ok_or(AnswerError::NotADate(name))).transpose()
        };
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        Ok(Some(DateRange::new(from.unwrap_or(EARLIEST), to.unwrap_or(LATEST))?))
    }

    /// The days given, or `default`, with those they are compared with.
    pub fn or(
        &self,
        default: NamedPeriod,
        compare: Compare,
        company: &Company,
        now: Timestamp,
    ) -> Result<Period, AnswerError> {
        let today = today(company, now);
        let days = self.of(company, now)?.unwrap_or_else(|| default.resolve(today, company.records.week_starts()));
        let compared = match compare {
            Compare::Previous => Some(days.previous(today)),
            Compare::LastYear => Some(days.year_before(today)),
            Compare::None => None,
        };
        Ok(of_company(company, days, compared))
    }
}

/// The company's today.
pub fn today(company: &Company, now: Timestamp) -> Date {
    company.records.timezone().to_datetime(now).date()
}

/// These days of a company.
pub fn of_company(company: &Company, days: DateRange, compared: Option<DateRange>) -> Period {
    Period { company: company.name.clone(), days, compared, timezone: company.records.timezone().clone() }
}
