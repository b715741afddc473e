//! `spectora.toml` as it is typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::error::ConfigError;
use crate::domain::WeekStart;

/// The largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    #[serde(default)]
    pub(super) companies: BTreeMap<String, RawCompany>,
    #[serde(default)]
    pub(super) api: RawApi,
    #[serde(default)]
    pub(super) mirror: RawMirror,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMirror {
    pub(super) enabled: Option<bool>,
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    pub(super) base_url: Option<String>,
    pub(super) changed_since_filter: Option<String>,
    #[serde(default)]
    pub(super) paths: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCompany {
    pub(super) api_key: Option<RawKey>,
    pub(super) timezone: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) monthly_budget: Option<u64>,
    pub(super) max_staleness_minutes: Option<u32>,
    pub(super) sync_every_minutes: Option<u32>,
    pub(super) history_days: Option<u32>,
    #[serde(default)]
    pub(super) known_services: Vec<String>,
    #[serde(default)]
    pub(super) week_starts: WeekStart,
    #[serde(default)]
    pub(super) same_names: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) not_add_ons: Vec<String>,
    #[serde(default)]
    pub(super) services_without_agents: Vec<String>,
}

/// Where a key is.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a key in quotes, { env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", …] }"
)]
pub(super) enum RawKey {
    Literal(SecretString),
    Env(KeyInEnv),
    File(KeyInFile),
    Command(KeyFromCommand),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyInEnv {
    pub(super) env: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyInFile {
    pub(super) file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFromCommand {
    pub(super) command: Vec<String>,
}

impl RawCompany {
    pub(super) fn has_literal_key(&self) -> bool {
        matches!(self.api_key, Some(RawKey::Literal(_)))
    }

    pub(super) fn set_key(&mut self, key: SecretString) {
        self.api_key = Some(RawKey::Literal(key));
    }
}

pub(super) fn read(path: &Path) -> Result<RawFile, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if FILE_BYTES_MAX < metadata.len() {
        return Err(unreadable(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text, path)
}

/// The message of the parser is used without the lines it quotes: a quoted line may hold a key.
pub(super) fn parse(text: &str, path: &Path) -> Result<RawFile, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text.get(..span.start).map_or(0, |before| before.matches('\n').count()));
        let message = error.message().lines().next().unwrap_or("not understood").to_owned();
        // A wrong type is told with the value in it, which may be a key.
        let message = match message.split_once("invalid type:").or_else(|| message.split_once("invalid value:")) {
            Some((_, rest)) => match rest.split_once(", expected ") {
                Some((_, expected)) => format!("expected {expected}"),
                None => "a value of the wrong type".to_owned(),
            },
            None => message,
        };
        ConfigError::Syntax { path: path.to_owned(), line: line.unwrap_or(1), message }
    })
}
