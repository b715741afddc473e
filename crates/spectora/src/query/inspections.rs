//! What inspections can be asked for by.

use domain::zip::is_area;
use domain::{AgentId, ConnectionId, Inspection, InspectionId, InspectorId};
use jiff::Timestamp;

use super::{BOUND_OVERLAP, ChangedSinceName, Filter, FilterName, Spelled, Verdict, changed_since, equals};

/// What inspections can be filtered by. The marks say how the filter is known: by public code (seen), by a
/// prototype's specification (prototype).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectionFilter {
    /// One id (prototype).
    Id(InspectionId),
    /// Any of these ids, sent separated by commas; that the service takes several is assumed, so what comes proves that
    /// it is there and what does not come proves nothing.
    AnyId(Vec<InspectionId>),
    /// Words anywhere in the record (prototype). Where the service looks is not documented, so no record can be
    /// told to fail it.
    FullText(String),
    /// Begins at or after this instant (seen).
    StartsAtOrAfter(Timestamp),
    /// Begins before this instant (seen).
    StartsBefore(Timestamp),
    /// An agent on either side (seen).
    Connection(ConnectionId),
    /// An agent on either side, by the id that is the same in all companies (prototype).
    Agent(AgentId),
    /// An inspector (seen).
    Inspector(InspectorId),
    /// A ZIP code (seen).
    Zip(String),
    /// Words of the address (seen).
    Address(String),
    /// Paid or not (prototype).
    Paid(bool),
    /// Confirmed or not (prototype).
    Confirmed(bool),
    /// Published or not (prototype).
    Published(bool),
    /// Canceled or not (prototype).
    Canceled(bool),
    /// Agreements signed or not (prototype).
    AgreementsSigned(bool),
    /// Show canceled ones as well (prototype).
    IncludeCanceled,
    /// Show deleted ones as well (prototype).
    IncludeDeleted,
    /// Show those an inspector put away as well (prototype).
    IncludeArchived,
    /// Changed at or after this instant, by a filter of this name that has to be proven first.
    ChangedSince(ChangedSinceName, Timestamp),
}

/// The bare names of all of them.
pub(super) const FILTER_NAMES: &[FilterName] = &[
    "id",
    "fulltext",
    "datetime_greater_than",
    "datetime_less_than",
    "connection_id",
    "agent_id",
    "inspector_id",
    "zip",
    "address",
    "paid",
    "confirmed",
    "published",
    "canceled",
    "agreements_signed",
    "include_canceled",
    "include_deleted",
    "include_archived_by_inspector",
];

impl Filter for InspectionFilter {
    type Record = Inspection;

    fn name(&self) -> FilterName {
        match self {
            Self::Id(_) | Self::AnyId(_) => "id",
            Self::FullText(_) => "fulltext",
            Self::StartsAtOrAfter(_) => "datetime_greater_than",
            Self::StartsBefore(_) => "datetime_less_than",
            Self::Connection(_) => "connection_id",
            Self::Agent(_) => "agent_id",
            Self::Inspector(_) => "inspector_id",
            Self::Zip(_) => "zip",
            Self::Address(_) => "address",
            Self::Paid(_) => "paid",
            Self::Confirmed(_) => "confirmed",
            Self::Published(_) => "published",
            Self::Canceled(_) => "canceled",
            Self::AgreementsSigned(_) => "agreements_signed",
            Self::IncludeCanceled => "include_canceled",
            Self::IncludeDeleted => "include_deleted",
            Self::IncludeArchived => "include_archived_by_inspector",
            Self::ChangedSince(name, _) => name.as_str(),
        }
    }

    fn value(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::AnyId(ids) => ids.iter().map(InspectionId::as_str).collect::<Vec<_>>().join(","),
            Self::FullText(text) | Self::Zip(text) | Self::Address(text) => text.clone(),
            Self::StartsAtOrAfter(at) | Self::ChangedSince(_, at) => {
                at.saturating_sub(BOUND_OVERLAP).unwrap_or(Timestamp::MIN).to_string()
            }
            Self::StartsBefore(at) => at.saturating_add(BOUND_OVERLAP).unwrap_or(Timestamp::MAX).to_string(),
            Self::Connection(id) => id.to_string(),
            Self::Agent(id) => id.to_string(),
            Self::Inspector(id) => id.to_string(),
            Self::Paid(wanted)
            | Self::Confirmed(wanted)
            | Self::Published(wanted)
            | Self::Canceled(wanted)
            | Self::AgreementsSigned(wanted) => wanted.to_string(),
            Self::IncludeCanceled | Self::IncludeDeleted | Self::IncludeArchived => "true".to_owned(),
        }
    }

    fn check(&self, record: &Inspection) -> Verdict {
        match self {
            Self::Id(id) => (record.id == *id).into(),
            Self::AnyId(ids) => ids.contains(&record.id).into(),
            // To the millisecond, as everywhere.
            Self::StartsAtOrAfter(at) => {
                record.starts_at.is_some_and(|starts_at| at.as_millisecond() <= starts_at.as_millisecond()).into()
            }
            Self::StartsBefore(at) => {
                record.starts_at.is_some_and(|starts_at| starts_at.as_millisecond() < at.as_millisecond()).into()
            }
            Self::Connection(id) => {
                let sides = [record.buying_agent.as_ref(), record.selling_agent.as_ref()];
                if sides.iter().flatten().any(|agent| agent.id.as_ref() == Some(id)) {
                    Verdict::Holds
                } else if sides.iter().flatten().any(|agent| agent.id.is_none()) {
                    Verdict::CannotTell
                } else {
                    Verdict::Fails
                }
            }
            Self::Inspector(id) => {
                if record.inspectors.iter().any(|inspector| inspector.id.as_ref() == Some(id)) {
                    Verdict::Holds
                } else if record.inspectors.iter().any(|inspector| inspector.id.is_none()) {
                    Verdict::CannotTell
                } else {
                    Verdict::Fails
                }
            }
            Self::Zip(zip) => record.address.zip.as_ref().is_some_and(|known| is_area(known.as_str(), zip)).into(),
            Self::Paid(wanted) => equals(record.paid.as_ref(), wanted),
            Self::Confirmed(wanted) => equals(record.confirmed.as_ref(), wanted),
            Self::Published(wanted) => (record.published_at.is_some() == *wanted).into(),
            Self::Canceled(wanted) => (record.canceled_at.is_some() == *wanted).into(),
            Self::AgreementsSigned(wanted) => equals(record.agreements_signed.as_ref(), wanted),
            Self::FullText(_) | Self::Agent(_) | Self::Address(_) => Verdict::CannotTell,
            Self::ChangedSince(_, at) => changed_since(record.updated_at, *at),
            Self::IncludeCanceled | Self::IncludeDeleted | Self::IncludeArchived => Verdict::Holds,
        }
    }

    fn within_overlap(&self, record: &Inspection) -> bool {
        // A row without a beginning shows only that the attribute is missing.
        let near = |bound: &Timestamp| {
            record.starts_at.is_none_or(|starts_at| starts_at.duration_since(*bound).abs() <= BOUND_OVERLAP)
        };
        match self {
            Self::StartsAtOrAfter(bound) | Self::StartsBefore(bound) => near(bound),
            _ => false,
        }
    }

    fn narrows(&self) -> bool {
        !matches!(self, Self::IncludeCanceled | Self::IncludeDeleted | Self::IncludeArchived)
    }
}

spelled! {
    /// What inspections can be sorted by.
    InspectionSort {
        /// When it begins (seen).
        Datetime = "datetime",
        /// The quoted price (prototype).
        Quote = "quote",
        /// Confirmed or not (prototype).
        Confirmed = "confirmed",
        /// The reason of a cancellation (prototype).
        CancelReason = "cancel_reason",
    }
}

spelled! {
    /// What can come with inspections.
    InspectionInclude {
        /// The agent on the buying side (seen).
        BuyingAgent = "buying_agent",
        /// The agent on the selling side (seen).
        SellingAgent = "selling_agent",
        /// Who inspects (seen).
        Assignments = "assignments",
        /// The first client's record (prototype).
        Buyer = "buyer",
        /// The second client's record (prototype).
        Buyer2 = "buyer_2",
        /// The files (seen).
        Attachments = "inspection_attachments",
    }
}
