//! Keeps SQLite's log from growing without end.
//!
//! SQLite folds the log into the file by itself, but begins it anew only at a moment when
//! nobody reads from it. Under a load without pauses that moment may never come by
//! chance, so from a certain size on the writer waits for it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Size of the log from which on the writer makes it shrink.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// After how many flushes the size is looked at.
const FLUSHES_BETWEEN_LOOKS: u32 = 256;

/// The log's file, looked at now and then.
pub(super) struct Log {
    file: PathBuf,
    bytes_max: u64,
    flushes_between: u32,
    flushes: u32,
}

impl Log {
    /// The log of a database file.
    pub(super) fn of(database: &Path) -> Log {
        let mut file = OsString::from(database);
        file.push("-wal");
        Log {
            file: file.into(),
            bytes_max: LOG_BYTES_MAX,
            flushes_between: FLUSHES_BETWEEN_LOOKS,
            flushes: 0,
        }
    }

    /// The same with other bounds, for a test that cannot write that much.
    #[cfg(test)]
    pub(super) fn bounded(mut self, bytes_max: u64, flushes_between: u32) -> Log {
        self.bytes_max = bytes_max;
        self.flushes_between = flushes_between;
        self
    }

    /// How long the log is.
    pub(super) fn bytes(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |file| file.len())
    }

    /// To be called after each flush.
    pub(super) fn keep_short(&mut self, connection: &Connection) {
        self.flushes += 1;
        if self.flushes < self.flushes_between {
            return;
        }
        self.flushes = 0;
        if self.bytes() <= self.bytes_max {
            return;
        }
        // Waits for readers as long as for anybody; if that is not enough, next time.
        let shrink = connection.pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()));
        if let Err(error) = shrink {
            tracing::warn!(%error, bytes = self.bytes(), "cannot shorten the store's log");
        }
    }
}
