//! The four kinds of record that are kept, and how each is listed.

use jiff::Timestamp;

use domain::{Agent, AgentStatistics, Client, Inspection};
use mirror::{Fresh, Kind, MirrorError, StoreCount, WriteTransaction};
use spectora::{
    ClientSort, ConnectionInclude, ConnectionSort, ConnectionStats, Connections, Contacts, Direction, InspectionFilter,
    InspectionInclude, InspectionSort, Inspections, Query, Wired,
};

/// A kind of record the mirror keeps.
pub(super) trait Stored: Wired<Id: std::str::FromStr> {
    /// Its kind in the mirror.
    const KIND: Kind;

    /// The listing of all records, in the order a pass reads it.
    fn listing() -> Query<Self>
    where
        Self: Sized;

    /// Stores records.
    fn store(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Self::Record>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError>;

    /// Derives the typed columns of records anew.
    fn rederive(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Self::Record>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError>;

    /// What a listing with the latest first is sorted by.
    fn begins(_record: &Self::Record) -> Option<Timestamp> {
        None
    }

    /// Whether the service says of a record that it is deleted.
    fn is_deleted(_record: &Self::Record) -> bool {
        false
    }
}

/// Everything there is of an inspection, canceled, deleted and archived ones too.
pub const INSPECTION_INCLUDES: &[InspectionInclude] = &[
    InspectionInclude::BuyingAgent,
    InspectionInclude::SellingAgent,
    InspectionInclude::Assignments,
    InspectionInclude::Buyer,
    InspectionInclude::Buyer2,
];

/// What comes with agents.
pub const AGENT_INCLUDES: &[ConnectionInclude] = &[ConnectionInclude::Agent, ConnectionInclude::AgentTeam];

impl Stored for Inspections {
    const KIND: Kind = Kind::Inspections;

    fn listing() -> Query<Self> {
        Query {
            filters: vec![
                InspectionFilter::IncludeCanceled,
                InspectionFilter::IncludeDeleted,
                InspectionFilter::IncludeArchived,
            ],
            sort: vec![(Direction::Descending, InspectionSort::Datetime)],
            include: INSPECTION_INCLUDES.to_vec(),
        }
    }

    fn store(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Inspection>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.store_inspections(rows, now)
    }

    fn rederive(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Inspection>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.rederive_inspections(rows, now)
    }

    fn begins(record: &Inspection) -> Option<Timestamp> {
        record.starts_at
    }

    fn is_deleted(record: &Inspection) -> bool {
        record.deleted_at.is_some()
    }
}

impl Stored for Connections {
    const KIND: Kind = Kind::Agents;

    fn listing() -> Query<Self> {
        Query {
            filters: Vec::new(),
            sort: vec![(Direction::Ascending, ConnectionSort::LastFirstName)],
            include: AGENT_INCLUDES.to_vec(),
        }
    }

    fn store(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Agent>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.store_agents(rows, now)
    }

    fn rederive(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Agent>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.rederive_agents(rows, now)
    }
}

impl Stored for ConnectionStats {
    const KIND: Kind = Kind::AgentStats;

    fn listing() -> Query<Self> {
        Query::default()
    }

    fn store(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, AgentStatistics>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.store_statistics(rows, now)
    }

    fn rederive(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, AgentStatistics>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.rederive_statistics(rows, now)
    }
}

impl Stored for Contacts {
    const KIND: Kind = Kind::Clients;

    fn listing() -> Query<Self> {
        Query {
            filters: Vec::new(),
            sort: vec![(Direction::Ascending, ClientSort::LastFirstName)],
            include: Vec::new(),
        }
    }

    fn store(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Client>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.store_clients(rows, now)
    }

    fn rederive(
        tx: &mut WriteTransaction<'_>,
        rows: &[Fresh<'_, Client>],
        now: Timestamp,
    ) -> Result<StoreCount, MirrorError> {
        tx.rederive_clients(rows, now)
    }
}
