//! Agents and the service's statistics about them.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, Cut, QueryMark, Row, Rows, cut_to_page};
use super::super::{Tool, ToolFailure, basis, declare, label, mark, schema};
use super::{Detail, Include, Limit, limit, parse};
use answers::{Companies, Company};
use domain::{Agent, AgentStatistics, CompanyName, Money, fold, id_order};
use records::{AgentEntry, Basis, Gap, Hidden, RecordsError};

/// What the service's numbers of an agent are.
const THEIR_COUNTS: &str = "inspections and revenue of an agent are Spectora's own counts: all dates, both sides. Our own, \
                            performed and canceled apart, are in agent_analysis; data_quality says what Spectora seems to \
                            count";

const AGENT_TEXTS: &[&str] = &["company", "id", "name", "agency", "team", "city", "agent_id"];

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let agent = schema::record(AGENT_TEXTS, &["id"]);
    let statistics = schema::record(&["company", "id", "name", "first_inspection", "last_inspection"], &["id"]);
    vec![
        Tool {
            declaration: declare(
                "list_agents",
                "List agents",
                "Use this to find real-estate agents by name, agency, team, tag or city, or to list those with the most \
                 inspections. For counts by date and revenue use agent_stats.",
                schema::input::<ListAgents>(companies),
                schema::list_of(&agent),
                true,
            ),
            run: |context, arguments| list(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "get_agent",
                "Get one agent",
                "Use this for all that is known of one agent, statistics included.",
                schema::input::<GetAgent>(companies),
                schema::item_of(&agent),
                true,
            ),
            run: |context, arguments| get(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "agent_stats",
                "Agent statistics",
                "Use this for the service's own counts of one agent or of all: inspections (buying and selling side), first \
                 and last inspection, revenue.",
                schema::input::<AgentStats>(companies),
                schema::list_of(&statistics),
                true,
            ),
            run: |context, arguments| stats(context, arguments).boxed(),
        },
    ]
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AgentSort {
    #[default]
    Name,
    Agency,
    MostInspections,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListAgents {
    company: Option<Vec<String>>,
    /// Words of the name, agency or city.
    text: Option<String>,
    /// Words of the agency's name.
    agency: Option<String>,
    /// Words of the team's name.
    team: Option<String>,
    /// A tag, whole.
    tag: Option<String>,
    /// Default name.
    #[serde(default)]
    sort: AgentSort,
    /// contact: e-mail and phone too.
    include: Option<Include>,
    #[serde(default)]
    detail: Detail,
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// A row's place: what it is sorted by, then what makes it unique.
type Place = (String, String);

async fn list(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "list_agents", &arguments);
    let wanted: ListAgents = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    if matches!(wanted.sort, AgentSort::MostInspections) && !companies.permissions().shows_totals() {
        let (what, leave_out) = (Hidden::Statistics, Some("sort"));
        return Err(RecordsError::NotShown { what, leave_out }.into());
    }
    let chosen = companies.chosen(wanted.company.as_deref());
    let answered = companies.each(&chosen, |company| async { company.records.agents().await }).await?;
    let mut rows = Vec::new();
    for (company, agents) in &answered.parts {
        for agent in agents.iter().filter(|agent| is_wanted(agent, &wanted)) {
            let name = agent.name().map(|name| fold(&name)).unwrap_or_default();
            let key = match wanted.sort {
                AgentSort::Name => name,
                AgentSort::Agency => {
                    let agency = agent.agency_name.as_ref().map(|agency| fold(agency.as_str()));
                    // An agent without an agency comes last: no folded name sorts after this. What is between agency
                    // and name sorts before all in a folded name, so that one agency stands together.
                    format!("{}\t{name}", agency.unwrap_or_else(|| "\u{10ffff}".to_owned()))
                }
                AgentSort::MostInspections => format!("{} {name}", descending(agent.inspections)),
            };
            let place = (key, format!("{} {}", company.name, id_order(agent.id.as_str())));
            rows.push((place, (*company, agent)));
        }
    }
    let show = |(company, agent): (&Company, &Agent)| {
        agent_row(companies, company, agent, wanted.include.is_some(), wanted.detail)
    };
    Ok(keyed_list(rows, show, after.map(|(place, _)| place), wanted.limit, &mark, &answered.basis, None))
}

/// Sorts what is listed by its places and shows the page after `after`. There is a total only where nothing is missing.
fn keyed_list<T>(
    mut listed: Vec<(Place, T)>,
    show: impl Fn(T) -> Map<String, Value>,
    after: Option<Place>,
    wanted: Option<Limit>,
    mark: &QueryMark,
    basis: &Basis,
    note: Option<&str>,
) -> Answer {
    let Cut { total, more } = cut_to_page(&mut listed, after.as_ref(), limit(wanted));
    let rows = listed.into_iter().map(|(place, one)| (place, show(one))).collect();
    let total = basis.is_complete().then_some(total);
    let mut shown = basis::shown(basis);
    if let Some(note) = note {
        shown.note(note);
    }
    Answer::list(Rows { rows, total, more, resume: None }, mark, shown)
}

/// A count as text that sorts with the largest first and the unknown last.
fn descending(count: Option<u64>) -> String {
    format!("{:020}", u64::MAX - count.unwrap_or(0))
}

fn is_wanted(agent: &Agent, wanted: &ListAgents) -> bool {
    let narrows = [&wanted.text, &wanted.agency, &wanted.team, &wanted.tag].into_iter().any(Option::is_some);
    if !narrows {
        return true;
    }
    let holds = |text: Option<String>, words: &Option<String>| {
        words.as_ref().is_none_or(|words| domain::has_words(text.as_deref().unwrap_or_default(), &fold(words)))
    };
    let agency = agent.agency_name.as_ref().map(ToString::to_string);
    let city = agent.city.as_ref().map(ToString::to_string);
    let anywhere = [agent.name(), agency.clone(), city].into_iter().flatten().collect::<Vec<_>>().join(" ");
    holds(Some(anywhere), &wanted.text)
        && holds(agency, &wanted.agency)
        && holds(agent.team_name.as_ref().map(ToString::to_string), &wanted.team)
        && wanted.tag.as_ref().is_none_or(|tag| agent.tags.iter().any(|known| fold(known.as_str()) == fold(tag)))
}

fn agent_row(
    companies: &Companies,
    company: &Company,
    agent: &Agent,
    contact: bool,
    detail: Detail,
) -> Map<String, Value> {
    let mut row = Row::default();
    row.put("company", label(companies, company))
        .put("id", Some(agent.id.to_string()))
        .put("name", agent.name())
        .show("agency", agent.agency_name.as_ref())
        .show("team", agent.team_name.as_ref())
        .show("city", agent.city.as_ref())
        .put("inspections", agent.inspections)
        .put("buying_inspections", agent.buying_inspections)
        .put("selling_inspections", agent.selling_inspections);
    if contact {
        row.show("email", agent.email.as_ref()).show("phone", agent.phone.as_ref());
    }
    if detail == Detail::Full {
        row.show("agent_id", agent.agent_id.as_ref())
            .show("uuid", agent.uuid.as_ref())
            .show("state", agent.state.as_ref())
            .list("tags", &agent.tags)
            .put("created_at", agent.created_at.map(answer::seconds))
            .put("updated_at", agent.updated_at.map(answer::seconds))
            .show("notes", agent.notes.as_ref());
    }
    row.0
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetAgent {
    company: Option<Vec<String>>,
    /// Connection id, or name.
    agent: String,
    /// contact: e-mail and phone too.
    include: Option<Include>,
}

async fn get(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: GetAgent = parse(arguments)?;
    let chosen = companies.chosen(wanted.company.as_deref());
    let (company, entry, basis) = companies.agent(&chosen, &wanted.agent).await?;
    let row = entry_row(companies, company, &entry, wanted.include.is_some());
    let mut basis = basis::shown(&basis);
    if companies.permissions().shows_totals() {
        basis.note(THEIR_COUNTS);
    }
    Ok(Answer::item_with(row, basis))
}

/// All that is known of an agent, without contact details.
pub(super) fn full_row(companies: &Companies, company: &Company, entry: &AgentEntry) -> Map<String, Value> {
    entry_row(companies, company, entry, false)
}

fn entry_row(companies: &Companies, company: &Company, entry: &AgentEntry, contact: bool) -> Map<String, Value> {
    let mut row = agent_row(companies, company, &entry.agent, contact, Detail::Full);
    if let Some(statistics) = &entry.statistics {
        row.insert("statistics".to_owned(), statistics_row(company, statistics).0.into());
    }
    row
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StatsSort {
    #[default]
    MostInspections,
    MostRevenue,
    LastInspection,
    Name,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AgentStats {
    company: Option<Vec<String>>,
    /// Connection id, or name. Without it: all agents.
    agent: Option<String>,
    #[serde(default)]
    #[schemars(description = "Default most_inspections.")]
    sort: StatsSort,
    limit: Option<Limit>,
    cursor: Option<String>,
}

async fn stats(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "agent_stats", &arguments);
    let wanted: AgentStats = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let not_shown = |what, leave_out| ToolFailure::from(RecordsError::NotShown { what, leave_out });
    if !companies.permissions().shows_totals() {
        return Err(not_shown(Hidden::Statistics, None));
    }
    if wanted.sort == StatsSort::MostRevenue && !companies.fields().shows_money() {
        return Err(not_shown(Hidden::Money, Some("sort")));
    }
    let chosen = companies.chosen(wanted.company.as_deref());
    if let Some(given) = &wanted.agent {
        let (company, entry, mut basis) = companies.agent(&chosen, given).await?;
        let mut row = Row::default();
        row.put("company", label(companies, company))
            .put("id", Some(entry.agent.id.to_string()))
            .put("name", entry.agent.name());
        match &entry.statistics {
            Some(statistics) => row.0.extend(statistics_row(company, statistics).0),
            None => basis.gaps.push(Gap::Statistics(None)),
        }
        let rows = vec![((String::new(), String::new()), row.0)];
        return Ok(keyed_list(rows, |row| row, None, None, &mark, &basis, Some(THEIR_COUNTS)));
    }
    let answered = companies.each(&chosen, |company| async move {
        let (statistics, mut basis) = company.records.statistics().await?;
        let (agents, read) = company.records.agents().await?;
        basis.absorb(read);
        Ok(((statistics, agents), basis))
    });
    let answered = answered.await?;
    let mut rows = Vec::new();
    for (company, (statistics, agents)) in &answered.parts {
        let names: std::collections::HashMap<_, _> = agents.iter().map(|agent| (&agent.id, agent.name())).collect();
        for one in statistics.iter() {
            let name = names.get(&one.id).cloned().flatten();
            let folded = name.as_deref().map(fold).unwrap_or_default();
            let key = match wanted.sort {
                StatsSort::Name => folded,
                StatsSort::MostInspections => format!("{} {folded}", descending(one.total_inspections)),
                StatsSort::MostRevenue => format!("{} {folded}", descending(one.total_revenue.map(whole_cents))),
                StatsSort::LastInspection => {
                    let day = one.last_inspection.map(|last| last.day(company.records.timezone()));
                    let days =
                        day.map(|day| u64::try_from((day - jiff::civil::date(1970, 1, 1)).get_days()).unwrap_or(0));
                    format!("{} {folded}", descending(days))
                }
            };
            rows.push(((key, format!("{} {}", company.name, id_order(one.id.as_str()))), (*company, one, name)));
        }
    }
    let show = |(company, one, name): (&Company, &AgentStatistics, Option<String>)| {
        let mut row = Row::default();
        row.put("company", label(companies, company)).put("id", Some(one.id.to_string())).put("name", name);
        row.0.extend(statistics_row(company, one).0);
        row.0
    };
    Ok(keyed_list(rows, show, after.map(|(place, _)| place), wanted.limit, &mark, &answered.basis, Some(THEIR_COUNTS)))
}

fn whole_cents(money: Money) -> u64 {
    money.cents_rounded_down().max(0).unsigned_abs()
}

fn statistics_row(company: &Company, statistics: &AgentStatistics) -> Row {
    let zone = company.records.timezone();
    let day = |moment: Option<domain::Moment>| moment.map(|moment| moment.day(zone).to_string());
    let mut row = Row::default();
    row.put("total_inspections", statistics.total_inspections)
        .put("buying_inspections", statistics.buying_inspections)
        .put("selling_inspections", statistics.selling_inspections)
        .put("overall_inspections", statistics.overall_inspections)
        .put("first_inspection", day(statistics.first_inspection))
        .put("last_inspection", day(statistics.last_inspection))
        .show("total_revenue", statistics.total_revenue.as_ref())
        .show("buying_revenue", statistics.buying_revenue.as_ref())
        .show("selling_revenue", statistics.selling_revenue.as_ref())
        .show("average_revenue", statistics.average_revenue.as_ref());
    row
}
