//! What is stored on this machine, and who sees it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::super::places::all_own_entries;
use super::super::{Global, output};
use super::Settled;
use crate::config::{Company, Environment, ForgottenFile, KeyOrigin, collector, key_origins, updates};
use mirror::{Kind, MirrorError};
use sync::Syncer;

pub(super) async fn show(global: &Global) -> anyhow::Result<ExitCode> {
    let environment = Environment::capture();
    let settled = Settled::new(global).await?;
    let config = &settled.config;
    output::line("Stored on this machine:");
    for source in &config.sources {
        output::line(&format!("  settings: {source}"));
    }
    if !global.is_demo() {
        for (company, origin) in key_origins(&global.overrides(), &environment)? {
            output::line(&format!("  key of {company}: {}", place_of_key(&origin)));
        }
    }
    match &config.data_dir {
        None => output::line("  no mirror: each question asks Spectora, and nothing of the answer stays"),
        Some(folder) => {
            output::line(&format!("  data folder: {}", folder.display()));
            let app = settled.app()?;
            for (company, syncer) in config.companies.iter().zip(app.mirrors()) {
                let told = match syncer.1 {
                    Ok(Some(syncer)) => mirror(company, syncer).await?,
                    Ok(None) => "no mirror".to_owned(),
                    Err(error) => format!("the mirror cannot be read: {error}"),
                };
                output::line(&format!("    {}: {told}", company.name));
            }
            others(folder);
        }
    }
    for (file, found) in all_own_entries(&environment) {
        output::line(&format!("  entry `{}` in {}: how to start this program", found.name, file.assistant.title()));
    }
    output::line("\nWho sees it:");
    output::line(
        "  This user of this machine. The files are readable by nobody else, and they are not encrypted: turn on the",
    );
    output::line("  encryption of your disk (FileVault, BitLocker, LUKS).");
    output::line("  The assistant you ask, and the company behind it, gets each question and its answer.");
    output::line("  Spectora gets the key, and which records are read; nothing is ever written there.");
    let collects = matches!(collector(None, &environment), Ok(Some(_)));
    if collects {
        output::line("  The OpenTelemetry collector that is set gets counts and times, and no content.");
    }
    let asks = matches!(updates(&global.overrides(), &environment), Ok(Some(_)));
    if asks {
        output::line(
            "  The address under [updates] is asked for newer versions, and gets the version of this program.",
        );
    }
    if !collects && !asks {
        output::line("  Nobody else: nothing is sent anywhere.");
    }
    output::line("\nTo delete:");
    output::line("  one person           spectora-mcp privacy forget client ID   (or: agent ID)");
    output::line("  one company          spectora-mcp privacy forget company NAME");
    output::line("  clients after a time `client_details_months` in spectora.toml");
    output::line("  changes after a time `history_days` in spectora.toml");
    output::line("  everything           spectora-mcp setup --remove --with-data");
    Ok(ExitCode::SUCCESS)
}

fn place_of_key(origin: &KeyOrigin) -> String {
    match origin {
        KeyOrigin::Missing => "none".to_owned(),
        KeyOrigin::Written => "in spectora.toml".to_owned(),
        KeyOrigin::Variable(name) => format!("in the variable {name}, set elsewhere"),
        KeyOrigin::Command => "not stored; printed by a program".to_owned(),
        KeyOrigin::Keychain(_) => "in the system's keychain".to_owned(),
        KeyOrigin::File(path) => path.display().to_string(),
    }
}

async fn mirror(company: &Company, syncer: &Arc<Syncer>) -> Result<String, MirrorError> {
    if !syncer.mirror().is_made()? {
        return Ok("nothing yet".to_owned());
    }
    let status = syncer.status().await?;
    let history = syncer.mirror().read(|snapshot| snapshot.history_from()).await?;
    let counts = status.kinds.iter().filter(|(kind, ..)| *kind != Kind::AgentStats);
    let counts: Vec<String> = counts.map(|(kind, _, count)| format!("{count} {}", kind.name())).collect();
    let mut parts = vec![format!("{} ({:.1} MB)", counts.join(", "), status.bytes as f64 / 1e6)];
    if let Some(from) = history {
        parts.push(format!("changes since {}", company.timezone.to_datetime(from).date()));
    }
    let forgotten = &company.forgotten;
    if !forgotten.clients.is_empty() || !forgotten.agents.is_empty() {
        parts.push(format!("forgotten: {} clients, {} agents", forgotten.clients.len(), forgotten.agents.len()));
    }
    if let Some(before) = forgotten.clients_before {
        parts.push(format!(
            "without the clients of inspections before {}",
            jiff::tz::TimeZone::UTC.to_datetime(before).date()
        ));
    }
    Ok(parts.join("; "))
}

/// What else stands in the data folder.
fn others(folder: &Path) {
    let files = [
        (folder.join("ledger.sqlite"), "how many requests were sent in which month"),
        (ForgottenFile::path_in(folder), "the ids of people who were forgotten"),
        (folder.join("access.db"), "people and applications that may log in over HTTP"),
        (folder.join("calls.jsonl"), "who asked which tool when over HTTP, without the question and the answer"),
    ];
    for (file, what) in files.into_iter().filter(|(file, _)| file.is_file()) {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        output::line(&format!("    {name}: {what}"));
    }
}
