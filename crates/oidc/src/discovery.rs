//! Discovery: what a provider says about itself.

use serde_json::{Map, Value};

use crate::strict_json::parse_object;

/// Why a discovery document cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DiscoveryFault {
    /// It is not a JSON object.
    #[error("the discovery document is not JSON: {0}")]
    NotJson(String),
    /// It speaks for another issuer.
    #[error("the discovery document is of issuer `{0}`")]
    WrongIssuer(String),
    /// It does not say where something is.
    #[error("the discovery document has no usable `{0}`")]
    NoLocation(&'static str),
}

/// Where the discovery document of `issuer` is.
pub fn location(issuer: &str) -> String {
    // OpenID Connect Discovery 1.0 §4.1: a slash at the end is taken off first.
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{base}/.well-known/openid-configuration")
}

/// Reads where the keys of `issuer` are.
pub(crate) fn key_location(document: &[u8], issuer: &str) -> Result<String, DiscoveryFault> {
    address(&of_issuer(document, issuer)?, "jwks_uri", issuer)
}

/// Reads where `issuer` says whether a token still counts (RFC 7662), if it says so anywhere.
pub(crate) fn introspection_location(
    document: &[u8],
    issuer: &str,
) -> Result<Option<String>, DiscoveryFault> {
    let document = of_issuer(document, issuer)?;
    if !document.contains_key("introspection_endpoint") {
        return Ok(None);
    }
    address(&document, "introspection_endpoint", issuer).map(Some)
}

/// Where people sign in at a provider, and where codes become tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a browser is sent.
    pub authorization: String,
    /// Where a code is traded.
    pub token: String,
    /// Where a machine without a browser asks for a code that somebody types elsewhere.
    pub device_authorization: Option<String>,
    /// Whether a client may show its secret in the request's head, which it may if the
    /// provider does not say (§3).
    pub takes_basic: bool,
}

impl Endpoints {
    /// Reads them from the discovery document of `issuer`.
    pub fn read(document: &[u8], issuer: &str) -> Result<Endpoints, DiscoveryFault> {
        let document = of_issuer(document, issuer)?;
        let methods = document.get("token_endpoint_auth_methods_supported");
        let takes_basic = match methods.and_then(Value::as_array) {
            Some(methods) => methods.iter().any(|method| method == "client_secret_basic"),
            None => true,
        };
        Ok(Endpoints {
            authorization: address(&document, "authorization_endpoint", issuer)?,
            token: address(&document, "token_endpoint", issuer)?,
            device_authorization: address(&document, "device_authorization_endpoint", issuer).ok(),
            takes_basic,
        })
    }
}

fn of_issuer(document: &[u8], issuer: &str) -> Result<Map<String, Value>, DiscoveryFault> {
    let document =
        parse_object(document).map_err(|fault| DiscoveryFault::NotJson(fault.to_string()))?;
    // §4.3: exactly equal, or one provider could speak for another.
    match document.get("issuer").and_then(Value::as_str) {
        Some(found) if found == issuer => Ok(document),
        found => {
            let found = found.unwrap_or_default().chars().take(255).collect();
            Err(DiscoveryFault::WrongIssuer(found))
        }
    }
}

fn address(
    document: &Map<String, Value>,
    member: &'static str,
    issuer: &str,
) -> Result<String, DiscoveryFault> {
    let missing = DiscoveryFault::NoLocation(member);
    let location = document
        .get(member)
        .and_then(Value::as_str)
        .ok_or(missing)?;
    // What travels in plain text would undo the TLS of everything before.
    if issuer.starts_with("https://") && !location.starts_with("https://") {
        return Err(DiscoveryFault::NoLocation(member));
    }
    Ok(location.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lies_under_the_issuer() {
        for (issuer, expected) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/realms/b",
                "https://a.example/realms/b/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(location(issuer), expected);
        }
    }

    #[test]
    fn the_issuer_must_be_the_very_same() {
        let document = |issuer: &str| {
            format!("{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"https://a.example/keys\"}}")
        };
        let read = |found: &str| key_location(document(found).as_bytes(), "https://a.example");
        assert_eq!(read("https://a.example").unwrap(), "https://a.example/keys");
        for other in [
            "https://a.example/",
            "https://A.example",
            "http://a.example",
            "https://a.example.evil",
            "",
        ] {
            assert!(
                matches!(read(other), Err(DiscoveryFault::WrongIssuer(found)) if found == other),
                "{other}"
            );
        }
    }

    #[test]
    fn keys_of_a_tls_issuer_do_not_travel_in_plain_text() {
        let document = br#"{"issuer":"https://a.example","jwks_uri":"http://a.example/keys"}"#;
        assert!(matches!(
            key_location(document, "https://a.example"),
            Err(DiscoveryFault::NoLocation("jwks_uri"))
        ));
        let document = br#"{"issuer":"http://127.0.0.1:1","jwks_uri":"http://127.0.0.1:1/keys"}"#;
        assert!(key_location(document, "http://127.0.0.1:1").is_ok());
        let document = br#"{"issuer":"https://a.example"}"#;
        assert!(matches!(
            key_location(document, "https://a.example"),
            Err(DiscoveryFault::NoLocation("jwks_uri"))
        ));
    }
}
