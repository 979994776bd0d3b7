//! Change marks in memory, so that caches know without asking the store.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;

/// How many marks there are. Records that share one make caches look again needlessly,
/// never the other way round.
const SLOTS: usize = 65_536;

/// An array of counters; every record, and every kind in a scope, hashes to one of them.
///
/// A cache remembers the marks it read *before* it read the records. As soon as one of
/// them differs, what it holds may be old. An engine bumps a mark after a change can be
/// seen and before it is acknowledged.
pub struct Stamps {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Stamps {
    /// All marks at zero.
    pub fn new() -> Stamps {
        Stamps {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::default(),
        }
    }

    /// The mark of a record.
    pub fn of_record(&self, scope: &str, kind: &str, id: &str) -> u64 {
        self.read(self.hasher.hash_one((scope, kind, id)))
    }

    /// The mark of everything of a kind in a scope.
    pub fn of_kind(&self, scope: &str, kind: &str) -> u64 {
        self.read(self.hasher.hash_one((scope, kind)))
    }

    /// Marks a record, and its kind in its scope, as changed.
    pub fn bump(&self, scope: &str, kind: &str, id: &str) {
        self.raise(self.hasher.hash_one((scope, kind, id)));
        self.raise(self.hasher.hash_one((scope, kind)));
    }

    /// Marks everything as changed.
    pub fn bump_all(&self) {
        for slot in &self.slots {
            slot.fetch_add(1, Ordering::Release);
        }
    }

    fn slot(&self, hash: u64) -> Option<&AtomicU64> {
        // The remainder is below SLOTS, which fits any usize.
        self.slots.get((hash % SLOTS as u64) as usize)
    }

    // Acquire and Release: who sees a new mark and then asks the store sees the change
    // that was visible before the mark was raised.
    fn read(&self, hash: u64) -> u64 {
        self.slot(hash)
            .map_or(0, |slot| slot.load(Ordering::Acquire))
    }

    fn raise(&self, hash: u64) {
        if let Some(slot) = self.slot(hash) {
            slot.fetch_add(1, Ordering::Release);
        }
    }
}

impl Default for Stamps {
    fn default() -> Stamps {
        Stamps::new()
    }
}
