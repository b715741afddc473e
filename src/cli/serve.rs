//! `serve`: what an assistant's configuration runs.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::open::Opened;
use crate::mcp::ToolChoice;
use crate::transport::{HttpSettings, serve_http, serve_stdio};

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
}

pub(super) async fn run(global: &Global, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.app()?;
    let choice = match ToolChoice::named(&args.tools) {
        Ok(ToolChoice::Default) if args.tools.is_empty() && args.http.is_some() => ToolChoice::All,
        Ok(choice) => choice,
        Err((unknown, known)) => anyhow::bail!("there is no tool `{unknown}`; there are: {}", known.join(", ")),
    };
    let server = app.server_with(&choice);
    let stop = CancellationToken::new();
    app.keep_fresh(&stop);
    let Some(address) = args.http else {
        let served = serve_stdio(server).await;
        stop.cancel();
        app.end().await;
        served?;
        return Ok(ExitCode::SUCCESS);
    };
    let listener =
        tokio::net::TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    // Said whatever the level of the log: whoever starts this by hand needs the address.
    eprintln!("serving MCP at http://{address}/mcp (health: http://{address}/healthz); stop with Ctrl-C");
    if !address.ip().is_loopback() {
        tracing::warn!("this address can be reached from other machines, and there is no login");
    }
    let settings =
        HttpSettings { allowed_hosts: args.allowed_hosts.clone(), allowed_origins: args.allowed_origins.clone() };
    tokio::spawn({
        let stop = stop.clone();
        async move {
            told_to_stop().await;
            stop.cancel();
        }
    });
    let served = serve_http(server, app.deliveries(), listener, &settings, stop).await;
    app.end().await;
    served?;
    Ok(ExitCode::SUCCESS)
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
