//! The whole life of a mirror, decided by a seed: edits at the service, webhooks lost, doubled and out of order, deltas,
//! full passes, kills, restarts, a second process, faults, clocks that are set, filters that stop working, other zones.
//!
//! After every step: whatever an answer calls complete as of an instant holds every change made before it, and nothing
//! that never was; and no request is missing from the count of calls. At the end, with the service well again, the mirror
//! equals it.
//!
//! `SIMULATION_SEEDS=0..10000 cargo test --test it simulation:: -- --nocapture` runs more of them, and
//! `SIMULATION_TRACE=1` tells each step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Clock, HandClock, InspectionOrder, InspectionQuery};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mirror::{Kind, Ledger, LedgerSettings, Mirror, MirrorSettings};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use records::Records;
use sandbox::{ChangedSince, Edit, Faults, Profile, Sandbox, SandboxOptions, Truth};
use spectora::{CallMeter, ClientLimits, ClientSettings, Http, SpectoraClient};
use sync::{LedgerMeter, Scope, Silent, SyncSettings, Syncer};

use crate::support::now;

/// Lives in every test run; the variable asks for others.
const SEEDS: std::ops::Range<u64> = 0..120;
/// Inspections of both companies together; the mirror holds the first one's.
const ROWS: u64 = 40;
/// Agents of each company.
const AGENTS: usize = 8;
/// Rows to a page, so that a pass has several.
const PAGE_ROWS: u32 = 8;
/// What clocks can be apart without being seen to be.
const SLACK: SignedDuration = SignedDuration::from_secs(4);
/// So many readings in good order must make all well: what shrank suddenly is believed when a later one says the same.
const READINGS_MAX: usize = 3;

/// The facts of an inspection that are compared.
type Facts = (i64, i64, bool, bool, Option<i64>, Option<i64>);

/// One state of an inspection: from when it stood, by the clocks, and what it said; `None` while there is none.
#[derive(Clone, Debug)]
struct Version {
    /// The latest instant that both clocks had shown by then.
    from: Timestamp,
    facts: Option<Facts>,
}

/// Every state every inspection was ever in.
struct History {
    versions: BTreeMap<u64, Vec<Version>>,
    /// The latest instant that both clocks have shown.
    shown: Timestamp,
    /// Every month our clock has shown: calls are counted in these.
    months: BTreeSet<u32>,
}

impl History {
    fn see(&mut self, ours: &HandClock, theirs: &HandClock) {
        self.shown = self.shown.max(ours.now().min(theirs.now()));
        let date = TimeZone::UTC.to_datetime(ours.now()).date();
        self.months.insert(u32::try_from(i32::from(date.year()) * 100 + i32::from(date.month())).unwrap());
    }

    fn take(&mut self, truth: &Truth) {
        for row in &truth.companies[0].inspections {
            let there = row.deleted_at.is_none() && !row.vanished;
            let facts = there.then(|| {
                let cents = i64::from(row.quote_cents);
                (row.starts_at, cents, row.paid, row.confirmed, row.canceled_at, row.published_at)
            });
            let before =
                self.versions.entry(row.id).or_insert_with(|| vec![Version { from: Timestamp::MIN, facts: None }]);
            if before.last().unwrap().facts != facts {
                before.push(Version { from: self.shown, facts });
            }
        }
    }

    /// Whether an answer about all that begins at or after `from` is right; why not, when it is not.
    fn check(
        &self,
        came: &BTreeMap<u64, Facts>,
        from: Option<i64>,
        as_of: Timestamp,
        is_complete: bool,
    ) -> Result<(), String> {
        let unknown = came.keys().find(|id| !self.versions.contains_key(id));
        if let Some(id) = unknown {
            return Err(format!("{id} never was"));
        }
        for (id, versions) in &self.versions {
            // Whatever changed while a clock showed the instant may be in or not.
            let settled = versions.iter().rposition(|version| {
                version.from.saturating_add(SLACK).unwrap() < as_of || version.from == Timestamp::MIN
            });
            let possible = if is_complete { &versions[settled.unwrap_or(0)..] } else { &versions[..] };
            let in_range = |facts: &Facts| from.is_none_or(|from| from <= facts.0);
            let fits = match came.get(id) {
                Some(facts) => possible.iter().any(|version| version.facts.as_ref() == Some(facts)),
                None => {
                    !is_complete
                        || possible.iter().any(|version| version.facts.as_ref().is_none_or(|facts| !in_range(facts)))
                }
            };
            if !fits {
                return Err(format!("{id} as of {as_of}: came {:?}, possible {possible:?}", came.get(id)));
            }
        }
        Ok(())
    }
}

/// Every inspection the mirror would answer with that begins at or after `from`. `Err` when one lies on another day than
/// it does in the zone of whoever answers.
fn answered(syncer: &Syncer, from: Option<i64>) -> Result<BTreeMap<u64, Facts>, String> {
    let facts = syncer.mirror().read_now(|snapshot| snapshot.facts()).unwrap();
    let second = |at: Option<i64>| at.map(|at| at / 1_000);
    let zone = syncer.mirror().timezone();
    let misdated = facts.rows().iter().find(|row| {
        let starts_at = Timestamp::from_millisecond(row.starts_at()).unwrap();
        row.day() != domain::epoch_day(zone.to_datetime(starts_at).date())
    });
    if let Some(row) = misdated {
        return Err(format!("{} is on the wrong day for {:?}", row.pk(), zone.iana_name()));
    }
    let rows = facts.rows().iter().map(|row| {
        let facts = (
            row.starts_at() / 1_000,
            row.quote().unwrap() / 100,
            row.paid().unwrap(),
            row.confirmed().unwrap(),
            second(row.canceled_at()),
            second(row.published_at()),
        );
        (row.pk().unsigned_abs(), facts)
    });
    Ok(rows.filter(|(_, facts)| from.is_none_or(|from| from <= facts.0)).collect())
}

/// One process on the mirror.
struct Process {
    client: SpectoraClient,
    syncer: Arc<Syncer>,
    records: Records,
}

struct Life {
    rng: ChaCha8Rng,
    sandbox: Sandbox,
    ours: Arc<HandClock>,
    theirs: Arc<HandClock>,
    history: Arc<Mutex<History>>,
    folder: tempfile::TempDir,
    zone: &'static str,
    processes: Vec<Process>,
    /// Deliveries on their way.
    deliveries: Vec<(Kind, u64)>,
    kills: u64,
    trace: Vec<String>,
    tells: bool,
}

fn open(life_folder: &std::path::Path, sandbox: &Sandbox, zone: &str, ours: &Arc<HandClock>) -> Process {
    let company = &sandbox.companies()[0];
    let clock: Arc<dyn Clock> = Arc::clone(ours) as Arc<dyn Clock>;
    let ledger = Ledger::open(life_folder).unwrap();
    let calls = LedgerSettings {
        company: company.name.parse().unwrap(),
        per_minute: 1_000_000,
        per_minute_background: 1_000_000,
        monthly_budget: None,
    };
    let meter: Arc<dyn CallMeter> = Arc::new(LedgerMeter::new(Arc::clone(&ledger), calls.clone(), Arc::clone(&clock)));
    let short = Duration::from_millis(1);
    let limits = ClientLimits {
        backoff_first: short,
        backoff_max: short,
        pause_first: short,
        retry_after_max: short,
        ..ClientLimits::default()
    };
    let base_url = sandbox.base_url().parse().unwrap();
    let settings = ClientSettings {
        corrections: Arc::default(),
        forgotten: spectora::Forgotten::default(),
        company: company.name.parse().unwrap(),
        http: Http::new(&base_url, &limits).unwrap(),
        base_url,
        api_key: company.api_key.clone().into(),
        timezone: TimeZone::get(zone).unwrap(),
        paths: BTreeMap::new(),
        requests_per_minute: 1_000_000.try_into().unwrap(),
        limits,
        known_services: Vec::new(),
        naming: domain::Naming::default(),
        changed_since: None,
        meter: Some(meter),
        watch: None,
    };
    let client = SpectoraClient::new(settings, Arc::clone(&clock)).unwrap();
    let mirror = Mirror::open(MirrorSettings {
        folder: life_folder.to_owned(),
        company: company.name.parse().unwrap(),
        timezone: TimeZone::get(zone).unwrap(),
        mapping: zone.to_owned(),
        clock: Arc::clone(&clock),
    })
    .unwrap();
    let settings = SyncSettings {
        calls,
        // Questions here ask for nothing by themselves: what the mirror claims is looked at as it stands.
        max_staleness: Duration::from_secs(u64::from(u32::MAX) * 10),
        history: Duration::from_secs(400 * 86_400),
        inspections_to_a_page: PAGE_ROWS,
    };
    let syncer = Syncer::new(&client, mirror, ledger, settings, Arc::clone(&clock));
    let records = Records::new(client.clone(), clock).with_mirror(Arc::clone(&syncer));
    Process { client, syncer, records }
}

impl Life {
    async fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (ours, theirs) = (Arc::new(HandClock::new(now())), Arc::new(HandClock::new(now())));
        let mut options = SandboxOptions::new(now());
        options.seed = seed;
        options.inspections = Some(ROWS);
        options.agents_max = Some(AGENTS);
        options.clock = Arc::clone(&theirs) as Arc<dyn Clock>;
        options.changed_since = rng.random_bool(0.7);
        options.profile = match rng.random_range(0..10) {
            0 => Profile::Minimal,
            1 => Profile::Strict,
            _ => Profile::Full,
        };
        let trace = vec![format!("changed_since {} profile {}", options.changed_since, options.profile)];
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut history = History { versions: BTreeMap::new(), shown: Timestamp::MIN, months: BTreeSet::new() };
        history.take(&sandbox.truth());
        history.see(&ours, &theirs);
        let zone = "America/Denver";
        let processes = vec![open(folder.path(), &sandbox, zone, &ours)];
        #[expect(clippy::disallowed_methods, reason = "whoever looks for a fault asks for it")]
        let tells = std::env::var_os("SIMULATION_TRACE").is_some();
        Self {
            rng,
            sandbox,
            ours,
            theirs,
            history: Arc::new(Mutex::new(history)),
            folder,
            zone,
            processes,
            deliveries: Vec::new(),
            kills: 0,
            trace,
            tells,
        }
    }

    fn tell(&mut self, what: String) {
        if self.tells {
            eprintln!("  {what}");
        }
        self.trace.push(what);
    }

    fn random_edits(&mut self, most: usize) -> Vec<Edit> {
        let count = self.rng.random_range(1..=most);
        let seed = self.rng.random();
        Edit::random(&self.sandbox.truth(), 0, seed, count, true)
    }

    fn edit(&mut self, most: usize) {
        let edits = self.random_edits(most);
        self.tell(format!("{edits:?}"));
        let ids = self.sandbox.edit(&edits);
        self.history.lock().unwrap().take(&self.sandbox.truth());
        for (edit, id) in edits.iter().zip(ids) {
            let kind = match edit {
                Edit::RenameAgent { .. } | Edit::NewAgent { .. } => Kind::Agents,
                Edit::RenameClient { .. } | Edit::NewClient { .. } => Kind::Clients,
                _ => Kind::Inspections,
            };
            // Lost, told once, or told twice.
            for _ in 0..self.rng.random_range(0..3) {
                let place = self.rng.random_range(0..=self.deliveries.len());
                self.deliveries.insert(place, (kind, id));
            }
        }
    }

    /// Changes of which no delivery comes, ten minutes ago.
    fn edit_unheard(&mut self) {
        let waiting = std::mem::take(&mut self.deliveries);
        self.edit(2);
        self.deliveries = waiting;
        self.move_clocks(SignedDuration::from_mins(10));
    }

    fn move_clocks(&mut self, by: SignedDuration) {
        self.ours.forward(by);
        self.theirs.forward(by);
        self.history.lock().unwrap().see(&self.ours, &self.theirs);
    }

    /// What the service does to somebody who syncs now: edits in between, and faults.
    fn trouble(&mut self) -> Vec<String> {
        let mut rules: Vec<String> = Vec::new();
        let endpoints = ["inspections", "connections", "contacts", "*"];
        for _ in 0..self.rng.random_range(0..3) {
            let target = endpoints[self.rng.random_range(0..endpoints.len())];
            let at = self.rng.random_range(1..8);
            rules.push(match self.rng.random_range(0..10) {
                0 => format!("{target}:{at}=400"),
                1 => format!("{target}:{at}-{}=400", at + 2),
                2 => format!("{target}:{at}=400-html"),
                3 => format!("{target}:{at}-{}=404-html", at + 5),
                4 => format!("{target}:{at}-{}=503", at + 5),
                5 => format!("{target}:{at}=429-bare"),
                6 => format!("{target}:{at}=type"),
                // What a first reading is never shown, nobody can miss.
                7 if self.is_filled() => "inspections:1+=vanish:23".to_owned(),
                8 => format!("{target}:20%=any"),
                _ => format!("{target}:{at}=cut"),
            });
        }
        // Slow replies cost time and show nothing here.
        rules
    }

    fn is_filled(&self) -> bool {
        let mirror = self.processes[0].syncer.mirror();
        mirror.read_now(|snapshot| Ok(snapshot.coverage(Kind::Inspections)?.full_at.is_some())).unwrap()
    }

    /// Runs a sync of one process, with edits between its requests, perhaps killed in the middle.
    async fn sync(&mut self, process: usize, scope: Scope) {
        let faults = self.trouble();
        self.sandbox.set_faults(Faults::parse(faults.iter().map(String::as_str)).unwrap());
        let edits: Vec<(u64, Vec<Edit>)> = if self.rng.random_bool(0.4) {
            let at = self.rng.random_range(2..12);
            vec![(at, self.random_edits(2)), (at + self.rng.random_range(0..3), self.random_edits(2))]
        } else {
            Vec::new()
        };
        let kill_at = self.rng.random_bool(0.25).then(|| self.rng.random_range(1..15));
        self.tell(format!("process {process} {scope:?}, faults {faults:?}, kill {kill_at:?}, meanwhile {edits:?}"));
        let killed = Arc::new(tokio::sync::Notify::new());
        let signal = Arc::clone(&killed);
        let (history, ours, theirs) = (Arc::clone(&self.history), Arc::clone(&self.ours), Arc::clone(&self.theirs));
        let mut truth_at = edits;
        self.sandbox.set_script(Some(Box::new(move |request, truth| {
            if Some(request) == kill_at {
                signal.notify_one();
            }
            // A request takes a moment.
            ours.forward(SignedDuration::from_millis(300));
            theirs.forward(SignedDuration::from_millis(300));
            let mut history = history.lock().unwrap();
            // As the edits before the last request left it.
            history.take(truth);
            history.see(&ours, &theirs);
            let due = truth_at.iter().position(|(at, _)| *at == request);
            due.map(|place| truth_at.swap_remove(place).1).unwrap_or_default()
        })));
        let syncer = Arc::clone(&self.processes[process].syncer);
        let outcome = tokio::select! {
            biased;
            () = killed.notified() => None,
            done = syncer.sync(scope, &Silent) => Some(done),
        };
        self.sandbox.set_script(None);
        self.sandbox.set_faults(Faults::none());
        self.history.lock().unwrap().take(&self.sandbox.truth());
        match outcome {
            Some(done) => {
                let text = match done {
                    Ok(report) => format!("  {} calls, missing {:?}", report.calls, report.gaps),
                    Err(error) => format!("  {error}"),
                };
                self.tell(text);
            }
            None => {
                self.kills += 1;
                self.tell("  killed".to_owned());
                self.restart(process);
            }
        }
    }

    fn restart(&mut self, process: usize) {
        self.processes[process] = open(self.folder.path(), &self.sandbox, self.zone, &self.ours);
    }

    async fn deliver(&mut self) {
        // What a record is looked up through may fail, and say that nothing is there.
        let faults = ["*:1=404-html", "*:1-3=404-html", "*:1=503", "*:2=400"];
        let faults = faults.get(self.rng.random_range(0..2 * faults.len())).into_iter().copied();
        self.sandbox.set_faults(Faults::parse(faults.clone()).unwrap());
        let count = self.rng.random_range(0..=self.deliveries.len());
        for (kind, id) in self.deliveries.drain(..count).collect::<Vec<_>>() {
            let event = match kind {
                Kind::Inspections => "inspection.changed",
                Kind::Clients => "contact.updated",
                _ => "connection.updated",
            };
            let body = format!(r#"{{"id":"evt_1","event":"{event}","data":{{"id":"{id}"}}}}"#);
            let envelope = sync::Envelope::parse(body.as_bytes()).unwrap();
            self.processes[0].syncer.deliver(envelope).await.unwrap();
        }
        let done = self.processes[0].syncer.drain().await;
        self.sandbox.set_faults(Faults::none());
        self.history.lock().unwrap().take(&self.sandbox.truth());
        let text = match done {
            Ok((read, _)) => format!("{count} deliveries, faults {:?}, {read} read", faults.collect::<Vec<_>>()),
            Err(error) => format!("{count} deliveries, {error}"),
        };
        self.tell(text);
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..27) {
            0..=4 => self.edit(4),
            5..=7 => {
                let seconds = [20, 60, 600, 1_200, 3_600, 5_400, 30_000, 130_000];
                let by = seconds[self.rng.random_range(0..seconds.len())];
                self.tell(format!("{by} s later"));
                self.move_clocks(SignedDuration::from_secs(by));
            }
            8..=12 => self.sync(0, Scope::Auto).await,
            13 | 14 => self.sync(0, Scope::Due).await,
            15 => self.sync(0, Scope::Full).await,
            16..=18 => self.deliver().await,
            19 => {
                self.tell("restart".to_owned());
                self.restart(0);
            }
            20 => {
                // A second process, for this one time or for good.
                if self.processes.len() == 1 {
                    self.processes.push(open(self.folder.path(), &self.sandbox, self.zone, &self.ours));
                }
                self.sync(1, Scope::Auto).await;
            }
            21 => {
                let becomes =
                    [ChangedSince::Works, ChangedSince::Ignored, ChangedSince::FindsNothing, ChangedSince::Refused];
                let becomes = becomes[self.rng.random_range(0..becomes.len())];
                self.tell(format!("the filter by the time of change: {becomes:?}"));
                self.sandbox.set_changed_since(becomes);
                if self.rng.random_bool(0.5) {
                    self.edit_unheard();
                    self.sync(0, Scope::Auto).await;
                }
            }
            22 | 23 => {
                // One of the clocks is set to another time, and stays so.
                let by = [-5_400, -300, 300, 5_400, 400 * 86_400, -400 * 86_400][self.rng.random_range(0..6)];
                let is_ours = 10_000 < i64::abs(by) || self.rng.random_bool(0.5);
                let clock = if is_ours { &self.ours } else { &self.theirs };
                clock.set(clock.now().saturating_add(SignedDuration::from_secs(by)).unwrap());
                self.history.lock().unwrap().see(&self.ours, &self.theirs);
                self.tell(format!("{} clock set by {by} s", if is_ours { "our" } else { "their" }));
            }
            24 | 25 => {
                // A change that nobody is told of, and then some that are.
                self.edit_unheard();
                self.edit(3);
                self.deliver().await;
                self.sync(0, Scope::Auto).await;
            }
            _ => {
                // To count days elsewhere costs a derivation of all that is here.
                self.zone = if self.zone == "America/Denver" { "Pacific/Kiritimati" } else { "America/Denver" };
                self.tell(format!("zone {}", self.zone));
                self.processes.truncate(1);
                self.restart(0);
            }
        }
    }

    /// What the mirror says now is right.
    async fn check(&mut self) -> Result<(), String> {
        for number in 0..self.processes.len() {
            self.check_process(number).await?;
        }
        // Whatever left is counted; a request that was called off on its way is counted and may not have come.
        let counted = self.processes[0].syncer.mirror().company().clone();
        let name = counted.to_string();
        let came = self.sandbox.log().iter().filter(|request| request.company.as_deref() == Some(&name)).count() as u64;
        let ledger = Ledger::open(self.folder.path()).unwrap();
        let settings =
            LedgerSettings { company: counted, per_minute: 1, per_minute_background: 1, monthly_budget: None };
        let months = self.history.lock().unwrap().months.clone();
        let total: u64 = months.iter().map(|month| ledger.month(&settings, *month).unwrap().total).sum();
        if total < came || came + self.kills < total {
            return Err(format!("{total} calls counted, {came} came, {} kills", self.kills));
        }
        Ok(())
    }

    async fn check_process(&self, number: usize) -> Result<(), String> {
        let process = &self.processes[number];
        let coverage = process.syncer.mirror().read_now(|snapshot| snapshot.coverage(Kind::Inspections)).unwrap();
        let mut spans = Vec::new();
        if coverage.full_at.is_some() {
            spans.push(None);
        }
        let covered =
            coverage.window_from.or(coverage.reach).filter(|_| coverage.full_at.is_some() || coverage.reach.is_some());
        if let Some(covered) = covered {
            spans.push(Some(covered));
        }
        for from in spans {
            let mut query = InspectionQuery { now: self.ours.now(), ..InspectionQuery::default() };
            let zone = process.client.timezone().clone();
            let first = from.map(|from| {
                let day = zone.to_datetime(from).date().tomorrow().unwrap().tomorrow().unwrap();
                let last = jiff::civil::date(2199, 12, 31);
                query.starts = Some(domain::DateRange::new(day, last).unwrap().instants(&zone));
                day.to_zoned_datetime(zone.clone()).unwrap().timestamp().as_second()
            });
            let before = self.sandbox.log().len();
            // One row is enough to be told what the whole is based on.
            let list = process.records.inspections(&query, InspectionOrder::Newest, None, 1).await;
            let list = list.map_err(|error| format!("no answer: {error}"))?;
            if list.basis.source != records::Source::Mirror {
                continue;
            }
            if self.sandbox.log().len() != before {
                return Err("an answer from the mirror asked the service".to_owned());
            }
            let is_complete = list.basis.is_complete();
            if self.tells {
                eprintln!("    {first:?}: as of {}, {:?}", list.basis.as_of, list.basis.gaps);
            }
            if self.ours.now() < list.basis.as_of {
                return Err(format!("as of {}, which is in the future", list.basis.as_of));
            }
            let came = answered(&process.syncer, first)?;
            if list.total != Some(came.len() as u64) {
                return Err(format!("{:?} in all, {} of them here", list.total, came.len()));
            }
            let checked = self.history.lock().unwrap().check(&came, first, list.basis.as_of, is_complete);
            checked.map_err(|error| format!("process {number}, from {first:?}, {:?}: {error}", list.basis))?;
        }
        Ok(())
    }

    /// A mirror that is filled, and knows what the service answers to.
    async fn settle(&mut self) {
        for _ in 0..2 {
            let done = self.processes[0].syncer.sync(Scope::Auto, &Silent).await;
            self.tell(format!("  {:?}", done.map(|report| report.gaps)));
            self.move_clocks(SignedDuration::from_mins(20));
        }
    }

    /// With everything well again, the mirror becomes what the service has.
    async fn heal(&mut self) -> Result<(), String> {
        self.tell("all is well again".to_owned());
        let latest = self.ours.now().max(self.theirs.now()).max(self.history.lock().unwrap().shown);
        self.ours.set(latest);
        self.theirs.set(latest);
        self.sandbox.set_faults(Faults::none());
        self.processes.truncate(1);
        self.restart(0);
        let mut why = String::new();
        for _ in 0..READINGS_MAX {
            self.move_clocks(SignedDuration::from_hours(40));
            let done = self.processes[0].syncer.sync(Scope::Due, &Silent).await;
            self.tell(format!("  {:?}", done.map(|report| report.gaps)));
            self.check().await?;
            let missing = self.processes[0].syncer.gaps().await.unwrap();
            // As of the last reading, and nothing happened since: the mirror is what the service has.
            let came = answered(&self.processes[0].syncer, None)?;
            let is_equal = self.history.lock().unwrap().check(&came, None, Timestamp::MAX, true);
            why = match is_equal {
                Ok(()) if missing.is_empty() => return Ok(()),
                Ok(()) => format!("still missing {missing:?}"),
                Err(differs) => differs,
            };
        }
        Err(why)
    }
}

async fn live(seed: u64) -> Result<(), String> {
    let mut life = Life::new(seed).await;
    if life.rng.random_bool(0.6) {
        // Where all is well at first, there is something to go wrong later.
        life.settle().await;
    }
    let steps = life.rng.random_range(3..12);
    let mut result = Ok(());
    for _ in 0..steps {
        life.step().await;
        result = life.check().await;
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        result = life.heal().await;
    }
    result.map_err(|error| format!("seed {seed}: {error}\n  {}", life.trace.join("\n  ")))
}

fn seeds() -> std::ops::Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "whoever looks for a fault asks for it")]
    let asked = std::env::var("SIMULATION_SEEDS").ok();
    let asked = asked.and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    asked.unwrap_or(SEEDS)
}

#[test]
fn whatever_is_called_complete_is() {
    // Runtimes of one thread each, so that a life is decided by its seed alone; two for each core, since they wait too.
    const THREADS: u64 = 4;
    let seeds = seeds();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let lives: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (seeds, failures) = (seeds.clone(), Arc::clone(&failures));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for seed in seeds.filter(|seed| seed % THREADS == thread) {
                    if let Err(failure) = runtime.block_on(live(seed)) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            })
        })
        .collect();
    for life in lives {
        life.join().unwrap();
    }
    let failures = failures.lock().unwrap();
    let seeds_of: Vec<&str> = failures.iter().filter_map(|failure| failure.split(':').next()).collect();
    let told = failures.iter().take(3).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        failures.is_empty(),
        "{} of {} lives ({}):\n{told}",
        failures.len(),
        seeds.end - seeds.start,
        seeds_of.join(", ")
    );
}
