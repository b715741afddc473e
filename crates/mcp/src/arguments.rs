//! Arguments as clients really send them, settled against the schema that was published.
//!
//! Forgiving where no meaning is lost: numbers and truth values as text, a single value for a list, a list as text,
//! null, `none` and empty text as absent, other spellings and other words for the same (`vocabulary`), more rows than there
//! can be. Strict where it would be: unknown names, values outside an enumeration or a range are refused with the nearest
//! valid ones.

use serde_json::{Map, Value, json};

use super::failure::ToolFailure;
use super::vocabulary::{self, COMPANY, Served};
use domain::{excerpt, zip};

/// The argument that goes on with a list.
const CURSOR: &str = "cursor";
/// The argument that says how many rows there may be.
const LIMIT: &str = "limit";
/// What asks for as many as there can be.
const MOST: &[&str] = &["all", "max", "maximum", "unlimited"];
/// The argument whose values are labels of an answer, `none` among them.
const CELL: &str = "cell";
/// The argument that is a ZIP code.
const ZIP: &str = "zip";
/// What some clients add to the arguments on their own; it means nothing here.
const CLIENTS_OWN: &[&str] = &["toolCallId", "sessionId", "action", "chatInput", "tool"];
/// The longest text, in characters.
const TEXT_CHARS_MAX: usize = 200;
/// The longest cursor, in bytes: it may hold names, which have no limit.
const CURSOR_BYTES_MAX: usize = 64 * 1024;
/// The longest list given as text, in bytes, and the most items of a list.
const LIST_BYTES_MAX: usize = 10_000;
const LIST_ITEMS_MAX: usize = 200;
/// The longest text that is compared with what is valid, in bytes; comparing takes long for long ones.
const SIMILAR_BYTES_MAX: usize = 80;
/// How similar a name must be to be offered (Jaro-Winkler, 0 to 1).
const SIMILARITY_MIN: f64 = 0.7;

/// Arguments as a tool takes them.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Every value of the type its schema says, under the published name.
    pub arguments: Map<String, Value>,
    /// What was taken for something else than was written.
    pub notes: Vec<String>,
}

/// The arguments with every value of the type its schema says, for these companies.
pub(super) fn settle(
    schema: &Map<String, Value>,
    raw: Map<String, Value>,
    served: &[Served<'_>],
) -> Result<Settled, ToolFailure> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    // Without a choice of companies there is no argument for it; naming the one there is does no harm.
    let only_one = json!({"type": "string"});
    let mut settled = Map::new();
    let mut notes = Vec::new();
    for (given, value) in raw {
        let (name, property) = match properties.get_key_value(&given) {
            Some((name, property)) => (name.as_str(), property),
            None if CLIENTS_OWN.contains(&given.as_str()) => continue,
            None => match vocabulary::argument(&given, schema) {
                Some(name) => (name, properties.get(name).unwrap_or(&Value::Null)),
                None if served.len() == 1 && vocabulary::is_company(&given) => (COMPANY, &only_one),
                None if is_absent(&given, &value, &Value::Null) => continue,
                None => return Err(unknown_name(&given, properties)),
            },
        };
        check_size(name, &value, property)?;
        if is_absent(name, &value, property) {
            continue;
        }
        if settled.contains_key(name) {
            return Err(ToolFailure::new(
                format!("`{name}` was given twice, once as `{}`", shown(&given)),
                format!("give `{name}` once"),
            ));
        }
        let kind = property.get("type").and_then(Value::as_str).unwrap_or("string");
        let value = match kind {
            _ if name == COMPANY => match vocabulary::companies(&value, served, &mut notes)? {
                Some(chosen) => chosen.into(),
                None => continue,
            },
            "integer" => integer(name, &value, property, &mut notes)?,
            "number" => number(name, &value, property)?,
            "boolean" => boolean(name, &value)?,
            "array" => list(name, value, property, &mut notes)?,
            _ if name == ZIP => zip_code(&value, property, properties)?,
            _ => one(name, &value, property, &mut notes)?,
        };
        settled.insert(name.to_owned(), value);
    }
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for name in required.iter().filter_map(Value::as_str) {
        if !settled.contains_key(name) {
            let about = properties.get(name).and_then(|property| property.get("description")).and_then(Value::as_str);
            return Err(ToolFailure::new(
                format!("`{name}` is missing"),
                format!("give `{name}`: {}", about.unwrap_or("see the tool's schema")),
            ));
        }
    }
    Ok(Settled { arguments: settled, notes })
}

/// Refuses what is too long before anything is made of it.
fn check_size(name: &str, value: &Value, property: &Value) -> Result<(), ToolFailure> {
    let too_long = |what: String| Err(ToolFailure::new(format!("`{name}` is longer than {what}"), "give less"));
    let is_list = property.get("type").and_then(Value::as_str) == Some("array");
    match value {
        Value::String(text) if name == CURSOR => match text.len() {
            ..=CURSOR_BYTES_MAX => Ok(()),
            _ => Err(ToolFailure::new("this `cursor` is not one of ours", "leave `cursor` out to start over")),
        },
        Value::String(text) if is_list && LIST_BYTES_MAX < text.len() => too_long(format!("{LIST_BYTES_MAX} bytes")),
        Value::String(text) if !is_list && is_too_long(text) => too_long(format!("{TEXT_CHARS_MAX} characters")),
        Value::Array(list) if LIST_ITEMS_MAX < list.len() => too_long(format!("{LIST_ITEMS_MAX} items")),
        Value::Array(list) if list.iter().filter_map(Value::as_str).any(is_too_long) => Err(ToolFailure::new(
            format!("an item of `{name}` is longer than {TEXT_CHARS_MAX} characters"),
            "give less",
        )),
        _ => Ok(()),
    }
}

fn is_too_long(text: &str) -> bool {
    // A character takes one to four bytes.
    4 * TEXT_CHARS_MAX < text.len() || TEXT_CHARS_MAX < text.chars().count()
}

/// A code as [`zip`] knows it. A number has lost the zeros in front; a text is taken as it is written.
fn zip_code(value: &Value, property: &Value, properties: &Map<String, Value>) -> Result<Value, ToolFailure> {
    let code = match value {
        Value::Number(_) => text_of(value).as_deref().and_then(zip::of_number),
        _ => one(ZIP, value, property, &mut Vec::new())?.as_str().and_then(zip::of_text),
    };
    code.map(Value::from).ok_or_else(|| {
        let others = [("city", "a city"), ("agency", "an agency")];
        let others = others.iter().filter(|(name, _)| properties.contains_key(*name));
        let others: Vec<String> = others.map(|(name, what)| format!("; for {what} give `{name}`")).collect();
        ToolFailure::new(
            format!("`{ZIP}` cannot be {}", shown_value(value)),
            format!("give the five digits of the ZIP code as text, such as \"02134\"{}", others.concat()),
        )
    })
}

fn is_absent(name: &str, value: &Value, property: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) if name == CELL => text.trim().is_empty(),
        Value::String(text) => vocabulary::is_nothing(text, property),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn unknown_name(name: &str, properties: &Map<String, Value>) -> ToolFailure {
    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
    let next = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? Arguments of this tool: {}", names.join(", ")),
        None if names.is_empty() => "this tool takes no arguments".to_owned(),
        None => format!("arguments of this tool: {}", names.join(", ")),
    };
    ToolFailure::new(format!("there is no argument `{}`", shown(name)), next)
}

/// The valid value most like `given`.
pub(super) fn nearest<'a>(given: &str, valid: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if SIMILAR_BYTES_MAX < given.len() {
        return None;
    }
    let given = given.to_lowercase();
    valid
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(score, _)| SIMILARITY_MIN <= *score)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

/// What a client sent, cut to a length fit for an error.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    excerpt(text, SHOWN_MAX)
}

/// The same of any value; of what holds others only what it is.
fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        plain => plain.to_string(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn integer(name: &str, value: &Value, property: &Value, notes: &mut Vec<String>) -> Result<Value, ToolFailure> {
    let minimum = property.get("minimum").and_then(Value::as_i64).unwrap_or(i64::MIN);
    let maximum = property.get("maximum").and_then(Value::as_i64).unwrap_or(i64::MAX);
    let number = text_of(value).and_then(|text| text.trim_end_matches(".0").parse::<i64>().ok());
    let asks_for_most = || text_of(value).is_some_and(|text| MOST.iter().any(|most| most.eq_ignore_ascii_case(&text)));
    match number {
        Some(number) if (minimum..=maximum).contains(&number) => Ok(number.into()),
        most if name == LIMIT && most.map_or_else(asks_for_most, |number| maximum < number) => {
            notes.push(format!("`{LIMIT}` is {maximum}, the most there is; the rest comes with `next_cursor`"));
            Ok(maximum.into())
        }
        _ => Err(ToolFailure::new(
            format!("`{name}` cannot be {}", shown_value(value)),
            format!("give a whole number from {minimum} to {maximum}"),
        )),
    }
}

fn number(name: &str, value: &Value, property: &Value) -> Result<Value, ToolFailure> {
    let minimum = property.get("minimum").and_then(Value::as_f64).unwrap_or(f64::MIN);
    let number = text_of(value).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
    match number {
        Some(number) if minimum <= number => Ok(number.into()),
        _ => Err(ToolFailure::new(
            format!("`{name}` cannot be {}", shown_value(value)),
            format!("give a number from {minimum} up"),
        )),
    }
}

fn boolean(name: &str, value: &Value) -> Result<Value, ToolFailure> {
    match text_of(value).map(|text| text.to_lowercase()).as_deref() {
        Some("true" | "yes" | "1") => Ok(true.into()),
        Some("false" | "no" | "0") => Ok(false.into()),
        _ => Err(ToolFailure::new(
            format!("`{name}` cannot be {}", shown_value(value)),
            format!("give `{name}` as true or false, or leave it out"),
        )),
    }
}

fn one(name: &str, value: &Value, property: &Value, notes: &mut Vec<String>) -> Result<Value, ToolFailure> {
    let single = match value {
        Value::Array(list) if list.len() == 1 => list.first().unwrap_or(value),
        other => other,
    };
    let Some(text) = text_of(single) else {
        return Err(ToolFailure::new(
            format!("`{name}` takes one text, not {}", shown_value(value)),
            format!("give `{name}` as one text"),
        ));
    };
    let Some(valid) = property.get("enum").and_then(Value::as_array) else {
        return Ok(vocabulary::free(name, text, notes).into());
    };
    let valid: Vec<&str> = valid.iter().filter_map(Value::as_str).collect();
    if let Some(exact) = valid.iter().find(|valid| valid.eq_ignore_ascii_case(&text)) {
        return Ok((*exact).into());
    }
    if let Some(meant) = vocabulary::value(name, &text, &valid, notes) {
        return Ok(meant.into());
    }
    let near = nearest(&text, valid.iter().copied());
    let instead = vocabulary::instead(name, &text);
    Err(ToolFailure::new(
        format!("no {name} `{}`", shown(&text)),
        match (instead, near) {
            (Some(instead), _) => instead.to_owned(),
            (None, Some(near)) => format!("did you mean `{near}`? Valid: {}", valid.join(", ")),
            (None, None) => format!("valid: {}", valid.join(", ")),
        },
    ))
}

fn list(name: &str, value: Value, property: &Value, notes: &mut Vec<String>) -> Result<Value, ToolFailure> {
    let item = property.get("items").unwrap_or(&Value::Null);
    let values = match value {
        Value::Array(list) => list,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(list)) => list,
            _ => text.split(',').map(|part| Value::from(part.trim())).collect(),
        },
        single => vec![single],
    };
    let settled =
        values.iter().filter(|value| !is_absent(name, value, item)).map(|value| one(name, value, item, notes));
    Ok(Value::Array(settled.collect::<Result<Vec<Value>, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVED: &[Served<'_>] = &[("spectora_company1", None), ("spectora_residential", None)];

    fn schema() -> Map<String, Value> {
        let schema = json!({"type": "object", "properties": {
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "paid": {"type": "boolean"},
            "factor": {"type": "number", "minimum": 1},
            "zip": {"type": "string"},
            "note": {"type": "string"},
            "cursor": {"type": "string"},
            "status": {"type": "array", "items": {"type": "string", "enum": ["published", "canceled"]}},
            "company": {"type": "string", "enum": ["spectora_company1", "spectora_residential"]},
        }});
        schema.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(raw: Value, expect: Value) {
        let settled = settle(&schema(), raw.as_object().unwrap().clone(), SERVED).unwrap();
        assert_eq!(Value::Object(settled.arguments), expect);
    }

    #[track_caller]
    fn check_refused(raw: Value, expect: &str) {
        let failure = settle(&schema(), raw.as_object().unwrap().clone(), SERVED).unwrap_err().to_string();
        assert!(failure.contains(expect), "{failure}");
    }

    #[test]
    fn odd_shapes_keep_their_meaning() {
        check(json!({"limit": "5"}), json!({"limit": 5}));
        check(json!({"factor": "2.5"}), json!({"factor": 2.5}));
        check(json!({"factor": 3}), json!({"factor": 3.0}));
        check(json!({"limit": 5.0}), json!({"limit": 5}));
        check(json!({"limit": null, "zip": ""}), json!({}));
        check(json!({"paid": "False"}), json!({"paid": false}));
        check(json!({"zip": 80202}), json!({"zip": "80202"}));
        check(json!({"zip": 2134}), json!({"zip": "02134"}));
        check(json!({"zip": 802.0}), json!({"zip": "00802"}));
        check(json!({"zip": "02134-0007"}), json!({"zip": "02134"}));
        check(json!({"zip": "2134"}), json!({"zip": "2134"}));
        check(json!({"zip": "K1A 0B6"}), json!({"zip": "K1A 0B6"}));
        check(json!({"status": "Canceled"}), json!({"status": ["canceled"]}));
        check(json!({"status": "[\"canceled\",\"published\"]"}), json!({"status": ["canceled", "published"]}));
        check(json!({"status": "canceled, published"}), json!({"status": ["canceled", "published"]}));
        check(json!({"company": ["spectora_company1"]}), json!({"company": ["spectora_company1"]}));
        check(json!({"limit": "all"}), json!({"limit": 100}));
        check(json!({"limit": 1_000}), json!({"limit": 100}));
        check(json!({"zipCode": "02134", "statuses": "Cancelled"}), json!({"zip": "02134", "status": ["canceled"]}));
        check(json!({"note": "none", "zip": "N/A"}), json!({}));
    }

    #[test]
    fn lost_meaning_is_refused_with_the_way_out() {
        check_refused(json!({"limit": 0}), "from 1 to 100");
        check_refused(json!({"limit": 2.5}), "from 1 to 100");
        check_refused(json!({"factor": 0.5}), "a number from 1");
        check_refused(json!({"factor": "inf"}), "a number from 1");
        check_refused(json!({"limt": 5}), "did you mean `limit`");
        check_refused(json!({"company": "lakeside"}), "spectora_company1, spectora_residential");
        check_refused(json!({"limit": 5, "pageSize": 6}), "given twice");
        check_refused(json!({"company": "spectora_rsident"}), "did you mean `spectora_residential`");
        check_refused(json!({"status": ["canceled", "lost"]}), "published, canceled");
        check_refused(json!({"paid": "maybe"}), "true or false");
        check_refused(json!({"zip": {"a": 1}}), "one text");
        check_refused(json!({"zip": "downtown"}), "five digits");
        check_refused(json!({"zip": 802.5}), "five digits");
        check_refused(json!({"zip": 123_456}), "five digits");
    }

    #[test]
    fn what_clients_add_on_their_own_means_nothing() {
        let added = json!({"toolCallId": "x", "sessionId": {"a": 1}, "action": "sendMessage", "chatInput": "Hi",
                           "tool": "t", "limit": 5});
        check(added, json!({"limit": 5}));
        check_refused(json!({"sessionid": "x"}), "no argument `sessionid`");
    }

    #[test]
    fn long_arguments_are_refused_and_hardly_repeated() {
        let long = "x".repeat(1_000_000);
        check(json!({"note": "é".repeat(200)}), json!({"note": "é".repeat(200)}));
        for raw in [
            json!({"note": "x".repeat(201)}),
            json!({"note": long}),
            json!({"company": long}),
            json!({"limit": long}),
            json!({"paid": long}),
            json!({"status": [long]}),
            json!({"status": long}),
            json!({"status": vec!["canceled"; 1_000]}),
            json!({"note": [long]}),
            json!({"note": {"a": long}}),
            json!({"cursor": long}),
            json!({long.as_str(): 1}),
        ] {
            let raw = raw.as_object().unwrap().clone();
            let failure = settle(&schema(), raw, SERVED).unwrap_err().to_string();
            assert!(failure.matches('x').count() <= 80, "{failure}");
            assert!(
                failure.contains("longer than")
                    || failure.contains("cannot be")
                    || failure.contains("no argument")
                    || failure.contains("one text")
                    || failure.contains("not one of ours"),
                "{failure}"
            );
        }
    }
}
