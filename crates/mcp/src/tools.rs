//! The table of tools, and what they share.

mod agents;
mod clients;
mod companies;
pub(super) mod insight;
mod inspections;
mod mirror;
pub(super) mod search;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::schema::LIMIT_DEFAULT;
use super::{Tool, ToolFailure};
use domain::{CompanyName, SearchTerms};

/// Every tool, for these companies.
pub(super) fn all(companies: &[CompanyName]) -> Vec<Tool> {
    let mut tools = companies::tools();
    tools.extend(agents::tools(companies));
    tools.extend(clients::tools(companies));
    tools.extend(inspections::tools(companies));
    tools.extend(insight::tools(companies));
    tools.extend(mirror::tools(companies));
    tools.extend(search::tools());
    tools
}

/// Settled arguments as the tool's own type. What fails here is a schema that promises what its type does not take.
fn parse<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, ToolFailure> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| ToolFailure::new(format!("the arguments do not fit: {error}"), "see the tool's schema"))
}

fn limit(limit: Option<u32>) -> usize {
    limit.unwrap_or(LIMIT_DEFAULT) as usize
}

/// The words looked for by the argument `name`.
fn words(name: &str, given: Option<&str>) -> Result<Option<SearchTerms>, ToolFailure> {
    let none =
        || ToolFailure::new(format!("`{name}` has no letter and no digit"), format!("give `{name}` a word to find"));
    given.map(|given| SearchTerms::of(given).ok_or_else(none)).transpose()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Detail {
    #[default]
    Concise,
    Full,
}
