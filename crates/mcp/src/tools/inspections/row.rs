//! An inspection as shown.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::super::super::answer::{self, Row};
use super::super::super::label;
use super::super::Detail;
use super::super::clients::contact_row;
use answers::{Companies, Company};
use domain::{AgentOnInspection, Client, Inspection, SharedNames, Slug, Text};

/// Where inspections are in the portal (from the vendor's pages).
pub(super) const PORTAL: &str = "https://portal.spectora.com/inspection/";

/// How much of an inspection is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// Contact details too.
    pub contact: bool,
    /// Links to the portal too.
    pub links: bool,
    /// The agents of both sides, with their ids: an agent was asked for.
    pub agents: bool,
    /// All that is known, or what a list needs.
    pub detail: Detail,
}

/// The inspection's address in the portal.
pub(in super::super) fn portal_link(slug: &Slug) -> String {
    const UNRESERVED: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    format!("{PORTAL}{}", utf8_percent_encode(slug.as_str(), UNRESERVED))
}

/// An instant as RFC 3339 with the offset of the company's zone, in whole minutes: older offsets had seconds, for which
/// RFC 3339 has no place.
pub(in super::super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(at);
    let minutes = (offset.seconds() + 30).div_euclid(60);
    let whole = jiff::tz::Offset::from_seconds(minutes * 60).unwrap_or(offset);
    at.to_zoned_datetime(TimeZone::fixed(whole)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// An inspection: what a list needs, and with [`Detail::Full`] all that is known.
pub(super) fn inspection_row(
    companies: &Companies,
    company: &Company,
    inspection: &Inspection,
    shared_names: &SharedNames,
    now: Timestamp,
    shown: Shown,
) -> Map<String, Value> {
    let zone = company.records.timezone();
    let is_full = shown.detail == Detail::Full;
    let agent = |agent: &Option<AgentOnInspection>| {
        agent.as_ref().map(|agent| match (&agent.name, &agent.id) {
            (Some(name), Some(id)) if is_full || shown.agents => format!("{name} (id {id})"),
            _ => shared_names.agent(agent),
        })
    };
    let address = &inspection.address;
    let place = address.full.as_ref().or(address.street.as_ref());
    let has_zip = |zip: &&Text| is_full || place.is_none_or(|place| !place.as_str().contains(zip.as_str()));
    let mut row = Row::default();
    row.put("company", label(companies, company))
        .put("id", Some(inspection.id.to_string()))
        .put("starts_at", inspection.starts_at.map(|at| local(at, zone)))
        .put("status", Some(inspection.status(now).name()))
        .show("address", place)
        .show("zip", address.zip.as_ref().filter(has_zip))
        .list("clients", &inspection.client_names)
        .list("inspectors", inspection.inspectors.iter().map(|one| shared_names.inspector(one)))
        .put("buying_agent", agent(&inspection.buying_agent))
        .put("selling_agent", agent(&inspection.selling_agent).filter(|_| is_full || shown.agents))
        .list("services", &inspection.services)
        .list("add_ons", &inspection.add_ons)
        .show("quote", inspection.quote.as_ref())
        // What is usual goes without saying in a list.
        .put("paid", inspection.paid.filter(|paid| is_full || !paid))
        .show("cancel_reason", inspection.cancel_reason.as_ref());
    if is_full || shown.links {
        row.put("portal_link", inspection.slug.as_ref().map(portal_link));
    }
    if shown.contact {
        for (side, agent) in [("buying_agent", &inspection.buying_agent), ("selling_agent", &inspection.selling_agent)]
        {
            let agent = agent.as_ref();
            row.show(&format!("{side}_email"), agent.and_then(|agent| agent.email.as_ref()))
                .show(&format!("{side}_phone"), agent.and_then(|agent| agent.phone.as_ref()));
        }
    }
    if is_full {
        full(&mut row, inspection, zone, shown.contact);
    }
    row.0
}

/// All that is known of an inspection, without contact details.
pub(in super::super) fn full_row(
    companies: &Companies,
    company: &Company,
    inspection: &Inspection,
    now: Timestamp,
) -> Map<String, Value> {
    let shown = Shown { contact: false, links: true, agents: true, detail: Detail::Full };
    inspection_row(companies, company, inspection, &SharedNames::default(), now, shown)
}

/// What is not in a list.
fn full(row: &mut Row, inspection: &Inspection, zone: &TimeZone, contact: bool) {
    let at = |at: Option<Timestamp>| at.map(|at| local(at, zone));
    row.list("not_add_ons", &inspection.not_add_ons)
        .put("duration_hours", inspection.duration_hours)
        .put("confirmed", inspection.confirmed)
        .show("city", inspection.address.city.as_ref())
        .show("state", inspection.address.state.as_ref())
        .list("inspector_ids", inspection.inspectors.iter().filter_map(|inspector| inspector.id.as_ref()))
        .show("template", inspection.template.as_ref())
        .show("order_id", inspection.order_id.as_ref())
        .put("agreements_present", inspection.agreements_present)
        .put("agreements_signed", inspection.agreements_signed)
        .put("archived_by_inspector", inspection.archived_by_inspector)
        .put("canceled_at", at(inspection.canceled_at))
        .put("deleted_at", at(inspection.deleted_at))
        .put("published_at", at(inspection.published_at))
        .put("created_at", at(inspection.created_at))
        .put("updated_at", at(inspection.updated_at));
    for (name, client) in [("client", &inspection.client), ("client_2", &inspection.client_2)] {
        row.put(name, client.as_ref().map(|client| Value::Object(client_on_inspection(client, contact))));
    }
    row.show("notes", inspection.notes.as_ref()).show("request_notes", inspection.request_notes.as_ref());
}

fn client_on_inspection(client: &Client, contact: bool) -> Map<String, Value> {
    let mut row = Row::default();
    row.put("id", Some(client.id.to_string())).put("name", client.name());
    if contact {
        row.0.extend(contact_row(client).0);
    }
    row.put("since", client.created_at.map(answer::seconds));
    row.0
}
