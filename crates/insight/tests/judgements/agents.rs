//! Agents: who has gone quiet, how likely such a silence is, and whether referrals rise or fade.

#[path = "agents/flow.rs"]
mod flow;

use std::collections::BTreeMap;

use insight::{AgentNumbers, Course, DormantRule, Scope, agent_analysis};

use crate::measure::{Bound, Line, Mean};
use crate::worlds::{DAY_MS, NOW, chances};
use flow::{Company, Flow, Trend, table};

/// Agents of one kind in each world.
const AGENTS: usize = 20;

/// What stated chances of silence must hold.
#[derive(Clone, Copy)]
enum Stated {
    /// They are right within a factor of two.
    Holds,
    /// They are not more than twice too small; where cases or waits are few, or beside agents of another kind, they may be
    /// too large.
    NotTooSmall,
    /// The same within a factor of three: while the company itself changes.
    Roughly,
}

/// Agents of one kind in a company of one kind, all of them still active.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    flow: Flow,
    /// Referrals a month.
    monthly: f64,
    /// How long the agents have sent work.
    years: f64,
    company: Company,
    agents: usize,
    /// The most of them that may be called dormant.
    flagged: Bound,
    stated: Stated,
    /// Whether steady agents may be called rising or fading in no more than one of twenty cases.
    steady: bool,
}

const POISSON: World = World {
    name: "",
    flow: Flow::Poisson,
    monthly: 1.0,
    years: 3.0,
    company: Company::Still,
    agents: AGENTS,
    flagged: Bound::None,
    stated: Stated::Holds,
    steady: true,
};
const CLUMPED: World = World { flow: Flow::Clumped { days: 7.0 }, ..POISSON };
const WIDE: World = World { flow: Flow::Clumped { days: 21.0 }, ..POISSON };
const WINTER: World = World { stated: Stated::Roughly, flagged: Bound::AtMost(0.05), ..POISSON };

const WORLDS: [World; 38] = [
    World { name: "Poisson, .5 a month", monthly: 0.5, ..POISSON },
    World { name: "Poisson, 1 a month", ..POISSON },
    World { name: "Poisson, 2 a month", monthly: 2.0, ..POISSON },
    World { name: "Poisson, 4 a month", monthly: 4.0, ..POISSON },
    World { name: "Poisson, 12 a month", monthly: 12.0, agents: 10, stated: Stated::NotTooSmall, ..POISSON },
    World { name: "Poisson, 1 a month, a year", years: 1.0, ..POISSON },
    World { name: "Poisson, 2 a month, half a year", years: 0.5, monthly: 2.0, stated: Stated::NotTooSmall, ..POISSON },
    World { name: "Poisson, 1 a month, six years", years: 6.0, ..POISSON },
    World { name: "clumps, .5 a month", monthly: 0.5, flagged: Bound::AtMost(0.12), ..CLUMPED },
    World { name: "clumps, 1 a month", flagged: Bound::AtMost(0.08), ..CLUMPED },
    World { name: "clumps, 2 a month", monthly: 2.0, flagged: Bound::AtMost(0.08), ..CLUMPED },
    World { name: "clumps, 4 a month", monthly: 4.0, flagged: Bound::AtMost(0.08), ..CLUMPED },
    World { name: "clumps, 2 a month, a year", monthly: 2.0, years: 1.0, flagged: Bound::AtMost(0.08), ..CLUMPED },
    World { name: "clumps, .5 a month, six years", monthly: 0.5, years: 6.0, flagged: Bound::AtMost(0.12), ..CLUMPED },
    World { name: "clumps of three weeks, .5 a month", monthly: 0.5, flagged: Bound::AtMost(0.12), ..WIDE },
    World { name: "clumps of three weeks, 1 a month", flagged: Bound::AtMost(0.08), ..WIDE },
    World { name: "clumps of three weeks, 2 a month", monthly: 2.0, flagged: Bound::AtMost(0.08), ..WIDE },
    World { name: "clumps of three weeks, 4 a month", monthly: 4.0, flagged: Bound::AtMost(0.08), ..WIDE },
    World { name: "two or three in a minute, 1 a month", flow: Flow::Minute, flagged: Bound::AtMost(0.08), ..POISSON },
    World {
        name: "half the company's agents in clumps: those",
        company: Company::Beside(Flow::Poisson),
        flagged: Bound::AtMost(0.12),
        ..CLUMPED
    },
    World {
        name: "half the company's agents in clumps: others",
        company: Company::Beside(Flow::Clumped { days: 21.0 }),
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World { name: "regular, 1 a month", flow: Flow::Gaps(4.0), stated: Stated::NotTooSmall, ..POISSON },
    World { name: "irregular, 1 a month", flow: Flow::Gaps(0.5), flagged: Bound::AtMost(0.1), ..POISSON },
    World {
        name: "busy and slack quarters, 2 a month",
        flow: Flow::Switching,
        monthly: 2.0,
        stated: Stated::NotTooSmall,
        steady: false,
        ..POISSON
    },
    World { name: "dead winter just over, 2 a month", monthly: 2.0, company: Company::DeadWinters, ..WINTER },
    World { name: "dead winter just over, 3 a month", monthly: 3.0, company: Company::DeadWinters, ..WINTER },
    World { name: "dead winter just over, 4 a month", monthly: 4.0, company: Company::DeadWinters, ..WINTER },
    World { name: "first dead winter, 2 a month", monthly: 2.0, company: Company::FirstDeadWinter, ..WINTER },
    World {
        name: "low season, 2 a month",
        monthly: 2.0,
        company: Company::Season,
        flagged: Bound::AtMost(0.1),
        ..WINTER
    },
    World { name: "low season, 1 a month", company: Company::Season, flagged: Bound::AtMost(0.15), ..WINTER },
    World { name: "company down by half, 1 a month", company: Company::Halved, flagged: Bound::AtMost(0.15), ..WINTER },
    World {
        name: "company grown threefold, 1 a month",
        company: Company::Grown,
        flagged: Bound::AtMost(0.08),
        ..POISSON
    },
    World {
        name: "young company, 2 a month",
        monthly: 2.0,
        years: 0.5,
        company: Company::Young,
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World {
        name: "most of the company, 4 a month",
        monthly: 4.0,
        company: Company::Tiny,
        agents: 1,
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World {
        name: "three jobs a month, 1 of them",
        company: Company::Small,
        agents: 1,
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World {
        name: "three jobs a month, .5 of them",
        monthly: 0.5,
        company: Company::Small,
        agents: 1,
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World {
        name: "nobody else, 1 a month",
        company: Company::Nobody,
        agents: 1,
        stated: Stated::NotTooSmall,
        ..POISSON
    },
    World {
        name: "record three years old, 2 a month for one",
        monthly: 2.0,
        years: 1.0,
        company: Company::OldRecords,
        ..POISSON
    },
];

fn judged(facts: &domain::FactTable, agents: usize, now: i64) -> Vec<AgentNumbers> {
    let scope = Scope { from: 0, to: 100_000 };
    let analysis = agent_analysis(facts, &scope, None, now);
    let of_world = |one: &AgentNumbers| facts.agent_key(one.agent) <= i64::try_from(agents).unwrap();
    analysis.agents.into_iter().filter(|one| of_world(one) && one.last.is_some()).collect()
}

impl World {
    fn lines(self, worlds: u64, first_seed: u64) -> Vec<Line> {
        let (mut flagged, mut by_90, mut more, mut named, mut broken_off) =
            (Mean::default(), Mean::default(), Mean::default(), Mean::default(), Mean::default());
        let mut told = Mean::default();
        let mut below = [
            ("silence: stated chance below .01", 0.01, Mean::default()),
            ("silence: stated chance below .05", 0.05, Mean::default()),
            ("silence: stated chance below .2", 0.2, Mean::default()),
        ];
        for seed in first_seed..first_seed + worlds {
            let mut chances = chances(self.name, seed);
            let facts =
                table(&mut chances, self.company, self.flow, self.monthly, self.years, self.agents, Trend::Steady, 0);
            let agents = judged(&facts, self.agents, NOW);
            if agents.is_empty() {
                continue;
            }
            let share = |holds: &dyn Fn(&AgentNumbers) -> bool| {
                agents.iter().filter(|one| holds(one)).count() as f64 / agents.len() as f64
            };
            let stated: Vec<f64> = agents.iter().filter_map(|one| one.chance_of_silence).collect();
            let (dormant, fixed) =
                (share(&|one| one.is_dormant(DormantRule::default())), share(&AgentNumbers::is_dormant_by_90_days));
            flagged.add(dormant);
            by_90.add(fixed);
            more.add(dormant - fixed);
            named.add(share(&|one| one.is_rising(NOW) || one.is_fading()));
            broken_off.add(share(&|one| one.course.is_some_and(|(course, _)| course == Course::BrokenOff)));
            told.add(share(&|one| one.course.is_some()));
            for (_, chance, mean) in &mut below {
                if !stated.is_empty() {
                    mean.add(stated.iter().filter(|stated| **stated < *chance).count() as f64 / stated.len() as f64);
                }
            }
        }
        let mut lines = vec![
            Line::new("dormant: active agents flagged", self.name, flagged, self.flagged),
            Line::new("dormant: the same by 90 days", self.name, by_90, Bound::None),
            Line::new("dormant: flagged less those by 90 days", self.name, more, Bound::AtMost(0.0)),
        ];
        for (what, chance, mean) in below {
            let bound = match self.stated {
                Stated::Holds => Bound::Between(chance / 2.0, chance * 2.0),
                Stated::NotTooSmall => Bound::AtMost(chance * 2.0),
                Stated::Roughly => Bound::AtMost((chance * 300.0).round() / 100.0),
            };
            lines.push(Line::new(what, self.name, mean, bound));
        }
        let bound = if self.steady { Bound::AtMost(0.05) } else { Bound::None };
        lines.push(Line::new("courses: steady agents rising or fading", self.name, named, bound));
        lines.push(Line::new("courses: steady agents broken off", self.name, broken_off, Bound::None));
        lines.push(Line::new("courses: told at all", self.name, told, Bound::None));
        lines
    }
}

/// Days from the instant at which a few agents stop to the first day on which they are called dormant: the mean of the world, and
/// the middle one. Silence that was under way when they stopped counts.
fn found(name: &'static str, flow: Flow, monthly: f64, bound: Bound, worlds: u64, first_seed: u64) -> Vec<Line> {
    const DAYS: i64 = 200;
    const STOPPED: usize = 10;
    let (mut mean, mut middle, mut mean_90, mut middle_90) =
        (Mean::default(), Mean::default(), Mean::default(), Mean::default());
    for seed in first_seed..first_seed + worlds {
        let mut chances = chances(name, seed);
        let facts = table(&mut chances, Company::Large, flow, monthly, 3.0, STOPPED, Trend::Steady, DAYS);
        let mut known: BTreeMap<i64, Vec<AgentNumbers>> = BTreeMap::new();
        let mut first = |agent: i64, is_found: &dyn Fn(&AgentNumbers) -> bool| {
            // Whoever is found stays found: nothing comes any more.
            let (mut not_yet, mut by_then) = (-1, DAYS);
            while 1 < by_then - not_yet {
                let day = i64::midpoint(not_yet, by_then);
                let agents = known.entry(day).or_insert_with(|| judged(&facts, STOPPED, NOW + day * DAY_MS));
                let found = agents.iter().any(|one| facts.agent_key(one.agent) == agent && is_found(one));
                (not_yet, by_then) = if found { (not_yet, day) } else { (day, by_then) };
            }
            by_then
        };
        let agents = 1..=i64::try_from(STOPPED).unwrap();
        let days: Vec<i64> =
            agents.clone().map(|one| first(one, &|one| one.is_dormant(DormantRule::default()))).collect();
        let days_90: Vec<i64> = agents.map(|one| first(one, &AgentNumbers::is_dormant_by_90_days)).collect();
        for (days, mean, middle) in [(days, &mut mean, &mut middle), (days_90, &mut mean_90, &mut middle_90)] {
            let mut days = days;
            days.sort_unstable();
            mean.add(days.iter().sum::<i64>() as f64 / STOPPED as f64);
            middle.add((days[STOPPED / 2 - 1] + days[STOPPED / 2]) as f64 / 2.0);
        }
    }
    vec![
        Line::new("dormant: days until found, mean", name, mean, bound),
        Line::new("dormant: days until found, middle", name, middle, Bound::None),
        Line::new("dormant: by 90 days, mean", name, mean_90, Bound::None),
        Line::new("dormant: by 90 days, middle", name, middle_90, Bound::None),
    ]
}

/// How many agents of a known course are named so; they are few beside the company.
fn power(name: &'static str, trend: Trend, monthly: f64, bound: Bound, worlds: u64, first_seed: u64) -> Line {
    const FEW: usize = 3;
    let mut named = Mean::default();
    for seed in first_seed..first_seed + worlds {
        let mut chances = chances(name, seed);
        let facts = table(&mut chances, Company::Still, Flow::Poisson, monthly, 3.0, FEW, trend, 0);
        let agents = judged(&facts, FEW, NOW);
        let is_named = |one: &&AgentNumbers| match trend {
            Trend::Rising => one.is_rising(NOW),
            Trend::Fading => one.is_fading(),
            Trend::RisingUntilLately => !one.is_rising(NOW),
            Trend::FadingUntilLately => !one.is_fading(),
            Trend::BrokenOff => one.is_lapsed(DormantRule::default()),
            Trend::Steady => !one.is_rising(NOW) && !one.is_fading(),
        };
        named.add(agents.iter().filter(is_named).count() as f64 / agents.len().max(1) as f64);
    }
    Line::new("courses: named rightly", name, named, bound)
}

pub(crate) fn lines(worlds: u64, first_seed: u64) -> Vec<Line> {
    // Each of these is asked for on some fifty days.
    let some = worlds.div_ceil(2);
    let mut lines: Vec<Line> = WORLDS.iter().flat_map(|world| world.lines(worlds, first_seed)).collect();
    lines.extend(found("Poisson, .5 a month, stop", Flow::Poisson, 0.5, Bound::None, some, first_seed));
    lines.extend(found("Poisson, 1 a month, stop", Flow::Poisson, 1.0, Bound::AtMost(67.0), worlds, first_seed));
    lines.extend(found("Poisson, 2 a month, stop", Flow::Poisson, 2.0, Bound::None, some, first_seed));
    lines.extend(found("clumps, 2 a month, stop", Flow::Clumped { days: 7.0 }, 2.0, Bound::None, some, first_seed));
    for (name, trend, monthly, bound) in [
        ("rising, 1 a month", Trend::Rising, 1.0, Bound::None),
        ("rising, 2 a month", Trend::Rising, 2.0, Bound::AtLeast(0.7)),
        ("rising, 4 a month", Trend::Rising, 4.0, Bound::AtLeast(0.8)),
        ("rising, 12 a month", Trend::Rising, 12.0, Bound::AtLeast(0.8)),
        ("rising until half a year ago, 2 a month", Trend::RisingUntilLately, 2.0, Bound::None),
        ("rising until half a year ago, 4 a month", Trend::RisingUntilLately, 4.0, Bound::AtLeast(0.65)),
        ("fading until a quarter ago, 2 a month", Trend::FadingUntilLately, 2.0, Bound::AtLeast(0.9)),
        ("fading until a quarter ago, 4 a month", Trend::FadingUntilLately, 4.0, Bound::AtLeast(0.9)),
        ("fading, 1 a month", Trend::Fading, 1.0, Bound::None),
        ("fading, 2 a month", Trend::Fading, 2.0, Bound::AtLeast(0.7)),
        ("fading, 4 a month", Trend::Fading, 4.0, Bound::AtLeast(0.8)),
        ("fading, 12 a month", Trend::Fading, 12.0, Bound::AtLeast(0.8)),
        ("stopped half a year ago, 1 a month", Trend::BrokenOff, 1.0, Bound::None),
        ("stopped half a year ago, 2 a month", Trend::BrokenOff, 2.0, Bound::AtLeast(0.7)),
        ("stopped half a year ago, 4 a month", Trend::BrokenOff, 4.0, Bound::AtLeast(0.8)),
    ] {
        lines.push(power(name, trend, monthly, bound, worlds, first_seed));
    }
    lines
}
