//! Agents and their statistics: which ones a query asks for, and how they are written.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::inspections::CHANGED_SINCE;
use super::options::ChangedSince;
use super::query::{Query, Refusal, ids, instant, search_words};
use super::truth::{AgentRow, CompanyTruth, RecordKind};
use super::world::{Included, Scene, money, relationship, utc};

const NANOSECONDS: i128 = 1_000_000_000;

/// The matching agents, as indices; without a sort by id. Filters that do not exist are ignored.
pub(super) fn select(scene: Scene<'_>, query: &Query) -> Result<Vec<u32>, Refusal> {
    let company = scene.company;
    let tags = query.filter("tag");
    let mut found: Vec<u32> = (0_u32..).zip(&company.agents).map(|(at, _)| at).collect();
    for (name, value) in query.filters() {
        let wanted = ids(&[value]);
        let words = search_words(&[value]);
        let since = if name == CHANGED_SINCE && scene.changed_since == ChangedSince::Works {
            instant(name, value)?
        } else {
            i128::MIN
        };
        found.retain(|at| {
            let agent = &company.agents[*at as usize];
            let has = |id: Option<u64>| id.is_some_and(|id| wanted.contains(&id));
            match name {
                "id" => has(Some(agent.connection_id)),
                "agency_id" => has(agent.agency.map(|agency| company.agencies[agency].id)),
                "agent_id" => has(Some(agent.agent_id)),
                "agent_team_id" => has(agent.team.map(|team| company.teams[team].id)),
                "email" => agent.email.as_deref() == Some(value),
                "fulltext" => {
                    let text = searchable(company, agent);
                    words.iter().all(|word| text.contains(word))
                }
                "tag" => tags.iter().all(|tag| agent.tags.contains(tag)),
                CHANGED_SINCE => i128::from(agent.updated_at) * NANOSECONDS > since,
                _ => true,
            }
        });
    }
    let sort = query.sort();
    found.sort_by(|a, b| {
        let compared = sort.iter().map(|(key, descending)| {
            let ordering = compare(scene, key, *a, *b);
            if *descending { ordering.reverse() } else { ordering }
        });
        compared.fold(Ordering::Equal, Ordering::then).then(a.cmp(b))
    });
    Ok(found)
}

/// The agents whose statistics are asked for.
pub(super) fn select_stats(scene: Scene<'_>, query: &Query) -> Vec<u32> {
    let wanted = ids(&query.filter("id"));
    let all = (0_u32..).zip(&scene.company.agents);
    all.filter(|(_, agent)| wanted.is_empty() || wanted.contains(&agent.connection_id)).map(|(at, _)| at).collect()
}

fn searchable(company: &CompanyTruth, agent: &AgentRow) -> String {
    let agency = agent.agency.map_or("", |agency| company.agencies[agency].name.as_str());
    let email = agent.email.as_deref().unwrap_or("");
    format!("{} {agency} {email} {}", agent.name(), company.zips[agent.place].city).to_lowercase()
}

fn compare(scene: Scene<'_>, key: &str, a: u32, b: u32) -> Ordering {
    let company = scene.company;
    let (left, right) = (&company.agents[a as usize], &company.agents[b as usize]);
    let (counts_left, counts_right) = (&scene.index.totals[a as usize], &scene.index.totals[b as usize]);
    let agency = |agent: &AgentRow| agent.agency.map(|at| company.agencies[at].name.to_lowercase());
    let team = |agent: &AgentRow| agent.team.map(|at| company.teams[at].name.to_lowercase());
    let first = |agent: &AgentRow| agent.first_name.to_lowercase();
    let last = |agent: &AgentRow| agent.last_name.as_deref().unwrap_or("").to_lowercase();
    match key {
        "agency_name" => agency(left).cmp(&agency(right)),
        "agent_team_name" => team(left).cmp(&team(right)),
        "first_name" => first(left).cmp(&first(right)),
        "last_name" => last(left).cmp(&last(right)),
        "last_first_name" => (last(left), first(left)).cmp(&(last(right), first(right))),
        "agent_inspections" => {
            (counts_left.buying + counts_left.selling).cmp(&(counts_right.buying + counts_right.selling))
        }
        "buying_agent_inspections" => counts_left.buying.cmp(&counts_right.buying),
        "selling_agent_inspections" => counts_left.selling.cmp(&counts_right.selling),
        _ => Ordering::Equal,
    }
}

/// Renders one connection.
pub(super) fn render(scene: Scene<'_>, at: u32, include: &[&str], included: &mut Included) -> Value {
    let company = scene.company;
    let agent = &company.agents[at as usize];
    let record = json!({
        "id": agent.connection_id.to_string(),
        "type": "connection",
        "attributes": attributes(scene, at),
        "relationships": {
            "agent": relationship(include.contains(&"agent"), || {
                included.add("agent", &agent.agent_id.to_string(), || json!({
                    "uuid": agent.uuid,
                    "first_name": agent.first_name,
                    "last_name": agent.last_name,
                    "email": agent.email,
                    "phone": agent.phone,
                }))
            }),
            "agent_team": relationship(include.contains(&"agent_team"), || match agent.team {
                Some(team) => {
                    let team = &company.teams[team];
                    included.add("agent_team", &team.id.to_string(), || {
                        json!({"company_id": company.company_id, "name": team.name})
                    })
                }
                None => Value::Null,
            }),
        },
    });
    company.with_put(RecordKind::Agent, agent.connection_id, record)
}

/// A connection's attributes, here and where an inspection includes it.
pub(super) fn attributes(scene: Scene<'_>, at: u32) -> Value {
    let company = scene.company;
    let agent = &company.agents[at as usize];
    let totals = &scene.index.totals[at as usize];
    let place = &company.zips[agent.place];
    let agency = agent.agency.map(|agency| &company.agencies[agency]);
    let id = agent.connection_id;
    json!({
        "company_id": Scene::loose_id(company.company_id, id),
        "agent_id": Scene::loose_id(agent.agent_id, id + 1),
        "first_name": agent.first_name,
        "last_name": agent.last_name,
        "email": agent.email,
        "phone": agent.phone,
        "agency_name": agency.map(|agency| agency.name.as_str()),
        "city": place.city,
        "state": place.state,
        "image": null,
        "agency_id": agency.map(|agency| Scene::loose_id(agency.id, id)),
        "agent_team_id": agent.team.map(|team| company.teams[team].id),
        "tags": agent.tags,
        "agent_inspections": totals.buying + totals.selling,
        "buying_agent_inspections": totals.buying,
        "selling_agent_inspections": totals.selling,
        "notes": if id % 17 == 5 { json!("Likes a call before the report goes out.") } else { Value::Null },
        "created_at": utc(agent.created_at),
        "updated_at": utc(agent.updated_at),
    })
}

/// Renders the statistics of one connection; those in [`CompanyTruth::stats_off_by_one`] say one too many.
pub(super) fn render_stats(scene: Scene<'_>, at: u32) -> Value {
    let agent = &scene.company.agents[at as usize];
    let totals = &scene.index.totals[at as usize];
    let id = agent.connection_id;
    let extra = u64::from(scene.company.stats_off_by_one.contains(&id));
    let date = |seconds: Option<i64>| {
        seconds
            .map(|at| if id.is_multiple_of(2) { scene.local(at) } else { scene.local(at).chars().take(10).collect() })
    };
    let revenue = totals.buying_cents + totals.selling_cents;
    let record = json!({
        "id": id.to_string(),
        "type": "connection_stat",
        "attributes": {
            "company_id": Scene::loose_id(scene.company.company_id, id),
            "total_inspections_count": totals.buying + totals.selling + extra,
            "buying_inspections_count": totals.buying + extra,
            "selling_inspections_count": totals.selling,
            "overall_inspections_count": scene.world.overall.get(&agent.agent_id).copied().unwrap_or(0) + extra,
            "first_inspection_date": date(totals.first),
            "last_inspection_date": date(totals.last),
            "total_revenue": money(revenue),
            "buying_revenue": money(totals.buying_cents),
            "selling_revenue": money(totals.selling_cents),
            "average_revenue": money(revenue.checked_div(totals.paid).unwrap_or(0)),
        },
    });
    scene.company.with_put(RecordKind::Statistics, id, record)
}
