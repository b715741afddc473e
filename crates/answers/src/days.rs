//! The days a question is about, by each company's own calendar.

use domain::{DateRange, DaysMeant, EARLIEST_DAY, LATEST_DAY, NamedPeriod, SpokenDay, SpokenPeriod};
use jiff::Timestamp;
use jiff::civil::Date;
use records::Period;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{AnswerError, Company};

/// Days as they are given: from and to (both included), or a period in words.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Days {
    /// First day, YYYY-MM-DD, inclusive, in the company's time zone.
    pub from: Option<String>,
    /// Last day, inclusive.
    pub to: Option<String>,
    /// Instead of both, in words.
    #[schemars(
        description = "Instead of from/to: today, this_week, last_month, next_7_days, last_3_months, ytd, 2026-10, 2026-Q3, \
                       since 2026-10-01. Weeks begin on Sunday unless the company is set to Monday."
    )]
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

/// The date that the argument `name` means, when it is `today`.
pub fn day_meant(name: &'static str, text: &str, today: Date) -> Result<Date, AnswerError> {
    let day = SpokenDay::read(text).ok_or_else(|| AnswerError::NotADate { name, given: text.to_owned() })?;
    Ok(day.what.on(today))
}

impl Days {
    /// The days by the company's calendar; `None` when none are given.
    pub fn of(&self, company: &Company, now: Timestamp) -> Result<Option<DateRange>, AnswerError> {
        Ok(self.meant(company, now)?.map(|meant| meant.days))
    }

    fn meant(&self, company: &Company, now: Timestamp) -> Result<Option<DaysMeant>, AnswerError> {
        let today = today(company, now);
        if let Some(named) = &self.period {
            if self.from.is_some() || self.to.is_some() {
                return Err(AnswerError::PeriodTwice);
            }
            let unknown = || AnswerError::UnknownPeriod(named.clone());
            let period = SpokenPeriod::read(named).ok_or_else(unknown)?.what;
            return Ok(Some(period.resolve(today, company.records.week_starts())?));
        }
        let day = |name, text: &Option<String>| text.as_deref().map(|text| day_meant(name, text, today)).transpose();
        let (from, to) = (day("from", &self.from)?, day("to", &self.to)?);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let days = DateRange::new(from.unwrap_or(EARLIEST_DAY), to.unwrap_or(LATEST_DAY))?;
        Ok(Some(DaysMeant { days, whole: days }))
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
        let DaysMeant { days, whole } = self.meant(company, now)?.unwrap_or_else(|| {
            let days = default.resolve(today, company.records.week_starts());
            DaysMeant { days, whole: days }
        });
        let compared = match compare {
            Compare::Previous => Some(whole.previous(today)),
            Compare::LastYear => Some(whole.year_before(today)),
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
