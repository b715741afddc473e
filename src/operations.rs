//! What whoever runs a server wants to know of it: the log of calls, and numbers for a monitor, which reads them or has them
//! sent.

mod call_log;
mod metrics;
mod telemetry;

pub use call_log::{CallLog, LoggedCall, read_calls};
pub use metrics::{CompanyState, Metrics};
pub use telemetry::{Collector, States, Telemetry, TelemetryError};

use std::borrow::Cow;
use std::sync::Arc;

use mcp::{CallSummary, CallWatch, SentRequest};

/// The one verb of requests to the service.
const METHOD: &str = "GET";
/// The class of error of a call that was answered with one, by the conventions of OpenTelemetry for MCP.
const TOOL_ERROR: &str = "tool_error";

/// The class of error a request ended with, by the conventions of OpenTelemetry for HTTP: a refusal's status, else a word.
fn error_type(request: &SentRequest) -> Option<Cow<'static, str>> {
    match request.status.filter(|status| 400 <= *status) {
        Some(status) => Some(status.to_string().into()),
        None => request.fault.map(Cow::from),
    }
}

/// Tells each call to the log and to the metrics, where there are such.
pub struct Watch {
    /// The log.
    pub log: Option<CallLog>,
    /// The numbers.
    pub metrics: Arc<Metrics>,
}

impl CallWatch for Watch {
    fn called(&self, call: &CallSummary<'_>) {
        self.metrics.called(call);
        if let Some(log) = &self.log {
            log.called(call);
        }
    }
}
