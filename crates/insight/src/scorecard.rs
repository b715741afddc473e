//! Inspectors side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::breakdown::end_to_publish;
use super::common::{Grouped, Rate, Scope, add_ons, in_parts, inspectors_by_name, is_performed, median, rate};
use super::metric::{Counting, Metric};
use domain::{AgentNumber, Fact, FactTable, InspectorNumber, WordNumber};

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
    /// Days with a performed inspection.
    pub days_worked: u64,
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
    /// The middle volume of inspectors with real volume, and how many those are. Helpers do not count: real is a quarter of
    /// a usual inspector's volume, and usual is that of the inspector who did the job in the middle, all jobs put in the
    /// order of how many their inspectors did.
    pub median_volume: Option<(f64, usize)>,
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
    // The whole company first: it is as much work as all the others together.
    let booked = all.len();
    let parts: Vec<(Option<InspectorNumber>, Vec<&Fact>)> = std::iter::once((None, all)).chain(by_inspector).collect();
    let mut rows = in_parts(&parts, booked, |(inspector, booked)| row(&counting, facts, booked, *inspector));
    let mut company = rows.remove(0);
    for row in &mut rows {
        row.volume_before = before.map(|_| earlier.get(&row.inspector).copied().unwrap_or(0));
        row.assists = row.inspector.and_then(|inspector| assists.get(&inspector).copied()).unwrap_or(0);
    }
    rows.sort_by(|left, right| {
        let of = |row: &ScorecardRow| (row.volume, row.assists, row.volume_before);
        of(right).cmp(&of(left)).then_with(|| inspectors_by_name(facts, left.inspector, right.inspector))
    });
    company.volume_before = before.map(|_| earlier.values().sum());
    company.assists = assists.values().sum();
    let known: Vec<&ScorecardRow> = rows.iter().filter(|row| row.inspector.is_some() && row.volume != 0).collect();
    let volumes = with_real_volume(known.iter().map(|row| row.volume).collect());
    let sound = |rates: Vec<Option<Rate>>| {
        median(rates.into_iter().flatten().filter(|rate| !rate.small_sample).map(|rate| rate.rate).collect())
    };
    Scorecard {
        median_volume: median(volumes.iter().map(|volume| *volume as f64).collect())
            .map(|median| (median, volumes.len())),
        median_attach: sound(known.iter().map(|row| row.attach).collect()),
        median_cancellation: sound(known.iter().map(|row| row.cancellation).collect()),
        company,
        rows,
    }
}

/// The volumes of those who are more than helpers.
fn with_real_volume(mut volumes: Vec<u64>) -> Vec<u64> {
    volumes.sort_unstable();
    let middle = volumes.iter().sum::<u64>() / 2;
    let mut done = 0;
    let usual = volumes.iter().copied().find(|volume| {
        done += volume;
        middle < done
    });
    volumes.retain(|volume| usual.is_none_or(|usual| usual <= 4 * volume));
    volumes
}

/// Which inspections come from agents who had one before: when each agent's inspections begin, by the agent's number.
pub(super) struct Repeats(Grouped<i64>);

impl Repeats {
    /// For the inspections of `scope`; `facts` must reach back 366 days before it.
    pub(super) fn around(facts: &FactTable, scope: &Scope) -> Self {
        let rows = facts.around(scope.from.saturating_sub(366), scope.to);
        let agent = |fact: &Fact| fact.buying_agent().map(AgentNumber::index);
        Self(Grouped::of(rows, facts.agents_len(), agent, |_, fact| fact.starts_at()))
    }

    /// Whether the buying agent had an inspection in the 365 days before this one.
    pub(super) fn holds(&self, fact: &Fact) -> bool {
        const YEAR_MS: i64 = REPEAT_DAYS * 86_400_000;
        let Some(agent) = fact.buying_agent() else { return false };
        let starts = self.0.of_group(agent.index());
        let before = starts.partition_point(|start| *start < fact.starts_at());
        let last = before.checked_sub(1).and_then(|last| starts.get(last));
        last.is_some_and(|last| fact.starts_at() - last <= YEAR_MS)
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
            days_worked: 0,
            per_working_day: None,
            weekend: None,
        }
    }
}

fn row(counting: &Counting, facts: &FactTable, booked: &[&Fact], inspector: Option<InspectorNumber>) -> ScorecardRow {
    let (mut volume, mut quoted, mut attached, mut canceled, mut repeats, mut weekend) = (0, 0, 0, 0, 0, 0);
    let (mut with_agent, mut revenue, mut hours) = (0, 0_i128, 0.0);
    let mut by_add_on: BTreeMap<WordNumber, u64> = BTreeMap::new();
    let mut reasons: BTreeMap<Option<WordNumber>, u64> = BTreeMap::new();
    let mut days: BTreeSet<i64> = BTreeSet::new();
    let mut to_publish = Vec::new();
    // Each inspection is looked at once: many of them do not fit into a processor's own memory.
    for fact in booked {
        let counts = |metric| counting.counts(metric, fact);
        if counts(Metric::Canceled) {
            canceled += 1;
            *reasons.entry(fact.reason()).or_default() += 1;
        }
        if counts(Metric::Volume) {
            volume += 1;
            with_agent += u64::from(fact.buying_agent().is_some());
            days.insert(fact.day());
        }
        if counts(Metric::Quoted) {
            quoted += 1;
            revenue += fact.quote().map_or(0, i128::from);
        }
        if counts(Metric::Attach) {
            attached += 1;
            add_ons(facts, fact).for_each(|word| *by_add_on.entry(word).or_default() += 1);
        }
        if counts(Metric::Hours) {
            hours += fact.hours().unwrap_or(0.0);
        }
        if counts(Metric::Published) {
            to_publish.extend(end_to_publish(fact));
        }
        repeats += u64::from(counts(Metric::RepeatAgents));
        weekend += u64::from(counts(Metric::Weekend));
    }
    ScorecardRow {
        inspector,
        booked: booked.len() as u64,
        volume,
        volume_before: None,
        assists: 0,
        hours,
        revenue,
        without_quote: volume - quoted,
        attach: rate(attached, volume),
        add_ons: most_first(by_add_on),
        cancellation: rate(canceled, booked.len() as u64),
        reasons: most_first(reasons),
        repeat_agents: rate(repeats, with_agent),
        hours_to_publish: median(to_publish),
        days_worked: days.len() as u64,
        per_working_day: (!days.is_empty()).then(|| volume as f64 / days.len() as f64),
        weekend: rate(weekend, volume),
    }
}

/// Largest counts first; ties in the order of their keys.
pub(super) fn most_first<K: Ord + Copy>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<(K, u64)> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counts
}
