//! What can go wrong between this program and the service: one enum for the whole layer.

use std::time::Duration;

use jiff::Timestamp;

use super::meter::Uncounted;
use super::query::Endpoint;
use super::unreached::Unreached;

/// A request (with all its attempts) that ended without an answer.
///
/// Neither the key nor the address with its query is in it, so it may be logged. What the service says of a refusal in its own
/// words stands in quotation marks; [`SpectoraErrorKind::without_words`] leaves it out.
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
    #[error("the service refused the request ({status}): \"{detail}\"")]
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
    /// No connection came about, after all retries.
    #[error("the service cannot be reached: {0}")]
    Unreached(Unreached),
    /// 5xx, a redirect (never followed), or a connection that broke, after all retries.
    #[error("the service is unavailable ({reason})")]
    Unavailable {
        /// Such as `HTTP 503`, `connection broke`, `redirected to another address`.
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
pub const OTHER_COMPANY_REMEDY: &str = "put the right key into the configuration, or give this key's company a name of its \
                                      own; to replace the records kept under this name, run `spectora-mcp mirror rebuild`";

impl SpectoraErrorKind {
    /// Whether the service itself says that there is no such record: no wrong path, and nothing in between that said so.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::NotFound { assumed_path: None, in_service_form: true })
    }
}

impl SpectoraErrorKind {
    /// The message without the service's own words, in which anything may stand.
    pub fn without_words(&self) -> String {
        match self {
            Self::RequestRefused { status, .. } => format!("the service refused the request ({status})"),
            other => other.to_string(),
        }
    }
}

impl SpectoraError {
    /// Whether the same request may well be answered later: the cap, a fault of the service, a slow reply.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            SpectoraErrorKind::RateLimited { .. }
                | SpectoraErrorKind::Unreached(_)
                | SpectoraErrorKind::Unavailable { .. }
                | SpectoraErrorKind::TimedOut { .. }
        )
    }

    /// Whether every other request of the company would fail in the same way now.
    pub fn is_of_all(&self) -> bool {
        self.is_transient()
            || matches!(
                self.kind,
                SpectoraErrorKind::KeyRefused
                    | SpectoraErrorKind::OverBudget { .. }
                    | SpectoraErrorKind::NotCounted(_)
                    | SpectoraErrorKind::OtherCompany { .. }
            )
    }

    /// What to do about it: said to whoever asked, who may have to pass it on to whoever set the program up.
    pub fn remedy(&self) -> String {
        match &self.kind {
            SpectoraErrorKind::KeyRefused => {
                "it is wrong or has expired, or its user is gone: make a new key in Spectora's developer settings, and run \
                 `spectora-mcp keys replace NAME` (or put it where `spectora-mcp keys list` says the old one is)"
                    .to_owned()
            }
            SpectoraErrorKind::KeyWithoutRight => {
                "give the user who made the key the right to see this in Spectora, or make a key with a user who has it"
                    .to_owned()
            }
            SpectoraErrorKind::NotFound { assumed_path: Some(name), .. } => format!(
                "the address of `{name}` is an assumption that does not fit: correct `{name}` under [api.paths] in \
                 spectora.toml, then run `spectora-mcp doctor`"
            ),
            SpectoraErrorKind::NotFound { assumed_path: None, in_service_form: true } => "check the id".to_owned(),
            SpectoraErrorKind::NotFound { assumed_path: None, in_service_form: false } => {
                "try again in a minute; if it goes on, run `spectora-mcp doctor` (the address may be wrong)".to_owned()
            }
            SpectoraErrorKind::OtherCompany { .. } => OTHER_COMPANY_REMEDY.to_owned(),
            SpectoraErrorKind::RequestRefused { .. } => "change what is asked for, or leave out a filter".to_owned(),
            SpectoraErrorKind::RateLimited { retry_at: Some(at) } => format!("wait until {at}, then ask again"),
            SpectoraErrorKind::RateLimited { retry_at: None } => "wait a minute, then ask again".to_owned(),
            SpectoraErrorKind::OverBudget { .. } => {
                "raise `monthly_budget` of this company in spectora.toml, or wait for the next month".to_owned()
            }
            SpectoraErrorKind::NotCounted(why) => why.remedy().to_owned(),
            SpectoraErrorKind::Unreached(why) => why.remedy().to_owned(),
            SpectoraErrorKind::TimedOut { .. } | SpectoraErrorKind::Unavailable { .. } => {
                "try again in a minute; if it goes on, run `spectora-mcp doctor`, and ask Spectora's support whether the \
                 service is down"
                    .to_owned()
            }
            SpectoraErrorKind::NotUnderstood { .. } => {
                "a log-in page of your network may be answering in Spectora's place: open a web page to see; else Spectora \
                 may have changed: run `spectora-mcp doctor`, and look for a newer version of this program"
                    .to_owned()
            }
            SpectoraErrorKind::TooLarge { .. } => "ask for fewer rows or a shorter period".to_owned(),
        }
    }
}
