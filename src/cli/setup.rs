//! `setup`: from a key to an assistant that answers. Every question is an option too.

mod companies;
mod entries;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use rmcp::model::CallToolRequestParams;
use serde_json::json;

use super::asking::Asking;
use super::companies::KeysIn;
use super::open::{Opened, converse};
use super::sync::SyncArgs;
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use crate::config::Environment;

/// Asks for what it needs, checks each key at once, and shows each change to a file before it is made. Run again, it
/// changes only what is different; `--remove` takes everything back.
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    /// Ask nothing: take the options, and what is usual for the rest.
    #[arg(long, short)]
    yes: bool,
    /// A file with the key of a company in it (may be given several times). `--company` names the companies, in the
    /// same order.
    #[arg(long = "key-file", value_name = "FILE")]
    key_files: Vec<PathBuf>,
    /// Read keys from standard input, one a line.
    #[arg(long, requires = "yes")]
    keys_stdin: bool,
    /// The time zone of each new company, in the order of the keys; without it, that of the ZIP codes of its inspections.
    #[arg(long = "timezone", value_name = "ZONE")]
    timezones: Vec<String>,
    /// Where keys are stored; without it, the keychain where the system has one.
    #[arg(long, value_enum, value_name = "PLACE")]
    keys_in: Option<KeysIn>,
    /// Which assistants get an entry (may be given several times): claude-desktop, claude-code, cursor, vs-code, windsurf,
    /// gemini-cli, lm-studio, codex, or none; without it, those that are installed.
    #[arg(long = "assistant", value_name = "NAME")]
    assistants: Vec<String>,
    /// One entry for all companies, or one for each; without it, one.
    #[arg(long, value_enum, value_name = "HOW_MANY")]
    entries: Option<Entries>,
    /// Read nothing from Spectora yet but what checks a key.
    #[arg(long)]
    no_sync: bool,
    /// Take the entries out of the assistants again.
    #[arg(long)]
    remove: bool,
    /// With --remove: delete the keys, the companies in spectora.toml and their mirrors too.
    #[arg(long, requires = "remove")]
    with_data: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Entries {
    /// All companies behind one entry.
    One,
    /// An entry for each company, of its name.
    Each,
}

pub(super) async fn run(global: &Global, args: &SetupArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::capture();
    let asking = Asking::new(args.yes)?;
    asking.begin(if args.remove { "Taking spectora-mcp out again" } else { "Setting up spectora-mcp" })?;
    if args.remove {
        entries::remove(args, &environment, &asking)?;
        if args.with_data {
            companies::forget(global, &environment, &asking).await?;
        }
        asking.end("Done. Restart the assistants that were changed.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = if global.is_demo() { Vec::new() } else { companies::add(global, args, &environment, &asking).await? };
    let written = entries::write(global, args, &environment, &asking, &names)?;
    let is_read = args.no_sync || first_answer(global, &asking).await?;
    for restart in written.restarts {
        asking.say(&format!("Now, in {restart}."))?;
    }
    asking.say(
        "Then ask it:\n  How did my inspectors do last month?\n  Which agents have gone quiet, and whom should I call?\n  Prepare tomorrow.",
    )?;
    let left = written.left.join(", ");
    asking.end(&match (is_read, written.left.is_empty()) {
        (true, true) => "All set. `spectora-mcp doctor` checks everything again.".to_owned(),
        (true, false) => format!("{left} cannot ask yet: see above what to do. All else is set."),
        (false, _) => {
            "The first reading is not complete; `spectora-mcp sync` goes on, and `spectora-mcp doctor` looks for the reason."
                .to_owned()
        }
    })?;
    let is_fine = is_read && written.left.is_empty();
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ANSWER_IS_ERROR) })
}

/// Fills the mirrors and asks what most owners ask first; whether that went well.
async fn first_answer(global: &Global, asking: &Asking) -> anyhow::Result<bool> {
    /// The most lines of the answer.
    const LINES: usize = 24;
    let question = "How did my inspectors do last month?";
    if !global.is_demo() {
        asking.say("Reading from Spectora for the first time; stop it whenever you like, it goes on later.")?;
        if super::sync::run(global, &SyncArgs::usual()).await? != ExitCode::SUCCESS {
            return Ok(false);
        }
    }
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server()).await?;
    let asked = json!({"period": "last_month"}).as_object().cloned().unwrap_or_default();
    let result = client.call_tool(CallToolRequestParams::new("inspector_scorecard").with_arguments(asked)).await?;
    client.cancel().await?;
    asking.say(&format!("A first answer. {question}"))?;
    for line in output::texts(&result).flat_map(str::lines).take(LINES) {
        output::line(&format!("  {line}"));
    }
    Ok(result.is_error != Some(true))
}
