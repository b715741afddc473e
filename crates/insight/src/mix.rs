//! What is sold where, by whom and through whom.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{Rate, Scope, in_parts, is_performed, rate, sum_of};
use super::metric::{Counting, Metric};
use domain::{AgentNumber, Fact, FactTable, InspectorNumber, Named, WordNumber, date_of};

/// What services are broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixBy {
    /// ZIP code.
    Zip,
    /// City.
    City,
    /// Calendar month.
    Month,
    /// Primary inspector.
    Inspector,
    /// Buying agent.
    Agent,
    /// The agency the buying agent is with now.
    Agency,
}

/// What a group is about; which kind of it follows from [`MixBy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MixKey {
    /// A ZIP code, a city, an agency.
    Word(WordNumber),
    /// A primary inspector.
    Inspector(InspectorNumber),
    /// A buying agent.
    Agent(AgentNumber),
    /// A month of a year, 1 to 12.
    Month(i16, i8),
}

/// One service or add-on in one group.
#[derive(Clone, Debug, PartialEq)]
pub struct MixCell {
    /// The service's number among the names.
    pub word: WordNumber,
    /// Performed inspections with it, of the group's performed.
    pub share: Rate,
    /// Its share in the whole company and period.
    pub norm: f64,
    /// Whether it is sold less than the norm beyond chance: the whole 95 % interval lies below it.
    pub below_norm: bool,
}

/// Which way a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More than before.
    Growing,
    /// Less than before.
    Shrinking,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct MixRow {
    /// What the group is about; `None` for inspections without one.
    pub key: Option<MixKey>,
    /// Performed inspections.
    pub volume: u64,
    /// Performed inspections of the period compared with; a month has none.
    pub volume_before: Option<u64>,
    /// Growing or shrinking beyond chance: of all inspections of both periods, the share in the later one has a 95 %
    /// interval wholly above or below a half. Not said of small samples, nor of months.
    pub trend: Option<Trend>,
    /// Quoted revenue, in ten-thousandths.
    pub revenue: i128,
    /// Performed inspections with at least one add-on.
    pub attach: Option<Rate>,
    /// The same in the period compared with.
    pub attach_before: Option<Rate>,
    /// Services, most sold first.
    pub services: Vec<MixCell>,
    /// Add-ons, most sold first.
    pub add_ons: Vec<MixCell>,
}

/// Services and add-ons by group, largest group first.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceMix {
    /// The groups.
    pub rows: Vec<MixRow>,
    /// The whole company as one group.
    pub company: MixRow,
}

/// The mix of performed inspections in `scope` by `by`, with volumes of `before`.
pub fn service_mix(facts: &FactTable, scope: &Scope, before: Option<&Scope>, by: MixBy, now: i64) -> ServiceMix {
    let counting = Counting::new(facts, scope, now);
    let in_scope = facts.around(scope.from, scope.to).iter();
    let performed: Vec<&Fact> = in_scope.filter(|fact| counting.counts(Metric::Volume, fact)).collect();
    let words = Words::sold_with(facts, &performed);
    let norms = words.count(&performed);
    let all = performed.len() as u64;
    let mut groups: BTreeMap<Option<MixKey>, Vec<&Fact>> = BTreeMap::new();
    for fact in &performed {
        groups.entry(key(facts, fact, by)).or_default().push(fact);
    }
    // How many, and how many of them with an add-on.
    let mut earlier: BTreeMap<Option<MixKey>, (u64, u64)> = BTreeMap::new();
    if let Some(before) = before {
        for fact in
            facts.around(before.from, before.to).iter().filter(|fact| before.holds(fact) && is_performed(fact, now))
        {
            let group = earlier.entry(key(facts, fact, by)).or_default();
            group.0 += 1;
            group.1 += u64::from(facts.has_add_on(fact));
        }
    }
    let row = |key: Option<MixKey>, group: &[&Fact], before: Option<(u64, u64)>| {
        let volume_before = before.map(|(volume, _)| volume);
        let volume = group.len() as u64;
        // What the company sells and this group never does is a cell too.
        let cells = words.words.iter().zip(words.count(group)).zip(&norms);
        let mut cells: Vec<MixCell> = cells
            .filter_map(|((word, count), norm)| {
                let share = rate(count, volume)?;
                let norm = *norm as f64 / all.max(1) as f64;
                Some(MixCell { word: *word, share, norm, below_norm: is_below(share, norm) })
            })
            .collect();
        cells.sort_by(|left, right| right.share.count.cmp(&left.share.count).then_with(|| left.word.cmp(&right.word)));
        let (add_ons, services): (Vec<MixCell>, Vec<MixCell>) =
            cells.into_iter().partition(|cell| facts.is_add_on(cell.word));
        let attached = group.iter().filter(|fact| counting.counts(Metric::Attach, fact)).count() as u64;
        MixRow {
            key,
            volume,
            volume_before,
            trend: volume_before.and_then(|before| trend(volume, before)),
            revenue: sum_of(group.iter().filter_map(|fact| fact.quote())),
            attach: rate(attached, volume),
            attach_before: before.and_then(|(volume, attached)| rate(attached, volume)),
            services,
            add_ons,
        }
    };
    // A month is in one period alone; there is nothing to compare it with.
    let compared = before.filter(|_| by != MixBy::Month);
    if compared.is_some() {
        // What was there before and is gone is a group too.
        for key in earlier.keys() {
            groups.entry(*key).or_default();
        }
    }
    let groups: Vec<(Option<MixKey>, Vec<&Fact>)> = groups.into_iter().collect();
    let mut rows = in_parts(&groups, performed.len(), |(key, group)| {
        row(*key, group, compared.map(|_| earlier.get(key).copied().unwrap_or_default()))
    });
    rows.sort_by(|left, right| right.volume.cmp(&left.volume).then_with(|| left.key.cmp(&right.key)));
    let all_before = earlier.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let company = row(None, &performed, before.map(|_| all_before));
    ServiceMix { rows, company }
}

fn trend(volume: u64, before: u64) -> Option<Trend> {
    let later = rate(volume, volume + before).filter(|rate| !rate.small_sample)?;
    if 0.5 < later.low { Some(Trend::Growing) } else { (later.high < 0.5).then_some(Trend::Shrinking) }
}

/// The services and add-ons sold with some inspections.
struct Words {
    words: Vec<WordNumber>,
    /// Their places in `words`, by what was sold together.
    places: Vec<Vec<usize>>,
}

impl Words {
    fn sold_with(facts: &FactTable, inspections: &[&Fact]) -> Self {
        let mut is_here = vec![false; facts.sold_together().len()];
        for fact in inspections {
            if let Some(is_here) = is_here.get_mut(fact.sold().index()) {
                *is_here = true;
            }
        }
        // What is no service and no add-on has no share in what is sold.
        let counted = |word: &&WordNumber| !matches!(facts.named(**word), Some(Named::NotAddOn(_)));
        let sold = facts.sold_together().zip(is_here).filter(|(_, is_here)| *is_here);
        let words: BTreeSet<WordNumber> = sold.flat_map(|(words, _)| words.iter().filter(counted)).copied().collect();
        let words: Vec<WordNumber> = words.into_iter().collect();
        let place = |word: &WordNumber| words.binary_search(word).ok();
        let places = facts.sold_together().map(|set| set.iter().filter_map(place).collect()).collect();
        Self { words, places }
    }

    /// With how many of these inspections each word was sold.
    fn count(&self, inspections: &[&Fact]) -> Vec<u64> {
        let mut counts = vec![0; self.words.len()];
        for place in inspections.iter().filter_map(|fact| self.places.get(fact.sold().index())).flatten() {
            if let Some(count) = counts.get_mut(*place) {
                *count += 1;
            }
        }
        counts
    }
}

fn key(facts: &FactTable, fact: &Fact, by: MixBy) -> Option<MixKey> {
    match by {
        MixBy::Zip => fact.zip().map(MixKey::Word),
        MixBy::City => fact.city().map(MixKey::Word),
        MixBy::Month => {
            let date = date_of(fact.day());
            Some(MixKey::Month(date.year(), date.month()))
        }
        MixBy::Inspector => fact.inspector().map(MixKey::Inspector),
        MixBy::Agent => fact.buying_agent().map(MixKey::Agent),
        MixBy::Agency => fact.buying_agent().and_then(|agent| facts.agent(agent)?.agency).map(MixKey::Word),
    }
}

/// The upper end of the interval of "all of them" is 1 but for the last digit; all of them are never too few.
fn is_below(share: Rate, norm: f64) -> bool {
    share.high < norm && share.count < share.of
}
