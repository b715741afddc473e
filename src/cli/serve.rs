//! `serve`: what an assistant's configuration runs.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::late::{Late, LateSource};
use crate::transport::{HttpSettings, serve_http, serve_stdio};
use domain::{Caller, RoleError, Roles};
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
}

/// Who asks, where a role was chosen. Companies are those that are served.
fn caller(args: &ServeArgs) -> anyhow::Result<Option<Arc<Caller>>> {
    let Some(role) = &args.role else { return Ok(None) };
    let roles = Roles::default();
    let permissions = roles.permissions(role, &[], args.inspector.as_deref()).map_err(|error| match error {
        RoleError::NoInspector { .. } => anyhow::anyhow!("{error}: add --as INSPECTOR (an id, or a whole name)"),
        RoleError::Unknown { .. } => anyhow::Error::new(error),
    })?;
    if args.inspector.is_some() && permissions.inspector.is_none() {
        anyhow::bail!("the role `{role}` shows everybody's work: leave out --as, or choose --role inspector");
    }
    Ok(Some(Arc::new(Caller { name: role.clone(), permissions: Arc::new(permissions) })))
}

pub(super) async fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let choice = match ToolChoice::named(&args.tools) {
        Ok(ToolChoice::Default) if args.tools.is_empty() && args.http.is_some() => ToolChoice::All,
        Ok(choice) => choice,
        Err((unknown, known)) => anyhow::bail!("there is no tool `{unknown}`; there are: {}", known.join(", ")),
    };
    let caller = caller(args)?;
    let settings = HttpSettings::new(&args.allowed_hosts, &args.allowed_origins).map_err(anyhow::Error::msg)?;
    let late = Late::new(global).await?;
    let server = SpectoraServer::late(late.names(), Arc::new(LateSource(Arc::clone(&late))), &choice);
    let server = match caller {
        Some(caller) => server.for_caller(caller),
        None => server,
    };
    let served = match args.http {
        None => tokio::select! {
            ended = serve_stdio(server) => ended.map_err(anyhow::Error::from),
            () = told_to_stop() => Ok(()),
        },
        Some(address) => serve_at(address, server, LateSource(Arc::clone(&late)), &settings).await,
    };
    late.close().await;
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve_at(
    address: SocketAddr,
    server: SpectoraServer,
    late: LateSource,
    settings: &HttpSettings,
) -> anyhow::Result<()> {
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    // Said whatever the level of the log: whoever starts this by hand needs the address.
    eprintln!("serving MCP at http://{address}/mcp (health: http://{address}/healthz); stop with Ctrl-C");
    if !address.ip().is_loopback() {
        tracing::warn!("this address can be reached from other machines, and there is no login");
    }
    let stop = CancellationToken::new();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            told_to_stop().await;
            stop.cancel();
        }
    });
    // Nobody says hello here that could be waited for, and deliveries may come at any time.
    tokio::spawn({
        let late = late.clone();
        async move { drop(late.companies().await) }
    });
    serve_http(server, Some(Arc::new(late)), listener, settings, stop).await?;
    Ok(())
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
