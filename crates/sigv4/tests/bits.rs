//! What is signed holds; with one bit of what it binds changed, it does not.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod common;

use common::*;
use http::HeaderValue;
use proptest::prelude::*;

/// A request of any shape.
fn call() -> impl Strategy<Value = Call> {
    (
        prop_oneof![Just("s3"), Just("sts"), Just("access-analyzer")],
        "GET|PUT|POST|DELETE",
        "(/([a-zA-Z0-9._~-]|%[0-9A-F]{2}){0,6}){1,4}",
        "(([a-zA-Z0-9._~-]|%[0-9A-F]{2}){1,5}(=([a-zA-Z0-9._~-]|%[0-9A-F]{2}){0,5})?&){0,3}",
        "[!-~]( {0,2}[!-~]){0,8}",
        prop::collection::vec(any::<u8>(), 0..40),
        any::<bool>(),
    )
        .prop_map(
            |(service, method, path, query, value, body, is_presigned)| {
                let mut call = Call::new(service, &method, &path, query.trim_end_matches('&'))
                    .with("x-amz-meta-a", &value);
                if is_presigned {
                    call.presigned(Some(TOKEN), 900)
                } else {
                    call.body = body;
                    call.with("x-amz-security-token", TOKEN).signed()
                }
            },
        )
}

fn flip(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = at % bytes.len();
    bytes[at] ^= 1 << bit;
    bytes
}

fn decoded(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).collect()
}

/// Whether the service may take both paths for one.
fn is_same_path(call: &Call, other: &str) -> bool {
    if call.service == "s3" {
        return decoded(other) == decoded(&call.path);
    }
    let slashes = |path: &str| path.matches('/').count();
    let dots = |path: &str| path.matches('.').count();
    other.starts_with('/')
        && (slashes(other) != slashes(&call.path) || dots(other) != dots(&call.path))
}

fn sorted(query: &str) -> Vec<Vec<u8>> {
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            [decoded(name), b"=".to_vec(), decoded(value)].concat()
        })
        .collect();
    pairs.sort();
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_signed_holds(call in call()) {
        prop_assert!(call.verify().is_ok(), "{:?}", call.verify());
    }

    #[test]
    fn with_one_bit_changed_it_does_not(call in call(), what in 0usize..6, at: usize, bit in 0u8..8) {
        let mut changed = call.clone();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
        match what {
            0 => match text(flip(call.method.as_bytes(), at, bit)) {
                Some(method) => changed.method = method,
                None => return Ok(()),
            },
            1 => match text(flip(call.path.as_bytes(), at, bit)) {
                // Other spellings of the same path are the same request.
                Some(path) if is_same_path(&call, &path) => return Ok(()),
                Some(path) => changed.path = path,
                None => return Ok(()),
            },
            2 if !call.query.is_empty() => match text(flip(call.query.as_bytes(), at, bit)) {
                Some(query) if sorted(&query) == sorted(&call.query) => return Ok(()),
                Some(query) => changed.query = query,
                None => return Ok(()),
            },
            3 if !call.body.is_empty() => changed.body = flip(&call.body, at, bit),
            4 => {
                let value = flip(call.headers["x-amz-meta-a"].as_bytes(), at, bit);
                let words = |value: &[u8]| -> Vec<Vec<u8>> {
                    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
                };
                if words(&value) == words(call.headers["x-amz-meta-a"].as_bytes()) {
                    return Ok(());
                }
                match HeaderValue::from_bytes(&value) {
                    Ok(value) => changed.headers.insert("x-amz-meta-a", value),
                    Err(_) => return Ok(()),
                };
            }
            5 if call.headers.contains_key("authorization") => {
                let value = call.header("authorization");
                let from = value.find("Credential").unwrap();
                let value = [&value.as_bytes()[..from], &flip(&value.as_bytes()[from..], at, bit)].concat();
                match HeaderValue::from_bytes(&value) {
                    Ok(value) => changed.headers.insert("authorization", value),
                    Err(_) => return Ok(()),
                };
                // The key's id chooses the secret; another id means another secret.
                let is_same_key = changed.claim().is_ok_and(|claim| claim.access_key_id() == KEY);
                if !is_same_key {
                    return Ok(());
                }
                let squeeze = |call: &Call| call.header("authorization").replace([' ', '\t'], "");
                if squeeze(&changed) == squeeze(&call) {
                    return Ok(());
                }
            }
            _ => return Ok(()),
        }
        // S3's bodies are compared when they have been read.
        let verdict = match call.service {
            "s3" => changed.deliver(),
            _ => changed.verify().map(|_| ()),
        };
        let is_unsigned_body = what == 3 && call.query.contains("X-Amz-Signature");
        prop_assert!(verdict.is_err() || is_unsigned_body, "{:?}", changed);
    }

    #[test]
    fn nothing_breaks_the_parser(authorization in "\\PC{0,200}", query in "\\PC{0,200}", path in "\\PC{0,40}") {
        let mut call = Call::new("s3", "GET", &path, &query);
        let _ = call.verify_if_any();
        if let Ok(value) = HeaderValue::from_str(&authorization) {
            call.headers.insert("authorization", value);
            let _ = call.verify_if_any();
        }
        if let Ok(value) = HeaderValue::from_str(&format!("AWS4-HMAC-SHA256 {authorization}")) {
            call.headers.insert("authorization", value);
            let _ = call.verify_if_any();
        }
    }
}
