//! The one cache of what is read whole: the latest value, good while its key holds.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

/// The latest value with the key it was read at: a revision, an instant. The lock is held while a new one is read, so that
/// two questions at once cost one reading.
pub(super) struct Cached<K, T>(Mutex<Option<(K, Arc<T>)>>);

impl<K, T> Default for Cached<K, T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// The place of a value, for whoever may read a new one.
pub(super) struct Place<'a, K, T>(MutexGuard<'a, Option<(K, Arc<T>)>>);

impl<K, T> Cached<K, T> {
    pub(super) async fn place(&self) -> Place<'_, K, T> {
        Place(self.0.lock().await)
    }
}

impl<K, T> Place<'_, K, T> {
    /// The value, if its key is good.
    pub(super) fn get(&self, is_good: impl FnOnce(&K) -> bool) -> Option<Arc<T>> {
        self.0.as_ref().filter(|(key, _)| is_good(key)).map(|(_, value)| Arc::clone(value))
    }

    /// The key of the value that is here.
    pub(super) fn key(&self) -> Option<&K> {
        self.0.as_ref().map(|(key, _)| key)
    }

    /// Puts a new value in its place.
    pub(super) fn put(&mut self, key: K, value: T) -> Arc<T> {
        let value = Arc::new(value);
        *self.0 = Some((key, Arc::clone(&value)));
        value
    }
}
