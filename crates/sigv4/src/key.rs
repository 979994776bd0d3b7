//! Signing keys: a secret narrowed to a day, a region and a service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws::Secret;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key that signs for one day, region and service.
#[derive(Clone)]
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// Derives the key (Signature Version 4, "Calculate the signature").
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> SigningKey {
        let first = Zeroizing::new([b"AWS4", secret.as_bytes()].concat());
        let date = hmac(&first, &[date.as_bytes()]);
        let region = hmac(&date[..], &[region.as_bytes()]);
        let service = hmac(&region[..], &[service.as_bytes()]);
        SigningKey(hmac(&service[..], &[b"aws4_request"]))
    }

    /// The signature of a string to sign, in hexadecimal.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> String {
        hexadecimal(&hmac(&self.0[..], parts))
    }
}

/// A secret that remembers the signing key that was last made of it: most of its requests are
/// for one day, region and service. No signature is remembered.
pub struct SigningSecret {
    secret: Secret<String>,
    last: Mutex<Option<Arc<Narrowed>>>,
}

struct Narrowed {
    date: String,
    region: String,
    service: String,
    key: SigningKey,
}

impl SigningSecret {
    /// This secret, with nothing made of it yet.
    pub fn new(secret: Secret<String>) -> SigningSecret {
        SigningSecret {
            secret,
            last: Mutex::new(None),
        }
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    pub(crate) fn key(&self, date: &str, region: &str, service: &str) -> SigningKey {
        let last = self.last().clone();
        if let Some(last) = last
            && last.date == date
            && last.region == region
            && last.service == service
        {
            return last.key.clone();
        }
        let key = SigningKey::derive(self.expose(), date, region, service);
        let narrowed = Narrowed {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            key: key.clone(),
        };
        *self.last() = Some(Arc::new(narrowed));
        key
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<Narrowed>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// SHA-256 of nothing, in hexadecimal.
pub(crate) const EMPTY_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// SHA-256 in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes).into())
}

/// Thirty-two bytes as text, all at once: several times as fast as digit by digit.
fn hexadecimal(bytes: &[u8; 32]) -> String {
    let mut text = vec![0; 2 * bytes.len()];
    let written = hex::encode_to_slice(bytes, &mut text);
    debug_assert!(written.is_ok());
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_would_be_made_anew() {
        let secret = SigningSecret::new(Secret::new("secret".to_owned()));
        for (date, region, service) in [
            ("20260102", "us-east-1", "sts"),
            ("20260102", "us-east-1", "sts"),
            ("20260103", "us-east-1", "sts"),
            ("20260103", "eu-west-1", "sts"),
            ("20260103", "eu-west-1", "s3"),
            ("20260102", "us-east-1", "sts"),
        ] {
            let expected = SigningKey::derive("secret", date, region, service).sign(&[b"text"]);
            assert_eq!(secret.key(date, region, service).sign(&[b"text"]), expected);
        }
    }
}
