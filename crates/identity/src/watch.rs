//! How a snapshot in memory knows that the records behind it have changed.

use store::Store;

/// The records that a snapshot was made from, and the stamps they had *before* they were read.
/// Checking it reads a few atomic numbers: no lock, no disk.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    scope: String,
    kind: &'static str,
    id: String,
    stamp: u64,
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
            id: id.to_owned(),
            stamp: store.stamp(scope, kind, id),
        });
    }

    /// Whether nothing that was read has changed since.
    pub(crate) fn is_current(&self, store: &Store) -> bool {
        self.seen
            .iter()
            .all(|seen| store.stamp(&seen.scope, seen.kind, &seen.id) == seen.stamp)
    }
}
