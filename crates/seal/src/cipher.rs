//! The two primitives that everything here is made of.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::SealError;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes that sealing adds: the nonce before and the tag behind.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_LEN + 16;

/// A key that wipes itself.
pub(crate) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The key for one purpose, named by the label.
pub(crate) fn derive(key: &[u8; KEY_BYTES], label: &str) -> Key {
    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    let tag = mac(key, label.as_bytes());
    derived.copy_from_slice(tag.as_ref());
    derived
}

/// HMAC-SHA-256.
pub(crate) fn mac(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

/// Nonce, ciphertext, tag. The nonce is random: under one key at most 2^32 seals, which the
/// daily change of ring keys and the number of stored secrets keep far away.
pub(crate) fn seal(
    key: &[u8; KEY_BYTES],
    nonce: [u8; NONCE_LEN],
    bound_to: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let cipher = cipher(key)?;
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + plaintext.len());
    let mut body = plaintext.to_vec();
    cipher
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound_to),
            &mut body,
        )
        .map_err(|_unspecified| SealError::Broken)?;
    sealed.extend_from_slice(&nonce);
    sealed.append(&mut body);
    Ok(sealed)
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    key: &[u8; KEY_BYTES],
    bound_to: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, body) = sealed
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(SealError::Form)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key)?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(bound_to),
            &mut body,
        )
        .map_err(|_unspecified| SealError::Broken)?
        .len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_unspecified| SealError::Form)
}
