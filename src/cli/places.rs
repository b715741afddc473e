//! Where this user's assistants keep their files, and how their entries start this program.

use std::path::PathBuf;

use anyhow::Context as _;
use assistants::{Assistant, ChangeError, Current, File, Found, Places, Program, System, entries};

use crate::config::Environment;

/// This program, as entries start it.
pub(super) fn program() -> anyhow::Result<Program> {
    Ok(Program { name: env!("CARGO_PKG_NAME").to_owned(), path: std::env::current_exe()? })
}

/// The folders of this user.
pub(super) fn places(environment: &Environment) -> anyhow::Result<Places> {
    let home = environment.home().context("this user's home folder is not known")?.to_owned();
    let system = System::this();
    let settings = match system {
        System::Windows => {
            environment.get("APPDATA").map_or_else(|| home.join("AppData").join("Roaming"), PathBuf::from)
        }
        System::MacOs => home.join("Library").join("Application Support"),
        System::Linux => environment.get("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from),
    };
    let local = match system {
        System::Windows => {
            Some(environment.get("LOCALAPPDATA").map_or_else(|| home.join("AppData").join("Local"), PathBuf::from))
        }
        System::MacOs | System::Linux => None,
    };
    Ok(Places { system, home, settings, local })
}

/// The entries in an assistant's file that start this program.
pub(super) fn own_entries(file: &File, program: &Program) -> Result<Vec<Found>, ChangeError> {
    let current = Current::read(&file.path)?;
    let found =
        entries(current.text(), file.format).map_err(|error| ChangeError::Edit { path: file.path.clone(), error })?;
    Ok(found.into_iter().filter(|found| found.starts(program)).collect())
}

/// The entries that start this program, in the files of all assistants. A file that cannot be read is the doctor's to tell of.
pub(super) fn all_own_entries(environment: &Environment) -> Vec<(File, Found)> {
    let (Ok(places), Ok(program)) = (places(environment), program()) else { return Vec::new() };
    let files = Assistant::ALL.into_iter().flat_map(|one| one.installed(&places));
    let of_file = |file: File| {
        let found = own_entries(&file, &program).unwrap_or_default();
        found.into_iter().map(|found| (file.clone(), found)).collect::<Vec<_>>()
    };
    files.flat_map(of_file).collect()
}
