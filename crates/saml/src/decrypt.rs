//! Encrypted assertions: opened with a private key of the provider's.
//!
//! An opened assertion is believed no more than any other document. Every way in which
//! opening can fail is the same refusal, so that nobody learns from trying.

use std::fmt;

use aws_lc_rs::aead;
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use roxmltree::Node;
use zeroize::Zeroizing;

use crate::refusal::Refusal;
use crate::tree::{self, ENCRYPTION, ENCRYPTION_11, SIGNATURE, attribute, base64_text, is};

/// The most keys that an assertion may be encrypted to: one for each recipient.
const ENCRYPTED_KEYS_MAX: usize = 4;

/// A provider's private key, for opening. `Debug` shows nothing of it.
pub struct PrivateKey(OaepPrivateDecryptingKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(hidden)")
    }
}

/// Why a private key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyFault {
    /// Not PEM of one unencrypted RSA key.
    #[error("it is not one unencrypted RSA private key in PEM")]
    Form,
    /// RSA, but impossible or too small.
    #[error("the RSA key is not accepted: it has to have 2048 to 8192 bits")]
    Rejected,
}

impl PrivateKey {
    /// Reads PEM: PKCS #8, or PKCS #1 as older tools write it.
    pub fn from_pem(pem: &str) -> Result<PrivateKey, PrivateKeyFault> {
        let form = PrivateKeyFault::Form;
        let begin = pem.find("-----BEGIN ").ok_or(form)?;
        let block = pem.get(begin..).ok_or(form)?;
        let (label, rest) = block
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.split_once("-----"))
            .ok_or(form)?;
        let (body, after) = rest
            .split_once(&format!("-----END {label}-----"))
            .ok_or(form)?;
        if after.contains("-----BEGIN ") {
            return Err(form);
        }
        let der = Zeroizing::new(tree::decode_base64(body).ok_or(form)?);
        let pkcs8 = match label {
            "PRIVATE KEY" => der,
            "RSA PRIVATE KEY" => wrapped(&der).ok_or(form)?,
            _ => return Err(form),
        };
        let key = PrivateDecryptingKey::from_pkcs8(&pkcs8)
            .map_err(|_rejected| PrivateKeyFault::Rejected)?;
        let key =
            OaepPrivateDecryptingKey::new(key).map_err(|_rejected| PrivateKeyFault::Rejected)?;
        Ok(PrivateKey(key))
    }

    fn open(&self, algorithm: &'static OaepAlgorithm, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self
            .0
            .decrypt(algorithm, sealed, &mut out, None)
            .ok()?
            .len();
        out.truncate(length);
        Some(out)
    }
}

/// PKCS #8 around PKCS #1 (RFC 5958 §2): version, algorithm `rsaEncryption`, the key.
fn wrapped(pkcs1: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const VERSION_AND_ALGORITHM: &[u8] = &[
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
        0x01, 0x05, 0x00,
    ];
    let long = |tag: u8, length: usize| -> Option<[u8; 4]> {
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        Some([tag, 0x82, high, low])
    };
    let mut out = Zeroizing::new(Vec::new());
    let inner = VERSION_AND_ALGORITHM.len() + 4 + pkcs1.len();
    out.extend(long(0x30, inner)?);
    out.extend(VERSION_AND_ALGORITHM);
    out.extend(long(0x04, pkcs1.len())?);
    out.extend(pkcs1);
    Some(out)
}

/// The bytes that an `EncryptedAssertion` holds.
pub(crate) fn open(
    encrypted: Node<'_, '_>,
    keys: &[PrivateKey],
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let form = Refusal::EncryptionForm;
    if keys.is_empty() {
        return Err(Refusal::NoPrivateKey);
    }
    let mut all = tree::children(encrypted, ENCRYPTION, "EncryptedData");
    let data = all.next().ok_or(form("there is no EncryptedData"))?;
    if all.next().is_some() {
        return Err(form("there is more than one EncryptedData"));
    }
    let cipher = Cipher::named(&method(data)?)?;
    let sealed = cipher_value(data)?;
    let mut is_any_key = false;
    let inside = tree::children(data, SIGNATURE, "KeyInfo");
    let inside = inside.flat_map(|info| tree::children(info, ENCRYPTION, "EncryptedKey"));
    let beside = tree::children(encrypted, ENCRYPTION, "EncryptedKey");
    for encrypted_key in inside.chain(beside).take(ENCRYPTED_KEYS_MAX) {
        is_any_key = true;
        let algorithm = oaep(encrypted_key)?;
        let sealed_key = cipher_value(encrypted_key)?;
        for key in keys {
            let opened = key
                .open(algorithm, &sealed_key)
                .and_then(|key| cipher.open(&key, &sealed));
            if let Some(opened) = opened {
                return Ok(opened);
            }
        }
    }
    Err(if is_any_key {
        Refusal::Decryption
    } else {
        form("there is no EncryptedKey")
    })
}

fn method(node: Node<'_, '_>) -> Result<String, Refusal> {
    tree::child(node, ENCRYPTION, "EncryptionMethod")
        .and_then(|method| attribute(method, "Algorithm"))
        .map(str::to_owned)
        .ok_or(Refusal::EncryptionForm("an algorithm is not named"))
}

/// The value must be there itself: a reference would have us fetch something.
fn cipher_value(node: Node<'_, '_>) -> Result<Vec<u8>, Refusal> {
    tree::child(node, ENCRYPTION, "CipherData")
        .and_then(|data| tree::child(data, ENCRYPTION, "CipherValue"))
        .and_then(base64_text)
        .ok_or(Refusal::EncryptionForm("there is no CipherValue of base64"))
}

/// How the key is sealed. RSA PKCS #1 v1.5 is not accepted: whoever may try often enough
/// opens it without the private key.
fn oaep(encrypted_key: Node<'_, '_>) -> Result<&'static OaepAlgorithm, Refusal> {
    let name = method(encrypted_key)?;
    let method = tree::child(encrypted_key, ENCRYPTION, "EncryptionMethod");
    let inner = |namespace: &'static str, element: &'static str| {
        method
            .and_then(|method| tree::child(method, namespace, element))
            .and_then(|node| attribute(node, "Algorithm"))
    };
    let is_labelled = method
        .and_then(|method| tree::child(method, ENCRYPTION, "OAEPparams"))
        .is_some_and(|node| !tree::collapsed(&tree::text(node)).is_empty());
    if is_labelled {
        return Err(Refusal::EncryptionForm("OAEP has parameters"));
    }
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let digest = inner(SIGNATURE, "DigestMethod").unwrap_or(sha1);
    let mask = match name.as_str() {
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" => {
            "http://www.w3.org/2009/xmlenc11#mgf1sha1"
        }
        "http://www.w3.org/2009/xmlenc11#rsa-oaep" => {
            inner(ENCRYPTION_11, "MGF").unwrap_or("http://www.w3.org/2009/xmlenc11#mgf1sha1")
        }
        _ => return Err(Refusal::EncryptionAlgorithm(name)),
    };
    match (digest, mask.rsplit('#').next().unwrap_or_default()) {
        ("http://www.w3.org/2000/09/xmldsig#sha1", "mgf1sha1") => Ok(&OAEP_SHA1_MGF1SHA1),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "mgf1sha256") => Ok(&OAEP_SHA256_MGF1SHA256),
        ("http://www.w3.org/2001/04/xmldsig-more#sha384", "mgf1sha384") => {
            Ok(&OAEP_SHA384_MGF1SHA384)
        }
        ("http://www.w3.org/2001/04/xmlenc#sha512", "mgf1sha512") => Ok(&OAEP_SHA512_MGF1SHA512),
        _ => Err(Refusal::EncryptionAlgorithm(format!(
            "{name} with digest {digest} and mask {mask}"
        ))),
    }
}

/// How the assertion is sealed.
#[derive(Debug, Clone, Copy)]
enum Cipher {
    Cbc(&'static aws_lc_rs::cipher::Algorithm, usize),
    Gcm(&'static aead::Algorithm),
}

impl Cipher {
    fn named(uri: &str) -> Result<Cipher, Refusal> {
        Ok(match uri {
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Cipher::Cbc(&AES_128, 16),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Cipher::Cbc(&AES_192, 24),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Cipher::Cbc(&AES_256, 32),
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Cipher::Gcm(&aead::AES_128_GCM),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Cipher::Gcm(&aead::AES_192_GCM),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Cipher::Gcm(&aead::AES_256_GCM),
            _ => return Err(Refusal::EncryptionAlgorithm(uri.to_owned())),
        })
    }

    fn open(self, key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Cipher::Cbc(algorithm, key_bytes) => {
                if key.len() != key_bytes {
                    return None;
                }
                let (iv, blocks) = sealed.split_at_checked(16)?;
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                // XML Encryption pads as ISO 10126 does (§5.2): only the last byte counts.
                let key = PaddedBlockDecryptingKey::cbc_iso10126(key).ok()?;
                let iv: [u8; 16] = iv.try_into().ok()?;
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                let mut opened = Zeroizing::new(blocks.to_vec());
                let length = key.decrypt(&mut opened, context).ok()?.len();
                opened.truncate(length);
                Some(opened)
            }
            Cipher::Gcm(algorithm) => {
                let (nonce, rest) = sealed.split_at_checked(aead::NONCE_LEN)?;
                let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
                let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut opened = Zeroizing::new(rest.to_vec());
                let length = key
                    .open_in_place(nonce, aead::Aad::empty(), &mut opened)
                    .ok()?
                    .len();
                opened.truncate(length);
                Some(opened)
            }
        }
    }
}

/// The opened assertion as a document of its own. It may use namespaces that are declared
/// around the place where it was encrypted, so the frame around it declares them too.
pub(crate) fn framed(encrypted: Node<'_, '_>, opened: &[u8]) -> Vec<u8> {
    let mut out = b"<frame".to_vec();
    for namespace in encrypted.namespaces() {
        let prefix = namespace.name().unwrap_or_default();
        if prefix == "xml" {
            continue;
        }
        out.extend_from_slice(if prefix.is_empty() {
            b" xmlns"
        } else {
            b" xmlns:"
        });
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(b"=\"");
        for byte in namespace.uri().bytes() {
            match byte {
                b'&' => out.extend_from_slice(b"&amp;"),
                b'<' => out.extend_from_slice(b"&lt;"),
                b'"' => out.extend_from_slice(b"&quot;"),
                byte => out.push(byte),
            }
        }
        out.push(b'"');
    }
    out.push(b'>');
    out.extend_from_slice(opened);
    out.extend_from_slice(b"</frame>");
    out
}

/// The only element inside the frame, if it is an assertion.
pub(crate) fn unframed<'a, 'input>(
    document: &'a roxmltree::Document<'input>,
) -> Result<Node<'a, 'input>, Refusal> {
    let mut elements = document.root_element().children().filter(Node::is_element);
    match (elements.next(), elements.next()) {
        (Some(one), None) if is(one, tree::ASSERTION, "Assertion") => Ok(one),
        _ => Err(Refusal::EncryptionForm("it does not open to one assertion")),
    }
}
