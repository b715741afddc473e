//! Expected values come from the sandbox's generated rows by plain loops; nothing of the client is used for them.

use jiff::Timestamp;
use jiff::civil::Date;
use sandbox::{CompanyTruth, InspectionRow, Profile, SandboxOptions, Truth};
use serde_json::{Value, json};
use sync::Scope;

use crate::support::{TestApp, now};

fn company<'a>(truth: &'a Truth, name: &str) -> &'a CompanyTruth {
    truth.companies.iter().find(|company| company.name == name).unwrap()
}

fn day(company: &CompanyTruth, row: &InspectionRow) -> Date {
    company.zone.to_datetime(Timestamp::from_second(row.starts_at).unwrap()).date()
}

/// Ids of the rows that hold, latest start first, then highest id.
fn expected(company: &CompanyTruth, holds: impl Fn(&InspectionRow) -> bool) -> Vec<String> {
    let mut rows: Vec<&InspectionRow> =
        company.inspections.iter().filter(|row| row.deleted_at.is_none() && holds(row)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.starts_at, row.id)));
    rows.iter().map(|row| row.id.to_string()).collect()
}

type Question = (Value, fn(&CompanyTruth, &InspectionRow) -> bool);

fn questions() -> Vec<Question> {
    fn between(company: &CompanyTruth, row: &InspectionRow, from: &str, to: &str) -> bool {
        let day = day(company, row);
        from.parse::<Date>().unwrap() <= day && day <= to.parse().unwrap()
    }
    vec![
        (json!({"period": "last_month"}), |c, r| between(c, r, "2026-10-01", "2026-10-31")),
        (json!({"from": "2026-10-31", "to": "2026-11-01"}), |c, r| between(c, r, "2026-10-31", "2026-11-01")),
        (json!({"period": "tomorrow"}), |c, r| between(c, r, "2026-11-25", "2026-11-25")),
        (json!({"period": "last_month", "status": "canceled"}), |c, r| {
            between(c, r, "2026-10-01", "2026-10-31") && r.canceled_at.is_some()
        }),
        (json!({"from": "2026-06-01", "paid": false, "status": "performed"}), |c, r| {
            between(c, r, "2026-06-01", "2199-12-31")
                && !r.paid
                && r.canceled_at.is_none()
                && r.starts_at < now().as_second()
        }),
        (json!({"period": "ytd", "status": "unpublished"}), |c, r| {
            between(c, r, "2026-01-01", "2026-11-24")
                && r.canceled_at.is_none()
                && r.published_at.is_none()
                && r.starts_at < now().as_second()
        }),
        (json!({"status": "upcoming"}), |_, r| r.canceled_at.is_none() && now().as_second() <= r.starts_at),
        (json!({"zip": "80202"}), |c, r| c.zip(r) == Some("80202")),
        (json!({"period": "last_quarter", "service": "radon"}), |c, r| {
            between(c, r, "2026-07-01", "2026-09-30") && r.add_ons().any(|add_on| add_on.name.contains("Radon"))
        }),
        (json!({"period": "last_month", "inspector": "brennan"}), |c, r| {
            between(c, r, "2026-10-01", "2026-10-31")
                && r.inspectors().any(|i| c.inspectors[i].name.contains("Brennan"))
        }),
    ]
}

async fn answers_are_right_on(profile: Profile) {
    answers_are_right(TestApp::with(of_many_pages(profile), &[]).await, profile, "service").await;
}

/// Companies large enough for many pages of every list.
fn of_many_pages(profile: Profile) -> impl FnOnce(&mut SandboxOptions) {
    move |options| {
        options.profile = profile;
        options.inspections = Some(2_500);
    }
}

async fn answers_are_right(app: TestApp, profile: Profile, source: &str) {
    let truth = app.sandbox.truth();
    let company = company(&truth, "spectora_company1");
    for (arguments, holds) in questions() {
        let mut asked = arguments.clone();
        asked["company"] = "spectora_company1".into();
        asked["limit"] = 100.into();
        let expected = expected(company, |row| holds(company, row));
        assert!(!expected.is_empty(), "a question that nothing answers shows nothing: {arguments}");
        let (ids, total) = app.all_ids("list_inspections", asked).await;
        assert_eq!(ids, expected, "{profile} {arguments}");
        assert_eq!(total, Some(expected.len() as u64), "{profile} {arguments}");
    }
    let answer = app.answer("list_inspections", json!({"period": "tomorrow"})).await;
    assert_eq!(answer["basis"]["source"], source);
}

#[tokio::test]
async fn a_mirror_gives_the_same_answers_and_asks_nobody() {
    for profile in [Profile::Full, Profile::Minimal, Profile::Strict] {
        let app = TestApp::build(of_many_pages(profile), &[], true).await;
        app.sync(Scope::Auto).await;
        app.sandbox.clear_log();
        app.sandbox.set_faults(sandbox::Faults::parse(["*:1+=503"]).unwrap());
        answers_are_right(app, profile, "mirror").await;
    }
}

#[tokio::test]
async fn inspections_are_right_where_every_filter_works() {
    answers_are_right_on(Profile::Full).await;
}

#[tokio::test]
async fn inspections_are_right_where_most_filters_are_ignored() {
    answers_are_right_on(Profile::Minimal).await;
}

#[tokio::test]
async fn inspections_are_right_where_most_filters_are_refused() {
    answers_are_right_on(Profile::Strict).await;
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    let app = TestApp::start(Profile::Blind).await;
    for arguments in [json!({"period": "last_month"}), json!({"status": "canceled"}), json!({"period": "tomorrow"})] {
        let answer = app.answer("list_inspections", arguments.clone()).await;
        assert_eq!(answer["basis"]["complete"], false, "{arguments}");
        assert!(answer["basis"]["missing"].to_string().contains("canceled inspections"), "{arguments}");
    }
    let performed = app.answer("list_inspections", json!({"period": "last_month", "status": "published"})).await;
    assert_eq!(performed["basis"]["complete"], true, "an answer that does not depend on them is complete");
}

#[tokio::test]
async fn a_full_list_over_both_companies_has_every_row_once() {
    let app = TestApp::start(Profile::Full).await;
    let truth = app.sandbox.truth();
    let (mut ids, total) = app.all_ids("list_inspections", json!({"period": "last_quarter", "limit": 100})).await;
    let mut expected: Vec<String> = truth
        .companies
        .iter()
        .flat_map(|company| {
            expected(company, |row| {
                let day = day(company, row);
                day.year() == 2026 && (7..=9).contains(&day.month())
            })
        })
        .collect();
    assert_eq!(total, Some(expected.len() as u64));
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn agents_and_their_statistics() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let truth = app.sandbox.truth();
    let company = company(&truth, "spectora_company1");
    let (ids, total) = app.all_ids("list_agents", json!({"limit": 100})).await;
    let mut expected: Vec<String> = company.agents.iter().map(|agent| agent.connection_id.to_string()).collect();
    assert_eq!(total, Some(expected.len() as u64));
    let mut sorted = ids.clone();
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    let agent = &company.agents[3];
    let one = app.answer("get_agent", json!({"agent": agent.connection_id})).await;
    assert_eq!(one["item"]["id"], agent.connection_id.to_string());
    assert!(one["item"].get("email").is_none(), "contact details only on request");
    let with_contact = app.answer("get_agent", json!({"agent": agent.connection_id, "include": "contact"})).await;
    assert_eq!(with_contact["item"]["phone"].as_str(), Some(agent.phone.as_str()));
    let stats = app.answer("agent_stats", json!({"agent": agent.connection_id.to_string()})).await;
    assert_eq!(stats["items"].as_array().unwrap().len(), 1);
    let top = app.answer("agent_stats", json!({"limit": 100})).await;
    let counts: Vec<u64> =
        top["items"].as_array().unwrap().iter().map(|row| row["total_inspections"].as_u64().unwrap()).collect();
    assert!(counts.windows(2).all(|pair| pair[1] <= pair[0]), "{counts:?}");
    let unknown = app.failure("get_agent", json!({"agent": "Zzyzx Nobody"})).await;
    assert!(unknown.contains("list_agents") || unknown.contains("nearest"), "{unknown}");
}

#[tokio::test]
async fn one_inspection_its_files_its_client_and_its_link() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let truth = app.sandbox.truth();
    let company = company(&truth, "spectora_company1");
    let file = &company.attachments[0];
    let row = &company.inspections[file.inspection as usize];
    let one = app.answer("get_inspection", json!({"inspection": row.id})).await;
    let cents = u64::from(row.quote_cents);
    assert_eq!(one["item"]["quote"], format!("{}.{:02}", cents / 100, cents % 100));
    let link = format!("https://portal.spectora.com/inspection/{}", company.slug(row));
    assert_eq!(one["item"]["portal_link"].as_str(), Some(link.as_str()));
    let starts_at: Timestamp = one["item"]["starts_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(starts_at.as_second(), row.starts_at);
    assert!(!one.to_string().contains("example.com"), "contact details only on request");
    let by_slug = app.answer("portal_link", json!({"inspection": company.slug(row)})).await;
    assert_eq!(by_slug["item"]["portal_link"].as_str(), Some(link.as_str()));
    let by_id = app.answer("portal_link", json!({"inspection": row.id})).await;
    assert_eq!(by_id["item"]["portal_link"].as_str(), Some(link.as_str()));
    let files = app.answer("list_attachments", json!({"inspection": row.id})).await;
    let expected = company.attachments.iter().filter(|other| other.inspection == file.inspection).count();
    assert_eq!(files["items"].as_array().unwrap().len(), expected);
    assert!(files["items"][0]["url"].as_str().unwrap().starts_with("http://127.0.0.1"));
    let client = &company.clients[row.client as usize];
    let found = app.answer("get_client", json!({"id": client.id, "include": ["contact"]})).await;
    assert_eq!(found["item"]["id"], client.id.to_string());
    let listed = app.answer("list_clients", json!({"text": client.last_name(), "limit": 100})).await;
    let expected = company.clients.iter().filter(|other| other.last_name() == client.last_name()).count() as u64;
    assert!(expected <= listed["total"].as_u64().unwrap());
    for (tool, arguments) in [
        ("get_inspection", json!({"inspection": "999999999"})),
        ("get_client", json!({"id": "999999999"})),
        ("get_agent", json!({"agent": "999999999"})),
        ("list_attachments", json!({"inspection": "999999999"})),
        ("portal_link", json!({"inspection": "../etc/passwd"})),
    ] {
        let failure = app.failure(tool, arguments).await;
        assert!(failure.contains("What to do"), "{tool}: {failure}");
    }
}

#[tokio::test]
async fn faults_end_in_the_right_answer_or_a_clear_error() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let asked = json!({"period": "last_month", "limit": 100});
    let truth = app.answer("list_inspections", asked.clone()).await;
    for rule in ["*:1=503", "*:1=500-html", "*:1=cut", "*:1=broken", "*:1=drop", "*:1-2=502", "*:1+=type"] {
        app.set_faults(&[rule]);
        let answer = app.answer("list_inspections", asked.clone()).await;
        assert_eq!(answer["items"], truth["items"], "{rule}");
    }
    for rule in ["*:1+=503", "*:1+=page", "*:1+=redirect", "*:1=429:120"] {
        app.set_faults(&[rule]);
        let failure = app.failure("list_inspections", asked.clone()).await;
        assert!(failure.contains("What to do"), "{rule}: {failure}");
        assert!(!failure.contains("key-") && !failure.contains("127.0.0.1"), "{failure}");
    }
    // The last rule asked for two minutes: until then nothing leaves.
    app.set_faults(&[]);
    app.sandbox.clear_log();
    let failure = app.failure("list_inspections", asked).await;
    assert!(failure.contains("wait until"), "{failure}");
    assert!(app.sandbox.log().is_empty(), "a request left before its time");
}

#[tokio::test]
async fn a_fifth_of_all_requests_failing_spoils_no_answer() {
    let app = TestApp::with(|_| {}, &["spectora_company1"]).await;
    let asked = json!({"period": "last_quarter", "limit": 5});
    let truth = app.answer("list_inspections", asked.clone()).await;
    app.set_faults(&["*:20%=any"]);
    let mut right = 0;
    for _ in 0..15 {
        let result = app.call("list_inspections", asked.clone()).await;
        if result.is_error == Some(true) {
            assert!(crate::support::text(&result).contains("What to do"));
        } else {
            let answer = result.structured_content.unwrap();
            assert_eq!((&answer["items"], &answer["total"]), (&truth["items"], &truth["total"]));
            right += 1;
        }
    }
    assert!(10 < right, "only {right} of 15 were answered");
}

#[tokio::test]
async fn several_of_many_companies_can_be_chosen() {
    let app = TestApp::of_three().await;
    let tools = app.client.list_all_tools().await.unwrap();
    let schema = serde_json::to_value(&tools.iter().find(|tool| tool.name == "list_inspections").unwrap().input_schema);
    assert_eq!(schema.unwrap()["properties"]["company"]["type"], "array");
    for (asked, expected) in [
        (json!(["spectora_third", "spectora_company1"]), vec!["spectora_company1", "spectora_third"]),
        (json!("spectora_company1, spectora_third"), vec!["spectora_company1", "spectora_third"]),
        (json!("spectora_residential"), vec!["spectora_residential"]),
        (json!([]), vec!["spectora_company1", "spectora_residential", "spectora_third"]),
    ] {
        let answer =
            app.answer("list_inspections", json!({"company": asked, "period": "last_30_days", "limit": 100})).await;
        let seen: std::collections::BTreeSet<&str> =
            answer["items"].as_array().unwrap().iter().map(|item| item["company"].as_str().unwrap()).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected, "{asked}");
    }
    let failure = app.failure("list_inspections", json!({"company": ["spectora_company1", "spectora_thrid"]})).await;
    assert!(failure.contains("did you mean `spectora_third`"), "{failure}");
    // A page goes on with the same companies, however they are written.
    let first =
        app.answer("list_agents", json!({"company": ["spectora_company1", "spectora_third"], "limit": 1})).await;
    let again = json!({"company": "spectora_third,spectora_company1", "limit": 1, "cursor": first["next_cursor"]});
    assert_eq!(app.answer("list_agents", again).await["items"].as_array().unwrap().len(), 1);
}
