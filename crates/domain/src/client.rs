//! Clients: the people who order inspections.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::agent::full_name;
use super::{ClientId, Text, fold};

/// A client of the company (the service calls that a contact, and on an inspection the buyer).
#[derive(Clone, Debug)]
pub struct Client {
    /// The client.
    pub id: ClientId,
    /// Given name.
    pub first_name: Option<Text>,
    /// Family name.
    pub last_name: Option<Text>,
    /// Contact detail: shown only on request.
    pub email: Option<Text>,
    /// Contact detail: shown only on request.
    pub phone: Option<Text>,
    /// Contact detail: shown only on request.
    pub mobile_phone: Option<Text>,
    /// Contact detail: shown only on request.
    pub home_phone: Option<Text>,
    /// Contact detail: shown only on request.
    pub address: Option<Text>,
    /// The client's city.
    pub city: Option<Text>,
    /// The client's state.
    pub state: Option<Text>,
    /// The client's ZIP code.
    pub zip: Option<Text>,
    /// Notes.
    pub notes: Option<Text>,
    /// Notes for the company's own eyes.
    pub private_notes: Option<Text>,
    /// The company's own tags.
    pub tags: Vec<Text>,
    /// When the record was made.
    pub created_at: Option<Timestamp>,
    /// When the record last changed.
    pub updated_at: Option<Timestamp>,
    /// Attributes this program does not know, under their own names, as they came.
    pub other: Map<String, Value>,
}

impl Client {
    /// First and last name, or what there is of them.
    pub fn name(&self) -> Option<String> {
        full_name(self.first_name.as_ref(), self.last_name.as_ref())
    }

    /// What clients are sorted by: the family name, then the given name, folded. What is between them comes before
    /// every character of a folded name, so that one family stands together.
    pub fn sort_name(&self) -> String {
        let folded = |text: &Option<Text>| text.as_ref().map(|text| fold(text.as_str())).unwrap_or_default();
        format!("{}\t{}", folded(&self.last_name), folded(&self.first_name))
    }

    /// What a client is looked for in: name, contact details and city.
    pub fn search_text(&self) -> String {
        let parts = [
            &self.first_name,
            &self.last_name,
            &self.email,
            &self.phone,
            &self.mobile_phone,
            &self.home_phone,
            &self.city,
        ];
        parts.into_iter().flatten().map(Text::as_str).collect::<Vec<_>>().join(" ")
    }
}
