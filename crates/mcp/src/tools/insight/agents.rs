//! `agent_analysis`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema, views};
use super::super::{Limit, limit_or, parse};
use super::{
    Page, agent_name, amount, chance_value, first_rates, inspector_name, money, put_page, rate_value, rounded,
    share_value, short_rate, word,
};
use answers::{AgentsPart, Apart, Asked, Companies, Company, Only};
use domain::{AgentNumber, CompanyName, FactTable, Inspection, WordNumber};
use insight::{
    AgentNumbers, COURSE_OCCASIONS_MIN, COURSE_OCCASIONS_SURE, Course, DormantRule, Lately, OCCASIONS_MIN,
    agent_profile,
};

/// Agents shown unless asked otherwise.
const SHOWN: usize = 10;
/// The most referrals that come along with an answer for a picture: some 20 kB.
const REFERRALS_MAX: usize = 4_000;
/// Services, add-ons and inspectors named as usual in a profile.
const USUAL: usize = 3;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "agent_analysis",
            "Agent analysis",
            "Use this for agents who refer: top, dormant (against their own rhythm), new, rising and fading ones, or one \
             agent's profile; with concentration.",
            super::input::<Wanted>(companies, "last_365_days").describe("agent", "With mode one: id or name."),
            schema::paged_insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Top,
    Dormant,
    New,
    Rising,
    Fading,
    One,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Wanted {
    #[serde(flatten)]
    asked: Asked,
    /// Default top.
    #[serde(default)]
    mode: Mode,
    #[serde(flatten)]
    only: Only,
    /// Occasions, default 3.
    #[schemars(range(min = 2))]
    min_referrals: Option<u64>,
    /// Default 90.
    #[schemars(range(min = 1))]
    min_days: Option<f64>,
    /// Usual gaps, default 2.2.
    #[schemars(range(min = 1))]
    gap_factor: Option<f64>,
    /// Agents, default 10.
    limit: Option<Limit>,
    cursor: Option<String>,
}

impl Wanted {
    /// When an agent counts as dormant.
    fn rule(&self) -> DormantRule {
        let usual = DormantRule::default();
        DormantRule {
            min_referrals: self.min_referrals.unwrap_or(usual.min_referrals),
            min_days: self.min_days.unwrap_or(usual.min_days),
            gap_factor: self.gap_factor.unwrap_or(usual.gap_factor),
        }
    }
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "agent_analysis", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let is_one = wanted.only.agent.is_some();
    if wanted.mode == Mode::One && !is_one {
        return Err(ToolFailure::new("mode `one` needs an agent", "give `agent`: an id or a name"));
    }
    let page = Page::of(mark, wanted.cursor.as_deref(), limit_or(wanted.limit, SHOWN))?;
    let mode = if is_one { Mode::One } else { wanted.mode };
    let now = companies.now();
    let answered = companies.agents(&wanted.asked, &wanted.only).await?;
    let rule = wanted.rule();
    let mut together = Together { shows_money: true, sees_canceled: true, ..Together::default() };
    let mut lists = Vec::new();
    for (company, part) in &answered.parts {
        let read = &Read(part);
        let chosen = read.chosen(mode, rule, now);
        let counted = if mode == Mode::Top { part.analysis.agents.iter().collect() } else { chosen.clone() };
        for one in counted {
            together.add(company, &part.facts, one);
        }
        together.revenue += part.analysis.revenue;
        together.shows_money &= part.facts.shows_money();
        together.sees_canceled &= part.sees_canceled;
        lists.push(chosen);
    }
    let rows = lists.iter().map(Vec::len).max().unwrap_or(0);
    let several = (1 < answered.parts.len()).then(|| together.shown(mode, limit_or(wanted.limit, SHOWN)));
    let answer = page.answer(rows, several, basis::shown(&answered.basis), |place| {
        let parts = answered.parts.iter().zip(&lists).map(|((company, one), chosen)| {
            let read = &Read(one);
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()));
            let shown = Shown { company, facts: &one.facts, now, sees: one.sees_canceled };
            if let Some(only) = &one.only {
                one_agent(&mut part, &shown, one, chosen.first().copied(), only, rule);
                return Value::Object(part.0);
            }
            part.put("found", Some(chosen.len()));
            read.say_of_all(&mut part, mode, chosen, rule, now);
            let after = put_page(&mut part, "agents", chosen, &place, |one| shown.row(one, mode));
            shown.left_out(&mut part, after, mode);
            Value::Object(part.0)
        });
        parts.collect()
    });
    let referrals = answered.parts.iter().zip(&lists).map(|((company, part), chosen)| {
        (&company.name, referrals(&part.facts, &shown_ids(answer.content(), &company.name), chosen, now))
    });
    let referrals = within_bounds(referrals.collect());
    Ok(answer.with_beside(views::REFERRALS, referrals))
}

/// The ids of the agents of a company that an answer shows.
fn shown_ids<'a>(answer: &'a Map<String, Value>, company: &CompanyName) -> BTreeSet<&'a str> {
    let parts = answer.get("companies").and_then(Value::as_array).into_iter().flatten();
    let part = parts.filter_map(Value::as_object).find(|part| part.get("company") == Some(&company.as_str().into()));
    let agents = part.and_then(|part| part.get("agents")).and_then(Value::as_array).into_iter().flatten();
    let one = part.and_then(|part| part.get("agent"));
    agents.chain(one).filter_map(|agent| agent.get("id")?.as_str()).collect()
}

/// How many days ago the referrals of each agent were, the latest first, by the agent's id.
type Days = BTreeMap<String, Vec<f64>>;

/// The referrals of these agents, for a picture.
fn referrals(facts: &FactTable, ids: &BTreeSet<&str>, chosen: &[&AgentNumbers], now: Timestamp) -> Days {
    let id_of = |agent: AgentNumber| facts.agent(agent).map(|agent| agent.id.as_str());
    let shown = chosen.iter().map(|one| one.agent);
    let mut found: BTreeMap<AgentNumber, Vec<f64>> = shown
        .filter(|agent| id_of(*agent).is_some_and(|id| ids.contains(id)))
        .map(|agent| (agent, Vec::new()))
        .collect();
    let now = now.as_millisecond();
    for fact in facts.rows().get(..facts.begun(now)).unwrap_or_default().iter().rev() {
        if let Some(own) = fact.buying_agent().and_then(|agent| found.get_mut(&agent)) {
            own.push(days_between(fact.starts_at(), now));
        }
    }
    found.into_iter().filter_map(|(agent, days)| Some((id_of(agent)?.to_owned(), days))).collect()
}

/// Those of all companies by their names. Where there are too many, all agents' begin on the same day, so that nobody seems
/// to have begun later than others.
fn within_bounds(mut of_companies: Vec<(&CompanyName, Days)>) -> Map<String, Value> {
    let mut all: Vec<f64> = of_companies.iter().flat_map(|(_, days)| days.values().flatten().copied()).collect();
    all.sort_by(f64::total_cmp);
    if let Some(oldest) = all.get(REFERRALS_MAX).copied() {
        let days = of_companies.iter_mut().flat_map(|(_, days)| days.values_mut());
        days.for_each(|days| days.retain(|ago| *ago < oldest));
    }
    let named = of_companies.into_iter().map(|(company, days)| {
        let days: Map<String, Value> = days.into_iter().map(|(id, days)| (id, days.into())).collect();
        (company.to_string(), days.into())
    });
    named.collect()
}

/// Whole days from one instant to another, in milliseconds, as `days_since` is rounded.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years")]
fn days_between(from: i64, to: i64) -> f64 {
    ((to - from) as f64 / 86_400_000.0).round()
}

/// One agent's profile; zeros where there is nothing of them among the inspections asked about.
fn one_agent(
    part: &mut Row,
    shown: &Shown,
    read: &AgentsPart,
    numbers: Option<&AgentNumbers>,
    only: &Apart<AgentNumber>,
    rule: DormantRule,
) {
    let Some(numbers) = numbers else {
        let name = only.number.map_or_else(|| only.entry.name.clone(), |known| agent_name(shown.facts, known));
        part.put("agent", Some(format!("{name}: no such inspection on either side")));
        return;
    };
    let mut profile = Row(shown.profile(numbers, rule));
    let id = shown.facts.agent(numbers.agent).map(|agent| agent.id.as_str());
    if let Some(one) = read.differing.iter().find(|one| Some(one.id.as_str()) == id) {
        let differ = json!({
            "by_spectora": one.theirs, "inspections_here": one.ours, "counted_as": read.definition.said(),
        });
        profile.put("statistics_disagree", Some(differ));
    }
    part.put("agent", Some(Value::Object(profile.0))).put("last_inspections", Some(shown.jobs(&read.jobs)));
}

/// What is read for one company.
struct Read<'a>(&'a AgentsPart);

impl<'a> Read<'a> {
    /// The agents a mode shows, the first one first: whom the service has no more only where history is told, not where
    /// an owner would call them.
    fn chosen(&self, mode: Mode, rule: DormantRule, now: Timestamp) -> Vec<&'a AgentNumbers> {
        let all = self.0.analysis.agents.iter();
        let mut chosen: Vec<&'a AgentNumbers> = match &self.0.only {
            Some(only) => all.filter(|one| Some(one.agent) == only.number).collect(),
            None => all
                .filter(|one| holds(one, mode, rule, now))
                .filter(|one| mode == Mode::Top || !self.is_former(one.agent))
                .collect(),
        };
        chosen.sort_by(|left, right| {
            order(right, mode).cmp(&order(left, mode)).then_with(|| left.agent.cmp(&right.agent))
        });
        chosen
    }

    fn is_former(&self, agent: AgentNumber) -> bool {
        self.0.facts.agent(agent).is_some_and(|agent| agent.is_former)
    }

    /// What is said once, of all agents.
    fn say_of_all(&self, part: &mut Row, mode: Mode, chosen: &[&AgentNumbers], rule: DormantRule, now: Timestamp) {
        let AgentsPart { facts, analysis, differing, with_statistics, definition, .. } = self.0;
        if mode == Mode::Top {
            if !differing.is_empty() {
                let differ = json!({
                    "agents": differing.len(), "of": with_statistics, "counted_as": definition.said(),
                    "see": "data_quality",
                });
                part.put("statistics_disagree", Some(differ));
            }
            part.put("quoted_revenue", money(facts, analysis.revenue))
                .put("performed_without_agent", Some(analysis.without_agent))
                .put("leaves_with_the_top_agent", chosen.first().map(|one| leaves(facts, one)));
            let tops = ["revenue_share_of_top_1", "revenue_share_of_top_5", "revenue_share_of_top_10"];
            for (name, share) in tops.into_iter().zip(analysis.concentration) {
                part.put(name, facts.shows_money().then(|| share_value(share)));
            }
            return;
        }
        let former = analysis.agents.iter().filter(|one| self.is_former(one.agent) && holds(one, mode, rule, now));
        let former = former.count();
        part.put("left_out_no_longer_in_spectora", (former != 0).then_some(former));
        if mode == Mode::Dormant {
            let by_90_days = analysis.agents.iter().filter(|one| one.is_dormant_by_90_days());
            part.put("rule", Some(said(rule)))
                .put("tried", (rule == DormantRule::default()).then_some(DORMANT_TRIED))
                .put("found_by_90_days_rule", Some(by_90_days.filter(|one| !self.is_former(one.agent)).count()));
        }
        if matches!(mode, Mode::Rising | Mode::Fading) {
            part.put("tried", Some(COURSE_TRIED));
        }
    }
}

/// How often the rule is wrong, as the bench of judgements measures it.
const DORMANT_TRIED: &str = "on made-up agents: of 100 who go on sending work at most 9 stand here by mistake, 14 where the \
                             company's own work fell by half; one who sent one a month and stops is found after about \
                             66 days";
/// The same of courses.
const COURSE_TRIED: &str = "on made-up agents: of 100 steady ones at most 4 are called rising or fading; told from 8 \
                            occasions on (referrals within 7 days are one); whoever has surely sent fewer (or more) \
                            in the last 90 or 180 days than before in that year is left out";

/// The rule in words.
fn said(rule: DormantRule) -> String {
    let DormantRule { min_referrals, min_days, gap_factor } = rule;
    let min_occasions = min_referrals.max(OCCASIONS_MIN);
    format!(
        "at least {min_occasions} occasions ever (referrals within 7 days are one), none for more than {min_days} days in \
         which the company worked about as usual, none booked, and so long a silence has a chance below {:.0} % by the own \
         rhythm ({gap_factor} times the usual gap; with few occasions less)",
        100.0 * (-gap_factor).exp(),
    )
}

/// What the company would be without in the period.
fn leaves(facts: &FactTable, one: &AgentNumbers) -> Value {
    let mut leaves = Row::default();
    leaves
        .put("referrals", Some(one.referrals))
        .put("quoted_revenue", money(facts, one.revenue))
        .put("revenue_share", facts.shows_money().then(|| share_value(one.revenue_share)));
    Value::Object(leaves.0)
}

/// One person's numbers in all companies.
#[derive(Default)]
struct Person {
    name: String,
    companies: BTreeSet<String>,
    referrals: u64,
    performed: u64,
    canceled: u64,
    revenue: i128,
}

/// Agents of several companies, matched by the person's id and never by name.
#[derive(Default)]
struct Together {
    people: BTreeMap<String, Person>,
    revenue: i128,
    /// Whether the caller may see it.
    shows_money: bool,
    /// Whether canceled ones can be seen in every company.
    sees_canceled: bool,
}

impl Together {
    fn add(&mut self, company: &Company, facts: &FactTable, one: &AgentNumbers) {
        // Who has no id of the person cannot be matched.
        let Some(person_id) = facts.agent(one.agent).and_then(|agent| agent.agent_id.clone()) else { return };
        let person = self.people.entry(person_id).or_default();
        if person.name.is_empty() {
            person.name = agent_name(facts, one.agent);
        }
        person.companies.insert(company.name.to_string());
        person.referrals += one.referrals;
        person.performed += one.performed;
        person.canceled += one.canceled;
        person.revenue += one.revenue;
    }

    /// Top: who brings most in sum. Otherwise: who was found in more than one company.
    fn shown(&self, mode: Mode, limit: usize) -> Value {
        let mut people: Vec<(&String, &Person)> = self
            .people
            .iter()
            .filter(|(_, one)| 1 < one.companies.len() || (mode == Mode::Top && one.referrals != 0))
            .collect();
        let brings = |one: &Person| if self.shows_money { one.revenue } else { one.referrals.into() };
        people.sort_by(|left, right| (brings(right.1), left.0).cmp(&(brings(left.1), right.0)));
        let rows: Vec<Value> = people
            .iter()
            .take(limit)
            .map(|(id, one)| {
                let mut row = Row::default();
                row.put("agent", Some(one.name.clone()))
                    .put("agent_id", Some((*id).clone()))
                    .put("companies", Some(one.companies.iter().cloned().collect::<Vec<_>>()))
                    .put("referrals", Some(one.referrals))
                    .put("performed", Some(one.performed))
                    .put("canceled", self.sees_canceled.then_some(one.canceled))
                    .put("quoted_revenue", self.shows_money.then(|| amount(one.revenue)));
                Value::Object(row.0)
            })
            .collect();
        let mut shown = Row::default();
        shown
            .put("found_in_several_companies", Some(self.people.values().filter(|one| 1 < one.companies.len()).count()))
            .put("quoted_revenue", (mode == Mode::Top && self.shows_money).then(|| amount(self.revenue)))
            .put("agents", Some(rows));
        Value::Object(shown.0)
    }
}

/// How many times as likely the course is as a steady one (a steady one: as the next likely), for people: `20 to 1`. What
/// is beyond a thousand rests on the model more than on the agent, and is not said in digits.
fn odds(one: &AgentNumbers) -> Option<String> {
    const SAID_MAX: f64 = 1_000.0;
    let (_, log_odds) = one.course?;
    let odds = log_odds.exp();
    Some(if SAID_MAX < odds { "more than 1,000 to 1".to_owned() } else { format!("{odds:.0} to 1") })
}

fn holds(one: &AgentNumbers, mode: Mode, rule: DormantRule, now: Timestamp) -> bool {
    match mode {
        Mode::Top => one.referrals != 0,
        Mode::Dormant => one.is_dormant(rule),
        Mode::New => one.is_new(now.as_millisecond()),
        Mode::Rising => one.is_rising(now.as_millisecond()),
        Mode::Fading => one.is_fading(),
        Mode::One => true,
    }
}

/// What a mode ranks by, largest first.
fn order(one: &AgentNumbers, mode: Mode) -> (i128, u64) {
    match mode {
        Mode::Dormant | Mode::Fading => (one.at_stake, one.ever),
        Mode::New | Mode::Rising => (i128::from(one.recent), one.ever),
        Mode::Top | Mode::One => (one.revenue, one.referrals),
    }
}

struct Shown<'a> {
    company: &'a Company,
    facts: &'a FactTable,
    now: Timestamp,
    sees: bool,
}

impl Shown<'_> {
    fn day(&self, at: Option<i64>) -> Option<String> {
        let at = Timestamp::from_millisecond(at?).ok()?;
        Some(self.company.records.timezone().to_datetime(at).date().to_string())
    }

    fn named(&self, one: &AgentNumbers) -> Row {
        let mut row = Row::default();
        let agent = self.facts.agent(one.agent);
        let is_former = agent.is_some_and(|agent| agent.is_former);
        row.put("agent", Some(agent_name(self.facts, one.agent)))
            .put("id", agent.map(|agent| agent.id.clone()))
            .put("agency", agent.and_then(|agent| agent.agency).map(|agency| word(self.facts, agency)))
            .put("no_longer_in_spectora", is_former.then_some(true));
        row
    }

    fn row(&self, one: &AgentNumbers, mode: Mode) -> Map<String, Value> {
        let mut row = self.named(one);
        match mode {
            Mode::Top | Mode::One => row
                .put("referrals", Some(one.referrals))
                .put("performed", Some(one.performed))
                .put("canceled", self.sees.then_some(one.canceled))
                .put("referrals_before", one.referrals_before)
                .put("quoted_revenue", money(self.facts, one.revenue))
                .put("revenue_share", self.facts.shows_money().then(|| share_value(one.revenue_share)))
                .put("attach", one.attach.as_ref().map(short_rate))
                .put("selling_side", Some(one.selling)),
            Mode::Dormant => {
                self.rhythm(&mut row, one);
                self.ever(&mut row, one).put("at_stake_a_year", money(self.facts, one.at_stake))
            }
            Mode::New => self.ever(row.put("first", self.day(one.first)), one),
            Mode::Rising | Mode::Fading => recently(&mut row, one)
                .put("referrals", Some(one.referrals))
                .put("referrals_before", one.referrals_before)
                .put("odds_against_steady", odds(one))
                .put("small_sample", (one.occasions < COURSE_OCCASIONS_SURE).then_some(true))
                .put("last", self.day(one.last))
                .put("at_stake_a_year", money(self.facts, one.at_stake)),
        };
        row.0
    }

    /// Sums over the agents that follow the page, so that rows and these make up the whole.
    fn left_out(&self, part: &mut Row, after: &[&AgentNumbers], mode: Mode) {
        if after.is_empty() {
            return;
        }
        let referrals: u64 = after.iter().map(|one| if mode == Mode::Top { one.referrals } else { one.ever }).sum();
        let (name, amount): (&str, fn(&AgentNumbers) -> i128) = match mode {
            Mode::Top | Mode::One | Mode::New => ("quoted_revenue_not_shown", |one| one.revenue),
            Mode::Dormant | Mode::Rising | Mode::Fading => ("at_stake_a_year_not_shown", |one| one.at_stake),
        };
        let sum: i128 = after.iter().map(|one| amount(one)).sum();
        let referrals_name = if mode == Mode::Top { "referrals_not_shown" } else { "referrals_ever_not_shown" };
        part.put(referrals_name, Some(referrals)).put(name, money(self.facts, sum).filter(|_| mode != Mode::New));
    }

    /// All referrals up to now, by what became of them.
    fn ever<'a>(&self, row: &'a mut Row, one: &AgentNumbers) -> &'a mut Row {
        row.put("referrals_ever", Some(one.ever))
            .put("performed_ever", Some(one.ever - one.ever_canceled))
            .put("canceled_ever", self.sees.then_some(one.ever_canceled))
    }

    /// The last referral, the silence since, and how unusual it is.
    fn rhythm<'a>(&self, row: &'a mut Row, one: &AgentNumbers) -> &'a mut Row {
        row.put("last", self.day(one.last))
            .put("days_since", one.days_since.map(f64::round))
            .put("days_since_as_worked", worked_since(one))
            .put("occasions_ever", Some(one.occasions))
            .put("usual_gap_days", one.usual_gap.map(rounded))
            .put("chance_of_such_silence", one.chance_of_silence.map(chance_value))
            .put("gaps_as_long", one.gaps_as_long.as_ref().map(short_rate))
            .put("course", course(one))
    }

    fn profile(&self, one: &AgentNumbers, rule: DormantRule) -> Map<String, Value> {
        let now = self.now.as_millisecond();
        let known = agent_profile(self.facts, one.agent, now);
        let names = |counts: &[(WordNumber, u64)]| {
            first_rates(counts.iter().map(|(name, count)| (word(self.facts, *name), *count)), known.performed, USUAL)
        };
        let inspectors =
            known.inspectors.iter().map(|(inspector, count)| (inspector_name(self.facts, *inspector), *count));
        let by_year = known.by_year.iter().map(|(year, performed, canceled)| {
            let mut of_year = Row::default();
            of_year
                .put("year", Some(*year))
                .put("performed", Some(*performed))
                .put("canceled", self.sees.then_some(*canceled));
            Value::Object(of_year.0)
        });
        let by_year: Vec<Value> = by_year.collect();
        let mut row = self.named(one);
        row.0.extend(self.row(one, Mode::Top));
        row.put("attach", one.attach.as_ref().map(rate_value));
        self.ever(&mut row, one).put("by_year", Some(by_year)).put("first", self.day(one.first));
        self.rhythm(&mut row, one).put("odds_for_that_course", odds(one)).put("cannot_be_told", cannot_be_told(one));
        recently(&mut row, one)
            .put("at_stake_a_year", money(self.facts, one.at_stake))
            .put("dormant", Some(one.is_dormant(rule)))
            .put("dormant_rule", Some(said(rule)))
            .put("new", Some(one.is_new(now)))
            .put("booked_ahead", Some(one.booked_ahead))
            .put("usual_services", names(&known.services))
            .put("usual_add_ons", names(&known.add_ons))
            .put("usual_inspectors", first_rates(inspectors, known.performed, USUAL));
        row.0
    }

    /// The last referrals, latest first.
    fn jobs(&self, jobs: &[Inspection]) -> Vec<Value> {
        let shown = |job: &Inspection| {
            let mut shown = Row::default();
            shown
                .put("id", Some(job.id.to_string()))
                .put("date", self.day(job.starts_at.map(Timestamp::as_millisecond)))
                .put("status", Some(job.status(self.now).name()))
                .list("services", job.services.iter().chain(&job.add_ons));
            Value::Object(shown.0)
        };
        jobs.iter().map(shown).collect()
    }
}

/// The referrals of the last 90 days beside those of the days before, and how many those lead to expect.
fn recently<'a>(row: &'a mut Row, one: &AgentNumbers) -> &'a mut Row {
    row.put("last_90_days", Some(one.recent))
        .put("expected_last_90_days", one.expected_recent.map(rounded))
        .put("per_90_days_before", Some(rounded(one.base as f64 / 3.0)))
}

/// The days since the last referral as the company worked, where these are far fewer of many: a weekend says nothing.
fn worked_since(one: &AgentNumbers) -> Option<f64> {
    const FEWER: f64 = 0.75;
    const MANY_DAYS: f64 = 30.0;
    let (worked, since) = (one.worked_since?, one.days_since?);
    (MANY_DAYS < since && worked < FEWER * since).then(|| worked.round())
}

/// What few occasions do not show, and how many it takes.
fn cannot_be_told(one: &AgentNumbers) -> Option<String> {
    let course = COURSE_OCCASIONS_MIN as u64;
    let what = match one.occasions {
        few if few < OCCASIONS_MIN => {
            format!("rhythm and dormancy (from {OCCASIONS_MIN} occasions on), course (from {course} on)")
        }
        few if few < course => format!("course (from {course} occasions on)"),
        _ => return None,
    };
    Some(what)
}

/// The course in words, and whether the last months speak against it; with few occasions it is a guess.
fn course(one: &AgentNumbers) -> Option<String> {
    let (course, _) = one.course?;
    let but = match (course, one.lately) {
        (Course::Rising, Some(Lately::Fewer)) => ", but fewer lately",
        (Course::Fading, Some(Lately::More)) => ", but more lately",
        _ => "",
    };
    let few = if one.occasions < COURSE_OCCASIONS_SURE { " (small sample)" } else { "" };
    Some(format!("{}{but}{few}", course.name()))
}
