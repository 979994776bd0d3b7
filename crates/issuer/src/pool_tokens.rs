//! Tokens of identity pools: what `cognito-identity` says of an identity, to `sts` or to
//! whoever else asks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use oidc::{Claims, Expectation, Refusal, Unverified, verify_with};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Algorithm, IssuerFault, Realm, RealmKeys};

/// The issuer of all tokens of identity pools.
const ISSUER: &str = "https://cognito-identity.amazonaws.com";

/// The claim with the pool's ARN.
const POOL_ARN: &str = "https://cognito-identity.amazonaws.com/identity-pool-arn";

/// The claim with session tags, as `AssumeRoleWithWebIdentity` reads it.
const TAGS: &str = "https://aws.amazon.com/tags";

/// Tokens of identity pools.
pub static IDENTITY_POOLS: Realm = Realm {
    name: Cow::Borrowed("identity-pools"),
    algorithms: &[Algorithm::Rs256],
};

/// What is said of an identity.
#[derive(Debug)]
pub struct PoolToken<'a> {
    /// The identity's id.
    pub identity: &'a str,
    /// The pool's id.
    pub pool: &'a str,
    /// The pool's ARN.
    pub pool_arn: &'a str,
    /// How the person signed in.
    pub methods: &'a [String],
    /// Session tags; all of them go on along a chain of roles.
    pub tags: &'a BTreeMap<String, String>,
    /// Seconds since 1970.
    pub issued_at: i64,
    /// Seconds since 1970.
    pub expires_at: i64,
}

#[derive(Serialize)]
struct Said<'a> {
    sub: &'a str,
    aud: &'a str,
    amr: &'a [String],
    iss: &'a str,
    #[serde(flatten)]
    more: Map<String, Value>,
    exp: i64,
    iat: i64,
}

/// Signs it.
pub fn sign_pool_token(keys: &RealmKeys, token: &PoolToken<'_>) -> Result<String, IssuerFault> {
    let mut more = Map::new();
    more.insert(POOL_ARN.to_owned(), json!(token.pool_arn));
    if !token.tags.is_empty() {
        let tags: Map<String, Value> = token
            .tags
            .iter()
            .map(|(key, value)| (key.clone(), json!([value])))
            .collect();
        let keys: Vec<&String> = token.tags.keys().collect();
        more.insert(
            TAGS.to_owned(),
            json!({ "principal_tags": tags, "transitive_tag_keys": keys }),
        );
    }
    let said = Said {
        sub: token.identity,
        aud: token.pool,
        amr: token.methods,
        iss: ISSUER,
        more,
        exp: token.expires_at,
        iat: token.issued_at,
    };
    keys.sign(Algorithm::Rs256, "JWS", &said)
}

/// Whether a token says that it is of an identity pool. Believes nothing.
fn is_of_pools(token: &Unverified<'_>) -> bool {
    token.issuer() == ISSUER
}

/// A token of an identity pool, verified with these keys; nothing if it is another issuer's.
/// Its audience is the pool: we signed that.
pub fn verify_pool_token(
    keys: Option<&RealmKeys>,
    token: &str,
    now_s: i64,
) -> Result<Option<VerifiedPoolToken>, Refusal> {
    let unverified = Unverified::parse(token)?;
    if !is_of_pools(&unverified) {
        return Ok(None);
    }
    let keys = keys.ok_or(Refusal::UnknownKey(None))?;
    let pools = unverified.audiences()?;
    let expectation = Expectation {
        issuer: ISSUER,
        client_ids: &pools,
        now: now_s,
    };
    let claims = verify_with(token, &expectation, keys.verifiers())?;
    let pool_arn = claims.all().get(POOL_ARN).and_then(Value::as_str);
    let pool_arn = pool_arn.ok_or(Refusal::MissingClaim(POOL_ARN))?.to_owned();
    Ok(Some(VerifiedPoolToken { claims, pool_arn }))
}

/// A token of an identity pool whose signature held.
#[derive(Debug)]
pub struct VerifiedPoolToken {
    /// What it says.
    pub claims: Claims,
    /// The ARN of the pool, with its account.
    pub pool_arn: String,
}

/// What the issuer says about itself, at `/.well-known/openid-configuration`.
pub fn pool_discovery() -> Value {
    json!({
        "issuer": ISSUER,
        "jwks_uri": format!("{ISSUER}/.well-known/jwks_uri"),
        "authorization_endpoint": ISSUER,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [Algorithm::Rs256.name()],
        "claims_supported": ["sub", "aud", "amr", "iss", "exp", "iat"],
    })
}
