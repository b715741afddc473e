//! The name of a filter that the vendor recommends and does not name.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The most characters of a configured name.
const NAME_LENGTH_MAX: usize = 60;

/// The bare name of a filter that finds what changed since an instant: `[a-z_]{1,60}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChangedSinceName(&'static str);

impl ChangedSinceName {
    /// The name, if it can be one. Names come from the configuration, so there are few; each is kept for good.
    pub fn new(name: &str) -> Option<Self> {
        static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
        let allowed = |c: char| c.is_ascii_lowercase() || c == '_';
        if name.is_empty() || NAME_LENGTH_MAX < name.len() || !name.chars().all(allowed) {
            return None;
        }
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if let Some(name) = known.get(name) {
            return Some(Self(name));
        }
        let leaked: &'static str = Box::leak(name.to_owned().into_boxed_str());
        known.insert(leaked);
        Some(Self(leaked))
    }

    /// The bare name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}
