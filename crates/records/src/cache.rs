//! The one cache: values by the key they are good for, so many of them. Reading a value needs no lock that a reading of the
//! mirror or the service is waited for under.

use std::sync::Arc;

/// Values by key: a revision of the mirror, the mark of a record's content.
pub(super) struct Cache<K, V>(quick_cache::sync::Cache<K, Arc<V>>);

impl<K: std::hash::Hash + Eq + Clone, V> Cache<K, V> {
    /// Holds this many values; those asked for least make room.
    pub(super) fn of(values: usize) -> Self {
        Self(quick_cache::sync::Cache::new(values))
    }

    /// The value, if it is here.
    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        self.0.get(key)
    }

    /// Puts a value in.
    pub(super) fn put(&self, key: K, value: V) -> Arc<V> {
        let value = Arc::new(value);
        self.0.insert(key, Arc::clone(&value));
        value
    }

    /// The value if it is here and good, or what `read` gives; two questions at once cost one reading.
    pub(super) async fn get_or<E>(
        &self,
        key: &K,
        is_good: impl FnOnce(&V) -> bool,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        if self.0.get(key).is_some_and(|known| !is_good(&known)) {
            self.0.remove(key);
        }
        self.0.get_or_insert_async(key, async { read.await.map(Arc::new) }).await
    }
}
