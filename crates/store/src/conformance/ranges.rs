//! Pages and counts over lookups.

use super::samples::{HERE, THERE, Thing, delete, ids, put};
use crate::{Exactly, Read, Span, Store, StoreError};

super::cases![
    pages_follow_the_bytes_of_value_and_id,
    a_prefix_is_not_a_pattern,
    exactly_one_value_can_be_asked_for,
    a_range_stays_in_its_scope_kind_and_index,
    the_different_values_of_a_range_come_once_and_in_order,
    a_record_with_several_values_comes_once_for_each,
    a_cursor_survives_the_record_it_names,
    a_cursor_of_another_range_leads_nowhere_else,
    a_made_up_cursor_is_refused,
    a_page_holds_at_least_one_record,
    a_page_that_ends_with_the_range_has_no_next,
];

/// Values that languages, patterns and careless arithmetic get wrong.
const VALUES: &[&str] = &[
    "",
    "\0",
    "\0\0",
    " ",
    "%",
    "%%",
    "*",
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a%",
    "/ab",
    "A",
    "Z",
    "_",
    "a",
    "a\0",
    "a\0b",
    "aa",
    "ab",
    "a\u{7f}",
    "a\u{80}",
    "a\u{ff}",
    "b",
    "ß",
    "ä",
    "é",
    "e\u{301}",
    "\u{7ff}",
    "\u{800}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10000}",
    "\u{10ffff}",
    "\u{10ffff}a",
    "\u{10ffff}\u{10ffff}",
];

fn fill(store: &Store) -> Vec<(String, String)> {
    let mut places = Vec::new();
    let filled: Result<(), StoreError> = store.transact(|tx| {
        places.clear();
        for (number, value) in VALUES.iter().rev().enumerate() {
            for half in ["", "+"] {
                // Ids go against the order of values.
                let id = format!("{number:02}{half}");
                tx.put(HERE, &Thing::new(&id).in_group(value))?;
                places.push(((*value).to_owned(), id));
            }
        }
        Ok(())
    });
    filled.unwrap();
    places.sort();
    places
}

fn walk(reader: &impl Read, span: Span<'_>, limit: usize) -> Vec<(String, String)> {
    let mut places = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = reader.page::<Thing>(HERE, "group", span, after.as_deref(), limit);
        let page = page.unwrap();
        assert!(page.records.len() <= limit);
        assert!(page.records.len() == limit || page.next.is_none());
        for mut thing in page.records {
            places.push((thing.groups.remove(0), thing.id));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return places,
        }
    }
}

fn pages_follow_the_bytes_of_value_and_id(store: &Store) {
    let places = fill(store);
    let prefixes = VALUES
        .iter()
        .copied()
        .chain(["nothing", "/a/b/c", "\u{10fffe}"]);
    for prefix in prefixes {
        let expected: Vec<_> = places
            .iter()
            .filter(|(value, _)| value.starts_with(prefix))
            .cloned()
            .collect();
        let reader = store.read();
        let count = reader.count::<Thing>(HERE, "group", prefix).unwrap();
        assert_eq!(count, expected.len() as u64, "{prefix:?}");
        for limit in [1, 2, 3, 7, 1_000] {
            assert_eq!(
                walk(&reader, prefix.into(), limit),
                expected,
                "{prefix:?} by {limit}"
            );
        }
        let in_transaction: Result<_, StoreError> =
            store.transact(|tx| Ok(walk(tx, prefix.into(), 5)));
        assert_eq!(in_transaction.unwrap(), expected, "{prefix:?}");
    }
}

fn a_prefix_is_not_a_pattern(store: &Store) {
    put(
        store,
        HERE,
        &[
            Thing::new("1").in_group("abc"),
            Thing::new("2").in_group("a_c%"),
        ],
    );
    let found = |prefix| store.read().count::<Thing>(HERE, "group", prefix).unwrap();
    assert_eq!(
        [
            found("a"),
            found("a_"),
            found("%"),
            found("A"),
            found("a*"),
            found("a_c%%")
        ],
        [2, 1, 0, 0, 0, 0]
    );
}

fn exactly_one_value_can_be_asked_for(store: &Store) {
    let places = fill(store);
    for value in VALUES {
        let expected: Vec<_> = places
            .iter()
            .filter(|place| place.0 == *value)
            .cloned()
            .collect();
        let reader = store.read();
        assert_eq!(
            walk(&reader, Span::Exactly(value), 1),
            expected,
            "{value:?}"
        );
        let count = reader.count::<Thing>(HERE, "group", Exactly(value));
        assert_eq!(count.unwrap(), 2, "{value:?}");
    }
    assert!(walk(&store.read(), Span::Exactly("nothing"), 5).is_empty());
}

fn the_different_values_of_a_range_come_once_and_in_order(store: &Store) {
    fill(store);
    for id in ["\u{10ffff}", "\u{10ffff}\u{10ffff}", "~"] {
        put(store, HERE, &[Thing::new(id).in_group("a")]);
    }
    for prefix in ["", "a", "/a", "\u{10ffff}", "nothing"] {
        let mut expected: Vec<_> = VALUES.to_vec();
        expected.retain(|value| value.starts_with(prefix));
        expected.sort_unstable();
        let reader = store.read();
        let values = reader.values::<Thing>(HERE, "group", prefix).unwrap();
        assert_eq!(values, expected, "{prefix:?}");
    }
    let reader = store.read();
    assert_eq!(
        reader.values::<Thing>(HERE, "group", Exactly("a")).unwrap(),
        ["a"]
    );

    // What a transaction has written itself counts too.
    let written: Result<_, StoreError> = store.transact(|tx| {
        tx.put(HERE, &Thing::new("new").in_group("/a/new"))?;
        tx.delete::<Thing>(HERE, "~")?;
        tx.values::<Thing>(HERE, "group", "/a/")
    });
    assert_eq!(written.unwrap(), ["/a/", "/a/b", "/a/new"]);
}

fn a_range_stays_in_its_scope_kind_and_index(store: &Store) {
    put(store, HERE, &[Thing::new("1").named("x").in_group("x")]);
    put(store, THERE, &[Thing::new("2").named("x").in_group("x")]);
    let reader = store.read();
    for index in ["name", "group"] {
        assert_eq!(ids(&reader.all(HERE, index, "").unwrap()), ["1"]);
        assert_eq!(ids(&reader.all(THERE, index, "").unwrap()), ["2"]);
    }
    assert!(reader.all::<Thing>(HERE, "", "").unwrap().is_empty());
    assert!(reader.all::<Thing>(HERE, "nam", "").unwrap().is_empty());
    assert!(reader.all::<Thing>("", "name", "").unwrap().is_empty());
    assert_eq!(reader.find::<Thing>(HERE, "group", "x").unwrap(), None);
}

fn a_record_with_several_values_comes_once_for_each(store: &Store) {
    put(
        store,
        HERE,
        &[
            Thing::new("1").in_group("a").in_group("c").in_group("c"),
            Thing::new("2").in_group("b"),
        ],
    );
    let reader = store.read();
    assert_eq!(
        ids(&reader.all(HERE, "group", "").unwrap()),
        ["1", "2", "1"]
    );
    assert_eq!(reader.count::<Thing>(HERE, "group", "").unwrap(), 3);
}

fn page(store: &Store, prefix: &str, after: Option<&str>) -> (Vec<String>, Option<String>) {
    let page = store
        .read()
        .page::<Thing>(HERE, "group", prefix, after, 2)
        .unwrap();
    (
        ids(&page.records).into_iter().map(str::to_owned).collect(),
        page.next,
    )
}

fn a_cursor_survives_the_record_it_names(store: &Store) {
    for id in ["1", "2", "3", "4"] {
        put(store, HERE, &[Thing::new(id).in_group("g")]);
    }
    let (first, next) = page(store, "g", None);
    assert_eq!(first, ["1", "2"]);
    assert!(delete(store, HERE, "2"));
    put(
        store,
        HERE,
        &[
            Thing::new("1a").in_group("g"),
            Thing::new("2a").in_group("g"),
        ],
    );
    assert_eq!(page(store, "g", next.as_deref()).0, ["2a", "3"]);
}

fn a_cursor_of_another_range_leads_nowhere_else(store: &Store) {
    for (id, group) in [
        ("1", "a"),
        ("2", "a"),
        ("3", "a"),
        ("4", "b"),
        ("5", "c"),
        ("6", "c"),
        ("7", "c"),
    ] {
        put(store, HERE, &[Thing::new(id).in_group(group)]);
    }
    let below = page(store, "a", None).1;
    let above = page(store, "c", None).1;
    assert!(below.is_some() && above.is_some());
    assert_eq!(
        page(store, "b", below.as_deref()),
        (vec!["4".to_owned()], None)
    );
    assert_eq!(page(store, "b", above.as_deref()), (vec![], None));
}

fn a_made_up_cursor_is_refused(store: &Store) {
    put(store, HERE, &[Thing::new("1").in_group("g")]);
    for text in ["", "x", "1", "not a cursor", "////", "\u{10ffff}"] {
        let plain = store.read().page::<Thing>(HERE, "group", "", Some(text), 1);
        assert!(matches!(plain, Err(StoreError::Cursor)), "{text:?}");
        let within: Result<(), StoreError> = store.transact(|tx| {
            tx.page::<Thing>(HERE, "group", "", Some(text), 1)
                .map(|_| ())
        });
        assert!(matches!(within, Err(StoreError::Cursor)), "{text:?}");
    }
}

fn a_page_holds_at_least_one_record(store: &Store) {
    put(
        store,
        HERE,
        &[Thing::new("1").in_group("g"), Thing::new("2").in_group("g")],
    );
    let page = store
        .read()
        .page::<Thing>(HERE, "group", "g", None, 0)
        .unwrap();
    assert_eq!(ids(&page.records), ["1"]);
    assert!(page.next.is_some());
    let all = store
        .read()
        .page::<Thing>(HERE, "group", "g", None, usize::MAX)
        .unwrap();
    assert_eq!(all.records.len(), 2);
}

fn a_page_that_ends_with_the_range_has_no_next(store: &Store) {
    assert_eq!(page(store, "g", None), (vec![], None));
    put(
        store,
        HERE,
        &[Thing::new("1").in_group("g"), Thing::new("2").in_group("g")],
    );
    assert_eq!(page(store, "g", None).1, None);
    put(store, HERE, &[Thing::new("3").in_group("h")]);
    assert_eq!(page(store, "g", None).1, None);
}
