//! Which inspections are meant, where an insight is asked about a part of them by names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::resolve;
use super::{AgentMeant, Basis, InspectorMeant, Records, RecordsError};
use crate::domain::fold;
use crate::mirror::{Facts, NameEntry, Named, Narrowing};

/// What inspections are narrowed by, besides people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowedBy {
    /// The agency the buying agent is with now.
    Agency,
    /// A service sold.
    Service,
    /// An add-on sold.
    AddOn,
    /// The ZIP code.
    Zip,
    /// The city.
    City,
}

impl NarrowedBy {
    fn name(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Service => "service",
            Self::AddOn => "add-on",
            Self::Zip => "ZIP",
            Self::City => "city",
        }
    }
}

/// Which inspections; all when nothing is given.
#[derive(Clone, Debug, Default)]
pub struct NarrowingWanted {
    /// The primary inspector.
    pub inspector: Option<InspectorMeant>,
    /// The buying agent.
    pub agent: Option<AgentMeant>,
    /// The rest by names as they were given, each kind at most once.
    pub given: Vec<(NarrowedBy, String)>,
}

impl Records {
    /// The rows of [`Records::facts`], only those wanted. Names are forgiving and never guessed between; the basis says
    /// what was narrowed, and that everything in the answer is about these inspections alone.
    pub async fn facts_of(&self, wanted: &NarrowingWanted) -> Result<(Arc<Facts>, Basis), RecordsError> {
        let (facts, mut basis) = self.facts().await?;
        let mut narrowing = Narrowing::default();
        let mut said = Vec::new();
        if let Some(inspector) = &wanted.inspector {
            narrowing.inspectors = Some(BTreeSet::from([inspector.known_number()?]));
            said.push(format!("inspector {}", inspector.entry.name));
        }
        if let Some(agent) = &wanted.agent {
            narrowing.agents = Some(BTreeSet::from([agent.known_number()?]));
            said.push(format!("agent {}", agent.entry.name));
        }
        for (by, given) in &wanted.given {
            let (numbers, name, note) = numbers(*by, given, &facts)?;
            basis.notes.extend(note);
            said.push(format!("{} {name}", by.name()));
            match by {
                NarrowedBy::Agency => {
                    narrowing.agencies = Some(numbers);
                    basis.notes.push(AGENCY_NOW.to_owned());
                }
                NarrowedBy::Service | NarrowedBy::AddOn => narrowing.sold.push(numbers),
                NarrowedBy::Zip => narrowing.zips = Some(numbers),
                NarrowedBy::City => narrowing.cities = Some(numbers),
            }
        }
        if said.is_empty() {
            return Ok((facts, basis));
        }
        basis.notes.push(format!("all numbers are of inspections with {} alone", said.join(", ")));
        let narrowed = narrowing.of(&facts);
        if let Some(inspector) = wanted.inspector.as_ref().filter(|_| narrowed.rows.is_empty()) {
            basis.notes.push(format!(
                "there is no such inspection with {} as the primary inspector; inspector_scorecard counts assists",
                inspector.entry.name
            ));
        }
        Ok((Arc::new(narrowed), basis))
    }
}

/// Said where numbers go by agency.
pub const AGENCY_NOW: &str = "agents count for the agency they are with now, in past periods too";

/// Every number that means what was given, with its name and a note when that was typed otherwise.
fn numbers(
    by: NarrowedBy,
    given: &str,
    facts: &Facts,
) -> Result<(BTreeSet<i64>, String, Option<String>), RecordsError> {
    let of_names = |numbers: BTreeSet<i64>| {
        let named = numbers.into_iter().filter_map(|one| Some((one, facts.names.get(&one)?.text().to_owned())));
        one_of(by, given, &named.collect::<Vec<_>>())
    };
    match by {
        NarrowedBy::Agency => of_names(facts.all_agents().filter_map(|(_, agent)| agent.agency).collect()),
        NarrowedBy::Zip => of_names(facts.rows.iter().filter_map(|fact| fact.zip).collect()),
        NarrowedBy::City => of_names(facts.rows.iter().filter_map(|fact| fact.city).collect()),
        NarrowedBy::Service => of_names(words(facts, |named| matches!(named, Named::Service(_)))),
        NarrowedBy::AddOn => of_names(words(facts, |named| matches!(named, Named::AddOn(_)))),
    }
}

fn words(facts: &Facts, is: fn(&Named) -> bool) -> BTreeSet<i64> {
    facts.names.iter().filter(|(_, named)| is(named)).map(|(number, _)| *number).collect()
}

/// The numbers of the name that is meant: spellings that differ in case or accents alone mean the same.
fn one_of(
    by: NarrowedBy,
    given: &str,
    named: &[(i64, String)],
) -> Result<(BTreeSet<i64>, String, Option<String>), RecordsError> {
    let mut entries: Vec<NameEntry> = Vec::new();
    let mut seen = BTreeSet::new();
    for (_, name) in named {
        if seen.insert(fold(name)) {
            entries.push(NameEntry { id: None, name: name.clone(), beside: None });
        }
    }
    let found = resolve(by.name(), given, &entries)?;
    let same = fold(&found.entry.name);
    let numbers = named.iter().filter(|(_, name)| fold(name) == same).map(|(number, _)| *number).collect();
    let note = found.note(given);
    Ok((numbers, found.entry.name, note))
}
