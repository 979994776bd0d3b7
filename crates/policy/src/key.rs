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
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = bytes.len() as u64;
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let whole = bytes.len() - rest.len();
    finish(mix(state, load_part(bytes, whole, rest.len())))
}

/// Writes a text in lower case and gives its [`hash`], eight bytes at a time. `None`, with
/// nothing of use written, if it is not all ASCII or there is no room.
pub(crate) fn fold_and_hash(text: &[u8], room: &mut [u8]) -> Option<u64> {
    let (words, rest) = text.as_chunks::<8>();
    let (room, _) = room.as_chunks_mut::<8>();
    let mut room = room.iter_mut();
    let mut fold = |word: u64| {
        let folded = ascii_lowercase(word)?;
        *room.next()? = folded.to_le_bytes();
        Some(folded)
    };
    let mut state = text.len() as u64;
    for word in words {
        state = mix(state, fold(u64::from_le_bytes(*word))?);
    }
    let last = load_part(text, text.len() - rest.len(), rest.len());
    let last = if rest.is_empty() { last } else { fold(last)? };
    Some(finish(mix(state, last)))
}

/// Eight ASCII characters in lower case; `None` if one is not ASCII.
fn ascii_lowercase(word: u64) -> Option<u64> {
    const EACH: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = EACH << 7;
    if word & HIGHEST != 0 {
        return None;
    }
    // The highest bit of a byte tells whether it is at least `A`, and whether it is above `Z`.
    let from_a = word + EACH * u64::from(0x80 - b'A');
    let above_z = word + EACH * u64::from(0x7f - b'Z');
    let upper = (from_a ^ above_z) & HIGHEST;
    Some(word | upper >> 2)
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

/// The `len` bytes from `start` on as a number, like [`load`]; `len` is less than eight.
/// Where the text goes on, or is long enough, one word is read and cut to size.
pub(crate) fn load_part(text: &[u8], start: usize, len: usize) -> u64 {
    if len == 0 {
        return 0;
    }
    let spare_bits = 64 - 8 * len;
    let end = start + len;
    if let Some(word) = text.get(start..).and_then(<[u8]>::first_chunk::<8>) {
        u64::from_le_bytes(*word) << spare_bits >> spare_bits
    } else if let Some(word) = text.get(..end).and_then(<[u8]>::last_chunk::<8>) {
        u64::from_le_bytes(*word) >> spare_bits
    } else {
        load(text.get(start..end).unwrap_or_default())
    }
}

/// Whether two texts are the same. Names are short, and this is quicker for those than
/// what the standard library calls.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let ((one_words, one_rest), (other_words, other_rest)) =
        (one.as_chunks::<8>(), other.as_chunks::<8>());
    let whole = one.len() - one_rest.len();
    one_words.iter().zip(other_words).all(|(a, b)| a == b)
        && load_part(one, whole, one_rest.len()) == load_part(other, whole, other_rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_if_they_stood_alone() {
        let text = b"abcdefghijklmnopqrstuvw";
        for start in 0..text.len() {
            for len in 0..8.min(text.len() - start + 1) {
                let alone = load(&text[start..start + len]);
                assert_eq!(load_part(text, start, len), alone, "{start} {len}");
                assert_eq!(load_part(&text[start..], 0, len), alone);
            }
        }
    }

    #[test]
    fn folding_and_hashing_at_once_is_folding_and_then_hashing() {
        let all: Vec<u8> = (0..128).collect();
        for start in 0..all.len() {
            for text in [&all[start..], &all[start..all.len().min(start + 13)]] {
                let mut room = [0; 128];
                let folded = fold(str::from_utf8(text).unwrap());
                let hash = fold_and_hash(text, &mut room);
                assert_eq!(hash, Some(super::hash(folded.as_bytes())));
                assert_eq!(&room[..text.len()], folded.as_bytes());
            }
        }
        assert_eq!(fold_and_hash("aé".as_bytes(), &mut [0; 8]), None);
        assert_eq!(fold_and_hash(b"123456789", &mut [0; 8]), None);
    }

    #[test]
    fn texts_are_the_same_byte_for_byte() {
        let text = b"abcdefghijklmnopqrstuvw";
        for len in 0..text.len() {
            assert!(same(&text[..len], &text.to_vec()[..len]));
            assert!(!same(&text[..len], &text[..=len]));
            for at in 0..len {
                let mut other = text[..len].to_vec();
                other[at] ^= 1;
                assert!(!same(&text[..len], &other), "{len} {at}");
            }
        }
    }
}
