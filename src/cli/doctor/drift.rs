//! `doctor --drift`: what the service does otherwise than expected, and the corrections put into the configuration.

use std::process::ExitCode;

use assistants::Current;
use serde_json::{Value, json};

use super::super::companies::config_path;
use super::super::open::Opened;
use super::super::{EXIT_ANSWER_IS_ERROR, Global, output};
use super::DoctorArgs;
use crate::config::{Environment, Setting, WrittenConfig};
use spectora::{Correction, CorrectionValue, Difference, Drift};

/// Looks with each company's key; one that cannot ask is told of, and the others go on.
pub(super) async fn run(global: &Global, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.app()?;
    let mut looked: Vec<(String, Drift)> = Vec::new();
    let mut failed = Vec::new();
    for client in app.clients() {
        let company = client.company().to_string();
        match client.drift().await {
            Ok(drift) => looked.push((company, drift)),
            Err(error) => failed.push((company, error)),
        }
    }
    if args.json {
        let shown: Vec<Value> = looked.iter().map(|(company, drift)| as_json(company, drift)).collect();
        let failed: Vec<Value> = failed
            .iter()
            .map(|(company, error)| json!({"company": company, "what": error.to_string(), "next": error.remedy()}))
            .collect();
        output::line(&serde_json::to_string_pretty(
            &json!({"version": env!("CARGO_PKG_VERSION"), "companies": shown, "failed": failed}),
        )?);
    } else {
        for (company, drift) in &looked {
            output::line(&as_text(company, drift));
        }
        for (company, error) in &failed {
            output::line(&format!("{company}: {error}\n  -> {}", error.remedy()));
        }
    }
    let is_as_expected = failed.is_empty() && looked.iter().all(|(_, drift)| drift.differences.is_empty());
    if args.write {
        write(global, &looked)?;
    } else if !args.json && looked.iter().any(|(_, drift)| drift.differences.iter().any(|one| one.correction.is_some()))
    {
        output::line("`spectora-mcp doctor --drift --write` puts these corrections into spectora.toml.");
    }
    if !args.json && !is_as_expected {
        output::line(
            "Nothing in this report is about a person or a job: it can be sent to whoever looks after the program.",
        );
    }
    Ok(if is_as_expected { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ANSWER_IS_ERROR) })
}

fn as_json(company: &str, drift: &Drift) -> Value {
    let one = |one: &Difference| {
        json!({
            "about": one.about, "expected": one.expected, "came": one.came, "means": one.means,
            "correction": one.correction.as_ref().map(line_of),
        })
    };
    json!({
        "company": company, "requests": drift.requests,
        "differences": drift.differences.iter().map(one).collect::<Vec<_>>(), "as_expected": drift.as_expected,
    })
}

fn as_text(company: &str, drift: &Drift) -> String {
    let mut text =
        format!("{company}: {} differences, found with {} requests\n", drift.differences.len(), drift.requests);
    for one in &drift.differences {
        text.push_str(&format!(
            "\n  {}\n    expected    {}\n    came        {}\n    means       {}\n",
            one.about, one.expected, one.came, one.means
        ));
        if let Some(correction) = &one.correction {
            text.push_str(&format!("    correction  {}\n", line_of(correction)));
        }
    }
    text.push_str("\n  As expected:\n");
    for fine in &drift.as_expected {
        text.push_str(&format!("    {fine}\n"));
    }
    text
}

/// A correction as it stands in the file.
fn line_of(correction: &Correction) -> String {
    let mut config = WrittenConfig::empty();
    config.set(&correction.table, &correction.name, &setting(correction));
    let table = correction.table.join(".");
    let text = config.text();
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    format!("[{table}] {line}")
}

fn setting(correction: &Correction) -> Setting {
    match &correction.value {
        CorrectionValue::Text(text) => Setting::Text(text.clone()),
        CorrectionValue::Number(number) => Setting::Number((*number).into()),
        CorrectionValue::Flag(flag) => Setting::Flag(*flag),
        CorrectionValue::Attribute { name, unit } => {
            let name = name.iter().map(|name| ("name", name.clone()));
            Setting::Table(name.chain([("unit", (*unit).to_owned())]).collect())
        }
    }
}

/// Puts what was found with the first key into the file: all companies are asked at one service.
fn write(global: &Global, looked: &[(String, Drift)]) -> anyhow::Result<()> {
    let corrections: Vec<&Correction> = looked
        .iter()
        .flat_map(|(_, drift)| &drift.differences)
        .filter_map(|difference| difference.correction.as_ref())
        .collect();
    if corrections.is_empty() {
        output::line("There is nothing to correct.");
        return Ok(());
    }
    let path = config_path(global, &Environment::capture())?;
    let current = Current::read(&path)?;
    let mut config = WrittenConfig::parse(current.text(), &path)?;
    for correction in corrections {
        config.set(&correction.table, &correction.name, &setting(correction));
    }
    // What cannot be used is not written.
    WrittenConfig::parse(&config.text(), &path)?;
    let change = current.becomes(&config.text());
    if change.is_nothing() {
        output::line("The corrections are there already.");
        return Ok(());
    }
    output::line(&format!("{}:\n{}", path.display(), change.shown()));
    if let Some(copy) = change.write()? {
        output::line(&format!("Written; the file as it was is {}", copy.display()));
    }
    output::line(
        "Run `spectora-mcp doctor --drift` again: it now goes by them. A running server takes them up by itself.",
    );
    Ok(())
}
