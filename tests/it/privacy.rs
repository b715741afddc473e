//! Whom a company forgot is nowhere: in no answer, no export, no mirror, whatever Spectora still says; and no number changes.

use std::path::Path;
use std::process::Output;

use jiff::{Timestamp, ToSpan as _};
use sandbox::{ClientRow, CompanyTruth, Edit, Sandbox};
use serde_json::{Value, json};

use crate::processes::{Server, command, sandbox};

fn run(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Output {
    command(sandbox, folder, 100_000, arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    told(output)
}

/// Clients of one performed job each, by the row of the job, whose whole name nobody else has.
fn singular(truth: &CompanyTruth) -> Vec<(usize, &ClientRow)> {
    let names: Vec<String> = truth.clients.iter().map(ClientRow::name).collect();
    let is_only = |name: &String| names.iter().filter(|one| *one == name).count() == 1;
    let jobs = truth.inspections.iter().enumerate();
    let jobs = jobs.filter(|(_, row)| row.client_2.is_none() && row.deleted_at.is_none() && row.published_at.is_some());
    jobs.map(|(place, row)| (place, &truth.clients[row.client as usize]))
        .filter(|(_, client)| client.email().is_some() && is_only(&client.name()))
        .collect()
}

/// All that an export says, as text.
fn exported(sandbox: &Sandbox, folder: &Path) -> String {
    let place = tempfile::tempdir().unwrap();
    let place_text = place.path().display().to_string();
    for format in ["csv", "sqlite"] {
        done(&run(sandbox, folder, &["export", &place_text, "--format", format]));
    }
    let mut all = String::new();
    let mut folders = vec![place.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            }
        }
    }
    all
}

fn scorecard(server: &mut Server) -> Value {
    let mut answer = server.answer("inspector_scorecard", json!({"period": "this_year"}));
    answer.as_object_mut().unwrap().remove("basis");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_is_forgotten_is_gone_while_a_server_runs_and_stays_gone() {
    let sandbox = sandbox(900, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let truth = sandbox.truth();
    let (job, client) = singular(&truth.companies[0])[3];
    let job = truth.companies[0].inspections[job].id;
    let (name, email, id) = (client.name(), client.email().unwrap(), client.id.to_string());
    done(&run(&sandbox, folder.path(), &["sync"]));
    let whole = exported(&sandbox, folder.path());
    assert!(whole.contains(&name) && whole.contains(&email), "else this shows nothing");

    let mut server = Server::start(command(&sandbox, folder.path(), 100_000, &["serve"]));
    let found = |server: &mut Server| server.answer("list_clients", json!({"search": name}))["total"].clone();
    assert_eq!(found(&mut server), 1);
    let before = scorecard(&mut server);
    let shown = done(&run(&sandbox, folder.path(), &["privacy", "forget", "client", &name, "--yes"]));
    assert!(shown.contains(&format!("client {id} of spectora_company1: nothing more")), "{shown}");
    assert!(shown.contains("What was stored is deleted"), "{shown}");

    let is_gone = |server: &mut Server| {
        assert_eq!(found(server), 0);
        let one = server.answer("get_client", json!({"id": id}));
        assert_eq!(one["item"]["name"], "(forgotten)", "{one}");
        let one = server.answer("get_inspection", json!({"id": job.to_string()})).to_string();
        assert!(one.contains("(forgotten)") && !one.contains(&name) && !one.contains(&email), "{one}");
        let found =
            server.answer("list_inspections", json!({"from": "2020-01-01", "to": "2030-12-31", "client": name}));
        assert_eq!(found["total"], 0, "{found}");
        assert_eq!(scorecard(server), before, "no number changes");
        let whole = exported(&sandbox, folder.path());
        assert!(!whole.contains(&name) && !whole.contains(&email));
    };
    is_gone(&mut server);
    // Spectora goes on telling of them, and of changes of their job.
    sandbox.edit(&[Edit::Settle { company: 0, id: job }]);
    done(&run(&sandbox, folder.path(), &["sync", "--full"]));
    server.answer("refresh", json!({}));
    is_gone(&mut server);
    let live = run(&sandbox, folder.path(), &["call", "--no-mirror", "get_client", &format!("id={id}")]);
    assert!(done(&live).contains("(forgotten)") && !told(&live).contains(&email), "{}", told(&live));
    let overview = done(&run(&sandbox, folder.path(), &["privacy"]));
    assert!(overview.contains("forgotten: 1 clients, 0 agents"), "{overview}");

    done(&run(&sandbox, folder.path(), &["privacy", "forget", "client", &id, "--undo"]));
    done(&run(&sandbox, folder.path(), &["sync", "--full"]));
    assert!(exported(&sandbox, folder.path()).contains(&email));
    let again = run(&sandbox, folder.path(), &["privacy", "forget", "client", &id, "--undo"]);
    assert!(!again.status.success() && told(&again).contains("was not forgotten"), "{}", told(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn forgetting_that_was_cut_short_is_ended_by_the_next_sync() {
    let sandbox = sandbox(600, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    let (_, client) = singular(company)[0];
    let agent = company.agents.iter().find(|agent| agent.email.is_some() && agent.last_name.is_some()).unwrap();
    let (email, agent_email) = (client.email().unwrap(), agent.email.clone().unwrap());
    done(&run(&sandbox, folder.path(), &["sync"]));
    let whole = exported(&sandbox, folder.path());
    assert!(whole.contains(&email) && whole.contains(&agent_email));
    // As it stands when the program was killed after it wrote down whom to forget.
    let file = folder.path().join("data").join("forgotten.toml");
    let ids = format!("[spectora_company1]\nclients = [\"{}\"]\nagents = [\"{}\"]\n", client.id, agent.connection_id);
    std::fs::write(&file, ids).unwrap();
    done(&run(&sandbox, folder.path(), &["sync"]));
    let whole = exported(&sandbox, folder.path());
    assert!(!whole.contains(&email) && !whole.contains(&agent_email));
    assert!(whole.contains(&agent.connection_id.to_string()), "the work of an agent is counted on");

    // As long as it is not clear whom to leave out, nothing is read.
    std::fs::write(&file, "[spectora_company1]\nclients = [12").unwrap();
    let refused = run(&sandbox, folder.path(), &["sync"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("forgotten.toml") && told(&refused).contains("line 2"), "{}", told(&refused));
    assert!(told(&refused).contains("what to do: mend the file"), "{}", told(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_left_out_after_the_months_that_are_set() {
    let sandbox = sandbox(900, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    done(&run(&sandbox, folder.path(), &["sync"]));
    let call = |tool: &str, arguments: &[&str]| -> Value {
        let output = run(&sandbox, folder.path(), &[&["call", "--json", tool], arguments].concat());
        done(&output);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let before = call("inspector_scorecard", &["period=last_year"]);
    let config = folder.path().join("spectora.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("max_staleness", "client_details_months = 6\nmax_staleness");
    std::fs::write(&config, text).unwrap();
    let with_months = |arguments: &[&str]| {
        let mut command = crate::cli::program();
        command.args(arguments).arg("--config").arg(&config).arg("--data-dir").arg(folder.path().join("data"));
        let output = command.output().unwrap();
        done(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    with_months(&["sync"]);
    let truth = sandbox.truth();
    let company = &truth.companies[0];
    // The first day of this month, six months ago, worked out from the calendar.
    let today =
        jiff::tz::TimeZone::UTC.to_datetime(<domain::SystemClock as domain::Clock>::now(&domain::SystemClock)).date();
    let limit = today.first_of_month().checked_sub(6.months()).unwrap();
    let limit: Timestamp = format!("{limit}T00:00:00Z").parse().unwrap();
    let (from, to) = (limit - 20 * 24.hours(), limit + 20 * 24.hours());
    let day = |at: Timestamp| at.to_string()[..10].to_owned();
    let arguments = [format!("from={}", day(from)), format!("to={}", day(to))];
    let listed = with_months(&["call", "--json", "list_inspections", &arguments[0], &arguments[1], "limit=200"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(listed["next_cursor"].is_null(), "{listed}");
    let (mut old, mut young) = (0, 0);
    for item in listed["items"].as_array().unwrap() {
        let row = company.inspections.iter().find(|row| item["id"].as_str() == Some(&row.id.to_string())).unwrap();
        let name = company.clients[row.client as usize].name();
        if row.starts_at < limit.as_second() {
            old += 1;
            assert_eq!(item["clients"], json!(["(forgotten)"]), "{item}");
        } else {
            young += 1;
            assert!(item["clients"].to_string().contains(&name), "{item}");
        }
    }
    assert!(5 < old && 5 < young, "{old} {young}");
    let after: Value =
        serde_json::from_str(&with_months(&["call", "--json", "inspector_scorecard", "period=last_year"])).unwrap();
    assert_eq!(after["companies"], before["companies"], "no number changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_meant_must_be_clear() {
    let sandbox = sandbox(600, |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    done(&run(&sandbox, folder.path(), &["sync"]));
    let forget = |arguments: &[&str]| {
        let output = run(&sandbox, folder.path(), &[&["privacy", "forget"], arguments].concat());
        assert!(!output.status.success(), "{}", told(&output));
        told(&output)
    };
    let truth = sandbox.truth();
    let last = truth.companies[0].clients[0].last_name();
    let several = forget(&["client", last, "--yes"]);
    assert!(
        several.contains("several fit; give the id of one:") && several.contains("of spectora_company1"),
        "{several}"
    );
    assert!(forget(&["client", "Nobody Of That Name", "--yes"]).contains("nobody in the mirror fits"));
    let unasked = forget(&["client", &truth.companies[0].clients[0].id.to_string()]);
    assert!(unasked.contains("--yes"), "{unasked}");
    assert!(!folder.path().join("data").join("forgotten.toml").exists(), "nothing was written");
    let both = crate::cli::program().args(["privacy", "forget", "client", "1", "--yes", "--demo"]).output().unwrap();
    assert!(told(&both).contains("--company NAME"), "{}", told(&both));
}
