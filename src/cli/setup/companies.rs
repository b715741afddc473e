//! The companies: their keys, names and zones, written to `spectora.toml`.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use assistants::Current;
use secrecy::SecretString;

use super::SetupArgs;
use crate::cli::Global;
use crate::cli::asking::Asking;
use crate::cli::companies::{
    self, HOW_TO_GET_A_KEY, KeysIn, Leaving, Twin, config_path, key_in, key_of, look, of_all, others, place_of, store,
    zone_of,
};
use crate::config::keychain::HAS_KEYCHAIN;
use crate::config::{Draft, Environment, NewCompany, WrittenConfig, draft};
use domain::CompanyName;

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
        asking.say(&seen.words(&format!("Key {}", nth + 1)))?;
        let name = name_of(nth, global, &config, asking)?;
        if let Some(other) = seen.company_id.clone().and_then(|id| ids.insert(id, name.clone()))
            && other != name
        {
            anyhow::bail!(
                "the keys of {other} and {name} belong to one company; log out and in again under the other one"
            );
        }
        match others(global, environment, &name, &key, &seen).await.twin {
            None => {}
            Some(Twin::SameKey(other)) => {
                anyhow::bail!("key {} is that of {other}, which is set up already", nth + 1)
            }
            Some(Twin::SameCompany(other)) => {
                anyhow::bail!("key {} is of the company that is set up as {other} already", nth + 1)
            }
        }
        let timezone = zone_of(args.timezones.get(nth).map(String::as_str), &seen, &name, asking)?;
        let place = place_of(args.keys_in, asking)?;
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

fn given_keys(args: &SetupArgs) -> anyhow::Result<Vec<SecretString>> {
    let mut keys = Vec::new();
    for file in &args.key_files {
        keys.push(key_in(file)?);
    }
    if args.keys_stdin {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if !line.trim().is_empty() {
                keys.push(key_of(&line)?);
            }
        }
    }
    Ok(keys)
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

/// Deletes keys, companies and mirrors.
pub(super) async fn forget(global: &Global, environment: &Environment, asking: &Asking) -> anyhow::Result<()> {
    let path = config_path(global, environment)?;
    let names = WrittenConfig::parse(Current::read(&path)?.text(), &path)?.names();
    if names.is_empty() {
        return asking.say("No company is configured.");
    }
    let question = format!("Delete the keys and mirrors of {}? They cannot be brought back.", names.join(", "));
    if !asking.agrees(&question, true)? {
        return Ok(());
    }
    let keys = if HAS_KEYCHAIN { vec![KeysIn::File, KeysIn::Keychain] } else { vec![KeysIn::File] };
    let leaving: Vec<Leaving> = names.into_iter().map(|name| Leaving { name, keys: keys.clone() }).collect();
    let draft = draft(&of_all(global), environment).ok();
    companies::forget(&path, draft.as_ref().and_then(Draft::data_dir), &leaving, asking).await
}
