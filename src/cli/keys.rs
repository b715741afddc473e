//! `keys`: where each company's key is, and putting another one in its place.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::SecretString;

use super::setup::{KeysIn, config_path, key_of, look, store};
use super::{Global, output};
use crate::config::{Environment, KeyOrigin, key_origins};
use domain::{Clock as _, SystemClock};

/// No key is ever shown.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Each company, where its key is, and since when.
    List,
    /// Put a new key in the place of a company's; it is checked first, and the old one stays where it does not work.
    Replace {
        /// The company.
        name: String,
        /// The file with the new key; without it, the key is asked for.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// Read the new key from standard input.
        #[arg(long, conflicts_with = "key_file")]
        key_stdin: bool,
    },
    /// What to do, in which order, when somebody may have seen a key.
    Leaked,
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
        Action::List => list(global, &environment)?,
        Action::Replace { name, key_file, key_stdin } => {
            replace(global, &environment, &name, key_file.as_deref(), key_stdin).await?;
        }
        Action::Leaked => output::line(LEAKED),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(global: &Global, environment: &Environment) -> anyhow::Result<()> {
    for (name, origin) in key_origins(&global.overrides(), environment)? {
        let place = match &origin {
            KeyOrigin::Missing => "none".to_owned(),
            KeyOrigin::Written => {
                "in the configuration itself (safer: `spectora-mcp setup` stores it apart)".to_owned()
            }
            KeyOrigin::Variable(variable) => format!("the environment variable {variable}"),
            KeyOrigin::Command => "printed by a command".to_owned(),
            KeyOrigin::Keychain => "the system's keychain".to_owned(),
            KeyOrigin::File(path) => format!("{}{}", path.display(), age(path)),
        };
        output::line(&format!("{name}: {place}"));
    }
    Ok(())
}

/// Since when a file is as it is.
fn age(path: &Path) -> String {
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let written = written.ok().and_then(|at| Timestamp::try_from(at).ok());
    match written.map(|at| SystemClock.now().duration_since(at).as_hours() / 24) {
        Some(..=0) => ", written today".to_owned(),
        Some(1) => ", written yesterday".to_owned(),
        Some(days) => format!(", written {days} days ago"),
        None => ", which cannot be read".to_owned(),
    }
}

async fn replace(
    global: &Global,
    environment: &Environment,
    name: &str,
    key_file: Option<&Path>,
    key_stdin: bool,
) -> anyhow::Result<()> {
    let origins = key_origins(&global.overrides(), environment)?;
    let Some((company, origin)) = origins.into_iter().find(|(known, _)| known.as_str() == name) else {
        anyhow::bail!("no company is called {name}; `spectora-mcp keys list` shows them");
    };
    let config = config_path(global, environment)?;
    let place = match origin {
        KeyOrigin::Keychain => KeysIn::Keychain,
        KeyOrigin::File(path)
            if Some(path.as_path()) == config.parent().map(|folder| folder.join("keys").join(name)).as_deref() =>
        {
            KeysIn::File
        }
        _ => anyhow::bail!(
            "the key of {name} is not stored by this program: change it where `spectora-mcp keys list` says it is"
        ),
    };
    let key: SecretString = key_of(key_file, key_stdin)?;
    let new = look(global, environment, &key)
        .await
        .map_err(|reason| anyhow::anyhow!("the new key does not work, and the old one stays: {reason}"))?;
    // An old key that works no more cannot say whose it was; the mirror knows then, and refuses another company's.
    if let Some(old) = super::setup::look_with_stored(global, environment, name).await
        && let (Some(old), Some(new)) = (old.company_id, new.company_id)
        && old != new
    {
        anyhow::bail!("the new key belongs to another company than {name}, and the old one stays");
    }
    store(place, &config, &company, &key)?;
    output::line(&format!(
        "{name} has its new key. A running server takes it up by itself. Delete the old key in Spectora now."
    ));
    Ok(())
}
