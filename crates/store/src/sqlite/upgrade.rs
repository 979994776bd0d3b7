//! A folder that an earlier version has left is brought to the tables of today.

use std::borrow::Cow;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::schema;
use crate::{Lookup, Read, Record, Store};

/// The tables of version 1, with two records and their lookups.
const VERSION_1: &str = r#"
    PRAGMA journal_mode = WAL;
    CREATE TABLE records (
        scope TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        version INTEGER NOT NULL, format INTEGER NOT NULL,
        bytes BLOB NOT NULL, lookups BLOB NOT NULL,
        PRIMARY KEY (scope, kind, id)
    ) STRICT;
    CREATE TABLE lookups (
        scope TEXT NOT NULL, kind TEXT NOT NULL, ix TEXT NOT NULL,
        value BLOB NOT NULL, tie BLOB NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (scope, kind, ix, value, tie)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counters (
        scope TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE meta (
        name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('schema', 1), ('starts', 7);
    INSERT INTO counters VALUES ('main', 3);
    INSERT INTO lookups VALUES
        ('main', 'test.person', 'name', CAST('ana' AS BLOB), x'', 'p1'),
        ('main', 'test.person', 'name', CAST('bob' AS BLOB), x'', 'p2'),
        ('main', 'test.person', 'team', CAST('red' AS BLOB), CAST('p1' AS BLOB), 'p1'),
        ('main', 'test.person', 'team', CAST('red' AS BLOB), CAST('p2' AS BLOB), 'p2');
"#;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Person {
    id: String,
    name: String,
    team: String,
}

impl Record for Person {
    const KIND: &'static str = "test.person";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("name", &self.name),
            Lookup::many("team", &self.team),
        ]
    }
}

fn person(id: &str, name: &str, team: &str) -> Person {
    Person {
        id: id.to_owned(),
        name: name.to_owned(),
        team: team.to_owned(),
    }
}

#[test]
fn version_1_is_brought_over() {
    let folder = tempfile::tempdir().unwrap();
    let (ana, bob) = (person("p1", "ana", "red"), person("p2", "bob", "red"));
    {
        drop(schema::lock(folder.path()).unwrap());
        let old = Connection::open(schema::file(folder.path()).unwrap()).unwrap();
        old.execute_batch(VERSION_1).unwrap();
        for one in [&bob, &ana] {
            let row = (
                &one.id,
                serde_json::to_vec(one).unwrap(),
                serde_json::to_vec(&one.lookups()).unwrap(),
            );
            let sql = "INSERT INTO records VALUES ('main', 'test.person', ?1, 5, 1, ?2, ?3)";
            old.execute(sql, row).unwrap();
        }
    }

    for _ in 0..2 {
        let store = Store::open(folder.path()).unwrap();
        let reader = store.read();
        assert_eq!(
            reader.find("main", "name", "ana").unwrap(),
            Some(ana.clone())
        );
        assert_eq!(reader.get("main", "p2").unwrap(), Some(bob.clone()));
        let red: Vec<Person> = reader.all("main", "team", "red").unwrap();
        assert_eq!(red, [ana.clone(), bob.clone()]);
        assert_eq!(reader.counter("main").unwrap(), 3);
    }

    // What was brought over changes like anything else.
    let store = Store::open(folder.path()).unwrap();
    let (swapped, other) = (person("p1", "bob", "red"), person("p2", "ana", "blue"));
    store
        .transact(|tx| {
            tx.delete::<Person>("main", "p1")?;
            tx.put("main", &other)?;
            tx.put("main", &swapped)
        })
        .unwrap();
    let reader = store.read();
    assert_eq!(reader.find("main", "name", "bob").unwrap(), Some(swapped));
    assert_eq!(reader.find("main", "name", "ana").unwrap(), Some(other));
}
