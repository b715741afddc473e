//! How full inspectors are, and the middle one of them.

use domain::WeekStart;
use insight::{Scope, inspector_weeks, scorecard};
use rand::RngExt as _;

use crate::measure::{Bound, Line, Mean};
use crate::worlds::{DAY_MS, Job, NOW, THIS_WEEK, TODAY, chances, poisson, seen};

/// Weeks of work.
const WEEKS: i64 = 60;

/// An inspector whose work does not change, but for what is said.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    /// Jobs a week.
    weekly: f64,
    /// Weeks off just now.
    off: i64,
    /// Every so many weeks one is off.
    off_each: Option<i64>,
    /// What the last four weeks' work is multiplied with.
    lately: f64,
    /// The utilization that is right.
    right: Bound,
}

const STEADY: World =
    World { name: "", weekly: 10.0, off: 0, off_each: None, lately: 1.0, right: Bound::Between(0.75, 0.9) };
const WORLDS: [World; 10] = [
    World { name: "steady, 1 job a week", weekly: 1.0, right: Bound::None, ..STEADY },
    World { name: "steady, 2 jobs a week", weekly: 2.0, right: Bound::None, ..STEADY },
    World { name: "steady, 5 jobs a week", weekly: 5.0, ..STEADY },
    World { name: "steady, 8 jobs a week", weekly: 8.0, ..STEADY },
    World { name: "steady, 12 jobs a week", weekly: 12.0, ..STEADY },
    World { name: "steady, 20 jobs a week", weekly: 20.0, ..STEADY },
    World { name: "10 jobs a week, two weeks off now", off: 2, ..STEADY },
    World { name: "10 jobs a week, every 6th week off", off_each: Some(6), ..STEADY },
    World { name: "10 jobs a week, half of it lately", lately: 0.5, right: Bound::Between(0.35, 0.5), ..STEADY },
    World { name: "10 jobs a week, half more lately", lately: 1.5, right: Bound::Between(0.95, 1.3), ..STEADY },
];

impl World {
    fn lines(self, worlds: u64, first_seed: u64) -> Vec<Line> {
        let (mut given, mut utilization) = (Mean::default(), Mean::default());
        for seed in first_seed..first_seed + worlds {
            let mut chances = chances(self.name, seed);
            let mut jobs = Vec::new();
            for back in 1..=WEEKS {
                let is_off = back <= self.off || self.off_each.is_some_and(|each| back % each == each / 2);
                let weekly = self.weekly * if back <= 4 { self.lately } else { 1.0 };
                let count = if is_off { 0 } else { poisson(&mut chances, weekly) };
                let week = THIS_WEEK - 7 * back;
                jobs.extend((0..count).map(|_| Job::at((week + chances.random_range(0..5)) * DAY_MS + DAY_MS / 2)));
            }
            let weeks = inspector_weeks(&seen(&jobs, NOW), TODAY, NOW, WeekStart::Monday);
            let fullness = weeks.first().and_then(|weeks| weeks.fullness);
            given.add_if(fullness.is_some());
            if let Some(fullness) = fullness {
                utilization.add(fullness.utilization());
            }
        }
        let is_small = self.weekly < 3.0;
        let bound = if is_small { Bound::AtMost(0.05) } else { Bound::AtLeast(0.9) };
        let mut lines = vec![Line::new("utilization: is given", self.name, given, bound)];
        if utilization.worlds() != 0 && !is_small {
            lines.push(Line::new("utilization", self.name, utilization, self.right));
        }
        lines
    }
}

/// Three who work full time, about 40 jobs each, and helpers with a few: the middle inspector, as a share of the middle one
/// of the three.
fn middle_inspector(helpers: i64, worlds: u64, first_seed: u64) -> Mean {
    let mut middle = Mean::default();
    for seed in first_seed..first_seed + worlds {
        let mut chances = chances("three full-timers", seed);
        let full: Vec<u32> = (0..3).map(|_| poisson(&mut chances, 40.0)).collect();
        let few = (0..helpers).map(|_| 1 + poisson(&mut chances, 2.0));
        let counts: Vec<u32> = full.iter().copied().chain(few).collect();
        let of = |(inspector, count): (i64, &u32)| {
            let job = Job { inspector: Some(inspector), ..Job::at((TODAY - 10) * DAY_MS) };
            vec![job; usize::try_from(*count).unwrap()]
        };
        let jobs: Vec<Job> = (1..).zip(&counts).flat_map(of).collect();
        let card = scorecard(&seen(&jobs, NOW), &Scope { from: TODAY - 30, to: TODAY - 1 }, None, NOW);
        let mut full = full;
        full.sort_unstable();
        middle.add(card.median_volume.unwrap().0 / f64::from(full[1]));
    }
    middle
}

pub(crate) fn lines(worlds: u64, first_seed: u64) -> Vec<Line> {
    let mut lines: Vec<Line> = WORLDS.iter().flat_map(|world| world.lines(worlds, first_seed)).collect();
    for (helpers, name) in [(1, "three full-timers, a helper"), (8, "three full-timers, eight helpers")] {
        let middle = middle_inspector(helpers, worlds, first_seed);
        lines.push(Line::new("middle inspector, of the middle full-timer", name, middle, Bound::Between(0.99, 1.01)));
    }
    lines
}
