//! Which one is meant by a name: forgiving, and never a guess between two.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cache::Cache;
use super::{Note, RecordsError, Whole};
use domain::{ConnectionId, InspectorWanted, SharedNames, fold, has_words, id_told, shared_names};
use mirror::{Kind, KnownAgent, KnownInspector, MirrorError, NameEntry, Snapshot};

/// The most names shown when a name does not settle it.
const CANDIDATES_MAX: usize = 8;
/// How similar a name must be to be worth showing (Jaro-Winkler, 0 to 1).
const SHOWN_MIN: f64 = 0.75;
/// How similar a name must be to be taken for the one that was meant.
const TAKEN_MIN: f64 = 0.93;
/// By how much it must be more similar than the next.
const AHEAD_MIN: f64 = 0.03;

/// How well a name fits what was given; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// It is the id.
    Id,
    /// The same words.
    Same,
    /// It has all the words, and more.
    Words,
    /// Nearly the same.
    Near,
}

/// The one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameMatch {
    /// Which.
    pub entry: NameEntry,
    /// How well it fits.
    pub likeness: Likeness,
}

impl NameMatch {
    /// Whom or what a name was taken for, where it is not the name itself.
    pub(super) fn note(&self, given: &str) -> Option<Note> {
        let taken = || Note::TakenFor { given: given.to_owned(), name: described(&self.entry) };
        (Likeness::Same < self.likeness).then(taken)
    }
}

/// The inspector meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectorMeant {
    /// The number in the mirror; `None` for an id that the mirror, which is not complete, does not know.
    pub number: Option<i64>,
    /// The service's id, and the name.
    pub entry: NameEntry,
    /// How well the name fits.
    pub likeness: Likeness,
    /// Whom it was taken for, where it is not the name itself.
    pub note: Option<Note>,
    /// The names (folded) under which jobs that give no id are theirs.
    without_id: BTreeSet<String>,
}

impl InspectorMeant {
    /// Somebody of whom nothing but the words given is known.
    pub fn unknown(given: &str) -> Self {
        let entry = NameEntry { id: None, name: given.to_owned(), beside: None };
        Self { number: None, entry, likeness: Likeness::Near, note: None, without_id: BTreeSet::new() }
    }

    /// What asks for their inspections.
    pub fn wanted(self) -> InspectorWanted {
        let id = self.entry.id.as_deref().and_then(|id| id.parse().ok());
        InspectorWanted::Person { id, names: self.without_id }
    }

    /// The number in the mirror, or why there is none.
    pub fn known_number(&self) -> Result<i64, RecordsError> {
        self.number.ok_or_else(|| match &self.entry.id {
            Some(id) => RecordsError::UnknownId { what: "inspector", id: id.clone() },
            None => {
                RecordsError::UnknownName { what: "inspector", given: self.entry.name.clone(), nearest: Vec::new() }
            }
        })
    }
}

/// The agent meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentMeant {
    /// The connection id.
    pub id: ConnectionId,
    /// The number in the mirror; `None` for an id that was not looked up.
    pub number: Option<i64>,
    /// Id, name and agency.
    pub entry: NameEntry,
    /// The person's id, the same in every company.
    pub person: Option<String>,
    /// How well the name fits.
    pub likeness: Likeness,
    /// Whom it was taken for, where it is not the name itself, and whether the service still has them.
    pub notes: Vec<Note>,
}

impl AgentMeant {
    /// The number in the mirror, which a decimal id is itself; or that there is nobody with that id.
    pub fn known_number(&self) -> Result<i64, RecordsError> {
        let decimal = || self.id.as_str().parse::<i64>().ok().filter(|number| number.to_string() == self.id.as_str());
        self.number.or_else(decimal).ok_or_else(|| RecordsError::UnknownId { what: "agent", id: self.id.to_string() })
    }
}

/// The names that more than one inspector or agent of the mirror has.
pub(super) fn shared_in(snapshot: &Snapshot<'_>) -> Result<SharedNames, MirrorError> {
    let (inspectors, agents) = (snapshot.known_inspectors()?, snapshot.known_agents()?);
    Ok(SharedNames {
        inspectors: shared_names(inspectors.iter().map(|one| one.entry.name.as_str())),
        agents: shared_names(agents.iter().filter_map(|one| one.name.as_deref())),
    })
}

/// The same, remembered until inspections or agents change.
pub(super) fn remembered_names(
    snapshot: &Snapshot<'_>,
    known: &Cache<(u64, u64), SharedNames>,
) -> Result<Arc<SharedNames>, MirrorError> {
    let revisions = (snapshot.coverage(Kind::Inspections)?.revision, snapshot.coverage(Kind::Agents)?.revision);
    match known.get(&revisions) {
        Some(names) => Ok(names),
        None => Ok(known.put(revisions, shared_in(snapshot)?)),
    }
}

impl Whole {
    /// The names that more than one inspector or agent has; none without a mirror.
    pub(super) async fn shared_names(&self) -> Result<Arc<SharedNames>, RecordsError> {
        let known = Arc::clone(&self.shared_names);
        let read = self.read_mirror(move |snapshot| remembered_names(snapshot, &known)).await?;
        Ok(read.unwrap_or_default())
    }

    /// The inspector meant by an id or a name; `None` where the names are not known, or not all of them and none fits.
    /// Of those alone whom the caller may know of, by their numbers, where that is given.
    pub(super) async fn inspector_meant(
        &self,
        given: &str,
        seen: Option<&BTreeSet<i64>>,
    ) -> Result<Option<InspectorMeant>, RecordsError> {
        let given = id_told(given);
        let read = self
            .read_mirror(|snapshot| {
                Ok((snapshot.known_inspectors()?, snapshot.coverage(Kind::Inspections)?.full_at.is_some()))
            })
            .await?;
        let Some((mut known, is_complete)) = read else { return Ok(None) };
        // Who may not be known of is nobody, however much is read.
        let is_complete = is_complete || seen.is_some();
        known.retain(|one| seen.is_none_or(|seen| seen.contains(&one.number)));
        let meant = |one: &KnownInspector, likeness| InspectorMeant {
            number: Some(one.number),
            note: NameMatch { entry: one.entry.clone(), likeness }.note(given),
            entry: one.entry.clone(),
            likeness,
            without_id: one.without_id.clone(),
        };
        if let Some(one) = known.iter().find(|one| one.entry.id.as_deref() == Some(given)) {
            return Ok(Some(meant(one, Likeness::Id)));
        }
        if is_id(given) {
            if is_complete {
                return Err(RecordsError::UnknownId { what: "inspector", id: given.to_owned() });
            }
            let entry = NameEntry { id: Some(given.to_owned()), name: format!("id {given}"), beside: None };
            return Ok(Some(InspectorMeant {
                number: None,
                entry,
                likeness: Likeness::Id,
                note: None,
                without_id: BTreeSet::new(),
            }));
        }
        if known.is_empty() && seen.is_none() {
            return Ok(None);
        }
        // As answers tell somebody without an id from another of the name.
        if let Some(name) = given.strip_suffix("(no id)").map(fold)
            && let [one] = known
                .iter()
                .filter(|one| one.entry.id.is_none() && fold(&one.entry.name) == name)
                .collect::<Vec<_>>()[..]
        {
            return Ok(Some(meant(one, Likeness::Same)));
        }
        let named: Vec<(usize, NameEntry)> =
            known.iter().enumerate().map(|(at, one)| (at, one.entry.clone())).collect();
        match place_of("inspector", given, &named) {
            // The name itself may be among those that are not read yet.
            Err(RecordsError::UnknownName { .. }) | Ok((_, Likeness::Near, _)) if !is_complete => Ok(None),
            found => found.map(|(_, likeness, at)| known.get(at).map(|one| meant(one, likeness))),
        }
    }

    /// The agent meant by a connection id or a name. Case, accents, punctuation and the order of words do not count, and
    /// a small slip is forgiven where one agent only can be meant; two that fit are not guessed between. Who is no longer
    /// in the service is found too, after those who are. Of those alone whom the caller may know of, by their ids, where
    /// that is given.
    pub(super) async fn agent_meant(
        &self,
        given: &str,
        seen: Option<&BTreeSet<String>>,
    ) -> Result<AgentMeant, RecordsError> {
        let given = id_told(given);
        if is_id(given) && seen.is_some_and(|seen| !seen.contains(given)) {
            return Err(RecordsError::UnknownId { what: "agent", id: given.to_owned() });
        }
        let Some(known) = self.or_service(self.mirrored_known_agents(given).await)? else {
            return self.listed_agent_meant(given, seen).await;
        };
        let Known { mut agents, is_complete, number } = known;
        agents.retain(|one| seen.is_none_or(|seen| seen.contains(&one.id)));
        if let Some(agent) = agents.iter().find(|agent| agent.id == given) {
            return agent_of(agent, Likeness::Id, given);
        }
        if is_id(given) {
            // Inspections can name an agent whom the service does not list.
            if is_complete && number.is_none() {
                return Err(RecordsError::UnknownId { what: "agent", id: given.to_owned() });
            }
            return bare(given, number);
        }
        let (former, current): (Vec<&KnownAgent>, Vec<&KnownAgent>) = agents.iter().partition(|one| one.is_former);
        let named = |agents: &[&KnownAgent]| -> Vec<(usize, NameEntry)> {
            agents.iter().enumerate().filter_map(|(at, agent)| Some((at, entry_of(agent)?))).collect()
        };
        let taken = |agents: &[&KnownAgent], (_, likeness, at): (NameEntry, Likeness, usize)| match agents.get(at) {
            Some(agent) => agent_of(agent, likeness, given),
            None => Err(RecordsError::UnknownName { what: "agent", given: given.to_owned(), nearest: Vec::new() }),
        };
        match place_of("agent", given, &named(&current)) {
            Ok(found) if found.1 < Likeness::Near => {
                let name = fold(&found.0.name);
                let mut meant = taken(&current, found)?;
                for other in former.iter().filter(|one| one.name.as_deref().map(fold).as_ref() == Some(&name)) {
                    meant.notes.push(Note::OtherAgentGone {
                        name: other.name.clone().unwrap_or_default(),
                        id: other.id.clone(),
                    });
                }
                Ok(meant)
            }
            Err(error @ RecordsError::AmbiguousName { .. }) => Err(error),
            other => match (place_of("agent", given, &named(&former)), other) {
                (Ok(found), Err(_)) => taken(&former, found),
                (Ok(found), _) if found.1 < Likeness::Near => taken(&former, found),
                (Err(error @ RecordsError::AmbiguousName { .. }), _) | (_, Err(error)) => Err(error),
                (_, Ok(found)) => taken(&current, found),
            },
        }
    }

    /// All agents the mirror knows, where it has read them all.
    async fn mirrored_known_agents(&self, given: &str) -> Result<Option<Known>, RecordsError> {
        let Some((mirror, _)) = self.fresh_mirror().await? else { return Ok(None) };
        let given = given.to_owned();
        let known = mirror
            .read(move |snapshot| {
                let is_complete = snapshot.coverage(Kind::Inspections)?.full_at.is_some();
                if snapshot.coverage(Kind::Agents)?.full_at.is_none() {
                    return Ok(None);
                }
                let number = if is_id(&given) { snapshot.agent_in_inspections(&given)? } else { None };
                Ok(Some(Known { agents: snapshot.known_agents()?, is_complete, number }))
            })
            .await?;
        Ok(known)
    }

    /// The agent meant among those the service lists.
    async fn listed_agent_meant(
        &self,
        given: &str,
        seen: Option<&BTreeSet<String>>,
    ) -> Result<AgentMeant, RecordsError> {
        if is_id(given) {
            return bare(given, None);
        }
        let (agents, _) = self.agents().await?;
        let known: Vec<KnownAgent> = agents
            .iter()
            .filter(|agent| seen.is_none_or(|seen| seen.contains(agent.id.as_str())))
            .map(|agent| KnownAgent {
                number: None,
                id: agent.id.to_string(),
                name: agent.name(),
                agency: agent.agency_name.as_ref().map(ToString::to_string),
                person: agent.agent_id.as_ref().map(ToString::to_string),
                is_former: false,
            })
            .collect();
        let named: Vec<(usize, NameEntry)> =
            known.iter().enumerate().filter_map(|(at, agent)| Some((at, entry_of(agent)?))).collect();
        let (_, likeness, at) = place_of("agent", given, &named)?;
        match known.get(at) {
            Some(agent) => agent_of(agent, likeness, given),
            None => Err(RecordsError::UnknownName { what: "agent", given: given.to_owned(), nearest: Vec::new() }),
        }
    }
}

/// What a mirror knows of agents.
struct Known {
    agents: Vec<KnownAgent>,
    /// Whether all inspections were read.
    is_complete: bool,
    /// The number of the id given, where an inspection names it.
    number: Option<i64>,
}

fn is_id(given: &str) -> bool {
    !given.is_empty() && given.bytes().all(|b| b.is_ascii_digit())
}

fn entry_of(agent: &KnownAgent) -> Option<NameEntry> {
    Some(NameEntry { id: Some(agent.id.clone()), name: agent.name.clone()?, beside: agent.agency.clone() })
}

fn agent_of(agent: &KnownAgent, likeness: Likeness, given: &str) -> Result<AgentMeant, RecordsError> {
    let entry = entry_of(agent).unwrap_or_else(|| NameEntry {
        id: Some(agent.id.clone()),
        name: format!("id {}", agent.id),
        beside: agent.agency.clone(),
    });
    let mut notes: Vec<Note> = NameMatch { entry: entry.clone(), likeness }.note(given).into_iter().collect();
    if agent.is_former {
        notes.push(Note::AgentGone(described(&entry)));
    }
    let unknown = |_| RecordsError::UnknownId { what: "agent", id: agent.id.clone() };
    let id = agent.id.parse().map_err(unknown)?;
    Ok(AgentMeant { id, number: agent.number, person: agent.person.clone(), entry, likeness, notes })
}

/// An agent of whom nothing but the id is known.
fn bare(given: &str, number: Option<i64>) -> Result<AgentMeant, RecordsError> {
    let id = given.parse().map_err(|_| RecordsError::UnknownId { what: "agent", id: given.to_owned() })?;
    let entry = NameEntry { id: Some(given.to_owned()), name: format!("id {given}"), beside: None };
    Ok(AgentMeant { id, number, entry, person: None, likeness: Likeness::Id, notes: Vec::new() })
}

/// [`resolve`] among entries that have a place each: the entry, how well it fits, and its place.
fn place_of<P: Copy>(
    what: &'static str,
    given: &str,
    known: &[(P, NameEntry)],
) -> Result<(NameEntry, Likeness, P), RecordsError> {
    let entries: Vec<NameEntry> = known.iter().map(|(_, entry)| entry.clone()).collect();
    let NameMatch { entry, likeness } = resolve(what, given, &entries)?;
    let place = known.iter().find(|(_, one)| *one == entry).map(|(place, _)| *place);
    let unknown = || RecordsError::UnknownName { what, given: given.to_owned(), nearest: Vec::new() };
    place.map(|place| (entry, likeness, place)).ok_or_else(unknown)
}

/// The one of `entries` that `given` means: the same name, else the only one that has all the words, else the only one
/// that is nearly the same.
pub(super) fn resolve(what: &'static str, given: &str, entries: &[NameEntry]) -> Result<NameMatch, RecordsError> {
    let wanted = fold(given);
    let folded: Vec<(String, &NameEntry)> = entries.iter().map(|entry| (fold(&entry.name), entry)).collect();
    let exact: Vec<&NameEntry> = folded.iter().filter(|(name, _)| *name == wanted).map(|(_, entry)| *entry).collect();
    let loose: Vec<&NameEntry> = if exact.is_empty() && !wanted.is_empty() {
        folded.iter().filter(|(_, entry)| has_words(&entry.name, &wanted)).map(|(_, entry)| *entry).collect()
    } else {
        exact
    };
    match loose.as_slice() {
        [one] => {
            let name = fold(&one.name);
            // "oneil" is how people type O'Neil.
            let is_same =
                sorted_words(&name) == sorted_words(&wanted) || name.replace(' ', "") == wanted.replace(' ', "");
            let likeness = if is_same { Likeness::Same } else { Likeness::Words };
            Ok(NameMatch { entry: (*one).clone(), likeness })
        }
        [] => nearly(what, given, &wanted, &folded),
        several => Err(RecordsError::AmbiguousName {
            what,
            given: given.to_owned(),
            candidates: several.iter().take(CANDIDATES_MAX).map(|entry| described(entry)).collect(),
        }),
    }
}

/// A name with what tells it from another: "Maria Lopez of Red Roof (id 3)".
pub fn described(entry: &NameEntry) -> String {
    let beside = entry.beside.as_ref().map(|beside| format!(" of {beside}")).unwrap_or_default();
    let id = entry.id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
    format!("{}{beside}{id}", entry.name)
}

fn nearly(
    what: &'static str,
    given: &str,
    wanted: &str,
    folded: &[(String, &NameEntry)],
) -> Result<NameMatch, RecordsError> {
    // The words in another order are as near.
    let wanted_sorted = sorted_words(wanted);
    let score =
        |name: &str| strsim::jaro_winkler(wanted, name).max(strsim::jaro_winkler(&wanted_sorted, &sorted_words(name)));
    let mut scored: Vec<(f64, &NameEntry)> =
        folded.iter().map(|(name, entry)| (score(name), *entry)).filter(|(score, _)| SHOWN_MIN <= *score).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.name.cmp(&right.1.name)));
    match scored.as_slice() {
        [(best, entry), rest @ ..]
            if TAKEN_MIN <= *best && rest.first().is_none_or(|(next, _)| *next + AHEAD_MIN <= *best) =>
        {
            Ok(NameMatch { entry: (*entry).clone(), likeness: Likeness::Near })
        }
        _ => Err(RecordsError::UnknownName {
            what,
            given: given.to_owned(),
            nearest: scored.iter().take(CANDIDATES_MAX).map(|(_, entry)| described(entry)).collect(),
        }),
    }
}

fn sorted_words(folded: &str) -> String {
    let mut words: Vec<&str> = folded.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, name: &str, beside: &str) -> NameEntry {
        NameEntry { id: Some(id.to_owned()), name: name.to_owned(), beside: Some(beside.to_owned()) }
    }

    #[track_caller]
    fn check(given: &str, expect: Result<(&str, Likeness), &str>) {
        let entries = [
            entry("1", "José O'Neil", "Blue Door"),
            entry("2", "Maria Lopez", "Blue Door"),
            entry("3", "Maria Lopez", "Red Roof"),
            entry("4", "Marcus Feld", "Red Roof"),
        ];
        match (resolve("agent", given, &entries), expect) {
            (Ok(found), Ok((id, likeness))) => {
                assert_eq!((found.entry.id.as_deref(), found.likeness), (Some(id), likeness));
                assert_eq!(found.note(given).is_none(), likeness == Likeness::Same);
            }
            (Err(error), Err(part)) => {
                let shown = format!("{error:?}");
                assert!(shown.contains(part), "{shown}");
            }
            (found, expect) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn names_are_forgiven_and_never_guessed_between() {
        check("jose oneil", Ok(("1", Likeness::Same)));
        check("JOSÉ O'NEIL", Ok(("1", Likeness::Same)));
        check("O'Neil, José", Ok(("1", Likeness::Same)));
        check("feld", Ok(("4", Likeness::Words)));
        check("Marcus Fled", Ok(("4", Likeness::Near)));
        check("maria lopez", Err("Maria Lopez of Red Roof (id 3)"));
        check("mar", Err("AmbiguousName"));
        check("zzyzx", Err("UnknownName"));
    }
}
