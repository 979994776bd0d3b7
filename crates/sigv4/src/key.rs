//! Signing keys: a secret narrowed to a day, a region and a service.

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
        hex::encode(&hmac(&self.0[..], parts)[..])
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
    hex::encode(Sha256::digest(bytes))
}
