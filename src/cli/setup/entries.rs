//! The entries in the assistants' files.

use std::path::PathBuf;

use anyhow::Context as _;
use assistants::{Assistant, Change, ChangeError, Entry, File, Places, Program, Wanted};

use super::{Entries, SetupArgs};
use crate::cli::Global;
use crate::cli::asking::Asking;
use crate::cli::places::{places, program};
use crate::config::{Environment, named_file};

/// The entry for all companies, and that of the invented ones.
const ENTRY: &str = "spectora";
const DEMO_ENTRY: &str = "spectora_demo";

/// The files to change: of the assistants named, or of those installed that the person chooses.
fn files(args: &SetupArgs, places: &Places, asking: &Asking) -> anyhow::Result<Vec<File>> {
    if args.assistants.iter().any(|name| name == "none") {
        return Ok(Vec::new());
    }
    if args.assistants.is_empty() {
        let installed: Vec<Assistant> =
            Assistant::ALL.into_iter().filter(|one| !one.installed(places).is_empty()).collect();
        if installed.is_empty() {
            let known: Vec<&str> = Assistant::ALL.into_iter().map(Assistant::title).collect();
            asking.say(&format!(
                "No assistant was found on this machine (looked for {}). Install one and run this again, or name it with \
                 --assistant.",
                known.join(", ")
            ))?;
        }
        let choices: Vec<(Assistant, String)> =
            installed.into_iter().map(|one| (one, one.title().to_owned())).collect();
        let chosen = asking.some_of("Which assistants may ask? (space chooses, enter goes on)", &choices)?;
        return Ok(chosen.into_iter().flat_map(|one| one.installed(places)).collect());
    }
    let mut files = Vec::new();
    for name in &args.assistants {
        let known = Assistant::ALL.into_iter().find(|one| one.name() == name);
        let names: Vec<&str> = Assistant::ALL.into_iter().map(Assistant::name).collect();
        let one =
            known.with_context(|| format!("no assistant is called {name}; there are {}, none", names.join(", ")))?;
        let installed = one.installed(places);
        files.extend(if installed.is_empty() { one.files(places).into_iter().take(1).collect() } else { installed });
    }
    Ok(files)
}

/// What became of the entries.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What is to be done with each assistant so that it reads them.
    pub(super) restarts: Vec<String>,
    /// The assistants whose files could not be changed.
    pub(super) left: Vec<&'static str>,
}

/// Writes the entries.
pub(super) fn write(
    global: &Global,
    args: &SetupArgs,
    environment: &Environment,
    asking: &Asking,
    names: &[String],
) -> anyhow::Result<Written> {
    let files = files(args, &places(environment)?, asking)?;
    let style = match args.entries {
        Some(style) => style,
        None if files.is_empty() || names.len() < 2 => Entries::One,
        None => {
            let choices = [
                (Entries::One, "one entry for all companies (questions can be about both)"),
                (Entries::Each, "one entry for each company"),
            ];
            asking.one_of("How should the companies stand in the assistant?", &choices)?.unwrap_or(Entries::One)
        }
    };
    let program = program()?;
    let named = named_file(&global.overrides(), environment)?;
    let entries = of_style(global, named.as_ref(), &program, style, names)?;
    // The other style, and the invented companies once there are real ones.
    let removed = match style {
        _ if global.is_demo() => Vec::new(),
        Entries::One => [names, &[DEMO_ENTRY.to_owned()]].concat(),
        Entries::Each => vec![ENTRY.to_owned(), DEMO_ENTRY.to_owned()],
    };
    let mut written = Written::default();
    for file in files {
        let wanted = Wanted { program: &program, entries: &entries, removed: &removed, only: false };
        let restart = format!("{}: {}", file.assistant.title(), file.assistant.restart());
        match change(&file, wanted, asking)? {
            Changed::Yes if !written.restarts.contains(&restart) => written.restarts.push(restart),
            Changed::Yes | Changed::No => {}
            Changed::CannotBe => written.left.push(file.assistant.title()),
        }
    }
    Ok(written)
}

/// The entries for these companies, whose settings are in the file `named` where that is not the usual one.
fn of_style(
    global: &Global,
    named: Option<&PathBuf>,
    program: &Program,
    style: Entries,
    names: &[String],
) -> anyhow::Result<Vec<Entry>> {
    let mut common = vec!["serve".to_owned()];
    if global.is_demo() {
        common.push("--demo".to_owned());
    }
    let absolute = |path: &PathBuf| anyhow::Ok(std::path::absolute(path)?.display().to_string());
    let mut put = |option: &str, value: Option<String>| {
        common.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
    };
    // What is not in the usual place must be said to the server too.
    put("--config", named.map(absolute).transpose()?);
    put("--data-dir", global.data_dir.as_ref().map(absolute).transpose()?);
    put("--base-url", global.base_url.clone());
    let entry = |name: &str, more: &[&str]| Entry {
        name: name.to_owned(),
        command: program.path.clone(),
        arguments: common.iter().cloned().chain(more.iter().map(|one| (*one).to_owned())).collect(),
        environment: Vec::new(),
    };
    Ok(match style {
        _ if global.is_demo() => vec![entry(DEMO_ENTRY, &[])],
        Entries::One => vec![entry(ENTRY, &[])],
        Entries::Each => names.iter().map(|name| entry(name, &["--company", name])).collect(),
    })
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    Yes,
    /// There was nothing to change, or the person did not want it.
    No,
    CannotBe,
}

/// Shows the change and makes it. One file that cannot be changed is told of, and no reason to leave the others out.
fn change(file: &File, wanted: Wanted<'_>, asking: &Asking) -> anyhow::Result<Changed> {
    let title = file.assistant.title();
    let left = |error: ChangeError| {
        asking.say(&format!("{title} is left as it is: {error}\n  -> {}", error.remedy()))?;
        Ok(Changed::CannotBe)
    };
    let change = match Change::plan(file, wanted) {
        Ok(change) => change,
        Err(error) => return left(error),
    };
    if change.is_nothing() {
        asking.say(&format!("{title}: nothing to change in {}", file.path.display()))?;
        return Ok(Changed::No);
    }
    asking.say(&format!("{title}: {}\n{}", file.path.display(), change.shown()))?;
    if !asking.agrees("Make this change?", true)? {
        return Ok(Changed::No);
    }
    match change.write() {
        Ok(Some(copy)) => asking.say(&format!("Written; the file as it was is {}", copy.display()))?,
        Ok(None) => asking.say("Written.")?,
        Err(error) => return left(error),
    }
    Ok(Changed::Yes)
}

/// Takes every entry that starts this program out of the assistants' files.
pub(super) fn remove(args: &SetupArgs, environment: &Environment, asking: &Asking) -> anyhow::Result<()> {
    let (places, program) = (places(environment)?, program()?);
    let is_meant =
        |one: &Assistant| args.assistants.is_empty() || args.assistants.iter().any(|name| name == one.name());
    for file in Assistant::ALL.into_iter().filter(is_meant).flat_map(|one| one.files(&places)) {
        if file.path.is_file() {
            change(&file, Wanted { program: &program, entries: &[], removed: &[], only: true }, asking)?;
        }
    }
    Ok(())
}
