//! X.509 certificates, as far as metadata needs them: the key, and the dates for people.
//!
//! Who issued a certificate and how long it is good decide nothing: it is the metadata that
//! is trusted, by whoever uploaded it (IAM does the same).

use aws_lc_rs::digest;

/// Keys smaller than this are refused, as IAM does.
const RSA_BITS_MIN: usize = 1024;

/// The public key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// RSA: a PKCS #1 public key.
    Rsa {
        /// DER.
        der: Vec<u8>,
        /// Of the modulus.
        bits: usize,
    },
    /// A point on a curve.
    Ec {
        /// Which.
        curve: Curve,
        /// Uncompressed.
        point: Vec<u8>,
    },
}

/// Curves that signatures may be made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// A certificate of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub(crate) key: Key,
    /// SHA-256 of the whole, 64 hex digits.
    pub fingerprint: String,
    /// When it ends, as the certificate writes it. For people; decides nothing.
    pub not_after: String,
}

/// Why a certificate is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not DER of a certificate.
    #[error("it is not an X.509 certificate")]
    Form,
    /// An extension is there twice.
    #[error("it repeats an extension")]
    RepeatedExtension,
    /// Not RSA, nor one of the known curves.
    #[error("its key is of a kind that is not accepted")]
    KeyKind,
    /// Too small.
    #[error("its key has {0} bits, at least {RSA_BITS_MIN} are required")]
    SmallKey(usize),
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const EXTENSIONS: u8 = 0xa3;
const VERSION: u8 = 0xa0;

impl Certificate {
    /// Reads DER.
    pub(crate) fn parse(der: &[u8]) -> Result<Certificate, CertificateFault> {
        let mut outer = Der(der);
        let mut certificate = Der(outer.expect(SEQUENCE)?);
        outer.end()?;
        let mut body = Der(certificate.expect(SEQUENCE)?);
        if body.peek() == Some(VERSION) {
            body.expect(VERSION)?;
        }
        body.expect(INTEGER)?;
        body.expect(SEQUENCE)?;
        body.expect(SEQUENCE)?;
        let mut validity = Der(body.expect(SEQUENCE)?);
        validity.next()?;
        let (_, not_after) = validity.next()?;
        body.expect(SEQUENCE)?;
        let key = public_key(body.expect(SEQUENCE)?)?;
        while !body.0.is_empty() {
            let (tag, content) = body.next()?;
            if tag == EXTENSIONS {
                check_extensions(content)?;
            }
        }
        Ok(Certificate {
            key,
            fingerprint: hex::encode(digest::digest(&digest::SHA256, der)),
            not_after: String::from_utf8_lossy(not_after).into_owned(),
        })
    }
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1).
fn public_key(info: &[u8]) -> Result<Key, CertificateFault> {
    let mut info = Der(info);
    let mut algorithm = Der(info.expect(SEQUENCE)?);
    let bits = info.expect(BIT_STRING)?;
    let (0, key) = bits.split_first().ok_or(CertificateFault::Form)? else {
        return Err(CertificateFault::Form);
    };
    match algorithm.expect(OBJECT_ID)? {
        RSA => {
            let mut outer = Der(key);
            let mut inner = Der(outer.expect(SEQUENCE)?);
            let modulus = inner.expect(INTEGER)?;
            let bits = significant_bits(modulus);
            if bits < RSA_BITS_MIN {
                return Err(CertificateFault::SmallKey(bits));
            }
            let der = key.to_vec();
            Ok(Key::Rsa { der, bits })
        }
        EC => {
            let curve = match algorithm.expect(OBJECT_ID)? {
                P256 => Curve::P256,
                P384 => Curve::P384,
                P521 => Curve::P521,
                _ => return Err(CertificateFault::KeyKind),
            };
            let point = key.to_vec();
            Ok(Key::Ec { curve, point })
        }
        _ => Err(CertificateFault::KeyKind),
    }
}

fn significant_bits(integer: &[u8]) -> usize {
    let leading = integer.iter().take_while(|byte| **byte == 0).count();
    let rest = integer.get(leading..).unwrap_or_default();
    let first = rest.first().map_or(0, |byte| byte.leading_zeros());
    (rest.len() * 8).saturating_sub(usize::try_from(first).unwrap_or(0))
}

fn check_extensions(content: &[u8]) -> Result<(), CertificateFault> {
    let mut list = Der(Der(content).expect(SEQUENCE)?);
    let mut seen: Vec<&[u8]> = Vec::new();
    while !list.0.is_empty() {
        let mut extension = Der(list.expect(SEQUENCE)?);
        let id = extension.expect(OBJECT_ID)?;
        if seen.contains(&id) {
            return Err(CertificateFault::RepeatedExtension);
        }
        seen.push(id);
    }
    Ok(())
}

/// DER that is read from the front.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element: its tag and its content.
    fn next(&mut self) -> Result<(u8, &'a [u8]), CertificateFault> {
        let take = |from: &'a [u8], count: usize| from.split_at_checked(count);
        let form = CertificateFault::Form;
        let (head, rest) = take(self.0, 2).ok_or(form)?;
        let (&tag, &first) = head.first().zip(head.get(1)).ok_or(form)?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(form);
            }
            let (bytes, rest) = take(rest, count).ok_or(form)?;
            let length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (length, rest)
        };
        let (content, rest) = take(rest, length).ok_or(form)?;
        self.0 = rest;
        Ok((tag, content))
    }

    fn expect(&mut self, expected: u8) -> Result<&'a [u8], CertificateFault> {
        let (tag, content) = self.next()?;
        if tag == expected {
            Ok(content)
        } else {
            Err(CertificateFault::Form)
        }
    }

    fn end(&self) -> Result<(), CertificateFault> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(CertificateFault::Form)
        }
    }
}
