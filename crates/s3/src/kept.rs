//! Small objects kept in memory: the record of what a key stands for now, and its bytes.
//!
//! What is kept is checked by its change stamp at each use, so that a request that comes after
//! an acknowledged change sees the change. A key's object changes its record when it stops
//! being what the key stands for: it is deleted, or becomes an older version.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use foldhash::fast::RandomState;
use moka::sync::Cache;
use store::{Read as _, Record as _, Store, StoreError};

use crate::failure::Answer;
use crate::records::{Inline, Object, scope_of};

/// How much is kept, in bytes of objects and records.
const KEPT_BYTES_MAX: u64 = 16 << 20;
/// What a record weighs beside its bytes.
const RECORD_BYTES: usize = 2048;

/// Objects that were read lately.
pub(crate) struct Kept(Cache<(String, String), Arc<KeptObject>, RandomState>);

/// An object as its key stood for it.
pub(crate) struct KeptObject {
    pub(crate) object: Object,
    stamp: u64,
    /// The bytes, once somebody has read them; of objects that lie in the store alone.
    bytes: OnceLock<Bytes>,
}

impl Kept {
    pub(crate) fn new() -> Kept {
        let weigher = |(bucket, key): &(String, String), kept: &Arc<KeptObject>| {
            let inline = match kept.object.place {
                crate::records::Place::Inline => kept.object.size as usize,
                _ => 0,
            };
            u32::try_from(RECORD_BYTES + bucket.len() + key.len() + inline).unwrap_or(u32::MAX)
        };
        Kept(
            Cache::builder()
                .max_capacity(KEPT_BYTES_MAX)
                .weigher(weigher)
                .build_with_hasher(RandomState::default()),
        )
    }

    /// What the key stands for now, if that is an object. Nothing is said of delete markers.
    pub(crate) fn find(
        &self,
        store: &Store,
        bucket: &str,
        key: &str,
    ) -> Answer<Option<Arc<KeptObject>>> {
        let scope = scope_of(bucket);
        let name = (bucket.to_owned(), key.to_owned());
        if let Some(kept) = self.0.get(&name)
            && store.stamp(&scope, Object::KIND, &kept.object.id) == kept.stamp
        {
            return Ok(Some(kept));
        }
        let look = || store.read().find::<Object>(&scope, "key", key);
        let Some(found) = look()? else {
            self.0.invalidate(&name);
            return Ok(None);
        };
        // The stamp must be older than what is kept with it, and only the record names its id.
        let stamp = store.stamp(&scope, Object::KIND, &found.id);
        let Some(object) = look()? else {
            return Ok(None);
        };
        let is_same = object.id == found.id;
        let kept = Arc::new(KeptObject {
            object,
            stamp,
            bytes: OnceLock::new(),
        });
        if is_same {
            self.0.insert(name, Arc::clone(&kept));
        }
        Ok(Some(kept))
    }

    /// The bytes of an object that lies in the store, which never change; none if it is gone.
    pub(crate) fn inline(
        &self,
        store: &Store,
        bucket: &str,
        object: &Object,
    ) -> Result<Option<Bytes>, StoreError> {
        let read = || {
            let inline = store.read().get::<Inline>(&scope_of(bucket), &object.id);
            inline.map(|inline| inline.and_then(|inline| inline.bytes()))
        };
        let name = (bucket.to_owned(), object.key.clone());
        let Some(kept) = self.0.get(&name).filter(|kept| kept.object.id == object.id) else {
            return read();
        };
        if let Some(bytes) = kept.bytes.get() {
            return Ok(Some(bytes.clone()));
        }
        let bytes = read()?;
        Ok(bytes.map(|bytes| kept.bytes.get_or_init(|| bytes).clone()))
    }
}
