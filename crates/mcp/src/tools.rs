//! The table of tools, and what they share.

mod agents;
mod clients;
mod companies;
pub(super) mod insight;
mod inspections;
mod mirror;
pub(super) mod search;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Tool, ToolFailure};
use domain::{CompanyName, SearchTerms};

/// The most rows of one answer.
const LIMIT_MAX: usize = 100;
/// The rows of one answer unless asked otherwise.
const LIMIT_DEFAULT: usize = 25;

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

/// The rows asked for on one page.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(description = format!("Default {LIMIT_DEFAULT}."))]
struct Limit(#[schemars(range(min = 1, max = LIMIT_MAX))] usize);

fn limit(limit: Option<Limit>) -> usize {
    limit_or(limit, LIMIT_DEFAULT)
}

fn limit_or(limit: Option<Limit>, default: usize) -> usize {
    limit.map_or(default, |Limit(rows)| rows)
}

/// The words looked for by the argument `name`.
fn words(name: &str, given: Option<&str>) -> Result<Option<SearchTerms>, ToolFailure> {
    let none =
        || ToolFailure::new(format!("`{name}` has no letter and no digit"), format!("give `{name}` a word to find"));
    given.map(|given| SearchTerms::of(given).ok_or_else(none)).transpose()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "Default concise.")]
enum Detail {
    #[default]
    Concise,
    Full,
}

/// What is shown on request only, where that is one thing.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Include {
    Contact,
}
