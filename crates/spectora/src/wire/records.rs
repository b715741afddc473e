//! The five kinds of record, attribute by attribute. The names of attributes stand here and nowhere else.

use serde_json::Value;

use super::attributes::Attributes;
use super::{FromWire, RawResource, Row, Unusable, link_id};
use crate::query::{ConnectionStats, Connections, Contacts, InspectionAttachments, Inspections};
use domain::{
    Address, Agent, AgentOnInspection, AgentStatistics, Attachment, AttachmentId, Client, IdError, Inspection,
    InspectorId, InspectorOnInspection, SecretUrl, Text,
};

/// Attributes that are known from the service's material and of no use here; kept with the raw record only.
pub(crate) const KNOWN_UNREAD: &[&str] = &[
    "charge_at_formatted",
    "company_id",
    "cover_photo_thumb_url",
    "cover_photo_url",
    "datetime_formatted",
    "image",
    "image_url",
    "is_client_complete",
    "isn_id",
    "payment_method_provided",
    "settings",
    "tooltip",
];

impl<'a> Row<'a> {
    fn id<T: std::str::FromStr<Err = IdError>>(&self) -> Result<T, Unusable> {
        self.id.parse().map_err(|error| Unusable::id(&error))
    }

    /// The resources a relationship names, as far as they were included; with the id alone where they were not.
    fn related(&self, name: &str) -> Vec<(String, Option<&'a RawResource>)> {
        let data = self.relationships.get(name).and_then(|relationship| relationship.get("data"));
        let links = match data {
            Some(Value::Array(links)) => links.as_slice(),
            Some(link) => std::slice::from_ref(link),
            None => &[],
        };
        links.iter().filter_map(|link| Some((link_id(link)?, self.included.of(link)))).collect()
    }

    fn related_attributes(&self, name: &str) -> Option<(String, Attributes)> {
        let (id, resource) = self.related(name).into_iter().next()?;
        Some((id, Attributes::new(resource?.attributes.clone())))
    }
}

impl FromWire for Inspections {
    fn from_wire(mut row: Row<'_>) -> Result<Inspection, Unusable> {
        let id = row.id()?;
        let client = row.related_attributes("buyer").and_then(|(id, attributes)| read_client(&id, attributes).ok());
        let client_2 = row.related_attributes("buyer_2").and_then(|(id, attributes)| read_client(&id, attributes).ok());
        let buying_agent = agent_on_inspection(&mut row, "buying_agent");
        let selling_agent = agent_on_inspection(&mut row, "selling_agent");
        let inspectors = inspectors(&mut row);
        let attachments = attachments(&row);
        let (known, naming) = (row.known_services, row.naming);
        let all = &mut row.attributes;
        let client_name = all.line("buyer_name");
        let mut client_names = all.list_or_one("buyer_names");
        if client_names.is_empty() {
            client_names.extend(client_name);
        }
        let sold = naming.joined(all.names("service_add_on_names", known));
        let (add_ons, not_add_ons) = sold.into_iter().partition(|name| naming.is_add_on(name.as_str()));
        Ok(Inspection {
            id,
            slug: all.id("slug"),
            starts_at: all.instant("datetime"),
            duration_hours: all.number("duration"),
            deleted_at: all.instant("deleted_at"),
            canceled_at: all.instant("canceled_at"),
            cancel_reason: all.line("cancel_reason"),
            published_at: all.instant("published_at"),
            confirmed: all.flag("confirmed"),
            paid: all.flag("paid"),
            quote: all.money("quote"),
            order_id: all.line("order_id"),
            template: all.line("description"),
            agreements_present: all.flag("agreements_present"),
            agreements_signed: all.flag("agreements_signed"),
            notes: all.block("notes"),
            request_notes: all.block("request_notes"),
            archived_by_inspector: all.flag("archived_by_inspector"),
            client_names,
            client,
            client_2,
            address: address(all),
            buying_agent,
            selling_agent,
            inspectors,
            services: naming.joined(all.names("service_names", known)),
            add_ons,
            not_add_ons,
            attachments,
            created_at: all.instant("created_at"),
            updated_at: all.instant("updated_at"),
            other: row.attributes.rest(),
        })
    }
}

/// The files, where the service says which there are and sent each of them.
fn attachments(row: &Row<'_>) -> Option<Vec<Attachment>> {
    const NAME: &str = "inspection_attachments";
    row.relationships.get(NAME)?.get("data")?.as_array()?;
    let read = |(id, resource): (String, Option<&RawResource>)| {
        Some(read_attachment(id.parse().ok()?, Attributes::new(resource?.attributes.clone())))
    };
    row.related(NAME).into_iter().map(read).collect()
}

/// City, state and ZIP from their own attributes where there are any, else from the line "San Antonio, TX 78210".
fn address(all: &mut Attributes) -> Address {
    let full = all.line("full_address");
    let street = all.line("property_address");
    let line = all.line("property_address_2");
    let mut address = Address {
        city: all.line("property_city"),
        state: all.line("property_state"),
        zip: all.line("property_zip"),
        full,
        street,
    };
    let place = line.as_ref().map(Text::as_str).or_else(|| {
        let full = address.full.as_ref()?.as_str();
        full.split_once(", ").map(|(_, place)| place)
    });
    if let Some((city, rest)) = place.and_then(|place| place.rsplit_once(", ")) {
        let city = city.rsplit_once(", ").map_or(city, |(_, city)| city);
        let mut words = rest.split(' ');
        let state = words.next().filter(|word| word.len() == 2).and_then(Text::line);
        let zip = words.next().filter(|word| is_zip(word)).and_then(Text::line);
        address.city = address.city.or_else(|| Text::line(city));
        address.state = address.state.or(state);
        address.zip = address.zip.or(zip);
    }
    address
}

fn is_zip(word: &str) -> bool {
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match word.split_once('-') {
        Some((five, four)) => digits(five, 5) && digits(four, 4),
        None => digits(word, 5),
    }
}

/// The agent of one side: the included connection, else what the inspection itself says.
fn agent_on_inspection(row: &mut Row<'_>, side: &str) -> Option<AgentOnInspection> {
    let related = row.related(side).into_iter().next();
    let mut included = related
        .as_ref()
        .and_then(|(_, resource)| *resource)
        .map(|resource| Attributes::new(resource.attributes.clone()));
    let own = &mut row.attributes;
    let own_id = own.id(&format!("{side}_id"));
    let id = related.and_then(|(id, _)| id.parse().ok()).or(own_id);
    let mut detail = |name: &str| {
        let own = own.line(&format!("{side}_{name}"));
        let from_included = included.as_mut().and_then(|included| match name {
            "name" => {
                let parts: Vec<Text> =
                    ["first_name", "last_name"].iter().filter_map(|part| included.line(part)).collect();
                Text::line(&parts.iter().map(Text::as_str).collect::<Vec<_>>().join(" "))
            }
            other => included.line(other),
        });
        from_included.or(own)
    };
    let agent = AgentOnInspection { id, name: detail("name"), email: detail("email"), phone: detail("phone") };
    (agent.id.is_some() || agent.name.is_some()).then_some(agent)
}

/// Who inspects. Assignments give ids, the inspection gives names, the primary one's first. An id and a name are put
/// together only where there is one way to do it: the primary id and the first name, then one that is left of each.
fn inspectors(row: &mut Row<'_>) -> Vec<InspectorOnInspection> {
    let mut assigned: Vec<(bool, InspectorId)> = Vec::new();
    for (_, resource) in row.related("assignments") {
        let Some(resource) = resource else { continue };
        let mut attributes = Attributes::new(resource.attributes.clone());
        if attributes.instant("deleted_at").is_some() {
            continue;
        }
        if let Some(id) = attributes.id("inspector_id") {
            assigned.push((attributes.flag("primary").unwrap_or(false), id));
        }
    }
    assigned.sort_by_key(|(primary, _)| !primary);
    let mut known = std::collections::HashSet::new();
    assigned.retain(|(_, id)| known.insert(id.clone()));
    let all = &mut row.attributes;
    let own_id = all.id("inspector_id");
    if assigned.is_empty() {
        assigned.extend(own_id.map(|id| (true, id)));
    }
    let names = all.line("inspector_name").map(|names| split_names(names.as_str())).unwrap_or_default();
    let primaries = assigned.iter().filter(|(primary, _)| *primary).count();
    let mut ids = assigned.into_iter();
    let mut names = names.into_iter();
    let mut inspectors = Vec::new();
    if primaries == 1 || (ids.len() == 1 && names.len() == 1) {
        if let Some((_, id)) = ids.next() {
            inspectors.push(InspectorOnInspection { id: Some(id), name: names.next(), primary: true });
        }
        if ids.len() == 1 && names.len() == 1 {
            let left = ids.next().zip(names.next());
            inspectors.extend(left.map(|((_, id), name)| InspectorOnInspection {
                id: Some(id),
                name: Some(name),
                primary: false,
            }));
        }
    }
    let none_yet = inspectors.is_empty();
    inspectors.extend(names.enumerate().map(|(index, name)| InspectorOnInspection {
        id: None,
        name: Some(name),
        primary: none_yet && index == 0,
    }));
    inspectors.extend(ids.map(|(primary, id)| InspectorOnInspection { id: Some(id), name: None, primary }));
    inspectors
}

fn split_names(names: &str) -> Vec<Text> {
    let unified = names.replace(" & ", ", ").replace(" and ", ", ");
    unified.split(", ").filter_map(Text::line).collect()
}

impl FromWire for Connections {
    fn from_wire(mut row: Row<'_>) -> Result<Agent, Unusable> {
        let id = row.id()?;
        let mut person = row.related_attributes("agent");
        let team = row.related_attributes("agent_team");
        let all = &mut row.attributes;
        let person_id = person.as_ref().and_then(|(id, _)| id.parse().ok());
        let team_id = team.as_ref().and_then(|(id, _)| id.parse().ok());
        Ok(Agent {
            id,
            agent_id: all.id("agent_id").or(person_id),
            uuid: person.as_mut().and_then(|(_, attributes)| attributes.line("uuid")),
            first_name: all.line("first_name"),
            last_name: all.line("last_name"),
            email: all.line("email"),
            phone: all.line("phone"),
            agency_name: all.line("agency_name"),
            agency_id: all.id("agency_id"),
            team_id: all.id("agent_team_id").or(team_id),
            team_name: team.and_then(|(_, mut attributes)| attributes.line("name")),
            city: all.line("city"),
            state: all.line("state"),
            tags: all.list("tags"),
            inspections: all.count("agent_inspections"),
            buying_inspections: all.count("buying_agent_inspections"),
            selling_inspections: all.count("selling_agent_inspections"),
            notes: all.block("notes"),
            created_at: all.instant("created_at"),
            updated_at: all.instant("updated_at"),
            other: row.attributes.rest(),
        })
    }
}

impl FromWire for ConnectionStats {
    fn from_wire(mut row: Row<'_>) -> Result<AgentStatistics, Unusable> {
        let id = row.id()?;
        let all = &mut row.attributes;
        Ok(AgentStatistics {
            id,
            total_inspections: all.count("total_inspections_count"),
            buying_inspections: all.count("buying_inspections_count"),
            selling_inspections: all.count("selling_inspections_count"),
            overall_inspections: all.count("overall_inspections_count"),
            first_inspection: all.moment("first_inspection_date"),
            last_inspection: all.moment("last_inspection_date"),
            total_revenue: all.money("total_revenue"),
            buying_revenue: all.money("buying_revenue"),
            selling_revenue: all.money("selling_revenue"),
            average_revenue: all.money("average_revenue"),
            other: row.attributes.rest(),
        })
    }
}

impl FromWire for Contacts {
    fn from_wire(row: Row<'_>) -> Result<Client, Unusable> {
        read_client(row.id, row.attributes)
    }
}

fn read_client(id: &str, mut all: Attributes) -> Result<Client, Unusable> {
    Ok(Client {
        id: id.parse().map_err(|error| Unusable::id(&error))?,
        first_name: all.line("first_name"),
        last_name: all.line("last_name"),
        email: all.line("email"),
        phone: all.line("phone"),
        mobile_phone: all.line("mobile_phone"),
        home_phone: all.line("home_phone"),
        address: all.line("address"),
        city: all.line("city"),
        state: all.line("state"),
        zip: all.line("zip"),
        notes: all.block("notes"),
        private_notes: all.block("private_notes"),
        tags: all.list("tags"),
        created_at: all.instant("created_at"),
        updated_at: all.instant("updated_at"),
        other: all.rest(),
    })
}

impl FromWire for InspectionAttachments {
    fn from_wire(row: Row<'_>) -> Result<Attachment, Unusable> {
        let id = row.id()?;
        Ok(read_attachment(id, row.attributes))
    }
}

fn read_attachment(id: AttachmentId, mut all: Attributes) -> Attachment {
    // The address of the file is known to be there; what it is called is an assumption, so all three are tried.
    let nested = all.nested_text("file", "url");
    let mut url = [all.raw_text("file_url"), all.raw_text("url"), nested].into_iter().flatten();
    let url = url.find_map(|text| SecretUrl::parse(&text));
    let mut attachment = Attachment {
        id,
        inspection_id: all.id("inspection_id"),
        name: all.line("name"),
        description: all.block("description"),
        report: all.flag("report"),
        internal_only: all.flag("internal_only"),
        kind: all.line("attachment_type"),
        file_name: all.line("file_file_name"),
        content_type: all.line("file_content_type"),
        file_bytes: all.count("file_file_size"),
        url,
        created_at: all.instant("created_at"),
        updated_at: all.instant("updated_at"),
        other: all.rest(),
    };
    // It may hold the file's address, which is a secret of its own.
    attachment.other.remove("file");
    attachment
}
