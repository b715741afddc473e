//! What a mirror adds: news, search, names, budgets, and honest answers while it is not complete.

use sandbox::{Edit, Profile};
use serde_json::{Value, json};
use sync::{Scope, Silent, SyncError};

use crate::support::{TestApp, now, text};

async fn app() -> TestApp {
    TestApp::filled(Profile::Full, true, &["spectora_company1"]).await
}

fn counts(answer: &Value) -> String {
    answer["basis"]["notes"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whats_new_tells_each_change_once() {
    let app = app().await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    // Since tomorrow morning nothing has happened yet; edits are stamped with the clock's now.
    let before = app.answer("whats_new", json!({"since": "2026-11-24"})).await;
    let live: Vec<u64> = company
        .inspections
        .iter()
        .rev()
        .filter(|row| row.canceled_at.is_none() && row.deleted_at.is_none() && row.published_at.is_none())
        .map(|row| row.id)
        .take(4)
        .collect();
    let starts_at = now().as_second() + 5 * 86_400;
    app.sandbox.edit(&[
        Edit::Cancel { company: 0, id: live[0] },
        Edit::Reschedule { company: 0, id: live[1], starts_at },
        Edit::Requote { company: 0, id: live[2], cents: 98_700 },
        Edit::Publish { company: 0, id: live[3] },
        Edit::Book { company: 0, starts_at },
        Edit::NewAgent { company: 0 },
    ]);
    app.sync(Scope::Auto).await;
    let after = app.answer("whats_new", json!({"since": "2026-11-24", "limit": 100})).await;
    let grown = after["total"].as_u64().unwrap() - before["total"].as_u64().unwrap();
    assert_eq!(grown, 6, "{} then {}", counts(&before), counts(&after));
    let items = after["items"].as_array().unwrap();
    let of = |what: &str, id: u64| {
        items
            .iter()
            .find(|item| item["what"] == what && item["id"].as_str() == Some(&id.to_string()))
            .unwrap_or_else(|| panic!("{what} {id}"))
    };
    of("canceled", live[0]);
    let moved = of("rescheduled", live[1]);
    let after_at: jiff::Timestamp = moved["after"].as_str().unwrap().parse().unwrap();
    assert_eq!(after_at.as_second(), starts_at);
    assert_eq!(moved["after"], moved["starts_at"]);
    assert_eq!(of("quote_changed", live[2])["after"], "987.00");
    of("published", live[3]);
    let only = app.answer("whats_new", json!({"since": "2026-11-24", "what": "rescheduled"})).await;
    assert_eq!(only["total"], 1);
    let refused = app.failure("whats_new", json!({"since": "last week"})).await;
    assert!(refused.contains("2026-10-01") && refused.contains("`period`"), "{refused}");
}

#[tokio::test]
async fn search_finds_and_fetch_reads_as_chatgpt_expects() {
    let app = app().await;
    let server = app.parts.server_with(&mcp::ToolChoice::All);
    let (ours, theirs) = tokio::io::duplex(256 * 1024);
    tokio::spawn(async move { rmcp::ServiceExt::serve(server, theirs).await.unwrap().waiting().await });
    let client = rmcp::ServiceExt::serve((), ours).await.unwrap();
    let ask = async |tool: &str, arguments: Value| {
        let arguments = arguments.as_object().unwrap().clone();
        let request = rmcp::model::CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = client.call_tool(request).await.unwrap();
        assert_ne!(result.is_error, Some(true), "{}", text(&result));
        assert_eq!(result.content.len(), 1);
        let same: Value = serde_json::from_str(&text(&result)).unwrap();
        assert_eq!(same, result.structured_content.clone().unwrap(), "the text is the same JSON");
        same
    };
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let row = company.inspections.iter().rfind(|row| row.deleted_at.is_none()).unwrap();
    let found = ask("search", json!({"query": company.full_address(row)})).await;
    let id = format!("spectora_company1/inspection/{}", row.id);
    let hit = found["results"].as_array().unwrap().iter().find(|hit| hit["id"] == id).unwrap().clone();
    assert_eq!(hit["url"], format!("https://portal.spectora.com/inspection/{}", company.slug(row)));
    let read = ask("fetch", json!({"id": id})).await;
    assert_eq!((&read["id"], &read["url"], &read["title"]), (&hit["id"], &hit["url"], &hit["title"]));
    assert!(read["text"].as_str().unwrap().contains(&row.id.to_string()));
    let agent = &company.agents[5];
    let found = ask("search", json!({"query": agent.name()})).await;
    let id = format!("spectora_company1/agent/{}", agent.connection_id);
    assert!(found["results"].as_array().unwrap().iter().any(|hit| hit["id"] == id), "{found}");
    let read = ask("fetch", json!({"id": id})).await;
    assert!(!read["text"].as_str().unwrap().contains("example.com"), "no contact details");
}

#[tokio::test]
async fn names_are_forgiven_and_two_are_not_guessed_between() {
    let app = app().await;
    let slip = app.answer("list_inspections", json!({"period": "last_month", "inspector": "Walt Brenan"})).await;
    let right = app.answer("list_inspections", json!({"period": "last_month", "inspector": "Brennan, Walt"})).await;
    assert_eq!(slip["total"], right["total"]);
    assert!(slip["basis"]["notes"].to_string().contains("was taken for Walt Brennan"), "{slip}");
    let several = app.failure("list_inspections", json!({"inspector": "a"})).await;
    assert!(several.contains("no inspector") || several.contains("more than one"), "{several}");
    let unknown = app.failure("list_inspections", json!({"service": "quantum flux"})).await;
    assert!(unknown.contains("no service is called"), "{unknown}");
}

#[tokio::test]
async fn a_cold_mirror_sends_questions_to_the_service() {
    let app = TestApp::build(|options| options.inspections = Some(2_500), &["spectora_company1"], true).await;
    let asked = json!({"period": "last_month", "limit": 100});
    let cold = app.answer("list_inspections", asked.clone()).await;
    assert_eq!(cold["basis"]["source"], "service");
    let companies = app.answer("list_companies", json!({})).await;
    assert_eq!(companies["items"][0]["mirror"], "first reading not finished");
    // The service fails in the middle of the first pass: what came, the latest, is answered from, and said to be a part.
    app.set_faults(&["inspections:5+=503"]);
    let (_, syncer) = app.parts.mirrors().next().unwrap();
    let failed = syncer.unwrap().unwrap().sync(Scope::Auto, &Silent).await;
    assert!(matches!(failed, Err(SyncError::Service(_))), "{failed:?}");
    let recent = app.answer("list_inspections", asked.clone()).await;
    assert_eq!(recent["basis"]["source"], "mirror");
    assert_eq!(recent["basis"]["complete"], true);
    // Without a mirror nobody knows of an agent's namesake who is not on the page.
    let plain = |answer: &Value| -> Vec<Value> {
        let mut rows = answer["items"].as_array().unwrap().clone();
        for agent in rows.iter_mut().filter_map(|row| row.get_mut("buying_agent")) {
            *agent = agent.as_str().unwrap().split(" (id ").next().unwrap().into();
        }
        rows
    };
    assert_eq!(plain(&recent), plain(&cold));
    let older = app.answer("list_inspections", json!({"limit": 5})).await;
    assert_eq!(older["basis"]["complete"], false);
    assert!(older["basis"]["missing"].to_string().contains("first reading has not come that far"), "{older}");
    assert!(older.get("total").is_none(), "no total over a part");
    app.set_faults(&[]);
    app.sync(Scope::Auto).await;
    let warm = app.answer("list_inspections", asked).await;
    assert_eq!((plain(&warm), &warm["total"]), (plain(&cold), &cold["total"]));
}

#[tokio::test]
async fn a_budget_is_kept_and_its_end_is_said() {
    let app = TestApp::budgeted(25).await;
    let (_, syncer) = app.parts.mirrors().next().unwrap();
    let syncer = syncer.unwrap().unwrap();
    let refused = syncer.sync(Scope::Auto, &Silent).await.unwrap_err();
    let SyncError::OverBudget { needed, left } = refused else { panic!("{refused:?}") };
    assert!(left < needed && left <= 23, "{needed} {left}");
    assert!(app.sandbox.log().len() <= 4, "only counting was paid for");
    let mut failure = String::new();
    for _ in 0..60 {
        let result = app.call("list_inspections", json!({"zip": "80202", "limit": 1})).await;
        if result.is_error == Some(true) {
            failure = text(&result);
            break;
        }
    }
    assert!(failure.contains("monthly_budget"), "{failure}");
    assert!(app.sandbox.log().len() <= 25, "{}", app.sandbox.log().len());
    let companies = app.answer("list_companies", json!({})).await;
    assert_eq!(companies["items"][0]["monthly_budget"], 25);
    assert!(companies["basis"]["notes"].to_string().contains("80 %"), "{companies}");
}

#[tokio::test]
async fn what_cannot_be_seen_is_said_from_the_mirror_too() {
    let app = TestApp::kept(Profile::Blind).await;
    let answer = app.answer("list_inspections", json!({"period": "last_month", "company": "spectora_company1"})).await;
    assert_eq!(answer["basis"]["source"], "mirror");
    assert!(answer["basis"]["missing"].to_string().contains("canceled inspections"), "{answer}");
    let published = app.answer("list_inspections", json!({"period": "last_month", "status": "published"})).await;
    assert_eq!(published["basis"]["complete"], true);
}

#[tokio::test]
async fn one_question_waits_for_a_slow_service_and_the_next_ones_do_not() {
    let app = TestApp::build(|_| {}, &["spectora_residential"], true).await;
    app.sync(Scope::Auto).await;
    app.clock.forward(jiff::SignedDuration::from_mins(20));
    app.set_faults(&["*:1+=slow:60000"]);
    let said = |answer: &Value| answer["basis"]["notes"].to_string();
    let first = app.answer("service_mix", json!({"period": "last_month"})).await;
    assert!(said(&first).contains("changes are still being read"), "{}", first["basis"]);
    let asked = std::time::Instant::now();
    // Asks the mirror three times over.
    let second = app.answer("agent_analysis", json!({"period": "last_month"})).await;
    assert!(said(&second).contains("changes are still being read"), "{}", second["basis"]);
    assert!(asked.elapsed() < std::time::Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!(first["basis"]["as_of"], second["basis"]["as_of"]);
}
