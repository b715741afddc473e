//! `agent_analysis`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema};
use super::super::inspections::row;
use super::super::{Limit, limit_or, parse};
use super::{Page, agent_name, amount, inspector_name, money, put_page, rate_value, rounded, rounded3, word};
use answers::{AgentsPart, Apart, Asked, Companies, Company, Only};
use domain::{AgentNumber, CompanyName, FactTable, Inspection, WordNumber};
use insight::{AgentNumbers, COURSE_REFERRALS_SURE, DormantRule, agent_profile};

/// Agents shown unless asked otherwise.
const SHOWN: usize = 10;
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
    /// Default 3.
    #[schemars(range(min = 2))]
    min_referrals: Option<u64>,
    /// Default 60.
    #[schemars(range(min = 1))]
    min_days: Option<f64>,
    /// Of the own median gap, default 3.
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
    let mut together = Together { shows_money: true, ..Together::default() };
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
        lists.push(chosen);
    }
    let rows = lists.iter().map(Vec::len).max().unwrap_or(0);
    let several = (1 < answered.parts.len()).then(|| together.shown(mode, limit_or(wanted.limit, SHOWN)));
    Ok(page.answer(rows, several, basis::shown(&answered.basis), |place| {
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
            put_page(&mut part, "agents", chosen, &place, |one| shown.row(one, mode));
            Value::Object(part.0)
        });
        parts.collect()
    }))
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
        let differ = format!("{} by Spectora's statistics, {} inspections here", one.theirs, one.ours);
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
        let AgentsPart { facts, analysis, differing, with_statistics, .. } = self.0;
        if mode == Mode::Top {
            if !differing.is_empty() {
                let differ = format!("{} of {with_statistics} agents, see data_quality", differing.len());
                part.put("statistics_disagree", Some(differ));
            }
            part.put("quoted_revenue", money(facts, analysis.revenue))
                .put("performed_without_agent", Some(analysis.without_agent))
                .put(
                    "revenue_share_of_top_1_5_10",
                    facts.shows_money().then(|| analysis.concentration.map(rounded3).to_vec()),
                )
                .put("leaves_with_the_top_agent", chosen.first().map(|one| leaves(facts, one)));
            return;
        }
        let former = analysis.agents.iter().filter(|one| self.is_former(one.agent) && holds(one, mode, rule, now));
        let former = former.count();
        part.put("left_out_no_longer_in_spectora", (former != 0).then_some(former));
        if mode == Mode::Dormant {
            let by_90_days = analysis.agents.iter().filter(|one| one.is_dormant_by_90_days());
            part.put("rule", Some(said(rule)))
                .put("found_by_90_days_rule", Some(by_90_days.filter(|one| !self.is_former(one.agent)).count()));
        }
    }
}

/// The rule in words.
fn said(rule: DormantRule) -> String {
    let DormantRule { min_referrals, min_days, gap_factor } = rule;
    format!(
        "at least {min_referrals} referrals ever, none for more than {min_days} days and {gap_factor} times the own median \
         gap, none booked"
    )
}

/// What the company would be without in the period.
fn leaves(facts: &FactTable, one: &AgentNumbers) -> String {
    let revenue = money(facts, one.revenue);
    let revenue = revenue.map(|sum| format!(", {sum} quoted revenue ({:.1} %)", one.revenue_share * 100.0));
    format!("{} referrals{}", one.referrals, revenue.unwrap_or_default())
}

/// "Home Inspection 34 of 40, Condo 6 of 40".
fn usual(counts: impl Iterator<Item = (String, u64)>, of: u64) -> Option<String> {
    let shown: Vec<String> = counts.take(USUAL).map(|(name, count)| format!("{name} {count} of {of}")).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// One person's numbers in all companies.
#[derive(Default)]
struct Person {
    name: String,
    companies: BTreeSet<String>,
    referrals: u64,
    revenue: i128,
}

/// Agents of several companies, matched by the person's id and never by name.
#[derive(Default)]
struct Together {
    people: BTreeMap<String, Person>,
    revenue: i128,
    /// Whether the caller may see it.
    shows_money: bool,
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
                    .put("companies", Some(one.companies.iter().cloned().collect::<Vec<_>>().join(" and ")))
                    .put("referrals", Some(one.referrals))
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

/// How many times as likely the course is as a steady one (a steady one: as the next likely), for people: `20 to 1`.
fn odds(one: &AgentNumbers) -> Option<String> {
    let (_, log_odds) = one.course?;
    Some(format!("{:.0} to 1", log_odds.min(20.0).exp()))
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
                .put("before", one.referrals_before)
                .put("quoted_revenue", money(self.facts, one.revenue))
                .put("share", self.facts.shows_money().then(|| rounded3(one.revenue_share)))
                .put("attach_rate", one.attach.map(|rate| rounded3(rate.rate)))
                .put("small_sample", one.attach.filter(|rate| rate.small_sample).map(|_| true))
                .put("selling_side", Some(one.selling)),
            Mode::Dormant => self
                .rhythm(&mut row, one)
                .put("referrals_ever", Some(one.ever))
                .put("at_stake_a_year", money(self.facts, one.at_stake)),
            Mode::New => row.put("first", self.day(one.first)).put("referrals", Some(one.ever)),
            Mode::Rising | Mode::Fading => recently(&mut row, one)
                .put("odds_against_steady", odds(one))
                .put("small_sample", (one.ever < COURSE_REFERRALS_SURE).then_some(true))
                .put("last", self.day(one.last))
                .put("at_stake_a_year", money(self.facts, one.at_stake)),
        };
        row.0
    }

    /// The last referral, the silence since, and how unusual it is.
    fn rhythm<'a>(&self, row: &'a mut Row, one: &AgentNumbers) -> &'a mut Row {
        row.put("last", self.day(one.last))
            .put("days_since", one.days_since.map(f64::round))
            .put("usual_gap_days", one.median_gap.map(rounded))
            .put("chance_of_such_silence", one.chance_of_silence.map(rounded3))
            .put("share_of_gaps_as_long", one.gaps_as_long.map(rounded3))
            .put("course", course(one))
    }

    fn profile(&self, one: &AgentNumbers, rule: DormantRule) -> Map<String, Value> {
        let now = self.now.as_millisecond();
        let known = agent_profile(self.facts, one.agent, now);
        let names = |counts: &[(WordNumber, u64)]| {
            usual(counts.iter().map(|(name, count)| (word(self.facts, *name), *count)), known.performed)
        };
        let inspectors =
            known.inspectors.iter().map(|(inspector, count)| (inspector_name(self.facts, *inspector), *count));
        let by_year = known.by_year.iter().map(|(year, count)| format!("{year}: {count}"));
        let mut row = self.named(one);
        row.0.extend(self.row(one, Mode::Top));
        row.put("performed", Some(one.performed))
            .put("canceled", self.sees.then_some(one.canceled))
            .put("attach", one.attach.as_ref().map(rate_value))
            .put("referrals_ever", Some(one.ever))
            .put("canceled_ever", self.sees.then_some(known.canceled))
            .list("referrals_by_year", by_year)
            .put("first", self.day(one.first));
        self.rhythm(&mut row, one).put("odds_for_that_course", odds(one));
        recently(&mut row, one)
            .put("at_stake_a_year", money(self.facts, one.at_stake))
            .put("dormant", Some(one.is_dormant(rule)))
            .put("dormant_rule", Some(said(rule)))
            .put("new", Some(one.is_new(now)))
            .put("booked_ahead", Some(one.booked_ahead))
            .put("usual_services", names(&known.services))
            .put("usual_add_ons", names(&known.add_ons))
            .put("usual_inspectors", usual(inspectors, known.performed));
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
                .list("services", job.services.iter().chain(&job.add_ons))
                .put("portal_link", job.slug.as_ref().map(row::portal_link));
            Value::Object(shown.0)
        };
        jobs.iter().map(shown).collect()
    }
}

/// The referrals of the last 90 days beside those of the days before.
fn recently<'a>(row: &'a mut Row, one: &AgentNumbers) -> &'a mut Row {
    row.put("last_90_days", Some(one.recent)).put("per_90_days_before", Some(rounded(one.base as f64 / 3.0)))
}

/// The course in words; with few referrals it is a guess.
fn course(one: &AgentNumbers) -> Option<String> {
    let (course, _) = one.course?;
    let few = if one.ever < COURSE_REFERRALS_SURE { " (small sample)" } else { "" };
    Some(format!("{}{few}", course.name()))
}
