//! Where each company's key is, and who else on this machine can read it. No key is looked at.

use super::Finding;
use crate::cli::Global;
use crate::config::{Environment, KeyOrigin, is_open_to_others, key_origins};

/// A finding for each company whose key is configured.
pub(super) fn examine(global: &Global, environment: &Environment) -> Vec<Finding> {
    // The invented companies have no keys anybody could lose.
    if global.is_demo() {
        return Vec::new();
    }
    let origins = key_origins(&global.overrides(), environment).unwrap_or_default();
    origins.iter().map(|(company, origin)| of_one(company.as_str(), origin)).collect()
}

fn of_one(company: &str, origin: &KeyOrigin) -> Finding {
    let about = format!("{company}, key");
    match origin {
        KeyOrigin::File(path) if is_open_to_others(path) => Finding::wrong(
            &about,
            format!("{} can be read by other users of this machine", path.display()),
            format!("run: chmod 600 {}", path.display()),
        ),
        KeyOrigin::File(path) => {
            // By its mode; other systems have lists of rights, which are not looked at.
            let rights = if cfg!(unix) { ", which you alone can read" } else { "" };
            Finding::fine(&about, format!("in {}{rights}", path.display()))
        }
        KeyOrigin::Variable(name) => Finding::fine(
            &about,
            format!(
                "in the environment variable {name} (where an assistant sets it, it stands in the assistant's file)"
            ),
        ),
        KeyOrigin::Written => Finding::fine(&about, "in spectora.toml itself (`spectora-mcp setup` stores it apart)"),
        KeyOrigin::Keychain(_) => Finding::fine(&about, "in the system's keychain"),
        KeyOrigin::Command => Finding::fine(&about, "printed by a command"),
        // What is configured without a key is no configuration, and was told as such.
        KeyOrigin::Missing => Finding::wrong(&about, "there is none", "run `spectora-mcp setup`"),
    }
}
