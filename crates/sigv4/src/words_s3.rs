//! What S3 says of a refused signature.

use std::borrow::Cow;

use crate::presented::{ALGORITHM, Place};
use crate::refusal::{Answer, LifetimeFault, Refusal, ScopeFault};
use crate::stamp::{basic, extended};
use crate::verify::{PRESIGNED_S_MAX, SKEW_S_MAX};

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const SKEWED: &str = "The difference between the request time and the current time is too large.";
const HEADER: &str = "AuthorizationHeaderMalformed";
const QUERY: &str = "AuthorizationQueryParametersError";
const FORM: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
const PAYLOAD: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";

/// Code, status, sentence.
type Words = (&'static str, u16, Cow<'static, str>);

pub(crate) fn answer(refusal: &Refusal) -> Answer {
    let (code, status, message) = match refusal {
        Refusal::Expired { .. }
        | Refusal::TooOld { .. }
        | Refusal::TooEarly { .. }
        | Refusal::Lifetime(_)
        | Refusal::ExpiresVersion2(_)
        | Refusal::Date { .. } => time(refusal),
        Refusal::PayloadWord(_)
        | Refusal::Body { .. }
        | Refusal::Chunk
        | Refusal::Chunks(_)
        | Refusal::Trailer(_)
        | Refusal::Length => body(refusal),
        _ => head(refusal),
    };
    Answer {
        code,
        status,
        message,
        details: details(refusal),
    }
}

/// The malformed header, or the malformed parameter of this name.
fn malformed(place: Place, parameter: &str, what: &str) -> Words {
    match place {
        Place::Header => (
            HEADER,
            400,
            format!("The authorization header is malformed; {what}").into(),
        ),
        Place::Query => (
            QUERY,
            400,
            format!("Error parsing the {parameter} parameter; {what}").into(),
        ),
    }
}

fn head(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::Repeated(name) => (
            "InvalidArgument",
            400,
            format!("{name} must be given once.").into(),
        ),
        Refusal::Unreadable("query") | Refusal::Path => {
            ("InvalidURI", 400, "Couldn't parse the specified URI.".into())
        }
        Refusal::Unreadable(name) => (
            HEADER,
            400,
            format!("The authorization header is malformed; {name} cannot be read.").into(),
        ),
        Refusal::MissingField(name) => (
            "InvalidArgument",
            400,
            format!("Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.").into(),
        ),
        Refusal::TwoMechanisms => (
            "InvalidArgument",
            400,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified".into(),
        ),
        Refusal::Algorithm {
            place: Place::Header,
            ..
        } => ("InvalidArgument", 400, "Unsupported Authorization Type".into()),
        Refusal::Algorithm {
            place: Place::Query,
            ..
        } => (
            QUERY,
            400,
            format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"").into(),
        ),
        Refusal::Asymmetric => (
            "NotImplemented",
            501,
            format!("Signature Version 4A is not supported; sign with {ALGORITHM}.").into(),
        ),
        Refusal::Version2 => (
            "InvalidRequest",
            400,
            format!("The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.").into(),
        ),
        Refusal::NotAPair(field) => (
            HEADER,
            400,
            format!("The authorization header is malformed; the authorization component \"{field}\" is malformed.").into(),
        ),
        Refusal::Missing {
            place: Place::Header,
            fields,
        } if fields.as_slice() == ["X-Amz-Date"] => (
            "AccessDenied",
            403,
            "AWS authentication requires a valid Date or x-amz-date header".into(),
        ),
        Refusal::Missing {
            place: Place::Header,
            ..
        } => (
            HEADER,
            400,
            "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.".into(),
        ),
        Refusal::Missing {
            place: Place::Query,
            ..
        } => missing_in_query(),
        Refusal::MissingVersion2 => (
            "AccessDenied",
            403,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters".into(),
        ),
        Refusal::MissingHeader(name @ "x-amz-decoded-content-length") => (
            "MissingContentLength",
            411,
            format!("You must provide the {name} HTTP header.").into(),
        ),
        Refusal::MissingHeader(name) => (
            "InvalidRequest",
            400,
            format!("Missing required header for this request: {name}").into(),
        ),
        Refusal::Credential { place, .. } => malformed(*place, "X-Amz-Credential", FORM),
        Refusal::SignedHeaders { place, .. } => malformed(
            *place,
            "X-Amz-SignedHeaders",
            "the names must be in lower case, sorted, each once.",
        ),
        Refusal::Scope(fault) => scope(fault),
        Refusal::Unbound(name) => (
            "InvalidRequest",
            400,
            format!("Signature Version 2 does not cover the parameter {name}. Please use {ALGORITHM}.").into(),
        ),
        Refusal::NotSigned(_) => (
            "AccessDenied",
            403,
            "There were headers present in the request which were not signed".into(),
        ),
        _ => ("SignatureDoesNotMatch", 403, MISMATCH.into()),
    }
}

fn missing_in_query() -> Words {
    (
        QUERY,
        400,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.".into(),
    )
}

/// S3 names the first fault only.
fn scope(fault: &ScopeFault) -> Words {
    let what = if let Some(region) = &fault.region {
        format!("the region '{region}' is wrong")
    } else if let Some((found, expected)) = &fault.service {
        format!("incorrect service \"{found}\". This endpoint belongs to \"{expected}\".")
    } else if let Some(found) = &fault.terminator {
        format!("incorrect terminal \"{found}\". This endpoint uses \"aws4_request\".")
    } else if let Some((found, signed)) = &fault.date {
        let day = signed.get(..8).unwrap_or(signed);
        format!(
            "Invalid credential date \"{found}\". This date is not the same as X-Amz-Date: \"{day}\"."
        )
    } else {
        FORM.to_owned()
    };
    malformed(fault.place, "X-Amz-Credential", &what)
}

fn time(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::Expired { .. } => ("AccessDenied", 403, "Request has expired".into()),
        Refusal::TooEarly {
            place: Place::Query,
            ..
        } => ("AccessDenied", 403, "Request is not valid yet".into()),
        Refusal::Lifetime(LifetimeFault::Missing) => missing_in_query(),
        Refusal::Lifetime(LifetimeFault::NotANumber) => {
            (QUERY, 400, "X-Amz-Expires should be a number".into())
        }
        Refusal::Lifetime(LifetimeFault::TooShort) => {
            (QUERY, 400, "X-Amz-Expires must be non-negative".into())
        }
        Refusal::Lifetime(LifetimeFault::TooLong) => (
            QUERY,
            400,
            format!("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than {PRESIGNED_S_MAX} seconds").into(),
        ),
        Refusal::ExpiresVersion2(found) => (
            "AccessDenied",
            403,
            format!("Invalid date (should be seconds since epoch): {found}").into(),
        ),
        Refusal::Date {
            place: Place::Header,
            ..
        } => (
            "AccessDenied",
            403,
            "AWS authentication requires a valid Date or x-amz-date header".into(),
        ),
        Refusal::Date {
            place: Place::Query,
            ..
        } => (
            QUERY,
            400,
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".into(),
        ),
        _ => ("RequestTimeTooSkewed", 403, SKEWED.into()),
    }
}

fn body(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::PayloadWord(_) => ("InvalidArgument", 400, PAYLOAD.into()),
        Refusal::Body { .. } => (
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.".into(),
        ),
        Refusal::Chunk => ("SignatureDoesNotMatch", 403, MISMATCH.into()),
        Refusal::Trailer(_) => (
            "MalformedTrailerError",
            400,
            "The request contained trailing data that was not well-formed or did not conform to our published schema.".into(),
        ),
        _ => (
            "IncompleteBody",
            400,
            "The request body terminated unexpectedly".into(),
        ),
    }
}

fn details(refusal: &Refusal) -> Vec<(&'static str, String)> {
    match refusal {
        Refusal::NotSigned(names) => vec![("HeadersNotSigned", names.join(", "))],
        Refusal::Expired {
            expired_s,
            now_s,
            lifetime_s,
        } => {
            let mut details = Vec::new();
            if let Some(lifetime_s) = lifetime_s {
                details.push(("X-Amz-Expires", lifetime_s.to_string()));
            }
            details.push(("Expires", extended(*expired_s)));
            details.push(("ServerTime", extended(*now_s)));
            details
        }
        Refusal::TooEarly {
            place: Place::Query,
            signed_s,
            now_s,
        } => vec![
            ("X-Amz-Date", basic(*signed_s)),
            ("ServerTime", extended(*now_s)),
        ],
        Refusal::TooOld { signed_s, now_s }
        | Refusal::TooEarly {
            signed_s, now_s, ..
        } => vec![
            ("RequestTime", basic(*signed_s)),
            ("ServerTime", extended(*now_s)),
            (
                "MaxAllowedSkewMilliseconds",
                (SKEW_S_MAX * 1000).to_string(),
            ),
        ],
        Refusal::Body { signed, found } => vec![
            ("ClientComputedContentSHA256", signed.clone()),
            ("S3ComputedContentSHA256", found.clone()),
        ],
        Refusal::MissingField(name) => vec![
            ("ArgumentName", (*name).to_owned()),
            ("ArgumentValue", String::new()),
        ],
        Refusal::PayloadWord(found) => vec![
            ("ArgumentName", "x-amz-content-sha256".to_owned()),
            ("ArgumentValue", found.clone()),
        ],
        _ => Vec::new(),
    }
}
