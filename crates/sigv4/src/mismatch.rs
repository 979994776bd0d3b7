//! What S3 tells whoever signed something else: what it would have signed itself. All of it is
//! the request's own; the secret shows in none of it.

use crate::key::sha256_hex;
use crate::presented::{Form, Presented};
use crate::verify::{Rules, canonical_request, to_sign};
use crate::{Parts, v2};

/// The members of S3's error document beside its sentence (S3 API Reference, "Error
/// responses"). `rules` and `body` are what the signature was checked with.
pub fn explain_mismatch(
    presented: &Presented,
    parts: &Parts<'_>,
    rules: &Rules<'_>,
    body: Option<&[u8]>,
) -> Vec<(&'static str, String)> {
    let key = presented.access_key_id().to_owned();
    let mut told = vec![("AWSAccessKeyId", key)];
    let signature = presented.signature.clone();
    match &presented.form {
        Form::V4(v4) => {
            let Ok((_, canonical)) = canonical_request(v4, parts, rules, body) else {
                return told;
            };
            let text = to_sign(v4, &sha256_hex(&canonical)).concat();
            told.extend(to_have_signed(text, signature));
            told.push((
                "CanonicalRequest",
                String::from_utf8_lossy(&canonical).into_owned(),
            ));
            told.push(("CanonicalRequestBytes", in_bytes(&canonical)));
        }
        Form::V2 { expires, .. } => {
            if let Ok(text) = v2::expected(parts, *expires, rules.bucket_in_host()) {
                told.extend(to_have_signed(text, signature));
            }
        }
    }
    told
}

fn to_have_signed(text: String, signature: String) -> [(&'static str, String); 3] {
    let bytes = in_bytes(text.as_bytes());
    [
        ("StringToSign", text),
        ("SignatureProvided", signature),
        ("StringToSignBytes", bytes),
    ]
}

/// `47 45 54`.
fn in_bytes(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
