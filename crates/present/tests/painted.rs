//! What is painted of recorded answers, whole, as files in `painted/`. The answers are those that the pictures of the views are
//! drawn from (`views/test/answers`, made by `views/test/record.mjs`), and the pages are looked at in a browser by
//! `scripts/views --check`. After a wanted change: `INSTA_UPDATE=always cargo test -p present`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use std::path::Path;

use insta::{assert_binary_snapshot, assert_snapshot};
use present::{Beside, Page, Screen, csv, html, letter, markdown, terminal};
use serde_json::{Map, Value};

/// Reports by their answers, and what each is called.
const REPORTS: &[(&str, &str)] = &[
    ("scorecard", "Inspector scorecard"),
    ("top-20", "Agents"),
    ("dormant-20", "Agents"),
    ("map", "Service mix"),
    ("briefing", "Briefing"),
    ("capacity", "The weeks ahead"),
    ("quality", "Data quality"),
    ("other", "What changed"),
];

/// The parts of the Monday letter.
const MONDAY: &[(&str, &str)] = &[
    ("scorecard-week", "Last week"),
    ("other", "What changed in 7 days"),
    ("dormant", "Whom to call"),
    ("capacity", "The weeks ahead"),
    ("briefing", "Today"),
];

/// The page of a recorded answer, and its tool.
fn page(name: &str) -> (Page, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../views/test/answers").join(format!("{name}.json"));
    let told: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let nothing = Map::new();
    let beside = Beside::of(told["result"]["_meta"].as_object().unwrap_or(&nothing));
    let tool = told["tool"].as_str().unwrap().to_owned();
    (Page::of(&tool, told["result"]["structuredContent"].as_object().unwrap(), &beside), tool)
}

/// Checks something of each report against its own file.
fn each(check: impl Fn(&[Page], &str)) {
    for (answer, title) in REPORTS {
        in_folder(answer, || check(&[page(answer).0], title));
    }
}

fn in_folder(name: &str, check: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("painted");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_suffix(name);
    settings.set_omit_expression(true);
    settings.bind(check);
}

fn screen(width: usize) -> Screen {
    Screen { width, has_color: false }
}

#[test]
fn pages() {
    each(|pages, title| assert_binary_snapshot!("page.html", html(title, pages).into_bytes()));
}

#[test]
fn the_letter() {
    let in_short = |(answer, title): &(&str, &str)| {
        let (page, tool) = page(answer);
        let mut page = page.in_short(&tool);
        page.title = (*title).to_owned();
        page
    };
    let pages: Vec<Page> = MONDAY.iter().map(in_short).collect();
    in_folder("monday", || {
        assert_binary_snapshot!("page.html", letter("The week in short", &pages).into_bytes());
        assert_snapshot!("terminal-80", terminal(&pages, screen(80)));
    });
}

#[test]
fn narrow_terminals() {
    each(|pages, _| assert_snapshot!("terminal-80", terminal(pages, screen(80))));
}

#[test]
fn wide_terminals() {
    each(|pages, _| assert_snapshot!("terminal-200", terminal(pages, screen(200))));
}

#[test]
fn texts() {
    each(|pages, _| assert_snapshot!("text", format!("{}\n{}", markdown(pages), csv(pages).unwrap())));
}
