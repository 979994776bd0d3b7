//! What can go wrong with the store, and the one thing that services expect to.

use std::error::Error;
use std::path::PathBuf;

use crate::Unreadable;

/// A unique value, or a record's id, already belongs to another record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{index}` of `{kind}` is taken by another record")]
pub struct Taken {
    /// The kind of the records that compete.
    pub kind: &'static str,
    /// The lookup they compete for, or [`Taken::ID`].
    pub index: &'static str,
}

impl Taken {
    /// Stands for the record's id itself, where no lookup is meant.
    pub const ID: &'static str = "id";
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A unique value or an id belongs to another record.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// An update of a record that is not there.
    #[error("no `{kind}` with id `{id}`")]
    Missing {
        /// The record's kind.
        kind: &'static str,
        /// The record's id.
        id: String,
    },
    /// More records in a range than [`crate::Transaction::within`] had promised.
    #[error("more of `{kind}` by `{index}` than the limit that was checked")]
    Exceeded {
        /// The kind of the records.
        kind: &'static str,
        /// The lookup whose range was counted.
        index: String,
    },
    /// Others changed what the transaction had read, at each of its tries.
    #[error("the records are changing too fast: try again")]
    Contended,
    /// The bytes of a record make no sense to this program.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The caller's page cursor was not made by this store.
    #[error("not a cursor that this store has given out")]
    Cursor,
    /// A record, or one of its keys, is over the limit.
    #[error("{what} of `{kind}` has {bytes} bytes, more than {bytes_max}")]
    TooBig {
        /// What is too big.
        what: &'static str,
        /// The record's kind.
        kind: &'static str,
        /// How big it is.
        bytes: usize,
        /// How big it may be.
        bytes_max: usize,
    },
    /// Another process has the folder.
    #[error("`{}` is in use by another process: stop that one first, or choose another folder", .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder was written by a later version of this program.
    #[error(
        "`{}` was written by a newer version (schema {found}, this one knows {known}): start that version, or restore a backup from before the upgrade", .folder.display()
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// The schema found in it.
        found: i64,
        /// The latest schema that this program knows.
        known: i64,
    },
    /// No room for another byte.
    #[error("the disk is full: nothing of this change was kept")]
    Full,
    /// The disk did not confirm a write. What it holds is known again after a restart only.
    #[error("the disk did not confirm an earlier write (`{0}`): check it, then restart")]
    Broken(String),
    /// The store is shutting down, or its writer has died.
    #[error("the store no longer takes changes")]
    Closed,
    /// Records and lookups contradict each other.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A file or folder could not be made, opened or locked.
    #[error("cannot open `{}`: {source}", .path.display())]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Anything else that the engine reports.
    #[error("the store failed: {0}")]
    Engine(#[source] Box<dyn Error + Send + Sync>),
}

/// Turns "taken" into what a service says about it, and lets everything else pass.
pub trait OrElseTaken<T> {
    /// Replaces [`StoreError::Taken`] by the answer of `say`; other errors are converted.
    fn or_else_taken<E: From<StoreError>>(self, say: impl FnOnce(Taken) -> E) -> Result<T, E>;
}

impl<T> OrElseTaken<T> for Result<T, StoreError> {
    fn or_else_taken<E: From<StoreError>>(self, say: impl FnOnce(Taken) -> E) -> Result<T, E> {
        self.map_err(|error| match error {
            StoreError::Taken(taken) => say(taken),
            other => E::from(other),
        })
    }
}
