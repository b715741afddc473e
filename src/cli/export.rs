//! `export`: a mirror for other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::open::Opened;
use super::{Global, output};
use crate::config::Environment;

/// Said with a failure.
const HOW_ELSE: &str = "nothing more was written (choose another folder, or --overwrite to replace what is there)";

/// Writes what the mirror holds; run `spectora-mcp sync` first. The files hold client names: keep them where only you can
/// read them.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The folder to write into; one folder or file for each company in it.
    folder: PathBuf,
    /// CSV files, or one SQLite file with every record as it came and what each column means.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Replace files that are there; without it they are refused.
    #[arg(long)]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A CSV file for each kind of record.
    Csv,
    /// One SQLite file.
    Sqlite,
}

pub(super) async fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let folder = Environment::capture().expand(args.folder.clone())?;
    for (company, syncer) in app.mirrors() {
        let Some(syncer) = syncer.map_err(|problem| anyhow::anyhow!("{company}: {problem}"))? else {
            anyhow::bail!("there is no mirror to export: leave out --no-mirror");
        };
        let gaps = syncer.gaps().await?;
        let mirror = syncer.mirror();
        let (place, written) = match args.format {
            Format::Csv => {
                let folder = folder.join(company.as_str());
                (folder.clone(), mirror.export_csv(&folder, args.overwrite).context(HOW_ELSE)?)
            }
            Format::Sqlite => {
                let file = folder.join(format!("{company}.sqlite"));
                (file.clone(), mirror.export_sqlite(&file, args.overwrite).context(HOW_ELSE)?)
            }
        };
        let counts: Vec<String> = written.iter().map(|(name, rows)| format!("{name} {rows}")).collect();
        output::line(&format!("{company}: {} ({})", place.display(), counts.join(", ")));
        for (kind, gap) in gaps {
            output::line(&format!("  INCOMPLETE  {}", mcp::mirror_gap_words(kind, gap)));
        }
    }
    Ok(ExitCode::SUCCESS)
}
