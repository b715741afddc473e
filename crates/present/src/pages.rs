//! Answers that come in pages, put together.

use serde_json::{Map, Value};

/// Tables of which a page has a part.
const IN_PAGES: &[&str] = &["inspectors", "agents", "groups", "attention", "jobs"];
/// The end of the names of what says how much of a table follows.
const NOT_SHOWN: &str = "not_shown";

/// Adds the rows of another page to each company's tables that come in pages, or to the list that the answer is.
pub fn append(answer: &mut Map<String, Value>, more: &Map<String, Value>) {
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
    if let Some(Value::Array(items)) = answer.get_mut("items") {
        items.extend(more.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    match more.get("next_cursor") {
        Some(cursor) => drop(answer.insert("next_cursor".to_owned(), cursor.clone())),
        None => drop(answer.remove("next_cursor")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_of_a_list_make_one_list() {
        let page = |answer: Value| answer.as_object().cloned().unwrap();
        let mut answer = page(json!({"items": [{"id": "1"}], "total": 2, "next_cursor": "2"}));
        append(&mut answer, &page(json!({"items": [{"id": "2"}], "total": 2})));
        assert_eq!(Value::Object(answer), json!({"items": [{"id": "1"}, {"id": "2"}], "total": 2}));
    }

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
