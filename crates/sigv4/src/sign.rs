//! Making signatures: for our own clients, tests and measurements.

use aws::Secret;

use crate::canonical::{self, PathStyle};
use crate::key::{EMPTY_SHA256, SigningKey, sha256_hex};
use crate::names::SignedHeaders;
use crate::presented::{ALGORITHM, Place};
use crate::query::encode;
use crate::stamp::basic;
use crate::{Parts, Refusal};

/// With what, for what and when to sign.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// Whose key.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a Secret<String>,
    /// The region.
    pub region: &'a str,
    /// The service's signing name; `s3` has rules of its own for paths.
    pub service: &'a str,
    /// When, seconds since 1970.
    pub now_s: i64,
}

impl Signature<'_> {
    fn date(&self) -> String {
        basic(self.now_s).chars().take(8).collect()
    }

    fn scope(&self) -> String {
        format!(
            "{}/{}/{}/aws4_request",
            self.date(),
            self.region,
            self.service
        )
    }

    fn of(
        &self,
        parts: &Parts<'_>,
        signed_headers: &SignedHeaders,
        payload_hash: &str,
    ) -> Result<String, Refusal> {
        let style = if self.service == "s3" {
            PathStyle::Exact
        } else {
            PathStyle::Normalized
        };
        let canonical = canonical::request(parts, style, signed_headers, payload_hash)?;
        let key = SigningKey::derive(
            self.secret.expose(),
            &self.date(),
            self.region,
            self.service,
        );
        Ok(key.sign(&[
            ALGORITHM.as_bytes(),
            b"\n",
            basic(self.now_s).as_bytes(),
            b"\n",
            self.scope().as_bytes(),
            b"\n",
            sha256_hex(&canonical).as_bytes(),
        ]))
    }
}

/// The `Authorization` header of a request that has all its other headers already, the
/// `x-amz-date` of the same moment among them. The host and every `x-amz-*` header are signed.
/// `payload` is the word for the body: its hash, or one of S3's.
pub fn sign(
    signature: &Signature<'_>,
    parts: &Parts<'_>,
    payload: &str,
) -> Result<String, Refusal> {
    let signed = signed_headers(parts, |name| {
        name.starts_with("x-amz-") || name == "content-type"
    })?;
    let value = signature.of(parts, &signed, payload)?;
    Ok(format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={value}",
        signature.access_key_id,
        signature.scope(),
        signed.as_str(),
    ))
}

/// The host and the chosen headers, sorted.
fn signed_headers(parts: &Parts<'_>, chosen: fn(&str) -> bool) -> Result<SignedHeaders, Refusal> {
    let names = parts.headers.keys().map(http::HeaderName::as_str);
    let chosen = names.filter(|name| chosen(name));
    let mut signed: Vec<&str> = chosen.chain(["host"]).collect();
    signed.sort_unstable();
    let list = signed.join(";");
    SignedHeaders::read(&list).ok_or(Refusal::SignedHeaders {
        place: Place::Header,
        found: list,
    })
}

/// The query of a presigned address, good for `expires_s` seconds. The host and every `x-amz-*`
/// header are signed; the body is not, at S3, and is empty elsewhere.
pub fn presign(
    signature: &Signature<'_>,
    parts: &Parts<'_>,
    session_token: Option<&str>,
    expires_s: u32,
) -> Result<String, Refusal> {
    let credential = format!("{}/{}", signature.access_key_id, signature.scope());
    let mut query = parts.query.to_owned();
    let mut add = |name: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&format!("{name}={}", encode(value.as_bytes())));
    };
    add("X-Amz-Algorithm", ALGORITHM);
    add("X-Amz-Credential", &credential);
    add("X-Amz-Date", &basic(signature.now_s));
    add("X-Amz-Expires", &expires_s.to_string());
    if let Some(token) = session_token {
        add("X-Amz-Security-Token", token);
    }
    let signed = signed_headers(parts, |name| name.starts_with("x-amz-"))?;
    add("X-Amz-SignedHeaders", signed.as_str());
    let unsigned = Parts {
        query: &query,
        ..*parts
    };
    let payload = match signature.service {
        "s3" => "UNSIGNED-PAYLOAD",
        _ => EMPTY_SHA256,
    };
    let value = signature.of(&unsigned, &signed, payload)?;
    Ok(format!("{query}&X-Amz-Signature={value}"))
}
