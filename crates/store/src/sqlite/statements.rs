//! Every statement there is, and what each means in our words.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use crate::engine::{Body, Entry, Range, Row, SnapshotRecord, Write};
use crate::read::dangling;
use crate::{Lookup, StoreError};

pub(super) const TABLE_EXISTS: &str =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
pub(super) const META_GET: &str = "SELECT value FROM meta WHERE name = ?1";
pub(super) const META_PUT: &str = "INSERT INTO meta (name, value) VALUES (?1, ?2) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";

const RECORD: &str = "SELECT version, format, bytes FROM records \
     WHERE scope = ?1 AND kind = ?2 AND id = ?3";
const RECORD_VERSION: &str =
    "SELECT version FROM records WHERE scope = ?1 AND kind = ?2 AND id = ?3";
const RECORD_PLACE: &str =
    "SELECT number, version, lookups FROM records WHERE scope = ?1 AND kind = ?2 AND id = ?3";
const RECORD_PUT: &str = "INSERT INTO records (scope, kind, id, version, format, bytes, lookups) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
     ON CONFLICT (scope, kind, id) DO UPDATE SET version = excluded.version, \
     format = excluded.format, bytes = excluded.bytes, lookups = excluded.lookups";
const RECORD_DELETE: &str = "DELETE FROM records WHERE scope = ?1 AND kind = ?2 AND id = ?3";

// The plus signs keep the search to the row's number; the rest of it is only compared.
const FOUND: &str = "SELECT l.id, r.version, r.format, r.bytes \
     FROM lookups AS l LEFT JOIN records AS r ON r.number = l.record \
     AND +r.scope = l.scope AND +r.kind = l.kind AND +r.id = l.id \
     WHERE l.scope = ?1 AND l.kind = ?2 AND l.ix = ?3 AND l.value = ?4 AND l.tie = x''";
const LOOKUP: &str = "SELECT id FROM lookups \
     WHERE scope = ?1 AND kind = ?2 AND ix = ?3 AND value = ?4 AND tie = x''";
const LOOKUP_ADD: &str = "INSERT OR IGNORE INTO lookups \
     (scope, kind, ix, value, tie, id, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const LOOKUP_DELETE: &str = "DELETE FROM lookups \
     WHERE scope = ?1 AND kind = ?2 AND ix = ?3 AND value = ?4 AND tie = ?5";
const ENTRIES: &str = "SELECT value, id FROM lookups \
     WHERE scope = ?1 AND kind = ?2 AND ix = ?3 AND (value, tie) >= (?4, ?5) AND value < ?6 \
     ORDER BY value, tie LIMIT ?7";
const COUNT: &str = "SELECT count(*) FROM lookups \
     WHERE scope = ?1 AND kind = ?2 AND ix = ?3 AND value >= ?4 AND value < ?5";

const COUNTER: &str = "SELECT value FROM counters WHERE scope = ?1";
const COUNTER_RAISE: &str = "INSERT INTO counters (scope, value) VALUES (?1, 1) \
     ON CONFLICT (scope) DO UPDATE SET value = value + 1";

// The reset of a development server takes everything there is.
const EVERY_RECORD: &str = "SELECT scope, kind, id, version, format, bytes, lookups FROM records";
const EVERY_RECORD_DELETE: &str = "DELETE FROM records";
const EVERY_LOOKUP_DELETE: &str = "DELETE FROM lookups";
const EVERY_COUNTER_RAISE: &str = "UPDATE counters SET value = value + 1";

/// What runs while people wait; each must find its rows by an index.
#[cfg(test)]
pub(super) const SEARCHES: &[&str] = &[
    META_GET,
    META_PUT,
    RECORD,
    RECORD_VERSION,
    RECORD_PLACE,
    RECORD_PUT,
    RECORD_DELETE,
    FOUND,
    LOOKUP,
    LOOKUP_ADD,
    LOOKUP_DELETE,
    ENTRIES,
    COUNT,
    COUNTER,
    COUNTER_RAISE,
];

/// Begins, ends and undoes; without rows or plans.
pub(super) fn run(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(META_GET)?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn meta_put(connection: &Connection, name: &str, value: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(META_PUT)?
        .execute(params![name, value])?;
    Ok(())
}

pub(super) fn record(
    connection: &Connection,
    scope: &str,
    kind: &str,
    id: &str,
) -> Result<Option<Row>, StoreError> {
    let mut statement = connection.prepare_cached(RECORD)?;
    let found = statement.query_row([scope, kind, id], |row| {
        Ok(Row {
            version: version(row, 0)?,
            format: row.get(1)?,
            bytes: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

pub(super) fn record_version(
    connection: &Connection,
    scope: &str,
    kind: &str,
    id: &str,
) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare_cached(RECORD_VERSION)?;
    let found = statement.query_row([scope, kind, id], |row| version(row, 0));
    Ok(found.optional()?)
}

/// What is found at a record's key, its own bytes aside.
pub(super) struct Place {
    /// The number of its row.
    pub(super) number: i64,
    pub(super) version: u64,
    /// The lookups that lead to it.
    pub(super) lookups: Vec<Lookup>,
}

pub(super) fn record_place(
    connection: &Connection,
    scope: &str,
    kind: &str,
    id: &str,
) -> Result<Option<Place>, StoreError> {
    let mut statement = connection.prepare_cached(RECORD_PLACE)?;
    let found = statement.query_row([scope, kind, id], |row| {
        Ok((row.get(0)?, version(row, 1)?, row.get::<_, Vec<u8>>(2)?))
    });
    let place = |(number, version, lookups): (i64, u64, Vec<u8>)| {
        Ok(Place {
            number,
            version,
            lookups: parse_lookups(&lookups)?,
        })
    };
    found.optional()?.map(place).transpose()
}

/// Writes the row of a record; its lookups are kept beside it so that they can be found
/// again when it changes.
pub(super) fn record_put(
    connection: &Connection,
    scope: &str,
    kind: &str,
    id: &str,
    version: u64,
    body: &Body,
) -> Result<(), StoreError> {
    let lookups =
        serde_json::to_vec(&body.lookups).map_err(|error| StoreError::Engine(error.into()))?;
    let version = i64::try_from(version).map_err(|error| StoreError::Engine(error.into()))?;
    connection.prepare_cached(RECORD_PUT)?.execute(params![
        scope,
        kind,
        id,
        version,
        body.format,
        body.bytes,
        lookups
    ])?;
    Ok(())
}

pub(super) fn record_delete(connection: &Connection, write: &Write) -> Result<(), StoreError> {
    connection.prepare_cached(RECORD_DELETE)?.execute(params![
        write.scope,
        write.kind,
        write.id
    ])?;
    Ok(())
}

/// The record that a unique lookup leads to, with its id.
pub(super) fn found(
    connection: &Connection,
    scope: &str,
    kind: &str,
    index: &str,
    value: &str,
) -> Result<Option<(String, Row)>, StoreError> {
    let mut statement = connection.prepare_cached(FOUND)?;
    let mut rows = statement.query(params![scope, kind, index, value.as_bytes()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let id: String = row.get(0)?;
    if row.get_ref(1)? == ValueRef::Null {
        return Err(dangling(kind, index, &id));
    }
    let found = Row {
        version: version(row, 1)?,
        format: row.get(2)?,
        bytes: row.get(3)?,
    };
    Ok(Some((id, found)))
}

pub(super) fn lookup(
    connection: &Connection,
    scope: &str,
    kind: &str,
    index: &str,
    value: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(LOOKUP)?;
    let found = statement.query_row(params![scope, kind, index, value.as_bytes()], |row| {
        row.get(0)
    });
    Ok(found.optional()?)
}

/// Adds a lookup of the record with this number; false if its value is unique and another
/// record has it.
pub(super) fn lookup_add(
    connection: &Connection,
    scope: &str,
    kind: &str,
    id: &str,
    number: i64,
    lookup: &Lookup,
) -> Result<bool, StoreError> {
    let added = connection.prepare_cached(LOOKUP_ADD)?.execute(params![
        scope,
        kind,
        lookup.index(),
        lookup.value().as_bytes(),
        tie(lookup, id),
        id,
        number
    ])?;
    Ok(added == 1)
}

pub(super) fn lookup_delete(
    connection: &Connection,
    write: &Write,
    lookup: &Lookup,
) -> Result<(), StoreError> {
    connection.prepare_cached(LOOKUP_DELETE)?.execute(params![
        write.scope,
        write.kind,
        lookup.index(),
        lookup.value().as_bytes(),
        tie(lookup, &write.id)
    ])?;
    Ok(())
}

/// What tells records with the same value apart: their id, and nothing if the value is
/// unique, so that the table's own key refuses a second record.
fn tie<'a>(lookup: &Lookup, id: &'a str) -> &'a [u8] {
    if lookup.is_unique() {
        &[]
    } else {
        id.as_bytes()
    }
}

pub(super) fn entries(
    connection: &Connection,
    range: &Range,
    after: Option<&Entry>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    // The bytes that come next after the id, so that "from here on" is "after that".
    let next = after
        .filter(|after| after.value.as_str() >= range.first())
        .map(|after| (after.value.as_bytes(), [after.id.as_bytes(), &[0]].concat()));
    let (value, tie) = next.unwrap_or_else(|| (range.first().as_bytes(), Vec::new()));

    let mut statement = connection.prepare_cached(ENTRIES)?;
    let rows = statement.query_map(
        params![
            range.scope,
            range.kind,
            range.index,
            value,
            tie,
            range.beyond(),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ],
        |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)),
    )?;
    rows.map(|row| {
        let (value, id) = row?;
        let value = String::from_utf8(value).map_err(|error| StoreError::Engine(error.into()))?;
        Ok(Entry { value, id })
    })
    .collect()
}

pub(super) fn count(connection: &Connection, range: &Range) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(COUNT)?;
    Ok(statement.query_row(
        params![
            range.scope,
            range.kind,
            range.index,
            range.first().as_bytes(),
            range.beyond()
        ],
        |row| version(row, 0),
    )?)
}

pub(super) fn counter(connection: &Connection, scope: &str) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(COUNTER)?;
    let found = statement.query_row([scope], |row| version(row, 0));
    Ok(found.optional()?.unwrap_or(0))
}

pub(super) fn counter_raise(connection: &Connection, scope: &str) -> Result<(), StoreError> {
    connection.prepare_cached(COUNTER_RAISE)?.execute([scope])?;
    Ok(())
}

pub(super) fn every_record(connection: &Connection) -> Result<Vec<SnapshotRecord>, StoreError> {
    let mut statement = connection.prepare(EVERY_RECORD)?;
    let rows = statement.query_map([], |row| {
        Ok((
            SnapshotRecord {
                scope: row.get(0)?,
                kind: row.get(1)?,
                id: row.get(2)?,
                version: version(row, 3)?,
                body: Body {
                    format: row.get(4)?,
                    bytes: row.get(5)?,
                    lookups: Vec::new(),
                },
            },
            row.get::<_, Vec<u8>>(6)?,
        ))
    })?;
    rows.map(|row| {
        let (mut record, lookups) = row?;
        record.body.lookups = parse_lookups(&lookups)?;
        Ok(record)
    })
    .collect()
}

/// Empties both tables and raises all counters.
pub(super) fn clear(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(EVERY_LOOKUP_DELETE, [])?;
    connection.execute(EVERY_RECORD_DELETE, [])?;
    connection.execute(EVERY_COUNTER_RAISE, [])?;
    Ok(())
}

fn version(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn parse_lookups(bytes: &[u8]) -> Result<Vec<Lookup>, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Damaged(format!("the lookups of a record: {error}")))
}
