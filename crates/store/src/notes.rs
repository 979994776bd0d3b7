//! Facts that may be lost: gathered in memory, written together now and then.
//!
//! When a key was last used, for instance: it changes with every call, and a call must not
//! wait for the disk because of it. A crash loses what was not flushed yet, and nothing
//! else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Record, Store, StoreError};

/// How many notes one commit writes, so that other commits need not wait long.
const COMMIT_NOTES_MAX: usize = 500;

/// The latest version of each record of a kind, until somebody flushes them.
///
/// The kind should be [quiet](Record::QUIET), and nobody else should write it.
pub struct Notes<R> {
    store: Store,
    notes_max: usize,
    waiting: Mutex<HashMap<(String, String), Arc<R>>>,
}

impl<R: Record> Notes<R> {
    /// Nothing noted yet, and room for `notes_max` records between two flushes.
    pub fn new(store: Store, notes_max: usize) -> Notes<R> {
        Notes {
            store,
            notes_max,
            waiting: Mutex::default(),
        }
    }

    /// Keeps a record in memory, in place of an older one. Says whether there was room.
    pub fn note(&self, scope: &str, record: R) -> bool {
        let key = (scope.to_owned(), record.id().into_owned());
        let mut waiting = self.waiting();
        if waiting.len() >= self.notes_max && !waiting.contains_key(&key) {
            return false;
        }
        waiting.insert(key, Arc::new(record));
        true
    }

    /// The record as last noted, or else as stored.
    pub fn get(&self, scope: &str, id: &str) -> Result<Option<Arc<R>>, StoreError> {
        let noted = self
            .waiting()
            .get(&(scope.to_owned(), id.to_owned()))
            .cloned();
        match noted {
            Some(record) => Ok(Some(record)),
            None => Ok(self.store.get(scope, id)?.map(Arc::new)),
        }
    }

    /// Writes everything noted so far and says how much it was. To be called every few
    /// seconds, and at the end. What cannot be written stays for the next time.
    pub fn flush(&self) -> Result<usize, StoreError> {
        let all: Vec<_> = self
            .waiting()
            .iter()
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect();
        for some in all.chunks(COMMIT_NOTES_MAX) {
            self.store.transact(|tx| {
                some.iter()
                    .try_for_each(|((scope, _), record)| tx.put(scope, record.as_ref()))
            })?;
            // Only now may a reader look past them; a newer note stays.
            let mut waiting = self.waiting();
            for (key, written) in some {
                if waiting
                    .get(key)
                    .is_some_and(|now| Arc::ptr_eq(now, written))
                {
                    waiting.remove(key);
                }
            }
        }
        Ok(all.len())
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(String, String), Arc<R>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lookup, Read};
    use serde::{Deserialize, Serialize};
    use std::borrow::Cow;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct LastUsed {
        key: String,
        at: u64,
    }

    impl Record for LastUsed {
        const KIND: &'static str = "test.last-used";
        const QUIET: bool = true;

        fn id(&self) -> Cow<'_, str> {
            Cow::Borrowed(&self.key)
        }

        fn lookups(&self) -> Vec<Lookup> {
            vec![Lookup::many("all", "")]
        }
    }

    fn used(key: &str, at: u64) -> LastUsed {
        LastUsed {
            key: key.to_owned(),
            at,
        }
    }

    fn at(notes: &Notes<LastUsed>, key: &str) -> Option<u64> {
        notes.get("main", key).unwrap().map(|record| record.at)
    }

    #[test]
    fn a_note_is_seen_at_once_and_stored_at_the_flush() {
        let store = Store::in_memory().unwrap();
        let notes = Notes::new(store.clone(), 10);
        assert!(notes.note("main", used("a", 1)));
        assert!(notes.note("main", used("a", 2)));
        assert_eq!(at(&notes, "a"), Some(2));
        assert_eq!(store.get::<LastUsed>("main", "a").unwrap(), None);

        assert_eq!(notes.flush().unwrap(), 1);
        assert_eq!(store.get("main", "a").unwrap(), Some(used("a", 2)));
        assert_eq!(at(&notes, "a"), Some(2));
        assert_eq!(notes.flush().unwrap(), 0);
        assert_eq!(store.counter("main").unwrap(), 0);
    }

    #[test]
    fn more_than_one_commit_of_notes_is_written() {
        let store = Store::in_memory().unwrap();
        let notes = Notes::new(store.clone(), 10_000);
        let many = COMMIT_NOTES_MAX * 2 + 1;
        for number in 0..many {
            assert!(notes.note("main", used(&number.to_string(), 1)));
        }
        assert_eq!(notes.flush().unwrap(), many);
        let count = store.read().count::<LastUsed>("main", "all", "").unwrap();
        assert_eq!(count, many as u64);
    }

    #[test]
    fn without_room_new_records_wait_for_the_flush() {
        let notes = Notes::new(Store::in_memory().unwrap(), 1);
        assert!(notes.note("main", used("a", 1)));
        assert!(!notes.note("main", used("b", 1)));
        assert!(notes.note("main", used("a", 2)));
        assert_eq!(notes.flush().unwrap(), 1);
        assert!(notes.note("main", used("b", 2)));
    }
}
