//! `call`: one tool from the shell, through a real MCP client.

use std::process::ExitCode;

use clap::Args;
use rmcp::model::CallToolRequestParams;
use serde_json::{Map, Value};

use super::open::{Opened, converse};
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use mcp::ToolChoice;

/// Arguments are written as key=value: `spectora-mcp call list_inspections period=tomorrow paid=false`.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The tool; `spectora-mcp tools` lists them.
    tool: String,
    /// Its arguments.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// The structured answer as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write key=value".to_owned()),
    }
}

pub(super) async fn run(global: &Global, args: &CallArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server_with(&ToolChoice::All)).await?;
    let arguments: Map<String, Value> =
        args.arguments.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let request = CallToolRequestParams::new(args.tool.clone()).with_arguments(arguments);
    let result = client.call_tool(request).await?;
    let failed = result.is_error == Some(true);
    match &result.structured_content {
        Some(structured) if args.json => output::line(&serde_json::to_string_pretty(structured)?),
        _ => output::texts(&result).for_each(output::line),
    }
    client.cancel().await?;
    Ok(if failed { ExitCode::from(EXIT_ANSWER_IS_ERROR) } else { ExitCode::SUCCESS })
}
