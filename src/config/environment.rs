//! The only place that reads the environment.
//!
//! Variables: `SPECTORA_API_KEY` (a key; alone it is all that is needed), `SPECTORA_COMPANY_NAME` (whose key that is),
//! `SPECTORA_TIMEZONE` (that company's zone), the same three for a second company (`SPECTORA_API_KEY_2`,
//! `SPECTORA_COMPANY_NAME_2`, `SPECTORA_TIMEZONE_2`) and so on to `_9`, `SPECTORA_BASE_URL` (another origin),
//! `SPECTORA_CONFIG` (the file), `SPECTORA_DATA_DIR` (the folder of mirrors), the addresses among the variables of OpenTelemetry (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like), and
//! whatever `api_key = { env = "…" }` names.

use std::collections::HashMap;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::error::ConfigError;

/// The environment as it was when the program started.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    config_folder: Option<PathBuf>,
    data_folder: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Environment {
    /// The real one.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn capture() -> Self {
        let strategy = etcetera::base_strategy::choose_native_strategy().ok();
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            config_folder: strategy.as_ref().map(|strategy| strategy.config_dir().join("spectora-mcp")),
            data_folder: strategy.as_ref().map(|strategy| strategy.data_dir().join("spectora-mcp")),
            home: strategy.as_ref().map(|strategy| strategy.home_dir().to_owned()),
        }
    }

    /// An invented one, for tests.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { variables, config_folder: None, data_folder: None, home: None }
    }

    /// The same with a home folder.
    #[must_use]
    pub fn with_home(mut self, home: PathBuf) -> Self {
        self.home = Some(home);
        self
    }

    /// The same with another variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// The user's own folder.
    pub fn home(&self) -> Option<&std::path::Path> {
        self.home.as_deref()
    }

    /// The value of a variable, trimmed. Empty text counts as unset, and so does a placeholder (`${…}`) that a client
    /// did not fill in.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.variables.get(name)?.trim();
        is_filled_in(value).then(|| value.to_owned())
    }

    /// The proxy that requests to `https` addresses go through, by the variable that names it, with its host and port
    /// alone: a password may stand before them.
    pub fn proxy(&self) -> Option<(&'static str, String)> {
        const NAMES: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let (name, value) = NAMES.iter().find_map(|name| Some((*name, self.get(name)?)))?;
        let address = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
        let host = address.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
        Some((name, host.to_owned()))
    }

    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.get("SPECTORA_CONFIG").map(PathBuf::from)
    }

    /// `spectora.toml` in the usual place of this system, if it is there.
    pub(super) fn usual_file(&self) -> Option<PathBuf> {
        self.usual_path().filter(|path| path.is_file())
    }

    /// Where `spectora.toml` is looked for on this system.
    pub fn usual_path(&self) -> Option<PathBuf> {
        self.config_folder.as_ref().map(|folder| folder.join("spectora.toml"))
    }

    /// Where mirrors are kept on this system unless told otherwise.
    pub(super) fn data_folder(&self) -> Option<PathBuf> {
        self.data_folder.clone()
    }

    /// The path with `~` at its beginning as the user's home. Assistants start programs without a shell, so nobody else
    /// does it. A path that begins so is never taken as it stands: there would be a folder called `~`.
    pub fn expand(&self, path: PathBuf) -> Result<PathBuf, ConfigError> {
        let Ok(rest) = path.strip_prefix("~") else { return Ok(path) };
        match &self.home {
            Some(home) => Ok(home.join(rest)),
            None => Err(ConfigError::NoHome),
        }
    }
}

/// Whether a client filled a value in: empty text is none, and neither is a placeholder (`${…}`) that stayed as it was.
pub(super) fn is_filled_in(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !value.starts_with("${")
}
