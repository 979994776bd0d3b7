//! What anybody may read: who Arnold is as an issuer, and the keys that it signs with.

use identity::{Directory, GLOBAL_SCOPE, OutboundIssuer};
use issuer::{Algorithm, IDENTITY_POOLS, IssuerFault, Realm, WEB_IDENTITIES};
use serde_json::{Value, json};
use store::Read as _;

/// Where issuers say who they are (OpenID Connect Discovery 1.0 §4).
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where identity pools publish their keys, as AWS's do.
const POOL_KEYS: &str = "/.well-known/jwks_uri";
/// Where accounts publish theirs.
const ACCOUNT_KEYS: &str = "/.well-known/jwks.json";

/// What is asked for.
pub(crate) struct Asked<'a> {
    /// The name that the server was called by.
    pub(crate) host: &'a str,
    /// The path.
    pub(crate) path: &'a str,
    /// The time, in seconds since 1970.
    pub(crate) now_s: i64,
}

/// The document, if it is one of ours.
pub(crate) fn document(
    directory: &Directory,
    asked: &Asked<'_>,
) -> Result<Option<Value>, IssuerFault> {
    if let Some(rest) = asked.path.strip_prefix(OutboundIssuer::PATH) {
        return match rest.split_once('/') {
            Some((id, rest)) => of_account(directory, id, &format!("/{rest}"), asked.now_s),
            None => Ok(None),
        };
    }
    let host = asked.host.split(':').next().unwrap_or_default();
    if let Some(id) = host.strip_suffix(OutboundIssuer::AWS_ENDING) {
        return of_account(directory, id, asked.path, asked.now_s);
    }
    match asked.path {
        DISCOVERY => Ok(Some(issuer::pool_discovery())),
        POOL_KEYS => keys(directory, &IDENTITY_POOLS, asked.now_s).map(Some),
        // All accounts sign with the same keys, each under its own name.
        ACCOUNT_KEYS => keys(directory, &WEB_IDENTITIES, asked.now_s).map(Some),
        _ => Ok(None),
    }
}

fn of_account(
    directory: &Directory,
    id: &str,
    path: &str,
    now_s: i64,
) -> Result<Option<Value>, IssuerFault> {
    let reader = directory.store().read();
    let Some(issuer) = reader.find::<OutboundIssuer>(GLOBAL_SCOPE, "id", id)? else {
        return Ok(None);
    };
    match path {
        DISCOVERY => Ok(Some(json!({
            "issuer": issuer.url,
            "jwks_uri": format!("{}{ACCOUNT_KEYS}", issuer.url),
            "subject_types_supported": ["public"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported":
                [Algorithm::Rs256.name(), Algorithm::Es384.name()],
            "claims_supported":
                ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"],
        }))),
        ACCOUNT_KEYS => keys(directory, &WEB_IDENTITIES, now_s).map(Some),
        _ => Ok(None),
    }
}

fn keys(directory: &Directory, realm: &Realm, now_s: i64) -> Result<Value, IssuerFault> {
    let found = directory.signing_keys().find(realm, now_s)?;
    Ok(found.map_or_else(|| json!({ "keys": [] }), |keys| keys.key_set()))
}
