//! What a call costs in requests to the service, by the service's own count.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use mcp::{CallSummary, CallWatch};
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use sandbox::SandboxOptions;
use serde_json::{Value, json};
use sync::Scope;

use crate::support::TestApp;

/// Keeps what each call cost, and how many of the requests it can tell of.
#[derive(Default)]
struct Costs(Mutex<Vec<(u64, usize)>>);

impl CallWatch for Costs {
    fn called(&self, call: &CallSummary<'_>) {
        self.0.lock().unwrap().push((call.requests, call.sent.len()));
    }
}

/// One call after the other: what each cost, and what the service counted.
async fn costs_of(app: &TestApp, calls: &[(&'static str, Value)]) -> Vec<(u64, u64)> {
    let costs = Arc::new(Costs::default());
    let server = app.parts.server().watched_by(Arc::clone(&costs) as Arc<dyn CallWatch>);
    let (ours, theirs) = tokio::io::duplex(256 * 1024);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    let client = ().serve(ours).await.unwrap();
    let mut both = Vec::new();
    for (tool, arguments) in calls {
        app.sandbox.clear_log();
        let request = CallToolRequestParams::new(*tool).with_arguments(arguments.as_object().unwrap().clone());
        client.call_tool(request).await.unwrap();
        let counted = app.sandbox.log().len() as u64;
        let (requests, told) = *costs.0.lock().unwrap().last().unwrap();
        assert_eq!(requests, told as u64, "{tool}: each that was answered is told of");
        both.push((requests, counted));
    }
    both
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_costs_what_the_service_counts() {
    let app = TestApp::with(|options| options.inspections = Some(600), &[]).await;
    app.set_faults(&["connections:1=503"]);
    let calls = [
        ("list_inspections", json!({"period": "last_year", "limit": 5})),
        ("list_agents", json!({"limit": 5})),
        ("list_companies", json!({})),
        ("list_inspections", json!({"period": "no_such"})),
    ];
    let costs = costs_of(&app, &calls).await;
    assert!(costs.iter().all(|(cost, counted)| cost == counted), "{costs:?}");
    assert!(costs[..2].iter().all(|(cost, _)| 1 < *cost) && costs[3].0 == 0, "{costs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_the_mirror_costs_nothing_until_it_reads_changes() {
    let few = |options: &mut SandboxOptions| {
        options.inspections = Some(400);
        options.changed_since = true;
    };
    let app = TestApp::build(few, &["spectora_company1"], true).await;
    app.sync(Scope::Auto).await;
    let list = ("list_inspections", json!({"period": "last_month", "limit": 5}));
    let card = ("inspector_scorecard", json!({"period": "last_month"}));
    assert_eq!(costs_of(&app, &[list.clone(), card]).await, [(0, 0), (0, 0)]);
    app.clock.forward(SignedDuration::from_hours(1));
    let costs = costs_of(&app, &[list.clone(), list, ("refresh", json!({}))]).await;
    // The first one finds the mirror old and waits for the changes; the next one has them.
    assert!(0 < costs[0].0 && costs[1].0 == 0 && 0 < costs[2].0, "{costs:?}");
    assert!(costs.iter().all(|(cost, counted)| cost == counted), "{costs:?}");
}
