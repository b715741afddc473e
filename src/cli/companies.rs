//! What `setup` and `keys` do with a company: try its key, find its zone, store the key, and take all of it out again.

mod zone;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use assistants::Current;
use clap::ValueEnum;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};

use super::Global;
use super::asking::Asking;
use super::mirror::removal_of;
use crate::app::App;
use crate::config::keychain::{self, HAS_KEYCHAIN};
use crate::config::{
    Company, Config, Environment, KeyOrigin, KeyPlace, Overrides, WrittenConfig, draft, load, named_file,
};
use domain::{Clock, CompanyName, SystemClock};
use spectora::{Direction, InspectionFilter, InspectionSort, Inspections, Query};
use sync::forget_webhook_secret;

/// Inspections looked at to propose a zone.
const SAMPLE_ROWS: u32 = 50;
/// Keys stored in files are in this folder beside `spectora.toml`.
const KEYS_FOLDER: &str = "keys";
/// A running server has read changed settings within this time.
const SERVER_FOLLOWS_WITHIN: Duration = Duration::from_secs(5);
/// How to get a key, for somebody who never made one.
pub(super) const HOW_TO_GET_A_KEY: &str = "\
You need an API key of each company, which Spectora makes for you:
  1. In Spectora, add a staff user for this alone (a key has the rights of the user who made it, and ends with that user).
  2. Log in as that user, open the developer settings, and create a key. It is shown once.
  3. For a second company, log out, log in there, and do the same.";

/// Where a key is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeysIn {
    /// The system's keychain.
    Keychain,
    /// A file that only you can read, beside spectora.toml.
    File,
}

/// What a key showed.
pub(super) struct Seen {
    pub(super) company_id: Option<String>,
    zone: Option<&'static str>,
    city: Option<String>,
}

impl Seen {
    /// That the key works, with what a person may know the company by; `key` is what it is called there.
    pub(super) fn words(&self, key: &str) -> String {
        match &self.city {
            Some(city) => format!("{key} works (its latest inspections are in {city})."),
            None => format!("{key} works."),
        }
    }
}

/// Where `spectora.toml` is, or will be.
pub(super) fn config_path(global: &Global, environment: &Environment) -> anyhow::Result<PathBuf> {
    let path = named_file(&global.overrides(), environment)?.or_else(|| environment.usual_path());
    let path = path.context("this system has no usual place for settings: give --config FILE")?;
    Ok(std::path::absolute(path)?)
}

/// The settings of all companies, whichever are asked for.
pub(super) fn of_all(global: &Global) -> Overrides {
    Overrides { companies: Vec::new(), ..global.overrides() }
}

/// The key in this file.
pub(super) fn key_in(file: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    key_of(&text)
}

/// The key that a text consists of.
pub(super) fn key_of(text: &str) -> anyhow::Result<SecretString> {
    anyhow::ensure!(!text.trim().is_empty(), "there is no key");
    Ok(SecretString::from(text.trim().to_owned()))
}

/// Asks the service with the key; the reason why it cannot be used, with what to do, never the key.
pub(super) async fn look(global: &Global, environment: &Environment, key: &SecretString) -> Result<Seen, String> {
    const NAME: &str = "new_company";
    let overrides = Overrides { companies: vec![NAME.to_owned()], no_mirror: true, ..global.overrides() };
    let environment = environment
        .clone()
        .with("SPECTORA_API_KEY", key.expose_secret().to_owned())
        .with("SPECTORA_COMPANY_NAME", NAME.to_owned())
        .with("SPECTORA_TIMEZONE", "UTC".to_owned());
    let config = load(&overrides, &environment).map_err(|error| format!("{error}; {}", error.remedy()))?;
    seen_with(&config).await
}

/// The settings of one company alone, its key included; `None` where it cannot be had.
fn alone(global: &Global, environment: &Environment, name: &CompanyName) -> Option<Config> {
    let overrides = Overrides { companies: vec![name.to_string()], no_mirror: true, ..global.overrides() };
    load(&overrides, environment).ok()
}

/// What the key that is configured for this company shows; `None` where it shows nothing.
pub(super) async fn look_with_stored(global: &Global, environment: &Environment, name: &CompanyName) -> Option<Seen> {
    seen_with(&alone(global, environment, name)?).await.ok()
}

/// Asks for the latest inspections of the only company of a configuration.
async fn seen_with(config: &Config) -> Result<Seen, String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let app = App::build(config, &clock).map_err(|error| error.to_string())?;
    let client = app.clients().next().ok_or("there is no company")?;
    let query = Query::<Inspections> {
        filters: vec![InspectionFilter::StartsBefore(clock.now())],
        sort: vec![(Direction::Descending, InspectionSort::Datetime)],
        include: Vec::new(),
    };
    let page = client.page(&query, 1, SAMPLE_ROWS).await.map_err(|error| format!("{error}; {}", error.remedy()))?;
    let zips = page.rows.iter().filter_map(|row| row.address.zip.as_ref()).map(domain::Text::as_str);
    let mut cities: BTreeMap<&str, u32> = BTreeMap::new();
    for city in page.rows.iter().filter_map(|row| row.address.city.as_ref()) {
        *cities.entry(city.as_str()).or_default() += 1;
    }
    Ok(Seen {
        company_id: page.companies.first().cloned(),
        zone: zone::of_most(zips),
        city: cities.into_iter().max_by_key(|(_, count)| *count).map(|(city, _)| city.to_owned()),
    })
}

/// How a new key's company is set up already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    /// With this very key, under this name.
    SameKey(CompanyName),
    /// With another key, under this name.
    SameCompany(CompanyName),
}

/// What is known of the other companies beside a new key.
#[derive(Debug, Default)]
pub(super) struct Others {
    pub(super) twin: Option<Twin>,
    /// Those of which it could not be found out whether they are the same company.
    pub(super) unknown: Vec<CompanyName>,
}

/// Looks whether the company of a key, which showed `seen`, is set up under another name than `name`. What a mirror knows is
/// not asked for.
pub(super) async fn others(
    global: &Global,
    environment: &Environment,
    name: &CompanyName,
    key: &SecretString,
    seen: &Seen,
) -> Others {
    let mut others = Others::default();
    let Ok(draft) = draft(&of_all(global), environment) else { return others };
    let known = draft.names().into_iter().filter(|known| known != name);
    for known in known {
        let config = alone(global, environment, &known);
        let is_same_key = |company: &Company| company.api_key.expose_secret() == key.expose_secret();
        if config.as_ref().is_some_and(|config| config.companies.iter().any(is_same_key)) {
            others.twin = Some(Twin::SameKey(known));
            return others;
        }
        let glance = draft.data_dir().map(|folder| sync::glance(folder, &known, SystemClock.now()));
        let noted = glance.and_then(|glance| glance.ok().flatten()?.company_id);
        let id = match (noted, config) {
            (Some(noted), _) => Some(noted),
            (None, Some(config)) => seen_with(&config).await.ok().and_then(|seen| seen.company_id),
            (None, None) => None,
        };
        match (id, &seen.company_id) {
            (Some(id), Some(new)) if id == *new => others.twin = others.twin.or(Some(Twin::SameCompany(known))),
            (Some(_), Some(_)) => {}
            _ => others.unknown.push(known),
        }
    }
    others
}

/// The zone that is given, or the one of most ZIP codes that the key showed, which a person may change.
pub(super) fn zone_of(given: Option<&str>, seen: &Seen, name: &CompanyName, asking: &Asking) -> anyhow::Result<String> {
    if let Some(given) = given {
        return checked_zone(given).map_err(anyhow::Error::msg);
    }
    let own = TimeZone::system().iana_name().map(str::to_owned);
    let usual = seen.zone.map(str::to_owned).or(own).unwrap_or_else(|| "America/Denver".to_owned());
    let source = if seen.zone.is_some() { "by the ZIP codes of its inspections" } else { "this machine's" };
    if !asking.is_interactive() {
        asking.say(&format!("{name}: time zone {usual}, {source}"))?;
    }
    asking.line(&format!("In which time zone does it work? ({source})"), &usual, checked_zone)
}

/// The zone, where there is one of this name.
pub(super) fn checked_zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("there is no time zone {text}; write it like America/Denver")),
    }
}

/// Where keys are to be stored, as given or as a person chooses.
pub(super) fn place_of(given: Option<KeysIn>, asking: &Asking) -> anyhow::Result<KeysIn> {
    match given {
        Some(KeysIn::Keychain) if !HAS_KEYCHAIN => {
            anyhow::bail!(
                "this system has no keychain that the program can use: leave out --keys-in, or give --keys-in file"
            )
        }
        Some(place) => Ok(place),
        None if HAS_KEYCHAIN => {
            let choices =
                [(KeysIn::Keychain, "in the system's keychain"), (KeysIn::File, "in a file that only you can read")];
            Ok(asking.one_of("Where should the key be stored?", &choices)?.unwrap_or(KeysIn::Keychain))
        }
        None => Ok(KeysIn::File),
    }
}

/// Where the key of a company is, or would be, when it is stored in a file.
pub(super) fn key_file(config: &Path, name: &str) -> PathBuf {
    config.parent().unwrap_or(Path::new(".")).join(KEYS_FOLDER).join(name)
}

/// Where this program stores a company's key, if that is where the key is.
pub(super) fn own_place(origin: &KeyOrigin, config: &Path, name: &CompanyName) -> Option<KeysIn> {
    match origin {
        KeyOrigin::Keychain(account) if account == name.as_str() => Some(KeysIn::Keychain),
        KeyOrigin::File(path) => {
            let own = key_file(config, name.as_str());
            std::path::absolute(path).is_ok_and(|path| path == own).then_some(KeysIn::File)
        }
        _ => None,
    }
}

/// Stores a company's key, in place of one that is there.
pub(super) fn store(place: KeysIn, config: &Path, name: &CompanyName, key: &SecretString) -> anyhow::Result<KeyPlace> {
    if place == KeysIn::Keychain {
        keychain::write(name.as_str(), key)
            .map_err(|reason| anyhow::anyhow!("the keychain: {reason}; try --keys-in file"))?;
        return Ok(KeyPlace::Keychain);
    }
    let path = key_file(config, name.as_str());
    let folder = path.parent().unwrap_or(Path::new("."));
    mirror::private_folder(folder)?;
    // Made readable for its user alone, and put in place in one step.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", key.expose_secret())?;
    file.as_file().sync_all()?;
    file.persist(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(KeyPlace::File(format!("{KEYS_FOLDER}/{name}")))
}

/// Deletes a key that this program stored; one that is not there is no fault.
pub(super) fn delete_key(place: KeysIn, config: &Path, name: &str) -> anyhow::Result<()> {
    if place == KeysIn::Keychain {
        return keychain::delete(name).map_err(|reason| anyhow::anyhow!("the keychain: {reason}"));
    }
    let key = key_file(config, name);
    match std::fs::remove_file(&key) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be deleted", key.display()))
        }
        _ => Ok(()),
    }
}

/// A company on its way out.
pub(super) struct Leaving {
    pub(super) name: String,
    /// Where its key is deleted.
    pub(super) keys: Vec<KeysIn>,
}

/// Takes companies out of the settings, then deletes their keys, and their mirrors in the folder `data` if one is given. A
/// sync that is running is waited for first, and where it goes on, nothing is changed.
pub(super) async fn forget(
    config: &Path,
    data: Option<&Path>,
    companies: &[Leaving],
    asking: &Asking,
) -> anyhow::Result<()> {
    let named = companies.iter().filter_map(|company| company.name.parse::<CompanyName>().ok());
    let mut removals = Vec::new();
    // Looking for a mirror makes no folder for it.
    if let Some(folder) = data.filter(|folder| folder.is_dir()) {
        for name in named {
            let removal = removal_of(folder, &name).await.with_context(|| format!("{name}: nothing is changed"))?;
            removals.push((folder, name, removal));
        }
    }
    let current = Current::read(config)?;
    let mut written = WrittenConfig::parse(current.text(), config)?;
    for company in companies {
        written.remove(&company.name);
    }
    let change = current.becomes(&written.text());
    asking.say(&format!("{}:\n{}", change.path().display(), change.shown()))?;
    change.write()?;
    for company in companies {
        for place in &company.keys {
            delete_key(*place, config, &company.name)?;
        }
    }
    // A server that has not read the settings yet would make the mirror anew as soon as it can.
    if removals.iter().any(|(.., removal)| removal.may_be_open()) {
        tokio::time::sleep(SERVER_FOLLOWS_WITHIN).await;
    }
    for (folder, name, removal) in removals {
        forget_webhook_secret(folder, &name).with_context(|| format!("the address for webhooks of {name}"))?;
        removal.delete_all()?;
    }
    Ok(())
}
