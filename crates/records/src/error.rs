//! Why a question was not answered.

use domain::excerpt;
use mirror::MirrorError;
use spectora::SpectoraError;
use sync::SyncError;

/// How much of what was asked for an error repeats, in characters.
const GIVEN_CHARS_MAX: usize = 80;

/// What a role may not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// E-mail addresses and telephone numbers.
    Contact,
    /// Streets.
    Street,
    /// Quotes, sums of them, and what is paid.
    Money,
    /// Notes and files.
    Notes,
    /// What the service itself counts of agents: everybody's work, of all days.
    Statistics,
    /// What depends on all inspections there ever were.
    OtherDays,
}

impl Hidden {
    fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact details",
            Self::Street => "streets",
            Self::Money => "money",
            Self::Notes => "notes and files",
            Self::Statistics => "Spectora's own statistics, which count all inspections",
            Self::OtherDays => "what depends on all inspections there ever were",
        }
    }
}

/// A question that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The service did not answer.
    #[error(transparent)]
    Service(#[from] SpectoraError),
    /// The mirror did not answer.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The key answers for another company than the one known by this name, so nothing is shown.
    #[error("the API key answers for another company than the one whose records are kept under this name")]
    OtherCompany,
    /// Only a mirror can answer this, and there is none.
    #[error("there is no local mirror")]
    NoMirror,
    /// The mirror could not be brought up to date, or is not far enough.
    #[error("the mirror is not ready for this: {why}")]
    NotRefreshed {
        /// Why.
        why: String,
        /// What to do where it does not go on by itself.
        remedy: Option<String>,
    },
    /// Nothing by that name.
    #[error("no {what} is called `{}`", excerpt(given, GIVEN_CHARS_MAX))]
    UnknownName {
        /// Such as `agent`.
        what: &'static str,
        /// What was asked for.
        given: String,
        /// The most similar names there are, best first.
        nearest: Vec<String>,
    },
    /// Nobody with that id.
    #[error("no {what} has the id {id}")]
    UnknownId {
        /// Such as `agent`.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// More than one by that name; this program does not guess.
    #[error("more than one {what} fits `{}`", excerpt(given, GIVEN_CHARS_MAX))]
    AmbiguousName {
        /// Such as `agent`.
        what: &'static str,
        /// What was asked for.
        given: String,
        /// Those that fit, with their ids.
        candidates: Vec<String>,
    },
    /// The order asked for needs the whole period, and that is more than one question may read.
    #[error("too many inspections to sort by quote")]
    TooMuchToSort,
    /// It is about what the caller may not see.
    #[error("your role does not show {}", what.name())]
    NotShown {
        /// What that is.
        what: Hidden,
        /// The part of the question that is about it; `None` where all of it is.
        leave_out: Option<&'static str>,
    },
    /// The caller may see the work of one inspector, and this company has none by that name, or several.
    #[error("your role shows the work of the inspector `{}` alone, and {} here", excerpt(inspector, GIVEN_CHARS_MAX),
        if *several { "more than one is called that" } else { "nobody is called that" })]
    NoOwnWork {
        /// The inspector's id or name.
        inspector: String,
        /// Whether there are several.
        several: bool,
    },
    /// The caller may see the work of one inspector, which only a mirror can tell from that of others.
    #[error("your role shows the work of one inspector alone, and that is told apart by the local mirror only")]
    OwnWorkNeedsMirror,
}

impl RecordsError {
    /// The message for a note in an answer that goes on without this; what is wrong with the mirror's file comes with what to
    /// do, since nobody else says it.
    pub fn for_note(&self) -> String {
        match self {
            Self::Mirror(error) => error.for_note(),
            other => other.to_string(),
        }
    }

    /// The first reading goes on, and must end before this is answered.
    pub(super) fn first_reading() -> Self {
        Self::NotRefreshed { why: "the first reading of all inspections is not finished".to_owned(), remedy: None }
    }
}

/// Turns "not found" into `None`, unless it is the path that was not found or something in between that said so.
pub(super) fn found<T>(result: Result<T, SpectoraError>) -> Result<Option<T>, RecordsError> {
    match result {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.kind.is_absence() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl From<SyncError> for RecordsError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Service(error) => error.into(),
            SyncError::Mirror(error) => error.into(),
            SyncError::OtherCompany => Self::OtherCompany,
            SyncError::Busy => Self::NotRefreshed { why: error.to_string(), remedy: None },
            error => Self::NotRefreshed { why: error.to_string(), remedy: Some(error.remedy()) },
        }
    }
}
