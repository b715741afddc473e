//! `report`: the same numbers as the tools give, in every form.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::cli::program;
use crate::hostile::is_hidden;

const NAMES: &[(&str, &str)] = &[
    ("scorecard", "inspector_scorecard"),
    ("agents", "agent_analysis"),
    ("mix", "service_mix"),
    ("briefing", "prep_briefing"),
    ("capacity", "capacity_plan"),
    ("quality", "data_quality"),
    ("news", "whats_new"),
];

/// The program on invented companies that are large enough for every report to have something to say.
fn demo(folder: &Path) -> std::process::Command {
    let mut command = program();
    command.args(["--demo", "--demo-inspections", "2500", "--data-dir"]).arg(folder);
    command
}

/// The demo's mirror, filled once for all runs here.
static MIRROR: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let filled = demo(&folder).arg("sync").stdin(Stdio::null()).output();
    assert!(filled.unwrap().status.success());
    folder
});

fn run(arguments: &[&str]) -> Output {
    let mut command = demo(&MIRROR);
    command.args(["--company", "spectora_company1"]);
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn shown(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn answer(tool: &str) -> Value {
    serde_json::from_str(&shown(&["call", "--json", tool])).unwrap()
}

/// The rows of the CSV, each as its header's names with the cells.
fn csv_rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

#[test]
fn every_report_has_every_form() {
    for (name, _) in NAMES {
        let terminal = shown(&["report", name]);
        assert!(
            terminal.contains("Summit Ridge Home Inspections") && terminal.contains("From the local copy, as of"),
            "{name}"
        );
        assert!(!terminal.contains('\u{1b}'), "{name}: no color where there is no terminal");
        let markdown = shown(&["report", name, "--format", "markdown"]);
        assert!(markdown.starts_with("# ") && markdown.contains("| --- |"), "{name}: {markdown}");
        let html = shown(&["report", name, "--format", "html"]);
        assert_eq!(html.matches("<table>").count(), html.matches("</table>").count(), "{name}");
        assert!(html.contains("<table>") && html.trim_end().ends_with("</html>"), "{name}");
        // Addresses may stand in it as text; none is loaded, and nothing runs.
        for loads in ["<script", "<link", "<img", "<iframe", " src=", "url(", "@import", "onload"] {
            assert!(!html.contains(loads), "{name}: {loads}");
        }
        for text in [&terminal, &markdown, &html] {
            assert!(!text.contains(is_hidden), "{name}");
        }
        assert!(!csv_rows(&shown(&["report", name, "--format", "csv"])).is_empty(), "{name}");
        let pdf = run(&["report", name, "--format", "pdf"]).stdout;
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.trim_ascii_end().ends_with(b"%%EOF"), "{name}");
    }
    let narrow = shown(&["report", "capacity", "--width", "40"]);
    assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    let monday = shown(&["report", "monday"]);
    for title in ["Last week", "What changed in 7 days", "Whom to call", "The weeks ahead", "Today"] {
        assert!(monday.contains(title), "{title}");
    }
    assert!(
        !monday.contains('●') && shown(&["report", "scorecard"]).contains('●'),
        "a letter is short, a report has its picture"
    );
    let letter = shown(&["report", "monday", "--format", "html"]);
    assert!(letter.contains("class=\"letter\"") && !letter.contains("<svg"), "{letter}");
}

#[test]
fn a_report_says_the_numbers_of_the_tool() {
    let scorecard = answer("inspector_scorecard");
    let rows = csv_rows(&shown(&["report", "scorecard", "--format", "csv"]));
    assert!(scorecard["companies"][0].get("not_shown").is_none(), "all inspectors stand in every form");
    let inspectors = scorecard["companies"][0]["inspectors"].as_array().unwrap();
    assert_eq!(rows.len(), inspectors.len());
    for (row, inspector) in rows.iter().zip(inspectors) {
        assert_eq!(row["Company"], "Summit Ridge Home Inspections");
        assert_eq!(row["Inspector"], inspector["inspector"].as_str().unwrap());
        assert_eq!(row["Inspections"], inspector["volume"].to_string());
        assert_eq!(row["Quoted revenue"], inspector["quoted_revenue"].as_str().unwrap());
    }
    let plan = answer("capacity_plan");
    let weeks = plan["companies"][0]["weeks"].as_array().unwrap();
    let rows = csv_rows(&shown(&["report", "capacity", "--format", "csv"]));
    let of = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        of("Week of"),
        weeks.iter().map(|week| week["week_of"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    );
    assert_eq!(of("Forecast"), weeks.iter().map(|week| week["forecast"].to_string()).collect::<Vec<_>>());
}

/// What opens files here is a program of the test's own, which writes down what it was given.
#[test]
#[cfg(target_os = "linux")]
fn a_report_is_opened_by_what_opens_such_files() {
    let folder = tempfile::tempdir().unwrap();
    let (told, opener) = (folder.path().join("told"), folder.path().join("xdg-open"));
    std::fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\n", told.display())).unwrap();
    std::fs::set_permissions(&opener, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let opened = |arguments: &[&str]| {
        std::fs::remove_file(&told).ok();
        let path = std::env::join_paths([folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]).unwrap();
        let mut command = demo(&MIRROR);
        command.env("PATH", path).env("TMPDIR", folder.path()).args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let is_written = || std::fs::read_to_string(&told).ok().filter(|text| text.ends_with('\n'));
        let path = eventually(is_written);
        (path.trim_end().to_owned(), String::from_utf8(output.stdout).unwrap())
    };
    let out = folder.path().join("week one.html");
    let (path, said) = opened(&["report", "quality", "--out", out.to_str().unwrap(), "--open"]);
    assert_eq!((path.as_str(), said.as_str()), (out.to_str().unwrap(), ""));
    // Without a name it is a page for now, and its place is said.
    let (path, said) = opened(&["report", "quality", "--open"]);
    assert_eq!(said.trim_end(), path);
    assert!(path.starts_with(folder.path().to_str().unwrap()), "{path}");
    assert!(std::fs::read_to_string(&path).unwrap().contains("</html>"), "{path}");
}

/// What is there after a while.
#[cfg(target_os = "linux")]
fn eventually<T>(found: impl Fn() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(found) = found() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it did not come")
}

/// The counts of what changed are over all pages, in the terminal too, where a page of the tool has 25 rows.
#[test]
fn all_that_changed_is_counted() {
    let mut counts = std::collections::BTreeMap::new();
    let mut asked = vec!["call".to_owned(), "--json".to_owned(), "whats_new".to_owned()];
    loop {
        let page = shown(&asked.iter().map(String::as_str).collect::<Vec<_>>());
        let page: Value = serde_json::from_str(&page).unwrap();
        for item in page["items"].as_array().unwrap() {
            *counts.entry(item["what"].as_str().unwrap().to_owned()).or_insert(0_u64) += 1;
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        asked.truncate(3);
        asked.push(format!("cursor={cursor}"));
    }
    assert!(counts.values().sum::<u64>() > 25, "{counts:?}");
    let said = shown(&["report", "news"]);
    for (what, word) in [("booked", "booked"), ("canceled", "canceled"), ("published", "published")] {
        if let Some(count) = counts.get(what) {
            assert!(said.contains(&format!("{count} {word}")), "{counts:?} {said}");
        }
    }
    assert_eq!(csv_rows(&shown(&["report", "news", "--format", "csv"])).len() as u64, counts.values().sum::<u64>());
}

#[test]
fn a_table_for_elsewhere_has_all_rows() {
    for (name, tool, table) in [
        ("scorecard", "inspector_scorecard", "inspectors"),
        ("agents", "agent_analysis", "agents"),
        ("mix", "service_mix", "groups"),
    ] {
        let period = ["from=2024-01-01", "to=2026-06-30"];
        let first = shown(&[&["call", "--json", tool][..], &period].concat());
        let first: Value = serde_json::from_str(&first).unwrap();
        let part = &first["companies"][0];
        let all = part[table].as_array().unwrap().len() as u64 + part["not_shown"].as_u64().unwrap_or(0);
        let text = shown(&[&["report", name][..], &period, &["--format", "csv"]].concat());
        let rows = csv_rows(&text);
        assert_eq!(rows.len() as u64, all, "{name}");
        let distinct: std::collections::BTreeSet<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(distinct.len(), rows.len(), "{name}: no row twice");
        // More than one call gives, at least of agents.
        assert!(name != "agents" || 100 < rows.len(), "{}", rows.len());
        let text = shown(&[&["report", name][..], &period, &["--format", "markdown"]].concat());
        assert!(!text.contains("not shown"), "{name}: all rows in files of every form");
    }
}

#[test]
fn arguments_reach_the_tool_and_its_refusals_the_user() {
    let last = shown(&["report", "scorecard", "period=last_month"]);
    assert!(last.contains("Period: "), "{last}");
    let rows = csv_rows(&shown(&["report", "agents", "mode=dormant", "limit=3", "--format", "csv"]));
    assert_eq!(rows.len(), 3);
    let output = run(&["report", "scorecard", "period=somewhen"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("period"));
    for refused in [&["report", "monday", "--format", "csv"][..], &["report", "monday", "period=today"]] {
        assert!(!run(refused).status.success(), "{refused:?}");
    }
}

#[test]
fn a_file_is_written_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mix.html");
    let wanted = ["report", "mix", "--format", "html", "--output", path.to_str().unwrap()];
    assert_eq!(shown(&wanted), "");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("<!doctype html>"));
    std::fs::write(&path, "mine").unwrap();
    let output = run(&wanted);
    assert_ne!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("mix.html"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

/// Names that are said to programs and not to people: parts of a value, and where a list goes on.
const PARTS: &[&str] = &[
    "companies",
    "combined",
    "basis",
    "next_cursor",
    "rate",
    "low",
    "high",
    "small_sample",
    "below",
    "whole_company",
    "median_inspector",
    "weeks",
    "groups",
    "agents",
    "findings",
    "last_inspections",
    "leaves_with_the_top_agent",
    "statistics_disagree",
    "counted_as",
    "see",
    "rule",
    "tried",
    "cannot_be_told",
];

fn names_in(value: &Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter().filter(|(name, _)| *name != "basis") {
                found.insert(name.clone());
                names_in(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| names_in(value, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_an_answer_has_a_label() {
    let mut found = std::collections::BTreeSet::new();
    for arguments in [
        &["inspector_scorecard", "detail=full"][..],
        &["agent_analysis"],
        &["agent_analysis", "mode=dormant"],
        &["agent_analysis", "mode=new"],
        &["service_mix", "detail=full", "by=inspector"],
        &["prep_briefing", "include=attachments"],
        &["capacity_plan", "weeks=8"],
        &["data_quality"],
    ] {
        let answer = shown(&[&["call", "--json"][..], arguments].concat());
        names_in(&serde_json::from_str(&answer).unwrap(), &mut found);
    }
    let is_known = |name: &&String| {
        PARTS.contains(&name.as_str()) || present::FIELDS.iter().any(|field| field.name == name.as_str())
    };
    let unknown: Vec<&String> = found.iter().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "say in crates/present/src/fields.rs what people call: {unknown:?}");
    // A label says one thing of one answer, so no two fields of a table may have the same.
    for layout in present::LAYOUTS {
        for table in layout.tables {
            let label = |name: &&str| present::FIELDS.iter().find(|field| field.name == *name).unwrap().label;
            let labels: std::collections::BTreeSet<&str> = table.columns.iter().map(label).collect();
            assert_eq!(labels.len(), table.columns.len(), "{}", table.title);
        }
    }
}
