//! Verifies AWS request signatures, and makes them.
//!
//! The way through: [`presented`] finds what a request claims, without believing it;
//! [`verify`] rebuilds what must have been signed and compares; [`Verified`] then says what the
//! body must be, and [`VerifiedBody`] holds a streamed body to it, chunk by chunk.
//!
//! Signature Version 4 in the header, in the query, and over chunks; Signature Version 2 in
//! the query, which old S3 clients still make. Version 4A is refused in words. [`SignedForm`] is
//! what browsers upload by, where a policy is signed and no request.

mod body;
mod canonical;
mod chunks;
mod credential;
mod form;
mod key;
mod mismatch;
mod names;
mod presented;
mod query;
mod refusal;
mod sign;
mod split;
mod stamp;
#[cfg(test)]
mod suite;
mod v2;
mod verify;
mod words;
mod words_s3;

pub use self::body::{BodyFault, VerifiedBody, unchunk};
pub use self::form::SignedForm;
pub use self::key::{SigningKey, SigningSecret};
pub use self::mismatch::explain_mismatch;
pub use self::presented::{Place, Presented, Scope, presented};
pub use self::refusal::{Answer, LifetimeFault, Refusal, ScopeFault, Style};
pub use self::sign::{Signature, presign, sign};
pub use self::verify::{Age, Payload, Rules, Verified, check_scope, verify};

use http::HeaderMap;

use self::names::Wanted;

/// The head of a request, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as it came, still encoded.
    pub path: &'a str,
    /// The query as it came, without its `?`.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The authority of the request line, if it had one (HTTP/2, absolute form).
    pub authority: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The one value of a header; two are a refusal.
    fn header(&self, wanted: &'static Wanted) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.headers.get_all(&wanted.name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Refusal::Repeated(wanted.text.into()));
        }
        value
            .to_str()
            .map(|text| Some(text.trim()))
            .map_err(|_not_ascii| Refusal::Unreadable(wanted.text))
    }

    /// The host that the request is for.
    fn host(&self) -> Result<Option<&'a str>, Refusal> {
        match (self.header(&names::HOST)?, self.authority) {
            (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority) => {
                Err(Refusal::Repeated("host".into()))
            }
            (Some(host), _) => Ok(Some(host)),
            (None, authority) => Ok(authority),
        }
    }
}
