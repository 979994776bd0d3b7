//! What is signed verifies; anything else does not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use aws::Secret;
use http::{HeaderMap, HeaderValue};
use sigv4::{Parts, Payload, Refusal, Rules, Signature, presented, presign, sign, verify};

const NOW: i64 = 1_900_000_000;
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn secret() -> Secret<String> {
    Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned())
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn parts<'a>(path: &'a str, query: &'a str, headers: &'a HeaderMap) -> Parts<'a> {
    Parts {
        method: "GET",
        path,
        query,
        headers,
        authority: None,
    }
}

fn signature<'a>(secret: &'a Secret<String>, service: &'a str) -> Signature<'a> {
    Signature {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret,
        region: "us-east-1",
        service,
        now_s: NOW,
    }
}

/// A signed request for STS: its headers.
fn signed() -> HeaderMap {
    let mut headers = headers(&[("host", "sts.example"), ("x-amz-date", "20300317T174640Z")]);
    let value = sign(
        &signature(&secret(), "sts"),
        &parts("/", "Action=GetCallerIdentity", &headers),
        EMPTY,
    )
    .unwrap();
    headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
    headers
}

fn check(headers: &HeaderMap, query: &str, now_s: i64, body: &[u8]) -> Result<(), Refusal> {
    let parts = parts("/", query, headers);
    let found = presented(&parts)?.unwrap();
    verify(
        &found,
        &parts,
        &secret(),
        &Rules::service("sts"),
        now_s,
        Some(body),
    )
    .map(|_| ())
}

const QUERY: &str = "Action=GetCallerIdentity";

#[test]
fn what_is_signed_verifies_within_a_quarter_of_an_hour() {
    let headers = signed();
    for now_s in [NOW, NOW - 900, NOW + 900] {
        assert_eq!(check(&headers, QUERY, now_s, b""), Ok(()));
    }
    assert!(matches!(
        check(&headers, QUERY, NOW + 901, b""),
        Err(Refusal::TooOld { .. })
    ));
    assert!(matches!(
        check(&headers, QUERY, NOW - 901, b""),
        Err(Refusal::TooEarly { .. })
    ));
}

#[test]
fn nothing_that_is_bound_can_change() {
    let with = |name: &'static str, value: &'static str| {
        let mut headers = signed();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    };
    assert_eq!(
        check(&signed(), "Action=Other", NOW, b""),
        Err(Refusal::Mismatch)
    );
    assert_eq!(check(&signed(), QUERY, NOW, b"x"), Err(Refusal::Mismatch));
    assert_eq!(
        check(&with("host", "evil.example"), QUERY, NOW, b""),
        Err(Refusal::Mismatch)
    );
    for name in ["x-amz-target", "x-amz-security-token", "x-amz-new"] {
        assert_eq!(
            check(&with(name, "added"), QUERY, NOW, b""),
            Err(Refusal::NotSigned(name.to_owned()))
        );
    }
    assert!(check(&with("x-amz-date", "20300317T174641Z"), QUERY, NOW, b"").is_err());
}

#[test]
fn two_of_anything_are_refused() {
    for name in ["authorization", "host", "x-amz-date"] {
        let mut headers = signed();
        let value = headers[name].clone();
        headers.append(name, value);
        assert!(
            matches!(check(&headers, QUERY, NOW, b""), Err(Refusal::Repeated(_))),
            "{name}"
        );
    }
    let both = format!("{QUERY}&X-Amz-Signature=00");
    assert_eq!(
        check(&signed(), &both, NOW, b""),
        Err(Refusal::TwoMechanisms)
    );
}

#[test]
fn another_service_or_terminator_is_refused() {
    let headers = signed();
    let parts = parts("/", QUERY, &headers);
    let found = presented(&parts).unwrap().unwrap();
    let refusal = verify(
        &found,
        &parts,
        &secret(),
        &Rules::service("iam"),
        NOW,
        Some(b""),
    );
    assert!(matches!(refusal, Err(Refusal::WrongScope { .. })));

    let mut changed = signed();
    let text = changed["authorization"]
        .to_str()
        .unwrap()
        .replace("aws4_request", "aws4_requesx");
    changed.insert("authorization", HeaderValue::from_str(&text).unwrap());
    assert!(matches!(
        check(&changed, QUERY, NOW, b""),
        Err(Refusal::Scope(_))
    ));
}

/// The example of the S3 API Reference, "Authenticating Requests: Using Query Parameters".
#[test]
fn the_presigned_example_of_the_s3_reference_is_made_and_verifies() {
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
    let headers = headers(&[("host", "examplebucket.s3.amazonaws.com")]);
    let now_s = 1_369_353_600;
    let signature = Signature {
        now_s,
        ..signature(&secret, "s3")
    };
    let query = presign(&signature, &parts("/test.txt", "", &headers), None, 86_400).unwrap();
    assert!(
        query.ends_with(
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ),
        "{query}"
    );
    let parts = parts("/test.txt", &query, &headers);
    let found = presented(&parts).unwrap().unwrap();
    let rules = Rules::s3(Some("examplebucket"));
    let verified = verify(&found, &parts, &secret, &rules, now_s + 86_399, None).unwrap();
    assert_eq!(*verified.payload(), Payload::Unsigned);
    assert!(matches!(
        verify(&found, &parts, &secret, &rules, now_s + 86_400, None),
        Err(Refusal::Expired { .. })
    ));
}

#[test]
fn other_authorizations_are_told_apart() {
    let of = |value: &str| presented(&parts("/", "", &headers(&[("authorization", value)])));
    assert!(matches!(of("Bearer abc"), Ok(None)));
    assert!(matches!(of("AWS key:signature"), Err(Refusal::Version2)));
    assert!(matches!(
        of("AWS4-ECDSA-P256-SHA256 Credential=a"),
        Err(Refusal::Asymmetric)
    ));
    assert!(matches!(of("Basic abc"), Err(Refusal::Unsupported)));
}
