use std::collections::BTreeSet;

use sandbox::CompanyTruth;
use serde_json::{Value, json};

use crate::support::TestApp;

/// What only a mirror can answer.
const NEED_A_MIRROR: &[&str] = &[
    "whats_new",
    "refresh",
    "inspector_scorecard",
    "agent_analysis",
    "service_mix",
    "prep_briefing",
    "capacity_plan",
    "data_quality",
    "breakdown",
    "explain",
];

/// Arguments of lists that go by names only a mirror knows.
const OF_NAMES: &[&str] = &["agency", "add_on", "city"];

/// One call for every argument there is; each answers.
fn calls(app: &TestApp) -> Vec<(&'static str, Value)> {
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let (name, row, agent) = (company.name, &company.inspections[10], company.agents[0].connection_id);
    let with_files = &company.inspections[company.attachments[0].inspection as usize];
    let agency = &company.agencies[company.agents[0].agency.unwrap()].name;
    let narrowed = |more: Value| {
        let mut all = json!({"company": name, "period": "last_year", "inspector": "brennan", "agent": agent,
            "agency": agency, "service": "residential", "add_on": "radon", "zip": "80202", "city": "denver"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let mut all = vec![
        ("list_companies", json!({})),
        (
            "list_agents",
            json!({"company": name, "text": "a", "agency": "r", "team": "a", "tag": "vip", "sort": "agency",
                   "include": "contact", "detail": "full", "limit": 3}),
        ),
        ("list_agents", json!({"sort": "most_inspections", "limit": 2})),
        ("get_agent", json!({"agent": agent, "company": name, "include": "contact"})),
        ("agent_stats", json!({"company": name, "sort": "most_revenue", "limit": 2})),
        ("agent_stats", json!({"company": name, "agent": agent})),
        ("list_clients", json!({"text": "smith", "include": "contact", "limit": 2})),
        ("list_clients", json!({"company": name, "limit": 2})),
        ("get_client", json!({"id": company.clients[0].id, "company": name, "include": "contact"})),
        (
            "list_inspections",
            json!({"period": "this_month", "status": ["canceled", "deleted"], "sort": "quote_highest", "company": name}),
        ),
        ("list_inspections", json!({"period": "this_month", "sort": "quote_lowest", "limit": 2})),
        (
            "list_inspections",
            json!({"sort": "oldest", "limit": 2, "agent": agent, "agent_role": "buying", "company": name}),
        ),
        (
            "list_inspections",
            json!({"from": "2026-11-01", "to": "2026-11-30", "zip": "80202", "paid": true, "confirmed": true,
                   "address": "a", "client": "a", "service": "radon", "inspector": "brennan", "detail": "full",
                   "include": "contact"}),
        ),
        ("get_inspection", json!({"inspection": row.id, "company": name, "include": "contact"})),
        ("list_attachments", json!({"inspection": with_files.id, "company": name, "kind": "report", "limit": 1})),
        ("portal_link", json!({"inspection": row.id, "company": name})),
        ("refresh", json!({"company": name, "full": false})),
        (
            "inspector_scorecard",
            json!({"company": name, "from": "2026-10-01", "to": "2026-10-31", "compare": "last_year",
                   "inspector": "brennan", "detail": "full"}),
        ),
        ("inspector_scorecard", json!({"period": "last_month", "sort": "attach", "limit": 1})),
        (
            "agent_analysis",
            json!({"company": name, "from": "2026-01-01", "to": "2026-10-31", "compare": "none", "mode": "one",
                   "agent": agent, "limit": 3}),
        ),
        (
            "agent_analysis",
            json!({"period": "last_year", "mode": "dormant", "min_referrals": 5, "min_days": 30, "gap_factor": 2.5,
                   "limit": 1}),
        ),
        (
            "service_mix",
            json!({"company": name, "from": "2026-01-01", "to": "2026-10-31", "compare": "previous", "by": "month",
                   "limit": 3, "detail": "full", "sort": "growth"}),
        ),
        ("service_mix", json!({"period": "last_month"})),
        ("inspector_scorecard", narrowed(json!({}))),
        ("agent_analysis", narrowed(json!({}))),
        ("service_mix", narrowed(json!({"by": "agency"}))),
        ("explain", narrowed(json!({"metric": "volume"}))),
        (
            "prep_briefing",
            json!({"company": name, "day": "tomorrow", "to": "2026-11-27", "inspector": "brennan",
                   "include": ["contact", "notes", "attachments", "links"]}),
        ),
        (
            "capacity_plan",
            json!({"company": name, "weeks": 4, "inspector": "brennan", "service": "residential", "city": "denver"}),
        ),
        ("capacity_plan", json!({"company": name, "limit": 2})),
        ("data_quality", json!({"company": name, "from": "2026-01-01", "to": "2026-10-31"})),
        ("data_quality", json!({"period": "last_month"})),
        (
            "explain",
            json!({"company": name, "metric": "attach", "from": "2026-10-01", "to": "2026-10-31",
                   "limit": 2}),
        ),
        (
            "explain",
            json!({"metric": "volume", "period": "last_year", "inspector": "brennan", "agent": agent, "zip": "80202", "company": name}),
        ),
        ("list_inspections", narrowed(json!({"status": "performed"}))),
        (
            "whats_new",
            json!({"company": name, "since": "2026-11-01", "to": "2026-11-24", "what": ["booked", "canceled"], "limit": 2}),
        ),
    ];
    all.extend(of_groups(company, &narrowed));
    all
}

/// The calls about groups of inspections.
fn of_groups(company: &CompanyTruth, narrowed: &dyn Fn(Value) -> Value) -> Vec<(&'static str, Value)> {
    vec![
        ("breakdown", narrowed(json!({}))),
        ("breakdown", json!({"by": "inspector", "limit": 1})),
        (
            "breakdown",
            json!({"company": company.name, "measures": ["booked", "unpaid"], "by": ["month", "team"], "date_of": "created",
                   "from": "2026-01-01", "to": "2026-10-31", "compare": "last_year", "status": "performed", "paid": false,
                   "confirmed": true, "sort": "unpaid", "order": "asc", "min_count": 2, "limit": 3}),
        ),
        ("breakdown", json!({"period": "last_year", "tag": "investor"})),
        ("breakdown", json!({"period": "last_year", "team": company.teams[0].name})),
        (
            "explain",
            json!({"metric": "booked", "by": ["weekday"], "cell": ["Monday"], "date_of": "created", "status": "performed",
                   "paid": true, "confirmed": true, "period": "last_year"}),
        ),
        ("explain", json!({"metric": "upcoming", "tag": "investor", "period": "next_month"})),
        ("explain", json!({"metric": "upcoming", "team": company.teams[0].name, "period": "next_month"})),
    ]
}

#[tokio::test]
async fn every_tool_with_every_argument_sends_nothing_but_get() {
    every_argument(TestApp::with(|_| {}, &[]).await).await;
    // Filling a mirror and answering from it sends nothing else either.
    every_argument(TestApp::kept(sandbox::Profile::Full).await).await;
}

async fn every_argument(app: TestApp) {
    let is_kept = app.parts.mirrors().any(|(_, syncer)| syncer.is_ok_and(|syncer| syncer.is_some()));
    let mut driven: BTreeSet<(String, String)> = BTreeSet::new();
    for (tool, arguments) in calls(&app) {
        let needs_a_mirror = |name: &str| OF_NAMES.contains(&name) && tool == "list_inspections";
        let of_mirror =
            NEED_A_MIRROR.contains(&tool) || arguments.as_object().unwrap().keys().any(|name| needs_a_mirror(name));
        if of_mirror && !is_kept {
            continue;
        }
        let answer = app.answer(tool, arguments.clone()).await;
        driven.extend(arguments.as_object().unwrap().keys().map(|name| (tool.to_owned(), name.clone())));
        driven.insert((tool.to_owned(), String::new()));
        if let Some(cursor) = answer.get("next_cursor") {
            let mut next = arguments.clone();
            next["cursor"] = cursor.clone();
            app.answer(tool, next).await;
            driven.insert((tool.to_owned(), "cursor".to_owned()));
        }
    }
    for tool in app.client.list_all_tools().await.unwrap() {
        let none = serde_json::Map::new();
        let properties = tool.input_schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        if NEED_A_MIRROR.contains(&tool.name.as_ref()) && !is_kept {
            continue;
        }
        for argument in properties.keys().map(String::as_str).chain([""]) {
            // The files of one inspection and the jobs of a quiet day fit on one page; that their cursors work is seen in
            // other tests.
            let is_driven = driven.contains(&(tool.name.to_string(), argument.to_owned()));
            let excepted = ["list_attachments", "prep_briefing"].contains(&tool.name.as_ref()) && argument == "cursor";
            let of_mirror = !is_kept && tool.name == "list_inspections" && OF_NAMES.contains(&argument);
            assert!(is_driven || excepted || of_mirror, "{} {argument} was not driven", tool.name);
        }
        let hints = tool.annotations.unwrap();
        assert_eq!((hints.read_only_hint, hints.destructive_hint), (Some(true), Some(false)));
    }
    let log = app.sandbox.log();
    assert!(10 < log.len(), "each tool but list_companies asks the service");
    for request in &log {
        assert_eq!(request.method, "GET", "{}", request.path);
        assert!(request.had_authorization && !request.query.contains("key"), "{}", request.path);
        assert_eq!(request.host, app.sandbox.address().to_string());
    }
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let elsewhere = sandbox::Sandbox::start(sandbox::SandboxOptions::new(crate::support::now())).await.unwrap();
    app.set_faults(&[&format!("*:1+=redirect:{}", elsewhere.base_url())]);
    let failure = app.failure("list_inspections", json!({"period": "tomorrow"})).await;
    assert!(failure.contains("redirected"), "{failure}");
    assert!(elsewhere.log().is_empty(), "something followed the redirect");
}
