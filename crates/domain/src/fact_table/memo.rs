//! What was worked out from a table, held with it for the next time it is asked for.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The most results; the one asked for least lately makes room.
const ENTRIES_MAX: usize = 16;

type Entry = (String, Arc<dyn Any + Send + Sync>);

/// Results by what they depend on besides the rows. They go with the table, so they are never older than it is; a copy of
/// a table begins with none.
#[derive(Default)]
pub struct Memo(Mutex<VecDeque<Entry>>);

impl fmt::Debug for Memo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Memo").finish()
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Memo {
    /// The result under this key. The key must name everything that the result depends on, but for the rows.
    pub fn get<T: Send + Sync + 'static>(&self, key: &str) -> Option<Arc<T>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(known, _)| known == key)?;
        let found = entries.remove(at)?;
        let value = Arc::clone(&found.1);
        entries.push_back(found);
        value.downcast().ok()
    }

    /// Puts a result under a key.
    pub fn put<T: Send + Sync + 'static>(&self, key: String, value: Arc<T>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|(known, _)| *known != key);
        if ENTRIES_MAX <= entries.len() {
            entries.pop_front();
        }
        entries.push_back((key, value));
    }
}
