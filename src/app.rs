//! The long-lived parts, built once from the settled configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::{Company, Config};
use crate::operations::{CompanyState, Metrics};
use crate::transport::{Delivered, Deliveries};
use answers::Companies;
use domain::{Clock, CompanyName};
use mcp::{SpectoraServer, ToolChoice};
use mirror::{Ledger, LedgerSettings, Mirror, MirrorError, MirrorSettings};
use records::Records;
use spectora::{
    BaseUrl, BaseUrlError, CallMeter, ChangedSinceName, ClientBuildError, ClientLimits, ClientSettings, Endpoint, Http,
    KEY_REFUSED, RequestWatch, SentRequest, SpectoraClient, background_share,
};
use sync::{self, Begins, LedgerMeter, Received, SyncSettings, Syncer, WANTED_FOR};

/// What the typed columns of a mirror are derived by. A new number derives them anew from the raw records.
const MAPPING_VERSION: u32 = 6;

/// The parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is not one a key is sent to.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// Nothing can be connected to.
    #[error("{0}")]
    Connection(ClientBuildError),
    /// No client can be made for a company.
    #[error("company {company}: {source}")]
    Client {
        /// Which.
        company: CompanyName,
        /// Why.
        source: ClientBuildError,
    },
}

impl AppError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::BaseUrl(_) => "correct `base_url` under [api] (or --base-url, SPECTORA_BASE_URL), or leave it out",
            Self::Connection(error) | Self::Client { source: error, .. } => error.remedy(),
        }
    }
}

/// One company's parts.
struct Part {
    company: Company,
    client: SpectoraClient,
    syncer: Option<Arc<Syncer>>,
    records: Arc<Records>,
    /// Ends what keeps it fresh; empty until that begins.
    keeping: OnceLock<CancellationToken>,
}

/// What all companies share.
#[derive(Clone)]
struct Shared {
    base_url: BaseUrl,
    http: Http,
    ledger: Option<Arc<Ledger>>,
    clock: Arc<dyn Clock>,
    tasks: sync::Tasks,
    requests: Arc<Requests>,
}

/// How many companies a new configuration makes different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompanyChanges {
    /// They were not there.
    pub added: usize,
    /// Something about them is different.
    pub changed: usize,
    /// They are not there any more.
    pub removed: usize,
}

/// Everything that is built from one configuration.
pub struct App {
    config: Config,
    shared: Shared,
    parts: Vec<Arc<Part>>,
}

impl App {
    /// Clients, and mirrors where the configuration names a folder. No request is made and no file is opened: a mirror
    /// that cannot be used is no failure, its company is answered for by the service until it can.
    pub fn build(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, AppError> {
        Self::counted(config, clock, None)
    }

    /// The same, with each request to the service counted in `metrics`.
    pub fn counted(config: &Config, clock: &Arc<dyn Clock>, metrics: Option<&Arc<Metrics>>) -> Result<Self, AppError> {
        let requests = Requests { metrics: metrics.cloned(), key_refused: Notify::new() };
        Self::beside(config, clock, sync::Tasks::default(), Arc::new(requests))
    }

    fn beside(
        config: &Config,
        clock: &Arc<dyn Clock>,
        tasks: sync::Tasks,
        requests: Arc<Requests>,
    ) -> Result<Self, AppError> {
        let base_url: BaseUrl = config.base_url.as_deref().unwrap_or(BaseUrl::DEFAULT).parse()?;
        let http = Http::new(&base_url, &ClientLimits::default()).map_err(AppError::Connection)?;
        let ledger = config.data_dir.as_deref().map(Ledger::at);
        let shared = Shared { base_url, http, ledger, clock: Arc::clone(clock), tasks, requests };
        let parts = config.companies.iter().map(|company| Part::build(config, company, &shared).map(Arc::new));
        let parts = parts.collect::<Result<_, _>>()?;
        Ok(Self { config: config.clone(), shared, parts })
    }

    /// The parts for a configuration that comes after this one's. Companies of which nothing is different keep theirs, with
    /// all that is remembered; what goes on beside questions stays that of one owner.
    pub fn renewed(&self, config: &Config) -> Result<Self, AppError> {
        if !self.config.has_service_of(config) {
            let shared = &self.shared;
            return Self::beside(config, &shared.clock, shared.tasks.clone(), Arc::clone(&shared.requests));
        }
        let known = |company: &Company| self.parts.iter().find(|part| part.company.is_same(company)).cloned();
        let parts = config.companies.iter().map(|company| match known(company) {
            Some(part) => Ok(part),
            None => Part::build(config, company, &self.shared).map(Arc::new),
        });
        Ok(Self { config: config.clone(), shared: self.shared.clone(), parts: parts.collect::<Result<_, _>>()? })
    }

    /// What is different since `previous`.
    pub fn changes_since(&self, previous: &Self) -> CompanyChanges {
        let is_named_in = |app: &Self, name: &CompanyName| app.parts.iter().any(|part| part.company.name == *name);
        let others = self.parts.iter().filter(|part| !previous.has(part));
        let (changed, added): (Vec<_>, Vec<_>) = others.partition(|part| is_named_in(previous, &part.company.name));
        let removed = previous.parts.iter().filter(|part| !is_named_in(self, &part.company.name));
        CompanyChanges { added: added.len(), changed: changed.len(), removed: removed.count() }
    }

    fn has(&self, part: &Arc<Part>) -> bool {
        self.parts.iter().any(|own| Arc::ptr_eq(own, part))
    }

    /// Gives way to the one that comes after: companies that are not in it are no longer kept fresh. Questions that are
    /// being answered go on; files are closed with the last of them.
    pub fn retire(&self, next: &Self) {
        for part in self.parts.iter().filter(|part| !next.has(part)) {
            if let Some(keeping) = part.keeping.get() {
                keeping.cancel();
            }
        }
    }

    /// Lets companies that are not in `previous` be asked at once, whatever failed before: the key may be another one.
    pub async fn forget_failures(&self, previous: &Self) {
        for part in self.parts.iter().filter(|part| !previous.has(part)) {
            let Some(syncer) = &part.syncer else { continue };
            if let Err(error) = syncer.forget_failure().await {
                tracing::warn!(company = %part.company.name, %error, "that a sync failed before is not forgotten");
            }
        }
    }

    /// Ends once a key was refused that was not told of before.
    pub async fn key_refused(&self) {
        self.shared.requests.key_refused.notified().await;
    }

    /// Ends what goes on beside questions.
    pub async fn end(&self) {
        self.shared.tasks.end().await;
    }

    /// Closes the files for good: nothing is written after that, whatever still runs.
    pub fn close(&self) {
        self.syncers().for_each(|syncer| syncer.mirror().close());
        self.shared.ledger.iter().for_each(|ledger| ledger.close());
    }

    /// The count of calls, where there are mirrors.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.shared.ledger.as_ref()
    }

    fn syncers(&self) -> impl Iterator<Item = &Arc<Syncer>> {
        self.parts.iter().filter_map(|part| part.syncer.as_ref())
    }

    /// The MCP server on these parts.
    pub fn server(&self) -> SpectoraServer {
        self.server_with(&ToolChoice::Default)
    }

    /// The MCP server on these parts, with the tools chosen.
    pub fn server_with(&self, choice: &ToolChoice) -> SpectoraServer {
        SpectoraServer::new(self.companies(), choice)
    }

    /// What the tools answer from.
    pub fn companies(&self) -> Companies {
        let one = |part: &Arc<Part>| answers::Company {
            name: part.company.name.clone(),
            display_name: part.company.display_name.clone(),
            records: Arc::clone(&part.records),
        };
        Companies::new(self.parts.iter().map(one).collect(), Arc::clone(&self.shared.clock))
    }

    /// Their names, in order.
    pub fn names(&self) -> Arc<[CompanyName]> {
        self.parts.iter().map(|part| part.company.name.clone()).collect()
    }

    /// A client for each company, in the order of their names.
    pub fn clients(&self) -> impl Iterator<Item = &SpectoraClient> {
        self.parts.iter().map(|part| &part.client)
    }

    /// What keeps each company's mirror, or why that cannot be used now; in the order of their names. Opens the files.
    pub fn mirrors(&self) -> impl Iterator<Item = (&CompanyName, Result<Option<&Arc<Syncer>>, MirrorError>)> {
        self.parts.iter().map(|part| {
            let syncer = part.syncer.as_ref();
            let opened = syncer.map_or(Ok(()), |syncer| syncer.mirror().check_open());
            (&part.company.name, opened.map(|()| syncer))
        })
    }

    /// Fills every mirror before the first question, for companies whose service is at hand. Where another process is at
    /// it, waits for that one to end.
    pub async fn fill(&self) -> Result<(), sync::SyncError> {
        const PAUSE: Duration = Duration::from_millis(200);
        for syncer in self.syncers() {
            loop {
                match syncer.sync(sync::Scope::Auto, &sync::Silent).await {
                    Err(sync::SyncError::Busy) => tokio::time::sleep(PAUSE).await,
                    done => break done.map(|_| ())?,
                }
            }
        }
        Ok(())
    }

    /// When a company begins to be kept fresh.
    fn begins(&self) -> Begins {
        /// With more companies than this, one is kept fresh while it is wanted: files and memory are for those that are used.
        const ALL_FRESH_MAX: usize = 20;
        if self.parts.len() <= ALL_FRESH_MAX { Begins::AtOnce } else { Begins::WhenWanted }
    }

    /// Those that are kept fresh now.
    fn wanted(&self) -> impl Iterator<Item = (&Arc<Part>, &Arc<Syncer>)> {
        let all = self.begins() == Begins::AtOnce;
        let parts = self.parts.iter().filter_map(|part| Some((part, part.syncer.as_ref()?)));
        parts.filter(move |(_, syncer)| all || syncer.is_wanted_within(WANTED_FOR))
    }

    /// Whether questions can be answered well now: every mirror that is wanted is usable, whole and not long overdue,
    /// and its service answers. `Err` says what is wrong, without a name.
    pub async fn ready(&self) -> Result<(), String> {
        /// So many times the usual pause without a reading is too long.
        const MISSED_MAX: u32 = 3;
        for (part, syncer) in self.wanted() {
            let status = syncer.status().await.map_err(|_| "a mirror cannot be used".to_owned())?;
            if status.troubles.iter().any(|(kind, _)| kind.is_none()) {
                return Err("the service does not answer for a company".to_owned());
            }
            let Some(coverage) = status.inspections() else { continue };
            let Some(read_at) = coverage.read_at().filter(|_| coverage.full_at.is_some()) else {
                return Err("the first reading of a company is not finished".to_owned());
            };
            let since = Duration::try_from(self.shared.clock.now().duration_since(read_at)).unwrap_or_default();
            if part.company.keeping.every.max(part.company.keeping.max_staleness) * MISSED_MAX < since {
                return Err("a company was not read for too long".to_owned());
            }
        }
        Ok(())
    }

    /// How each company whose mirror is wanted stands, for a monitor. One whose mirror cannot be used has no age.
    pub async fn states(&self) -> Vec<CompanyState> {
        let mut states = Vec::new();
        for (part, syncer) in self.wanted() {
            let status = syncer.status().await.ok();
            let read_at = status.as_ref().and_then(|status| status.inspections()?.read_at());
            states.push(CompanyState {
                company: part.company.name.to_string(),
                age_seconds: read_at.map(|at| self.shared.clock.now().duration_since(at).as_secs_f64().max(0.0)),
                api_calls: status.map_or(0, |status| status.month.total),
                budget: part.company.monthly_budget,
            });
        }
        states
    }

    /// What takes webhook deliveries; `None` without mirrors.
    pub fn deliveries(&self) -> Option<Arc<dyn Deliveries>> {
        let folder = self.config.data_dir.clone()?;
        Some(Arc::new(WebhookListener { folder, syncers: self.syncers().cloned().collect() }))
    }

    /// Keeps the mirrors fresh in the background, until `stop`.
    pub fn keep_fresh(&self, stop: &CancellationToken) {
        let begins = self.begins();
        for part in &self.parts {
            let Some(syncer) = &part.syncer else { continue };
            if part.keeping.set(stop.child_token()).is_err() {
                continue;
            }
            let stop = part.keeping.get_or_init(CancellationToken::new).clone();
            let keeping = sync::keep_fresh(Arc::clone(syncer), part.company.keeping.every, begins, stop);
            drop(self.shared.tasks.spawn("keeping fresh", keeping));
        }
    }
}

impl Part {
    fn build(config: &Config, company: &Company, shared: &Shared) -> Result<Self, AppError> {
        let calls = LedgerSettings {
            company: company.name.clone(),
            per_minute: company.requests_per_minute.get(),
            per_minute_background: background_share(company.requests_per_minute.get()),
            monthly_budget: company.monthly_budget,
        };
        let meter = shared.ledger.as_ref().map(|ledger| {
            let meter = LedgerMeter::new(Arc::clone(ledger), calls.clone(), Arc::clone(&shared.clock));
            Arc::new(meter) as Arc<dyn CallMeter>
        });
        let client = SpectoraClient::new(client_settings(config, company, shared, meter), Arc::clone(&shared.clock))
            .map_err(|source| AppError::Client { company: company.name.clone(), source })?;
        let syncer = shared.ledger.as_ref().zip(config.data_dir.as_deref());
        let syncer = syncer.map(|(ledger, folder)| syncer_of(&client, company, calls, ledger, folder, &shared.clock));
        let records = Records::new(client.clone(), Arc::clone(&shared.clock))
            .in_weeks(company.week_starts)
            .run_by(shared.tasks.clone());
        let records = Arc::new(match &syncer {
            Some(syncer) => records.with_mirror(Arc::clone(syncer)),
            None => records,
        });
        Ok(Self { company: company.clone(), client, syncer, records, keeping: OnceLock::new() })
    }
}

/// Hears of every request to the service.
struct Requests {
    /// Counts them.
    metrics: Option<Arc<Metrics>>,
    /// Told when a key was refused.
    key_refused: Notify,
}

impl RequestWatch for Requests {
    fn ended(&self, request: &SentRequest, is_told: bool) {
        if let Some(metrics) = &self.metrics {
            metrics.requested(request, is_told);
        }
        if request.fault == Some(KEY_REFUSED) {
            self.key_refused.notify_one();
        }
    }
}

/// Where deliveries come in.
struct WebhookListener {
    folder: PathBuf,
    syncers: Vec<Arc<Syncer>>,
}

impl Deliveries for WebhookListener {
    fn deliver(&self, company: String, secret: String, body: Vec<u8>) -> BoxFuture<'_, Delivered> {
        async move {
            let syncer = self.syncers.iter().find(|syncer| syncer.company().as_str() == company);
            let Some(syncer) = syncer else { return Delivered::Unknown };
            match syncer.receive(&self.folder, &secret, &body).await {
                Received::Queued => Delivered::Accepted,
                Received::WrongSecret => Delivered::Unknown,
                Received::NotUnderstood => Delivered::NotUnderstood,
                Received::Later => Delivered::Later,
            }
        }
        .boxed()
    }
}

fn client_settings(
    config: &Config,
    company: &Company,
    shared: &Shared,
    meter: Option<Arc<dyn CallMeter>>,
) -> ClientSettings {
    let paths: BTreeMap<Endpoint, String> = Endpoint::ALL
        .iter()
        .filter_map(|endpoint| Some((*endpoint, config.paths.get(endpoint.name())?.clone())))
        .collect();
    ClientSettings {
        company: company.name.clone(),
        http: shared.http.clone(),
        base_url: shared.base_url.clone(),
        api_key: company.api_key.clone(),
        timezone: company.timezone.clone(),
        paths,
        requests_per_minute: company.requests_per_minute,
        limits: ClientLimits::default(),
        known_services: company.known_services.clone(),
        naming: company.naming.clone(),
        forgotten: company.forgotten.clone(),
        changed_since: config.changed_since_filter.as_deref().and_then(ChangedSinceName::new),
        corrections: Arc::clone(&config.corrections),
        meter,
        watch: Some(Arc::clone(&shared.requests) as Arc<dyn RequestWatch>),
    }
}

fn syncer_of(
    client: &SpectoraClient,
    company: &Company,
    calls: LedgerSettings,
    ledger: &Arc<Ledger>,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> Arc<Syncer> {
    let zone = company.timezone.iana_name().unwrap_or("local");
    let mirror = Mirror::at(MirrorSettings {
        folder: folder.to_owned(),
        company: company.name.clone(),
        timezone: company.timezone.clone(),
        mapping: format!(
            "{MAPPING_VERSION} {zone} {} {}{}{}",
            company.known_services.join("\n"),
            company.naming.mark(),
            client.corrections_mark(),
            client.forgotten().mark()
        ),
        clock: Arc::clone(clock),
    });
    let settings = SyncSettings {
        calls,
        max_staleness: company.keeping.max_staleness,
        history: company.keeping.history,
        inspections_to_a_page: sync::PAGE_ROWS,
    };
    Syncer::new(client, mirror, Arc::clone(ledger), settings, Arc::clone(clock))
}

/// The MCP server for this configuration. No request is made.
pub fn server(config: &Config, clock: &Arc<dyn Clock>) -> Result<SpectoraServer, AppError> {
    Ok(App::build(config, clock)?.server())
}
