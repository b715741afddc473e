//! `keys list`: where each key is, since when, and when it was last used. No key is looked for, and no file is made.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::place_words;
use crate::cli::{Global, output};
use crate::config::{Environment, KeyOrigin, draft};
use domain::{Clock as _, CompanyName, SystemClock};

pub(super) fn run(global: &Global, environment: &Environment) -> anyhow::Result<()> {
    let draft = draft(&global.overrides(), environment)?;
    let now = SystemClock.now();
    for (name, origin) in draft.key_origins(environment)? {
        let written = match &origin {
            KeyOrigin::File(path) => written_at(path),
            _ => None,
        };
        let about = match &origin {
            KeyOrigin::Written => " (safer: `spectora-mcp setup` stores it apart)".to_owned(),
            KeyOrigin::File(_) => match written {
                Some(at) => format!(", written {}", day_words(at, now)),
                None => ", which cannot be read".to_owned(),
            },
            _ => String::new(),
        };
        let used = used_words(draft.data_dir(), &name, written, now);
        output::line(&format!("{name}: {}{about}; {used}", place_words(&origin)));
    }
    Ok(())
}

/// Since when a file is as it is.
fn written_at(path: &Path) -> Option<Timestamp> {
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(written).ok()
}

/// When the service last answered with the key, as far as the company's mirror tells.
fn used_words(data: Option<&Path>, company: &CompanyName, written: Option<Timestamp>, now: Timestamp) -> String {
    let Some(data) = data else { return "when it was last used is not known without a local copy".to_owned() };
    let answered = match sync::glance(data, company, now) {
        Ok(glance) => glance.and_then(|glance| glance.answered_at),
        Err(error) => return format!("when it was last used is not known ({error})"),
    };
    match answered {
        None => "not used for the local copy yet".to_owned(),
        // What was read before was read with the key that was there before.
        Some(answered) if written.is_some_and(|written| answered < written) => "not used since".to_owned(),
        Some(answered) => format!("last used {}", day_words(answered, now)),
    }
}

/// A day as people say it, by this machine's calendar.
fn day_words(at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    match (day(now) - day(at)).get_days() {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}
