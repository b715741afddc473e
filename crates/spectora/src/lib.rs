//! The read-only client of Spectora's public API.
//!
//! It knows how the service spells things and how it fails; it knows nothing of mirrors, tools or MCP. Wire types
//! are lenient (a number or a text, a list or a text, nulls, unknown attributes) and end at `wire`: what leaves this
//! module is `domain`. Nothing but `GET` can be sent, and the key goes to the configured origin only.
//! Beside the service it asks, without a key, which version of this program is the newest (`release`).

mod changed_since;
mod client;
mod corrections;
mod corrections_check;
mod cost;
mod drift;
mod error;
mod forgotten;
mod http;
mod inspection_query;
mod capabilities;
mod limits;
mod meter;
mod origin;
mod pages;
mod plan;
mod probe;
mod query;
mod release;
mod request;
mod settings;
mod survey;
mod unreached;
mod wire;
mod wired;

#[cfg(test)]
mod tests;

pub use capabilities::FilterSupport;
pub use client::{FilterReport, Page, Pagination, SpectoraClient};
pub use corrections::{AttributeCorrection, Corrections, Envelope, FilterCorrection, Paging, Unit};
pub use corrections_check::CorrectionError;
pub use cost::{Cost, KEY_REFUSED, RequestWatch, SentRequest, costed, for_this_question};
pub use drift::{Correction, CorrectionValue, Difference, Drift, ListingShape};
pub use error::{OTHER_COMPANY_REMEDY, SpectoraError, SpectoraErrorKind};
pub use forgotten::Forgotten;
pub use http::{ClientBuildError, Http};
pub use limits::{ClientLimits, background_share};
pub use meter::{CallMeter, CallOutcome, Departure, Purpose, Ticket, Uncounted};
pub use origin::{BaseUrl, BaseUrlError};
pub use query::{
    AttachmentFilter, AttachmentSort, ChangedSinceName, ClientFilter, ClientSort, ConnectionFilter, ConnectionInclude,
    ConnectionSort, ConnectionStats, ConnectionStatsFilter, Connections, Contacts, Direction, Endpoint, Filter,
    FilterName, InspectionAttachments, InspectionFilter, InspectionInclude, InspectionSort, Inspections, NoInclude,
    NoSort, Query, Resource, Spelled, Verdict, is_outside,
};
pub use release::{Release, ReleaseAddress, ReleaseError};
pub use request::AskedAt;
pub use settings::ClientSettings;
pub use survey::Survey;
pub use unreached::Unreached;
pub use wire::RawRecord;
pub use wired::{Probe, Wired};
