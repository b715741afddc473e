//! The service's own counts beside the inspections.

use std::collections::HashMap;

use crate::domain::AgentStatistics;
use crate::mirror::Facts;

/// An agent whose total by the service differs from the inspections that are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The connection id.
    pub id: String,
    /// Inspections by the service's statistics.
    pub theirs: u64,
    /// Inspections here with the agent on either side, canceled ones included.
    pub ours: u64,
}

/// Every disagreement, in the order of `statistics`; agents without a total there are not compared.
pub fn disagreements(facts: &Facts, statistics: &[AgentStatistics]) -> Vec<Disagreement> {
    let mut counted: HashMap<i64, u64> = HashMap::new();
    for agent in facts.rows.iter().flat_map(|fact| [fact.buying_agent, fact.selling_agent]).flatten() {
        *counted.entry(agent).or_default() += 1;
    }
    let by_id: HashMap<&str, u64> =
        counted.iter().filter_map(|(agent, count)| Some((facts.agent(*agent)?.id.as_str(), *count))).collect();
    let differs = statistics.iter().filter_map(|one| {
        let theirs = one.total_inspections?;
        let ours = by_id.get(one.id.as_str()).copied().unwrap_or(0);
        (theirs != ours).then(|| Disagreement { id: one.id.to_string(), theirs, ours })
    });
    differs.collect()
}
