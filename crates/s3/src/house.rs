//! What the endpoint owns: records, files, the bucket cache, and how writes are made.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use aws::{Clock, Entropy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foldhash::fast::RandomState;
use store::{Record as _, Store, StoreError, Transaction};

use crate::blobs::{Blobs, Incoming};
use crate::endpoint::OpenError;
use crate::failure::{Answer, Failure, NO_SUCH_BUCKET, SLOW_DOWN};
use crate::gate::Gate;
use crate::kept::Kept;
use crate::public::is_public;
use crate::records::{BUCKETS, Bucket, Garbage, TokenKey};
use crate::versions::Versions;

/// How many buckets' compiled policies are kept ready.
const CACHED_BUCKETS_MAX: usize = 10_000;

/// Everything that operations work with.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) domains: Vec<String>,
    pub(crate) token_key: [u8; 32],
    pub(crate) versions: Versions,
    pub(crate) kept: Kept,
    buckets: RwLock<HashMap<String, (u64, Arc<BucketState>), RandomState>>,
}

/// A bucket with its policy compiled.
pub(crate) struct BucketState {
    pub(crate) bucket: Bucket,
    pub(crate) policy: Option<CompiledPolicy>,
}

/// A bucket's policy, ready to be asked.
pub(crate) struct CompiledPolicy {
    pub(crate) set: policy::PolicySet,
    /// Does it open the bucket to everybody?
    pub(crate) public: bool,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Contended => SLOW_DOWN.into(),
            other => Failure::internal(other),
        }
    }
}

impl House {
    pub(crate) fn open(
        store: Store,
        folder: &Path,
        gate: Arc<dyn Gate>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        domains: Vec<String>,
    ) -> Result<House, OpenError> {
        let token_key = token_key(&store, entropy.as_ref())?;
        let blobs = Arc::new(Blobs::open(folder)?);
        blobs.sweep(&store)?;
        Ok(House {
            store,
            blobs,
            gate,
            clock,
            entropy,
            domains: domains
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            token_key,
            versions: Versions::new(token_key),
            kept: Kept::new(),
            buckets: RwLock::default(),
        })
    }

    /// A bucket as it is now.
    pub(crate) fn bucket(&self, name: &str) -> Answer<Arc<BucketState>> {
        // The stamp is read first: a change that comes in between makes the entry stale at once.
        let stamp = self.store.stamp(BUCKETS, Bucket::KIND, name);
        let cached = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, state)) = cached.get(name).filter(|(seen, _)| *seen == stamp) {
            return Ok(Arc::clone(state));
        }
        drop(cached);

        let bucket: Option<Bucket> = self.store.get(BUCKETS, name)?;
        let mut cache = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = bucket else {
            cache.remove(name);
            return Err(no_such_bucket(name));
        };
        let policy = match &bucket.policy {
            Some(text) => Some(compile(
                text,
                &self.gate.by_id(text, &bucket.policy_principals),
            )?),
            None => None,
        };
        let state = Arc::new(BucketState { bucket, policy });
        if cache.len() >= CACHED_BUCKETS_MAX {
            cache.clear();
        }
        cache.insert(name.to_owned(), (stamp, Arc::clone(&state)));
        Ok(state)
    }

    /// Runs a transaction where it may wait for the disk.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Transaction) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        self.transact_with(None, change).await
    }

    /// Runs a transaction whose records speak of a file that has just been written. The file
    /// is kept if the transaction commits, and this also if the caller has gone away.
    pub(crate) async fn transact_with<T: Send + 'static>(
        &self,
        incoming: Option<Incoming>,
        change: impl FnMut(&mut Transaction) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || {
            let result = store.transact(change);
            if let Some(incoming) = incoming {
                match &result {
                    Ok(_) => incoming.keep(),
                    // Whether the commit happened is known after a restart only.
                    Err(failure) if failure.status >= 500 => incoming.leave(),
                    Err(_) => drop(incoming),
                }
            }
            result
        });
        done.await.map_err(Failure::internal)?
    }

    /// Removes files that no record speaks of any more. Not waited for: what is left over is
    /// removed at the next start.
    pub(crate) fn remove_garbage(&self, garbage: Vec<Garbage>) {
        if garbage.is_empty() {
            return;
        }
        let (store, blobs) = (self.store.clone(), Arc::clone(&self.blobs));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = blobs.remove(&store, &garbage) {
                tracing::warn!(%error, "could not remove files of deleted objects");
            }
        });
    }

    /// A random id of 32 hexadecimal digits.
    pub(crate) fn new_id(&self) -> String {
        let mut bytes = [0u8; 16];
        self.entropy.fill(&mut bytes);
        hex::encode(bytes)
    }
}

pub(crate) fn no_such_bucket(name: &str) -> Failure {
    NO_SUCH_BUCKET.with("BucketName", name)
}

/// Compiles a stored policy, which was parsed once before it was stored. It decides by ids; what
/// is public in it is in its text.
fn compile(text: &str, by_id: &str) -> Answer<CompiledPolicy> {
    let document = policy::Document::parse(by_id, policy::Grammar::Bucket)
        .map_err(|malformed| Failure::internal(malformed.message()))?;
    Ok(CompiledPolicy {
        set: policy::PolicySet::compile([&document]),
        public: is_public(text),
    })
}

/// The store's key for continuation tokens, made when there is none.
fn token_key(store: &Store, entropy: &dyn Entropy) -> Result<[u8; 32], StoreError> {
    use store::Read as _;
    let mut fresh = [0u8; 32];
    entropy.fill(&mut fresh);
    let kept = store.transact(|tx: &mut Transaction| -> Result<String, StoreError> {
        if let Some(TokenKey { key }) = tx.get(BUCKETS, TokenKey::ID)? {
            return Ok(key);
        }
        let key = STANDARD.encode(fresh);
        tx.insert(BUCKETS, &TokenKey { key: key.clone() })?;
        Ok(key)
    })?;
    let raw = STANDARD.decode(&kept).unwrap_or_default();
    Ok(<[u8; 32]>::try_from(raw).unwrap_or(fresh))
}
