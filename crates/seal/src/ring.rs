//! The keys under which sessions are sealed. They change daily; an old one stays until the
//! last session under it has ended.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws::{AccountId, Entropy, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::cipher::{self, KEY_BYTES, Key};
use crate::ids::access_key_id;
use crate::{Envelope, SealError};

/// The form of a session token, its first byte.
const FORM: u8 = 1;
/// Bytes of a ring key's id.
const ID_BYTES: usize = 4;
/// A key seals for a day.
const SEALS_FOR_S: i64 = 86_400;
/// Once another seals in its place, a key opens until the longest session that it may have
/// sealed (36 hours) has ended, with a day to spare for clocks.
const OPENS_AFTER_S: i64 = 36 * 3_600 + 86_400;
/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 32 * 1024;
/// The longest note that is looked at, in bytes.
const NOTE_BYTES_MAX: usize = 48 * 1024;

/// What the ring's stored bytes are bound to.
const IDENTITY: &str = "key-ring";

/// Seals sessions into tokens and opens them. Reading takes no lock.
pub struct KeyRing {
    keys: ArcSwap<Vec<RingKey>>,
}

/// Newest last.
struct RingKey {
    id: [u8; ID_BYTES],
    made_s: i64,
    root: Key,
    tokens: Key,
    secrets: Key,
    notes: Key,
}

/// Temporary credentials, fresh from the ring. `Debug` shows no more than whose they are.
pub struct Issued {
    /// `ASIA…`, with the account in it.
    pub access_key_id: String,
    /// Forty characters, derived from the access key id: no table holds it.
    pub secret_access_key: Secret<String>,
    /// The sealed payload, base64.
    pub session_token: String,
}

/// A token that opened. `Debug` hides what was in it.
pub struct Opened {
    /// What was sealed.
    pub payload: Vec<u8>,
    /// The secret that belongs to the access key id.
    pub secret: Secret<String>,
}

/// Why a token does not open. Outsiders are told only that it is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Longer than any token of ours.
    #[error("the token is too long")]
    TooLong,
    /// Not base64 as we write it, or too short.
    #[error("the token is not in a known form")]
    Form,
    /// Sealed under a key that this ring does not hold, or holds no more.
    #[error("the token is sealed under an unknown key")]
    UnknownKey,
    /// Changed, or of another access key id.
    #[error("the token's seal is broken, or it belongs to another access key")]
    Broken,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    id: [u8; ID_BYTES],
    made_s: i64,
    root: [u8; KEY_BYTES],
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring with one new key.
    pub fn new(now_s: i64, entropy: &dyn Entropy) -> KeyRing {
        KeyRing {
            keys: ArcSwap::from_pointee(vec![RingKey::generate(now_s, entropy)]),
        }
    }

    /// Opens a stored ring.
    pub fn unseal(envelope: &Envelope, sealed: &[u8]) -> Result<KeyRing, SealError> {
        let keys = read(envelope, sealed)?;
        Ok(KeyRing {
            keys: ArcSwap::from_pointee(keys),
        })
    }

    /// Takes over the keys of a stored ring, as another node or an earlier start wrote it.
    pub fn adopt(&self, envelope: &Envelope, sealed: &[u8]) -> Result<(), SealError> {
        self.keys.store(Arc::new(read(envelope, sealed)?));
        Ok(())
    }

    /// The ring as bytes for the store.
    pub fn seal(&self, envelope: &Envelope) -> Result<Vec<u8>, SealError> {
        write(envelope, &self.keys.load())
    }

    /// Whether the newest key has sealed long enough, or a key can go.
    pub fn is_rotation_due(&self, now_s: i64) -> bool {
        let keys = self.keys.load();
        let newest = keys.last().map_or(i64::MIN, |key| key.made_s);
        now_s.saturating_sub(newest) >= SEALS_FOR_S
    }

    /// The ring as it will be after rotation: a new key added, ended ones dropped. The bytes
    /// are to be stored first and then [`adopted`](KeyRing::adopt): no token may be sealed
    /// under a key that a crash could lose.
    pub fn rotated(
        &self,
        envelope: &Envelope,
        now_s: i64,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let held = self.keys.load();
        // A key seals until the next is made, the newest until now: however late that is.
        let ends = held.iter().skip(1).map(|next| next.made_s);
        let mut keys: Vec<RingKey> = held
            .iter()
            .zip(ends.chain([now_s]))
            .filter(|(_, end_s)| now_s.saturating_sub(*end_s) < OPENS_AFTER_S)
            .map(|(key, _)| key.copy())
            .collect();
        let mut fresh = RingKey::generate(now_s, entropy);
        // Tokens find their key by its id: no two may share one.
        while keys.iter().any(|key| key.id == fresh.id) {
            fresh = RingKey::generate(now_s, entropy);
        }
        keys.push(fresh);
        write(envelope, &keys)
    }

    /// Seals a payload for this account. Touches no store.
    pub fn issue(
        &self,
        account: AccountId,
        payload: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Issued, SealError> {
        let keys = self.keys.load();
        let key = keys.last().ok_or(SealError::NoKey)?;
        let access_key_id = access_key_id("ASIA", account, entropy);
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce);
        let head = head(key.id);
        let mut token = head.to_vec();
        token.append(&mut cipher::seal(
            &key.tokens,
            nonce,
            &bound(&head, &access_key_id),
            payload,
        )?);
        Ok(Issued {
            secret_access_key: key.secret(&access_key_id),
            access_key_id,
            session_token: STANDARD.encode(token),
        })
    }

    /// Opens a token that came with this access key id.
    pub fn open(&self, access_key_id: &str, token: &str) -> Result<Opened, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        // Strict: one token has one spelling.
        let token = STANDARD
            .decode(token)
            .map_err(|_not_base64| TokenRefusal::Form)?;
        let (head, body) = token
            .split_first_chunk::<{ 1 + ID_BYTES }>()
            .ok_or(TokenRefusal::Form)?;
        let [FORM, id @ ..] = *head else {
            return Err(TokenRefusal::Form);
        };
        let keys = self.keys.load();
        let key = found(&keys, id)?;
        let payload = cipher::open(&key.tokens, &bound(head, access_key_id), body)
            .map_err(|_broken| TokenRefusal::Broken)?;
        Ok(Opened {
            payload: payload.to_vec(),
            secret: key.secret(access_key_id),
        })
    }

    /// Seals a note that somebody carries for us and cannot read: a cookie, a code. It opens
    /// for this purpose only, and for as long as a session token would.
    pub fn seal_note(
        &self,
        purpose: &str,
        note: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, SealError> {
        let keys = self.keys.load();
        let key = keys.last().ok_or(SealError::NoKey)?;
        let mut nonce = [0; 12];
        entropy.fill(&mut nonce);
        let head = head(key.id);
        let mut sealed = head.to_vec();
        let bound_to = bound_to_purpose(&head, purpose);
        sealed.append(&mut cipher::seal(&key.notes, nonce, &bound_to, note)?);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`KeyRing::seal_note`] made for this purpose.
    pub fn open_note(&self, purpose: &str, sealed: &str) -> Result<Secret<Vec<u8>>, TokenRefusal> {
        if sealed.len() > NOTE_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_not_base64| TokenRefusal::Form)?;
        let (head, body) = sealed
            .split_first_chunk::<{ 1 + ID_BYTES }>()
            .ok_or(TokenRefusal::Form)?;
        let [FORM, id @ ..] = *head else {
            return Err(TokenRefusal::Form);
        };
        let keys = self.keys.load();
        let key = found(&keys, id)?;
        let note = cipher::open(&key.notes, &bound_to_purpose(head, purpose), body)
            .map_err(|_broken| TokenRefusal::Broken)?;
        Ok(Secret::new(note.to_vec()))
    }
}

fn found(keys: &[RingKey], id: [u8; ID_BYTES]) -> Result<&RingKey, TokenRefusal> {
    keys.iter()
        .find(|key| key.id == id)
        .ok_or(TokenRefusal::UnknownKey)
}

impl RingKey {
    fn generate(now_s: i64, entropy: &dyn Entropy) -> RingKey {
        let mut id = [0; ID_BYTES];
        entropy.fill(&mut id);
        let mut root = Key::default();
        entropy.fill(&mut root[..]);
        RingKey::of(id, now_s, root)
    }

    fn of(id: [u8; ID_BYTES], made_s: i64, root: Key) -> RingKey {
        RingKey {
            id,
            made_s,
            tokens: cipher::derive(&root, "arnold session token 1"),
            secrets: cipher::derive(&root, "arnold secret access key 1"),
            notes: cipher::derive(&root, "arnold note 1"),
            root,
        }
    }

    fn copy(&self) -> RingKey {
        RingKey::of(self.id, self.made_s, self.root.clone())
    }

    fn secret(&self, access_key_id: &str) -> Secret<String> {
        let tag = cipher::mac(&self.secrets[..], access_key_id.as_bytes());
        let bytes = tag.as_ref();
        Secret::new(STANDARD.encode(bytes.get(..30).unwrap_or(bytes)))
    }
}

fn head(id: [u8; ID_BYTES]) -> [u8; 1 + ID_BYTES] {
    let [a, b, c, d] = id;
    [FORM, a, b, c, d]
}

fn bound(head: &[u8], access_key_id: &str) -> Vec<u8> {
    [b"arnold session\0", head, access_key_id.as_bytes()].concat()
}

fn bound_to_purpose(head: &[u8], purpose: &str) -> Vec<u8> {
    [b"arnold note\0", head, purpose.as_bytes()].concat()
}

fn read(envelope: &Envelope, sealed: &[u8]) -> Result<Vec<RingKey>, SealError> {
    let opened = envelope.open(IDENTITY, sealed)?;
    let mut stored: Vec<StoredKey> =
        serde_json::from_slice(opened.expose()).map_err(|_not_ours| SealError::Form)?;
    let keys = stored
        .iter()
        .map(|key| RingKey::of(key.id, key.made_s, Zeroizing::new(key.root)))
        .collect();
    stored.iter_mut().for_each(|key| key.root.zeroize());
    Ok(keys)
}

fn write(envelope: &Envelope, keys: &[RingKey]) -> Result<Vec<u8>, SealError> {
    let mut stored: Vec<StoredKey> = keys
        .iter()
        .map(|key| StoredKey {
            id: key.id,
            made_s: key.made_s,
            root: *key.root,
        })
        .collect();
    let bytes = Zeroizing::new(serde_json::to_vec(&stored).map_err(|_never| SealError::Form)?);
    stored.iter_mut().for_each(|key| key.root.zeroize());
    envelope.seal(IDENTITY, &bytes)
}

#[cfg(test)]
mod tests;
