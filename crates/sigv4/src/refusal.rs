//! Why a signature is refused.

use std::borrow::Cow;

use crate::presented::Place;

/// Why a request's signature is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something that must stand once stands twice, or in two places that differ.
    #[error("`{0}` is given more than once")]
    Repeated(Cow<'static, str>),
    /// Something cannot be read.
    #[error("`{0}` cannot be read")]
    Unreadable(&'static str),
    /// A path with half an escape.
    #[error("the path cannot be decoded")]
    Path,
    /// Both the header and the query claim to sign.
    #[error("the header and the query both carry a signature")]
    TwoMechanisms,
    /// A form that is signed lacks a field.
    #[error("the form has no field `{0}`")]
    MissingField(&'static str),
    /// An algorithm that nobody knows.
    #[error("the algorithm `{found}` is not supported")]
    Algorithm {
        /// Where it stands.
        place: Place,
        /// What it is.
        found: String,
    },
    /// Signature Version 4A.
    #[error("Signature Version 4A is not supported")]
    Asymmetric,
    /// Signature Version 2, in the header or for a service other than S3.
    #[error("Signature Version 2 is supported in S3 addresses only")]
    Version2,
    /// A field of the `Authorization` header without its `=`.
    #[error("`{0}` is no key=value pair")]
    NotAPair(String),
    /// Parts of the signature are missing.
    #[error("the signature lacks {fields:?}")]
    Missing {
        /// Where they would stand.
        place: Place,
        /// Which.
        fields: Vec<&'static str>,
    },
    /// A Signature Version 2 address lacks its signature or its end.
    #[error("the Version 2 signature lacks a part")]
    MissingVersion2,
    /// A header that the signature needs is missing.
    #[error("the header `{0}` is missing")]
    MissingHeader(&'static str),
    /// The moment of signing is not written as it must be.
    #[error("`{found}` is no moment")]
    Date {
        /// Where it stands.
        place: Place,
        /// What it is.
        found: String,
    },
    /// The credential is not `KEY/DATE/REGION/SERVICE/TERMINATOR`.
    #[error("the credential `{found}` is malformed")]
    Credential {
        /// Where it stands.
        place: Place,
        /// What it is.
        found: String,
    },
    /// The signed headers are not written as they must be.
    #[error("the list of signed headers `{found}` is malformed")]
    SignedHeaders {
        /// Where it stands.
        place: Place,
        /// What it is.
        found: String,
    },
    /// The scope does not fit the request.
    #[error("the scope does not fit: {0:?}")]
    Scope(Box<ScopeFault>),
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
        /// Where the signature stands.
        place: Place,
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
        /// How long it was good for; Version 2 does not say.
        lifetime_s: Option<i64>,
    },
    /// `X-Amz-Expires` is missing or out of bounds.
    #[error("X-Amz-Expires: {0:?}")]
    Lifetime(LifetimeFault),
    /// The end of a Version 2 address is no second since 1970.
    #[error("`{0}` is no second since 1970")]
    ExpiresVersion2(String),
    /// A parameter that a Version 2 signature does not bind but that may change the call.
    #[error("Version 2 does not bind the parameter `{0}`")]
    Unbound(String),
    /// A parameter or header of which Version 2 signs a text that others would have as well.
    #[error("Version 2 signs `{0}` in a way that has several meanings")]
    Ambiguous(String),
    /// Headers that must be signed are not.
    #[error("not signed: {0:?}")]
    NotSigned(Vec<String>),
    /// The signature does not match.
    #[error("the signature does not match")]
    Mismatch,
    /// The word for the body is none that is known.
    #[error("`{0}` says nothing of the body")]
    PayloadWord(String),
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    Body {
        /// Its hash as signed.
        signed: String,
        /// The hash of what came.
        found: String,
    },
    /// A chunk, or the trailer, is not the one that was signed.
    #[error("a chunk's signature does not match")]
    Chunk,
    /// The chunks do not follow their form, or end too early.
    #[error("the chunked body is malformed: {0}")]
    Chunks(&'static str),
    /// The trailer does not follow its form, or is not the one that was announced.
    #[error("the trailer is malformed: {0}")]
    Trailer(&'static str),
    /// The body is not as long as was said.
    #[error("the body is not as long as was said")]
    Length,
}

/// In what a scope does not fit; at least one is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeFault {
    /// Where the signature stands.
    pub place: Place,
    /// A region that cannot be one.
    pub region: Option<String>,
    /// The service in the scope, and the one that was called.
    pub service: Option<(String, String)>,
    /// Not `aws4_request`.
    pub terminator: Option<String>,
    /// The scope's date, and the moment of signing.
    pub date: Option<(String, String)>,
}

/// What is wrong with `X-Amz-Expires`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifetimeFault {
    /// It is not there.
    Missing,
    /// It is no number.
    NotANumber,
    /// It is less than a second.
    TooShort,
    /// It is more than seven days.
    TooLong,
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
    /// Further elements of S3's error documents, in their order.
    pub details: Vec<(&'static str, String)>,
}

impl Refusal {
    /// What AWS answers.
    pub fn answer(&self, style: Style) -> Answer {
        match style {
            Style::S3 => crate::words_s3::answer(self),
            Style::Query | Style::Json => crate::words::answer(self, style),
        }
    }
}
