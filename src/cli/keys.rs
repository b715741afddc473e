//! `keys`: where each company's key is, and putting one in, in the place of another, or taking it out.

mod add;
mod list;
mod remove;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::SecretString;

use super::asking::Asking;
use super::companies::{KeysIn, config_path, key_in, key_of, look, look_with_stored, of_all, own_place, store};
use super::{Global, output};
use crate::config::{ConfigError, Environment, KeyOrigin, key_origins};
use domain::CompanyName;
pub(super) use remove::{RemoveArgs, run as remove};

/// No key is ever shown.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Each company, where its key is and since when, and when it was last used.
    List,
    /// Add a company: its key is checked first, and where it does not work, nothing is written.
    ///
    /// With --key-file or --key-stdin nothing is asked: the time zone is the one given, or that of the ZIP codes of its
    /// inspections.
    Add(add::AddArgs),
    /// Put a new key in the place of a company's; it is checked first, and the old one stays where it does not work.
    Replace {
        /// The company.
        name: String,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Take a company out again: its key and its settings, and with --with-data its local copy.
    ///
    /// A key that this program did not store stays where it is, and so do the settings.
    Remove(RemoveArgs),
    /// What to do, in which order, when somebody may have seen a key.
    Leaked,
}

/// Where a new key is read from.
#[derive(Debug, Args)]
struct KeyArgs {
    /// The file with the new key; without it, the key is asked for.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Read the new key from standard input.
    #[arg(long, conflicts_with = "key_file")]
    key_stdin: bool,
}

impl KeyArgs {
    /// Whoever is to be asked for it; nobody where it is given.
    fn asking(&self) -> anyhow::Result<Asking> {
        let is_given = self.key_file.is_some() || self.key_stdin;
        Asking::new(is_given)
            .map_err(|_| anyhow::anyhow!("there is nobody to ask for a key here: give --key-file FILE or --key-stdin"))
    }

    fn read(&self, asking: &Asking) -> anyhow::Result<SecretString> {
        match &self.key_file {
            Some(file) => key_in(file),
            None if self.key_stdin => key_of(&std::io::read_to_string(std::io::stdin().lock())?),
            None => asking.key(),
        }
    }
}

/// In the order that loses no data and leaves no gap.
const LEAKED: &str = "\
When somebody may have seen a key:
  1. Look in Spectora's developer settings whether the key has an end.
  2. If it has one: delete the key there now, make a new one, and run `spectora-mcp keys replace NAME`.
  3. If it has none: roll it there (the old one then ends by itself), run `spectora-mcp keys replace NAME` with the new
     one, and delete the old one there.
  4. Look where it was seen: an assistant's file, a message, a screenshot, a repository. Delete it there.
  5. `spectora-mcp doctor` shows that the new key works.
A key only reads, but it reads everything that its user may see.";

pub(super) async fn run(global: &Global, args: KeysArgs) -> anyhow::Result<ExitCode> {
    let environment = Environment::capture();
    match args.action {
        Action::List => list::run(global, &environment)?,
        Action::Add(args) => add::run(global, &environment, &args).await?,
        Action::Replace { name, key } => replace(global, &environment, &name, &key).await?,
        Action::Remove(args) => remove::run(global, &environment, &args).await?,
        Action::Leaked => output::line(LEAKED),
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a key is, in words.
fn place_words(origin: &KeyOrigin) -> String {
    match origin {
        KeyOrigin::Missing => "nowhere".to_owned(),
        KeyOrigin::Written => "in the settings file itself".to_owned(),
        KeyOrigin::Variable(variable) => format!("in the environment variable {variable}"),
        KeyOrigin::Command => "printed by a command".to_owned(),
        KeyOrigin::Keychain(_) => "in the system's keychain".to_owned(),
        KeyOrigin::File(path) => format!("in {}", path.display()),
    }
}

/// A company whose key is to be changed.
struct Known {
    name: CompanyName,
    origin: KeyOrigin,
    /// Where this program stored the key; `None` where somebody else put it where it is.
    own: Option<KeysIn>,
}

/// The company of this name, with the place of its key; `config` is the settings file.
fn known(global: &Global, environment: &Environment, config: &Path, name: &str) -> anyhow::Result<Known> {
    let origins = key_origins(&of_all(global), environment)?;
    let names: Vec<&str> = origins.iter().map(|(known, _)| known.as_str()).collect();
    let names = names.join(", ");
    let Some((name, origin)) = origins.into_iter().find(|(known, _)| known.as_str() == name) else {
        return Err(ConfigError::UnknownCompany { given: name.to_owned(), names }.into());
    };
    let own = own_place(&origin, config, &name);
    Ok(Known { name, origin, own })
}

async fn replace(global: &Global, environment: &Environment, name: &str, key: &KeyArgs) -> anyhow::Result<()> {
    let config = config_path(global, environment)?;
    let Known { name, origin, own } = known(global, environment, &config, name)?;
    let Some(place) = own else {
        anyhow::bail!(
            "the key of {name} is not stored by this program, so nothing is changed: it is {}; change it there",
            place_words(&origin)
        );
    };
    let key: SecretString = key.read(&key.asking()?)?;
    let new = look(global, environment, &key)
        .await
        .map_err(|reason| anyhow::anyhow!("the new key does not work, and the old one stays: {reason}"))?;
    // An old key that works no more cannot say whose it was; the mirror knows then, and refuses another company's.
    if let Some(old) = look_with_stored(global, environment, &name).await
        && let (Some(old), Some(new)) = (old.company_id, new.company_id)
        && old != new
    {
        anyhow::bail!("the new key belongs to another company than {name}, and the old one stays");
    }
    store(place, &config, &name, &key)?;
    output::line(&format!(
        "{name} has its new key. A running server takes it up by itself. Delete the old key in Spectora now."
    ));
    Ok(())
}
