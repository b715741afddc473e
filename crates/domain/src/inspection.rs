//! Inspections.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{Attachment, Client, ConnectionId, InspectionId, InspectorId, Money, Slug, Text};

/// One inspection, booked or done.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The inspection.
    pub id: InspectionId,
    /// What names it in the portal's addresses.
    pub slug: Option<Slug>,
    /// When it begins.
    pub starts_at: Option<Timestamp>,
    /// How long it takes, in hours.
    pub duration_hours: Option<f64>,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
    /// When it was canceled, if it was.
    pub canceled_at: Option<Timestamp>,
    /// Why it was canceled.
    pub cancel_reason: Option<Text>,
    /// When its report was published, if it was.
    pub published_at: Option<Timestamp>,
    /// Whether the appointment is confirmed.
    pub confirmed: Option<bool>,
    /// Whether it is paid.
    pub paid: Option<bool>,
    /// The quoted price.
    pub quote: Option<Money>,
    /// The order it belongs to.
    pub order_id: Option<Text>,
    /// The name of the report template.
    pub template: Option<Text>,
    /// Whether there are agreements to sign.
    pub agreements_present: Option<bool>,
    /// Whether they are signed.
    pub agreements_signed: Option<bool>,
    /// The company's notes.
    pub notes: Option<Text>,
    /// What whoever ordered it wrote.
    pub request_notes: Option<Text>,
    /// Whether an inspector put it away.
    pub archived_by_inspector: Option<bool>,
    /// The clients by name, first one first.
    pub client_names: Vec<Text>,
    /// The first client's record; known only where the service included it.
    pub client: Option<Client>,
    /// The second client's record; known only where the service included it.
    pub client_2: Option<Client>,
    /// Where it is.
    pub address: Address,
    /// The agent on the buying side.
    pub buying_agent: Option<AgentOnInspection>,
    /// The agent on the selling side.
    pub selling_agent: Option<AgentOnInspection>,
    /// Who inspects, the primary one first.
    pub inspectors: Vec<InspectorOnInspection>,
    /// The services ordered.
    pub services: Vec<Text>,
    /// The add-ons ordered.
    pub add_ons: Vec<Text>,
    /// What was ordered like an add-on and is none by the company's own word: discounts and fees.
    pub not_add_ons: Vec<Text>,
    /// Its files; known only where the service included them.
    pub attachments: Option<Vec<Attachment>>,
    /// When the record was made.
    pub created_at: Option<Timestamp>,
    /// When the record last changed.
    pub updated_at: Option<Timestamp>,
    /// Attributes this program does not know, under their own names, as they came.
    pub other: Map<String, Value>,
}

/// Where an inspection is.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// All in one line.
    pub full: Option<Text>,
    /// Number and street.
    pub street: Option<Text>,
    /// City.
    pub city: Option<Text>,
    /// State.
    pub state: Option<Text>,
    /// Five digits, with `-` and four more where given.
    pub zip: Option<Text>,
}

/// An agent as an inspection names them.
#[derive(Clone, Debug)]
pub struct AgentOnInspection {
    /// The agent in this company. `None` when the service gave a name only.
    pub id: Option<ConnectionId>,
    /// The agent's name.
    pub name: Option<Text>,
    /// Contact detail: shown only on request.
    pub email: Option<Text>,
    /// Contact detail: shown only on request.
    pub phone: Option<Text>,
}

/// Someone who inspects, as an inspection names them. At least one of the two is known.
#[derive(Clone, Debug)]
pub struct InspectorOnInspection {
    /// The person. `None` when the service gave a name only.
    pub id: Option<InspectorId>,
    /// The person's name. `None` when the service gave an id only.
    pub name: Option<Text>,
    /// Whether the job is credited to this person.
    pub primary: bool,
}

/// Where an inspection stands, derived from its dates and flags and the present time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Booked, to come, not confirmed (or without a date).
    Requested,
    /// Booked, to come, confirmed.
    Confirmed,
    /// Its time has come, and the report is not published.
    Unpublished,
    /// The report is published.
    Published,
    /// Canceled.
    Canceled,
    /// Deleted.
    Deleted,
}

impl Status {
    /// Every status, in the order of an inspection's life.
    pub const ALL: &'static [Self] =
        &[Self::Requested, Self::Confirmed, Self::Unpublished, Self::Published, Self::Canceled, Self::Deleted];

    /// The word in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Unpublished => "unpublished",
            Self::Published => "published",
            Self::Canceled => "canceled",
            Self::Deleted => "deleted",
        }
    }
}

/// What `status` asks for: where inspections stand, or what several of these have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusWanted {
    /// At this one.
    Is(Status),
    /// Not canceled and not deleted, its time to come.
    Upcoming,
    /// Not canceled and not deleted, its time has come; the report may be published or not.
    Performed,
}

impl StatusWanted {
    /// All there are, in the order of an inspection's life.
    pub const ALL: &'static [Self] = &[
        Self::Is(Status::Requested),
        Self::Is(Status::Confirmed),
        Self::Upcoming,
        Self::Performed,
        Self::Is(Status::Unpublished),
        Self::Is(Status::Published),
        Self::Is(Status::Canceled),
        Self::Is(Status::Deleted),
    ];

    /// The word in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Is(status) => status.name(),
            Self::Upcoming => "upcoming",
            Self::Performed => "performed",
        }
    }

    /// What is asked for by this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|wanted| wanted.name() == name)
    }

    /// Whether an inspection that has a beginning is such a one at `now`.
    pub fn holds(self, inspection: &Inspection, now: Timestamp) -> bool {
        let is_live = inspection.deleted_at.is_none() && inspection.canceled_at.is_none();
        match self {
            Self::Is(status) => inspection.status(now) == status,
            Self::Upcoming => is_live && !inspection.has_begun(now),
            Self::Performed => is_live && inspection.has_begun(now),
        }
    }
}

impl Inspection {
    /// When it ends as planned, to the second; `None` without a beginning or a length.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let seconds = self.duration_hours? * 3600.0;
        #[expect(clippy::cast_possible_truncation, reason = "a length is a few hours; whole seconds are exact enough")]
        self.starts_at?.checked_add(SignedDuration::from_secs(seconds as i64)).ok()
    }

    /// The address as it is looked for: the line with all of it, and the parts, each word of them once.
    pub fn address_text(&self) -> String {
        let address = &self.address;
        let parts = [&address.full, &address.street, &address.city, &address.state, &address.zip];
        let mut words: Vec<&str> = Vec::new();
        for word in parts.into_iter().flatten().flat_map(|part| part.as_str().split(' ')) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" ")
    }

    /// Whether its time has come at `now`, to the millisecond.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.starts_at.is_some_and(|starts_at| starts_at.as_millisecond() < now.as_millisecond())
    }

    /// Where it stands at `now`: deleted, else canceled, else published, else unpublished once its time has come, else
    /// confirmed, else requested.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.deleted_at.is_some() {
            Status::Deleted
        } else if self.canceled_at.is_some() {
            Status::Canceled
        } else if self.published_at.is_some() {
            Status::Published
        } else if self.has_begun(now) {
            Status::Unpublished
        } else if self.confirmed == Some(true) {
            Status::Confirmed
        } else {
            Status::Requested
        }
    }
}
