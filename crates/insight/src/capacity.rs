//! How much work is coming, against what is booked and what was done in a week before.

mod back_test;
mod calendar;
mod models;

use std::collections::BTreeMap;

use self::back_test::{History, best};
use self::calendar::{WEEK, holiday};
use self::models::YEAR;
use super::common::{is_performed, median, percentile};
use domain::{Fact, FactTable, InspectorNumber, WeekStart};

pub use models::Model;

/// Complete weeks of history a forecast needs at least.
pub const WEEKS_MIN: usize = 12;
/// The most weeks looked ahead.
pub const AHEAD_MAX: usize = 13;
/// The past weeks that an inspector's usual week is taken from.
const HALF_YEAR: u8 = 26;
/// The past weeks that show how full an inspector is.
const FULLNESS_WEEKS: usize = 4;
/// The coming weeks shown with an inspector.
pub const BOOKED_WEEKS: usize = 2;

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

/// The place of the week with which regular work begins, by whether there was work in each week: the first one from which
/// on work was at least half as frequent as it is now. A few old inspections, dated wrongly or of a first try, are no
/// history. *From which on* is the [`WEEKS_MIN`] weeks that begin with it; *now* is the last month, quarter or year,
/// whichever had most.
fn work_begins(worked: &[bool]) -> usize {
    const NOW_WEEKS: [usize; 3] = [4, WEEKS_MIN, YEAR];
    let share = |weeks: &[bool]| weeks.iter().filter(|worked| **worked).count() as f64 / weeks.len().max(1) as f64;
    let last = |weeks: usize| worked.get(worked.len().saturating_sub(weeks)..).unwrap_or_default();
    let now = NOW_WEEKS.into_iter().map(|weeks| share(last(weeks))).fold(0.0, f64::max);
    let from = |at: usize| worked.get(at..worked.len().min(at + WEEKS_MIN)).unwrap_or_default();
    let is_regular = |at: &usize| worked.get(*at) == Some(&true) && 0.5 * now <= share(from(*at));
    (0..worked.len()).find(is_regular).unwrap_or(0)
}

/// The first day of the week with which the regular work of these begins; `None` without any before `this_week`.
fn first_week(rows: &[&Fact], this_week: i64, week_starts: WeekStart) -> Option<i64> {
    let first = week_starts.first_day(rows.first()?.day());
    let weeks = usize::try_from((this_week - first) / WEEK).ok()?;
    let (counts, _) = by_week(rows.iter().copied(), first, weeks);
    let begins = work_begins(&counts.iter().map(|count| *count > 0.0).collect::<Vec<_>>());
    Some(first + WEEK * i64::try_from(begins).ok()?)
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
    let this_week = week_starts.first_day(today);
    let rows: Vec<&Fact> = facts.rows().iter().filter(|fact| !fact.is_canceled()).collect();
    let work_begins = first_week(&rows, this_week, week_starts)?;
    // The first week is seldom whole.
    let first = work_begins + WEEK;
    let weeks = usize::try_from((this_week - first) / WEEK).ok()?;
    if weeks < WEEKS_MIN {
        return None;
    }
    let (counts, hours) = by_week(rows.iter().copied(), first, weeks);
    let ahead = ahead.clamp(1, AHEAD_MAX);
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
            let week_begins = this_week + WEEK * i64::try_from(step + 1).ok()?;
            let (booked, booked_hours) = booked(&rows, week_begins);
            let usually_booked = usual_share(&rows, week_begins, this_week, now, week_starts);
            let range_80 = tried.range(step, forecast, 0.1, 0.9);
            Some(Week {
                begins: week_begins,
                booked,
                booked_hours,
                forecast,
                range_80,
                range_95: tried.range(step, forecast, 0.025, 0.975),
                forecast_hours: forecast * mean_hours,
                usually_booked,
                by_bookings: usually_booked.filter(|share| *share >= 0.1).map(|share| booked as f64 / share),
                may_be_short: capacity < range_80.1,
                may_be_idle: forecast < 0.6 * middle,
                holiday: holiday(week_begins).is_some(),
            })
        })
        .collect();
    Some(CapacityPlan {
        weeks: shown,
        model: tried.model,
        error: tried.error,
        naive_error: tried.naive_error,
        origins: tried.origins,
        history: weeks,
        apart: rows.iter().filter(|fact| fact.day() < work_begins).count(),
        capacity,
        capacity_hours: percentile(hours_of_year.to_vec(), 0.9),
        median: middle,
    })
}

/// Inspections and hours of each of `weeks` weeks, the one that begins on `first` first.
fn by_week<'a>(rows: impl Iterator<Item = &'a Fact>, first: i64, weeks: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut counts, mut hours) = (vec![0.0; weeks], vec![0.0; weeks]);
    for fact in rows {
        let week = usize::try_from((fact.day() - first).div_euclid(WEEK)).ok();
        if let Some((count, sum)) = week.and_then(|week| Some((counts.get_mut(week)?, hours.get_mut(week)?))) {
            *count += 1.0;
            *sum += fact.hours().unwrap_or(0.0);
        }
    }
    (counts, hours)
}

/// The last `weeks` values, or all of fewer.
fn last(values: &[f64], weeks: usize) -> &[f64] {
    values.get(values.len().saturating_sub(weeks)..).unwrap_or_default()
}

/// How many of these lie in the week that begins on a day, and their hours.
fn booked(rows: &[&Fact], week_begins: i64) -> (u64, f64) {
    let of_week = rows.iter().filter(|fact| (week_begins..week_begins + WEEK).contains(&fact.day()));
    of_week.fold((0, 0.0), |(count, hours), fact| (count + 1, hours + fact.hours().unwrap_or(0.0)))
}

/// Of the inspections that half a year's weeks came to, the share that was booked as long before each week as now is
/// before `week_begins`.
fn usual_share(rows: &[&Fact], week_begins: i64, this_week: i64, now: i64, week_starts: WeekStart) -> Option<f64> {
    let lead = week_begins * 86_400_000 - now;
    let (mut booked, mut all) = (0_u64, 0_u64);
    let from = this_week - WEEK * i64::from(HALF_YEAR);
    for fact in rows.iter().filter(|fact| (from..this_week).contains(&fact.day())) {
        let Some(created_at) = fact.created_at() else { continue };
        all += 1;
        booked += u64::from(created_at <= week_starts.first_day(fact.day()) * 86_400_000 - lead);
    }
    (all != 0).then(|| booked as f64 / all as f64)
}

/// How full one inspector's weeks are. Weeks of an inspector count from the one with which regular work begins.
#[derive(Clone, Debug, PartialEq)]
pub struct InspectorWeeks {
    /// The primary inspector; `None` for jobs without one.
    pub inspector: Option<InspectorNumber>,
    /// The middle of the inspections in the weeks of the past half year.
    pub usual: f64,
    /// Hours of the 90th-percentile week of the past year; `None` with fewer than [`WEEKS_MIN`] weeks.
    pub capacity_hours: Option<f64>,
    /// *Utilisation*: hours performed a week in the last four weeks, of `capacity_hours`.
    pub utilisation: Option<f64>,
    /// Inspections booked in the coming weeks, the next one first.
    pub booked: [u64; BOOKED_WEEKS],
    /// Their hours.
    pub booked_hours: [f64; BOOKED_WEEKS],
}

/// The inspectors with work in the past half year or booked in the weeks shown, most in a usual week first. The week of
/// `today` is part filled and counts nowhere.
pub fn inspector_weeks(facts: &FactTable, today: i64, now: i64, week_starts: WeekStart) -> Vec<InspectorWeeks> {
    let this_week = week_starts.first_day(today);
    let mut by_inspector: BTreeMap<Option<InspectorNumber>, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.rows().iter().filter(|fact| !fact.is_canceled()) {
        by_inspector.entry(fact.inspector()).or_default().push(fact);
    }
    let mut shown: Vec<InspectorWeeks> = by_inspector
        .into_iter()
        .filter_map(|(inspector, rows)| {
            let first = first_week(&rows, this_week, week_starts).unwrap_or(this_week);
            let weeks = usize::try_from((this_week - first) / WEEK).unwrap_or(0);
            let performed = rows.iter().copied().filter(|fact| is_performed(fact, now));
            let (counts, hours) = by_week(performed, first, weeks);
            let recent = last(&counts, HALF_YEAR.into());
            let full = last(&hours, FULLNESS_WEEKS).iter().sum::<f64>() / FULLNESS_WEEKS as f64;
            let capacity_hours = (WEEKS_MIN <= weeks).then(|| percentile(last(&hours, YEAR).to_vec(), 0.9));
            let mut week_begins = this_week;
            let coming = [(); BOOKED_WEEKS].map(|()| {
                week_begins += WEEK;
                booked(&rows, week_begins)
            });
            let works = recent.iter().any(|count| *count > 0.0) || coming.iter().any(|week| week.0 != 0);
            works.then(|| InspectorWeeks {
                inspector,
                usual: median(recent.to_vec()).unwrap_or(0.0),
                capacity_hours,
                utilisation: capacity_hours.filter(|capacity| *capacity > 0.0).map(|capacity| full / capacity),
                booked: coming.map(|week| week.0),
                booked_hours: coming.map(|week| week.1),
            })
        })
        .collect();
    shown.sort_by(|left, right| right.usual.total_cmp(&left.usual).then_with(|| left.inspector.cmp(&right.inspector)));
    shown
}
