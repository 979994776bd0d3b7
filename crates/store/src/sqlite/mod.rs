//! The engine that ships: SQLite, one folder, one writer thread, any number of readers.
//!
//! Readers have connections of their own ([`pool`]) and never wait for the writer, which
//! takes waiting commits together into one flush ([`writer`]). Every statement is in
//! [`statements`], so that a test can ask SQLite for its plan.

mod log;
#[cfg(test)]
mod plans;
mod pool;
mod schema;
mod statements;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod upgrade;
mod view;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};

use self::log::Log;
use self::pool::Pool;
use self::schema::Durability;
use self::view::SqliteView;
use self::writer::{Job, Member, Writer};
use crate::engine::{Commit, Engine, Outcome, Snapshot, View};
use crate::{Stamps, StoreError};

/// A store in a folder of this machine.
pub struct Sqlite {
    pool: Arc<Pool>,
    stamps: Arc<Stamps>,
    /// Taken away when the engine closes; that ends the writer.
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Kept open: its lock is what keeps other processes out.
    _lock: File,
    _folder: Option<tempfile::TempDir>,
}

impl Sqlite {
    /// Opens or makes the store in `folder`; everything acknowledged survives power loss.
    pub fn open(folder: &Path) -> Result<Sqlite, StoreError> {
        Sqlite::start(folder, Durability::Full, None)
    }

    /// Makes a store in a temporary folder, for tests; it does not wait for the disk.
    pub fn temporary() -> Result<Sqlite, StoreError> {
        let folder = tempfile::tempdir().map_err(|source| StoreError::Open {
            path: std::env::temp_dir(),
            source,
        })?;
        let path = folder.path().to_owned();
        Sqlite::start(&path, Durability::None, Some(folder))
    }

    fn start(
        folder: &Path,
        durability: Durability,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Sqlite, StoreError> {
        let lock = schema::lock(folder)?;
        let file = schema::file(folder)?;
        let connection = schema::open_writer(folder, &file, durability)?;
        Sqlite::over(connection, &file, Log::of(&file), lock, temporary)
    }

    fn over(
        connection: Connection,
        file: &Path,
        log: Log,
        lock: File,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Sqlite, StoreError> {
        let stamps = Arc::new(Stamps::new());
        let writer = Writer::new(connection, stamps.clone(), log)?;
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|error| StoreError::Engine(error.into()))?;
        Ok(Sqlite {
            pool: Arc::new(Pool::new(file)),
            stamps,
            jobs: Some(jobs),
            writer: Some(thread),
            _lock: lock,
            _folder: temporary,
        })
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_closed| StoreError::Closed)
    }
}

impl Engine for Sqlite {
    fn view(&self) -> Result<Box<dyn View>, StoreError> {
        Ok(Box::new(SqliteView::open(self.pool.clone())?))
    }

    fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        let (reply, answer) = sync_channel(1);
        self.send(Job::Commit(Member { commit, reply }))?;
        answer.recv().map_err(|_dead| StoreError::Closed)?
    }

    fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        SqliteView::open(self.pool.clone())?.snapshot()
    }

    fn restore(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (reply, answer) = sync_channel(1);
        self.send(Job::Restore(snapshot.clone(), reply))?;
        answer.recv().map_err(|_dead| StoreError::Closed)?
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Readers first: the last connection to close folds the log into the file.
        self.pool.close();
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer had died");
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            _ => StoreError::Engine(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_conforms() {
        crate::conformance::run(|| Sqlite::temporary().unwrap());
    }
}
