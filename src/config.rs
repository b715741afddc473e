//! What was typed, and what it means: file, environment and flags become one settled configuration.
//!
//! Later layers override earlier ones: file, then environment, then flags. The rest of the program sees [`Config`]
//! only, in which every name, zone, address and key is checked. No secret is in a message, in `Debug` or in `Display`.

mod environment;
mod error;
mod file;
mod forgotten;
mod http;
mod key;
pub mod keychain;
mod otlp;
mod reference;
mod secret;
mod encoding;
mod written;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use domain::{Clock as _, CompanyName, Naming, SystemClock, WeekStart};
pub use environment::Environment;
use environment::is_filled_in;
pub use error::ConfigError;
use file::{RawCompany, RawFile, RawKey, RawMirror};
pub use forgotten::{ForgottenFile, Person};
pub use http::{HttpConfig, IssuerConfig, WayInChoice, http, public_url, trusted_proxy};
pub use key::is_open_to_others;
pub use otlp::collector;
pub use reference::{SETTINGS, SettingReference, VARIABLES};
use spectora::{Corrections, Forgotten, ReleaseAddress};
pub use written::{KeyPlace, NewCompany, Setting, WrittenConfig};

/// Requests per minute unless configured; the service's own cap is not published.
const REQUESTS_PER_MINUTE_DEFAULT: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
/// The company's name when only a key is given.
const COMPANY_NAME_DEFAULT: &str = "spectora";

/// The most companies that the environment alone can name.
const QUICK_COMPANIES_MAX: usize = 9;

/// A name longer than this, with a key that is shorter than it: the two were swapped.
const NAME_CHARS_SURE: usize = 24;

/// What was given on the command line.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`.
    pub config_file: Option<PathBuf>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--no-mirror`.
    pub no_mirror: bool,
    /// `--company`, as often as given: only these are served.
    pub companies: Vec<String>,
}

/// The settled configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// In the order of their names; at least one.
    pub companies: Vec<Company>,
    /// Where the service is, when it is not the real one. Checked where it is used.
    pub base_url: Option<String>,
    /// Paths that differ from the built-in ones, by the names of `[api.paths]`.
    pub paths: BTreeMap<String, String>,
    /// The folder of mirrors and of the count of calls; `None` when every question asks the service.
    pub data_dir: Option<PathBuf>,
    /// The name of the filter by the time of change, when it is configured: `[a-z_]{1,60}`.
    pub changed_since_filter: Option<String>,
    /// What the service calls and writes otherwise than expected.
    pub corrections: Arc<Corrections>,
    /// The files this was read from, those of keys included: when one changes, it is to be read again.
    pub files: Vec<PathBuf>,
    /// Where all this came from, for people: file paths and names of variables.
    pub sources: Vec<String>,
    /// What a person should know, none of it fatal.
    pub warnings: Vec<String>,
}

/// One company.
#[derive(Clone, Debug)]
pub struct Company {
    /// Its name in arguments and answers.
    pub name: CompanyName,
    /// Its name for people.
    pub display_name: Option<String>,
    /// The zone of its civil days.
    pub timezone: TimeZone,
    /// Its key.
    pub api_key: SecretString,
    /// The most requests in any sixty seconds.
    pub requests_per_minute: NonZeroU32,
    /// Services whose own names hold a comma.
    pub known_services: Vec<String>,
    /// Names that mean the same, add-ons that are none, services without agents.
    pub naming: Naming,
    /// The day on which its weeks begin.
    pub week_starts: WeekStart,
    /// The most calls of a calendar month; `None` counts without a limit.
    pub monthly_budget: Option<u64>,
    /// How the mirror is kept.
    pub keeping: Keeping,
    /// Whom it forgot.
    pub forgotten: Forgotten,
}

impl Config {
    /// Whether requests go to the same service, asked in the same way, and mirrors stand in the same folder.
    pub fn has_service_of(&self, other: &Self) -> bool {
        let of = |config: &Self| {
            let Self { base_url, paths, data_dir, changed_since_filter, corrections, .. } = config.clone();
            (base_url, paths, data_dir, changed_since_filter, corrections)
        };
        of(self) == of(other)
    }
}

impl Company {
    /// Whether nothing about the company is different, its key included.
    pub fn is_same(&self, other: &Self) -> bool {
        let Self {
            name,
            display_name,
            timezone,
            api_key,
            requests_per_minute,
            known_services,
            naming,
            week_starts,
            monthly_budget,
            keeping,
            forgotten,
        } = self;
        api_key.expose_secret() == other.api_key.expose_secret()
            && *name == other.name
            && *display_name == other.display_name
            && *timezone == other.timezone
            && *requests_per_minute == other.requests_per_minute
            && *known_services == other.known_services
            && *naming == other.naming
            && *week_starts == other.week_starts
            && *monthly_budget == other.monthly_budget
            && *keeping == other.keeping
            && *forgotten == other.forgotten
    }
}

/// How a company's mirror is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// How old data may be before a question asks for what changed.
    pub max_staleness: Duration,
    /// How often what changed is asked for without a question.
    pub every: Duration,
    /// How long changes are remembered.
    pub history: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(15 * 60),
            every: Duration::from_secs(60 * 60),
            history: Duration::from_secs(400 * 24 * 60 * 60),
        }
    }
}

/// A configuration whose keys were not looked for yet: commands that print them have not run.
pub struct Draft {
    config: Config,
    /// Where each company's key is, in the same order.
    keys: Vec<(String, Option<RawKey>)>,
    /// What relative paths start from.
    folder: PathBuf,
}

impl Draft {
    /// Whose companies these are, in order.
    pub fn names(&self) -> Vec<CompanyName> {
        self.config.companies.iter().map(|company| company.name.clone()).collect()
    }

    /// Where the key of each company is, in the same order.
    pub fn key_origins(&self, environment: &Environment) -> Result<Vec<(CompanyName, KeyOrigin)>, ConfigError> {
        let origin = |key: &Option<RawKey>| {
            Ok(match key {
                None => KeyOrigin::Missing,
                Some(RawKey::Literal(_)) => KeyOrigin::Written,
                Some(RawKey::Env(name)) => KeyOrigin::Variable(name.clone()),
                Some(RawKey::File(file)) => KeyOrigin::File(self.folder.join(environment.expand(file.clone())?)),
                Some(RawKey::Command(_)) => KeyOrigin::Command,
                Some(RawKey::Keychain(account)) => KeyOrigin::Keychain(account.clone()),
            })
        };
        self.names().into_iter().zip(&self.keys).map(|(name, (_, key))| Ok((name, origin(key)?))).collect()
    }

    /// The folder of mirrors, where they are kept.
    pub fn data_dir(&self) -> Option<&Path> {
        self.config.data_dir.as_deref()
    }

    /// The files this was read from, and those its keys are in.
    pub fn files(&self) -> &[PathBuf] {
        &self.config.files
    }

    /// The configuration without keys, for what asks nothing of the service.
    pub fn without_keys(self) -> Config {
        self.config
    }

    /// The configuration with its keys; runs the commands that print them, all at the same time, for ten seconds at most.
    pub fn with_keys(self, environment: &Environment) -> Result<Config, ConfigError> {
        let mut config = self.config;
        let keys = key::resolve_all(self.keys, environment, &self.folder)?;
        for (company, key) in config.companies.iter_mut().zip(keys) {
            company.api_key = key;
        }
        Ok(config)
    }
}

/// The name that a person gives a new company. What may be a key is no name, and is not repeated.
pub fn new_company_name(given: &str) -> Result<CompanyName, ConfigError> {
    if secret::may_be_key(given) {
        return Err(ConfigError::NotAName { place: "what was given as its name".to_owned() });
    }
    given.parse().map_err(ConfigError::CompanyName)
}

/// Where a company's key is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// Nowhere.
    Missing,
    /// It stands in the configuration itself.
    Written,
    /// The environment variable of this name.
    Variable(String),
    /// This file.
    File(PathBuf),
    /// What a command prints.
    Command,
    /// The system's keychain, under this account.
    Keychain(String),
}

/// Where the key of each company is, in the order of their names; no key is looked for.
pub fn key_origins(
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Vec<(CompanyName, KeyOrigin)>, ConfigError> {
    draft(overrides, environment)?.key_origins(environment)
}

/// Reads and settles the configuration, keys included.
pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Config, ConfigError> {
    draft(overrides, environment)?.with_keys(environment)
}

/// The file that an option or a variable names, whether or not it is there; `None` where neither does.
pub fn named_file(overrides: &Overrides, environment: &Environment) -> Result<Option<PathBuf>, ConfigError> {
    // A client leaves the option as it is where its user chose no file.
    let chosen = |path: &PathBuf| path.to_str().is_none_or(is_filled_in);
    let given = overrides.config_file.clone().filter(chosen).or_else(|| environment.config_file());
    given.map(|path| environment.expand(path)).transpose()
}

/// The file as it is typed, and which it is: the one named, or the one in the usual place, or none.
fn raw_file(overrides: &Overrides, environment: &Environment) -> Result<(RawFile, Option<PathBuf>), ConfigError> {
    let path = named_file(overrides, environment)?.or_else(|| environment.usual_file());
    let raw = path.as_deref().map(file::read).transpose()?.unwrap_or_default();
    Ok((raw, path))
}

/// Where it is asked for newer versions of the program; `None` where nobody is to be asked.
pub fn updates(overrides: &Overrides, environment: &Environment) -> Result<Option<ReleaseAddress>, ConfigError> {
    let (raw, _) = raw_file(overrides, environment)?;
    let Some(given) = raw.updates.address else { return Ok(None) };
    ReleaseAddress::new(&given).map(Some).ok_or_else(|| ConfigError::UpdateAddress { given: secret::shown(&given) })
}

/// Reads and settles the configuration, all but its keys.
pub fn draft(overrides: &Overrides, environment: &Environment) -> Result<Draft, ConfigError> {
    let mut warnings = Vec::new();
    let (mut raw, path) = raw_file(overrides, environment)?;
    let mut sources: Vec<String> = path.iter().map(|path| format!("file {}", path.display())).collect();
    if let Some(path) = &path
        && raw.companies.values().any(RawCompany::has_literal_key)
        && let Some(warning) = key::readable_by_others(path)
    {
        warnings.push(warning);
    }
    quick_way(&mut raw, environment, &mut sources, &mut warnings)?;
    pin(&mut raw, &overrides.companies)?;
    if raw.companies.is_empty() {
        return Err(ConfigError::NoCompany);
    }
    let base_url = overrides
        .base_url
        .clone()
        .or_else(|| environment.get("SPECTORA_BASE_URL"))
        .or_else(|| raw.api.base_url.clone());
    let mut companies = Vec::new();
    let mut keys = Vec::new();
    for (name, mut company) in raw.companies {
        let in_folder = || raw.keys.folder.as_ref().map(|keys| RawKey::File(keys.join(&name)));
        keys.push((name.clone(), company.api_key.take().or_else(in_folder)));
        companies.push(settle(&name, company, &mut warnings)?);
    }
    for name in raw.api.paths.keys() {
        const NAMES: &[&str] =
            &["inspections", "connections", "connection_stats", "contacts", "inspection_attachments"];
        if !NAMES.contains(&name.as_str()) {
            return Err(ConfigError::UnknownPath { given: name.clone(), valid: NAMES.join(", ") });
        }
    }
    if let Some((name, path)) = raw.api.paths.iter().find(|(_, path)| !is_plain_path(path)) {
        return Err(ConfigError::BadPath { name: name.clone(), path: path.clone() });
    }
    if let Some(name) = &raw.api.changed_since_filter
        && (name.is_empty() || 60 < name.len() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    {
        return Err(ConfigError::BadFilterName { given: name.chars().take(80).collect() });
    }
    let corrections = Arc::new(raw.api.corrections().map_err(ConfigError::Correction)?);
    let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
    let mut files: Vec<PathBuf> = path.into_iter().collect();
    for (_, key) in &keys {
        if let Some(RawKey::File(file)) = key {
            files.push(folder.join(environment.expand(file.clone())?));
        }
    }
    let has_mirror = !overrides.no_mirror && raw.mirror.enabled != Some(false);
    let data_folder = data_folder(overrides, environment, raw.mirror)?;
    if let Some((folder, _)) = &data_folder {
        let forgotten = ForgottenFile::read(folder)?;
        for company in &mut companies {
            company.forgotten =
                Forgotten { clients_before: company.forgotten.clients_before, ..forgotten.of(&company.name) };
        }
        files.push(forgotten.path().to_owned());
    }
    let data_dir = match data_folder.filter(|_| has_mirror) {
        Some((folder, origin)) => {
            sources.push(format!("the data folder from {origin}"));
            Some(folder)
        }
        None => {
            if has_mirror {
                warnings.push("this system has no usual place for data: give --data-dir to keep a mirror".to_owned());
            }
            None
        }
    };
    let config = Config {
        companies,
        base_url,
        paths: raw.api.paths,
        data_dir,
        changed_since_filter: raw.api.changed_since_filter,
        corrections,
        files,
        sources,
        warnings,
    };
    Ok(Draft { config, keys, folder })
}

/// The folder of mirrors, of the count of calls and of whom was forgotten, and where that is said. Flags before the environment
/// before the file before the system's usual place.
fn data_folder(
    overrides: &Overrides,
    environment: &Environment,
    raw: RawMirror,
) -> Result<Option<(PathBuf, &'static str)>, ConfigError> {
    let given = [
        (overrides.data_dir.clone(), "--data-dir"),
        (environment.get("SPECTORA_DATA_DIR").map(PathBuf::from), "SPECTORA_DATA_DIR"),
        (raw.folder, "`folder` under [mirror]"),
        (environment.data_folder(), "the usual place of this system"),
    ];
    let found = given.into_iter().find_map(|(folder, origin)| Some((folder?, origin)));
    found.map(|(folder, origin)| Ok((environment.expand(folder)?, origin))).transpose()
}

fn is_plain_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    path.starts_with('/') && !path.contains("..") && !path.contains("//") && path.chars().all(plain)
}

/// `SPECTORA_API_KEY` alone makes a company, or overrides the key of one in the file; `SPECTORA_API_KEY_2` and so on do
/// the same for more, for clients that ask for keys one by one.
fn quick_way(
    raw: &mut RawFile,
    environment: &Environment,
    sources: &mut Vec<String>,
    warnings: &mut Vec<String>,
) -> Result<(), ConfigError> {
    let mut named = BTreeMap::new();
    for number in 1..=QUICK_COMPANIES_MAX {
        let variables = QuickVariables::of(number);
        let Some(key) = environment.get(&variables.key) else {
            let is_first = number == 1;
            for name in [&variables.name, &variables.zone] {
                if (!is_first || !raw.companies.is_empty()) && environment.get(name).is_some() {
                    let key = &variables.key;
                    warnings.push(format!("{name} is set and not used: it goes with {key}, which is not set"));
                }
            }
            continue;
        };
        sources.push(format!("environment variable {}", variables.key));
        let name = match environment.get(&variables.name) {
            Some(name) => name,
            None if number != 1 => format!("{COMPANY_NAME_DEFAULT}_{number}"),
            None if raw.companies.len() == 1 => raw.companies.keys().next().cloned().unwrap_or_default(),
            None if raw.companies.is_empty() => COMPANY_NAME_DEFAULT.to_owned(),
            None => {
                return Err(ConfigError::WhichCompany {
                    names: raw.companies.keys().cloned().collect::<Vec<_>>().join(", "),
                });
            }
        };
        if name == key || secret::may_be_key(&name) || (NAME_CHARS_SURE < name.len() && key.len() < name.len()) {
            return Err(ConfigError::KeyAsName { variable: variables.name });
        }
        if name.parse::<CompanyName>().is_err() {
            return Err(ConfigError::NotAName { place: format!("what {} holds", variables.name) });
        }
        if let Some(other) = named.insert(name.clone(), variables.key.clone()) {
            return Err(ConfigError::SameName { name, keys: format!("{other} and {}", variables.key) });
        }
        let company = raw.companies.entry(name).or_default();
        company.take_key_from(variables.key);
        if let Some(zone) = environment.get(&variables.zone) {
            company.timezone = Some(zone);
        }
    }
    Ok(())
}

/// The variables of one company: the first has the plain names, the others have their number behind.
struct QuickVariables {
    key: String,
    name: String,
    zone: String,
}

impl QuickVariables {
    fn of(number: usize) -> Self {
        let with = |name: &str| if number == 1 { name.to_owned() } else { format!("{name}_{number}") };
        Self { key: with("SPECTORA_API_KEY"), name: with("SPECTORA_COMPANY_NAME"), zone: with("SPECTORA_TIMEZONE") }
    }
}

/// Keeps the companies that `--company` names.
fn pin(raw: &mut RawFile, wanted: &[String]) -> Result<(), ConfigError> {
    if let Some(unknown) = wanted.iter().find(|name| !raw.companies.contains_key(*name)) {
        let names = raw.companies.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(ConfigError::UnknownCompany { given: unknown.clone(), names });
    }
    if !wanted.is_empty() {
        raw.companies.retain(|name, _| wanted.contains(name));
    }
    Ok(())
}

fn settle(name: &str, raw: RawCompany, warnings: &mut Vec<String>) -> Result<Company, ConfigError> {
    let parsed: CompanyName = name.parse().map_err(|error| {
        if secret::may_be_key(name) {
            ConfigError::NotAName { place: "a heading under [companies.…]".to_owned() }
        } else {
            ConfigError::CompanyName(error)
        }
    })?;
    let timezone = match &raw.timezone {
        Some(zone) => zone_named(name, zone)?,
        None => {
            let machine =
                TimeZone::try_system().map_err(|_| ConfigError::NoMachineZone { company: name.to_owned() })?;
            warnings.push(format!(
                "company {name} has no `timezone`; its days are taken in this machine's zone, {}",
                machine.iana_name().unwrap_or("which has no name")
            ));
            machine
        }
    };
    let requests_per_minute = match raw.requests_per_minute {
        None => REQUESTS_PER_MINUTE_DEFAULT,
        Some(number) => {
            NonZeroU32::new(number).ok_or_else(|| ConfigError::ZeroRequests { company: name.to_owned() })?
        }
    };
    let defaults = Keeping::default();
    let minutes = |given: Option<u32>, default: Duration| {
        given.map_or(default, |minutes| Duration::from_secs(60 * u64::from(minutes.max(1))))
    };
    let keeping = Keeping {
        max_staleness: minutes(raw.max_staleness_minutes, defaults.max_staleness),
        every: minutes(raw.sync_every_minutes, defaults.every),
        history: raw.history_days.map_or(defaults.history, |days| Duration::from_secs(86_400 * u64::from(days.max(1)))),
    };
    if raw.monthly_budget == Some(0) {
        return Err(ConfigError::ZeroBudget { company: name.to_owned() });
    }
    Ok(Company {
        name: parsed,
        monthly_budget: raw.monthly_budget,
        keeping,
        display_name: raw.display_name.clone(),
        timezone,
        known_services: raw.known_services.clone(),
        week_starts: raw.week_starts,
        naming: Naming::new(&raw.same_names, &raw.not_add_ons, &raw.services_without_agents)
            .map_err(|source| ConfigError::Naming { company: name.to_owned(), source })?,
        requests_per_minute,
        api_key: SecretString::default(),
        forgotten: Forgotten {
            clients_before: clients_before(name, raw.client_details_months)?,
            ..Forgotten::default()
        },
    })
}

/// What the details of clients are older than that are left out: the first of the month, so many months ago. It moves with the
/// calendar and not with the clock, so that records are worked through once a month.
fn clients_before(company: &str, months: Option<u16>) -> Result<Option<Timestamp>, ConfigError> {
    let Some(months) = months else { return Ok(None) };
    if months == 0 {
        return Err(ConfigError::ZeroMonths { company: company.to_owned() });
    }
    let first = TimeZone::UTC.to_datetime(SystemClock.now()).date().first_of_month();
    let begin = first.checked_sub(Span::new().months(i64::from(months))).ok();
    Ok(begin.and_then(|date| TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()))
}

fn zone_named(company: &str, zone: &str) -> Result<TimeZone, ConfigError> {
    TimeZone::get(zone).map_err(|_| {
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let wanted = zone.to_lowercase();
        let mut near: Vec<(f64, &String)> = known
            .iter()
            .map(|name| {
                let lower = name.to_lowercase();
                let city = lower.rsplit('/').next().unwrap_or(&lower);
                (strsim::jaro_winkler(&wanted, city).max(strsim::jaro_winkler(&wanted, &lower)), name)
            })
            .collect();
        near.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
        let near = near.iter().take(3).map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
        // No zone is near a key, and what is near could tell something of it.
        let near = if secret::may_be_key(zone) { "America/Denver".to_owned() } else { near };
        ConfigError::Zone { company: company.to_owned(), given: zone.to_owned(), near }
    })
}

#[cfg(test)]
mod tests;
