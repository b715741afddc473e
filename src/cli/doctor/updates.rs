//! Whether there is a newer version, where an address is set that may be asked.

use super::Finding;
use crate::cli::Global;
use crate::cli::version::{Published, look, unknown};
use crate::config::{ConfigError, Environment, updates};

const ABOUT: &str = "version";

/// Nothing where nobody is to be asked. A newer version is worth a word: whoever sets the address wants to hear of it.
pub(super) async fn examine(global: &Global, environment: &Environment) -> Option<Finding> {
    if global.is_demo() {
        return None;
    }
    let address = match updates(&global.overrides(), environment) {
        Ok(address) => address?,
        Err(error @ ConfigError::UpdateAddress { .. }) => {
            return Some(Finding::wrong(ABOUT, error.to_string(), error.remedy()));
        }
        // Settings that cannot be read at all are told of as such.
        Err(_) => return None,
    };
    Some(match look(&address).await {
        Ok(seen @ Published::NothingNewer(_)) => Finding::fine(ABOUT, seen.words()),
        Ok(seen @ Published::Newer(_)) => {
            Finding::wrong(ABOUT, seen.words(), "install it over this one, in the same way, and restart the assistant")
        }
        Err(error) => Finding::wrong(ABOUT, unknown(&error), error.remedy()),
    })
}
