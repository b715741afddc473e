//! An inspection as the service writes it, with its quirks: mixed kinds of ids, lists or text, two spellings of time.

#![expect(clippy::indexing_slicing, reason = "indices were made beside the tables they point into")]

use serde_json::{Value, json};

use super::attachments;
use super::connections;
use super::inspections::position;
use super::truth::{ClientRow, InspectionRow, RecordKind, mix, uuid};
use super::world::{Included, Scene, money, relationship, utc};

/// Renders one record; what `include` names goes to `included`.
pub(super) fn render(
    scene: Scene<'_>,
    index: u32,
    include: &[&str],
    fields: &[&str],
    included: &mut Included,
) -> Value {
    let row = &scene.company.inspections[index as usize];
    let mut attributes = attributes(scene, row);
    if let Value::Object(map) = &mut attributes {
        if fields.contains(&"payments_data") {
            let paid = if row.paid { money(u64::from(row.quote_cents)) } else { money(0) };
            map.insert("payments_data".to_owned(), json!({"paid_amount": paid}));
        }
        if fields.contains(&"has_deleted_reports") {
            map.insert("has_deleted_reports".to_owned(), json!(false));
        }
    }
    let record = json!({
        "id": row.id.to_string(),
        "type": "inspection",
        "attributes": attributes,
        "relationships": relationships(scene, index, include, included),
    });
    scene.company.with_put(RecordKind::Inspection, row.id, record)
}

fn attributes(scene: Scene<'_>, row: &InspectionRow) -> Value {
    let company = scene.company;
    let buying = row.buying_agent.map(|at| &company.agents[at as usize]);
    let selling = row.selling_agent.map(|at| &company.agents[at as usize]);
    let buyers: Vec<String> = company.clients_of(row).map(ClientRow::name).collect();
    let inspectors: Vec<&str> = row.inspectors().map(|at| company.inspectors[at].name).collect();
    let slug = company.slug(row);
    let place = company.place(row);
    let mut value = json!({
        "slug": slug,
        "company_id": Scene::loose_id(company.company_id, row.id),
        "datetime": scene.local(row.starts_at),
        "datetime_formatted": formatted(scene, row.starts_at),
        "duration": f64::from(row.minutes) / 60.0,
        "paid": row.paid,
        "quote": (!scene.own_jobs).then(|| money(u64::from(row.quote_cents))),
        "order_id": row.id.is_multiple_of(5).then(|| format!("SO-{}", row.id)),
        "description": row.services().next().map(|service| service.name),
        "agreements_present": true,
        "agreements_signed": row.agreements_signed,
        "notes": row.note(),
        "request_notes": null,
        "published_at": row.published_at.map(|at| scene.local(at)),
        "created_at": utc(row.created_at),
        "updated_at": utc(row.updated_at),
        "cover_photo_url": null,
        "cover_photo_thumb_url": null,
        "image_url": "https://images.example.com/house.jpg",
        "archived_by_inspector": row.archived,
        "deleted_at": row.deleted_at.map(utc),
        "confirmed": row.confirmed,
        "canceled_at": row.canceled_at.map(utc),
        "cancel_reason": row.cancel_reason(),
        "buyer_name": buyers.first(),
        "buyer_names": if row.id.is_multiple_of(3) { json!(buyers) } else { json!(buyers.join(", ")) },
        "full_address": company.full_address(row),
        "property_address": row.street_address(),
        "property_address_2": company.address_2(row),
    });
    let more = json!({
        "property_city": place.city,
        "property_state": place.state,
        "property_zip": company.zip(row),
        "buying_agent_id": buying.map(|agent| Scene::loose_id(agent.connection_id, row.id + 1)),
        "selling_agent_id": selling.map(|agent| Scene::loose_id(agent.connection_id, row.id)),
        "buying_agent_name": buying.map(super::truth::AgentRow::name),
        "selling_agent_name": selling.map(super::truth::AgentRow::name),
        "buying_agent_email": buying.and_then(|agent| agent.email.clone()),
        "selling_agent_email": selling.and_then(|agent| agent.email.clone()),
        "buying_agent_phone": buying.map(|agent| agent.phone.clone()),
        "selling_agent_phone": selling.map(|agent| agent.phone.clone()),
        "inspector_name": inspectors.join(", "),
        "inspector_id": Scene::loose_id(company.inspectors[usize::from(row.primary)].id, row.id),
        "service_names": row.services().map(|service| service.name).collect::<Vec<_>>().join(", "),
        "service_add_on_names": row.add_ons().map(|add_on| add_on.name).collect::<Vec<_>>().join(", "),
        "isn_id": null,
        "payment_method_provided": row.id.is_multiple_of(4).then_some(true),
        "is_client_complete": true,
        "tooltip": format!("{} at {}", row.services().map(|s| s.name).collect::<Vec<_>>().join(", "), row.number),
        "charge_at_formatted": null,
        "settings": {"time_zone_display": false, "require_agreements": true},
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
        all.extend(more);
    }
    value
}

/// Display text whose order of day and month depends on a setting; here it depends on the company.
fn formatted(scene: Scene<'_>, seconds: i64) -> String {
    let order = if scene.company.company_id.is_multiple_of(2) { "%d/%m/%Y %-I:%M %p" } else { "%m/%d/%Y %-I:%M %p" };
    let instant = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.to_zoned_datetime(scene.company.zone.clone()).strftime(order).to_string()
}

fn relationships(scene: Scene<'_>, index: u32, include: &[&str], included: &mut Included) -> Value {
    let company = scene.company;
    let row = &company.inspections[index as usize];
    let asked = |name: &str| include.contains(&name);
    let agent = |agent: Option<u32>, included: &mut Included| match agent {
        Some(at) => {
            let id = company.agents[at as usize].connection_id.to_string();
            included.add("connection", &id, || connections::attributes(scene, at))
        }
        None => Value::Null,
    };
    let buyer = |client: Option<u32>, included: &mut Included| match client {
        Some(at) => {
            let client = &company.clients[at as usize];
            included.add("buyer", &client.id.to_string(), || buyer_attributes(scene, client))
        }
        None => Value::Null,
    };
    json!({
        "company": relationship(asked("company"), || {
            let id = company.company_id.to_string();
            included.add("company", &id, || json!({"name": company.display_name, "phone": "(303) 555-0100"}))
        }),
        "property": relationship(asked("property"), || property(scene, row, included)),
        "assignments": relationship(asked("assignments"), || {
            let places = (0_u64..).zip(row.inspectors());
            places.map(|(nth, at)| assignment(scene, row, nth, at, included)).collect()
        }),
        "buying_agent": relationship(asked("buying_agent"), || agent(row.buying_agent, included)),
        "selling_agent": relationship(asked("selling_agent"), || agent(row.selling_agent, included)),
        "buyer": relationship(asked("buyer"), || buyer(Some(row.client), included)),
        "buyer_2": relationship(asked("buyer_2"), || buyer(row.client_2, included)),
        "custom_fields": relationship(asked("custom_fields"), || {
            let fields = json!({"name": "How did you hear about us?", "value": if row.id.is_multiple_of(2) { "Agent" } else { "" }});
            json!([included.add("custom_field", &(row.id * 10).to_string(), || fields)])
        }),
        "inspection_attachments": relationship(asked("inspection_attachments"), || {
            let rows = company.attachments_of(index).iter();
            rows.map(|file| included.add("inspection_attachment", &file.id.to_string(), || attachments::attributes(scene, file)))
                .collect()
        }),
    })
}

fn assignment(scene: Scene<'_>, row: &InspectionRow, nth: u64, inspector: usize, included: &mut Included) -> Value {
    let id = (row.id * 10 + nth).to_string();
    included.add("assignment", &id, || {
        json!({
            "inspection_id": Scene::loose_id(row.id, row.id),
            "inspector_id": Scene::loose_id(scene.company.inspectors[inspector].id, row.id + nth),
            "primary": nth == 0,
            "hidden": false,
            "requested": mix(row.id, 5).is_multiple_of(6),
            "pay_amount": null,
            "pay_reason": null,
            "google_calendar_id": null,
            "created_at": utc(row.created_at),
            "updated_at": utc(row.created_at),
            "deleted_at": null,
        })
    })
}

fn property(scene: Scene<'_>, row: &InspectionRow, included: &mut Included) -> Value {
    let company = scene.company;
    included.add("property", &(row.id + 1_000_000_000).to_string(), || {
        let (lat, lng) = position(company, row);
        json!({
            "address": row.street_address(),
            "unit": row.unit.map(|unit| unit.to_string()),
            "city": company.place(row).city,
            "state": company.place(row).state,
            "zip": company.zip(row),
            "lat": lat,
            "lng": lng,
            "year_built": 1905 + mix(row.id, 1) % 118,
            "square_feet": 700 + mix(row.id, 2) % 3800,
        })
    })
}

/// A client as the inspection's buyer and, with a little more, as a contact.
pub(super) fn buyer_attributes(scene: Scene<'_>, client: &ClientRow) -> Value {
    let place = &scene.company.zips[usize::from(client.zip)];
    json!({
        "first_name": client.first_name(),
        "last_name": client.last_name(),
        "email": client.email(),
        "phone": client.phone(),
        "mobile_phone": if client.id.is_multiple_of(4) { json!("") } else { json!(client.phone()) },
        "home_phone": null,
        "notes": if client.id % 9 == 4 { "Prefers text messages." } else { "" },
        "private_notes": if client.id % 23 == 4 { json!("Paid late once.") } else { Value::Null },
        "address": format!("{} Elm Street", 100 + client.id % 900),
        "city": place.city,
        "state": place.state,
        "zip": place.code,
    })
}

/// The secret in a file's URL.
pub(super) fn file_token(salt: u64, id: u64) -> String {
    format!("{id}-{}", uuid(salt ^ 0xF11E, id))
}
