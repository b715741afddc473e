//! Whom a company forgot: what of these people is left out of everything that is read, stored and shown.

use std::collections::BTreeSet;

use jiff::Timestamp;

use domain::{ClientId, ConnectionId, content_hash};

/// People that are left out, by their ids in Spectora. An id says nothing about a person to whoever has no access there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Clients.
    pub clients: BTreeSet<ClientId>,
    /// Agents.
    pub agents: BTreeSet<ConnectionId>,
    /// Clients of inspections dated before this, and clients whose record nobody touched since.
    pub clients_before: Option<Timestamp>,
}

impl Forgotten {
    /// Whether nobody is left out.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.agents.is_empty() && self.clients_before.is_none()
    }

    /// A text that is the same for the same people; empty for none.
    pub fn mark(&self) -> String {
        if self.is_empty() { String::new() } else { format!("{:016x}", content_hash(format!("{self:?}").as_bytes())) }
    }
}
