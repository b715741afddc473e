//! Why a sync ended early.

use mirror::MirrorError;
use spectora::{OTHER_COMPANY_REMEDY, SpectoraError};

/// A sync that did not finish. What was stored stays, and the next one goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The service did not answer.
    #[error(transparent)]
    Service(#[from] SpectoraError),
    /// The mirror could not be written or read.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Another process is syncing this mirror; what it stores is seen here too.
    #[error("another process is syncing this mirror")]
    Busy,
    /// The key answers for another company than the one whose records are here.
    #[error("the API key answers for another company than the one whose records are kept under this name")]
    OtherCompany,
    /// It would need more calls than the month has left for background work, so it was not begun.
    #[error("it needs {needed} API calls and the month's budget leaves {left} for background work")]
    OverBudget {
        /// Calls needed.
        needed: u64,
        /// Calls left.
        left: u64,
    },
}

impl SyncError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Service(error) => error.remedy(),
            Self::Mirror(error) => error.remedy().to_owned(),
            Self::Busy => "wait for that to end; `spectora-mcp mirror status` shows how far it is".to_owned(),
            Self::OtherCompany => OTHER_COMPANY_REMEDY.to_owned(),
            Self::OverBudget { .. } => {
                "raise `monthly_budget` of this company in spectora.toml, or wait for the next month".to_owned()
            }
        }
    }

    /// The message for a note; what is wrong with the mirror's file comes with what to do, since nobody else says it.
    pub fn for_note(&self) -> String {
        match self {
            Self::Mirror(error) => error.for_note(),
            other => other.to_string(),
        }
    }

    /// Whether everything else of this company would fail as well, so that it is better to stop.
    pub(super) fn is_company_wide(&self) -> bool {
        match self {
            Self::Mirror(_) | Self::Busy | Self::OtherCompany | Self::OverBudget { .. } => true,
            Self::Service(error) => error.is_of_all(),
        }
    }
}
