//! An identity provider for tests: it signs what a test drafts, right or wrong.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::canonical::{Canonical, Method};
use crate::metadata::Metadata;
use crate::tree::attribute;
use crate::{Assertion, Encryption, Expectation, Refusal, SIGN_IN, Service, Sha1, verify};

pub(super) const ISSUER: &str = "https://idp.example.com/saml";
/// 2026-01-15T12:00:00Z
pub(super) const NOW: i64 = 1_768_478_400;
pub(super) const ROLE: &str = "arn:aws:iam::111122223333:role/team/dev";
pub(super) const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/idp";

/// A key, and the certificate that says so.
pub(super) struct Idp {
    key: EcdsaKeyPair,
    pub(super) certificate: String,
}

pub(super) static IDP: LazyLock<Idp> = LazyLock::new(Idp::new);
/// The same provider's next key.
pub(super) static NEXT: LazyLock<Idp> = LazyLock::new(Idp::new);
pub(super) static ATTACKER: LazyLock<Idp> = LazyLock::new(Idp::new);
pub(super) static METADATA: LazyLock<Metadata> =
    LazyLock::new(|| Metadata::parse(&metadata(&[&IDP, &NEXT])).unwrap());

/// Metadata with these keys.
pub(super) fn metadata(keys: &[&Idp]) -> String {
    let keys: String = keys
        .iter()
        .map(|idp| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                idp.certificate
            )
        })
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{ISSUER}\"><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.com/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

impl Idp {
    fn new() -> Idp {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["idp.example.com".to_owned()]).unwrap();
        let certificate = parameters.self_signed(&pair).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.serialized_der())
            .unwrap();
        Idp {
            key,
            certificate: BASE64_STANDARD.encode(certificate.der()),
        }
    }

    /// Puts the signature of the element of this ID where the draft says `{sign:ID}`.
    pub(super) fn sign(&self, draft: &str, id: &str) -> String {
        let place = format!("{{sign:{id}}}");
        let text = draft.replace(&place, "");
        let document = roxmltree::Document::parse(&text).unwrap();
        let element = document
            .descendants()
            .find(|node| attribute(*node, "ID") == Some(id))
            .unwrap();
        let canonical = Canonical {
            method: Method::Exclusive(Vec::new()),
            comments: false,
            without: None,
        };
        let hash = digest::digest(&digest::SHA256, &canonical.write(element));
        let info = signed_info(id, &BASE64_STANDARD.encode(hash));
        draft.replace(&place, &self.signature(&info))
    }

    /// A signature over this `SignedInfo`, which is in canonical form already.
    pub(super) fn signature(&self, info: &str) -> String {
        let value = self
            .key
            .sign(&SystemRandom::new(), info.as_bytes())
            .unwrap();
        let value = BASE64_STANDARD.encode(value);
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
        )
    }
}

pub(super) fn signed_info(id: &str, digest: &str) -> String {
    format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
}

/// A response that counts, not signed yet: `{sign:r}` and `{sign:a}` say where.
pub(super) fn draft() -> String {
    format!(
        r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r" Version="2.0" IssueInstant="2026-01-15T11:59:00Z" Destination="{SIGN_IN}"><saml:Issuer>{ISSUER}</saml:Issuer>{{sign:r}}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="a" Version="2.0" IssueInstant="2026-01-15T11:59:00Z"><saml:Issuer>{ISSUER}</saml:Issuer>{{sign:a}}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ana@example.com</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="{SIGN_IN}" NotOnOrAfter="2026-01-15T12:04:00Z"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-01-15T11:59:00Z" NotOnOrAfter="2026-01-15T12:59:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-01-15T11:59:00Z" SessionNotOnOrAfter="2026-01-15T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>{ROLE},{PROVIDER}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>ana@example.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#
    )
}

/// The draft with one thing changed, and its assertion signed.
pub(super) fn with(old: &str, new: &str) -> String {
    let draft = draft();
    assert!(draft.contains(old), "{old}");
    signed(&draft.replace(old, new))
}

/// The draft with its assertion signed.
pub(super) fn signed(draft: &str) -> String {
    IDP.sign(&draft.replace("{sign:r}", ""), "a")
}

/// The draft with the whole response signed.
pub(super) fn signed_whole(draft: &str) -> String {
    IDP.sign(&draft.replace("{sign:a}", ""), "r")
}

/// Verifies at the usual time.
pub(super) fn ask(response: &str) -> Result<Assertion, Refusal> {
    ask_at(response, NOW)
}

pub(super) fn ask_at(response: &str, now: i64) -> Result<Assertion, Refusal> {
    let service = Service::SignIn {
        own: Vec::new(),
        provider_id: None,
    };
    verify(
        &BASE64_STANDARD.encode(response),
        &Expectation {
            metadata: &METADATA,
            private_keys: &[],
            encryption: Encryption::Allowed,
            sha1: Sha1::Refused,
            service: &service,
            request_id: None,
            now,
        },
    )
}

/// Verifies, and must be refused.
pub(super) fn refusal(response: &str) -> Refusal {
    match ask(response) {
        Ok(assertion) => panic!("not refused: {assertion:?}\n{response}"),
        Err(refusal) => refusal,
    }
}
