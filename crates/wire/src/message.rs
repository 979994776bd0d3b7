//! HTTP messages as the codecs see them.

use http::Method;
use http::header::{self, AsHeaderName, HeaderMap, HeaderName};

/// A request whose body has arrived whole.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as it came, still percent-encoded.
    pub path: &'a str,
    /// The query string as it came, without the question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Incoming<'a> {
    /// A header's value, if it is there and readable as text. The first one counts.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is declared to be a form.
    #[must_use]
    pub fn is_form(&self) -> bool {
        self.media_type()
            .is_some_and(|media| media.eq_ignore_ascii_case(b"application/x-www-form-urlencoded"))
    }

    /// The content type without its parameters.
    pub(crate) fn media_type(&self) -> Option<&'a [u8]> {
        let value = self.headers.get(header::CONTENT_TYPE)?.as_bytes();
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let media = value.get(..end).unwrap_or_default();
        Some(media.trim_ascii())
    }

    /// The body if it is declared to be a form, else nothing.
    pub(crate) fn form_body(&self) -> &'a [u8] {
        if self.is_form() { self.body } else { &[] }
    }
}

/// The language of one exchange: what the request came in and the answer goes out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A form in, XML out.
    QueryXml,
    /// A form in, JSON out, because the client asked for it.
    QueryJson,
    /// JSON 1.0.
    Json10,
    /// JSON 1.1.
    Json11,
    /// REST with JSON bodies.
    RestJson,
}

/// An answer, ready for HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(HeaderName, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// The value of a header, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
