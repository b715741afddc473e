//! Inspections counted, summed and averaged by what they have.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap as HashMap;

use super::common::{Rate, SMALL_SAMPLE, in_parts, median, rate};
use super::groups::{Calendar, GroupBy, GroupKey, GroupLabel, Groups};
use super::metric::{Counting, Metric};
use domain::{Fact, FactTable};

/// Milliseconds of an hour.
const HOUR_MS: f64 = 3_600_000.0;
/// Hours of a day.
const DAY_HOURS: f64 = 24.0;

macro_rules! measures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $way:expr;)+) => {
        /// A number that is worked out of a group of inspections.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Measure { $($(#[$doc])* $variant,)+ }

        impl Measure {
            /// All there are, in the order shown to users.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in arguments and answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            const fn way(self) -> Way {
                match self { $(Self::$variant => $way),+ }
            }
        }
    };
}

/// How a measure is made of inspections that count.
#[derive(Clone, Copy)]
enum Way {
    /// How many.
    Count(Metric),
    /// How many, of how many.
    Share(Metric, Metric),
    /// The sum of quotes.
    Money(Metric),
    /// The mean of quotes.
    MeanMoney(Metric),
    /// The middle of quotes.
    MiddleMoney(Metric),
    /// The sum of lengths.
    Hours(Metric),
    /// The middle of something of each.
    Middle(Metric, fn(&Fact) -> Option<f64>),
}

measures! {
    /// Inspections dated in the period, canceled ones included.
    Booked = "booked", Way::Count(Metric::Booked);
    /// Performed inspections.
    Performed = "performed", Way::Count(Metric::Volume);
    /// Canceled inspections.
    Canceled = "canceled", Way::Count(Metric::Canceled);
    /// Canceled of booked.
    CancellationRate = "cancellation_rate", Way::Share(Metric::Canceled, Metric::Booked);
    /// Canceled within 24 hours of the start.
    LateCanceled24 = "late_canceled_24h", Way::Count(Metric::CanceledWithin(24));
    /// Canceled within 48 hours of the start.
    LateCanceled48 = "late_canceled_48h", Way::Count(Metric::CanceledWithin(48));
    /// The quotes of performed inspections.
    QuotedRevenue = "quoted_revenue", Way::Money(Metric::Quoted);
    /// Their mean.
    AverageQuote = "average_quote", Way::MeanMoney(Metric::Quoted);
    /// Their middle.
    MedianQuote = "median_quote", Way::MiddleMoney(Metric::Quoted);
    /// The planned hours of performed inspections.
    Hours = "hours", Way::Hours(Metric::Hours);
    /// Performed inspections with an add-on, of all performed.
    AttachRate = "attach_rate", Way::Share(Metric::Attach, Metric::Volume);
    /// Performed and not paid.
    Unpaid = "unpaid", Way::Count(Metric::Unpaid);
    /// The quotes of these.
    UnpaidQuoted = "unpaid_quoted", Way::Money(Metric::UnpaidQuoted);
    /// Performed without a published report.
    Unpublished = "unpublished", Way::Count(Metric::Unpublished);
    /// From the start to the published report, in hours.
    HoursStartToPublish = "hours_start_to_publish", Way::Middle(Metric::PublishedAtAll, start_to_publish);
    /// From the planned end to the published report, in hours.
    HoursToPublish = "hours_to_publish", Way::Middle(Metric::Published, end_to_publish);
    /// From booking to the start, in days.
    LeadDays = "lead_days", Way::Middle(Metric::LeadTime, lead_days);
    /// The first ones of their agents.
    FirstTimeAgents = "first_time_agents", Way::Count(Metric::FirstTimeAgents);
    /// Performed for clients who had one before.
    RepeatClients = "repeat_clients", Way::Count(Metric::RepeatClients);
    /// Not canceled and not signed.
    AgreementsUnsigned = "agreements_unsigned", Way::Count(Metric::AgreementsUnsigned);
    /// Not canceled and still to come.
    Upcoming = "upcoming", Way::Count(Metric::Upcoming);
    /// The quotes of these.
    UpcomingQuoted = "upcoming_quoted", Way::Money(Metric::UpcomingQuoted);
}

impl Measure {
    /// The one with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|measure| measure.name() == name)
    }

    /// The inspections behind it; of a share those that have it.
    pub const fn metric(self) -> Metric {
        match self.way() {
            Way::Count(metric)
            | Way::Share(metric, _)
            | Way::Money(metric)
            | Way::MeanMoney(metric)
            | Way::MiddleMoney(metric)
            | Way::Hours(metric)
            | Way::Middle(metric, _) => metric,
        }
    }

    /// Whether it is money.
    pub fn is_money(self) -> bool {
        matches!(self.way(), Way::Money(_) | Way::MeanMoney(_) | Way::MiddleMoney(_))
    }

    /// Whether it tells what is paid.
    pub fn tells_payment(self) -> bool {
        matches!(self, Self::Unpaid | Self::UnpaidQuoted)
    }

    /// Whether the values of groups add up.
    pub fn adds_up(self) -> bool {
        matches!(self.way(), Way::Count(_) | Way::Money(_) | Way::Hours(_))
    }
}

fn hours_between(from: f64, to: i64) -> f64 {
    (to as f64 - from) / HOUR_MS
}

fn start_to_publish(fact: &Fact) -> Option<f64> {
    fact.published_at().map(|at| hours_between(fact.starts_at() as f64, at))
}

pub(super) fn end_to_publish(fact: &Fact) -> Option<f64> {
    let end = fact.starts_at() as f64 + fact.hours()? * HOUR_MS;
    fact.published_at().map(|at| hours_between(end, at))
}

fn lead_days(fact: &Fact) -> Option<f64> {
    fact.created_at().map(|at| hours_between(at as f64, fact.starts_at()) / DAY_HOURS)
}

/// What is asked of the rows.
#[derive(Clone, Debug)]
pub struct BreakdownWanted {
    /// The numbers of each group.
    pub measures: Vec<Measure>,
    /// What inspections are grouped by; at most two.
    pub by: Vec<GroupBy>,
    /// By what calendar.
    pub calendar: Calendar,
}

/// What measures of inspections are made of; those of several groups can be put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// How many inspections are behind any of the measures.
    pub inspections: u64,
    parts: Vec<Partial>,
}

#[derive(Clone, Debug, PartialEq)]
enum Partial {
    Count(u64),
    Share(u64, u64),
    /// The sum in ten-thousandths, and of how many.
    Money(i128, u64),
    Hours(f64),
    Values(Vec<f64>),
}

/// The value of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MeasureValue {
    /// A number of inspections.
    Count(u64),
    /// A share.
    Rate(Rate),
    /// Money in ten-thousandths.
    Money(i128),
    /// Hours or days.
    Number(f64),
    /// There is nothing to take a share, a mean or a middle of.
    Nothing,
}

impl MeasureValue {
    /// What values are sorted by: nothing comes after everything.
    pub fn rank(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Rate(rate) => rate.rate,
            Self::Money(money) => money as f64,
            Self::Number(number) => number,
            Self::Nothing => f64::NEG_INFINITY,
        }
    }
}

impl Cell {
    /// The cell of no inspection.
    pub fn new(measures: &[Measure]) -> Self {
        let part = |measure: &Measure| match measure.way() {
            Way::Count(_) => Partial::Count(0),
            Way::Share(..) => Partial::Share(0, 0),
            Way::Money(_) | Way::MeanMoney(_) => Partial::Money(0, 0),
            Way::Hours(_) => Partial::Hours(0.0),
            Way::MiddleMoney(_) | Way::Middle(..) => Partial::Values(Vec::new()),
        };
        Self { inspections: 0, parts: measures.iter().map(part).collect() }
    }

    fn add(&mut self, counted: &[Counted]) {
        self.inspections += 1;
        for (part, counted) in self.parts.iter_mut().zip(counted) {
            match (part, counted) {
                (Partial::Count(count), Counted::Yes) => *count += 1,
                (Partial::Share(has, of), Counted::Of(is)) => {
                    *has += u64::from(*is);
                    *of += 1;
                }
                (Partial::Money(sum, count), Counted::Money(money)) => {
                    *sum += i128::from(*money);
                    *count += 1;
                }
                (Partial::Hours(hours), Counted::Number(number)) => *hours += number,
                (Partial::Values(values), Counted::Number(number)) => values.push(*number),
                _ => {}
            }
        }
    }

    /// Puts another group's inspections to these.
    pub fn absorb(&mut self, other: &Self) {
        self.inspections += other.inspections;
        for pair in self.parts.iter_mut().zip(&other.parts) {
            match pair {
                (Partial::Count(count), Partial::Count(more)) => *count += more,
                (Partial::Share(has, of), Partial::Share(more, of_more)) => {
                    *has += more;
                    *of += of_more;
                }
                (Partial::Money(sum, count), Partial::Money(more, of_more)) => {
                    *sum += more;
                    *count += of_more;
                }
                (Partial::Hours(hours), Partial::Hours(more)) => *hours += more,
                (Partial::Values(values), Partial::Values(more)) => values.extend(more),
                _ => {}
            }
        }
    }

    /// The value of the measure at this place among those asked for, and whether it stands on fewer than
    /// [`SMALL_SAMPLE`] inspections (said of means, middles and shares).
    pub fn value(&self, place: usize, measure: Measure) -> (MeasureValue, bool) {
        let few = |count: u64| count < SMALL_SAMPLE;
        match self.parts.get(place) {
            Some(Partial::Count(count)) => (MeasureValue::Count(*count), false),
            Some(Partial::Share(has, of)) => match rate(*has, *of) {
                Some(rate) => (MeasureValue::Rate(rate), rate.small_sample),
                None => (MeasureValue::Nothing, false),
            },
            Some(Partial::Money(sum, count)) => match measure.way() {
                Way::MeanMoney(_) if *count == 0 => (MeasureValue::Nothing, false),
                Way::MeanMoney(_) => (MeasureValue::Money(to_cents(*sum as f64 / *count as f64)), few(*count)),
                _ => (MeasureValue::Money(*sum), false),
            },
            Some(Partial::Hours(hours)) => (MeasureValue::Number(*hours), false),
            Some(Partial::Values(values)) => match median(values.clone()) {
                Some(middle) if measure.is_money() => (MeasureValue::Money(to_cents(middle)), few(values.len() as u64)),
                Some(middle) => (MeasureValue::Number(middle), few(values.len() as u64)),
                None => (MeasureValue::Nothing, false),
            },
            None => (MeasureValue::Nothing, false),
        }
    }
}

/// Ten-thousandths rounded to whole cents.
fn to_cents(ten_thousandths: f64) -> i128 {
    #[expect(clippy::cast_possible_truncation, reason = "an amount of money that was rounded")]
    let cents = (ten_thousandths / 100.0).round() as i128;
    cents * 100
}

/// What one inspection adds to one measure.
#[derive(Clone, Copy)]
enum Counted {
    No,
    Yes,
    /// To a share: whether it has it.
    Of(bool),
    Money(i64),
    Number(f64),
}

fn counted(measure: Measure, fact: &Fact, counting: &Counting<'_>) -> Counted {
    let counts = |metric| counting.counts_dated(metric, fact);
    let money = |metric| if counts(metric) { fact.quote() } else { None };
    let number = |number: Option<f64>| number.map_or(Counted::No, Counted::Number);
    match measure.way() {
        Way::Count(metric) if counts(metric) => Counted::Yes,
        Way::Share(metric, of) if counts(of) => Counted::Of(counts(metric)),
        Way::Money(metric) | Way::MeanMoney(metric) => money(metric).map_or(Counted::No, Counted::Money),
        Way::MiddleMoney(metric) => number(money(metric).map(|quote| quote as f64)),
        Way::Hours(metric) if counts(metric) => number(fact.hours()),
        Way::Middle(metric, of) if counts(metric) => number(of(fact)),
        _ => Counted::No,
    }
}

/// The groups of one company and period: by what they are called, in no order.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// A name for each kind of group asked for, and the group.
    pub cells: Vec<(Vec<GroupLabel>, Cell)>,
    /// Each inspection once.
    pub totals: Cell,
}

/// Cells by the groups they are of; [`GroupKey::None`] stands for a kind that was not asked for.
type Cells = HashMap<(GroupKey, GroupKey), Cell>;

/// Rows are counted in so many parts: always as many, so that a sum is the same whatever the processors are.
const PARTS: usize = 2;

/// The groups of the inspections of `rows` that are dated in the period of `counting`, which stands on all inspections, of
/// which the rows are some; both must have the same names.
pub fn breakdown(
    rows: &FactTable,
    counting: &Counting<'_>,
    wanted: &BreakdownWanted,
    kept: impl Fn(&Fact) -> bool + Sync,
) -> Breakdown {
    let groups: Vec<Groups<'_>> = wanted.by.iter().map(|by| Groups::new(*by, rows, &wanted.calendar)).collect();
    let around = counting.around(rows);
    let parts: Vec<&[Fact]> = around.chunks(around.len().div_ceil(PARTS).max(1)).collect();
    let count = |part: &&[Fact]| counted_of(part, counting, wanted, &groups, &kept);
    let mut counted = in_parts(&parts, around.len(), count).into_iter();
    let nothing = || (Cells::default(), Cell::new(&wanted.measures));
    let (mut cells, mut totals) = counted.next().unwrap_or_else(nothing);
    for (more, sum) in counted {
        totals.absorb(&sum);
        for (key, cell) in more {
            match cells.entry(key) {
                Entry::Occupied(mut known) => known.get_mut().absorb(&cell),
                Entry::Vacant(new) => drop(new.insert(cell)),
            }
        }
    }
    // What a group is called is made once, however many cells it is part of.
    let mut names: Vec<HashMap<GroupKey, GroupLabel>> = groups.iter().map(|_| HashMap::default()).collect();
    let mut label = |(one, other): (GroupKey, GroupKey)| -> Vec<GroupLabel> {
        let named = groups.iter().zip(&mut names).zip([one, other]);
        named.map(|((groups, names), key)| names.entry(key).or_insert_with(|| groups.label(key)).clone()).collect()
    };
    let cells = cells.into_iter().map(|(keys, cell)| (label(keys), cell)).collect();
    Breakdown { cells, totals }
}

/// The cells of some rows, and all of the rows together.
fn counted_of(
    rows: &[Fact],
    counting: &Counting<'_>,
    wanted: &BreakdownWanted,
    groups: &[Groups<'_>],
    kept: &(impl Fn(&Fact) -> bool + Sync),
) -> (Cells, Cell) {
    let (mut cells, mut totals) = (Cells::default(), Cell::new(&wanted.measures));
    let (mut first, mut second, mut adds) = (Vec::new(), Vec::new(), Vec::new());
    for fact in rows.iter().filter(|fact| counting.is_dated(fact) && kept(fact)) {
        adds.clear();
        adds.extend(wanted.measures.iter().map(|measure| counted(*measure, fact, counting)));
        if adds.iter().all(|one| matches!(one, Counted::No)) {
            continue;
        }
        totals.add(&adds);
        for (keys, place) in [(&mut first, 0), (&mut second, 1)] {
            keys.clear();
            match groups.get(place) {
                Some(groups) => groups.of(fact, counting, keys),
                None => keys.push(GroupKey::None),
            }
        }
        for one in &first {
            for other in &second {
                cells.entry((*one, *other)).or_insert_with(|| Cell::new(&wanted.measures)).add(&adds);
            }
        }
    }
    (cells, totals)
}

/// Which inspections of `rows` are behind a measure in the groups called `names`, the latest first.
pub fn behind(
    rows: &FactTable,
    counting: &Counting<'_>,
    metric: Metric,
    (by, names): (&[GroupBy], &[String]),
    calendar: &Calendar,
    kept: impl Fn(&Fact) -> bool,
) -> Vec<Fact> {
    let groups: Vec<Groups<'_>> = by.iter().map(|by| Groups::new(*by, rows, calendar)).collect();
    let mut keys = Vec::new();
    let mut is_there = |fact: &Fact| {
        groups.iter().zip(names).all(|(groups, name)| {
            keys.clear();
            groups.of(fact, counting, &mut keys);
            keys.iter().any(|key| groups.label(*key).name == *name)
        })
    };
    let mut found: Vec<Fact> = Vec::new();
    for fact in counting.around(rows) {
        if counting.counts(metric, fact) && kept(fact) && is_there(fact) {
            found.push(*fact);
        }
    }
    found.sort_by_key(|fact| (-fact.starts_at(), fact.pk()));
    found
}

/// What inspections are left out by besides their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Any of these states; all when none is given.
    pub states: Vec<JobState>,
    /// Paid or not.
    pub paid: Option<bool>,
    /// Confirmed or not.
    pub confirmed: Option<bool>,
}

/// A state that several inspections may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Past and not canceled, published or not.
    Performed,
    /// Performed, and no report is published.
    Unpublished,
    /// Performed and published.
    Published,
    /// Canceled.
    Canceled,
    /// Not canceled and still to come.
    Upcoming,
}

impl JobState {
    /// All there are, in the order shown to users.
    pub const ALL: &'static [Self] =
        &[Self::Performed, Self::Unpublished, Self::Published, Self::Canceled, Self::Upcoming];

    /// The name in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Performed => "performed",
            Self::Unpublished => "unpublished",
            Self::Published => "published",
            Self::Canceled => "canceled",
            Self::Upcoming => "upcoming",
        }
    }
}

impl Kept {
    /// Whether an inspection is one of these, `now` in milliseconds since 1970.
    pub fn keeps(&self, fact: &Fact, now: i64) -> bool {
        let has_begun = fact.starts_at() < now;
        let performed = has_begun && !fact.is_canceled();
        let is = |state: &JobState| match state {
            JobState::Performed => performed,
            JobState::Unpublished => performed && fact.published_at().is_none(),
            JobState::Published => performed && fact.published_at().is_some(),
            JobState::Canceled => fact.is_canceled(),
            JobState::Upcoming => !has_begun && !fact.is_canceled(),
        };
        (self.states.is_empty() || self.states.iter().any(is))
            && self.paid.is_none_or(|paid| fact.paid() == Some(paid))
            && self.confirmed.is_none_or(|confirmed| fact.confirmed() == Some(confirmed))
    }
}
