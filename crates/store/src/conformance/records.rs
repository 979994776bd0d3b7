//! One record after the other: what is written is what is read.

use super::samples::{First, HERE, Second, THERE, Thing, Whisper, delete, get, ids, put};
use crate::record::{KEY_BYTES_MAX, RECORD_BYTES_MAX};
use crate::{Exactly, Read, Store, StoreError, Taken};

super::cases![
    what_is_written_is_read,
    scopes_and_kinds_are_apart,
    inserting_a_known_id_is_taken,
    inserting_a_known_unique_value_is_taken,
    updating_what_is_not_there_is_missing,
    an_update_moves_the_lookups,
    a_deleted_record_leaves_nothing,
    unique_values_can_change_hands_in_one_commit,
    an_error_leaves_nothing_behind,
    own_writes_are_seen_in_the_transaction,
    own_deletions_are_seen_in_the_transaction,
    the_last_write_to_a_record_counts,
    large_records_are_kept_and_larger_ones_refused,
    old_shapes_are_upgraded_when_read,
    unknown_shapes_are_unreadable,
    a_snapshot_brings_everything_back,
];

fn what_is_written_is_read(store: &Store) {
    for id in [
        "plain",
        "",
        "Ünïcödé/…",
        "nul\0inside",
        "\u{10FFFF}",
        "'; --",
    ] {
        let thing = Thing::new(id).named(id).in_group(id).sized(u64::MAX);
        put(store, id, std::slice::from_ref(&thing));

        let reader = store.read();
        assert_eq!(reader.get(id, id).unwrap().as_ref(), Some(&thing));
        assert_eq!(reader.find(id, "name", id).unwrap().as_ref(), Some(&thing));
        let group: Vec<Thing> = reader.all(id, "group", Exactly(id)).unwrap();
        assert_eq!(group, [thing]);
    }
    assert_eq!(get(store, HERE, "absent"), None);
    let absent: Option<Thing> = store.read().find(HERE, "name", "absent").unwrap();
    assert_eq!(absent, None);
}

fn scopes_and_kinds_are_apart(store: &Store) {
    put(store, HERE, &[Thing::new("one").named("one").sized(1)]);
    put(store, THERE, &[Thing::new("one").named("one").sized(2)]);
    let whisper = Whisper { id: "one".into() };
    let done: Result<(), StoreError> = store.transact(|tx| tx.insert(HERE, &whisper));
    done.unwrap();

    assert_eq!(get(store, HERE, "one").map(|thing| thing.size), Some(1));
    assert_eq!(get(store, THERE, "one").map(|thing| thing.size), Some(2));
    let found: Option<Whisper> = store.read().find(HERE, "name", "one").unwrap();
    assert_eq!(found, Some(whisper));

    assert!(delete(store, HERE, "one"));
    assert!(get(store, THERE, "one").is_some());
    assert!(store.get::<Whisper>(HERE, "one").unwrap().is_some());
}

fn insert(store: &Store, scope: &str, thing: &Thing) -> Result<(), StoreError> {
    store.transact(|tx| tx.insert(scope, thing))
}

#[track_caller]
fn assert_taken(result: Result<(), StoreError>, index: &str) {
    match result {
        Err(StoreError::Taken(taken)) => {
            assert_eq!((taken.kind, taken.index), ("sample.thing", index));
        }
        other => panic!("taken by {index} expected, got {other:?}"),
    }
}

fn inserting_a_known_id_is_taken(store: &Store) {
    insert(store, HERE, &Thing::new("one").sized(1)).unwrap();
    assert_taken(insert(store, HERE, &Thing::new("one").sized(2)), Taken::ID);
    assert_eq!(get(store, HERE, "one").map(|thing| thing.size), Some(1));
}

fn inserting_a_known_unique_value_is_taken(store: &Store) {
    insert(store, HERE, &Thing::new("one").named("x")).unwrap();
    assert_taken(insert(store, HERE, &Thing::new("two").named("x")), "name");
    assert_eq!(get(store, HERE, "two"), None);

    // Whoever has it may keep it, and another scope has its own.
    put(store, HERE, &[Thing::new("one").named("x").sized(5)]);
    insert(store, THERE, &Thing::new("two").named("x")).unwrap();

    // Neither put nor update is a way around.
    insert(store, HERE, &Thing::new("three")).unwrap();
    let thief = Thing::new("three").named("x");
    assert_taken(store.transact(|tx| tx.update(HERE, &thief)), "name");
    assert_taken(store.transact(|tx| tx.put(HERE, &thief)), "name");

    // Nor is writing both in one transaction.
    let twice = store.transact(|tx| {
        tx.insert(HERE, &Thing::new("four").named("y"))?;
        tx.insert(HERE, &Thing::new("five").named("y"))
    });
    assert_taken(twice, "name");
    assert_eq!(get(store, HERE, "four"), None);
}

fn updating_what_is_not_there_is_missing(store: &Store) {
    let result: Result<(), StoreError> = store.transact(|tx| tx.update(HERE, &Thing::new("one")));
    assert!(matches!(result, Err(StoreError::Missing { id, .. }) if id == "one"));
    assert_eq!(get(store, HERE, "one"), None);
}

fn an_update_moves_the_lookups(store: &Store) {
    let before = Thing::new("one").named("old").in_group("a").in_group("b");
    put(store, HERE, &[before]);
    let after = Thing::new("one").named("new").in_group("b").in_group("c");
    let done: Result<(), StoreError> = store.transact(|tx| tx.update(HERE, &after));
    done.unwrap();

    let reader = store.read();
    assert_eq!(reader.find::<Thing>(HERE, "name", "old").unwrap(), None);
    assert_eq!(reader.find(HERE, "name", "new").unwrap(), Some(after));
    for (group, members) in [("a", 0), ("b", 1), ("c", 1)] {
        let count = reader.count::<Thing>(HERE, "group", Exactly(group));
        assert_eq!(count.unwrap(), members, "{group}");
    }
    put(store, HERE, &[Thing::new("two").named("old")]);
}

fn a_deleted_record_leaves_nothing(store: &Store) {
    let thing = Thing::new("one").named("x").in_group("g");
    put(store, HERE, std::slice::from_ref(&thing));
    assert!(delete(store, HERE, "one"));
    assert!(!delete(store, HERE, "one"));

    let reader = store.read();
    assert_eq!(reader.get::<Thing>(HERE, "one").unwrap(), None);
    assert_eq!(reader.find::<Thing>(HERE, "name", "x").unwrap(), None);
    assert_eq!(reader.count::<Thing>(HERE, "group", "").unwrap(), 0);
    drop(reader);
    insert(store, HERE, &thing).unwrap();
}

fn unique_values_can_change_hands_in_one_commit(store: &Store) {
    put(
        store,
        HERE,
        &[Thing::new("1").named("a"), Thing::new("2").named("b")],
    );
    let swap: Result<(), StoreError> = store.transact(|tx| {
        tx.update(HERE, &Thing::new("2").anonymous())?;
        tx.update(HERE, &Thing::new("1").named("b"))?;
        tx.update(HERE, &Thing::new("2").named("a"))
    });
    swap.unwrap();
    let holder = |name| {
        store
            .read()
            .find::<Thing>(HERE, "name", name)
            .unwrap()
            .unwrap()
            .id
    };
    assert_eq!((holder("a"), holder("b")), ("2".to_owned(), "1".to_owned()));

    let heir: Result<(), StoreError> = store.transact(|tx| {
        tx.delete::<Thing>(HERE, "1")?;
        tx.insert(HERE, &Thing::new("0").named("b"))
    });
    heir.unwrap();
    assert_eq!(holder("b"), "0");
}

fn an_error_leaves_nothing_behind(store: &Store) {
    put(store, HERE, &[Thing::new("kept").sized(1)]);
    let counter = store.counter(HERE).unwrap();
    let result: Result<(), StoreError> = store.transact(|tx| {
        tx.put(HERE, &Thing::new("kept").sized(2))?;
        tx.insert(HERE, &Thing::new("new").named("new"))?;
        tx.delete::<Thing>(HERE, "kept")?;
        Err(StoreError::Closed)
    });
    assert!(matches!(result, Err(StoreError::Closed)));
    assert_eq!(get(store, HERE, "kept").map(|thing| thing.size), Some(1));
    assert_eq!(get(store, HERE, "new"), None);
    assert_eq!(store.counter(HERE).unwrap(), counter);
}

fn own_writes_are_seen_in_the_transaction(store: &Store) {
    put(
        store,
        HERE,
        &[
            Thing::new("1").named("a").in_group("g"),
            Thing::new("3").in_group("g"),
        ],
    );
    let done: Result<(), StoreError> = store.transact(|tx| {
        let new = Thing::new("2").named("b").in_group("g");
        tx.insert(HERE, &new)?;
        tx.update(HERE, &Thing::new("1").named("c").in_group("h"))?;

        assert_eq!(tx.get(HERE, "2")?.as_ref(), Some(&new));
        assert_eq!(tx.find(HERE, "name", "b")?.as_ref(), Some(&new));
        assert_eq!(tx.find::<Thing>(HERE, "name", "a")?, None);
        assert_eq!(ids(&tx.all(HERE, "group", "g")?), ["2", "3"]);
        assert_eq!(ids(&tx.all(HERE, "group", "")?), ["2", "3", "1"]);
        assert_eq!(tx.count::<Thing>(HERE, "group", "g")?, 2);
        assert_eq!(tx.count::<Thing>(HERE, "group", "")?, 3);

        let page = tx.page::<Thing>(HERE, "group", "", None, 2)?;
        assert_eq!(ids(&page.records), ["2", "3"]);
        let page = tx.page::<Thing>(HERE, "group", "", page.next.as_deref(), 2)?;
        assert_eq!((ids(&page.records), page.next), (vec!["1"], None));
        Ok(())
    });
    done.unwrap();
}

fn own_deletions_are_seen_in_the_transaction(store: &Store) {
    for id in ["1", "2", "3", "4"] {
        put(store, HERE, &[Thing::new(id).named(id).in_group("g")]);
    }
    let done: Result<(), StoreError> = store.transact(|tx| {
        assert!(tx.delete::<Thing>(HERE, "1")?);
        assert!(!tx.delete::<Thing>(HERE, "1")?);
        assert!(tx.delete::<Thing>(HERE, "2")?);
        assert_eq!(tx.get::<Thing>(HERE, "1")?, None);
        assert_eq!(tx.find::<Thing>(HERE, "name", "2")?, None);
        assert_eq!(tx.count::<Thing>(HERE, "group", "g")?, 2);

        let page = tx.page::<Thing>(HERE, "group", "g", None, 1)?;
        assert_eq!(ids(&page.records), ["3"]);
        let page = tx.page::<Thing>(HERE, "group", "g", page.next.as_deref(), 1)?;
        assert_eq!((ids(&page.records), page.next), (vec!["4"], None));
        let gone = tx.update(HERE, &Thing::new("2"));
        assert!(matches!(gone, Err(StoreError::Missing { .. })));
        tx.insert(HERE, &Thing::new("2").named("1"))
    });
    done.unwrap();
    assert_eq!(get(store, HERE, "2"), Some(Thing::new("2").named("1")));
}

fn the_last_write_to_a_record_counts(store: &Store) {
    let done: Result<(), StoreError> = store.transact(|tx| {
        tx.insert(HERE, &Thing::new("1").named("a").in_group("g"))?;
        tx.put(HERE, &Thing::new("1").named("b").sized(7))?;
        tx.insert(HERE, &Thing::new("2").named("c"))?;
        tx.delete::<Thing>(HERE, "2").map(|_| ())
    });
    done.unwrap();
    let reader = store.read();
    assert_eq!(
        reader.get(HERE, "1").unwrap(),
        Some(Thing::new("1").named("b").sized(7))
    );
    assert_eq!(reader.get::<Thing>(HERE, "2").unwrap(), None);
    assert_eq!(reader.find::<Thing>(HERE, "name", "a").unwrap(), None);
    assert_eq!(reader.find::<Thing>(HERE, "name", "c").unwrap(), None);
    assert_eq!(reader.count::<Thing>(HERE, "group", "").unwrap(), 0);
}

fn large_records_are_kept_and_larger_ones_refused(store: &Store) {
    let long = "v".repeat(KEY_BYTES_MAX);
    let mut large = Thing::new(&long).named(&long).in_group(&long);
    large.groups.push("g".repeat(KEY_BYTES_MAX));
    put(store, HERE, std::slice::from_ref(&large));
    assert_eq!(get(store, HERE, &long), Some(large));

    let wide = First {
        id: "wide".into(),
        full_name: "n".into(),
    };
    let heavy = Heavy("h".repeat(RECORD_BYTES_MAX - 2));
    let done: Result<(), StoreError> = store.transact(|tx| {
        tx.put(HERE, &heavy)?;
        tx.put(HERE, &wide)
    });
    done.unwrap();
    assert_eq!(store.get::<Heavy>(HERE, "heavy").unwrap(), Some(heavy));

    let too_long = Thing::new(&"i".repeat(KEY_BYTES_MAX + 1));
    let too_named = Thing::new("1").named(&"n".repeat(KEY_BYTES_MAX + 1));
    let too_heavy = Heavy("h".repeat(RECORD_BYTES_MAX - 1));
    let refused: [Result<(), StoreError>; 3] = [
        store.transact(|tx| tx.put(HERE, &too_long)),
        store.transact(|tx| tx.put(HERE, &too_named)),
        store.transact(|tx| tx.put(HERE, &too_heavy)),
    ];
    for (refused, thing) in refused
        .into_iter()
        .zip(["an id", "a lookup's value", "a record"])
    {
        assert!(matches!(refused, Err(StoreError::TooBig { what, .. }) if what == thing));
    }
}

/// A record of one long string.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Heavy(String);

impl crate::Record for Heavy {
    const KIND: &'static str = "sample.heavy";

    fn id(&self) -> std::borrow::Cow<'_, str> {
        "heavy".into()
    }

    fn lookups(&self) -> Vec<crate::Lookup> {
        Vec::new()
    }
}

fn old_shapes_are_upgraded_when_read(store: &Store) {
    let old = First {
        id: "1".into(),
        full_name: "Ada Lovelace".into(),
    };
    let done: Result<(), StoreError> = store.transact(|tx| tx.insert(HERE, &old));
    done.unwrap();

    let new = store.get::<Second>(HERE, "1").unwrap().unwrap();
    assert_eq!(
        (new.first_name.as_str(), new.last_name.as_str()),
        ("Ada", "Lovelace")
    );
    let reader = store.read();
    assert!(
        reader
            .find::<Second>(HERE, "full_name", "Ada Lovelace")
            .unwrap()
            .is_some()
    );
    drop(reader);

    // The next write leaves nothing of the old shape's lookups.
    let done: Result<(), StoreError> = store.transact(|tx| tx.update(HERE, &new));
    done.unwrap();
    let reader = store.read();
    assert_eq!(
        reader
            .find::<Second>(HERE, "full_name", "Ada Lovelace")
            .unwrap(),
        None
    );
    assert_eq!(reader.all::<Second>(HERE, "last_name", "L").unwrap(), [new]);
}

fn unknown_shapes_are_unreadable(store: &Store) {
    let new = Second {
        id: "1".into(),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
    };
    let short = First {
        id: "2".into(),
        full_name: "Ada".into(),
    };
    let done: Result<(), StoreError> = store.transact(|tx| {
        tx.insert(HERE, &new)?;
        tx.insert(HERE, &short)
    });
    done.unwrap();

    let words = |result: Result<(), StoreError>| match result {
        Err(StoreError::Unreadable(unreadable)) => unreadable.to_string(),
        other => panic!("unreadable expected, got {other:?}"),
    };
    assert_eq!(
        words(store.get::<First>(HERE, "1").map(|_| ())),
        "cannot read the `sample.changing` with id `1`: its shape is version 2, this program knows only 1"
    );
    assert_eq!(
        words(store.get::<Second>(HERE, "2").map(|_| ())),
        "cannot read the `sample.changing` with id `2`: a name of one word"
    );
    // What cannot be read can still be replaced.
    let done: Result<(), StoreError> = store.transact(|tx| {
        tx.delete::<Second>(HERE, "2")?;
        tx.insert(
            HERE,
            &Second {
                id: "2".into(),
                first_name: "A".into(),
                last_name: "B".into(),
            },
        )
    });
    done.unwrap();
}

fn a_snapshot_brings_everything_back(store: &Store) {
    let before = [
        Thing::new("1").named("a").in_group("g"),
        Thing::new("2").named("b").in_group("g"),
    ];
    put(store, HERE, &before);
    let snapshot = store.snapshot().unwrap();

    assert!(delete(store, HERE, "1"));
    put(
        store,
        HERE,
        &[
            Thing::new("2").named("z").in_group("h"),
            Thing::new("3").named("a"),
        ],
    );
    put(store, THERE, &[Thing::new("4")]);
    let (counter, stamp) = (
        store.counter(THERE).unwrap(),
        store.stamp(HERE, "sample.thing", "9"),
    );
    store.reset_to(&snapshot).unwrap();

    let reader = store.read();
    assert_eq!(reader.all::<Thing>(HERE, "group", "").unwrap(), before);
    assert_eq!(
        reader.find(HERE, "name", "a").unwrap().as_ref(),
        Some(&before[0])
    );
    assert_eq!(reader.find::<Thing>(HERE, "name", "z").unwrap(), None);
    assert_eq!(reader.get::<Thing>(THERE, "4").unwrap(), None);
    assert!(reader.counter(THERE).unwrap() > counter);
    assert_ne!(store.stamp(HERE, "sample.thing", "9"), stamp);
    drop(reader);

    // And can do so again, after the store has gone on.
    put(store, HERE, &[Thing::new("5").named("e")]);
    store.reset_to(&snapshot).unwrap();
    assert_eq!(get(store, HERE, "5"), None);
    assert_eq!(get(store, HERE, "2").as_ref(), Some(&before[1]));
}
