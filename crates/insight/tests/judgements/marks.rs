//! Growing and shrinking ZIP codes, a quarter beside the quarter before it; and add-ons sold less than elsewhere.

use domain::{FactTableBuilder, Named, NewFact, WordNumber};
use insight::{Mark, MixBy, MixCell, MixKey, MixRow, Scope, ServiceMix, Trend, service_mix};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::measure::{Bound, Line, Mean};
use crate::worlds::{DAY_MS, Job, NOW, TODAY, chances, overdispersed, poisson, seen};

/// Days of a period.
const DAYS: i64 = 91;
/// Keys of the first ZIP code and the first add-on among the names.
const ZIPS: i64 = 100;
const ADD_ONS: i64 = 10;

/// How the inspections of a ZIP code in a period come.
#[derive(Clone, Copy)]
enum Process {
    /// By chance alone.
    Poisson,
    /// With so many times that variance.
    Overdispersed(f64),
    /// In streets of one to five houses of one builder.
    Clumped,
    /// By chance around a demand that drifts by a fifth from period to period: every ZIP code does change.
    Drifting,
}

#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    zips: usize,
    process: Process,
    /// What the whole company's volume is multiplied with in the later period, where it changes.
    company: Option<f64>,
    /// What that of the first ZIP code is, besides, where it is changed.
    first: Option<f64>,
    /// Whether all ZIP codes are of one size; else from a few inspections to many.
    even: bool,
}

const STILL: World = World { name: "", zips: 15, process: Process::Poisson, company: None, first: None, even: true };
const WORLDS: [World; 12] = [
    World { name: "nothing changed, 15 ZIPs", ..STILL },
    World { name: "nothing changed, 60 ZIPs", zips: 60, ..STILL },
    World { name: "nothing changed, 4 ZIPs", zips: 4, ..STILL },
    World { name: "nothing changed, 60 ZIPs of all sizes", zips: 60, even: false, ..STILL },
    World { name: "twice as variable, 15 ZIPs", process: Process::Overdispersed(2.0), ..STILL },
    World { name: "twice as variable, 60 ZIPs", zips: 60, process: Process::Overdispersed(2.0), ..STILL },
    World { name: "twice as variable, 4 ZIPs", zips: 4, process: Process::Overdispersed(2.0), ..STILL },
    World { name: "clumped, 30 ZIPs", zips: 30, process: Process::Clumped, ..STILL },
    World { name: "company down 30 %, 30 ZIPs", zips: 30, company: Some(0.7), ..STILL },
    World {
        name: "company down 30 %, twice as variable",
        company: Some(0.7),
        process: Process::Overdispersed(2.0),
        ..STILL
    },
    World { name: "every ZIP drifts by a fifth, 30 ZIPs", zips: 30, process: Process::Drifting, ..STILL },
    World { name: "one of 15 ZIPs doubled", first: Some(2.0), ..STILL },
];

impl World {
    fn mix(self, seed: u64) -> ServiceMix {
        let mut chances = chances(self.name, seed);
        let mut jobs = Vec::new();
        for zip in 0..self.zips {
            let size = if self.even { 40.0 } else { 6.0 * 20.0_f64.powf(zip as f64 / self.zips as f64) };
            for (first_day, change) in [(TODAY - 2 * DAYS, 1.0), (TODAY - DAYS, self.company.unwrap_or(1.0))] {
                let later = first_day == TODAY - DAYS;
                let own = self.first.filter(|_| zip == 0 && later).unwrap_or(1.0);
                let count = self.count(&mut chances, size * change * own);
                let job = |_| {
                    let day = first_day + chances.random_range(0..DAYS);
                    Job { zip: Some(ZIPS + i64::try_from(zip).unwrap()), ..Job::at(day * DAY_MS + DAY_MS / 2) }
                };
                jobs.extend((0..count).map(job));
            }
        }
        let facts = seen(&jobs, NOW);
        let (scope, before) =
            (Scope { from: TODAY - DAYS, to: TODAY - 1 }, Scope { from: TODAY - 2 * DAYS, to: TODAY - DAYS - 1 });
        service_mix(&facts, &scope, Some(&before), MixBy::Zip, NOW)
    }

    fn count(self, chances: &mut ChaCha8Rng, mean: f64) -> u32 {
        match self.process {
            Process::Poisson => poisson(chances, mean),
            Process::Overdispersed(times) => overdispersed(chances, mean, times),
            Process::Drifting => {
                let drift: f64 = StandardNormal.sample(chances);
                poisson(chances, mean * (0.2 * drift).exp())
            }
            Process::Clumped => (0..poisson(chances, mean / 3.0)).map(|_| chances.random_range(1..=5_u32)).sum(),
        }
    }

    fn lines(self, worlds: u64, first_seed: u64) -> Vec<Line> {
        let [mut marked, mut any, mut strong, mut shrinking, mut found] = [Mean::default(); 5];
        let is_changed = |row: &MixRow| self.first.is_some() && row.key == WordNumber::by_key(ZIPS).map(MixKey::Word);
        for seed in first_seed..first_seed + worlds {
            let mix = self.mix(seed);
            let (changed, still): (Vec<_>, Vec<_>) = mix.rows.iter().partition(|row| is_changed(row));
            let share = |count: usize| count as f64 / still.len() as f64;
            let marks: Vec<Mark> = still.iter().filter_map(|row| row.mark).collect();
            marked.add(share(marks.len()));
            any.add_if(!marks.is_empty());
            strong.add_if(marks.iter().any(|mark| mark.is_strong));
            shrinking.add(share(marks.iter().filter(|mark| mark.trend == Trend::Shrinking).count()));
            for row in changed {
                found.add_if(row.mark.is_some_and(|mark| mark.trend == Trend::Growing));
            }
        }
        // What drifts does change: its marks are true ones.
        let changes = matches!(self.process, Process::Drifting);
        let (of_groups, of_answers) =
            if changes { (Bound::None, Bound::None) } else { (Bound::AtMost(0.05), Bound::AtMost(0.1)) };
        let mut lines = vec![
            Line::new("marks: groups marked that did not change", self.name, marked, of_groups),
            Line::new("marks: answers with a false mark", self.name, any, Bound::None),
            Line::new("marks: answers with a false strong mark", self.name, strong, of_answers),
        ];
        if self.company.is_some() {
            lines.push(Line::new("marks: groups shrinking", self.name, shrinking, Bound::AtMost(0.03)));
        }
        if found.worlds() != 0 {
            lines.push(Line::new("marks: the changed one is marked", self.name, found, Bound::AtLeast(0.7)));
        }
        lines
    }
}

/// Add-ons in ZIP codes.
#[derive(Clone, Copy)]
struct Norms {
    name: &'static str,
    zips: i64,
    /// How many inspections in a row, one to so many, are of one client and alike.
    alike: u32,
    /// What the share of the first add-on is multiplied with in the first ZIP code, where it is another one.
    first: Option<f64>,
}

const NORMS: [Norms; 4] = [
    Norms { name: "sold alike, 12 ZIPs", zips: 12, alike: 1, first: None },
    Norms { name: "sold alike, 60 ZIPs", zips: 60, alike: 1, first: None },
    Norms { name: "sold alike, in streets", zips: 30, alike: 5, first: None },
    Norms { name: "one of 12 sells a third of the others", zips: 12, alike: 1, first: Some(0.33) },
];
/// The shares of the add-ons in the whole company.
const SHARES: [f64; 6] = [0.5, 0.4, 0.3, 0.2, 0.1, 0.05];

impl Norms {
    fn lines(self, worlds: u64, first_seed: u64) -> Vec<Line> {
        let [mut wrong, mut any, mut found] = [Mean::default(); 3];
        let is_changed = |row: &MixRow, cell: &MixCell| {
            let is = |word: WordNumber, key: i64| WordNumber::by_key(key) == Some(word);
            self.first.is_some()
                && is(cell.word, ADD_ONS)
                && matches!(row.key, Some(MixKey::Word(zip)) if is(zip, ZIPS))
        };
        for seed in first_seed..first_seed + worlds {
            let mix = self.mix(seed);
            let cells: Vec<(&MixRow, &MixCell)> =
                mix.rows.iter().flat_map(|row| row.add_ons.iter().map(move |cell| (row, cell))).collect();
            let (changed, alike): (Vec<_>, Vec<_>) = cells.iter().partition(|(row, cell)| is_changed(row, cell));
            let below = alike.iter().filter(|(_, cell)| cell.below_norm).count();
            wrong.add(below as f64 / alike.len() as f64);
            any.add_if(below != 0);
            for (_, cell) in changed {
                found.add_if(cell.below_norm);
            }
        }
        let mut lines = vec![
            Line::new("below norm: cells marked that sell alike", self.name, wrong, Bound::AtMost(0.01)),
            Line::new("below norm: answers with a false one", self.name, any, Bound::AtMost(0.1)),
        ];
        if found.worlds() != 0 {
            lines.push(Line::new("below norm: the true one is marked", self.name, found, Bound::AtLeast(0.7)));
        }
        lines
    }

    fn mix(self, seed: u64) -> ServiceMix {
        let mut chances = chances(self.name, seed);
        let mut table = FactTableBuilder::default();
        let add_ons: Vec<i64> = (ADD_ONS..).take(SHARES.len()).collect();
        for key in &add_ons {
            table.word(*key, Named::AddOn(key.to_string()));
        }
        (0..self.zips).for_each(|zip| table.word(ZIPS + zip, Named::Other(zip.to_string())));
        for zip in 0..self.zips {
            let inspections = poisson(&mut chances, 60.0);
            let mut left = 0;
            let mut sold = table.sold(&[]);
            for at in 0..inspections {
                if left == 0 {
                    left = chances.random_range(1..=self.alike);
                    let of = |at: usize| {
                        if zip == 0 && at == 0 { SHARES[at] * self.first.unwrap_or(1.0) } else { SHARES[at] }
                    };
                    let words: Vec<i64> =
                        (0..SHARES.len()).filter(|at| chances.random_bool(of(*at))).map(|at| add_ons[at]).collect();
                    sold = table.sold(&words);
                }
                left -= 1;
                let day = TODAY - DAYS + i64::from(at) % DAYS;
                table.push(&NewFact {
                    pk: zip * 10_000 + i64::from(at),
                    starts_at: day * DAY_MS,
                    day,
                    zip: Some(ZIPS + zip),
                    sold,
                    ..NewFact::default()
                });
            }
        }
        service_mix(&table.build(), &Scope { from: TODAY - DAYS, to: TODAY - 1 }, None, MixBy::Zip, NOW)
    }
}

pub(crate) fn lines(worlds: u64, first_seed: u64) -> Vec<Line> {
    let marks = WORLDS.iter().flat_map(|world| world.lines(worlds, first_seed));
    marks.chain(NORMS.iter().flat_map(|world| world.lines(worlds, first_seed))).collect()
}
