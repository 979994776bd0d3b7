//! Long answers in pages: `MaxItems`, `Marker`, `IsTruncated`.
//!
//! A marker is opaque to clients. One that this service has not given out is refused; one
//! that was tampered with into another good one only begins the page elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plane::Error;
use store::{Read as _, Record, Span, StoreError, Transaction};

/// How many items a page has, unless asked otherwise (IAM API Reference, `MaxItems`).
const ITEMS_DEFAULT: usize = 100;

/// How many records are looked through at a time for those that are wanted.
const SCAN: usize = 100;

/// Which page was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging<'a> {
    marker: Option<&'a str>,
    most: usize,
}

/// One page, and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Present if there is more.
    pub(crate) marker: Option<String>,
}

impl<T> Page<T> {
    /// Whether there is more.
    pub(crate) fn is_truncated(&self) -> bool {
        self.marker.is_some()
    }

    /// The same page of other things.
    pub(crate) fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(other).collect(),
            marker: self.marker,
        }
    }
}

impl<'a> Paging<'a> {
    /// The page that the request asks for.
    pub(crate) fn new(marker: Option<&'a str>, max_items: Option<i32>) -> Paging<'a> {
        let most = max_items.and_then(|items| usize::try_from(items).ok());
        Paging {
            marker,
            most: most.unwrap_or(ITEMS_DEFAULT).max(1),
        }
    }

    /// A page of a short list that is in memory already.
    pub(crate) fn of<T>(self, items: Vec<T>) -> Result<Page<T>, Error> {
        let skipped = match self.marker {
            Some(marker) => position(marker).ok_or_else(bad_marker)?,
            None => 0,
        };
        let end = skipped.saturating_add(self.most);
        let more = items.len() > end;
        Ok(Page {
            items: items.into_iter().skip(skipped).take(self.most).collect(),
            marker: more.then(|| URL_SAFE_NO_PAD.encode(format!("after:{end}"))),
        })
    }

    /// How many items the page has at most.
    pub(crate) fn most(self) -> usize {
        self.most
    }

    /// A page of the records of a range that are wanted.
    pub(crate) fn stored<'s, R: Record>(
        self,
        tx: &Transaction,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        wanted: impl Fn(&R) -> bool,
    ) -> Result<Page<R>, Error> {
        let take = |record| Ok(Some(record).filter(|record| wanted(record)));
        self.picked(tx, scope, index, span, take)
    }

    /// A page of what is made of the records of a range that are wanted, where it takes more
    /// reading to tell.
    pub(crate) fn picked<'s, R: Record, T>(
        self,
        tx: &Transaction,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        pick: impl Fn(R) -> Result<Option<T>, Error>,
    ) -> Result<Page<T>, Error> {
        let span = span.into();
        let mut items = Vec::new();
        let mut after = self.marker.map(str::to_owned);
        loop {
            // Never more than still fit, for the cursor must stand right after the last one.
            let limit = self.most.saturating_sub(items.len()).min(SCAN);
            let page = tx
                .page::<R>(scope, index, span, after.as_deref(), limit)
                .map_err(cursor)?;
            for record in page.records {
                items.extend(pick(record)?);
            }
            after = page.next;
            if after.is_none() || items.len() >= self.most {
                break;
            }
        }
        let marker = match after {
            Some(after) if any_after(tx, scope, index, span, &after, &pick)? => Some(after),
            _ => None,
        };
        Ok(Page { items, marker })
    }
}

/// Whether anything that is wanted comes after this place: a page that is full and has no
/// next one must not say that it is truncated.
fn any_after<R: Record, T>(
    tx: &Transaction,
    scope: &str,
    index: &str,
    span: Span<'_>,
    after: &str,
    pick: &impl Fn(R) -> Result<Option<T>, Error>,
) -> Result<bool, Error> {
    let mut after = Some(after.to_owned());
    while after.is_some() {
        let page = tx
            .page::<R>(scope, index, span, after.as_deref(), SCAN)
            .map_err(cursor)?;
        for record in page.records {
            if pick(record)?.is_some() {
                return Ok(true);
            }
        }
        after = page.next;
    }
    Ok(false)
}

fn position(marker: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}

fn cursor(error: StoreError) -> Error {
    match error {
        StoreError::Cursor => bad_marker(),
        other => other.into(),
    }
}

/// The marker is none of ours.
pub(crate) fn bad_marker() -> Error {
    Error::validation("Invalid Marker.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_paged_to_its_end() {
        let mut marker: Option<String> = None;
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let paging = Paging::new(marker.as_deref(), Some(2));
            let page = paging.of((0..5).collect()).unwrap();
            assert_eq!(page.is_truncated(), page.marker.is_some());
            seen.extend(page.items);
            pages += 1;
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), (vec![0, 1, 2, 3, 4], 3));
    }

    #[test]
    fn a_full_last_page_is_not_truncated() {
        let page = Paging::new(None, Some(5)).of((0..5).collect()).unwrap();
        assert!(!page.is_truncated());
    }

    #[test]
    fn a_marker_that_was_not_given_out_is_refused() {
        for marker in [
            "",
            "x",
            "YWZ0ZXI6LTE",
            "☃",
            "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
        ] {
            let refusal = Paging::new(Some(marker), None).of(vec![1]).unwrap_err();
            assert_eq!(refusal.code(), "ValidationError", "{marker}");
        }
    }
}
