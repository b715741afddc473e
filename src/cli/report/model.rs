//! An insight's answer as tables, whatever they are written as.

use serde_json::{Map, Value};

/// One question's answer.
pub(super) struct Report {
    /// The heading.
    pub(super) title: &'static str,
    /// A part for each company, and one for all together where there is one.
    pub(super) parts: Vec<Part>,
    /// What it is based on, a line each.
    pub(super) basis: Vec<String>,
}

/// One company's part.
pub(super) struct Part {
    /// The company's name.
    pub(super) name: String,
    /// What is said once: a name and a value.
    pub(super) said: Vec<(String, String)>,
    /// The tables; the first one is the main one.
    pub(super) tables: Vec<Table>,
}

/// A table.
pub(super) struct Table {
    /// What it is about.
    pub(super) name: String,
    /// The columns' names.
    pub(super) columns: Vec<String>,
    /// The rows, as long as there are columns.
    pub(super) rows: Vec<Vec<Cell>>,
    /// The column a chart is drawn of, and the one with its labels.
    pub(super) chart: Option<Chart>,
}

/// What a chart shows.
#[derive(Clone, Copy)]
pub(super) struct Chart {
    /// The column of labels.
    pub(super) label: usize,
    /// The column of numbers.
    pub(super) number: usize,
}

/// A cell.
pub(super) struct Cell {
    /// As it is read.
    pub(super) text: String,
    /// Its number, where it is one.
    pub(super) number: Option<f64>,
}

/// Columns worth a chart, and their labels.
const CHARTS: &[(&str, &str)] = &[
    ("inspector", "volume"),
    ("agent", "quoted_revenue"),
    ("agent", "at_stake_a_year"),
    ("group", "volume"),
    ("week_of", "forecast"),
];
/// Tables that come first.
const MAIN: &[&str] = &["inspectors", "agents", "groups", "weeks", "jobs", "findings"];

/// Tables of which a page has a part.
const IN_PAGES: &[&str] = &["inspectors", "agents", "groups", "attention", "jobs"];
/// The end of the names of what says how much of a table follows.
const NOT_SHOWN: &str = "not_shown";

impl Report {
    /// The report of an insight's structured answer.
    pub(super) fn of(title: &'static str, answer: &Map<String, Value>) -> Self {
        let companies = answer.get("companies").and_then(Value::as_array).into_iter().flatten();
        let mut parts: Vec<Part> = companies
            .filter_map(Value::as_object)
            .map(|company| {
                let name = company.get("company").map(words).unwrap_or_default();
                part(name, company)
            })
            .collect();
        if let Some(combined) = answer.get("combined").and_then(Value::as_object) {
            parts.push(part("together".to_owned(), combined));
        }
        let basis = answer.get("basis").and_then(Value::as_object).map(basis).unwrap_or_default();
        Self { title, parts, basis }
    }
}

/// Adds the rows of another page to each company's tables that come in pages.
pub(super) fn append(answer: &mut Map<String, Value>, more: &Map<String, Value>) {
    let parts = |answer: &Map<String, Value>| answer.get("companies").and_then(Value::as_array).cloned();
    let further = parts(more).unwrap_or_default();
    for part in answer.get_mut("companies").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(part) = part.as_object_mut() else { continue };
        let name = part.get("company").cloned();
        let Some(other) = further.iter().find(|other| other.get("company") == name.as_ref()) else { continue };
        let Some(other) = other.as_object() else { continue };
        for table in IN_PAGES {
            let rows = other.get(*table).and_then(Value::as_array).cloned().unwrap_or_default();
            match part.get_mut(*table).and_then(Value::as_array_mut) {
                Some(known) => known.extend(rows),
                None if rows.is_empty() => {}
                None => drop(part.insert((*table).to_owned(), rows.into())),
            }
        }
        // What is left out after this page.
        part.retain(|name, _| !name.ends_with(NOT_SHOWN));
        let left = other.iter().filter(|(name, _)| name.ends_with(NOT_SHOWN));
        part.extend(left.map(|(name, value)| (name.clone(), value.clone())));
    }
    match more.get("next_cursor") {
        Some(cursor) => drop(answer.insert("next_cursor".to_owned(), cursor.clone())),
        None => drop(answer.remove("next_cursor")),
    }
}

fn part(name: String, fields: &Map<String, Value>) -> Part {
    let (mut said, mut tables) = (Vec::new(), Vec::new());
    for (key, value) in fields.iter().filter(|(key, _)| *key != "company") {
        match value {
            Value::Array(rows) if !rows.is_empty() && rows.iter().all(is_row) => {
                tables.push(table(key, &rows.iter().filter_map(Value::as_object).collect::<Vec<_>>()));
            }
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) if key == "attention" => {
                let rows = list.iter().map(|one| vec![cell(one)]).collect();
                tables.push(Table { name: readable(key), columns: vec!["what".to_owned()], rows, chart: None });
            }
            Value::Object(inner) if !inner.contains_key("rate") => {
                said.extend(
                    inner
                        .iter()
                        .map(|(field, value)| (format!("{}: {}", readable(key), readable(field)), words(value))),
                );
            }
            value => said.push((readable(key), words(value))),
        }
    }
    tables.sort_by_key(|table| !MAIN.contains(&table.name.as_str()));
    Part { name, said, tables }
}

/// Whether it belongs into a table; what has a name and a rate stands on one line with others.
fn is_row(value: &Value) -> bool {
    value.as_object().is_some_and(|row| !(row.contains_key("name") && row.contains_key("rate")))
}

fn table(name: &str, rows: &[&Map<String, Value>]) -> Table {
    let mut keys: Vec<&str> = Vec::new();
    for key in rows.iter().flat_map(|row| row.keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let place = |wanted: &str| keys.iter().position(|key| *key == wanted);
    let chart = CHARTS.iter().find_map(|(label, number)| Some(Chart { label: place(label)?, number: place(number)? }));
    let empty = Value::Null;
    Table {
        name: readable(name),
        columns: keys.iter().map(|key| readable(key)).collect(),
        rows: rows.iter().map(|row| keys.iter().map(|key| cell(row.get(*key).unwrap_or(&empty))).collect()).collect(),
        chart,
    }
}

fn cell(value: &Value) -> Cell {
    let text = words(value);
    let number = match value {
        Value::Number(number) => number.as_f64(),
        // Money is text; ids, ZIP codes and dates are not numbers to add or to chart.
        Value::String(text) if text.contains('.') => text.parse().ok(),
        _ => None,
    };
    Cell { text, number }
}

fn readable(key: &str) -> String {
    key.replace('_', " ")
}

/// A value on one line.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join("; "),
        Value::Object(rate) if rate.contains_key("rate") => {
            let share = rate.get("rate").and_then(Value::as_f64).unwrap_or(0.0) * 100.0;
            let name = rate.get("name").map(|name| format!("{} ", words(name))).unwrap_or_default();
            if !rate.contains_key("of") {
                let below = if rate.contains_key("below") { "below " } else { "" };
                return format!("{name}{below}{share:.1} %").replace(".0 %", " %");
            }
            let plain = |name: &str| rate.get(name).map(ToString::to_string).unwrap_or_default();
            let small = if rate.contains_key("small_sample") { ", small sample" } else { "" };
            format!("{name}{share:.0} % ({} of {}{small})", plain("count"), plain("of"))
        }
        Value::Object(map) if map.len() == 2 && map.contains_key("low") && map.contains_key("high") => {
            let end = |name: &str| map.get(name).map(words).unwrap_or_default();
            format!("{} to {}", end("low"), end("high"))
        }
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| format!("{} {}", readable(name), words(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Number(number) => number.to_string(),
    }
}

fn days(period: &Map<String, Value>) -> String {
    let one = |name: &str| period.get(name).map(words).unwrap_or_default();
    let zone = if period.contains_key("timezone") { format!(" ({})", one("timezone")) } else { String::new() };
    format!("{} to {}{zone}", one("from"), one("to"))
}

fn basis(basis: &Map<String, Value>) -> Vec<String> {
    let plain = |name: &str| basis.get(name).map(words).unwrap_or_default();
    let complete = if basis.get("complete") == Some(&Value::Bool(true)) { "complete" } else { "INCOMPLETE" };
    let mut lines = vec![format!("From the {} as of {}; {complete}", plain("source"), plain("as_of"))];
    for (name, title) in [("period", "Period"), ("compared", "Compared with")] {
        let Some(period) = basis.get(name).and_then(Value::as_object) else { continue };
        match period.get("companies").and_then(Value::as_array) {
            // Each company has its own days.
            Some(each) => lines.extend(each.iter().filter_map(Value::as_object).map(|one| {
                let company = one.get("company").map(words).unwrap_or_default();
                format!("{title} of {company}: {}", days(one))
            })),
            None => lines.push(format!("{title}: {}", days(period))),
        }
    }
    for (name, word) in [("missing", "Missing"), ("notes", "Note")] {
        let list = basis.get(name).and_then(Value::as_array).into_iter().flatten();
        lines.extend(list.map(|one| format!("{word}: {}", words(one))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_make_one_table_and_what_is_said_once_stays() {
        let page = |answer: Value| answer.as_object().cloned().unwrap();
        let mut answer = page(json!({"companies": [{
            "company": "one", "attention": ["a"], "attention_not_shown": 1, "jobs": [], "weeks": [{"week_of": "x"}],
            "jobs_not_shown": 2,
        }], "next_cursor": "2"}));
        let second = page(json!({"companies": [{
            "company": "one", "attention": ["b"], "jobs": [{"id": "1"}], "weeks": [{"week_of": "x"}], "jobs_not_shown": 1,
        }], "next_cursor": "3"}));
        append(&mut answer, &second);
        assert_eq!(answer["next_cursor"], "3");
        assert_eq!(answer["companies"][0]["jobs_not_shown"], 1);
        let last = page(json!({"companies": [{"company": "one", "jobs": [{"id": "2"}], "weeks": [{"week_of": "x"}]}]}));
        append(&mut answer, &last);
        let whole = json!({"companies": [{
            "company": "one", "attention": ["a", "b"], "jobs": [{"id": "1"}, {"id": "2"}], "weeks": [{"week_of": "x"}],
        }]});
        assert_eq!(Value::Object(answer), whole);
    }
}
