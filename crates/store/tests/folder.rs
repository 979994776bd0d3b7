//! A store in a real folder: kept, locked, private, and refused when it is too new.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use store::{Lookup, OrElseTaken, Read, Record, Store, StoreError};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Person {
    id: String,
    name: String,
    path: String,
}

impl Record for Person {
    const KIND: &'static str = "test.person";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("name", &self.name),
            Lookup::many("path", &self.path),
        ]
    }
}

fn person(id: &str, name: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
    }
}

fn insert(store: &Store, person: &Person) -> Result<(), StoreError> {
    store.transact(|tx| tx.insert("main", person))
}

#[test]
fn records_outlive_the_store_that_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    insert(&store, &person("p1", "ann")).unwrap();
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    let found: Option<Person> = store.read().find("main", "name", "ann").unwrap();
    assert_eq!(found, Some(person("p1", "ann")));
    assert_eq!(store.counter("main").unwrap(), 1);
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let refused = Store::open(folder.path()).unwrap_err();
    assert!(matches!(&refused, StoreError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("is in use by another process"));

    drop(first);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = Store::open(&file.path().join("inside")).unwrap_err();
    assert!(matches!(&refused, StoreError::Open { .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .contains(&file.path().display().to_string())
    );
}

#[cfg(unix)]
#[test]
fn others_cannot_read_any_of_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = Store::open(&folder).unwrap();
    insert(&store, &person("p1", "ann")).unwrap();

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(files.len() >= 3, "lock, database and its log");
    for file in files {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let raw = rusqlite::Connection::open(folder.path().join("store.sqlite")).unwrap();
    raw.execute("UPDATE meta SET value = 7 WHERE name = 'schema'", [])
        .unwrap();
    drop(raw);

    let refused = Store::open(folder.path()).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Newer { found: 7, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("written by a newer version"));
}

#[test]
fn taken_becomes_what_the_service_says() {
    let store = Store::in_memory().unwrap();
    insert(&store, &person("p1", "ann")).unwrap();

    let said = store.transact(|tx| {
        tx.insert("main", &person("p2", "ann"))
            .or_else_taken(|taken| StoreError::Damaged(format!("{} exists", taken.index)))
    });
    assert!(matches!(said, Err(StoreError::Damaged(words)) if words == "name exists"));
}
