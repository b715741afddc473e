//! What every command that asks something needs first: a configuration, or the invented companies.

use std::sync::Arc;

use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt as _};
use secrecy::SecretString;

use super::demo_folder::DemoFolder;
use super::{Global, output};
use crate::app::App;
use crate::config::{Company, Config, Environment, load};
use crate::domain::{Clock, CompanyName, SystemClock};
use crate::mcp::SpectoraServer;
use crate::mirror::MirrorError;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::sync::Syncer;

/// Requests per minute on the simulated service, which has no cap of its own.
const DEMO_REQUESTS_PER_MINUTE: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(9_999);

/// A configuration, with the simulated service it points at, if it does.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    /// The demo's mirror; deleted at the end.
    _folder: Option<DemoFolder>,
    /// Lives as long as it is asked.
    _sandbox: Option<Sandbox>,
}

impl Opened {
    pub(super) async fn new(global: &Global) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        if !global.demo {
            let overrides = global.overrides();
            // A command that prints a key may take seconds.
            let loading = move || load(&overrides, &Environment::capture());
            let config = tokio::task::spawn_blocking(loading).await??;
            for warning in &config.warnings {
                tracing::warn!("{warning}");
            }
            return Ok(Self { config, clock, _folder: None, _sandbox: None });
        }
        let options = SandboxOptions { inspections: global.demo_inspections, ..SandboxOptions::new(clock.now()) };
        let sandbox = Sandbox::start(options).await?;
        // The mirror of invented companies is gone with the program, unless a place for it is named.
        let given = global.data_dir.clone().map(|folder| Environment::capture().expand(folder)).transpose()?;
        let folder = if global.no_mirror || given.is_some() { None } else { Some(DemoFolder::new()?) };
        let data_dir = folder.as_ref().map(|folder| folder.path().to_owned()).or(given);
        let config = demo_config(&sandbox, &global.companies, data_dir.filter(|_| !global.no_mirror))?;
        Ok(Self { config, clock, _folder: folder, _sandbox: Some(sandbox) })
    }

    pub(super) fn app(&self) -> anyhow::Result<App> {
        Ok(App::build(&self.config, &self.clock)?)
    }
}

/// What keeps a company's mirror, for a command that is about mirrors; where it cannot be used, the reason is printed.
pub(super) fn usable<'a>(
    company: &CompanyName,
    keeper: Result<Option<&'a Arc<Syncer>>, MirrorError>,
) -> Option<&'a Arc<Syncer>> {
    keeper.unwrap_or_else(|problem| {
        output::line(&format!("{company}: {problem}"));
        None
    })
}

/// A configuration of the invented companies.
fn demo_config(sandbox: &Sandbox, wanted: &[String], data_dir: Option<std::path::PathBuf>) -> anyhow::Result<Config> {
    let mut companies = Vec::new();
    for company in sandbox.companies() {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == company.name) {
            continue;
        }
        companies.push(Company {
            name: company.name.parse()?,
            display_name: Some(company.display_name.to_string()),
            timezone: jiff::tz::TimeZone::get(company.timezone)?,
            api_key: SecretString::from(company.api_key.clone()),
            requests_per_minute: DEMO_REQUESTS_PER_MINUTE,
            known_services: vec!["Pool, Spa & Deck Inspection".to_owned()],
            naming: crate::domain::Naming::default(),
            week_starts: crate::domain::WeekStart::default(),
            monthly_budget: None,
            keeping: crate::config::Keeping::default(),
        });
    }
    if companies.is_empty() {
        let names: Vec<&str> = sandbox.companies().iter().map(|company| company.name).collect();
        anyhow::bail!("no such company in the demo; there are: {}", names.join(", "));
    }
    companies.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Config {
        companies,
        base_url: Some(sandbox.base_url()),
        paths: std::collections::BTreeMap::new(),
        data_dir,
        changed_since_filter: None,
        sources: vec!["the built-in demo companies".to_owned()],
        warnings: Vec::new(),
    })
}

/// Bytes between the two ends of a conversation inside this process.
const PIPE_BYTES: usize = 256 * 1024;

/// A real MCP client in conversation with `server`, inside this process.
pub(super) async fn converse(server: SpectoraServer) -> anyhow::Result<RunningService<RoleClient, ()>> {
    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
    tokio::spawn(async move {
        if let Ok(running) = server.serve(theirs).await {
            drop(running.waiting().await);
        }
    });
    Ok(().serve(ours).await?)
}
