//! What S3 tells of a signature that does not match, by the examples of AWS's own pages.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use aws::Secret;
use http::{HeaderMap, HeaderName, HeaderValue};
use sigv4::{Parts, Refusal, Rules, SigningSecret, explain_mismatch, presented, verify};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// 24 May 2013, midnight in UTC.
const NOW_S: i64 = 1_369_353_600;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The example "GET Object" of the S3 API Reference, "Signature Calculations for the
/// Authorization Header".
fn with_signature(signature: &str) -> HeaderMap {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature={signature}"
    );
    [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
        ("authorization", &authorization),
    ]
    .into_iter()
    .map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    })
    .collect()
}

fn outcome(signature: &str) -> (Result<(), Refusal>, Vec<(&'static str, String)>) {
    let headers = with_signature(signature);
    let parts = Parts {
        method: "GET",
        path: "/test.txt",
        query: "",
        headers: &headers,
        authority: None,
    };
    let secret = SigningSecret::new(Secret::new(SECRET.to_owned()));
    let rules = Rules::s3(Some("examplebucket"));
    let presented = presented(&parts).unwrap().unwrap();
    let verified = verify(&presented, &parts, &secret, &rules, NOW_S, None);
    let told = explain_mismatch(&presented, &parts, &rules, None);
    (verified.map(|_| ()), told)
}

#[test]
fn whoever_signed_something_else_is_told_what_to_sign() {
    let right = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    assert_eq!(outcome(right).0, Ok(()));
    let wrong = right.replace('f', "0");
    let (verified, told) = outcome(&wrong);
    assert_eq!(verified, Err(Refusal::Mismatch));
    let canonical = format!(
        "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\nx-amz-content-sha256:{EMPTY}\nx-amz-date:20130524T000000Z\n\nhost;range;x-amz-content-sha256;x-amz-date\n{EMPTY}"
    );
    let text = "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972";
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    let expected = [
        "AWSAccessKeyId",
        "StringToSign",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequest",
        "CanonicalRequestBytes",
    ];
    assert_eq!(names, expected);
    assert_eq!(told[0].1, "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(told[1].1, text);
    assert_eq!(told[2].1, wrong);
    assert!(told[3].1.starts_with("41 57 53 34 2d 48 4d 41 43"));
    assert_eq!(told[4].1, canonical);
    assert!(told[5].1.starts_with("47 45 54 0a 2f"));
    assert!(told.iter().all(|(_, value)| !value.contains(SECRET)));
}
