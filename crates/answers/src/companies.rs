//! The companies that are asked, all at once.

use std::sync::Arc;

use domain::{Clock, CompanyName, Fields, Permissions, excerpt};
use futures_util::future::join_all;
use jiff::Timestamp;
use records::{Basis, Gap, Note, Records, RecordsError};

use super::error::{AnswerError, GIVEN_CHARS_MAX, ambiguous, is_elsewhere, is_unknown};

/// A company that can be asked.
pub struct Company {
    /// Its name in arguments and answers.
    pub name: CompanyName,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its records.
    pub records: Arc<Records>,
}

/// All companies, and the clock that every answer goes by.
pub struct Companies {
    /// In the order they are asked and shown.
    pub all: Vec<Company>,
    /// The present time.
    pub clock: Arc<dyn Clock>,
    /// What the caller may see.
    permissions: Arc<Permissions>,
    notice: Option<Arc<str>>,
}

/// What each company answered, and what that stands on.
#[derive(Debug)]
pub struct Answered<'a, T> {
    /// By company; those that failed are not here.
    pub parts: Vec<(&'a Company, T)>,
    /// What all of it stands on; companies that failed are among its gaps.
    pub basis: Basis,
}

impl std::fmt::Debug for Company {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Company({})", self.name)
    }
}

impl Companies {
    /// These companies; everything of them may be seen.
    pub fn new(all: Vec<Company>, clock: Arc<dyn Clock>) -> Self {
        Self { all, clock, permissions: Arc::default(), notice: None }
    }

    /// The same, with something that whoever may see everything should know about how they are set up.
    #[must_use]
    pub fn with_notice(self, notice: &str) -> Self {
        Self { notice: Some(notice.into()), ..self }
    }

    /// What the caller should know about how they are set up. It may name any company, so it is for callers who may see all.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref().filter(|_| self.permissions.is_everything())
    }

    /// What whoever has these permissions may see of them: those companies alone that they may ask about, and of those no
    /// more than they may see. Shares what is remembered; costs nothing to make. Permissions are given once: a second
    /// time gives nothing back.
    #[must_use]
    pub fn seen_by(&self, permissions: &Arc<Permissions>) -> Self {
        let permissions = if self.permissions.is_everything() { permissions } else { &self.permissions };
        let is_allowed = |company: &&Company| permissions.allows_company(&company.name);
        let seen = |company: &Company| Company {
            name: company.name.clone(),
            display_name: company.display_name.clone(),
            records: Arc::new(company.records.seen_by(permissions)),
        };
        let all = self.all.iter().filter(is_allowed).map(seen).collect();
        Self { all, clock: Arc::clone(&self.clock), permissions: Arc::clone(permissions), notice: self.notice.clone() }
    }

    /// What the caller may see.
    pub fn permissions(&self) -> &Arc<Permissions> {
        &self.permissions
    }

    /// How much of each kind of field the caller may see.
    pub fn fields(&self) -> Fields {
        self.permissions.fields
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Those named, or all.
    pub fn chosen(&self, names: Option<&[String]>) -> Vec<&Company> {
        let is_wanted = |company: &&Company| {
            names.is_none_or(|names| names.iter().any(|name| company.name.as_str() == name.as_str()))
        };
        self.all.iter().filter(is_wanted).collect()
    }

    /// Asks these companies at once. One that fails is a gap; when all fail, or several people fit a name, that is the
    /// answer.
    pub async fn each<'a, T, F>(
        &self,
        companies: &[&'a Company],
        ask: impl Fn(&'a Company) -> F,
    ) -> Result<Answered<'a, T>, AnswerError>
    where
        F: Future<Output = Result<(T, Basis), RecordsError>>,
    {
        let asked = join_all(companies.iter().map(|company| async { (*company, ask(company).await) })).await;
        let mut parts = Vec::new();
        let mut merged: Option<Basis> = None;
        let mut failures = Vec::new();
        for (company, answer) in asked {
            match answer {
                Ok((value, basis)) => {
                    parts.push((company, value));
                    match &mut merged {
                        Some(merged) => merged.absorb(basis),
                        None => merged = Some(basis),
                    }
                }
                Err(error) => failures.push((company, error)),
            }
        }
        if let Some(several) = ambiguous(&failures, &[]) {
            return Err(several);
        }
        if parts.is_empty() && !failures.is_empty() {
            return Err(failures.swap_remove(0).1.into());
        }
        let mut basis = merged.unwrap_or_else(|| Basis::computed_at(self.now()));
        for (company, error) in &failures {
            add_failure(&mut basis, company, error);
        }
        Ok(Answered { parts, basis })
    }

    /// Asks these companies for one record. Where one has it, a company that could not be asked is named in the basis;
    /// where none has it, that failure is the answer, and where a name fits several people, that is.
    pub async fn find_one<'a, T, F>(
        &self,
        companies: &[&'a Company],
        what: &'static str,
        id: &str,
        ask: impl Fn(&'a Company) -> F,
    ) -> Result<(&'a Company, T, Basis), AnswerError>
    where
        F: Future<Output = Result<Option<(T, Basis)>, RecordsError>>,
    {
        let id = excerpt(id, GIVEN_CHARS_MAX);
        let asked = join_all(companies.iter().map(|company| async { (*company, ask(company).await) })).await;
        let mut found = Vec::new();
        let mut failures = Vec::new();
        for (company, answer) in asked {
            match answer {
                Ok(Some((value, basis))) => found.push((company, value, basis)),
                Ok(None) => {}
                Err(error) => failures.push((company, error)),
            }
        }
        if let Some(several) = ambiguous(&failures, &[]) {
            return Err(several);
        }
        // A company where the caller has no work of their own has nothing to say where another one was asked.
        if failures.len() < companies.len() {
            failures.retain(|(_, error)| !is_elsewhere(error));
        }
        if 1 < found.len() {
            let companies = found.iter().map(|(company, ..)| company.name.clone()).collect();
            return Err(AnswerError::InSeveralCompanies { what, id, companies });
        }
        match (found.pop(), failures.pop()) {
            (Some((company, value, mut basis)), last) => {
                for (other, error) in failures.iter().chain(&last).filter(|(_, error)| !is_unknown(error)) {
                    basis.notes.push(Note::NotAsked(other.name.clone(), error.for_note()));
                }
                Ok((company, value, basis))
            }
            (None, Some((_, error))) => Err(error.into()),
            (None, None) => {
                let names = companies.iter().map(|company| company.name.clone());
                let companies = if self.all.len() == 1 { Vec::new() } else { names.collect() };
                Err(AnswerError::NotFound { what, id, companies })
            }
        }
    }
}

/// What an answer says of a company that did not take part in it. A name that only another company knows leaves nothing
/// out.
pub(crate) fn add_failure(basis: &mut Basis, company: &Company, error: &RecordsError) {
    if is_unknown(error) {
        basis.notes.push(Note::NotThere(company.name.clone(), error.to_string()));
    } else {
        basis.gaps.push(Gap::Company(company.name.clone(), error.for_note()));
    }
}
