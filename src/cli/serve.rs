//! `serve`: what an assistant's configuration runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::late::{Late, LateSource};
use crate::config::{self, Environment, HttpConfig, WayInChoice};
use crate::operations::{CallLog, Metrics, Telemetry, Watch};
use crate::transport::{Checked, HttpServer, HttpSettings, Readiness, WayIn, serve_http, serve_metrics, serve_stdio};
use access::{AccessStore, Issuer, IssuerSettings, Login, LoginSettings, RedirectRules};
use domain::{Caller, CompanyName, Permissions, RoleError, Roles, SystemClock};
use mcp::{CompaniesSource as _, SpectoraServer, ToolChoice};

/// Without options: MCP over standard input and output, as desktop assistants start it.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Serve streamable HTTP instead, at /mcp of this address.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8765")]
    http: Option<SocketAddr>,
    /// A host name clients may use besides localhost, such as mcp.example.com (behind a proxy or tunnel).
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Which tools are shown: names separated by commas, `all` or `default`. The default leaves out search and fetch,
    /// which ChatGPT looks for; over HTTP it is all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    tools: Vec<String>,
    /// A web origin that may ask, such as <https://app.example.com>.
    #[arg(long = "allowed-origin", value_name = "ORIGIN")]
    allowed_origins: Vec<String>,
    /// What whoever uses this entry may see: owner (everything), office, inspector or marketing. Not over HTTP, where each
    /// request says who asks.
    #[arg(long, value_name = "NAME", conflicts_with = "http")]
    role: Option<String>,
    /// Whose own work the role `inspector` shows: the inspector's id in Spectora, or the whole name.
    #[arg(long = "as", value_name = "INSPECTOR", requires = "role")]
    inspector: Option<String>,
    /// Send spans and numbers to an OpenTelemetry collector at this address (OTLP over HTTP, such as
    /// <http://127.0.0.1:4318>); without it, where `OTEL_EXPORTER_OTLP_ENDPOINT` says, else nowhere.
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
    #[command(flatten)]
    entry: EntryArgs,
}

/// How callers get in over HTTP; each overrides what [http] in the configuration says.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct EntryArgs {
    /// Let people log in (see `spectora-mcp access`): what ChatGPT and Claude on the web need. Needs --http.
    #[arg(long, requires = "http", conflicts_with_all = ["tokens_only", "without_login"])]
    login: bool,
    /// Take static tokens only (see `spectora-mcp access add-token`).
    #[arg(long, requires = "http", conflicts_with = "without_login")]
    tokens_only: bool,
    /// Let everybody in who reaches the address, also from other machines.
    #[arg(long, requires = "http")]
    without_login: bool,
    /// The address that clients use, such as <https://mcp.example.com>; MCP is at /mcp of it.
    #[arg(long, value_name = "URL", requires = "http")]
    public_url: Option<String>,
    /// The file of people, tokens and logins; without it, access.db in the data folder.
    #[arg(long, value_name = "FILE")]
    access_file: Option<PathBuf>,
    /// Where a monitor reads numbers, at /metrics of this address; keep it off the net.
    #[arg(long, value_name = "ADDR", requires = "http")]
    metrics: Option<SocketAddr>,
    /// The log of calls (who, which tool, how many rows; never content); without it, calls.jsonl beside the file of people.
    #[arg(long, value_name = "FILE", requires = "http")]
    call_log: Option<PathBuf>,
    /// A proxy in front, by address or network (such as 172.30.0.0/24); may be given again. It is believed when it says where
    /// a request comes from (X-Forwarded-For), so that limits hold for each caller and not for all together.
    #[arg(long = "trusted-proxy", value_name = "ADDR|CIDR", requires = "http", value_parser = config::trusted_proxy)]
    trusted_proxies: Vec<IpNet>,
    /// Let clients of older revisions open sessions (initialize, Mcp-Session-Id, GET streams); most need none. Sessions end
    /// with the process and after five idle minutes, and another process on the same address does not know them.
    #[arg(long, requires = "http")]
    sessions: bool,
    /// For tests: when an idle session ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, hide = true)]
    session_idle_seconds: u64,
    /// A certificate chain (PEM), to encrypt without a proxy.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How many seconds an access token is good.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, hide = true, value_parser = clap::value_parser!(i64).range(1..=86_400))]
    access_token_seconds: i64,
    /// For tests: client documents on this machine.
    #[arg(long, hide = true)]
    allow_loopback_client_metadata: bool,
}

/// What `--role` and `--as` mean, as they are typed.
pub(super) fn permissions(
    roles: &Roles,
    role: &str,
    companies: &[CompanyName],
    inspector: Option<&str>,
) -> anyhow::Result<Permissions> {
    let permissions = roles.permissions(role, companies, inspector).map_err(|error| match error {
        RoleError::NoInspector { .. } => anyhow::anyhow!("{error}: add --as INSPECTOR (an id, or a whole name)"),
        RoleError::Unknown { .. } => anyhow::Error::new(error),
    })?;
    if inspector.is_some() && permissions.inspector.is_none() {
        anyhow::bail!("the role `{role}` shows everybody's work: leave out --as, or choose --role inspector");
    }
    Ok(permissions)
}

/// Who asks, where a role was chosen. Companies are those that are served.
fn caller(global: &Global, args: &ServeArgs) -> anyhow::Result<Option<Arc<Caller>>> {
    let Some(role) = &args.role else { return Ok(None) };
    // A configuration that cannot be read opens no company; each call says so.
    let roles = http_config(global).map_or_else(|_| Roles::default(), |config| config.roles);
    let permissions = permissions(&roles, role, &[], args.inspector.as_deref())?;
    Ok(Some(Arc::new(Caller { name: role.clone(), permissions: Arc::new(permissions) })))
}

pub(super) async fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let choice = match ToolChoice::named(&args.tools) {
        Ok(ToolChoice::Default) if args.tools.is_empty() && args.http.is_some() => ToolChoice::All,
        Ok(choice) => choice,
        Err((unknown, known)) => anyhow::bail!("there is no tool `{unknown}`; there are: {}", known.join(", ")),
    };
    let caller = caller(global, args)?;
    let metrics = Arc::new(Metrics::sent_by(telemetry(args)?));
    let late = Late::new(global, Arc::clone(&metrics)).await?;
    if let Some(telemetry) = metrics.telemetry() {
        telemetry.observe(late.states());
    }
    let server = SpectoraServer::late(Arc::new(LateSource(Arc::clone(&late))), &choice);
    let server = match caller {
        Some(caller) => server.for_caller(caller),
        None => server,
    };
    let served = match args.http {
        None => tokio::select! {
            ended = serve_stdio(watched_if_sent(server, &metrics)) => ended.map_err(anyhow::Error::from),
            () = told_to_stop() => Ok(()),
        },
        Some(address) => serve_at(address, server, LateSource(Arc::clone(&late)), &metrics, global, args).await,
    };
    if let Some(telemetry) = metrics.telemetry() {
        telemetry.end().await;
    }
    late.close().await;
    served.map(|()| ExitCode::SUCCESS)
}

/// What sends spans and numbers, where an address is given. A wrong one among the variables, which may be meant for other
/// programs, is said and left.
fn telemetry(args: &ServeArgs) -> anyhow::Result<Option<Telemetry>> {
    let collector = match config::collector(args.otlp.as_deref(), &Environment::capture()) {
        Err(error) if args.otlp.is_none() => {
            tracing::warn!("no telemetry is sent: {error}; {}", error.remedy());
            None
        }
        collector => collector?,
    };
    let Some(collector) = collector else { return Ok(None) };
    let transport = if args.http.is_some() { "tcp" } else { "pipe" };
    Ok(match Telemetry::begin(&collector, transport, Arc::new(SystemClock)) {
        Ok(telemetry) => Some(telemetry),
        Err(error) => {
            tracing::warn!("no telemetry is sent: {error}");
            None
        }
    })
}

/// Over standard input and output nobody else hears of calls.
fn watched_if_sent(server: SpectoraServer, metrics: &Arc<Metrics>) -> SpectoraServer {
    match metrics.telemetry() {
        Some(_) => server.watched_by(Arc::new(Watch { log: None, metrics: Arc::clone(metrics) })),
        None => server,
    }
}

async fn serve_at(
    address: SocketAddr,
    server: SpectoraServer,
    late: LateSource,
    metrics: &Arc<Metrics>,
    global: &Global,
    args: &ServeArgs,
) -> anyhow::Result<()> {
    let config = http_config(global)?;
    let entry = &args.entry;
    let choice = entry.choice(config.way_in);
    let is_reached_by_others = !address.ip().is_loopback()
        || !args.allowed_hosts.is_empty()
        || entry.public_url.is_some()
        || config.public_url.is_some();
    if choice == WayInChoice::Unsaid && is_reached_by_others {
        anyhow::bail!(
            "{address} is to be reached from other machines, and whoever reaches it could read every company's data. Give \
             --login (people log in) or --tokens-only, or --without-login if something in front of it checks who comes"
        );
    }
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| cannot_listen(address))?;
    let address = listener.local_addr()?;
    let tls = match entry.tls_cert.as_deref().zip(entry.tls_key.as_deref()) {
        Some((chain, key)) => Some(crate::transport::tls(chain, key).map_err(anyhow::Error::msg)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let public_url = match &entry.public_url {
        Some(url) => Some(config::public_url(url)?),
        None => config.public_url.clone(),
    };
    let public_url = match public_url {
        Some(url) => url,
        None if matches!(choice, WayInChoice::Login | WayInChoice::Issuer) && !address.ip().is_loopback() => {
            anyhow::bail!(
                "a login needs the address that clients use: give --public-url, such as https://mcp.example.com"
            )
        }
        None => format!("{scheme}://{address}"),
    };
    let mut hosts = args.allowed_hosts.clone();
    hosts.push(public_url.clone());
    let settings = HttpSettings::new(&hosts, &args.allowed_origins).map_err(anyhow::Error::msg)?;
    let way_in = way_in(choice, entry, &config, &public_url).await?;
    let how = match choice {
        WayInChoice::Login => ", with a login",
        WayInChoice::Tokens => ", with tokens",
        WayInChoice::Issuer => ", with tokens of an identity provider",
        WayInChoice::Unsaid | WayInChoice::Open => "",
    };
    // Said whatever the level of the log: whoever starts this by hand needs the address.
    eprintln!("serving MCP at {scheme}://{address}/mcp{how} (health: {scheme}://{address}/healthz); stop with Ctrl-C");
    if choice == WayInChoice::Open && !address.ip().is_loopback() {
        tracing::warn!("this address can be reached from other machines, and there is no login");
    }
    let stop = heed_signals(&late);
    if let WayIn::Checked { login, .. } = &way_in {
        tokio::spawn(tidy(Arc::clone(login), stop.clone()));
    }
    // Nobody says hello here that could be waited for, and deliveries may come at any time.
    tokio::spawn({
        let late = late.clone();
        async move { drop(late.companies().await) }
    });
    let late = Arc::new(late);
    if let Some(address) = entry.metrics {
        let listener = tokio::net::TcpListener::bind(address).await.with_context(|| cannot_listen(address))?;
        eprintln!("numbers for a monitor at http://{}/metrics", listener.local_addr()?);
        let late: Arc<dyn Readiness> = Arc::clone(&late) as _;
        tokio::spawn(serve_metrics(Arc::clone(metrics), late, listener, stop.clone()));
    }
    let log = entry.call_log(&config, &way_in);
    let server = server.watched_by(Arc::new(Watch { log, metrics: Arc::clone(metrics) }));
    // A request that passed no check gets nothing, whatever was put together wrong above.
    let server = match &way_in {
        WayIn::Open => server,
        WayIn::Checked { how: Checked::Login, .. } => {
            server.requiring_caller().with_pages_at(&format!("{public_url}/open?id="))
        }
        WayIn::Checked { .. } => server.requiring_caller(),
    };
    let served = HttpServer {
        server,
        deliveries: Some(Arc::clone(&late) as _),
        readiness: Some(late),
        settings,
        trusted_proxies: entry.trusted_proxies(&config),
        sessions: (entry.sessions || config.sessions).then(|| Duration::from_secs(entry.session_idle_seconds)),
        way_in,
        metrics: Arc::clone(metrics),
        tls,
    };
    serve_http(served, listener, stop).await;
    Ok(())
}

impl EntryArgs {
    /// How callers get in: as the command line says, else as the configuration does.
    fn choice(&self, configured: WayInChoice) -> WayInChoice {
        match (self.login, self.tokens_only, self.without_login) {
            (true, ..) => WayInChoice::Login,
            (_, true, _) => WayInChoice::Tokens,
            (.., true) => WayInChoice::Open,
            _ => configured,
        }
    }

    fn trusted_proxies(&self, config: &HttpConfig) -> Vec<IpNet> {
        if self.trusted_proxies.is_empty() { config.trusted_proxies.clone() } else { self.trusted_proxies.clone() }
    }

    /// The log of calls; without anybody to name, only where it was asked for.
    fn call_log(&self, config: &HttpConfig, way_in: &WayIn) -> Option<CallLog> {
        let beside = || access_path(self.access_file.as_deref(), config).ok().map(|path| call_log_beside(&path));
        let path = self.call_log.clone().or_else(|| match way_in {
            WayIn::Open => None,
            WayIn::Checked { .. } => beside(),
        })?;
        Some(CallLog::begin(&path, Arc::new(SystemClock)))
    }
}

/// What checks who comes in, with the file of people and tokens opened.
async fn way_in(
    choice: WayInChoice,
    entry: &EntryArgs,
    config: &HttpConfig,
    public_url: &str,
) -> anyhow::Result<WayIn> {
    if matches!(choice, WayInChoice::Unsaid | WayInChoice::Open) {
        return Ok(WayIn::Open);
    }
    let store = access_store(entry.access_file.as_deref(), config)?;
    let opened = Arc::clone(&store);
    let people = tokio::task::spawn_blocking(move || opened.people()).await??;
    if choice == WayInChoice::Login && people.is_empty() {
        eprintln!("nobody can log in yet: add yourself with `spectora-mcp access add-person NAME --role owner`");
    }
    let settings = LoginSettings {
        public_url: public_url.to_owned(),
        redirects: RedirectRules { more: config.redirects.clone() },
        access_token_seconds: entry.access_token_seconds,
        allow_loopback_documents: entry.allow_loopback_client_metadata,
    };
    let how = match choice {
        WayInChoice::Login => Checked::Login,
        WayInChoice::Issuer => Checked::Issuer(issuer(config.issuer.as_ref(), settings.resource())?),
        _ => Checked::Tokens,
    };
    let (roles, calls_per_minute) = (config.roles.clone(), config.calls_per_minute);
    Ok(WayIn::Checked { login: Arc::new(Login::new(store, settings)), how, roles, calls_per_minute })
}

/// The identity provider of `[http.issuer]`, for tokens to `resource`.
fn issuer(config: Option<&config::IssuerConfig>, resource: String) -> anyhow::Result<Arc<Issuer>> {
    let config = config.context("`way_in = \"issuer\"` needs [http.issuer] with the `url` of the identity provider")?;
    let settings = IssuerSettings {
        url: config.url.clone(),
        audience: config.audience.clone().unwrap_or(resource),
        role_claim: config.role_claim.clone(),
        companies_claim: config.companies_claim.clone(),
        inspector_claim: config.inspector_claim.clone(),
        all_companies: config.all_companies,
    };
    Ok(Arc::new(Issuer::new(settings, Arc::new(SystemClock)).map_err(anyhow::Error::msg)?))
}

/// What `[http]` says; the invented companies have no configuration unless one is given.
pub(super) fn http_config(global: &Global) -> anyhow::Result<HttpConfig> {
    if global.is_demo() && global.config.is_none() {
        return Ok(HttpConfig::default());
    }
    Ok(config::http(&global.overrides(), &Environment::capture())?)
}

/// The file of people, tokens and logins: the one given, or the one in the data folder, which is made where it is missing.
pub(super) fn access_store(given: Option<&Path>, config: &HttpConfig) -> anyhow::Result<Arc<AccessStore>> {
    let path = access_path(given, config)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        mirror::private_folder(folder)?;
    }
    Ok(AccessStore::at(&path, Arc::new(SystemClock)))
}

pub(super) fn access_path(given: Option<&Path>, config: &HttpConfig) -> anyhow::Result<PathBuf> {
    match given {
        Some(path) => Ok(Environment::capture().expand(path.to_owned())?),
        None => config.access_file.clone().context("there is no data folder: give --access-file"),
    }
}

/// Where calls are logged unless told otherwise.
pub(super) fn call_log_beside(access_file: &Path) -> PathBuf {
    access_file.with_file_name("calls.jsonl")
}

/// Removes what has ended, once an hour.
async fn tidy(login: Arc<Login>, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(3_600);
    loop {
        let login = Arc::clone(&login);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || login.tidy()).await {
            tracing::warn!(%error, "what has ended is not removed");
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

/// Follows what the system tells a server; gives what is cancelled when it is to stop.
fn heed_signals(late: &LateSource) -> CancellationToken {
    let stop = CancellationToken::new();
    #[cfg(unix)]
    tokio::spawn(reload_when_told(late.clone(), stop.clone()));
    #[cfg(not(unix))]
    let _ = late;
    tokio::spawn({
        let stop = stop.clone();
        async move {
            told_to_stop().await;
            stop.cancel();
        }
    });
    stop
}

/// Has the configuration read again at each SIGHUP, as service managers send it.
#[cfg(unix)]
async fn reload_when_told(late: LateSource, stop: CancellationToken) {
    let Ok(mut told) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    while let Some(Some(())) = stop.run_until_cancelled(told.recv()).await {
        late.0.reload();
    }
}

/// Ends at Ctrl-C, or when the system asks to stop.
pub(super) async fn told_to_stop() {
    #[cfg(unix)]
    {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let Ok(mut terminate) = tokio::signal::unix::signal(kind) else {
            return drop(tokio::signal::ctrl_c().await);
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(tokio::signal::ctrl_c().await);
}

fn cannot_listen(address: SocketAddr) -> String {
    format!("cannot listen on {address} (stop the program that has this port, or give another one)")
}
