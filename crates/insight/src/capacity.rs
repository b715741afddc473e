//! How much work is coming, against what is booked and what was done in a week before.

mod back_test;
mod calendar;
mod inspectors;
mod models;
mod weeks;

use self::back_test::{History, best};
use self::calendar::{WEEK, holiday};
use self::models::YEAR;
use self::weeks::{Done, Weeks};
use super::common::{median, percentile};
use domain::{FactTable, WeekStart};

pub use inspectors::{BOOKED_WEEKS, Fullness, InspectorWeeks, inspector_weeks};
pub use models::Model;

/// Complete weeks of history a forecast needs at least.
pub const WEEKS_MIN: usize = 12;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The most weeks looked ahead.
pub const AHEAD_MAX: usize = 13;
/// The past weeks that show what is usual: how early jobs are booked, and how many an inspector has.
const HALF_YEAR: u8 = 26;

/// A forecast of one week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// Its first day, as days since 1970-01-01.
    pub begins: i64,
    /// Inspections booked for it by now, not canceled.
    pub booked: u64,
    /// Hours of those.
    pub booked_hours: f64,
    /// Inspections forecast.
    pub forecast: f64,
    /// 80 of 100 such weeks lie between.
    pub range_80: (f64, f64),
    /// 95 of 100 such weeks lie between.
    pub range_95: (f64, f64),
    /// Hours forecast: inspections times the mean length of the past year.
    pub forecast_hours: f64,
    /// What share of a week's final bookings was there this long before it, in the past half year.
    pub usually_booked: Option<f64>,
    /// What that says the week will come to.
    pub by_bookings: Option<f64>,
    /// Whether the upper end of the 80 % range is above the capacity seen.
    pub may_be_short: bool,
    /// Whether the forecast is below six tenths of the middle week.
    pub may_be_idle: bool,
    /// Whether a public holiday of the United States falls on one of its working days.
    pub holiday: bool,
}

/// The weeks ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityPlan {
    /// The weeks, the next one first.
    pub weeks: Vec<Week>,
    /// The model that did best in the back-test; a naive one where none is better.
    pub model: Model,
    /// Its mean absolute error in the back-test, in inspections a week.
    pub error: f64,
    /// That of the naive forecast on the same weeks: the same week last year, or the mean of the last four weeks where
    /// there is no year.
    pub naive_error: f64,
    /// How many starting points the back-test had.
    pub origins: usize,
    /// Complete weeks of history, which begins where regular work does.
    pub history: usize,
    /// Inspections that lie apart, before that: of a first try, or dated wrongly. They count nowhere.
    pub apart: usize,
    /// The capacity seen: the 90th percentile of the weeks of the past year.
    pub capacity: f64,
    /// The same in hours.
    pub capacity_hours: f64,
    /// The middle week of the past year.
    pub median: f64,
}

/// All of a plan but what the hour decides: the model and its forecasts, made by trying every model on past weeks. It
/// depends on the rows, the week of `today`, the company's weeks and how far ahead is looked; a plan for any instant of that
/// week is a few steps from it.
#[derive(Clone, Debug)]
pub struct CapacityBase {
    plan: CapacityPlan,
    /// How long before its week's first instant each inspection of the past half year was booked, in milliseconds, the
    /// longest first.
    leads: Vec<i64>,
}

impl CapacityBase {
    /// For `ahead` weeks (1 to 13) after the week of `today`; see [`capacity_plan`].
    pub fn of(facts: &FactTable, ahead: usize, today: i64, week_starts: WeekStart) -> Option<Self> {
        let this_week = week_starts.first_day(today);
        let ahead = ahead.clamp(1, AHEAD_MAX);
        let to_come = i64::try_from(ahead).unwrap_or(0);
        let rows = || facts.rows().iter().filter(|fact| !fact.is_canceled());
        let mut grid = Weeks::until(this_week + WEEK * (to_come + 1));
        // Nothing is said of what was performed here: only of what was booked and not called off.
        rows().for_each(|fact| grid.add(fact, Done::Booked, week_starts));
        let work_begins = grid.work_begins(this_week)?;
        // The first week is seldom whole.
        let first = work_begins + WEEK;
        let weeks = usize::try_from((this_week - first) / WEEK).ok()?;
        if weeks < WEEKS_MIN {
            return None;
        }
        let (counts, hours) = grid.from(first, weeks, Done::Booked);
        // The weeks ahead and the part-filled one lie after the history.
        let begins = (0..=weeks + ahead).filter_map(|week| Some(first + WEEK * i64::try_from(week).ok()?));
        let history = History { holidays: begins.map(holiday).collect(), counts };
        let tried = best(&history, ahead)?;
        let forecast = history.forecast(weeks, &[tried.model], ahead).pop()?;
        let (year, hours_of_year) = (last(&history.counts, YEAR), last(&hours, YEAR));
        let mean_hours = {
            let (sum, count): (f64, f64) = (hours_of_year.iter().sum(), year.iter().sum());
            if count > 0.0 { sum / count } else { 0.0 }
        };
        let capacity = percentile(year.to_vec(), 0.9);
        let middle = median(year.to_vec()).unwrap_or(0.0);
        let shown = forecast
            .into_iter()
            .enumerate()
            .filter_map(|(step, forecast)| {
                let forecast = forecast?;
                let begins = this_week + WEEK * i64::try_from(step + 1).ok()?;
                let (booked, booked_hours) = grid.booked(begins);
                let range_80 = tried.range(step, forecast, 0.1, 0.9);
                Some(Week {
                    begins,
                    booked,
                    booked_hours,
                    forecast,
                    range_80,
                    range_95: tried.range(step, forecast, 0.025, 0.975),
                    forecast_hours: forecast * mean_hours,
                    usually_booked: None,
                    by_bookings: None,
                    may_be_short: capacity < range_80.1,
                    may_be_idle: forecast < 0.6 * middle,
                    holiday: holiday(begins).is_some(),
                })
            })
            .collect();
        let plan = CapacityPlan {
            weeks: shown,
            model: tried.model,
            error: tried.error,
            naive_error: tried.naive_error,
            origins: tried.origins,
            history: weeks,
            apart: rows().filter(|fact| fact.day() < work_begins).count(),
            capacity,
            capacity_hours: percentile(hours_of_year.to_vec(), 0.9),
            median: middle,
        };
        Some(Self { plan, leads: leads(facts, this_week, week_starts) })
    }

    /// The plan as it is at `now`, in milliseconds since 1970.
    pub fn at(&self, now: i64) -> CapacityPlan {
        let mut plan = self.plan.clone();
        for week in &mut plan.weeks {
            let lead = week.begins * DAY_MS - now;
            // As long before its own week as now is before this one, or longer.
            let booked = self.leads.partition_point(|one| lead <= *one);
            week.usually_booked = (!self.leads.is_empty()).then(|| booked as f64 / self.leads.len() as f64);
            let enough = week.usually_booked.filter(|share| *share >= 0.1);
            week.by_bookings = enough.map(|share| week.booked as f64 / share);
        }
        plan
    }
}

/// The plan for `ahead` weeks (1 to 13) after the week of `today`, from inspections that were not canceled. `None` with
/// fewer than 12 complete weeks of history since regular work began. The week of `today` is part filled and is neither
/// history nor forecast. `now` is in milliseconds since 1970; weeks begin on the company's day.
pub fn capacity_plan(
    facts: &FactTable,
    ahead: usize,
    today: i64,
    now: i64,
    week_starts: WeekStart,
) -> Option<CapacityPlan> {
    CapacityBase::of(facts, ahead, today, week_starts).map(|base| base.at(now))
}

/// How long before their week began the inspections of the half year before `this_week` were booked, the longest first.
fn leads(facts: &FactTable, this_week: i64, week_starts: WeekStart) -> Vec<i64> {
    let from = this_week - WEEK * i64::from(HALF_YEAR);
    let rows = facts.around(from, this_week - 1).iter();
    let counted = rows.filter(|fact| !fact.is_canceled() && (from..this_week).contains(&fact.day()));
    let lead = |created_at: i64, day: i64| (week_starts.first_day(day) * DAY_MS).saturating_sub(created_at);
    let mut leads: Vec<i64> = counted.filter_map(|fact| Some(lead(fact.created_at()?, fact.day()))).collect();
    leads.sort_unstable_by(|left, right| right.cmp(left));
    leads
}

/// The last `weeks` values, or all of fewer.
fn last(values: &[f64], weeks: usize) -> &[f64] {
    values.get(values.len().saturating_sub(weeks)..).unwrap_or_default()
}
