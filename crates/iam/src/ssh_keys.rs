//! SSH public keys of RSA, in both of the ways in which people write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The kind of key that there is.
const SSH_RSA: &str = "ssh-rsa";
/// Bits that a key has at least (IAM API Reference, UploadSSHPublicKey).
const BITS_MIN: usize = 2048;
/// Bits that a key has at most.
const BITS_MAX: usize = 16_384;
/// `rsaEncryption` with its empty parameters (RFC 8017, appendix A.1), as DER.
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// Characters of a line of PEM (RFC 7468 §2).
const PEM_LINE: usize = 64;

/// An RSA key: both numbers without leading zeros.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RsaKey {
    exponent: Vec<u8>,
    modulus: Vec<u8>,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// It is in neither way of writing.
    Encoding,
    /// It begins like a key, and is none, or a weak one.
    Key,
}

impl RsaKey {
    /// Reads `ssh-rsa AAAA… comment`, or PEM.
    pub(crate) fn read(text: &str) -> Result<RsaKey, NoKey> {
        let text = text.trim();
        let key = if let Some(rest) = text.strip_prefix(SSH_RSA) {
            RsaKey::from_ssh(rest)
        } else if text.starts_with("-----BEGIN ") {
            RsaKey::from_pem(text)
        } else {
            return Err(NoKey::Encoding);
        };
        key.filter(RsaKey::is_strong).ok_or(NoKey::Key)
    }

    fn from_ssh(rest: &str) -> Option<RsaKey> {
        let blob = rest.split_whitespace().next()?;
        let blob = STANDARD.decode(blob).ok()?;
        let (kind, rest) = ssh_string(&blob)?;
        let (exponent, rest) = ssh_string(rest)?;
        let (modulus, rest) = ssh_string(rest)?;
        (kind == SSH_RSA.as_bytes() && rest.is_empty())
            .then(|| RsaKey::of(exponent, modulus))
            .flatten()
    }

    fn from_pem(text: &str) -> Option<RsaKey> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).ok()?;
        let (rest, info) = SubjectPublicKeyInfo::from_der(&der).ok()?;
        let PublicKey::RSA(key) = info.parsed().ok()? else {
            return None;
        };
        rest.is_empty()
            .then(|| RsaKey::of(key.exponent, key.modulus))
            .flatten()
    }

    /// Both numbers as they are written, which may begin with a zero to be positive.
    fn of(exponent: &[u8], modulus: &[u8]) -> Option<RsaKey> {
        let number = |bytes: &[u8]| {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let (_, number) = bytes.split_at_checked(zeros)?;
            // Two zeros are one too many, and a first bit without one is a minus.
            let is_minimal = zeros <= 1 && (zeros == 1) == starts_with_bit(number);
            (is_minimal && !number.is_empty()).then(|| number.to_vec())
        };
        Some(RsaKey {
            exponent: number(exponent)?,
            modulus: number(modulus)?,
        })
    }

    fn is_strong(&self) -> bool {
        let first = self.modulus.first().map_or(8, |byte| byte.leading_zeros());
        let bits = self.modulus.len() * 8 - usize::try_from(first).unwrap_or(8);
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        (BITS_MIN..=BITS_MAX).contains(&bits)
            && is_odd(&self.modulus)
            && is_odd(&self.exponent)
            && self.exponent != [1]
            && self.exponent.len() <= 8
    }

    /// The key as SSH writes it, in bytes (RFC 4253 §6.6).
    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        for part in [
            SSH_RSA.as_bytes(),
            &positive(&self.exponent),
            &positive(&self.modulus),
        ] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            blob.extend_from_slice(&length.to_be_bytes());
            blob.extend_from_slice(part);
        }
        blob
    }

    /// `ssh-rsa AAAA…`.
    pub(crate) fn to_ssh(&self) -> String {
        format!("{SSH_RSA} {}", STANDARD.encode(self.blob()))
    }

    /// A `SubjectPublicKeyInfo` as PEM.
    pub(crate) fn to_pem(&self) -> String {
        let numbers = [
            der(0x02, &positive(&self.modulus)),
            der(0x02, &positive(&self.exponent)),
        ];
        let mut key = vec![0];
        key.extend(der(0x30, &numbers.concat()));
        let info = der(0x30, &[RSA_ENCRYPTION, &der(0x03, &key)].concat());
        let text = STANDARD.encode(info);
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, others) = rest.split_at_checked(PEM_LINE).unwrap_or((rest, ""));
            pem.push_str(line);
            pem.push('\n');
            rest = others;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// The MD5 of the key as SSH writes it, as `aa:bb:…`: what AWS shows to tell keys apart.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Md5::digest(self.blob());
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }
}

fn starts_with_bit(number: &[u8]) -> bool {
    number.first().is_some_and(|byte| byte & 0x80 != 0)
}

/// The number with a zero before it where its first bit would read as a minus.
fn positive(number: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if starts_with_bit(number) {
        bytes.push(0);
    }
    bytes.extend_from_slice(number);
    bytes
}

/// Bytes behind their length (RFC 4251 §5), and what comes after them.
fn ssh_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A DER value: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => value.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let (_, length) = length.split_at_checked(zeros).unwrap_or((&[], &[]));
            value.push(0x80 | u8::try_from(length.len()).unwrap_or(0x7f));
            value.extend_from_slice(length);
        }
    }
    value.extend_from_slice(content);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `ssh-keygen -t rsa -b 2048`; its fingerprint and PEM by `ssh-keygen -l -E md5`
    /// and `ssh-keygen -e -m PKCS8`.
    const SSH: &str = include_str!("tests/data/ssh_rsa.pub");
    const PEM: &str = include_str!("tests/data/ssh_rsa.pem");
    const MD5: &str = include_str!("tests/data/ssh_rsa.md5");

    #[test]
    fn both_ways_of_writing_are_one_key() {
        let key = RsaKey::read(SSH).unwrap();
        assert_eq!(RsaKey::read(PEM).unwrap(), key);
        assert_eq!(key.to_pem(), format!("{}\n", PEM.trim()));
        let (kind_and_blob, _comment) = SSH.trim().rsplit_once(' ').unwrap();
        assert_eq!(key.to_ssh(), kind_and_blob);
        assert_eq!(key.fingerprint(), MD5.trim());
    }

    #[test]
    fn other_texts_are_no_keys() {
        let (kind, rest) = SSH.split_once(' ').unwrap();
        assert_eq!(kind, "ssh-rsa");
        for text in ["", "text", "ssh-ed25519 AAAA", rest] {
            assert_eq!(RsaKey::read(text), Err(NoKey::Encoding), "{text}");
        }
        let cut = SSH.replace("AAAAB3NzaC1yc2E", "AAAAB3NzaC1yc2F");
        let (short, _) = SSH.split_at(100);
        for text in [
            "ssh-rsa",
            "ssh-rsa !!!!",
            &cut,
            short,
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert_eq!(RsaKey::read(text), Err(NoKey::Key), "{text}");
        }
    }

    #[test]
    fn weak_keys_are_refused() {
        let key = |bits: usize, exponent: &[u8]| {
            let mut modulus = vec![0xff; bits / 8];
            modulus[0] = 0x80;
            let key = RsaKey {
                exponent: exponent.to_vec(),
                modulus,
            };
            RsaKey::read(&key.to_ssh())
        };
        assert!(key(2048, &[1, 0, 1]).is_ok());
        assert_eq!(key(1024, &[1, 0, 1]), Err(NoKey::Key));
        assert_eq!(key(2048, &[1]), Err(NoKey::Key));
        assert_eq!(key(2048, &[2]), Err(NoKey::Key));
    }
}
