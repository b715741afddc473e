//! The companies: their keys, names and zones, written to `spectora.toml`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use assistants::Current;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};

use super::asking::Asking;
use super::{KeysIn, SetupArgs, zone};
use crate::app::App;
use crate::cli::Global;
use crate::config::keychain::{self, HAS_KEYCHAIN};
use crate::config::{Company, Config, Environment, KeyPlace, NewCompany, Overrides, WrittenConfig, load};
use domain::{Clock, CompanyName, SystemClock};
use spectora::{Direction, InspectionFilter, InspectionSort, Inspections, Query};

/// Inspections looked at to propose a zone.
const SAMPLE_ROWS: u32 = 50;
/// Keys stored in files are in this folder beside `spectora.toml`.
const KEYS_FOLDER: &str = "keys";
/// How to get a key, for somebody who never made one.
const HOW_TO_GET_A_KEY: &str = "\
You need an API key of each company, which Spectora makes for you:
  1. In Spectora, add a staff user for this alone (a key has the rights of the user who made it, and ends with that user).
  2. Log in as that user, open the developer settings, and create a key. It is shown once.
  3. For a second company, log out, log in there, and do the same.";

/// What a key showed.
pub(in crate::cli) struct Seen {
    pub(in crate::cli) company_id: Option<String>,
    zone: Option<&'static str>,
    city: Option<String>,
}

/// Where `spectora.toml` is, or will be.
pub(in crate::cli) fn config_path(global: &Global, environment: &Environment) -> anyhow::Result<PathBuf> {
    let given = global.config.clone().or_else(|| environment.usual_path());
    let path = given.context("this system has no usual place for settings: give --config FILE")?;
    Ok(std::path::absolute(environment.expand(path)?)?)
}

/// Adds the companies of the keys that are given or asked for; gives the names of all that are configured then.
pub(super) async fn add(
    global: &Global,
    args: &SetupArgs,
    environment: &Environment,
    asking: &Asking,
) -> anyhow::Result<Vec<String>> {
    let path = config_path(global, environment)?;
    let current = Current::read(&path)?;
    let mut config = WrittenConfig::parse(current.text(), &path)?;
    let mut keys = given_keys(args)?;
    if keys.is_empty() && config.names().is_empty() && !asking.is_interactive() {
        anyhow::bail!("there is no key: give --key-file FILE or --keys-stdin, or try it with --demo");
    }
    if asking.is_interactive() && keys.is_empty() {
        let known = config.names();
        let wants_one = known.is_empty()
            || asking.agrees(&format!("{} is set up already. Add another company?", known.join(", ")), false)?;
        if wants_one {
            asking.say(HOW_TO_GET_A_KEY)?;
            keys.push(asking.key()?);
        }
    }
    // Those whose keys are known, so that no company is set up twice.
    let known = load(&Overrides { no_mirror: true, companies: Vec::new(), ..global.overrides() }, environment);
    let known = known.map(|config| config.companies).unwrap_or_default();
    let mut ids: BTreeMap<String, CompanyName> = BTreeMap::new();
    let mut nth = 0;
    while let Some(key) = keys.get(nth).cloned() {
        let seen = match look(global, environment, &key).await {
            Ok(seen) => seen,
            Err(reason) if asking.is_interactive() => {
                asking.say(&format!("This key does not work: {reason}"))?;
                if let Some(slot) = keys.get_mut(nth) {
                    *slot = asking.key()?;
                }
                continue;
            }
            Err(reason) => anyhow::bail!("key {} does not work: {reason}", nth + 1),
        };
        let found =
            seen.city.as_ref().map(|city| format!(" (its latest inspections are in {city})")).unwrap_or_default();
        asking.say(&format!("Key {} works{found}.", nth + 1))?;
        let name = name_of(nth, global, &config, asking)?;
        if let Some(other) = seen.company_id.clone().and_then(|id| ids.insert(id, name.clone()))
            && other != name
        {
            anyhow::bail!(
                "the keys of {other} and {name} belong to one company; log out and in again under the other one"
            );
        }
        let is_this = |one: &&Company| one.name != name && one.api_key.expose_secret() == key.expose_secret();
        if let Some(other) = known.iter().find(is_this) {
            anyhow::bail!("key {} is that of {}, which is set up already", nth + 1, other.name);
        }
        let timezone = zone_of(nth, args, &seen, &name, asking)?;
        let place = place_of(args, asking)?;
        let key_place = store(place, &path, &name, &key)?;
        config.put(&NewCompany { name, key: key_place, timezone });
        nth += 1;
        if asking.is_interactive()
            && keys.len() == nth
            && asking.agrees("Another company? Log out of Spectora, and log in under the second one first.", false)?
        {
            keys.push(asking.key()?);
        }
    }
    let names = config.names();
    let change = current.becomes(&config.text());
    if !change.is_nothing() {
        asking.say(&format!("{}:\n{}", change.path().display(), change.shown()))?;
        change.write()?;
    }
    Ok(names)
}

/// The key in this file, or on standard input, or as it is typed.
pub(in crate::cli) fn key_of(file: Option<&Path>, is_on_stdin: bool) -> anyhow::Result<SecretString> {
    let key = match file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?,
        None if is_on_stdin => std::io::read_to_string(std::io::stdin().lock())?,
        None => return Asking::new(false)?.key(),
    };
    anyhow::ensure!(!key.trim().is_empty(), "there is no key");
    Ok(SecretString::from(key.trim().to_owned()))
}

fn given_keys(args: &SetupArgs) -> anyhow::Result<Vec<SecretString>> {
    let mut keys = Vec::new();
    for file in &args.key_files {
        keys.push(key_of(Some(file), false)?);
    }
    if args.keys_stdin {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if !line.trim().is_empty() {
                keys.push(SecretString::from(line.trim().to_owned()));
            }
        }
    }
    Ok(keys)
}

/// Asks the service with the key; the reason why it cannot be used, with what to do, never the key.
pub(in crate::cli) async fn look(
    global: &Global,
    environment: &Environment,
    key: &SecretString,
) -> Result<Seen, String> {
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

/// What the key that is configured for this company shows; `None` where it shows nothing.
pub(in crate::cli) async fn look_with_stored(global: &Global, environment: &Environment, name: &str) -> Option<Seen> {
    let overrides = Overrides { companies: vec![name.to_owned()], no_mirror: true, ..global.overrides() };
    seen_with(&load(&overrides, environment).ok()?).await.ok()
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

fn name_of(nth: usize, global: &Global, config: &WrittenConfig, asking: &Asking) -> anyhow::Result<CompanyName> {
    if let Some(given) = global.companies.get(nth) {
        return given.parse().map_err(|error| anyhow::anyhow!("--company {}: {error}", nth + 1));
    }
    let known = config.names();
    let usual =
        (1..=known.len() + 1).map(|number| format!("spectora_company{number}")).find(|name| !known.contains(name));
    let check = move |text: &str| {
        let name: CompanyName = text.parse().map_err(|error| format!("{error}"))?;
        if known.contains(&text.to_owned()) {
            return Err(format!("{name} is another company; choose another name"));
        }
        Ok(name)
    };
    asking.line("What should this company be called? (a-z, 0-9 and _)", &usual.unwrap_or_default(), check)
}

fn zone_of(nth: usize, args: &SetupArgs, seen: &Seen, name: &CompanyName, asking: &Asking) -> anyhow::Result<String> {
    let check = |text: &str| match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("there is no time zone {text}; write it like America/Denver")),
    };
    if let Some(given) = args.timezones.get(nth) {
        return check(given).map_err(anyhow::Error::msg);
    }
    let own = TimeZone::system().iana_name().map(str::to_owned);
    let usual = seen.zone.map(str::to_owned).or(own).unwrap_or_else(|| "America/Denver".to_owned());
    let source = if seen.zone.is_some() { "by the ZIP codes of its inspections" } else { "this machine's" };
    if !asking.is_interactive() {
        asking.say(&format!("{name}: time zone {usual}, {source}"))?;
    }
    asking.line(&format!("In which time zone does it work? ({source})"), &usual, check)
}

fn place_of(args: &SetupArgs, asking: &Asking) -> anyhow::Result<KeysIn> {
    match args.keys_in {
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

pub(in crate::cli) fn store(
    place: KeysIn,
    config: &Path,
    name: &CompanyName,
    key: &SecretString,
) -> anyhow::Result<KeyPlace> {
    if place == KeysIn::Keychain {
        keychain::write(name.as_str(), key)
            .map_err(|reason| anyhow::anyhow!("the keychain: {reason}; try --keys-in file"))?;
        return Ok(KeyPlace::Keychain);
    }
    let folder = config.parent().unwrap_or(Path::new(".")).join(KEYS_FOLDER);
    mirror::private_folder(&folder)?;
    // Made readable for its user alone, and put in place in one step.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    writeln!(file, "{}", key.expose_secret())?;
    file.as_file().sync_all()?;
    let path = folder.join(name.as_str());
    file.persist(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(KeyPlace::File(format!("{KEYS_FOLDER}/{name}")))
}

/// Deletes keys, companies and mirrors.
pub(super) fn forget(global: &Global, environment: &Environment, asking: &Asking) -> anyhow::Result<()> {
    let path = config_path(global, environment)?;
    let current = Current::read(&path)?;
    let mut config = WrittenConfig::parse(current.text(), &path)?;
    let names = config.names();
    if names.is_empty() {
        return asking.say("No company is configured.");
    }
    let question = format!("Delete the keys and mirrors of {}? They cannot be brought back.", names.join(", "));
    if !asking.agrees(&question, true)? {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let data = load(&global.overrides(), environment).ok().and_then(|config| config.data_dir);
    for name in &names {
        let key = folder.join(KEYS_FOLDER).join(name);
        if key.is_file() {
            std::fs::remove_file(&key).with_context(|| format!("{} cannot be deleted", key.display()))?;
        }
        if HAS_KEYCHAIN {
            keychain::delete(name).map_err(|reason| anyhow::anyhow!("the keychain: {reason}"))?;
        }
        for file in data.iter().flat_map(|data| files_of(data, name)) {
            std::fs::remove_file(&file).with_context(|| format!("{} cannot be deleted", file.display()))?;
        }
        config.remove(name);
    }
    let change = current.becomes(&config.text());
    asking.say(&format!("{}:\n{}", change.path().display(), change.shown()))?;
    change.write()?;
    Ok(())
}

/// The files of a company's mirror.
fn files_of(data: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data) else { return Vec::new() };
    let is_theirs = |path: &PathBuf| {
        let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        file.split_once('.').is_some_and(|(stem, _)| stem == name)
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file() && is_theirs(path)).collect()
}
