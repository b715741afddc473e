//! Whose a number is: what explains a number counts as the tool that shows it; who left Spectora keeps their past; a
//! name that fits two people is nobody's.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mirror::Kind;
use sandbox::{CompanyTruth, Edit, InspectionRow};
use serde_json::{Value, json};
use sync::Scope;

use crate::support::{TestApp, civil_of, money, now};

/// Both companies with few inspections, as generated but for these edits, on mirrors that were synced once.
async fn small(edits: impl FnOnce(&[CompanyTruth]) -> Vec<Edit>) -> TestApp {
    let app = TestApp::build(|options| options.inspections = Some(1_500), &[], true).await;
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
    let (_, syncer) = app.parts.mirrors().nth(company).unwrap();
    let mirror = std::sync::Arc::clone(syncer.unwrap().unwrap().mirror());
    let count = mirror.write(move |tx| tx.mark_gone(Kind::Agents, &id.to_string(), now())).await.unwrap();
    assert_eq!(count.gone, 1);
}

async fn explained(app: &TestApp, company: &str, metric: &str, more: Value) -> u64 {
    let mut asked = json!({"company": company, "period": "last_quarter", "metric": metric, "limit": 1});
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.answer("explain", asked).await["total"].as_u64().unwrap()
}

#[tokio::test]
async fn numbers_are_of_whom_they_say() {
    let app = small(|_| Vec::new()).await;
    explain_counts_what_the_tool_counts_for_each_person(&app).await;
    the_last_jobs_of_a_profile_are_of_what_is_asked_about(&app).await;
    a_running_month_is_compared_with_the_same_days(&app).await;
    every_inspector_is_reached_and_sums_tell_the_rest(&app).await;
    // These take agents away.
    who_is_no_longer_in_spectora_keeps_their_past(&app).await;
    a_returning_agent_has_a_past_in_the_briefing(&app).await;
}

async fn explain_counts_what_the_tool_counts_for_each_person(app: &TestApp) {
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
            let explained = explained(app, company.name, metric, inspector.clone()).await;
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
        assert_eq!(explained(app, company.name, "selling_side", json!({"agent": id})).await, selling);
        assert_eq!(explained(app, company.name, "referrals", json!({"agent": id})).await, buying);
        differing += u64::from(selling != buying);
    }
    assert!(0 < differing, "the test must see a side that differs");
}

async fn who_is_no_longer_in_spectora_keeps_their_past(app: &TestApp) {
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let by_agency = json!({"company": company.name, "by": "agency", "period": "last_year", "limit": 50});
    let tops = json!({"company": company.name, "from": "2025-01-01", "to": "2025-12-31"});
    let (before, top_before) =
        (app.answer("service_mix", by_agency.clone()).await, app.answer("agent_analysis", tops.clone()).await);
    let top = top_before["companies"][0]["agents"].as_array().unwrap().iter().find(|one| one["agency"].is_string());
    let (name, id) = (top.unwrap()["agent"].as_str().unwrap().to_owned(), top.unwrap()["id"].as_str().unwrap());
    remove_agent(app, 0, id.parse().unwrap()).await;
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
    remove_agent(app, 0, first["id"].as_str().unwrap().parse().unwrap()).await;
    let is = app.answer("agent_analysis", dormant).await;
    let part = &is["companies"][0];
    assert_eq!(part["found"].as_u64().unwrap() + 1, was["companies"][0]["found"].as_u64().unwrap());
    assert!(!part["agents"].as_array().unwrap().iter().any(|one| one["id"] == first["id"]), "{part}");
    let left_out = |answer: &Value| answer["companies"][0]["left_out_no_longer_in_spectora"].as_u64().unwrap_or(0);
    assert_eq!(left_out(&is), left_out(&was) + 1);
}

async fn a_returning_agent_has_a_past_in_the_briefing(app: &TestApp) {
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let ahead = |row: &&InspectionRow| now().as_second() < row.starts_at && row.canceled_at.is_none();
    let past = |agent: u32| {
        let with = |row: &&InspectionRow| row.buying_agent == Some(agent) && row.canceled_at.is_none();
        kept(company).filter(with).filter(|row| row.starts_at < now().as_second()).count()
    };
    let job = kept(company).filter(ahead).find(|row| row.buying_agent.is_some_and(|agent| 3 < past(agent))).unwrap();
    let agent = &company.agents[job.buying_agent.unwrap() as usize];
    remove_agent(app, 0, agent.connection_id).await;
    let day = civil_of(&company.zone, job.starts_at).date().to_string();
    let answer = app.answer("prep_briefing", json!({"company": company.name, "day": day})).await;
    let jobs = answer["companies"][0]["jobs"].as_array().unwrap();
    let shown = jobs.iter().find(|one| one["id"].as_str() == Some(&job.id.to_string())).unwrap();
    assert!(!shown["agent_background"].as_str().unwrap().starts_with("0 jobs"), "{shown}");
    let attention = answer["companies"][0]["attention"].as_array().unwrap();
    let line = attention.iter().find(|line| line.as_str().unwrap().contains(&job.id.to_string()));
    assert!(line.is_none_or(|line| !line.as_str().unwrap().contains("first-time")), "{line:?}");
}

/// The family names that are planted.
const PLANTED: [&str; 3] = ["Quillfeather", "Larkenbury", "Thistlewood"];

/// For each of [`PLANTED`] two agents of one first name in the first company and one in the second, none of them the
/// same person.
fn namesakes(companies: &[CompanyTruth]) -> Vec<[u64; 3]> {
    let mut used: BTreeSet<u64> = BTreeSet::new();
    let mut found = Vec::new();
    for one in &companies[0].agents {
        let fits = |other: &&sandbox::AgentRow, used: &BTreeSet<u64>| {
            other.first_name == one.first_name && other.agent_id != one.agent_id && !used.contains(&other.agent_id)
        };
        let here = companies[0].agents.iter().find(|other| fits(other, &used));
        let Some(here) = here.filter(|_| !used.contains(&one.agent_id)) else { continue };
        let there = companies[1].agents.iter().filter(|other| fits(other, &used));
        let Some(there) = there.into_iter().find(|other| other.agent_id != here.agent_id) else { continue };
        used.extend([one.agent_id, here.agent_id, there.agent_id]);
        found.push([one.connection_id, here.connection_id, there.connection_id]);
        if found.len() == PLANTED.len() {
            return found;
        }
    }
    panic!("no namesakes to plant");
}

/// Two connections of the first company, of people whom the second does not know: the two who refer most.
fn two_connections(companies: &[CompanyTruth], used: &[[u64; 3]]) -> [u64; 2] {
    let company = &companies[0];
    let is_local = |agent: &&sandbox::AgentRow| {
        let is_used = used.iter().flatten().any(|id| *id == agent.connection_id);
        !is_used && companies[1].agents.iter().all(|other| other.agent_id != agent.agent_id)
    };
    let referrals = |id: u64| {
        let buyer = |row: &InspectionRow| Some(company.agents[row.buying_agent? as usize].connection_id);
        kept(company).filter(|row| buyer(row) == Some(id)).count()
    };
    let mut local: Vec<u64> = company.agents.iter().filter(is_local).map(|agent| agent.connection_id).collect();
    local.sort_by_key(|id| std::cmp::Reverse(referrals(*id)));
    assert!(0 < referrals(local[1]));
    [local[0], local[1]]
}

/// The connections that were given a planted name.
fn truth_of(app: &TestApp, last_name: &str) -> [u64; 3] {
    let at = PLANTED.iter().position(|name| *name == last_name).unwrap();
    namesakes(&app.sandbox.truth().companies)[at]
}

#[tokio::test]
async fn names_and_ids_are_whose_they_are() {
    let app = small(|companies| {
        let [both, apart, near] = namesakes(companies).try_into().unwrap();
        let [first, second] = two_connections(companies, &[both, apart, near]);
        vec![
            // Two in one company and one in the other; one in each; one in each, nearly the same.
            rename(0, both[0], PLANTED[0]),
            rename(0, both[1], PLANTED[0]),
            rename(1, both[2], PLANTED[0]),
            rename(0, apart[0], PLANTED[1]),
            rename(1, apart[2], PLANTED[1]),
            rename(0, near[0], PLANTED[2]),
            rename(1, near[2], "Thistlewoods"),
            Edit::SamePerson { company: 0, connection_id: second, like: first },
            // The second inspector has the first one's name.
            Edit::NameInspector { company: 0, inspector: 1, like: 0 },
        ]
    })
    .await;
    a_name_that_fits_two_people_is_nobodys_in_several_companies_too(&app).await;
    two_people_of_one_name_in_two_companies_are_two(&app).await;
    a_near_name_is_taken_with_a_note_and_never_beside_the_name_itself(&app).await;
    companies_of_a_person_are_counted_not_connections(&app).await;
    ids_are_ids_and_nobody_is_nobody(&app).await;
}

fn rename(company: usize, connection_id: u64, last_name: &str) -> Edit {
    Edit::RenameAgent { company, connection_id, last_name: last_name.to_owned() }
}

fn first_name(companies: &[CompanyTruth], id: u64) -> String {
    companies[0].agents.iter().find(|one| one.connection_id == id).unwrap().first_name.clone()
}

async fn a_name_that_fits_two_people_is_nobodys_in_several_companies_too(app: &TestApp) {
    let truth = app.sandbox.truth();
    let [one, two, three] = truth_of(app, "Quillfeather");
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

async fn two_people_of_one_name_in_two_companies_are_two(app: &TestApp) {
    let truth = app.sandbox.truth();
    let [one, _, three] = truth_of(app, "Larkenbury");
    let name = format!("{} Larkenbury", first_name(&truth.companies, one));
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

async fn a_near_name_is_taken_with_a_note_and_never_beside_the_name_itself(app: &TestApp) {
    let truth = app.sandbox.truth();
    let [one, _, three] = truth_of(app, "Thistlewood");
    let first = first_name(&truth.companies, one);
    // A slip, in one company.
    let slip = format!("{first} Thistlwood");
    for tool in ["list_inspections", "get_agent", "agent_analysis", "service_mix"] {
        let asked = json!({"agent": slip, "company": truth.companies[0].name});
        let answer = app.answer(tool, asked).await;
        let notes = answer["basis"]["notes"].to_string();
        let taken = format!("`{slip}` was taken for {first} Thistlewood");
        assert!(notes.contains(&taken) && notes.contains(&format!("(id {one})")), "{tool}: {notes}");
    }
    // The name itself in one company, a near one in the other: only the first counts.
    let index = truth.companies[0].agents.iter().position(|agent| agent.connection_id == one).unwrap();
    let index = u32::try_from(index).unwrap();
    let theirs = kept(&truth.companies[0]).filter(|row| [row.buying_agent, row.selling_agent].contains(&Some(index)));
    let answer = app.answer("list_inspections", json!({"agent": format!("{first} Thistlewood")})).await;
    assert_eq!(answer["total"].as_u64(), Some(theirs.count() as u64));
    let notes = answer["basis"]["notes"].to_string();
    assert!(notes.contains(&format!("(id {three}), is not counted")), "{notes}");
}

async fn companies_of_a_person_are_counted_not_connections(app: &TestApp) {
    let truth = app.sandbox.truth();
    let asked = json!({"from": "2020-01-01", "to": "2026-10-31", "limit": 1, "compare": "none"});
    let answer = app.answer("agent_analysis", asked).await;
    // Buyers of any time, sellers of the period.
    let last: Date = "2026-10-31".parse().unwrap();
    let active = |company: &CompanyTruth| -> BTreeSet<u64> {
        let seller =
            |row: &InspectionRow| row.selling_agent.filter(|_| civil_of(&company.zone, row.starts_at).date() <= last);
        let agents = kept(company).flat_map(|row| [row.buying_agent, seller(row)]).flatten();
        agents.map(|agent| company.agents[agent as usize].agent_id).collect()
    };
    let several = active(&truth.companies[0]).intersection(&active(&truth.companies[1])).count();
    assert_ne!(several, 0);
    assert_eq!(answer["combined"]["found_in_several_companies"].as_u64(), Some(several as u64));
}

async fn ids_are_ids_and_nobody_is_nobody(app: &TestApp) {
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
    let is_past = |row: &&InspectionRow| row.starts_at < now().as_second() && row.canceled_at.is_none();
    let last = kept(company).filter(is_past).filter(|row| row.primary == 0).max_by_key(|row| row.starts_at).unwrap();
    let day = civil_of(&company.zone, last.starts_at).date();
    let on = |row: &&InspectionRow| civil_of(&company.zone, row.starts_at).date() == day && row.canceled_at.is_none();
    let asked = json!({"company": company.name, "day": day.to_string(), "inspector": first.id.to_string()});
    let answer = app.answer("prep_briefing", asked).await;
    let jobs = kept(company).filter(on).filter(|row| row.inspectors().any(|one| one == 0)).count();
    assert_eq!(answer["companies"][0]["jobs_booked"].as_u64(), Some(jobs as u64));
    assert_ne!(jobs, 0);
    // Two of one name are told apart by the service's id wherever they stand.
    let card = json!({"company": company.name, "period": "last_quarter"});
    let mut mix = card.clone();
    mix["by"] = "inspector".into();
    // Seven days on which both work.
    let days = |inspector: u8| -> BTreeSet<Date> {
        let theirs = kept(company).filter(is_past).filter(|row| row.primary == inspector);
        theirs.map(|row| civil_of(&company.zone, row.starts_at).date()).collect()
    };
    let is_week = |from: &Date| days(1).range(*from..=*from + 6.days()).next().is_some();
    let from = days(0).into_iter().find(is_week).unwrap();
    let briefing = json!({"company": company.name, "day": from.to_string(), "to": (from + 6.days()).to_string()});
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
    let briefing = app.answer("prep_briefing", json!({"company": company.name, "day": "2019-12-25"})).await;
    for hours in
        [&rows[0]["hours"], &answer["companies"][0]["whole_company"]["hours"], &briefing["companies"][0]["hours"]]
    {
        assert_eq!(hours.to_string(), "0", "no hours are no negative hours");
    }
}

async fn the_last_jobs_of_a_profile_are_of_what_is_asked_about(app: &TestApp) {
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

async fn a_running_month_is_compared_with_the_same_days(app: &TestApp) {
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

async fn every_inspector_is_reached_and_sums_tell_the_rest(app: &TestApp) {
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
    for (_, syncer) in app.parts.mirrors().take(2) {
        syncer.unwrap().unwrap().sync(Scope::Auto, &sync::Silent).await.unwrap();
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
