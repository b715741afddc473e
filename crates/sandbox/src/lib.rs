//! A simulated Spectora: two invented companies behind the same paths, traps and faults.
//!
//! It shares no type with the client, so that one misreading of the service cannot hide in both. It listens on
//! loopback, its keys are public, and everything in it is made from a seed and a civil day:
//!
//! ```text
//! options ─► generate ─► truth (compact rows) ─► world (indices)
//!                                                  ▼
//! listener (connections) ─► service (log, limits, faults) ─► reply ─► inspections, connections, contacts, attachments
//! ```

mod attachments;
mod connections;
mod contacts;
mod differences;
mod listener;
mod edits;
mod faults;
mod generate;
mod inspection_json;
mod inspections;
mod limits;
mod options;
mod query;
mod reply;
mod service;
#[cfg(test)]
mod tests;
mod truth;
mod names;
mod world;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::differences::Differences;
use self::faults::FaultState;
use self::limits::Usage;
use self::listener::{ClosableListener, Peer};
use self::service::{Running, Shared};
use self::world::World;

pub use self::differences::Difference;
pub use self::edits::Edit;
pub use self::faults::{FaultKind, FaultRule, Faults, When};
pub use self::generate::AGENTS;
pub use self::names::{ADD_ONS, AddOn, INSTRUCTING_NOTE, SERVICES, Service, Zip};
pub use self::options::{ChangedSince, Limits, Profile, RetryAfter, Rewrite, SandboxOptions};
pub use self::service::Script;
pub use self::truth::{
    AgentRow, AttachmentKind, AttachmentRow, ClientRow, CompanyTruth, InspectionRow, InspectorRow, NamedRow,
    RecordKind, Rhythm, Truth,
};

/// How long [`Sandbox::stop`] waits for open replies to end.
const STOP_WAIT: Duration = Duration::from_secs(1);

/// A company of the sandbox and the keys it answers to. They are public: nothing real stands behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxCompany {
    /// The name for a configuration, such as `spectora_company1`.
    pub name: &'static str,
    /// The name on the company's record.
    pub display_name: &'static str,
    /// The company's zone, by its IANA name.
    pub timezone: &'static str,
    /// The key that works.
    pub api_key: String,
    /// A key that has expired: 401.
    pub expired_key: String,
    /// A key whose user may read nothing: 403.
    pub powerless_key: String,
    /// A key whose user sees the first inspector's jobs only, and no prices.
    pub own_jobs_key: String,
    /// The company's id in the service.
    pub company_id: u64,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// When, by the sandbox's clock.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path, undecoded.
    pub path: String,
    /// The query string, undecoded; empty when there was none.
    pub query: String,
    /// The company whose key came along, expired and powerless ones too; `None` without a key or with an unknown one.
    pub company: Option<String>,
    /// Whether an `Authorization` header came, whatever was in it.
    pub had_authorization: bool,
    /// The status of the reply; 0 when the connection was dropped.
    pub status: u16,
    /// The `Host` header.
    pub host: String,
}

/// A running sandbox. It stops when it is dropped; [`Sandbox::stop`] also waits for that.
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Generates the data and begins to serve. The error is that of binding the address.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let world = World::new(generate::generate(options.seed, options.now, options.inspections, options.agents_max));
        let companies: Vec<SandboxCompany> = world.truth.companies.iter().map(company).collect();
        let shared = Arc::new(Shared {
            base_url: format!("http://{address}"),
            profile: options.profile,
            clock: options.clock,
            seed: options.seed,
            rewrite: options.rewrite,
            differences: Differences(options.differences),
            state: Mutex::new(Running {
                limits: options.limits,
                usage: companies.iter().map(|_| Usage::default()).collect(),
                faults: FaultState::new(options.faults, options.seed),
                log: VecDeque::new(),
                changed_since: if options.changed_since { ChangedSince::Works } else { ChangedSince::Ignored },
                requests: 0,
                script: None,
            }),
            companies,
            world: RwLock::new(Arc::new(world)),
            stopped: AtomicBool::new(false),
        });
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().fallback(service::handle).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Peer>();
        let serving = tokio::spawn(async move {
            // Both a message and a dropped sender end it.
            let ended = async move { stopped.await.unwrap_or_default() };
            // The accept loop has no error of its own, so there is nothing to tell.
            let _never_fails = axum::serve(ClosableListener(listener), service).with_graceful_shutdown(ended).await;
        });
        Ok(Self { shared, address, stop: Some(stop), serving: Some(serving) })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The companies, the larger one first.
    pub fn companies(&self) -> &[SandboxCompany] {
        &self.shared.companies
    }

    /// The last [`LOG_MAX`] requests, in the order in which their replies were decided.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.running().log.iter().cloned().collect()
    }

    /// Empties the log.
    pub fn clear_log(&self) {
        self.shared.running().log.clear();
    }

    /// Puts other faults in force, counting from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.running().faults = FaultState::new(faults, self.shared.seed);
    }

    /// Puts other limits in force, with nothing used yet.
    pub fn set_limits(&self, limits: Limits) {
        let mut running = self.shared.running();
        running.limits = limits;
        running.usage.fill_with(Usage::default);
    }

    /// Lets the filter by the time of change work, or no longer.
    pub fn set_changed_since(&self, becomes: ChangedSince) {
        self.shared.running().changed_since = becomes;
    }

    /// Runs `script` before each request from now on is looked at, with how many came since; the edits it gives are made
    /// before the reply, as somebody at the service would make them while a listing is read. `None` ends it.
    pub fn set_script(&self, script: Option<Script>) {
        let mut running = self.shared.running();
        running.requests = 0;
        running.script = script;
    }

    /// The data behind the replies.
    pub fn truth(&self) -> Arc<Truth> {
        Arc::clone(&self.shared.snapshot().truth)
    }

    /// Changes the data, in order; each change moves the record's `updated_at`. Gives the ids of the inspections, agents
    /// or clients touched; an edit of something that is not there is left out.
    pub fn edit(&self, edits: &[Edit]) -> Vec<u64> {
        self.shared.edit(edits)
    }

    /// Stops, and waits up to a second for open replies to end.
    pub async fn stop(mut self) {
        self.begin_stop();
        if let Some(mut serving) = self.serving.take()
            && tokio::time::timeout(STOP_WAIT, &mut serving).await.is_err()
        {
            serving.abort();
        }
    }

    fn begin_stop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.stop.take();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.begin_stop();
    }
}

fn company(truth: &CompanyTruth) -> SandboxCompany {
    let short = truth.name.trim_start_matches("spectora_");
    SandboxCompany {
        name: truth.name,
        display_name: truth.display_name,
        timezone: truth.timezone,
        api_key: format!("sandbox-{short}-key"),
        expired_key: format!("sandbox-{short}-expired-key"),
        powerless_key: format!("sandbox-{short}-powerless-key"),
        own_jobs_key: format!("sandbox-{short}-own-jobs-key"),
        company_id: truth.company_id,
    }
}

/// What a person needs to use a running sandbox: its address, companies, keys and how much there is.
pub fn summary(sandbox: &Sandbox) -> String {
    let mut text = format!("A simulated Spectora at {} (profile {})\n", sandbox.base_url(), sandbox.shared.profile);
    for (company, truth) in sandbox.companies().iter().zip(&sandbox.truth().companies) {
        let (inspections, agents) = (truth.inspections.len(), truth.agents.len());
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            "\n{} ({}, {})\n  {inspections} inspections, {agents} agents, around {}\n  key            {}\n  expired key    \
             {}\n  powerless key  {}\n",
            company.name,
            company.display_name,
            company.timezone,
            truth.today,
            company.api_key,
            company.expired_key,
            company.powerless_key,
        );
    }
    text
}
