//! Keys: what a provider publishes as a JSON Web Key Set.

use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, RSA};
use crate::strict_json::parse_object;

/// The most keys of one set that are looked at.
const KEYS_MAX: usize = 200;

/// How many keys are tried on a token that does not name one.
const KEYS_TRIED_MAX: usize = 16;

/// The shortest RSA modulus that is still worth a signature.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;

/// The longest RSA exponent; the usual one has three bytes.
const RSA_EXPONENT_BYTES_MAX: usize = 4;

/// The keys of a provider that can verify signatures. Keys of other kinds or uses, weak
/// ones and broken ones are left out when the set is read.
pub struct KeySet(Vec<Key>);

/// Why a key set could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeySetFault {
    /// It is not a JSON object.
    #[error("the key set is not JSON: {0}")]
    NotJson(String),
    /// It has no list of keys.
    #[error("the key set has no member `keys`")]
    NoKeys,
}

/// One public key, bound to the algorithms that it may be used with.
struct Key {
    id: Option<String>,
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

/// What a signature is to the keys of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// One of the keys made it.
    Genuine,
    /// None of the fitting keys made it.
    Wrong,
    /// No key fits the id and the algorithm.
    NoKey,
}

impl KeySet {
    /// Reads a key set document.
    pub fn parse(document: &[u8]) -> Result<KeySet, KeySetFault> {
        let set =
            parse_object(document).map_err(|fault| KeySetFault::NotJson(fault.to_string()))?;
        let Some(Value::Array(keys)) = set.get("keys") else {
            return Err(KeySetFault::NoKeys);
        };
        let readable = keys.iter().take(KEYS_MAX).filter_map(Value::as_object);
        Ok(KeySet(readable.filter_map(Key::read).collect()))
    }

    /// Judges a signature by the keys with this id, or by every fitting key where the
    /// token names none.
    pub(crate) fn judge(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Verdict {
        let mut verdict = Verdict::NoKey;
        let fitting = self
            .0
            .iter()
            .filter(|key| key_id.is_none() || key.id.as_deref() == key_id)
            .filter_map(|key| key.verifier(algorithm));
        for verifier in fitting.take(KEYS_TRIED_MAX) {
            match verifier.verify_sig(signed, signature) {
                Ok(()) => return Verdict::Genuine,
                Err(_unspecified) => verdict = Verdict::Wrong,
            }
        }
        verdict
    }

    /// How many keys of the set can be used.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key of the set can be used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Key {
    /// Reads one key, or nothing if it is not one that verifies signatures.
    fn read(jwk: &Map<String, Value>) -> Option<Key> {
        if !is_for_verifying(jwk) {
            return None;
        }
        let named = match jwk.get("alg") {
            None => None,
            Some(name) => Some(Algorithm::named(name.as_str()?)?),
        };
        let verifiers = match text(jwk, "kty")? {
            "RSA" => rsa(jwk, named)?,
            "EC" => vec![elliptic(jwk, named)?],
            "OKP" => vec![edwards(jwk, named)?],
            _ => return None,
        };
        let id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        };
        Some(Key { id, verifiers })
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let bound = self.verifiers.iter();
        bound
            .filter(|(fitting, _)| *fitting == algorithm)
            .map(|(_, key)| key)
            .next()
    }
}

/// Whether the key is meant for signatures and is only a public one.
fn is_for_verifying(jwk: &Map<String, Value>) -> bool {
    let right_use = match jwk.get("use") {
        None => true,
        Some(usage) => usage.as_str() == Some("sig"),
    };
    let right_operations = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|op| op.as_str() == Some("verify")),
        Some(_) => false,
    };
    // A published private key is everybody's key.
    right_use && right_operations && !jwk.contains_key("d")
}

fn rsa(
    jwk: &Map<String, Value>,
    named: Option<Algorithm>,
) -> Option<Vec<(Algorithm, ParsedPublicKey)>> {
    let modulus = integer(jwk, "n")?;
    let exponent = integer(jwk, "e")?;
    let top = modulus.first()?;
    let bits = modulus.len() * 8 - top.leading_zeros() as usize;
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return None;
    }
    // An exponent of one makes every signature genuine, an even one is no RSA key.
    let is_odd = exponent.last()? % 2 == 1;
    if exponent == [1] || !is_odd || exponent.len() > RSA_EXPONENT_BYTES_MAX {
        return None;
    }
    let components = RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    };
    let mut verifiers = Vec::new();
    for algorithm in RSA {
        if named.is_none() || named == Some(algorithm) {
            let parameters = algorithm.rsa_parameters()?;
            verifiers.push((algorithm, components.to_parsed_public_key(parameters).ok()?));
        }
    }
    // Empty when the key names an algorithm of another kind of key.
    (!verifiers.is_empty()).then_some(verifiers)
}

fn elliptic(
    jwk: &Map<String, Value>,
    named: Option<Algorithm>,
) -> Option<(Algorithm, ParsedPublicKey)> {
    let algorithm = Algorithm::of_curve(text(jwk, "crv")?)?;
    if algorithm == Algorithm::Ed25519 || named.is_some_and(|named| named != algorithm) {
        return None;
    }
    let (verifying, length) = algorithm.curve_parameters()?;
    // RFC 7518 §6.2.1.2: coordinates have their full length. 4 marks an uncompressed point.
    let mut point = vec![4];
    for member in ["x", "y"] {
        let coordinate = bytes(jwk, member)?;
        if coordinate.len() != length {
            return None;
        }
        point.extend_from_slice(&coordinate);
    }
    Some((algorithm, ParsedPublicKey::new(verifying, point).ok()?))
}

fn edwards(
    jwk: &Map<String, Value>,
    named: Option<Algorithm>,
) -> Option<(Algorithm, ParsedPublicKey)> {
    let algorithm = Algorithm::of_curve(text(jwk, "crv")?)?;
    if algorithm != Algorithm::Ed25519 || named.is_some_and(|named| named != algorithm) {
        return None;
    }
    let (verifying, length) = algorithm.curve_parameters()?;
    let point = bytes(jwk, "x")?;
    if point.len() != length {
        return None;
    }
    Some((algorithm, ParsedPublicKey::new(verifying, point).ok()?))
}

fn text<'a>(jwk: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}

fn bytes(jwk: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text(jwk, member)?).ok()
}

/// A big-endian integer without leading zeros, which some providers write against
/// RFC 7518 §2.
fn integer(jwk: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    let mut bytes = bytes(jwk, member)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    Some(bytes)
}

#[cfg(test)]
mod tests;
