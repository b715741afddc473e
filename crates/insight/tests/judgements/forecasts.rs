//! Forecasts of weeks: whether ranges hold, what a change of level does, what bookings are worth, and whether a week said to
//! be short is.

#[path = "forecasts/companies.rs"]
mod companies;

use domain::WeekStart;
use insight::{CapacityPlan, capacity_plan};

use self::companies::{Company, Process, came_to};
use crate::measure::{Bound, Line, Mean};
use crate::worlds::{NOW, THIS_WEEK, TODAY};

const STILL: Company = Company::STILL;

/// Three years of history.
const LONG: [Company; 14] = [
    Company { name: "flat", ..STILL },
    Company { name: "season", season: 0.3, ..STILL },
    Company { name: "growth", growth: 0.25, ..STILL },
    Company { name: "shrinking with a season", growth: -0.2, season: 0.25, ..STILL },
    Company { name: "tiny", usual: 2.0, ..STILL },
    Company { name: "large, season", usual: 150.0, season: 0.3, ..STILL },
    Company { name: "dead winter", dead_winter: true, ..STILL },
    Company { name: "a fifth canceled", canceled: 0.2, ..STILL },
    Company { name: "noisy", process: Process::Overdispersed(3.0), ..STILL },
    Company {
        name: "noisy, season, canceled",
        process: Process::Overdispersed(2.0),
        season: 0.3,
        canceled: 0.15,
        ..STILL
    },
    Company { name: "clumped", process: Process::Clumped, ..STILL },
    Company { name: "smoother than chance, season", process: Process::Smooth, season: 0.3, ..STILL },
    Company { name: "holiday dips", on_holidays: 0.5, ..STILL },
    Company { name: "wandering level", wander: 0.15, ..STILL },
];

/// Shorter ones.
const SHORT: [Company; 15] = [
    Company { name: "80 weeks, season", weeks: 80, season: 0.3, ..STILL },
    Company { name: "62 weeks, season", weeks: 62, season: 0.3, ..STILL },
    Company { name: "40 weeks, season", weeks: 40, season: 0.3, ..STILL },
    Company { name: "20 weeks", weeks: 20, ..STILL },
    Company { name: "20 weeks, season", weeks: 20, season: 0.3, ..STILL },
    Company { name: "20 weeks, noisy", weeks: 20, process: Process::Overdispersed(3.0), ..STILL },
    Company { name: "20 weeks, tiny", weeks: 20, usual: 2.0, ..STILL },
    Company { name: "12 weeks, 6 ahead", weeks: 12, ..STILL },
    Company { name: "12 weeks, 13 ahead", weeks: 12, ahead: 13, ..STILL },
    Company { name: "12 weeks, season, 13 ahead", weeks: 12, season: 0.3, ahead: 13, ..STILL },
    Company { name: "12 weeks, noisy, 13 ahead", weeks: 12, process: Process::Overdispersed(3.0), ahead: 13, ..STILL },
    Company { name: "12 weeks, clumped, 13 ahead", weeks: 12, process: Process::Clumped, ahead: 13, ..STILL },
    Company { name: "new inspector, 12 weeks", weeks: 12, usual: 6.0, inspector: true, ..STILL },
    Company { name: "new inspector, 12 weeks, 13 ahead", weeks: 12, usual: 6.0, inspector: true, ahead: 13, ..STILL },
    Company {
        name: "new inspector, 20 weeks, canceled",
        weeks: 20,
        usual: 6.0,
        canceled: 0.2,
        inspector: true,
        ..STILL
    },
];

/// Those whose level changed.
const CHANGED: [Company; 7] = [
    Company { name: "drop 10 weeks ago", change: Some((10, 0.6)), ..STILL },
    Company { name: "drop 10 weeks ago, season", change: Some((10, 0.6)), season: 0.3, ..STILL },
    Company { name: "drop 3 weeks ago", change: Some((3, 0.6)), ..STILL },
    Company { name: "drop 3 weeks ago, season", change: Some((3, 0.6)), season: 0.3, ..STILL },
    Company { name: "small drop 10 weeks ago", change: Some((10, 0.8)), ..STILL },
    Company { name: "jump 10 weeks ago", change: Some((10, 1.6)), ..STILL },
    Company { name: "drop 30 weeks ago, season", change: Some((30, 0.6)), season: 0.3, ..STILL },
];

const STRAY: Company = Company { name: "one stray job 150 weeks ago", weeks: 30, stray: true, ..STILL };

/// Of fewer weeks no share is told.
const CASES_MIN: usize = 30;

/// What was said of one company, and what came.
struct Tried {
    plan: CapacityPlan,
    came: Vec<f64>,
}

impl Tried {
    /// `None` where there is no forecast: the first week had no work, so that history is a week shorter than it needs to be.
    fn of(company: &Company, seed: u64) -> Option<Self> {
        let jobs = company.jobs(seed);
        let plan = capacity_plan(&company.seen(&jobs), company.ahead, TODAY, NOW, WeekStart::Monday)?;
        assert_eq!(plan.weeks.len(), company.ahead);
        let came = plan.weeks.iter().map(|week| came_to(&jobs, week.begins)).collect();
        Some(Self { plan, came })
    }

    fn weeks(&self) -> impl Iterator<Item = (&insight::Week, f64)> {
        self.plan.weeks.iter().zip(self.came.iter().copied())
    }

    /// In how many of the weeks it is so.
    fn share(&self, is_so: impl Fn(&insight::Week, f64) -> bool) -> f64 {
        self.weeks().filter(|(week, came)| is_so(week, *came)).count() as f64 / self.came.len() as f64
    }
}

fn within(range: (f64, f64), came: f64) -> bool {
    range.0.round() <= came && came <= range.1.round()
}

/// A ratio of two sums over worlds, `parts` of one of each, with the error that this has.
fn ratio(parts: &[(f64, f64)]) -> Mean {
    let (above, below) = parts.iter().fold((0.0, 0.0), |sums, part| (sums.0 + part.0, sums.1 + part.1));
    let mut mean = Mean::default();
    if below != 0.0 {
        let (ratio, usual) = (above / below, below / parts.len() as f64);
        for part in parts {
            mean.add(ratio + (part.0 - ratio * part.1) / usual);
        }
    }
    mean
}

fn mean_of(all: &[Tried], value: impl Fn(&Tried) -> f64) -> Mean {
    let mut mean = Mean::default();
    for tried in all {
        mean.add(value(tried));
    }
    mean
}

fn ratio_of(all: &[Tried], parts: impl Fn(&insight::Week, f64, &Tried) -> (f64, f64)) -> Mean {
    let of_world = |tried: &Tried| {
        let parts = tried.weeks().map(|(week, came)| parts(week, came, tried));
        parts.fold((0.0, 0.0), |sums, part| (sums.0 + part.0, sums.1 + part.1))
    };
    ratio(&all.iter().map(of_world).collect::<Vec<_>>())
}

/// A share of what is said in fewer worlds than this is no measure of it.
const SAID_IN_WORLDS: usize = 20;

/// The bound, where something is said in enough worlds to measure it.
fn where_said(all: &[Tried], is_said: impl Fn(&insight::Week) -> bool, bound: Bound) -> Bound {
    let worlds = all.iter().filter(|tried| tried.weeks().any(|(week, _)| is_said(week))).count();
    if worlds < SAID_IN_WORLDS { Bound::None } else { bound }
}

fn one_if(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

fn ranges(company: &Company, all: &[Tried], bound_80: Bound, bound_95: Bound) -> Vec<Line> {
    let name = company.name;
    let held = |range: fn(&insight::Week) -> (f64, f64)| {
        mean_of(all, |tried| tried.share(|week, came| within(range(week), came)))
    };
    let width = |week: &insight::Week, came: f64, _: &Tried| (week.range_80.1 - week.range_80.0, came);
    vec![
        Line::new("forecast: the 80 % range holds", name, held(|week| week.range_80), bound_80),
        Line::new("forecast: the 95 % range holds", name, held(|week| week.range_95), bound_95),
        Line::new(
            "forecast: mean error",
            name,
            ratio_of(all, |week, came, _| ((week.forecast - came).abs(), came)),
            Bound::None,
        ),
        Line::new("forecast: width of the 80 % range", name, ratio_of(all, width), Bound::None),
    ]
}

fn bookings(company: &Company, all: &[Tried]) -> Vec<Line> {
    let name = company.name;
    // Of those booked now at most this share will be called off.
    let kept = 1.0 - company.canceled;
    let below =
        mean_of(all, |tried| one_if(tried.plan.weeks[0].forecast < tried.plan.weeks[0].booked as f64 * kept - 1e-9));
    // Of next week, which is always shown: the one after is where the share of those booked is high by chance.
    let next = |tried: &Tried| {
        let came = tried.came[0];
        tried.plan.weeks[0].by_bookings.map_or((0.0, 0.0), |by| (by - came, came))
    };
    let bias = ratio(&all.iter().map(next).collect::<Vec<_>>());
    let worse = ratio_of(all, |week, came, _| {
        week.by_bookings.map_or((0.0, 0.0), |by| ((week.forecast - came).abs(), (by - came).abs()))
    });
    let small = mean_of(all, |tried| {
        tried.share(|week, _| week.by_bookings.is_some() && week.usually_booked.is_none_or(|share| share < 0.2))
    });
    let mut lines = vec![
        Line::new("bookings: next week forecast below what will be left", name, below, Bound::AtMost(0.0)),
        Line::new("bookings: shown where they say little", name, small, Bound::AtMost(0.0)),
    ];
    if bias.worlds() != 0 {
        // Of few, and of those that come several at a time, more is chance.
        let most = if company.usual < 10.0 || matches!(company.process, Process::Clumped) { 0.15 } else { 0.05 };
        lines.push(Line::new("bookings: error of what they say of next week", name, bias, Bound::Between(-most, most)));
        lines.push(Line::new("bookings: error of the forecast beside theirs", name, worse, Bound::AtMost(1.0)));
    }
    lines
}

/// Weeks said to be short or idle. A flag must be worth at least twice what is known without it; where it is given to next
/// to no week, that is all there is to say.
fn flags(company: &Company, all: &[Tried]) -> Vec<Line> {
    let short = Flag {
        names: [
            "short: weeks that exceed a busy week",
            "short: weeks flagged",
            "short: precision of the flag beside that",
        ],
        is_so: |plan, came| plan.busy_week < came,
        said: |week| week.short,
    };
    let idle = Flag {
        names: [
            "idle: weeks below six tenths of the middle",
            "idle: weeks flagged",
            "idle: precision of the flag beside that",
        ],
        is_so: |plan, came| came < 0.6 * plan.median,
        said: |week| week.idle,
    };
    [short, idle].iter().flat_map(|flag| flag.lines(company.name, all)).collect()
}

struct Flag {
    names: [&'static str; 3],
    is_so: fn(&CapacityPlan, f64) -> bool,
    said: fn(&insight::Week) -> bool,
}

impl Flag {
    fn lines(&self, company: &'static str, all: &[Tried]) -> Vec<Line> {
        let base = mean_of(all, |tried| tried.share(|_, came| (self.is_so)(&tried.plan, came)));
        let flagged = mean_of(all, |tried| tried.share(|week, _| (self.said)(week)));
        let [base_name, flagged_name, precision_name] = self.names;
        let mut lines = vec![
            Line::new(base_name, company, base, Bound::None),
            Line::new(flagged_name, company, flagged, Bound::None),
        ];
        let weeks: usize =
            all.iter().map(|tried| tried.plan.weeks.iter().filter(|week| (self.said)(week)).count()).sum();
        if CASES_MIN <= weeks && base.value() > 0.0 {
            let precision = ratio_of(all, |week, came, tried| {
                let said = (self.said)(week);
                (one_if(said && (self.is_so)(&tried.plan, came)) / base.value(), one_if(said))
            });
            // Where it is so in every other week, no flag can be worth twice as much.
            let bound = if base.value() < 0.4 { Bound::AtLeast(2.0) } else { Bound::AtLeast(1.0) };
            lines.push(Line::new(precision_name, company, precision, where_said(all, self.said, bound)));
        }
        lines
    }
}

/// Of weeks said to exceed a busy week with such a chance, so many do; likewise of idle ones.
fn chances(company: &Company, all: &[Tried]) -> Vec<Line> {
    let name = company.name;
    let mut lines = Vec::new();
    for (what, from, to) in [
        ("chances: said below .1, it is so", 0.0, 0.1),
        ("chances: said .1 to .2, it is so", 0.1, 0.2),
        ("chances: said .2 to .4, it is so", 0.2, 0.4),
        ("chances: said .4 to .7, it is so", 0.4, 0.7),
        ("chances: said above .7, it is so", 0.7, 1.1),
    ] {
        let said = |chance: f64| one_if(from <= chance && chance < to);
        let held = ratio_of(all, |week, came, tried| {
            let (short, idle) = (said(week.chance_above_busy_week), said(week.chance_idle));
            let is_short = one_if(tried.plan.busy_week < came);
            let is_idle = one_if(came < 0.6 * tried.plan.median);
            (short * is_short + idle * is_idle, short + idle)
        });
        let weeks = all.iter().flat_map(Tried::weeks);
        let cases: f64 = weeks.map(|(week, _)| said(week.chance_above_busy_week) + said(week.chance_idle)).sum();
        if CASES_MIN as f64 <= cases {
            // Some of what is said, and five in a hundred, beyond its ends. Before a year is over the season is not known:
            // some companies will have none, and fewer such weeks than was to be said. So it is where chance does less.
            let is_even = company.weeks < 60 || matches!(company.process, Process::Smooth);
            let less = if is_even { 0.4 } else { 0.6 };
            let bound = Bound::Between(from * less - 0.05, to.min(1.0) * 4.0 / 3.0 + 0.05);
            let is_said = |week: &insight::Week| said(week.chance_above_busy_week) + said(week.chance_idle) > 0.0;
            lines.push(Line::new(what, name, held, where_said(all, is_said, bound)));
        }
    }
    lines
}

fn level(company: &Company, all: &[Tried]) -> Vec<Line> {
    let name = company.name;
    let bias = ratio_of(all, |week, came, _| (week.forecast - came, came));
    let said = mean_of(all, |tried| one_if(tried.plan.changed.is_some()));
    let mut lines = vec![Line::new("level: error of the forecast, all in all", name, bias, Bound::Between(-0.1, 0.1))];
    match company.change {
        None => {
            // A level that wanders does change.
            let bound = if company.wander > 0.0 { Bound::None } else { Bound::AtMost(0.05) };
            lines.push(Line::new("level: a change is said where there is none", name, said, bound));
        }
        Some((ago, times)) => {
            let large = !(0.7..1.4).contains(&times) && 10 <= ago;
            let bound = if large { Bound::AtLeast(0.8) } else { Bound::None };
            lines.push(Line::new("level: the change is said", name, said, bound));
            let unsaid = ratio_of(all, |week, came, tried| {
                let unsaid = one_if(tried.plan.changed.is_none());
                (unsaid * (week.forecast - came), came)
            });
            lines.push(Line::new(
                "level: error, but for those where it is said",
                name,
                unsaid,
                Bound::Between(-0.1, 0.1),
            ));
            let mut weeks_off = Mean::default();
            for change in all.iter().filter_map(|tried| tried.plan.changed) {
                weeks_off.add(((change.begins - THIS_WEEK) as f64 / 7.0 + ago as f64).abs());
            }
            if large {
                lines.push(Line::new("level: weeks by which its date is off", name, weeks_off, Bound::AtMost(3.0)));
            }
        }
    }
    lines
}

pub(crate) fn lines(worlds: u64, first_seed: u64) -> Vec<Line> {
    let tried = |company: &Company| -> Vec<Tried> {
        (first_seed..first_seed + worlds).filter_map(|seed| Tried::of(company, seed)).collect()
    };
    let mut lines = Vec::new();
    for company in &LONG {
        let all = tried(company);
        let (bound_80, bound_95) = match company {
            // Worse than the models know: a little less must do.
            Company { process: Process::Clumped, .. } => (Bound::Between(0.77, 0.89), Bound::Between(0.92, 0.98)),
            Company { wander, .. } if 0.0 < *wander => (Bound::Between(0.77, 0.89), Bound::Between(0.92, 0.98)),
            // Wider than it must be, since chance alone is wider.
            Company { process: Process::Smooth, .. } => (Bound::AtLeast(0.81), Bound::AtLeast(0.94)),
            // In whole numbers a range of so few holds more or too little.
            Company { usual: ..10.0, .. } => (Bound::Between(0.81, 0.89), Bound::Between(0.94, 0.99)),
            _ => (Bound::Between(0.81, 0.89), Bound::Between(0.94, 0.98)),
        };
        lines.extend(ranges(company, &all, bound_80, bound_95));
        lines.extend(judged(company, &all));
    }
    for company in &SHORT {
        let all = tried(company);
        lines.extend(ranges(company, &all, Bound::AtLeast(0.77), Bound::AtLeast(0.92)));
        lines.extend(judged(company, &all));
    }
    for company in &CHANGED {
        let all = tried(company);
        // What changed three weeks ago may not be seen yet.
        let bounds = match company.change {
            Some((..10, _)) => (Bound::None, Bound::None),
            _ => (Bound::AtLeast(0.77), Bound::AtLeast(0.92)),
        };
        lines.extend(ranges(company, &all, bounds.0, bounds.1));
        lines.extend(level(company, &all));
    }
    let all = tried(&STRAY);
    lines.extend(ranges(&STRAY, &all, Bound::AtLeast(0.77), Bound::AtLeast(0.92)));
    lines.extend(judged(&STRAY, &all));
    let history = mean_of(&all, |tried| tried.plan.history as f64);
    lines.push(Line::new("history: weeks counted", STRAY.name, history, Bound::Between(29.0, 31.0)));
    lines
}

fn judged(company: &Company, all: &[Tried]) -> Vec<Line> {
    let parts = [bookings(company, all), flags(company, all), chances(company, all), level(company, all)];
    parts.into_iter().flatten().collect()
}
