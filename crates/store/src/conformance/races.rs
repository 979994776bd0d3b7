//! Many at once, in no chosen order: what must hold at every moment.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::samples::{HERE, THERE, Thing, get, put};
use crate::{Exactly, Read, Record, Store, StoreError};

super::cases![
    no_increment_is_lost,
    many_writers_all_arrive,
    a_name_has_one_owner_among_many,
    every_moment_is_a_whole_one,
    a_counter_never_runs_ahead_of_what_is_seen,
    a_limit_by_counting_holds_at_every_moment,
    a_cache_with_stamps_is_never_behind_what_was_acknowledged,
];

const WRITERS: u64 = 8;
const TURNS: u64 = 20;

fn no_increment_is_lost(store: &Store) {
    put(store, HERE, &[Thing::new("sum")]);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..TURNS {
                    let done: Result<(), StoreError> = store.transact(|tx| {
                        let mut sum: Thing = tx.get(HERE, "sum")?.unwrap();
                        sum.size += 1;
                        tx.update(HERE, &sum)
                    });
                    done.unwrap();
                }
            });
        }
    });
    assert_eq!(get(store, HERE, "sum").unwrap().size, WRITERS * TURNS);
}

fn many_writers_all_arrive(store: &Store) {
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                for turn in 0..TURNS {
                    let id = format!("{writer}-{turn}");
                    let thing = Thing::new(&id).named(&id).in_group("g");
                    put(store, HERE, std::slice::from_ref(&thing));
                    // Acknowledged means visible to everybody.
                    assert_eq!(get(store, HERE, &id), Some(thing));
                }
            });
        }
    });
    let reader = store.read();
    let all: Vec<Thing> = reader.all(HERE, "group", "g").unwrap();
    assert_eq!(all.len() as u64, WRITERS * TURNS);
    assert_eq!(
        reader.count::<Thing>(HERE, "name", "").unwrap(),
        WRITERS * TURNS
    );
    assert_eq!(reader.counter(HERE).unwrap(), WRITERS * TURNS);
}

fn a_name_has_one_owner_among_many(store: &Store) {
    let won = AtomicU64::new(0);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let won = &won;
            scope.spawn(move || {
                for turn in 0..TURNS {
                    let thing = Thing::new(&format!("{writer}-{turn}")).named(&turn.to_string());
                    match store.transact(|tx| tx.insert(HERE, &thing)) {
                        Ok(()) => won.fetch_add(1, Ordering::Relaxed),
                        Err(StoreError::Taken(taken)) => {
                            assert_eq!(taken.index, "name");
                            0
                        }
                        Err(other) => panic!("{other}"),
                    };
                }
            });
        }
    });
    assert_eq!(won.into_inner(), TURNS);
    assert_eq!(
        store.read().count::<Thing>(HERE, "name", "").unwrap(),
        TURNS
    );
}

/// Runs `check` over and over while `writers` write.
fn while_writing(writers: impl Fn(u64) + Sync, check: impl Fn() + Sync) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    check();
                }
            });
        }
        let handles: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let writers = &writers;
                scope.spawn(move || writers(writer))
            })
            .collect();
        let results: Vec<_> = handles
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        done.store(true, Ordering::Release);
        assert!(
            results.into_iter().all(|result| result.is_ok()),
            "a writer failed"
        );
    });
    check();
}

fn every_moment_is_a_whole_one(store: &Store) {
    // Amounts go from one to the other, names and groups go with them; the sum stays.
    put(
        store,
        HERE,
        &[Thing::new("a").sized(1_000), Thing::new("b").sized(1_000)],
    );
    let move_one = |writer: u64| {
        let (from, to) = if writer.is_multiple_of(2) {
            ("a", "b")
        } else {
            ("b", "a")
        };
        for turn in 0..TURNS {
            let done: Result<(), StoreError> = store.transact(|tx| {
                let from: Thing = tx.get(HERE, from)?.unwrap();
                let to: Thing = tx.get(HERE, to)?.unwrap();
                let moved = turn % 3 + 1;
                tx.update(HERE, &Thing::new(&from.id).sized(from.size - moved))?;
                let note = format!("{writer}-{turn}");
                let to = Thing::new(&to.id)
                    .sized(to.size + moved)
                    .named("last")
                    .in_group(&note);
                tx.update(HERE, &to)
            });
            done.unwrap();
        }
    };
    let whole = || {
        let reader = store.read();
        let a: Thing = reader.get(HERE, "a").unwrap().unwrap();
        let b: Thing = reader.get(HERE, "b").unwrap().unwrap();
        assert_eq!(a.size + b.size, 2_000);
        let last = reader.find::<Thing>(HERE, "name", "last").unwrap();
        let grouped = reader.all::<Thing>(HERE, "group", "").unwrap();
        assert_eq!(
            last.as_slice(),
            grouped,
            "lookups and records are of one moment"
        );
    };
    while_writing(move_one, whole);
}

fn a_counter_never_runs_ahead_of_what_is_seen(store: &Store) {
    let last = AtomicU64::new(0);
    let insert = |writer: u64| {
        for turn in 0..TURNS {
            put(
                store,
                HERE,
                &[Thing::new(&format!("{writer}-{turn}")).in_group("g")],
            );
        }
    };
    let as_many_as_counted = || {
        let least = last.load(Ordering::Acquire);
        let reader = store.read();
        let counter = reader.counter(HERE).unwrap();
        assert_eq!(reader.count::<Thing>(HERE, "group", "g").unwrap(), counter);
        assert!(counter >= least, "a counter never goes back");
        last.fetch_max(counter, Ordering::AcqRel);
    };
    while_writing(insert, as_many_as_counted);
}

fn a_limit_by_counting_holds_at_every_moment(store: &Store) {
    const MOST: u64 = 5;
    let come_and_go = |writer: u64| {
        for turn in 0..TURNS {
            let id = format!("{writer}-{turn}");
            let done: Result<(), StoreError> = store.transact(|tx| {
                if tx.count::<Thing>(HERE, "group", Exactly("g"))? < MOST {
                    return tx.insert(HERE, &Thing::new(&id).in_group("g"));
                }
                let page = tx.page::<Thing>(HERE, "group", Exactly("g"), None, 2)?;
                for thing in page.records {
                    tx.delete::<Thing>(HERE, &thing.id)?;
                }
                Ok(())
            });
            done.unwrap();
        }
    };
    let within = || {
        let members = store.read().count::<Thing>(HERE, "group", "g").unwrap();
        assert!(members <= MOST, "{members}");
    };
    while_writing(come_and_go, within);
}

fn a_cache_with_stamps_is_never_behind_what_was_acknowledged(store: &Store) {
    put(store, THERE, &[Thing::new("x").named("x")]);
    let acknowledged = AtomicU64::new(0);
    let raise = |writer: u64| {
        for _ in 0..TURNS {
            let done: Result<u64, StoreError> = store.transact(|tx| {
                let mut thing: Thing = tx.get(THERE, "x")?.unwrap();
                thing.size += 1;
                thing.name = Some(format!("{writer}"));
                tx.update(THERE, &thing)?;
                Ok(thing.size)
            });
            acknowledged.fetch_max(done.unwrap(), Ordering::AcqRel);
        }
    };
    let cache = std::sync::Mutex::new((u64::MAX, 0));
    let current = || {
        let least = acknowledged.load(Ordering::Acquire);
        let mut cache = cache.lock().unwrap();
        let stamp = store.stamp(THERE, Thing::KIND, "x");
        if cache.0 != stamp {
            *cache = (stamp, get(store, THERE, "x").unwrap().size);
        }
        assert!(cache.1 >= least, "{} is behind {least}", cache.1);
    };
    while_writing(raise, current);
    assert_eq!(acknowledged.into_inner(), WRITERS * TURNS);
}
