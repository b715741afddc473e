//! `search` and `fetch`, in the shapes that ChatGPT's research features look for.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

mod groups;
pub(super) mod topics;

use super::super::answer::{Answer, Row};
use super::super::{Tool, ToolFailure, arguments, declare, label, render, schema, served};
use super::inspections::row;
use super::{agents, clients, parse};
use answers::{Companies, Company};
use domain::{Agent, Client, CompanyName, Inspection, SearchTerms};
use records::FoundRecord;

/// What an id's other characters are written as in the query of an address.
const IN_QUERY: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'*');
/// Records of each kind in one answer.
const RESULTS_OF_A_KIND: usize = 10;

/// The names of these two; they are shown over HTTP, or when they are chosen.
pub(in super::super) const NAMES: &[&str] = &["search", "fetch"];

pub(super) fn tools() -> Vec<Tool> {
    let text = || json!({"type": "string"});
    let result = json!({"type": "object", "properties": {"id": text(), "title": text(), "url": text()},
                        "required": ["id", "title", "url"]});
    let results = json!({"type": "object", "properties": {"results": {"type": "array", "items": result}},
                         "required": ["results"]});
    let document = json!({"type": "object", "properties": {"id": text(), "title": text(), "text": text(), "url": text(),
                          "metadata": {"type": "object"}}, "required": ["id", "title", "text", "url"]});
    let object = |value: Value| if let Value::Object(map) = value { map } else { Map::new() };
    vec![
        Tool {
            declaration: declare(
                "search",
                "Search",
                "Use this to find agents, clients and inspections by words of a name or address, and worked-out answers by what \
                 they are about (dormant agents, scorecard of October 2026, unpaid inspections last month); fetch reads one.",
                schema::input::<Search>(&[]),
                object(results),
                false,
            ),
            run: |context, arguments| search(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "fetch",
                "Fetch",
                "Use this for all that is known of one result of search.",
                schema::input::<Fetch>(&[]),
                object(document),
                true,
            ),
            run: |context, arguments| fetch(context, arguments).boxed(),
        },
    ]
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// Words to find.
    query: String,
}

async fn search(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Search = parse(arguments)?;
    let chosen = companies.chosen(None);
    let (sure, likely): (Vec<_>, Vec<_>) =
        topics::offers(companies, &wanted.query).into_iter().partition(|offer| offer.is_sure);
    let offered = |offers: Vec<topics::Offer>| {
        offers.into_iter().map(|offer| json!({"id": offer.id, "title": offer.title, "url": ""}))
    };
    let Some(query) = &SearchTerms::of(&wanted.query) else {
        return Ok(Answer::json(Map::from_iter([("results".to_owned(), json!([]))])));
    };
    let answered = companies
        .each(&chosen, |company| async move { company.records.search(query, RESULTS_OF_A_KIND).await })
        .await?;
    let mut results: Vec<Value> = offered(sure).collect();
    for (company, found) in &answered.parts {
        let may_be_read = |record: &&FoundRecord| may_read(companies, kind_of(record));
        results.extend(found.iter().filter(may_be_read).map(|record| result(companies, company, record)));
    }
    results.extend(offered(likely));
    let mut answer = Map::new();
    answer.insert("results".to_owned(), results.into());
    Ok(Answer::json(answer))
}

/// Gives each result and document without a page at Spectora the address of a page here: `base` and its id. Without `base`
/// (no web server) it is an address of no web page, so that it can be cited all the same.
pub(in super::super) fn link(answer: &mut Answer, base: Option<&str>) {
    let link_one = |one: &mut Map<String, Value>| {
        if one.get("url").and_then(Value::as_str) == Some("")
            && let Some(id) = one.get("id").and_then(Value::as_str)
        {
            let url = match base {
                Some(base) => {
                    format!("{base}{}", percent_encoding::utf8_percent_encode(id, IN_QUERY))
                }
                None => format!("spectora://document/{id}"),
            };
            one.insert("url".to_owned(), url.into());
        }
    };
    let content = answer.content_mut();
    match content.get_mut("results").and_then(Value::as_array_mut) {
        Some(results) => results.iter_mut().filter_map(Value::as_object_mut).for_each(link_one),
        None => link_one(content),
    }
}

fn kind_of(record: &FoundRecord) -> &'static str {
    match record {
        FoundRecord::Agent(_) => "agent",
        FoundRecord::Client(_) => "client",
        FoundRecord::Inspection(_) => "inspection",
    }
}

/// Whether the caller may read a record of this kind at all: they may call the tool that reads one.
fn may_read(companies: &Companies, kind: &str) -> bool {
    companies.permissions().allows_tool(&format!("get_{kind}"))
}

fn result(companies: &Companies, company: &Company, record: &FoundRecord) -> Value {
    let kind = kind_of(record);
    let (id, title, url) = match record {
        FoundRecord::Agent(agent) => (agent.id.to_string(), agent_title(agent), String::new()),
        FoundRecord::Client(client) => (client.id.to_string(), client_title(client), String::new()),
        FoundRecord::Inspection(inspection) => {
            let url = inspection.slug.as_ref().map(row::portal_link).unwrap_or_default();
            (inspection.id.to_string(), inspection_title(company, inspection), url)
        }
    };
    let title = label(companies, company).map_or(title.clone(), |label| format!("{title} ({label})"));
    json!({"id": format!("{}/{kind}/{id}", company.name), "title": title, "url": url})
}

fn agent_title(agent: &Agent) -> String {
    let name = agent.name().unwrap_or_else(|| "an agent without a name".to_owned());
    let agency = agent.agency_name.as_ref().map(|agency| format!(" of {agency}")).unwrap_or_default();
    format!("Agent {name}{agency}")
}

fn client_title(client: &Client) -> String {
    format!("Client {}", client.name().unwrap_or_else(|| "without a name".to_owned()))
}

fn inspection_title(company: &Company, inspection: &Inspection) -> String {
    let day = inspection.starts_at.map(|at| company.records.timezone().to_datetime(at).date().to_string());
    let place = inspection.address.full.as_ref().map(ToString::to_string);
    let parts: Vec<String> = [day, place].into_iter().flatten().collect();
    format!("Inspection {}", parts.join(", "))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fetch {
    /// An id from search.
    id: String,
}

async fn fetch(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: Fetch = parse(arguments)?;
    let unknown = || {
        ToolFailure::new("there is no such record", "give an id as search gives it, such as COMPANY/inspection/5012345")
    };
    if wanted.id.trim().starts_with(topics::PREFIX) {
        return fetch_answer(companies, wanted.id.trim()).await;
    }
    let mut parts = wanted.id.trim().splitn(3, '/');
    let (Some(company), Some(kind), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unknown());
    };
    let company = *companies.chosen(Some(&[company.to_owned()])).first().ok_or_else(unknown)?;
    if !may_read(companies, kind) {
        return Err(unknown());
    }
    let (title, url, item, as_of) = match kind {
        "agent" => {
            let id = id.parse().map_err(|_| unknown())?;
            let (entry, basis) = company.records.agent(&id).await?.ok_or_else(unknown)?;
            (agent_title(&entry.agent), String::new(), agents::full_row(companies, company, &entry), basis.as_of)
        }
        "client" => {
            let id = id.parse().map_err(|_| unknown())?;
            let (client, basis) = company.records.client(&id).await?.ok_or_else(unknown)?;
            (client_title(&client), String::new(), clients::full_row(companies, company, &client), basis.as_of)
        }
        "inspection" => {
            let id = id.parse().map_err(|_| unknown())?;
            let (inspection, basis) = company.records.inspection(&id).await?.ok_or_else(unknown)?;
            let url = inspection.slug.as_ref().map(row::portal_link).unwrap_or_default();
            let item = row::full_row(companies, company, &inspection, companies.now());
            (inspection_title(company, &inspection), url, item, basis.as_of)
        }
        _ => return Err(unknown()),
    };
    let mut metadata = Row::default();
    metadata
        .put("company", Some(company.name.to_string()))
        .put("kind", Some(kind.to_owned()))
        .put("as_of", Some(super::super::answer::seconds(as_of)));
    let answer = json!({"id": wanted.id.trim(), "title": title, "text": render::record_text(&item), "url": url,
                        "metadata": metadata.0});
    Ok(Answer::json(answer.as_object().cloned().unwrap_or_default()))
}

/// An answer as a document: its question is put by the tool it is of, as the caller may put it.
async fn fetch_answer(companies: &Companies, id: &str) -> Result<Answer, ToolFailure> {
    if id == topics::DEFINITIONS {
        let text = super::super::resources::definitions();
        let metadata = json!({"kind": "answer"});
        let document =
            json!({"id": id, "title": topics::DEFINITIONS_TITLE, "text": text, "url": "", "metadata": metadata});
        return Ok(Answer::json(document.as_object().cloned().unwrap_or_default()));
    }
    let unknown = || ToolFailure::new("there is no such answer", "give an id as search gives it");
    let (name, arguments, title) = topics::question(companies, id).ok_or_else(unknown)?;
    if !companies.permissions().allows_tool(name) {
        return Err(unknown());
    }
    let names: Vec<CompanyName> = companies.all.iter().map(|company| company.name.clone()).collect();
    let tools = super::all(&names);
    let tool = tools.iter().find(|tool| tool.declaration.name == name).ok_or_else(unknown)?;
    let settled = arguments::settle(&tool.declaration.input_schema, arguments, &served(companies))?.arguments;
    let mut answer = (tool.run)(companies, settled).await?;
    let content = answer.content_mut();
    let as_of = content.get("basis").and_then(|basis| basis.get("as_of")).cloned();
    let mut metadata = Row::default();
    metadata.put("kind", Some("answer".to_owned())).put("tool", Some(name.to_owned())).put("as_of", as_of);
    let text = render::text(content);
    let document = json!({"id": id, "title": title, "text": text, "url": "", "metadata": metadata.0});
    Ok(Answer::json(document.as_object().cloned().unwrap_or_default()))
}
