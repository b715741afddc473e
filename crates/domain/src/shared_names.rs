//! Names that do not tell who is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgentOnInspection, ConnectionId, Inspection, InspectorId, InspectorOnInspection, Text, fold};

/// Names, folded, that more than one person of a company has; such a person is shown with the service's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedNames {
    /// Of inspectors.
    pub inspectors: BTreeSet<String>,
    /// Of agents.
    pub agents: BTreeSet<String>,
}

impl SharedNames {
    /// These, and what persons with different ids are called alike in these inspections.
    #[must_use]
    pub fn with_those_in<'a>(&self, inspections: impl Iterator<Item = &'a Inspection> + Clone) -> Self {
        let inspectors = inspections.clone().flat_map(|one| &one.inspectors);
        let inspectors = inspectors.filter_map(|one| Some((one.name.as_ref()?.as_str(), one.id.as_ref()?.as_str())));
        let agents = inspections.flat_map(|one| one.buying_agent.iter().chain(&one.selling_agent));
        let agents = agents.filter_map(|one| Some((one.name.as_ref()?.as_str(), one.id.as_ref()?.as_str())));
        Self {
            inspectors: self.inspectors.iter().cloned().chain(with_several_ids(inspectors)).collect(),
            agents: self.agents.iter().cloned().chain(with_several_ids(agents)).collect(),
        }
    }

    /// An inspector as shown: "Gail Marsh", and "Gail Marsh (id 60001)" where another one has the name too.
    pub fn inspector(&self, inspector: &InspectorOnInspection) -> String {
        let (name, id) = (inspector.name.as_ref(), inspector.id.as_ref());
        shown(&self.inspectors, name.map(Text::as_str), id.map(InspectorId::as_str))
    }

    /// An agent as shown, as inspectors are.
    pub fn agent(&self, agent: &AgentOnInspection) -> String {
        let (name, id) = (agent.name.as_ref(), agent.id.as_ref());
        shown(&self.agents, name.map(Text::as_str), id.map(ConnectionId::as_str))
    }
}

fn shown(shared: &BTreeSet<String>, name: Option<&str>, id: Option<&str>) -> String {
    match (name, id) {
        (Some(name), Some(id)) if !shared.is_empty() && shared.contains(&fold(name)) => format!("{name} (id {id})"),
        (Some(name), _) => name.to_owned(),
        (None, Some(id)) => format!("id {id}"),
        (None, None) => "unnamed".to_owned(),
    }
}

/// The folded names with more than one id.
fn with_several_ids<'a>(people: impl Iterator<Item = (&'a str, &'a str)>) -> impl Iterator<Item = String> {
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    let mut folded: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, id) in people {
        // Most names come again and again with their id.
        if ids.insert(name, id) != Some(id) {
            folded.entry(fold(name)).or_default().insert(id);
        }
    }
    folded.into_iter().filter(|(_, ids)| 1 < ids.len()).map(|(name, _)| name)
}
