//! What this program has found out about the service while it ran.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::query::{Endpoint, FilterName};

/// What the service does with a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilterSupport {
    /// Not found out yet, or it could not be told.
    #[default]
    Unknown,
    /// It filters.
    Honoured,
    /// It takes the filter and does not filter.
    Ignored,
    /// It refuses a request with this filter.
    Refused,
}

/// Shared by all clones of a client. Only short look-ups happen under the lock.
#[derive(Debug, Default)]
pub(super) struct Learned(Mutex<Facts>);

#[derive(Debug, Default)]
struct Facts {
    filters: HashMap<(Endpoint, FilterName), FilterSupport>,
    refused_words: HashSet<(Endpoint, &'static str)>,
}

impl Learned {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn filter(&self, endpoint: Endpoint, name: FilterName) -> FilterSupport {
        self.facts().filters.get(&(endpoint, name)).copied().unwrap_or_default()
    }

    pub(super) fn set_filter(&self, endpoint: Endpoint, name: FilterName, support: FilterSupport) {
        let before = self.facts().filters.insert((endpoint, name), support);
        if before != Some(support) && support != FilterSupport::Honoured {
            tracing::info!(endpoint = endpoint.name(), filter = name, ?support, "learned what a filter does");
        }
    }

    /// Whether an include or a sort key was refused.
    pub(super) fn word_is_refused(&self, endpoint: Endpoint, word: &'static str) -> bool {
        self.facts().refused_words.contains(&(endpoint, word))
    }

    pub(super) fn refuse_word(&self, endpoint: Endpoint, word: &'static str) {
        self.facts().refused_words.insert((endpoint, word));
    }
}
