//! How early jobs are booked, and how many of those booked are called off: what the weeks that are over tell of those to
//! come.

use super::calendar::WEEK;
use super::{DAY_MS, HALF_YEAR};
use domain::{FactTable, WeekStart};

/// How long before its week's first instant each job of the past half year was booked and called off, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Bookings {
    /// When those that took place were booked, the longest before first.
    kept: Vec<i64>,
    /// When those that were called off were booked, likewise.
    canceled: Vec<i64>,
    /// When those were called off, likewise.
    calls: Vec<i64>,
}

/// What was usual so long before a week.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    /// The share of a week's final jobs that was booked by then.
    pub(super) booked: f64,
    /// The share of the jobs on the books then that was kept.
    pub(super) kept: f64,
    /// The share of a week's final jobs that was booked later.
    pub(super) to_come: f64,
}

/// So many weeks after work began jobs could not yet be booked as early as later.
const OPEN_WEEKS: i64 = 4;

impl Bookings {
    /// From the half year before `this_week`, where work began with the week of the day `work_begins`.
    pub(super) fn of(facts: &FactTable, work_begins: i64, this_week: i64, week_starts: WeekStart) -> Self {
        let from = (this_week - WEEK * i64::from(HALF_YEAR)).max(work_begins + WEEK * OPEN_WEEKS);
        let mut all = Self { kept: Vec::new(), canceled: Vec::new(), calls: Vec::new() };
        for fact in facts.around(from, this_week - 1) {
            let (Some(created_at), true) = (fact.created_at(), (from..this_week).contains(&fact.day())) else {
                continue;
            };
            let before = |instant: i64| (week_starts.first_day(fact.day()) * DAY_MS).saturating_sub(instant);
            match fact.canceled_at() {
                None => all.kept.push(before(created_at)),
                Some(canceled_at) => {
                    all.canceled.push(before(created_at));
                    all.calls.push(before(canceled_at));
                }
            }
        }
        for leads in [&mut all.kept, &mut all.canceled, &mut all.calls] {
            leads.sort_unstable_by(|left, right| right.cmp(left));
        }
        all
    }

    /// The jobs of each of the `weeks` weeks before `this_week`: those booked early, and those booked late, which are as many
    /// in the half year.
    pub(super) fn early_and_late(
        &self,
        facts: &FactTable,
        this_week: i64,
        weeks: usize,
        week_starts: WeekStart,
    ) -> Vec<(f64, f64)> {
        let middle = self.kept.get(self.kept.len() / 2).copied().unwrap_or(0);
        let from = this_week - WEEK * i64::try_from(weeks).unwrap_or(0);
        let mut counts = vec![(0.0, 0.0); weeks];
        for fact in facts.around(from, this_week - 1).iter().filter(|fact| !fact.is_canceled()) {
            let begins = week_starts.first_day(fact.day());
            let week = usize::try_from((begins - from).div_euclid(WEEK)).ok();
            let Some((early, late)) = week.and_then(|week| counts.get_mut(week)) else { continue };
            let is_early = fact.created_at().is_some_and(|created_at| middle <= begins * DAY_MS - created_at);
            *if is_early { early } else { late } += 1.0;
        }
        counts
    }

    /// What was on the books when `this_week` began: jobs of it and the weeks after it, `weeks` together.
    pub(super) fn on_the_books(facts: &FactTable, this_week: i64, weeks: usize, week_starts: WeekStart) -> Vec<f64> {
        let mut counts = vec![0.0; weeks];
        let (end, then) = (this_week + WEEK * i64::try_from(weeks).unwrap_or(0), this_week * DAY_MS);
        for fact in facts.around(this_week, end) {
            let here = fact.created_at().is_some_and(|at| at <= then) && fact.canceled_at().is_none_or(|at| then < at);
            let week = usize::try_from((week_starts.first_day(fact.day()) - this_week).div_euclid(WEEK)).ok();
            if let (true, Some(count)) = (here, week.and_then(|week| counts.get_mut(week))) {
                *count += 1.0;
            }
        }
        counts
    }

    /// What was usual `lead` milliseconds before a week; `None` where it is not known when jobs were booked.
    pub(super) fn before(&self, lead: i64) -> Option<Usual> {
        let by_then = |leads: &[i64]| leads.partition_point(|one| lead <= *one) as f64;
        let all = self.kept.len() as f64;
        if all == 0.0 {
            return None;
        }
        let kept = by_then(&self.kept);
        let on_the_books = kept + (by_then(&self.canceled) - by_then(&self.calls)).max(0.0);
        Some(Usual {
            booked: kept / all,
            // As if one more had been kept: of none it is not known.
            kept: (kept + 1.0) / (on_the_books + 1.0),
            // And as if half a job more had come later: what never happened may happen.
            to_come: (all - kept + 0.5) / (all + 0.5),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{FactTableBuilder, NewFact};

    #[test]
    fn what_was_usual_is_counted_as_it_was_seen_then() {
        // Mondays: 2026-01-05 is day 20458. Each of ten weeks had four jobs, booked 20, 10 and 1 days before its Monday; one
        // of those booked 20 days before was called off 5 days before it.
        let this_week = 20_458 + 7 * 20;
        let mut facts = FactTableBuilder::default();
        for week in 1..=10 {
            let monday = this_week - 7 * week;
            for (nth, days, canceled) in [(0, 20, None), (1, 10, None), (2, 1, None), (3, 20, Some(5))] {
                facts.push(&NewFact {
                    pk: 10 * week + nth,
                    starts_at: (monday + 1) * DAY_MS,
                    day: monday + 1,
                    created_at: Some((monday - days) * DAY_MS),
                    canceled_at: canceled.map(|days: i64| (monday - days) * DAY_MS),
                    ..NewFact::default()
                });
            }
        }
        let facts = facts.build();
        let bookings = Bookings::of(&facts, this_week - 7 * 30, this_week, WeekStart::Monday);
        let before = |days: i64| bookings.before(days * DAY_MS).unwrap();
        // Thirty took place; fifteen days before ten of those and ten others were on the books.
        assert!((before(15).booked - 10.0 / 30.0).abs() < 1e-9);
        assert!((before(15).kept - 11.0 / 21.0).abs() < 1e-9);
        // Three days before those others were gone.
        assert!((before(3).booked - 20.0 / 30.0).abs() < 1e-9 && (before(3).kept - 1.0).abs() < 1e-9);
        assert!((before(3).to_come - 10.5 / 30.5).abs() < 1e-9);
        assert!(bookings.before(100 * DAY_MS).unwrap().booked < 1e-9);
        assert!(Bookings::of(&facts, this_week, this_week, WeekStart::Monday).before(0).is_none());
        let weeks = bookings.early_and_late(&facts, this_week, 10, WeekStart::Monday);
        assert_eq!(weeks, [(2.0, 1.0); 10]);
        // In the first week one more was booked the day before, in the second one more was not yet called off.
        assert_eq!(Bookings::on_the_books(&facts, this_week - 7 * 2, 2, WeekStart::Monday), [3.0, 3.0]);
    }
}
