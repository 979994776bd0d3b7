//! What happens when there is no room, and when somebody reads for too long.

use std::borrow::Cow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use super::log::Log;
use super::schema::{self, Durability};
use super::*;
use crate::{Lookup, Read, Record, Store};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parcel {
    id: String,
    content: String,
}

impl Record for Parcel {
    const KIND: &'static str = "test.parcel";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("name", &self.id)]
    }
}

fn parcel(id: impl ToString, bytes: usize) -> Parcel {
    Parcel {
        id: id.to_string(),
        content: "x".repeat(bytes),
    }
}

fn insert(store: &Store, parcel: &Parcel) -> Result<(), StoreError> {
    store.transact(|tx| tx.insert("main", parcel))
}

/// A store whose file cannot have more pages than this.
fn cramped(folder: &Path, pages: u32) -> Store {
    let lock = schema::lock(folder).unwrap();
    let file = schema::file(folder).unwrap();
    let connection = schema::open_writer(folder, &file, Durability::None).unwrap();
    connection
        .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        .unwrap();
    Store::over(Sqlite::over(connection, &file, Log::of(&file), lock, None).unwrap())
}

#[test]
fn without_room_a_change_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = cramped(folder.path(), 100);
    let mut kept = 0;
    let refused = loop {
        // Two in one commit: the first may still fit.
        let (one, two) = (parcel(kept, 3_000), parcel(format!("{kept} b"), 30_000));
        let result: Result<(), StoreError> = store.transact(|tx| {
            tx.insert("main", &one)?;
            tx.insert("main", &two)
        });
        match result {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert!(kept > 2);

    let reader = store.read();
    assert_eq!(
        reader.count::<Parcel>("main", "name", "").unwrap(),
        kept * 2
    );
    assert_eq!(
        reader.get::<Parcel>("main", &kept.to_string()).unwrap(),
        None
    );
    assert_eq!(reader.counter("main").unwrap(), kept);
    drop(reader);

    // What needs no room goes on, and room that is given up is used again.
    let freed: Result<bool, StoreError> = store.transact(|tx| tx.delete::<Parcel>("main", "0 b"));
    assert!(freed.unwrap());
    insert(&store, &parcel("small", 3_000)).unwrap();
}

#[test]
fn one_that_does_not_fit_takes_no_others_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = cramped(folder.path(), 200);
    let (running, refused) = (AtomicBool::new(true), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while running.load(Ordering::Relaxed) {
                let result = insert(&store, &parcel("huge", 2_000_000));
                assert!(matches!(result, Err(StoreError::Full)));
                refused.fetch_add(1, Ordering::Relaxed);
            }
        });
        let small: Vec<_> = (0..4)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for turn in 0..50 {
                        insert(store, &parcel(format!("{writer}-{turn}"), 100)).unwrap();
                    }
                })
            })
            .collect();
        let results: Vec<_> = small.into_iter().map(|writer| writer.join()).collect();
        running.store(false, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
    assert!(refused.into_inner() > 0);
    let count = store.read().count::<Parcel>("main", "name", "");
    assert_eq!(count.unwrap(), 200);
}

#[test]
fn the_log_shrinks_again_once_a_long_reader_is_gone() {
    const LOG_BYTES_MAX: u64 = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let lock = schema::lock(folder.path()).unwrap();
    let file = schema::file(folder.path()).unwrap();
    let connection = schema::open_writer(folder.path(), &file, Durability::None).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let log = Log::of(&file).bounded(LOG_BYTES_MAX, 4);
    let store = Store::over(Sqlite::over(connection, &file, log, lock, None).unwrap());

    insert(&store, &parcel("first", 10)).unwrap();
    let reader = store.read();
    assert!(reader.get::<Parcel>("main", "first").unwrap().is_some());
    for number in 0..100 {
        insert(&store, &parcel(number, 5_000)).unwrap();
    }
    assert!(Log::of(&file).bytes() > LOG_BYTES_MAX);
    assert_eq!(reader.count::<Parcel>("main", "name", "").unwrap(), 1);

    drop(reader);
    for number in 100..104 {
        insert(&store, &parcel(number, 10)).unwrap();
    }
    // The writer tidies up after it has answered; the next answer comes after that.
    insert(&store, &parcel("last", 10)).unwrap();
    assert!(Log::of(&file).bytes() <= LOG_BYTES_MAX);
    assert_eq!(
        store.read().count::<Parcel>("main", "name", "").unwrap(),
        106
    );
}

#[test]
fn a_real_store_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = schema::file(folder.path()).unwrap();
    let connection = schema::open_writer(folder.path(), &file, Durability::Full).unwrap();
    let setting = |name: &str| -> String {
        connection
            .pragma_query_value(None, name, |row| {
                row.get::<_, rusqlite::types::Value>(0)
                    .map(|value| format!("{value:?}"))
            })
            .unwrap()
    };
    assert_eq!(setting("synchronous"), "Integer(2)");
    assert_eq!(setting("journal_mode"), "Text(\"wal\")");
}

#[test]
fn a_lookup_that_leads_to_anothers_row_answers_nobody() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = cramped(folder.path(), 1_000);
        insert(&store, &parcel("ana", 1)).unwrap();
        insert(&store, &parcel("bob", 1)).unwrap();
    }
    let file = schema::file(folder.path()).unwrap();
    let damaged = Connection::open(&file).unwrap();
    let crossed = "UPDATE lookups SET record = (SELECT number FROM records WHERE id = 'bob') \
        WHERE id = 'ana'";
    assert_eq!(damaged.execute(crossed, []).unwrap(), 1);
    drop(damaged);

    let store = cramped(folder.path(), 1_000);
    let found = store.read().find::<Parcel>("main", "name", "ana");
    assert!(matches!(found, Err(StoreError::Damaged(_))), "{found:?}");
    let inside = store.transact(|tx| tx.find::<Parcel>("main", "name", "ana"));
    assert!(matches!(inside, Err(StoreError::Damaged(_))), "{inside:?}");
}
