//! Why a question was not answered. What a reader can do about it is said where it is shown.

use domain::{CompanyName, DateRangeError, excerpt};
use records::RecordsError;

use super::Company;

/// How much of what was asked for an error repeats, in characters.
pub const GIVEN_CHARS_MAX: usize = 80;

/// Someone who fits a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name, with what tells it from another.
    pub name: String,
    /// Where they are, where several companies were asked.
    pub company: Option<CompanyName>,
}

/// A question that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A company could not answer.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Several fit a name; nobody is guessed.
    #[error("{what}")]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// Those who fit.
        candidates: Vec<Candidate>,
    },
    /// More than one person fits, in several companies.
    #[error("more than one person fits `{}`, in several companies", excerpt(given, GIVEN_CHARS_MAX))]
    SeveralPeople {
        /// What was asked for.
        given: String,
        /// Those who fit.
        candidates: Vec<Candidate>,
    },
    /// No company knows the name; these are the nearest.
    #[error("{what}")]
    UnknownName {
        /// What was asked for.
        what: String,
        /// The kind of name.
        kind: &'static str,
        /// The nearest names there are.
        nearest: Vec<Candidate>,
    },
    /// Nobody and nothing of this kind has the name; something of another kind has it.
    #[error("{what}")]
    OtherKind {
        /// What was asked for.
        what: String,
        /// The name.
        given: String,
        /// The kind that has it, as its argument is called.
        argument: &'static str,
    },
    /// More than one company has a record with this id.
    #[error("more than one company has the {what} {id}")]
    InSeveralCompanies {
        /// The kind of record.
        what: &'static str,
        /// Its id.
        id: String,
        /// Those that have it.
        companies: Vec<CompanyName>,
    },
    /// No company has a record with this id.
    #[error("there is no {what} {id}{}", in_companies(companies))]
    NotFound {
        /// The kind of record.
        what: &'static str,
        /// Its id.
        id: String,
        /// Those that were asked; empty where one alone is served.
        companies: Vec<CompanyName>,
    },
    /// A day is not written as one.
    #[error("`{name}` is not a date: `{}`", excerpt(given, GIVEN_CHARS_MAX))]
    NotADate {
        /// The argument.
        name: &'static str,
        /// What was given.
        given: String,
    },
    /// A period by name and by days at once.
    #[error("both `period` and `from`/`to` were given")]
    PeriodTwice,
    /// There is no period of that name.
    #[error("there is no period `{}`", excerpt(.0, GIVEN_CHARS_MAX))]
    UnknownPeriod(String),
    /// The days are no range.
    #[error(transparent)]
    Days(#[from] DateRangeError),
}

fn in_companies(companies: &[CompanyName]) -> String {
    let names: Vec<&str> = companies.iter().map(CompanyName::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" in {}", names.join(", ")) }
}

/// Whether a company knows nobody by that name or id: nothing of it is left out then.
pub(crate) fn is_unknown(error: &RecordsError) -> bool {
    matches!(error, RecordsError::UnknownName { .. } | RecordsError::UnknownId { .. }) || is_elsewhere(error)
}

/// Whether the caller may see one inspector's work and the company has nobody by that name: there is nothing to leave out.
pub(crate) fn is_elsewhere(error: &RecordsError) -> bool {
    matches!(error, RecordsError::NoOwnWork { several: false, .. })
}

/// Several fit a name in one company at least: nobody is guessed, whatever the other companies know. `others` are those
/// who fit elsewhere. `None` where nothing is ambiguous.
pub(crate) fn ambiguous(failures: &[(&Company, RecordsError)], others: &[(&Company, String)]) -> Option<AnswerError> {
    let several = failures.iter().filter_map(|(company, error)| match error {
        RecordsError::AmbiguousName { candidates, .. } => Some((company, error, candidates)),
        _ => None,
    });
    let several: Vec<_> = several.collect();
    let what = several.first()?.1.to_string();
    let is_alone = failures.len() + others.len() == 1;
    let place = |company: &Company| (!is_alone).then(|| company.name.clone());
    let mut candidates = Vec::new();
    for (company, _, names) in several {
        candidates.extend(names.iter().map(|name| Candidate { name: name.clone(), company: place(company) }));
    }
    candidates.extend(others.iter().map(|(company, name)| Candidate { name: name.clone(), company: place(company) }));
    Some(AnswerError::Ambiguous { what, candidates })
}
