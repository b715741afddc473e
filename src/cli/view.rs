//! `view`: an answer as a chat client draws it, in a browser of this machine.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rmcp::RoleClient;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use serde_json::{Map, Value, json};

use super::call::key_value;
use super::open::{Opened, converse};
use super::serve::told_to_stop;
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use crate::transport::{Answers, PreviewServer};
use mcp::ToolChoice;

/// Opens the view that Claude, ChatGPT and others show beside an answer, on this machine alone: `spectora-mcp view
/// inspector_scorecard period=last_quarter`. It answers clicks until it is stopped.
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// The tool.
    tool: String,
    /// Its arguments.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    arguments: Vec<(String, String)>,
    /// The port; without it, a free one.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
    /// Print the address and open no browser.
    #[arg(long)]
    no_open: bool,
}

/// The tools of this program, asked by the page.
struct Asked {
    client: RunningService<RoleClient, ()>,
    first: Value,
}

impl Answers for Asked {
    fn first(&self) -> Value {
        self.first.clone()
    }

    fn call(&self, tool: String, arguments: Map<String, Value>) -> BoxFuture<'_, Value> {
        async move {
            let request = CallToolRequestParams::new(tool).with_arguments(arguments);
            match self.client.call_tool(request).await {
                Ok(result) => json!(result),
                Err(error) => json!({"isError": true, "content": [{"type": "text", "text": error.to_string()}]}),
            }
        }
        .boxed()
    }
}

pub(super) async fn run(global: &Global, args: &ViewArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server_with(&ToolChoice::All)).await?;
    let arguments: Map<String, Value> =
        args.arguments.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let request = CallToolRequestParams::new(args.tool.clone()).with_arguments(arguments.clone());
    let result = client.call_tool(request).await?;
    if result.is_error == Some(true) {
        output::texts(&result).for_each(output::error_line);
        return Ok(ExitCode::from(EXIT_ANSWER_IS_ERROR));
    }
    let first = json!({"tool": args.tool, "arguments": arguments, "result": result});
    let server = PreviewServer::bind(args.port, mcp::view_page(), Arc::new(Asked { client, first }))
        .await
        .with_context(|| format!("port {} cannot be used (give another one with --port)", args.port))?;
    output::line(&format!("{} (stop with Ctrl-C)", server.url));
    if !args.no_open && open::that_detached(&server.url).is_err() {
        output::error_line("no browser could be opened: open the address by hand");
    }
    server.serve(told_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}
