//! The page that chat clients draw an answer with (MCP Apps, `io.modelcontextprotocol/ui`). One page serves every tool: a client
//! that shows views reads it once, and gets each answer by its own messages; the page itself holds no data. To a client without
//! views nothing is different, and no model reads any of this.

use rmcp::model::{ExtensionCapabilities, MetaObject, Resource, ResourceContents};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use answers::{Companies, Company};

/// Where the page is.
pub(super) const URI: &str = "ui://spectora/insight.html";
/// What it is.
pub(super) const MIME_TYPE: &str = "text/html;profile=mcp-app";
/// The extension's name.
const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// The page, made from `views/` by `scripts/views`.
const PAGE: &str = include_str!("../../../views/dist/insight.html");
/// Where the ZIP codes of an answer are, in the result's `_meta`: latitude and longitude by code.
const PLACES: &str = "spectora/places";
/// What people call the companies, by their names.
const NAMES: &str = "spectora/companies";
/// How many days ago the referrals of an answer's agents were, the latest first: by company, then by the agent's id.
pub(super) const REFERRALS: &str = "spectora/referrals";

/// The page's text.
pub(super) fn page() -> &'static str {
    PAGE
}

/// The tools whose answers it draws.
const DRAWN: &[&str] = &[
    "inspector_scorecard",
    "agent_analysis",
    "service_mix",
    "prep_briefing",
    "capacity_plan",
    "breakdown",
    "data_quality",
];

/// Further tools whose answers are shown by companies, in reports.
const NAMED: &[&str] = &["whats_new"];

/// What a tool says of its view; `None` for one without. ChatGPT knows the page by a name of its own.
pub(super) fn of_tool(name: &str) -> Option<MetaObject> {
    let meta = json!({"ui": {"resourceUri": URI}, "openai/outputTemplate": URI});
    DRAWN.contains(&name).then(|| MetaObject(object(meta)))
}

/// What the server says of views.
pub(super) fn extension() -> ExtensionCapabilities {
    ExtensionCapabilities::from([(EXTENSION.to_owned(), object(json!({"mimeTypes": [MIME_TYPE]})))])
}

/// The page among the resources.
pub(super) fn declaration() -> Resource {
    let mut resource = Resource::new(URI, "insight-view")
        .with_title("Pictures of answers")
        .with_description("The page with which clients that can show views draw an answer.")
        .with_mime_type(MIME_TYPE);
    resource.meta = Some(meta());
    resource
}

/// The page as a client reads it.
pub(super) fn contents() -> ResourceContents {
    ResourceContents::text(PAGE, URI).with_mime_type(MIME_TYPE).with_meta(meta())
}

/// It needs no network and nothing of the machine, and draws its own edge.
fn meta() -> MetaObject {
    MetaObject(object(json!({"ui": {"prefersBorder": true}})))
}

/// The answer with what its pictures need and no model does: where its ZIP codes are, and what people call the companies.
pub(super) fn with_beside(tool: &str, answer: Answer, companies: &Companies) -> Answer {
    if !DRAWN.contains(&tool) && !NAMED.contains(&tool) {
        return answer;
    }
    let called = |one: &Company| one.display_name.clone().unwrap_or_else(|| one.name.to_string());
    let names = companies.all.iter().map(|one| (one.name.to_string(), called(one).into()));
    let places = if tool == "service_mix" { places(answer.content()) } else { Map::new() };
    answer.with_beside(NAMES, names.collect()).with_beside(PLACES, places)
}

/// Where the ZIP codes are that an answer is grouped by; none where it is by something else.
fn places(answer: &Map<String, Value>) -> Map<String, Value> {
    let companies = answer.get("companies").and_then(Value::as_array).into_iter().flatten();
    let groups = companies.filter_map(|company| company.get("groups")?.as_array()).flatten();
    groups
        .filter_map(|row| row.get("group")?.as_str())
        .filter_map(|zip| Some((zip.to_owned(), insight::place_of(zip)?)))
        // Hundredths of a degree are half a mile, and a ZIP code is larger.
        .map(|(zip, place)| (zip, json!([rounded(place.latitude), rounded(place.longitude)])))
        .collect()
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 100.0).round() / 100.0
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
