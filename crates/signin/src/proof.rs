//! DPoP proofs (RFC 9449): a tool shows with every request that it holds its key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use plane::Dpop;
use serde::Deserialize;
use url::Url;

/// How far the time in a proof may be from ours, in either direction. A proof is remembered
/// for twice as long, so that it cannot come again while it is still in time.
pub(crate) const IAT_WINDOW_S: i64 = 300;

/// The longest proof that is read.
const PROOF_BYTES_MAX: usize = 8 * 1024;

/// The longest identifier of a proof; the usual one is a UUID.
const JTI_CHARS_MAX: usize = 256;

/// Bytes of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;

/// A proof that held: whoever sent the request holds this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Possession {
    /// The key's thumbprint (RFC 7638).
    pub(crate) thumbprint: String,
    /// Names this proof among all, for it may come once only.
    pub(crate) proof_id: String,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the request has no DPoP proof")]
    Missing,
    #[error("the request has more than one DPoP proof")]
    Several,
    #[error("the DPoP proof is longer than {PROOF_BYTES_MAX} bytes")]
    TooLong,
    #[error("the DPoP proof is not a JWS in compact form")]
    Form,
    #[error("the DPoP proof's header is not what it must be: typ dpop+jwt, alg ES256, a jwk")]
    Header,
    #[error("the DPoP proof's key is not a public key on P-256")]
    Key,
    #[error("the DPoP proof's signature is wrong")]
    Signature,
    #[error("the DPoP proof's claims are not htm, htu, iat and jti")]
    Claims,
    #[error("the DPoP proof was made for another method")]
    Method,
    #[error("the DPoP proof was made for another address")]
    Address,
    #[error("the DPoP proof was made at another time")]
    Time,
    #[error("the DPoP proof speaks of an access token, and none was sent")]
    AccessToken,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    // What must be understood and is not, is refused (RFC 7515 §4.1.11).
    crit: Option<serde_json::Value>,
    b64: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    // RFC 9449 §4.3: the key must not be a private one.
    d: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: serde_json::Number,
    jti: String,
    ath: Option<serde_json::Value>,
}

/// Checks the proof that came with a request (RFC 9449 §4.3), but not yet that it is new.
pub(crate) fn verify(presented: Option<&Dpop>, now_s: i64) -> Result<Possession, Refusal> {
    let presented = presented.ok_or(Refusal::Missing)?;
    let [proof] = presented.proofs.as_slice() else {
        return Err(Refusal::Several);
    };
    if proof.len() > PROOF_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let mut parts = proof.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Form);
    };
    let signature = decode(signature).ok_or(Refusal::Form)?;
    let key = Key::of(&decode(header).ok_or(Refusal::Form)?)?;
    let signed = format!("{header}.{claims}");
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.point)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_unspecified| Refusal::Signature)?;
    let claims: Claims = serde_json::from_slice(&decode(claims).ok_or(Refusal::Form)?)
        .map_err(|_not_ours| Refusal::Claims)?;
    claims.check(presented, now_s)?;
    let named = format!("{}.{}", key.thumbprint, claims.jti);
    Ok(Possession {
        thumbprint: key.thumbprint,
        proof_id: hex::encode(digest(&SHA256, named.as_bytes())),
    })
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(part).ok()
}

struct Key {
    point: Vec<u8>,
    thumbprint: String,
}

impl Key {
    fn of(header: &[u8]) -> Result<Key, Refusal> {
        let header: Header = serde_json::from_slice(header).map_err(|_not_ours| Refusal::Header)?;
        if header.typ != "dpop+jwt"
            || header.alg != "ES256"
            || header.crit.is_some()
            || header.b64.is_some()
        {
            return Err(Refusal::Header);
        }
        let Jwk { kty, crv, x, y, d } = header.jwk;
        if kty != "EC" || crv != "P-256" || d.is_some() {
            return Err(Refusal::Key);
        }
        // SEC 1: 4 marks an uncompressed point.
        let mut point = vec![4];
        for coordinate in [&x, &y] {
            let bytes = decode(coordinate).ok_or(Refusal::Key)?;
            if bytes.len() != COORDINATE_BYTES {
                return Err(Refusal::Key);
            }
            point.extend_from_slice(&bytes);
        }
        // RFC 7638 §3: the required members, by name, without space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        Ok(Key { point, thumbprint })
    }
}

impl Claims {
    fn check(&self, presented: &Dpop, now_s: i64) -> Result<(), Refusal> {
        if self.jti.is_empty() || self.jti.chars().count() > JTI_CHARS_MAX {
            return Err(Refusal::Claims);
        }
        if self.htm != presented.method {
            return Err(Refusal::Method);
        }
        if !same_address(&self.htu, &presented.url) {
            return Err(Refusal::Address);
        }
        let iat = self
            .iat
            .as_i64()
            .or_else(|| whole(self.iat.as_f64()?))
            .ok_or(Refusal::Claims)?;
        if now_s.abs_diff(iat) > IAT_WINDOW_S.unsigned_abs() {
            return Err(Refusal::Time);
        }
        match self.ath {
            Some(_) => Err(Refusal::AccessToken),
            None => Ok(()),
        }
    }
}

/// The whole seconds of a NumericDate, which may have a fraction.
fn whole(seconds: f64) -> Option<i64> {
    let is_sane = seconds.is_finite() && (0.0..1e12).contains(&seconds);
    is_sane.then_some(seconds as i64)
}

/// Whether two addresses are the same but for query and fragment, normalized as RFC 3986
/// has it: the case of scheme and host, the default port.
fn same_address(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        url.set_query(None);
        url.set_fragment(None);
        plain.then_some(url)
    };
    match (bare(one), bare(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
