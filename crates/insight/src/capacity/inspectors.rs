//! How full each inspector is.

use super::calendar::WEEK;
use super::models::YEAR;
use super::weeks::{Done, Weeks};
use super::{HALF_YEAR, WEEKS_MIN, last};
use crate::common::{inspectors_by_name, median, percentile};
use domain::{FactTable, InspectorNumber, WeekStart};

/// The weeks that show how full an inspector is.
const STRETCH_WEEKS: usize = 4;
/// They lie among so many weeks: who was away for longer has no present fullness.
const LOOKED_WEEKS: usize = 8;
/// The least an inspector performs in a usual week for fullness to mean something: with fewer jobs, one more or less moves
/// it by more than a fifth, and it is a measure of chance.
const WEEKLY_MIN: f64 = 3.5;
/// The coming weeks shown with an inspector.
pub const BOOKED_WEEKS: usize = 2;

/// How full one inspector's weeks are. Weeks of an inspector count from the one with which regular work begins.
#[derive(Clone, Debug, PartialEq)]
pub struct InspectorWeeks {
    /// The primary inspector; `None` for jobs without one.
    pub inspector: Option<InspectorNumber>,
    /// The middle of the inspections in the weeks of the past half year.
    pub usual: f64,
    /// How full the present weeks are; `None` for one with less than about four jobs a week, with fewer than [`WEEKS_MIN`] weeks
    /// of work in the past year, or away for most of the past eight weeks.
    pub fullness: Option<Fullness>,
    /// Inspections booked in the coming weeks, the next one first.
    pub booked: [u64; BOOKED_WEEKS],
    /// Their hours.
    pub booked_hours: [f64; BOOKED_WEEKS],
}

/// Hours performed a week, over four weeks at a time. Weeks without work (days off) are left out everywhere.
///
/// Like is compared with like: a single busy week is busy by chance, four in a row hardly. Tried on made-up inspectors whose
/// work never changes: they are at 0.79 of their busy weeks with 5 jobs a week, at 0.87 with 20, after two weeks off too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fullness {
    /// Hours a week of the last four weeks with work.
    pub recent_hours: f64,
    /// Hours a week of busy weeks so far: the 90th percentile of all such four weeks in a row of the past year.
    pub busy_hours: f64,
}

impl Fullness {
    /// *Utilization*: the recent hours as a share of the busy ones.
    pub fn utilization(self) -> f64 {
        self.recent_hours / self.busy_hours
    }

    /// From the inspections and hours of each of the past year's weeks.
    fn of(counts: &[f64], hours: &[f64]) -> Option<Self> {
        let worked = |weeks: &[f64]| weeks.iter().filter(|count| **count > 0.0).count();
        let active: Vec<f64> =
            counts.iter().zip(hours).filter(|(count, _)| **count > 0.0).map(|(_, hours)| *hours).collect();
        let a_week = counts.iter().sum::<f64>() / active.len().max(1) as f64;
        if active.len() < WEEKS_MIN || a_week < WEEKLY_MIN || worked(last(counts, LOOKED_WEEKS)) < STRETCH_WEEKS {
            return None;
        }
        let stretches: Vec<f64> =
            active.windows(STRETCH_WEEKS).map(|weeks| weeks.iter().sum::<f64>() / STRETCH_WEEKS as f64).collect();
        let recent_hours = *stretches.last()?;
        let busy_hours = percentile(stretches, 0.9);
        (busy_hours > 0.0).then_some(Self { recent_hours, busy_hours })
    }
}

/// The inspectors with work in the past half year or booked in the weeks shown, most in a usual week first. The week of
/// `today` is part filled and counts nowhere. The hour of `now` (milliseconds since 1970) matters only by how many
/// inspections have begun ([`FactTable::begun`]).
pub fn inspector_weeks(facts: &FactTable, today: i64, now: i64, week_starts: WeekStart) -> Vec<InspectorWeeks> {
    let this_week = week_starts.first_day(today);
    let end = this_week + WEEK * i64::try_from(BOOKED_WEEKS + 1).unwrap_or(1);
    // By the inspectors' numbers, and last those of nobody.
    let mut weeks_of = vec![Weeks::until(end); facts.inspectors_len() + 1];
    for fact in facts.rows().iter().filter(|fact| !fact.is_canceled()) {
        let place = fact.inspector().map_or(facts.inspectors_len(), InspectorNumber::index);
        let done = if fact.starts_at() < now { Done::Performed } else { Done::Booked };
        if let Some(weeks) = weeks_of.get_mut(place) {
            weeks.add(fact, done, week_starts);
        }
    }
    let inspectors = facts.inspector_numbers().map(Some).chain([None]);
    let mut shown: Vec<InspectorWeeks> =
        inspectors.zip(&weeks_of).filter_map(|(one, weeks)| of_inspector(one, weeks, this_week)).collect();
    shown.sort_by(|left, right| {
        right.usual.total_cmp(&left.usual).then_with(|| inspectors_by_name(facts, left.inspector, right.inspector))
    });
    shown
}

/// `None` for one without work.
fn of_inspector(inspector: Option<InspectorNumber>, all: &Weeks, this_week: i64) -> Option<InspectorWeeks> {
    let first = all.work_begins(this_week).unwrap_or(this_week);
    let weeks = usize::try_from((this_week - first) / WEEK).unwrap_or(0);
    let (counts, hours) = all.from(first, weeks, Done::Performed);
    let recent = last(&counts, HALF_YEAR.into());
    let mut week_begins = this_week;
    let coming = [(); BOOKED_WEEKS].map(|()| {
        week_begins += WEEK;
        all.booked(week_begins)
    });
    let works = recent.iter().any(|count| *count > 0.0) || coming.iter().any(|week| week.0 != 0);
    works.then(|| InspectorWeeks {
        inspector,
        usual: median(recent.to_vec()).unwrap_or(0.0),
        fullness: Fullness::of(last(&counts, YEAR), last(&hours, YEAR)),
        booked: coming.map(|week| week.0),
        booked_hours: coming.map(|week| week.1),
    })
}
