//! The canonical request: what both sides must have signed, byte for byte.

use crate::query::{decode, encode, parameters};
use crate::{Parts, Refusal};

/// How a service writes paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathStyle {
    /// S3: as sent, each segment encoded once, nothing normalized: `a//b` is a key.
    Exact,
    /// Everybody else: normalized (RFC 3986 §6), then encoded once more.
    Normalized,
}

/// The canonical request's bytes.
pub(crate) fn request(
    parts: &Parts<'_>,
    style: PathStyle,
    signed_headers: &[String],
    payload_hash: &str,
) -> Result<Vec<u8>, Refusal> {
    let mut text = Vec::with_capacity(512 + parts.query.len());
    text.extend_from_slice(parts.method.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(path(parts.path, style)?.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(query(parts.query)?.as_bytes());
    text.push(b'\n');
    for name in signed_headers {
        header(parts, name, &mut text)?;
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    Ok(text)
}

fn path(raw: &str, style: PathStyle) -> Result<String, Refusal> {
    let raw = if raw.is_empty() { "/" } else { raw };
    match style {
        PathStyle::Exact => {
            // Decoded and encoded again, so that every spelling of a byte is one; a `%2F`
            // stays apart from a slash.
            let mut path = String::with_capacity(raw.len());
            for (at, segment) in raw.split('/').enumerate() {
                if at > 0 {
                    path.push('/');
                }
                path.push_str(&encode(&decode(segment, false)?));
            }
            Ok(path)
        }
        PathStyle::Normalized => {
            let mut segments: Vec<&str> = Vec::new();
            for segment in raw.split('/') {
                match segment {
                    "" | "." => {}
                    ".." => {
                        segments.pop();
                    }
                    segment => segments.push(segment),
                }
            }
            let mut path = String::with_capacity(raw.len() + 1);
            for segment in &segments {
                path.push('/');
                path.push_str(&encode(segment.as_bytes()));
            }
            if segments.is_empty()
                || raw.ends_with('/')
                || raw.ends_with("/.")
                || raw.ends_with("/..")
            {
                path.push('/');
            }
            Ok(path)
        }
    }
}

fn query(raw: &str) -> Result<String, Refusal> {
    if raw.is_empty() {
        return Ok(String::new());
    }
    let mut pairs: Vec<(String, String)> = parameters(raw)?
        .into_iter()
        .filter(|(name, _)| name != b"X-Amz-Signature")
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(pairs.join("&"))
}

/// `name:value`, values of one name joined by commas, runs of spaces made one.
fn header(parts: &Parts<'_>, name: &str, text: &mut Vec<u8>) -> Result<(), Refusal> {
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    if name == "host" {
        let host = parts.host()?.ok_or(Refusal::Missing("host"))?;
        text.extend_from_slice(host.as_bytes());
        text.push(b'\n');
        return Ok(());
    }
    let mut found = false;
    for value in parts.headers.get_all(name) {
        if found {
            text.push(b',');
        }
        found = true;
        let words = value
            .as_bytes()
            .split(|byte| *byte == b' ' || *byte == b'\t')
            .filter(|word| !word.is_empty());
        for (at, word) in words.enumerate() {
            if at > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        }
    }
    // What is said to be signed must be there.
    if !found {
        return Err(Refusal::Mismatch);
    }
    text.push(b'\n');
    Ok(())
}
