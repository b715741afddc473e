//! Telling whoever runs the server what was asked: by whom and how, never what was answered.

use std::time::Duration;

use rmcp::model::CallToolResult;
use serde_json::Value;

/// One call of a tool, without anything of its content.
#[derive(Debug)]
pub struct CallSummary<'a> {
    /// The person or token, where it is known.
    pub caller: Option<&'a str>,
    /// The tool.
    pub tool: &'a str,
    /// The names of its arguments, without what they were.
    pub arguments: &'a [String],
    /// Rows of a list; `None` for what is no list.
    pub rows: Option<usize>,
    /// Whether it was answered with an error.
    pub failed: bool,
    /// How long it took.
    pub took: Duration,
}

/// Hears of every call. It must not wait for anything.
pub trait CallWatch: Send + Sync + 'static {
    /// A call is answered.
    fn called(&self, call: &CallSummary<'_>);
}

/// The rows of an answer that is a list.
pub(super) fn rows_of(result: &CallToolResult) -> Option<usize> {
    let content = result.structured_content.as_ref()?;
    ["items", "results"].iter().find_map(|name| content.get(name)).and_then(Value::as_array).map(Vec::len)
}
