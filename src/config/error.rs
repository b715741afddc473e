//! What can be wrong with a configuration, and the way out.

use std::path::PathBuf;

use crate::domain::{CompanyNameError, NamingError};

/// A configuration that cannot be used. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing is configured.
    #[error("no company is configured")]
    NoCompany,
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is no configuration.
    #[error("{path}, line {line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there, with what would be right.
        message: String,
    },
    /// A company cannot be called that.
    #[error(transparent)]
    CompanyName(CompanyNameError),
    /// `--company` names one that is not configured.
    #[error("no company `{given}`; configured: {names}")]
    UnknownCompany {
        /// What was given.
        given: String,
        /// What there is.
        names: String,
    },
    /// `SPECTORA_API_KEY` could be the key of several.
    #[error("`SPECTORA_API_KEY` is set, and it is not clear whose key it is; configured: {names}")]
    WhichCompany {
        /// What there is.
        names: String,
    },
    /// The key was put where the name belongs.
    #[error("`SPECTORA_COMPANY_NAME` holds the key")]
    KeyAsName,
    /// A company without a key.
    #[error("company {company} has no `api_key`")]
    NoKey {
        /// Which.
        company: String,
    },
    /// A key that cannot be had.
    #[error("the key of company {company}: {reason}")]
    Key {
        /// Which.
        company: String,
        /// Why.
        reason: String,
    },
    /// No such zone.
    #[error("company {company}: there is no time zone `{given}`; near: {near}")]
    Zone {
        /// Which.
        company: String,
        /// What was given.
        given: String,
        /// Names that are like it.
        near: String,
    },
    /// No zone given, and the machine has none.
    #[error("company {company} has no `timezone`, and this machine's own is unknown")]
    NoMachineZone {
        /// Which.
        company: String,
    },
    /// Nothing could ever be asked.
    #[error("company {company}: `requests_per_minute` must be at least 1")]
    ZeroRequests {
        /// Which.
        company: String,
    },
    /// Nothing could ever be asked.
    #[error("company {company}: `monthly_budget` must be at least 1")]
    ZeroBudget {
        /// Which.
        company: String,
    },
    /// Two settings say different things of one name.
    #[error("company {company}: under `same_names`, {source}")]
    Naming {
        /// Which.
        company: String,
        /// What is wrong.
        source: NamingError,
    },
    /// Not the name of a filter.
    #[error("`changed_since_filter` under [api] is `{given}`, which is no name of a filter")]
    BadFilterName {
        /// What was given.
        given: String,
    },
    /// No such path.
    #[error("there is no `{given}` under [api.paths]; there are: {valid}")]
    UnknownPath {
        /// What was given.
        given: String,
        /// What there is.
        valid: String,
    },
    /// Not a path.
    #[error("`{name}` under [api.paths] is `{path}`, which is no plain path")]
    BadPath {
        /// Which.
        name: String,
        /// What was given.
        path: String,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCompany => {
                "set SPECTORA_API_KEY, or write a spectora.toml (configs/spectora.toml explains it); without a key, try \
                 `spectora-mcp demo`"
            }
            Self::Unreadable { .. } => "check the path and who may read the file",
            Self::Syntax { .. } => "configs/spectora.toml shows every setting",
            Self::CompanyName(_) => "choose another name",
            Self::UnknownCompany { .. } => "give one of those, or add it to spectora.toml",
            Self::WhichCompany { .. } => "set SPECTORA_COMPANY_NAME to one of those, or to a new name",
            Self::KeyAsName => "set SPECTORA_COMPANY_NAME to a name such as spectora_residential",
            Self::NoKey { .. } => {
                "add api_key = { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\"] } or \"the key\""
            }
            Self::Key { .. } => "check where the key is taken from; keys are made in Spectora's developer settings",
            Self::Zone { .. } | Self::NoMachineZone { .. } => "set `timezone` to an IANA name such as America/Denver",
            Self::ZeroRequests { .. } => "leave it out for the default of 60",
            Self::ZeroBudget { .. } => "leave it out to count calls without a limit",
            Self::Naming { .. } => {
                "write each spelling under one name, such as { \"Radon Test\" = [\"Radon Testing\"] }"
            }
            Self::BadFilterName { .. } => "give the bare name, such as updated_at_greater_than: a-z and _, at most 60",
            Self::UnknownPath { .. } => "correct the name",
            Self::BadPath { .. } => "give a path such as /v2/contacts",
        }
    }
}
