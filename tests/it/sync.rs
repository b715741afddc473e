//! The mirror against the sandbox's truth, field by field, and what it costs to get there.

use std::collections::BTreeMap;

use domain::{Agent, Client, Inspection, InspectionOrder, InspectionQuery};
use jiff::Timestamp;
use mirror::Kind;
use proptest::prelude::*;
use sandbox::{CompanyTruth, Edit, InspectionRow, Profile};
use spectora::{ConnectionStats, Connections, Contacts, Inspections, RawRecord, SpectoraClient, Wired};
use sync::{Scope, Silent, Syncer};

use crate::support::TestApp;

/// Enough rows for several pages, few enough for many rounds.
const ROWS: u64 = 900;
/// Agents of each company; they and their statistics are read again at every turn.
const AGENTS: usize = 60;

async fn app(profile: Profile, changed_since: bool, rows: u64) -> TestApp {
    let change = |options: &mut sandbox::SandboxOptions| {
        options.profile = profile;
        options.changed_since = changed_since;
        options.inspections = Some(rows);
        options.agents_max = Some(AGENTS);
    };
    TestApp::build(change, &[], true).await
}

/// Every record of a kind that is not gone, read back from its raw form.
fn kept<R: Wired>(syncer: &Syncer, client: &SpectoraClient, kind: Kind) -> Vec<R::Record> {
    let raws = syncer.mirror().read_now(|snapshot| snapshot.raws_after(kind, i64::MIN, usize::MAX, false)).unwrap();
    raws.into_iter().map(|(_, raw)| client.read_back::<R>(&RawRecord::from_bytes(raw)).unwrap()).collect()
}

fn at(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.map(|seconds| Timestamp::from_second(seconds).unwrap())
}

/// The facts of an inspection as the mirror has them.
fn facts(row: &Inspection) -> BTreeMap<&'static str, String> {
    let agent = |agent: &Option<domain::AgentOnInspection>| {
        agent.as_ref().and_then(|agent| agent.id.as_ref().map(ToString::to_string))
    };
    let texts = |texts: &[domain::Text]| texts.iter().map(ToString::to_string).collect::<Vec<_>>().join("|");
    let inspectors: Vec<String> =
        row.inspectors.iter().filter_map(|inspector| inspector.id.as_ref().map(ToString::to_string)).collect();
    BTreeMap::from([
        ("starts_at", format!("{:?}", row.starts_at)),
        ("minutes", format!("{:?}", row.duration_hours.map(|hours| hours * 60.0))),
        ("quote", format!("{:?}", row.quote.map(domain::Money::cents_rounded_down))),
        ("paid", format!("{:?}", row.paid)),
        ("confirmed", format!("{:?}", row.confirmed)),
        ("canceled_at", format!("{:?}", row.canceled_at)),
        ("cancel_reason", row.cancel_reason.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("published_at", format!("{:?}", row.published_at)),
        ("created_at", format!("{:?}", row.created_at)),
        ("updated_at", format!("{:?}", row.updated_at)),
        ("buying", format!("{:?}", agent(&row.buying_agent))),
        ("selling", format!("{:?}", agent(&row.selling_agent))),
        ("inspectors", inspectors.join("|")),
        ("services", texts(&row.services)),
        ("add_ons", texts(&row.add_ons)),
        ("zip", format!("{:?}", row.address.zip.as_ref().map(ToString::to_string))),
        ("slug", format!("{:?}", row.slug.as_ref().map(ToString::to_string))),
    ])
}

/// The same facts, worked out from the generated row.
fn truth_facts(company: &CompanyTruth, row: &InspectionRow) -> BTreeMap<&'static str, String> {
    let agent = |index: Option<u32>| index.map(|index| company.agents[index as usize].connection_id.to_string());
    let inspectors: Vec<String> = row.inspectors().map(|index| company.inspectors[index].id.to_string()).collect();
    let reason = row.cancel_reason().map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "));
    BTreeMap::from([
        ("starts_at", format!("{:?}", at(Some(row.starts_at)))),
        ("minutes", format!("{:?}", Some(f64::from(row.minutes)))),
        ("quote", format!("{:?}", Some(i64::from(row.quote_cents)))),
        ("paid", format!("{:?}", Some(row.paid))),
        ("confirmed", format!("{:?}", Some(row.confirmed))),
        ("canceled_at", format!("{:?}", at(row.canceled_at))),
        ("cancel_reason", reason.unwrap_or_default()),
        ("published_at", format!("{:?}", at(row.published_at))),
        ("created_at", format!("{:?}", at(Some(row.created_at)))),
        ("updated_at", format!("{:?}", at(Some(row.updated_at)))),
        ("buying", format!("{:?}", agent(row.buying_agent))),
        ("selling", format!("{:?}", agent(row.selling_agent))),
        ("inspectors", inspectors.join("|")),
        ("services", row.services().map(|service| service.name).collect::<Vec<_>>().join("|")),
        ("add_ons", row.add_ons().map(|add_on| add_on.name).collect::<Vec<_>>().join("|")),
        ("zip", format!("{:?}", company.zip(row).map(str::to_owned))),
        ("slug", format!("{:?}", Some(company.slug(row)))),
    ])
}

/// Every inspection, agent and client is in the mirror as it is in the sandbox, and no other is.
fn assert_equal(app: &TestApp) {
    let truth = app.sandbox.truth();
    for ((name, syncer), client) in app.parts.mirrors().zip(app.parts.clients()) {
        let syncer = syncer.unwrap().unwrap();
        let company = truth.companies.iter().find(|company| company.name == name.as_str()).unwrap();
        let here: BTreeMap<String, Inspection> = kept::<Inspections>(syncer, client, Kind::Inspections)
            .into_iter()
            .map(|row| (row.id.to_string(), row))
            .collect();
        let live: Vec<&InspectionRow> =
            company.inspections.iter().filter(|row| row.deleted_at.is_none() && !row.vanished).collect();
        for row in &live {
            let found = here.get(&row.id.to_string()).unwrap_or_else(|| panic!("{name} has no {}", row.id));
            assert_eq!(facts(found), truth_facts(company, row), "{name} {}", row.id);
        }
        assert_eq!(here.len(), live.len(), "{name} holds what is gone");
        // The typed columns say the same as the raw records: the order of all starts.
        let mut expected: Vec<&InspectionRow> = live.clone();
        expected.sort_by_key(|row| std::cmp::Reverse((row.starts_at, row.id)));
        let listed = syncer
            .mirror()
            .read_now(|snapshot| snapshot.inspection_ids(&InspectionQuery::default(), InspectionOrder::Newest))
            .unwrap();
        assert_eq!(listed, expected.iter().map(|row| row.id.to_string()).collect::<Vec<_>>());
        let agents: BTreeMap<String, Option<String>> = kept::<Connections>(syncer, client, Kind::Agents)
            .iter()
            .map(|agent: &Agent| (agent.id.to_string(), agent.last_name.as_ref().map(ToString::to_string)))
            .collect();
        let visible =
            |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let expected = company.agents.iter().map(|agent| (agent.connection_id.to_string(), visible(&agent.last_name)));
        assert_eq!(agents.len(), company.agents.len());
        for (id, last_name) in expected {
            let clean = last_name.and_then(|name| domain::Text::line(&name)).map(|name| name.to_string());
            assert_eq!(agents[&id], clean, "{name} agent {id}");
        }
        let clients: BTreeMap<String, Option<String>> = kept::<Contacts>(syncer, client, Kind::Clients)
            .iter()
            .map(|client: &Client| (client.id.to_string(), client.last_name.as_ref().map(ToString::to_string)))
            .collect();
        assert_eq!(clients.len(), company.clients.len());
        for client in &company.clients {
            let expected = domain::Text::line(client.last_name()).map(|name| name.to_string());
            assert_eq!(clients[&client.id.to_string()], expected, "{name} client {}", client.id);
        }
    }
}

/// The service's statistics are in the mirror as the inspections add up to. A delta may leave them some hours old; a full
/// pass does not.
fn assert_statistics_equal(app: &TestApp) {
    let truth = app.sandbox.truth();
    for ((name, syncer), client) in app.parts.mirrors().zip(app.parts.clients()) {
        let syncer = syncer.unwrap().unwrap();
        let company = truth.companies.iter().find(|company| company.name == name.as_str()).unwrap();
        let mut expected: BTreeMap<String, (u64, u64)> =
            company.agents.iter().map(|agent| (agent.connection_id.to_string(), (0, 0))).collect();
        for row in company.inspections.iter().filter(|row| row.deleted_at.is_none() && !row.vanished) {
            let id = |index: u32| company.agents[index as usize].connection_id.to_string();
            if let Some(agent) = row.buying_agent {
                expected.get_mut(&id(agent)).unwrap().0 += 1;
            }
            if let Some(agent) = row.selling_agent {
                expected.get_mut(&id(agent)).unwrap().1 += 1;
            }
        }
        for id in &company.stats_off_by_one {
            expected.get_mut(&id.to_string()).unwrap().0 += 1;
        }
        let here: BTreeMap<String, (u64, u64)> = kept::<ConnectionStats>(syncer, client, Kind::AgentStats)
            .into_iter()
            .map(|one| (one.id.to_string(), (one.buying_inspections.unwrap(), one.selling_inspections.unwrap())))
            .collect();
        assert_eq!(here, expected, "{name}");
    }
}

fn edit_both(app: &TestApp, seed: u64, count: usize, vanishing: bool) {
    for company in 0..2 {
        let edits = Edit::random(&app.sandbox.truth(), company, seed, count, vanishing);
        app.sandbox.edit(&edits);
    }
}

async fn stays_equal(profile: Profile, changed_since: bool, seeds: std::ops::Range<u64>) {
    let app = app(profile, changed_since, ROWS).await;
    app.sync(Scope::Auto).await;
    assert_equal(&app);
    for seed in seeds {
        // Only a full pass can find what left no trace.
        let vanishing = seed % 2 == 1;
        edit_both(&app, seed, 12, vanishing);
        let scope = if changed_since && !vanishing { Scope::Auto } else { Scope::Full };
        app.sync(scope).await;
        assert_equal(&app);
        if scope == Scope::Full {
            assert_statistics_equal(&app);
        }
    }
}

#[tokio::test]
async fn one_sync_makes_the_mirror_equal_where_all_filters_work() {
    stays_equal(Profile::Full, true, 0..2).await;
    stays_equal(Profile::Full, false, 11..12).await;
}

#[tokio::test]
async fn one_sync_makes_the_mirror_equal_where_filters_are_ignored() {
    stays_equal(Profile::Minimal, true, 20..22).await;
    stays_equal(Profile::Minimal, false, 30..31).await;
}

#[tokio::test]
async fn one_sync_makes_the_mirror_equal_where_filters_are_refused() {
    stays_equal(Profile::Strict, true, 40..42).await;
    stays_equal(Profile::Strict, false, 50..51).await;
}

#[tokio::test]
async fn calls_are_as_few_as_they_can_be() {
    let app = app(Profile::Full, true, 1_500).await;
    let truth = app.sandbox.truth();
    let pages = |rows: usize| (rows as u64).div_ceil(200);
    let expected: u64 = truth
        .companies
        .iter()
        .map(|company| {
            pages(company.inspections.len()) + 2 * pages(company.agents.len()) + pages(company.clients.len())
        })
        .sum();
    assert_eq!(app.sync(Scope::Auto).await, expected, "a first sync");
    assert_eq!(app.sandbox.log().len() as u64, expected);
    // Which filters tell of changes is found out once.
    app.sync(Scope::Auto).await;
    for seed in 0..4 {
        edit_both(&app, seed, 10, false);
        // What was booked in the very second in which the service counts takes a call more.
        app.clock.forward(jiff::SignedDuration::from_mins(1));
        for (name, syncer) in app.parts.mirrors() {
            let syncer = syncer.unwrap().unwrap();
            let plan = syncer.plan(Scope::Auto).await.unwrap();
            let report = syncer.sync(Scope::Auto, &Silent).await.unwrap();
            let asked: Vec<String> =
                app.sandbox.log().iter().rev().take(12).map(|r| format!("{}?{}", r.path, r.query)).collect();
            assert!(report.calls <= 5, "{name}: {} calls: {asked:#?}", report.calls);
            assert_eq!(report.calls, plan.calls(), "{name}: the plan's number");
        }
        assert_equal(&app);
    }
}

#[tokio::test]
async fn without_a_filter_a_delta_costs_what_the_plan_says() {
    let app = app(Profile::Full, false, 1_500).await;
    app.sync(Scope::Auto).await;
    app.sync(Scope::Auto).await;
    for (name, syncer) in app.parts.mirrors() {
        let syncer = syncer.unwrap().unwrap();
        let plan = syncer.plan(Scope::Auto).await.unwrap();
        let report = syncer.sync(Scope::Auto, &Silent).await.unwrap();
        assert_eq!(report.calls, plan.calls(), "{name}: {plan:?}");
    }
}

#[tokio::test]
async fn rows_that_move_while_they_are_read_are_not_lost() {
    let app = app(Profile::Full, true, ROWS).await;
    app.set_faults(&["inspections:2=shuffle:3", "contacts:2=shuffle:1"]);
    app.sync(Scope::Auto).await;
    assert_equal(&app);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn any_edits_are_found_by_one_sync(seed in any::<u64>(), count in 1_usize..40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = app(Profile::Full, true, 500).await;
            app.sync(Scope::Auto).await;
            edit_both(&app, seed, count, false);
            app.sync(Scope::Auto).await;
            assert_equal(&app);
        });
    }
}
