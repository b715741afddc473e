//! The mirror at size: rows stored a second, bytes an inspection, and how long lists, rows for sums, insights and whole
//! calls take.
//!
//! `cargo bench --bench mirror -- --size 100000 --size 1000000` (numbers of inspections, over both companies; 10,000 when
//! none is given; what is measured is the first company). A simulated service in the same process is synced through the
//! real client first.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::too_many_lines,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use domain::{
    AgentWanted, Clock, InspectionOrder, InspectionQuery, Naming, SearchTerms, Status, StatusWanted, SystemClock,
    WeekStart,
};
use insight::{Looked, MixBy};
use mcp::ToolChoice;
use mirror::Kind;
use sandbox::{Sandbox, SandboxOptions};
use spectora_mcp::app::App;
use spectora_mcp::config::{Company, Config, Keeping};
use sync::{Scope, Silent};

/// Repetitions of each question: so many, or fewer where they take longer than a while.
const ROUNDS: usize = 51;
const ROUNDS_MIN: usize = 5;
const ROUNDS_TIME: Duration = Duration::from_secs(2);

/// A column of the table: what was measured at one size.
#[derive(Default)]
struct Column(Vec<(&'static str, String)>);

impl Column {
    fn put(&mut self, label: &'static str, value: String) {
        eprintln!("  {label:34} {value:>20}");
        self.0.push((label, value));
    }

    /// Times a question in milliseconds: the first time, and the middle one of the times after that.
    fn time(&mut self, label: &'static str, mut question: impl FnMut()) {
        let mut timed = || {
            let started = Instant::now();
            question();
            started.elapsed().as_secs_f64() * 1e3
        };
        let first = timed();
        let begun = Instant::now();
        let mut again = Vec::new();
        while again.len() < ROUNDS_MIN || again.len() < ROUNDS && begun.elapsed() < ROUNDS_TIME {
            again.push(timed());
        }
        again.sort_by(f64::total_cmp);
        self.put(label, format!("{first:.2} / {:.2}", again[again.len() / 2]));
    }
}

fn main() {
    let sizes: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000] } else { sizes };
    let runtime = Runtime::new().unwrap();
    let columns: Vec<Column> = sizes.into_iter().map(|size| measure(size, &runtime)).collect();
    let cores = std::thread::available_parallelism().unwrap();
    println!("{cores} cores; times in ms: the first one / the middle one of those repeated");
    for (at, (label, _)) in columns[0].0.iter().enumerate() {
        let values: String =
            columns.iter().fold(String::new(), |line, column| line + &format!("{:>22}", column.0[at].1));
        println!("{label:34}{values}");
    }
}

fn measure(size: u64, runtime: &Runtime) -> Column {
    eprintln!("{size} inspections");
    let mut column = Column::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut options = SandboxOptions::new(clock.now());
    options.inspections = Some(size);
    let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let company = &sandbox.companies()[0];
    let config = Config {
        companies: vec![Company {
            name: company.name.parse().unwrap(),
            display_name: None,
            timezone: jiff::tz::TimeZone::get(company.timezone).unwrap(),
            api_key: company.api_key.clone().into(),
            requests_per_minute: 1_000_000.try_into().unwrap(),
            naming: Naming::default(),
            week_starts: WeekStart::default(),
            known_services: vec!["Pool, Spa & Deck Inspection".to_owned()],
            monthly_budget: None,
            keeping: Keeping::default(),
            forgotten: spectora::Forgotten::default(),
        }],
        base_url: Some(sandbox.base_url()),
        paths: std::collections::BTreeMap::new(),
        data_dir: Some(folder.path().to_owned()),
        changed_since_filter: None,
        corrections: Arc::default(),
        files: Vec::new(),
        sources: Vec::new(),
        warnings: Vec::new(),
    };
    let app = App::build(&config, &clock).unwrap();
    let syncer = Arc::clone(app.mirrors().next().unwrap().1.unwrap().unwrap());
    let started = Instant::now();
    let report = runtime.block_on(syncer.sync(Scope::Auto, &Silent)).unwrap();
    let took = started.elapsed().as_secs_f64();
    let truth = sandbox.truth();
    let truth = &truth.companies[0];
    let (inspections, records) = (truth.inspections.len(), report.count().new);
    let mirror = syncer.mirror();
    let bytes = mirror.bytes_on_disk() as f64;
    column.put("inspections", inspections.to_string());
    column.put("records", records.to_string());
    column.put("sync, s", format!("{took:.1}"));
    column.put("sync, records/s", format!("{:.0}", records as f64 / took));
    column.put("on disk, MB", format!("{:.1}", bytes / 1e6));
    column.put("on disk, bytes an inspection", format!("{:.0}", bytes / inspections as f64));

    let now = clock.now();
    let (at, today) = (now.as_millisecond(), now.as_second() / 86_400);
    let everything = || mirror.read_now(|snapshot| snapshot.facts()).unwrap();
    let before = resident();
    let started = Instant::now();
    let first = everything();
    let (took, here) = (started.elapsed(), resident());
    let held = here.saturating_sub(before) as f64 / first.rows().len() as f64;
    column.put("rows for sums, the first read, ms", format!("{:.0}", took.as_secs_f64() * 1e3));
    column.put("rows for sums, resident bytes a row", format!("{held:.0}"));
    drop(first);
    column.time("rows for sums, read again", || drop(black_box(everything())));

    // From here on as the server answers: with all rows in memory.
    let facts = everything();
    let days = |days: i64| {
        let last = insight::Scope { from: today - days, to: today - 1 };
        (last, insight::Scope { from: last.from - days, to: last.from - 1 })
    };
    column.time("insight: scorecard, a month", || {
        let (month, before) = days(30);
        black_box(insight::scorecard(&facts, &month, Some(&before), at));
    });
    column.time("insight: agents, a year", || {
        let (year, before) = days(365);
        black_box(insight::agent_analysis(&facts, &year, Some(&before), at));
    });
    column.time("insight: service mix, a quarter", || {
        let (quarter, before) = days(91);
        black_box(insight::service_mix(&facts, &quarter, Some(&before), MixBy::Zip, at));
    });
    column.time("insight: capacity", || {
        black_box(insight::capacity_plan(&facts, 6, today, at, WeekStart::default()));
        black_box(insight::inspector_weeks(&facts, today, at, WeekStart::default()));
    });
    column.time("insight: briefing", || {
        black_box(insight::briefing(Vec::new(), &facts, &[], now));
    });
    column.time("insight: data quality, a year", || {
        black_box(insight::quality(&Looked::at(&facts, &Naming::default(), at), today - 365, today));
    });
    drop(facts);

    let list = |query: InspectionQuery, order: InspectionOrder| {
        move || {
            mirror.read_now(|snapshot| snapshot.inspections(&query, order, None, 25, |_| None::<()>)).unwrap();
        }
    };
    let any = || InspectionQuery { now, ..InspectionQuery::default() };
    let month = (now - jiff::SignedDuration::from_hours(24 * 30), now);
    let agent = AgentWanted { id: truth.agents[3].connection_id.to_string().parse().unwrap(), side: None };
    let terms = SearchTerms::of;
    column.time("list: all, newest", list(any(), InspectionOrder::Newest));
    column.time("list: all, by quote", list(any(), InspectionOrder::QuoteHighest));
    column.time("list: a month", list(InspectionQuery { starts: Some(month), ..any() }, InspectionOrder::Newest));
    column.time(
        "list: canceled",
        list(InspectionQuery { statuses: vec![StatusWanted::Is(Status::Canceled)], ..any() }, InspectionOrder::Newest),
    );
    column.time("list: a ZIP", list(InspectionQuery { zip: Some("80202".into()), ..any() }, InspectionOrder::Newest));
    column.time("list: a service", list(InspectionQuery { service: terms("radon"), ..any() }, InspectionOrder::Newest));
    column.time("list: a client", list(InspectionQuery { client: terms("smith"), ..any() }, InspectionOrder::Newest));
    column.time("list: a street", list(InspectionQuery { address: terms("maple"), ..any() }, InspectionOrder::Newest));
    column.time("list: an agent", list(InspectionQuery { agent: Some(agent), ..any() }, InspectionOrder::Newest));
    column.time("search", || {
        black_box(mirror.read_now(|snapshot| snapshot.search(&terms("smith").unwrap(), 10)).unwrap());
    });
    let id = truth.inspections[7].id.to_string();
    column.time("one record", || {
        black_box(mirror.read_now(|snapshot| snapshot.raw(Kind::Inspections, &id)).unwrap().unwrap());
    });

    // Whole calls, from the client's question to the answer it has read. The first insight reads the rows.
    let client = runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(1 << 18);
        let server = app.server_with(&ToolChoice::Default);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        ().serve(ours).await.unwrap()
    });
    let call = |tool: &'static str, arguments: Value| {
        let (client, question) =
            (&client, CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone()));
        move || {
            let answer = runtime.block_on(client.call_tool(question.clone())).unwrap();
            assert_ne!(answer.is_error, Some(true), "{answer:?}");
        }
    };
    column.time("call: inspector_scorecard", call("inspector_scorecard", json!({})));
    column.time("call: agent_analysis", call("agent_analysis", json!({})));
    column.time("call: service_mix", call("service_mix", json!({})));
    column.time("call: capacity_plan", call("capacity_plan", json!({})));
    column.time("call: prep_briefing", call("prep_briefing", json!({})));
    column.time("call: data_quality", call("data_quality", json!({})));
    column.time("call: list_inspections, 25", call("list_inspections", json!({"period": "last_month", "limit": 25})));
    column.time("call: list_agents, 25", call("list_agents", json!({"limit": 25})));
    runtime.block_on(client.cancel()).unwrap();
    runtime.block_on(app.end());
    column.put("peak memory, MB, with the service", peak());
    column
}

/// The memory this process has, in bytes, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let now = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    now.map_or(0, |kilobytes: u64| kilobytes * 1024)
}

/// The most memory this process had, where the system tells; of all sizes so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.map_or_else(|| "unknown".to_owned(), |kilobytes: u64| (kilobytes * 1024 / 1_000_000).to_string())
}
