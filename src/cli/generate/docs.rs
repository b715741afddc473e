//! Pages of the documents that are made from the program itself: what it answers, its tools, numbers, settings and commands.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, ReadResourceRequestParams, ResourceContents, Tool};
use rmcp::service::RunningService;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::open::{Opened, converse};
use super::super::{Cli, Global, demo, output};
use crate::config::{SETTINGS, SettingReference, VARIABLES};

/// The most lines of an answer that are shown, and the most characters of a line.
const LINES_MAX: usize = 16;
const LINE_CHARS_MAX: usize = 220;

/// The questions of the cookbook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cookbook {
    group: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    title: String,
    question: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// In the words people use.
    ask: String,
    tool: String,
    arguments: Map<String, Value>,
    /// How to read the answer.
    read: Option<String>,
}

/// Writes the pages into a folder. `cookbook` is the file of questions; each must be answered.
pub(super) async fn write(global: &Global, cookbook: &Path, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let text = std::fs::read_to_string(cookbook).with_context(|| format!("{} cannot be read", cookbook.display()))?;
    let questions: Cookbook = toml::from_str(&text)?;
    let opened = Opened::new(&demo::of_the_demo(global)).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server()).await?;
    let put = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).with_context(|| format!("{name} cannot be written"))
    };
    let tools = client.list_all_tools().await?;
    put("cookbook.md", &self::cookbook(&client, &questions).await?)?;
    put("tools.md", &self::tools(&tools, &questions))?;
    put("definitions.md", &definitions(&client).await?)?;
    put("settings.md", &settings())?;
    put("commands.md", &commands())?;
    client.cancel().await?;
    Ok(())
}

async fn cookbook(client: &RunningService<RoleClient, ()>, questions: &Cookbook) -> anyhow::Result<String> {
    let count: usize = questions.group.iter().map(|group| group.question.len()).sum();
    let mut page = format!(
        "# Cookbook\n\n{count} questions that work, in the words people use. Below each stands the one call that an assistant \
         makes, and the answer on the invented companies as the assistant gets it; long ones are cut. Your assistant puts \
         it into sentences.\n\n"
    );
    let mut failed = Vec::new();
    for group in &questions.group {
        write!(page, "## {}\n\n", group.title)?;
        for question in &group.question {
            let call = CallToolRequestParams::new(question.tool.clone()).with_arguments(question.arguments.clone());
            let result = client.call_tool(call).await?;
            let answer = output::texts(&result).collect::<Vec<_>>().join("\n");
            if result.is_error == Some(true) || !has_rows(&answer) {
                failed.push(format!("{}\n{answer}", question.ask));
                continue;
            }
            let arguments = serde_json::to_string(&question.arguments)?;
            write!(page, "### {}\n\n`{} {arguments}`\n\n", question.ask, question.tool)?;
            write!(page, "```text\n{}\n```\n\n", shortened(&answer))?;
            if let Some(read) = &question.read {
                write!(page, "{read}\n\n")?;
            }
        }
    }
    anyhow::ensure!(failed.is_empty(), "questions without an answer:\n{}", failed.join("\n\n"));
    Ok(page)
}

/// Whether an answer says anything: a list of nothing begins with a zero.
fn has_rows(answer: &str) -> bool {
    let mut lines = answer.lines().filter(|line| !line.starts_with("Basis:") && !line.starts_with("Note:"));
    lines.next().is_some_and(|line| !line.starts_with("0 of 0") && !line.is_empty())
}

fn shortened(answer: &str) -> String {
    let mut lines: Vec<String> = answer
        .lines()
        .filter(|line| !line.starts_with("More:"))
        .map(|line| match line.char_indices().nth(LINE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line.to_owned(),
        })
        .collect();
    if LINES_MAX < lines.len() {
        let basis = lines.iter().find(|line| line.starts_with("Basis:")).cloned();
        lines.truncate(LINES_MAX);
        lines.push("…".to_owned());
        lines.extend(basis.filter(|basis| !lines.contains(basis)));
    }
    lines.join("\n")
}

fn tools(tools: &[Tool], questions: &Cookbook) -> String {
    let mut page =
        "# Tools\n\nWhat an assistant can call. It chooses by itself; this page is for whoever wants to know, and for \
                    `spectora-mcp call TOOL name=value`. All of them only read.\n\n"
            .to_owned();
    let mut write = |text: std::fmt::Arguments<'_>| page.write_fmt(text).is_ok();
    for tool in tools {
        let title = tool.title.as_deref().unwrap_or(&tool.name);
        write(format_args!("## {title}: `{}`\n\n{}\n\n", tool.name, tool.description.as_deref().unwrap_or_default()));
        let properties = tool.input_schema.get("properties").and_then(Value::as_object);
        let needed = tool.input_schema.get("required").and_then(Value::as_array);
        if let Some(properties) = properties.filter(|properties| !properties.is_empty()) {
            write(format_args!("| argument | type | meaning |\n| --- | --- | --- |\n"));
            for (name, schema) in properties {
                let is_needed = needed.is_some_and(|needed| needed.iter().any(|one| one == name));
                let meaning = schema.get("description").and_then(Value::as_str).unwrap_or_default();
                let needed = if is_needed { "Needed. " } else { "" };
                write(format_args!("| `{name}` | {} | {needed}{} |\n", kind(schema), cell(meaning)));
            }
            write(format_args!("\n"));
        }
        let example = questions.group.iter().flat_map(|group| &group.question).find(|one| one.tool == tool.name);
        if let Some(example) = example {
            let anchor = anchor(&example.ask);
            write(format_args!("Example: [{}](cookbook.md#{anchor})\n\n", example.ask));
        }
    }
    page
}

/// The type of an argument, with its values where they are few.
fn kind(schema: &Value) -> String {
    let of = |schema: &Value| {
        let values = schema.get("enum").and_then(Value::as_array);
        let values = values.map(|values| values.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        match values {
            Some(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
            None => schema.get("type").and_then(Value::as_str).unwrap_or("any").to_owned(),
        }
    };
    match schema.get("items") {
        Some(items) => format!("one or several: {}", of(items)),
        None => of(schema),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The anchor that is made of a heading.
fn anchor(heading: &str) -> String {
    let plain = heading.to_lowercase().replace(' ', "-");
    plain.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

async fn definitions(client: &RunningService<RoleClient, ()>) -> anyhow::Result<String> {
    let read = client.read_resource(ReadResourceRequestParams::new("spectora://definitions")).await?;
    let text = read.contents.iter().find_map(|part| match part {
        ResourceContents::TextResourceContents { text, .. } => Some(text.clone()),
        _ => None,
    });
    text.context("there are no definitions")
}

fn settings() -> String {
    let mut page = "# Settings\n\nThe file is `spectora.toml`: on Linux in `~/.config/spectora-mcp`, on macOS in \
                    `~/Library/Application Support/spectora-mcp`, on Windows in `%APPDATA%\\spectora-mcp`, or where \
                    `--config FILE` or `SPECTORA_CONFIG` says. `spectora-mcp setup` writes what is needed; \
                    `configs/spectora.toml` is an example with every setting. Options override the environment, which \
                    overrides the file.\n\n"
        .to_owned();
    for (table, settings) in SETTINGS {
        page.push_str(&format!("## [{table}]\n\n| setting | without it | meaning |\n| --- | --- | --- |\n"));
        for SettingReference { name, default, meaning } in *settings {
            page.push_str(&format!("| `{name}` | {} | {} |\n", cell(default), cell(meaning)));
        }
        page.push('\n');
    }
    page.push_str("## Variables of the environment\n\n| variable | meaning |\n| --- | --- |\n");
    for (name, meaning) in VARIABLES {
        page.push_str(&format!("| `{name}` | {} |\n", cell(meaning)));
    }
    page
}

fn commands() -> String {
    let mut page =
        "# Commands\n\nWhat each command says of itself with `--help`. The options of every command stand at the end.\n\n"
            .to_owned();
    let program = Cli::command().term_width(90);
    let global: Vec<String> = program
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|one| one.get_id().to_string())
        .collect();
    for command in program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        command_page(&mut page, "spectora-mcp", command, &global);
    }
    let only_global = Command::new("spectora-mcp").args(program.get_arguments().filter(|one| one.is_global_set()));
    let help = only_global.disable_help_flag(true).term_width(90).render_long_help().to_string();
    page.push_str(&format!("## Options of every command\n\n```text\n{}\n```\n", help.trim_end()));
    page
}

fn command_page(page: &mut String, before: &str, command: &Command, global: &[String]) {
    let name = format!("{before} {}", command.get_name());
    let mut shown = command.clone().bin_name(name.clone()).term_width(90);
    for argument in global {
        if shown.get_arguments().any(|known| known.get_id().as_str() == argument) {
            shown = shown.mut_arg(argument, |argument| argument.hide(true));
        }
    }
    let help = shown.render_long_help().to_string();
    page.push_str(&format!("## {}\n\n```text\n{}\n```\n\n", name.trim_start_matches("spectora-mcp "), help.trim_end()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        command_page(page, &name, below, global);
    }
}
