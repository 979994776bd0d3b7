//! The check itself: scope, time, what must be signed, and the signature.

use subtle::ConstantTimeEq;

use crate::body::held_to;
use crate::canonical::{self, PathStyle};
use crate::key::{EMPTY_SHA256, SigningKey, SigningSecret, sha256_hex};
use crate::names;
use crate::presented::{ALGORITHM, Form, Place, Presented, V4};
use crate::refusal::{LifetimeFault, ScopeFault};
use crate::stamp::Stamp;
use crate::{Parts, Refusal, v2};

/// How far a clock may be off, in seconds.
pub(crate) const SKEW_S_MAX: i64 = 15 * 60;
/// The longest life of a presigned address, in seconds.
pub(crate) const PRESIGNED_S_MAX: i64 = 604_800;
/// The longest name of a region, in bytes.
const REGION_BYTES_MAX: usize = 64;
/// Where a scope ends.
pub(crate) const TERMINATOR: &str = "aws4_request";

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

    /// The bucket, when S3 is called and it stands in the host name.
    pub(crate) fn bucket_in_host(&self) -> Option<&'a str> {
        self.s3.and_then(|s3| s3.bucket_in_host)
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
    pub(crate) stamp: Stamp,
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

    /// Whether no body at all is the one that was signed. A request without one is answered
    /// before anybody reads it.
    pub fn check_empty(&self) -> Result<(), Refusal> {
        match &self.payload {
            Payload::Hash(signed) => held_to(signed, EMPTY_SHA256.to_owned()),
            Payload::Unsigned | Payload::Chunks { .. } => Ok(()),
        }
    }

    /// What the signature says of the body.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// Whether a claim that is otherwise fit was made recently enough.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Age {
    /// It was.
    Fresh,
    /// It was made too long ago, which is a refusal. A session that has ended is told before.
    Stale(Refusal),
}

/// What can be judged before the secret is known: whether the scope fits the service that was
/// called, and the time of signing the present one. Comes first, so that a stale or misdirected
/// request costs no look-up.
pub fn check_scope(presented: &Presented, rules: &Rules<'_>, now_s: i64) -> Result<Age, Refusal> {
    match (&presented.form, rules.s3) {
        (Form::V2 { expires, .. }, Some(_)) => v2::check_time(*expires, now_s).map(|()| Age::Fresh),
        (Form::V2 { .. }, None) => Err(Refusal::Version2),
        (Form::V4(v4), Some(_)) => {
            check_fit(v4, rules)?;
            check_time_s3(v4, now_s)
        }
        // The order of the services' answers: a stale signature first, then its scope.
        (Form::V4(v4), None) => match check_time(v4, now_s)? {
            Age::Fresh => {
                check_host(v4)?;
                check_fit(v4, rules)?;
                Ok(Age::Fresh)
            }
            stale @ Age::Stale(_) => Ok(stale),
        },
    }
}

/// Checks the signature against the secret. `body` is the whole body where the service
/// hashes it (every one but S3).
pub fn verify(
    presented: &Presented,
    parts: &Parts<'_>,
    secret: &SigningSecret,
    rules: &Rules<'_>,
    now_s: i64,
    body: Option<&[u8]>,
) -> Result<Verified, Refusal> {
    if let Age::Stale(refusal) = check_scope(presented, rules, now_s)? {
        return Err(refusal);
    }
    let v4 = match &presented.form {
        Form::V4(v4) => v4,
        Form::V2 { expires, .. } => {
            v2::verify(presented, *expires, parts, rules.bucket_in_host(), secret)?;
            return Ok(Verified {
                payload: Payload::Unsigned,
                seed: None,
                signed_at_s: None,
            });
        }
    };
    check_signed_headers(v4, parts)?;
    let (payload, canonical) = canonical_request(v4, parts, rules, body)?;
    let credential = &v4.credential;
    let key = secret.key(credential.date(), credential.region(), credential.service());
    let expected = key.sign(&to_sign(v4, &sha256_hex(&canonical)).map(str::as_bytes));
    if !same(&expected, &presented.signature) {
        return Err(Refusal::Mismatch);
    }
    let seed = matches!(payload, Payload::Chunks { signed: true, .. }).then(|| Seed {
        key,
        stamp: v4.stamp,
        scope: credential.scope().to_owned(),
        signature: expected,
    });
    Ok(Verified {
        payload,
        seed,
        signed_at_s: Some(v4.stamp.second()),
    })
}

/// The canonical request, and what it says of the body.
pub(crate) fn canonical_request(
    v4: &V4,
    parts: &Parts<'_>,
    rules: &Rules<'_>,
    body: Option<&[u8]>,
) -> Result<(Payload, Vec<u8>), Refusal> {
    let (payload, payload_hash) = payload(v4, parts, rules, body)?;
    let style = match rules.s3 {
        Some(_) => PathStyle::Exact,
        None => PathStyle::Normalized,
    };
    let canonical = canonical::request(parts, style, &v4.signed_headers, &payload_hash)?;
    Ok((payload, canonical))
}

/// The string to sign, in its pieces.
pub(crate) fn to_sign<'a>(v4: &'a V4, canonical_hash: &'a str) -> [&'a str; 7] {
    let (stamp, scope) = (v4.stamp.as_str(), v4.credential.scope());
    [ALGORITHM, "\n", stamp, "\n", scope, "\n", canonical_hash]
}

/// Equal, in time that tells nothing of where they differ.
pub(crate) fn same(expected: &str, found: &str) -> bool {
    expected.as_bytes().ct_eq(found.as_bytes()).into()
}

/// Every fault of the scope at once, as the services tell it.
fn check_fit(v4: &V4, rules: &Rules<'_>) -> Result<(), Refusal> {
    let (date, region) = (v4.credential.date(), v4.credential.region());
    let (service, terminator) = (v4.credential.service(), v4.credential.terminator());
    let fault = ScopeFault {
        place: v4.place(),
        region: (!is_region(region)).then(|| region.to_owned()),
        service: (service != rules.service).then(|| (service.to_owned(), rules.service.to_owned())),
        terminator: (terminator != TERMINATOR).then(|| terminator.to_owned()),
        date: (date != v4.stamp.date()).then(|| (date.to_owned(), v4.stamp.to_string())),
    };
    let fits = fault.region.is_none()
        && fault.service.is_none()
        && fault.terminator.is_none()
        && fault.date.is_none();
    if fits {
        Ok(())
    } else {
        Err(Refusal::Scope(Box::new(fault)))
    }
}

/// Every region is served, but it must be the name of one.
fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A quarter of an hour before and after. Presigned requests are held to the same, whatever
/// their `X-Amz-Expires` says: clients that hand such requests on rely on it, as STS does it.
fn check_time(v4: &V4, now_s: i64) -> Result<Age, Refusal> {
    let signed_s = v4.stamp.second();
    check_not_early(v4, now_s)?;
    if signed_s < now_s.saturating_sub(SKEW_S_MAX) {
        return Ok(Age::Stale(Refusal::TooOld { signed_s, now_s }));
    }
    Ok(Age::Fresh)
}

fn check_not_early(v4: &V4, now_s: i64) -> Result<(), Refusal> {
    let signed_s = v4.stamp.second();
    if signed_s > now_s.saturating_add(SKEW_S_MAX) {
        return Err(Refusal::TooEarly {
            place: v4.place(),
            signed_s,
            now_s,
        });
    }
    Ok(())
}

/// S3's presigned addresses live as long as they say, seven days at most.
fn check_time_s3(v4: &V4, now_s: i64) -> Result<Age, Refusal> {
    let Some(presigned) = &v4.presigned else {
        return check_time(v4, now_s);
    };
    let lifetime = presigned
        .lifetime
        .as_deref()
        .ok_or(Refusal::Lifetime(LifetimeFault::Missing))?;
    let lifetime_s: i64 = lifetime
        .parse()
        .map_err(|_not_a_number| Refusal::Lifetime(LifetimeFault::NotANumber))?;
    if lifetime_s < 1 {
        return Err(Refusal::Lifetime(LifetimeFault::TooShort));
    }
    if lifetime_s > PRESIGNED_S_MAX {
        return Err(Refusal::Lifetime(LifetimeFault::TooLong));
    }
    check_not_early(v4, now_s)?;
    let expired_s = v4.stamp.second().saturating_add(lifetime_s);
    if now_s >= expired_s {
        return Err(Refusal::Expired {
            expired_s,
            now_s,
            lifetime_s: Some(lifetime_s),
        });
    }
    Ok(Age::Fresh)
}

fn check_host(v4: &V4) -> Result<(), Refusal> {
    if v4.signed_headers.contains("host") {
        Ok(())
    } else {
        Err(Refusal::NotSigned(vec!["host".to_owned()]))
    }
}

/// Headers that are lists: given several times they mean the same as joined by commas.
const LISTS: &[&str] = &[
    "x-amz-object-attributes",
    "x-amz-optional-object-attributes",
];
/// Headers beside `x-amz-*` that mean something only once.
const SINGLES: &[&str] = &[
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "range",
];

/// The host and every `x-amz-*` header must be signed, or an attacker could add or change
/// them: the target of a JSON call, the session token, the date. And each must stand once:
/// signed values are joined by commas, so one header could be split into two.
fn check_signed_headers(v4: &V4, parts: &Parts<'_>) -> Result<(), Refusal> {
    check_host(v4)?;
    let mut unsigned: Vec<String> = Vec::new();
    // Without a name twice, as in nearly every request, there is nothing to look for.
    let may_repeat = parts.headers.len() > parts.headers.keys_len();
    for key in parts.headers.keys() {
        let name = key.as_str();
        let is_ours = name.starts_with("x-amz-");
        if is_ours && !v4.signed_headers.contains(name) {
            unsigned.push(name.to_owned());
        }
        let is_single = || (is_ours && !LISTS.contains(&name)) || SINGLES.contains(&name);
        let is_repeated = || parts.headers.get_all(key).iter().nth(1).is_some();
        if may_repeat && is_repeated() && is_single() {
            return Err(Refusal::Repeated(name.to_owned().into()));
        }
    }
    if unsigned.is_empty() {
        return Ok(());
    }
    unsigned.sort();
    Err(Refusal::NotSigned(unsigned))
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What the signature says of the body, and the word for it in the canonical request.
fn payload(
    v4: &V4,
    parts: &Parts<'_>,
    rules: &Rules<'_>,
    body: Option<&[u8]>,
) -> Result<(Payload, String), Refusal> {
    let declared = parts.header(&names::CONTENT_SHA256)?;
    if rules.s3.is_none() {
        // Whatever the header says: what is hashed is what came.
        let hash = sha256_hex(body.unwrap_or_default());
        if let Some(declared) = declared {
            held_to(declared, hash.clone())?;
        }
        return Ok((Payload::Hash(hash.clone()), hash));
    }
    let presigned = v4.presigned.as_ref();
    let in_query = presigned.and_then(|presigned| presigned.payload.as_deref());
    let declared = match (declared, in_query) {
        (Some(header), Some(query)) if header != query => {
            return Err(Refusal::Repeated("x-amz-content-sha256".into()));
        }
        (Some(word), _) | (None, Some(word)) => word,
        (None, None) if v4.place() == Place::Query => UNSIGNED,
        (None, None) => return Err(Refusal::MissingHeader("x-amz-content-sha256")),
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
        other => return Err(Refusal::PayloadWord(other.chars().take(200).collect())),
    };
    Ok((payload, declared.to_owned()))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
