//! Inspections week by week.

use super::WEEKS_MIN;
use super::calendar::WEEK;
use super::models::YEAR;
use domain::{Fact, WeekStart};

/// The place of the week with which regular work begins, by whether there was work in each week: the first one from which
/// on work was at least half as frequent as it is now. A few old inspections, dated wrongly or of a first try, are no
/// history. *From which on* is the [`WEEKS_MIN`] weeks that begin with it; *now* is the last month, quarter or year,
/// whichever had most.
fn regular_from(worked: &[bool]) -> usize {
    const NOW_WEEKS: [usize; 3] = [4, WEEKS_MIN, YEAR];
    let share = |weeks: &[bool]| weeks.iter().filter(|worked| **worked).count() as f64 / weeks.len().max(1) as f64;
    let last = |weeks: usize| worked.get(worked.len().saturating_sub(weeks)..).unwrap_or_default();
    let now = NOW_WEEKS.into_iter().map(|weeks| share(last(weeks))).fold(0.0, f64::max);
    let from = |at: usize| worked.get(at..worked.len().min(at + WEEKS_MIN)).unwrap_or_default();
    let is_regular = |at: &usize| worked.get(*at) == Some(&true) && 0.5 * now <= share(from(*at));
    (0..worked.len()).find(is_regular).unwrap_or(0)
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Everything that was booked and not called off.
    Booked,
    /// Of that, what began before now.
    Performed,
}

#[derive(Clone, Copy, Debug, Default)]
struct Week {
    booked: u64,
    booked_hours: f64,
    performed: u64,
    performed_hours: f64,
}

/// Counts and hours of every week from that of the first inspection on, up to an end: inspections dated centuries ahead by
/// a slip take no room.
#[derive(Clone, Debug)]
pub(super) struct Weeks {
    /// The first day of the first week.
    first: Option<i64>,
    /// The first day after the last week that is counted.
    end: i64,
    weeks: Vec<Week>,
}

impl Weeks {
    /// None yet, and never any that begins at or after the day `end`.
    pub(super) fn until(end: i64) -> Self {
        Self { first: None, end, weeks: Vec::new() }
    }

    /// Counts an inspection; they come in the order of their days.
    pub(super) fn add(&mut self, fact: &Fact, done: Done, week_starts: WeekStart) {
        let first = *self.first.get_or_insert_with(|| week_starts.first_day(fact.day()));
        if self.end <= fact.day() {
            return;
        }
        let Ok(at) = usize::try_from((fact.day() - first).div_euclid(WEEK)) else { return };
        if self.weeks.len() <= at {
            self.weeks.resize(at + 1, Week::default());
        }
        let Some(week) = self.weeks.get_mut(at) else { return };
        let hours = fact.hours().unwrap_or(0.0);
        week.booked += 1;
        week.booked_hours += hours;
        if done == Done::Performed {
            week.performed += 1;
            week.performed_hours += hours;
        }
    }

    fn place(&self, begins: i64) -> Option<usize> {
        usize::try_from((begins - self.first?) / WEEK).ok()
    }

    /// The first day of the week with which regular work begins; `None` without any.
    pub(super) fn work_begins(&self, this_week: i64) -> Option<i64> {
        let first = self.first?;
        let weeks = usize::try_from((this_week - first) / WEEK).ok()?;
        let mut worked: Vec<bool> = self.weeks.iter().take(weeks).map(|week| week.booked != 0).collect();
        worked.resize(weeks, false);
        Some(first + WEEK * i64::try_from(regular_from(&worked)).ok()?)
    }

    /// Inspections and hours of each of `weeks` weeks, the one that begins on `first` first.
    pub(super) fn from(&self, first: i64, weeks: usize, done: Done) -> (Vec<f64>, Vec<f64>) {
        let from = self.place(first).unwrap_or(usize::MAX);
        let known = self.weeks.get(from.min(self.weeks.len())..).unwrap_or_default().iter().take(weeks);
        let (mut counts, mut hours): (Vec<f64>, Vec<f64>) = known
            .map(|week| match done {
                Done::Booked => (week.booked as f64, week.booked_hours),
                Done::Performed => (week.performed as f64, week.performed_hours),
            })
            .unzip();
        counts.resize(weeks, 0.0);
        hours.resize(weeks, 0.0);
        (counts, hours)
    }

    /// How many lie in the week that begins on a day, and their hours.
    pub(super) fn booked(&self, begins: i64) -> (u64, f64) {
        let week = self.place(begins).and_then(|at| self.weeks.get(at)).copied().unwrap_or_default();
        (week.booked, week.booked_hours)
    }
}
