//! The records that the cases are about.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Lookup, Record, Store, StoreError, Unreadable};

/// The scope most cases work in.
pub(super) const HERE: &str = "111122223333";
/// Another one.
pub(super) const THERE: &str = "444455556666";

/// A record with one unique value, any number of others, and a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) size: u64,
}

impl Record for Thing {
    const KIND: &'static str = "sample.thing";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let name = self.name.iter().map(|name| Lookup::unique("name", name));
        let groups = self.groups.iter().map(|group| Lookup::many("group", group));
        name.chain(groups).collect()
    }
}

impl Thing {
    pub(super) fn new(id: &str) -> Thing {
        Thing {
            id: id.to_owned(),
            name: None,
            groups: Vec::new(),
            size: 0,
        }
    }

    pub(super) fn named(mut self, name: &str) -> Thing {
        self.name = Some(name.to_owned());
        self
    }

    pub(super) fn anonymous(mut self) -> Thing {
        self.name = None;
        self
    }

    pub(super) fn in_group(mut self, group: &str) -> Thing {
        self.groups.push(group.to_owned());
        self
    }

    pub(super) fn sized(mut self, size: u64) -> Thing {
        self.size = size;
        self
    }
}

/// Same shape of key as [`Thing`], another kind, and no counter raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whisper {
    pub(super) id: String,
}

impl Record for Whisper {
    const KIND: &'static str = "sample.whisper";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("name", &self.id)]
    }
}

/// A kind as an old program knew it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct First {
    pub(super) id: String,
    pub(super) full_name: String,
}

impl Record for First {
    const KIND: &'static str = "sample.changing";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("full_name", &self.full_name)]
    }
}

/// The same kind as a later program knows it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Second {
    pub(super) id: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
}

impl Record for Second {
    const KIND: &'static str = "sample.changing";
    const VERSION: u8 = 2;

    fn upgrade(version: u8, json: Value) -> Result<Value, Unreadable> {
        if version != 1 {
            return Err(Unreadable::new("neither version 1 nor 2"));
        }
        let full_name = json["full_name"].as_str().unwrap_or_default();
        let (first_name, last_name) = full_name
            .split_once(' ')
            .ok_or_else(|| Unreadable::new("a name of one word"))?;
        Ok(json!({ "id": json["id"], "first_name": first_name, "last_name": last_name }))
    }

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many("last_name", &self.last_name)]
    }
}

/// Puts records, one transaction each.
pub(super) fn put(store: &Store, scope: &str, things: &[Thing]) {
    for thing in things {
        let done: Result<(), StoreError> = store.transact(|tx| tx.put(scope, thing));
        done.unwrap();
    }
}

/// Deletes a record and says whether it was there.
pub(super) fn delete(store: &Store, scope: &str, id: &str) -> bool {
    let done: Result<bool, StoreError> = store.transact(|tx| tx.delete::<Thing>(scope, id));
    done.unwrap()
}

/// The record with this id.
pub(super) fn get(store: &Store, scope: &str, id: &str) -> Option<Thing> {
    store.get(scope, id).unwrap()
}

/// The ids of records, in their order.
pub(super) fn ids(things: &[Thing]) -> Vec<&str> {
    things.iter().map(|thing| thing.id.as_str()).collect()
}
