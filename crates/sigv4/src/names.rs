//! Names of headers: those that are looked for, and those that a signature lists.

use http::HeaderName;
use smallvec::SmallVec;

use crate::split::split;

/// A header that is looked for in every request.
pub(crate) struct Wanted {
    pub(crate) text: &'static str,
    pub(crate) name: HeaderName,
}

impl Wanted {
    const fn new(text: &'static str) -> Wanted {
        Wanted {
            text,
            name: HeaderName::from_static(text),
        }
    }
}

pub(crate) static AUTHORIZATION: Wanted = Wanted::new("authorization");
pub(crate) static DATE: Wanted = Wanted::new("date");
pub(crate) static HOST: Wanted = Wanted::new("host");
pub(crate) static CONTENT_MD5: Wanted = Wanted::new("content-md5");
pub(crate) static CONTENT_TYPE: Wanted = Wanted::new("content-type");
pub(crate) static AMZ_DATE: Wanted = Wanted::new("x-amz-date");
pub(crate) static CONTENT_SHA256: Wanted = Wanted::new("x-amz-content-sha256");
/// The length of a body taken out of its chunks.
pub(crate) static DECODED_LENGTH: Wanted = Wanted::new("x-amz-decoded-content-length");
pub(crate) static SECURITY_TOKEN: Wanted = Wanted::new("x-amz-security-token");
pub(crate) static TRAILER: Wanted = Wanted::new("x-amz-trailer");

/// The list of signed headers: lower-case, sorted and each once, so that there is one way to
/// write what was signed. In one piece.
#[derive(Debug, Clone)]
pub(crate) struct SignedHeaders {
    text: String,
    /// Where each name ends.
    ends: SmallVec<[usize; 16]>,
}

impl SignedHeaders {
    /// Reads names with semicolons between them.
    pub(crate) fn read(text: &str) -> Option<SignedHeaders> {
        // Looked at without a way out in the middle, which is a few instructions.
        let are_names = text.bytes().fold(true, |all, byte| {
            all & byte.is_ascii_graphic() & !byte.is_ascii_uppercase()
        });
        if !are_names {
            return None;
        }
        let mut ends = SmallVec::new();
        let mut end = 0;
        let mut before = "";
        for name in split(text, b';') {
            // The first is after nothing: an empty one is after none.
            if before >= name {
                return None;
            }
            before = name;
            end += name.len();
            ends.push(end);
            end += 1;
        }
        Some(SignedHeaders {
            text: text.to_owned(),
            ends,
        })
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The names, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end + 1));
        let names = starts.zip(&self.ends);
        names.map(|(start, end)| self.text.get(start..*end).unwrap_or_default())
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.iter().any(|signed| signed == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_signed_headers_is_written_one_way() {
        let list = SignedHeaders::read("content-type;host;x-amz-date").unwrap();
        let names: Vec<_> = list.iter().collect();
        assert_eq!(names, ["content-type", "host", "x-amz-date"]);
        assert!(list.contains("host"));
        for other in ["", "hos", "host;", "host;x-amz-date", "x-amz-dat"] {
            assert!(!list.contains(other), "{other}");
        }
        for text in [
            "",
            ";",
            "host;",
            ";host",
            "Host",
            "host;host",
            "b;a",
            "a b",
            "h\u{f6}st",
            "a;;b",
        ] {
            assert!(SignedHeaders::read(text).is_none(), "{text}");
        }
    }
}
