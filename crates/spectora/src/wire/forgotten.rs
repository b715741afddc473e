//! Taking out of a document what is about people who are forgotten.
//!
//! A person is known by the id their record has, or that a relationship of an inspection names. What stays is what a list
//! here allows, so that an attribute nobody knew of yet is left out too. Taking out twice is the same as once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{COMPANY, FromWire, RawResource, link_id, shapes_of};
use crate::corrections::Corrections;
use crate::forgotten::Forgotten;
use crate::query::{Connections, Contacts, Endpoint, Inspections};

/// What stands in the place of a name.
const NAME: &str = "(forgotten)";
/// What stays of a client's record.
const OF_A_CLIENT: &[&str] = &["created_at", "updated_at"];
/// What stays of an agent's record: the agency and the counts of work.
const OF_AN_AGENT: &[&str] = &[
    "agency_id",
    "agency_name",
    "agent_id",
    "agent_inspections",
    "buying_agent_inspections",
    "created_at",
    "selling_agent_inspections",
    "updated_at",
];
/// What does not stay of an inspection whose client is forgotten, of all it is read from.
const ABOUT_CLIENTS: &[&str] = &["buyer_name", "buyer_names", "notes", "request_notes"];
/// What does not stay either where no other client is left: where they live.
const STREET: &[&str] = &["full_address", "property_address"];
/// The relationships of an inspection to its clients.
const CLIENTS: &[&str] = &["buyer", "buyer_2"];
/// Files of such an inspection: their names are somebody's words.
const FILES: &str = "inspection_attachments";
/// What an inspection is read from.
static READ: LazyLock<Vec<String>> = LazyLock::new(|| shapes_of::<Inspections>().into_keys().collect());
/// The sides of an inspection that an agent is on.
const SIDES: &[&str] = &["buying_agent", "selling_agent"];

/// The rows of a document and what came with them, without the forgotten.
pub(super) fn take_out<R: FromWire>(
    forgotten: &Forgotten,
    corrections: &Corrections,
    rows: &mut [RawResource],
    included: &mut [RawResource],
) {
    if forgotten.is_empty() {
        return;
    }
    let taking = Taking { forgotten, corrections };
    match R::ENDPOINT {
        Endpoint::Contacts => rows.iter_mut().for_each(|row| taking.client(row)),
        Endpoint::Connections => taking.agents(rows, included),
        Endpoint::Inspections => {
            for row in rows {
                taking.clients_of_inspection(row, included);
                taking.agents_of_inspection(row, included);
            }
        }
        // Numbers, and files: no person is named by an id there.
        Endpoint::ConnectionStats | Endpoint::InspectionAttachments => {}
    }
}

struct Taking<'a> {
    forgotten: &'a Forgotten,
    corrections: &'a Corrections,
}

impl Taking<'_> {
    fn is_forgotten_client(&self, id: &str) -> bool {
        self.forgotten.clients.iter().any(|one| one.as_str() == id.trim())
    }

    fn is_forgotten_agent(&self, id: &str) -> bool {
        self.forgotten.agents.iter().any(|one| one.as_str() == id.trim())
    }

    fn is_before(&self, at: Option<Timestamp>) -> bool {
        self.forgotten.clients_before.zip(at).is_some_and(|(before, at)| at < before)
    }

    /// An instant of a record, by this program's name of the attribute.
    fn instant<R: FromWire>(&self, row: &RawResource, name: &str) -> Option<Timestamp> {
        let name = self.corrections.attribute(R::ENDPOINT, name);
        super::Attributes::new(Map::from_iter([(name.to_owned(), row.attributes.get(name)?.clone())])).instant(name)
    }

    /// Leaves the attributes of these names (this program's) and the company.
    fn keep<R: FromWire>(&self, row: &mut RawResource, names: &[&str]) {
        let kept: BTreeSet<&str> =
            names.iter().chain([&COMPANY]).map(|name| self.corrections.attribute(R::ENDPOINT, name)).collect();
        row.attributes.retain(|name, _| kept.contains(name.as_str()));
    }

    /// The same of a person, who has no name from here on.
    fn keep_of_person<R: FromWire>(&self, row: &mut RawResource, names: &[&str]) {
        self.keep::<R>(row, names);
        row.attributes.insert(self.corrections.attribute(R::ENDPOINT, "first_name").to_owned(), Value::from(NAME));
    }

    fn client(&self, row: &mut RawResource) {
        let touched = self.instant::<Contacts>(row, "updated_at").max(self.instant::<Contacts>(row, "created_at"));
        if self.is_forgotten_client(&row.id) || self.is_before(touched) {
            self.keep_of_person::<Contacts>(row, OF_A_CLIENT);
            row.relationships.clear();
        }
    }

    fn agents(&self, rows: &mut [RawResource], included: &mut [RawResource]) {
        let mut people = Vec::new();
        for row in rows.iter_mut().filter(|row| self.is_forgotten_agent(&row.id)) {
            self.keep_of_person::<Connections>(row, OF_AN_AGENT);
            people.extend(linked(row, "agent").cloned());
        }
        for person in people {
            if let Some(person) = resource(included, &person) {
                person.attributes.clear();
            }
        }
    }

    fn clients_of_inspection(&self, row: &mut RawResource, included: &[RawResource]) {
        let is_old = self.is_before(self.instant::<Inspections>(row, "datetime"));
        let clients: Vec<(&str, Option<Value>)> =
            CLIENTS.iter().map(|side| (*side, linked(row, side).cloned())).filter(|(_, link)| link.is_some()).collect();
        let is_forgotten =
            |link: &Option<Value>| link.as_ref().and_then(link_id).is_some_and(|id| self.is_forgotten_client(&id));
        let (out, left): (Vec<_>, Vec<_>) = clients.into_iter().partition(|(_, link)| is_old || is_forgotten(link));
        if out.is_empty() && !is_old {
            return;
        }
        let left: Vec<String> =
            left.iter().filter_map(|(_, link)| full_name(find(included, link.as_ref()?)?)).collect();
        let goes = |name: &str| ABOUT_CLIENTS.contains(&name) || (left.is_empty() && STREET.contains(&name));
        let stays: Vec<&str> = READ.iter().map(String::as_str).filter(|name| !goes(name)).collect();
        let place = left.is_empty().then(|| self.place(row)).flatten();
        self.keep::<Inspections>(row, &stays);
        for (side, _) in out {
            row.relationships.remove(side);
        }
        row.relationships.remove(FILES);
        let mut put = |name: &str, value: Value| {
            row.attributes.insert(self.corrections.attribute(Endpoint::Inspections, name).to_owned(), value);
        };
        if let Some(place) = place {
            put("property_address_2", Value::from(place));
        }
        // Last, so that a record that is read twice looks the same.
        let names = if left.is_empty() { vec![NAME.to_owned()] } else { left };
        put("buyer_name", Value::from(names.first().map(String::as_str)));
        put("buyer_names", Value::from(names));
    }

    /// City, state and ZIP of a whole address, where they stand nowhere else.
    fn place(&self, row: &RawResource) -> Option<String> {
        let text = |name: &str| row.attributes.get(self.corrections.attribute(Endpoint::Inspections, name))?.as_str();
        if text("property_address_2").is_some() {
            return None;
        }
        let mut parts = text("full_address")?.rsplitn(3, ", ");
        let (state_and_zip, city) = (parts.next()?, parts.next()?);
        // What is left is the street.
        parts.next()?;
        Some(format!("{city}, {state_and_zip}"))
    }

    fn agents_of_inspection(&self, row: &mut RawResource, included: &mut [RawResource]) {
        for side in SIDES {
            let name = |part: &str| self.corrections.attribute(Endpoint::Inspections, part).to_owned();
            let own_id = name(&format!("{side}_id"));
            let link = linked(row, side).cloned();
            let told = row.attributes.get(&own_id).and_then(super::id_text);
            let Some(id) = link.as_ref().and_then(link_id).or(told) else { continue };
            if !self.is_forgotten_agent(&id) {
                continue;
            }
            let detail: Vec<String> =
                ["name", "email", "phone"].iter().map(|part| name(&format!("{side}_{part}"))).collect();
            let of_this_side = format!("{side}_");
            row.attributes
                .retain(|name, _| *name == own_id || (!name.starts_with(&of_this_side) && !detail.contains(name)));
            if let Some(agent) = link.and_then(|link| resource(included, &link)) {
                self.keep_of_person::<Connections>(agent, OF_AN_AGENT);
            }
        }
    }
}

/// The link of a relationship to one resource.
fn linked<'a>(row: &'a RawResource, name: &str) -> Option<&'a Value> {
    let data = row.relationships.get(name)?.get("data")?;
    match data {
        Value::Array(links) => links.first(),
        link => Some(link),
    }
}

fn is_of(resource: &RawResource, link: &Value) -> bool {
    let kind = link.get("type").and_then(Value::as_str).unwrap_or_default();
    resource.kind == kind && link_id(link).is_some_and(|id| id == resource.id)
}

fn find<'a>(included: &'a [RawResource], link: &Value) -> Option<&'a RawResource> {
    included.iter().find(|one| is_of(one, link))
}

fn resource<'a>(included: &'a mut [RawResource], link: &Value) -> Option<&'a mut RawResource> {
    included.iter_mut().find(|one| is_of(one, link))
}

fn full_name(client: &RawResource) -> Option<String> {
    let mut all = super::Attributes::new(client.attributes.clone());
    let parts: Vec<String> = ["first_name", "last_name"]
        .iter()
        .filter_map(|part| all.line(part))
        .map(|text| text.as_str().to_owned())
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::{Decode, RawRecord};
    use super::*;
    use crate::corrections::AttributeCorrection;
    use domain::Naming;

    fn decode(clients: &[&str], agents: &[&str], before: Option<&str>, corrections: Corrections) -> Decode {
        let forgotten = Forgotten {
            clients: clients.iter().map(|id| id.parse().unwrap()).collect(),
            agents: agents.iter().map(|id| id.parse().unwrap()).collect(),
            clients_before: before.map(|at| at.parse().unwrap()),
        };
        Decode::new(Vec::new(), Naming::default(), Arc::new(corrections), forgotten)
    }

    fn person(kind: &str, id: &str, first: &str, last: &str) -> Value {
        json!({"id": id, "type": kind, "attributes": {"first_name": first, "last_name": last,
            "email": format!("{}@example.com", first.to_lowercase()), "phone": "303-555-0100", "nickname": "Buddy"}})
    }

    /// A job of Ada and Max Byron, with an agent on each side.
    fn job() -> Value {
        json!({"data": {"id": "7", "type": "inspection", "attributes": {
                "datetime": "2026-03-02T16:00:00Z", "quote": "450.0", "company_id": 3, "confirmed": true,
                "service_names": "Residential Inspection", "buyer_name": "Ada Byron", "buyer_names": "Ada Byron, Max Byron",
                "buying_agent_name": "Lou Reed", "buying_agent_email": "lou@example.com", "buying_agent_id": 11,
                "buying_agent_fax": "303-555-0101", "selling_agent_name": "Jo Sale", "selling_agent_id": 12,
                "property_address": "12 Elm Street #4", "full_address": "12 Elm Street #4, Golden, CO 80401",
                "notes": "Ask for Ada", "request_notes": "Gate 1815", "custom_1": "Ada's dog", "slug": "abc"},
            "relationships": {
                "buyer": {"data": {"id": "1", "type": "buyer"}}, "buyer_2": {"data": {"id": "2", "type": "buyer"}},
                "buying_agent": {"data": {"id": "11", "type": "connection"}},
                "selling_agent": {"data": {"id": "12", "type": "connection"}},
                "inspection_attachments": {"data": [{"id": "5", "type": "inspection_attachment"}]}}},
            "included": [person("buyer", "1", "Ada", "Byron"), person("buyer", "2", "Max", "Byron"),
                person("connection", "11", "Lou", "Reed"), person("connection", "12", "Jo", "Sale"),
                {"id": "5", "type": "inspection_attachment", "attributes": {"name": "Byron report.pdf"}}]})
    }

    /// The record, and all that is kept of it as text.
    fn kept(decode: &Decode, document: &Value) -> (domain::Inspection, String) {
        let bytes = serde_json::to_vec(document).unwrap();
        let (record, raw) = decode.one_as_kept::<Inspections>(&bytes).unwrap();
        let (again, raw_again) = decode.one_as_kept::<Inspections>(raw.as_bytes()).unwrap();
        assert_eq!(raw, raw_again, "once is enough");
        assert_eq!(format!("{record:?}"), format!("{again:?}"));
        (record, String::from_utf8(RawRecord::as_bytes(&raw).to_vec()).unwrap())
    }

    fn names(record: &domain::Inspection) -> Vec<&str> {
        record.client_names.iter().map(domain::Text::as_str).collect()
    }

    #[test]
    fn nobody_forgotten_is_nothing_taken_out() {
        let (record, raw) = kept(&decode(&["3"], &["1"], None, Corrections::default()), &job());
        assert_eq!(names(&record), ["Ada Byron, Max Byron"]);
        for word in ["Ask for Ada", "Ada's dog", "12 Elm Street", "Buddy", "Byron report.pdf", "303-555-0101"] {
            assert!(raw.contains(word), "{word}: {raw}");
        }
    }

    #[test]
    fn of_two_clients_the_other_one_stays() {
        for (id, first, gone) in [("1", "Max", "Ada"), ("2", "Ada", "Max")] {
            let (record, raw) = kept(&decode(&[id], &[], None, Corrections::default()), &job());
            assert_eq!(names(&record), [format!("{first} Byron")]);
            for word in [gone, "Gate 1815", "dog", "report.pdf", &format!("{}@example.com", gone.to_lowercase())] {
                assert!(!raw.contains(word), "{word}: {raw}");
            }
            let left = record.client.or(record.client_2).unwrap();
            assert_eq!(left.name(), Some(format!("{first} Byron")));
            // They live there.
            assert_eq!(record.address.street.unwrap().as_str(), "12 Elm Street #4");
            assert_eq!(record.quote.unwrap().to_string(), "450.00");
        }
    }

    #[test]
    fn a_job_whose_clients_are_forgotten_counts_as_before() {
        let (record, raw) = kept(&decode(&["1", "2"], &[], None, Corrections::default()), &job());
        assert_eq!(names(&record), ["(forgotten)"]);
        assert!(record.client.is_none() && record.client_2.is_none() && record.address.street.is_none());
        for word in ["Byron", "Elm", "Ada", "Max", "Gate", "Buddy\",\"phone", "1\",\"type\":\"buyer"] {
            assert!(!raw.contains(word), "{word}: {raw}");
        }
        let (whole, _) = kept(&decode(&[], &[], None, Corrections::default()), &job());
        assert_eq!(record.address.city.unwrap().as_str(), "Golden");
        assert_eq!(record.address.zip.unwrap().as_str(), "80401");
        assert_eq!(record.services, whole.services);
        assert_eq!(
            (record.starts_at, record.quote, record.confirmed, record.slug),
            (whole.starts_at, whole.quote, whole.confirmed, whole.slug)
        );
        assert_eq!(format!("{:?}", record.buying_agent), format!("{:?}", whole.buying_agent));
    }

    #[test]
    fn an_agent_is_an_id_from_then_on() {
        let (record, raw) = kept(&decode(&[], &["11"], None, Corrections::default()), &job());
        assert_eq!(names(&record), ["Ada Byron, Max Byron"]);
        let agent = record.buying_agent.unwrap();
        assert_eq!(agent.id.unwrap().as_str(), "11");
        assert_eq!(agent.name.unwrap().as_str(), "(forgotten)");
        assert!(agent.email.is_none() && agent.phone.is_none());
        for word in ["Lou", "Reed", "303-555-0101"] {
            assert!(!raw.contains(word), "{word}: {raw}");
        }
        assert_eq!(record.selling_agent.unwrap().name.unwrap().as_str(), "Jo Sale");
        let row = json!({"data": {"id": "11", "type": "connection", "attributes": {"first_name": "Lou", "last_name": "Reed",
            "agency_name": "Velvet Realty", "agent_inspections": 9, "notes": "likes dogs", "tags": ["vip"], "agent_id": 77},
            "relationships": {"agent": {"data": {"id": "77", "type": "agent"}}}},
            "included": [{"id": "77", "type": "agent", "attributes": {"uuid": "u-77", "full_name": "Lou Reed"}}]});
        let bytes = serde_json::to_vec(&row).unwrap();
        let (agent, raw) =
            decode(&[], &["11"], None, Corrections::default()).one_as_kept::<Connections>(&bytes).unwrap();
        assert_eq!((agent.name().as_deref(), agent.inspections), (Some("(forgotten)"), Some(9)));
        assert_eq!(agent.agency_name.unwrap().as_str(), "Velvet Realty");
        let raw = String::from_utf8(raw.as_bytes().to_vec()).unwrap();
        assert!(
            !raw.contains("Lou") && !raw.contains("dogs") && !raw.contains("vip") && !raw.contains("u-77"),
            "{raw}"
        );
    }

    #[test]
    fn a_client_s_own_record_says_when_and_nothing_else() {
        let row = |id: &str, updated: &str| {
            json!({"data": {"id": id, "type": "contact", "attributes": {"first_name": "Ada", "last_name": "Byron",
                "email": "ada@example.com", "company_id": 3, "created_at": "2020-01-01T00:00:00Z", "updated_at": updated,
                "spouse": "William"}}})
        };
        let read =
            |decode: &Decode, row: &Value| decode.one_as_kept::<Contacts>(&serde_json::to_vec(row).unwrap()).unwrap();
        let by_id = decode(&["1"], &[], None, Corrections::default());
        let (client, raw) = read(&by_id, &row("1", "2026-01-01T00:00:00Z"));
        assert_eq!(client.name().as_deref(), Some("(forgotten)"));
        assert!(client.created_at.is_some() && client.email.is_none());
        let raw = String::from_utf8(raw.as_bytes().to_vec()).unwrap();
        assert!(!raw.contains("Byron") && !raw.contains("William") && raw.contains("company_id"), "{raw}");
        assert_eq!(read(&by_id, &row("10", "2026-01-01T00:00:00Z")).0.name().as_deref(), Some("Ada Byron"));
        let by_age = decode(&[], &[], Some("2023-11-01T00:00:00Z"), Corrections::default());
        assert_eq!(read(&by_age, &row("1", "2023-10-31T23:59:59Z")).0.name().as_deref(), Some("(forgotten)"));
        assert_eq!(read(&by_age, &row("1", "2023-11-01T00:00:00Z")).0.name().as_deref(), Some("Ada Byron"));
    }

    #[test]
    fn by_age_a_job_loses_its_clients_even_where_none_is_linked() {
        let old = decode(&[], &[], Some("2026-03-02T16:00:01Z"), Corrections::default());
        let mut job = job();
        assert_eq!(names(&kept(&old, &job).0), ["(forgotten)"]);
        let young = decode(&[], &[], Some("2026-03-02T16:00:00Z"), Corrections::default());
        assert_eq!(names(&kept(&young, &job).0), ["Ada Byron, Max Byron"]);
        job["data"]["relationships"] = json!({});
        let (record, raw) = kept(&old, &job);
        assert_eq!(names(&record), ["(forgotten)"]);
        assert!(!raw.contains("Byron") || raw.contains("Lou Reed"), "{raw}");
        assert!(!raw.contains("Ada") && !raw.contains("Elm"), "{raw}");
    }

    #[test]
    fn attributes_that_spectora_calls_otherwise_are_taken_out_too() {
        let mut corrections = Corrections::default();
        let renamed = corrections.attributes.entry(Endpoint::Inspections).or_default();
        for (ours, theirs) in [("buyer_name", "customer"), ("datetime", "starts"), ("selling_agent_name", "listing_by")]
        {
            let correction = AttributeCorrection { name: Some(theirs.to_owned()), unit: None };
            renamed.insert(ours.to_owned(), correction);
        }
        let mut job = job();
        let attributes = job["data"]["attributes"].as_object_mut().unwrap();
        for (ours, theirs) in [("buyer_name", "customer"), ("datetime", "starts"), ("selling_agent_name", "listing_by")]
        {
            let value = attributes.remove(ours).unwrap();
            attributes.insert(theirs.to_owned(), value);
        }
        let (record, raw) = kept(&decode(&["1", "2"], &["12"], None, corrections), &job);
        assert_eq!(record.starts_at.unwrap().to_string(), "2026-03-02T16:00:00Z");
        assert_eq!(names(&record), ["(forgotten)"]);
        assert!(!raw.contains("Byron") && !raw.contains("Jo Sale") && !raw.contains("\"listing_by\""), "{raw}");
    }
}
