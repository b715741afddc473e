//! Real-estate agents: who sends work, who stopped, who begins, who sends more or less than before.

mod company_time;
mod course;
mod profile;
mod rhythm;
#[cfg(test)]
mod tests;

pub use course::{COURSE_OCCASIONS_MIN, COURSE_OCCASIONS_SURE, Course};
pub use profile::{AgentProfile, agent_profile};
pub use rhythm::{OCCASION_DAYS, OCCASIONS_MIN};

use super::common::{Grouped, Rate, Scope, in_parts, rate, sum_of};
use super::metric::{Counting, Metric};
use company_time::CompanyWeeks;
use domain::{AgentNumber, Fact, FactTable};
use rhythm::{Irregularity, Rhythm};

/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;
/// The days that count as recent for rising and fading.
const RECENT_DAYS: i64 = 90;
/// The days before those that they are compared with.
const BASE_DAYS: i64 = 270;
/// With so many occasions a silence must be half as likely as with very many.
const FEW_OCCASIONS: f64 = 7.0;
/// The part of a long silence in which the company must have worked as usual.
const WORKED_SHARE: f64 = 0.75;
/// A first referral within so many days makes a new agent.
const NEW_DAYS: i64 = 90;

/// When an agent counts as dormant: at least `min_referrals` occasions ever (and never fewer than [`OCCASIONS_MIN`]), none
/// for more than `min_days`, none booked ahead, and a silence as unlikely by the own rhythm as one of `gap_factor` usual gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DormantRule {
    /// Occasions ever.
    pub min_referrals: u64,
    /// Days without one.
    pub min_days: f64,
    /// Times the usual gap.
    pub gap_factor: f64,
}

impl DormantRule {
    /// So many of the days without a referral must be days as the company works: rather less than all, since weeks differ
    /// by chance.
    pub fn worked_days(self) -> f64 {
        WORKED_SHARE * self.min_days
    }

    /// The chance below which the silence of an agent with so many occasions must be: that of `gap_factor` usual gaps where
    /// the rhythm is well known, and less where it stands on few occasions.
    pub fn chance_max(self, occasions: u64) -> f64 {
        let known = occasions as f64 / (occasions as f64 + FEW_OCCASIONS);
        known * (-self.gap_factor).exp()
    }
}

impl Default for DormantRule {
    /// Ninety days, so that nobody is called dormant whom the rule of thumb would not call so; the factor is the least with
    /// which agents in clumps are called so in fewer than 8 of 100 cases.
    fn default() -> Self {
        Self { min_referrals: OCCASIONS_MIN, min_days: 90.0, gap_factor: 2.2 }
    }
}

/// What the last 90 days, or the last 180, surely had (chance alone would make it so in fewer than one case in ten) beside
/// the other days of the last 360, by the company's own pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lately {
    /// Fewer occasions.
    Fewer,
    /// More.
    More,
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
    /// The occasions of those referrals: all within 7 days from the first one are one occasion.
    pub occasions: u64,
    /// The mean days from the beginning of one occasion to that of the next, by the calendar.
    pub usual_gap: Option<f64>,
    /// Days since the last one.
    pub days_since: Option<f64>,
    /// The same in days as the company works; `None` with fewer than [`OCCASIONS_MIN`] occasions.
    pub worked_since: Option<f64>,
    /// The agent's own silences between occasions that were at least as long as the present one.
    pub gaps_as_long: Option<Rate>,
    /// Quoted revenue of the 365 days up to the last referral, in ten-thousandths: what is at stake.
    pub at_stake: i128,
    /// Referrals of the last 90 days.
    pub recent: u64,
    /// Referrals of the 270 days before those.
    pub base: u64,
    /// How many the last 90 days would have at the pace of those 270 days, by what the company did for others in both, so
    /// that a slow season is not taken for the agent's. `None` with fewer than [`OCCASIONS_MIN`] occasions, or where the
    /// agent or the company had nothing in the 270 days.
    pub expected_recent: Option<f64>,
    /// Whether the last months had fewer occasions than the months before, or more; `None` where it may be chance.
    pub lately: Option<Lately>,
    /// How likely a silence as long as the present one is at any instant while the agent goes on as before, from the own
    /// waits between occasions in days as the company works; irregular waits make long ones likelier. `None` with fewer
    /// than [`OCCASIONS_MIN`] occasions.
    ///
    /// Tried on made-up agents who go on, alone and in clumps: of 100 of them about one is silent with a stated chance below
    /// 1 %, and about five below 5 %; where the company has just had a dead winter or half its work, up to twice as many.
    pub chance_of_silence: Option<f64>,
    /// The course of the agent's occasions from the first one on, and the logarithm of how much more likely it is than a
    /// steady one (a steady one: than the next likely); `None` with fewer than [`COURSE_OCCASIONS_MIN`] occasions, a guess
    /// with fewer than [`COURSE_OCCASIONS_SURE`].
    ///
    /// Tried on made-up agents who stay as they are, alone and in clumps: at most 4 of 100 are called rising or fading.
    pub course: Option<(Course, f64)>,
    /// Whether a referral is booked ahead.
    pub booked_ahead: bool,
}

impl AgentNumbers {
    /// *Dormant* by the agent's own rhythm; nobody with a referral booked ahead is.
    ///
    /// Tried on made-up agents who go on, by the default rule: of 100 who send one in two months 8 are called dormant at any
    /// time (23 by the rule of thumb), one a month 5 (6), two a month fewer than one; in clumps or irregularly at most 9 (up
    /// to 60); after a dead winter at most 2 (all); where the company has just lost half its work up to 14 (23). One who sent
    /// one a month and stops is found after 66 days (62).
    pub fn is_dormant(&self, rule: DormantRule) -> bool {
        let (Some(since), Some(worked), Some(chance)) = (self.days_since, self.worked_since, self.chance_of_silence)
        else {
            return false;
        };
        !self.booked_ahead
            && rule.min_referrals <= self.occasions
            && rule.min_days < since
            && rule.worked_days() <= worked
            && chance < rule.chance_max(self.occasions)
    }

    /// The rule of thumb for comparison: at least three referrals, none for 90 days, none booked ahead.
    pub fn is_dormant_by_90_days(&self) -> bool {
        !self.booked_ahead && 3 <= self.ever && self.days_since.is_some_and(|since| 90.0 < since)
    }

    /// *New*: the first referral ever lies within the last 90 days.
    pub fn is_new(&self, now: i64) -> bool {
        self.first.is_some_and(|first| (now - first) as f64 / DAY_MS <= NEW_DAYS as f64)
    }

    fn is_on(&self, course: Course) -> bool {
        self.course.is_some_and(|(known, _)| known == course)
    }

    /// *Rising*: the referrals' course is rising, one of them lies within the last 90 days, there are not surely fewer
    /// lately, and the agent is not new.
    ///
    /// Tried on made-up agents whose referrals rose until half a year ago and then fell to a third: of 100 with two a month
    /// 78 are not called rising, with four a month 73 (47 and 66 were, before the last months were looked at).
    pub fn is_rising(&self, now: i64) -> bool {
        self.is_on(Course::Rising) && self.recent != 0 && self.lately != Some(Lately::Fewer) && !self.is_new(now)
    }

    /// *Fading*: the referrals became fewer and fewer, whether or not they have ended since, and there are not surely more
    /// lately.
    pub fn is_fading(&self) -> bool {
        self.is_on(Course::Fading) && self.lately != Some(Lately::More)
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
    let begun = facts.rows().get(..facts.begun(now)).unwrap_or_default();
    let company = CompanyWeeks::of(begun.iter().map(Fact::starts_at), now);
    let all = All { facts, counting: &counting, buying: &buying, before, now, company };
    let of_agent = |(agent, selling): &(AgentNumber, u64)| {
        let (mut numbers, rhythm) = all.numbers(*agent);
        numbers.selling = *selling;
        numbers.revenue_share = if revenue == 0 { 0.0 } else { numbers.revenue as f64 / revenue as f64 };
        (numbers, rhythm)
    };
    let (mut agents, rhythms): (Vec<AgentNumbers>, Vec<Rhythm>) =
        in_parts(&known, facts.rows().len(), of_agent).into_iter().unzip();
    let typical = Irregularity::typical(rhythms.iter());
    let judge = |rhythm: &Rhythm| {
        let irregularity = rhythm.irregularity(typical);
        (rhythm.chance_of_silence(irregularity), rhythm.course(irregularity))
    };
    for (one, (chance, course)) in agents.iter_mut().zip(in_parts(&rhythms, facts.rows().len(), judge)) {
        (one.chance_of_silence, one.course) = (chance, course);
    }
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
    /// How many inspections the company had week by week.
    company: CompanyWeeks,
}

impl All<'_> {
    fn numbers(&self, agent: AgentNumber) -> (AgentNumbers, Rhythm) {
        let (facts, counting, now) = (self.facts, self.counting, self.now);
        let ranks = self.buying.of_group(agent.index());
        let rows: Vec<&Fact> = ranks.iter().filter_map(|place| facts.rows().get(*place)).collect();
        let of = |metric| rows.iter().copied().filter(move |fact| counting.counts(metric, fact));
        let count = |metric| of(metric).count() as u64;
        let performed = count(Metric::Volume);
        let past = rows.get(..rows.partition_point(|fact| fact.starts_at() < now)).unwrap_or(&rows);
        let starts: Vec<i64> = past.iter().map(|fact| fact.starts_at()).collect();
        let last = starts.last().copied();
        let days_since = last.map(|last| (now - last) as f64 / DAY_MS);
        let within = |from_days: i64, to_days: i64| {
            let before = |days: i64| starts.partition_point(|start| *start < now - days * 86_400_000);
            before(to_days).saturating_sub(before(from_days)) as u64
        };
        let (recent, base) = (within(RECENT_DAYS, 0), within(RECENT_DAYS + BASE_DAYS, RECENT_DAYS));
        let year_before_last = last.map(|last| last - 365 * 86_400_000);
        let last_year = past
            .iter()
            .filter(|fact| !fact.is_canceled() && year_before_last.is_some_and(|from| from < fact.starts_at()));
        let at_stake = sum_of(last_year.filter_map(|fact| fact.quote()));
        let rhythm = Rhythm::of(&starts, &self.company, now);
        let numbers = AgentNumbers {
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
            occasions: rhythm.occasions,
            usual_gap: rhythm.usual_gap,
            gaps_as_long: rhythm.gaps_as_long,
            worked_since: rhythm.worked_since,
            chance_of_silence: None,
            course: None,
            days_since,
            at_stake,
            recent,
            base,
            expected_recent: rhythm.recent_share.filter(|_| base != 0).map(|share| base as f64 * share / (1.0 - share)),
            lately: rhythm.lately,
            booked_ahead: rows.iter().any(|fact| now <= fact.starts_at() && !fact.is_canceled()),
        };
        (numbers, rhythm)
    }
}
