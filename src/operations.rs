//! What whoever runs a server wants to know of it: the log of calls, and numbers for a monitor.

mod call_log;
mod metrics;

pub use call_log::{CallLog, LoggedCall, read_calls};
pub use metrics::{CompanyState, Metrics};

use std::sync::Arc;

use mcp::{CallSummary, CallWatch};

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
