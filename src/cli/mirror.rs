//! `mirror`: the local copies as files.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::open::{Opened, usable};
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use domain::CompanyName;
use mirror::{Kind, MirrorError, MirrorRemoval};

/// A sync that keeps the mirror fresh ends within this time; a first reading takes longer, and is not waited for.
const SYNC_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether it has ended.
const SYNC_LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where the local copies are, how complete they are, and how to start over.
#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Show each mirror: file, size, how complete and how fresh, calls of this month. Exit code 1 when one is damaged.
    Status,
    /// Delete each mirror (or that of --company) and start over; waits for a sync that is about to end.
    Rebuild,
}

pub(super) async fn run(global: &Global, args: &MirrorArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let Some(folder) = opened.config.data_dir.clone() else {
        anyhow::bail!("no mirror is kept: leave out --no-mirror");
    };
    if matches!(args.what, What::Rebuild) {
        for company in &opened.config.companies {
            remove(&folder, &company.name).await.with_context(|| company.name.to_string())?;
            output::line(&format!("{}: deleted; a running server or `spectora-mcp sync` fills it again", company.name));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut all_fine = true;
    for (company, syncer) in opened.app()?.mirrors() {
        let Some(syncer) = usable(company, syncer) else {
            all_fine = false;
            continue;
        };
        if let Err(problem) = syncer.mirror().check() {
            output::line(&format!("{company}: {problem}\n  -> {}", problem.remedy()));
            all_fine = false;
            continue;
        }
        let status = syncer.status().await?;
        let mut text =
            format!("{company}: {} ({:.1} MB)\n", syncer.mirror().path().display(), status.bytes as f64 / 1e6);
        for (kind, coverage, here) in &status.kinds {
            let shown =
                |at: Option<jiff::Timestamp>| at.map_or("never".to_owned(), |at| at.strftime("%F %T UTC").to_string());
            let fresh = coverage.fresh_at.max(if *kind == Kind::Inspections { coverage.window_at } else { None });
            text.push_str(&format!(
                "  {:<17} {here:>8}  all read {}, changes read {}\n",
                kind.name(),
                shown(coverage.full_at),
                shown(fresh)
            ));
        }
        let deliveries = syncer.mirror().read(|snapshot| snapshot.delivery_count()).await?;
        if let Some(problem) = &status.count_problem {
            all_fine = false;
            text.push_str(&format!("  {problem}\n"));
        }
        let budget = status.month.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
        text.push_str(&format!(
            "  {}{budget} calls this month; {} webhook deliveries wait",
            status.month.total, deliveries.waiting
        ));
        for (endpoint, outcome, n) in &status.month.parts {
            text.push_str(&format!("\n    {endpoint:<24} {outcome:<13} {n:>8}"));
        }
        output::line(&text);
    }
    Ok(if all_fine { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ANSWER_IS_ERROR) })
}

/// Deletes a mirror, once a sync that is just ending has ended.
async fn remove(folder: &std::path::Path, company: &CompanyName) -> Result<(), MirrorError> {
    mirror::private_folder(folder)?;
    removal_of(folder, company).await?.delete()
}

/// What a mirror is deleted by, once a sync that is just ending has ended.
pub(super) async fn removal_of(folder: &std::path::Path, company: &CompanyName) -> Result<MirrorRemoval, MirrorError> {
    let deadline = tokio::time::Instant::now() + SYNC_WAIT_MAX;
    loop {
        match MirrorRemoval::begin(folder, company) {
            Err(MirrorError::BeingSynced) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(SYNC_LOOK_EVERY).await;
            }
            begun => return begun,
        }
    }
}
