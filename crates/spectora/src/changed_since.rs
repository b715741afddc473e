//! Finding out whether a listing can be asked for what changed since an instant.
//!
//! The vendor recommends such queries and does not say what the filter is called, so a name counts only once it is
//! proven: an instant in the future finds nothing, and one just before a known change finds rows, all of them changed
//! since.

use jiff::{SignedDuration, Timestamp};

use super::client::SpectoraClient;
use super::error::SpectoraError;
use super::query::{ChangedSinceName, Filter as _, Query, is_outside};
use super::wired::Wired;

/// The names tried when none is configured.
const CANDIDATES: &[&str] = &["updated_at_greater_than", "updated_after", "updated_since", "changed_since"];
/// An instant no record was changed after.
const FUTURE: &str = "2190-01-01T00:00:00Z";
/// Rows looked at for a known change, and for the proof.
const SAMPLE_ROWS: u32 = 25;

impl SpectoraClient {
    /// The filter that finds what changed since an instant, proven with a few cheap requests and then remembered.
    /// `None` when no name works; unproven, and tried again next time, while there is no record to prove it on.
    pub async fn changed_since_filter<R: Wired>(&self) -> Result<Option<ChangedSinceName>, SpectoraError> {
        if let Some(known) = self.capabilities().changed_since(R::ENDPOINT) {
            return Ok(known);
        }
        let plain = self.page(&Query::<R>::default(), 1, SAMPLE_ROWS).await?;
        // A time of change that lies ahead is a slip of somebody's clock; no filter need find it.
        let now = plain.asked.there.unwrap_or(plain.asked.here);
        let changed_at = plain.rows.iter().filter_map(R::updated_at).filter(|at| *at <= now).max();
        let Some(changed_at) = changed_at else { return Ok(None) };
        let configured = self.configured_name();
        let candidates: Vec<ChangedSinceName> = match configured {
            Some(name) => vec![name],
            None => CANDIDATES.iter().filter_map(|name| ChangedSinceName::new(name)).collect(),
        };
        let mut found = None;
        for name in candidates {
            if self.proves_changed_since::<R>(name, changed_at).await? {
                found = Some(name);
                break;
            }
        }
        self.assume_changed_since::<R>(found);
        Ok(found)
    }

    /// Takes a name as proven before (or none as found), so that it need not be proven again.
    pub fn assume_changed_since<R: Wired>(&self, name: Option<ChangedSinceName>) {
        self.capabilities().set_changed_since(R::ENDPOINT, name);
    }

    /// Forgets a name that works no more, so that it is looked for again.
    pub fn forget_changed_since<R: Wired>(&self) {
        self.capabilities().forget_changed_since(R::ENDPOINT);
    }

    /// The one name tried for such a filter, where the configuration gives one.
    pub fn configured_changed_since(&self) -> Option<ChangedSinceName> {
        self.configured_name()
    }

    async fn proves_changed_since<R: Wired>(
        &self,
        name: ChangedSinceName,
        changed_at: Timestamp,
    ) -> Result<bool, SpectoraError> {
        let future = FUTURE.parse().ok().and_then(|at| R::changed_since(name, at));
        let before = changed_at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(changed_at);
        let (Some(future), Some(past)) = (future, R::changed_since(name, before)) else { return Ok(false) };
        let nothing = self.page(&Query::<R> { filters: vec![future], ..Query::default() }, 1, 1).await?;
        if nothing.received != 0 || nothing.filters.refused.contains(name.as_str()) {
            return Ok(false);
        }
        let filter_name = past.name();
        let some = self.page(&Query::<R> { filters: vec![past], ..Query::default() }, 1, SAMPLE_ROWS).await?;
        let all_since = some.rows.iter().all(|row| !is_outside(R::updated_at(row), before));
        Ok(!some.rows.is_empty() && all_since && !some.filters.refused.contains(filter_name))
    }
}
