//! The handle that services hold.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Engine, Outcome, Snapshot};
use crate::{Read as _, Reader, Record, Sqlite, StoreError, Transaction};

/// How often a transaction is run before its caller hears of [`StoreError::Contended`].
const ATTEMPTS_MAX: u32 = 48;
/// After how many lost attempts a transaction stops racing and queues with other losers.
const ATTEMPTS_RACING: u32 = 3;

/// All records, of every service. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    /// Held by the one repeated loser whose turn it is: losers that race each other would
    /// go on losing.
    losers: Arc<Mutex<()>>,
}

impl Store {
    /// Opens the store in a folder, and makes both if they are not there. One process at
    /// a time.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        Ok(Store::over(Sqlite::open(folder)?))
    }

    /// A store of its own in a temporary folder, gone with the last handle. For tests: the
    /// same engine, but the disk is not waited for.
    pub fn in_memory() -> Result<Store, StoreError> {
        Ok(Store::over(Sqlite::temporary()?))
    }

    /// The store over any engine.
    pub fn over(engine: impl Engine) -> Store {
        Store {
            engine: Arc::new(engine),
            losers: Arc::default(),
        }
    }

    /// Reads one moment, without a transaction.
    pub fn read(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// Runs `f` and commits what it wrote, if everything it read is still so; otherwise
    /// runs it again from the start, up to a bound. What `f` returns as an error ends the
    /// transaction and nothing is written.
    ///
    /// Returns after the commit is durable. Nothing outside the transaction may happen in
    /// `f`, and no other transaction.
    pub fn transact<T, E: From<StoreError>>(
        &self,
        mut f: impl FnMut(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        for attempt in 0..ATTEMPTS_MAX {
            let _turn = (attempt >= ATTEMPTS_RACING)
                .then(|| self.losers.lock().unwrap_or_else(PoisonError::into_inner));

            let mut transaction = Transaction::begin(self.engine.clone(), attempt);
            let value = f(&mut transaction)?;
            match transaction.commit()? {
                Outcome::Committed => return Ok(value),
                Outcome::Conflict => {}
            }
        }
        Err(StoreError::Contended.into())
    }

    /// The record with this id, as of now.
    pub fn get<R: Record>(&self, scope: &str, id: &str) -> Result<Option<R>, StoreError> {
        self.read().get(scope, id)
    }

    /// The change mark of a record, known without asking the engine. Read it before the
    /// record; what was read is current while the mark stays the same.
    pub fn stamp(&self, scope: &str, kind: &str, id: &str) -> u64 {
        self.engine.stamps().of_record(scope, kind, id)
    }

    /// The change mark of everything of a kind in a scope; for ranges and lookups.
    pub fn stamp_scope_kind(&self, scope: &str, kind: &str) -> u64 {
        self.engine.stamps().of_kind(scope, kind)
    }

    /// How many commits have changed the scope, [quiet](Record::QUIET) ones left out.
    pub fn counter(&self, scope: &str) -> Result<u64, StoreError> {
        self.read().counter(scope)
    }

    /// A copy of all records, in memory; small stores only.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.engine.snapshot()
    }

    /// Puts all records back to a snapshot. To all watchers everything has changed;
    /// counters go on rising.
    pub fn reset_to(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.engine.restore(snapshot)
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
