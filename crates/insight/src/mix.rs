//! What is sold where, by whom and through whom.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{Rate, Scope, in_parts, inspectors_by_name, is_performed, rate, sum_of, words_by_name};
use super::marks::{MARKED, Tally, against_the_rest, strong_up_to};
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
    /// Whether it is sold less than in the other groups, and strongly so: of all such cells at most one in ten is there by
    /// chance. Tried on 1,000 made-up companies in which every group sells alike: fewer than one answer in ten has any.
    pub below_norm: bool,
}

/// Which way a group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// More than the other groups.
    Growing,
    /// Less than the other groups.
    Shrinking,
}

/// A group that goes another way than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which way.
    pub trend: Trend,
    /// Whether it stands out from all that were looked at. Tried on made-up companies in which nothing changed, of even and
    /// of clumped demand, steady or down as a whole: of answers, fewer than one in ten has a strong mark. Of groups, about
    /// one in twenty has a mark that is not strong.
    pub is_strong: bool,
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
    /// Growing or shrinking beyond the change of the company's other groups together, and beyond chance. Not said of
    /// groups with fewer than five inspections expected in either period, nor of months.
    pub mark: Option<Mark>,
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
    /// How many groups were large enough to be called growing or shrinking. Of such as do not differ from the others, one
    /// in twenty is marked by chance.
    pub tested: usize,
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
                Some(MixCell { word: *word, share, norm, below_norm: false })
            })
            .collect();
        cells.sort_by(|left, right| {
            right.share.count.cmp(&left.share.count).then_with(|| words_by_name(facts, left.word, right.word))
        });
        let (add_ons, services): (Vec<MixCell>, Vec<MixCell>) =
            cells.into_iter().partition(|cell| facts.is_add_on(cell.word));
        let attached = group.iter().filter(|fact| counting.counts(Metric::Attach, fact)).count() as u64;
        MixRow {
            key,
            volume,
            volume_before,
            mark: None,
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
    rows.sort_by(|left, right| right.volume.cmp(&left.volume).then_with(|| by_name(facts, left.key, right.key)));
    let tested = if compared.is_some() { mark_changes(&mut rows) } else { 0 };
    mark_below_norm(&mut rows);
    let all_before = earlier.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let company = row(None, &performed, before.map(|_| all_before));
    ServiceMix { rows, company, tested }
}

/// Marks the groups that grow or shrink; how many were large enough to be looked at.
fn mark_changes(rows: &mut [MixRow]) -> usize {
    let tally = |row: &MixRow| Tally { count: row.volume, of: row.volume + row.volume_before.unwrap_or(0) };
    let tallies: Vec<Tally> = rows.iter().map(tally).collect();
    let judged = against_the_rest(&tallies);
    let chances: Vec<f64> = judged.iter().flatten().map(|one| one.chance).collect();
    let tested = chances.len();
    let strong = strong_up_to(chances);
    for (row, judged) in rows.iter_mut().zip(judged) {
        row.mark = judged.filter(|one| one.chance < MARKED).map(|one| Mark {
            trend: if one.is_more { Trend::Growing } else { Trend::Shrinking },
            is_strong: one.chance <= strong,
        });
    }
    tested
}

/// Marks the add-ons that groups sell less than the others do.
fn mark_below_norm(rows: &mut [MixRow]) {
    // Every group has a cell for everything that is sold at all.
    let mut cells: BTreeMap<WordNumber, Vec<(usize, Tally)>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        for cell in &row.add_ons {
            cells.entry(cell.word).or_default().push((at, Tally { count: cell.share.count, of: cell.share.of }));
        }
    }
    let judged: Vec<(WordNumber, usize, f64)> = cells
        .into_iter()
        .flat_map(|(word, of_groups)| {
            let tallies: Vec<Tally> = of_groups.iter().map(|(_, tally)| *tally).collect();
            let judged = against_the_rest(&tallies).into_iter().zip(of_groups);
            judged.filter_map(move |(judged, (at, _))| Some((word, at, judged?.chance_of_less()))).collect::<Vec<_>>()
        })
        .collect();
    let strong = strong_up_to(judged.iter().map(|(_, _, chance)| *chance).collect());
    for (word, at, _) in judged.into_iter().filter(|(_, _, chance)| *chance <= strong) {
        let cell = rows.get_mut(at).and_then(|row| row.add_ons.iter_mut().find(|cell| cell.word == word));
        if let Some(cell) = cell {
            cell.below_norm = true;
        }
    }
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

/// Groups of as much work, by what they are called: numbers go by the order in which records came.
fn by_name(facts: &FactTable, left: Option<MixKey>, right: Option<MixKey>) -> std::cmp::Ordering {
    match (left, right) {
        (Some(MixKey::Word(one)), Some(MixKey::Word(other))) => words_by_name(facts, one, other),
        (Some(MixKey::Inspector(one)), Some(MixKey::Inspector(other))) => {
            inspectors_by_name(facts, Some(one), Some(other))
        }
        _ => left.cmp(&right),
    }
}
