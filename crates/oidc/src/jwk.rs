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
mod tests {
    use serde_json::json;

    use super::*;

    /// A signature from a standard's own examples.
    struct Example {
        source: String,
        keys: KeySet,
        algorithm: Algorithm,
        signed: String,
        signature: Vec<u8>,
    }

    fn examples() -> Vec<Example> {
        let file = include_str!("../testdata/rfc-signatures.json");
        let list: Vec<Value> = serde_json::from_str(file).unwrap();
        list.iter().map(example).collect()
    }

    fn example(entry: &Value) -> Example {
        let jws = entry["jws"].as_str().unwrap();
        let (signed, signature) = jws.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let header = BASE64_URL_SAFE_NO_PAD.decode(header).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        Example {
            source: entry["source"].as_str().unwrap().to_owned(),
            keys: set(&[entry["jwk"].clone()]),
            algorithm: Algorithm::named(header["alg"].as_str().unwrap()).unwrap(),
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap(),
        }
    }

    fn set(keys: &[Value]) -> KeySet {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
    }

    fn jwk(source: &str) -> Value {
        let file = include_str!("../testdata/rfc-signatures.json");
        let list: Vec<Value> = serde_json::from_str(file).unwrap();
        let entry = list.iter().find(|entry| entry["source"] == source);
        entry.unwrap()["jwk"].clone()
    }

    fn changed(source: &str, member: &str, value: Value) -> Value {
        let mut jwk = jwk(source);
        jwk[member] = value;
        jwk
    }

    fn judge(example: &Example, keys: &KeySet, signature: &[u8]) -> Verdict {
        keys.judge(
            example.algorithm,
            None,
            example.signed.as_bytes(),
            signature,
        )
    }

    #[test]
    fn signatures_of_the_standards_are_genuine() {
        let examples = examples();
        assert_eq!(examples.len(), 7);
        for example in examples {
            let verdict = judge(&example, &example.keys, &example.signature);
            assert_eq!(verdict, Verdict::Genuine, "{}", example.source);
        }
    }

    #[test]
    fn any_change_to_a_signature_of_the_standards_makes_it_wrong() {
        for example in examples() {
            for at in [0, example.signature.len() / 2, example.signature.len() - 1] {
                let mut signature = example.signature.clone();
                signature[at] ^= 1;
                let verdict = judge(&example, &example.keys, &signature);
                assert_eq!(verdict, Verdict::Wrong, "{} at {at}", example.source);
            }
            let length = example.signature.len();
            for signature in [
                vec![0; length],
                vec![0xff; length],
                Vec::new(),
                example.signature[1..].to_vec(),
                [&example.signature[..], &[0]].concat(),
                [&[0], &example.signature[..]].concat(),
            ] {
                let verdict = judge(&example, &example.keys, &signature);
                assert_eq!(verdict, Verdict::Wrong, "{}", example.source);
            }
        }
    }

    #[test]
    fn a_key_is_used_with_its_own_algorithm_only() {
        for one in examples() {
            for other in examples() {
                let verdict =
                    other
                        .keys
                        .judge(one.algorithm, None, one.signed.as_bytes(), &one.signature);
                let same_kind = one.algorithm.rsa_parameters().is_some()
                    == other.algorithm.rsa_parameters().is_some();
                let fits = same_kind
                    && (one.algorithm.rsa_parameters().is_some()
                        || one.algorithm == other.algorithm);
                assert_eq!(
                    verdict == Verdict::NoKey,
                    !fits,
                    "{} {}",
                    one.source,
                    other.source
                );
            }
        }
    }

    #[test]
    fn keys_of_other_uses_and_kinds_are_left_out() {
        const RSA: &str = "RFC 7515 A.2";
        const EC: &str = "RFC 7515 A.3";
        const OKP: &str = "RFC 8037 A.4";
        let n_1024 = BASE64_URL_SAFE_NO_PAD.encode([&[0x80; 127][..], &[1]].concat());
        let n_2047 = BASE64_URL_SAFE_NO_PAD.encode([&[0x7f; 255][..], &[1]].concat());
        let n_long = BASE64_URL_SAFE_NO_PAD.encode([&[0x80; 1024][..], &[1]].concat());
        for (key, why) in [
            (changed(RSA, "use", json!("enc")), "for encryption"),
            (changed(RSA, "use", json!(["sig"])), "use is not a text"),
            (changed(RSA, "key_ops", json!(["sign"])), "for signing"),
            (
                changed(RSA, "key_ops", json!("verify")),
                "operations are not a list",
            ),
            (changed(RSA, "d", json!("AQAB")), "private"),
            (changed(RSA, "alg", json!("RSA-OAEP")), "for encryption"),
            (changed(RSA, "alg", json!("HS256")), "shared secret"),
            (
                changed(RSA, "alg", json!("ES256")),
                "algorithm of another kind",
            ),
            (changed(RSA, "alg", json!(256)), "algorithm is not a text"),
            (changed(RSA, "kid", json!(1)), "id is not a text"),
            (changed(RSA, "kty", json!("rsa")), "kind is exact"),
            (changed(RSA, "kty", json!("oct")), "shared secret"),
            (changed(RSA, "n", json!(n_1024)), "too short"),
            (changed(RSA, "n", json!(n_2047)), "one bit too short"),
            (changed(RSA, "n", json!(n_long)), "too long"),
            (changed(RSA, "n", json!("")), "no modulus"),
            (changed(RSA, "e", json!("AQ")), "exponent one"),
            (
                changed(RSA, "e", json!("AAAAAQ")),
                "exponent one with zeros",
            ),
            (changed(RSA, "e", json!("Ag")), "even exponent"),
            (changed(RSA, "e", json!("")), "no exponent"),
            (changed(RSA, "e", json!("AQAAAAAB")), "huge exponent"),
            (changed(RSA, "e", json!("AQAB=")), "padding"),
            (
                changed(EC, "alg", json!("ES384")),
                "algorithm of another curve",
            ),
            (changed(EC, "crv", json!("P-384")), "another curve"),
            (changed(EC, "crv", json!("secp256k1")), "curve not accepted"),
            (
                changed(EC, "crv", json!("Ed25519")),
                "curve of another kind",
            ),
            (changed(EC, "y", json!("AAAA")), "coordinate too short"),
            (changed(EC, "y", jwk(EC)["x"].clone()), "not on the curve"),
            (changed(OKP, "crv", json!("Ed448")), "curve not accepted"),
            (changed(OKP, "crv", json!("X25519")), "for key exchange"),
            (changed(OKP, "crv", json!("P-256")), "curve of another kind"),
            (changed(OKP, "x", json!("AAAA")), "too short"),
            (json!({"kty": "oct", "k": "c2VjcmV0"}), "shared secret"),
            (json!({}), "empty"),
            (json!("key"), "not an object"),
        ] {
            assert!(set(&[key]).is_empty(), "{why}");
        }
        for key in [
            changed(RSA, "use", json!("sig")),
            changed(RSA, "key_ops", json!(["verify"])),
            changed(RSA, "alg", json!("PS512")),
            changed(EC, "alg", json!("ES256")),
            changed(OKP, "alg", json!("Ed25519")),
            changed(OKP, "alg", json!("EdDSA")),
        ] {
            assert_eq!(set(&[key]).len(), 1);
        }
    }

    #[test]
    fn a_broken_key_does_not_spoil_the_set() {
        let keys = set(&[json!({"kty": "RSA"}), jwk("RFC 7515 A.2"), json!(null)]);
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn leading_zeros_of_an_integer_are_forgiven() {
        let n = bytes(jwk("RFC 7515 A.2").as_object().unwrap(), "n").unwrap();
        let padded = BASE64_URL_SAFE_NO_PAD.encode([&[0][..], &n].concat());
        let keys = set(&[changed("RFC 7515 A.2", "n", json!(padded))]);
        let example = &examples()[0];
        assert_eq!(judge(example, &keys, &example.signature), Verdict::Genuine);
    }

    #[test]
    fn without_an_id_a_bounded_number_of_keys_is_tried() {
        let example = &examples()[0];
        let stranger = jwk("RFC 7520 4.1");
        let right = jwk("RFC 7515 A.2");
        let after = |strangers: usize| {
            let mut keys = vec![stranger.clone(); strangers];
            keys.push(right.clone());
            judge(example, &set(&keys), &example.signature)
        };
        assert_eq!(after(KEYS_TRIED_MAX - 1), Verdict::Genuine);
        assert_eq!(after(KEYS_TRIED_MAX), Verdict::Wrong);
    }

    #[test]
    fn what_is_not_a_key_set_is_refused() {
        for text in ["", "[]", "{\"keys\":[],\"keys\":[]}"] {
            assert!(
                matches!(KeySet::parse(text.as_bytes()), Err(KeySetFault::NotJson(_))),
                "{text}"
            );
        }
        for text in ["{}", "{\"keys\":{}}", "{\"keys\":null}"] {
            assert!(
                matches!(KeySet::parse(text.as_bytes()), Err(KeySetFault::NoKeys)),
                "{text}"
            );
        }
        assert!(KeySet::parse(b"{\"keys\":[]}").unwrap().is_empty());
    }
}
