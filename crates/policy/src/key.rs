//! Names that ignore case, folded once and found by their hash.

use std::borrow::Cow;

/// A condition key's name, folded, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    hash: u64,
    name: Box<str>,
}

impl Key {
    pub(crate) fn new(name: &str) -> Key {
        let name = fold(name);
        Key {
            hash: hash(name.as_bytes()),
            name: name.into(),
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// The name in lower case.
pub(crate) fn fold(name: &str) -> Cow<'_, str> {
    if !name.is_ascii() {
        Cow::Owned(name.to_lowercase())
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// An odd number without pattern; multiplying by it spreads bits upwards.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Adds a word to a hash.
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD)
}

/// A quick hash of a text. Equal hashes prove nothing: whoever finds one compares.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let mut state = bytes.len() as u64;
    for chunk in words.by_ref() {
        state = mix(state, load(chunk));
    }
    finish(mix(state, load(words.remainder())))
}

/// Spreads a hash's bits downwards, for use as an index.
pub(crate) fn finish(hash: u64) -> u64 {
    (hash ^ (hash >> 32)).wrapping_mul(SPREAD) ^ (hash >> 29)
}

/// Up to eight bytes as a number, the first lowest.
pub(crate) fn load(chunk: &[u8]) -> u64 {
    match chunk.try_into() {
        Ok(eight) => u64::from_le_bytes(eight),
        Err(_) => chunk
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}
