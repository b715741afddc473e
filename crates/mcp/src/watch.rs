//! Telling whoever runs the server what was asked: by whom and how, never what was answered.

use std::time::Duration;

use answers::SentRequest;
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
    /// How many requests to the service it cost: those that left for it until it was answered, each try counted, its own
    /// and those of a sync that it began. A sync that was under way already or goes on after the answer is not among them.
    pub requests: u64,
    /// Those that ended by then, at most the first 256.
    pub sent: &'a [SentRequest],
    /// The span of the client that this call belongs to, as the client gave it (`traceparent` of W3C Trace Context).
    pub trace_parent: Option<&'a str>,
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
