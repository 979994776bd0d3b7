//! Reading: what a transaction and a plain reader can both do.

use std::cell::OnceCell;

use crate::engine::{Entry, Range, Span, View};
use crate::record::decode;
use crate::{Record, Store, StoreError, cursor};

/// How many records [`Read::all`] takes at a time.
const ALL_PAGE_RECORDS: usize = 500;

/// Sorts after the ids of one value. An id that sorts after this costs one look more.
const BEYOND_IDS: &str = "\u{10ffff}";

/// Some records in order, and where the next ones begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R> {
    /// The records. One with several values in the range comes once for each.
    pub records: Vec<R>,
    /// To be given as `after` for the next page; nothing if this was the last.
    /// URL-safe text; as long as a third more than the lookup's value and the id.
    pub next: Option<String>,
}

/// Reading records; all of it from one and the same moment.
///
/// Where a `span` is asked for, `"text"` means every value that begins with it, and
/// [`Exactly("text")`](crate::Exactly) that value alone.
pub trait Read {
    /// The record with this id.
    fn get<R: Record>(&self, scope: &str, id: &str) -> Result<Option<R>, StoreError>;

    /// The record with this value of a unique lookup.
    fn find<R: Record>(
        &self,
        scope: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<R>, StoreError>;

    /// Up to `limit` records (at least one) of a range, by value and then id, after the
    /// place that an earlier page's `next` names.
    fn page<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<R>, StoreError>;

    /// How many entries a range has.
    fn count<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<u64, StoreError>;

    /// The different values of a range, in order; one look into the index for each. For
    /// ranges whose number of values something else bounds.
    fn values<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<Vec<String>, StoreError>;

    /// Every record of a range. For ranges whose size something else bounds.
    fn all<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<Vec<R>, StoreError> {
        let span = span.into();
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(scope, index, span, after.as_deref(), ALL_PAGE_RECORDS)?;
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                return Ok(records);
            }
        }
    }
}

/// Reads one moment of the store: that of its first read. Keep it short; what it still
/// sees cannot be tidied away.
pub struct Reader<'a> {
    store: &'a Store,
    view: OnceCell<Box<dyn View>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a Store) -> Reader<'a> {
        Reader {
            store,
            view: OnceCell::new(),
        }
    }

    /// How many commits have changed the scope, as of the moment that is read.
    pub fn counter(&self, scope: &str) -> Result<u64, StoreError> {
        self.view()?.counter(scope)
    }

    fn view(&self) -> Result<&dyn View, StoreError> {
        seen(&self.view, || self.store.engine().view())
    }
}

/// The view in the cell, opened at first use.
pub(crate) fn seen(
    cell: &OnceCell<Box<dyn View>>,
    open: impl FnOnce() -> Result<Box<dyn View>, StoreError>,
) -> Result<&dyn View, StoreError> {
    if let Some(view) = cell.get() {
        return Ok(view.as_ref());
    }
    let view = open()?;
    Ok(cell.get_or_init(|| view).as_ref())
}

/// An index names a record that is not there.
pub(crate) fn dangling(kind: &str, index: &str, id: &str) -> StoreError {
    StoreError::Damaged(format!(
        "`{index}` leads to a `{kind}` with id `{id}`, which is not there"
    ))
}

impl Read for Reader<'_> {
    fn get<R: Record>(&self, scope: &str, id: &str) -> Result<Option<R>, StoreError> {
        let row = self.view()?.record(scope, R::KIND, id)?;
        row.map(|row| decode(id, row.format, &row.bytes))
            .transpose()
    }

    fn find<R: Record>(
        &self,
        scope: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<R>, StoreError> {
        let found = self.view()?.find(scope, R::KIND, index, value)?;
        found
            .map(|(id, row)| decode(&id, row.format, &row.bytes))
            .transpose()
    }

    fn page<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<R>, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        let after = after.map(cursor::parse).transpose()?;
        let limit = limit.max(1);

        let mut entries = self
            .view()?
            .entries(&range, after.as_ref(), limit.saturating_add(1))?;
        let more = entries.len() > limit;
        entries.truncate(limit);

        let mut records = Vec::with_capacity(entries.len());
        for entry in &entries {
            let record = self.get(scope, &entry.id)?;
            records.push(record.ok_or_else(|| dangling(R::KIND, index, &entry.id))?);
        }
        let next = entries.last().filter(|_| more).map(cursor::print);
        Ok(Page { records, next })
    }

    fn count<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<u64, StoreError> {
        self.view()?
            .count(&Range::new(scope, R::KIND, index, span.into()))
    }

    fn values<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<Vec<String>, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        let view = self.view()?;
        different_values(|after| view.entries(&range, after.as_ref(), 1))
    }
}

/// The different values of what `entries` leads through. It answers what comes after an
/// entry; the first of it is enough.
pub(crate) fn different_values(
    entries: impl Fn(Option<Entry>) -> Result<Vec<Entry>, StoreError>,
) -> Result<Vec<String>, StoreError> {
    let mut values: Vec<String> = Vec::new();
    let mut after = None;
    while let Some(entry) = entries(after)?.into_iter().next() {
        after = Some(if values.last() == Some(&entry.value) {
            entry
        } else {
            values.push(entry.value.clone());
            Entry {
                id: BEYOND_IDS.to_owned(),
                ..entry
            }
        });
    }
    Ok(values)
}
