//! Clients: which ones a query asks for, and how they are written.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::inspection_json::buyer_attributes;
use super::inspections::CHANGED_SINCE;
use super::options::ChangedSince;
use super::query::{Query, Refusal, ids, instant, search_words};
use super::truth::{ClientRow, RecordKind};
use super::world::{Scene, utc};

const NANOSECONDS: i128 = 1_000_000_000;

/// The matching clients, as indices; without a sort by id. A contact and its buyer have one id.
pub(super) fn select(scene: Scene<'_>, query: &Query) -> Result<Vec<u32>, Refusal> {
    let clients = &scene.company.clients;
    let tags = query.filter("tag");
    let mut found: Vec<u32> = (0_u32..).zip(clients).map(|(at, _)| at).collect();
    for (name, value) in query.filters() {
        let wanted = ids(&[value]);
        let words = search_words(&[value]);
        let since = if name == CHANGED_SINCE && scene.changed_since == ChangedSince::Works {
            instant(name, value)?
        } else {
            i128::MIN
        };
        found.retain(|at| {
            let client = &clients[*at as usize];
            match name {
                "id" | "buyer_id" => wanted.contains(&client.id),
                "fulltext" => {
                    let text = format!("{} {}", client.name(), client.email().unwrap_or_default()).to_lowercase();
                    words.iter().all(|word| text.contains(word))
                }
                "tag" => tags.iter().all(|tag| client.tag() == Some(tag)),
                CHANGED_SINCE => i128::from(client.updated_at) * NANOSECONDS > since,
                _ => true,
            }
        });
    }
    let sort = query.sort();
    if !sort.is_empty() {
        found.sort_by(|a, b| {
            let (left, right) = (&clients[*a as usize], &clients[*b as usize]);
            let compared = sort.iter().map(|(key, descending)| {
                let ordering = compare(key, left, right);
                if *descending { ordering.reverse() } else { ordering }
            });
            compared.fold(Ordering::Equal, Ordering::then).then(a.cmp(b))
        });
    }
    Ok(found)
}

fn compare(key: &str, left: &ClientRow, right: &ClientRow) -> Ordering {
    match key {
        "first_name" => left.first_name().cmp(right.first_name()),
        "last_name" => left.last_name().cmp(right.last_name()),
        "last_first_name" => (left.last_name(), left.first_name()).cmp(&(right.last_name(), right.first_name())),
        _ => Ordering::Equal,
    }
}

/// Renders one contact.
pub(super) fn render(scene: Scene<'_>, at: u32) -> Value {
    let client = &scene.company.clients[at as usize];
    let mut attributes = buyer_attributes(scene, client);
    if let Value::Object(all) = &mut attributes {
        all.insert("company_id".to_owned(), Scene::loose_id(scene.company.company_id, client.id));
        all.insert("tags".to_owned(), json!(client.tag().into_iter().collect::<Vec<_>>()));
        all.insert("created_at".to_owned(), json!(utc(client.created_at)));
        all.insert("updated_at".to_owned(), json!(utc(client.updated_at)));
    }
    let record = json!({"id": client.id.to_string(), "type": "contact", "attributes": attributes});
    scene.company.with_put(RecordKind::Client, client.id, record)
}
