//! What the model is told when a tool cannot answer.

use std::fmt;

use rmcp::model::{CallToolResult, ContentBlock};

use answers::{AnswerError, Candidate, GIVEN_CHARS_MAX};
use domain::{CompanyName, NamedPeriod, excerpt};
use records::{RecordsError, ServiceErrorKind as SpectoraErrorKind};

use super::arguments::nearest;

/// How days are given.
pub(super) const DAY_EXAMPLES: &str = "a day as 2026-10-01, 10/1/2026 (month first), Oct 1 2026, or today, yesterday, tomorrow; whole periods go into `period`";
/// How periods are given.
const PERIOD_EXAMPLES: &str = "a period such as today, last_week, this_month, last_quarter, last_30_days, last_3_months, \
    next_14_days, ytd, 2026-10, October 2026, 2026-Q3, 2026, since 2026-10-01, 2026-10-01 to 2026-10-15";

/// A failed call, in words a model can act on and an owner can understand: what was wrong, and what to do next.
///
/// Becomes a tool result with `isError` and text only; never a protocol error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFailure {
    what: String,
    next: String,
    /// The same call is answered once the first reading is done.
    is_early: bool,
}

impl ToolFailure {
    /// What was wrong, and what to do next.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), is_early: false }
    }

    /// Whether the call only came before the first reading was done.
    pub(super) fn is_early(&self) -> bool {
        self.is_early
    }

    /// What to do next.
    pub fn remedy(&self) -> &str {
        &self.next
    }

    /// A fault of this program; the log has the rest.
    pub fn internal() -> Self {
        Self::new(
            "this call failed inside spectora-mcp",
            "try again; if it happens again, report it with the server's log (no other call is affected)",
        )
    }

    /// The tool result.
    pub(super) fn into_result(self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text(self.to_string())])
    }
}

impl fmt::Display for ToolFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error: {}.\nWhat to do: {}.", self.what.trim_end_matches('.'), self.next.trim_end_matches('.'))
    }
}

impl From<AnswerError> for ToolFailure {
    fn from(error: AnswerError) -> Self {
        let what = error.to_string();
        let listed = |candidates: &[Candidate]| {
            let one = |candidate: &Candidate| match &candidate.company {
                Some(company) => format!("{} in {company}", candidate.name),
                None => candidate.name.clone(),
            };
            candidates.iter().map(one).collect::<Vec<_>>().join("; ")
        };
        let next = match error {
            AnswerError::Records(error) => return error.into(),
            AnswerError::Ambiguous { candidates, .. } => {
                format!("give the id of the one you mean: {}", listed(&candidates))
            }
            AnswerError::SeveralPeople { candidates, .. } => {
                format!("give `company`, or the id, of the one you mean: {}", listed(&candidates))
            }
            AnswerError::UnknownName { nearest, .. } => format!("use one of the nearest names: {}", listed(&nearest)),
            AnswerError::OtherKind { given, argument, .. } => {
                format!("`{}` is the name of an {argument}: give it as `{argument}`", excerpt(&given, GIVEN_CHARS_MAX))
            }
            AnswerError::InSeveralCompanies { companies, .. } => {
                let names: Vec<&str> = companies.iter().map(CompanyName::as_str).collect();
                format!("give `company`: {}", names.join(" or "))
            }
            AnswerError::NotFound { .. } => {
                "check the id; list tools give ids, and canceled or deleted records may be out of reach".to_owned()
            }
            AnswerError::NotADate { .. } => format!("give {DAY_EXAMPLES}"),
            AnswerError::Days(_) => {
                "give `from` and `to` as YYYY-MM-DD, both inclusive, or `period` by name".to_owned()
            }
            AnswerError::PeriodTwice => "give one of them".to_owned(),
            AnswerError::UnknownPeriod(given) => {
                let names: Vec<&str> = NamedPeriod::ALL.iter().map(|period| period.name()).collect();
                match nearest(&given, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`? Give {PERIOD_EXAMPLES}"),
                    None => format!("give {PERIOD_EXAMPLES}"),
                }
            }
        };
        Self::new(what, next)
    }
}

impl From<RecordsError> for ToolFailure {
    fn from(error: RecordsError) -> Self {
        let what = error.to_string();
        match error {
            RecordsError::UnknownName { nearest, .. } if nearest.is_empty() => {
                Self::new(what, "give a part of the name, or the id (list_agents finds agents)")
            }
            RecordsError::UnknownName { nearest, .. } => {
                Self::new(what, format!("use one of the nearest names: {}", nearest.join("; ")))
            }
            RecordsError::UnknownId { what: "agent", .. } => {
                Self::new(what, "check the id, or give the name (list_agents finds agents)")
            }
            RecordsError::UnknownId { .. } => {
                Self::new(what, "check the id, or give the name (inspector_scorecard shows names and ids)")
            }
            RecordsError::AmbiguousName { candidates, .. } => {
                Self::new(what, format!("give the id of the one you mean: {}", candidates.join("; ")))
            }
            RecordsError::TooMuchToSort => {
                Self::new(what, "give a shorter period (`from` and `to`, or `period`), or sort by date")
            }
            RecordsError::NotShown { leave_out: Some(part), .. } => {
                Self::new(what, format!("leave out `{part}`, or ask somebody whose role shows it"))
            }
            RecordsError::NotShown { leave_out: None, .. } => {
                Self::new(what, "ask for something else, or ask somebody whose role shows it")
            }
            RecordsError::NoOwnWork { .. } => Self::new(
                what,
                "whoever gave you access must name the inspector by the id in Spectora, or by the whole name where one person \
                 alone has it",
            ),
            RecordsError::OwnWorkNeedsMirror => Self::new(
                what,
                "try again in a minute; if it goes on, the server must run with its mirror (no --no-mirror)",
            ),
            RecordsError::OtherCompany => Self::new(what, records::OTHER_COMPANY_REMEDY),
            RecordsError::NoMirror => {
                Self::new(what, "ask with the list tools instead; the mirror is switched on by leaving out --no-mirror")
            }
            RecordsError::NotRefreshed { remedy: None, .. } => {
                Self { is_early: true, ..Self::new(what, "try again in a minute; list_companies shows how far it is") }
            }
            RecordsError::NotRefreshed { remedy: Some(remedy), .. } => Self::new(what, remedy),
            RecordsError::Mirror(error) => Self::new(what, error.remedy()),
            RecordsError::Service(error) if matches!(error.kind, SpectoraErrorKind::NotCounted(_)) => {
                Self::new(format!("Spectora was not asked ({what})"), error.remedy())
            }
            RecordsError::Service(error) => Self::new(format!("Spectora did not answer ({what})"), error.remedy()),
        }
    }
}
