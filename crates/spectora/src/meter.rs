//! Counting calls and keeping the cap beyond one process. What counts is outside; this is the seam.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::query::Endpoint;

/// Why a request is made: background work yields when the month's calls run low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody waits for the answer.
    #[default]
    Direct,
    /// Nobody waits.
    Background,
}

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It may, and it is counted; the ticket is given back with the outcome.
    Go(Ticket),
    /// Not before this long from now.
    Wait(Duration),
    /// Not in this month: its calls are used up, or what is left is kept for direct questions.
    OverBudget {
        /// How many calls were made this month.
        used: u64,
        /// How many may be made.
        budget: u64,
    },
    /// It cannot be counted, and nothing leaves uncounted.
    Uncounted(Uncounted),
}

/// Why a request cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncounted {
    /// Nothing more can be written.
    #[error("the disk is full, so the call could not be counted")]
    DiskFull,
    /// The count is damaged.
    #[error("the count of API calls is damaged (ledger.sqlite in the data folder)")]
    Damaged,
    /// The count cannot be opened or written.
    #[error("the count of API calls cannot be written (ledger.sqlite in the data folder)")]
    Unusable,
}

impl Uncounted {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::DiskFull => "free some space on the disk that holds the data folder, then ask again",
            Self::Damaged => {
                "delete ledger.sqlite in the data folder (`spectora-mcp doctor` names it) to start a new count; leave the \
                 mirrors beside it alone"
            }
            Self::Unusable => {
                "check who may write to the data folder; `spectora-mcp doctor` names it and what is wrong"
            }
        }
    }
}

/// A counted request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Where it went.
    pub endpoint: Endpoint,
    /// The month it is counted in, as `year * 100 + month`.
    pub month: u32,
}

/// How a request ended, as far as a count needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallOutcome {
    /// An answer.
    Answered,
    /// Too many requests.
    RateLimited,
    /// Refused, not found, or without the right.
    Refused,
    /// A fault of the service or of the connection.
    Failed,
}

impl CallOutcome {
    /// The word in the count.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Counts the calls of one company, for all processes that share the count.
pub trait CallMeter: Send + Sync + 'static {
    /// Asks to send one request now.
    fn depart(&self, endpoint: Endpoint, purpose: Purpose) -> BoxFuture<'_, Departure>;

    /// Says how a counted request ended. One whose end is never told stays counted.
    fn arrive(&self, ticket: Ticket, outcome: CallOutcome) -> BoxFuture<'_, ()>;

    /// Nobody sends before this long from now.
    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()>;
}
