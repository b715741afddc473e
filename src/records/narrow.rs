//! Which inspections are meant, where an insight is asked about a part of them by names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::resolve;
use super::{AGENCY_AS_OF_NOW, Basis, Need, Records, RecordsError};
use crate::domain::{fold, zip};
use crate::mirror::{Facts, NameEntry, Named, Narrowing};

/// What inspections are narrowed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowedBy {
    /// The primary inspector.
    Inspector,
    /// The buying agent.
    Agent,
    /// The buying agent's agency.
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
            Self::Inspector => "inspector",
            Self::Agent => "agent",
            Self::Agency => "agency",
            Self::Service => "service",
            Self::AddOn => "add-on",
            Self::Zip => "ZIP",
            Self::City => "city",
        }
    }
}

/// Which inspections, by ids or names as they were given; all when nothing is.
#[derive(Clone, Debug, Default)]
pub struct NarrowingWanted {
    /// Each kind at most once.
    pub given: Vec<(NarrowedBy, String)>,
}

impl Records {
    /// The rows of [`Records::facts`], only those wanted. Names are forgiving and never guessed between; the basis says
    /// what was narrowed, and that everything in the answer is about these inspections alone.
    pub async fn facts_of(&self, wanted: &NarrowingWanted, need: Need) -> Result<(Arc<Facts>, Basis), RecordsError> {
        let (facts, mut basis) = self.facts(need).await?;
        if wanted.given.is_empty() {
            return Ok((facts, basis));
        }
        let mut narrowing = Narrowing::default();
        let mut said = Vec::new();
        for (by, given) in &wanted.given {
            let (numbers, name) = self.numbers(*by, given, &facts).await?;
            said.push(format!("{} {name}", by.name()));
            match by {
                NarrowedBy::Inspector => narrowing.inspectors = Some(numbers),
                NarrowedBy::Agent => narrowing.agents = Some(numbers),
                NarrowedBy::Agency => narrowing.agencies = Some(numbers),
                NarrowedBy::Service | NarrowedBy::AddOn => narrowing.sold.push(numbers),
                NarrowedBy::Zip => narrowing.zips = Some(numbers),
                NarrowedBy::City => narrowing.cities = Some(numbers),
            }
        }
        if narrowing.agencies.is_some() {
            basis.notes.push(AGENCY_AS_OF_NOW.to_owned());
        }
        basis.notes.push(format!("all numbers are of inspections with {} alone", said.join(", ")));
        Ok((Arc::new(narrowing.of(&facts)), basis))
    }

    /// Every number that means what was given, and its name.
    async fn numbers(
        &self,
        by: NarrowedBy,
        given: &str,
        facts: &Facts,
    ) -> Result<(BTreeSet<i64>, String), RecordsError> {
        let given = match by {
            NarrowedBy::Service | NarrowedBy::AddOn => self.client.naming().one(given),
            _ => given,
        };
        let of_names = |numbers: BTreeSet<i64>| {
            let named = numbers.into_iter().filter_map(|one| Some((one, facts.names.get(&one)?.text().to_owned())));
            one_of(by, given, &named.collect::<Vec<_>>())
        };
        match by {
            NarrowedBy::Inspector => {
                let (number, _) = self.inspector_number(given, facts)?;
                let name = facts.inspectors.get(&number).map(|(_, name)| name.clone()).unwrap_or_default();
                Ok((BTreeSet::from([number]), name))
            }
            NarrowedBy::Agent => {
                let id = self.resolve_agent(given).await?;
                let found = facts.agents.iter().find(|(_, agent)| agent.id == id.as_str());
                let Some((number, agent)) = found else {
                    let given = given.to_owned();
                    return Err(RecordsError::UnknownName { what: "agent", given, nearest: Vec::new() });
                };
                Ok((BTreeSet::from([*number]), agent.name.clone().unwrap_or_else(|| format!("id {id}"))))
            }
            NarrowedBy::Agency => of_names(facts.agents.values().filter_map(|agent| agent.agency).collect()),
            NarrowedBy::Zip => {
                let numbers: BTreeSet<i64> = facts.rows.iter().filter_map(|fact| fact.zip).collect();
                let code = |number: &i64| facts.names.get(number).map(Named::text);
                let wanted: BTreeSet<i64> = numbers
                    .iter()
                    .copied()
                    .filter(|one| code(one).is_some_and(|code| zip::is_area(code, given)))
                    .collect();
                // A code is right or wrong: another one is another place, however near in writing.
                match wanted.first().and_then(code) {
                    Some(code) => Ok((wanted.clone(), code.to_owned())),
                    None => Err(RecordsError::UnknownName {
                        what: by.name(),
                        given: given.to_owned(),
                        nearest: nearest_codes(given, numbers.iter().filter_map(code)),
                    }),
                }
            }
            NarrowedBy::City => of_names(facts.rows.iter().filter_map(|fact| fact.city).collect()),
            NarrowedBy::Service => of_names(sold(facts, |named| matches!(named, Named::Service(_)))),
            NarrowedBy::AddOn => of_names(sold(facts, |named| matches!(named, Named::AddOn(_)))),
        }
    }
}

fn sold(facts: &Facts, is: fn(&Named) -> bool) -> BTreeSet<i64> {
    facts.names.iter().filter(|(_, named)| is(named)).map(|(number, _)| *number).collect()
}

/// Codes of the same beginning.
fn nearest_codes<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    const SHOWN_MAX: usize = 8;
    const SAME_BEGINNING: usize = 3;
    let beginning = |code: &str| code.chars().take(SAME_BEGINNING).collect::<String>().to_lowercase();
    let wanted = beginning(zip::area_of(given));
    let mut near: Vec<String> = known.filter(|code| beginning(code) == wanted).map(str::to_owned).collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(SHOWN_MAX);
    near
}

/// The numbers of the name that is meant: spellings that differ in case or accents alone mean the same.
fn one_of(by: NarrowedBy, given: &str, named: &[(i64, String)]) -> Result<(BTreeSet<i64>, String), RecordsError> {
    let mut entries: Vec<NameEntry> = Vec::new();
    let mut seen = BTreeSet::new();
    for (_, name) in named {
        if seen.insert(fold(name)) {
            entries.push(NameEntry { id: None, name: name.clone(), beside: None });
        }
    }
    let found = resolve(by.name(), given, &entries)?.entry.name;
    let same = fold(&found);
    Ok((named.iter().filter(|(_, name)| fold(name) == same).map(|(number, _)| *number).collect(), found))
}
