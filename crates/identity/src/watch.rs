//! How a snapshot in memory knows that the records behind it have changed.

use store::Store;

/// The records that a snapshot was made from, and the stamps they had *before* they were read.
/// Checking it reads a few atomic numbers: no lock, no disk.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: Vec<Seen>,
}

/// A mark, and what it was.
#[derive(Debug)]
pub(crate) struct Seen {
    scope: String,
    kind: &'static str,
    /// The record; `None` for everything of the kind in the scope.
    id: Option<String>,
    stamp: u64,
}

impl Seen {
    /// The mark of everything of a kind in a scope. Take it before searching: should nothing
    /// be found, there is no record to watch, and whatever comes may be it.
    pub(crate) fn before_searching(store: &Store, scope: &str, kind: &'static str) -> Seen {
        Seen {
            scope: scope.to_owned(),
            kind,
            id: None,
            stamp: store.stamp_scope_kind(scope, kind),
        }
    }

    fn is_current(&self, store: &Store) -> bool {
        let stamp = match &self.id {
            Some(id) => store.stamp(&self.scope, self.kind, id),
            None => store.stamp_scope_kind(&self.scope, self.kind),
        };
        stamp == self.stamp
    }
}

impl Watch {
    /// Notes the record's stamp. Call it before reading the record: a change that comes
    /// between the two then only makes the snapshot stale too early, never too late.
    pub(crate) fn before_reading(
        &mut self,
        store: &Store,
        scope: &str,
        kind: &'static str,
        id: &str,
    ) {
        self.seen.push(Seen {
            scope: scope.to_owned(),
            kind,
            id: Some(id.to_owned()),
            stamp: store.stamp(scope, kind, id),
        });
    }

    /// Something was searched for and not found.
    pub(crate) fn found_nothing(&mut self, searched: Seen) {
        self.seen.push(searched);
    }

    /// Whether nothing that was read has changed since.
    pub(crate) fn is_current(&self, store: &Store) -> bool {
        self.seen.iter().all(|seen| seen.is_current(store))
    }
}
