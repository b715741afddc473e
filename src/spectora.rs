//! The read-only client of Spectora's public API.
//!
//! It knows how the service spells things and how it fails; it knows nothing of mirrors, tools or MCP. Wire types
//! are lenient (a number or a text, a list or a text, nulls, unknown attributes) and end at `wire`: what leaves this
//! module is `domain`. Nothing but `GET` can be sent, and the key goes to the configured origin only.

mod error;
mod query;

pub use error::{SpectoraError, SpectoraErrorKind};
pub use query::{
    AttachmentFilter, AttachmentSort, ClientFilter, ClientSort, ConnectionFilter, ConnectionInclude, ConnectionSort,
    ConnectionStats, ConnectionStatsFilter, Connections, Contacts, Direction, Endpoint, Filter, FilterName,
    InspectionAttachments, InspectionFilter, InspectionInclude, InspectionSort, Inspections, NoInclude, NoSort, Query,
    Resource, Spelled, Verdict,
};
