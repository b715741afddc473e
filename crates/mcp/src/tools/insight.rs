//! Insights: one call, one worked-out answer with its basis.

mod agents;
mod briefing;
mod capacity;
pub(in super::super) mod explain;
mod mix;
mod quality;
mod scorecard;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::answer::{self, Answer, Dated, QueryMark, Row};
use super::super::{Context, ServedCompany, Tool, ToolFailure, schema, zone_name};
use super::people::People;
use domain::{AgentFact, AgentNumber, CompanyName, DateRange, FactTable, InspectorNumber, NamedPeriod, WordNumber};
use domain::{date_of, epoch_day, fold};
use insight::{Rate, Scope};
use records::{Basis, CANCELED_UNSEEN, InspectorMeant, NarrowedBy, NarrowingWanted, Need};

/// Every insight.
pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let mut tools = scorecard::tools(companies);
    tools.extend(agents::tools(companies));
    tools.extend(mix::tools(companies));
    tools.extend(briefing::tools(companies));
    tools.extend(capacity::tools(companies));
    tools.extend(quality::tools(companies));
    tools.extend(explain::tools(companies));
    tools
}

fn scope(range: DateRange) -> Scope {
    Scope { from: epoch_day(range.from()), to: epoch_day(range.to()) }
}

/// The days each company is asked about, by its own calendar.
struct Periods(Vec<Dated>);

impl Periods {
    /// The days given, or `default`; compared with those before, a year before, or none.
    fn of(
        context: &Context,
        companies: &[&ServedCompany],
        days: &super::Days,
        default: NamedPeriod,
        compare: Option<&str>,
    ) -> Result<Self, ToolFailure> {
        let mut periods = Vec::new();
        for company in companies {
            let zone = company.records.timezone();
            let today = zone.to_datetime(context.clock.now()).date();
            let week_starts = company.records.week_starts();
            let given =
                super::period(days.from.as_deref(), days.to.as_deref(), days.period.as_deref(), today, week_starts)?;
            let days = given.unwrap_or_else(|| default.resolve(today, week_starts));
            let compared = match compare {
                Some("previous") => Some(days.previous(today)),
                Some("last_year") => Some(days.year_before(today)),
                _ => None,
            };
            let timezone = zone_name(zone);
            periods.push(Dated { company: company.name.clone(), days, compared, timezone });
        }
        Ok(Self(periods))
    }

    fn of_company(&self, company: &ServedCompany) -> Option<&Dated> {
        self.0.iter().find(|dated| dated.company == company.name)
    }

    /// A company's days.
    fn days(&self, company: &ServedCompany) -> Option<DateRange> {
        self.of_company(company).map(|dated| dated.days)
    }

    /// A company's days, and those they are compared with.
    fn scopes(&self, company: &ServedCompany) -> Option<(Scope, Option<Scope>)> {
        let dated = self.of_company(company)?;
        Some((scope(dated.days), dated.compared.map(scope)))
    }

    /// The basis with the days of the companies that answered.
    fn basis<'a>(self, basis: Option<&Basis>, answered: impl Iterator<Item = &'a ServedCompany>) -> Value {
        let answered: Vec<&CompanyName> = answered.map(|company| &company.name).collect();
        let dated: Vec<Dated> = self.0.into_iter().filter(|dated| answered.contains(&&dated.company)).collect();
        basis.map(|basis| answer::dated_basis(basis, &dated)).unwrap_or_default()
    }
}

/// How far back an answer about these days, and those it compares them with, looks; and so many days further.
fn needed(scope: &Scope, before: Option<&Scope>, days_before: i64) -> Need {
    let first = before.map_or(scope.from, |before| scope.from.min(before.from)).min(scope.from - days_before);
    Need::Since(date_of(first))
}

/// What a period is compared with unless asked otherwise.
const PREVIOUS: &str = "previous";

/// The arguments all insights about a period share.
fn period_input(companies: &[CompanyName], default: &str) -> schema::Input {
    days_input(companies, default).one_of("compare", &[PREVIOUS, "last_year", "none"], "Default previous.")
}

/// What the inspections of an insight can be narrowed to, besides the period.
#[derive(Clone, Debug, Default, Deserialize)]
struct Only {
    inspector: Option<String>,
    agent: Option<String>,
    agency: Option<String>,
    service: Option<String>,
    add_on: Option<String>,
    zip: Option<String>,
    city: Option<String>,
}

impl Only {
    /// Who is meant, in the companies that know them.
    async fn people<'a>(&self, companies: &[&'a ServedCompany]) -> Result<People<'a>, ToolFailure> {
        People::find(companies, self.inspector.as_deref(), self.agent.as_deref()).await
    }

    /// What one company's inspections are narrowed to, people left out.
    fn without_people(&self) -> NarrowingWanted {
        let one = |what, given: &Option<String>| given.clone().map(|given| (what, given));
        NarrowingWanted {
            inspector: None,
            agent: None,
            given: [
                one(NarrowedBy::Agency, &self.agency),
                one(NarrowedBy::Service, &self.service),
                one(NarrowedBy::AddOn, &self.add_on),
                one(NarrowedBy::Zip, &self.zip),
                one(NarrowedBy::City, &self.city),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }

    /// What one company's inspections are narrowed to.
    fn wanted(&self, people: &People, company: &ServedCompany) -> NarrowingWanted {
        let (inspector, agent) = (self.inspector_in(people, company), people.agent(company));
        NarrowingWanted { inspector, agent, ..self.without_people() }
    }

    /// The inspector asked for; where the names are not known yet, one whom nobody knows: never all of them.
    fn inspector_in(&self, people: &People, company: &ServedCompany) -> Option<InspectorMeant> {
        people.inspector(company).or_else(|| self.inspector.as_deref().map(InspectorMeant::unknown))
    }
}

/// A page of an insight's rows: how many to leave out first, and the most to show of each company.
struct Page {
    mark: QueryMark,
    skip: usize,
    size: usize,
}

impl Page {
    fn of(mark: QueryMark, cursor: Option<&str>, size: usize) -> Result<Self, ToolFailure> {
        let skip = cursor.map(|cursor| mark.read::<usize>(cursor)).transpose()?.map_or(0, |(skip, _)| skip);
        Ok(Self { mark, skip, size })
    }

    /// The answer whose parts `make` gives for some rows of each company, with how many rows the largest one has.
    fn answer(
        self,
        rows: usize,
        combined: Option<Value>,
        basis: Value,
        make: impl Fn(std::ops::Range<usize>) -> Vec<Value>,
    ) -> Answer {
        Answer::paged_insight(&self.mark, self.skip, self.size, rows, combined, basis, make)
    }
}

/// Puts the rows of a page into a company's part, and how many follow; gives those that follow.
fn put_page<'a, T>(
    part: &mut Row,
    name: &str,
    rows: &'a [T],
    place: &std::ops::Range<usize>,
    show: impl Fn(&T) -> Map<String, Value>,
) -> &'a [T] {
    let end = place.end.min(rows.len());
    let on_page = rows.get(place.start..end).unwrap_or_default();
    let after = rows.get(end..).unwrap_or_default();
    part.put(name, Some(on_page.iter().map(|row| Value::Object(show(row))).collect::<Vec<_>>()))
        .put("not_shown", (!after.is_empty()).then_some(after.len()));
    after
}

/// The arguments of [`Only`], but for those the tool declares itself. Names are said once in the server's instructions.
fn narrowed_by(input: schema::Input, names: &[&str]) -> schema::Input {
    names.iter().fold(input, |input, name| input.with(name, json!({"type": "string"})))
}

/// A period that is compared with none.
fn days_input(companies: &[CompanyName], default: &str) -> schema::Input {
    schema::Input::new(companies)
        .text("from", "YYYY-MM-DD.")
        .text("to", "Inclusive.")
        .text("period", &format!("As in list_inspections. Default {default}."))
}

/// Money as shown, of ten-thousandths: at least two decimal places, more only where they are not zero.
fn money(ten_thousandths: impl Into<i128>) -> String {
    const SCALE: u128 = 10_000;
    let amount: i128 = ten_thousandths.into();
    let sign = if amount < 0 { "-" } else { "" };
    let fraction = format!("{:04}", amount.unsigned_abs() % SCALE);
    let (cents, finer) = fraction.split_at(2);
    format!("{sign}{}.{cents}{}", amount.unsigned_abs() / SCALE, finer.trim_end_matches('0'))
}

/// Two decimal places are all that a mean is good for. The sum of nothing is a negative zero, and is shown as a plain one.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0 + 0.0
}

fn rate_value(rate: &Rate) -> Value {
    let mut shown = Map::new();
    shown.insert("rate".to_owned(), rounded3(rate.rate).into());
    shown.insert("count".to_owned(), rate.count.into());
    shown.insert("of".to_owned(), rate.of.into());
    shown.insert("low".to_owned(), rounded3(rate.low).into());
    shown.insert("high".to_owned(), rounded3(rate.high).into());
    if rate.small_sample {
        shown.insert("small_sample".to_owned(), true.into());
    }
    shown.into()
}

fn rounded3(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// The name behind a number among the names.
fn word(facts: &FactTable, word: WordNumber) -> String {
    facts.named(word).map_or_else(|| "?".to_owned(), |named| named.text().to_owned())
}

/// The inspector's name; with the service's id where another one has the same name.
fn inspector_name(facts: &FactTable, inspector: Option<InspectorNumber>) -> String {
    let Some(known) = inspector.and_then(|one| facts.inspector(one)) else { return "(none)".to_owned() };
    let (id, name) = (&known.id, &known.name);
    let is_shared = facts.shared_inspector_names().contains(&fold(name));
    match id {
        Some(id) if is_shared => format!("{name} (id {id})"),
        None if is_shared => format!("{name} (no id)"),
        _ => name.clone(),
    }
}

fn agent_name(facts: &FactTable, agent: AgentNumber) -> String {
    let known = facts.agent(agent);
    let id = |known: &AgentFact| format!("id {}", known.id);
    known.map_or_else(
        || format!("id {}", facts.agent_key(agent)),
        |known| known.name.clone().unwrap_or_else(|| id(known)),
    )
}

/// Whether rates of cancellation may be shown.
fn sees_canceled(basis: &Basis) -> bool {
    !basis.missing.iter().any(|missing| missing == CANCELED_UNSEEN)
}

/// Volume, hours (where they are summed) and revenue of all companies together.
fn combined(parts: &[(u64, Option<f64>, i128)]) -> Option<Value> {
    (1 < parts.len()).then(|| {
        let mut row = Row::default();
        row.put("volume", Some(parts.iter().map(|part| part.0).sum::<u64>()))
            .put("hours", parts.iter().map(|part| part.1).sum::<Option<f64>>().map(rounded))
            .put("quoted_revenue", Some(money(parts.iter().map(|part| part.2).sum::<i128>())));
        json!(row.0)
    })
}
