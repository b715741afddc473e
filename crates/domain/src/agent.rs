//! Real-estate agents and the service's own counts about them.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{AgencyId, AgentId, AgentTeamId, ConnectionId, Moment, Money, Text};

/// A real-estate agent as one company knows them (the service calls that a connection).
#[derive(Clone, Debug)]
pub struct Agent {
    /// The agent in this company.
    pub id: ConnectionId,
    /// The same person in every company.
    pub agent_id: Option<AgentId>,
    /// The same person in every company, as a UUID; known only where the service included it.
    pub uuid: Option<Text>,
    /// Given name.
    pub first_name: Option<Text>,
    /// Family name.
    pub last_name: Option<Text>,
    /// Contact detail: shown only on request.
    pub email: Option<Text>,
    /// Contact detail: shown only on request.
    pub phone: Option<Text>,
    /// The agency as this company spells it.
    pub agency_name: Option<Text>,
    /// The agency's id.
    pub agency_id: Option<AgencyId>,
    /// The team's id.
    pub team_id: Option<AgentTeamId>,
    /// The team's name; known only where the service included it.
    pub team_name: Option<Text>,
    /// The agent's city.
    pub city: Option<Text>,
    /// The agent's state.
    pub state: Option<Text>,
    /// The company's own tags.
    pub tags: Vec<Text>,
    /// Inspections on either side, as the service counts them.
    pub inspections: Option<u64>,
    /// Inspections as the buying agent, as the service counts them.
    pub buying_inspections: Option<u64>,
    /// Inspections as the selling agent, as the service counts them.
    pub selling_inspections: Option<u64>,
    /// The company's notes on the agent.
    pub notes: Option<Text>,
    /// When the record was made.
    pub created_at: Option<Timestamp>,
    /// When the record last changed.
    pub updated_at: Option<Timestamp>,
    /// Attributes this program does not know, under their own names, as they came.
    pub other: Map<String, Value>,
}

impl Agent {
    /// First and last name, or what there is of them.
    pub fn name(&self) -> Option<String> {
        full_name(self.first_name.as_ref(), self.last_name.as_ref())
    }
}

/// First and last name with a blank between, or what there is of them.
pub(super) fn full_name(first: Option<&Text>, last: Option<&Text>) -> Option<String> {
    match (first, last) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_string()),
        (None, None) => None,
    }
}

/// The service's own statistics about one agent.
#[derive(Clone, Debug)]
pub struct AgentStatistics {
    /// The agent in this company.
    pub id: ConnectionId,
    /// Inspections with this company, on either side.
    pub total_inspections: Option<u64>,
    /// Inspections as the buying agent.
    pub buying_inspections: Option<u64>,
    /// Inspections as the selling agent.
    pub selling_inspections: Option<u64>,
    /// Inspections over all companies, it seems; larger than the total.
    pub overall_inspections: Option<u64>,
    /// The first inspection.
    pub first_inspection: Option<Moment>,
    /// The latest inspection.
    pub last_inspection: Option<Moment>,
    /// Revenue from inspections on either side.
    pub total_revenue: Option<Money>,
    /// Revenue from inspections as the buying agent.
    pub buying_revenue: Option<Money>,
    /// Revenue from inspections as the selling agent.
    pub selling_revenue: Option<Money>,
    /// Revenue per inspection.
    pub average_revenue: Option<Money>,
    /// Attributes this program does not know, under their own names, as they came.
    pub other: Map<String, Value>,
}
