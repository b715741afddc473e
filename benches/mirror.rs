//! The mirror at size: rows stored a second, bytes an inspection, and how long lists and searches take.
//!
//! `cargo bench --bench mirror -- 10000 100000` (numbers of inspections, over both companies; 10,000 when none is given).
//! A simulated service in the same process is synced through the real client first.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::too_many_lines,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Clock, SystemClock};
use mirror::{InspectionQuery, Kind, Order, StatusWanted};
use sandbox::{Sandbox, SandboxOptions};
use spectora_mcp::app::App;
use spectora_mcp::config::{Company, Config, Keeping};
use sync::{Scope, Silent};

/// Repetitions of each question.
const ROUNDS: usize = 51;

fn main() {
    let sizes: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000] } else { sizes };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for size in sizes {
        runtime.block_on(measure(size));
    }
}

async fn measure(size: u64) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut options = SandboxOptions::new(clock.now());
    options.inspections = Some(size);
    let sandbox = Sandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let company = &sandbox.companies()[0];
    let config = Config {
        companies: vec![Company {
            name: company.name.parse().unwrap(),
            display_name: None,
            timezone: jiff::tz::TimeZone::get(company.timezone).unwrap(),
            api_key: company.api_key.clone().into(),
            requests_per_minute: 1_000_000.try_into().unwrap(),
            naming: domain::Naming::default(),
            week_starts: domain::WeekStart::default(),
            known_services: vec!["Pool, Spa & Deck Inspection".to_owned()],
            monthly_budget: None,
            keeping: Keeping::default(),
        }],
        base_url: Some(sandbox.base_url()),
        paths: std::collections::BTreeMap::new(),
        data_dir: Some(folder.path().to_owned()),
        changed_since_filter: None,
        sources: Vec::new(),
        warnings: Vec::new(),
    };
    let app = App::build(&config, &clock).unwrap();
    let syncer = Arc::clone(app.mirrors().next().unwrap().1.unwrap().unwrap());
    let started = Instant::now();
    let report = syncer.sync(Scope::Auto, &Silent).await.unwrap();
    let took = started.elapsed();
    let rows = sandbox.truth().companies[0].inspections.len();
    let records = report.count().new;
    println!("{rows} inspections ({records} records)");
    println!("  sync            {:>8.1} s, {:.0} records/s", took.as_secs_f64(), records as f64 / took.as_secs_f64());
    let bytes = syncer.mirror().bytes_on_disk();
    println!("  on disk         {:>8.1} MB, {:.0} bytes an inspection", bytes as f64 / 1e6, bytes as f64 / rows as f64);
    let mirror = syncer.mirror();
    let ask = |name: &str, question: &dyn Fn()| {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                question();
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("  {name:<15} {:>8.2} ms", times[ROUNDS / 2].as_secs_f64() * 1e3);
    };
    let now = clock.now();
    let day = jiff::SignedDuration::from_hours(24);
    let list = |query: InspectionQuery, order: Order| {
        move || {
            mirror.read_now(|snapshot| snapshot.inspections(&query, order, None, 25)).unwrap();
        }
    };
    let month = InspectionQuery { period: Some((now - day * 30, now)), ..InspectionQuery::default() };
    ask("all, newest", &list(InspectionQuery::default(), Order::Newest));
    ask("a month", &list(month.clone(), Order::Newest));
    ask("all, by quote", &list(InspectionQuery::default(), Order::QuoteHighest));
    let canceled = StatusWanted { any_of: vec![domain::Status::Canceled], now: now.as_millisecond() };
    ask("canceled", &list(InspectionQuery { status: canceled, ..InspectionQuery::default() }, Order::Newest));
    ask("a ZIP", &list(InspectionQuery { zip: Some("80202".into()), ..InspectionQuery::default() }, Order::Newest));
    ask(
        "a service",
        &list(InspectionQuery { service: Some("radon".into()), ..InspectionQuery::default() }, Order::Newest),
    );
    ask(
        "a client",
        &list(InspectionQuery { client: Some("smith".into()), ..InspectionQuery::default() }, Order::Newest),
    );
    ask(
        "a street",
        &list(InspectionQuery { place: Some("maple".into()), ..InspectionQuery::default() }, Order::Newest),
    );
    let agent = sandbox.truth().companies[0].agents[3].connection_id.to_string().parse().unwrap();
    let with_agent = InspectionQuery { agent: Some((agent, mirror::Side::Any)), ..InspectionQuery::default() };
    ask("an agent", &list(with_agent, Order::Newest));
    ask("search", &|| {
        let hits = mirror.read_now(|snapshot| snapshot.search("smith", 10)).unwrap();
        std::hint::black_box(hits);
    });
    ask("one record", &|| {
        let id = sandbox.truth().companies[0].inspections[7].id.to_string();
        mirror.read_now(|snapshot| snapshot.raw(Kind::Inspections, &id)).unwrap().expect("it is there");
    });
    let today = now.as_second() / 86_400;
    let quarter = insight::Scope { from: today - 90, to: today };
    let at = now.as_millisecond();
    let everything = || mirror.read_now(|snapshot| snapshot.facts()).unwrap();
    ask("facts, all", &|| drop(std::hint::black_box(everything())));
    // From here on as the server answers: with all rows in memory.
    let facts = everything();
    ask("scorecard", &|| {
        std::hint::black_box(insight::scorecard(&facts, &quarter, None, at));
    });
    ask("service mix", &|| {
        let by = insight::MixBy::Zip;
        std::hint::black_box(insight::service_mix(&facts, &quarter, None, by, at));
    });
    ask("agents", &|| {
        std::hint::black_box(insight::agent_analysis(&facts, &quarter, None, at));
    });
    ask("capacity", &|| {
        std::hint::black_box(insight::capacity_plan(&facts, 6, today, at, domain::WeekStart::default()));
    });
    ask("data quality", &|| {
        std::hint::black_box(insight::quality(
            &insight::Looked::at(&facts, &domain::Naming::default(), at),
            today - 365,
            today,
        ));
    });
    ask("briefing", &|| {
        std::hint::black_box(insight::briefing(Vec::new(), &facts, &[], now));
    });
    println!("  peak memory     {:>8} (of this process, with the simulated service)", peak());
}

/// The most memory this process had, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}
