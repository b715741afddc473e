//! What is offered while an argument of a prompt is typed.

use rmcp::model::{CompleteRequestParams, CompletionInfo, Reference};

use super::Context;
use super::prompts::Slot;

/// The values that begin with what was typed; case does not count. Nothing for arguments nobody knows.
pub(super) fn complete(context: &Context, request: &CompleteRequestParams) -> CompletionInfo {
    let Reference::Prompt(_) = &request.r#ref else { return CompletionInfo::default() };
    let Some(slot) = Slot::ALL.iter().find(|slot| slot.name() == request.argument.name) else {
        return CompletionInfo::default();
    };
    let all: Vec<String> = match slot {
        Slot::Company => context.companies.iter().map(|company| company.name.to_string()).collect(),
        Slot::Day => ["today", "tomorrow"].map(str::to_owned).into(),
    };
    let typed = request.argument.value.to_lowercase();
    let mut values: Vec<String> = all.into_iter().filter(|value| value.starts_with(&typed)).collect();
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_all_values(values).unwrap_or_default()
}
