//! Agents that are one person, and agencies that are one business.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, finding};
use domain::{Agent, fold};

pub(super) fn findings(agents: &[Agent], shows_contact: bool) -> Vec<Finding> {
    let of = agents.len() as u64;
    let agencies = spelled(agents);
    let businesses = agencies.values().map(BTreeSet::len).sum::<usize>() as u64;
    let several = agencies.into_values().filter(|names| 1 < names.len());
    let joined = several.map(|names| names.into_iter().collect::<Vec<_>>().join(" / ")).collect();
    let groups = same_person(agents, shows_contact);
    let sure: Vec<String> = groups.iter().filter(|group| 1 < group.len()).map(|group| shown(group)).collect();
    [
        finding(
            "agents that look like one person",
            "referrals of one agent are split over several: these share an e-mail address or an agent_id",
            sure,
            of,
        ),
        finding(
            "agents of one name, maybe one person",
            "referrals of one agent may be split over several; two people can have one name",
            namesakes(&groups),
            of,
        ),
        finding("agencies spelled several ways", "numbers by agency are split over the spellings", joined, businesses),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn shown(group: &[&Agent]) -> String {
    let names: BTreeSet<String> = group.iter().filter_map(|agent| agent.name()).collect();
    let ids: Vec<&str> = group.iter().map(|agent| agent.id.as_str()).collect();
    format!("{} (ids {})", names.into_iter().collect::<Vec<_>>().join(" / "), ids.join(", "))
}

/// The agents by person, each group in the order of ids: together are those with one `agent_id`, and those with one
/// e-mail address and one family or given name. An address that serves people of other names is an office's.
fn same_person(agents: &[Agent], shows_contact: bool) -> Vec<Vec<&Agent>> {
    let mut all: Vec<&Agent> = agents.iter().collect();
    all.sort_by(|left, right| left.id.cmp(&right.id));
    let mut group_of: Vec<usize> = (0..all.len()).collect();
    let mut by_mark: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, agent) in all.iter().enumerate() {
        if let Some(id) = &agent.agent_id {
            by_mark.entry(format!("id {id}")).or_default().push(at);
        }
        if let Some(email) = agent.email.as_ref().filter(|_| shows_contact) {
            let email = email.as_str().to_lowercase();
            for name in [&agent.first_name, &agent.last_name].into_iter().flatten() {
                by_mark.entry(format!("{email} {}", fold(name.as_str()))).or_default().push(at);
            }
        }
    }
    for members in by_mark.values().filter(|members| 1 < members.len()) {
        let groups: BTreeSet<usize> = members.iter().filter_map(|at| group_of.get(*at).copied()).collect();
        let Some(first) = groups.first().copied() else { continue };
        group_of.iter_mut().filter(|group| groups.contains(group)).for_each(|group| *group = first);
    }
    let mut by_group: BTreeMap<usize, Vec<&Agent>> = BTreeMap::new();
    for (group, agent) in group_of.iter().zip(&all) {
        by_group.entry(*group).or_default().push(agent);
    }
    by_group.into_values().collect()
}

/// Persons of one name, as far as anybody can tell.
fn namesakes(groups: &[Vec<&Agent>]) -> Vec<String> {
    let mut by_name: BTreeMap<String, Vec<&Agent>> = BTreeMap::new();
    for group in groups {
        let names: BTreeSet<String> = group.iter().filter_map(|agent| Some(fold(&agent.name()?))).collect();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            // One of them stands for the person.
            by_name.entry(name).or_default().extend(group.first());
        }
    }
    by_name.into_values().filter(|people| 1 < people.len()).map(|people| shown(&people)).collect()
}

/// The spellings of each agency: the same but for case, punctuation, and words such as "LLC".
fn spelled(agents: &[Agent]) -> BTreeMap<String, BTreeSet<&str>> {
    const EMPTY_WORDS: &[&str] = &["llc", "inc", "co", "the", "realty", "group", "and"];
    let mut by_core: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in agents.iter().filter_map(|agent| agent.agency_name.as_ref()) {
        let folded = fold(name.as_str());
        let core: String = folded.split(' ').filter(|word| !EMPTY_WORDS.contains(word)).collect();
        by_core.entry(if core.is_empty() { folded } else { core }).or_default().insert(name.as_str());
    }
    by_core
}
