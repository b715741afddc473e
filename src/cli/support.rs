//! `support bundle`: one file with what whoever helps needs, and nothing of anybody's.
//!
//! Everything in it is made from typed facts: names of settings and attributes, types, counts, times. Text of this program's own
//! (what `doctor` says) is passed through [`Veil`]. At the end it is looked through once more for every key that is known.

mod facts;
mod veil;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Global;
use super::asking::Asking;
use super::open::Opened;
use crate::config::Environment;
use domain::{Clock as _, SystemClock};
use veil::Veil;

/// What the first page of a bundle says.
const ABOUT: &str = "\
This file was written by `spectora-mcp support bundle`, for whoever helps with it. It has:

  about.json      version and system
  settings.json   which settings are set, without their texts
  doctor.json     what `spectora-mcp doctor` found
  mirror.json     how many records are here, how fresh, what keeps failing, calls of this month
  requests.json   one request to each listing: address, parameters, status, and the shape of the response (names of
                  attributes and their types)
  calls.json      the last questions to a server with a login: which tool, how long, how many calls; people are numbered

It has no key, no name, no address, no price, no text that anybody typed, and no id of a record.
";

/// Help for whoever helps you.
#[derive(Debug, Args)]
pub(super) struct SupportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write one file with versions, settings, what doctor finds and the shape of what Spectora answers; no key, name or
    /// address. What it holds is listed first. Asks Spectora some sixty times a company.
    Bundle {
        /// The file; without it, spectora-support-DATE.zip here.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write it without asking.
        #[arg(long, short)]
        yes: bool,
    },
}

pub(super) async fn run(global: &Global, args: &SupportArgs) -> anyhow::Result<ExitCode> {
    let What::Bundle { out, yes } = &args.what;
    let asking = Asking::new(*yes)?;
    let now = SystemClock.now();
    let path = match out {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("spectora-support-{}.zip", now.strftime("%F"))),
    };
    anyhow::ensure!(!path.exists(), "{} is there already: give another name with --out", path.display());
    let opened = Opened::new(global).await;
    let environment = Environment::capture();
    let given = environment.home().map(Path::to_path_buf).into_iter().chain(std::env::current_exe().ok());
    let veil = Veil::new(opened.as_ref().ok().map(|opened| &opened.config), given);
    let files = facts::all(global, opened.as_ref(), &veil).await;
    let files: Vec<(&str, String)> = std::iter::once(("README.txt", ABOUT.to_owned()))
        .chain(files.into_iter().map(|(name, facts): (&str, Value)| (name, format!("{facts:#}\n"))))
        .collect();
    let mut secrets: Vec<String> = Vec::new();
    if let Ok(opened) = &opened {
        secrets.extend(opened.config.companies.iter().map(|company| company.api_key.expose_secret().to_owned()));
    }
    if let Some((name, _)) = files.iter().find(|(_, text)| secrets.iter().any(|secret| text.contains(secret.as_str())))
    {
        anyhow::bail!("{name} would have a key in it, so nothing is written: please report this");
    }
    asking.say(&format!("{} will have:", path.display()))?;
    for (name, text) in &files {
        asking.say(&format!("  {name:<14} {:>7} bytes", text.len()))?;
    }
    if !asking.agrees("Write it?", true)? {
        return Ok(ExitCode::SUCCESS);
    }
    write(&path, &files)?;
    asking.say(&format!("Written: {}. Have a look before you send it; any program opens it.", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Made readable for its user alone, and never in the place of another file.
fn write(path: &Path, files: &[(&str, String)]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fail = || format!("{} cannot be written", path.display());
    let mut zip = ZipWriter::new(tempfile::NamedTempFile::new_in(folder).with_context(fail)?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in files {
        zip.start_file(*name, options)?;
        zip.write_all(text.as_bytes())?;
    }
    zip.finish()?.persist_noclobber(path).with_context(fail)?;
    Ok(())
}
