//! One moment of the database, read over a connection of its own.

use std::sync::Arc;

use rusqlite::Connection;

use super::pool::Pool;
use super::statements as sql;
use crate::engine::{Entry, Range, Row, Snapshot, SnapshotRows, View};
use crate::{Lookup, StoreError};

/// A pooled connection inside a read transaction; goes back when dropped.
pub(super) struct SqliteView {
    pool: Arc<Pool>,
    connection: Option<Connection>,
}

impl SqliteView {
    pub(super) fn open(pool: Arc<Pool>) -> Result<SqliteView, StoreError> {
        let connection = Some(pool.take()?);
        Ok(SqliteView { pool, connection })
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::new(SnapshotRows {
            records: sql::every_record(self.connection()?)?,
        }))
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for SqliteView {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.give_back(connection);
        }
    }
}

impl View for SqliteView {
    fn record(&self, scope: &str, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        sql::record(self.connection()?, scope, kind, id)
    }

    fn lookups(
        &self,
        scope: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<(u64, Vec<Lookup>)>, StoreError> {
        let place = sql::record_place(self.connection()?, scope, kind, id)?;
        Ok(place.map(|place| (place.version, place.lookups)))
    }

    fn find(
        &self,
        scope: &str,
        kind: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<(String, Row)>, StoreError> {
        sql::found(self.connection()?, scope, kind, index, value)
    }

    fn lookup(
        &self,
        scope: &str,
        kind: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<String>, StoreError> {
        sql::lookup(self.connection()?, scope, kind, index, value)
    }

    fn entries(
        &self,
        range: &Range,
        after: Option<&Entry>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        sql::entries(self.connection()?, range, after, limit)
    }

    fn count(&self, range: &Range) -> Result<u64, StoreError> {
        sql::count(self.connection()?, range)
    }

    fn counter(&self, scope: &str) -> Result<u64, StoreError> {
        sql::counter(self.connection()?, scope)
    }
}
