//! Whether Spectora's webhooks can come in, and whether they do.

use super::Finding;
use crate::app::App;
use crate::cli::Global;
use crate::config::{self, Config, Environment};
use sync::webhook_secret;

/// A finding for each company with an address for webhooks; nothing where nobody made one.
pub(super) async fn examine(global: &Global, environment: &Environment, app: &App, config: &Config) -> Vec<Finding> {
    let Some(folder) = &config.data_dir else { return Vec::new() };
    let public = config::http(&global.overrides(), environment).ok().and_then(|http| http.public_url);
    let mut findings = Vec::new();
    for (company, syncer) in app.mirrors() {
        // Looking makes none.
        let Ok(Some(_)) = webhook_secret(folder, company, false, false) else { continue };
        let about = format!("{company}, webhooks");
        if let Some(public) = &public {
            // Any word will do in place of the secret: it is asked whether the way leads here, and no more.
            let address = format!("{public}/webhooks/{company}/doctor");
            findings.push(match access::status_from_outside(&address).await {
                Ok(200) => Finding::fine(&about, format!("{public} leads to this server")),
                Ok(status) => Finding::wrong(
                    &about,
                    format!("{public} answers {status} where webhooks come in"),
                    "let the proxy or tunnel pass /webhooks/ on to `serve --http`",
                ),
                Err(why) => Finding::wrong(
                    &about,
                    format!("{public} {why}"),
                    "start `serve --http`, and check that the name, the certificate and the proxy or tunnel lead to it",
                ),
            });
        }
        let Ok(Some(syncer)) = syncer else { continue };
        let known = syncer.mirror().read(|snapshot| Ok((snapshot.delivery_count()?, snapshot.last_deliveries(1)?)));
        let Ok((count, last)) = known.await else { continue };
        findings.push(match last.first() {
            Some(last) => Finding::fine(
                &about,
                format!("the last one came {}; {} wait", last.came_at.strftime("%F %T UTC"), count.waiting),
            ),
            None => Finding::wrong(
                &about,
                "an address was made, and none has come",
                "register the address of `spectora-mcp webhooks url` in Spectora's developer portal, and keep `serve --http` \
                 running",
            ),
        });
    }
    findings
}
