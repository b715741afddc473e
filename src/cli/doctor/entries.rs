//! The entries of this program in the assistants' files.

use std::path::Path;

use assistants::{Assistant, File, Found, Program};
use clap::Parser as _;

use super::Finding;
use crate::cli::Cli;
use crate::cli::places::{own_entries, places, program};
use crate::config::Environment;

/// What a user runs to have entries written anew.
const SET_UP: &str = "run `spectora-mcp setup`, which writes the entry anew";

/// What is found in the files of the assistants on this machine.
pub(super) fn examine(environment: &Environment) -> Vec<Finding> {
    let (Ok(places), Ok(program)) = (places(environment), program()) else { return Vec::new() };
    let files: Vec<File> = Assistant::ALL.into_iter().flat_map(|one| one.installed(&places)).collect();
    let findings: Vec<Finding> = files.iter().flat_map(|file| of_file(file, &program)).collect();
    if findings.is_empty() && !files.is_empty() {
        let names: Vec<&str> = files.iter().map(|file| file.assistant.title()).collect();
        let what = format!("no entry of this program in {}", names.join(", "));
        return vec![Finding::wrong("assistants", what, "run `spectora-mcp setup`")];
    }
    findings
}

fn of_file(file: &File, program: &Program) -> Vec<Finding> {
    let about = file.assistant.title();
    match own_entries(file, program) {
        Ok(found) => found.iter().map(|found| of_entry(about, found, program)).collect(),
        Err(error) => vec![Finding::wrong(about, error.to_string(), error.remedy())],
    }
}

fn of_entry(about: &str, found: &Found, program: &Program) -> Finding {
    let about = format!("{about}, entry `{}`", found.name);
    let command = Path::new(&found.command);
    // A bare name is looked for by the assistant; which program that is cannot be told from here.
    if command.is_absolute() {
        let Ok(started) = command.canonicalize() else {
            return Finding::wrong(&about, format!("starts {}, which is not there", command.display()), SET_UP);
        };
        if program.path.canonicalize().is_ok_and(|own| own != started) {
            let what = format!(
                "starts another copy of the program, {} (this one is {})",
                command.display(),
                program.path.display()
            );
            return Finding::wrong(
                &about,
                what,
                "delete the copy you do not need, and run `spectora-mcp setup` with the other one",
            );
        }
        let arguments = std::iter::once(program.name.as_str()).chain(found.arguments.iter().map(String::as_str));
        if let Err(error) = Cli::try_parse_from(arguments) {
            let said = error.to_string();
            let reason = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Finding::wrong(&about, format!("its arguments are not understood: {reason}"), SET_UP);
        }
    }
    let key = if found.variables.iter().any(|name| name.starts_with("SPECTORA_API_KEY")) {
        "; the key stands in the assistant's file (`spectora-mcp setup` stores it apart)"
    } else {
        ""
    };
    Finding::fine(&about, format!("starts {} {}{key}", found.command, found.arguments.join(" ")))
}
