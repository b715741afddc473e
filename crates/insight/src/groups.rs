//! What inspections are grouped by, and what the groups are called.

use rustc_hash::FxHashMap as HashMap;

use super::metric::{Counting, DateOf, Metric};
use domain::{AgentNumber, Fact, FactTable, InspectorNumber, Named, WeekStart, WordNumber, date_of, epoch_day, fold};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a group without a value is called.
const NONE: &str = "(none)";
/// The days of unpaid jobs, from the younger to the older: the first and the last one, and what to call them.
const AGES: [(i64, &str); 4] = [(30, "0-30 days"), (60, "31-60 days"), (90, "61-90 days"), (i64::MAX, "over 90 days")];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const STATUSES: [&str; 4] = ["canceled", "upcoming", "unpublished", "published"];
const PAYMENTS: [&str; 3] = ["paid", "unpaid", "unknown"];

macro_rules! group_by {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// What inspections are grouped by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GroupBy { $($(#[$doc])* $variant,)+ }

        impl GroupBy {
            /// All there is, in the order shown to users.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in arguments and answers.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

group_by! {
    /// The primary inspector.
    Inspector = "inspector";
    /// Primary and assisting inspectors: in a group for each.
    AnyInspector = "any_inspector";
    /// The buying agent.
    Agent = "agent";
    /// The agency the buying agent is with now.
    Agency = "agency";
    /// The buying agent's team.
    Team = "team";
    /// The buying agent's tags: in a group for each.
    Tag = "tag";
    /// Services: in a group for each.
    Service = "service";
    /// Add-ons: in a group for each.
    AddOn = "add_on";
    /// The exact combination of add-ons.
    AddOns = "add_ons";
    /// The ZIP code.
    Zip = "zip";
    /// The city.
    City = "city";
    /// The day of the week.
    Weekday = "weekday";
    /// The hour in which it begins, by the company's clocks.
    StartHour = "start_hour";
    /// The day.
    Day = "day";
    /// The week, by its first day.
    Week = "week";
    /// The calendar month.
    Month = "month";
    /// The calendar quarter.
    Quarter = "quarter";
    /// The calendar year.
    Year = "year";
    /// Canceled, still to come, or performed with or without a published report.
    Status = "status";
    /// The reason of the cancellation.
    Reason = "reason";
    /// Whether it is paid.
    Paid = "paid";
    /// How long ago a job was that is performed and not paid.
    UnpaidAge = "unpaid_age";
    /// The company.
    Company = "company";
}

impl GroupBy {
    /// The one with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|by| by.name() == name)
    }

    /// Whether an inspection can be in several groups.
    pub fn is_several(self) -> bool {
        matches!(self, Self::AnyInspector | Self::Tag | Self::Service | Self::AddOn)
    }

    /// Whether groups have an order of their own, such as that of time.
    pub fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Day
                | Self::Week
                | Self::Month
                | Self::Quarter
                | Self::Year
                | Self::Weekday
                | Self::StartHour
                | Self::UnpaidAge
        )
    }

    /// Whether a group is in one period alone, so that there is nothing to compare it with.
    pub fn is_of_one_period(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month | Self::Quarter | Self::Year)
    }

    /// Whether the groups tell what of a job is paid.
    pub fn tells_payment(self) -> bool {
        matches!(self, Self::Paid | Self::UnpaidAge)
    }
}

/// A group of one kind; what it is called says [`Groups::label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum GroupKey {
    /// Inspections without what is grouped by.
    None,
    Word(WordNumber),
    Inspector(InspectorNumber),
    /// The caller's own work with somebody who is not told of.
    AnotherInspector,
    Agent(AgentNumber),
    /// The place of a combination among those of the table.
    AddOns(usize),
    /// A day, a month counted from year 0, a rank: whatever the kind has.
    Number(i64),
}

/// What a group is called, and where it stands among others of an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupLabel {
    /// The same for all groups where they have no order of their own.
    pub place: i64,
    /// The name without case and accents: groups of several companies with the same one are the same group.
    pub folded: String,
    /// What it is called.
    pub name: String,
}

impl GroupLabel {
    /// The group of this name, at this place.
    pub fn new(place: i64, name: String) -> Self {
        Self { place, folded: fold(&name), name }
    }
}

/// By what calendar inspections are grouped.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The date that places an inspection.
    pub date_of: DateOf,
    /// The company's zone.
    pub zone: TimeZone,
    /// The day on which weeks begin.
    pub week_starts: WeekStart,
    /// The company's today, in days since 1970-01-01.
    pub today: i64,
}

/// Puts the inspections of one table into the groups of one kind.
pub(super) struct Groups<'a> {
    by: GroupBy,
    facts: &'a FactTable,
    calendar: &'a Calendar,
    /// The spelling that stands for each word, where several mean the same.
    joined: HashMap<WordNumber, WordNumber>,
    /// By combination of what was sold: the first one with the same add-ons.
    add_ons: Vec<usize>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(by: GroupBy, facts: &'a FactTable, calendar: &'a Calendar) -> Self {
        let joined = joined(by, facts);
        let add_ons = if by == GroupBy::AddOns { combinations(facts) } else { Vec::new() };
        Self { by, facts, calendar, joined, add_ons }
    }

    /// Adds the groups of an inspection to `keys`; one at least.
    pub(super) fn of(&self, fact: &Fact, counting: &Counting<'_>, keys: &mut Vec<GroupKey>) {
        let before = keys.len();
        let word = |word: Option<WordNumber>| word.map_or(GroupKey::None, |word| GroupKey::Word(self.one(word)));
        let agent = || fact.buying_agent().and_then(|agent| self.facts.agent(agent));
        match self.by {
            GroupBy::Inspector => keys.push(fact.inspector().map_or(GroupKey::None, |one| self.inspector(one))),
            GroupBy::AnyInspector => {
                let all = fact.inspector().into_iter().chain(self.facts.assistants(fact).iter().copied());
                keys.extend(all.map(|one| self.inspector(one)));
            }
            GroupBy::Agent => keys.push(fact.buying_agent().map_or(GroupKey::None, GroupKey::Agent)),
            GroupBy::Agency => keys.push(word(agent().and_then(|agent| agent.agency))),
            GroupBy::Team => keys.push(word(agent().and_then(|agent| agent.team))),
            GroupBy::Tag => {
                keys.extend(agent().into_iter().flat_map(|agent| agent.tags.iter()).map(|tag| word(Some(*tag))));
            }
            GroupBy::Service | GroupBy::AddOn => {
                let sold = self.facts.sold(fact).iter().filter(|word| self.is_sold(**word));
                keys.extend(sold.map(|sold| word(Some(*sold))));
            }
            GroupBy::AddOns => {
                keys.push(
                    self.add_ons.get(fact.sold().index()).map_or(GroupKey::None, |place| GroupKey::AddOns(*place)),
                );
            }
            GroupBy::Zip => keys.push(word(fact.zip())),
            GroupBy::City => keys.push(word(fact.city())),
            GroupBy::Reason => keys.push(word(fact.reason())),
            GroupBy::Company => keys.push(GroupKey::None),
            _ => keys.push(self.number(fact, counting).map_or(GroupKey::None, GroupKey::Number)),
        }
        let added = keys.len() - before;
        if added == 0 {
            keys.push(GroupKey::None);
        } else if 1 < added {
            // Two spellings of one tag, one person twice.
            let mut new = keys.split_off(before);
            new.sort_unstable();
            new.dedup();
            keys.append(&mut new);
        }
    }

    fn number(&self, fact: &Fact, counting: &Counting<'_>) -> Option<i64> {
        match self.by {
            GroupBy::StartHour => Some(i64::from(fact.minute() / 60)),
            GroupBy::Status => Some(if fact.is_canceled() {
                0
            } else if counting.is_to_come(fact) {
                1
            } else if fact.published_at().is_none() {
                2
            } else {
                3
            }),
            GroupBy::Paid => Some(match fact.paid() {
                Some(true) => 0,
                Some(false) => 1,
                None => 2,
            }),
            GroupBy::UnpaidAge => {
                let days = self.calendar.today - fact.day();
                let is_unpaid = counting.counts_dated(Metric::Unpaid, fact);
                let age = AGES.iter().position(|(last, _)| days <= *last).filter(|_| is_unpaid)?;
                i64::try_from(age).ok()
            }
            _ => self.day(fact).map(|day| self.span_of(day)),
        }
    }

    /// The day that places an inspection.
    fn day(&self, fact: &Fact) -> Option<i64> {
        let of = self.calendar.date_of;
        if of == DateOf::Start {
            return Some(fact.day());
        }
        let at = Timestamp::from_millisecond(of.instant(fact)?).ok()?;
        Some(epoch_day(self.calendar.zone.to_datetime(at).date()))
    }

    /// The number of the week, month or whatever a day is in.
    fn span_of(&self, day: i64) -> i64 {
        let month = || {
            let date = date_of(day);
            i64::from(date.year()) * 12 + i64::from(date.month()) - 1
        };
        match self.by {
            GroupBy::Week => self.calendar.week_starts.first_day(day),
            // Ranks from the first day of the week on.
            GroupBy::Weekday => day - self.calendar.week_starts.first_day(day),
            GroupBy::Month => month(),
            GroupBy::Quarter => month().div_euclid(3),
            GroupBy::Year => month().div_euclid(12),
            _ => day,
        }
    }

    fn inspector(&self, one: InspectorNumber) -> GroupKey {
        match self.facts.own() {
            Some(own) if own.inspector != Some(one) => GroupKey::AnotherInspector,
            _ => GroupKey::Inspector(one),
        }
    }

    fn one(&self, word: WordNumber) -> WordNumber {
        self.joined.get(&word).copied().unwrap_or(word)
    }

    fn is_sold(&self, word: WordNumber) -> bool {
        match self.facts.named(word) {
            Some(Named::Service(_)) => self.by == GroupBy::Service,
            Some(Named::AddOn(_)) => self.by == GroupBy::AddOn,
            _ => false,
        }
    }

    /// What a group is called.
    pub(super) fn label(&self, key: GroupKey) -> GroupLabel {
        let named = |name: String| GroupLabel::new(0, name);
        match key {
            GroupKey::None => GroupLabel::new(i64::MAX, NONE.to_owned()),
            GroupKey::Word(word) => named(word_name(self.facts, word)),
            GroupKey::Inspector(one) => named(inspector_name(self.facts, Some(one))),
            GroupKey::AnotherInspector => named("(another inspector)".to_owned()),
            GroupKey::Agent(agent) => named(agent_name(self.facts, agent)),
            GroupKey::AddOns(place) => {
                let words = self.facts.sold_together().nth(place).unwrap_or_default();
                let add_ons = words.iter().filter(|word| self.facts.is_add_on(**word));
                let mut names: Vec<String> = add_ons.map(|word| word_name(self.facts, *word)).collect();
                names.sort_unstable();
                if names.is_empty() { self.label(GroupKey::None) } else { named(names.join(" + ")) }
            }
            GroupKey::Number(number) => GroupLabel::new(number, self.number_name(number)),
        }
    }

    fn number_name(&self, number: i64) -> String {
        let of = |names: &[&str], place: i64| {
            let name = usize::try_from(place).ok().and_then(|place| names.get(place).copied());
            name.unwrap_or(NONE).to_owned()
        };
        let year = |months: i64| months.div_euclid(12);
        match self.by {
            GroupBy::StartHour => hour_name(number),
            GroupBy::Status => of(&STATUSES, number),
            GroupBy::Paid => of(&PAYMENTS, number),
            GroupBy::UnpaidAge => of(&AGES.map(|(_, name)| name), number),
            GroupBy::Weekday => {
                let first = i64::from(self.calendar.week_starts == WeekStart::Monday);
                of(&WEEKDAYS, (number + first).rem_euclid(7))
            }
            GroupBy::Month => format!("{:04}-{:02}", year(number), number.rem_euclid(12) + 1),
            GroupBy::Quarter => format!("{:04}-Q{}", number.div_euclid(4), number.rem_euclid(4) + 1),
            GroupBy::Year => format!("{number:04}"),
            _ => date_of(number).to_string(),
        }
    }
}

/// "9 AM" of 9.
fn hour_name(hour: i64) -> String {
    let half = if hour < 12 { "AM" } else { "PM" };
    format!("{} {half}", (hour + 11).rem_euclid(12) + 1)
}

/// The spelling that stands for each word a kind of group has: where spellings differ in case or accents alone, the one
/// that most rows have.
fn joined(by: GroupBy, facts: &FactTable) -> HashMap<WordNumber, WordNumber> {
    let mut counts: HashMap<WordNumber, u64> = HashMap::default();
    let mut count = |word: Option<WordNumber>| {
        if let Some(word) = word {
            *counts.entry(word).or_default() += 1;
        }
    };
    match by {
        GroupBy::City => facts.rows().iter().for_each(|fact| count(fact.city())),
        GroupBy::Zip => facts.rows().iter().for_each(|fact| count(fact.zip())),
        GroupBy::Reason => facts.rows().iter().for_each(|fact| count(fact.reason())),
        GroupBy::Agency => facts.all_agents().for_each(|(_, agent)| count(agent.agency)),
        GroupBy::Team => facts.all_agents().for_each(|(_, agent)| count(agent.team)),
        GroupBy::Tag => facts.all_agents().for_each(|(_, agent)| agent.tags.iter().for_each(|tag| count(Some(*tag)))),
        GroupBy::Service | GroupBy::AddOn => facts.sold_together().flatten().for_each(|word| count(Some(*word))),
        _ => return HashMap::default(),
    }
    let mut best: HashMap<String, (u64, WordNumber)> = HashMap::default();
    for (word, count) in &counts {
        let Some(named) = facts.named(*word) else { continue };
        let best = best.entry(fold(named.text())).or_insert((*count, *word));
        // Of equals the one the store knew first.
        if best.0 < *count || (best.0 == *count && *word < best.1) {
            *best = (*count, *word);
        }
    }
    let of = |word: &WordNumber| Some((*word, best.get(&fold(facts.named(*word)?.text()))?.1));
    counts.keys().filter_map(of).collect()
}

/// By combination of what was sold: the place of the first one with the same add-ons.
fn combinations(facts: &FactTable) -> Vec<usize> {
    let mut known: HashMap<Vec<WordNumber>, usize> = HashMap::default();
    let places = facts.sold_together().enumerate().map(|(place, words)| {
        let mut add_ons: Vec<WordNumber> = words.iter().copied().filter(|word| facts.is_add_on(*word)).collect();
        add_ons.sort_unstable();
        *known.entry(add_ons).or_insert(place)
    });
    places.collect()
}

/// The name behind a number among the names.
pub fn word_name(facts: &FactTable, word: WordNumber) -> String {
    facts.named(word).map_or_else(|| "?".to_owned(), |named| named.text().to_owned())
}

/// The inspector's name; with the service's id where another one has the same name.
pub fn inspector_name(facts: &FactTable, inspector: Option<InspectorNumber>) -> String {
    let Some(known) = inspector.and_then(|one| facts.inspector(one)) else { return NONE.to_owned() };
    let (id, name) = (&known.id, &known.name);
    let is_shared = facts.shared_inspector_names().contains(&fold(name));
    match id {
        Some(id) if is_shared => format!("{name} (id {id})"),
        None if is_shared => format!("{name} (no id)"),
        _ => name.clone(),
    }
}

/// The agent's name, with the id where another one has the same name; the id where there is none.
pub fn agent_name(facts: &FactTable, agent: AgentNumber) -> String {
    let Some(known) = facts.agent(agent) else { return format!("id {}", facts.agent_key(agent)) };
    match &known.name {
        Some(name) if facts.shared_agent_names().contains(&fold(name)) => format!("{name} (id {})", known.id),
        Some(name) => name.clone(),
        None => format!("id {}", known.id),
    }
}
