//! The canonical request: what both sides must have signed, byte for byte.

use crate::names::SignedHeaders;
use crate::query::{Parameters, decode, encode};
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
    signed_headers: &SignedHeaders,
    payload_hash: &str,
) -> Result<Vec<u8>, Refusal> {
    let mut text = Vec::with_capacity(1024 + parts.query.len());
    text.extend_from_slice(parts.method.as_bytes());
    text.push(b'\n');
    path(parts.path, style, &mut text)?;
    text.push(b'\n');
    query(parts.query, &mut text)?;
    text.push(b'\n');
    for name in signed_headers.iter() {
        header(parts, name, &mut text)?;
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.as_str().as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    Ok(text)
}

fn path(raw: &str, style: PathStyle, text: &mut Vec<u8>) -> Result<(), Refusal> {
    if !raw.is_empty() && !raw.starts_with('/') {
        return Err(Refusal::Path);
    }
    match style {
        PathStyle::Exact => exact_path(raw, text),
        PathStyle::Normalized => {
            normalized_path(raw, text);
            Ok(())
        }
    }
}

/// Decoded and encoded again, segment by segment: `%7e`, `%7E` and `~` are one spelling, but
/// `%2F` is not a slash.
fn exact_path(raw: &str, text: &mut Vec<u8>) -> Result<(), Refusal> {
    if raw.is_empty() {
        text.push(b'/');
    }
    for (at, segment) in raw.split('/').enumerate() {
        if at > 0 {
            text.push(b'/');
        }
        let decoded = decode(segment).ok_or(Refusal::Path)?;
        text.extend_from_slice(encode(&decoded).as_bytes());
    }
    Ok(())
}

fn normalized_path(raw: &str, text: &mut Vec<u8>) {
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
    for segment in &segments {
        text.push(b'/');
        text.extend_from_slice(encode(segment.as_bytes()).as_bytes());
    }
    let ends_open = ["/", "/.", "/.."].iter().any(|end| raw.ends_with(end));
    if segments.is_empty() || ends_open {
        text.push(b'/');
    }
}

fn query(raw: &str, text: &mut Vec<u8>) -> Result<(), Refusal> {
    if raw.is_empty() {
        return Ok(());
    }
    let parameters = Parameters::read(raw)?;
    let mut pairs: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| *name != b"X-Amz-Signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
    }
    Ok(())
}

/// `name:value`, values of one name joined by commas, runs of spaces made one.
fn header(parts: &Parts<'_>, name: &str, text: &mut Vec<u8>) -> Result<(), Refusal> {
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    if name == "host" {
        let host = parts.host()?.ok_or(Refusal::MissingHeader("host"))?;
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
        let value = value.as_bytes();
        // Looked at without a way out in the middle, which is a few instructions.
        let has_blanks = value
            .iter()
            .fold(false, |found, byte| found | byte.is_ascii_whitespace());
        if !has_blanks {
            text.extend_from_slice(value);
            continue;
        }
        let words = value
            .split(|byte| byte.is_ascii_whitespace())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(raw: &str, style: PathStyle) -> String {
        let mut text = Vec::new();
        path(raw, style, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn paths_are_written_as_each_kind_of_service_writes_them() {
        for (raw, exact, normalized) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("//", "//", "/"),
            ("/a//b/", "/a//b/", "/a/b/"),
            ("/a/./b/..", "/a/./b/..", "/a/"),
            ("/../a", "/../a", "/a"),
            ("/a%20b", "/a%20b", "/a%2520b"),
            ("/a%2fb", "/a%2Fb", "/a%252fb"),
            ("/a+b~", "/a%2Bb~", "/a%2Bb~"),
            ("/%C3%BC", "/%C3%BC", "/%25C3%25BC"),
            ("/ü", "/%C3%BC", "/%C3%BC"),
        ] {
            assert_eq!(written(raw, PathStyle::Exact), exact, "{raw}");
            assert_eq!(written(raw, PathStyle::Normalized), normalized, "{raw}");
        }
    }

    #[test]
    fn a_path_with_half_an_escape_or_without_its_root_is_refused() {
        for raw in ["/a%2", "*", ".", "a/b"] {
            let mut text = Vec::new();
            let refusal = path(raw, PathStyle::Exact, &mut text).unwrap_err();
            assert_eq!(refusal, Refusal::Path, "{raw}");
        }
    }

    #[test]
    fn queries_are_sorted_after_encoding() {
        for (raw, expected) in [
            ("", ""),
            ("acl", "acl="),
            ("acl=", "acl="),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("a=b+c", "a=b%20c"),
            ("a=b%2bc", "a=b%2Bc"),
            ("B&a", "B=&a="),
            ("a-b=1&a=2", "a=2&a-b=1"),
            ("x=1&X-Amz-Signature=00", "x=1"),
            ("&&a&", "a="),
        ] {
            let mut text = Vec::new();
            query(raw, &mut text).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), expected, "{raw}");
        }
    }
}
