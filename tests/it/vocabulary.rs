//! One vocabulary in all answers: lists that are whole, numbers of one form, names that tell who is meant.

use std::collections::BTreeSet;

use jiff::civil::Date;
use sandbox::{CompanyTruth, Edit, InspectionRow, Profile};
use serde_json::{Value, json};
use sync::Scope;

use crate::support::{TestApp, now, text};

/// The tools whose rows come in pages, with the table that does, and some arguments.
fn tables(company: &str) -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("inspector_scorecard", "inspectors", json!({"company": company, "period": "last_quarter"})),
        ("service_mix", "groups", json!({"company": company, "period": "last_quarter"})),
        ("agent_analysis", "agents", json!({"company": company})),
        ("agent_analysis", "agents", json!({"company": company, "mode": "dormant"})),
        ("capacity_plan", "inspectors", json!({"company": company})),
    ]
}

fn with(asked: &Value, more: &Value) -> Value {
    let mut asked = asked.clone();
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asked
}

/// What rows are ordered by.
type Key<'a> = Box<dyn Fn(&Value) -> f64 + 'a>;

/// Every number in a value.
fn numbers<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Number(_) => found.push(value),
        Value::Array(list) => list.iter().for_each(|one| numbers(one, found)),
        Value::Object(map) => map.values().for_each(|one| numbers(one, found)),
        _ => {}
    }
}

/// The words of a text that end in ".0" or say odds in more digits than they are worth.
fn badly_written(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| c.is_whitespace() || ",;=|()".contains(c));
    let is_bad = |word: &&str| {
        let number = word.trim_end_matches('.');
        number.ends_with(".0") && number.parse::<f64>().is_ok() || number == "-0"
    };
    words.filter(is_bad).collect()
}

#[tokio::test]
async fn lists_are_whole_and_numbers_have_one_form() {
    let app = TestApp::kept(Profile::Full).await;
    let truth = app.sandbox.truth();
    let company = truth.companies[0].name;
    every_row_can_be_had_in_every_order(&app, company).await;
    numbers_are_written_one_way(&app, company).await;
    a_hundred_inspections_fit_one_answer(&app).await;
    news_are_counted_as_they_are_asked_for(&app).await;
    what_the_service_counts_is_said_to_be_its_own(&app, &truth.companies[0]).await;
    links_come_on_request(&app, company).await;
}

async fn every_row_can_be_had_in_every_order(app: &TestApp, company: &str) {
    for (tool, table, asked) in tables(company) {
        let rows = |answer: &Value| answer["companies"][0][table].as_array().unwrap().clone();
        let mut page = app.answer(tool, with(&asked, &json!({"limit": 3}))).await;
        let first = page["companies"][0].clone();
        assert!(first.get("not_shown").is_some(), "{tool}: the test must see a part");
        let mut all = rows(&page);
        while let Some(cursor) = page.get("next_cursor").cloned() {
            page = app.answer(tool, with(&asked, &json!({"limit": 100, "cursor": cursor}))).await;
            all.extend(rows(&page));
        }
        assert_eq!(all.len() as u64, 3 + first["not_shown"].as_u64().unwrap(), "{tool}");
        let ids: BTreeSet<String> = all.iter().map(|row| format!("{} {}", row["id"], row["group"])).collect();
        assert_eq!(ids.len(), all.len(), "{tool}: nobody twice");
        let sums = first.as_object().unwrap().keys().filter(|name| name.ends_with("_not_shown")).count();
        assert_ne!(sums, 0, "{tool}: what is left out is summed");
    }
    let rate = |row: &Value, name: &str| row[name]["rate"].as_f64().unwrap_or(-1.0);
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let amount = |row: &Value| row["quoted_revenue"].as_str().unwrap().parse::<f64>().unwrap();
    let growth = |row: &Value| number(row, "volume") - number(row, "volume_before");
    let orders: Vec<(&str, &str, &str, Key<'_>)> = vec![
        ("inspector_scorecard", "inspectors", "volume", Box::new(|row| number(row, "volume"))),
        ("inspector_scorecard", "inspectors", "quoted_revenue", Box::new(amount)),
        ("inspector_scorecard", "inspectors", "attach", Box::new(|row| rate(row, "attach"))),
        ("inspector_scorecard", "inspectors", "cancellation", Box::new(|row| rate(row, "cancellation"))),
        ("service_mix", "groups", "volume", Box::new(|row| number(row, "volume"))),
        ("service_mix", "groups", "attach", Box::new(|row| rate(row, "attach"))),
        ("service_mix", "groups", "growth", Box::new(growth)),
    ];
    for (tool, table, sort, key) in orders {
        let asked = json!({"company": company, "period": "last_quarter", "sort": sort, "limit": 100});
        let answer = app.answer(tool, asked).await;
        let keys: Vec<f64> = answer["companies"][0][table].as_array().unwrap().iter().map(key).collect();
        assert!(1 < keys.len() && keys.is_sorted_by(|left, right| left >= right), "{tool} {sort}: {keys:?}");
    }
    let asked = json!({"company": company, "period": "last_quarter", "sort": "name"});
    let answer = app.answer("inspector_scorecard", asked).await;
    let rows = answer["companies"][0]["inspectors"].as_array().unwrap();
    let names: Vec<String> = rows.iter().map(|row| domain::fold(row["inspector"].as_str().unwrap())).collect();
    assert!(names.is_sorted(), "{names:?}");
}

async fn numbers_are_written_one_way(app: &TestApp, company: &str) {
    let mut calls: Vec<(&str, Value)> = tables(company).into_iter().map(|(tool, _, asked)| (tool, asked)).collect();
    for mode in ["new", "rising", "fading"] {
        calls.push(("agent_analysis", json!({"company": company, "mode": mode})));
    }
    let dormant = app.answer("agent_analysis", json!({"company": company, "mode": "dormant"})).await;
    let one = dormant["companies"][0]["agents"][0]["id"].clone();
    calls.push(("agent_analysis", json!({"company": company, "agent": one})));
    calls.push(("inspector_scorecard", json!({"company": company, "from": "2019-12-25", "to": "2019-12-25"})));
    calls.push(("prep_briefing", json!({"company": company})));
    calls.push(("breakdown", json!({"company": company, "by": ["inspector"], "measures": ["hours", "attach_rate"]})));
    let (mut below, mut beyond) = (0, 0);
    for (tool, asked) in calls {
        let result = app.call(tool, asked.clone()).await;
        let (shown, answer) = (text(&result), result.structured_content.unwrap());
        assert_eq!(badly_written(&shown), Vec::<&str>::new(), "{tool} {asked}: {shown}");
        let mut all = Vec::new();
        numbers(&answer, &mut all);
        for number in all.iter().filter(|number| number.is_f64()) {
            assert!(number.as_f64().unwrap().fract().abs() > 0.0, "{tool} {asked}: {number} is a whole number");
        }
        let words = answer.to_string();
        below += words.matches("\"below\":true").count();
        assert!(!words.contains("\"chance_of_such_silence\":{\"rate\":0}"), "{tool} {asked}: {words}");
        for (at, _) in words.match_indices(" to 1\"") {
            let odds = words[..at].rsplit('"').next().unwrap();
            beyond += u64::from(odds == "more than 1,000");
            assert!(odds == "more than 1,000" || odds.parse::<u64>().unwrap() <= 1_000, "{tool} {asked}: {odds}");
        }
        // A share is never a bare number: it is a rate, with what it is of.
        for name in ["attach_rate", "cancellation_rate", "utilization\":0", "share\":0"] {
            assert!(tool == "breakdown" || !words.contains(name), "{tool} {asked}: {name}");
        }
        assert!(!shown.contains(" + "), "{tool} {asked}: two numbers in one column: {shown}");
    }
    assert!(0 < below && 0 < beyond, "the test must see both: {below} below, {beyond} beyond");
    let shown = text(&app.call("agent_analysis", json!({"company": company, "mode": "dormant"})).await);
    assert!(shown.contains("below 1 %"), "{shown}");
}

async fn a_hundred_inspections_fit_one_answer(app: &TestApp) {
    let answer = app.answer("list_inspections", json!({"limit": 100})).await;
    assert_eq!(answer["items"].as_array().unwrap().len(), 100, "{}", answer["basis"]);
}

async fn news_are_counted_as_they_are_asked_for(app: &TestApp) {
    let all = app.answer("whats_new", json!({"since": "2026-11-01", "limit": 1})).await;
    let said = all["basis"]["notes"][0].as_str().unwrap();
    let of = |kind: &str, said: &str| -> Option<u64> {
        let part = said.split(", ").find_map(|part| part.strip_prefix(kind)?.strip_prefix(' '))?;
        part.parse().ok()
    };
    let booked = of("booked", said).unwrap();
    assert!(0 < booked && of("canceled", said).is_some() && of("new_agent", said).is_some(), "{said}");
    let some = app.answer("whats_new", json!({"since": "2026-11-01", "what": "booked", "limit": 1})).await;
    assert_eq!(
        some["basis"]["notes"][0],
        json!(format!("booked {booked}")),
        "what was not asked for is not said to be 0"
    );
}

async fn what_the_service_counts_is_said_to_be_its_own(app: &TestApp, company: &CompanyTruth) {
    let agent = company.agents[0].connection_id.to_string();
    for (tool, asked) in [
        ("agent_stats", json!({"company": company.name, "limit": 1})),
        ("agent_stats", json!({"company": company.name, "agent": agent})),
        ("get_agent", json!({"company": company.name, "agent": agent})),
    ] {
        let answer = app.answer(tool, asked.clone()).await;
        let notes = answer["basis"]["notes"].to_string();
        assert!(notes.contains("Spectora's own counts: all dates, both sides"), "{tool} {asked}: {notes}");
    }
}

async fn links_come_on_request(app: &TestApp, company: &str) {
    for (tool, asked) in [
        ("prep_briefing", json!({"company": company})),
        ("whats_new", json!({"company": company})),
        ("list_inspections", json!({"company": company, "limit": 5})),
    ] {
        assert!(!app.answer(tool, asked).await.to_string().contains("https://portal"), "{tool}");
    }
    let asked = json!({"company": company, "include": "links"});
    assert!(app.answer("prep_briefing", asked).await.to_string().contains("https://portal"));
}

fn without_cursor(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("next_cursor");
    answer
}

/// The inspections of a company that are on, moved to one day.
fn onto(company: &CompanyTruth, day: Date, jobs: usize) -> Vec<Edit> {
    let is_on = |row: &&InspectionRow| row.canceled_at.is_none() && row.deleted_at.is_none();
    let rows = company.inspections.iter().filter(is_on).rev().take(jobs);
    let at = |place: usize| {
        let (hour, minute) = (7 + i8::try_from(place / 12).unwrap(), i8::try_from(place % 12 * 5).unwrap());
        company.zone.to_timestamp(day.at(hour, minute, 0, 0)).unwrap().as_second()
    };
    let moved = rows.enumerate().map(|(place, row)| Edit::Reschedule { company: 0, id: row.id, starts_at: at(place) });
    moved.collect()
}

#[tokio::test]
async fn a_day_of_many_jobs_comes_in_pages_and_says_all_that_needs_attention_first() {
    const JOBS: usize = 140;
    /// What one answer may take, its basis included.
    const BYTES_MAX: usize = 42_000;
    let app = TestApp::build(|options| options.inspections = Some(600), &["spectora_company1"], true).await;
    let day: Date = "2027-02-14".parse().unwrap();
    let edits = onto(&app.sandbox.truth().companies[0], day, JOBS);
    app.sandbox.edit(&edits);
    app.sync(Scope::Auto).await;
    let mut asked = json!({"day": day.to_string()});
    let (mut jobs, mut attention, mut pages) = (Vec::new(), Vec::new(), 0);
    loop {
        let answer = app.answer("prep_briefing", asked.clone()).await;
        assert!(answer.to_string().len() <= BYTES_MAX, "{}", answer.to_string().len());
        let part = &answer["companies"][0];
        assert_eq!(part["jobs_booked"], JOBS, "of the whole day on every page");
        if pages == 0 {
            assert!(part.get("attention_not_shown").is_none(), "all of it on the first page");
            assert!(answer["basis"]["notes"].to_string().contains("next_cursor has the rest"), "{}", answer["basis"]);
        }
        attention.extend(part["attention"].as_array().into_iter().flatten().cloned());
        jobs.extend(part["jobs"].as_array().unwrap().iter().cloned());
        assert_eq!(part["jobs_not_shown"].as_u64().unwrap_or(0), (JOBS - jobs.len()) as u64);
        pages += 1;
        match answer.get("next_cursor") {
            Some(cursor) => asked["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert!(1 < pages, "the test must see a part");
    let ids: BTreeSet<&str> = jobs.iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), jobs.len()), (JOBS, JOBS), "each job once");
    // Every job overlaps another or is unconfirmed or unpaid here: each has its line, and one alone.
    let told: BTreeSet<&str> =
        attention.iter().map(|line| line.as_str().unwrap().split([' ', ':']).nth(2).unwrap()).collect();
    assert_eq!(told.len(), attention.len());
    assert!(JOBS / 2 < told.len() && told.is_subset(&ids), "{attention:?}");
    // By inspector, and in order of time with each.
    let places: Vec<(String, &str)> = jobs
        .iter()
        .map(|job| {
            let name = job["inspectors"].as_array().map(|all| domain::fold(all[0].as_str().unwrap()));
            (name.unwrap_or_else(|| "\u{10ffff}".to_owned()), job["time"].as_str().unwrap())
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[tokio::test]
async fn an_inspector_is_taken_by_the_id_that_answers_tell_with_and_without_a_mirror() {
    let edits = |company: &CompanyTruth| {
        let is_done = |row: &&InspectionRow| row.canceled_at.is_none() && row.deleted_at.is_none();
        let done = company.inspections.iter().filter(is_done).filter(|row| row.starts_at < now().as_second());
        let who: BTreeSet<u32> = done.filter_map(|row| row.buying_agent).collect();
        let agents: Vec<&sandbox::AgentRow> = who.iter().map(|at| &company.agents[*at as usize]).collect();
        let alike = |one: &&&sandbox::AgentRow| {
            agents.iter().any(|other| other.first_name == one.first_name && other.agent_id != one.agent_id)
        };
        let one = *agents.iter().find(alike).unwrap();
        let is_like =
            |other: &&&sandbox::AgentRow| other.first_name == one.first_name && other.agent_id != one.agent_id;
        let like = *agents.iter().find(is_like).unwrap();
        vec![
            Edit::NameInspector { company: 0, inspector: 1, like: 0 },
            Edit::RenameAgent { company: 0, connection_id: one.connection_id, last_name: "Quillfeather".to_owned() },
            Edit::RenameAgent { company: 0, connection_id: like.connection_id, last_name: "Quillfeather".to_owned() },
        ]
    };
    let mirrored = TestApp::build(|options| options.inspections = Some(1_500), &["spectora_company1"], true).await;
    let plain = TestApp::with(|options| options.inspections = Some(1_500), &["spectora_company1"]).await;
    for app in [&mirrored, &plain] {
        let edits = edits(&app.sandbox.truth().companies[0]);
        app.sandbox.edit(&edits);
    }
    mirrored.sync(Scope::Auto).await;
    let truth = mirrored.sandbox.truth();
    let company = &truth.companies[0];
    for inspector in &company.inspectors[..2] {
        let told = format!("{} (id {})", inspector.name, inspector.id);
        for (tool, more) in [
            ("list_inspections", json!({"period": "last_quarter", "limit": 100})),
            ("inspector_scorecard", json!({"period": "last_quarter"})),
            ("service_mix", json!({"period": "last_quarter"})),
            ("agent_analysis", json!({})),
            ("capacity_plan", json!({})),
            ("prep_briefing", json!({})),
            ("explain", json!({"metric": "volume", "period": "last_quarter"})),
            ("breakdown", json!({"period": "last_quarter", "by": ["zip"]})),
        ] {
            let by_id = mirrored.answer(tool, with(&more, &json!({"inspector": inspector.id.to_string()}))).await;
            let by_told = mirrored.answer(tool, with(&more, &json!({"inspector": told}))).await;
            // The cursor alone belongs to the words that were given.
            let (by_id, by_told) = (without_cursor(by_id), without_cursor(by_told));
            assert_eq!(by_id, by_told, "{tool}");
            if tool == "list_inspections" {
                let live = plain.answer(tool, with(&more, &json!({"inspector": told}))).await;
                assert_eq!(live["total"], by_id["total"]);
                assert_ne!(live["total"], json!(0));
            }
        }
    }
    // Two agents of one name are told apart wherever they stand, and taken by what tells them.
    let shared: Vec<&sandbox::AgentRow> =
        company.agents.iter().filter(|one| one.last_name.as_deref() == Some("Quillfeather")).collect();
    assert_eq!(shared.len(), 2);
    for agent in shared {
        let told = format!("{} Quillfeather (id {})", agent.first_name, agent.connection_id);
        let all = json!({"from": "2020-01-01", "to": "2026-11-24", "agent": told});
        let mix = mirrored.answer("service_mix", with(&all, &json!({"by": "agent"}))).await;
        assert_eq!(mix["companies"][0]["groups"][0]["group"], json!(told));
        let explained = mirrored.answer("explain", with(&all, &json!({"metric": "referrals", "limit": 1}))).await;
        assert_eq!(explained["items"][0]["buying_agent"], json!(told));
        let found = mirrored.answer("get_agent", json!({"agent": told})).await;
        assert_eq!(found["item"]["id"], json!(agent.connection_id.to_string()));
    }
}
