//! Keeps Arnold's records: durable when acknowledged, nothing when not.
//!
//! A service describes what it keeps with [`Record`]; the [`Store`] reads and writes it.
//! [`Store::read`] sees one moment; [`Store::transact`] runs a function over a
//! [`Transaction`] and commits what it wrote in one piece, if and only if everything it
//! read is still so. Otherwise the function is run again.
//!
//! Underneath stands an [`Engine`]: about ten methods over four plain tables. SQLite is
//! the one that ships; another one has to pass the suite in `conformance`.
//!
//! The way through: [`record`] (what is kept) → [`transaction`] (what was read, what
//! shall be written) → [`engine`] (compare, write, make durable) → [`stamps`] (who must
//! look again).

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod cursor;
pub mod engine;
mod error;
mod notes;
mod pending;
mod read;
mod record;
mod sqlite;
mod stamps;
mod store;
mod transaction;

pub use self::engine::{Engine, Exactly, Snapshot, Span};
pub use self::error::{OrElseTaken, StoreError, Taken};
pub use self::notes::Notes;
pub use self::read::{Page, Read, Reader};
pub use self::record::{Lookup, Record, Unreadable};
pub use self::sqlite::Sqlite;
pub use self::stamps::Stamps;
pub use self::store::Store;
pub use self::transaction::Transaction;
