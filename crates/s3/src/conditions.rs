//! Conditions on a request: `If-Match` and its family, and `Range`.
//!
//! They are read here and not by the parsing library, because S3 is more forgiving than
//! that: a date or range that makes no sense is ignored, not refused.

use aws::Timestamp;
use http::HeaderMap;

use crate::failure::{
    Answer, Failure, INVALID_RANGE, NOT_IMPLEMENTED, NOT_MODIFIED, PRECONDITION_FAILED,
};

/// An entity tag or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    /// Without quotes.
    Of(Vec<String>),
}

impl Tags {
    fn read(text: &str) -> Tags {
        if text.trim() == "*" {
            return Tags::Any;
        }
        let bare = |tag: &str| {
            let tag = tag.trim();
            tag.strip_prefix("W/")
                .unwrap_or(tag)
                .trim_matches('"')
                .to_owned()
        };
        Tags::Of(text.split(',').map(bare).collect())
    }

    fn matches(&self, etag: &str) -> bool {
        match self {
            Tags::Any => true,
            Tags::Of(tags) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// The conditions of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// The request's own conditions.
    pub(crate) fn read(headers: &HeaderMap) -> Conditions {
        Conditions::named(
            headers,
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
        )
    }

    /// The conditions on the source of a copy.
    pub(crate) fn read_copy_source(headers: &HeaderMap) -> Conditions {
        Conditions::named(
            headers,
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-modified-since",
            "x-amz-copy-source-if-unmodified-since",
        )
    }

    fn named(headers: &HeaderMap, m: &str, n: &str, since: &str, until: &str) -> Conditions {
        // Most requests make no conditions.
        let is_one = |name: &http::HeaderName| [m, n, since, until].contains(&name.as_str());
        if !headers.keys().any(is_one) {
            return Conditions::default();
        }
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let tags = |name: &str| text(name).map(Tags::read);
        let at = |name: &str| text(name).and_then(http_date);
        Conditions {
            if_match: tags(m),
            if_none_match: tags(n),
            if_modified_since: at(since),
            if_unmodified_since: at(until),
        }
    }

    /// Whether a write depends on what is there now.
    pub(crate) fn has_match(&self) -> bool {
        self.if_match.is_some()
    }

    /// May this object be read? Times are compared in whole seconds, as they are shown.
    pub(crate) fn check_read(&self, etag: &str, modified: Timestamp, now: Timestamp) -> Answer<()> {
        let modified = modified.as_second();
        match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !tags.matches(etag) => return Err(precondition("If-Match")),
            (None, Some(at)) if modified > at.as_second() => {
                return Err(precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        // A time that is yet to come says nothing.
        let since = self
            .if_modified_since
            .filter(|at| at.as_second() <= now.as_second());
        match (&self.if_none_match, since) {
            (Some(tags), _) if tags.matches(etag) => {
                Err(NOT_MODIFIED.with("Condition", "If-None-Match"))
            }
            (None, Some(at)) if modified <= at.as_second() => {
                Err(NOT_MODIFIED.with("Condition", "If-Modified-Since"))
            }
            _ => Ok(()),
        }
    }

    /// May this object be copied from? Like reading, but every refusal is the same.
    pub(crate) fn check_copy_source(
        &self,
        etag: &str,
        modified: Timestamp,
        now: Timestamp,
    ) -> Answer<()> {
        self.check_read(etag, modified, now).map_err(|failure| {
            let condition = failure
                .details
                .first()
                .map_or("", |(_, condition)| condition);
            PRECONDITION_FAILED.with("Condition", format!("x-amz-copy-source-{condition}"))
        })
    }

    /// Is what a write asks for something that S3 does?
    pub(crate) fn check_write_form(&self) -> Answer<()> {
        let unknown = |header: &'static str| {
            Err(NOT_IMPLEMENTED.with("Header", header).with(
                "additionalMessage",
                format!("We don't accept the provided value of {header} header for this API"),
            ))
        };
        match (&self.if_match, &self.if_none_match) {
            (Some(_), Some(_)) => Err(NOT_IMPLEMENTED
                .with("Header", "If-Match,If-None-Match")
                .with(
                    "additionalMessage",
                    "Multiple conditional request headers present in the request",
                )),
            (_, Some(Tags::Of(_))) => unknown("If-None-Match"),
            (Some(Tags::Any), _) => unknown("If-Match"),
            _ => Ok(()),
        }
    }

    /// The name of the condition that a write depends on, if it has one.
    pub(crate) fn write_condition(&self) -> Option<&'static str> {
        match (&self.if_match, &self.if_none_match) {
            (Some(_), _) => Some("If-Match"),
            (None, Some(_)) => Some("If-None-Match"),
            (None, None) => None,
        }
    }

    /// May an object with this entity tag (or none) be written over? `missing` is what to
    /// say when something should be there and is not.
    pub(crate) fn check_write(
        &self,
        etag: Option<&str>,
        missing: impl FnOnce() -> Failure,
    ) -> Answer<()> {
        if self.if_none_match.is_some() && etag.is_some() {
            return Err(precondition("If-None-Match"));
        }
        match (&self.if_match, etag) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(missing()),
            (Some(tags), Some(etag)) if tags.matches(etag) => Ok(()),
            (Some(_), Some(_)) => Err(precondition("If-Match")),
        }
    }
}

fn precondition(condition: &'static str) -> Failure {
    PRECONDITION_FAILED.with("Condition", condition)
}

/// A date as HTTP writes it.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let time = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(time.timestamp())
}

/// A range of bytes as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    From(u64, Option<u64>),
    Last(u64),
}

/// `If-Range`: the object of which a reader holds the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfRange {
    /// An entity tag as it came, quotes and all.
    Tag(String),
    Modified(Timestamp),
}

impl IfRange {
    /// Reads the header; what is neither tag nor date fits no object.
    pub(crate) fn read(headers: &HeaderMap) -> Option<IfRange> {
        let value = headers.get(http::header::IF_RANGE)?;
        let text = value.to_str().unwrap_or_default();
        Some(
            http_date(text).map_or_else(|| IfRange::Tag(text.trim().to_owned()), IfRange::Modified),
        )
    }

    /// Whether the reader's beginning is of this very object (RFC 9110 §13.1.5: a weak tag
    /// never is).
    pub(crate) fn is_of(&self, etag: &str, modified: Timestamp) -> bool {
        match self {
            IfRange::Tag(tag) => tag.trim_matches('"') == etag,
            IfRange::Modified(at) => at.as_second() == modified.as_second(),
        }
    }
}

impl Range {
    /// Reads the range in the headers; what is not one range of bytes is ignored.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Range> {
        let value = headers.get(http::header::RANGE)?;
        Range::parse(value.to_str().ok()?)
    }

    /// Reads `bytes=0-9`, `bytes=5-` or `bytes=-3`.
    pub(crate) fn parse(text: &str) -> Option<Range> {
        let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| -> Option<u64> {
            (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse().unwrap_or(u64::MAX))
        };
        if first.is_empty() {
            return Some(Range::Last(number(last)?));
        }
        let first = number(first)?;
        match last {
            "" => Some(Range::From(first, None)),
            _ => match number(last)? {
                last if last < first => None,
                last => Some(Range::From(first, Some(last))),
            },
        }
    }

    /// The first byte and how many, of an object of this size.
    pub(crate) fn of(self, size: u64) -> Answer<(u64, u64)> {
        let outside = || {
            let asked = match self {
                Range::From(first, None) => format!("bytes={first}-"),
                Range::From(first, Some(last)) => format!("bytes={first}-{last}"),
                Range::Last(count) => format!("bytes=-{count}"),
            };
            INVALID_RANGE
                .with("RangeRequested", asked)
                .with("ActualObjectSize", size.to_string())
        };
        match self {
            Range::From(first, _) if first >= size => Err(outside()),
            Range::From(first, last) => {
                let last = last.unwrap_or(u64::MAX).min(size - 1);
                Ok((first, last - first + 1))
            }
            Range::Last(0) => Err(outside()),
            Range::Last(_) if size == 0 => Err(outside()),
            Range::Last(count) => {
                let count = count.min(size);
                Ok((size - count, count))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(pairs: &[(&'static str, &str)]) -> Conditions {
        let headers = pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Conditions::read(&headers)
    }

    #[test]
    fn reads_obey_conditions_as_http_orders_them() {
        let modified: Timestamp = "2024-05-01T10:00:00.5Z".parse().unwrap();
        let earlier = "Wed, 01 May 2024 09:00:00 GMT";
        let same = "Wed, 01 May 2024 10:00:00 GMT";
        for (pairs, status) in [
            (vec![], 200),
            (vec![("if-match", "\"e\"")], 200),
            (vec![("if-match", "e")], 200),
            (vec![("if-match", "\"x\", \"e\"")], 200),
            (vec![("if-match", "\"x\"")], 412),
            (vec![("if-match", "*")], 200),
            (vec![("if-none-match", "\"e\"")], 304),
            (vec![("if-none-match", "\"x\"")], 200),
            (vec![("if-modified-since", earlier)], 200),
            (vec![("if-modified-since", same)], 304),
            (vec![("if-modified-since", "rubbish")], 200),
            (
                vec![("if-modified-since", "Mon, 01 May 2034 10:00:00 GMT")],
                200,
            ),
            (vec![("if-unmodified-since", earlier)], 412),
            (vec![("if-unmodified-since", same)], 200),
            (
                vec![("if-match", "\"e\""), ("if-unmodified-since", earlier)],
                200,
            ),
            (
                vec![("if-none-match", "\"x\""), ("if-modified-since", same)],
                200,
            ),
        ] {
            let got = conditions(&pairs).check_read(
                "e",
                modified,
                "2024-06-01T00:00:00Z".parse().unwrap(),
            );
            assert_eq!(got.map_or_else(|f| f.status, |()| 200), status, "{pairs:?}");
        }
    }

    #[test]
    fn a_range_goes_on_with_the_very_same_object_only() {
        let modified: Timestamp = "2024-05-01T10:00:00.5Z".parse().unwrap();
        for (text, same) in [
            ("\"e\"", true),
            ("\"x\"", false),
            ("W/\"e\"", false),
            ("Wed, 01 May 2024 10:00:00 GMT", true),
            ("Wed, 01 May 2024 09:00:00 GMT", false),
            ("rubbish", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::IF_RANGE, text.parse().unwrap());
            let held = IfRange::read(&headers).unwrap();
            assert_eq!(held.is_of("e", modified), same, "{text}");
        }
    }

    #[test]
    fn writes_obey_conditions() {
        let missing = || crate::failure::NO_SUCH_KEY.into();
        let none = conditions(&[("if-none-match", "*")]);
        assert!(none.check_write(None, missing).is_ok());
        assert_eq!(
            none.check_write(Some("e"), missing).unwrap_err().status,
            412
        );
        let same = conditions(&[("if-match", "\"e\"")]);
        assert!(same.check_write(Some("e"), missing).is_ok());
        assert_eq!(
            same.check_write(Some("f"), missing).unwrap_err().status,
            412
        );
        assert_eq!(same.check_write(None, missing).unwrap_err().status, 404);
        assert_eq!(
            conditions(&[("if-none-match", "\"e\"")])
                .check_write_form()
                .unwrap_err()
                .status,
            501
        );
    }

    #[test]
    fn ranges_are_cut_to_the_object() {
        for (text, size, answer) in [
            ("bytes=0-3", 10, Ok((0, 4))),
            ("bytes=4-", 10, Ok((4, 6))),
            ("bytes=4-99", 10, Ok((4, 6))),
            ("bytes=-3", 10, Ok((7, 3))),
            ("bytes=-30", 10, Ok((0, 10))),
            ("bytes=10-", 10, Err(())),
            ("bytes=-0", 10, Err(())),
            ("bytes=-5", 0, Err(())),
            ("bytes=0-0", 0, Err(())),
            ("bytes=0-99999999999999999999999", 10, Ok((0, 10))),
        ] {
            let range = Range::parse(text).unwrap();
            assert_eq!(range.of(size).map_err(|_| ()), answer, "{text}");
        }
        for text in [
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=",
            "bytes=-",
            "lines=1-2",
            "bytes=a-b",
        ] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
