//! What every command that asks something needs first: a configuration, or the invented companies.

use std::sync::Arc;

use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt as _};

use super::{Global, output};
use crate::app::App;
use crate::config::{Config, Environment, load};
use crate::operations::Metrics;
use domain::{Clock, CompanyName, SystemClock};
use mcp::SpectoraServer;
use mirror::MirrorError;
use sync::Syncer;

/// A configuration, with the simulated service it points at, if it does.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    /// The simulated service and its mirrors live as long as they are asked.
    #[cfg(feature = "demo")]
    demo: Option<super::demo::Demo>,
}

impl Opened {
    pub(super) async fn new(global: &Global) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        #[cfg(feature = "demo")]
        if global.demo {
            let (config, demo) = super::demo::Demo::start(global, clock.now()).await?;
            return Ok(Self { config, clock, demo: Some(demo) });
        }
        let overrides = global.overrides();
        // A command that prints a key may take seconds.
        let loading = move || load(&overrides, &Environment::capture());
        let config = tokio::task::spawn_blocking(loading).await??;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            config,
            clock,
            #[cfg(feature = "demo")]
            demo: None,
        })
    }

    pub(super) fn app(&self) -> anyhow::Result<App> {
        Ok(App::build(&self.config, &self.clock)?)
    }

    /// The same, with the mirrors of the invented companies filled; those of real ones fill as they are asked.
    #[cfg_attr(not(feature = "demo"), expect(clippy::unused_async, reason = "without the demo nothing is filled"))]
    pub(super) async fn filled_app(&self) -> anyhow::Result<App> {
        let app = self.app()?;
        #[cfg(feature = "demo")]
        if self.demo.is_some() {
            app.fill().await?;
        }
        Ok(app)
    }

    /// The same, with each request to the service counted.
    pub(super) fn counted_app(&self, metrics: &Arc<Metrics>) -> anyhow::Result<App> {
        Ok(App::counted(&self.config, &self.clock, Some(metrics))?)
    }
}

/// What keeps a company's mirror, for a command that is about mirrors; where it cannot be used, the reason is printed.
pub(super) fn usable<'a>(
    company: &CompanyName,
    syncer: Result<Option<&'a Arc<Syncer>>, MirrorError>,
) -> Option<&'a Arc<Syncer>> {
    syncer.unwrap_or_else(|problem| {
        output::line(&format!("{company}: {problem}\n  -> {}", problem.remedy()));
        None
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
