//! Companies whose truth is known: inspections drawn by chance from processes that are named. Nothing here is shared with
//! the sandbox's generator.

use domain::{FactTable, FactTableBuilder, NewFact};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1, Gamma, Poisson};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// A Monday in late 2026, in days since 1970-01-01: the first day of the week that every world is asked in.
pub(crate) const THIS_WEEK: i64 = 20_780;
/// Noon of that week's Wednesday, in days since 1970-01-01 and in milliseconds.
pub(crate) const TODAY: i64 = THIS_WEEK + 2;
pub(crate) const NOW: i64 = TODAY * DAY_MS + DAY_MS / 2;

/// The chances of one world; worlds of other seeds, or of another `process`, share nothing.
pub(crate) fn chances(process: &str, seed: u64) -> ChaCha8Rng {
    let name = process
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    ChaCha8Rng::seed_from_u64(name ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A count that comes by chance alone.
pub(crate) fn poisson(chances: &mut ChaCha8Rng, mean: f64) -> u32 {
    if mean <= 0.0 { 0 } else { whole(Poisson::new(mean).unwrap().sample(chances)) }
}

/// A count whose variance is `times` (more than 1) that of a Poisson count of the same mean.
pub(crate) fn overdispersed(chances: &mut ChaCha8Rng, mean: f64, times: f64) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    let rate = Gamma::new(mean / (times - 1.0), times - 1.0).unwrap().sample(chances);
    poisson(chances, rate)
}

/// A waiting time of this mean.
pub(crate) fn waiting(chances: &mut ChaCha8Rng, mean: f64) -> f64 {
    let one: f64 = Exp1.sample(chances);
    one * mean
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn whole(count: f64) -> u32 {
    count as u32
}

/// One inspection of a world, with all that will ever become of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// In milliseconds since 1970.
    pub(crate) starts_at: i64,
    /// In milliseconds since 1970.
    pub(crate) created_at: i64,
    /// In milliseconds since 1970; may lie after [`NOW`].
    pub(crate) canceled_at: Option<i64>,
    pub(crate) hours: f64,
    pub(crate) inspector: Option<i64>,
    pub(crate) agent: Option<i64>,
    pub(crate) zip: Option<i64>,
}

impl Job {
    /// One at this instant, booked a week before.
    pub(crate) fn at(starts_at: i64) -> Self {
        Self {
            starts_at,
            created_at: starts_at - 7 * DAY_MS,
            canceled_at: None,
            hours: 3.0,
            inspector: Some(1),
            agent: None,
            zip: None,
        }
    }

    /// Its day, as days since 1970-01-01.
    pub(crate) fn day(&self) -> i64 {
        self.starts_at.div_euclid(DAY_MS)
    }
}

/// The rows of a company as they are at `now`: what is booked later is not there, what is canceled later is not canceled.
pub(crate) fn seen(jobs: &[Job], now: i64) -> FactTable {
    filled(jobs, now).build()
}

/// The same, before the names are given.
pub(crate) fn filled(jobs: &[Job], now: i64) -> FactTableBuilder {
    let mut table = FactTableBuilder::default();
    for (pk, job) in (1..).zip(jobs.iter().filter(|job| job.created_at <= now)) {
        table.push(&NewFact {
            pk,
            starts_at: job.starts_at,
            day: job.day(),
            minute: job.starts_at.rem_euclid(DAY_MS) / 60_000,
            hours: Some(job.hours),
            created_at: Some(job.created_at),
            canceled_at: job.canceled_at.filter(|canceled_at| *canceled_at <= now),
            quote: Some(4_500_000),
            inspector: job.inspector,
            buying_agent: job.agent,
            zip: job.zip,
            ..NewFact::default()
        });
    }
    table
}
