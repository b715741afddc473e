//! The long-lived parts, built once from the settled configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::config::{Company, Config};
use crate::domain::{Clock, CompanyName};
use crate::mcp::{ServedCompany, SpectoraServer, ToolChoice};
use crate::mirror::{Ledger, LedgerSettings, Mirror, MirrorError, MirrorSettings};
use crate::records::Records;
use crate::spectora::{
    BaseUrl, BaseUrlError, CallMeter, ChangedSinceName, ClientBuildError, ClientLimits, ClientSettings, Endpoint,
    SpectoraClient,
};
use crate::sync::{self, Envelope, LedgerMeter, SyncSettings, Syncer};
use crate::transport::{Delivered, Deliveries};

/// What the typed columns of a mirror are derived by. A new number derives them anew from the raw records.
const MAPPING_VERSION: u32 = 3;

/// The parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is not one a key is sent to.
    #[error("base_url: {0}")]
    BaseUrl(#[from] BaseUrlError),
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
    keeper: Result<Option<Arc<Syncer>>, String>,
}

/// Everything that lives as long as the program.
pub struct App {
    parts: Vec<Part>,
    data_dir: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    tasks: sync::Tasks,
}

impl App {
    /// Clients, and mirrors where the configuration names a folder. No request is made. A mirror that cannot be used is
    /// no failure: its company is then answered for by the service, and every answer says so.
    pub fn build(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, AppError> {
        let ledger = config.data_dir.as_deref().map(Ledger::open);
        let base_url: BaseUrl = config.base_url.as_deref().unwrap_or(BaseUrl::DEFAULT).parse()?;
        let mut parts = Vec::new();
        for company in &config.companies {
            let calls = LedgerSettings {
                company: company.name.clone(),
                per_minute: company.requests_per_minute.get(),
                monthly_budget: company.monthly_budget,
            };
            let meter = match &ledger {
                Some(Ok(ledger)) => {
                    Some(Arc::new(LedgerMeter::new(Arc::clone(ledger), calls.clone(), Arc::clone(clock))))
                }
                _ => None,
            };
            let meter = meter.map(|meter| meter as Arc<dyn CallMeter>);
            let client = SpectoraClient::new(client_settings(config, company, &base_url, meter), Arc::clone(clock))
                .map_err(|source| AppError::Client { company: company.name.clone(), source })?;
            let keeper = match (&ledger, config.data_dir.as_deref()) {
                (Some(Ok(ledger)), Some(folder)) => {
                    keeper(&client, company, calls, ledger, folder, clock).map(Some).map_err(|error| error.to_string())
                }
                (Some(Err(error)), _) => Err(error.to_string()),
                _ => Ok(None),
            };
            if let Err(problem) = &keeper {
                tracing::warn!(company = %company.name, "no mirror: {problem}");
            }
            parts.push(Part { company: company.clone(), client, keeper });
        }
        Ok(Self { parts, data_dir: config.data_dir.clone(), clock: Arc::clone(clock), tasks: sync::Tasks::default() })
    }

    /// Ends what goes on beside questions.
    pub async fn end(&self) {
        self.tasks.end().await;
    }

    /// The MCP server on these parts.
    pub fn server(&self) -> SpectoraServer {
        self.server_with(&ToolChoice::Default)
    }

    /// The MCP server on these parts, with the tools chosen.
    pub fn server_with(&self, choice: &ToolChoice) -> SpectoraServer {
        let companies = self.parts.iter().map(|part| {
            let records = Records::new(part.client.clone(), Arc::clone(&self.clock))
                .in_weeks(part.company.week_starts)
                .run_by(self.tasks.clone());
            let records = match &part.keeper {
                Ok(Some(syncer)) => records.kept_by(Arc::clone(syncer)),
                Ok(None) => records,
                Err(problem) => records.without_mirror(problem.clone()),
            };
            ServedCompany {
                name: part.company.name.clone(),
                display_name: part.company.display_name.clone(),
                records: Arc::new(records),
            }
        });
        SpectoraServer::with_tools(companies.collect(), Arc::clone(&self.clock), choice)
    }

    /// A client for each company, in the order of their names.
    pub fn clients(&self) -> impl Iterator<Item = &SpectoraClient> {
        self.parts.iter().map(|part| &part.client)
    }

    /// What keeps each company's mirror, or why there is none; in the order of their names.
    pub fn keepers(&self) -> impl Iterator<Item = (&CompanyName, Result<Option<&Arc<Syncer>>, &str>)> {
        self.parts
            .iter()
            .map(|part| (&part.company.name, part.keeper.as_ref().map(Option::as_ref).map_err(String::as_str)))
    }

    /// Fills every mirror before the first question, for companies whose service is at hand. Where another process is at
    /// it, waits for that one to end.
    pub async fn fill(&self) -> Result<(), sync::SyncError> {
        const PAUSE: Duration = Duration::from_millis(200);
        for part in &self.parts {
            if let Ok(Some(syncer)) = &part.keeper {
                loop {
                    match syncer.sync(sync::Scope::Auto, &sync::Silent).await {
                        Err(sync::SyncError::Busy) => tokio::time::sleep(PAUSE).await,
                        done => break done.map(|_| ())?,
                    }
                }
            }
        }
        Ok(())
    }

    /// What takes webhook deliveries; `None` without mirrors.
    pub fn deliveries(&self) -> Option<Arc<dyn Deliveries>> {
        let folder = self.data_dir.clone()?;
        let syncers = self.parts.iter().filter_map(|part| Some(Arc::clone(part.keeper.as_ref().ok()?.as_ref()?)));
        Some(Arc::new(Door { folder, syncers: syncers.collect() }))
    }

    /// Keeps the mirrors fresh in the background, until `stop`.
    pub fn keep_fresh(&self, stop: &CancellationToken) {
        for part in &self.parts {
            if let Ok(Some(syncer)) = &part.keeper {
                let every: Duration = part.company.keeping.every;
                drop(self.tasks.spawn("keeping fresh", sync::keep(Arc::clone(syncer), every, stop.clone())));
            }
        }
    }
}

/// Where deliveries come in. The secret is read anew each time, so that a rolled one holds at once.
struct Door {
    folder: PathBuf,
    syncers: Vec<Arc<Syncer>>,
}

impl Deliveries for Door {
    fn deliver(&self, company: String, secret: String, body: Vec<u8>) -> BoxFuture<'_, Delivered> {
        async move {
            let syncer = self.syncers.iter().find(|syncer| syncer.company().as_str() == company);
            let known = syncer.and_then(|syncer| {
                sync::webhook_secret(&self.folder, syncer.company(), false, false)
                    .ok()
                    .flatten()
                    .map(|known| (syncer, known))
            });
            let Some((syncer, _)) = known.filter(|(_, known)| sync::is_secret(known, &secret)) else {
                return Delivered::Unknown;
            };
            match Envelope::parse(&body) {
                Err(error) => {
                    tracing::info!(%company, %error, "a webhook delivery was not understood");
                    Delivered::NotUnderstood
                }
                Ok(envelope) => match syncer.deliver(envelope).await {
                    Ok(true) => Delivered::Accepted,
                    _ => Delivered::Later,
                },
            }
        }
        .boxed()
    }
}

fn client_settings(
    config: &Config,
    company: &Company,
    base_url: &BaseUrl,
    meter: Option<Arc<dyn CallMeter>>,
) -> ClientSettings {
    let paths: BTreeMap<Endpoint, String> = Endpoint::ALL
        .iter()
        .filter_map(|endpoint| Some((*endpoint, config.paths.get(endpoint.name())?.clone())))
        .collect();
    ClientSettings {
        company: company.name.clone(),
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
    }
}

fn keeper(
    client: &SpectoraClient,
    company: &Company,
    calls: LedgerSettings,
    ledger: &Arc<Ledger>,
    folder: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Syncer>, MirrorError> {
    let zone = company.timezone.iana_name().unwrap_or("local");
    let mirror = Mirror::open(MirrorSettings {
        folder: folder.to_owned(),
        company: company.name.clone(),
        timezone: company.timezone.clone(),
        mapping: format!("{MAPPING_VERSION} {zone} {} {}", company.known_services.join("\n"), company.naming.mark()),
    })?;
    let settings =
        SyncSettings { calls, max_staleness: company.keeping.max_staleness, history: company.keeping.history };
    Ok(Syncer::new(client, mirror, Arc::clone(ledger), settings, Arc::clone(clock)))
}

/// The MCP server for this configuration. No request is made.
pub fn server(config: &Config, clock: &Arc<dyn Clock>) -> Result<SpectoraServer, AppError> {
    Ok(App::build(config, clock)?.server())
}
