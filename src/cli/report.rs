//! `report`: an insight for people, in the terminal or as a file.

mod csv_text;
mod html;
mod markdown;
mod model;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use rmcp::model::CallToolRequestParams;
use serde_json::{Map, Value};

use self::model::Report;
use super::call::key_value;
use super::open::{Opened, converse};
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use mcp::ToolChoice;

/// Prints the same answers as the tools, as tables and charts: `spectora-mcp report scorecard period=last_quarter`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Which report.
    #[arg(value_enum)]
    name: Name,
    /// The arguments of the tool behind it.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// The file to write; standard output without it. A file that is there is never overwritten. For CSV only the main
    /// table is written.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Inspectors side by side.
    Scorecard,
    /// Agents who refer.
    Agents,
    /// What is sold where.
    Mix,
    /// A day's jobs.
    Briefing,
    /// The weeks ahead.
    Capacity,
    /// What distorts the numbers.
    Quality,
    /// A Monday review: the weeks ahead, last week's inspectors, dormant agents, today's jobs.
    Monday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables and charts for a terminal.
    Terminal,
    /// Markdown.
    Markdown,
    /// The main table as CSV.
    Csv,
    /// One file without scripts, for a browser or a printer.
    Html,
}

/// The tools whose rows come in pages.
const PAGED: &[&str] = &["inspector_scorecard", "agent_analysis", "service_mix", "capacity_plan"];
/// The tool whose jobs come in pages as large as an answer may be.
const BRIEFING: &str = "prep_briefing";
/// The most rows such a tool gives at once.
const ROWS_OF_A_CALL: u32 = 100;

/// One call of a tool that a report makes.
struct Question {
    /// The heading over its answer.
    title: &'static str,
    tool: &'static str,
    /// Arguments that the user's own ones replace.
    defaults: &'static [(&'static str, &'static str)],
}

impl Question {
    const fn new(title: &'static str, tool: &'static str, defaults: &'static [(&'static str, &'static str)]) -> Self {
        Self { title, tool, defaults }
    }
}

impl Name {
    fn questions(self) -> &'static [Question] {
        match self {
            Self::Scorecard => &const { [Question::new("Inspector scorecard", "inspector_scorecard", &[])] },
            Self::Agents => &const { [Question::new("Agent analysis", "agent_analysis", &[])] },
            Self::Mix => &const { [Question::new("Service mix", "service_mix", &[])] },
            Self::Briefing => &const { [Question::new("Daily briefing", "prep_briefing", &[])] },
            Self::Capacity => &const { [Question::new("Capacity plan", "capacity_plan", &[])] },
            Self::Quality => &const { [Question::new("Data quality", "data_quality", &[])] },
            Self::Monday => {
                &const {
                    [
                        Question::new("The weeks ahead", "capacity_plan", &[]),
                        Question::new("Inspectors last week", "inspector_scorecard", &[("period", "last_week")]),
                        Question::new("Dormant agents", "agent_analysis", &[("mode", "dormant")]),
                        Question::new("Today", "prep_briefing", &[("day", "today")]),
                    ]
                }
            }
        }
    }
}

pub(super) async fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    if args.name == Name::Monday && args.format == Format::Csv {
        anyhow::bail!("a review of several tables is no CSV: choose one report, or --format markdown or html");
    }
    if args.name == Name::Monday && !args.arguments.is_empty() {
        anyhow::bail!("the Monday review takes no arguments; --company narrows it");
    }
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server_with(&ToolChoice::All)).await?;
    let mut reports = Vec::new();
    for Question { title, tool, defaults } in args.name.questions() {
        let mut arguments: Map<String, Value> =
            defaults.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        arguments.extend(args.arguments.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
        // What goes elsewhere has all rows, unless a number of them is asked for; a day has all its jobs anywhere.
        let goes_elsewhere = args.format != Format::Terminal || args.output.is_some();
        let is_paged = PAGED.contains(tool) && goes_elsewhere && !arguments.contains_key("limit");
        let has_all = is_paged || *tool == BRIEFING;
        if is_paged {
            arguments.insert("limit".to_owned(), ROWS_OF_A_CALL.into());
        }
        let ask = |arguments: &Map<String, Value>| {
            client.call_tool(CallToolRequestParams::new(*tool).with_arguments(arguments.clone()))
        };
        let result = ask(&arguments).await?;
        match result.structured_content {
            Some(Value::Object(mut answer)) if result.is_error != Some(true) => {
                while let Some(cursor) = answer.remove("next_cursor").filter(|_| has_all) {
                    arguments.insert("cursor".to_owned(), cursor);
                    let more = ask(&arguments).await?.structured_content;
                    let more = more.as_ref().and_then(Value::as_object);
                    model::append(&mut answer, more.ok_or_else(|| anyhow::anyhow!("the rest could not be read"))?);
                }
                reports.push(Report::of(title, &answer));
            }
            _ => {
                for text in output::texts(&result) {
                    output::error_line(text);
                }
                client.cancel().await?;
                return Ok(ExitCode::from(EXIT_ANSWER_IS_ERROR));
            }
        }
    }
    client.cancel().await?;
    let text = match args.format {
        Format::Terminal => terminal::text(&reports),
        Format::Markdown => markdown::text(&reports),
        Format::Csv => csv_text::text(&reports)?,
        Format::Html => html::text(&reports),
    };
    match &args.output {
        Some(path) => write_new(path, &text)?,
        None => output::line(text.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is not there yet, readable by its owner alone: it holds names.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    let file = mirror::user_only(options).open(path);
    let mut file = file.map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
