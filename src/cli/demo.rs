//! `demo`: a handful of questions over the real protocol, on the invented companies.

mod companies;
mod folder;

use std::process::ExitCode;

use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};

use super::open::{Opened, converse};
use super::{Global, output};

pub(super) use companies::Demo;

/// What is asked, in words and as a call.
fn questions() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("Which companies are there?", "list_companies", json!({})),
        (
            "What is booked tomorrow at company 1?",
            "list_inspections",
            json!({"company": "spectora_company1", "period": "tomorrow", "sort": "oldest", "limit": 5}),
        ),
        (
            "What was canceled last month?",
            "list_inspections",
            json!({"period": "last_month", "status": "canceled", "limit": 3}),
        ),
        ("How did the inspectors do last month?", "inspector_scorecard", json!({"company": "spectora_company1"})),
        (
            "Which agents have gone quiet?",
            "agent_analysis",
            json!({"company": "spectora_company1", "mode": "dormant", "limit": 3}),
        ),
        ("How do the next weeks look?", "capacity_plan", json!({"company": "spectora_residential", "weeks": 4})),
        ("Which agents send the most work?", "agent_stats", json!({"limit": 5})),
    ]
}

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(&of_the_demo(global)).await?;
    let app = opened.filled_app().await?;
    let client = converse(app.server()).await?;
    output::line("Two invented companies, a simulated Spectora, and a real MCP client in conversation:\n");
    let mut failed = false;
    for (question, tool, arguments) in questions() {
        output::line(&format!("── {question}\n   {tool} {arguments}\n"));
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let result = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?;
        failed |= result.is_error == Some(true);
        match result.structured_content.as_ref() {
            Some(answer) if answer.get("items").is_some() => output::line(&table(answer)),
            _ => output::texts(&result).for_each(output::line),
        }
    }
    client.cancel().await?;
    output::line("── Put this into Claude Desktop (Settings > Developer > Edit Config), then restart it:\n");
    output::line(&entry()?);
    Ok(if failed { ExitCode::from(super::EXIT_ANSWER_IS_ERROR) } else { ExitCode::SUCCESS })
}

/// The options that the demo keeps.
pub(super) fn of_the_demo(global: &Global) -> Global {
    Global {
        config: None,
        base_url: None,
        data_dir: None,
        no_mirror: false,
        companies: Vec::new(),
        demo: true,
        demo_inspections: global.demo_inspections,
        log_level: global.log_level.clone(),
        log_format: global.log_format,
    }
}

/// The columns a person looks at first.
const COLUMNS: &[&str] = &[
    "company",
    "display_name",
    "timezone",
    "today",
    "name",
    "starts_at",
    "status",
    "address",
    "inspectors",
    "services",
    "quote",
    "cancel_reason",
    "total_inspections",
    "last_inspection",
    "total_revenue",
];

fn table(answer: &Value) -> String {
    let items = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let columns: Vec<&&str> =
        COLUMNS.iter().filter(|name| items.iter().any(|item| item.get(**name).is_some())).collect();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|name| name.replace('_', " ")));
    for item in items {
        table.add_row(columns.iter().map(|name| item.get(**name).map(shown).unwrap_or_default()));
    }
    let total = answer.get("total").map(|total| format!("{} of {total}", items.len())).unwrap_or_default();
    let basis = answer.get("basis").map(shown).unwrap_or_default();
    format!("{table}\n{total}  [{basis}]\n")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            map.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The entry for an assistant: the demo now, the real thing with a key in place of `--demo`.
fn entry() -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    let demo = json!({"mcpServers": {"spectora_demo": {"command": program, "args": ["serve", "--demo"]}}});
    let real = json!({"mcpServers": {"spectora_company1": {
        "command": program, "args": ["serve"],
        "env": {"SPECTORA_API_KEY": "your key", "SPECTORA_COMPANY_NAME": "spectora_company1", "SPECTORA_TIMEZONE": "America/Denver"},
    }}});
    Ok(format!(
        "{}\n\nAnd with your own key:\n\n{}",
        serde_json::to_string_pretty(&demo)?,
        serde_json::to_string_pretty(&real)?
    ))
}
