//! `report`: an answer for people, in the terminal or as a file.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use present::{Beside, Page, Screen};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use serde_json::{Map, Value};

use super::call::key_value;
use super::open::{Opened, converse};
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use mcp::ToolChoice;

/// Without a terminal a page is so wide, in columns.
const WIDTH_USUAL: usize = 100;
/// Narrower than this nothing can be read.
const WIDTH_MIN: usize = 40;

/// Prints the same answers as the tools, as tables and charts: `spectora-mcp report scorecard period=last_quarter`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Which report.
    #[arg(value_enum)]
    name: Name,
    /// The arguments of the tool behind it.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// How it is written; without it, as the ending of the file says, else for a terminal.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write; standard output without it. A file that is there is never overwritten. For CSV only the main
    /// table is written.
    #[arg(long = "out", short, visible_alias = "output", value_name = "FILE")]
    out: Option<PathBuf>,
    /// Open the file when it is written; without --out, a page in the folder for temporary files.
    #[arg(long)]
    open: bool,
    /// So many columns of the terminal; without it, as many as it has.
    #[arg(long, value_name = "COLUMNS")]
    width: Option<usize>,
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
    /// What was booked, canceled, moved and published in the last 7 days, or since a day.
    News,
    /// What distorts the numbers.
    Quality,
    /// The owner's weekly letter: last week, what changed, whom to call, the weeks ahead, today; of all companies.
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
    /// One page without scripts, with charts, for a browser or a printer.
    Html,
    /// Sheets of US Letter, to print or to mail.
    Pdf,
    /// A workbook for Excel and its like, with a sheet for each table.
    Xlsx,
}

impl Format {
    /// What it is, where a terminal cannot show it.
    fn not_for_terminals(self) -> Option<&'static str> {
        match self {
            Self::Pdf => Some("a PDF"),
            Self::Xlsx => Some("a workbook"),
            _ => None,
        }
    }

    /// What the ending of a file's name says.
    fn of_file(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "csv" => Some(Self::Csv),
            "html" | "htm" => Some(Self::Html),
            "pdf" => Some(Self::Pdf),
            "xlsx" => Some(Self::Xlsx),
            "txt" => Some(Self::Terminal),
            _ => None,
        }
    }
}

/// The tools whose rows come in pages.
const PAGED: &[&str] = &["inspector_scorecard", "agent_analysis", "service_mix", "capacity_plan"];
/// A day's jobs, which come in pages as large as an answer may be.
const BRIEFING: &str = "prep_briefing";
/// What changed, of which a part says little.
const NEWS: &str = "whats_new";
/// The tools of whose answers there are all pages anywhere.
const WHOLE: &[&str] = &[BRIEFING, NEWS];
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
    /// The heading of the whole.
    fn title(self) -> &'static str {
        match self {
            Self::Monday => "The week in short",
            other => other.questions().first().map_or("Report", |question| question.title),
        }
    }

    fn questions(self) -> &'static [Question] {
        match self {
            Self::Scorecard => &const { [Question::new("Inspector scorecard", "inspector_scorecard", &[])] },
            Self::Agents => &const { [Question::new("Agents", "agent_analysis", &[])] },
            Self::Mix => &const { [Question::new("Service mix", "service_mix", &[])] },
            Self::Briefing => &const { [Question::new("Briefing", "prep_briefing", &[])] },
            Self::Capacity => &const { [Question::new("The weeks ahead", "capacity_plan", &[])] },
            Self::News => &const { [Question::new("What changed", NEWS, &[])] },
            Self::Quality => &const { [Question::new("Data quality", "data_quality", &[])] },
            Self::Monday => {
                &const {
                    [
                        Question::new("Last week", "inspector_scorecard", &[("period", "last_week")]),
                        Question::new("What changed in 7 days", NEWS, &[]),
                        Question::new("Whom to call", "agent_analysis", &[("mode", "dormant"), ("limit", "5")]),
                        Question::new("The weeks ahead", "capacity_plan", &[]),
                        Question::new("Today", "prep_briefing", &[("day", "today")]),
                    ]
                }
            }
        }
    }
}

pub(super) async fn run(global: &Global, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let format = match (args.format, args.out.as_deref()) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of_file(path).ok_or_else(|| {
            anyhow::anyhow!(
                "{} could be anything: end it with .html, .pdf, .xlsx, .csv, .md or .txt, or give --format",
                path.display()
            )
        })?,
        (None, None) if args.open => Format::Html,
        (None, None) => Format::Terminal,
    };
    if args.name == Name::Monday && format == Format::Csv {
        anyhow::bail!("a letter of several tables is no CSV: choose one report, or --format html, pdf or xlsx");
    }
    if args.name == Name::Monday && !args.arguments.is_empty() {
        anyhow::bail!("the Monday letter takes no arguments; --company narrows it");
    }
    if let Some(what) = format.not_for_terminals()
        && args.out.is_none()
        && !args.open
        && std::io::stdout().is_terminal()
    {
        anyhow::bail!("{what} cannot be shown in a terminal: give --out FILE, or --open");
    }
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server_with(&ToolChoice::All)).await?;
    let mut pages = Vec::new();
    for question in args.name.questions() {
        let mut arguments: Map<String, Value> =
            question.defaults.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        arguments.extend(args.arguments.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))));
        // What goes elsewhere has all rows, unless a number of them is asked for; a day has all its jobs anywhere.
        let goes_elsewhere = format != Format::Terminal || args.out.is_some();
        let wants_all = WHOLE.contains(&question.tool) || PAGED.contains(&question.tool) && goes_elsewhere;
        let has_all = wants_all && !arguments.contains_key("limit");
        if has_all && question.tool != BRIEFING {
            arguments.insert("limit".to_owned(), ROWS_OF_A_CALL.into());
        }
        let ask = |arguments: &Map<String, Value>| {
            client.call_tool(CallToolRequestParams::new(question.tool).with_arguments(arguments.clone()))
        };
        let result = ask(&arguments).await?;
        let mut beside = along(&result);
        let Some(Value::Object(mut answer)) =
            result.structured_content.clone().filter(|_| result.is_error != Some(true))
        else {
            output::texts(&result).for_each(output::error_line);
            client.cancel().await?;
            return Ok(ExitCode::from(EXIT_ANSWER_IS_ERROR));
        };
        while let Some(cursor) = answer.remove("next_cursor").filter(|_| has_all) {
            arguments.insert("cursor".to_owned(), cursor);
            let further = ask(&arguments).await?;
            beside.extend(along(&further));
            let more = further.structured_content.as_ref().and_then(Value::as_object);
            present::append(&mut answer, more.ok_or_else(|| anyhow::anyhow!("the rest could not be read"))?);
        }
        let page = Page::of(question.tool, &answer, &beside);
        // A letter is short; a workbook has room for all.
        let is_short = args.name == Name::Monday && format != Format::Xlsx;
        let mut page = if is_short { page.in_short(question.tool) } else { page };
        question.title.clone_into(&mut page.title);
        pages.push(page);
    }
    client.cancel().await?;
    let title = args.name.title();
    let bytes = match format {
        Format::Terminal => present::terminal(&pages, screen(args)).into_bytes(),
        Format::Markdown => present::markdown(&pages).into_bytes(),
        Format::Csv => present::csv(&pages)?.into_bytes(),
        Format::Html if args.name == Name::Monday => present::letter(title, &pages).into_bytes(),
        Format::Html => present::html(title, &pages).into_bytes(),
        Format::Pdf if args.name == Name::Monday => pdf::letter(title, &pages)?,
        Format::Pdf => pdf::pdf(title, &pages)?,
        Format::Xlsx => present::xlsx(&pages)?,
    };
    written(args, format, &bytes)?;
    Ok(ExitCode::SUCCESS)
}

/// What comes along with an answer for its pictures.
fn along(result: &CallToolResult) -> Beside {
    result.meta.as_ref().map(|meta| Beside::of(&meta.0)).unwrap_or_default()
}

/// What is painted on: a file is as wide as usual and has no color.
fn screen(args: &ReportArgs) -> Screen {
    let terminal = console::Term::stdout();
    let is_shown = args.out.is_none() && terminal.is_term();
    let own = is_shown.then(|| usize::from(terminal.size().1)).filter(|width| *width != 0);
    let width = args.width.or(own).unwrap_or(WIDTH_USUAL).max(WIDTH_MIN);
    Screen { width, has_color: is_shown && console::colors_enabled() }
}

/// Where it goes: a file, which may be opened, or standard output.
fn written(args: &ReportArgs, format: Format, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(path) = args.out.clone().or_else(|| args.open.then(|| in_passing(format))) else {
        output::bytes(bytes);
        return Ok(());
    };
    write_new(&path, bytes)?;
    if args.open {
        open::that_detached(&path)
            .map_err(|error| anyhow::anyhow!("{} is written and cannot be opened: {error}", path.display()))?;
    }
    // Where it is, unless it was asked for there.
    if args.out.is_none() {
        output::line(&path.display().to_string());
    }
    Ok(())
}

/// A file of its own in the folder for temporary files.
fn in_passing(format: Format) -> PathBuf {
    let ending = match format {
        Format::Terminal => "txt",
        Format::Markdown => "md",
        Format::Csv => "csv",
        Format::Html => "html",
        Format::Pdf => "pdf",
        Format::Xlsx => "xlsx",
    };
    std::env::temp_dir().join(format!("spectora-report-{}.{ending}", std::process::id()))
}

/// Writes a file that is not there yet, readable by its owner alone: it holds names.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    let file = mirror::user_only(options).open(path);
    let mut file = file.map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", path.display()))?;
    file.write_all(bytes)?;
    Ok(())
}
