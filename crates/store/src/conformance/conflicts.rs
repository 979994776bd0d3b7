//! Two transactions at once, in a chosen order: nobody commits what is no longer so.

use super::samples::{HERE, THERE, Thing, delete, get, ids, put};
use crate::{Exactly, OrElseTaken, Read, Store, StoreError, Transaction};

super::cases![
    a_changed_record_is_read_again,
    a_record_that_appears_is_noticed,
    a_record_that_goes_is_noticed,
    a_record_that_went_and_came_back_is_noticed,
    a_unique_value_that_appears_is_noticed,
    a_unique_value_that_moves_is_noticed,
    a_record_that_enters_a_range_is_noticed,
    a_record_that_leaves_a_range_is_noticed,
    a_record_that_enters_the_page_read_is_noticed,
    a_changed_record_of_a_page_is_noticed,
    a_count_that_changes_is_noticed,
    the_second_of_two_inserts_is_taken,
    the_second_of_two_unique_values_is_taken,
    a_refusal_that_no_longer_holds_is_noticed,
    two_who_each_read_what_the_other_writes_do_not_both_win,
    an_update_without_a_read_overwrites_nothing_unseen,
    a_put_without_a_read_never_conflicts,
    a_transaction_reads_one_moment,
    reading_alone_never_conflicts,
    a_limit_holds_at_the_commit,
    a_limit_broken_by_later_writes_is_an_error,
    a_reset_is_a_change,
    who_never_wins_is_told,
];

/// Runs `f`, with `meanwhile` happening between its first run and its commit. Returns what
/// it said at the end and how often it ran.
fn interrupted<T>(
    store: &Store,
    mut f: impl FnMut(&mut Transaction) -> Result<T, StoreError>,
    meanwhile: impl Fn(),
) -> (Result<T, StoreError>, u32) {
    let mut runs = 0;
    let result = store.transact(|tx| {
        runs += 1;
        let value = f(tx);
        if runs == 1 {
            meanwhile();
        }
        value
    });
    (result, runs)
}

/// Reads with `read`, then writes its answer down; `meanwhile` must make it do so twice.
#[track_caller]
fn assert_noticed(
    store: &Store,
    read: impl Fn(&Transaction) -> Result<u64, StoreError>,
    meanwhile: impl Fn(),
    answer: u64,
) {
    let write = |tx: &mut Transaction| {
        let seen = read(tx)?;
        tx.put(THERE, &Thing::new("answer").sized(seen))
    };
    let (result, runs) = interrupted(store, write, meanwhile);
    result.unwrap();
    assert_eq!(runs, 2, "committed what is no longer so");
    assert_eq!(
        get(store, THERE, "answer").map(|thing| thing.size),
        Some(answer)
    );
}

fn size(tx: &Transaction, id: &str) -> Result<u64, StoreError> {
    Ok(tx.get::<Thing>(HERE, id)?.map_or(0, |thing| thing.size))
}

fn a_changed_record_is_read_again(store: &Store) {
    put(store, HERE, &[Thing::new("1").sized(10)]);
    let change = || put(store, HERE, &[Thing::new("1").sized(20)]);
    assert_noticed(store, |tx| size(tx, "1"), change, 20);
}

fn a_record_that_appears_is_noticed(store: &Store) {
    let appear = || put(store, HERE, &[Thing::new("1").sized(20)]);
    assert_noticed(store, |tx| size(tx, "1"), appear, 20);
}

fn a_record_that_goes_is_noticed(store: &Store) {
    put(store, HERE, &[Thing::new("1").sized(10)]);
    let go = || assert!(delete(store, HERE, "1"));
    assert_noticed(store, |tx| size(tx, "1"), go, 0);
}

fn a_record_that_went_and_came_back_is_noticed(store: &Store) {
    let thing = [Thing::new("1").sized(10)];
    put(store, HERE, &thing);
    let there_and_back = || {
        assert!(delete(store, HERE, "1"));
        put(store, HERE, &thing);
    };
    assert_noticed(store, |tx| size(tx, "1"), there_and_back, 10);
}

fn holder(tx: &Transaction, name: &str) -> Result<u64, StoreError> {
    Ok(tx
        .find::<Thing>(HERE, "name", name)?
        .map_or(0, |thing| thing.size))
}

fn a_unique_value_that_appears_is_noticed(store: &Store) {
    let appear = || put(store, HERE, &[Thing::new("1").named("x").sized(20)]);
    assert_noticed(store, |tx| holder(tx, "x"), appear, 20);
}

fn a_unique_value_that_moves_is_noticed(store: &Store) {
    put(store, HERE, &[Thing::new("1").named("x").sized(10)]);
    let change_hands = || {
        put(
            store,
            HERE,
            &[Thing::new("1"), Thing::new("2").named("x").sized(20)],
        );
    };
    assert_noticed(store, |tx| holder(tx, "x"), change_hands, 20);
}

fn members(tx: &Transaction) -> Result<u64, StoreError> {
    Ok(tx.all::<Thing>(HERE, "group", "g")?.len() as u64)
}

fn a_record_that_enters_a_range_is_noticed(store: &Store) {
    put(
        store,
        HERE,
        &[Thing::new("1").in_group("g"), Thing::new("2")],
    );
    let enter = || put(store, HERE, &[Thing::new("2").in_group("g")]);
    assert_noticed(store, members, enter, 2);

    let enter_at_the_end = || put(store, HERE, &[Thing::new("3").in_group("g\u{10ffff}")]);
    assert_noticed(store, members, enter_at_the_end, 3);
}

fn a_record_that_leaves_a_range_is_noticed(store: &Store) {
    put(
        store,
        HERE,
        &[Thing::new("1").in_group("g"), Thing::new("2").in_group("g")],
    );
    let leave = || put(store, HERE, &[Thing::new("1").in_group("f")]);
    assert_noticed(store, members, leave, 1);
}

fn a_record_that_enters_the_page_read_is_noticed(store: &Store) {
    for id in ["2", "4", "6"] {
        put(store, HERE, &[Thing::new(id).in_group("g")]);
    }
    let second_of_page = |tx: &Transaction| {
        let page = tx.page::<Thing>(HERE, "group", "g", None, 2)?;
        Ok(ids(&page.records)[1].parse().unwrap())
    };
    let enter = || put(store, HERE, &[Thing::new("3").in_group("g")]);
    assert_noticed(store, second_of_page, enter, 3);
}

fn a_changed_record_of_a_page_is_noticed(store: &Store) {
    put(store, HERE, &[Thing::new("1").in_group("g").sized(10)]);
    let total = |tx: &Transaction| {
        let members = tx.all::<Thing>(HERE, "group", Exactly("g"))?;
        Ok(members.iter().map(|thing| thing.size).sum())
    };
    let grow = || put(store, HERE, &[Thing::new("1").in_group("g").sized(20)]);
    assert_noticed(store, total, grow, 20);
}

fn a_count_that_changes_is_noticed(store: &Store) {
    let count = |tx: &Transaction| tx.count::<Thing>(HERE, "group", "g");
    let enter = || put(store, HERE, &[Thing::new("1").in_group("g")]);
    assert_noticed(store, count, enter, 1);
}

fn the_second_of_two_inserts_is_taken(store: &Store) {
    let insert = |tx: &mut Transaction| tx.insert(HERE, &Thing::new("1").sized(1));
    let first = || put(store, HERE, &[Thing::new("1").sized(2)]);
    let (result, runs) = interrupted(store, insert, first);
    assert!(matches!(result, Err(StoreError::Taken(taken)) if taken.index == "id"));
    assert_eq!(runs, 2);
    assert_eq!(get(store, HERE, "1").map(|thing| thing.size), Some(2));
}

fn the_second_of_two_unique_values_is_taken(store: &Store) {
    let insert = |tx: &mut Transaction| tx.put(HERE, &Thing::new("1").named("x"));
    let first = || put(store, HERE, &[Thing::new("2").named("x")]);
    let (result, runs) = interrupted(store, insert, first);
    assert!(matches!(result, Err(StoreError::Taken(taken)) if taken.index == "name"));
    assert_eq!(runs, 2);
    assert_eq!(get(store, HERE, "1"), None);
}

fn a_refusal_that_no_longer_holds_is_noticed(store: &Store) {
    put(store, HERE, &[Thing::new("1").named("x")]);
    // Makes do with another name if the one it wants is taken.
    let insert = |tx: &mut Transaction| {
        tx.insert(HERE, &Thing::new("2").named("x"))
            .map(|()| "x")
            .or_else(|_| tx.insert(HERE, &Thing::new("2").named("y")).map(|()| "y"))
            .or_else_taken(StoreError::from)
    };
    let free = || assert!(delete(store, HERE, "1"));
    let (result, runs) = interrupted(store, insert, free);
    assert_eq!((result.unwrap(), runs), ("x", 2));
}

fn two_who_each_read_what_the_other_writes_do_not_both_win(store: &Store) {
    put(
        store,
        HERE,
        &[Thing::new("1").sized(1), Thing::new("2").sized(1)],
    );
    // Each leaves only if the other stays.
    let leave = |tx: &mut Transaction, me: &str, other: &str| {
        let stays = size(tx, other)? == 1;
        tx.put(HERE, &Thing::new(me).sized(u64::from(!stays)))?;
        Ok::<_, StoreError>(stays)
    };
    let other = || assert!(store.transact(|tx| leave(tx, "2", "1")).unwrap());
    let (result, runs) = interrupted(store, |tx| leave(tx, "1", "2"), other);
    assert_eq!((result.unwrap(), runs), (false, 2));
}

fn an_update_without_a_read_overwrites_nothing_unseen(store: &Store) {
    put(store, HERE, &[Thing::new("1")]);
    let update = |tx: &mut Transaction| tx.update(HERE, &Thing::new("1").sized(1));
    let (result, runs) = interrupted(store, update, || assert!(delete(store, HERE, "1")));
    assert!(matches!(result, Err(StoreError::Missing { .. })));
    assert_eq!(runs, 2);
}

fn a_put_without_a_read_never_conflicts(store: &Store) {
    let write = |tx: &mut Transaction| tx.put(HERE, &Thing::new("1").sized(1));
    let other = || put(store, HERE, &[Thing::new("1").sized(2)]);
    let (result, runs) = interrupted(store, write, other);
    result.unwrap();
    assert_eq!(runs, 1);
    assert_eq!(get(store, HERE, "1").map(|thing| thing.size), Some(1));
}

fn a_transaction_reads_one_moment(store: &Store) {
    put(store, HERE, &[Thing::new("1"), Thing::new("2")]);
    let mut first = true;
    let sum: Result<u64, StoreError> = store.transact(|tx| {
        let one = size(tx, "1")?;
        if std::mem::take(&mut first) {
            put(
                store,
                HERE,
                &[Thing::new("1").sized(5), Thing::new("2").sized(5)],
            );
        }
        Ok(one + size(tx, "2")?)
    });
    assert_eq!(sum.unwrap(), 0);

    let reader = store.read();
    let one: Thing = reader.get(HERE, "1").unwrap().unwrap();
    put(
        store,
        HERE,
        &[
            Thing::new("2").sized(9),
            Thing::new("3").named("new").in_group("g"),
        ],
    );
    let two: Thing = reader.get(HERE, "2").unwrap().unwrap();
    assert_eq!((one.size, two.size), (5, 5));
    assert_eq!(reader.find::<Thing>(HERE, "name", "new").unwrap(), None);
    assert_eq!(reader.count::<Thing>(HERE, "group", "").unwrap(), 0);
}

fn reading_alone_never_conflicts(store: &Store) {
    put(store, HERE, &[Thing::new("1").sized(1)]);
    let other = || put(store, HERE, &[Thing::new("1").sized(2)]);
    let (result, runs) = interrupted(store, |tx| size(tx, "1"), other);
    assert_eq!((result.unwrap(), runs), (1, 1));
}

fn a_limit_holds_at_the_commit(store: &Store) {
    let join = |tx: &mut Transaction, id: &str| {
        tx.insert(HERE, &Thing::new(id).in_group("g"))?;
        if tx.within::<Thing>(HERE, "group", Exactly("g"), 2)? {
            return Ok(true);
        }
        tx.delete::<Thing>(HERE, id)?;
        tx.put(HERE, &Thing::new("turned away"))?;
        Ok::<_, StoreError>(false)
    };
    // Others may join meanwhile, as long as there is room.
    let other = || assert!(store.transact(|tx| join(tx, "2")).unwrap());
    let (result, runs) = interrupted(store, |tx| join(tx, "1"), other);
    assert_eq!((result.unwrap(), runs), (true, 1));

    assert!(delete(store, HERE, "2"));
    let other = || assert!(store.transact(|tx| join(tx, "3")).unwrap());
    let (result, runs) = interrupted(store, |tx| join(tx, "4"), other);
    assert_eq!((result.unwrap(), runs), (false, 2));

    // Who was turned away is asked again if a place becomes free.
    let free = || assert!(delete(store, HERE, "3"));
    let (result, runs) = interrupted(store, |tx| join(tx, "5"), free);
    assert_eq!((result.unwrap(), runs), (true, 2));
}

fn a_limit_broken_by_later_writes_is_an_error(store: &Store) {
    let result: Result<(), StoreError> = store.transact(|tx| {
        assert!(tx.within::<Thing>(HERE, "group", "g", 0)?);
        tx.insert(HERE, &Thing::new("1").in_group("g"))
    });
    assert!(matches!(result, Err(StoreError::Exceeded { index, .. }) if index == "group"));
    assert_eq!(get(store, HERE, "1"), None);
}

fn a_reset_is_a_change(store: &Store) {
    put(store, HERE, &[Thing::new("1").sized(1)]);
    let snapshot = store.snapshot().unwrap();
    put(
        store,
        HERE,
        &[Thing::new("1").sized(2), Thing::new("2").sized(2)],
    );
    let reset = || store.reset_to(&snapshot).unwrap();
    assert_noticed(store, |tx| Ok(size(tx, "1")? + size(tx, "2")?), reset, 1);
}

fn who_never_wins_is_told(store: &Store) {
    let mut runs = 0;
    let result: Result<(), StoreError> = store.transact(|tx| {
        runs += 1;
        let seen = size(tx, "1")?;
        put(store, HERE, &[Thing::new("1").sized(seen + 1)]);
        tx.put(HERE, &Thing::new("1").sized(0))
    });
    assert!(matches!(result, Err(StoreError::Contended)));
    assert_eq!(get(store, HERE, "1").map(|thing| thing.size), Some(runs));
}
