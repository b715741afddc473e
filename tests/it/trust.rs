//! A company stays itself, absence is proven, and what fails stays small: each on the built server.

use std::sync::Arc;

use domain::{Clock, HandClock};
use jiff::SignedDuration;
use mirror::Kind;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt as _};
use sandbox::{ChangedSince, Edit, Faults, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use spectora_mcp::app::App;
use sync::{Received, Scope, Silent, SyncError, Syncer, webhook_secret};

use crate::support::{config_of, now, text};

const NAME: &str = "spectora_company1";

/// A service and a folder of mirrors that outlive the programs on them.
struct Stage {
    sandbox: Sandbox,
    clock: Arc<HandClock>,
    folder: tempfile::TempDir,
}

/// One program on a stage.
struct Program {
    app: App,
    client: RunningService<RoleClient, ()>,
}

impl Stage {
    async fn new(rows: u64, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let clock = Arc::new(HandClock::new(now()));
        let mut options = SandboxOptions::new(now());
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        options.inspections = Some(rows);
        options.agents_max = Some(20);
        options.changed_since = true;
        change(&mut options);
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, clock, folder: tempfile::tempdir().unwrap() }
    }

    /// A program that serves the first company under its name, with this key.
    async fn program(&self, key: &str) -> Program {
        let mut config = config_of(&self.sandbox, &[NAME]);
        config.companies[0].api_key = key.to_owned().into();
        config.data_dir = Some(self.folder.path().to_owned());
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let app = App::build(&config, &clock).unwrap();
        let server = app.server();
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Program { app, client: ().serve(ours).await.unwrap() }
    }

    async fn own(&self) -> Program {
        self.program(&self.sandbox.companies()[0].api_key).await
    }

    fn faults(&self, rules: &[&str]) {
        self.sandbox.set_faults(Faults::parse(rules.iter().copied()).unwrap());
    }

    fn later(&self, by: SignedDuration) {
        self.clock.forward(by);
    }

    /// Ids of the first company's inspections that are there, the latest first.
    fn live(&self) -> Vec<u64> {
        let truth = self.sandbox.truth();
        let rows = truth.companies[0].inspections.iter();
        rows.filter(|row| row.deleted_at.is_none() && !row.vanished).map(|row| row.id).rev().collect()
    }
}

impl Program {
    fn syncer(&self) -> &Arc<Syncer> {
        self.app.mirrors().next().unwrap().1.unwrap().unwrap()
    }

    async fn sync(&self, scope: Scope) {
        let report = self.syncer().sync(scope, &Silent).await.unwrap();
        assert!(report.failed.is_empty(), "{:?}", report.failed);
    }

    fn here(&self) -> u64 {
        self.syncer().mirror().read_now(|snapshot| snapshot.count(Kind::Inspections)).unwrap()
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Value, String> {
        let request =
            CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.as_object().unwrap().clone());
        let result = self.client.call_tool(request).await.unwrap();
        match result.is_error {
            Some(true) => Err(text(&result)),
            _ => Ok(result.structured_content.unwrap()),
        }
    }

    async fn total(&self) -> (Option<u64>, Value) {
        let list = self.call("list_inspections", json!({"limit": 1})).await.unwrap();
        (list["total"].as_u64(), list["basis"].clone())
    }
}

fn calls_to(sandbox: &Sandbox) -> usize {
    sandbox.log().len()
}

#[tokio::test]
async fn the_key_of_another_company_shows_nothing_and_stores_nothing() {
    let stage = Stage::new(400, |_| {}).await;
    let other = stage.sandbox.companies()[1].api_key.clone();
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let here = own.here();
    let program = stage.program(&other).await;
    stage.sandbox.clear_log();
    for (tool, arguments) in [
        ("list_inspections", json!({})),
        ("list_agents", json!({})),
        ("list_clients", json!({})),
        ("get_inspection", json!({"inspection": stage.live()[0].to_string()})),
        ("list_attachments", json!({"inspection": stage.live()[0].to_string()})),
        ("inspector_scorecard", json!({})),
        ("agent_analysis", json!({})),
        ("service_mix", json!({})),
        ("prep_briefing", json!({})),
        ("capacity_plan", json!({})),
        ("data_quality", json!({})),
        ("whats_new", json!({})),
    ] {
        let refused = program.call(tool, arguments).await.unwrap_err();
        assert!(refused.contains("another company"), "{tool}: {refused}");
        assert!(refused.contains("mirror rebuild") && refused.contains("a name of its own"), "{tool}: {refused}");
    }
    let companies = program.call("list_companies", json!({})).await.unwrap();
    assert!(companies["items"][0]["mirror"].as_str().unwrap().contains("another company"), "{companies}");
    assert!(companies["items"][0].get("inspections").is_none(), "not even how many: {companies}");
    assert_eq!(calls_to(&stage.sandbox), 1, "one look at the key, however many ask");
    let refused = program.syncer().sync(Scope::Full, &Silent).await;
    assert!(matches!(refused, Err(SyncError::OtherCompany)), "{refused:?}");
    assert_eq!(own.here(), here);
    // What the mirror has is answered as before with the right key, and a full pass changes nothing.
    let (total, basis) = own.total().await;
    own.sync(Scope::Full).await;
    assert_eq!((own.total().await.0, basis["complete"].as_bool()), (total, Some(true)));
    // Once the mirror is started over, the key's own company lives under this name.
    drop((own, program));
    mirror::Mirror::remove(stage.folder.path(), &NAME.parse().unwrap()).unwrap();
    let program = stage.program(&other).await;
    program.sync(Scope::Auto).await;
    let truth = stage.sandbox.truth();
    let live = truth.companies[1].inspections.iter().filter(|row| row.deleted_at.is_none() && !row.vanished).count();
    assert_eq!(program.here(), live as u64);
}

#[tokio::test]
async fn a_new_key_of_the_same_company_goes_on_without_a_new_pass() {
    let stage = Stage::new(400, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let total = own.total().await.0;
    // Another user's key of the same company; the marks of keys are not the keys.
    let program = stage.program(&stage.sandbox.companies()[0].own_jobs_key).await;
    stage.sandbox.clear_log();
    assert_eq!(program.total().await.0, total);
    assert_eq!(calls_to(&stage.sandbox), 1);
    let again = stage.program(&stage.sandbox.companies()[0].own_jobs_key).await;
    assert_eq!(again.total().await.0, total);
    assert_eq!(calls_to(&stage.sandbox), 1, "a key that was seen before is not looked at again");
    // A key that cannot be checked shows nothing either.
    let expired = stage.program(&stage.sandbox.companies()[0].expired_key).await;
    let refused = expired.call("list_inspections", json!({})).await.unwrap_err();
    assert!(refused.contains("refused the API key"), "{refused}");
    let file = std::fs::read(stage.folder.path().join("spectora_company1.sqlite")).unwrap();
    let holds = |needle: &str| file.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(!holds(&stage.sandbox.companies()[0].api_key), "no key is stored");
}

#[tokio::test]
async fn a_delivery_of_another_company_is_refused() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let secret = webhook_secret(stage.folder.path(), &NAME.parse().unwrap(), true, false).unwrap().unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
    let receive = async |body: String| own.syncer().receive(stage.folder.path(), &secret, body.as_bytes()).await;
    let id = stage.sandbox.truth().companies[1].inspections[3].id;
    let body = |company: u64| {
        format!(r#"{{"id":"evt_1","event":"inspection.created","company_id":{company},"data":{{"id":{id}}}}}"#)
    };
    assert_eq!(receive(body(4102)).await, Received::NotUnderstood);
    // One that names our company and another's record finds nothing with our key.
    assert_eq!(receive(body(4101)).await, Received::Queued);
    let here = own.here();
    own.syncer().drain().await.unwrap();
    assert_eq!(own.here(), here);
    // Another company's key in the middle of it: what waits is not read with it.
    receive(format!(r#"{{"event":"inspection.created","id":{}}}"#, stage.live()[0])).await;
    let program = stage.program(&stage.sandbox.companies()[1].api_key).await;
    assert!(matches!(program.syncer().drain().await, Err(SyncError::OtherCompany)));
    assert_eq!(own.here(), here);
}

#[tokio::test]
async fn a_key_that_sees_a_part_is_said_to() {
    let stage = Stage::new(600, |_| {}).await;
    let program = stage.program(&stage.sandbox.companies()[0].own_jobs_key).await;
    program.sync(Scope::Auto).await;
    let (_, basis) = program.total().await;
    assert_eq!(basis["complete"], false);
    let missing = basis["missing"].to_string();
    assert!(missing.contains("see a part of them only") && missing.contains("financial access"), "{missing}");
    let scorecard = program.call("inspector_scorecard", json!({})).await.unwrap();
    assert!(scorecard["basis"]["missing"].to_string().contains("see a part of them only"), "{scorecard}");
    let whole = Stage::new(600, |_| {}).await;
    let own = whole.own().await;
    own.sync(Scope::Auto).await;
    assert_eq!(own.total().await.1["complete"], true);
}

#[tokio::test]
async fn a_change_that_nobody_told_of_is_found_after_one_that_was_told() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let live = stage.live();
    // One changes unseen; a later change of another one comes by webhook; a third claims to have changed in 2099.
    stage.later(SignedDuration::from_mins(20));
    stage.sandbox.edit(&[Edit::Requote { company: 0, id: live[9], cents: 12_300 }]);
    stage.later(SignedDuration::from_mins(10));
    stage.sandbox.edit(&[Edit::Requote { company: 0, id: live[3], cents: 45_600 }]);
    let told = sync::Envelope::parse(format!(r#"{{"event":"inspection.changed","id":{}}}"#, live[3]).as_bytes());
    own.syncer().deliver(told.unwrap()).await.unwrap();
    own.syncer().drain().await.unwrap();
    stage.later(SignedDuration::from_mins(15));
    own.sync(Scope::Auto).await;
    let unseen = own.call("get_inspection", json!({"inspection": live[9].to_string()})).await.unwrap();
    assert_eq!(unseen["item"]["quote"], "123.00", "{unseen}");
}

#[tokio::test]
async fn a_listing_that_suddenly_shrinks_is_not_believed_at_once() {
    let stage = Stage::new(1_000, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let before = own.total().await.0.unwrap();
    // The service lists half of them less, and by their ids they are gone as well.
    let ids: Vec<u64> = stage.live().into_iter().take(300).collect();
    stage.sandbox.edit(&ids.iter().map(|id| Edit::Vanish { company: 0, id: *id }).collect::<Vec<_>>());
    own.sync(Scope::Full).await;
    let (total, basis) = own.total().await;
    assert_eq!(total, Some(before), "nothing is taken out");
    assert_eq!(basis["complete"], false);
    assert!(basis["missing"].to_string().contains("300 are still counted here"), "{basis}");
    // Soon after, it still is not certain; some hours later, it is.
    stage.later(SignedDuration::from_mins(30));
    own.sync(Scope::Full).await;
    assert_eq!(own.total().await.0, Some(before));
    stage.later(SignedDuration::from_hours(4));
    own.sync(Scope::Full).await;
    let (total, basis) = own.total().await;
    assert_eq!((total, basis["complete"].as_bool()), (Some(before - 300), Some(true)), "{basis}");
    // Told to, it believes at once.
    let ids: Vec<u64> = stage.live().into_iter().take(100).collect();
    stage.sandbox.edit(&ids.iter().map(|id| Edit::Vanish { company: 0, id: *id }).collect::<Vec<_>>());
    own.sync(Scope::AcceptGone).await;
    let (total, basis) = own.total().await;
    assert_eq!((total, basis["complete"].as_bool()), (Some(before - 400), Some(true)), "{basis}");
}

#[tokio::test]
async fn a_passing_refusal_hides_no_record() {
    let stage = Stage::new(800, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let total = own.total().await;
    for fault in ["inspections:1=400-html", "inspections:2=400", "inspections:1-3=400", "inspections:1-5=400"] {
        stage.faults(&[fault]);
        own.sync(Scope::Full).await;
        stage.faults(&[]);
        assert_eq!(own.total().await, total, "{fault}");
    }
    // And in a first pass none is left out.
    drop(own);
    mirror::Mirror::remove(stage.folder.path(), &NAME.parse().unwrap()).unwrap();
    let own = stage.own().await;
    stage.faults(&["inspections:1-4=400"]);
    own.sync(Scope::Auto).await;
    assert_eq!(own.total().await.0, total.0);
}

#[tokio::test]
async fn a_page_that_is_not_found_deletes_nothing() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let here = own.here();
    let id = stage.live()[0];
    let told = || sync::Envelope::parse(format!(r#"{{"event":"inspection.changed","id":{id}}}"#).as_bytes());
    own.syncer().deliver(told().unwrap()).await.unwrap();
    stage.faults(&["inspections:1+=404-html"]);
    let failed = own.syncer().drain().await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(own.here(), here, "a proxy's page says nothing about the record");
    stage.faults(&[]);
    stage.sandbox.edit(&[Edit::Vanish { company: 0, id }]);
    stage.later(SignedDuration::from_hours(1));
    let (read, count) = own.syncer().drain().await.unwrap();
    assert_eq!((read, count.gone, own.here()), (1, 1, here - 1));
}

#[tokio::test]
async fn what_vanishes_is_found_after_something_was_deleted() {
    let stage = Stage::new(500, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    let live = stage.live();
    stage.later(SignedDuration::from_mins(20));
    stage.sandbox.edit(&[Edit::Delete { company: 0, id: live[2] }]);
    own.sync(Scope::Auto).await;
    let here = own.here();
    stage.later(SignedDuration::from_mins(20));
    let vanished: Vec<Edit> = live[5..10].iter().map(|id| Edit::Vanish { company: 0, id: *id }).collect();
    stage.sandbox.edit(&vanished);
    own.sync(Scope::Auto).await;
    assert_eq!(own.here(), here - 5, "the service's count is one that the mirror must meet");
}

/// A mirror that was synced twice, so that it reads changes, on a service from which one record then vanishes.
async fn with_one_vanished() -> (Stage, Program, u64) {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    for _ in 0..2 {
        own.sync(Scope::Auto).await;
        stage.later(SignedDuration::from_mins(20));
    }
    let id = stage.live()[20];
    stage.sandbox.edit(&[Edit::Vanish { company: 0, id }]);
    stage.later(SignedDuration::from_mins(20));
    stage.sandbox.clear_log();
    (stage, own, id)
}

#[tokio::test]
async fn changes_without_a_count_are_no_reading_of_all() {
    let (stage, own, _) = with_one_vanished().await;
    let fresh_at =
        || own.syncer().mirror().read_now(|snapshot| Ok(snapshot.coverage(Kind::Inspections)?.fresh_at)).unwrap();
    let before = fresh_at();
    stage.faults(&["inspections:2+=503"]);
    let failed = own.syncer().sync(Scope::Auto, &Silent).await;
    assert!(matches!(failed, Err(SyncError::Service(_))), "{failed:?}");
    assert_eq!(fresh_at(), before, "changes alone do not show what vanished");
    stage.faults(&[]);
    own.sync(Scope::Auto).await;
    assert_eq!(own.here(), stage.live().len() as u64);
}

#[tokio::test]
async fn what_is_booked_while_it_is_counted_hides_nothing_that_vanished() {
    let (stage, own, vanished) = with_one_vanished().await;
    // The agents' changes are the first request; the second and third count inspections and read their changes.
    let starts_at = stage.clock.now().as_second() + 86_400;
    stage.sandbox.set_script(Some(Box::new(move |request, _| {
        if request == 3 { vec![Edit::Book { company: 0, starts_at }] } else { Vec::new() }
    })));
    own.sync(Scope::Auto).await;
    let asked: Vec<String> = stage.sandbox.log().iter().take(3).map(|request| request.path.clone()).collect();
    assert_eq!(asked, ["/v2/connections", "/v2/inspections", "/v2/inspections"]);
    let vanished = vanished.to_string();
    let known = own.syncer().mirror().read_now(|snapshot| snapshot.raw(Kind::Inspections, &vanished));
    let (_, gone_at) = known.unwrap().unwrap();
    assert!(gone_at.is_some(), "the one that vanished is gone here too");
}

#[tokio::test]
async fn a_filter_that_stops_working_is_noticed() {
    for becomes in [ChangedSince::Ignored, ChangedSince::FindsNothing, ChangedSince::Refused] {
        let stage = Stage::new(300, |_| {}).await;
        let own = stage.own().await;
        own.sync(Scope::Auto).await;
        stage.later(SignedDuration::from_mins(20));
        own.sync(Scope::Auto).await;
        stage.sandbox.set_changed_since(becomes);
        stage.later(SignedDuration::from_mins(20));
        let id = stage.live()[7];
        stage.sandbox.edit(&[Edit::Requote { company: 0, id, cents: 77_700 }]);
        own.sync(Scope::Auto).await;
        let changed = own.call("get_inspection", json!({"inspection": id.to_string()})).await.unwrap();
        assert_eq!(changed["item"]["quote"], "777.00", "{becomes:?}: {changed}");
    }
}

#[tokio::test]
async fn one_kind_that_cannot_be_read_does_not_stop_the_others() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    stage.faults(&["contacts:1+=404-html"]);
    let report = own.syncer().sync(Scope::Due, &Silent).await.unwrap();
    assert_eq!(report.failed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Clients]);
    assert_eq!(own.here(), stage.live().len() as u64);
    assert!(own.call("inspector_scorecard", json!({})).await.is_ok());
    // It is left alone for longer and longer; the others are read as ever.
    let mut asked = Vec::new();
    for _ in 0..36 {
        stage.later(SignedDuration::from_mins(10));
        let before = stage.sandbox.log().iter().filter(|request| request.path.contains("contacts")).count();
        if let Some(scope) = own.syncer().due(std::time::Duration::from_secs(3_600)).await.unwrap() {
            own.syncer().sync(scope, &Silent).await.unwrap();
        }
        asked.push(stage.sandbox.log().iter().filter(|request| request.path.contains("contacts")).count() - before);
    }
    let tries = asked.iter().filter(|asked| **asked != 0).count();
    assert!((2..=7).contains(&tries), "six hours: {asked:?}");
    stage.faults(&[]);
    own.sync(Scope::Auto).await;
    assert!(own.call("list_clients", json!({})).await.unwrap()["total"].as_u64().is_some());
}

#[tokio::test]
async fn without_the_right_to_agents_inspections_are_counted_all_the_same() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    stage.faults(&["connections:1+=404-html"]);
    let report = own.syncer().sync(Scope::Due, &Silent).await.unwrap();
    assert_eq!(report.failed.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Agents]);
    let scorecard = own.call("inspector_scorecard", json!({})).await.unwrap();
    assert_eq!(scorecard["basis"]["complete"], false);
    assert!(scorecard["basis"]["missing"].to_string().contains("agents: they cannot be read"), "{scorecard}");
}

#[tokio::test]
async fn deliveries_in_an_outage_wait_together() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    stage.faults(&["*:1+=503"]);
    for id in stage.live().into_iter().take(200) {
        let told = sync::Envelope::parse(format!(r#"{{"event":"inspection.changed","id":{id}}}"#).as_bytes());
        own.syncer().deliver(told.unwrap()).await.unwrap();
    }
    stage.sandbox.clear_log();
    // Twenty minutes of looking every five seconds.
    for _ in 0..240 {
        drop(own.syncer().drain().await);
        stage.later(SignedDuration::from_secs(5));
    }
    assert!(calls_to(&stage.sandbox) <= 20, "{} requests", calls_to(&stage.sandbox));
    stage.faults(&[]);
    stage.later(SignedDuration::from_hours(1));
    let mut read = 0;
    for _ in 0..4 {
        read += own.syncer().drain().await.unwrap().0;
    }
    assert_eq!(read, 200);
}

#[tokio::test]
async fn a_clock_that_was_ahead_leaves_nothing_fresh_for_ever() {
    let stage = Stage::new(300, |_| {}).await;
    stage.later(SignedDuration::from_hours(24 * 400));
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    stage.clock.set(now());
    assert!(own.syncer().due(std::time::Duration::from_secs(3_600)).await.unwrap().is_some());
    own.sync(Scope::Due).await;
    let (_, basis) = own.total().await;
    let as_of: jiff::Timestamp = basis["as_of"].as_str().unwrap().parse().unwrap();
    assert!(as_of <= now() && now().duration_since(as_of) < SignedDuration::from_mins(1), "{basis}");
    assert_eq!(basis["source"], "mirror");
}

#[tokio::test]
async fn ten_questions_at_once_make_one_sync() {
    let stage = Stage::new(300, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    own.sync(Scope::Auto).await;
    stage.later(SignedDuration::from_mins(30));
    stage.sandbox.clear_log();
    own.call("list_inspections", json!({})).await.unwrap();
    let one = calls_to(&stage.sandbox);
    assert!(0 < one);
    stage.later(SignedDuration::from_mins(30));
    stage.sandbox.clear_log();
    let asked = (0..10).map(|_| own.call("list_inspections", json!({})));
    futures_util::future::join_all(asked).await.into_iter().for_each(|answer| drop(answer.unwrap()));
    assert_eq!(calls_to(&stage.sandbox), one);
}

#[tokio::test]
async fn another_zone_is_worked_out_before_anything_is_answered() {
    let stage = Stage::new(400, |_| {}).await;
    let own = stage.own().await;
    own.sync(Scope::Auto).await;
    drop(own);
    let mut config = config_of(&stage.sandbox, &[NAME]);
    config.companies[0].timezone = jiff::tz::TimeZone::get("Pacific/Kiritimati").unwrap();
    config.data_dir = Some(stage.folder.path().to_owned());
    let clock: Arc<dyn Clock> = Arc::clone(&stage.clock) as Arc<dyn Clock>;
    let app = App::build(&config, &clock).unwrap();
    let server = app.server();
    let (ours, theirs) = tokio::io::duplex(256 * 1024);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    let program = Program { app, client: ().serve(ours).await.unwrap() };
    stage.sandbox.clear_log();
    let zone = config.companies[0].timezone.clone();
    let (from, to) = ("2026-10-01", "2026-10-31");
    let mix = program.call("service_mix", json!({"from": from, "to": to, "compare": "none"})).await.unwrap();
    let truth = stage.sandbox.truth();
    let expected = truth.companies[0]
        .inspections
        .iter()
        .filter(|row| row.deleted_at.is_none() && row.canceled_at.is_none())
        .filter(|row| {
            let day = crate::support::civil_of(&zone, row.starts_at).date().to_string();
            (from..=to).contains(&day.as_str())
        })
        .count();
    assert_eq!(mix["companies"][0]["volume"], expected, "{mix}");
    assert_eq!(calls_to(&stage.sandbox), 0, "it costs no call");
}
