//! What several insights share.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use domain::{Fact, FactTable, InspectorNumber, WordNumber};

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

/// Something of each row by a number below some count: what belongs to each number, in the order of the rows, all in one
/// plain vector.
pub(super) struct Grouped<T> {
    /// Where each number's part begins, and where the last one's ends.
    begins: Vec<usize>,
    all: Vec<T>,
}

impl<T: Clone + Default> Grouped<T> {
    /// What `take` gives of each row and its place, by the row's `key`. Rows without one, or with one not below `groups`,
    /// are left out.
    pub(super) fn of(
        rows: &[Fact],
        groups: usize,
        key: impl Fn(&Fact) -> Option<usize>,
        take: impl Fn(usize, &Fact) -> T,
    ) -> Self {
        let group_of = |fact: &Fact| key(fact).filter(|group| *group < groups);
        let mut begins = vec![0; groups + 1];
        for group in rows.iter().filter_map(group_of) {
            if let Some(next) = begins.get_mut(group + 1) {
                *next += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let (mut all, mut ends) = (vec![T::default(); sum], begins.clone());
        for (place, fact) in rows.iter().enumerate() {
            let Some(end) = group_of(fact).and_then(|group| ends.get_mut(group)) else { continue };
            if let Some(slot) = all.get_mut(*end) {
                *slot = take(place, fact);
                *end += 1;
            }
        }
        Self { begins, all }
    }

    /// What belongs to a number.
    pub(super) fn of_group(&self, group: usize) -> &[T] {
        let (Some(from), Some(to)) = (self.begins.get(group), self.begins.get(group + 1)) else { return &[] };
        self.all.get(*from..*to).unwrap_or_default()
    }
}

/// Work on so many rows is worth more than one processor.
const ROWS_FOR_ALL_PROCESSORS: usize = 50_000;

/// What `make` gives for each of these, in their order; on all processors where `rows`, which they are about together, are
/// many. Each processor takes the next one as soon as it is free, so the largest should come first.
pub(super) fn in_parts<T: Sync, R: Send>(all: &[T], rows: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if rows < ROWS_FOR_ALL_PROCESSORS {
        return all.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let part = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { return made };
            made.push((at, make(one)));
        }
    };
    let mut made: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others = std::thread::available_parallelism().map_or(0, |processors| processors.get() - 1);
        let others: Vec<_> = (0..others).map(|_| scope.spawn(part)).collect();
        let own = part();
        let joined =
            |other: ScopedJoinHandle<'_, Vec<(usize, R)>>| other.join().unwrap_or_else(|fault| resume_unwind(fault));
        own.into_iter().chain(others.into_iter().flat_map(joined)).collect()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
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

/// By name, then by number: numbers go by the order in which records came, which is another one in another mirror of the
/// same company.
pub(crate) fn inspectors_by_name(
    facts: &FactTable,
    left: Option<InspectorNumber>,
    right: Option<InspectorNumber>,
) -> std::cmp::Ordering {
    let name = |one: Option<InspectorNumber>| one.and_then(|one| facts.inspector(one)).map(|known| known.name.as_str());
    name(left).cmp(&name(right)).then(left.cmp(&right))
}

/// The same of words.
pub(crate) fn words_by_name(facts: &FactTable, left: WordNumber, right: WordNumber) -> std::cmp::Ordering {
    let name = |word| facts.named(word).map(domain::Named::text);
    name(left).cmp(&name(right)).then(left.cmp(&right))
}
