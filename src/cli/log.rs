//! `log`: who asked what.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use comfy_table::Table;

use super::serve::{access_path, call_log_beside, http_config};
use super::{Global, output};
use crate::operations::{LoggedCall, read_calls};

/// Shows the calls of an HTTP server with a login: who asked which tool, with which arguments by name, how many rows came,
/// how long it took, and how many requests to Spectora it cost. What was asked for and what was answered is not in it.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The log; without it, the one beside the file of people.
    #[arg(long, value_name = "FILE")]
    call_log: Option<PathBuf>,
    /// The file of people, beside which the log is.
    #[arg(long, value_name = "FILE")]
    access_file: Option<PathBuf>,
    /// How many calls, the latest last.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    last: usize,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// The last calls of the usual log.
pub(super) fn last_calls(global: &Global, last: usize) -> anyhow::Result<Vec<LoggedCall>> {
    Ok(read_calls(&usual_log(global, None)?, last)?)
}

fn usual_log(global: &Global, access_file: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(call_log_beside(&access_path(access_file, &http_config(global)?)?))
}

pub(super) fn run(global: &Global, args: &LogArgs) -> anyhow::Result<ExitCode> {
    let path = match &args.call_log {
        Some(path) => path.clone(),
        None => usual_log(global, args.access_file.as_deref())?,
    };
    let calls = read_calls(&path, args.last)?;
    if args.json {
        for call in &calls {
            output::line(&serde_json::to_string(call)?);
        }
    } else if calls.is_empty() {
        output::line(&format!("no call is logged in {}", path.display()));
    } else {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["at", "who", "tool", "arguments", "rows", "ms", "requests", ""]);
        for call in calls {
            table.add_row([
                call.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                call.caller.unwrap_or_default(),
                call.tool,
                call.arguments.join(", "),
                call.rows.map(|rows| rows.to_string()).unwrap_or_default(),
                call.ms.to_string(),
                call.requests.map(|requests| requests.to_string()).unwrap_or_default(),
                if call.failed { "failed".to_owned() } else { String::new() },
            ]);
        }
        output::line(&table.to_string());
    }
    Ok(ExitCode::SUCCESS)
}
