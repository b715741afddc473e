use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn every_tool_sends_nothing_but_get() {
    let app = TestApp::with(|_| {}, &[]).await;
    let truth = app.sandbox.truth();
    let row = &truth.companies[0].inspections[10];
    let agent = truth.companies[0].agents[0].connection_id;
    let calls = [
        ("list_companies", json!({})),
        ("list_agents", json!({"text": "a", "agency": "r", "sort": "agency", "include": "contact", "detail": "full"})),
        ("get_agent", json!({"agent": agent, "company": truth.companies[0].name})),
        ("agent_stats", json!({"sort": "most_revenue"})),
        ("list_clients", json!({"text": "smith", "include": "contact"})),
        ("get_client", json!({"id": truth.companies[0].clients[0].id, "company": truth.companies[0].name})),
        (
            "list_inspections",
            json!({"period": "this_month", "status": ["canceled", "deleted"], "sort": "quote_highest"}),
        ),
        (
            "list_inspections",
            json!({"from": "2026-11-01", "zip": "80202", "paid": true, "confirmed": true, "address": "a",
            "client": "a", "service": "radon", "inspector": "a", "detail": "full", "include": "contact"}),
        ),
        ("get_inspection", json!({"id": row.id, "company": truth.companies[0].name})),
        ("list_attachments", json!({"inspection_id": row.id, "company": truth.companies[0].name})),
        ("portal_link", json!({"inspection": row.id, "company": truth.companies[0].name})),
    ];
    let mut driven: Vec<&str> = Vec::new();
    for (tool, arguments) in calls {
        app.answer(tool, arguments).await;
        driven.push(tool);
    }
    for tool in app.client.list_all_tools().await.unwrap() {
        assert!(driven.contains(&tool.name.as_ref()), "{} was not driven", tool.name);
        let hints = tool.annotations.unwrap();
        assert_eq!((hints.read_only_hint, hints.destructive_hint), (Some(true), Some(false)));
    }
    let log = app.sandbox.log();
    assert!(10 < log.len(), "each tool but list_companies asks the service");
    for request in &log {
        assert_eq!(request.method, "GET", "{}", request.path);
        assert!(request.had_authorization && !request.query.contains("key"), "{}", request.path);
    }
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let elsewhere =
        spectora_mcp::sandbox::Sandbox::start(spectora_mcp::sandbox::SandboxOptions::new(crate::support::now()))
            .await
            .unwrap();
    app.set_faults(&[&format!("*:1+=redirect:{}", elsewhere.base_url())]);
    let failure = app.failure("list_inspections", json!({"period": "tomorrow"})).await;
    assert!(failure.contains("redirected"), "{failure}");
    assert!(elsewhere.log().is_empty(), "something followed the redirect");
}
