//! Spans and numbers for an OpenTelemetry collector: OTLP as protobuf over HTTP, by the conventions for MCP servers and
//! HTTP clients.
//!
//! Spans are made from what a finished call and a finished request tell of themselves ([`CallSummary`], [`SentRequest`]), so
//! nothing of a question or an answer can be in them. Threads of their own send them: a collector that is slow or away
//! costs a call nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use super::{CompanyState, METHOD, TOOL_ERROR, error_type};
use domain::Clock;
use mcp::{CallSummary, SentRequest};

/// How long a collector may take over one delivery.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the end of the program waits for what is not delivered yet.
const LAST_DELIVERY_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a delivery waits to learn how the companies stand; without that it goes without them.
const STATES_TIME_MAX: Duration = Duration::from_secs(1);
/// Bounds of buckets in seconds, as the conventions propose them.
const CALL_BOUNDS: &[f64] = &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
const REQUEST_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Nothing can be sent: no encrypted connection can be made, or a variable of OpenTelemetry is not understood.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// No connection.
    #[error("no encrypted connection to a collector can be made")]
    Connection,
    /// A setting.
    #[error("{0}")]
    Setting(#[from] ExporterBuildError),
}

impl TelemetryError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Connection => {
                "install this system's certificate authorities (often the package `ca-certificates`), or send to a collector \
                 on this machine"
            }
            Self::Setting(_) => "correct the variable of OpenTelemetry (OTEL_…) that it speaks of",
        }
    }
}

/// Where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collector {
    /// The whole address that takes spans; `None` sends none.
    pub traces: Option<String>,
    /// The whole address that takes numbers; `None` sends none.
    pub metrics: Option<String>,
    /// Whether both are on this machine, and no proxy is asked.
    pub is_here: bool,
    /// Whether nothing on the way there is encrypted, so that no certificate authorities are needed.
    pub is_plain: bool,
}

/// How the companies stand, asked for at each delivery.
pub type States = Arc<dyn Fn() -> BoxFuture<'static, Vec<CompanyState>> + Send + Sync>;

/// Sends spans and numbers, behind the answers' back.
pub struct Telemetry {
    traces: Option<(SdkTracerProvider, SdkTracer)>,
    metrics: Option<(SdkMeterProvider, Instruments)>,
    /// `tcp` or `pipe`: how clients reach the server.
    transport: &'static str,
    clock: Arc<dyn Clock>,
}

struct Instruments {
    calls: Histogram<f64>,
    call_requests: Counter<u64>,
    requests: Histogram<f64>,
    refusals: Counter<u64>,
    meter: Meter,
}

impl Telemetry {
    /// Begins to send to `collector`, for a server that clients reach over `transport` (`tcp` or `pipe`). Must be called in a
    /// runtime. No request is made before there is something to send.
    pub fn begin(
        collector: &Collector,
        transport: &'static str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TelemetryError> {
        let sender: Arc<dyn HttpClient> = Arc::new(Sender::new(collector)?);
        let resource = resource();
        let traces = match &collector.traces {
            None => None,
            Some(address) => {
                let exporter = SpanExporter::builder().with_http().with_shared_http_client(Arc::clone(&sender));
                let exporter = exporter.with_protocol(Protocol::HttpBinary).with_endpoint(address).build()?;
                let provider = SdkTracerProvider::builder().with_resource(resource.clone());
                let provider = provider.with_batch_exporter(exporter).build();
                let tracer = provider.tracer("spectora-mcp");
                Some((provider, tracer))
            }
        };
        let metrics = match &collector.metrics {
            None => None,
            Some(address) => {
                let exporter = MetricExporter::builder().with_http().with_shared_http_client(sender);
                let exporter = exporter.with_protocol(Protocol::HttpBinary).with_endpoint(address).build()?;
                let provider = SdkMeterProvider::builder().with_resource(resource);
                let provider = provider.with_periodic_exporter(exporter).build();
                let instruments = Instruments::new(provider.meter("spectora-mcp"));
                Some((provider, instruments))
            }
        };
        Ok(Self { traces, metrics, transport, clock })
    }

    /// From now on each delivery of numbers says how the companies stand.
    pub fn observe(&self, states: States) {
        if let Some((_, instruments)) = &self.metrics {
            instruments.observe(&Arc::new(Observed { states, runtime: Handle::current(), last: Mutex::default() }));
        }
    }

    /// Delivers what is left, for two seconds at most, and ends.
    pub async fn end(&self) {
        let traces = self.traces.as_ref().map(|(provider, _)| provider.clone());
        let metrics = self.metrics.as_ref().map(|(provider, _)| provider.clone());
        let traces = tokio::task::spawn_blocking(move || {
            traces.map(|provider| provider.shutdown_with_timeout(LAST_DELIVERY_TIME_MAX))
        });
        let metrics = tokio::task::spawn_blocking(move || metrics.map(|provider| provider.shutdown()));
        let both = async { drop((traces.await, metrics.await)) };
        // What a collector does not take in this time is lost, and it was said that it is away.
        tokio::time::timeout(LAST_DELIVERY_TIME_MAX, both).await.ok();
    }

    pub(super) fn called(&self, call: &CallSummary<'_>) {
        let attributes = self.of_call(call);
        if let Some((_, instruments)) = &self.metrics {
            instruments.calls.record(call.took.as_secs_f64(), &attributes);
            let tool = [KeyValue::new("gen_ai.tool.name", call.tool.to_owned())];
            instruments.call_requests.add(call.requests, &tool);
        }
        let Some((_, tracer)) = &self.traces else { return };
        let ended = system_time(self.clock.now());
        let parent = parent(call.trace_parent);
        let span = tracer
            .span_builder(format!("tools/call {}", call.tool))
            .with_kind(SpanKind::Server)
            .with_start_time(ended.checked_sub(call.took).unwrap_or(ended))
            .with_attributes(attributes);
        let context = parent.with_span(tracer.build_with_context(span, &parent));
        let span = context.span();
        span.set_attribute(KeyValue::new("spectora.requests", i64::try_from(call.requests).unwrap_or(i64::MAX)));
        if call.failed {
            span.set_status(Status::error(""));
        }
        for request in call.sent {
            request_span(tracer, request, &context);
        }
        span.end_with_timestamp(ended);
    }

    /// `is_told`: its span is made with that of its call.
    pub(super) fn sent(&self, request: &SentRequest, is_told: bool) {
        if let Some((_, instruments)) = &self.metrics {
            instruments.requests.record(request.took.as_secs_f64(), &of_request(request));
        }
        if let Some((_, tracer)) = self.traces.as_ref().filter(|_| !is_told) {
            request_span(tracer, request, &Context::new());
        }
    }

    pub(super) fn refused(&self, reason: &'static str) {
        if let Some((_, instruments)) = &self.metrics {
            instruments.refusals.add(1, &[KeyValue::new("reason", reason)]);
        }
    }

    fn of_call(&self, call: &CallSummary<'_>) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new("mcp.method.name", "tools/call"),
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.tool.name", call.tool.to_owned()),
            KeyValue::new("network.transport", self.transport),
        ];
        attributes.extend(call.failed.then(|| KeyValue::new("error.type", TOOL_ERROR)));
        attributes
    }
}

/// The client's span that a call belongs to, where the client named one; a root where it did not.
fn parent(given: Option<&str>) -> Context {
    let carrier: HashMap<String, String> =
        given.iter().map(|value| ("traceparent".to_owned(), (*value).to_owned())).collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

fn system_time(at: Timestamp) -> SystemTime {
    let since = u64::try_from(at.as_nanosecond()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_nanos(since)
}

fn request_span(tracer: &SdkTracer, request: &SentRequest, parent: &Context) {
    let began = system_time(request.left_at);
    let name = format!("{METHOD} {}", request.template);
    let mut attributes = of_request(request);
    if let Some(resent) = request.attempt.checked_sub(1).filter(|resent| *resent != 0) {
        attributes.push(KeyValue::new("http.request.resend_count", i64::from(resent)));
    }
    let builder: SpanBuilder =
        tracer.span_builder(name).with_kind(SpanKind::Client).with_start_time(began).with_attributes(attributes);
    let context = parent.with_span(tracer.build_with_context(builder, parent));
    if error_type(request).is_some() {
        context.span().set_status(Status::error(""));
    }
    context.span().end_with_timestamp(began.checked_add(request.took).unwrap_or(began));
}

/// Without the whole URL, which the conventions ask for: ids and what was looked for stand in it.
fn of_request(request: &SentRequest) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("http.request.method", METHOD),
        KeyValue::new("server.address", request.host.to_string()),
        KeyValue::new("server.port", i64::from(request.port)),
        KeyValue::new("url.template", request.template.clone()),
    ];
    let status = request.status.map(|status| KeyValue::new("http.response.status_code", i64::from(status)));
    let error = error_type(request).map(|error: Cow<'static, str>| KeyValue::new("error.type", error));
    attributes.extend(status.into_iter().chain(error));
    attributes
}

/// What the standard variables say, with this program's name unless they give another.
fn resource() -> Resource {
    let from_outside = Resource::builder().build();
    let is_named =
        from_outside.get(&"service.name".into()).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if is_named { resource.build() } else { resource.with_service_name("spectora-mcp").build() }
}

impl Instruments {
    fn new(meter: Meter) -> Self {
        Self {
            calls: meter
                .f64_histogram("mcp.server.operation.duration")
                .with_unit("s")
                .with_description("How long tool calls take")
                .with_boundaries(CALL_BOUNDS.to_vec())
                .build(),
            call_requests: meter
                .u64_counter("spectora.call.requests")
                .with_unit("{request}")
                .with_description("Requests to the service that tool calls cost")
                .build(),
            requests: meter
                .f64_histogram("http.client.request.duration")
                .with_unit("s")
                .with_description("How long requests to the service take")
                .with_boundaries(REQUEST_BOUNDS.to_vec())
                .build(),
            refusals: meter
                .u64_counter("spectora.refused")
                .with_unit("{request}")
                .with_description("Requests and sign-ins that were not let in")
                .build(),
            meter,
        }
    }

    fn observe(&self, observed: &Arc<Observed>) {
        let company = |state: &CompanyState| [KeyValue::new("company", state.company.clone())];
        let now = Arc::clone(observed);
        self.meter
            .f64_observable_gauge("spectora.mirror.age")
            .with_unit("s")
            .with_description("Time since the changes of a company were read")
            .with_callback(move |gauge| {
                for state in now.now() {
                    state.age_seconds.iter().for_each(|age| gauge.observe(*age, &company(&state)));
                }
            })
            .build();
        let now = Arc::clone(observed);
        self.meter
            .u64_observable_gauge("spectora.api_calls.month")
            .with_unit("{request}")
            .with_description("API calls this month")
            .with_callback(move |gauge| {
                now.now().iter().for_each(|state| gauge.observe(state.api_calls, &company(state)));
            })
            .build();
        let now = Arc::clone(observed);
        self.meter
            .u64_observable_gauge("spectora.api_budget.month")
            .with_unit("{request}")
            .with_description("API calls allowed this month")
            .with_callback(move |gauge| {
                for state in now.now() {
                    state.budget.iter().for_each(|budget| gauge.observe(*budget, &company(&state)));
                }
            })
            .build();
    }
}

/// How the companies stand, asked for once a delivery.
struct Observed {
    states: States,
    runtime: Handle,
    last: Mutex<Option<(Instant, Vec<CompanyState>)>>,
}

impl Observed {
    /// Called by the thread that delivers, never by one of the runtime.
    fn now(&self) -> Vec<CompanyState> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, states)) = last.as_ref()
            && at.elapsed() < STATES_TIME_MAX
        {
            return states.clone();
        }
        let asking = (self.states)();
        let asked = self.runtime.block_on(async { tokio::time::timeout(STATES_TIME_MAX, asking).await });
        let states = asked.unwrap_or_default();
        *last = Some((Instant::now(), states.clone()));
        states
    }
}

/// Delivers from the exporters' threads through the runtime, and says once when that fails.
#[derive(Debug)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
    is_told: AtomicBool,
}

impl Sender {
    fn new(collector: &Collector) -> Result<Self, TelemetryError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // An error means that one is installed already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("spectora-mcp/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DELIVERY_TIME_MAX);
        if collector.is_here {
            builder = builder.no_proxy();
        }
        if collector.is_plain {
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|_| TelemetryError::Connection)?;
        Ok(Self { http, runtime: Handle::current(), is_told: AtomicBool::new(false) })
    }

    /// Without the address: a key of the collector may stand in it.
    fn tell(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        let reason: Cow<'static, str> = match outcome {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => format!("it answered HTTP {}", response.status().as_u16()).into(),
            Err(error) => match error.downcast_ref::<reqwest::Error>() {
                Some(error) if error.is_timeout() => "it did not answer in time".into(),
                Some(error) if error.is_connect() => "it cannot be reached".into(),
                _ => "the connection broke".into(),
            },
        };
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "telemetry is not delivered: {reason}. Check --otlp or OTEL_EXPORTER_OTLP_ENDPOINT: OTLP over HTTP with \
                 protobuf is spoken, usually at port 4318. Answers do not wait for it, and this is said once"
            );
        }
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move { http.send_bytes(request).await });
        async move {
            let outcome = sending.await.unwrap_or_else(|stopped| Err(stopped.into()));
            self.tell(&outcome);
            outcome
        }
        .boxed()
    }
}
