//! Which inspections are meant, where an insight is asked about a part of them by names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::names::resolve;
use super::sums::summed;
use super::{AgentMeant, Basis, InspectorMeant, Need, Note, Records, RecordsError};
use domain::{AgentFact, Fact, FactTable, InspectionQuery, Named, Narrowing, SearchTerms, WordNumber, fold, zip};
use mirror::NameEntry;

/// More rows than these are narrowed anew for each question, so that what is remembered stays small beside all of them.
const REMEMBERED_ROWS_MAX: usize = 20_000;

/// What inspections are narrowed by, besides people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowedBy {
    /// The agency the buying agent is with now.
    Agency,
    /// The team of the buying agent.
    Team,
    /// A tag of the buying agent.
    Tag,
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
            Self::Team => "team",
            Self::Tag => "tag",
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
    /// The rows of [`Records::facts`], and of these only those wanted. Names are forgiving and never guessed between; the basis says
    /// what was narrowed, and that everything in the answer is about these inspections alone.
    pub async fn facts_of(
        &self,
        wanted: &NarrowingWanted,
        need: Need,
    ) -> Result<(Arc<FactTable>, Arc<FactTable>, Basis), RecordsError> {
        let (facts, mut basis) = self.facts(need).await?;
        let mut narrowing = Narrowing::default();
        let mut said = Vec::new();
        if let Some(inspector) = &wanted.inspector {
            narrowing.inspectors = Some(facts.inspector_by_key(inspector.known_number()?).into_iter().collect());
            said.push(format!("inspector {}", inspector.entry.name));
        }
        if let Some(agent) = &wanted.agent {
            narrowing.agents = Some(facts.agent_by_key(agent.known_number()?).into_iter().collect());
            said.push(format!("agent {}", agent.entry.name));
        }
        for (by, given) in &wanted.given {
            let given = match by {
                NarrowedBy::Service | NarrowedBy::AddOn => self.naming().one(given),
                _ => given,
            };
            let (numbers, name, note) = numbers(*by, given, &facts)?;
            basis.notes.extend(note);
            said.push(format!("{} {name}", by.name()));
            match by {
                NarrowedBy::Agency => {
                    narrowing.agencies = Some(numbers);
                    basis.note(Note::AgencyAsOfNow);
                }
                NarrowedBy::Team => narrowing.teams = Some(numbers),
                NarrowedBy::Tag => narrowing.tags = Some(numbers),
                NarrowedBy::Service | NarrowedBy::AddOn => narrowing.sold.push(numbers),
                NarrowedBy::Zip => narrowing.zips = Some(numbers),
                NarrowedBy::City => narrowing.cities = Some(numbers),
            }
        }
        if said.is_empty() {
            return Ok((Arc::clone(&facts), facts, basis));
        }
        basis.notes.push(Note::Narrowed(said));
        let narrowed = self.narrowed(&facts, narrowing).await;
        if let Some(inspector) = wanted.inspector.as_ref().filter(|_| narrowed.rows().is_empty()) {
            basis.notes.push(Note::NotPrimary(inspector.entry.name.clone()));
        }
        Ok((facts, narrowed, basis))
    }

    /// Adds to `query` what these names mean: agencies, teams and tags of buying agents, add-ons and cities. Gives what is
    /// to be said of how they were taken. Only a mirror knows names.
    pub async fn add_named(
        &self,
        query: &mut InspectionQuery,
        given: &[(NarrowedBy, String)],
    ) -> Result<Vec<Note>, RecordsError> {
        let mut notes = Vec::new();
        if given.is_empty() {
            return Ok(notes);
        }
        let (facts, _) = self.facts(Need::All).await?;
        for (by, given) in given {
            let given = if *by == NarrowedBy::AddOn { self.naming().one(given) } else { given };
            let (wanted, name, note) = numbers(*by, given, &facts)?;
            notes.extend(note);
            let of_agents = |has: &dyn Fn(&AgentFact) -> bool| {
                let agents = facts.all_agents().filter(|(_, agent)| has(agent));
                Some(agents.filter_map(|(_, agent)| agent.id.parse().ok()).collect())
            };
            match by {
                NarrowedBy::Agency => {
                    query.buyers = of_agents(&|agent| agent.agency.is_some_and(|one| wanted.contains(&one)));
                    notes.push(Note::AgencyAsOfNow);
                }
                NarrowedBy::Team => {
                    query.buyers = of_agents(&|agent| agent.team.is_some_and(|one| wanted.contains(&one)));
                }
                NarrowedBy::Tag => {
                    query.buyers = of_agents(&|agent| agent.tags.iter().any(|one| wanted.contains(one)));
                }
                NarrowedBy::AddOn => query.add_on = Some(fold(&name)),
                NarrowedBy::City => query.city = Some(fold(&name)),
                NarrowedBy::Service => query.service = SearchTerms::of(&name),
                NarrowedBy::Zip => query.zip = Some(name),
            }
        }
        Ok(notes)
    }

    /// The rows that fit; remembered with all rows where they are few, together with what is worked out from them.
    async fn narrowed(&self, facts: &Arc<FactTable>, narrowing: Narrowing) -> Arc<FactTable> {
        let key = format!("{narrowing:?}");
        if let Some(known) = facts.memo().get(&key) {
            return known;
        }
        let narrowed = Arc::new(summed(facts, move |facts| narrowing.of(facts)).await);
        if narrowed.rows().len() <= REMEMBERED_ROWS_MAX {
            facts.memo().put(key, Arc::clone(&narrowed));
        }
        narrowed
    }
}

/// Every number that means what was given, with its name and a note when that was typed otherwise.
fn numbers(
    by: NarrowedBy,
    given: &str,
    facts: &FactTable,
) -> Result<(BTreeSet<WordNumber>, String, Option<Note>), RecordsError> {
    let of_names = |numbers: BTreeSet<WordNumber>| {
        let named = numbers.into_iter().filter_map(|one| Some((one, facts.named(one)?.text().to_owned())));
        one_of(by, given, &named.collect::<Vec<_>>())
    };
    match by {
        NarrowedBy::Agency => of_names(of_agents(facts, |agent| agent.agency.into_iter().collect())),
        NarrowedBy::Team => of_names(of_agents(facts, |agent| agent.team.into_iter().collect())),
        NarrowedBy::Tag => of_names(of_agents(facts, |agent| agent.tags.to_vec())),
        NarrowedBy::Zip => zips(given, facts).map(|(numbers, code)| (numbers, code, None)),
        NarrowedBy::City => of_names(facts.rows().iter().filter_map(Fact::city).collect()),
        NarrowedBy::Service => of_names(sold(facts, |named| matches!(named, Named::Service(_)))),
        NarrowedBy::AddOn => of_names(sold(facts, |named| matches!(named, Named::AddOn(_)))),
    }
}

/// Names that agents have. Whose work alone is seen is told nothing of agents who did not send any of it.
fn of_agents(facts: &FactTable, names: fn(&AgentFact) -> Vec<WordNumber>) -> BTreeSet<WordNumber> {
    if facts.own().is_some() {
        let agents = facts.rows().iter().filter_map(|fact| facts.agent(fact.buying_agent()?));
        return agents.flat_map(names).collect();
    }
    facts.all_agents().flat_map(|(_, agent)| names(agent)).collect()
}

fn sold(facts: &FactTable, is: fn(&Named) -> bool) -> BTreeSet<WordNumber> {
    facts.words().filter(|(_, named)| is(named)).map(|(number, _)| number).collect()
}

/// Every number that stands for a ZIP code. A code is right or wrong: another one is another place, however near in
/// writing.
fn zips(given: &str, facts: &FactTable) -> Result<(BTreeSet<WordNumber>, String), RecordsError> {
    let all: BTreeSet<WordNumber> = facts.rows().iter().filter_map(Fact::zip).collect();
    let code = |number: &WordNumber| facts.named(*number).map(Named::text);
    let is_wanted = |number: &WordNumber| code(number).is_some_and(|code| zip::is_area(code, given));
    let wanted: BTreeSet<WordNumber> = all.iter().copied().filter(is_wanted).collect();
    match wanted.first().and_then(code) {
        Some(code) => Ok((wanted.clone(), code.to_owned())),
        None => Err(RecordsError::UnknownName {
            what: NarrowedBy::Zip.name(),
            given: given.to_owned(),
            nearest: nearest_codes(given, all.iter().filter_map(code)),
        }),
    }
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
fn one_of(
    by: NarrowedBy,
    given: &str,
    named: &[(WordNumber, String)],
) -> Result<(BTreeSet<WordNumber>, String, Option<Note>), RecordsError> {
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
