//! Why a signature is refused, and what AWS says of it to whom.

use std::borrow::Cow;

/// Why a request's signature is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something that must stand once stands twice, or in two places that differ.
    #[error("`{0}` is given more than once")]
    Repeated(&'static str),
    /// Something cannot be read.
    #[error("`{0}` cannot be read")]
    Unreadable(&'static str),
    /// Both the header and the query claim to sign.
    #[error("the header and the query both carry a signature")]
    TwoMechanisms,
    /// An `Authorization` of another kind.
    #[error("the authorization is of an unsupported kind")]
    Unsupported,
    /// Signature Version 4A.
    #[error("Signature Version 4A is not supported")]
    Asymmetric,
    /// Signature Version 2 in the header.
    #[error("Signature Version 2 in the header is not supported")]
    Version2,
    /// A part of the signature is missing.
    #[error("`{0}` is missing from the signature")]
    Missing(&'static str),
    /// The credential is not `KEY/DATE/REGION/SERVICE/aws4_request`.
    #[error("the credential scope `{0}` is malformed")]
    Scope(String),
    /// The scope names another service, or no region.
    #[error(
        "the signature is scoped to service `{found}` in region `{region}`, expected `{expected}`"
    )]
    WrongScope {
        /// The service in the scope.
        found: String,
        /// The service that was called.
        expected: String,
        /// The region in the scope.
        region: String,
    },
    /// The scope's date is not the request's.
    #[error("the scope's date {scope} is not the request's date {date}")]
    ScopeDate {
        /// In the scope.
        scope: String,
        /// Of the request.
        date: String,
    },
    /// Signed too long ago.
    #[error("signed at {signed_s}, more than the allowed time before {now_s}")]
    TooOld {
        /// When it was signed, seconds since 1970.
        signed_s: i64,
        /// The server's time.
        now_s: i64,
    },
    /// Signed in the future.
    #[error("signed at {signed_s}, more than the allowed time after {now_s}")]
    TooEarly {
        /// When it was signed, seconds since 1970.
        signed_s: i64,
        /// The server's time.
        now_s: i64,
    },
    /// A presigned address whose time is over.
    #[error("the address expired at {expired_s}, it is {now_s}")]
    Expired {
        /// When it expired, seconds since 1970.
        expired_s: i64,
        /// The server's time.
        now_s: i64,
        /// How long it was good for.
        expires_s: i64,
    },
    /// The lifetime of a presigned address is out of bounds.
    #[error("X-Amz-Expires is out of bounds")]
    Lifetime,
    /// A header that must be signed is not.
    #[error("`{0}` is not signed")]
    NotSigned(String),
    /// The signature does not match.
    #[error("the signature does not match")]
    Mismatch,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    Body,
    /// A chunk, or the trailer, is not the one that was signed.
    #[error("a chunk's signature does not match")]
    Chunk,
    /// The chunks do not follow their form, or end too early.
    #[error("the chunked body is malformed: {0}")]
    Chunks(&'static str),
    /// The body is not as long as was said.
    #[error("the body is not as long as was said")]
    Length,
}

/// Whose words a refusal is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The query services: STS, IAM.
    Query,
    /// The JSON services.
    Json,
    /// S3.
    S3,
}

/// A refusal as the caller reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// AWS's code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// AWS's sentence.
    pub message: Cow<'static, str>,
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const MISMATCH_S3: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const SKEWED: &str = "The difference between the request time and the current time is too large.";

impl Refusal {
    /// What AWS answers.
    pub fn answer(&self, style: Style) -> Answer {
        match style {
            Style::S3 => self.answer_s3(),
            Style::Query | Style::Json => self.answer_service(style),
        }
    }

    fn answer_service(&self, style: Style) -> Answer {
        let json = style == Style::Json;
        let status = if json { 400 } else { 403 };
        let incomplete = if json {
            "IncompleteSignatureException"
        } else {
            "IncompleteSignature"
        };
        let mismatch = if json {
            "InvalidSignatureException"
        } else {
            "SignatureDoesNotMatch"
        };
        let (code, status, message): (_, u16, Cow<'static, str>) = match self {
            Refusal::Repeated(name) => (
                incomplete,
                400,
                format!("'{name}' must be given once.").into(),
            ),
            Refusal::Unreadable(name) => {
                (incomplete, 400, format!("'{name}' cannot be read.").into())
            }
            Refusal::TwoMechanisms => (
                incomplete,
                400,
                "Only one authentication mechanism is allowed.".into(),
            ),
            Refusal::Unsupported | Refusal::Asymmetric | Refusal::Version2 => (
                incomplete,
                400,
                "Unsupported AWS signing algorithm: only AWS4-HMAC-SHA256 is supported.".into(),
            ),
            Refusal::Missing(name) => (
                incomplete,
                400,
                format!("Authorization header requires '{name}' parameter.").into(),
            ),
            Refusal::Scope(scope) => (
                incomplete,
                400,
                format!(
                    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{scope}'"
                )
                .into(),
            ),
            Refusal::WrongScope {
                found,
                expected,
                region,
            } => {
                let mut message = String::new();
                if region.is_empty() {
                    message.push_str("Credential should be scoped to a valid region. ");
                }
                if found != expected {
                    message.push_str(&format!(
                        "Credential should be scoped to correct service: '{expected}'. "
                    ));
                }
                (mismatch, status, message.into())
            }
            Refusal::ScopeDate { scope, date } => (
                mismatch,
                status,
                format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{date}', from '{date}'.").into(),
            ),
            Refusal::TooOld { signed_s, now_s } => (
                mismatch,
                status,
                format!(
                    "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                    basic(*signed_s),
                    basic(now_s - 900),
                    basic(*now_s)
                )
                .into(),
            ),
            Refusal::TooEarly { signed_s, now_s } => (
                mismatch,
                status,
                format!(
                    "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                    basic(*signed_s),
                    basic(now_s + 900),
                    basic(*now_s)
                )
                .into(),
            ),
            Refusal::Expired { .. } => (mismatch, status, "Request has expired.".into()),
            Refusal::NotSigned(name) if name == "host" => (
                mismatch,
                status,
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into(),
            ),
            Refusal::NotSigned(name) => (
                mismatch,
                status,
                format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.").into(),
            ),
            Refusal::Lifetime
            | Refusal::Mismatch
            | Refusal::Body
            | Refusal::Chunk
            | Refusal::Chunks(_)
            | Refusal::Length => (mismatch, status, MISMATCH.into()),
        };
        Answer {
            code,
            status,
            message,
        }
    }

    fn answer_s3(&self) -> Answer {
        let (code, status, message): (_, u16, Cow<'static, str>) = match self {
            Refusal::Repeated(name) => (
                "InvalidArgument",
                400,
                format!("{name} must be given once.").into(),
            ),
            Refusal::Unreadable("query") => (
                "AuthorizationQueryParametersError",
                400,
                "Error parsing the query parameters.".into(),
            ),
            Refusal::Unreadable(name) => (
                "AuthorizationHeaderMalformed",
                400,
                format!("The authorization header is malformed; {name} cannot be read.").into(),
            ),
            Refusal::TwoMechanisms => (
                "InvalidArgument",
                400,
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified".into(),
            ),
            Refusal::Unsupported => (
                "InvalidArgument",
                400,
                "Unsupported Authorization Type".into(),
            ),
            Refusal::Asymmetric => (
                "NotImplemented",
                501,
                "Signature Version 4A is not supported; sign with AWS4-HMAC-SHA256.".into(),
            ),
            Refusal::Version2 => (
                "InvalidRequest",
                400,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.".into(),
            ),
            Refusal::Missing("x-amz-content-sha256") => (
                "InvalidRequest",
                400,
                "Missing required header for this request: x-amz-content-sha256".into(),
            ),
            Refusal::Missing("x-amz-date") => (
                "AccessDenied",
                403,
                "AWS authentication requires a valid Date or x-amz-date header".into(),
            ),
            Refusal::Missing(name) if name.starts_with("X-Amz-") => (
                "AuthorizationQueryParametersError",
                400,
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.".into(),
            ),
            Refusal::Missing(_) | Refusal::Scope(_) => (
                "AuthorizationHeaderMalformed",
                400,
                "The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".".into(),
            ),
            Refusal::WrongScope { found, .. } => (
                "AuthorizationHeaderMalformed",
                400,
                format!("The authorization header is malformed; incorrect service \"{found}\". This endpoint belongs to \"s3\".").into(),
            ),
            Refusal::ScopeDate { .. } => (
                "AuthorizationHeaderMalformed",
                400,
                "The authorization header is malformed; Invalid credential date. Date is not the same as X-Amz-Date.".into(),
            ),
            Refusal::TooOld { .. } | Refusal::TooEarly { .. } => {
                ("RequestTimeTooSkewed", 403, SKEWED.into())
            }
            Refusal::Expired { .. } => ("AccessDenied", 403, "Request has expired".into()),
            Refusal::Lifetime => (
                "AuthorizationQueryParametersError",
                400,
                "X-Amz-Expires must be a number of seconds from 1 to 604800 (seven days)".into(),
            ),
            Refusal::NotSigned(_) => (
                "AccessDenied",
                403,
                "There were headers present in the request which were not signed".into(),
            ),
            Refusal::Mismatch | Refusal::Chunk => {
                ("SignatureDoesNotMatch", 403, MISMATCH_S3.into())
            }
            Refusal::Body => (
                "XAmzContentSHA256Mismatch",
                400,
                "The provided 'x-amz-content-sha256' header does not match what was computed.".into(),
            ),
            Refusal::Chunks(_) | Refusal::Length => (
                "IncompleteBody",
                400,
                "The request body terminated unexpectedly".into(),
            ),
        };
        Answer {
            code,
            status,
            message,
        }
    }
}

/// `20260102T030405Z`.
pub(crate) fn basic(epoch_s: i64) -> String {
    jiff::Timestamp::from_second(epoch_s)
        .unwrap_or_default()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}
