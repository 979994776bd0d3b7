//! The one thread that writes, and takes waiting commits together into one flush.
//!
//! While the disk confirms one group, the next one gathers in the queue: the more callers
//! there are, the more commits share a flush. Within a group each commit is compared and
//! written in turn, inside a savepoint of its own, so that a loser leaves no trace and the
//! next one is compared with what the winners before it wrote. Nobody hears anything
//! before the group's COMMIT has returned.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::{Connection, ffi};

use super::log::Log;
use super::{schema, statements as sql};
use crate::engine::{Commit, Dependency, Outcome, Snapshot, Write};
use crate::{Stamps, StoreError};

/// Most commits in one flush.
const GROUP_MAX: usize = 256;

/// How many records make a flush a large one. Each touches about ten pages, and this
/// connection may remember two thousand.
const WRITES_MANY: usize = 128;
/// Bits of a version that count commits since the start; those above count the starts.
/// So no version comes twice, and no commit has to write down how far the count is.
const COMMIT_BITS: u32 = 32;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Commit a transaction.
    Commit(Member),
    /// Put everything back.
    Restore(Snapshot, SyncSender<Result<(), StoreError>>),
}

/// A commit and who waits for it.
pub(super) struct Member {
    pub(super) commit: Commit,
    pub(super) reply: SyncSender<Result<Outcome, StoreError>>,
}

/// The writing connection and what goes with it.
pub(super) struct Writer {
    connection: Connection,
    stamps: Arc<Stamps>,
    version: u64,
    /// Set when the disk has not confirmed a write. A second confirmation could be about
    /// something else, so that nothing is written any more.
    broken: Option<String>,
    log: Log,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        stamps: Arc<Stamps>,
        log: Log,
    ) -> Result<Writer, StoreError> {
        let start = sql::meta(&connection, "starts")?.unwrap_or(0) + 1;
        sql::meta_put(&connection, "starts", start)?;
        let version = u64::try_from(start).unwrap_or(0) << COMMIT_BITS;
        Ok(Writer {
            connection,
            stamps,
            version,
            broken: None,
            log,
        })
    }

    /// Works until the engine closes.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Commit(member) => {
                        let (group, other) = gather(member, jobs);
                        self.flush(group);
                        self.log.keep_short(&self.connection);
                        next = other;
                    }
                    Job::Restore(snapshot, reply) => {
                        let _ = reply.send(self.restore(&snapshot));
                    }
                }
            }
        }
    }

    /// Writes a group and tells each member how it went. If the group fails, each member
    /// is tried alone, so that one that cannot be written does not take others with it.
    fn flush(&mut self, mut group: Vec<Member>) {
        group.sort_by_key(|member| Reverse(member.commit.attempt));
        match (self.write(&group), group.as_slice()) {
            (Ok(outcomes), members) => {
                for (member, outcome) in members.iter().zip(outcomes) {
                    member.answer(Ok(outcome));
                }
            }
            (Err(error), [alone]) => alone.answer(Err(error)),
            (Err(_), members) => {
                for member in members {
                    let outcomes = self.write(slice::from_ref(member));
                    member.answer(
                        outcomes.and_then(|outcomes| {
                            outcomes.first().copied().ok_or(StoreError::Closed)
                        }),
                    );
                }
            }
        }
    }

    /// Writes a group durably and marks what has changed.
    fn write(&mut self, group: &[Member]) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.flushed(|writer| {
            let each = group.iter().map(|member| writer.apply(&member.commit));
            each.collect::<Result<Vec<_>, _>>()
        })?;
        for (member, outcome) in group.iter().zip(&outcomes) {
            if *outcome == Outcome::Committed {
                for Write {
                    scope, kind, id, ..
                } in &member.commit.writes
                {
                    self.stamps.bump(scope, kind, id);
                }
            }
        }
        let written = group.iter().map(|member| member.commit.writes.len());
        if written.sum::<usize>() >= WRITES_MANY
            && let Err(error) = schema::forget_pages(&self.connection)
        {
            tracing::warn!(%error, "cannot let go of remembered pages");
        }
        Ok(outcomes)
    }

    /// Runs `f` inside a transaction of the database; on any error nothing of it is kept.
    fn flushed<T>(
        &mut self,
        f: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(why) = &self.broken {
            return Err(StoreError::Broken(why.clone()));
        }
        self.undo()?;
        sql::run(&self.connection, "BEGIN IMMEDIATE")?;
        let result = f(self).and_then(|value| self.commit().map(|()| value));
        if result.is_err()
            && let Err(error) = self.undo()
        {
            tracing::error!(%error, "cannot undo a failed change yet");
        }
        result
    }

    /// Ends a transaction that failed. Some errors have ended it already.
    fn undo(&self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        sql::run(&self.connection, "ROLLBACK")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.connection.prepare_cached("COMMIT")?.execute([]);
        let Err(error) = committed else {
            return Ok(());
        };
        if is_unconfirmed(&error) {
            tracing::error!(%error, "the disk did not confirm a write: no more changes until a restart");
            self.broken = Some(error.to_string());
        }
        Err(error.into())
    }

    /// Compares and writes one commit, or leaves no trace of it.
    fn apply(&mut self, commit: &Commit) -> Result<Outcome, StoreError> {
        sql::run(&self.connection, "SAVEPOINT member")?;
        self.version += 1;
        let outcome = self.compare_and_set(commit)?;
        if outcome == Outcome::Conflict {
            sql::run(&self.connection, "ROLLBACK TO member")?;
        }
        sql::run(&self.connection, "RELEASE member")?;
        Ok(outcome)
    }

    fn compare_and_set(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let (limits, reads): (Vec<_>, Vec<_>) = commit
            .depends
            .iter()
            .partition(|dependency| matches!(dependency, Dependency::AtMost { .. }));
        if self.all_hold(&reads)? && self.set(&commit.writes)? && self.all_hold(&limits)? {
            Ok(Outcome::Committed)
        } else {
            Ok(Outcome::Conflict)
        }
    }

    fn all_hold(&self, dependencies: &[&Dependency]) -> Result<bool, StoreError> {
        for dependency in dependencies {
            if !self.holds(dependency)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn holds(&self, dependency: &Dependency) -> Result<bool, StoreError> {
        let connection = &self.connection;
        Ok(match dependency {
            Dependency::Record {
                scope,
                kind,
                id,
                version,
            } => sql::record_version(connection, scope, kind, id)? == *version,
            Dependency::Lookup {
                scope,
                kind,
                index,
                value,
                id,
            } => sql::lookup(connection, scope, kind, index, value)? == *id,
            Dependency::Entries {
                range,
                after,
                limit,
                seen,
            } => sql::entries(connection, range, after.as_ref(), *limit)? == *seen,
            Dependency::Count { range, seen } => sql::count(connection, range)? == *seen,
            Dependency::AtMost { range, most } => sql::count(connection, range)? <= *most,
        })
    }

    /// Writes records, lookups and counters; false if a unique value is taken. Every value
    /// that is given up goes before the new ones come: records may swap theirs.
    fn set(&self, writes: &[Write]) -> Result<bool, StoreError> {
        let connection = &self.connection;
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            let place = sql::record_place(connection, &write.scope, write.kind, &write.id)?;
            let (number, old) = place.map(|place| (place.number, place.lookups)).unzip();
            let old = old.unwrap_or_default();
            let new = write.body.as_ref().map_or(&[][..], |body| &body.lookups);
            for lookup in old.iter().filter(|lookup| !new.contains(lookup)) {
                sql::lookup_delete(connection, write, lookup)?;
            }
            let fresh = new.iter().filter(|lookup| !old.contains(lookup));
            changes.push((write, number, fresh.collect::<Vec<_>>()));
        }
        // One table after the other: in turns, their pages would push each other out of what
        // this connection remembers.
        let mut put = Vec::with_capacity(writes.len());
        for (write, number, fresh) in changes {
            let (scope, kind, id) = (&write.scope, write.kind, &write.id);
            match &write.body {
                Some(body) => {
                    sql::record_put(connection, scope, kind, id, self.version, body)?;
                    let number = number.unwrap_or_else(|| connection.last_insert_rowid());
                    put.push((write, number, fresh));
                }
                None => sql::record_delete(connection, write)?,
            }
        }
        for (write, number, fresh) in put {
            let (scope, kind, id) = (&write.scope, write.kind, &write.id);
            for lookup in fresh {
                if !sql::lookup_add(connection, scope, kind, id, number, lookup)? {
                    return Ok(false);
                }
            }
        }
        let loud = writes.iter().filter(|write| !write.quiet);
        for scope in loud.map(|write| &write.scope).collect::<BTreeSet<_>>() {
            sql::counter_raise(connection, scope)?;
        }
        Ok(true)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.flushed(|writer| {
            let connection = &writer.connection;
            sql::clear(connection)?;
            for record in &snapshot.rows().records {
                let (scope, kind, id) = (&record.scope, &record.kind, &record.id);
                // The version it had is right again: it stands for the same bytes.
                sql::record_put(connection, scope, kind, id, record.version, &record.body)?;
                let number = connection.last_insert_rowid();
                for lookup in &record.body.lookups {
                    sql::lookup_add(connection, scope, kind, id, number, lookup)?;
                }
            }
            Ok(())
        })?;
        self.stamps.bump_all();
        Ok(())
    }
}

/// Whether the disk was asked to confirm a write and did not.
fn is_unconfirmed(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
    )
}

/// Everybody who is waiting already, and the first job of another sort.
fn gather(first: Member, jobs: &Receiver<Job>) -> (Vec<Member>, Option<Job>) {
    let mut group = vec![first];
    while group.len() < GROUP_MAX {
        match jobs.try_recv() {
            Ok(Job::Commit(member)) => group.push(member),
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

impl Member {
    fn answer(&self, outcome: Result<Outcome, StoreError>) {
        // Who no longer waits does not need to know.
        let _ = self.reply.send(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::{self, Durability};

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn after_an_unconfirmed_write_nothing_is_written() {
        assert!(is_unconfirmed(&failure(ffi::SQLITE_IOERR_FSYNC)));
        assert!(!is_unconfirmed(&failure(ffi::SQLITE_FULL)));
        assert!(!is_unconfirmed(&failure(ffi::SQLITE_IOERR_WRITE)));

        let folder = tempfile::tempdir().unwrap();
        let file = schema::file(folder.path()).unwrap();
        let connection = schema::open_writer(folder.path(), &file, Durability::None).unwrap();
        let mut writer = Writer::new(connection, Arc::default(), Log::of(&file)).unwrap();
        writer.broken = Some("disk I/O error".to_owned());

        let refused = writer.restore(&Snapshot::new(Default::default()));
        let words = refused.unwrap_err().to_string();
        assert_eq!(
            words,
            "the disk did not confirm an earlier write (`disk I/O error`): check it, then restart"
        );
    }

    #[test]
    fn each_start_gives_out_new_versions() {
        let folder = tempfile::tempdir().unwrap();
        let file = schema::file(folder.path()).unwrap();
        let start = || {
            let connection = schema::open_writer(folder.path(), &file, Durability::None).unwrap();
            Writer::new(connection, Arc::default(), Log::of(&file))
                .unwrap()
                .version
        };
        assert_eq!([start(), start()], [1 << COMMIT_BITS, 2 << COMMIT_BITS]);
    }
}
