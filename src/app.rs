//! The long-lived parts, built once from the settled configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
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
    RequestWatch, SentRequest, SpectoraClient, background_share,
};
use sync::{self, Begins, LedgerMeter, Received, SyncSettings, Syncer};

/// What the typed columns of a mirror are derived by. A new number derives them anew from the raw records.
const MAPPING_VERSION: u32 = 4;

/// The parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is not one a key is sent to.
    #[error("base_url: {0}")]
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

/// One company's parts.
struct Part {
    company: Company,
    client: SpectoraClient,
    syncer: Option<Arc<Syncer>>,
}

/// Everything that lives as long as the program.
pub struct App {
    parts: Vec<Part>,
    ledger: Option<Arc<Ledger>>,
    data_dir: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    tasks: sync::Tasks,
}

impl App {
    /// Clients, and mirrors where the configuration names a folder. No request is made and no file is opened: a mirror
    /// that cannot be used is no failure, its company is answered for by the service until it can.
    pub fn build(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, AppError> {
        Self::counted(config, clock, None)
    }

    /// The same, with each request to the service counted in `metrics`.
    pub fn counted(config: &Config, clock: &Arc<dyn Clock>, metrics: Option<&Arc<Metrics>>) -> Result<Self, AppError> {
        let watch = metrics.map(|metrics| Arc::new(Counting(Arc::clone(metrics))) as Arc<dyn RequestWatch>);
        let ledger = config.data_dir.as_deref().map(Ledger::at);
        let base_url: BaseUrl = config.base_url.as_deref().unwrap_or(BaseUrl::DEFAULT).parse()?;
        let http = Http::new(&base_url, &ClientLimits::default()).map_err(AppError::Connection)?;
        let mut parts = Vec::new();
        for company in &config.companies {
            let calls = LedgerSettings {
                company: company.name.clone(),
                per_minute: company.requests_per_minute.get(),
                per_minute_background: background_share(company.requests_per_minute.get()),
                monthly_budget: company.monthly_budget,
            };
            let meter = ledger.as_ref().map(|ledger| {
                let meter = LedgerMeter::new(Arc::clone(ledger), calls.clone(), Arc::clone(clock));
                Arc::new(meter) as Arc<dyn CallMeter>
            });
            let client = SpectoraClient::new(
                ClientSettings { watch: watch.clone(), ..client_settings(config, company, &base_url, &http, meter) },
                Arc::clone(clock),
            )
            .map_err(|source| AppError::Client { company: company.name.clone(), source })?;
            let syncer = ledger.as_ref().zip(config.data_dir.as_deref());
            let syncer = syncer.map(|(ledger, folder)| syncer_of(&client, company, calls, ledger, folder, clock));
            parts.push(Part { company: company.clone(), client, syncer });
        }
        let tasks = sync::Tasks::default();
        Ok(Self { parts, ledger, data_dir: config.data_dir.clone(), clock: Arc::clone(clock), tasks })
    }

    /// Ends what goes on beside questions.
    pub async fn end(&self) {
        self.tasks.end().await;
    }

    /// Closes the files for good: nothing is written after that, whatever still runs.
    pub fn close(&self) {
        self.syncers().for_each(|syncer| syncer.mirror().close());
        self.ledger.iter().for_each(|ledger| ledger.close());
    }

    /// The count of calls, where there are mirrors.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
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
        let one = |part: &Part| {
            let records = Records::new(part.client.clone(), Arc::clone(&self.clock))
                .in_weeks(part.company.week_starts)
                .run_by(self.tasks.clone());
            let records = match &part.syncer {
                Some(syncer) => records.with_mirror(Arc::clone(syncer)),
                None => records,
            };
            answers::Company {
                name: part.company.name.clone(),
                display_name: part.company.display_name.clone(),
                records: Arc::new(records),
            }
        };
        Companies::new(self.parts.iter().map(one).collect(), Arc::clone(&self.clock))
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

    /// Whether questions can be answered well now: every mirror is usable, whole and not long overdue, and its service
    /// answers. `Err` says what is wrong, without a name.
    pub async fn ready(&self) -> Result<(), String> {
        /// So many times the usual pause without a reading is too long.
        const MISSED_MAX: u32 = 3;
        for part in &self.parts {
            let Some(syncer) = &part.syncer else { continue };
            let status = syncer.status().await.map_err(|_| "a mirror cannot be used".to_owned())?;
            if status.troubles.iter().any(|(kind, _)| kind.is_none()) {
                return Err("the service does not answer for a company".to_owned());
            }
            let Some(coverage) = status.inspections() else { continue };
            let Some(read_at) = coverage.read_at().filter(|_| coverage.full_at.is_some()) else {
                return Err("the first reading of a company is not finished".to_owned());
            };
            let since = Duration::try_from(self.clock.now().duration_since(read_at)).unwrap_or_default();
            if part.company.keeping.every.max(part.company.keeping.max_staleness) * MISSED_MAX < since {
                return Err("a company was not read for too long".to_owned());
            }
        }
        Ok(())
    }

    /// How each company with a mirror stands, for a monitor. One whose mirror cannot be used has no age.
    pub async fn states(&self) -> Vec<CompanyState> {
        let mut states = Vec::new();
        for part in &self.parts {
            let Some(syncer) = &part.syncer else { continue };
            let status = syncer.status().await.ok();
            let read_at = status.as_ref().and_then(|status| status.inspections()?.read_at());
            states.push(CompanyState {
                company: part.company.name.to_string(),
                age_seconds: read_at.map(|at| self.clock.now().duration_since(at).as_secs_f64().max(0.0)),
                api_calls: status.map_or(0, |status| status.month.total),
                budget: part.company.monthly_budget,
            });
        }
        states
    }

    /// What takes webhook deliveries; `None` without mirrors.
    pub fn deliveries(&self) -> Option<Arc<dyn Deliveries>> {
        let folder = self.data_dir.clone()?;
        Some(Arc::new(WebhookListener { folder, syncers: self.syncers().cloned().collect() }))
    }

    /// Keeps the mirrors fresh in the background, until `stop`.
    pub fn keep_fresh(&self, stop: &CancellationToken) {
        /// With more companies than this, one is kept fresh from when it is first asked about: files and memory are for those
        /// that are used.
        const ALL_FRESH_MAX: usize = 20;
        let begins = if self.parts.len() <= ALL_FRESH_MAX { Begins::AtOnce } else { Begins::OnceUsed };
        for part in &self.parts {
            if let Some(syncer) = &part.syncer {
                let every: Duration = part.company.keeping.every;
                let keeping = sync::keep_fresh(Arc::clone(syncer), every, begins, stop.clone());
                drop(self.tasks.spawn("keeping fresh", keeping));
            }
        }
    }
}

/// Counts requests to the service.
struct Counting(Arc<Metrics>);

impl RequestWatch for Counting {
    fn ended(&self, request: &SentRequest, is_told: bool) {
        self.0.requested(request, is_told);
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
    base_url: &BaseUrl,
    http: &Http,
    meter: Option<Arc<dyn CallMeter>>,
) -> ClientSettings {
    let paths: BTreeMap<Endpoint, String> = Endpoint::ALL
        .iter()
        .filter_map(|endpoint| Some((*endpoint, config.paths.get(endpoint.name())?.clone())))
        .collect();
    ClientSettings {
        company: company.name.clone(),
        http: http.clone(),
        base_url: base_url.clone(),
        api_key: company.api_key.clone(),
        timezone: company.timezone.clone(),
        paths,
        requests_per_minute: company.requests_per_minute,
        limits: ClientLimits::default(),
        known_services: company.known_services.clone(),
        naming: company.naming.clone(),
        changed_since: config.changed_since_filter.as_deref().and_then(ChangedSinceName::new),
        meter,
        watch: None,
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
        mapping: format!("{MAPPING_VERSION} {zone} {} {}", company.known_services.join("\n"), company.naming.mark()),
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
