//! What can be wrong with a configuration, and the way out.

use std::path::PathBuf;

use super::secret::shown;
use domain::{CompanyNameError, NamingError};
use spectora::CorrectionError;

/// A configuration that cannot be used. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing is configured.
    #[error("no company is configured")]
    NoCompany,
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", shown(&path.display().to_string()))]
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
    /// A backslash in double quotes means something else than itself.
    #[error("{path}, line {line}: a backslash in double quotes does not stand for itself")]
    Backslash {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A path begins with `~`, and nobody knows what that is.
    #[error("a path begins with `~`, and this user's home folder is not known")]
    NoHome,
    /// A company cannot be called that.
    #[error(transparent)]
    CompanyName(CompanyNameError),
    /// A company cannot be called what stands there; it is not repeated, for it may be a key.
    #[error("{place} cannot name a company")]
    NotAName {
        /// Where the name stands.
        place: String,
    },
    /// `--company` names one that is not configured.
    #[error("no company {}; configured: {names}", shown(given))]
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
    #[error("`{variable}` holds the key")]
    KeyAsName {
        /// The variable that is for the name.
        variable: String,
    },
    /// Two keys of the environment with one name.
    #[error("{keys} are both for company {name}")]
    SameName {
        /// The name.
        name: String,
        /// The variables the keys are in.
        keys: String,
    },
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
    #[error("company {company}: there is no time zone {}; near: {near}", shown(given))]
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
    /// Everything would be forgotten at once.
    #[error("company {company}: `client_details_months` must be at least 1")]
    ZeroMonths {
        /// Which.
        company: String,
    },
    /// Whom was forgotten cannot be read.
    #[error("{} (the people who were forgotten) cannot be used: {reason}", path.display())]
    Forgotten {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
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
    #[error("`changed_since_filter` under [api] is {}, which is no name of a filter", shown(given))]
    BadFilterName {
        /// What was given.
        given: String,
    },
    /// Not an address clients can be sent to.
    #[error("{given} is no public address of a server")]
    PublicUrl {
        /// What was given, as it may be shown.
        given: String,
    },
    /// Not an address telemetry can be sent to. It is not repeated: a key may stand in it.
    #[error("{place} is no address of an OpenTelemetry collector")]
    Collector {
        /// Where it stands.
        place: String,
    },
    /// Not an address that may be asked for newer versions.
    #[error("`address` under [updates] is {given}, which cannot be asked")]
    UpdateAddress {
        /// What was given, as it may be shown.
        given: String,
    },
    /// Neither an address nor a network.
    #[error("{given} is no address of a proxy")]
    TrustedProxy {
        /// What was given, as it may be shown.
        given: String,
    },
    /// No such path.
    #[error("there is no {} under [api.paths]; there are: {valid}", shown(given))]
    UnknownPath {
        /// What was given.
        given: String,
        /// What there is.
        valid: String,
    },
    /// It corrects nothing.
    #[error(transparent)]
    Correction(CorrectionError),
    /// Not a path.
    #[error("`{name}` under [api.paths] is {}, which is no plain path", shown(path))]
    BadPath {
        /// Which.
        name: String,
        /// What was given.
        path: String,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoCompany => {
                "run `spectora-mcp setup`, or set SPECTORA_API_KEY, or write a spectora.toml (configs/spectora.toml explains \
                 it); in Claude Desktop's extension, fill in the key or choose a settings file; without a key, try \
                 `spectora-mcp demo`"
            }
            Self::Unreadable { .. } => "check the path and who may read the file",
            Self::Syntax { .. } => "configs/spectora.toml shows every setting",
            Self::Backslash { .. } => {
                "write paths in single quotes, such as 'C:\\Users\\me\\key.txt', or with / instead of the backslash"
            }
            Self::NoHome => "write the whole path instead of `~`",
            Self::CompanyName(_) => "choose another name",
            Self::NotAName { .. } => {
                "use 1 to 40 of the characters a-z, 0-9, `_` and `-`, such as spectora_residential; the key belongs into \
                 SPECTORA_API_KEY, or into `api_key` in spectora.toml"
            }
            Self::UnknownCompany { .. } => "give one of those, or add it to spectora.toml",
            Self::WhichCompany { .. } => "set SPECTORA_COMPANY_NAME to one of those, or to a new name",
            Self::KeyAsName { .. } => "set it to a name such as spectora_residential",
            Self::SameName { .. } => "give each company a name of its own",
            Self::NoKey { .. } => {
                "run `spectora-mcp setup`, or add api_key = { env = \"NAME\" }, { file = \"path\" }, { keychain = \"name\" }, { command = [\"program\"] } or \"the key\""
            }
            Self::Key { .. } => "check where the key is taken from; keys are made in Spectora's developer settings",
            Self::Zone { .. } | Self::NoMachineZone { .. } => "set `timezone` to an IANA name such as America/Denver",
            Self::ZeroRequests { .. } => "leave it out for the default of 60",
            Self::ZeroBudget { .. } => "leave it out to count calls without a limit",
            Self::ZeroMonths { .. } => {
                "give how many months clients are remembered, or leave it out to remember them always"
            }
            Self::Forgotten { .. } => "mend the file; nobody's data is read until it is clear whom to leave out",
            Self::Naming { .. } => {
                "write each spelling under one name, such as { \"Radon Test\" = [\"Radon Testing\"] }"
            }
            Self::BadFilterName { .. } => "give the bare name, such as updated_at_greater_than: a-z and _, at most 60",
            Self::PublicUrl { .. } => {
                "give https and the host, such as https://mcp.example.com (http only on this machine)"
            }
            Self::Collector { .. } => "give its whole address for OTLP over HTTP, such as http://127.0.0.1:4318",
            Self::UpdateAddress { .. } => {
                "give https and all of the address, such as https://api.github.com/repos/OWNER/NAME/releases/latest (http only \
                 on this machine), or leave it out so that nobody is asked"
            }
            Self::TrustedProxy { .. } => "give its address, such as 127.0.0.1, or its network, such as 172.30.0.0/24",
            Self::UnknownPath { .. } => "correct the name",
            Self::BadPath { .. } => "give a path such as /v2/contacts",
            Self::Correction(_) => {
                "give this program's own name on the left and Spectora's on the right; `spectora-mcp doctor --drift` finds what \
                 fits"
            }
        }
    }
}
