//! The folder, its lock, its file, and the tables in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::statements as sql;
use crate::StoreError;

/// The version of the tables below. Raise it with every change to them.
const SCHEMA: i64 = 2;

/// How long to wait for others that touch the file, a backup tool perhaps.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How many compiled statements a connection keeps; all of ours.
const STATEMENTS_KEPT: usize = 48;

// Records have a row of their own beside their key: they are large, and large rows inside
// an index make it deep. Lookups are nothing but key, and the number of the record's row:
// whoever has looked one up is at the record without a search among all of them. Text that
// is compared is kept as bytes where its order matters.
const TABLES: &str = "
    CREATE TABLE records (
        number  INTEGER PRIMARY KEY,
        scope   TEXT NOT NULL,
        kind    TEXT NOT NULL,
        id      TEXT NOT NULL,
        version INTEGER NOT NULL,
        format  INTEGER NOT NULL,
        bytes   BLOB NOT NULL,
        lookups BLOB NOT NULL,
        UNIQUE (scope, kind, id)
    ) STRICT;
    CREATE TABLE lookups (
        scope  TEXT NOT NULL,
        kind   TEXT NOT NULL,
        ix     TEXT NOT NULL,
        value  BLOB NOT NULL,
        tie    BLOB NOT NULL,
        id     TEXT NOT NULL,
        record INTEGER NOT NULL,
        PRIMARY KEY (scope, kind, ix, value, tie)
    ) STRICT, WITHOUT ROWID;
";

const NOTES: &str = "
    CREATE TABLE counters (
        scope TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE meta (
        name  TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// From the tables of version 1, whose lookups did not know the rows of their records.
const SET_ASIDE: &str = "
    ALTER TABLE records RENAME TO old_records;
    ALTER TABLE lookups RENAME TO old_lookups;
";
const BRING_OVER: &str = "
    INSERT INTO records (scope, kind, id, version, format, bytes, lookups)
        SELECT scope, kind, id, version, format, bytes, lookups FROM old_records;
    INSERT INTO lookups (scope, kind, ix, value, tie, id, record)
        SELECT l.scope, l.kind, l.ix, l.value, l.tie, l.id, r.number
        FROM old_lookups AS l JOIN records AS r
        ON r.scope = l.scope AND r.kind = l.kind AND r.id = l.id;
    DROP TABLE old_records;
    DROP TABLE old_lookups;
";

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It does; nothing acknowledged is ever lost.
    Full,
    /// It does not; for tests.
    None,
}

/// Makes the folder if need be and claims it for this process.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Open { path, source }
    };
    private_folder().create(folder).map_err(failed(folder))?;

    let path = folder.join("lock");
    let lock = private_file().open(&path).map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
    }
}

/// Makes the file if need be, for its owner's eyes only, before SQLite makes it for all.
pub(super) fn file(folder: &Path) -> Result<PathBuf, StoreError> {
    let path = folder.join("store.sqlite");
    match private_file().open(&path) {
        Ok(_) => Ok(path),
        Err(source) => Err(StoreError::Open { path, source }),
    }
}

/// Opens the one connection that writes, and makes the tables if they are not there.
pub(super) fn open_writer(
    folder: &Path,
    file: &Path,
    durability: Durability,
) -> Result<Connection, StoreError> {
    let connection = open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Full => "FULL",
            Durability::None => "OFF",
        },
    )?;
    // Folding the log into the file costs two more waits for the disk; do it seldom.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    prepare(folder, &connection)?;
    Ok(connection)
}

/// Opens a connection that can only read.
pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let connection = open(file)?;
    connection.pragma_update(None, "query_only", true)?;
    // The upper levels of the trees of a million records; their leaves come from the
    // system's own cache.
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

/// Lets go of the pages that a connection remembers. All connections of a process remember
/// at most so many pages together; one that has written many has taken the others' share,
/// and would keep it.
pub(super) fn forget_pages(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("PRAGMA shrink_memory")?;
    Ok(())
}

fn open(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

fn prepare(folder: &Path, connection: &Connection) -> Result<(), StoreError> {
    let empty = connection
        .query_row(sql::TABLE_EXISTS, ["meta"], |_| Ok(()))
        .optional()?
        .is_none();
    if empty {
        let make = connection.unchecked_transaction()?;
        make.execute_batch(TABLES)?;
        make.execute_batch(NOTES)?;
        make.execute(sql::META_PUT, ("schema", SCHEMA))?;
        make.commit()?;
        return Ok(());
    }
    let found: Option<i64> = connection
        .query_row(sql::META_GET, ["schema"], |row| row.get(0))
        .optional()?;
    match found {
        Some(SCHEMA) => Ok(()),
        Some(1) => {
            tracing::info!("the store is brought to the tables of today");
            let change = connection.unchecked_transaction()?;
            for step in [SET_ASIDE, TABLES, BRING_OVER] {
                change.execute_batch(step)?;
            }
            change.execute(sql::META_PUT, ("schema", SCHEMA))?;
            change.commit()?;
            Ok(())
        }
        Some(found) if found > SCHEMA => Err(StoreError::Newer {
            folder: folder.to_owned(),
            found,
            known: SCHEMA,
        }),
        _ => Err(StoreError::Damaged(
            "it does not say by which schema it is written".to_owned(),
        )),
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
