//! Who is meant by a name where several companies are asked: decided for all of them at once, so that two persons are
//! not guessed between because they are in two companies.

use futures_util::future::join_all;

use super::super::{ServedCompany, ToolFailure};
use super::{ALL_OF, ambiguous, in_company};
use domain::fold;
use mirror::NameEntry;
use records::{AgentMeant, Basis, InspectorMeant, Likeness, RecordsError, described};

/// The inspector and the agent meant in each company that knows them.
pub(super) struct People<'a> {
    found: Vec<Found<'a>>,
    /// What a reader should know of how names were taken.
    notes: Vec<String>,
    /// What companies that could not be asked leave out.
    missing: Vec<String>,
}

struct Found<'a> {
    company: &'a ServedCompany,
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
    pub(super) async fn find(
        companies: &[&'a ServedCompany],
        inspector: Option<&str>,
        agent: Option<&str>,
    ) -> Result<Self, ToolFailure> {
        let all = companies.iter().map(|company| Found { company, inspector: None, agent: None });
        let mut people = Self { found: all.collect(), notes: Vec::new(), missing: Vec::new() };
        if let Some(given) = inspector {
            let asked = people.found.iter().map(|one| one.company.records.inspector_meant(given));
            let answers = join_all(asked).await;
            let several = people.settle(given, answers, |found, meant| found.inspector = Some(meant))?;
            if several {
                people.notes.push(format!(
                    "an inspector `{given}` is in several companies; nothing in the records says whether it is one person"
                ));
            }
            let taken =
                people.found.iter().filter_map(|one| Some((one.company, one.inspector.as_ref()?.note.as_ref()?)));
            let taken: Vec<String> = taken.map(|(company, note)| of_company(companies, company, note)).collect();
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
            let notes: Vec<String> = notes.collect();
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
    ) -> Result<bool, ToolFailure> {
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
        let is_ambiguous = |(_, error): &(_, RecordsError)| matches!(error, RecordsError::AmbiguousName { .. });
        if failures.iter().any(is_ambiguous) {
            let others = matches.iter().map(|(found, meant)| (found.company, described(meant.entry())));
            return Err(ambiguous(&failures, &others.collect::<Vec<_>>()));
        }
        let best = matches.iter().map(|(_, meant)| meant.likeness()).min();
        let (best, worse): (Vec<_>, Vec<_>) =
            matches.into_iter().partition(|(_, meant)| Some(meant.likeness()) == best);
        for (found, meant) in &worse {
            self.notes.push(format!(
                "{}: nobody is called `{given}`; the nearest, {}, is not counted",
                found.company.name,
                described(meant.entry())
            ));
        }
        let known: Vec<&(Found<'_>, T)> = best.iter().filter(|(_, meant)| meant.is_known()).collect();
        if let Some(((_, first), rest)) = known.split_first()
            && !rest.iter().all(|(_, other)| first.is_same_as(other))
        {
            let candidates = known.iter().map(|(found, meant)| (found.company, described(meant.entry())));
            let listed: Vec<String> = candidates.map(|(company, name)| in_company(&name, company)).collect();
            return Err(ToolFailure::new(
                format!("more than one person fits `{given}`, in several companies"),
                format!("give `company`, or the id, of the one you mean: {}", listed.join("; ")),
            ));
        }
        let several = 1 < known.len();
        let is_unknown =
            |error: &RecordsError| matches!(error, RecordsError::UnknownName { .. } | RecordsError::UnknownId { .. });
        if best.is_empty() && unasked.is_empty() {
            // A company that could not be asked might know the name: its failure comes first.
            let at = failures.iter().position(|(_, error)| !is_unknown(error)).unwrap_or(0);
            let near = failures.iter().filter_map(|(company, error)| match error {
                RecordsError::UnknownName { nearest, .. } if !nearest.is_empty() => Some((company, nearest)),
                _ => None,
            });
            let near: Vec<String> =
                near.flat_map(|(company, nearest)| nearest.iter().map(move |one| in_company(one, company))).collect();
            if 1 < failures.len() && !near.is_empty() && failures.iter().all(|(_, error)| is_unknown(error)) {
                let what = failures.swap_remove(at).1.to_string();
                return Err(ToolFailure::new(what, format!("use one of the nearest names: {}", near.join("; "))));
            }
            return match failures.into_iter().nth(at) {
                Some((_, error)) => Err(error.into()),
                None => Ok(false),
            };
        }
        for (company, error) in &failures {
            match error {
                RecordsError::UnknownId { .. } => {}
                RecordsError::UnknownName { .. } => self.notes.push(format!("{}: {error}", company.name)),
                _ => self.missing.push(format!("{ALL_OF}{}: {error}", company.name)),
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
    pub(super) fn companies(&self) -> Vec<&'a ServedCompany> {
        self.found.iter().map(|one| one.company).collect()
    }

    /// The inspector meant in a company.
    pub(super) fn inspector(&self, company: &ServedCompany) -> Option<InspectorMeant> {
        self.found.iter().find(|one| one.company.name == company.name)?.inspector.clone()
    }

    /// The agent meant in a company.
    pub(super) fn agent(&self, company: &ServedCompany) -> Option<AgentMeant> {
        self.found.iter().find(|one| one.company.name == company.name)?.agent.clone()
    }

    /// Adds what there is to say to an answer's basis.
    pub(super) fn say(&self, basis: Option<Basis>) -> Option<Basis> {
        basis.map(|mut basis| {
            basis.notes.extend(self.notes.iter().cloned());
            basis.missing.extend(self.missing.iter().cloned());
            basis
        })
    }
}

/// A note, with the company's name where several are asked.
fn of_company(companies: &[&ServedCompany], company: &ServedCompany, note: &str) -> String {
    if companies.len() == 1 { note.to_owned() } else { format!("{}: {note}", company.name) }
}
