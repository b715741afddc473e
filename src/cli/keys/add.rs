//! `keys add`: one more company, whose key works, in the settings.

use assistants::Current;
use clap::Args;

use super::KeyArgs;
use crate::cli::companies::{
    HOW_TO_GET_A_KEY, KeysIn, Others, Twin, checked_zone, config_path, delete_key, key_file, look, of_all, others,
    place_of, store, zone_of,
};
use crate::cli::{Global, output};
use crate::config::{ConfigError, Environment, NewCompany, WrittenConfig, draft, new_company_name};
use domain::CompanyName;

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// What the company will be called: a-z, 0-9, _ and -.
    name: String,
    #[command(flatten)]
    key: KeyArgs,
    /// The time zone of its days, such as America/Denver; without it, that of the ZIP codes of its inspections.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Where the key is stored; without it, the keychain where the system has one.
    #[arg(long, value_enum, value_name = "PLACE")]
    keys_in: Option<KeysIn>,
}

pub(super) async fn run(global: &Global, environment: &Environment, args: &AddArgs) -> anyhow::Result<()> {
    anyhow::ensure!(!global.is_demo(), "the invented companies have no keys: leave out --demo");
    let name = new_company_name(&args.name)?;
    let path = config_path(global, environment)?;
    check_free(global, environment, &name)?;
    let asking = args.key.asking()?;
    // What is wrong with the options is said before anybody pastes a key.
    if let Some(zone) = &args.timezone {
        checked_zone(zone).map_err(anyhow::Error::msg)?;
    }
    let place = place_of(args.keys_in, &asking)?;
    let left_over = key_file(&path, name.as_str());
    anyhow::ensure!(
        place == KeysIn::Keychain || !left_over.exists(),
        "there is a key in {} already, which other settings may use: delete that file, or choose another name",
        left_over.display()
    );
    if asking.is_interactive() {
        asking.say(HOW_TO_GET_A_KEY)?;
    }
    let key = args.key.read(&asking)?;
    let seen = look(global, environment, &key)
        .await
        .map_err(|reason| anyhow::anyhow!("the key does not work, and nothing was written: {reason}"))?;
    asking.say(&seen.words("The key"))?;
    let Others { twin, unknown } = others(global, environment, &name, &key, &seen).await;
    match twin {
        None => {}
        Some(Twin::SameKey(other)) => anyhow::bail!("this is the key of {other}, so nothing was written"),
        Some(Twin::SameCompany(other)) => anyhow::bail!(
            "this key is of the company that is set up as {other}, so nothing was written: to give {other} this key, run \
             `spectora-mcp keys replace {other}`; for another company, log out of Spectora and make the key in that one"
        ),
    }
    for other in unknown {
        asking.say(&format!("Whether {other} is the same company could not be found out."))?;
    }
    let current = Current::read(&path)?;
    let mut config = WrittenConfig::parse(current.text(), &path)?;
    let timezone = zone_of(args.timezone.as_deref(), &seen, &name, &asking)?;
    let key = store(place, &path, &name, &key)?;
    config.put(&NewCompany { name: name.clone(), key, timezone });
    let change = current.becomes(&config.text());
    asking.say(&format!("{}:\n{}", change.path().display(), change.shown()))?;
    if let Err(error) = change.write() {
        // A key that no settings name would only lie around.
        delete_key(place, &path, name.as_str())?;
        return Err(error.into());
    }
    output::line(&format!(
        "{name} is set up. A running server takes it up by itself. Where an assistant has an entry for each company, run \
         `spectora-mcp setup --entries each` for the new one's."
    ));
    Ok(())
}

/// The name is free, and stays the name of nothing else once there is one company more.
fn check_free(global: &Global, environment: &Environment, name: &CompanyName) -> anyhow::Result<()> {
    let known = match draft(&of_all(global), environment) {
        Ok(draft) => draft.names(),
        Err(ConfigError::NoCompany) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    anyhow::ensure!(
        !known.contains(name),
        "{name} is set up already: to give it another key, run `spectora-mcp keys replace {name}`"
    );
    // Such a key is that of the only company there is.
    anyhow::ensure!(
        environment.get("SPECTORA_API_KEY").is_none() || environment.get("SPECTORA_COMPANY_NAME").is_some(),
        "SPECTORA_API_KEY is set, and with one company more it would not be clear whose key it is: set \
         SPECTORA_COMPANY_NAME to the name of its company first"
    );
    Ok(())
}
