//! What is offered while an argument of a prompt is typed.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::prompts::{self, Slot};
use answers::Companies;
use domain::{fold, has_words};

/// The longest beginning that is looked for, in bytes.
const TYPED_BYTES_MAX: usize = 200;

/// The values whose words begin with what was typed; case and accents do not count. Nothing for prompts and arguments
/// there are not.
pub(super) async fn complete(companies: &Companies, request: &CompleteRequestParams) -> CompletionInfo {
    let Reference::Prompt(prompt) = &request.r#ref else { return CompletionInfo::default() };
    let slot = prompts::slot(companies.permissions(), &prompt.name, &request.argument.name);
    let Some(slot) = slot else { return CompletionInfo::default() };
    if TYPED_BYTES_MAX < request.argument.value.len() {
        return CompletionInfo::default();
    }
    let all: Vec<String> = match slot {
        Slot::Company => companies.all.iter().map(|company| company.name.to_string()).collect(),
        Slot::Day => ["today", "tomorrow"].map(str::to_owned).into(),
        Slot::Period => domain::NamedPeriod::ALL.iter().map(|period| period.name().to_owned()).collect(),
        Slot::Inspector | Slot::Agent => names(companies, slot).await,
    };
    let typed = fold(&request.argument.value.replace('_', " "));
    let begins = |value: &String| has_words(&value.replace('_', " "), &typed);
    let mut values: Vec<String> = all.into_iter().filter(begins).collect();
    let total = u32::try_from(values.len()).ok();
    let more = CompletionInfo::MAX_VALUES < values.len();
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, more).unwrap_or_default()
}

/// The names of all companies' inspectors or agents; none where there is no mirror to have them from.
async fn names(companies: &Companies, slot: Slot) -> Vec<String> {
    let mut names = Vec::new();
    for company in &companies.all {
        names.extend(match slot {
            Slot::Agent => company.records.agent_names().await.unwrap_or_default(),
            _ => company.records.inspector_names().await.unwrap_or_default(),
        });
    }
    names.sort();
    names.dedup();
    names
}
