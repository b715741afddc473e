//! Whose a number is: what explains a number counts as the tool that shows it; who left Spectora keeps their past; a
//! name that fits two people is nobody's.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use spectora_mcp::mirror::Kind;
use spectora_mcp::sandbox::{CompanyTruth, Edit, InspectionRow};
use spectora_mcp::sync::Scope;

use crate::support::{TestApp, civil_of, money, now};

/// Both companies with few inspections, as generated but for these edits, on mirrors that were synced once.
async fn small(edits: impl FnOnce(&[CompanyTruth]) -> Vec<Edit>) -> TestApp {
    let app = TestApp::build(|options| options.inspections = Some(3_000), &[], true).await;
    let edits = edits(&app.sandbox.truth().companies);
    app.sandbox.edit(&edits);
    app.sync(Scope::Auto).await;
    app
}

fn kept(company: &CompanyTruth) -> impl Iterator<Item = &InspectionRow> {
    company.inspections.iter().filter(|row| row.deleted_at.is_none())
}

/// The rows of the third quarter of 2026, all of which is past.
fn quarter(company: &CompanyTruth) -> impl Iterator<Item = &InspectionRow> {
    let day = |row: &InspectionRow| civil_of(&company.zone, row.starts_at).date();
    let (from, to): (Date, Date) = ("2026-07-01".parse().unwrap(), "2026-09-30".parse().unwrap());
    kept(company).filter(move |row| from <= day(row) && day(row) <= to)
}

/// The service no longer has an agent, as a full pass finds it out.
async fn remove_agent(app: &TestApp, company: usize, id: u64) {
    let (_, keeper) = app.parts.keepers().nth(company).unwrap();
    let mirror = std::sync::Arc::clone(keeper.unwrap().unwrap().mirror());
    let count = mirror.write(move |parts| parts.mark_gone(Kind::Agents, &id.to_string(), now())).await.unwrap();
    assert_eq!(count.gone, 1);
}

async fn explained(app: &TestApp, company: &str, metric: &str, more: Value) -> u64 {
    let mut asked = json!({"company": company, "period": "last_quarter", "metric": metric, "limit": 1});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.answer("explain", asked).await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn explain_counts_what_the_tool_counts_for_each_person() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let asked = json!({"company": company.name, "period": "last_quarter", "detail": "full"});
    let card = app.answer("inspector_scorecard", asked).await;
    let (mut repeating, mut assisting) = (0, 0);
    for row in card["companies"][0]["inspectors"].as_array().unwrap() {
        let inspector = json!({"inspector": row["inspector"]});
        for (metric, number) in [
            ("booked", &row["booked"]),
            ("volume", &row["volume"]),
            ("attach", &row["attach"]["count"]),
            ("canceled", &row["cancellation"]["count"]),
            ("repeat_agents", &row["repeat_agents"]["count"]),
            ("weekend", &row["weekend"]["count"]),
            ("assists", &row["assists"]),
        ] {
            let explained = explained(&app, company.name, metric, inspector.clone()).await;
            assert_eq!(explained, number.as_u64().unwrap_or(0), "{metric} of {}", row["inspector"]);
        }
        // Repeats once more: of all that an agent sent, whoever inspected it.
        let index = company.inspectors.iter().position(|one| row["inspector"].as_str() == Some(one.name)).unwrap();
        let theirs = quarter(company).filter(|row| usize::from(row.primary) == index && row.canceled_at.is_none());
        let is_repeat = |row: &&InspectionRow| {
            let within = |other: &InspectionRow| (1..=365 * 86_400).contains(&(row.starts_at - other.starts_at));
            row.buying_agent.is_some()
                && kept(company).any(|other| other.buying_agent == row.buying_agent && within(other))
        };
        let repeats = theirs.filter(is_repeat).count() as u64;
        assert_eq!(row["repeat_agents"]["count"].as_u64().unwrap_or(0), repeats);
        repeating += repeats;
        assisting += row["assists"].as_u64().unwrap();
    }
    assert!(0 < repeating && 0 < assisting, "the test must see something");
    // The selling side: whom an inspection names there, not those who also buy.
    let sells: BTreeSet<u32> = quarter(company).filter_map(|row| row.selling_agent).collect();
    let mut differing = 0;
    for agent in sells.into_iter().take(8) {
        let id = company.agents[agent as usize].connection_id.to_string();
        let selling = quarter(company).filter(|row| row.selling_agent == Some(agent)).count() as u64;
        let buying = quarter(company).filter(|row| row.buying_agent == Some(agent)).count() as u64;
        let asked = json!({"company": company.name, "period": "last_quarter", "agent": id});
        let shown = app.answer("agent_analysis", asked.clone()).await;
        assert_eq!(shown["companies"][0]["agent"]["selling_side"].as_u64(), Some(selling));
        let mut listed = asked.clone();
        listed["agent_role"] = "selling".into();
        assert_eq!(app.answer("list_inspections", listed).await["total"].as_u64(), Some(selling));
        assert_eq!(explained(&app, company.name, "selling_side", json!({"agent": id})).await, selling);
        assert_eq!(explained(&app, company.name, "referrals", json!({"agent": id})).await, buying);
        differing += u64::from(selling != buying);
    }
    assert!(0 < differing, "the test must see a side that differs");
}

#[tokio::test]
async fn who_is_no_longer_in_spectora_keeps_their_past() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let by_agency = json!({"company": company.name, "by": "agency", "period": "last_year", "limit": 50});
    let tops = json!({"company": company.name, "from": "2025-01-01", "to": "2025-12-31"});
    let (before, top_before) =
        (app.answer("service_mix", by_agency.clone()).await, app.answer("agent_analysis", tops.clone()).await);
    let top = top_before["companies"][0]["agents"].as_array().unwrap().iter().find(|one| one["agency"].is_string());
    let (name, id) = (top.unwrap()["agent"].as_str().unwrap().to_owned(), top.unwrap()["id"].as_str().unwrap());
    remove_agent(&app, 0, id.parse().unwrap()).await;
    let after = app.answer("service_mix", by_agency.clone()).await;
    assert_eq!(after["companies"], before["companies"], "a past year stays what it was");
    let top_after = app.answer("agent_analysis", tops).await;
    let shown = top_after["companies"][0]["agents"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    assert_eq!((shown["agent"].as_str(), &shown["agency"]), (Some(name.as_str()), &top.unwrap()["agency"]));
    assert_eq!(shown["no_longer_in_spectora"], true);
    // By name, and by agency.
    for tool in ["agent_analysis", "list_inspections", "service_mix"] {
        let answer = app.answer(tool, json!({"company": company.name, "agent": name, "period": "last_year"})).await;
        let notes = answer["basis"]["notes"].to_string();
        assert!(notes.contains(&format!("(id {id}) is no longer in Spectora")), "{tool}: {notes}");
    }
    let index = u32::try_from(company.agents.iter().position(|one| one.connection_id.to_string() == id).unwrap());
    // The sandbox still has the record: what the service has is shown.
    let got = app.answer("get_agent", json!({"company": company.name, "agent": id})).await;
    assert_eq!(got["item"]["name"].as_str(), Some(name.as_str()));
    let is_theirs = |row: &&InspectionRow| row.buying_agent == index.ok();
    let listed = json!({"company": company.name, "agent": name, "agent_role": "buying"});
    let listed = app.answer("list_inspections", listed).await["total"].as_u64();
    assert_eq!(listed, Some(kept(company).filter(is_theirs).count() as u64));

    // Nobody is proposed to be called who is not there any more.
    let dormant = json!({"company": company.name, "mode": "dormant"});
    let was = app.answer("agent_analysis", dormant.clone()).await;
    let first = was["companies"][0]["agents"][0].clone();
    remove_agent(&app, 0, first["id"].as_str().unwrap().parse().unwrap()).await;
    let is = app.answer("agent_analysis", dormant).await;
    let part = &is["companies"][0];
    assert_eq!(part["found"].as_u64().unwrap() + 1, was["companies"][0]["found"].as_u64().unwrap());
    assert!(!part["agents"].as_array().unwrap().iter().any(|one| one["id"] == first["id"]), "{part}");
    let left_out = |answer: &Value| answer["companies"][0]["left_out_no_longer_in_spectora"].as_u64().unwrap_or(0);
    assert_eq!(left_out(&is), left_out(&was) + 1);
}

#[tokio::test]
async fn a_returning_agent_has_a_past_in_the_briefing() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let ahead = |row: &&InspectionRow| now().as_second() < row.starts_at && row.canceled_at.is_none();
    let past = |agent: u32| {
        let with = |row: &&InspectionRow| row.buying_agent == Some(agent) && row.canceled_at.is_none();
        kept(company).filter(with).filter(|row| row.starts_at < now().as_second()).count()
    };
    let job = kept(company).filter(ahead).find(|row| row.buying_agent.is_some_and(|agent| 3 < past(agent))).unwrap();
    let agent = &company.agents[job.buying_agent.unwrap() as usize];
    remove_agent(&app, 0, agent.connection_id).await;
    let day = civil_of(&company.zone, job.starts_at).date().to_string();
    let answer = app.answer("prep_briefing", json!({"company": company.name, "day": day})).await;
    let jobs = answer["companies"][0]["jobs"].as_array().unwrap();
    let shown = jobs.iter().find(|one| one["id"].as_str() == Some(&job.id.to_string())).unwrap();
    assert!(!shown["agent_background"].as_str().unwrap().starts_with("0 jobs"), "{shown}");
    let attention = answer["companies"][0]["attention"].as_array().unwrap();
    let line = attention.iter().find(|line| line.as_str().unwrap().contains(&job.id.to_string()));
    assert!(line.is_none_or(|line| !line.as_str().unwrap().contains("first-time")), "{line:?}");
}

/// Two agents of one first name in the first company and one in the second, none of them the same person.
fn namesakes(companies: &[CompanyTruth]) -> [u64; 3] {
    for one in &companies[0].agents {
        let alike = |other: &&spectora_mcp::sandbox::AgentRow| {
            other.first_name == one.first_name && other.agent_id != one.agent_id
        };
        let here = companies[0].agents.iter().find(alike);
        let there = companies[1].agents.iter().filter(alike);
        let mut there = there.filter(|other| here.is_some_and(|here| here.agent_id != other.agent_id));
        if let (Some(here), Some(there)) = (here, there.next()) {
            return [one.connection_id, here.connection_id, there.connection_id];
        }
    }
    panic!("no namesakes to plant");
}

fn rename(company: usize, connection_id: u64, last_name: &str) -> Edit {
    Edit::RenameAgent { company, connection_id, last_name: last_name.to_owned() }
}

fn first_name(companies: &[CompanyTruth], id: u64) -> String {
    companies[0].agents.iter().find(|one| one.connection_id == id).unwrap().first_name.clone()
}

#[tokio::test]
async fn a_name_that_fits_two_people_is_nobodys_in_several_companies_too() {
    let app = small(|companies| {
        let [one, two, three] = namesakes(companies);
        vec![rename(0, one, "Quillfeather"), rename(0, two, "Quillfeather"), rename(1, three, "Quillfeather")]
    })
    .await;
    let truth = app.sandbox.truth();
    let [one, two, three] = namesakes(&truth.companies);
    let name = format!("{} Quillfeather", first_name(&truth.companies, one));
    for (tool, asked) in [
        ("get_agent", json!({"agent": name})),
        ("agent_stats", json!({"agent": name})),
        ("agent_analysis", json!({"agent": name})),
        ("list_inspections", json!({"agent": name})),
        ("service_mix", json!({"agent": name})),
        ("explain", json!({"agent": name, "metric": "referrals"})),
    ] {
        let failure = app.failure(tool, asked.clone()).await;
        for id in [one, two, three] {
            assert!(failure.contains(&format!("(id {id})")), "{tool}: {failure}");
        }
        // In the company with one of that name alone, it is that one.
        let mut there = asked;
        there["company"] = truth.companies[1].name.into();
        app.answer(tool, there).await;
    }
}

#[tokio::test]
async fn two_people_of_one_name_in_two_companies_are_two() {
    let app = small(|companies| {
        let [one, _, three] = namesakes(companies);
        vec![rename(0, one, "Quillfeather"), rename(1, three, "Quillfeather")]
    })
    .await;
    let truth = app.sandbox.truth();
    let [one, _, three] = namesakes(&truth.companies);
    let name = format!("{} Quillfeather", first_name(&truth.companies, one));
    for tool in ["get_agent", "agent_analysis", "list_inspections"] {
        let failure = app.failure(tool, json!({"agent": name})).await;
        for (id, company) in [(one, &truth.companies[0]), (three, &truth.companies[1])] {
            let said = format!("(id {id}) in {}", company.name);
            assert!(failure.contains(&said), "{tool}: {failure}");
        }
    }
    // One person of both companies, by the person's id, is one.
    let joined = truth.companies[0].agents.iter().find_map(|here| {
        let there = truth.companies[1].agents.iter().find(|there| there.agent_id == here.agent_id)?;
        let is_alone =
            |company: &CompanyTruth| 1 == company.agents.iter().filter(|one| one.name() == here.name()).count();
        (here.name() == there.name() && truth.companies.iter().all(is_alone)).then_some((here, there))
    });
    let (here, there) = joined.unwrap();
    let answer = app.answer("list_inspections", json!({"agent": here.name(), "limit": 1})).await;
    let of = |company: &CompanyTruth, id: u64| {
        let index = company.agents.iter().position(|one| one.connection_id == id).unwrap();
        let index = u32::try_from(index).unwrap();
        kept(company).filter(|row| [row.buying_agent, row.selling_agent].contains(&Some(index))).count() as u64
    };
    let both = of(&truth.companies[0], here.connection_id) + of(&truth.companies[1], there.connection_id);
    assert_eq!(answer["total"].as_u64(), Some(both));
}

#[tokio::test]
async fn a_near_name_is_taken_with_a_note_and_never_beside_the_name_itself() {
    let app = small(|companies| {
        let [one, _, three] = namesakes(companies);
        vec![rename(0, one, "Quillfeather"), rename(1, three, "Quillfeathers")]
    })
    .await;
    let truth = app.sandbox.truth();
    let [one, _, three] = namesakes(&truth.companies);
    let first = first_name(&truth.companies, one);
    // A slip, in one company.
    let slip = format!("{first} Quilfeather");
    for tool in ["list_inspections", "get_agent", "agent_analysis", "service_mix"] {
        let asked = json!({"agent": slip, "company": truth.companies[0].name});
        let answer = app.answer(tool, asked).await;
        let notes = answer["basis"]["notes"].to_string();
        let taken = format!("`{slip}` was taken for {first} Quillfeather");
        assert!(notes.contains(&taken) && notes.contains(&format!("(id {one})")), "{tool}: {notes}");
    }
    // The name itself in one company, a near one in the other: only the first counts.
    let index = truth.companies[0].agents.iter().position(|agent| agent.connection_id == one).unwrap();
    let index = u32::try_from(index).unwrap();
    let theirs = kept(&truth.companies[0]).filter(|row| [row.buying_agent, row.selling_agent].contains(&Some(index)));
    let answer = app.answer("list_inspections", json!({"agent": format!("{first} Quillfeather")})).await;
    assert_eq!(answer["total"].as_u64(), Some(theirs.count() as u64));
    let notes = answer["basis"]["notes"].to_string();
    assert!(notes.contains(&format!("(id {three}), is not counted")), "{notes}");
}

#[tokio::test]
async fn companies_of_a_person_are_counted_not_connections() {
    // Two connections of one company, of a person whom the other company does not know: the two who refer most.
    let app = small(|companies| {
        let company = &companies[0];
        let is_local = |agent: &&spectora_mcp::sandbox::AgentRow| {
            companies[1].agents.iter().all(|other| other.agent_id != agent.agent_id)
        };
        let referrals = |id: u64| {
            let of = |row: &&InspectionRow| {
                row.buying_agent.is_some_and(|agent| company.agents[agent as usize].connection_id == id)
            };
            kept(company).filter(of).count()
        };
        let mut local: Vec<u64> = company.agents.iter().filter(is_local).map(|agent| agent.connection_id).collect();
        local.sort_by_key(|id| std::cmp::Reverse(referrals(*id)));
        assert!(0 < referrals(local[1]));
        vec![Edit::SamePerson { company: 0, connection_id: local[1], like: local[0] }]
    })
    .await;
    let truth = app.sandbox.truth();
    let asked = json!({"from": "2020-01-01", "to": "2026-10-31", "limit": 1, "compare": "none"});
    let answer = app.answer("agent_analysis", asked).await;
    let active = |company: &CompanyTruth| -> BTreeSet<u64> {
        let from = |row: &&InspectionRow| row.starts_at < now().as_second();
        let agents = kept(company).filter(from).flat_map(|row| [row.buying_agent, row.selling_agent]).flatten();
        agents.map(|agent| company.agents[agent as usize].agent_id).collect()
    };
    let several = active(&truth.companies[0]).intersection(&active(&truth.companies[1])).count();
    assert_ne!(several, 0);
    assert_eq!(answer["combined"]["found_in_several_companies"].as_u64(), Some(several as u64));
}

#[tokio::test]
async fn ids_are_ids_and_nobody_is_nobody() {
    let app = small(|companies| {
        // The second inspector has the first one's name.
        assert!(2 < companies[0].inspectors.len());
        vec![Edit::NameInspector { company: 0, inspector: 1, like: 0 }]
    })
    .await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    for tool in ["agent_analysis", "service_mix", "list_inspections", "get_agent"] {
        let failure = app.failure(tool, json!({"agent": "777"})).await;
        assert!(failure.contains("no agent has the id 777") || failure.contains("no agent 777"), "{tool}: {failure}");
    }
    for tool in ["inspector_scorecard", "prep_briefing", "service_mix", "capacity_plan"] {
        let failure = app.failure(tool, json!({"inspector": "777"})).await;
        assert!(failure.contains("no inspector has the id 777"), "{tool}: {failure}");
    }
    let (first, second) = (&company.inspectors[0], &company.inspectors[1]);
    assert_eq!(first.name, second.name);
    // A briefing by id has that one's jobs.
    let day: Date = "2026-11-23".parse().unwrap();
    let on = |row: &&InspectionRow| civil_of(&company.zone, row.starts_at).date() == day && row.canceled_at.is_none();
    let asked = json!({"company": company.name, "day": "2026-11-23", "inspector": first.id.to_string()});
    let answer = app.answer("prep_briefing", asked).await;
    let jobs = kept(company).filter(on).filter(|row| row.inspectors().any(|one| one == 0)).count();
    assert_eq!(answer["companies"][0]["jobs_booked"].as_u64(), Some(jobs as u64));
    assert_ne!(jobs, 0);
    // Two of one name are told apart by the service's id wherever they stand.
    let card = json!({"company": company.name, "period": "last_quarter"});
    let mut mix = card.clone();
    mix["by"] = "inspector".into();
    let briefing = json!({"company": company.name, "day": "2026-11-23"});
    let list = json!({"company": company.name, "period": "last_quarter", "limit": 100});
    for (tool, asked) in [
        ("inspector_scorecard", card.clone()),
        ("service_mix", mix),
        ("capacity_plan", json!({"company": company.name})),
        ("prep_briefing", briefing),
        ("list_inspections", list),
    ] {
        let shown = app.answer(tool, asked).await.to_string();
        for one in [first, second] {
            assert!(shown.contains(&format!("{} (id {})", one.name, one.id)), "{tool}: {} {shown}", one.id);
        }
        let other = company.inspectors[2].name;
        assert!(!shown.contains(&format!("{other} (id")), "{tool}: the others need no id");
    }
    // By name neither is guessed; the ids that are offered work.
    let mut asked = card;
    asked["inspector"] = first.name.into();
    let failure = app.failure("inspector_scorecard", asked.clone()).await;
    for one in [first, second] {
        assert!(failure.contains(&format!("(id {})", one.id)), "{failure}");
        asked["inspector"] = one.id.to_string().into();
        let answer = app.answer("inspector_scorecard", asked.clone()).await;
        assert_eq!(answer["companies"][0]["inspectors"][0]["id"], one.id.to_string());
    }
    // Who is asked for by name has a row, on a day without any job too.
    let asked = json!({"company": company.name, "from": "2019-12-25", "to": "2019-12-25",
                       "inspector": company.inspectors[2].name});
    let answer = app.answer("inspector_scorecard", asked).await;
    let rows = answer["companies"][0]["inspectors"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["volume"].as_u64()), (1, Some(0)), "{rows:?}");
}

#[tokio::test]
async fn the_last_jobs_of_a_profile_are_of_what_is_asked_about() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let past = |agent: u32| {
        let with = move |row: &&InspectionRow| row.buying_agent == Some(agent);
        kept(company).filter(with).filter(|row| row.starts_at < now().as_second())
    };
    let agent = (0..u32::try_from(company.agents.len()).unwrap()).max_by_key(|agent| past(*agent).count()).unwrap();
    let latest = past(agent).max_by_key(|row| (row.starts_at, row.id)).unwrap();
    // A ZIP code that the agent's last job is not in.
    let zip = past(agent).filter_map(|row| company.zip(row)).find(|zip| company.zip(latest) != Some(zip)).unwrap();
    let id = company.agents[agent as usize].connection_id.to_string();
    let answer = app.answer("agent_analysis", json!({"company": company.name, "agent": id, "zip": zip})).await;
    let mut expected: Vec<&InspectionRow> = past(agent).filter(|row| company.zip(row) == Some(zip)).collect();
    expected.sort_by_key(|row| std::cmp::Reverse((row.starts_at, row.id)));
    let ids: Vec<&str> = answer["companies"][0]["last_inspections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, expected.iter().take(3).map(|row| row.id.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_company_has_its_own_days() {
    let configure = |config: &mut spectora_mcp::config::Config| {
        config.companies[0].timezone = TimeZone::get("America/Denver").unwrap();
        config.companies[1].timezone = TimeZone::get("Pacific/Auckland").unwrap();
    };
    let app = TestApp::configured(|options| options.inspections = Some(1_500), &[], true, configure).await;
    app.sync(Scope::Auto).await;
    // It is Tuesday evening in Denver and Wednesday afternoon in Auckland.
    for (tool, asked, days) in [
        ("prep_briefing", json!({}), [("2026-11-25", "2026-11-25"), ("2026-11-26", "2026-11-26")]),
        (
            "inspector_scorecard",
            json!({"period": "last_7_days"}),
            [("2026-11-17", "2026-11-23"), ("2026-11-18", "2026-11-24")],
        ),
        (
            "list_inspections",
            json!({"period": "yesterday"}),
            [("2026-11-23", "2026-11-23"), ("2026-11-24", "2026-11-24")],
        ),
        ("service_mix", json!({"period": "yesterday"}), [("2026-11-23", "2026-11-23"), ("2026-11-24", "2026-11-24")]),
        ("agent_analysis", json!({}), [("2025-11-24", "2026-11-23"), ("2025-11-25", "2026-11-24")]),
        ("data_quality", json!({}), [("2025-11-24", "2026-11-23"), ("2025-11-25", "2026-11-24")]),
        (
            "explain",
            json!({"metric": "volume", "period": "last_7_days"}),
            [("2026-11-17", "2026-11-23"), ("2026-11-18", "2026-11-24")],
        ),
    ] {
        let answer = app.answer(tool, asked).await;
        let shown = answer["basis"]["period"]["companies"].as_array();
        let shown = shown.unwrap_or_else(|| panic!("{tool}: {}", answer["basis"]));
        for (one, (company, zone, (from, to))) in shown.iter().zip([
            ("spectora_company1", "America/Denver", days[0]),
            ("spectora_residential", "Pacific/Auckland", days[1]),
        ]) {
            let expected = json!({"company": company, "from": from, "to": to, "timezone": zone});
            assert_eq!(*one, expected, "{tool}");
        }
    }
    // Where all mean the same days, they are said once.
    let answer = app.answer("service_mix", json!({"from": "2026-03-01", "to": "2026-03-31"})).await;
    assert_eq!(answer["basis"]["period"]["from"], "2026-03-01");
    assert_eq!(answer["basis"]["compared"], json!({"from": "2026-02-01", "to": "2026-02-28"}));
    let answer = app.answer("inspector_scorecard", json!({"period": "last_7_days"})).await;
    let compared = &answer["basis"]["compared"]["companies"];
    assert_eq!(compared[1], json!({"company": "spectora_residential", "from": "2026-11-11", "to": "2026-11-17"}));
}

#[tokio::test]
async fn a_running_month_is_compared_with_the_same_days() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let asked = json!({"company": company.name, "period": "this_month"});
    let answer = app.answer("inspector_scorecard", asked.clone()).await;
    // It is the 24th in Denver.
    assert_eq!(answer["basis"]["compared"], json!({"from": "2026-10-01", "to": "2026-10-24"}));
    let (from, to): (Date, Date) = ("2026-10-01".parse().unwrap(), "2026-10-24".parse().unwrap());
    let day = |row: &InspectionRow| civil_of(&company.zone, row.starts_at).date();
    let before = kept(company).filter(|row| from <= day(row) && day(row) <= to && row.canceled_at.is_none());
    let whole = &answer["companies"][0]["whole_company"];
    assert_eq!(whole["volume_before"].as_u64(), Some(before.count() as u64));
    // What lies ahead in the month is in no count: not in the booked ones, nor in rates, nor among referrals.
    let month: Date = "2026-11-01".parse().unwrap();
    let begun =
        |row: &&InspectionRow| month <= day(row) && row.starts_at < now().as_second() && row.deleted_at.is_none();
    let ahead = kept(company).filter(|row| now().as_second() <= row.starts_at && day(row).month() == 11).count();
    assert_ne!(ahead, 0, "the test must see something ahead");
    let booked = kept(company).filter(begun).count() as u64;
    assert_eq!(whole["cancellation"]["of"].as_u64(), Some(booked));
    let mut explained = asked;
    explained["metric"] = "booked".into();
    assert_eq!(app.answer("explain", explained).await["total"].as_u64(), Some(booked));
}

#[tokio::test]
async fn every_inspector_is_reached_and_sums_tell_the_rest() {
    let app = small(|_| Vec::new()).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let range = json!({"company": company.name, "from": "2024-01-01", "to": "2026-10-31", "compare": "none"});
    let all = app.answer("inspector_scorecard", range.clone()).await;
    let ids = |answer: &Value| -> Vec<String> {
        let rows = answer["companies"][0]["inspectors"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let everybody: BTreeSet<String> = company.inspectors.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), everybody);
    assert!(all["companies"][0].get("not_shown").is_none() && all.get("next_cursor").is_none());
    for (tool, table) in
        [("inspector_scorecard", "inspectors"), ("service_mix", "groups"), ("agent_analysis", "agents")]
    {
        let mut whole = range.clone();
        whole["limit"] = 100.into();
        let whole = app.answer(tool, whole).await;
        let mut asked = range.clone();
        asked["limit"] = 7.into();
        let mut rows = Vec::new();
        let wanted = whole["companies"][0][table].as_array().unwrap().len();
        while rows.len() < wanted {
            let page = app.answer(tool, asked.clone()).await;
            let part = &page["companies"][0];
            rows.extend(part[table].as_array().unwrap().iter().cloned());
            if tool == "inspector_scorecard" {
                let shown: u64 = rows.iter().map(|row: &Value| row["volume"].as_u64().unwrap()).sum();
                let rest = part["volume_not_shown"].as_u64().unwrap_or(0);
                assert_eq!(part["whole_company"]["volume"].as_u64(), Some(shown + rest));
            }
            match page.get("next_cursor") {
                Some(cursor) => asked["cursor"] = cursor.clone(),
                None => break,
            }
        }
        assert_eq!(rows[..wanted], whole["companies"][0][table].as_array().unwrap()[..], "{tool}");
        // A cursor belongs to its question.
        let mut other = asked;
        other["from"] = "2025-01-01".into();
        assert!(app.failure(tool, other).await.contains("cursor"), "{tool}");
    }
}

#[tokio::test]
async fn no_total_is_given_while_a_company_is_missing() {
    let configure = |config: &mut spectora_mcp::config::Config| {
        let second = config.companies[1].clone();
        config.companies.push(spectora_mcp::config::Company {
            name: "spectora_third".parse().unwrap(),
            api_key: "not-the-key".to_owned().into(),
            ..second
        });
    };
    let app = TestApp::configured(|options| options.inspections = Some(600), &[], true, configure).await;
    for (_, keeper) in app.parts.keepers().take(2) {
        keeper.unwrap().unwrap().sync(Scope::Auto, &spectora_mcp::sync::Silent).await.unwrap();
    }
    for (tool, asked) in [
        ("list_inspections", json!({"period": "last_month"})),
        ("list_agents", json!({})),
        ("agent_stats", json!({})),
        ("list_clients", json!({"text": "e"})),
        ("explain", json!({"metric": "volume"})),
        ("inspector_scorecard", json!({})),
        ("service_mix", json!({})),
        ("agent_analysis", json!({})),
        ("capacity_plan", json!({})),
    ] {
        let answer = app.answer(tool, asked).await;
        let missing = answer["basis"]["missing"].to_string();
        assert!(missing.contains("all of spectora_third"), "{tool}: {missing}");
        assert!(answer.get("total").is_none() && answer.get("combined").is_none(), "{tool}");
    }
    // One agent is shown, and that another company could not be asked is said: by id it hardly matters, by name it does.
    let agent = &app.sandbox.truth().companies[0].agents[5];
    let by_id = app.answer("get_agent", json!({"agent": agent.connection_id.to_string()})).await;
    assert_eq!(by_id["item"]["company"], "spectora_company1");
    assert!(by_id["basis"]["notes"].to_string().contains("spectora_third could not be asked"), "{}", by_id["basis"]);
    let by_name = app.answer("list_inspections", json!({"agent": agent.name()})).await;
    assert!(
        by_name["basis"]["missing"].to_string().contains("all of spectora_third") && by_name.get("total").is_none()
    );
    // Without the one that is refused everything is certain again.
    let asked = json!({"company": ["spectora_company1", "spectora_residential"]});
    assert!(app.answer("list_agents", asked.clone()).await["total"].is_u64());
    let card = app.answer("inspector_scorecard", asked).await;
    let volumes = card["companies"].as_array().unwrap().iter().map(|part| part["whole_company"]["volume"].as_u64());
    assert_eq!(card["combined"]["volume"].as_u64(), volumes.sum::<Option<u64>>());
    assert_ne!(card["combined"]["quoted_revenue"].as_str(), Some(money(0).as_str()));
}
