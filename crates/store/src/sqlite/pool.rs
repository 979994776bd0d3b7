//! Connections for readers, kept for the next one.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::{schema, statements as sql};
use crate::StoreError;

/// How many idle connections are kept. More readers than these get theirs too, and close
/// them afterwards: nobody who holds one can wait for another.
const IDLE_MAX: usize = 16;

/// Idle connections; `None` once the engine is closing.
pub(super) struct Pool {
    file: PathBuf,
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(file: &Path) -> Pool {
        Pool {
            file: file.to_owned(),
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    /// A connection that looks at one moment, from its first statement on.
    pub(super) fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.with(|idle| idle.as_mut().and_then(Vec::pop));
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.file)?,
        };
        sql::run(&connection, "BEGIN")?;
        Ok(connection)
    }

    /// Ends the look and keeps the connection, or closes it.
    pub(super) fn give_back(&self, connection: Connection) {
        // One that cannot let go of its moment would keep the log from being tidied.
        if sql::run(&connection, "ROLLBACK").is_err() {
            return;
        }
        self.with(|idle| {
            if let Some(idle) = idle.as_mut().filter(|idle| idle.len() < IDLE_MAX) {
                idle.push(connection);
            }
        });
    }

    /// Closes idle connections now and those in use when they come back.
    pub(super) fn close(&self) {
        self.with(|idle| *idle = None);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Option<Vec<Connection>>) -> T) -> T {
        f(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
