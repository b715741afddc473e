//! What several insights share.

use domain::{Fact, FactTable, WordNumber};

/// Rates over fewer cases are marked as a small sample.
pub const SMALL_SAMPLE: u64 = 10;
/// The 97.5 % point of the normal distribution, for 95 % intervals.
const Z: f64 = 1.959_963_984_540_054;

/// A share with its counts and the 95 % interval of Wilson.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many have it.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The share, 0 to 1.
    pub rate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// Whether there are fewer than [`SMALL_SAMPLE`] cases.
    pub small_sample: bool,
}

/// The share of `count` in `of`; `None` of nothing.
pub fn rate(count: u64, of: u64) -> Option<Rate> {
    if of == 0 {
        return None;
    }
    let (n, share) = (of as f64, count as f64 / of as f64);
    let denominator = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / denominator;
    Some(Rate {
        count,
        of,
        rate: share,
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
        small_sample: of < SMALL_SAMPLE,
    })
}

/// Which inspections are counted: days since 1970-01-01, both included. What else they are narrowed to is settled before,
/// see [`Narrowing`](domain::Narrowing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The first day.
    pub from: i64,
    /// The last day.
    pub to: i64,
}

impl Scope {
    /// Whether an inspection is dated in it.
    pub fn holds(&self, fact: &Fact) -> bool {
        (self.from..=self.to).contains(&fact.day())
    }
}

/// *Performed*: booked, not canceled, dated before now (milliseconds since 1970).
pub(super) fn is_performed(fact: &Fact, now: i64) -> bool {
    !fact.is_canceled() && fact.starts_at() < now
}

/// The sum of amounts of money. Wider than an amount is: no number of rows can make it wrap.
pub(super) fn sum_of(amounts: impl Iterator<Item = i64>) -> i128 {
    amounts.map(i128::from).sum()
}

/// The add-ons of an inspection, as numbers among the names.
pub(super) fn add_ons<'a>(facts: &'a FactTable, fact: &Fact) -> impl Iterator<Item = WordNumber> + use<'a> {
    facts.sold(fact).iter().copied().filter(|word| facts.is_add_on(*word))
}

/// The middle of some numbers; of an even count the mean of the two in the middle.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.get(middle), numbers.len() % 2) {
        (Some(upper), 0) => numbers.get(middle - 1).map(|lower| f64::midpoint(*lower, *upper)),
        (upper, _) => upper.copied(),
    }
}

/// The value below which this share of the values lies, between neighbours in proportion; 0 of nothing.
pub(super) fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    // Ranks are spread so that few values still leave room at both ends.
    let place = share * (values.len() as f64 + 1.0) - 1.0;
    let last = values.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the values")]
    let lower = (place.max(0.0) as usize).min(last);
    let upper = (lower + 1).min(last);
    match (values.get(lower), values.get(upper)) {
        (Some(low), Some(high)) => low + (high - low) * (place - lower as f64).clamp(0.0, 1.0),
        _ => 0.0,
    }
}
