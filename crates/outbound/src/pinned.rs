//! Certificates that are believed by their thumbprint, where no known authority vouches for
//! them.
//!
//! The topmost certificate that the other side shows becomes the only root, for this one
//! handshake. Everything else is checked as ever: names, dates, every signature of the chain,
//! and that the other side has the key.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Known authorities first; then the thumbprints.
#[derive(Debug)]
pub(crate) struct Pinned {
    /// Nothing where no authority is known at all.
    known: Option<Arc<WebPkiServerVerifier>>,
    /// In small letters.
    thumbprints: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub(crate) fn new(
        known: &Arc<RootCertStore>,
        thumbprints: &[String],
        provider: Arc<CryptoProvider>,
    ) -> Pinned {
        let thumbprints = thumbprints.iter();
        Pinned {
            known: verifier(known.clone(), &provider).ok(),
            thumbprints: thumbprints.map(|one| one.to_ascii_lowercase()).collect(),
            provider,
        }
    }

    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        // A thumbprint names a certificate that exists; nobody can make a second one for it.
        let found = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate));
        self.thumbprints.contains(&found)
    }

    /// Verifies with nothing but this root.
    fn under(&self, root: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        verifier(Arc::new(roots), &self.provider)
    }
}

fn verifier(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|error| Error::General(error.to_string()))
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judge = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        match self.known.as_deref().map(judge) {
            None => {}
            Some(Err(refusal)) if refusal == unknown => {}
            Some(judged) => return judged,
        }
        let top = intermediates.last().unwrap_or(end_entity);
        if !self.is_pinned(top) {
            return Err(unknown);
        }
        judge(&*self.under(top)?)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
