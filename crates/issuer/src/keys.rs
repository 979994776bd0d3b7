//! Keys in use: found in memory or in the store, made when they are missing, changed when
//! they are due.

use std::sync::Arc;

use moka::sync::Cache;
use oidc::KeySet;
use seal::Envelope;
use serde::Serialize;
use serde_json::{Value, json};
use store::{Read as _, Record as _, Store};

use crate::pair::{Pair, encode};
use crate::stored::{SCOPE, StoredKeys};
use crate::{Algorithm, IssuerFault, Realm, rotation};

/// How many realms are kept in memory.
const CACHED_MAX: u64 = 1000;

/// The keys of all realms. Cheap to clone.
#[derive(Clone)]
pub struct SigningKeys {
    store: Store,
    envelope: Arc<Envelope>,
    realms: Cache<String, Arc<RealmKeys>>,
}

/// The keys of one realm as of some moment.
pub struct RealmKeys {
    stored: StoredKeys,
    /// The pairs that sign, one for each algorithm, and the moment they were chosen for.
    pairs: Vec<(Algorithm, String, Pair)>,
    published: KeySet,
    stamp: u64,
}

impl SigningKeys {
    /// The keys in this store, sealed by this envelope.
    pub fn new(store: Store, envelope: Arc<Envelope>) -> SigningKeys {
        SigningKeys {
            store,
            envelope,
            realms: Cache::new(CACHED_MAX),
        }
    }

    /// Forgets everything that is in memory.
    pub fn forget(&self) {
        self.realms.invalidate_all();
    }

    /// The keys of a realm, if it has any. Reads memory once they are known.
    pub fn find(&self, realm: &Realm, now_s: i64) -> Result<Option<Arc<RealmKeys>>, IssuerFault> {
        let stamp = self.store.stamp(SCOPE, StoredKeys::KIND, &realm.name);
        if let Some(found) = self.realms.get(realm.name.as_ref())
            && found.stamp == stamp
            && found.is_chosen_for(now_s)
        {
            return Ok(Some(found));
        }
        let Some(stored) = self.store.get::<StoredKeys>(SCOPE, &realm.name)? else {
            return Ok(None);
        };
        let opened = RealmKeys::open(realm, stored, &self.envelope, stamp, now_s)?;
        let opened = Arc::new(opened);
        self.realms
            .insert(realm.name.to_string(), Arc::clone(&opened));
        Ok(Some(opened))
    }

    /// The keys of a realm. Makes those that are missing and changes those that are due, which
    /// takes a second at worst and a commit: not for use inside a transaction.
    pub fn ready(&self, realm: &Realm, now_s: i64) -> Result<Arc<RealmKeys>, IssuerFault> {
        if let Some(found) = self.find(realm, now_s)?
            && !found.stored.is_due(realm.algorithms, now_s)
        {
            return Ok(found);
        }
        self.renew(realm, now_s)?;
        self.find(realm, now_s)?.ok_or(IssuerFault::Key)
    }

    /// Changes the keys of every realm that has some and where they are due.
    pub fn rotate_if_due(&self, realms: &[&Realm], now_s: i64) {
        for realm in realms {
            let rotated = match self.find(realm, now_s) {
                Ok(Some(_)) => self.ready(realm, now_s).map(|_| ()),
                Ok(None) => Ok(()),
                Err(fault) => Err(fault),
            };
            if let Err(fault) = rotated {
                tracing::error!(realm = %realm.name, %fault, "signing keys did not change");
            }
        }
    }

    fn renew(&self, realm: &Realm, now_s: i64) -> Result<(), IssuerFault> {
        let before = self.store.read().get::<StoredKeys>(SCOPE, &realm.name)?;
        let before = before.unwrap_or_else(|| StoredKeys::none(&realm.name));
        // Made outside the transaction, which may be run again.
        let renewed = before.renewed(realm.algorithms, &self.envelope, now_s)?;
        self.store.transact(|tx| {
            let held = tx.get::<StoredKeys>(SCOPE, &realm.name)?;
            if held.map_or(0, |held| held.made) == before.made {
                tx.put(SCOPE, &renewed)?;
            }
            // Else somebody was faster, and theirs are as good.
            Ok::<(), IssuerFault>(())
        })?;
        tracing::info!(realm = %realm.name, "signing keys are new");
        Ok(())
    }
}

impl RealmKeys {
    fn open(
        realm: &Realm,
        stored: StoredKeys,
        envelope: &Envelope,
        stamp: u64,
        now_s: i64,
    ) -> Result<RealmKeys, IssuerFault> {
        let mut pairs = Vec::new();
        for algorithm in realm.algorithms {
            if let Some(key) = rotation::in_force(&stored.of(*algorithm), now_s) {
                pairs.push((*algorithm, key.id.clone(), key.open(realm, envelope)?));
            }
        }
        let published = KeySet::parse(key_set(&stored).to_string().as_bytes())?;
        Ok(RealmKeys {
            stored,
            pairs,
            published,
            stamp,
        })
    }

    /// Whether these are still the keys that sign at this moment.
    fn is_chosen_for(&self, now_s: i64) -> bool {
        self.pairs.iter().all(|(algorithm, id, _)| {
            rotation::in_force(&self.stored.of(*algorithm), now_s).is_some_and(|key| key.id == *id)
        })
    }

    /// A token with these claims (RFC 7515, compact). `kind` is the header's `typ`.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        kind: &str,
        claims: &impl Serialize,
    ) -> Result<String, IssuerFault> {
        let (_, id, pair) = self
            .pairs
            .iter()
            .find(|(held, _, _)| *held == algorithm)
            .ok_or(IssuerFault::NoKey(algorithm))?;
        let header = json!({ "kid": id, "typ": kind, "alg": algorithm.name() });
        let claims = serde_json::to_vec(claims).map_err(IssuerFault::Claims)?;
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims));
        let signature = pair.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", encode(signature)))
    }

    /// The public halves of all keys that count, as a JSON Web Key Set.
    pub fn key_set(&self) -> Value {
        key_set(&self.stored)
    }

    /// The same, ready to verify with.
    pub fn verifiers(&self) -> &KeySet {
        &self.published
    }
}

fn key_set(stored: &StoredKeys) -> Value {
    let keys: Vec<&Value> = stored.keys.iter().map(|key| &key.public).collect();
    json!({ "keys": keys })
}
