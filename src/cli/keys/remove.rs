//! `keys remove`: a company's key and settings taken out, and its local copy where that is wanted.

use std::path::{Path, PathBuf};

use assistants::{Current, Found};
use clap::Args;

use super::{Known, known, place_words};
use crate::cli::asking::Asking;
use crate::cli::companies::{Leaving, config_path, forget, of_all};
use crate::cli::places::all_own_entries;
use crate::cli::{Global, output};
use crate::config::{Draft, Environment, KeyOrigin, WrittenConfig, draft};
use domain::CompanyName;
use mirror::mirror_path;

#[derive(Debug, Args)]
pub(in crate::cli) struct RemoveArgs {
    /// The company.
    pub(in crate::cli) name: String,
    /// Delete its local copy too.
    #[arg(long)]
    pub(in crate::cli) with_data: bool,
    /// Do it without asking.
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

pub(in crate::cli) async fn run(global: &Global, environment: &Environment, args: &RemoveArgs) -> anyhow::Result<()> {
    anyhow::ensure!(!global.is_demo(), "the invented companies have no keys: leave out --demo");
    let path = config_path(global, environment)?;
    let Known { name, origin, own } = known(global, environment, &path, &args.name)?;
    let keys = match (own, &origin) {
        (Some(place), _) => vec![place],
        (None, KeyOrigin::Missing) => Vec::new(),
        (None, origin) => {
            let place = place_words(origin);
            let written = WrittenConfig::parse(Current::read(&path)?.text(), &path)?.names();
            let also = if written.contains(&args.name) {
                format!(", and [companies.{name}] out of {}", path.display())
            } else {
                String::new()
            };
            anyhow::bail!(
                "the key of {name} is not stored by this program, so nothing is changed: it is {place}; take it out \
                 there{also}"
            );
        }
    };
    let draft = draft(&of_all(global), environment)?;
    let data = draft.data_dir();
    let asking = Asking::new(args.yes)?;
    let what = if args.with_data { ", its settings and its local copy" } else { " and its settings" };
    let question = format!("Delete the key of {name}{what}? They cannot be brought back.");
    if !asking.agrees(&question, true)? {
        return asking.say("Nothing is changed.");
    }
    let leaving = Leaving { name: name.to_string(), keys };
    forget(&path, data.filter(|_| args.with_data), &[leaving], &asking).await?;
    for line in told(&name, &draft, data.filter(|_| !args.with_data), environment) {
        output::line(&line);
    }
    Ok(())
}

/// What is to be known and done afterward; `left` is the folder where the local copy stays.
fn told(name: &CompanyName, before: &Draft, left: Option<&Path>, environment: &Environment) -> Vec<String> {
    let mut lines = vec![format!("{name} is removed. Delete its key in Spectora too: it works until then.")];
    let is_last = before.names().len() == 1;
    lines.push(if is_last {
        "No company is left. A server that runs goes on as before until it is stopped.".to_owned()
    } else {
        "A running server drops it by itself, unless it was started for this company alone: stop that one.".to_owned()
    });
    if let Some(copy) = left.map(|folder| mirror_path(folder, name)).filter(|copy| copy.exists()) {
        lines.push(format!(
            "Its local copy stays: {}, and what is called so beside it. Delete these files where nobody needs them.",
            copy.display()
        ));
    }
    for (assistant, file, entry) in pinned(name, environment) {
        lines.push(format!(
            "{assistant}, entry `{entry}`: it still starts a server for {name}. Take it out of {}, and restart the assistant.",
            file.display()
        ));
    }
    lines
}

/// The assistants' entries that are for this company: whose, in which file, of which name.
fn pinned(name: &CompanyName, environment: &Environment) -> Vec<(&'static str, PathBuf, String)> {
    let all = all_own_entries(environment).into_iter().filter(|(_, found)| names_company(found, name));
    all.map(|(file, found)| (file.assistant.title(), file.path, found.name)).collect()
}

fn names_company(entry: &Found, name: &CompanyName) -> bool {
    let follows = |pair: &[String]| matches!(pair, [option, value] if option == "--company" && *value == name.as_str());
    let joined = format!("--company={name}");
    entry.arguments.windows(2).any(follows) || entry.arguments.contains(&joined)
}
