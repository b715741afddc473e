//! `mirror`: the local copies as files.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::open::Opened;
use super::{Global, output};
use crate::mirror::{Kind, Mirror};

/// Where the local copies are, how complete they are, and how to begin anew.
#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Show each mirror: file, size, how complete and how fresh, calls of this month.
    Status,
    /// Delete each mirror (or that of --company); the next sync fills it again.
    Rebuild,
}

pub(super) async fn run(global: &Global, args: &MirrorArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let Some(folder) = opened.config.data_dir.clone() else {
        anyhow::bail!("no mirror is kept: leave out --no-mirror");
    };
    if matches!(args.what, What::Rebuild) {
        for company in &opened.config.companies {
            Mirror::remove(&folder, &company.name)?;
            output::line(&format!("{}: deleted; `spectora-mcp sync` fills it again", company.name));
        }
        return Ok(ExitCode::SUCCESS);
    }
    for (company, keeper) in opened.app()?.keepers() {
        let syncer = match keeper {
            Ok(Some(syncer)) => syncer,
            Ok(None) => continue,
            Err(problem) => {
                output::line(&format!("{company}: {problem}"));
                continue;
            }
        };
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
        let deliveries = syncer.mirror().read(|parts| parts.delivery_count()).await?;
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
    Ok(ExitCode::SUCCESS)
}
