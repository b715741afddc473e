//! Whether corrections can be meant: each must be of a name that this program uses.

use std::collections::BTreeSet;

use super::corrections::{Corrections, FilterCorrection, PAGE_ROWS_MAX, Paging};
use super::query::{Endpoint, filter_names};
use super::wire::attribute_names;

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 80;

/// A correction that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` under [api.{table}] is nothing this program knows; known: {known}")]
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
        let named =
            self.filters.iter().flat_map(|(endpoint, filters)| filters.values().map(move |one| (endpoint, one)));
        for (endpoint, correction) in named {
            if let FilterCorrection::Named(name) = correction {
                check_plain(&format!("filters.{endpoint}"), name)?;
            }
        }
        check_plain("paging", &self.paging.number)?;
        check_plain("paging", &self.paging.size)?;
        let in_paging = |name: String, known: &str| {
            Err(CorrectionError { table: "paging".to_owned(), name, known: known.to_owned() })
        };
        match &self.paging {
            Paging { first: first @ 2.., .. } => in_paging(format!("first = {first}"), "0, 1"),
            Paging { size_max, .. } if !(1..=PAGE_ROWS_MAX).contains(size_max) => {
                in_paging(format!("size_max = {size_max}"), &format!("1 to {PAGE_ROWS_MAX}"))
            }
            _ => Ok(()),
        }
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

fn check_plain(table: &str, name: &str) -> Result<(), CorrectionError> {
    let known = "letters, digits, `_`, `-`, `.` and brackets".to_owned();
    if is_plain(name) { Ok(()) } else { Err(CorrectionError { table: table.to_owned(), name: shown(name), known }) }
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(plain)
}

fn shown(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { "what stands there".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let paging = |first, size_max| Corrections {
            paging: Paging { first, size_max, ..Paging::default() },
            ..Corrections::default()
        };
        assert_eq!(paging(0, 1).check(), Ok(()));
        assert!(paging(2, 200).check().unwrap_err().to_string().contains("first = 2"));
        assert!(paging(1, 0).check().unwrap_err().to_string().contains("1 to 200"));
        assert!(paging(1, 201).check().is_err());
        let mut filters = Corrections::default();
        let named = FilterCorrection::Named("zip&key".to_owned());
        filters.filters.entry(Endpoint::Inspections).or_default().insert("zip".to_owned(), named);
        let refused = filters.check().unwrap_err().to_string();
        assert!(refused.contains("filters.inspections") && !refused.contains("key"), "{refused}");
        assert!(toml::from_str::<std::collections::BTreeMap<String, FilterCorrection>>("zip = true").is_err());
    }
}
