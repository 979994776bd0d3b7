//! Signing: the provider's own key, and the id tokens that it makes.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The key cannot be made or does not sign: the cryptographic library is broken.
#[derive(Debug, thiserror::Error)]
#[error("the signing key does not work")]
pub struct SigningFault;

/// An RSA key made at the start and kept in memory only.
pub(crate) struct SigningKey {
    pair: KeyPair,
    id: String,
}

impl SigningKey {
    /// Makes a new key of 2048 bits, which takes some tenths of a second.
    pub(crate) fn generate() -> Result<SigningKey, SigningFault> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_unspecified| SigningFault)?;
        let modulus = pair.public_key().modulus();
        // Named after itself, so that a restarted provider never reuses an id.
        let id = encode(digest(&SHA256, modulus.big_endian_without_leading_zero()))
            .chars()
            .take(22)
            .collect();
        Ok(SigningKey { pair, id })
    }

    /// The public half as a key set document.
    pub(crate) fn key_set(&self) -> Value {
        let public = self.pair.public_key();
        json!({"keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": encode(public.modulus().big_endian_without_leading_zero()),
            "e": encode(public.exponent().big_endian_without_leading_zero()),
        }]})
    }

    /// A signed token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, SigningFault> {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.id});
        let signed = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_unspecified| SigningFault)?;
        Ok(format!("{signed}.{}", encode(signature)))
    }
}

/// Unpadded base64url.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
