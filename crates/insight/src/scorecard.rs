//! Inspectors side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{Rate, Scope, add_ons, is_performed, median, rate, sum_of};
use super::metric::{Counting, Metric};
use domain::{Fact, FactTable, InspectorNumber, WordNumber};

/// Milliseconds of an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// One inspector's numbers in a period. Several inspectors on one job: credit to the primary one; the others assist.
#[derive(Clone, Debug, PartialEq)]
pub struct ScorecardRow {
    /// The inspector's number; `None` for jobs without one.
    pub inspector: Option<InspectorNumber>,
    /// Booked: dated in the period and before now, canceled ones included.
    pub booked: u64,
    /// Volume: performed inspections.
    pub volume: u64,
    /// Volume of the period compared with.
    pub volume_before: Option<u64>,
    /// Jobs of others this inspector assisted with.
    pub assists: u64,
    /// Hours of the performed inspections.
    pub hours: f64,
    /// Revenue: the sum of quoted prices of performed inspections, in ten-thousandths.
    pub revenue: i128,
    /// Performed inspections without a quote, not in the revenue.
    pub without_quote: u64,
    /// Performed inspections with at least one add-on.
    pub attach: Option<Rate>,
    /// Performed inspections by add-on, most sold first.
    pub add_ons: Vec<(WordNumber, u64)>,
    /// Canceled of booked.
    pub cancellation: Option<Rate>,
    /// Reasons of cancellations, most frequent first; `None` where none was given.
    pub reasons: Vec<(Option<WordNumber>, u64)>,
    /// Performed inspections whose buying agent had sent one in the 365 days before, of those that have one.
    pub repeat_agents: Option<Rate>,
    /// The middle time from the end of an inspection to its published report, in hours.
    pub hours_to_publish: Option<f64>,
    /// Performed inspections on a day with any.
    pub per_working_day: Option<f64>,
    /// Performed on a Saturday or Sunday.
    pub weekend: Option<Rate>,
}

/// All inspectors with a booking or an assist in the period, or volume in the one compared with, most volume first, and
/// the company's middle.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// A row for each.
    pub rows: Vec<ScorecardRow>,
    /// The whole company as one row (`inspector` is `None`).
    pub company: ScorecardRow,
    /// The middle volume of inspectors with any.
    pub median_volume: Option<f64>,
    /// The middle attach rate of inspectors without a small sample.
    pub median_attach: Option<f64>,
    /// The middle cancellation rate of inspectors without a small sample.
    pub median_cancellation: Option<f64>,
}

/// An agent repeats with a second inspection within so many days.
pub const REPEAT_DAYS: i64 = 365;

/// The scorecard of `scope`, with volumes of `before`. `facts` must reach back 365 days before the period for
/// `repeat_agents`; `now` is in milliseconds since 1970.
pub fn scorecard(facts: &FactTable, scope: &Scope, before: Option<&Scope>, now: i64) -> Scorecard {
    let counting = Counting::new(facts, scope, now);
    let mut by_inspector: BTreeMap<Option<InspectorNumber>, Vec<&Fact>> = BTreeMap::new();
    let mut all = Vec::new();
    let in_scope = facts.around(scope.from, scope.to).iter();
    for fact in in_scope.filter(|fact| counting.counts(Metric::Booked, fact)) {
        by_inspector.entry(fact.inspector()).or_default().push(fact);
        all.push(fact);
    }
    let mut assists: BTreeMap<InspectorNumber, u64> = BTreeMap::new();
    for fact in all.iter().filter(|fact| counting.counts(Metric::Assists, fact)) {
        for assistant in counting.assistants(fact) {
            *assists.entry(*assistant).or_default() += 1;
        }
    }
    let mut earlier: BTreeMap<Option<InspectorNumber>, u64> = BTreeMap::new();
    if let Some(before) = before {
        let rows = facts.around(before.from, before.to).iter();
        for fact in rows.filter(|fact| before.holds(fact) && is_performed(fact, now)) {
            *earlier.entry(fact.inspector()).or_default() += 1;
        }
    }
    // Who only assisted, or worked before and not in the period, has a row too.
    for inspector in assists.keys().map(|one| Some(*one)).chain(earlier.keys().copied()) {
        by_inspector.entry(inspector).or_default();
    }
    let mut rows: Vec<ScorecardRow> = by_inspector
        .iter()
        .map(|(inspector, booked)| ScorecardRow {
            volume_before: before.map(|_| earlier.get(inspector).copied().unwrap_or(0)),
            assists: inspector.and_then(|inspector| assists.get(&inspector).copied()).unwrap_or(0),
            ..row(&counting, facts, booked, *inspector)
        })
        .collect();
    rows.sort_by(|left, right| {
        let of = |row: &ScorecardRow| (row.volume, row.assists, row.volume_before);
        of(right).cmp(&of(left)).then_with(|| left.inspector.cmp(&right.inspector))
    });
    let mut company = row(&counting, facts, &all, None);
    company.volume_before = before.map(|_| earlier.values().sum());
    company.assists = assists.values().sum();
    let known: Vec<&ScorecardRow> = rows.iter().filter(|row| row.inspector.is_some() && row.volume != 0).collect();
    let sound = |rates: Vec<Option<Rate>>| {
        median(rates.into_iter().flatten().filter(|rate| !rate.small_sample).map(|rate| rate.rate).collect())
    };
    Scorecard {
        median_volume: median(known.iter().map(|row| row.volume as f64).collect()),
        median_attach: sound(known.iter().map(|row| row.attach).collect()),
        median_cancellation: sound(known.iter().map(|row| row.cancellation).collect()),
        company,
        rows,
    }
}

/// Which inspections come from agents who had one before: the beginnings of each agent's inspections, by the agent's number.
pub(super) struct Repeats(Vec<Vec<i64>>);

impl Repeats {
    /// For the inspections of `scope`; `facts` must reach back 366 days before it.
    pub(super) fn around(facts: &FactTable, scope: &Scope) -> Self {
        let mut starts = vec![Vec::new(); facts.agents_len()];
        for fact in facts.around(scope.from.saturating_sub(366), scope.to) {
            if let Some(of_agent) = fact.buying_agent().and_then(|agent| starts.get_mut(agent.index())) {
                of_agent.push(fact.starts_at());
            }
        }
        Self(starts)
    }

    /// Whether the buying agent had an inspection in the 365 days before this one.
    pub(super) fn holds(&self, fact: &Fact) -> bool {
        const YEAR_MS: i64 = REPEAT_DAYS * 86_400_000;
        let Some(starts) = fact.buying_agent().and_then(|agent| self.0.get(agent.index())) else { return false };
        let at = starts.partition_point(|start| *start < fact.starts_at());
        at.checked_sub(1).and_then(|last| starts.get(last)).is_some_and(|last| fact.starts_at() - last <= YEAR_MS)
    }
}

impl ScorecardRow {
    /// The row of an inspector of whom there is nothing in either period; `None` for one whom no table knows.
    pub fn nothing(inspector: Option<InspectorNumber>, is_compared: bool) -> Self {
        Self {
            inspector,
            booked: 0,
            volume: 0,
            volume_before: is_compared.then_some(0),
            assists: 0,
            hours: 0.0,
            revenue: 0,
            without_quote: 0,
            attach: None,
            add_ons: Vec::new(),
            cancellation: None,
            reasons: Vec::new(),
            repeat_agents: None,
            hours_to_publish: None,
            per_working_day: None,
            weekend: None,
        }
    }
}

fn row(counting: &Counting, facts: &FactTable, booked: &[&Fact], inspector: Option<InspectorNumber>) -> ScorecardRow {
    let of = |metric| booked.iter().copied().filter(move |fact| counting.counts(metric, fact));
    let count = |metric| of(metric).count() as u64;
    let volume = count(Metric::Volume);
    let mut by_add_on: BTreeMap<WordNumber, u64> = BTreeMap::new();
    for word in of(Metric::Attach).flat_map(|fact| add_ons(facts, fact)) {
        *by_add_on.entry(word).or_default() += 1;
    }
    let mut reasons: BTreeMap<Option<WordNumber>, u64> = BTreeMap::new();
    for fact in of(Metric::Canceled) {
        *reasons.entry(fact.reason()).or_default() += 1;
    }
    let days: BTreeSet<i64> = of(Metric::Volume).map(|fact| fact.day()).collect();
    let to_publish = of(Metric::Published).filter_map(|fact| {
        let end = fact.starts_at() as f64 + fact.hours()? * HOUR_MS;
        Some((fact.published_at()? as f64 - end) / HOUR_MS)
    });
    let with_agent = of(Metric::Volume).filter(|fact| fact.buying_agent().is_some()).count() as u64;
    ScorecardRow {
        inspector,
        booked: booked.len() as u64,
        volume,
        volume_before: None,
        assists: 0,
        hours: of(Metric::Hours).filter_map(|fact| fact.hours()).sum(),
        revenue: sum_of(of(Metric::Quoted).filter_map(|fact| fact.quote())),
        without_quote: volume - count(Metric::Quoted),
        attach: rate(count(Metric::Attach), volume),
        add_ons: most_first(by_add_on),
        cancellation: rate(count(Metric::Canceled), booked.len() as u64),
        reasons: most_first(reasons),
        repeat_agents: rate(count(Metric::RepeatAgents), with_agent),
        hours_to_publish: median(to_publish.collect()),
        per_working_day: (!days.is_empty()).then(|| volume as f64 / days.len() as f64),
        weekend: rate(count(Metric::Weekend), volume),
    }
}

/// Largest counts first; ties in the order of their keys.
pub(super) fn most_first<K: Ord + Copy>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<(K, u64)> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counts
}
