//! Numbers for a monitor, counted here alone: as text in the `OpenMetrics` format for one that reads them, and passed on to
//! [`Telemetry`] for one that has them sent. No person, token, key or argument is in any of them.

use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::{METHOD, TOOL_ERROR, Telemetry, error_type};
use mcp::{CallSummary, SentRequest};

/// By tool and outcome, by the names of the MCP conventions of OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    gen_ai_tool_name: String,
    error_type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolLabels {
    gen_ai_tool_name: String,
}

/// By the names of the conventions of OpenTelemetry for HTTP clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    http_request_method: &'static str,
    url_template: String,
    http_response_status_code: String,
    error_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CompanyLabels {
    company: String,
}

/// How a company's mirror stands, for a monitor.
#[derive(Clone, Debug, PartialEq)]
pub struct CompanyState {
    /// Its configured name.
    pub company: String,
    /// Seconds since its changes were last read; `None` before the first reading is done.
    pub age_seconds: Option<f64>,
    /// Calls of the service's API this month.
    pub api_calls: u64,
    /// The month's budget, where there is one.
    pub budget: Option<u64>,
}

/// The numbers that count up while the server runs.
pub struct Metrics {
    calls: Family<CallLabels, Histogram>,
    call_requests: Family<ToolLabels, Counter>,
    requests: Family<RequestLabels, Histogram>,
    refusals: Family<RefusalLabels, Counter>,
    telemetry: Option<Telemetry>,
}

impl Default for Metrics {
    fn default() -> Self {
        // From half a millisecond to 32 s.
        let histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 17));
        Self {
            calls: Family::new_with_constructor(histogram),
            call_requests: Family::default(),
            requests: Family::new_with_constructor(histogram),
            refusals: Family::default(),
            telemetry: None,
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Numbers that are sent as well, where there is telemetry.
    pub fn sent_by(telemetry: Option<Telemetry>) -> Self {
        Self { telemetry, ..Self::default() }
    }

    /// What sends them.
    pub fn telemetry(&self) -> Option<&Telemetry> {
        self.telemetry.as_ref()
    }

    pub(super) fn called(&self, call: &CallSummary<'_>) {
        let labels = CallLabels {
            gen_ai_tool_name: call.tool.to_owned(),
            error_type: if call.failed { TOOL_ERROR } else { "" },
        };
        self.calls.get_or_create(&labels).observe(call.took.as_secs_f64());
        let labels = ToolLabels { gen_ai_tool_name: call.tool.to_owned() };
        self.call_requests.get_or_create(&labels).inc_by(call.requests);
        if let Some(telemetry) = &self.telemetry {
            telemetry.called(call);
        }
    }

    /// A request to the service has ended; `is_told` says that a call will tell of it too.
    pub fn requested(&self, request: &SentRequest, is_told: bool) {
        let labels = RequestLabels {
            http_request_method: METHOD,
            url_template: request.template.clone(),
            http_response_status_code: request.status.map(|status| status.to_string()).unwrap_or_default(),
            error_type: error_type(request).unwrap_or_default().into_owned(),
        };
        self.requests.get_or_create(&labels).observe(request.took.as_secs_f64());
        if let Some(telemetry) = &self.telemetry {
            telemetry.sent(request, is_told);
        }
    }

    /// A request or a sign-in that was not let in, and why in a word.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&RefusalLabels { reason }).inc();
        if let Some(telemetry) = &self.telemetry {
            telemetry.refused(reason);
        }
    }

    /// All numbers as text, with those of companies as they stand now.
    pub fn text(&self, companies: &[CompanyState]) -> String {
        let mut registry = Registry::default();
        registry.register_with_unit(
            "mcp_server_operation_duration",
            "How long tool calls take",
            Unit::Seconds,
            self.calls.clone(),
        );
        registry.register(
            "spectora_call_requests",
            "Requests to the service that tool calls cost",
            self.call_requests.clone(),
        );
        registry.register_with_unit(
            "http_client_request_duration",
            "How long requests to the service take",
            Unit::Seconds,
            self.requests.clone(),
        );
        registry.register("spectora_refused", "Requests and sign-ins that were not let in", self.refusals.clone());
        registry.register_collector(Box::new(Companies(companies.to_vec())));
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

#[derive(Debug)]
struct Companies(Vec<CompanyState>);

impl Collector for Companies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let ages: Family<CompanyLabels, Gauge<f64, AtomicU64>> = Family::default();
        let (calls, budgets): (Family<CompanyLabels, Gauge>, Family<CompanyLabels, Gauge>) = Default::default();
        for one in &self.0 {
            let labels = CompanyLabels { company: one.company.clone() };
            let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            if let Some(age) = one.age_seconds {
                ages.get_or_create(&labels).set(age);
            }
            calls.get_or_create(&labels).set(whole(one.api_calls));
            if let Some(budget) = one.budget {
                budgets.get_or_create(&labels).set(whole(budget));
            }
        }
        let of = |name: &str| format!("spectora_{name}");
        ages.encode(encoder.encode_descriptor(
            &of("mirror_age"),
            "Time since the changes of a company were read",
            Some(&Unit::Seconds),
            ages.metric_type(),
        )?)?;
        calls.encode(encoder.encode_descriptor(
            &of("api_calls_month"),
            "API calls this month",
            None,
            calls.metric_type(),
        )?)?;
        budgets.encode(encoder.encode_descriptor(
            &of("api_budget_month"),
            "API calls allowed this month",
            None,
            budgets.metric_type(),
        )?)
    }
}
