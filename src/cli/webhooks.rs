//! `webhooks`: the address to register with the service, its secret, and what came.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;

use super::open::{Opened, usable};
use super::{Global, output};
use sync::webhook_secret;

/// The most deliveries shown.
const SHOWN: usize = 20;

/// With webhooks Spectora tells this program what changed, so that it need not ask. Needs `serve --http` behind a public
/// HTTPS address.
#[derive(Debug, Args)]
pub(super) struct WebhooksArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the address to register in Spectora's developer portal; makes the secret in it the first time.
    Url {
        /// The public address of `serve --http`, such as <https://mcp.example.com>.
        #[arg(default_value = "https://YOUR-ADDRESS")]
        public_url: String,
    },
    /// Make a new secret; the old address stops working at once.
    Roll {
        /// The public address of `serve --http`.
        #[arg(default_value = "https://YOUR-ADDRESS")]
        public_url: String,
    },
    /// Show what came lately, and what became of it.
    Log,
}

pub(super) async fn run(global: &Global, args: &WebhooksArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let Some(folder) = opened.config.data_dir.clone() else {
        anyhow::bail!("webhooks need a mirror: leave out --no-mirror");
    };
    let (url, rolls) = match &args.what {
        What::Url { public_url } => (public_url, false),
        What::Roll { public_url } => (public_url, true),
        What::Log => return log(&opened).await,
    };
    for company in &opened.config.companies {
        let secret = webhook_secret(&folder, &company.name, true, rolls)?;
        let secret = secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default();
        output::line(&format!("{}/webhooks/{}/{secret}", url.trim_end_matches('/'), company.name));
    }
    output::line("The address is a secret: whoever has it can make this program ask Spectora for single records.");
    Ok(ExitCode::SUCCESS)
}

async fn log(opened: &Opened) -> anyhow::Result<ExitCode> {
    for (company, syncer) in opened.app()?.mirrors() {
        let Some(syncer) = usable(company, syncer) else { continue };
        let (count, last) =
            syncer.mirror().read(|snapshot| Ok((snapshot.delivery_count()?, snapshot.last_deliveries(SHOWN)?))).await?;
        output::line(&format!("{company}: {} wait, {} done", count.waiting, count.done));
        for delivery in last {
            let outcome = delivery.outcome.unwrap_or_else(|| "waits".to_owned());
            let at = delivery.came_at.strftime("%F %T UTC");
            output::line(&format!("  {at}  {:<26} {:<14} {outcome}", delivery.event, delivery.id));
        }
    }
    Ok(ExitCode::SUCCESS)
}
