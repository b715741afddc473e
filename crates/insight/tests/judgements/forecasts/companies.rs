//! Companies whose weeks come from a process that is named, and what is seen of them before the weeks asked about.

use domain::{FactTable, date_of};
use jiff::civil::Weekday;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::worlds::{DAY_MS, Job, NOW, THIS_WEEK, chances, overdispersed, poisson, seen, waiting};

/// Weeks after the one asked in.
pub(crate) const LATEST: i64 = 14;
/// Weeks of a year.
const YEAR: f64 = 52.18;
const HOUR_MS: f64 = 3_600_000.0;

/// How many come where a number is expected.
#[derive(Clone, Copy)]
pub(crate) enum Process {
    /// By chance alone.
    Poisson,
    /// With so many times that variance, each week for itself.
    Overdispersed(f64),
    /// One to five at a time, booked together.
    Clumped,
    /// Within two of what is expected: as many as fit in a week.
    Smooth,
}

#[derive(Clone, Copy)]
pub(crate) struct Company {
    pub(crate) name: &'static str,
    /// Whole weeks of work behind it.
    pub(crate) weeks: i64,
    /// Inspections of a usual week.
    pub(crate) usual: f64,
    pub(crate) process: Process,
    /// How far the best weeks of the year lie above its middle; the best time of the year is drawn by chance.
    pub(crate) season: f64,
    /// What a year adds.
    pub(crate) growth: f64,
    /// Ten weeks of a year with next to no work, besides; drawn by chance too.
    pub(crate) dead_winter: bool,
    /// How far the level wanders: the deviation of the logarithm of a week's rate, which half returns in five weeks.
    pub(crate) wander: f64,
    /// What share of jobs is called off some day.
    pub(crate) canceled: f64,
    /// What is left of a week with a public holiday.
    pub(crate) on_holidays: f64,
    /// From so many weeks before now, work is so many times what it was.
    pub(crate) change: Option<(i64, f64)>,
    /// One job 150 weeks ago, long before all others.
    pub(crate) stray: bool,
    /// The work of one inspector among others, who could be booked from a week before the first job on.
    pub(crate) inspector: bool,
    /// Weeks asked for.
    pub(crate) ahead: usize,
}

impl Company {
    pub(crate) const STILL: Self = Self {
        name: "",
        weeks: 156,
        usual: 25.0,
        process: Process::Poisson,
        season: 0.0,
        growth: 0.0,
        dead_winter: false,
        wander: 0.0,
        canceled: 0.0,
        on_holidays: 1.0,
        change: None,
        stray: false,
        inspector: false,
        ahead: 6,
    };

    /// All that will ever be booked, up to [`LATEST`] weeks after this one.
    pub(crate) fn jobs(&self, seed: u64) -> Vec<Job> {
        let mut chances = chances(self.name, seed);
        let phase: f64 = chances.random();
        let mut wandered = 0.0;
        let mut jobs = Vec::new();
        // The first week with work counts for nothing: it is seldom whole.
        for week in -self.weeks - 1..=LATEST {
            let step: f64 = (0..12).map(|_| chances.random::<f64>()).sum::<f64>() - 6.0;
            wandered = 0.87 * wandered + self.wander * 0.49 * step;
            let rate = self.rate(week, phase) * (wandered - self.wander * self.wander / 2.0).exp();
            let expected = rate / (1.0 - self.canceled);
            let clumps = match self.process {
                Process::Poisson => vec![1; poisson(&mut chances, expected) as usize],
                Process::Overdispersed(times) => vec![1; overdispersed(&mut chances, expected, times) as usize],
                Process::Smooth => vec![1; smooth(&mut chances, expected)],
                Process::Clumped => {
                    let clumps = poisson(&mut chances, expected / 3.0);
                    (0..clumps).map(|_| chances.random_range(1..=5_usize)).collect()
                }
            };
            for clump in clumps {
                let job = self.job(&mut chances, week);
                jobs.extend(std::iter::repeat_n(job, clump));
            }
        }
        if self.stray {
            jobs.push(Job::at((THIS_WEEK - 150 * 7) * DAY_MS));
        }
        if self.inspector {
            let others = (0..200).map(|nth| Job { inspector: Some(2), ..Job::at((THIS_WEEK - nth) * DAY_MS) });
            jobs.extend(others);
        }
        jobs.sort_by_key(|job| job.starts_at);
        jobs
    }

    /// What is expected of a week, counted from this one, of jobs that are not called off.
    fn rate(&self, week: i64, phase: f64) -> f64 {
        let year = week as f64 / YEAR + phase;
        let mut rate = self.usual * (1.0 + self.season * (year * std::f64::consts::TAU).sin());
        rate *= (1.0 + self.growth).powf(week as f64 / YEAR);
        if self.dead_winter && year.rem_euclid(1.0) < 10.0 / YEAR {
            rate *= 0.03;
        }
        if self.change.is_some_and(|(ago, _)| -ago <= week) {
            rate *= self.change.map_or(1.0, |(_, times)| times);
        }
        if has_holiday(THIS_WEEK + 7 * week) { rate * self.on_holidays } else { rate }
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of some weeks")]
    fn job(&self, chances: &mut ChaCha8Rng, week: i64) -> Job {
        let day = THIS_WEEK + 7 * week + chances.random_range(0..5);
        let starts_at = day * DAY_MS + chances.random_range(8 * 60..17 * 60) * 60_000;
        // Some on the same day, most a week before, some weeks before: nine days in the mean.
        let hours = match chances.random_range(0..10) {
            0 => chances.random_range(1.0..6.0),
            1..=7 => 24.0 * waiting(chances, 6.0),
            _ => 24.0 * waiting(chances, 24.0),
        };
        let mut created_at = starts_at - (hours * HOUR_MS) as i64;
        if self.inspector {
            let begun = (THIS_WEEK - 7 * (self.weeks + 2)) * DAY_MS;
            if created_at < begun {
                created_at = chances.random_range(begun..starts_at);
            }
        }
        let canceled_at = chances.random_bool(self.canceled).then(|| {
            let at = created_at + (24.0 * HOUR_MS * waiting(chances, 4.0)) as i64;
            if at < starts_at { at } else { chances.random_range(created_at..=starts_at) }
        });
        Job { created_at, canceled_at, ..Job::at(starts_at) }
    }

    /// What is known of them now.
    pub(crate) fn seen(&self, jobs: &[Job]) -> FactTable {
        let facts = seen(jobs, NOW);
        if !self.inspector {
            return facts;
        }
        facts.only(|fact| fact.inspector().is_some_and(|one| facts.inspector_key(one) == 1))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn smooth(chances: &mut ChaCha8Rng, expected: f64) -> usize {
    (expected + chances.random_range(-2.0..2.0)).round().max(0.0) as usize
}

/// What a week came to in the end, by its first day.
pub(crate) fn came_to(jobs: &[Job], begins: i64) -> f64 {
    let of_week = |job: &&Job| (begins..begins + 7).contains(&job.day()) && job.canceled_at.is_none();
    jobs.iter().filter(of_week).filter(|job| job.inspector == Some(1)).count() as f64
}

/// Whether one of the six great public holidays falls on a working day of the week that begins on this Monday.
fn has_holiday(monday: i64) -> bool {
    (monday..monday + 5).any(|day| {
        let date = date_of(day);
        match (date.month(), date.day()) {
            (1, 1) | (7, 4) | (12, 25) => true,
            (5, 25..) | (9, ..=7) => date.weekday() == Weekday::Monday,
            (11, 22..=28) => date.weekday() == Weekday::Thursday,
            _ => false,
        }
    })
}
