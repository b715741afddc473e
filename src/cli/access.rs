//! `access`: who may come in over HTTP.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::serve::{access_store, http_config, permissions};
use super::{Global, output};
use crate::config::{ConfigError, Environment, draft};
use access::{AccessError, AccessStore, Given, RedirectRules};
use domain::{CompanyName, Roles};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Characters of a passphrase that is made up, without those that look alike.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// People log in with a name and a passphrase; programs that cannot send a token. What each may see is a role: owner,
/// office, inspector, marketing, or one of [roles] in the configuration.
#[derive(Debug, Args)]
pub(super) struct AccessArgs {
    /// The file of people, tokens and logins; without it, access.db in the data folder.
    #[arg(long, value_name = "FILE", global = true)]
    access_file: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Let a person log in. Prints a passphrase made up for them, unless one is given.
    AddPerson {
        /// Their name, to log in with.
        name: String,
        #[command(flatten)]
        given: GivenArgs,
        /// Take the first line of standard input as the passphrase (12 characters or more).
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Make a token for a program. It is printed once, alone on its line.
    AddToken {
        /// What it is for, such as `nightly report`.
        name: String,
        #[command(flatten)]
        given: GivenArgs,
        /// It ends after so many days; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// Make a client id for an application that cannot register itself. The id and its secret are printed once.
    AddClient {
        /// What it is called.
        name: String,
        /// Where the browser goes back to; may be given several times.
        #[arg(long = "redirect", value_name = "URL", required = true)]
        redirects: Vec<String>,
        /// A public client, which keeps no secret.
        #[arg(long)]
        without_secret: bool,
    },
    /// Show people, tokens, clients, and the applications that people let in.
    List,
    /// Take back a person with all they let in, a token, a client, or one grant by its id. It holds at once.
    Revoke {
        /// The name or id, as `list` shows it.
        name: String,
    },
}

#[derive(Debug, Args)]
struct GivenArgs {
    /// What they may see: owner, office, inspector, marketing, or a role of the configuration.
    #[arg(long)]
    role: String,
    /// For a role of one's own work: the inspector, by id or whole name.
    #[arg(long = "as", value_name = "INSPECTOR")]
    inspector: Option<String>,
}

impl GivenArgs {
    /// What is given, checked against the roles there are. Companies come from `--company`.
    fn settle(&self, global: &Global, roles: &Roles) -> anyhow::Result<Given> {
        let names = global.companies.iter().map(|name| name.parse::<CompanyName>());
        let companies = names.collect::<Result<Vec<_>, _>>()?;
        permissions(roles, &self.role, &companies, self.inspector.as_deref())?;
        // A name with a slip in it would be a company nobody ever sees. Where nothing is configured yet, that cannot be told.
        if !global.is_demo()
            && let Err(error) = draft(&global.overrides(), &Environment::capture())
            && matches!(&error, ConfigError::UnknownCompany { names, .. } if !names.is_empty())
        {
            return Err(error.into());
        }
        Ok(Given { role: self.role.clone(), companies, inspector: self.inspector.clone() })
    }
}

pub(super) async fn run(global: &Global, args: AccessArgs) -> anyhow::Result<ExitCode> {
    let config = http_config(global)?;
    let store = access_store(args.access_file.as_deref(), &config)?;
    let global = global.clone();
    tokio::task::spawn_blocking(move || work(&global, &args, &store, &config.roles, &config.redirects)).await??;
    Ok(ExitCode::SUCCESS)
}

fn work(
    global: &Global,
    args: &AccessArgs,
    store: &AccessStore,
    roles: &Roles,
    redirects: &[String],
) -> anyhow::Result<()> {
    match &args.what {
        What::AddPerson { name, given, passphrase_stdin } => {
            let given = given.settle(global, roles)?;
            let passphrase = if *passphrase_stdin { first_line()? } else { made_up() };
            store.add_person(name, &passphrase, &given)?;
            output::line(&format!("{name} can log in as {}, {}.", given.role, companies(&given)));
            if !passphrase_stdin {
                output::line(&format!("Passphrase (shown this once): {}", passphrase.expose_secret()));
            }
        }
        What::AddToken { name, given, days } => {
            let given = given.settle(global, roles)?;
            let now = domain::Clock::now(&domain::SystemClock).as_millisecond();
            let token = store.add_token(name, &given, days.map(|days| now + i64::from(days) * DAY_MS))?;
            output::line(token.expose_secret());
        }
        What::AddClient { name, redirects: own, without_secret } => {
            let rules = RedirectRules { more: redirects.to_vec() };
            let (id, secret) = store.add_client(name, own, !without_secret, &rules)?;
            output::line(&format!("client_id: {id}"));
            if let Some(secret) = secret {
                output::line(&format!("client_secret (shown this once): {}", secret.expose_secret()));
            }
        }
        What::List => list(store)?,
        What::Revoke { name } => {
            let gone = store.revoke(name)?;
            output::line(&format!("taken back: {} `{name}`", gone.join(", ")));
        }
    }
    Ok(())
}

fn companies(given: &Given) -> String {
    match given.companies.as_slice() {
        [] => "all companies".to_owned(),
        some => some.iter().map(CompanyName::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn day(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn list(store: &AccessStore) -> Result<(), AccessError> {
    let (people, tokens, clients, grants) =
        (store.people()?, store.tokens()?, store.clients_by_owner()?, store.grants()?);
    if people.is_empty() && tokens.is_empty() && clients.is_empty() && grants.is_empty() {
        output::line("Nobody and nothing can come in yet. `access add-person NAME --role owner` adds a person.");
        return Ok(());
    }
    let role = |given: &Given| match &given.inspector {
        Some(inspector) => format!("{} ({inspector})", given.role),
        None => given.role.clone(),
    };
    for one in people {
        output::line(&format!(
            "person  {}  {}, {}, since {}",
            one.name,
            role(&one.given),
            companies(&one.given),
            day(one.created_at)
        ));
    }
    for one in tokens {
        let ends = one.ends_at.map_or_else(|| "never ends".to_owned(), |at| format!("ends {}", day(at)));
        let used = one.used_at.map_or_else(|| "not used yet".to_owned(), |at| format!("last used {}", day(at)));
        output::line(&format!("token   {}  {}, {}, {ends}, {used}", one.name, role(&one.given), companies(&one.given)));
    }
    for one in clients {
        output::line(&format!("client  {}  {}", one.id, one.name));
    }
    for one in grants {
        let (since, used) = (day(one.created_at), day(one.used_at));
        output::line(&format!(
            "grant   {}  {} let in {}, since {since}, last used {used}",
            one.id, one.person, one.client_name
        ));
    }
    Ok(())
}

fn first_line() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

/// Four groups of five letters and digits: about 98 bits, and short enough to type once.
fn made_up() -> SecretString {
    let letter = || char::from(LETTERS.get(rand::random_range(0..LETTERS.len())).copied().unwrap_or(b'x'));
    let group = || (0..5).map(|_| letter()).collect::<String>();
    SecretString::from([group(), group(), group(), group()].join("-"))
}
