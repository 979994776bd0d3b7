//! Small objects kept in memory: the record of what a key stands for now, and its bytes.
//!
//! What is kept is checked by its change stamp at each use, so that a request that comes after
//! an acknowledged change sees the change. A key's object changes its record when it stops
//! being what the key stands for: it is deleted, or becomes an older version.

use std::ops::Deref;
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

/// Objects that were read lately, under `BUCKET/KEY`.
pub(crate) struct Kept(Cache<String, Arc<KeptObject>, RandomState>);

/// An object as its key stood for it.
pub(crate) struct KeptObject {
    object: Object,
    stamp: u64,
    /// The bytes, once somebody has read them; of objects that lie in the store alone.
    bytes: OnceLock<Bytes>,
}

impl KeptObject {
    /// An object that is kept for one request alone.
    pub(crate) fn passing(object: Object) -> KeptObject {
        KeptObject::new(object, 0)
    }

    fn new(object: Object, stamp: u64) -> KeptObject {
        KeptObject {
            object,
            stamp,
            bytes: OnceLock::new(),
        }
    }

    /// The bytes of an object that lies in the store, which never change; none if it is gone.
    pub(crate) fn inline(&self, store: &Store, bucket: &str) -> Result<Option<Bytes>, StoreError> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(Some(bytes.clone()));
        }
        let inline: Option<Inline> = store.read().get(&scope_of(bucket), &self.object.id)?;
        let bytes = inline.and_then(|inline| inline.bytes());
        Ok(bytes.map(|bytes| self.bytes.get_or_init(|| bytes).clone()))
    }
}

impl Deref for KeptObject {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

impl Kept {
    pub(crate) fn new() -> Kept {
        let weigher = |name: &String, kept: &Arc<KeptObject>| {
            let inline = match kept.place {
                crate::records::Place::Inline => kept.size as usize,
                _ => 0,
            };
            u32::try_from(RECORD_BYTES + name.len() + inline).unwrap_or(u32::MAX)
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
        let name = format!("{bucket}/{key}");
        if let Some(kept) = self.0.get(&name)
            && store.stamp(&scope, Object::KIND, &kept.id) == kept.stamp
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
        let kept = Arc::new(KeptObject::new(object, stamp));
        if is_same {
            self.0.insert(name, Arc::clone(&kept));
        }
        Ok(Some(kept))
    }
}
