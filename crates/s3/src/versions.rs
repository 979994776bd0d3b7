//! The names of versions: where in its key's history a version stands, sealed, so that a
//! name that was never given is told from one whose version is gone.

use aws_lc_rs::hmac;

use crate::records::NULL_VERSION;

/// Makes and reads version ids.
#[derive(Clone, Copy)]
pub(crate) struct Versions {
    key: [u8; 32],
}

const SEQUENCE_CHARS: usize = 16;
const ID_CHARS: usize = 32;

impl Versions {
    pub(crate) fn new(key: [u8; 32]) -> Versions {
        Versions { key }
    }

    /// The id of the version at this place of a key's history.
    pub(crate) fn id(self, key: &str, sequence: u64) -> String {
        format!("{sequence:016x}{}", self.tag(key, sequence))
    }

    /// The place that an id names, if it was given to a version of this key.
    pub(crate) fn sequence(self, key: &str, id: &str) -> Option<u64> {
        if id.len() != ID_CHARS || !id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let (sequence, tag) = id.split_at_checked(SEQUENCE_CHARS)?;
        let sequence = u64::from_str_radix(sequence, 16).ok()?;
        let expected = self.tag(key, sequence);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), tag.as_bytes())
            .ok()?;
        Some(sequence)
    }

    /// Whether this can name a version at all.
    pub(crate) fn is_id(self, key: &str, id: &str) -> bool {
        id == NULL_VERSION || self.sequence(key, id).is_some()
    }

    fn tag(self, key: &str, sequence: u64) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key));
        context.update(b"version");
        context.update(&sequence.to_be_bytes());
        context.update(key.as_bytes());
        let tag = context.sign();
        hex::encode(tag.as_ref().get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_were_given_are_known() {
        let versions = Versions::new([7; 32]);
        let id = versions.id("k", 12345);
        assert_eq!((id.len(), versions.sequence("k", &id)), (32, Some(12345)));
        assert!(versions.is_id("k", "null"));
        for other in [
            "",
            "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD",
            &id.to_uppercase(),
            &id.replace('3', "4"),
            &"0".repeat(32),
        ] {
            assert!(other == id || !versions.is_id("k", other), "{other}");
        }
        assert_eq!(Versions::new([8; 32]).sequence("k", &id), None);
        assert_eq!(versions.sequence("other", &id), None);
    }
}
