//! Growing and shrinking ZIP codes: a quarter beside the quarter before it.

use domain::FactTable;
use insight::{MixBy, Scope, ServiceMix, Trend, service_mix};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::measure::{Bound, Line, Mean};
use crate::worlds::{DAY_MS, Job, NOW, TODAY, chances, overdispersed, poisson, seen};

/// Days of a period.
const DAYS: i64 = 91;

/// How the inspections of a ZIP code in a period come.
#[derive(Clone, Copy)]
enum Process {
    /// By chance alone.
    Poisson,
    /// With so many times that variance.
    Overdispersed(f64),
    /// Each with one to five of the same seller, a builder's street.
    Clumped,
}

#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    zips: usize,
    process: Process,
    /// What the whole company's volume is multiplied with in the later period.
    company: f64,
    /// What that of the first ZIP code is, besides.
    first: f64,
    /// Whether all ZIP codes are of one size; else from a few inspections to many.
    even: bool,
}

const STILL: World = World { name: "", zips: 15, process: Process::Poisson, company: 1.0, first: 1.0, even: true };
const WORLDS: [World; 11] = [
    World { name: "nothing changed, 15 ZIPs", ..STILL },
    World { name: "nothing changed, 60 ZIPs", zips: 60, ..STILL },
    World { name: "nothing changed, 4 ZIPs", zips: 4, ..STILL },
    World { name: "nothing changed, 60 ZIPs of all sizes", zips: 60, even: false, ..STILL },
    World { name: "twice as variable, 15 ZIPs", process: Process::Overdispersed(2.0), ..STILL },
    World { name: "twice as variable, 60 ZIPs", zips: 60, process: Process::Overdispersed(2.0), ..STILL },
    World { name: "twice as variable, 4 ZIPs", zips: 4, process: Process::Overdispersed(2.0), ..STILL },
    World { name: "clumped, 30 ZIPs", zips: 30, process: Process::Clumped, ..STILL },
    World { name: "company down 30 %, 30 ZIPs", zips: 30, company: 0.7, ..STILL },
    World { name: "company down 30 %, twice as variable", company: 0.7, process: Process::Overdispersed(2.0), ..STILL },
    World { name: "one of 15 ZIPs doubled", first: 2.0, ..STILL },
];

impl World {
    fn mix(self, seed: u64) -> (FactTable, ServiceMix) {
        let mut chances = chances(self.name, seed);
        let mut jobs = Vec::new();
        for zip in 0..self.zips {
            let size = if self.even { 40.0 } else { 6.0 * 20.0_f64.powf(zip as f64 / self.zips as f64) };
            for (first_day, change) in [(TODAY - 2 * DAYS, 1.0), (TODAY - DAYS, self.company)] {
                let later = first_day == TODAY - DAYS;
                let own = if zip == 0 && later { self.first } else { 1.0 };
                let count = self.count(&mut chances, size * change * own);
                let job = |_| {
                    let day = first_day + chances.random_range(0..DAYS);
                    Job { zip: Some(100 + i64::try_from(zip).unwrap()), ..Job::at(day * DAY_MS + DAY_MS / 2) }
                };
                jobs.extend((0..count).map(job));
            }
        }
        let facts = seen(&jobs, NOW);
        let (scope, before) =
            (Scope { from: TODAY - DAYS, to: TODAY - 1 }, Scope { from: TODAY - 2 * DAYS, to: TODAY - DAYS - 1 });
        let mix = service_mix(&facts, &scope, Some(&before), MixBy::Zip, NOW);
        (facts, mix)
    }

    fn count(self, chances: &mut ChaCha8Rng, mean: f64) -> u32 {
        match self.process {
            Process::Poisson => poisson(chances, mean),
            Process::Overdispersed(times) => overdispersed(chances, mean, times),
            Process::Clumped => (0..poisson(chances, mean / 3.0)).map(|_| chances.random_range(1..=5_u32)).sum(),
        }
    }

    /// Whether some group has a mark with which nothing is wrong.
    fn lines(self, worlds: u64, first_seed: u64) -> Vec<Line> {
        let (mut marked, mut any, mut strong, mut shrinking, mut found) =
            (Mean::default(), Mean::default(), Mean::default(), Mean::default(), Mean::default());
        for seed in first_seed..first_seed + worlds {
            let (facts, mix) = self.mix(seed);
            let changed = |row: &insight::MixRow| self.first != 1.0 && row.key == facts_key(&facts);
            let still: Vec<_> = mix.rows.iter().filter(|row| !changed(row)).collect();
            let count = still.iter().filter(|row| row.trend.is_some()).count();
            marked.add(count as f64 / still.len() as f64);
            any.add_if(count != 0);
            let is_strong = |row: &insight::MixRow| row.trend.is_some();
            strong.add_if(still.iter().any(|row| is_strong(row)));
            let down = still.iter().filter(|row| row.trend == Some(Trend::Shrinking)).count();
            shrinking.add(down as f64 / still.len() as f64);
            if let Some(row) = mix.rows.iter().find(|row| changed(row)) {
                found.add_if(row.trend == Some(Trend::Growing));
            }
        }
        let mut lines = vec![
            Line::new("marks: groups marked where nothing changed", self.name, marked, Bound::AtMost(0.05)),
            Line::new("marks: answers with a mark, nothing changed", self.name, any, Bound::None),
            Line::new("marks: answers with a strong mark, nothing changed", self.name, strong, Bound::AtMost(0.1)),
        ];
        if self.company != 1.0 {
            lines.push(Line::new("marks: groups shrinking", self.name, shrinking, Bound::AtMost(0.025)));
        }
        if found.worlds() != 0 {
            lines.push(Line::new("marks: the changed one is marked", self.name, found, Bound::AtLeast(0.7)));
        }
        lines
    }
}

/// The first ZIP code's key.
fn facts_key(_facts: &FactTable) -> Option<insight::MixKey> {
    domain::WordNumber::by_key(100).map(insight::MixKey::Word)
}

pub(crate) fn lines(worlds: u64, first_seed: u64) -> Vec<Line> {
    WORLDS.iter().flat_map(|world| world.lines(worlds, first_seed)).collect()
}
