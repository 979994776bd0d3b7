//! Signature Version 2 in the query of S3 addresses, as old clients still make them.
//!
//! It binds the method, the path, a list of parameters, `x-amz-*` and the content's type; no
//! host and no other parameter. Therefore a parameter that could change what is called, and
//! that is not on the list, is refused. What is bound is signed decoded and joined, so that
//! one text can stand for several requests; a request that has such a text is refused too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderName;
use sha1::Sha1;

use crate::names::{self, Wanted};
use crate::presented::Presented;
use crate::query::Parameters;
use crate::verify::same;
use crate::{Parts, Refusal, SigningSecret};

/// Parameters that name a part of a resource or change the answer; they are signed.
const SIGNED_PARAMETERS: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// Parameters that carry the signature itself, or a header.
const OWN_PARAMETERS: &[&str] = &[
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "content-md5",
    "content-type",
];

/// Parameters that only choose what part of a listing is shown, or mean nothing. Version 2
/// never bound them, and its clients send them.
const HARMLESS_PARAMETERS: &[&str] = &[
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "prefix",
    "start-after",
    "upload-id-marker",
    "version-id-marker",
    "x-id",
];

/// Whether an address that is good until `expires`, seconds since 1970, is good now.
pub(crate) fn check_time(expires: i64, now_s: i64) -> Result<(), Refusal> {
    if now_s < expires {
        return Ok(());
    }
    Err(Refusal::Expired {
        expired_s: expires,
        now_s,
        lifetime_s: None,
    })
}

/// Checks the signature of an address.
pub(crate) fn verify(
    presented: &Presented,
    expires: i64,
    parts: &Parts<'_>,
    bucket_in_host: Option<&str>,
    secret: &SigningSecret,
) -> Result<(), Refusal> {
    let mut resource = resource(parts.path, bucket_in_host);
    let text = string_to_sign(parts, expires, &resource)?;
    if same(&signature(secret, &text), &presented.signature) {
        return Ok(());
    }
    // A bucket in the path is the same with a slash at its end: botocore signs it so, whatever
    // it asks for.
    if resource.len() > 1 && resource.rfind('/') == Some(0) {
        resource.push('/');
        let text = string_to_sign(parts, expires, &resource)?;
        if same(&signature(secret, &text), &presented.signature) {
            return Ok(());
        }
    }
    Err(Refusal::Mismatch)
}

/// What an address should have signed, for whoever signed something else.
pub(crate) fn expected(
    parts: &Parts<'_>,
    expires: i64,
    bucket_in_host: Option<&str>,
) -> Result<String, Refusal> {
    string_to_sign(parts, expires, &resource(parts.path, bucket_in_host))
}

/// The path as it is signed: with the bucket before it, wherever that came.
fn resource(path: &str, bucket_in_host: Option<&str>) -> String {
    let path = if path.is_empty() { "/" } else { path };
    match bucket_in_host {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    }
}

fn signature(secret: &SigningSecret, text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes()).expect("any key length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn string_to_sign(parts: &Parts<'_>, expires: i64, resource: &str) -> Result<String, Refusal> {
    let read = Parameters::read(parts.query)?;
    let parameters: Vec<(&str, &str)> = read
        .iter()
        .map(|(name, value)| {
            Some((
                std::str::from_utf8(name).ok()?,
                std::str::from_utf8(value).ok()?,
            ))
        })
        .collect::<Option<_>>()
        .ok_or(Refusal::Unreadable("query"))?;
    let mut text = format!(
        "{}\n{}\n{}\n{expires}\n",
        parts.method,
        content(parts, &parameters, &names::CONTENT_MD5)?,
        content(parts, &parameters, &names::CONTENT_TYPE)?,
    );
    for (name, value) in amz_headers(parts, &parameters)? {
        text.push_str(&format!("{name}:{value}\n"));
    }
    text.push_str(resource);
    let mut signed: Vec<(&str, &str)> = Vec::new();
    for (name, value) in parameters {
        if SIGNED_PARAMETERS.contains(&name) {
            signed.push((name, value));
        } else if !OWN_PARAMETERS.contains(&name)
            && !HARMLESS_PARAMETERS.contains(&name)
            && !name.starts_with("x-amz-")
        {
            return Err(Refusal::Unbound(name.chars().take(100).collect()));
        }
    }
    signed.sort_unstable();
    if let Some(name) = twice(&signed) {
        return Err(Refusal::Repeated(name.into()));
    }
    if let Some((name, _)) = signed.iter().find(|(_, value)| holds_parameter(value)) {
        return Err(Refusal::Ambiguous((*name).to_owned()));
    }
    for (at, (name, value)) in signed.iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(name);
        if !value.is_empty() {
            text.push('=');
            text.push_str(value);
        }
    }
    Ok(text)
}

/// A fact of the content, from the query or else from the header. Only one of two that differ
/// could be signed.
fn content<'a>(
    parts: &Parts<'a>,
    parameters: &[(&str, &'a str)],
    wanted: &'static Wanted,
) -> Result<&'a str, Refusal> {
    let repeated = || Refusal::Repeated(wanted.text.into());
    let mut found = parameters
        .iter()
        .filter(|(found, _)| *found == wanted.text)
        .map(|(_, value)| *value);
    match (found.next(), found.next(), parts.header(wanted)?) {
        (_, Some(_), _) => Err(repeated()),
        (Some(query), None, Some(header)) if query != header => Err(repeated()),
        (Some(value), None, _) | (None, None, Some(value)) if holds_line(value) => {
            Err(Refusal::Ambiguous(wanted.text.to_owned()))
        }
        (Some(value), None, _) | (None, None, Some(value)) => Ok(value),
        (None, None, None) => Ok(""),
    }
}

/// `x-amz-*` headers, those that travel as parameters included, sorted. The token does.
fn amz_headers<'a>(
    parts: &Parts<'a>,
    parameters: &[(&'a str, &'a str)],
) -> Result<Vec<(&'a str, &'a str)>, Refusal> {
    let mut headers: Vec<(&str, &str)> = parameters
        .iter()
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .copied()
        .collect();
    for (name, value) in parts.headers {
        if name.as_str().starts_with("x-amz-") {
            let value = value
                .to_str()
                .map_err(|_not_ascii| Refusal::Unreadable("x-amz-*"))?;
            headers.push((name.as_str(), value.trim()));
        }
    }
    headers.sort_unstable();
    let ambiguous = |(name, value): &&(&str, &str)| {
        HeaderName::from_bytes(name.as_bytes()).is_err() || holds_line(value)
    };
    if let Some((name, _)) = headers.iter().find(ambiguous) {
        return Err(Refusal::Ambiguous(name.chars().take(100).collect()));
    }
    match twice(&headers) {
        Some(name) => Err(Refusal::Repeated(name.into())),
        None => Ok(headers),
    }
}

/// Whether a value could be several lines of what is signed.
fn holds_line(value: &str) -> bool {
    value.contains(['\n', '\r'])
}

/// Whether a parameter's value, as it is signed, could be that value and further parameters.
fn holds_parameter(value: &str) -> bool {
    value.split('&').skip(1).any(|part| {
        let name = part.split('=').next().unwrap_or_default();
        SIGNED_PARAMETERS.contains(&name)
    })
}

/// A name that stands twice in a sorted list.
fn twice(sorted: &[(&str, &str)]) -> Option<String> {
    sorted.windows(2).find_map(|pair| match pair {
        [(a, _), (b, _)] if a == b => Some((*a).to_owned()),
        _ => None,
    })
}
