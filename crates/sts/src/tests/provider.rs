//! An OpenID Connect provider that signs tokens, and publishes its key where the key source
//! looks for it.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

pub(super) const ISSUER: &str = "https://idp.example.com/people";
/// The issuer without its scheme.
pub(super) const KEY: &str = "idp.example.com/people";
/// The client that tokens are made for.
pub(super) const CLIENT: &str = "app-1";

static GENUINE: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());
static FORGED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims of a token that counts.
pub(super) fn claims(now_s: i64) -> Json {
    json!({
        "iss": ISSUER, "sub": "ana", "aud": CLIENT, "iat": now_s - 10, "exp": now_s + 600,
    })
}

/// A token with these claims.
pub(super) fn token(claims: &Json) -> String {
    signed(&GENUINE, claims)
}

/// The same, signed by somebody else.
pub(super) fn forged(claims: &Json) -> String {
    signed(&FORGED, claims)
}

fn signed(pair: &Ed25519KeyPair, claims: &Json) -> String {
    let header = json!({"alg": "EdDSA", "kid": "k"}).to_string();
    let signed = format!("{}.{}", encode(header), encode(claims.to_string()));
    let signature = pair.sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// The provider's web site.
pub(super) struct Site;

impl oidc::Fetch for Site {
    fn get<'a>(&'a self, url: &'a str) -> oidc::Fetching<'a> {
        let answer = match url.strip_prefix(ISSUER) {
            Some("/.well-known/openid-configuration") => {
                json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")})
            }
            Some("/keys") => {
                let x = encode(GENUINE.public_key().as_ref());
                json!({"keys": [{"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": x}]})
            }
            _ => panic!("{url}"),
        };
        Box::pin(async move { Ok(answer.to_string().into_bytes()) })
    }
}
