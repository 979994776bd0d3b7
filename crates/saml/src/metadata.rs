//! Metadata: what an administrator uploaded about an identity provider. It is where all
//! trust comes from: the provider's name, and the certificates of its keys.

use roxmltree::Node;

use crate::certificate::{Certificate, CertificateFault};
use crate::prepass;
use crate::refusal::XmlFault;
use crate::time;
use crate::tree::{self, METADATA, PROTOCOL, SIGNATURE, attribute, is};

/// What we keep of an identity provider's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The provider's name for itself, which its assertions have as issuer.
    pub entity_id: String,
    /// Certificates whose keys may sign, in the order of the document.
    pub certificates: Vec<Certificate>,
    /// When the document says that it ends, seconds since 1970.
    pub valid_until: Option<i64>,
    /// Where people sign in.
    pub sign_in: Vec<Endpoint>,
    /// Whether the provider wants requests signed.
    pub wants_signed_requests: bool,
}

/// A place of the provider's that takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How, as a URI of SAML.
    pub binding: String,
    /// Where.
    pub location: String,
}

/// The longest name of a provider, in characters (SAML core §8.3.6).
const ENTITY_ID_CHARS_MAX: usize = 1024;

/// The most certificates that one provider may sign with. Real ones have two while rotating.
const CERTIFICATES_MAX: usize = 16;

/// Why metadata was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataFault {
    /// Not XML that we read.
    #[error("the metadata cannot be read: {0}")]
    Xml(#[from] XmlFault),
    /// Not an entity, nor a list with one identity provider.
    #[error("the metadata does not describe exactly one identity provider")]
    NotOneProvider,
    /// An entity without a name, or with an impossible one.
    #[error("the metadata's entityID is missing or too long")]
    EntityId,
    /// A date that is none.
    #[error("the metadata's validUntil is not a UTC time")]
    ValidUntil,
    /// No certificate to verify with.
    #[error("the metadata has no certificate for signing")]
    NoCertificate,
    /// More certificates than any provider has.
    #[error("the metadata has more than {CERTIFICATES_MAX} certificates for signing")]
    TooManyCertificates,
    /// A certificate that is not taken.
    #[error("a certificate of the metadata is not accepted: {0}")]
    Certificate(#[from] CertificateFault),
}

impl Metadata {
    /// Reads a document. Its own signature, if it has one, decides nothing: whoever may
    /// upload metadata is trusted, and nobody else is.
    pub fn parse(document: &str) -> Result<Metadata, MetadataFault> {
        let looked = tree::Looked::new(document.as_bytes(), &prepass::METADATA)?;
        let document = looked.parse()?;
        let root = document.root_element();
        let entity = one_entity(root)?;
        let entity_id = attribute(entity, "entityID").unwrap_or_default().to_owned();
        if entity_id.is_empty() || entity_id.chars().count() > ENTITY_ID_CHARS_MAX {
            return Err(MetadataFault::EntityId);
        }
        let roles: Vec<_> = roles(entity).collect();
        let mut certificates: Vec<Certificate> = Vec::new();
        for certificate in roles.iter().flat_map(|role| signing_certificates(*role)) {
            let certificate = certificate?;
            if !certificates.contains(&certificate) {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(MetadataFault::NoCertificate);
        }
        if certificates.len() > CERTIFICATES_MAX {
            return Err(MetadataFault::TooManyCertificates);
        }
        let wants_signed = |role: &Node<'_, '_>| {
            matches!(
                attribute(*role, "WantAuthnRequestsSigned"),
                Some("true" | "1")
            )
        };
        Ok(Metadata {
            entity_id,
            certificates,
            valid_until: valid_until(&roles)?,
            sign_in: roles.iter().flat_map(|role| endpoints(*role)).collect(),
            wants_signed_requests: roles.iter().any(wants_signed),
        })
    }

    /// Where people sign in by this binding.
    pub fn sign_in_by(&self, binding: &str) -> Option<&str> {
        let found = self.sign_in.iter().find(|one| one.binding == binding);
        found.map(|endpoint| endpoint.location.as_str())
    }
}

/// The entity that is an identity provider. Some products put it into a list of one.
fn one_entity<'a, 'input>(root: Node<'a, 'input>) -> Result<Node<'a, 'input>, MetadataFault> {
    let fault = MetadataFault::NotOneProvider;
    if is(root, METADATA, "EntityDescriptor") {
        return if roles(root).next().is_some() {
            Ok(root)
        } else {
            Err(fault)
        };
    }
    if !is(root, METADATA, "EntitiesDescriptor") {
        return Err(fault);
    }
    let mut providers = root
        .descendants()
        .filter(|node| is(*node, METADATA, "EntityDescriptor") && roles(*node).next().is_some());
    match (providers.next(), providers.next()) {
        (Some(provider), None) => Ok(provider),
        _ => Err(fault),
    }
}

/// The entity's descriptions as an identity provider of SAML 2.0.
fn roles<'a, 'input>(entity: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    tree::children(entity, METADATA, "IDPSSODescriptor").filter(|role| {
        attribute(*role, "protocolSupportEnumeration")
            .is_some_and(|list| list.split_ascii_whitespace().any(|one| one == PROTOCOL))
    })
}

/// A key without a use may sign as well as encrypt (SAML metadata §2.4.1.1).
fn signing_certificates(role: Node<'_, '_>) -> Vec<Result<Certificate, MetadataFault>> {
    tree::children(role, METADATA, "KeyDescriptor")
        .filter(|key| matches!(attribute(*key, "use"), None | Some("signing")))
        .flat_map(|key| tree::children(key, SIGNATURE, "KeyInfo"))
        .flat_map(|info| tree::children(info, SIGNATURE, "X509Data"))
        .flat_map(|data| tree::children(data, SIGNATURE, "X509Certificate"))
        .map(|node| {
            let der = tree::base64_text(node).ok_or(CertificateFault::Form)?;
            Ok(Certificate::parse(&der)?)
        })
        .collect()
}

fn endpoints(role: Node<'_, '_>) -> Vec<Endpoint> {
    tree::children(role, METADATA, "SingleSignOnService")
        .filter_map(|node| {
            Some(Endpoint {
                binding: attribute(node, "Binding")?.to_owned(),
                location: attribute(node, "Location")?.to_owned(),
            })
        })
        .collect()
}

/// The earliest end that the roles, their entity or a list around it name.
fn valid_until(roles: &[Node<'_, '_>]) -> Result<Option<i64>, MetadataFault> {
    let mut earliest: Option<i64> = None;
    for node in roles.iter().flat_map(Node::ancestors) {
        if let Some(text) = attribute(node, "validUntil") {
            let end = time::parse(text).ok_or(MetadataFault::ValidUntil)?;
            earliest = Some(earliest.map_or(end, |earlier| earlier.min(end)));
        }
    }
    Ok(earliest)
}
