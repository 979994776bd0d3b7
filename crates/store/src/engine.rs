//! What an engine must do, and the plain words in which it is asked.
//!
//! An engine keeps four tables: records `(scope, kind, id) -> version, format, bytes`,
//! lookups `(scope, kind, index, value) -> id`, a counter per scope, and notes about
//! itself. It knows nothing about what the bytes mean. Text is ordered by its UTF-8
//! bytes, whatever the database's own idea of language is.

use std::fmt;
use std::sync::Arc;

pub use crate::record::Body;
use crate::{Lookup, Stamps, StoreError};

/// A database that can carry the store.
pub trait Engine: Send + Sync + 'static {
    /// A view of one moment, not before this call.
    fn view(&self) -> Result<Box<dyn View>, StoreError>;

    /// Compares everything that `commit` depends on with what is there; if all of it still
    /// holds, writes all of its writes, durably, and bumps the [`Stamps`] of what it wrote
    /// once it is visible. Returns only then. A unique value that another record holds is
    /// a conflict too. On an error nothing was written.
    fn commit(&self, commit: Commit) -> Result<Outcome, StoreError>;

    /// The change marks that [`Engine::commit`] and [`Engine::restore`] bump.
    fn stamps(&self) -> &Stamps;

    /// A copy of all records and lookups.
    fn snapshot(&self) -> Result<Snapshot, StoreError>;

    /// Puts all records and lookups back to the copy, raises every counter and bumps every
    /// stamp. Versions given out after it are still new.
    fn restore(&self, snapshot: &Snapshot) -> Result<(), StoreError>;
}

/// The store as it was at one moment.
pub trait View: Send {
    /// One record.
    fn record(&self, scope: &str, kind: &str, id: &str) -> Result<Option<Row>, StoreError>;

    /// A record's version and the lookups stored with it.
    fn lookups(
        &self,
        scope: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<(u64, Vec<Lookup>)>, StoreError>;

    /// The record that a unique lookup's value leads to, with its id.
    fn find(
        &self,
        scope: &str,
        kind: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<(String, Row)>, StoreError>;

    /// The id that a unique lookup's value leads to.
    fn lookup(
        &self,
        scope: &str,
        kind: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<String>, StoreError>;

    /// The first `limit` entries of a range, after the one named, by value and then id.
    fn entries(
        &self,
        range: &Range,
        after: Option<&Entry>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// How many entries a range has.
    fn count(&self, range: &Range) -> Result<u64, StoreError>;

    /// How many commits have changed the scope; 0 for one never heard of.
    fn counter(&self, scope: &str) -> Result<u64, StoreError>;
}

/// A stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Changes with every write, and is never used twice for one id.
    pub version: u64,
    /// The version of the record's shape.
    pub format: u8,
    /// The record as JSON.
    pub bytes: Vec<u8>,
}

/// Part of an index: the values that begin with some text, or one value alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<'a> {
    /// Values that begin with this; all of them if it is empty.
    Prefix(&'a str),
    /// This value and no other.
    Exactly(&'a str),
}

/// Says that one value is meant, and not all that begin with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exactly<'a>(pub &'a str);

impl<'a> From<&'a str> for Span<'a> {
    fn from(prefix: &'a str) -> Span<'a> {
        Span::Prefix(prefix)
    }
}

impl<'a> From<&'a String> for Span<'a> {
    fn from(prefix: &'a String) -> Span<'a> {
        Span::Prefix(prefix)
    }
}

impl<'a> From<Exactly<'a>> for Span<'a> {
    fn from(value: Exactly<'a>) -> Span<'a> {
        Span::Exactly(value.0)
    }
}

/// A [`Span`] of one index of one kind in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The scope.
    pub scope: String,
    /// The kind.
    pub kind: &'static str,
    /// The index.
    pub index: String,
    text: String,
    exactly: bool,
}

impl Range {
    /// The part `span` of `index`.
    pub fn new(scope: &str, kind: &'static str, index: &str, span: Span<'_>) -> Range {
        let (text, exactly) = match span {
            Span::Prefix(text) => (text, false),
            Span::Exactly(text) => (text, true),
        };
        Range {
            scope: scope.to_owned(),
            kind,
            index: index.to_owned(),
            text: text.to_owned(),
            exactly,
        }
    }

    /// The least value in the range.
    pub fn first(&self) -> &str {
        &self.text
    }

    /// The least bytes beyond the range. UTF-8 has no byte 0xFF, so a prefix and 0xFF
    /// follow everything that begins with the prefix; a value and 0x00 come next after
    /// the value itself.
    pub fn beyond(&self) -> Vec<u8> {
        let mut bytes = self.text.as_bytes().to_vec();
        bytes.push(if self.exactly { 0x00 } else { 0xFF });
        bytes
    }

    /// Whether a record with this lookup is in the range.
    pub fn holds(&self, lookup: &Lookup) -> bool {
        lookup.index() == self.index
            && if self.exactly {
                lookup.value() == self.text
            } else {
                lookup.value().starts_with(&self.text)
            }
    }
}

/// One record's place in a range. Ordered as the range is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The lookup's value.
    pub value: String,
    /// The record's id.
    pub id: String,
}

/// Something that a transaction has read, and that must still be so when it commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// The record has this version, or is absent.
    Record {
        /// The scope.
        scope: String,
        /// The kind.
        kind: &'static str,
        /// The id.
        id: String,
        /// The version read.
        version: Option<u64>,
    },
    /// The unique lookup leads to this record, or to none.
    Lookup {
        /// The scope.
        scope: String,
        /// The kind.
        kind: &'static str,
        /// The index.
        index: String,
        /// The value.
        value: String,
        /// The id it led to.
        id: Option<String>,
    },
    /// The same question about a range has the same answer.
    Entries {
        /// The range.
        range: Range,
        /// After which entry.
        after: Option<Entry>,
        /// How many were asked for.
        limit: usize,
        /// The answer.
        seen: Vec<Entry>,
    },
    /// The range has as many entries.
    Count {
        /// The range.
        range: Range,
        /// The answer.
        seen: u64,
    },
    /// With this commit's writes the range has no more entries than this.
    AtMost {
        /// The range.
        range: Range,
        /// The most it may have.
        most: u64,
    },
}

/// One record to be put or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The scope.
    pub scope: String,
    /// The kind.
    pub kind: &'static str,
    /// The id.
    pub id: String,
    /// Whether the scope's counter stays as it is.
    pub quiet: bool,
    /// What to write; nothing means delete.
    pub body: Option<Body>,
}

/// What a transaction asks of an engine.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// How often this transaction has already lost; the most often beaten goes first.
    pub attempt: u32,
    /// What must still be so.
    pub depends: Vec<Dependency>,
    /// What shall be; one write a record at most.
    pub writes: Vec<Write>,
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written, durable, visible.
    Committed,
    /// Something it depends on has changed; nothing was written.
    Conflict,
}

/// All records and lookups as of one moment, held in memory.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<SnapshotRows>);

/// The rows of a [`Snapshot`].
#[derive(Debug, Default)]
pub struct SnapshotRows {
    /// Every record.
    pub records: Vec<SnapshotRecord>,
}

/// One record of a [`Snapshot`].
#[derive(Debug)]
pub struct SnapshotRecord {
    /// The scope.
    pub scope: String,
    /// The kind.
    pub kind: String,
    /// The id.
    pub id: String,
    /// The version it had.
    pub version: u64,
    /// What it was.
    pub body: Body,
}

impl Snapshot {
    /// A snapshot of these rows.
    pub fn new(rows: SnapshotRows) -> Snapshot {
        Snapshot(Arc::new(rows))
    }

    /// The rows.
    pub fn rows(&self) -> &SnapshotRows {
        &self.0
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} records)", self.0.records.len())
    }
}
