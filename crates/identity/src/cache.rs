//! What is kept in memory, by a quick hash.

use std::hash::Hash;

use foldhash::fast::RandomState;

/// Values by their keys, as many as fit. Nobody gets in here by guessing keys: what is kept is
/// what exists.
pub(crate) type Cache<K, V> = moka::sync::Cache<K, V, RandomState>;

/// An empty cache for so many values.
pub(crate) fn cache<K, V>(values_max: u64) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    moka::sync::Cache::builder()
        .max_capacity(values_max)
        .build_with_hasher(RandomState::default())
}
