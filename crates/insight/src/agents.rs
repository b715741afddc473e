//! Real-estate agents: who sends work, who stopped, who begins, who sends more or less than before.

mod course;
mod profile;

pub use course::{COURSE_REFERRALS_MIN, COURSE_REFERRALS_SURE, Course};
pub use profile::{AgentProfile, agent_profile};

use super::common::{Grouped, Rate, Scope, in_parts, median, rate, sum_of};
use super::metric::{Counting, Metric};
use domain::{AgentNumber, Fact, FactTable};

/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;
/// The days that count as recent for rising and fading.
const RECENT_DAYS: i64 = 90;
/// The days before those that they are compared with.
const BASE_DAYS: i64 = 270;
/// A first referral within so many days makes a new agent.
const NEW_DAYS: i64 = 90;

/// When an agent counts as dormant: at least `min_referrals` ever, and none for longer than both `min_days` and
/// `gap_factor` times the agent's own median gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DormantRule {
    /// Referrals ever.
    pub min_referrals: u64,
    /// Days without one.
    pub min_days: f64,
    /// Times the median gap.
    pub gap_factor: f64,
}

impl Default for DormantRule {
    fn default() -> Self {
        Self { min_referrals: 3, min_days: 60.0, gap_factor: 3.0 }
    }
}

/// One agent's numbers. A *referral* is an inspection where the agent is the buying agent, canceled ones included.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentNumbers {
    /// The agent's number.
    pub agent: AgentNumber,
    /// Referrals dated in the period and before now.
    pub referrals: u64,
    /// Referrals of the period compared with, dated before now.
    pub referrals_before: Option<u64>,
    /// Those of the period that were performed.
    pub performed: u64,
    /// Those of the period that were canceled.
    pub canceled: u64,
    /// Quoted revenue of the performed ones, in ten-thousandths.
    pub revenue: i128,
    /// Share of the company's quoted revenue in the period, all agents and none.
    pub revenue_share: f64,
    /// Performed ones with at least one add-on.
    pub attach: Option<Rate>,
    /// Inspections of the period, dated before now, on the selling side.
    pub selling: u64,
    /// Referrals ever, dated before now.
    pub ever: u64,
    /// Those of them that were canceled.
    pub ever_canceled: u64,
    /// When the first one was, in milliseconds.
    pub first: Option<i64>,
    /// When the last one was, in milliseconds.
    pub last: Option<i64>,
    /// The middle gap between referrals, in days.
    pub median_gap: Option<f64>,
    /// Days since the last one.
    pub days_since: Option<f64>,
    /// The agent's own gaps that were at least as long as the present one.
    pub gaps_as_long: Option<Rate>,
    /// Quoted revenue of the 365 days up to the last referral, in ten-thousandths: what is at stake.
    pub at_stake: i128,
    /// Referrals of the last 90 days.
    pub recent: u64,
    /// Referrals of the 270 days before those.
    pub base: u64,
    /// How likely a silence as long as the present one is, if referrals went on at random at the agent's own pace: a half
    /// for one median gap, a quarter for two, and so on.
    pub chance_of_silence: Option<f64>,
    /// The course of the agent's referrals, and the logarithm of how much more likely it is than a steady one (a steady
    /// one: than the next likely); `None` with fewer than [`COURSE_REFERRALS_MIN`] referrals, a guess with fewer than
    /// [`COURSE_REFERRALS_SURE`].
    pub course: Option<(Course, f64)>,
    /// Whether a referral is booked ahead.
    pub booked_ahead: bool,
}

impl AgentNumbers {
    /// *Dormant* by the agent's own rhythm; nobody with a referral booked ahead is.
    pub fn is_dormant(&self, rule: DormantRule) -> bool {
        let (Some(since), Some(gap)) = (self.days_since, self.median_gap) else { return false };
        !self.booked_ahead && rule.min_referrals <= self.ever && rule.min_days < since && rule.gap_factor * gap < since
    }

    /// The rule of thumb for comparison: at least three referrals, none for 90 days.
    pub fn is_dormant_by_90_days(&self) -> bool {
        3 <= self.ever && self.days_since.is_some_and(|since| 90.0 < since)
    }

    /// *New*: the first referral ever lies within the last 90 days.
    pub fn is_new(&self, now: i64) -> bool {
        self.first.is_some_and(|first| (now - first) as f64 / DAY_MS <= NEW_DAYS as f64)
    }

    fn is_on(&self, course: Course) -> bool {
        self.course.is_some_and(|(known, _)| known == course)
    }

    /// *Rising*: the referrals' course is rising, one of them lies within the last 90 days, and the agent is not new.
    pub fn is_rising(&self, now: i64) -> bool {
        self.is_on(Course::Rising) && self.recent != 0 && !self.is_new(now)
    }

    /// *Fading*: the referrals became fewer and fewer, whether or not they have ended since.
    pub fn is_fading(&self) -> bool {
        self.is_on(Course::Fading)
    }

    /// *Lapsed*: dormant after a steady course that broke off.
    pub fn is_lapsed(&self, rule: DormantRule) -> bool {
        self.is_dormant(rule) && self.is_on(Course::BrokenOff)
    }
}

/// All agents with any inspection on either side, in the order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentAnalysis {
    /// The agents.
    pub agents: Vec<AgentNumbers>,
    /// Quoted revenue of the company in the period, in ten-thousandths.
    pub revenue: i128,
    /// Performed inspections of the period without a buying agent.
    pub without_agent: u64,
    /// Share of the revenue that the first 1, 5 and 10 agents bring.
    pub concentration: [f64; 3],
}

/// The numbers of every agent. `facts` is the company's whole history; `now` is in milliseconds since 1970. Of many
/// agents, each processor takes a part.
pub fn agent_analysis(facts: &FactTable, scope: &Scope, before: Option<&Scope>, now: i64) -> AgentAnalysis {
    let counting = Counting::new(facts, scope, now);
    let agent = |fact: &Fact| fact.buying_agent().map(AgentNumber::index);
    let buying = Grouped::of(facts.rows(), facts.agents_len(), agent, |place, _| place);
    // By the agents' numbers.
    let mut selling = vec![0_u64; facts.agents_len()];
    let (mut revenue, mut without_agent) = (0, 0);
    for fact in facts.around(scope.from, scope.to) {
        if counting.counts(Metric::SellingSide, fact)
            && let Some(count) = fact.selling_agent().and_then(|agent| selling.get_mut(agent.index()))
        {
            *count += 1;
        }
        if counting.counts(Metric::Volume, fact) {
            revenue += fact.quote().map_or(0, i128::from);
            without_agent += u64::from(fact.buying_agent().is_none());
        }
    }
    let known: Vec<(AgentNumber, u64)> = facts
        .agent_numbers()
        .zip(selling)
        .filter(|(agent, selling)| *selling != 0 || !buying.of_group(agent.index()).is_empty())
        .collect();
    let all = All { facts, counting: &counting, buying: &buying, before, now, begun: facts.begun(now) };
    let of_agent = |(agent, selling): &(AgentNumber, u64)| {
        let mut numbers = all.numbers(*agent);
        numbers.selling = *selling;
        numbers.revenue_share = if revenue == 0 { 0.0 } else { numbers.revenue as f64 / revenue as f64 };
        numbers
    };
    let agents: Vec<AgentNumbers> = in_parts(&known, facts.rows().len(), of_agent);
    let mut shares: Vec<f64> = agents.iter().map(|one| one.revenue_share).collect();
    shares.sort_by(|left, right| right.total_cmp(left));
    let first = |n: usize| shares.iter().take(n).sum();
    AgentAnalysis { concentration: [first(1), first(5), first(10)], agents, revenue, without_agent }
}

/// What the numbers of an agent are worked out from.
struct All<'a> {
    facts: &'a FactTable,
    counting: &'a Counting<'a>,
    /// The places of each agent's referrals among all inspections.
    buying: &'a Grouped<usize>,
    before: Option<&'a Scope>,
    now: i64,
    /// How many inspections began before now.
    begun: usize,
}

impl All<'_> {
    fn numbers(&self, agent: AgentNumber) -> AgentNumbers {
        let (facts, counting, now) = (self.facts, self.counting, self.now);
        let ranks = self.buying.of_group(agent.index());
        let rows: Vec<&Fact> = ranks.iter().filter_map(|place| facts.rows().get(*place)).collect();
        let of = |metric| rows.iter().copied().filter(move |fact| counting.counts(metric, fact));
        let count = |metric| of(metric).count() as u64;
        let performed = count(Metric::Volume);
        let past = rows.get(..rows.partition_point(|fact| fact.starts_at() < now)).unwrap_or(&rows);
        let starts: Vec<i64> = past.iter().map(|fact| fact.starts_at()).collect();
        let gaps: Vec<f64> =
            starts.windows(2).filter_map(|pair| Some((pair.get(1)? - pair.first()?) as f64 / DAY_MS)).collect();
        let last = starts.last().copied();
        let days_since = last.map(|last| (now - last) as f64 / DAY_MS);
        let within = |from_days: i64, to_days: i64| {
            let before = |days: i64| starts.partition_point(|start| *start < now - days * 86_400_000);
            before(to_days).saturating_sub(before(from_days)) as u64
        };
        let (recent, base) = (within(RECENT_DAYS, 0), within(RECENT_DAYS + BASE_DAYS, RECENT_DAYS));
        // The agent's time here: since the company knows them, or since their first referral.
        let known = facts.agent(agent).and_then(|known| known.created_at).or_else(|| starts.first().copied());
        let (begins, ends) = (known.map_or(0, |known| facts.begun(known)), self.begun);
        let places: Vec<f64> = ranks
            .iter()
            .take(past.len())
            .filter(|place| (begins..ends).contains(*place))
            .map(|place| (place - begins) as f64 / (ends - begins) as f64)
            .collect();
        let year_before_last = last.map(|last| last - 365 * 86_400_000);
        let last_year = past
            .iter()
            .filter(|fact| !fact.is_canceled() && year_before_last.is_some_and(|from| from < fact.starts_at()));
        let at_stake = sum_of(last_year.filter_map(|fact| fact.quote()));
        let as_long = |since: f64| gaps.iter().filter(|gap| since <= **gap).count() as u64;
        let gaps_as_long = days_since.and_then(|since| rate(as_long(since), gaps.len() as u64));
        let median_gap = median(gaps);
        AgentNumbers {
            agent,
            referrals: count(Metric::Referrals),
            referrals_before: self.before.map(|before| past.iter().filter(|fact| before.holds(fact)).count() as u64),
            performed,
            canceled: count(Metric::Canceled),
            revenue: sum_of(of(Metric::Quoted).filter_map(Fact::quote)),
            revenue_share: 0.0,
            attach: rate(count(Metric::Attach), performed),
            selling: 0,
            ever: past.len() as u64,
            ever_canceled: past.iter().filter(|fact| fact.is_canceled()).count() as u64,
            first: starts.first().copied(),
            last,
            gaps_as_long,
            chance_of_silence: days_since
                .zip(median_gap)
                .filter(|(_, gap)| *gap > 0.0)
                .map(|(since, gap)| 0.5_f64.powf(since / gap)),
            course: Course::of(&places),
            median_gap,
            days_since,
            at_stake,
            recent,
            base,
            booked_ahead: rows.iter().any(|fact| now <= fact.starts_at() && !fact.is_canceled()),
        }
    }
}
