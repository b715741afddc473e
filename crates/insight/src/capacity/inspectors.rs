//! How full each inspector is.

use super::calendar::WEEK;
use super::models::YEAR;
use super::weeks::{Done, Weeks};
use super::{HALF_YEAR, WEEKS_MIN, last};
use crate::common::{median, percentile};
use domain::{FactTable, InspectorNumber, WeekStart};

/// The past weeks that show how full an inspector is.
const FULLNESS_WEEKS: usize = 4;
/// The coming weeks shown with an inspector.
pub const BOOKED_WEEKS: usize = 2;

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
    shown.sort_by(|left, right| right.usual.total_cmp(&left.usual).then_with(|| left.inspector.cmp(&right.inspector)));
    shown
}

/// `None` for one without work.
fn of_inspector(inspector: Option<InspectorNumber>, all: &Weeks, this_week: i64) -> Option<InspectorWeeks> {
    let first = all.work_begins(this_week).unwrap_or(this_week);
    let weeks = usize::try_from((this_week - first) / WEEK).unwrap_or(0);
    let (counts, hours) = all.from(first, weeks, Done::Performed);
    let recent = last(&counts, HALF_YEAR.into());
    let full = last(&hours, FULLNESS_WEEKS).iter().sum::<f64>() / FULLNESS_WEEKS as f64;
    let capacity_hours = (WEEKS_MIN <= weeks).then(|| percentile(last(&hours, YEAR).to_vec(), 0.9));
    let mut week_begins = this_week;
    let coming = [(); BOOKED_WEEKS].map(|()| {
        week_begins += WEEK;
        all.booked(week_begins)
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
}
