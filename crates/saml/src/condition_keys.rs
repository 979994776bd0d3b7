//! Condition keys: what policies can ask about an assertion.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::assertion::Assertion;

const NAME_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";

/// Attributes by the names that providers give them (IAM User Guide, "Available keys for SAML
/// federation"). Several names may mean the same key; the first one in the assertion counts.
const KEYS: &[(&str, &str)] = &[
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "edupersonaffiliation"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", "edupersonnickname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", "edupersonorgdn"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", "edupersonorgunitdn"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
        "edupersonprimaryaffiliation",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "edupersonprincipalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", "edupersonentitlement"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.8",
        "edupersonprimaryorgunitdn",
    ),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
        "edupersonscopedaffiliation",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "edupersontargetedid"),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", "edupersonassurance"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", "eduorghomepageuri"),
    (
        "urn:oid:1.3.6.1.4.1.5923.1.2.1.3",
        "eduorgidentityauthnpolicyuri",
    ),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", "eduorglegalname"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", "eduorgsuperioruri"),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", "eduorgwhitepagesuri"),
    ("urn:oid:2.5.4.3", "cn"),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "name",
    ),
    ("http://schemas.xmlsoap.org/claims/CommonName", "commonName"),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "givenName",
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        "surname",
    ),
    (
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "mail",
    ),
    (
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        "uid",
    ),
    (
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        "primaryGroupSID",
    ),
    ("2.5.4.3", "commonName"),
    ("2.5.4.4", "surname"),
    ("2.4.5.42", "givenName"),
    ("2.5.4.42", "givenName"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("0.9.2342.19200300100.1.1", "uid"),
    ("0.9.2342.19200300100.1.3", "mail"),
    ("0.9.2342.19200300.100.1.45", "organizationStatus"),
];

impl Assertion {
    /// The kind of the subject's name, as AWS shows it.
    pub fn subject_type(&self) -> &str {
        let format = self.subject().format.as_str();
        format.strip_prefix(NAME_FORMAT).unwrap_or(format)
    }

    /// What tells equal names of different providers apart.
    pub fn name_qualifier(&self, account: &str, provider: &str) -> String {
        let text = format!("{}{account}/{provider}", self.issuer());
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        BASE64_STANDARD.encode(hash)
    }

    /// The condition keys that follow from the assertion, for this provider of this account.
    pub fn condition_keys(&self, account: &str, provider: &str) -> Vec<(String, Vec<String>)> {
        let mut keys = self.session_keys(account, provider);
        let single = |name: &str, value: &str| (format!("saml:{name}"), vec![value.to_owned()]);
        keys.push(single("aud", self.recipient()));
        keys.push(single("iss", self.issuer()));
        keys.push(single("doc", &format!("{account}/{provider}")));
        for attribute in self.attributes() {
            let named = KEYS.iter().filter(|(name, _)| *name == attribute.name);
            for (_, key) in named {
                let key = format!("saml:{key}");
                if keys.iter().all(|(held, _)| *held != key) {
                    keys.push((key, attribute.values.clone()));
                }
            }
        }
        keys
    }

    /// The condition keys that stay with a session (IAM User Guide: the others are for trust
    /// policies alone).
    pub fn session_keys(&self, account: &str, provider: &str) -> Vec<(String, Vec<String>)> {
        vec![
            (
                "saml:namequalifier".to_owned(),
                vec![self.name_qualifier(account, provider)],
            ),
            ("saml:sub".to_owned(), vec![self.subject().value.clone()]),
            (
                "saml:sub_type".to_owned(),
                vec![self.subject_type().to_owned()],
            ),
        ]
    }
}
