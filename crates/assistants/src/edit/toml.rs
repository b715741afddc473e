//! Files in TOML.

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use super::{EditError, Found, OWN_VARIABLES};
use crate::entry::Entry;

fn parsed(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        // The message without the line of the file, which may hold a key.
        let reason = error.message().lines().next().unwrap_or_default().to_owned();
        EditError::Broken { line: before.matches('\n').count() + 1, column, reason }
    })
}

fn texts(item: Option<&Item>) -> Vec<String> {
    let array = item.and_then(Item::as_array).into_iter().flatten();
    array.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

pub(super) fn entries(text: &str, servers: &str) -> Result<Vec<Found>, EditError> {
    let document = parsed(text)?;
    let Some(list) = document.get(servers) else { return Ok(Vec::new()) };
    let list = list.as_table_like().ok_or_else(|| EditError::NotAList(servers.to_owned()))?;
    let found = list.iter().map(|(name, entry)| {
        let of = |key: &str| entry.as_table_like().and_then(|table| table.get(key));
        let variables = of("env").and_then(Item::as_table_like);
        Found {
            name: name.to_owned(),
            command: of("command").and_then(Item::as_str).unwrap_or_default().to_owned(),
            arguments: texts(of("args")),
            variables: variables
                .map(|table| table.iter().map(|(name, _)| name.to_owned()).collect())
                .unwrap_or_default(),
        }
    });
    Ok(found.collect())
}

pub(super) fn edited(text: &str, servers: &str, wanted: &[Entry], removed: &[&String]) -> Result<String, EditError> {
    let mut document = parsed(text)?;
    if wanted.is_empty() && document.get(servers).is_none() {
        return Ok(text.to_owned());
    }
    let not_a_list = || EditError::NotAList(servers.to_owned());
    let mut made = Table::new();
    made.set_implicit(true);
    let list = document.entry(servers).or_insert(Item::Table(made)).as_table_like_mut().ok_or_else(not_a_list)?;
    for name in removed.iter().filter(|name| wanted.iter().all(|entry| entry.name != ***name)) {
        list.remove(name);
    }
    for entry in wanted {
        let item = list.entry(&entry.name).or_insert_with(|| Item::Table(Table::new()));
        put(item.as_table_like_mut().ok_or_else(not_a_list)?, entry)?;
    }
    Ok(document.to_string())
}

fn put(table: &mut dyn TableLike, entry: &Entry) -> Result<(), EditError> {
    let command = entry.command_text().ok_or(EditError::Path)?;
    if table.get("command").and_then(Item::as_str) != Some(command) {
        set(table, "command", command.into());
    }
    if table.get("args").is_none_or(|args| args.as_array().is_none()) || texts(table.get("args")) != entry.arguments {
        set(table, "args", Value::Array(Array::from_iter(&entry.arguments)));
    }
    let has_own = |known: &dyn TableLike| known.iter().any(|(name, _)| name.starts_with(OWN_VARIABLES));
    if entry.environment.is_empty() && !table.get("env").and_then(Item::as_table_like).is_some_and(has_own) {
        return Ok(());
    }
    let known = table.entry("env").or_insert_with(|| Item::Value(toml_edit::InlineTable::new().into()));
    let known = known.as_table_like_mut().ok_or_else(|| EditError::NotAList("env".to_owned()))?;
    let is_stale = |name: &str| name.starts_with(OWN_VARIABLES) && entry.environment.iter().all(|(new, _)| new != name);
    let stale: Vec<String> = known.iter().map(|(name, _)| name.to_owned()).filter(|name| is_stale(name)).collect();
    for name in &stale {
        known.remove(name);
    }
    for (name, value) in &entry.environment {
        if known.get(name).and_then(Item::as_str) != Some(value) {
            set(known, name, value.as_str().into());
        }
    }
    if known.is_empty() {
        table.remove("env");
    }
    Ok(())
}

/// Sets a value; the space and the comment around one that is there stay.
fn set(table: &mut dyn TableLike, name: &str, mut value: Value) {
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(known) => {
            *value.decor_mut() = known.decor().clone();
            *known = value;
        }
        None => drop(table.insert(name, Item::Value(value))),
    }
}
