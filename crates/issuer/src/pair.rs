//! Key pairs: made, written, read, used.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::{Algorithm, IssuerFault};

/// A private key with its public half.
pub(crate) enum Pair {
    Rsa(Box<rsa::KeyPair>),
    Curve(EcdsaKeyPair),
}

impl Pair {
    /// A new pair. One of RSA takes some tenths of a second.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Pair, IssuerFault> {
        match algorithm {
            Algorithm::Rs256 => rsa::KeyPair::generate(rsa::KeySize::Rsa2048)
                .map(|pair| Pair::Rsa(Box::new(pair)))
                .map_err(|_unspecified| IssuerFault::Key),
            Algorithm::Es384 => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
                .map(Pair::Curve)
                .map_err(|_unspecified| IssuerFault::Key),
        }
    }

    /// Reads what [`Pair::to_pkcs8`] wrote.
    pub(crate) fn from_pkcs8(algorithm: Algorithm, bytes: &[u8]) -> Result<Pair, IssuerFault> {
        match algorithm {
            Algorithm::Rs256 => rsa::KeyPair::from_pkcs8(bytes)
                .map(|pair| Pair::Rsa(Box::new(pair)))
                .map_err(|_rejected| IssuerFault::Key),
            Algorithm::Es384 => EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, bytes)
                .map(Pair::Curve)
                .map_err(|_rejected| IssuerFault::Key),
        }
    }

    /// The private key, to be sealed at once.
    pub(crate) fn to_pkcs8(&self) -> Result<Vec<u8>, IssuerFault> {
        match self {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair.as_ref())
                .map(|document| document.as_ref().to_vec())
                .map_err(|_unspecified| IssuerFault::Key),
            Pair::Curve(pair) => pair
                .to_pkcs8v1()
                .map(|document| document.as_ref().to_vec())
                .map_err(|_unspecified| IssuerFault::Key),
        }
    }

    /// The public half as a JSON Web Key of this id.
    pub(crate) fn public(&self, id: &str) -> Result<Value, IssuerFault> {
        match self {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                Ok(json!({
                    "kty": "RSA",
                    "use": "sig",
                    "alg": Algorithm::Rs256.name(),
                    "kid": id,
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                }))
            }
            Pair::Curve(pair) => {
                // RFC 5480 §2.2: a 4, then both coordinates in full length.
                let point = pair.public_key().as_ref();
                let (_form, point) = point.split_at_checked(1).ok_or(IssuerFault::Key)?;
                let (x, y) = point
                    .split_at_checked(point.len() / 2)
                    .ok_or(IssuerFault::Key)?;
                Ok(json!({
                    "kty": "EC",
                    "use": "sig",
                    "alg": Algorithm::Es384.name(),
                    "kid": id,
                    "crv": "P-384",
                    "x": encode(x),
                    "y": encode(y),
                }))
            }
        }
    }

    /// The signature over these bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IssuerFault> {
        let random = SystemRandom::new();
        match self {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_unspecified| IssuerFault::Key)?;
                Ok(signature)
            }
            Pair::Curve(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_unspecified| IssuerFault::Key),
        }
    }
}

/// Unpadded base64url.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
