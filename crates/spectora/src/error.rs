//! What can go wrong between this program and the service: one enum for the whole layer.

use std::time::Duration;

use jiff::Timestamp;

use super::meter::Uncounted;
use super::query::Endpoint;

/// A request (with all its attempts) that ended without an answer.
///
/// Neither the key nor the address with its query nor anything a person typed is in it, so it may be logged.
#[derive(Debug, thiserror::Error)]
#[error("{endpoint}: {kind}")]
pub struct SpectoraError {
    /// What was asked for.
    pub endpoint: Endpoint,
    /// How many requests were sent; 0 when none left the machine.
    pub attempts: u32,
    /// What happened to the last one.
    #[source]
    pub kind: SpectoraErrorKind,
}

/// The kinds of failure a caller may want to tell apart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpectoraErrorKind {
    /// 401, or the gateway's `INVALID_CREDENTIALS`: the key is wrong, expired, or its user is gone.
    #[error("the service refused the API key")]
    KeyRefused,
    /// 403: the key is good, but its user may not see this.
    #[error("the API key has no right to this")]
    KeyWithoutRight,
    /// 404: no such record, or no such path.
    #[error("not found")]
    NotFound {
        /// The path itself is an assumption about the service and can be corrected in the configuration under this
        /// name (`[api.paths]`).
        assumed_path: Option<&'static str>,
        /// Said in the service's own form (a JSON:API error). Any other 404 comes from something in between and says
        /// nothing about the record.
        in_service_form: bool,
    },
    /// A record of another company than the one these records belong to; nothing of the reply is used.
    #[error("the API key answers for another company (id {found}) than the one known by this name (id {expected})")]
    OtherCompany {
        /// The id of the company known by this name.
        expected: String,
        /// The id that came.
        found: String,
    },
    /// Another 4xx: the service understood the request and refuses it.
    #[error("the service refused the request ({status}): {detail}")]
    RequestRefused {
        /// The HTTP status.
        status: u16,
        /// The service's own words, cleaned and cut; "no reason given" when there were none.
        detail: String,
    },
    /// Too many requests, by the service's word or by this program's own cap.
    #[error("rate limited{}", retry_at.map(|at| format!(" until {at}")).unwrap_or_default())]
    RateLimited {
        /// When the next request may leave, if known.
        retry_at: Option<Timestamp>,
    },
    /// The month's calls are used up, or what is left of them is kept for direct questions; nothing was sent.
    #[error("{used} of the {budget} API calls of this month are used")]
    OverBudget {
        /// How many calls were made this month.
        used: u64,
        /// How many the configuration allows.
        budget: u64,
    },
    /// It could not be counted, so it was not sent.
    #[error("{0}, and nothing was sent")]
    NotCounted(Uncounted),
    /// 5xx, a redirect (never followed), or no connection, after all retries.
    #[error("the service is unavailable ({reason})")]
    Unavailable {
        /// Such as `HTTP 503`, `connection failed`, `redirected to another address`.
        reason: String,
    },
    /// A 2xx reply that is no document of the expected shape.
    #[error("the reply was not understood at `{path}`: {reason}")]
    NotUnderstood {
        /// Where in the document, such as `data[3].id`; `.` for the whole.
        path: String,
        /// What was wrong there; never the content.
        reason: String,
    },
    /// The reply is larger than this program reads.
    #[error("the reply is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// No complete reply within the time limit, retries included.
    #[error("no complete reply within {} s", after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
    },
}

/// The two ways out when a key belongs to another company.
pub const OTHER_COMPANY_HINT: &str = "put the right key into the configuration, or give this key's company a name of its \
                                      own; to replace the records kept under this name, run `spectora-mcp mirror rebuild`";

impl SpectoraErrorKind {
    /// Whether the service itself says that there is no such record: no wrong path, and nothing in between that said so.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NotFound { assumed_path: None, in_service_form: true })
    }
}

impl SpectoraError {
    /// Whether the same request may well be answered later: the cap, a fault of the service, a slow reply.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            SpectoraErrorKind::RateLimited { .. }
                | SpectoraErrorKind::Unavailable { .. }
                | SpectoraErrorKind::TimedOut { .. }
        )
    }

    /// What whoever set the program up can do about it.
    pub fn hint(&self) -> String {
        match &self.kind {
            SpectoraErrorKind::KeyRefused => "make a new key in Spectora and put it into the configuration".to_owned(),
            SpectoraErrorKind::KeyWithoutRight => "the user who made the key needs the right to see this".to_owned(),
            SpectoraErrorKind::NotFound { .. } => {
                format!("correct `{}` under [api.paths] in spectora.toml", self.endpoint.name())
            }
            SpectoraErrorKind::OtherCompany { .. } => OTHER_COMPANY_HINT.to_owned(),
            SpectoraErrorKind::OverBudget { .. } => "raise `monthly_budget`, or wait for the next month".to_owned(),
            SpectoraErrorKind::NotCounted(why) => why.hint().to_owned(),
            _ if self.is_transient() => "check the network and base_url, then try again in a minute".to_owned(),
            _ => "the service may have changed: look for a newer version of this program".to_owned(),
        }
    }
}
