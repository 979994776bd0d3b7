//! Policy documents: checked when they come, encoded when they go.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use plane::Error;
use policy::{Document, Grammar};

use crate::errors::malformed;

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Parses a document, or answers `MalformedPolicyDocument`.
pub(crate) fn parse(text: &str, grammar: Grammar) -> Result<Document, Error> {
    Document::parse(text, grammar).map_err(malformed)
}

/// A document as IAM shows it: percent-encoded as a whole ("URL-encoded compliant with
/// RFC 3986", IAM API Reference).
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// What a document counts towards a quota: "IAM does not count white space" (IAM User Guide).
pub(crate) fn size(text: &str) -> u64 {
    let counted = text.chars().filter(|letter| !letter.is_whitespace());
    u64::try_from(counted.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_encoded_whole() {
        assert_eq!(
            encoded("{\"a\": \"~-._*+ %\"}"),
            "%7B%22a%22%3A%20%22~-._%2A%2B%20%25%22%7D"
        );
    }

    #[test]
    fn white_space_counts_nothing() {
        assert_eq!(size("{ \"a\" :\t\n\"é\" }\r"), 9);
    }
}
