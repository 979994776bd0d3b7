//! The check itself: scope, time, what must be signed, and the signature.

use aws::Secret;
use subtle::ConstantTimeEq;

use crate::canonical::{self, PathStyle};
use crate::key::{SigningKey, sha256_hex};
use crate::presented::{ALGORITHM, Form, Presented, V4};
use crate::refusal::basic;
use crate::{Parts, Refusal, v2};

/// How far a clock may be off, in seconds.
pub(crate) const SKEW_S_MAX: i64 = 15 * 60;
/// The longest life of a presigned address, in seconds.
const PRESIGNED_S_MAX: i64 = 604_800;

/// What a service demands of signatures.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    service: &'a str,
    s3: Option<S3Rules<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct S3Rules<'a> {
    /// The bucket, when it stands in the host name.
    bucket_in_host: Option<&'a str>,
}

impl<'a> Rules<'a> {
    /// Any service but S3: its signing name must be in the scope, its body is hashed whole.
    pub fn service(signing_name: &'a str) -> Rules<'a> {
        Rules {
            service: signing_name,
            s3: None,
        }
    }

    /// S3, with the bucket if the host name holds it.
    pub fn s3(bucket_in_host: Option<&'a str>) -> Rules<'a> {
        Rules {
            service: "s3",
            s3: Some(S3Rules { bucket_in_host }),
        }
    }
}

/// What the signature says of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// It must have this SHA-256, in hexadecimal.
    Hash(String),
    /// Nothing: the client chose not to sign it.
    Unsigned,
    /// It comes in chunks.
    Chunks {
        /// Whether each chunk is signed.
        signed: bool,
        /// Whether a trailer follows the last chunk.
        trailer: bool,
    },
}

/// A signature that held.
#[derive(Debug, Clone)]
pub struct Verified {
    payload: Payload,
    pub(crate) seed: Option<Seed>,
    /// When the request was signed, seconds since 1970; unknown for Version 2.
    pub signed_at_s: Option<i64>,
}

/// What chunk signatures continue from.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(crate) key: SigningKey,
    pub(crate) at: String,
    pub(crate) scope: String,
    pub(crate) signature: String,
}

impl Verified {
    /// What holds for a body that nobody signed: chunks may still wrap it, but no signature
    /// is promised for them.
    pub fn without_signature(headers: &http::HeaderMap) -> Result<Verified, Refusal> {
        let declared = headers
            .get("x-amz-content-sha256")
            .and_then(|value| value.to_str().ok());
        let payload = match declared {
            Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER") => Payload::Chunks {
                signed: false,
                trailer: true,
            },
            Some(declared) if declared.starts_with("STREAMING-") => return Err(Refusal::Chunk),
            _ => Payload::Unsigned,
        };
        Ok(Verified {
            payload,
            seed: None,
            signed_at_s: None,
        })
    }

    /// What the signature says of the body.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Whether this body is the one that was signed.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Refusal> {
        match &self.payload {
            Payload::Hash(hash) if *hash == sha256_hex(body) => Ok(()),
            Payload::Unsigned => Ok(()),
            Payload::Hash(_) => Err(Refusal::Body),
            Payload::Chunks { .. } => Err(Refusal::Chunks("this service takes no chunks")),
        }
    }
}

/// Whether the scope fits the service that was called. Comes before everything that needs
/// the secret.
pub fn check_scope(presented: &Presented, rules: &Rules<'_>) -> Result<(), Refusal> {
    match &presented.form {
        Form::V2 { .. } if rules.s3.is_some() => Ok(()),
        Form::V2 { .. } => Err(Refusal::Version2),
        Form::V4(v4) if v4.service == rules.service && !v4.region.is_empty() => Ok(()),
        Form::V4(v4) => Err(Refusal::WrongScope {
            found: v4.service.clone(),
            expected: rules.service.to_owned(),
            region: v4.region.clone(),
        }),
    }
}

/// Checks the signature against the secret. `body` is the whole body where the service
/// hashes it (every one but S3).
pub fn verify(
    presented: &Presented,
    parts: &Parts<'_>,
    secret: &Secret<String>,
    rules: &Rules<'_>,
    now_s: i64,
    body: Option<&[u8]>,
) -> Result<Verified, Refusal> {
    check_scope(presented, rules)?;
    let v4 = match &presented.form {
        Form::V4(v4) => v4,
        Form::V2 { expires } => {
            let bucket = rules.s3.and_then(|s3| s3.bucket_in_host);
            v2::verify(presented, *expires, parts, bucket, secret, now_s)?;
            return Ok(Verified {
                payload: Payload::Unsigned,
                seed: None,
                signed_at_s: None,
            });
        }
    };
    let signed_at_s = check_time(v4, rules, now_s)?;
    check_signed_headers(v4, parts)?;
    let (payload, payload_hash) = payload(v4, parts, rules, body)?;
    let style = match rules.s3 {
        Some(_) => PathStyle::Exact,
        None => PathStyle::Normalized,
    };
    let canonical = canonical::request(parts, style, &v4.signed_headers, &payload_hash)?;
    let at = basic(signed_at_s);
    let scope = format!("{}/{}/{}/aws4_request", v4.date, v4.region, v4.service);
    let key = SigningKey::derive(secret.expose(), &v4.date, &v4.region, &v4.service);
    let expected = key.sign(&[
        ALGORITHM.as_bytes(),
        b"\n",
        at.as_bytes(),
        b"\n",
        scope.as_bytes(),
        b"\n",
        sha256_hex(&canonical).as_bytes(),
    ]);
    if !same(&expected, &presented.signature) {
        return Err(Refusal::Mismatch);
    }
    let seed = matches!(payload, Payload::Chunks { signed: true, .. }).then(|| Seed {
        key,
        at,
        scope,
        signature: expected,
    });
    Ok(Verified {
        payload,
        seed,
        signed_at_s: Some(signed_at_s),
    })
}

/// Equal, in time that tells nothing of where they differ.
pub(crate) fn same(expected: &str, found: &str) -> bool {
    expected.as_bytes().ct_eq(found.as_bytes()).into()
}

/// Reads the time of signing; it must be of the scope's day, and near enough to now.
fn check_time(v4: &V4, rules: &Rules<'_>, now_s: i64) -> Result<i64, Refusal> {
    let signed_s = read_time(&v4.at).ok_or(Refusal::Unreadable("x-amz-date"))?;
    let date: String = basic(signed_s).chars().take(8).collect();
    if date != v4.date {
        return Err(Refusal::ScopeDate {
            scope: v4.date.clone(),
            date,
        });
    }
    if signed_s > now_s + SKEW_S_MAX {
        return Err(Refusal::TooEarly { signed_s, now_s });
    }
    let Some(lifetime) = &v4.presigned else {
        return not_older(signed_s, now_s);
    };
    if rules.s3.is_none() {
        // Other services hold presigned requests to the same quarter of an hour, whatever
        // the address says; clients that hand such requests on rely on it.
        return not_older(signed_s, now_s);
    }
    let lifetime = lifetime
        .as_deref()
        .ok_or(Refusal::Missing("X-Amz-Expires"))?;
    let expires_s: i64 = lifetime
        .parse()
        .map_err(|_not_a_number| Refusal::Lifetime)?;
    if !(1..=PRESIGNED_S_MAX).contains(&expires_s) {
        return Err(Refusal::Lifetime);
    }
    let expired_s = signed_s + expires_s;
    if now_s >= expired_s {
        return Err(Refusal::Expired {
            expired_s,
            now_s,
            expires_s,
        });
    }
    Ok(signed_s)
}

fn not_older(signed_s: i64, now_s: i64) -> Result<i64, Refusal> {
    if signed_s < now_s - SKEW_S_MAX {
        return Err(Refusal::TooOld { signed_s, now_s });
    }
    Ok(signed_s)
}

/// `20260102T030405Z`, or the forms of the `Date` header.
fn read_time(text: &str) -> Option<i64> {
    let basic = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .ok()
        .filter(|_| text.len() == 16)
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|time| time.timestamp().as_second());
    basic.or_else(|| {
        jiff::fmt::rfc2822::parse(text)
            .ok()
            .map(|time| time.timestamp().as_second())
    })
}

/// The host and every `x-amz-*` header must be signed, or an attacker could add or change
/// them: the target of a JSON call, the session token, the date.
fn check_signed_headers(v4: &V4, parts: &Parts<'_>) -> Result<(), Refusal> {
    let is_signed = |name: &str| v4.signed_headers.iter().any(|signed| signed == name);
    if !is_signed("host") {
        return Err(Refusal::NotSigned("host".to_owned()));
    }
    for name in parts.headers.keys() {
        let name = name.as_str();
        if !name.starts_with("x-amz-") {
            continue;
        }
        if !is_signed(name) {
            return Err(Refusal::NotSigned(name.to_owned()));
        }
        if parts.headers.get_all(name).iter().nth(1).is_some() {
            return Err(Refusal::Repeated("x-amz-*"));
        }
    }
    Ok(())
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What the signature says of the body, and the word for it in the canonical request.
fn payload(
    v4: &V4,
    parts: &Parts<'_>,
    rules: &Rules<'_>,
    body: Option<&[u8]>,
) -> Result<(Payload, String), Refusal> {
    let declared = parts.header("x-amz-content-sha256")?;
    if rules.s3.is_none() {
        // Whatever the header says: what is hashed is what came.
        let hash = sha256_hex(body.unwrap_or_default());
        if declared.is_some_and(|declared| declared != hash) {
            return Err(Refusal::Body);
        }
        return Ok((Payload::Hash(hash.clone()), hash));
    }
    let declared = match (declared, &v4.presigned) {
        (Some(declared), _) => declared,
        (None, Some(_)) => UNSIGNED,
        (None, None) => return Err(Refusal::Missing("x-amz-content-sha256")),
    };
    let payload = match declared {
        UNSIGNED => Payload::Unsigned,
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Payload::Chunks {
            signed: true,
            trailer: false,
        },
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Payload::Chunks {
            signed: true,
            trailer: true,
        },
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Payload::Chunks {
            signed: false,
            trailer: true,
        },
        hash if is_sha256(hash) => Payload::Hash(hash.to_owned()),
        other if other.starts_with("STREAMING-AWS4-ECDSA") => return Err(Refusal::Asymmetric),
        _ => return Err(Refusal::Body),
    };
    Ok((payload, declared.to_owned()))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
