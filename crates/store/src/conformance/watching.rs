//! Counters and stamps: how caches and other nodes learn of changes.

use super::samples::{HERE, THERE, Thing, Whisper, delete, put};
use crate::{Record, Store, StoreError};

super::cases![
    a_counter_rises_by_one_a_commit,
    a_quiet_kind_raises_no_counter,
    a_stamp_changes_with_its_record,
    reads_and_refusals_change_no_stamp,
];

fn counters(store: &Store) -> (u64, u64) {
    (store.counter(HERE).unwrap(), store.counter(THERE).unwrap())
}

fn a_counter_rises_by_one_a_commit(store: &Store) {
    assert_eq!(counters(store), (0, 0));
    put(store, HERE, &[Thing::new("1")]);
    assert_eq!(counters(store), (1, 0));

    let both: Result<(), StoreError> = store.transact(|tx| {
        tx.put(HERE, &Thing::new("1"))?;
        tx.put(HERE, &Thing::new("2"))?;
        tx.put(THERE, &Thing::new("1"))
    });
    both.unwrap();
    assert_eq!(counters(store), (2, 1));

    assert!(delete(store, HERE, "1"));
    assert!(!delete(store, HERE, "1"));
    assert_eq!(counters(store), (3, 1));
}

fn a_quiet_kind_raises_no_counter(store: &Store) {
    let whisper = Whisper { id: "1".into() };
    let quiet: Result<(), StoreError> = store.transact(|tx| {
        tx.put(HERE, &whisper)?;
        tx.put(THERE, &Thing::new("1"))
    });
    quiet.unwrap();
    let quiet: Result<bool, StoreError> = store.transact(|tx| tx.delete::<Whisper>(HERE, "1"));
    assert!(quiet.unwrap());
    assert_eq!(counters(store), (0, 1));
}

fn stamps(store: &Store, scope: &str, id: &str) -> (u64, u64) {
    (
        store.stamp(scope, Thing::KIND, id),
        store.stamp_scope_kind(scope, Thing::KIND),
    )
}

fn a_stamp_changes_with_its_record(store: &Store) {
    let mut before = stamps(store, HERE, "1");
    let mut changed = |what: &str| {
        let now = stamps(store, HERE, "1");
        assert!(now.0 > before.0 && now.1 > before.1, "{what}");
        before = now;
    };
    put(store, HERE, &[Thing::new("1")]);
    changed("insert");
    put(store, HERE, &[Thing::new("1").named("x")]);
    changed("update");
    assert!(delete(store, HERE, "1"));
    changed("delete");
    let quiet: Result<(), StoreError> =
        store.transact(|tx| tx.put(HERE, &Whisper { id: "1".into() }));
    let whispered = store.stamp(HERE, Whisper::KIND, "1");
    quiet.unwrap();
    assert!(whispered > 0, "quiet kinds are stamped too");
}

fn reads_and_refusals_change_no_stamp(store: &Store) {
    put(store, HERE, &[Thing::new("1").named("x")]);
    let before = (stamps(store, HERE, "1"), stamps(store, HERE, "2"));
    let refused: Result<(), StoreError> = store.transact(|tx| tx.insert(HERE, &Thing::new("1")));
    assert!(refused.is_err());
    let refused: Result<(), StoreError> =
        store.transact(|tx| tx.insert(HERE, &Thing::new("2").named("x")));
    assert!(refused.is_err());
    assert!(!delete(store, HERE, "2"));
    assert!(store.get::<Thing>(HERE, "1").unwrap().is_some());
    assert_eq!((stamps(store, HERE, "1"), stamps(store, HERE, "2")), before);
}
