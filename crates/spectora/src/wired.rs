//! What a resource needs to be read and to have its filters proven.

use jiff::Timestamp;

use super::query::{
    AttachmentFilter, ChangedSinceName, ClientFilter, ConnectionFilter, ConnectionStats, ConnectionStatsFilter,
    Connections, Contacts, InspectionAttachments, InspectionFilter, Inspections, Resource,
};
use super::wire::FromWire;

/// An id no record has.
const NO_ID: &str = "9999999999999999";
/// A text that stands in no record.
const NO_TEXT: &str = "zqxjkvbwpzqxjk";
/// A ZIP code no place has.
const NO_ZIP: &str = "00000";

/// A resource this client can decode and probe.
pub trait Wired: Resource + FromWire {
    /// The filter that finds one record, for what has no address of its own.
    fn id_filter(_id: &Self::Id) -> Option<Self::Filter> {
        None
    }

    /// The filter by this name that finds what changed since `at`; `None` for records that do not say when they changed.
    fn changed_since(_name: ChangedSinceName, _at: Timestamp) -> Option<Self::Filter> {
        None
    }

    /// When a record last changed, as far as it says.
    fn updated_at(_record: &Self::Record) -> Option<Timestamp> {
        None
    }

    /// How to find out whether the service honours filters of this name.
    fn probe(filter: &Self::Filter) -> Probe<Self::Filter>;
}

/// A question whose answer tells whether a filter works.
#[derive(Clone, Debug)]
pub enum Probe<F> {
    /// Must find nothing.
    Impossible(F),
    /// True and false must not find the same.
    EitherWay(F, F),
    /// Must find more than no filter at all.
    Widens(F),
    /// It cannot be found out.
    CannotTell,
}

impl<F> Probe<F> {
    fn impossible(filter: Option<F>) -> Self {
        filter.map_or(Self::CannotTell, Self::Impossible)
    }
}

fn impossible_id<T: std::str::FromStr, F>(filter: fn(T) -> F) -> Probe<F> {
    Probe::impossible(NO_ID.parse().ok().map(filter))
}

fn impossible_time<F>(text: &str, filter: fn(Timestamp) -> F) -> Probe<F> {
    Probe::impossible(text.parse().ok().map(filter))
}

fn either_way<F>(filter: fn(bool) -> F) -> Probe<F> {
    Probe::EitherWay(filter(true), filter(false))
}

impl Wired for Inspections {
    fn changed_since(name: ChangedSinceName, at: Timestamp) -> Option<InspectionFilter> {
        Some(InspectionFilter::ChangedSince(name, at))
    }

    fn updated_at(record: &Self::Record) -> Option<Timestamp> {
        record.updated_at
    }

    fn probe(filter: &InspectionFilter) -> Probe<InspectionFilter> {
        match filter {
            InspectionFilter::Id(_) | InspectionFilter::AnyId(_) => impossible_id(InspectionFilter::Id),
            InspectionFilter::Connection(_) => impossible_id(InspectionFilter::Connection),
            InspectionFilter::Agent(_) => impossible_id(InspectionFilter::Agent),
            InspectionFilter::Inspector(_) => impossible_id(InspectionFilter::Inspector),
            InspectionFilter::Zip(_) => Probe::Impossible(InspectionFilter::Zip(NO_ZIP.to_owned())),
            InspectionFilter::FullText(_) => Probe::Impossible(InspectionFilter::FullText(NO_TEXT.to_owned())),
            InspectionFilter::Address(_) => Probe::Impossible(InspectionFilter::Address(NO_TEXT.to_owned())),
            InspectionFilter::StartsAtOrAfter(_) => {
                impossible_time("2190-01-01T00:00:00Z", InspectionFilter::StartsAtOrAfter)
            }
            InspectionFilter::StartsBefore(_) => {
                impossible_time("1900-01-01T00:00:00Z", InspectionFilter::StartsBefore)
            }
            InspectionFilter::Paid(_) => either_way(InspectionFilter::Paid),
            InspectionFilter::Confirmed(_) => either_way(InspectionFilter::Confirmed),
            InspectionFilter::Published(_) => either_way(InspectionFilter::Published),
            InspectionFilter::Canceled(_) => either_way(InspectionFilter::Canceled),
            InspectionFilter::AgreementsSigned(_) => either_way(InspectionFilter::AgreementsSigned),
            InspectionFilter::IncludeCanceled
            | InspectionFilter::IncludeDeleted
            | InspectionFilter::IncludeArchived => Probe::Widens(filter.clone()),
            InspectionFilter::ChangedSince(..) => Probe::CannotTell,
        }
    }
}

impl Wired for Connections {
    fn changed_since(name: ChangedSinceName, at: Timestamp) -> Option<ConnectionFilter> {
        Some(ConnectionFilter::ChangedSince(name, at))
    }

    fn updated_at(record: &Self::Record) -> Option<Timestamp> {
        record.updated_at
    }

    fn probe(filter: &ConnectionFilter) -> Probe<ConnectionFilter> {
        match filter {
            ConnectionFilter::Id(_) => impossible_id(ConnectionFilter::Id),
            ConnectionFilter::Agency(_) => impossible_id(ConnectionFilter::Agency),
            ConnectionFilter::Agent(_) => impossible_id(ConnectionFilter::Agent),
            ConnectionFilter::Team(_) => impossible_id(ConnectionFilter::Team),
            ConnectionFilter::Email(_) => Probe::Impossible(ConnectionFilter::Email(format!("{NO_TEXT}@example.com"))),
            ConnectionFilter::FullText(_) => Probe::Impossible(ConnectionFilter::FullText(NO_TEXT.to_owned())),
            ConnectionFilter::Tag(_) => Probe::Impossible(ConnectionFilter::Tag(NO_TEXT.to_owned())),
            ConnectionFilter::ChangedSince(..) => Probe::CannotTell,
        }
    }
}

impl Wired for ConnectionStats {
    fn id_filter(id: &Self::Id) -> Option<Self::Filter> {
        Some(ConnectionStatsFilter::Id(id.clone()))
    }

    fn probe(_filter: &ConnectionStatsFilter) -> Probe<ConnectionStatsFilter> {
        impossible_id(ConnectionStatsFilter::Id)
    }
}

impl Wired for Contacts {
    fn changed_since(name: ChangedSinceName, at: Timestamp) -> Option<ClientFilter> {
        Some(ClientFilter::ChangedSince(name, at))
    }

    fn updated_at(record: &Self::Record) -> Option<Timestamp> {
        record.updated_at
    }

    fn probe(filter: &ClientFilter) -> Probe<ClientFilter> {
        match filter {
            ClientFilter::Id(_) => impossible_id(ClientFilter::Id),
            ClientFilter::FullText(_) => Probe::Impossible(ClientFilter::FullText(NO_TEXT.to_owned())),
            ClientFilter::Tag(_) => Probe::Impossible(ClientFilter::Tag(NO_TEXT.to_owned())),
            ClientFilter::ChangedSince(..) => Probe::CannotTell,
        }
    }
}

impl Wired for InspectionAttachments {
    fn probe(filter: &AttachmentFilter) -> Probe<AttachmentFilter> {
        match filter {
            AttachmentFilter::Inspection(_) => impossible_id(AttachmentFilter::Inspection),
            AttachmentFilter::Report(_) => either_way(AttachmentFilter::Report),
        }
    }
}
