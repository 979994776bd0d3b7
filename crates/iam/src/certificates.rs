//! Certificates and private keys as people upload them: PEM, read really.

use aws::Timestamp;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The most certificates that a chain may have.
const CHAIN_MAX: usize = 20;

/// A certificate, read.
#[derive(Debug)]
pub(crate) struct Certificate {
    der: CertificateDer<'static>,
    /// When it begins to count.
    pub(crate) begins: Timestamp,
    /// When it ends.
    pub(crate) ends: Timestamp,
    public_key: Vec<u8>,
}

impl Certificate {
    /// Reads the one certificate that a text holds.
    pub(crate) fn read(pem: &str) -> Option<Certificate> {
        let mut all = Certificate::read_all(pem)?;
        let one = all.pop()?;
        all.is_empty().then_some(one)
    }

    /// Reads all certificates that a text holds: at least one, and none that is broken.
    pub(crate) fn read_all(pem: &str) -> Option<Vec<Certificate>> {
        let mut all = Vec::new();
        for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            all.push(Certificate::of(der.ok()?)?);
            if all.len() > CHAIN_MAX {
                return None;
            }
        }
        (!all.is_empty()).then_some(all)
    }

    fn of(der: CertificateDer<'static>) -> Option<Certificate> {
        let (rest, certificate) = X509Certificate::from_der(&der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp());
        let validity = certificate.validity();
        Some(Certificate {
            begins: moment(validity.not_before).ok()?,
            ends: moment(validity.not_after).ok()?,
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
            der,
        })
    }

    /// Whether it counts at this moment.
    pub(crate) fn counts_at(&self, now: Timestamp) -> bool {
        (self.begins..=self.ends).contains(&now)
    }

    /// SHA-256 of it, hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der);
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The id under which a user has it: the SHA-1 of it in base 32, as recorded from AWS. It
    /// only names the certificate; [`digest`](Self::digest) tells certificates apart.
    pub(crate) fn id(&self) -> String {
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der);
        base32::encode(
            base32::Alphabet::Rfc4648 { padding: false },
            digest.as_ref(),
        )
    }

    /// Whether this private key is that of the certificate. Nothing if the key does not read.
    pub(crate) fn belongs_to(&self, private_key_pem: &str) -> Option<bool> {
        let key = PrivateKeyDer::from_pem_slice(private_key_pem.as_bytes()).ok()?;
        Some(public_key_of(&key)? == self.public_key)
    }

    /// Whether the other certificate signed this one.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let (Ok((_, own)), Ok((_, issuer))) = (
            X509Certificate::from_der(&self.der),
            X509Certificate::from_der(&issuer.der),
        ) else {
            return false;
        };
        own.issuer() == issuer.subject() && own.verify_signature(Some(issuer.public_key())).is_ok()
    }
}

/// The public half of a private key, as certificates hold it.
fn public_key_of(key: &PrivateKeyDer<'_>) -> Option<Vec<u8>> {
    let curves = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    let der = key.secret_der();
    match key {
        PrivateKeyDer::Pkcs1(_) => {
            let pair = RsaKeyPair::from_der(der).ok()?;
            Some(pair.public_key().as_ref().to_vec())
        }
        PrivateKeyDer::Sec1(_) => curves.iter().find_map(|curve| {
            let pair = EcdsaKeyPair::from_private_key_der(curve, der).ok()?;
            Some(pair.public_key().as_ref().to_vec())
        }),
        PrivateKeyDer::Pkcs8(_) => {
            if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
                return Some(pair.public_key().as_ref().to_vec());
            }
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                return Some(pair.public_key().as_ref().to_vec());
            }
            curves.iter().find_map(|curve| {
                let pair = EcdsaKeyPair::from_pkcs8(curve, der).ok()?;
                Some(pair.public_key().as_ref().to_vec())
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, Issuer, KeyPair};

    fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
        KeyPair::generate_for(algorithm).unwrap()
    }

    #[test]
    fn a_key_belongs_to_its_own_certificate_only() {
        for algorithm in [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ED25519,
            &rcgen::PKCS_RSA_SHA256,
        ] {
            let (own, other) = (key(algorithm), key(algorithm));
            let params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            let pem = params.self_signed(&own).unwrap().pem();
            let certificate = Certificate::read(&pem).unwrap();
            assert_eq!(certificate.belongs_to(&own.serialize_pem()), Some(true));
            assert_eq!(certificate.belongs_to(&other.serialize_pem()), Some(false));
            assert_eq!(certificate.belongs_to("no key"), None);
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        let params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let own = key(&rcgen::PKCS_ECDSA_P256_SHA256);
        let pem = params.self_signed(&own).unwrap().pem();
        assert!(Certificate::read(&pem).is_some());
        assert!(Certificate::read(&format!("{pem}{pem}")).is_none());
        assert_eq!(
            Certificate::read_all(&format!("{pem}{pem}")).unwrap().len(),
            2
        );
        let cut = pem.replace("MII", "MIJ");
        for broken in ["", "text", &cut, &own.serialize_pem()] {
            assert!(Certificate::read(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_certificate_is_signed_by_its_issuer_only() {
        let (root_key, other_key) = (
            key(&rcgen::PKCS_ECDSA_P256_SHA256),
            key(&rcgen::PKCS_ECDSA_P256_SHA256),
        );
        let params = CertificateParams::new(vec!["root.example".to_owned()]).unwrap();
        let read = |pem: String| Certificate::read(&pem).unwrap();
        let root = read(params.self_signed(&root_key).unwrap().pem());
        let imposter = read(params.self_signed(&other_key).unwrap().pem());
        let leaf_key = key(&rcgen::PKCS_ECDSA_P256_SHA256);
        let leaf = CertificateParams::new(vec!["leaf.example".to_owned()]).unwrap();
        let issuer = Issuer::from_params(&params, &root_key);
        let leaf = read(leaf.signed_by(&leaf_key, &issuer).unwrap().pem());
        assert!(leaf.is_signed_by(&root));
        assert!(!leaf.is_signed_by(&imposter));
        assert!(!root.is_signed_by(&leaf));
    }
}
