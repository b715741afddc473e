//! What the service really answers, against what this program expects of it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::client::SpectoraClient;
use super::drift::shown;
use super::error::SpectoraError;
use super::query::{Query, Spelled as _};
use super::wired::Wired;

/// Rows looked at.
const SAMPLE_ROWS: u32 = 25;

/// One listing as it was found. Names only, never values.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How many records the service counts.
    pub records: Option<u64>,
    /// How many rows were looked at.
    pub rows: usize,
    /// How long the reply took, waiting included.
    pub took: Duration,
    /// Attributes this program reads that came on no row.
    pub absent: Vec<String>,
    /// Attributes that came and that this program does not know.
    pub unknown: Vec<String>,
    /// Includes the service refused.
    pub includes_refused: Vec<&'static str>,
}

impl SpectoraClient {
    /// Reads one page of a listing with all its includes and compares the attributes. One request, more where the
    /// service refuses something.
    pub async fn survey<R: Wired>(&self, include: &[R::Include]) -> Result<Survey, SpectoraError> {
        let started = Instant::now();
        let query = Query::<R> { include: include.to_vec(), ..Query::default() };
        let page = self.page_with_raw(&query, 1, SAMPLE_ROWS, 0).await?;
        let expected = self.expected_attributes::<R>();
        let came: BTreeSet<String> = page.raws.values().flat_map(super::RawRecord::attribute_names).collect();
        let nothing = page.raws.is_empty();
        Ok(Survey {
            records: page.pagination.records,
            rows: page.raws.len(),
            took: started.elapsed(),
            absent: if nothing { Vec::new() } else { expected.difference(&came).cloned().collect() },
            unknown: came
                .difference(&expected)
                .filter(|name| !super::wire::KNOWN_UNREAD.contains(&name.as_str()))
                .map(|name| shown(name).to_owned())
                .collect(),
            includes_refused: include
                .iter()
                .map(|include| include.spelling())
                .filter(|word| page.includes_refused.contains(word))
                .collect(),
        })
    }
}
