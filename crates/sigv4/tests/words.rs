//! What callers read, word for word.

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
use sigv4::{Answer, Style};

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

fn answer(call: Call, change: impl FnOnce(&mut Call), style: Style) -> Answer {
    let mut call = call;
    assert!(call.verify().is_ok());
    change(&mut call);
    call.verify().unwrap_err().answer(style)
}

fn query(change: impl FnOnce(&mut Call)) -> (&'static str, u16, String) {
    let answer = answer(sts(), change, Style::Query);
    (answer.code, answer.status, answer.message.into_owned())
}

fn s3(call: Call, change: impl FnOnce(&mut Call)) -> (&'static str, u16, String) {
    let answer = answer(call, change, Style::S3);
    (answer.code, answer.status, answer.message.into_owned())
}

fn is(found: (&'static str, u16, String), code: &str, status: u16, message: &str) {
    assert_eq!(
        (found.0, found.1, found.2.as_str()),
        (code, status, message)
    );
}

#[test]
fn query_services() {
    let set = |value: &'static str| move |call: &mut Call| call.set("authorization", value);
    is(
        query(|call| call.body.clear()),
        "SignatureDoesNotMatch",
        403,
        MISMATCH,
    );
    is(
        query(|call| call.edit("/eu-west-1/sts/", "/EU/iam/")),
        "SignatureDoesNotMatch",
        403,
        "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. ",
    );
    is(
        query(|call| {
            call.edit(
                "/20260102/eu-west-1/sts/aws4_request",
                "/20260101/eu-west-1/sts/x",
            )
        }),
        "SignatureDoesNotMatch",
        403,
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '20260102', from '20260102T030405Z'. ",
    );
    is(
        query(|call| call.set("x-amz-date", "20260102T024904Z")),
        "SignatureDoesNotMatch",
        403,
        "Signature expired: 20260102T024904Z is now earlier than 20260102T024905Z (20260102T030405Z - 15 min.)",
    );
    is(
        query(|call| call.set("x-amz-date", "20260102T031906Z")),
        "SignatureDoesNotMatch",
        403,
        "Signature not yet current: 20260102T031906Z is still later than 20260102T031905Z (20260102T030405Z + 15 min.)",
    );
    is(
        query(|call| call.edit("host;", "")),
        "SignatureDoesNotMatch",
        403,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
    is(
        query(|call| call.set("x-amz-target", "x")),
        "SignatureDoesNotMatch",
        403,
        "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    );
    is(
        query(set("AWS4-HMAC-SHA256 Foo=Bar, Baz=Burp")),
        "IncompleteSignature",
        400,
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256",
    );
    is(
        query(|call| {
            call.set("authorization", "AWS4-HMAC-SHA256 Credential=a");
            call.drop("x-amz-date");
        }),
        "IncompleteSignature",
        400,
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    );
    is(
        query(set(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, SignedHeaders=host, Signature=a",
        )),
        "IncompleteSignature",
        400,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE'",
    );
    is(
        query(|call| call.set("x-amz-date", "2015/08/30T12/36/00Z")),
        "IncompleteSignature",
        400,
        "Date must be in ISO-8601 'basic format'. Got '2015/08/30T12/36/00Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    );
    is(
        query(set("AWS4-HMAC-SHA25 Credential=a")),
        "IncompleteSignature",
        400,
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
    );
    let missing = answer(
        sts_address(),
        |call| call.edit_query("X-Amz-Signature", "x"),
        Style::Query,
    );
    assert_eq!(missing.code, "IncompleteSignature");
    assert_eq!(
        missing.message,
        "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters."
    );
}

#[test]
fn json_services() {
    let wrong = answer(json(), |call| call.body.clear(), Style::Json);
    assert_eq!(
        (wrong.code, wrong.status),
        ("InvalidSignatureException", 400)
    );
    assert_eq!(wrong.message, MISMATCH);
    let half = answer(
        json(),
        |call| call.set("authorization", "AWS4-HMAC-SHA256"),
        Style::Json,
    );
    assert_eq!(
        (half.code, half.status),
        ("IncompleteSignatureException", 400)
    );
}

#[test]
fn s3_by_header() {
    is(
        s3(get(), |call| call.path.push('x')),
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
    is(
        s3(get(), |call| call.edit("/s3/", "/sts/")),
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; incorrect service \"sts\". This endpoint belongs to \"s3\".",
    );
    is(
        s3(get(), |call| call.edit("/20260102/", "/20260101/")),
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; Invalid credential date \"20260101\". This date is not the same as X-Amz-Date: \"20260102\".",
    );
    is(
        s3(get(), |call| call.edit("/aws4_request", "")),
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
    );
    is(
        s3(get(), |call| {
            call.set("authorization", "AWS4-HMAC-SHA256 Credential=a")
        }),
        "AuthorizationHeaderMalformed",
        400,
        "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.",
    );
    is(
        s3(get(), |call| call.set("authorization", "Basic YTpi")),
        "InvalidArgument",
        400,
        "Unsupported Authorization Type",
    );
    is(
        s3(get(), |call| call.set("authorization", "AWS a:b")),
        "InvalidRequest",
        400,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    );
    is(
        s3(get(), |call| call.drop("x-amz-date")),
        "AccessDenied",
        403,
        "AWS authentication requires a valid Date or x-amz-date header",
    );
    is(
        s3(get(), |call| call.drop("x-amz-content-sha256")),
        "InvalidRequest",
        400,
        "Missing required header for this request: x-amz-content-sha256",
    );
    is(
        s3(get(), |call| call.query.push_str("&X-Amz-Algorithm=a")),
        "InvalidArgument",
        400,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
    );
    let skewed = answer(
        get(),
        |call| call.set("x-amz-date", "20260102T020405Z"),
        Style::S3,
    );
    assert_eq!((skewed.code, skewed.status), ("RequestTimeTooSkewed", 403));
    assert_eq!(
        skewed.details,
        [
            ("RequestTime", "20260102T020405Z".to_owned()),
            ("ServerTime", "2026-01-02T03:04:05Z".to_owned()),
            ("MaxAllowedSkewMilliseconds", "900000".to_owned()),
        ]
    );
}

#[test]
fn s3_by_address() {
    let unsigned = answer(
        address(),
        |call| call.set("x-amz-security-token", "t"),
        Style::S3,
    );
    assert_eq!((unsigned.code, unsigned.status), ("AccessDenied", 403));
    assert_eq!(
        unsigned.message,
        "There were headers present in the request which were not signed"
    );
    assert_eq!(
        unsigned.details,
        [("HeadersNotSigned", "x-amz-security-token".to_owned())]
    );
    is(
        s3(address(), |call| call.edit_query("%2Fs3%2F", "%2Fsts%2F")),
        "AuthorizationQueryParametersError",
        400,
        "Error parsing the X-Amz-Credential parameter; incorrect service \"sts\". This endpoint belongs to \"s3\".",
    );
    for (lifetime, message) in [
        (
            "604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
        ("-1", "X-Amz-Expires must be non-negative"),
        ("x", "X-Amz-Expires should be a number"),
    ] {
        is(
            s3(address(), |call| {
                call.edit_query("Expires=600", &format!("Expires={lifetime}"))
            }),
            "AuthorizationQueryParametersError",
            400,
            message,
        );
    }
    is(
        s3(address(), |call| call.edit_query("X-Amz-Expires", "x")),
        "AuthorizationQueryParametersError",
        400,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
    let late = answer(
        address(),
        |call| call.edit_query("Date=20260102T030405Z", "Date=20260102T025405Z"),
        Style::S3,
    );
    assert_eq!((late.code, late.status), ("AccessDenied", 403));
    assert_eq!(late.message, "Request has expired");
    assert_eq!(
        late.details,
        [
            ("X-Amz-Expires", "600".to_owned()),
            ("Expires", "2026-01-02T03:04:05Z".to_owned()),
            ("ServerTime", "2026-01-02T03:04:05Z".to_owned()),
        ]
    );
    is(
        s3(address(), |call| {
            call.edit_query("Date=20260102T030405Z", "Date=20260102T040405Z");
        }),
        "AccessDenied",
        403,
        "Request is not valid yet",
    );
}
