//! TLS: whose certificates are believed.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::config::ConfigError;
use crate::pinned::Pinned;

/// The roots of trust. The platform's are read at the first fetch, not at the start:
/// they are a few hundred kilobytes that many servers never need.
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    own: Vec<CertificateDer<'static>>,
    /// What the roots lead to; made at the first fetch.
    built: OnceLock<Built>,
}

#[derive(Clone)]
struct Built {
    roots: Arc<RootCertStore>,
    client: Arc<ClientConfig>,
}

impl Trust {
    /// Reads the operator's own authorities, so that a wrong file is found at the start.
    pub(crate) fn new<'a>(files: impl Iterator<Item = &'a Path>) -> Result<Trust, ConfigError> {
        let mut own = Vec::new();
        for path in files {
            let unreadable = |reason: String| ConfigError::CaFile {
                path: path.to_owned(),
                reason,
            };
            let before = own.len();
            for certificate in CertificateDer::pem_file_iter(path)
                .map_err(|error| unreadable(error.to_string()))?
            {
                own.push(certificate.map_err(|error| unreadable(error.to_string()))?);
            }
            if own.len() == before {
                return Err(unreadable("there is no certificate in it".to_owned()));
            }
            let mut store = RootCertStore::empty();
            for certificate in own.iter().skip(before) {
                store
                    .add(certificate.clone())
                    .map_err(|error| unreadable(error.to_string()))?;
            }
        }
        let trust = Trust {
            provider: Arc::new(aws_lc_rs::default_provider()),
            own,
            built: OnceLock::new(),
        };
        // Built once with no platform roots, to learn now whether it can be built.
        trust.build(Vec::new())?;
        Ok(trust)
    }

    /// The TLS settings of outbound connections. With thumbprints, a certificate that no
    /// root vouches for counts too if the topmost certificate beside it has one of them.
    pub(crate) fn client(&self, thumbprints: &[String]) -> Result<Arc<ClientConfig>, ConfigError> {
        let built = self.built()?;
        if thumbprints.is_empty() {
            return Ok(built.client);
        }
        let verifier = Pinned::new(&built.roots, thumbprints, self.provider.clone());
        let mut client = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        client.alpn_protocols = alpn();
        Ok(Arc::new(client))
    }

    fn built(&self) -> Result<Built, ConfigError> {
        if let Some(built) = self.built.get() {
            return Ok(built.clone());
        }
        let platform = rustls_native_certs::load_native_certs();
        for error in &platform.errors {
            tracing::warn!(%error, "cannot read some of the platform's certificate authorities");
        }
        let built = self.build(platform.certs)?;
        Ok(self.built.get_or_init(|| built).clone())
    }

    fn build(&self, platform: Vec<CertificateDer<'static>>) -> Result<Built, ConfigError> {
        let mut roots = RootCertStore::empty();
        // The platform's list may hold what the library cannot read; the rest still counts.
        roots.add_parsable_certificates(platform);
        roots.add_parsable_certificates(self.own.iter().cloned());
        let roots = Arc::new(roots);
        let mut client = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        client.alpn_protocols = alpn();
        Ok(Built {
            roots,
            client: Arc::new(client),
        })
    }
}

fn alpn() -> Vec<Vec<u8>> {
    vec![b"http/1.1".to_vec()]
}
