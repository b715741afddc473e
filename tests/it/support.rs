//! A sandbox, a server on it, and a real MCP client in conversation.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::{Clock, HandClock};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt as _};
use sandbox::{Edit, Faults, Profile, Sandbox, SandboxOptions, Truth};
use serde_json::{Map, Value};
use spectora_mcp::app::App;
use spectora_mcp::config::{Company, Config};
use sync::{Scope, Silent};

/// The instant every test lives at: a Tuesday evening in Denver that is Wednesday in UTC.
pub(crate) const NOW: &str = "2026-11-25T02:30:00Z";

pub(crate) struct TestApp {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: RunningService<RoleClient, ()>,
    pub(crate) clock: Arc<HandClock>,
    /// The parts behind the server.
    pub(crate) parts: App,
    /// The mirrors' folder, when there are mirrors.
    folder: Option<tempfile::TempDir>,
    output_schemas: HashMap<String, Value>,
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Where an instant stands on the calendar and the clock of a zone, by the zone's offset at that instant.
pub(crate) fn civil(zone: &TimeZone, at: Timestamp) -> DateTime {
    zone.to_offset(at).to_datetime(at)
}

/// The same of Unix seconds, as the sandbox's truth has them.
pub(crate) fn civil_of(zone: &TimeZone, seconds: i64) -> DateTime {
    civil(zone, Timestamp::from_second(seconds).unwrap())
}

/// Days since 1970-01-01.
pub(crate) fn epoch_day(date: Date) -> i64 {
    i64::from((date - jiff::civil::date(1970, 1, 1)).get_days())
}

/// Cents as answers write money.
pub(crate) fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The middle number; of an even count the mean of the two in the middle.
pub(crate) fn middle(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let n = numbers.len();
    (n != 0).then(|| f64::midpoint(numbers[(n - 1) / 2], numbers[n / 2]))
}

/// Inspections of both companies unless a test says otherwise.
const INSPECTIONS: u64 = 3_000;

impl TestApp {
    pub(crate) async fn start(profile: Profile) -> Self {
        Self::with(|options| options.profile = profile, &[]).await
    }

    /// As [`Self::start`], on mirrors that were synced once.
    pub(crate) async fn kept(profile: Profile) -> Self {
        Self::filled(profile, false, &[]).await
    }

    /// These companies on mirrors that were synced once; they are filled for the first who asks and copied for the others.
    pub(crate) async fn filled(profile: Profile, changed_since: bool, companies: &[&str]) -> Self {
        type Filled = tokio::sync::OnceCell<PathBuf>;
        static KNOWN: Mutex<BTreeMap<String, Arc<Filled>>> = Mutex::new(BTreeMap::new());
        let change = |options: &mut SandboxOptions| {
            options.profile = profile;
            options.changed_since = changed_since;
        };
        let name = format!("{profile}-{changed_since}-{}", companies.join("-"));
        let filled = Arc::clone(KNOWN.lock().unwrap().entry(name.clone()).or_default());
        let template = filled
            .get_or_init(async || {
                let app = Self::build(change, companies, true).await;
                app.sync(Scope::Auto).await;
                let template = templates().join(name);
                copy_mirrors(app.folder.as_ref().unwrap().path(), &template);
                template
            })
            .await;
        let folder = tempfile::tempdir().unwrap();
        copy_mirrors(template, folder.path());
        let (sandbox, hand) = Self::service(change).await;
        Self::on(sandbox, hand, Some(folder), companies, |_| {}).await
    }

    /// Brings all mirrors up to date; gives the calls it took.
    pub(crate) async fn sync(&self, scope: Scope) -> u64 {
        let mut calls = 0;
        for (_, syncer) in self.parts.mirrors() {
            let report = syncer.unwrap().unwrap().sync(scope, &Silent).await.unwrap();
            assert!(report.is_complete(), "{report:?}");
            calls += report.calls;
        }
        calls
    }

    /// `companies` empty means both.
    pub(crate) async fn with(change: impl FnOnce(&mut SandboxOptions), companies: &[&str]) -> Self {
        Self::build(change, companies, false).await
    }

    /// One company with an empty mirror and so many calls a month.
    pub(crate) async fn budgeted(calls: u64) -> Self {
        Self::assemble(|_| {}, &["spectora_company1"], true, Some(calls)).await
    }

    /// With or without mirrors; new mirrors are empty.
    pub(crate) async fn build(change: impl FnOnce(&mut SandboxOptions), companies: &[&str], mirrors: bool) -> Self {
        Self::assemble(change, companies, mirrors, None).await
    }

    /// Both companies of a seed on mirrors that were synced once, told to count days in this zone.
    pub(crate) async fn in_zone(seed: u64, rows: u64, zone: &str) -> Self {
        Self::edited_in_zone(seed, rows, zone, |_| Vec::new()).await
    }

    /// The same, with the data changed before they were synced.
    pub(crate) async fn edited_in_zone(
        seed: u64,
        rows: u64,
        zone: &str,
        edits: impl FnOnce(&Truth) -> Vec<Edit>,
    ) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let change = |options: &mut SandboxOptions| {
            options.seed = seed;
            options.inspections = Some(rows);
        };
        let configure = |config: &mut Config| {
            config.companies.iter_mut().for_each(|company| company.timezone = zone.clone());
        };
        let app = Self::configured(change, &[], true, configure).await;
        app.sandbox.edit(&edits(&app.sandbox.truth()));
        app.sync(Scope::Auto).await;
        app
    }

    /// Three companies: both, and `spectora_third`, which is the second one's data by another name.
    pub(crate) async fn of_three() -> Self {
        let configure = |config: &mut Config| {
            let second = config.companies[1].clone();
            config.companies.push(Company { name: "spectora_third".parse().unwrap(), ..second });
        };
        Self::configured(|_| {}, &[], false, configure).await
    }

    /// Both companies without mirrors; the second one's key is refused.
    pub(crate) async fn with_a_refused_key() -> Self {
        let refuse = |config: &mut Config| config.companies[1].api_key = "key-that-nobody-has".to_owned().into();
        Self::configured(|options| options.inspections = Some(300), &[], false, refuse).await
    }

    async fn assemble(
        change: impl FnOnce(&mut SandboxOptions),
        companies: &[&str],
        mirrors: bool,
        budget: Option<u64>,
    ) -> Self {
        let configure = |config: &mut Config| {
            config.companies.iter_mut().for_each(|company| company.monthly_budget = budget);
        };
        Self::configured(change, companies, mirrors, configure).await
    }

    /// The same service and the same mirrors under another configuration, as after a restart.
    pub(crate) async fn reconfigured(self, configure: impl FnOnce(&mut Config)) -> Self {
        let Self { sandbox, clock, folder, .. } = self;
        Self::on(sandbox, clock, folder, &[], configure).await
    }

    /// With settings changed before the server is built.
    pub(crate) async fn configured(
        change: impl FnOnce(&mut SandboxOptions),
        companies: &[&str],
        mirrors: bool,
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let (sandbox, hand) = Self::service(change).await;
        let folder = mirrors.then(|| tempfile::tempdir().unwrap());
        Self::on(sandbox, hand, folder, companies, configure).await
    }

    async fn service(change: impl FnOnce(&mut SandboxOptions)) -> (Sandbox, Arc<HandClock>) {
        let hand = Arc::new(HandClock::new(now()));
        let mut options = SandboxOptions::new(now());
        options.clock = Arc::clone(&hand) as Arc<dyn Clock>;
        options.inspections = Some(INSPECTIONS);
        change(&mut options);
        (Sandbox::start(options).await.unwrap(), hand)
    }

    async fn on(
        sandbox: Sandbox,
        hand: Arc<HandClock>,
        folder: Option<tempfile::TempDir>,
        companies: &[&str],
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::clone(&hand) as Arc<dyn Clock>;
        let mut config = config_of(&sandbox, companies);
        configure(&mut config);
        config.data_dir = folder.as_ref().map(|folder| folder.path().to_owned());
        let parts = App::build(&config, &clock).unwrap();
        let server = parts.server();
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        let client = ().serve(ours).await.unwrap();
        let tools = client.list_all_tools().await.unwrap();
        let output_schemas = tools
            .into_iter()
            .map(|tool| (tool.name.to_string(), Value::Object((*tool.output_schema.unwrap()).clone())))
            .collect();
        Self { sandbox, client, clock: hand, parts, folder, output_schemas }
    }

    pub(crate) fn set_faults(&self, rules: &[&str]) {
        self.sandbox.set_faults(Faults::parse(rules.iter().copied()).unwrap());
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> CallToolResult {
        let arguments: Map<String, Value> = arguments.as_object().unwrap().clone();
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        self.client.call_tool(request).await.unwrap()
    }

    /// The structured answer, checked against the published schema.
    #[track_caller]
    pub(crate) fn answer(&self, tool: &str, arguments: Value) -> impl Future<Output = Value> {
        let told = self.told(tool, arguments);
        async move { told.await.0 }
    }

    /// As [`Self::answer`], with the text beside it.
    #[track_caller]
    pub(crate) fn told(&self, tool: &str, arguments: Value) -> impl Future<Output = (Value, String)> {
        let tool = tool.to_owned();
        async move {
            let result = self.call(&tool, arguments.clone()).await;
            let text = text(&result);
            assert_ne!(result.is_error, Some(true), "{tool} {arguments}: {text}");
            let answer = result.structured_content.unwrap();
            let valid = validator(&self.output_schemas[&tool]).validate(&answer);
            assert!(valid.is_ok(), "{tool} {arguments}: {valid:?}");
            (answer, text)
        }
    }

    pub(crate) async fn failure(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments.clone()).await;
        assert_eq!(result.is_error, Some(true), "{tool} {arguments}");
        assert!(result.structured_content.is_none(), "an error carries text only");
        text(&result)
    }

    /// Every id of a list, over all its pages, with the total of the first.
    pub(crate) async fn all_ids(&self, tool: &str, arguments: Value) -> (Vec<String>, Option<u64>) {
        let mut ids = Vec::new();
        let mut arguments = arguments;
        let mut total = None;
        for page in 0..200 {
            let answer = self.answer(tool, arguments.clone()).await;
            if page == 0 {
                total = answer["total"].as_u64();
            }
            ids.extend(answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match answer.get("next_cursor") {
                Some(cursor) => arguments["cursor"] = cursor.clone(),
                None => return (ids, total),
            }
        }
        panic!("a list without an end");
    }
}

/// Checks answers against a published schema. Made once for each schema in a run of tests.
fn validator(schema: &Value) -> Arc<jsonschema::Validator> {
    static KNOWN: Mutex<BTreeMap<String, Arc<jsonschema::Validator>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let validator = known.entry(schema.to_string());
    Arc::clone(validator.or_insert_with(|| Arc::new(jsonschema::validator_for(schema).unwrap())))
}

/// Where filled mirrors of this run are kept to be copied. What a run before left there is deleted.
fn templates() -> PathBuf {
    const OLD: std::time::Duration = std::time::Duration::from_secs(3_600);
    let all = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("filled-mirrors");
    for entry in std::fs::read_dir(&all).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|known| known.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| OLD < age) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    all.join(std::process::id().to_string())
}

/// Copies the mirrors of a folder, without the count of calls.
fn copy_mirrors(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The shared memory of a log belongs to whoever has it open.
        if name.starts_with("spectora_") && !name.ends_with("-shm") && !name.contains(".lock") {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

pub(crate) fn config_of(sandbox: &Sandbox, companies: &[&str]) -> Config {
    let wanted = |name: &str| companies.is_empty() || companies.contains(&name);
    let companies = sandbox.companies().iter().filter(|company| wanted(company.name)).map(|company| Company {
        name: company.name.parse().unwrap(),
        display_name: None,
        timezone: TimeZone::get(company.timezone).unwrap(),
        api_key: company.api_key.clone().into(),
        requests_per_minute: 10_000.try_into().unwrap(),
        known_services: vec!["Pool, Spa & Deck Inspection".to_owned()],
        naming: domain::Naming::default(),
        week_starts: domain::WeekStart::Monday,
        monthly_budget: None,
        keeping: spectora_mcp::config::Keeping::default(),
        forgotten: spectora::Forgotten::default(),
    });
    Config {
        companies: companies.collect(),
        base_url: Some(sandbox.base_url()),
        paths: BTreeMap::new(),
        data_dir: None,
        changed_since_filter: None,
        corrections: Arc::default(),
        files: Vec::new(),
        sources: Vec::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text()).map(|block| block.text.as_str()).collect()
}
