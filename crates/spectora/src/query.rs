//! Everything that can be asked, as types: paths, filters, sort keys, includes. A name the service does not have
//! cannot be expressed.
//!
//! Filters can be checked against a record ([`Filter::check`]), because the service may ignore the ones it does not
//! know.

use std::fmt;

use jiff::Timestamp;

use domain::{
    AgencyId, Agent, AgentId, AgentStatistics, AgentTeamId, Attachment, Client, ClientId, ConnectionId, Inspection,
    InspectionId,
};

/// The five kinds of record the service lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/v2/inspections`
    Inspections,
    /// `/v2/connections`: agents.
    Connections,
    /// `/v2/connection_stats`: agent statistics.
    ConnectionStats,
    /// `/v2/contacts`: clients. The path is assumed.
    Contacts,
    /// `/v2/inspection_attachments`
    InspectionAttachments,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: &'static [Self] =
        &[Self::Inspections, Self::Connections, Self::ConnectionStats, Self::Contacts, Self::InspectionAttachments];

    /// The name in `[api.paths]`, in logs and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inspections => "inspections",
            Self::Connections => "connections",
            Self::ConnectionStats => "connection_stats",
            Self::Contacts => "contacts",
            Self::InspectionAttachments => "inspection_attachments",
        }
    }

    /// The path used unless `[api.paths]` says otherwise.
    pub(crate) fn default_path(self) -> &'static str {
        match self {
            Self::Inspections => "/v2/inspections",
            Self::Connections => "/v2/connections",
            Self::ConnectionStats => "/v2/connection_stats",
            Self::Contacts => "/v2/contacts",
            Self::InspectionAttachments => "/v2/inspection_attachments",
        }
    }

    /// Whether the path was found in the vendor's or public material, or only assumed.
    pub(crate) fn path_is_assumed(self) -> bool {
        matches!(self, Self::Contacts)
    }
}

/// The bare names of the filters a kind of record has, but for the one by the time of change, which has a setting of its own.
pub(crate) fn filter_names(endpoint: Endpoint) -> &'static [FilterName] {
    match endpoint {
        Endpoint::Inspections => inspections::FILTER_NAMES,
        Endpoint::Connections => &["id", "agency_id", "agent_id", "agent_team_id", "email", "fulltext", "tag"],
        Endpoint::ConnectionStats => &["id"],
        Endpoint::Contacts => &["id", "fulltext", "tag"],
        Endpoint::InspectionAttachments => &["inspection_id", "report"],
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kind of record: what it can be filtered and sorted by, and what can be included with it.
pub trait Resource: Send + Sync + 'static {
    /// One record.
    type Record: Clone + Send + Sync + 'static;
    /// Its id.
    type Id: Clone + Eq + std::hash::Hash + Ord + fmt::Display + Send + Sync + 'static;
    /// What it can be filtered by.
    type Filter: Filter<Record = Self::Record>;
    /// What it can be sorted by.
    type Sort: Spelled;
    /// What can be included.
    type Include: Spelled;
    /// Where it is.
    const ENDPOINT: Endpoint;

    /// The id of a record.
    fn id(record: &Self::Record) -> &Self::Id;
}

/// Something with one fixed spelling at the service.
pub trait Spelled: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The service's spelling.
    fn spelling(self) -> &'static str;
}

/// Whether a record meets a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// The record does not carry what it would take to tell.
    CannotTell,
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// The bare name of a filter, without brackets: `zip` of `filter[zip]`.
pub type FilterName = &'static str;

/// One filter with its value.
pub trait Filter: Clone + fmt::Debug + Send + Sync + 'static {
    /// The kind of record it filters.
    type Record;

    /// The bare name: `zip` of `filter[zip]`.
    fn name(&self) -> FilterName;

    /// The value as sent.
    fn value(&self) -> String;

    /// Whether `record` meets it.
    fn check(&self, record: &Self::Record) -> Verdict;

    /// Whether `record` is where a bound as sent reaches further than the bound as meant, so that its coming proves
    /// nothing.
    fn within_overlap(&self, _record: &Self::Record) -> bool {
        false
    }

    /// False for a filter that widens a listing (`include_canceled`): a service that refuses or ignores it may
    /// show less, and no record fails it.
    fn narrows(&self) -> bool {
        true
    }
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest, earliest, A first.
    Ascending,
    /// Largest, latest, Z first.
    Descending,
}

/// A listing to ask for.
#[derive(Debug)]
pub struct Query<R: Resource> {
    /// All must hold.
    pub filters: Vec<R::Filter>,
    /// First key first.
    pub sort: Vec<(Direction, R::Sort)>,
    /// What to include.
    pub include: Vec<R::Include>,
}

impl<R: Resource> Clone for Query<R> {
    fn clone(&self) -> Self {
        Self { filters: self.filters.clone(), sort: self.sort.clone(), include: self.include.clone() }
    }
}

impl<R: Resource> Default for Query<R> {
    fn default() -> Self {
        Self { filters: Vec::new(), sort: Vec::new(), include: Vec::new() }
    }
}

/// The overlap at either end of a time filter. Whether the service's bounds are strict is unknown; what falls into
/// the overlap is dropped again by [`Filter::check`].
const BOUND_OVERLAP: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// Whether a record changed at or after `at`. One whose own time is older may have come because something it refers to
/// changed, so its coming proves nothing and it is never dropped; whether the filter works is judged by the whole page
/// ([`is_outside`]).
fn changed_since(updated_at: Option<Timestamp>, at: Timestamp) -> Verdict {
    if updated_at.is_some_and(|updated_at| at <= updated_at) { Verdict::Holds } else { Verdict::CannotTell }
}

/// Whether a record's own time of change lies before `bound`, further than the bound as sent reaches.
pub fn is_outside(updated_at: Option<Timestamp>, bound: Timestamp) -> bool {
    updated_at.is_some_and(|updated_at| BOUND_OVERLAP < bound.duration_since(updated_at))
}

/// Half of what a verdict about an optional fact needs: unknown cannot be told.
fn equals<T: PartialEq>(known: Option<&T>, wanted: &T) -> Verdict {
    known.map_or(Verdict::CannotTell, |known| (known == wanted).into())
}

/// Whether one of `tags` is `wanted`. That records carry their tags is assumed: one without any may have some.
fn tagged(tags: &[domain::Text], wanted: &str) -> Verdict {
    if tags.is_empty() {
        return Verdict::CannotTell;
    }
    tags.iter().any(|known| known.as_str().eq_ignore_ascii_case(wanted)).into()
}

macro_rules! resource {
    ($(#[$doc:meta])* $name:ident: $record:ty, $id:ty, $filter:ty, $sort:ty, $include:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Resource for $name {
            type Record = $record;
            type Id = $id;
            type Filter = $filter;
            type Sort = $sort;
            type Include = $include;
            const ENDPOINT: Endpoint = Endpoint::$name;

            fn id(record: &Self::Record) -> &Self::Id {
                &record.id
            }
        }
    };
}

macro_rules! spelled {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $spelling:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl Spelled for $name {
            fn spelling(self) -> &'static str {
                match self { $(Self::$variant => $spelling,)* }
            }
        }
    };
}

mod changed_since_name;
mod inspections;

pub use changed_since_name::ChangedSinceName;
pub use inspections::{InspectionFilter, InspectionInclude, InspectionSort};

resource! {
    /// Inspections.
    Inspections: Inspection, InspectionId, InspectionFilter, InspectionSort, InspectionInclude
}
resource! {
    /// Agents, one for each company that knows them.
    Connections: Agent, ConnectionId, ConnectionFilter, ConnectionSort, ConnectionInclude
}
resource! {
    /// The service's own statistics about agents, one record for each connection.
    ConnectionStats: AgentStatistics, ConnectionId, ConnectionStatsFilter, NoSort, NoInclude
}
resource! {
    /// Clients.
    Contacts: Client, ClientId, ClientFilter, ClientSort, NoInclude
}
resource! {
    /// Files of inspections.
    InspectionAttachments: Attachment, domain::AttachmentId, AttachmentFilter, AttachmentSort, NoInclude
}

/// What agents can be filtered by; all from the vendor's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionFilter {
    /// One id.
    Id(ConnectionId),
    /// An agency.
    Agency(AgencyId),
    /// The id that is the same in all companies.
    Agent(AgentId),
    /// A team.
    Team(AgentTeamId),
    /// An e-mail address, exactly.
    Email(String),
    /// Words anywhere in the record; where the service looks is not documented.
    FullText(String),
    /// One of the company's tags.
    Tag(String),
    /// Changed at or after this instant, by a filter of this name that has to be proven first.
    ChangedSince(ChangedSinceName, Timestamp),
}

impl Filter for ConnectionFilter {
    type Record = Agent;

    fn name(&self) -> FilterName {
        match self {
            Self::Id(_) => "id",
            Self::ChangedSince(name, _) => name.as_str(),
            Self::Agency(_) => "agency_id",
            Self::Agent(_) => "agent_id",
            Self::Team(_) => "agent_team_id",
            Self::Email(_) => "email",
            Self::FullText(_) => "fulltext",
            Self::Tag(_) => "tag",
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::ChangedSince(_, at) => at.saturating_sub(BOUND_OVERLAP).unwrap_or(Timestamp::MIN).to_string(),
            Self::Agency(id) => id.to_string(),
            Self::Agent(id) => id.to_string(),
            Self::Team(id) => id.to_string(),
            Self::Email(text) | Self::FullText(text) | Self::Tag(text) => text.clone(),
        }
    }

    fn check(&self, record: &Agent) -> Verdict {
        match self {
            Self::Id(id) => (record.id == *id).into(),
            Self::ChangedSince(_, at) => changed_since(record.updated_at, *at),
            Self::Agency(id) => equals(record.agency_id.as_ref(), id),
            Self::Agent(id) => equals(record.agent_id.as_ref(), id),
            Self::Team(id) => equals(record.team_id.as_ref(), id),
            Self::Email(email) => {
                record.email.as_ref().is_some_and(|known| known.as_str().eq_ignore_ascii_case(email)).into()
            }
            Self::Tag(tag) => tagged(&record.tags, tag),
            Self::FullText(_) => Verdict::CannotTell,
        }
    }
}

spelled! {
    /// What agents can be sorted by; all from the vendor's pages.
    ConnectionSort {
        /// The agency's name.
        AgencyName = "agency_name",
        /// The team's name.
        AgentTeamName = "agent_team_name",
        /// Given name.
        FirstName = "first_name",
        /// Family name.
        LastName = "last_name",
        /// Family name, then given name.
        LastFirstName = "last_first_name",
        /// Inspections on either side.
        AgentInspections = "agent_inspections",
        /// Inspections on the buying side.
        BuyingAgentInspections = "buying_agent_inspections",
        /// Inspections on the selling side.
        SellingAgentInspections = "selling_agent_inspections",
    }
}

spelled! {
    /// What can come with agents.
    ConnectionInclude {
        /// The person behind the connection, with the UUID that is the same in all companies.
        Agent = "agent",
        /// The agent's team.
        AgentTeam = "agent_team",
    }
}

/// What agent statistics can be filtered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionStatsFilter {
    /// One agent (seen).
    Id(ConnectionId),
}

impl Filter for ConnectionStatsFilter {
    type Record = AgentStatistics;

    fn name(&self) -> FilterName {
        "id"
    }

    fn value(&self) -> String {
        let Self::Id(id) = self;
        id.to_string()
    }

    fn check(&self, record: &AgentStatistics) -> Verdict {
        let Self::Id(id) = self;
        (record.id == *id).into()
    }
}

/// What clients can be filtered by; all from the vendor's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientFilter {
    /// One id.
    Id(ClientId),
    /// Words anywhere in the record; where the service looks is not documented.
    FullText(String),
    /// One of the company's tags.
    Tag(String),
    /// Changed at or after this instant, by a filter of this name that has to be proven first.
    ChangedSince(ChangedSinceName, Timestamp),
}

impl Filter for ClientFilter {
    type Record = Client;

    fn name(&self) -> FilterName {
        match self {
            Self::Id(_) => "id",
            Self::ChangedSince(name, _) => name.as_str(),
            Self::FullText(_) => "fulltext",
            Self::Tag(_) => "tag",
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::ChangedSince(_, at) => at.saturating_sub(BOUND_OVERLAP).unwrap_or(Timestamp::MIN).to_string(),
            Self::FullText(text) | Self::Tag(text) => text.clone(),
        }
    }

    fn check(&self, record: &Client) -> Verdict {
        match self {
            Self::Id(id) => (record.id == *id).into(),
            Self::ChangedSince(_, at) => changed_since(record.updated_at, *at),
            Self::Tag(tag) => tagged(&record.tags, tag),
            Self::FullText(_) => Verdict::CannotTell,
        }
    }
}

spelled! {
    /// What clients can be sorted by; all from the vendor's pages.
    ClientSort {
        /// Given name.
        FirstName = "first_name",
        /// Family name.
        LastName = "last_name",
        /// Family name, then given name.
        LastFirstName = "last_first_name",
    }
}

/// What attachments can be filtered by (seen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentFilter {
    /// The inspection they belong to.
    Inspection(InspectionId),
    /// Reports, or additional documents.
    Report(bool),
}

impl Filter for AttachmentFilter {
    type Record = Attachment;

    fn name(&self) -> FilterName {
        match self {
            Self::Inspection(_) => "inspection_id",
            Self::Report(_) => "report",
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Inspection(id) => id.to_string(),
            Self::Report(wanted) => wanted.to_string(),
        }
    }

    fn check(&self, record: &Attachment) -> Verdict {
        match self {
            Self::Inspection(id) => equals(record.inspection_id.as_ref(), id),
            Self::Report(wanted) => equals(record.report.as_ref(), wanted),
        }
    }
}

spelled! {
    /// What attachments can be sorted by (seen).
    AttachmentSort {
        /// When it was added.
        CreatedAt = "created_at",
    }
}

spelled! {
    /// Nothing to sort by.
    NoSort {}
}

spelled! {
    /// Nothing to include.
    NoInclude {}
}
