//! Secrets at rest, each bound to the record that holds it.

use aws::{Entropy, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cipher::{self, KEY_BYTES, Key};
use crate::{MasterKey, SealError};

/// The form of an envelope, its first byte: a data key under the master key, then the
/// plaintext under the data key.
const FORM: u8 = 1;
/// A data key, sealed.
const WRAPPED_BYTES: usize = KEY_BYTES + cipher::OVERHEAD_BYTES;

/// Seals secrets under the master key. Every secret has a data key of its own, so that a
/// change of master key needs to wrap keys only.
pub struct Envelope {
    wrapping: Key,
    entropy: Box<dyn Entropy>,
}

impl Envelope {
    /// An envelope under this master key.
    pub fn new(master: &MasterKey, entropy: Box<dyn Entropy>) -> Envelope {
        Envelope {
            wrapping: cipher::derive(master.bytes(), "arnold envelope 1"),
            entropy,
        }
    }

    /// Seals `plaintext` for the record named by `identity`; it opens for no other.
    pub fn seal(&self, identity: &str, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut data_key = Key::default();
        self.entropy.fill(&mut data_key[..]);
        let bound_to = bound(identity);
        let mut sealed = vec![FORM];
        sealed.append(&mut cipher::seal(
            &self.wrapping,
            self.nonce(),
            &bound_to,
            &data_key[..],
        )?);
        sealed.append(&mut cipher::seal(
            &data_key,
            self.nonce(),
            &bound_to,
            plaintext,
        )?);
        Ok(sealed)
    }

    /// Opens what was sealed for this record.
    pub fn open(&self, identity: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let bound_to = bound(identity);
        let (data_key, body) = self.unwrap(&bound_to, sealed)?;
        let plaintext = cipher::open(&data_key, &bound_to, body)?;
        Ok(Secret::new(plaintext.to_vec()))
    }

    /// What `from` sealed for this record, under this master key from now on. Only the data
    /// key is sealed anew; the secret itself is not opened.
    pub fn rewrap(
        &self,
        from: &Envelope,
        identity: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let bound_to = bound(identity);
        let (data_key, body) = from.unwrap(&bound_to, sealed)?;
        let mut rewrapped = vec![FORM];
        rewrapped.append(&mut cipher::seal(
            &self.wrapping,
            self.nonce(),
            &bound_to,
            &data_key[..],
        )?);
        rewrapped.extend_from_slice(body);
        Ok(rewrapped)
    }

    /// The data key, and the body that is still sealed under it.
    fn unwrap<'a>(&self, bound_to: &[u8], sealed: &'a [u8]) -> Result<(Key, &'a [u8]), SealError> {
        let Some((&FORM, rest)) = sealed.split_first() else {
            return Err(SealError::Form);
        };
        let (wrapped, body) = rest
            .split_at_checked(WRAPPED_BYTES)
            .ok_or(SealError::Form)?;
        let opened = cipher::open(&self.wrapping, bound_to, wrapped)?;
        let mut data_key = Key::default();
        if opened.len() != KEY_BYTES {
            return Err(SealError::Form);
        }
        data_key.copy_from_slice(&opened);
        Ok((data_key, body))
    }

    /// Seals text into base64, for records.
    pub fn seal_text(&self, identity: &str, text: &Secret<String>) -> Result<String, SealError> {
        let sealed = self.seal(identity, text.expose().as_bytes())?;
        Ok(STANDARD.encode(sealed))
    }

    /// Opens what [`Envelope::seal_text`] made.
    pub fn open_text(&self, identity: &str, sealed: &str) -> Result<Secret<String>, SealError> {
        let sealed = STANDARD
            .decode(sealed)
            .map_err(|_not_base64| SealError::Form)?;
        let opened = self.open(identity, &sealed)?;
        String::from_utf8(opened.expose().clone())
            .map(Secret::new)
            .map_err(|_not_text| SealError::Form)
    }

    fn nonce(&self) -> [u8; 12] {
        let mut nonce = [0; 12];
        self.entropy.fill(&mut nonce);
        nonce
    }
}

fn bound(identity: &str) -> Vec<u8> {
    [b"arnold record\0", identity.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::SystemEntropy;

    fn envelope() -> Envelope {
        Envelope::new(
            &MasterKey::generate(&SystemEntropy),
            Box::new(SystemEntropy),
        )
    }

    #[test]
    fn a_sealed_secret_opens_for_its_record_only() {
        let envelope = envelope();
        let sealed = envelope
            .seal_text("access-key/a", &Secret::new("hush".into()))
            .unwrap();
        let opened = envelope.open_text("access-key/a", &sealed).unwrap();
        assert_eq!(opened.expose(), "hush");
        assert_eq!(
            envelope.open_text("access-key/b", &sealed).unwrap_err(),
            SealError::Broken
        );
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let sealed = envelope().seal("x", b"hush").unwrap();
        assert_eq!(
            envelope().open("x", &sealed).unwrap_err(),
            SealError::Broken
        );
    }

    #[test]
    fn a_changed_master_key_opens_what_was_wrapped_anew_and_the_old_one_does_not() {
        let (old, new) = (envelope(), envelope());
        let sealed = old.seal("x", b"hush").unwrap();
        let rewrapped = new.rewrap(&old, "x", &sealed).unwrap();
        assert_eq!(new.open("x", &rewrapped).unwrap().expose(), b"hush");
        assert_eq!(old.open("x", &rewrapped).unwrap_err(), SealError::Broken);
        assert_eq!(new.open("y", &rewrapped).unwrap_err(), SealError::Broken);
        // Neither a stranger's envelope nor another record's is wrapped anew.
        for (from, identity) in [(&new, "x"), (&old, "y")] {
            let refusal = new.rewrap(from, identity, &sealed).unwrap_err();
            assert_eq!(refusal, SealError::Broken);
        }
    }

    #[test]
    fn an_empty_secret_and_a_large_one_come_back() {
        let envelope = envelope();
        for plaintext in [vec![], vec![7; 100_000]] {
            let sealed = envelope.seal("x", &plaintext).unwrap();
            assert_eq!(envelope.open("x", &sealed).unwrap().expose(), &plaintext);
        }
        assert_eq!(envelope.open("x", b"").unwrap_err(), SealError::Form);
        assert_eq!(envelope.open("x", &[2; 200]).unwrap_err(), SealError::Form);
    }

    #[test]
    fn the_halves_of_two_envelopes_do_not_fit() {
        let envelope = envelope();
        let one = envelope.seal("x", b"one").unwrap();
        let two = envelope.seal("x", b"two").unwrap();
        let mixed = [&one[..1 + WRAPPED_BYTES], &two[1 + WRAPPED_BYTES..]].concat();
        assert_eq!(envelope.open("x", &mixed).unwrap_err(), SealError::Broken);
    }

    #[test]
    fn no_changed_or_shortened_envelope_opens() {
        let envelope = envelope();
        let sealed = envelope.seal("x", b"hush").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(envelope.open("x", &changed).is_err(), "byte {at}");
            assert!(envelope.open("x", &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
