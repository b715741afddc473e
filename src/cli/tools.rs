//! `tools`: what is registered.

use std::process::ExitCode;

use clap::Args;

use super::open::Opened;
use super::{Global, output};
use crate::config::{Environment, draft};
use mcp::SpectoraServer;

/// Names, titles and descriptions; with --json also the schemas.
#[derive(Debug, Args)]
pub(super) struct ToolsArgs {
    /// The whole declarations, as an assistant gets them.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(global: &Global, args: &ToolsArgs) -> anyhow::Result<ExitCode> {
    let names = if global.is_demo() {
        Opened::new(global).await?.config.companies.into_iter().map(|company| company.name).collect()
    } else {
        draft(&global.overrides(), &Environment::capture())?.names()
    };
    let tools = SpectoraServer::declared(&names);
    if args.json {
        output::line(&serde_json::to_string_pretty(&tools)?);
        return Ok(ExitCode::SUCCESS);
    }
    for tool in tools {
        output::line(&format!("{}\n    {}", tool.name, tool.description.as_deref().unwrap_or_default()));
        let properties = tool.input_schema.get("properties").and_then(serde_json::Value::as_object);
        let names: Vec<&str> = properties.map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default();
        output::line(&format!(
            "    arguments: {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        ));
    }
    Ok(ExitCode::SUCCESS)
}
