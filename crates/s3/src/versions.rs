//! The names of versions and of uploads: where a version stands in its key's history, and when
//! an upload was begun, sealed, so that a name that was never given is told from one whose
//! version or upload is gone.

use aws::Timestamp;
use aws_lc_rs::hmac;

use crate::records::NULL_VERSION;

/// Makes and reads the ids of versions and uploads.
#[derive(Clone, Copy)]
pub(crate) struct Versions {
    key: [u8; 32],
}

const SEQUENCE_CHARS: usize = 16;
const ID_CHARS: usize = 32;

const BEGUN_CHARS: usize = 16;
const TAG_CHARS: usize = 16;
const UPLOAD_ID_CHARS: usize = 64;

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

    /// The id of an upload of a key that begins now. The nonce, 32 digits, tells it from others.
    pub(crate) fn upload_id(self, place: (&str, &str), now: Timestamp, nonce: &str) -> String {
        let front = format!("{:016x}{nonce}", now.as_millisecond().max(0));
        let tag = self.upload_tag(place, &front);
        front + &tag
    }

    /// When the upload began, if the id was given to one of this bucket and key.
    pub(crate) fn upload_begun(self, place: (&str, &str), id: &str) -> Option<Timestamp> {
        if id.len() != UPLOAD_ID_CHARS {
            return None;
        }
        let (front, tag) = id.split_at_checked(UPLOAD_ID_CHARS - TAG_CHARS)?;
        let expected = self.upload_tag(place, front);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), tag.as_bytes())
            .ok()?;
        let begun = i64::from_str_radix(front.get(..BEGUN_CHARS)?, 16).ok()?;
        Timestamp::from_millisecond(begun).ok()
    }

    fn tag(self, key: &str, sequence: u64) -> String {
        self.seal(&[b"version", &sequence.to_be_bytes(), key.as_bytes()])
    }

    fn upload_tag(self, (bucket, key): (&str, &str), front: &str) -> String {
        // No bucket's name has a slash.
        self.seal(&[
            b"upload ",
            front.as_bytes(),
            bucket.as_bytes(),
            b"/",
            key.as_bytes(),
        ])
    }

    fn seal(self, parts: &[&[u8]]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key));
        for part in parts {
            context.update(part);
        }
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

    #[test]
    fn an_upload_id_tells_when_its_upload_began() {
        let versions = Versions::new([7; 32]);
        let now = Timestamp::from_millisecond(1_789_000_000_123).unwrap();
        let id = versions.upload_id(("b", "k"), now, &"5e".repeat(16));
        assert_eq!(id.len(), 64);
        assert_eq!(versions.upload_begun(("b", "k"), &id), Some(now));
        for place in [("b", "other"), ("other", "k"), ("b/k", "")] {
            assert_eq!(versions.upload_begun(place, &id), None, "{place:?}");
        }
        assert_eq!(Versions::new([8; 32]).upload_begun(("b", "k"), &id), None);
        for at in 0..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(versions.upload_begun(("b", "k"), &changed), None, "{at}");
        }
        for text in ["", "56788", &"\u{e9}".repeat(32)] {
            assert_eq!(versions.upload_begun(("b", "k"), text), None, "{text}");
        }
    }
}
