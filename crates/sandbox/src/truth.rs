//! What the sandbox knows: the generated rows, compact and typed, from which every reply is made.
//!
//! Tests read them to work out the right answer on their own. Nothing here knows of JSON or HTTP.

#![expect(clippy::indexing_slicing, reason = "the generator makes each index beside the table it points into")]

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::names::{ADD_ONS, AddOn, CANCEL_REASONS, FIRST_NAMES, LAST_NAMES, NOTES, SERVICES, STREETS, Service, Zip};

/// Everything that was generated, for both companies, with the edits made since.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The companies, in the order of [`super::Sandbox::companies`].
    pub companies: Vec<CompanyTruth>,
}

/// One company's data.
#[derive(Clone, Debug)]
pub struct CompanyTruth {
    /// The name as in a configuration, such as `spectora_company1`.
    pub name: &'static str,
    /// The company's id in the service.
    pub company_id: u64,
    /// The name on the company's record.
    pub display_name: &'static str,
    /// The company's zone, by its IANA name.
    pub timezone: &'static str,
    /// The same zone, loaded.
    pub zone: TimeZone,
    /// The civil day, in the company's zone, that the data was generated around.
    pub today: Date,
    /// The instant at which `today` began. Nothing but the start of an inspection lies after it.
    pub midnight: i64,
    /// What makes slugs, uuids and file tokens differ between seeds.
    pub salt: u64,
    /// The inspectors; rows point into this list.
    pub inspectors: Vec<InspectorRow>,
    /// The agencies; agents point into this list. 0 and 1 are one business in two spellings.
    pub agencies: Vec<NamedRow>,
    /// The agent teams.
    pub teams: Vec<NamedRow>,
    /// The agents as this company knows them.
    pub agents: Vec<AgentRow>,
    /// The clients.
    pub clients: Vec<ClientRow>,
    /// The ZIP codes it works in.
    pub zips: &'static [Zip],
    /// The inspections, by ascending id, which is the order in which they were booked.
    pub inspections: Vec<InspectionRow>,
    /// The attachments, by ascending id and by ascending index of their inspection.
    pub attachments: Vec<AttachmentRow>,
    /// Connections whose statistics record says one inspection more than there is: a planted disagreement.
    pub stats_off_by_one: Vec<u64>,
    /// What single records say instead of what was generated; see [`super::Edit::Put`].
    pub put: BTreeMap<(RecordKind, u64), Map<String, Value>>,
}

/// A kind of record of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// An inspection.
    Inspection,
    /// A connection.
    Agent,
    /// A connection's statistics.
    Statistics,
    /// A contact.
    Client,
}

/// An inspector.
#[derive(Clone, Debug)]
pub struct InspectorRow {
    /// The id in assignments and in `filter[inspector_id]`.
    pub id: u64,
    /// The full name.
    pub name: &'static str,
    /// How much of the work comes to this inspector, relative to the others.
    pub pace: f64,
    /// How readily add-ons are sold; 1 is the average.
    pub habit: f64,
    /// The first and the last day of work, counted from today; one left, one is new.
    pub active: (i32, i32),
}

/// Something with no more than an id and a name.
#[derive(Clone, Debug)]
pub struct NamedRow {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// How an agent's referrals run over the years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// About the same all the time.
    Steady,
    /// More and more.
    Rising,
    /// Fewer and fewer.
    Fading,
    /// As steady, then none since at least 150 days before today.
    Lapsed,
    /// None until at most 80 days before today.
    New,
    /// One referral, once.
    OneOff,
}

/// An agent in one company: a connection.
#[derive(Clone, Debug)]
pub struct AgentRow {
    /// The id of the agent in this company.
    pub connection_id: u64,
    /// The id of the person, the same in every company.
    pub agent_id: u64,
    /// The person's UUID, the same in every company.
    pub uuid: String,
    /// The first name.
    pub first_name: String,
    /// The last name; one agent has none, one has a blank.
    pub last_name: Option<String>,
    /// The e-mail address; a few have none.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: String,
    /// Index into [`CompanyTruth::agencies`].
    pub agency: Option<usize>,
    /// Index into [`CompanyTruth::teams`].
    pub team: Option<usize>,
    /// Index into [`CompanyTruth::zips`], for city and state.
    pub place: usize,
    /// The tags.
    pub tags: Vec<&'static str>,
    /// The planted rhythm of referrals as buying agent.
    pub rhythm: Rhythm,
    /// When the connection was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
}

impl AgentRow {
    /// First and last name, as inspections show it.
    pub fn name(&self) -> String {
        match self.last_name.as_deref() {
            Some(last) if !last.trim().is_empty() => format!("{} {last}", self.first_name),
            _ => self.first_name.clone(),
        }
    }
}

/// A client: a buyer, and a contact. Compact, since a million inspections have nearly as many.
#[derive(Clone, Copy, Debug)]
pub struct ClientRow {
    /// The id as a buyer and as a contact.
    pub id: u64,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Index into the first names.
    pub first: u8,
    /// Index into the last names.
    pub last: u8,
    /// Index into [`CompanyTruth::zips`].
    pub zip: u8,
}

impl ClientRow {
    /// The first name.
    pub fn first_name(&self) -> &'static str {
        FIRST_NAMES[usize::from(self.first)]
    }

    /// The last name.
    pub fn last_name(&self) -> &'static str {
        LAST_NAMES[usize::from(self.last)]
    }

    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name(), self.last_name())
    }

    /// The e-mail address; one client in forty has none.
    pub fn email(&self) -> Option<String> {
        (self.id % 40 != 7).then(|| {
            let name: String = self
                .name()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '.' })
                .collect();
            format!("{name}.{}@example.com", self.id)
        })
    }

    /// The telephone number, from the range that nobody has.
    pub fn phone(&self) -> String {
        format!("(303) 555-01{:02}", self.id % 100)
    }

    /// The tag, where there is one.
    pub fn tag(&self) -> Option<&'static str> {
        (self.id % 11 == 3).then_some(super::names::TAGS[usize::from(self.last) % super::names::TAGS.len()])
    }
}

/// An inspection. At most 150 bytes, since a million of them must fit in memory; a test says so.
#[expect(clippy::struct_excessive_bools, reason = "the record has that many independent flags")]
#[derive(Clone, Copy, Debug)]
pub struct InspectionRow {
    /// The id.
    pub id: u64,
    /// When it starts, in Unix seconds.
    pub starts_at: i64,
    /// When it was booked, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// When it was called off.
    pub canceled_at: Option<i64>,
    /// When it was deleted.
    pub deleted_at: Option<i64>,
    /// When the report was published.
    pub published_at: Option<i64>,
    /// Index of the buying agent.
    pub buying_agent: Option<u32>,
    /// Index of the selling agent; never the buying agent.
    pub selling_agent: Option<u32>,
    /// Index of a second client.
    pub client_2: Option<u32>,
    /// Index of the client.
    pub client: u32,
    /// The quoted price, in cents.
    pub quote_cents: u32,
    /// The length, in minutes; a multiple of 15.
    pub minutes: u16,
    /// The house number.
    pub number: u16,
    /// Bits into the services.
    pub services: u16,
    /// Bits into the add-ons.
    pub add_ons: u16,
    /// The index of the inspector who leads.
    pub primary: u8,
    /// The index of a second inspector.
    pub helper: Option<u8>,
    /// Index into [`CompanyTruth::zips`], for the city even where the ZIP code itself is missing.
    pub place: u8,
    /// Whether the ZIP code is missing from the address.
    pub zip_missing: bool,
    /// Index of the street.
    pub street: u8,
    /// The unit's number.
    pub unit: Option<u8>,
    /// Index of the reason for calling it off.
    pub reason: Option<u8>,
    /// Index of the note; 0 is none.
    pub note: u8,
    /// Whether it was paid.
    pub paid: bool,
    /// Whether it was confirmed.
    pub confirmed: bool,
    /// Whether the inspector archived it.
    pub archived: bool,
    /// Whether the agreements were signed.
    pub agreements_signed: bool,
    /// Whether it is gone without a trace: in no listing any more, whatever is asked.
    pub vanished: bool,
}

impl InspectionRow {
    /// Indices of the inspectors, the leading one first.
    pub fn inspectors(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.primary).chain(self.helper).map(usize::from)
    }

    /// The services booked.
    pub fn services(&self) -> impl Iterator<Item = &'static Service> + use<> {
        let bits = self.services;
        SERVICES.iter().enumerate().filter(move |(bit, _)| bits & (1 << bit) != 0).map(|(_, service)| service)
    }

    /// The add-ons booked.
    pub fn add_ons(&self) -> impl Iterator<Item = &'static AddOn> + use<> {
        let bits = self.add_ons;
        ADD_ONS.iter().enumerate().filter(move |(bit, _)| bits & (1 << bit) != 0).map(|(_, add_on)| add_on)
    }

    /// The note; empty when there is none.
    pub fn note(&self) -> &'static str {
        NOTES[usize::from(self.note)]
    }

    /// Why it was called off.
    pub fn cancel_reason(&self) -> Option<&'static str> {
        self.reason.map(|index| CANCEL_REASONS[usize::from(index)])
    }

    /// House number, street and unit.
    pub(crate) fn street_address(&self) -> String {
        let street = STREETS[usize::from(self.street)];
        match self.unit {
            Some(unit) => format!("{} {street} #{unit}", self.number),
            None => format!("{} {street}", self.number),
        }
    }
}

/// A file on an inspection.
#[derive(Clone, Copy, Debug)]
pub struct AttachmentRow {
    /// The id.
    pub id: u64,
    /// When it was uploaded, in Unix seconds.
    pub created_at: i64,
    /// Index of the inspection.
    pub inspection: u32,
    /// What it is.
    pub kind: AttachmentKind,
}

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    /// The inspection's report.
    Report,
    /// The document of a booked add-on, by its index.
    AddOn(u8),
    /// Photographs for the office only.
    Internal,
}

impl CompanyTruth {
    /// A rendered record with what was put in the place of its attributes and relationships.
    pub(super) fn with_put(&self, kind: RecordKind, id: u64, mut record: Value) -> Value {
        for (name, value) in self.put.get(&(kind, id)).into_iter().flatten() {
            let linked = record.get("relationships").is_some_and(|all| all.get(name).is_some());
            let part = if linked { "relationships" } else { "attributes" };
            if let Some(all) = record.get_mut(part).and_then(Value::as_object_mut) {
                all.insert(name.clone(), value.clone());
            }
        }
        record
    }

    /// The unguessable half of the portal link.
    pub fn slug(&self, row: &InspectionRow) -> String {
        uuid(self.salt, row.id)
    }

    /// The ZIP code of the property, where it is known.
    pub fn zip(&self, row: &InspectionRow) -> Option<&'static str> {
        (!row.zip_missing).then(|| self.place(row).code)
    }

    /// City and state of the property; the ZIP code in it may be missing from the row.
    pub fn place(&self, row: &InspectionRow) -> &'static Zip {
        &self.zips[usize::from(row.place)]
    }

    /// City, state and ZIP code, as `property_address_2` has them.
    pub(crate) fn address_2(&self, row: &InspectionRow) -> String {
        let place = self.place(row);
        match self.zip(row) {
            Some(code) => format!("{}, {} {code}", place.city, place.state),
            None => format!("{}, {}", place.city, place.state),
        }
    }

    /// The whole address in one line.
    pub fn full_address(&self, row: &InspectionRow) -> String {
        format!("{}, {}", row.street_address(), self.address_2(row))
    }

    /// The clients of an inspection, the first one first.
    pub(crate) fn clients_of(&self, row: &InspectionRow) -> impl Iterator<Item = &ClientRow> {
        std::iter::once(row.client).chain(row.client_2).map(|index| &self.clients[index as usize])
    }

    /// The attachments of the inspection at `index`.
    pub fn attachments_of(&self, index: u32) -> &[AttachmentRow] {
        let from = self.attachments.partition_point(|row| row.inspection < index);
        let to = self.attachments.partition_point(|row| row.inspection <= index);
        &self.attachments[from..to]
    }

    /// The index of the inspection with this id.
    pub fn inspection_index(&self, id: u64) -> Option<u32> {
        let index = self.inspections.binary_search_by_key(&id, |row| row.id).ok()?;
        u32::try_from(index).ok()
    }
}

/// A scrambled number from two: the same ones give the same one.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut x = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A UUID of version 4 in shape, made from two numbers.
pub(super) fn uuid(salt: u64, id: u64) -> String {
    let (high, low) = (mix(salt, id), mix(salt ^ 0xA5A5, id));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 50) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}
