//! Who is meant by a name where several companies are asked: decided for all of them at once, so that two persons are
//! not guessed between because they are in two companies.

use std::sync::Arc;

use domain::{fold, has_words};
use futures_util::future::join_all;
use records::{
    AgentEntry, AgentMeant, Basis, Gap, InspectorMeant, Likeness, NameEntry, Note, Records, RecordsError, described,
};

use super::error::{ambiguous, is_unknown};
use super::{AnswerError, Candidate, Companies, Company};

/// The kinds of name that are easily taken for each other, as their arguments are called.
const AGENT: &str = "agent";
const AGENCY: &str = "agency";

/// The inspector and the agent meant in each company that knows them.
pub(crate) struct People<'a> {
    found: Vec<Found<'a>>,
    /// What a reader should know of how names were taken.
    notes: Vec<Note>,
    /// What companies that could not be asked leave out.
    gaps: Vec<Gap>,
}

struct Found<'a> {
    company: &'a Company,
    inspector: Option<InspectorMeant>,
    agent: Option<AgentMeant>,
}

/// What makes one company's match comparable with another's.
trait Match: Clone {
    fn likeness(&self) -> Likeness;
    fn entry(&self) -> &NameEntry;
    /// Whether it is known to be the same person as a match in another company.
    fn is_same_as(&self, other: &Self) -> bool;
    /// Whether it was looked up: an id is taken as it is where nobody can say whose it is.
    fn is_known(&self) -> bool;
}

impl Match for AgentMeant {
    fn likeness(&self) -> Likeness {
        self.likeness
    }

    fn entry(&self) -> &NameEntry {
        &self.entry
    }

    /// Agents are one person by the person's id alone.
    fn is_same_as(&self, other: &Self) -> bool {
        self.person.is_some() && self.person == other.person
    }

    fn is_known(&self) -> bool {
        self.likeness != Likeness::Id || self.number.is_some()
    }
}

impl Match for InspectorMeant {
    fn likeness(&self) -> Likeness {
        self.likeness
    }

    fn entry(&self) -> &NameEntry {
        &self.entry
    }

    /// Nothing joins inspectors but their names, and a company's own people often work for its other companies.
    fn is_same_as(&self, other: &Self) -> bool {
        self.likeness != Likeness::Id && fold(&self.entry.name) == fold(&other.entry.name)
    }

    fn is_known(&self) -> bool {
        self.number.is_some()
    }
}

impl<'a> People<'a> {
    /// Finds the inspector and the agent given in these companies. A company that does not know them is left out; where
    /// none knows them, or more than one fits, in one company or in several, that is the answer.
    pub(crate) async fn find(
        companies: &[&'a Company],
        inspector: Option<&str>,
        agent: Option<&str>,
    ) -> Result<Self, AnswerError> {
        let all = companies.iter().map(|company| Found { company, inspector: None, agent: None });
        let mut people = Self { found: all.collect(), notes: Vec::new(), gaps: Vec::new() };
        if let Some(given) = inspector {
            let asked = people.found.iter().map(|one| one.company.records.inspector_meant(given));
            let answers = join_all(asked).await;
            let several = people.settle(given, answers, |found, meant| found.inspector = Some(meant))?;
            if several {
                people.notes.push(Note::InspectorInSeveral(given.to_owned()));
            }
            let taken =
                people.found.iter().filter_map(|one| Some((one.company, one.inspector.as_ref()?.note.as_ref()?)));
            let taken: Vec<Note> = taken.map(|(company, note)| of_company(companies, company, note)).collect();
            people.notes.extend(taken);
        }
        if let Some(given) = agent {
            let asked = people.found.iter().map(|one| one.company.records.agent_meant(given));
            let answers = join_all(asked).await.into_iter().map(|answer| answer.map(Some)).collect();
            people.settle(given, answers, |found, meant| found.agent = Some(meant))?;
            let notes = people.found.iter().flat_map(|one| {
                let notes = one.agent.iter().flat_map(|agent| &agent.notes);
                notes.map(|note| of_company(companies, one.company, note))
            });
            let notes: Vec<Note> = notes.collect();
            people.notes.extend(notes);
        }
        Ok(people)
    }

    /// Keeps the companies with the best match and says of the others why not. Gives whether a name is in several.
    fn settle<T: Match>(
        &mut self,
        given: &str,
        answers: Vec<Result<Option<T>, RecordsError>>,
        put: impl Fn(&mut Found<'a>, T),
    ) -> Result<bool, AnswerError> {
        let asked = std::mem::take(&mut self.found);
        let (mut matches, mut unasked, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (found, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(Some(meant)) => matches.push((found, meant)),
                // Without names to compare with, the words are passed on as they are.
                Ok(None) => unasked.push(found),
                Err(error) => failures.push((found.company, error)),
            }
        }
        let others: Vec<_> = matches.iter().map(|(found, meant)| (found.company, described(meant.entry()))).collect();
        if let Some(several) = ambiguous(&failures, &others) {
            return Err(several);
        }
        let best = matches.iter().map(|(_, meant)| meant.likeness()).min();
        let (best, worse): (Vec<_>, Vec<_>) =
            matches.into_iter().partition(|(_, meant)| Some(meant.likeness()) == best);
        for (found, meant) in &worse {
            self.notes.push(Note::NearestNotCounted {
                company: found.company.name.clone(),
                given: given.to_owned(),
                nearest: described(meant.entry()),
            });
        }
        let known: Vec<&(Found<'_>, T)> = best.iter().filter(|(_, meant)| meant.is_known()).collect();
        if let Some(((_, first), rest)) = known.split_first()
            && !rest.iter().all(|(_, other)| first.is_same_as(other))
        {
            let candidates =
                known.iter().map(|(found, meant)| of_company_named(found.company, &described(meant.entry())));
            return Err(AnswerError::SeveralPeople { given: given.to_owned(), candidates: candidates.collect() });
        }
        let several = 1 < known.len();
        if best.is_empty() && unasked.is_empty() {
            // A company that could not be asked might know the name: its failure comes first.
            let at = failures.iter().position(|(_, error)| !is_unknown(error)).unwrap_or(0);
            let kind = failures.iter().find_map(|(_, error)| match error {
                RecordsError::UnknownName { what, .. } => Some(*what),
                _ => None,
            });
            let near = failures.iter().filter_map(|(company, error)| match error {
                RecordsError::UnknownName { nearest, .. } if !nearest.is_empty() => Some((company, nearest)),
                _ => None,
            });
            let nearest: Vec<Candidate> = near
                .flat_map(|(company, nearest)| nearest.iter().map(move |one| of_company_named(company, one)))
                .collect();
            if 1 < failures.len() && !nearest.is_empty() && failures.iter().all(|(_, error)| is_unknown(error)) {
                let what = failures.swap_remove(at).1.to_string();
                return Err(AnswerError::UnknownName { what, kind: kind.unwrap_or_default(), nearest });
            }
            return match failures.into_iter().nth(at) {
                Some((_, error)) => Err(error.into()),
                None => Ok(false),
            };
        }
        for (company, error) in &failures {
            match error {
                RecordsError::UnknownId { .. } => {}
                RecordsError::UnknownName { .. } | RecordsError::NoOwnWork { several: false, .. } => {
                    self.notes.push(Note::NotThere(company.name.clone(), error.to_string()));
                }
                _ => self.gaps.push(Gap::Company(company.name.clone(), error.for_note())),
            }
        }
        self.found = unasked;
        for (mut found, meant) in best {
            put(&mut found, meant);
            self.found.push(found);
        }
        Ok(several)
    }

    /// The companies that know them.
    pub(crate) fn companies(&self) -> Vec<&'a Company> {
        self.found.iter().map(|one| one.company).collect()
    }

    /// The inspector meant in a company.
    pub(crate) fn inspector(&self, company: &Company) -> Option<InspectorMeant> {
        self.found.iter().find(|one| one.company.name == company.name)?.inspector.clone()
    }

    /// The agent meant in a company.
    pub(crate) fn agent(&self, company: &Company) -> Option<AgentMeant> {
        self.found.iter().find(|one| one.company.name == company.name)?.agent.clone()
    }

    /// Adds what there is to say to an answer's basis.
    pub(crate) fn say(self, basis: &mut Basis) {
        basis.notes.extend(self.notes);
        basis.gaps.extend(self.gaps);
    }
}

/// A note, with the company's name where several are asked.
fn of_company(companies: &[&Company], company: &Company, note: &Note) -> Note {
    if companies.len() == 1 { note.clone() } else { Note::Of(company.name.clone(), Box::new(note.clone())) }
}

fn of_company_named(company: &Company, name: &str) -> Candidate {
    Candidate { name: name.to_owned(), company: Some(company.name.clone()) }
}

/// The same failure; where an agent is unknown who is called as an agency is, or the reverse, that. Agencies go by agents'
/// names for theirs.
pub(crate) async fn told_apart(
    companies: &[&Company],
    agent: Option<&str>,
    agency: Option<&str>,
    error: AnswerError,
) -> AnswerError {
    let kind = match &error {
        AnswerError::Records(RecordsError::UnknownName { what, .. }) => *what,
        AnswerError::UnknownName { kind, .. } => *kind,
        _ => return error,
    };
    let (given, argument) = match (kind, agent, agency) {
        (AGENT, Some(given), _) => {
            let has = |records: Arc<Records>| async move {
                let agents = records.agents().await.map(|(agents, _)| agents).unwrap_or_default();
                let names = agents.iter().filter_map(|agent| agent.agency_name.as_ref());
                names.into_iter().any(|name| has_words(name.as_str(), &fold(given)))
            };
            let asked = companies.iter().map(|company| has(Arc::clone(&company.records)));
            if !join_all(asked).await.contains(&true) {
                return error;
            }
            (given, AGENCY)
        }
        (AGENCY, _, Some(given)) if People::find(companies, None, Some(given)).await.is_ok() => (given, AGENT),
        _ => return error,
    };
    AnswerError::OtherKind { what: error.to_string(), given: given.to_owned(), argument }
}

impl Companies {
    /// The agent meant by a connection id or a name in one of these companies, with the statistics about them.
    pub async fn agent<'a>(
        &self,
        companies: &[&'a Company],
        given: &str,
    ) -> Result<(&'a Company, AgentEntry, Basis), AnswerError> {
        let people = match People::find(companies, None, Some(given)).await {
            Ok(people) => people,
            Err(error) => return Err(told_apart(companies, Some(given), None, error).await),
        };
        let meant = people.companies();
        let (company, entry, mut basis) = self
            .find_one(&meant, "agent", given, |company| {
                let agent = people.agent(company);
                async move {
                    match agent {
                        Some(agent) => company.records.agent(&agent.id).await,
                        None => Ok(None),
                    }
                }
            })
            .await?;
        people.say(&mut basis);
        Ok((company, entry, basis))
    }
}
