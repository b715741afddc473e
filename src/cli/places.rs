//! Where this user's assistants keep their files, and how their entries start this program.

use std::path::PathBuf;

use anyhow::Context as _;
use assistants::{Places, Program, System};

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
