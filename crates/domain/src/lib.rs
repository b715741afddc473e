//! What the business consists of: ids, money, periods and the five kinds of record.
//!
//! Everything here is strict and pure: no I/O, no clock of its own, no knowledge of how the service
//! spells things. Whatever comes from the service passes one fence (`spectora::wire`) on its way in, and
//! whatever leaves passes another (`mcp`); neither of their types appears here.

mod address;
mod agent;
mod attachment;
mod client;
mod clock;
mod company;
mod day;
mod fact_table;
mod hash;
mod id;
mod inspection;
mod inspection_query;
mod masking;
mod moment;
mod money;
mod naming;
mod period;
mod permissions;
mod shared_names;
mod spoken;
mod text;
mod week;
mod search_terms;
pub mod zip;

pub use address::{is_safe_address, is_this_machine};
pub use agent::{Agent, AgentStatistics};
pub use attachment::{Attachment, SecretUrl};
pub use client::Client;
pub use clock::{Clock, FixedClock, HandClock, SystemClock};
pub use company::{CompanyName, CompanyNameError};
pub use day::{date_of, epoch_day};
pub use fact_table::{
    AgentFact, AgentNumber, Assistants, ClientNumber, Fact, FactTable, FactTableBuilder, InspectorFact,
    InspectorNumber, Memo, Named, Narrowing, NewFact, Own, Sight, Sold, WordNumber,
};
pub use hash::content_hash;
pub use id::{
    AgencyId, AgentId, AgentTeamId, AttachmentId, ClientId, ConnectionId, IdError, InspectionId, InspectorId, Slug,
    id_order,
};
pub use inspection::{Address, AgentOnInspection, Inspection, InspectorOnInspection, Status, StatusWanted};
pub use inspection_query::{AgentSide, AgentWanted, InspectionOrder, InspectionQuery, InspectorWanted, Position};
pub use masking::{MASKED_NOTE, masked_email, masked_phone, masked_street, rounded_money};
pub use moment::Moment;
pub use money::{Money, MoneyError};
pub use naming::{Naming, NamingError};
pub use period::{DateRange, DateRangeError, EARLIEST_DAY, LATEST_DAY, NamedPeriod};
pub use permissions::{Caller, DaysSeen, FieldAccess, Fields, Permissions, Role, RoleError, Roles};
pub use search_terms::SearchTerms;
pub use shared_names::SharedNames;
pub use spoken::{DaysMeant, MONTHS, SpokenDay, SpokenPeriod, Unit, Written};
pub use text::{Text, excerpt, fold, has_words, id_told, searchable, shared_names};
pub use week::WeekStart;
