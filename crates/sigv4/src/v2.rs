//! Signature Version 2 in the query of S3 addresses, as old clients still make them.

use aws::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::presented::Presented;
use crate::query::parameters;
use crate::verify::same;
use crate::{Parts, Refusal};

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

/// Checks an address that is good until `expires`, seconds since 1970.
pub(crate) fn verify(
    presented: &Presented,
    expires: i64,
    parts: &Parts<'_>,
    bucket_in_host: Option<&str>,
    secret: &Secret<String>,
    now_s: i64,
) -> Result<(), Refusal> {
    if now_s >= expires {
        return Err(Refusal::Expired {
            expired_s: expires,
            now_s,
            expires_s: 0,
        });
    }
    let text = string_to_sign(parts, expires, bucket_in_host)?;
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes()).expect("any key length");
    mac.update(text.as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    if same(&expected, &presented.signature) {
        Ok(())
    } else {
        Err(Refusal::Mismatch)
    }
}

fn string_to_sign(
    parts: &Parts<'_>,
    expires: i64,
    bucket_in_host: Option<&str>,
) -> Result<String, Refusal> {
    let parameters: Vec<(String, String)> = parameters(parts.query)?
        .into_iter()
        .map(|(name, value)| {
            Some((
                String::from_utf8(name).ok()?,
                String::from_utf8(value).ok()?,
            ))
        })
        .collect::<Option<_>>()
        .ok_or(Refusal::Unreadable("query"))?;
    let header_or_parameter = |name: &'static str| -> Result<String, Refusal> {
        let in_query = parameters.iter().find(|(found, _)| found == name);
        match (in_query, parts.header(name)?) {
            (Some((_, value)), _) => Ok(value.clone()),
            (None, value) => Ok(value.unwrap_or_default().to_owned()),
        }
    };
    let mut text = format!(
        "{}\n{}\n{}\n{expires}\n",
        parts.method,
        header_or_parameter("content-md5")?,
        header_or_parameter("content-type")?,
    );
    for (name, value) in amz_headers(parts, &parameters)? {
        text.push_str(&format!("{name}:{value}\n"));
    }
    if let Some(bucket) = bucket_in_host {
        text.push('/');
        text.push_str(bucket);
    }
    text.push_str(if parts.path.is_empty() {
        "/"
    } else {
        parts.path
    });
    let mut signed: Vec<String> = Vec::new();
    for (name, value) in &parameters {
        if SIGNED_PARAMETERS.contains(&name.as_str()) {
            signed.push(if value.is_empty() {
                name.clone()
            } else {
                format!("{name}={value}")
            });
        } else if !OWN_PARAMETERS.contains(&name.as_str())
            && !name.starts_with("x-amz-")
            && name != "x-id"
        {
            // Version 2 does not bind other parameters. Those that only choose what a
            // listing shows were never signed; what is unknown changes nothing.
            continue;
        }
    }
    signed.sort();
    if !signed.is_empty() {
        text.push('?');
        text.push_str(&signed.join("&"));
    }
    Ok(text)
}

/// `x-amz-*` headers, those that travel as parameters included, sorted. The token does.
fn amz_headers(
    parts: &Parts<'_>,
    parameters: &[(String, String)],
) -> Result<Vec<(String, String)>, Refusal> {
    let mut headers: Vec<(String, String)> = parameters
        .iter()
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .cloned()
        .collect();
    for (name, value) in parts.headers {
        if name.as_str().starts_with("x-amz-") {
            let value = value
                .to_str()
                .map_err(|_not_ascii| Refusal::Unreadable("x-amz-*"))?;
            headers.push((name.as_str().to_owned(), value.trim().to_owned()));
        }
    }
    headers.sort();
    if headers
        .windows(2)
        .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
    {
        return Err(Refusal::Repeated("x-amz-*"));
    }
    Ok(headers)
}
