//! How areas, names and people are told apart, and what is said to distort numbers.

use std::collections::BTreeMap;

use domain::{AgentFact, AgentStatistics, FactTable, FactTableBuilder, Named, Naming, NewFact};
use insight::{Looked, disagreements, misdated, quality};
use sandbox::{CompanyTruth, Edit, InspectionRow, Profile, RecordKind, SandboxOptions};
use serde_json::{Map, Value, json};
use spectora_mcp::config::Config;
use sync::{Scope, Silent};

use crate::support::{TestApp, civil_of, epoch_day, money, now};

/// All there is, whatever it is dated.
fn ever() -> Value {
    json!({"from": "2020-01-01", "to": "2035-12-31"})
}

fn with(asked: Value, more: Value) -> Value {
    let mut all = asked;
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn put(kind: RecordKind, id: u64, said: &Value) -> Edit {
    Edit::Put { company: 0, kind, id, said: said.as_object().unwrap().clone() }
}

fn small(options: &mut SandboxOptions) {
    options.inspections = Some(500);
    options.changed_since = true;
}

/// The first company alone, on an empty mirror.
async fn app(mirrors: bool) -> TestApp {
    TestApp::build(small, &["spectora_company1"], mirrors).await
}

/// Rows that are shown and were performed, latest first.
fn performed(company: &CompanyTruth) -> Vec<InspectionRow> {
    let now = now().as_second();
    let is_past = |row: &&InspectionRow| row.deleted_at.is_none() && row.canceled_at.is_none() && row.starts_at < now;
    let mut rows: Vec<InspectionRow> = company.inspections.iter().filter(is_past).copied().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.starts_at), row.id));
    rows
}

fn finding<'a>(answer: &'a Value, what: &str) -> Option<&'a Value> {
    answer["companies"][0]["findings"].as_array().unwrap().iter().find(|one| one["what"] == what)
}

async fn total(app: &TestApp, tool: &str, asked: Value) -> u64 {
    app.answer(tool, with(asked, json!({"limit": 1}))).await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn one_zip_is_five_digits_everywhere() {
    let app = app(true).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let rows = performed(company);
    let area = company.zip(rows.iter().find(|row| company.zip(row).is_some()).unwrap()).unwrap();
    let (mut edits, mut expected, mut elsewhere) = (Vec::new(), 0_usize, 0);
    let spell = |nth: usize| [area.to_owned(), format!("{area}-1234"), format!("{area} 0001")][nth % 3].clone();
    for row in &rows {
        if company.zip(row) == Some(area) {
            edits.push(put(RecordKind::Inspection, row.id, &json!({"property_zip": spell(expected)})));
            expected += 1;
        } else if elsewhere < 4 {
            let code = ["02134-0001", "02134", "2134", "K1A 0B6"][elsewhere];
            edits.push(put(RecordKind::Inspection, row.id, &json!({"property_zip": code})));
            elsewhere += 1;
        }
    }
    app.sandbox.edit(&edits);
    app.sync(Scope::Auto).await;
    assert!(3 < expected && elsewhere == 4);
    let expected = expected as u64;
    let zip = |code: &str| json!({"zip": code, "status": ["performed", "published"]});
    for code in [area.to_owned(), format!("{area}-1234"), format!("{area}-9999")] {
        assert_eq!(total(&app, "list_inspections", zip(&code)).await, expected, "{code}");
        let explained = with(ever(), json!({"metric": "volume", "zip": code}));
        assert_eq!(total(&app, "explain", explained).await, expected, "{code}");
    }
    let mix = app.answer("service_mix", with(ever(), json!({"by": "zip", "limit": 50}))).await;
    let groups = mix["companies"][0]["groups"].as_array().unwrap();
    let of_area: Vec<_> = groups.iter().filter(|one| one["group"].as_str().unwrap().starts_with(area)).collect();
    assert_eq!(of_area.len(), 1, "{of_area:?}");
    assert_eq!(of_area[0]["volume"].as_u64(), Some(expected));
    // A short code may be a ZIP code that lost its zero, or foreign: both are found, and nothing else.
    assert_eq!(total(&app, "list_inspections", zip("2134")).await, 3);
    assert_eq!(total(&app, "list_inspections", zip("02134")).await, 2);
    assert_eq!(total(&app, "list_inspections", zip("k1a 0b6")).await, 1);
    assert_eq!(total(&app, "list_inspections", zip(&area[..3])).await, 0, "a beginning is no ZIP code");
    let unknown = app.failure("explain", with(ever(), json!({"metric": "volume", "zip": "99999"}))).await;
    assert!(unknown.contains("99999"), "{unknown}");
    // And so does the service's own path, where every row is looked at again.
    let bare =
        TestApp::build(|options| (small(options), options.profile = Profile::Minimal).0, &["spectora_company1"], false)
            .await;
    bare.sandbox.edit(&edits);
    assert_eq!(total(&bare, "list_inspections", zip(&format!("{area}-9999"))).await, expected);
    assert_eq!(total(&bare, "list_inspections", zip("2134")).await, 3);
}

fn settings(config: &mut Config, known_services: &[&str], same: &[(&str, &[&str])], not: &[&str], without: &[&str]) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let same: BTreeMap<String, Vec<String>> = same.iter().map(|(name, all)| ((*name).to_owned(), owned(all))).collect();
    config.companies.truncate(1);
    config.companies[0].known_services = owned(known_services);
    config.companies[0].naming = Naming::new(&same, &owned(not), &owned(without)).unwrap();
}

#[tokio::test]
async fn settings_say_which_names_are_one_and_which_are_no_add_ons() {
    const POOL: &str = "Pool, Spa & Deck Inspection";
    let app = TestApp::configured(small, &[], true, |config| settings(config, &[], &[], &[], &[])).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let rows = performed(company);
    let (mut radon, mut radon_jobs, mut without) = (0, Vec::new(), [0_u64; 2]);
    let mut edits = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // Nothing but a discount on all of them, and a radon test in two spellings on some.
        let names = match at % 10 {
            3 => "Veteran Discount, Radon Test",
            6 | 9 => "Radon Testing, Veteran Discount",
            _ => "Veteran Discount",
        };
        if names.contains("Radon") {
            radon += 1;
            radon_jobs.push(row.id);
        }
        // One in ten is ordered before a listing, without an agent.
        let mut said = json!({"service_add_on_names": names});
        if at % 10 == 0 {
            let none = json!({"data": null});
            let nobody = json!({"service_names": "Pre-Listing Inspection", "buying_agent_id": null, "buying_agent": none,
                "buying_agent_name": null, "selling_agent_id": null, "selling_agent": none, "selling_agent_name": null});
            said = with(said, nobody);
        }
        edits.push(put(RecordKind::Inspection, row.id, &said));
        if row.buying_agent.is_none() && row.selling_agent.is_none() && at % 10 != 0 {
            without[0] += 1;
        }
        without[1] += u64::from(at % 10 == 0);
    }
    app.sandbox.edit(&edits);
    app.sync(Scope::Auto).await;
    let all = rows.len() as u64;
    let from = civil_of(&company.zone, rows.last().unwrap().starts_at).date();
    let past = json!({"from": from.to_string(), "to": "2026-11-24"});
    let attach = with(past.clone(), json!({"metric": "attach"}));
    assert_eq!(total(&app, "explain", attach.clone()).await, all);
    let said = app.answer("data_quality", past.clone()).await;
    let discounts = finding(&said, "add-ons that sound like discounts or fees").unwrap();
    assert!(all <= discounts["count"].as_u64().unwrap(), "{discounts}");
    assert!(discounts["examples"][0].as_str().unwrap().starts_with("Veteran Discount ("), "{discounts}");
    let spellings = finding(&said, "one service or add-on in several spellings").unwrap();
    assert!(spellings["examples"].to_string().contains(r#"\"Radon Testing\" = [\"Radon Test\"]"#), "{spellings}");
    let apart = finding(&said, "names never seen apart").unwrap();
    assert!(apart["examples"].to_string().contains(&format!(r#"\"{POOL}\""#)), "{apart}");
    let agentless = finding(&said, "services that seldom have an agent").unwrap();
    assert!(agentless["examples"][0].as_str().unwrap().starts_with("Pre-Listing Inspection ("), "{agentless}");
    let missing = "inspections without a buying agent";
    let before = finding(&said, missing).unwrap()["count"].as_u64().unwrap();

    // Told so, the same records are read again: no call is needed, nor would one be answered.
    let same: [(&str, &[&str]); 1] = [("Radon Test", &["Radon Testing"])];
    let app = app
        .reconfigured(|config| settings(config, &[POOL], &same, &["veteran discount"], &["Pre-Listing Inspection"]))
        .await;
    app.set_faults(&["*:1+=503"]);
    let (_, syncer) = app.parts.mirrors().next().unwrap();
    let refused = syncer.unwrap().unwrap().sync(Scope::Auto, &Silent).await;
    assert!(refused.is_err());
    assert_eq!(total(&app, "explain", attach).await, radon);
    let card = app.answer("inspector_scorecard", with(past.clone(), json!({"detail": "full"}))).await;
    let company_card = &card["companies"][0]["whole_company"];
    assert_eq!(company_card["attach"]["count"].as_u64(), Some(radon), "{company_card}");
    let of_all = |shown: &Value| (shown["name"].clone(), shown["count"].as_u64(), shown["of"].as_u64());
    let expected = (json!("Radon Test"), Some(radon), Some(all));
    assert_eq!(company_card["add_ons"].as_array().unwrap().len(), 1, "{company_card}");
    assert_eq!(of_all(&company_card["add_ons"][0]), expected, "{company_card}");
    let mix = app.answer("service_mix", with(past.clone(), json!({"by": "month"}))).await;
    assert_eq!(mix["companies"][0]["attach"]["count"].as_u64(), Some(radon));
    assert_eq!(mix["companies"][0]["add_ons"].as_array().unwrap().len(), 1, "{mix}");
    assert_eq!(of_all(&mix["companies"][0]["add_ons"][0]), expected, "{mix}");
    assert!(!mix["companies"][0]["services"].to_string().contains("Discount"), "{}", mix["companies"][0]);
    let narrowed = with(past.clone(), json!({"metric": "volume", "add_on": "radon testing"}));
    assert_eq!(total(&app, "explain", narrowed).await, radon);
    // Lists find what was sold under any of its names, discounts too.
    let done = |service: &str| json!({"service": service, "status": ["performed", "published"]});
    assert_eq!(total(&app, "list_inspections", done("radon testing")).await, radon);
    assert_eq!(total(&app, "list_inspections", done("veteran")).await, all);
    let job = app.answer("get_inspection", json!({"inspection": radon_jobs[0].to_string()})).await;
    assert_eq!(job["item"]["add_ons"], json!(["Radon Test"]));
    assert_eq!(job["item"]["not_add_ons"], json!(["Veteran Discount"]));
    let said = app.answer("data_quality", past).await;
    for settled in [
        "add-ons that sound like discounts or fees",
        "one service or add-on in several spellings",
        "names never seen apart",
        "services that seldom have an agent",
    ] {
        assert!(finding(&said, settled).is_none(), "{said}");
    }
    let after = finding(&said, missing).map_or(0, |one| one["count"].as_u64().unwrap());
    assert_eq!(before - after, without[1]);
    assert!(without[0] <= after, "{after}");
}

#[tokio::test]
async fn what_is_entered_twice_misdated_or_absurd_is_found() {
    let app = app(true).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let last = *company.inspections.iter().max_by_key(|row| row.id).unwrap();
    let double = app.sandbox.edit(&[Edit::Book { company: 0, starts_at: last.starts_at }]);
    let recent: Vec<InspectionRow> = performed(company).into_iter().filter(|row| row.id != last.id).take(4).collect();
    let agents = &company.agents;
    let agent = |at: usize, said: Value| put(RecordKind::Agent, agents[at].connection_id, &said);
    app.sandbox.edit(&[
        put(RecordKind::Inspection, recent[0].id, &json!({"datetime": "2011-03-01T09:00:00.000-07:00"})),
        put(RecordKind::Inspection, recent[1].id, &json!({"datetime": "2031-03-01T09:00:00.000-07:00"})),
        put(RecordKind::Inspection, recent[2].id, &json!({"quote": "250000.0"})),
        put(RecordKind::Inspection, recent[3].id, &json!({"quote": "-5.0"})),
        // One person with one address and two given names, one with one number, and two people of one name.
        agent(10, json!({"first_name": "Liz", "last_name": "Quartz", "email": "q@example.com"})),
        agent(11, json!({"first_name": "Elizabeth", "last_name": "Quartz", "email": "Q@example.com"})),
        agent(12, json!({"first_name": "Ana", "last_name": "Onyx", "agent_id": 999_001})),
        agent(13, json!({"first_name": "Anna", "last_name": "Onyx-Rey", "agent_id": "999001"})),
        agent(14, json!({"first_name": "Aab", "last_name": "Aalto"})),
        agent(15, json!({"first_name": "AAB", "last_name": "Aalto"})),
        // An office's address makes nobody one person.
        agent(16, json!({"first_name": "Uma", "last_name": "Flint", "email": "office@example.com"})),
        agent(17, json!({"first_name": "Ivo", "last_name": "Slate", "email": "office@example.com"})),
    ]);
    app.sync(Scope::Auto).await;
    let said = app.answer("data_quality", with(ever(), json!({"from": "2010-01-01"}))).await;
    let ids = |at: &[u64]| at.iter().map(ToString::to_string).collect::<Vec<_>>();
    let strays = finding(&said, "inspections dated far from all others").unwrap();
    assert_eq!(strays["examples"], json!(ids(&[recent[0].id, recent[1].id])), "{strays}");
    let absurd = finding(&said, "quotes below zero or above 100,000.00").unwrap();
    assert_eq!(absurd["count"], 2, "{absurd}");
    let orders = finding(&said, "one booking in several orders");
    if last.canceled_at.is_none() {
        let orders = orders.unwrap();
        let quote = money(u64::from(last.quote_cents));
        let shown = format!("ids {}, {}: {quote} + {quote}", double[0], last.id);
        assert_eq!((&orders["count"], &orders["examples"]), (&json!(1), &json!([shown])), "{orders}");
        assert_eq!(orders["quoted"], json!(money(2 * u64::from(last.quote_cents))));
    }
    assert!(last.canceled_at.is_none(), "the last one booked must be a live one");
    let connection = |at: usize| agents[at].connection_id;
    let people = finding(&said, "agents that look like one person").unwrap();
    let pair =
        |names: &str, one: usize, other: usize| format!("{names} (ids {}, {})", connection(one), connection(other));
    assert_eq!(
        people["examples"],
        json!([pair("Elizabeth Quartz / Liz Quartz", 10, 11), pair("Ana Onyx / Anna Onyx-Rey", 12, 13)]),
        "{people}"
    );
    let maybe = finding(&said, "agents of one name, maybe one person").unwrap().to_string();
    assert!(maybe.contains(&pair("AAB Aalto / Aab Aalto", 14, 15)) && !maybe.contains("Onyx"), "{maybe}");
    let mut agencies: Vec<&str> =
        agents.iter().filter_map(|one| one.agency).map(|at| company.agencies[at].name.trim()).collect();
    agencies.sort_unstable();
    agencies.dedup();
    let spelled = finding(&said, "agencies spelled several ways").unwrap();
    assert_eq!(spelled["of"].as_u64(), Some(agencies.len() as u64), "of agencies, not of agents");
}

/// An inspector in three kinds of record: the id alone, the name alone, both.
fn named(row: u64, id: Option<u64>, name: Option<&str>) -> Edit {
    let none = json!({"data": []});
    put(RecordKind::Inspection, row, &json!({"inspector_id": id, "inspector_name": name, "assignments": none}))
}

#[tokio::test]
async fn an_inspector_is_one_person_in_whatever_order_records_come() {
    const NAME: &str = "Quinn Abara";
    let mut answers = Vec::new();
    for one_by_one in [false, true] {
        let mut app = app(true).await;
        let latest: Vec<InspectionRow> = performed(&app.sandbox.truth().companies[0]).into_iter().take(4).collect();
        let rows: Vec<u64> = latest.iter().map(|row| row.id).collect();
        let zone = app.sandbox.truth().companies[0].zone.clone();
        let days = [&latest[0], &latest[2]].map(|row| civil_of(&zone, row.starts_at).date().to_string());
        let edits = [
            named(rows[0], Some(99_001), None),
            named(rows[1], None, Some(NAME)),
            named(rows[2], Some(99_001), Some(NAME)),
        ];
        if one_by_one {
            app.sync(Scope::Auto).await;
            for edit in edits {
                app.sandbox.edit(&[edit]);
                app.sync(Scope::Auto).await;
            }
        } else {
            app.sandbox.edit(&edits);
            app.sync(Scope::Auto).await;
        }
        let mut seen = Vec::new();
        for again in [false, true] {
            if again {
                // Derived anew from the same records, in the order of their ids.
                app = app.reconfigured(|config| settings(config, &["Other, Name"], &[], &[], &[])).await;
                app.sync(Scope::Auto).await;
            }
            for asked in ["Quinn Abara", "99001"] {
                assert_eq!(
                    total(&app, "list_inspections", json!({"inspector": asked})).await,
                    3,
                    "{asked} {one_by_one}"
                );
            }
            let card = app.answer("inspector_scorecard", with(ever(), json!({"inspector": NAME}))).await;
            let shown = card["companies"][0]["inspectors"].as_array().unwrap();
            assert!(shown.len() == 1 && shown[0]["inspector"] == NAME && shown[0]["volume"] == 3, "{card}");
            let everybody = app.answer("inspector_scorecard", json!({"from": days[1], "to": days[0]})).await;
            let rows = everybody["companies"][0]["inspectors"].as_array().unwrap();
            let mut rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
            rows.sort_unstable();
            assert_eq!(rows.iter().filter(|row| row.contains(NAME) || row.contains("99001")).count(), 1, "{rows:?}");
            seen.push(rows);
        }
        assert_eq!(seen[0], seen[1]);
        answers.push(seen.swap_remove(0));

        // Another person of the same name, by the id: two stay two, and what has the name alone belongs to neither.
        app.sandbox.edit(&[named(rows[3], Some(99_002), Some(NAME))]);
        app.sync(Scope::Auto).await;
        let refused = app.failure("list_inspections", json!({"inspector": NAME})).await;
        assert!(refused.contains("id 99001") && refused.contains("id 99002"), "{refused}");
        for (id, jobs) in [("99001", 2), ("99002", 1)] {
            assert_eq!(total(&app, "list_inspections", json!({"inspector": id})).await, jobs, "{id}");
        }
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn people_are_found_as_their_names_are_typed() {
    let names = [
        ("Sean", "O'Neil", ["oneil", "o'neil", "neil", "sean oneil"]),
        ("Łukasz", "Nowak", ["lukasz", "Łukasz", "LUKASZ NOWAK", "nowak łu"]),
        ("Ánh", "Đặng", ["dang", "Đặng", "dang anh", "đặng"]),
        ("小明", "王", ["小明", "王", "王小明", "明"]),
        ("Mary-Ann", "Ødegård", ["maryann", "mary ann", "odegard", "Ødegård"]),
    ];
    let (kept, bare) = (
        app(true).await,
        TestApp::build(|options| (small(options), options.profile = Profile::Minimal).0, &["spectora_company1"], false)
            .await,
    );
    for app in [&kept, &bare] {
        let truth = app.sandbox.truth();
        let company = &truth.companies[0];
        let rows = performed(company);
        let mut edits = Vec::new();
        for (at, (first, last, _)) in names.iter().enumerate() {
            let full = format!("{first} {last}");
            edits.push(put(
                RecordKind::Inspection,
                rows[at].id,
                &json!({"buyer_name": full, "buyer_names": [full], "inspector_name": "Nobody Else"}),
            ));
            edits.push(put(
                RecordKind::Agent,
                company.agents[at].connection_id,
                &json!({"first_name": first, "last_name": last}),
            ));
            edits.push(put(
                RecordKind::Client,
                company.clients[at].id,
                &json!({"first_name": first, "last_name": last}),
            ));
        }
        app.sandbox.edit(&edits);
    }
    kept.sync(Scope::Auto).await;
    let truth = kept.sandbox.truth();
    let company = &truth.companies[0];
    let rows = performed(company);
    for (at, (first, last, typed)) in names.iter().enumerate() {
        for typed in typed {
            let what = format!("{typed} for {first} {last}");
            for app in [&kept, &bare] {
                let (jobs, _) = app.all_ids("list_inspections", json!({"client": typed})).await;
                assert!(jobs.contains(&rows[at].id.to_string()), "{what}: {jobs:?}");
                let (agents, _) = app.all_ids("list_agents", json!({"text": typed})).await;
                assert!(agents.contains(&company.agents[at].connection_id.to_string()), "{what}: {agents:?}");
            }
            let (clients, _) = kept.all_ids("list_clients", json!({"text": typed})).await;
            assert!(clients.contains(&company.clients[at].id.to_string()), "{what}: {clients:?}");
        }
    }
    // The mirror and the service's own path find the same.
    for typed in ["oneil", "lukasz", "dang", "小明", "maryann", "an"] {
        let asked = json!({"client": typed});
        let (one, other) =
            (kept.all_ids("list_inspections", asked.clone()).await, bare.all_ids("list_inspections", asked).await);
        assert_eq!(one, other, "{typed}");
    }
}

#[tokio::test]
async fn numbers_by_agency_say_that_an_agent_who_moved_counts_for_the_new_one() {
    let app = app(true).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let rows = performed(company);
    let agent = rows.iter().find_map(|row| row.buying_agent).unwrap();
    let moved = put(
        RecordKind::Agent,
        company.agents[agent as usize].connection_id,
        &json!({"agency_name": "Moved In Homes", "agency_id": 987}),
    );
    app.sandbox.edit(&[moved]);
    app.sync(Scope::Auto).await;
    let theirs = rows.iter().filter(|row| row.buying_agent == Some(agent)).count() as u64;
    let said = |answer: &Value| answer["basis"]["notes"].to_string().contains("agency as of now");
    let mix = app.answer("service_mix", with(ever(), json!({"by": "agency", "limit": 50}))).await;
    let group = mix["companies"][0]["groups"].as_array().unwrap().iter().find(|one| one["group"] == "Moved In Homes");
    assert_eq!(group.unwrap()["volume"].as_u64(), Some(theirs), "{mix}");
    assert!(said(&mix), "{}", mix["basis"]);
    let one = app.answer("inspector_scorecard", with(ever(), json!({"agency": "moved in"}))).await;
    assert_eq!(one["companies"][0]["whole_company"]["volume"].as_u64(), Some(theirs));
    assert!(said(&one), "{}", one["basis"]);
    let by_zip = app.answer("service_mix", with(ever(), json!({"by": "zip"}))).await;
    assert!(!said(&by_zip), "{}", by_zip["basis"]);
}

fn statistics(id: i64, total: u64) -> AgentStatistics {
    AgentStatistics {
        id: id.to_string().parse().unwrap(),
        total_inspections: Some(total),
        buying_inspections: None,
        selling_inspections: None,
        overall_inspections: None,
        first_inspection: None,
        last_inspection: None,
        total_revenue: None,
        buying_revenue: None,
        selling_revenue: None,
        average_revenue: None,
        other: Map::new(),
    }
}

#[test]
fn the_service_s_own_counts_are_compared_by_the_definition_that_fits() {
    const DAY: i64 = 86_400_000;
    let now = 1_000 * DAY;
    let mut facts = FactTableBuilder::default();
    let (mut kept, mut deleted) = (Vec::new(), Vec::new());
    for agent in 1..=20 {
        let id = agent.to_string();
        let known = AgentFact { id, ..AgentFact::default() };
        facts.agent(agent, known);
        // Of each agent: so many kept, two canceled, one ahead, one on both sides, one deleted.
        let job = |day: i64, canceled: bool, selling: bool, into: &mut Vec<NewFact>| {
            into.push(NewFact {
                pk: agent * 1_000 + day,
                starts_at: day * DAY,
                day,
                canceled_at: canceled.then_some(day * DAY),
                buying_agent: Some(agent),
                selling_agent: selling.then_some(agent),
                ..NewFact::default()
            });
        };
        for day in 0..agent {
            job(500 + day, false, false, &mut kept);
        }
        job(600, true, false, &mut kept);
        job(601, true, false, &mut kept);
        job(602, false, true, &mut kept);
        job(1_001, false, false, &mut kept);
        job(603, false, false, &mut deleted);
    }
    for row in &kept {
        facts.push(row);
    }
    for row in &deleted {
        facts.push_deleted(row);
    }
    let facts = facts.build();
    // By hand: kept + both sides once, and what the definition adds.
    for (extra, said) in [
        (2 + 1, "inspections on either side, canceled ones included, those ahead included"),
        (1, "inspections on either side, canceled ones left out, those ahead included"),
        (0, "inspections on either side, canceled ones left out, those ahead left out"),
        (
            2 + 1 + 1,
            "buying plus selling side (both sides of one inspection count twice), canceled ones included, those ahead included",
        ),
        (2 + 1 + 1 + 1, "deleted ones included"),
    ] {
        let mut theirs: Vec<AgentStatistics> =
            (1..=20).map(|agent| statistics(agent, agent.cast_unsigned() + 1 + extra)).collect();
        // Two differ whatever the definition is.
        theirs[4].total_inspections = Some(900);
        theirs[9].total_inspections = Some(0);
        let compared = disagreements(&facts, &theirs, now);
        assert!(compared.definition.said().contains(said), "{extra}: {}", compared.definition.said());
        let differing: Vec<&str> = compared.differing.iter().map(|one| one.id.as_str()).collect();
        assert_eq!((compared.of, differing), (20, vec!["5", "10"]), "{extra}");
    }
}

#[test]
fn a_slow_season_and_a_first_year_are_no_slips() {
    const DAY: i64 = 86_400_000;
    let of = |days: &[i64]| {
        let mut facts = FactTableBuilder::default();
        for (pk, day) in (1..).zip(days) {
            facts.push(&NewFact { pk, starts_at: day * DAY, day: *day, ..NewFact::default() });
        }
        facts.build()
    };
    let now = 2_000 * DAY;
    let steady: Vec<i64> = (0..200).map(|at| 1_000 + at * 5).collect();
    assert_eq!(misdated(&of(&steady), now), [""; 0]);
    let mut slip = vec![300];
    slip.extend(&steady);
    assert_eq!(misdated(&of(&slip), now), ["1"]);
    let mut two_slips = vec![300, 305];
    two_slips.extend(&steady);
    two_slips.push(2_900);
    assert_eq!(misdated(&of(&two_slips), now), ["1", "2", "203"]);
    // Half of all jobs before a long silence: the company was closed.
    let closed: Vec<i64> = (0..50).chain(400..450).collect();
    assert_eq!(misdated(&of(&closed), now), [""; 0]);
    assert_eq!(misdated(&of(&[5]), now), [""; 0]);
    assert_eq!(misdated(&FactTable::default(), now), [""; 0]);
}

#[test]
fn fees_and_spellings_are_counted_in_jobs() {
    let mut facts = FactTableBuilder::default();
    for (word, named) in [
        (1, Named::AddOn("Radon Test".to_owned())),
        (2, Named::AddOn("Radon Tests".to_owned())),
        (3, Named::AddOn("Trip Fee".to_owned())),
        (4, Named::Service("Radon Testing".to_owned())),
    ] {
        facts.word(word, named);
    }
    let today = epoch_day("2026-11-24".parse().unwrap());
    for (pk, sold) in (1..).zip([&[1, 4][..], &[1], &[2, 3], &[3], &[1, 2]]) {
        let sold = facts.sold(sold);
        facts.push(&NewFact { pk, starts_at: today * 86_400_000, day: today, sold, ..NewFact::default() });
    }
    let facts = facts.build();
    let naming = Naming::default();
    let findings = quality(&Looked::at(&facts, &naming, now().as_millisecond()), today, today);
    let found = |what: &str| findings.iter().find(|one| one.what == what).map(|one| (one.count, one.of));
    assert_eq!(found("add-ons that sound like discounts or fees"), Some((2, 5)));
    // The service of that name is another thing.
    assert_eq!(found("one service or add-on in several spellings"), Some((2, 5)));
}
