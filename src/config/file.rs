//! `spectora.toml` as it is typed.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::error::ConfigError;
use super::secret::without_keys;
use domain::{Role, WeekStart};
use spectora::{AttributeCorrection, CorrectionError, Corrections, Endpoint, Envelope, FilterCorrection, Paging};

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
    pub(super) keys: RawKeys,
    #[serde(default)]
    pub(super) mirror: RawMirror,
    #[serde(default)]
    pub(super) updates: RawUpdates,
    #[serde(default)]
    pub(super) http: RawHttp,
    #[serde(default)]
    pub(super) roles: BTreeMap<String, Role>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) way_in: Option<RawWayIn>,
    pub(super) public_url: Option<String>,
    #[serde(default)]
    pub(super) redirects: Vec<String>,
    pub(super) access_file: Option<PathBuf>,
    pub(super) calls_per_minute: Option<NonZeroU32>,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<String>,
    #[serde(default)]
    pub(super) sessions: bool,
    pub(super) issuer: Option<RawIssuer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    pub(super) url: String,
    pub(super) audience: Option<String>,
    pub(super) role_claim: Option<String>,
    pub(super) companies_claim: Option<String>,
    pub(super) inspector_claim: Option<String>,
    #[serde(default)]
    pub(super) all_companies: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawWayIn {
    Open,
    Tokens,
    Login,
    Issuer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeys {
    /// Where the keys of companies without `api_key` are: a file for each, of its name.
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMirror {
    pub(super) enabled: Option<bool>,
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUpdates {
    /// Where it is asked for the newest version.
    pub(super) address: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    pub(super) base_url: Option<String>,
    pub(super) changed_since_filter: Option<String>,
    #[serde(default)]
    pub(super) paths: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<Endpoint, BTreeMap<String, AttributeCorrection>>,
    #[serde(default)]
    pub(super) filters: BTreeMap<Endpoint, BTreeMap<String, FilterCorrection>>,
    #[serde(default)]
    pub(super) paging: Paging,
    #[serde(default)]
    pub(super) envelope: Envelope,
}

impl RawApi {
    /// What the service calls and writes otherwise than expected.
    pub(super) fn corrections(&self) -> Result<Corrections, CorrectionError> {
        let corrections = Corrections {
            attributes: self.attributes.clone(),
            filters: self.filters.clone(),
            paging: self.paging.clone(),
            envelope: self.envelope.clone(),
        };
        corrections.check().map(|()| corrections)
    }
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
    pub(super) client_details_months: Option<u16>,
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
#[serde(try_from = "KeyForm")]
pub(super) enum RawKey {
    Literal(SecretString),
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
    /// The account in the system's keychain.
    Keychain(String),
}

/// What `api_key` may be.
const KEY_FORMS: &str = "a key in quotes, { env = \"NAME\" }, { file = \"path\" }, { keychain = \"name\" } or { command = [\"program\", …] }";

/// A key as it is typed. A list is none of these: what stands in it may be the key itself.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a key in quotes, { env = \"NAME\" }, { file = \"path\" }, { keychain = \"name\" } or { command = [\"program\", …] }"
)]
enum KeyForm {
    Text(SecretString),
    Table(BTreeMap<String, KeyPart>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum KeyPart {
    Text(String),
    List(Vec<String>),
}

impl TryFrom<KeyForm> for RawKey {
    type Error = &'static str;

    fn try_from(form: KeyForm) -> Result<Self, Self::Error> {
        let mut parts = match form {
            KeyForm::Text(key) => return Ok(Self::Literal(key)),
            KeyForm::Table(parts) => parts.into_iter(),
        };
        match (parts.next(), parts.next()) {
            (Some((name, KeyPart::Text(text))), None) if name == "env" => Ok(Self::Env(text)),
            (Some((name, KeyPart::Text(text))), None) if name == "file" => Ok(Self::File(text.into())),
            (Some((name, KeyPart::Text(text))), None) if name == "keychain" => Ok(Self::Keychain(text)),
            (Some((name, KeyPart::List(list))), None) if name == "command" => Ok(Self::Command(list)),
            _ => Err(KEY_FORMS),
        }
    }
}

impl RawFile {
    /// Everything in it that is a path.
    fn paths(&self) -> Vec<&Path> {
        let keys = self.companies.values().filter_map(|company| match &company.api_key {
            Some(RawKey::File(file)) => Some(file.as_path()),
            Some(RawKey::Command(command)) => command.first().map(Path::new),
            _ => None,
        });
        keys.chain(self.mirror.folder.as_deref()).chain(self.keys.folder.as_deref()).collect()
    }
}

impl RawCompany {
    pub(super) fn has_literal_key(&self) -> bool {
        matches!(self.api_key, Some(RawKey::Literal(_)))
    }

    /// The key is in this variable of the environment, whatever the file says.
    pub(super) fn take_key_from(&mut self, variable: String) {
        self.api_key = Some(RawKey::Env(variable));
    }
}

pub(super) fn read(path: &Path) -> Result<RawFile, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if FILE_BYTES_MAX < metadata.len() {
        return Err(unreadable(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text =
        super::encoding::decoded(&bytes).ok_or_else(|| unreadable("it is no text in UTF-8 or UTF-16".to_owned()))?;
    parse(&text, path)
}

/// The message of the parser is used without the lines it quotes: a quoted line may hold a key.
pub(super) fn parse(text: &str, path: &Path) -> Result<RawFile, ConfigError> {
    let raw: RawFile = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let line = 1 + text.get(..span.start).map_or(0, |before| before.matches('\n').count());
        if text.lines().nth(line - 1).is_some_and(escapes) {
            return ConfigError::Backslash { path: path.to_owned(), line };
        }
        let message = error.message().lines().next().unwrap_or("not understood").to_owned();
        // A wrong type is told with the value in it, which may be a key.
        let message = match message.split_once("invalid type:").or_else(|| message.split_once("invalid value:")) {
            Some((_, rest)) => match rest.split_once(", expected ") {
                Some((_, expected)) => format!("expected {expected}"),
                None => "a value of the wrong type".to_owned(),
            },
            None => without_keys(&message),
        };
        ConfigError::Syntax { path: path.to_owned(), line, message }
    })?;
    // "C:\temp" is understood, with a tab in it, which no path holds.
    if raw.paths().iter().any(|path| path.to_string_lossy().chars().any(char::is_control)) {
        let line = text.lines().position(escapes).map_or(1, |index| index + 1);
        return Err(ConfigError::Backslash { path: path.to_owned(), line });
    }
    Ok(raw)
}

/// Whether a line has a backslash in double quotes.
fn escapes(line: &str) -> bool {
    line.split('"').skip(1).step_by(2).any(|quoted| quoted.contains('\\'))
}
