//! Keys at rest.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use seal::Envelope;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Lookup, Record};

use crate::pair::Pair;
use crate::{Algorithm, IssuerFault, Realm, rotation};

/// The scope of all realms.
pub(crate) const SCOPE: &str = "issuer";

/// The keys of a realm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredKeys {
    pub(crate) realm: String,
    /// How many keys there have ever been; ids never return.
    pub(crate) made: u32,
    /// Oldest first.
    pub(crate) keys: Vec<StoredKey>,
}

/// One key, its private half sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) made_s: i64,
    sealed: String,
    pub(crate) public: Value,
}

impl Record for StoredKeys {
    const KIND: &'static str = "issuer.keys";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.realm)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many("all", "")]
    }
}

impl StoredKeys {
    /// A realm without keys.
    pub(crate) fn none(realm: &str) -> StoredKeys {
        StoredKeys {
            realm: realm.to_owned(),
            made: 0,
            keys: Vec::new(),
        }
    }

    /// The keys of one algorithm, oldest first.
    pub(crate) fn of(&self, algorithm: Algorithm) -> Vec<&StoredKey> {
        let all = self.keys.iter();
        all.filter(|key| key.algorithm == algorithm).collect()
    }

    /// Whether a key is missing or has to change.
    pub(crate) fn is_due(&self, algorithms: &[Algorithm], now_s: i64) -> bool {
        algorithms
            .iter()
            .any(|algorithm| rotation::is_due(&self.of(*algorithm), now_s))
    }

    /// These keys with new ones where they are due, and without those that count no more.
    pub(crate) fn renewed(
        &self,
        algorithms: &[Algorithm],
        envelope: &Envelope,
        now_s: i64,
    ) -> Result<StoredKeys, IssuerFault> {
        let mut renewed = self.clone();
        for algorithm in algorithms {
            if !rotation::is_due(&self.of(*algorithm), now_s) {
                continue;
            }
            let id = format!("{}_{}", algorithm.key_prefix(), renewed.made);
            renewed.made = renewed.made.saturating_add(1);
            let key = StoredKey::generate(&self.realm, id, *algorithm, envelope, now_s)?;
            renewed.keys.push(key);
        }
        let all = renewed.keys.clone();
        renewed.keys.retain(|key| {
            let mut later = all.iter().filter(|other| other.algorithm == key.algorithm);
            later.find(|other| other.id == key.id);
            rotation::still_counts(later.next(), now_s)
        });
        Ok(renewed)
    }
}

impl StoredKey {
    fn generate(
        realm: &str,
        id: String,
        algorithm: Algorithm,
        envelope: &Envelope,
        now_s: i64,
    ) -> Result<StoredKey, IssuerFault> {
        let pair = Pair::generate(algorithm)?;
        let private = aws::Secret::new(pair.to_pkcs8()?);
        let sealed = envelope.seal(&sealed_for(realm, &id), private.expose())?;
        Ok(StoredKey {
            public: pair.public(&id)?,
            sealed: BASE64_STANDARD.encode(sealed),
            id,
            algorithm,
            made_s: now_s,
        })
    }

    /// The private half.
    pub(crate) fn open(&self, realm: &Realm, envelope: &Envelope) -> Result<Pair, IssuerFault> {
        let sealed = BASE64_STANDARD
            .decode(&self.sealed)
            .map_err(|_not_base64| seal::SealError::Form)?;
        let private = envelope.open(&sealed_for(&realm.name, &self.id), &sealed)?;
        Pair::from_pkcs8(self.algorithm, private.expose())
    }
}

/// What a sealed key is bound to.
fn sealed_for(realm: &str, id: &str) -> String {
    format!("issuer-key/{realm}/{id}")
}
