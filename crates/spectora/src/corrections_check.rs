//! Whether corrections can be meant: each must be of a name that this program uses.

use std::collections::BTreeSet;

use super::corrections::Corrections;
use super::query::{Endpoint, filter_names};
use super::wire::attribute_names;

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 80;

/// A correction that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` under [api.{table}] is no name this program knows; known: {known}")]
pub struct CorrectionError {
    /// The table.
    pub table: String,
    /// What was given.
    pub name: String,
    /// What there is.
    pub known: String,
}

impl Corrections {
    /// Refuses what corrects nothing: a name that this program does not use.
    pub fn check(&self) -> Result<(), CorrectionError> {
        for (endpoint, corrections) in &self.attributes {
            check_names("attributes", *endpoint, corrections.keys(), attribute_names(*endpoint))?;
        }
        for (endpoint, corrections) in &self.filters {
            let known = filter_names(*endpoint).iter().map(|name| (*name).to_owned()).collect();
            check_names("filters", *endpoint, corrections.keys(), known)?;
        }
        let names = [&self.paging.number, &self.paging.size];
        if let Some(name) = names.into_iter().find(|name| !is_plain(name)) {
            let known = "letters, digits, `_`, `-`, `.` and brackets".to_owned();
            return Err(CorrectionError { table: "paging".to_owned(), name: shown(name), known });
        }
        Ok(())
    }
}

fn check_names<'a>(
    table: &str,
    endpoint: Endpoint,
    given: impl Iterator<Item = &'a String>,
    known: BTreeSet<String>,
) -> Result<(), CorrectionError> {
    for name in given {
        if !known.contains(name) {
            let table = format!("{table}.{endpoint}");
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(CorrectionError { table, name: shown(name), known });
        }
    }
    Ok(())
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(plain)
}

fn shown(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { "what stands there".to_owned() }
}
