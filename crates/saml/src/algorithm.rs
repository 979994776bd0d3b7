//! Algorithms of signatures and digests, and the keys that they fit.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::certificate::{Curve, Key};
use crate::refusal::Refusal;

/// Whether signatures over SHA-1 count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sha1 {
    /// They do not.
    Refused,
    /// They do: this provider cannot do better, and somebody answers for it.
    Allowed,
}

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignatureMethod {
    kind: Kind,
    hash: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pkcs1,
    Pss,
    Ecdsa,
}

impl Hash {
    /// By the URI of XML Signature or XML Encryption.
    pub(crate) fn named(uri: &str, sha1: Sha1) -> Result<Hash, Refusal> {
        let hash = match uri {
            "http://www.w3.org/2000/09/xmldsig#sha1" => Hash::Sha1,
            "http://www.w3.org/2001/04/xmlenc#sha256" => Hash::Sha256,
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Hash::Sha384,
            "http://www.w3.org/2001/04/xmlenc#sha512" => Hash::Sha512,
            _ => return Err(Refusal::DigestAlgorithm(uri.to_owned())),
        };
        hash.checked(sha1)
    }

    fn checked(self, sha1: Sha1) -> Result<Hash, Refusal> {
        match (self, sha1) {
            (Hash::Sha1, Sha1::Refused) => Err(Refusal::Sha1),
            _ => Ok(self),
        }
    }

    /// Hashes.
    pub(crate) fn of(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}

impl SignatureMethod {
    /// By its URI. What is not here is not accepted, whatever key it would need: keyed
    /// hashes, DSA, MD5.
    pub(crate) fn named(uri: &str, sha1: Sha1) -> Result<SignatureMethod, Refusal> {
        let (kind, hash) = match uri {
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => (Kind::Pkcs1, Hash::Sha1),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => (Kind::Pkcs1, Hash::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (Kind::Pkcs1, Hash::Sha384),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (Kind::Pkcs1, Hash::Sha512),
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1" => (Kind::Pss, Hash::Sha256),
            "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1" => (Kind::Pss, Hash::Sha384),
            "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1" => (Kind::Pss, Hash::Sha512),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => (Kind::Ecdsa, Hash::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => (Kind::Ecdsa, Hash::Sha384),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512" => (Kind::Ecdsa, Hash::Sha512),
            _ => return Err(Refusal::SignatureAlgorithm(uri.to_owned())),
        };
        let hash = hash.checked(sha1)?;
        Ok(SignatureMethod { kind, hash })
    }

    /// Whether this key made the signature.
    pub(crate) fn verifies(self, key: &Key, message: &[u8], signature: &[u8]) -> bool {
        match (self.kind, key) {
            (Kind::Pkcs1 | Kind::Pss, Key::Rsa { der, bits }) => self
                .rsa(*bits)
                .is_some_and(|algorithm| holds(algorithm, der, message, signature)),
            (Kind::Ecdsa, Key::Ec { curve, point }) => {
                let Some(signature) = ecdsa_der(*curve, signature) else {
                    return false;
                };
                holds(self.ecdsa(*curve), point, message, &signature)
            }
            _ => false,
        }
    }

    fn rsa(self, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
        let is_small = bits < 2048;
        Some(match (self.kind, self.hash) {
            (Kind::Pkcs1, Hash::Sha1) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Kind::Pkcs1, Hash::Sha256) => {
                &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (Kind::Pkcs1, Hash::Sha512) => {
                &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            _ if is_small => return None,
            (Kind::Pkcs1, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Pss, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (Kind::Pss, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (Kind::Pss, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            (Kind::Pss, Hash::Sha1) | (Kind::Ecdsa, _) => return None,
        })
    }

    fn ecdsa(self, curve: Curve) -> &'static dyn VerificationAlgorithm {
        match (curve, self.hash) {
            (Curve::P256, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Curve::P256, Hash::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (Curve::P256, _) => &signature::ECDSA_P256_SHA256_ASN1,
            (Curve::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Curve::P384, Hash::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Curve::P384, _) => &signature::ECDSA_P384_SHA256_ASN1,
            (Curve::P521, Hash::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (Curve::P521, Hash::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            (Curve::P521, _) => &signature::ECDSA_P521_SHA256_ASN1,
        }
    }
}

fn holds(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

/// XML Signature writes both numbers one after the other, at full length (XMLDSig 1.1
/// §6.4.3); the library wants them in DER.
fn ecdsa_der(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    let length = match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    };
    if signature.len() != 2 * length {
        return None;
    }
    let (r, s) = signature.split_at_checked(length)?;
    let content = [der_integer(r)?, der_integer(s)?].concat();
    let size = u8::try_from(content.len()).ok()?;
    let mut der = vec![0x30];
    if size >= 0x80 {
        der.push(0x81);
    }
    der.push(size);
    der.extend(content);
    Some(der)
}

fn der_integer(bytes: &[u8]) -> Option<Vec<u8>> {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits = bytes.get(leading..)?.to_vec();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    let mut der = vec![0x02, u8::try_from(digits.len()).ok()?];
    der.extend(digits);
    Some(der)
}
