//! What a service says about the things it keeps.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Most bytes of one record, as JSON.
pub(crate) const RECORD_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most bytes of a scope, an id or a lookup's value.
pub(crate) const KEY_BYTES_MAX: usize = 8 * 1024;

/// A kind of record: one impl, in the service that owns it.
///
/// Records are kept as JSON beside [`Record::VERSION`]. Serialization must not depend on
/// anything but the value.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind's name, `service.noun`; never changes once records exist.
    const KIND: &'static str;
    /// The version of the record's shape, stored beside the bytes.
    const VERSION: u8 = 1;
    /// Whether changes leave the scope's counter alone; for kinds that change all the time.
    const QUIET: bool = false;

    /// Turns the JSON of an older version into the present one's. Called when read; the
    /// stored bytes, and the lookups stored with them, change at the next write.
    fn upgrade(version: u8, json: serde_json::Value) -> Result<serde_json::Value, Unreadable> {
        let _ = json;
        Err(Unreadable::new(format!(
            "its shape is version {version}, this program knows only {}",
            Self::VERSION
        )))
    }

    /// What names the record within its scope and kind; never changes.
    fn id(&self) -> Cow<'_, str>;

    /// By what else the record can be found.
    fn lookups(&self) -> Vec<Lookup>;
}

/// A value by which a record is found, besides its id.
///
/// An index is either unique for every record of its kind, or for none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(String, String, bool)", into = "(String, String, bool)")]
pub struct Lookup {
    index: Cow<'static, str>,
    value: String,
    unique: bool,
}

impl Lookup {
    /// At most one record of the kind in the scope has this value.
    pub fn unique(index: &'static str, value: impl Into<String>) -> Lookup {
        Lookup {
            index: Cow::Borrowed(index),
            value: value.into(),
            unique: true,
        }
    }

    /// Any number of records may have this value.
    pub fn many(index: &'static str, value: impl Into<String>) -> Lookup {
        Lookup {
            index: Cow::Borrowed(index),
            value: value.into(),
            unique: false,
        }
    }

    /// The index's name.
    pub fn index(&self) -> &str {
        &self.index
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether only one record may have the value.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// The name as the program's own text, if this lookup was made by a [`Record`].
    pub(crate) fn named(&self) -> &'static str {
        match self.index {
            Cow::Borrowed(name) => name,
            Cow::Owned(_) => "lookup",
        }
    }
}

impl From<(String, String, bool)> for Lookup {
    fn from((index, value, unique): (String, String, bool)) -> Lookup {
        Lookup {
            index: Cow::Owned(index),
            value,
            unique,
        }
    }
}

impl From<Lookup> for (String, String, bool) {
    fn from(lookup: Lookup) -> (String, String, bool) {
        (lookup.index.into_owned(), lookup.value, lookup.unique)
    }
}

/// The bytes of a record make no sense to this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {which}: {why}")]
pub struct Unreadable {
    which: String,
    why: String,
}

impl Unreadable {
    /// Says why, in words for the log.
    pub fn new(why: impl Into<String>) -> Unreadable {
        Unreadable {
            which: "a record".to_owned(),
            why: why.into(),
        }
    }

    fn of(self, kind: &str, id: &str) -> Unreadable {
        Unreadable {
            which: format!("the `{kind}` with id `{id}`"),
            why: self.why,
        }
    }
}

/// What is written for a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The version of the record's shape.
    pub format: u8,
    /// The record as JSON.
    pub bytes: Vec<u8>,
    /// By what it is found; sorted, each once.
    pub lookups: Vec<Lookup>,
}

impl Body {
    pub(crate) fn of<R: Record>(record: &R) -> Result<Body, StoreError> {
        let bytes = serde_json::to_vec(record).map_err(|error| StoreError::Engine(error.into()))?;
        bounded::<R>("a record", bytes.len(), RECORD_BYTES_MAX)?;

        let mut lookups = record.lookups();
        for lookup in &lookups {
            bounded::<R>("a lookup's value", lookup.value.len(), KEY_BYTES_MAX)?;
        }
        lookups.sort();
        lookups.dedup();
        Ok(Body {
            format: R::VERSION,
            bytes,
            lookups,
        })
    }
}

pub(crate) fn bounded<R: Record>(
    what: &'static str,
    bytes: usize,
    bytes_max: usize,
) -> Result<(), StoreError> {
    if bytes > bytes_max {
        return Err(StoreError::TooBig {
            what,
            kind: R::KIND,
            bytes,
            bytes_max,
        });
    }
    Ok(())
}

/// Reads a record's bytes, through [`Record::upgrade`] if they are of another version.
pub(crate) fn decode<R: Record>(id: &str, format: u8, bytes: &[u8]) -> Result<R, StoreError> {
    let read = if format == R::VERSION {
        serde_json::from_slice(bytes).map_err(|error| Unreadable::new(error.to_string()))
    } else {
        serde_json::from_slice(bytes)
            .map_err(|error| Unreadable::new(error.to_string()))
            .and_then(|json| R::upgrade(format, json))
            .and_then(|json| {
                serde_json::from_value(json).map_err(|error| Unreadable::new(error.to_string()))
            })
    };
    read.map_err(|unreadable| unreadable.of(R::KIND, id).into())
}
