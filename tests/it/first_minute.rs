//! The first minute of a large company under a small cap: what an answer needs is all it waits for.

use sandbox::SandboxOptions;
use serde_json::{Value, json};
use sync::Scope;

use crate::support::TestApp;

const COMPANY: &str = "spectora_company1";

fn company(options: &mut SandboxOptions) {
    options.inspections = Some(3_000);
    options.agents_max = Some(40);
}

/// The parts of an answer that a first reading may not know yet left out.
fn without_repeats(answer: &Value) -> Value {
    let mut companies = answer["companies"].clone();
    for company in companies.as_array_mut().unwrap() {
        let parts = company.as_object_mut().unwrap();
        for part in parts.values_mut() {
            let rows = match part {
                Value::Array(rows) => rows.iter_mut().collect(),
                one => vec![one],
            };
            for row in rows.into_iter().filter_map(Value::as_object_mut) {
                row.remove("repeat_agents");
                row.remove("agent_background");
                row.remove("attention");
                row.remove("exceptions");
            }
        }
        parts.remove("attention");
    }
    companies
}

#[tokio::test]
async fn answers_need_no_more_of_the_past_than_they_speak_of() {
    // Ten calls a minute, eight of them for background work: agents and seven of thirteen pages.
    let slow = |config: &mut spectora_mcp::config::Config| {
        config.companies[0].requests_per_minute = 10.try_into().unwrap();
    };
    let first = TestApp::configured(company, &[COMPANY], true, slow).await;
    let whole = TestApp::configured(company, &[COMPANY], true, |_| {}).await;
    whole.sync(Scope::Auto).await;
    for (tool, arguments) in [
        ("prep_briefing", json!({})),
        ("inspector_scorecard", json!({"period": "last_month"})),
        ("service_mix", json!({"period": "last_quarter"})),
        ("explain", json!({"metric": "volume", "period": "last_month", "limit": 5})),
    ] {
        let early = first.answer(tool, arguments.clone()).await;
        let late = whole.answer(tool, arguments).await;
        assert_eq!(early["basis"]["complete"], true, "{tool}: {}", early["basis"]);
        // The jobs of a day come from the service where the mirror does not have them yet.
        if tool != "prep_briefing" {
            assert_eq!(early["basis"]["source"], "mirror", "{tool}");
        }
        if tool == "explain" {
            assert_eq!((&early["items"], &early["total"]), (&late["items"], &late["total"]), "{tool}");
            continue;
        }
        assert!(early["basis"]["notes"].to_string().contains("so far"), "{tool}: {}", early["basis"]);
        assert_eq!(without_repeats(&early), without_repeats(&late), "{tool}");
    }
    let (_, syncer) = first.parts.mirrors().next().unwrap();
    let missing = syncer.unwrap().unwrap().gaps().await.unwrap();
    assert!(missing.iter().any(|(_, gap)| *gap == mirror::CoverageGap::FirstReading), "{missing:?}");
}

#[tokio::test]
async fn what_needs_all_history_says_why_it_has_to_wait() {
    let app = TestApp::configured(company, &[COMPANY], true, |_| {}).await;
    app.set_faults(&["*:1+=503"]);
    let refused = app.failure("capacity_plan", json!({})).await;
    assert!(refused.contains("held up") && refused.contains("HTTP 503"), "{refused}");
    // The attempt under way still meets the fault; its failure is to be noted before the clock moves.
    let (_, syncer) = app.parts.mirrors().next().unwrap();
    let syncer = syncer.unwrap().unwrap();
    while syncer.running_for().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    app.set_faults(&[]);
    app.clock.forward(jiff::SignedDuration::from_hours(1));
    let plan = app.answer("capacity_plan", json!({})).await;
    assert_eq!(plan["basis"]["complete"], true, "it starts the reading itself and waits for it");
}
