//! A company's name inside this program.

use std::fmt;
use std::str::FromStr;

/// The name by which a configured company is called in arguments and answers: `[a-z0-9_-]{1,40}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompanyName(String);

/// The most characters of a company's name; clients limit the length of names they show.
const COMPANY_NAME_LENGTH_MAX: usize = 40;

/// The text cannot name a company.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a company: use 1 to 40 of the characters a-z, 0-9, `_` and `-`, such as `spectora_residential`"
)]
pub struct CompanyNameError(String);

impl CompanyName {
    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CompanyName {
    type Err = CompanyNameError;

    fn from_str(text: &str) -> Result<Self, CompanyNameError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if text.is_empty() || COMPANY_NAME_LENGTH_MAX < text.len() || !text.chars().all(allowed) {
            return Err(CompanyNameError(text.chars().take(60).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for CompanyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
