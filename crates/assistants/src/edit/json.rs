//! Files in JSON, with comments and trailing commas.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};

use super::{EditError, Found, OWN_VARIABLES};
use crate::entry::Entry;

/// Comments and trailing commas are what editors write; anything more no assistant reads.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn parsed(text: &str) -> Result<CstRootNode, EditError> {
    CstRootNode::parse(text, &OPTIONS).map_err(|error| EditError::Broken {
        line: error.line_display(),
        column: error.column_display(),
        reason: error.kind().to_string(),
    })
}

fn text_of(node: &CstNode) -> Option<String> {
    node.as_string_lit()?.decoded_value().ok()
}

pub(super) fn entries(text: &str, servers: &str) -> Result<Vec<Found>, EditError> {
    let root = parsed(text)?;
    let Some(value) = root.value() else { return Ok(Vec::new()) };
    let object = value.as_object().ok_or_else(|| EditError::NotAList(servers.to_owned()))?;
    let Some(list) = object.get(servers) else { return Ok(Vec::new()) };
    let list = list.object_value().ok_or_else(|| EditError::NotAList(servers.to_owned()))?;
    let found = list.properties().into_iter().filter_map(|property| {
        let name = property.decoded_name()?;
        let Some(entry) = property.object_value() else { return Some(Found { name, ..Found::default() }) };
        let command = entry.get("command").and_then(|command| text_of(&command.value()?)).unwrap_or_default();
        let arguments = entry.array_value("args").map(|list| list.elements()).unwrap_or_default();
        let variables = entry.object_value("env").map(|object| object.properties()).unwrap_or_default();
        Some(Found {
            name,
            command,
            arguments: arguments.iter().filter_map(text_of).collect(),
            variables: variables.iter().filter_map(CstObjectProp::decoded_name).collect(),
        })
    });
    Ok(found.collect())
}

pub(super) fn edited(
    text: &str,
    servers: &str,
    typed: bool,
    wanted: &[Entry],
    removed: &[&String],
) -> Result<String, EditError> {
    let root = parsed(text)?;
    if wanted.is_empty() && root.object_value().is_none_or(|object| object.get(servers).is_none()) {
        return Ok(text.to_owned());
    }
    let not_a_list = || EditError::NotAList(servers.to_owned());
    let object = root.object_value_or_create().ok_or_else(not_a_list)?;
    let list = object.object_value_or_create(servers).ok_or_else(not_a_list)?;
    for name in removed.iter().filter(|name| wanted.iter().all(|entry| entry.name != ***name)) {
        if let Some(property) = list.get(name) {
            property.remove();
        }
    }
    for entry in wanted {
        put(&list, entry, typed)?;
    }
    let text = root.to_string();
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

fn put(list: &CstObject, entry: &Entry, typed: bool) -> Result<(), EditError> {
    let command = entry.command_text().ok_or(EditError::Path)?;
    let arguments = CstInputValue::Array(entry.arguments.iter().map(|one| one.as_str().into()).collect());
    let variables: Vec<(String, CstInputValue)> =
        entry.environment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let Some(object) = list.object_value(&entry.name) else {
        let mut parts: Vec<(String, CstInputValue)> = Vec::new();
        parts.extend(typed.then(|| ("type".to_owned(), "stdio".into())));
        parts.push(("command".to_owned(), command.into()));
        parts.push(("args".to_owned(), arguments));
        parts.extend((!variables.is_empty()).then_some(("env".to_owned(), CstInputValue::Object(variables))));
        list.append(&entry.name, CstInputValue::Object(parts));
        return Ok(());
    };
    set(&object, "command", command.into(), |node| text_of(node).as_deref() == Some(command));
    set(&object, "args", arguments, |node| {
        let known: Option<Vec<String>> =
            node.as_array().map(|list| list.elements().iter().map(|one| text_of(one).unwrap_or_default()).collect());
        known.as_ref() == Some(&entry.arguments)
    });
    if let Some(known) = object.object_value("env") {
        let is_stale = |name: &str| name.starts_with(OWN_VARIABLES) && variables.iter().all(|(new, _)| new != name);
        for variable in known.properties() {
            if variable.decoded_name().is_some_and(|name| is_stale(&name)) {
                variable.remove();
            }
        }
        if known.properties().is_empty() && variables.is_empty() {
            object.get("env").into_iter().for_each(CstObjectProp::remove);
            return Ok(());
        }
    }
    if variables.is_empty() {
        return Ok(());
    }
    match object.object_value("env") {
        Some(known) => {
            for ((name, value), (_, text)) in variables.into_iter().zip(&entry.environment) {
                set(&known, &name, value, |node| text_of(node).as_ref() == Some(text));
            }
        }
        None => set(&object, "env", CstInputValue::Object(variables), |_| false),
    }
    Ok(())
}

/// Sets a property; one that is so already keeps the way it is written.
fn set(object: &CstObject, name: &str, value: CstInputValue, is_so: impl FnOnce(&CstNode) -> bool) {
    match object.get(name) {
        Some(property) if property.value().as_ref().is_some_and(is_so) => {}
        Some(property) => property.set_value(value),
        None => drop(object.append(name, value)),
    }
}
