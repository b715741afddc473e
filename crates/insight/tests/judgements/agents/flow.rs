//! How agents send work, and what else a company does.

use domain::{AgentFact, FactTable};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Gamma};

use crate::worlds::{DAY_MS, Job, NOW, filled, waiting};

/// Days of a month.
const MONTH: f64 = 365.25 / 12.0;
/// The share of a year in which a season is at its lowest, counted from now: some weeks ago.
const DEAD_WEEKS: i64 = 13;

/// How one agent's referrals come.
#[derive(Clone, Copy)]
pub(super) enum Flow {
    /// By chance alone.
    Poisson,
    /// On occasions by chance; on each one and, with chance two thirds, another, and another, within so many days: three in
    /// the mean.
    Clumped { days: f64 },
    /// On occasions by chance: two in one minute, or three in one day of which the first is canceled and booked again.
    Minute,
    /// With gaps whose variance is the square of their mean divided by this.
    Gaps(f64),
    /// By chance, three times as many in some quarters as in others.
    Switching,
}

/// What an agent's referrals do over the years.
#[derive(Clone, Copy)]
pub(super) enum Trend {
    Steady,
    Rising,
    Fading,
    /// None in the last half year.
    BrokenOff,
    /// Rising, but a third as many in the last half year as just before.
    RisingUntilLately,
    /// Fading, but in the last quarter as many as ever.
    FadingUntilLately,
}

/// What the rest of the company does.
#[derive(Clone, Copy)]
pub(super) enum Company {
    /// Ten jobs a week.
    Still,
    /// Thirty.
    Large,
    /// Ten jobs a week, and as many other agents with such referrals.
    Beside(Flow),
    /// No work in 13 weeks of each year, now and three days ago for the last time.
    DeadWinters,
    /// No work in the last 13 weeks; all years before that were even.
    FirstDeadWinter,
    /// A yearly wave down to a quarter, at its lowest six weeks ago.
    Season,
    /// Half as much, agents and all, in the last 26 weeks.
    Halved,
    /// Three times as much as three years ago; the agents send what they always sent.
    Grown,
    /// Half a year old.
    Young,
    /// A job in two months beside.
    Tiny,
    /// Two jobs a month beside.
    Small,
    Nobody,
    /// The agents have been known for two years before their first referral.
    OldRecords,
}

impl Company {
    /// Jobs a week that no agent of the world sent, at its highest.
    fn weekly(self) -> f64 {
        match self {
            Self::Grown => 15.0,
            Self::Large => 30.0,
            Self::Tiny => 0.115,
            Self::Small => 0.46,
            Self::Nobody => 0.0,
            _ => 10.0,
        }
    }

    /// What is left of the company's usual work so many days ago.
    fn level(self, days_ago: f64) -> f64 {
        let winter = (DEAD_WEEKS * 7) as f64;
        match self {
            Self::DeadWinters => f64::from(u8::from((days_ago - 3.0).rem_euclid(365.25) >= winter)),
            Self::FirstDeadWinter => f64::from(u8::from(days_ago >= winter)),
            Self::Season => 0.625 - 0.375 * (std::f64::consts::TAU * (days_ago - 42.0) / 365.25).cos(),
            Self::Halved if days_ago < 182.0 => 0.5,
            _ => 1.0,
        }
    }

    /// How much of it the rest of the company has.
    fn size(self, days_ago: f64) -> f64 {
        match self {
            Self::Grown => (1.0 - days_ago / 1_095.75 * 2.0 / 3.0).max(1.0 / 3.0),
            _ => 1.0,
        }
    }

    /// How many days it has existed before the agents began.
    fn before(self) -> f64 {
        match self {
            Self::Young => 0.0,
            _ => 400.0,
        }
    }
}

/// The rows of a company of `agents` agents (keys from 1), who send `monthly` referrals a month for `years`, up to now; the
/// rest of the company goes on for `ahead` days. All is booked when it happens.
#[expect(clippy::too_many_arguments, reason = "what a world is made of")]
pub(super) fn table(
    chances: &mut ChaCha8Rng,
    company: Company,
    flow: Flow,
    monthly: f64,
    years: f64,
    agents: usize,
    trend: Trend,
    ahead: i64,
) -> FactTable {
    let mut jobs = Vec::new();
    let span = years * 365.25;
    for agent in 1..=i64::try_from(agents).unwrap() {
        jobs.extend(referrals(chances, company, flow, monthly, span, trend, agent));
    }
    if let Company::Beside(other) = company {
        for agent in 1..=i64::try_from(agents).unwrap() {
            jobs.extend(referrals(chances, company, other, monthly, span, Trend::Steady, agent + 1_000));
        }
    }
    let mut at = -(span + company.before());
    while at < ahead as f64 && 0.0 < company.weekly() {
        if chances.random::<f64>() < company.level(-at) * company.size(-at) {
            jobs.push(job(at, None));
        }
        at += waiting(chances, 7.0 / company.weekly());
    }
    let mut table = filled(&jobs, NOW + ahead * DAY_MS);
    if matches!(company, Company::OldRecords) {
        for agent in 1..=i64::try_from(agents).unwrap() {
            let created_at = Some(NOW - whole_ms(span + 730.0));
            table.agent(agent, AgentFact { id: agent.to_string(), created_at, ..AgentFact::default() });
        }
    }
    table.build()
}

/// One agent's referrals in the last `span` days.
fn referrals(
    chances: &mut ChaCha8Rng,
    company: Company,
    flow: Flow,
    monthly: f64,
    span: f64,
    trend: Trend,
    agent: i64,
) -> Vec<Job> {
    let mut jobs = Vec::new();
    // Rising and fading ones follow the square of time, so that more are drawn than kept.
    let kept = |s: f64| match trend {
        Trend::Steady => 1.0,
        Trend::Rising => s * s,
        Trend::Fading => (1.0 - s).powi(2),
        Trend::BrokenOff => f64::from(u8::from(s < 1.0 - 182.0 / span)),
        Trend::RisingUntilLately => {
            if s < 1.0 - 182.0 / span {
                s * s
            } else {
                0.25
            }
        }
        Trend::FadingUntilLately => {
            if s < 1.0 - 91.0 / span {
                (1.0 - s).powi(2)
            } else {
                1.0
            }
        }
    };
    let most = if matches!(trend, Trend::Steady | Trend::BrokenOff) { 1.0 } else { 3.0 };
    let monthly = monthly * most;
    let size = match flow {
        Flow::Clumped { .. } => 3.0,
        Flow::Minute => 2.5,
        _ => 1.0,
    };
    let gap = MONTH / monthly * size;
    let gaps = if let Flow::Gaps(shape) = flow { Some(Gamma::new(shape, gap / shape).unwrap()) } else { None };
    let quarter = chances.random::<f64>() * 182.0;
    // What has run for a while before, so that it begins at any point of a gap.
    let mut at = if gaps.is_some() { -span - 40.0 * gap } else { -span };
    let gap = if matches!(flow, Flow::Switching) { gap * 2.0 / 3.0 } else { gap };
    loop {
        at += match gaps {
            Some(gaps) => gaps.sample(chances),
            None => waiting(chances, gap),
        };
        if 0.0 <= at {
            break;
        }
        let is_slack = matches!(flow, Flow::Switching) && (at + quarter).rem_euclid(182.0) < 91.0;
        let share = kept((at + span) / span) * company.level(-at) * if is_slack { 1.0 / 3.0 } else { 1.0 };
        if at < -span || share <= chances.random::<f64>() {
            continue;
        }
        jobs.push(job(at, Some(agent)));
        match flow {
            Flow::Clumped { days } => {
                while chances.random::<f64>() < 2.0 / 3.0 {
                    jobs.push(job(at + days * chances.random::<f64>(), Some(agent)));
                }
            }
            Flow::Minute if chances.random::<bool>() => jobs.push(job(at, Some(agent))),
            Flow::Minute => {
                jobs.last_mut().unwrap().canceled_at = Some(NOW - whole_ms(-at) + 1);
                jobs.extend([0.1, 0.3].map(|later| job(at + later, Some(agent))));
            }
            _ => {}
        }
    }
    jobs.retain(|job| job.starts_at < NOW);
    jobs
}

/// An inspection so many days after now, booked when it happens.
fn job(days: f64, agent: Option<i64>) -> Job {
    let starts_at = NOW - whole_ms(-days);
    Job { agent, created_at: starts_at, ..Job::at(starts_at) }
}

#[expect(clippy::cast_possible_truncation, reason = "some thousand days")]
fn whole_ms(days: f64) -> i64 {
    (days * DAY_MS as f64) as i64
}
