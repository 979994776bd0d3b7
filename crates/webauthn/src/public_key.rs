//! Public keys of security keys: read from COSE once, kept in a form of their own.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use coset::cbor::Value;
use coset::iana::{self, EnumI64 as _};
use coset::{Algorithm, AsCborValue as _, CoseKey, KeyType, Label};
use serde::{Deserialize, Serialize, Serializer, de};

use crate::Refusal;

/// What keys may sign with, by its number in COSE, the best first: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// Bytes of an RSA modulus, at least and at most.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The longest RSA exponent, in bytes.
const EXPONENT_BYTES_MAX: usize = 4;

/// A public key that was looked at: it is on its curve and long enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed.
    Es256(Bytes),
    /// Ed25519: the point.
    EdDsa(Bytes),
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256 {
        /// The modulus.
        modulus: Bytes,
        /// The exponent.
        exponent: Bytes,
    },
}

impl PublicKey {
    /// Reads a COSE key (RFC 9052 §7), as WebAuthn §5.8.5 narrows it.
    pub(crate) fn read(key: Value) -> Result<PublicKey, Refusal> {
        let key = CoseKey::from_cbor_value(key)
            .map_err(|_not_cose| Refusal::PublicKey("it is no COSE key"))?;
        let refused = Refusal::PublicKey;
        let Some(Algorithm::Assigned(algorithm)) = key.alg else {
            return Err(refused("it names no algorithm that is known"));
        };
        let KeyType::Assigned(kind) = key.kty else {
            return Err(refused("it is of no kind that is known"));
        };
        let found = match (algorithm, kind) {
            (iana::Algorithm::ES256, iana::KeyType::EC2) => {
                is_on(&key, iana::Ec2KeyParameter::Crv, iana::EllipticCurve::P_256)?;
                let x = bytes(&key, iana::Ec2KeyParameter::X)?;
                let y = bytes(&key, iana::Ec2KeyParameter::Y)?;
                if x.len() != 32 || y.len() != 32 {
                    return Err(refused("a coordinate has another length than 32 bytes"));
                }
                PublicKey::Es256(Bytes([&[4], x, y].concat()))
            }
            (iana::Algorithm::EdDSA, iana::KeyType::OKP) => {
                let curve = iana::EllipticCurve::Ed25519;
                is_on(&key, iana::OkpKeyParameter::Crv, curve)?;
                let point = bytes(&key, iana::OkpKeyParameter::X)?;
                if point.len() != 32 {
                    return Err(refused("its point has another length than 32 bytes"));
                }
                PublicKey::EdDsa(Bytes(point.to_vec()))
            }
            (iana::Algorithm::RS256, iana::KeyType::RSA) => {
                let modulus = bytes(&key, iana::RsaKeyParameter::N)?;
                let exponent = bytes(&key, iana::RsaKeyParameter::E)?;
                let is_sound = MODULUS_BYTES.contains(&modulus.len())
                    && modulus.first().is_some_and(|first| *first != 0)
                    && exponent.len() <= EXPONENT_BYTES_MAX
                    // One makes every signature genuine; an even one is no RSA key.
                    && exponent != [1]
                    && exponent.last().is_some_and(|last| last % 2 == 1);
                if !is_sound {
                    return Err(refused("its modulus or exponent is impossible"));
                }
                PublicKey::Rs256 {
                    modulus: Bytes(modulus.to_vec()),
                    exponent: Bytes(exponent.to_vec()),
                }
            }
            _ => {
                return Err(refused(
                    "it was made for an algorithm that was not asked for",
                ));
            }
        };
        match found.parsed() {
            Some(_sound) => Ok(found),
            None => Err(refused("it is not on its curve, or weak")),
        }
    }

    /// Its algorithm's number in COSE.
    pub(crate) fn algorithm(&self) -> i64 {
        match self {
            PublicKey::Es256(_) => iana::Algorithm::ES256,
            PublicKey::EdDsa(_) => iana::Algorithm::EdDSA,
            PublicKey::Rs256 { .. } => iana::Algorithm::RS256,
        }
        .to_i64()
    }

    /// Whether this is the key's signature over these bytes.
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.parsed()
            .is_some_and(|key| key.verify_sig(signed, signature).is_ok())
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        match self {
            PublicKey::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point.0).ok(),
            PublicKey::EdDsa(point) => ParsedPublicKey::new(&ED25519, &point.0).ok(),
            PublicKey::Rs256 { modulus, exponent } => {
                let components = RsaPublicKeyComponents {
                    n: modulus.0.as_slice(),
                    e: exponent.0.as_slice(),
                };
                components
                    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                    .ok()
            }
        }
    }
}

fn parameter(key: &CoseKey, label: i64) -> Option<&Value> {
    let mut found = key.params.iter();
    found
        .find(|(name, _)| *name == Label::Int(label))
        .map(|(_, value)| value)
}

fn bytes(key: &CoseKey, label: impl iana::EnumI64) -> Result<&[u8], Refusal> {
    parameter(key, label.to_i64())
        .and_then(Value::as_bytes)
        .map(Vec::as_slice)
        .ok_or(Refusal::PublicKey("a part of it is missing"))
}

fn is_on(
    key: &CoseKey,
    label: impl iana::EnumI64,
    curve: iana::EllipticCurve,
) -> Result<(), Refusal> {
    let found = parameter(key, label.to_i64()).and_then(Value::as_integer);
    if found == Some(curve.to_i64().into()) {
        return Ok(());
    }
    Err(Refusal::PublicKey(
        "it is on a curve that was not asked for",
    ))
}

/// Bytes that records hold as base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::text_of(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::bytes_of(&text)
            .map(Bytes)
            .ok_or_else(|| de::Error::custom("not base64url"))
    }
}
