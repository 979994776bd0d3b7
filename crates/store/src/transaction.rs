//! Reading and writing in one piece.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Body, Commit, Dependency, Engine, Entry, Outcome, Range, Span, View, Write};
use crate::pending::Pending;
use crate::read::{dangling, different_values, seen};
use crate::record::{KEY_BYTES_MAX, bounded, decode};
use crate::{Page, Read, Record, StoreError, Taken, cursor};

/// One attempt at reading and writing records together; see [`crate::Store::transact`].
///
/// It reads one moment of the store plus its own writes, remembers everything it has
/// read, and is committed only if all of that is still so. A write without a read before
/// it depends on nothing ([`Transaction::put`]), on the record's absence
/// ([`Transaction::insert`]) or on its being what it was ([`Transaction::update`]).
pub struct Transaction {
    engine: Arc<dyn Engine>,
    attempt: u32,
    view: OnceCell<Box<dyn View>>,
    reads: RefCell<Reads>,
    pending: Pending,
}

/// What the transaction has read from its view.
#[derive(Default)]
struct Reads {
    records: BTreeMap<(String, &'static str, String), Option<u64>>,
    others: Vec<Dependency>,
}

impl Transaction {
    pub(crate) fn begin(engine: Arc<dyn Engine>, attempt: u32) -> Transaction {
        Transaction {
            engine,
            attempt,
            view: OnceCell::new(),
            reads: RefCell::default(),
            pending: Pending::default(),
        }
    }

    /// Adds a record. [`StoreError::Taken`] if there is one with its id or with one of its
    /// unique values.
    pub fn insert<R: Record>(&mut self, scope: &str, record: &R) -> Result<(), StoreError> {
        if self.exists::<R>(scope, &record.id())? {
            return Err(Taken {
                kind: R::KIND,
                index: Taken::ID,
            }
            .into());
        }
        self.put(scope, record)
    }

    /// Replaces a record. [`StoreError::Missing`] if there is none with its id,
    /// [`StoreError::Taken`] if another one has one of its unique values.
    pub fn update<R: Record>(&mut self, scope: &str, record: &R) -> Result<(), StoreError> {
        if !self.exists::<R>(scope, &record.id())? {
            return Err(StoreError::Missing {
                kind: R::KIND,
                id: record.id().into_owned(),
            });
        }
        self.put(scope, record)
    }

    /// Adds or replaces a record, whatever was there. [`StoreError::Taken`] if another one
    /// has one of its unique values.
    pub fn put<R: Record>(&mut self, scope: &str, record: &R) -> Result<(), StoreError> {
        let id = record.id();
        bounded::<R>("a scope", scope.len(), KEY_BYTES_MAX)?;
        bounded::<R>("an id", id.len(), KEY_BYTES_MAX)?;
        let body = Body::of(record)?;

        for lookup in body.lookups.iter().filter(|lookup| lookup.is_unique()) {
            let holder = self.holder::<R>(scope, lookup.index(), lookup.value())?;
            if holder.is_some_and(|holder| holder != id) {
                return Err(Taken {
                    kind: R::KIND,
                    index: lookup.named(),
                }
                .into());
            }
        }
        self.pending.add(Write {
            scope: scope.to_owned(),
            kind: R::KIND,
            id: id.into_owned(),
            quiet: R::QUIET,
            body: Some(body),
        });
        Ok(())
    }

    /// Removes a record and says whether it was there.
    pub fn delete<R: Record>(&mut self, scope: &str, id: &str) -> Result<bool, StoreError> {
        let existed = self.exists::<R>(scope, id)?;
        if existed {
            self.pending.add(Write {
                scope: scope.to_owned(),
                kind: R::KIND,
                id: id.to_owned(),
                quiet: R::QUIET,
                body: None,
            });
        }
        Ok(existed)
    }

    /// Whether a range has at most `most` entries, this transaction's own included; if so,
    /// the commit makes sure of it, without getting in the way of others that stay within
    /// the limit too. For quotas: ask after the insert.
    pub fn within<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        most: u64,
    ) -> Result<bool, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        let (seen, count) = self.counts(&range)?;
        let holds = count <= most;
        self.depends(if holds {
            Dependency::AtMost { range, most }
        } else {
            Dependency::Count { range, seen }
        });
        Ok(holds)
    }

    /// Hands everything to the engine. What was only read needs no commit: it was of one
    /// moment.
    pub(crate) fn commit(self) -> Result<Outcome, StoreError> {
        if self.pending.is_empty() {
            return Ok(Outcome::Committed);
        }
        self.keeps_promises()?;

        let Transaction {
            engine,
            attempt,
            view,
            reads,
            pending,
        } = self;
        drop(view);

        let Reads { records, others } = reads.into_inner();
        let records = records
            .into_iter()
            .map(|((scope, kind, id), version)| Dependency::Record {
                scope,
                kind,
                id,
                version,
            });
        engine.commit(Commit {
            attempt,
            depends: records.chain(others).collect(),
            writes: pending.into_writes(),
        })
    }

    /// Finds writes that break a limit checked before them: they would conflict for ever.
    fn keeps_promises(&self) -> Result<(), StoreError> {
        let promised: Vec<_> = self
            .reads
            .borrow()
            .others
            .iter()
            .filter_map(|dependency| match dependency {
                Dependency::AtMost { range, most } => Some((range.clone(), *most)),
                _ => None,
            })
            .collect();
        for (range, most) in promised {
            let (_, count) = self.counts(&range)?;
            if count > most {
                return Err(StoreError::Exceeded {
                    kind: range.kind,
                    index: range.index,
                });
            }
        }
        Ok(())
    }

    fn view(&self) -> Result<&dyn View, StoreError> {
        seen(&self.view, || self.engine.view())
    }

    fn depends(&self, dependency: Dependency) {
        self.reads.borrow_mut().others.push(dependency);
    }

    fn depends_on_record(&self, scope: &str, kind: &'static str, id: &str, version: Option<u64>) {
        let key = (scope.to_owned(), kind, id.to_owned());
        self.reads.borrow_mut().records.insert(key, version);
    }

    fn depends_on_lookup(
        &self,
        scope: &str,
        kind: &'static str,
        index: &str,
        value: &str,
        id: Option<String>,
    ) {
        self.depends(Dependency::Lookup {
            scope: scope.to_owned(),
            kind,
            index: index.to_owned(),
            value: value.to_owned(),
            id,
        });
    }

    fn exists<R: Record>(&self, scope: &str, id: &str) -> Result<bool, StoreError> {
        if let Some(write) = self.pending.of(scope, R::KIND, id) {
            return Ok(write.body.is_some());
        }
        let found = self.view()?.lookups(scope, R::KIND, id)?;
        let version = found.map(|(version, _)| version);
        self.depends_on_record(scope, R::KIND, id, version);
        Ok(version.is_some())
    }

    /// The id of the record that has a unique value, own writes counted.
    fn holder<R: Record>(
        &self,
        scope: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<String>, StoreError> {
        if let Some((id, _)) = self.pending.holder(scope, R::KIND, index, value) {
            return Ok(Some(id.to_owned()));
        }
        let id = self.view()?.lookup(scope, R::KIND, index, value)?;
        self.depends_on_lookup(scope, R::KIND, index, value, id.clone());
        // A record that is written here and no longer has the value has let go of it.
        Ok(id.filter(|id| self.pending.of(scope, R::KIND, id).is_none()))
    }

    /// Entries of a range: those in the view, and those with own writes counted.
    fn counts(&self, range: &Range) -> Result<(u64, u64), StoreError> {
        let view = self.view()?;
        let seen = view.count(range)?;

        let mut replaced = 0_usize;
        for id in self.pending.ids(&range.scope, range.kind) {
            let found = view.lookups(&range.scope, range.kind, &id)?;
            self.depends_on_record(
                &range.scope,
                range.kind,
                &id,
                found.as_ref().map(|(version, _)| *version),
            );
            let lookups = found.map(|(_, lookups)| lookups).unwrap_or_default();
            replaced += lookups.iter().filter(|lookup| range.holds(lookup)).count();
        }
        let own = self.pending.entries(range).len();
        Ok((seen, seen.saturating_sub(replaced as u64) + own as u64))
    }

    /// The first `wanted` entries of a range, or more, own writes counted.
    fn entries(
        &self,
        range: &Range,
        after: Option<Entry>,
        wanted: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        let mut from = after.clone();
        loop {
            let limit = wanted - entries.len();
            let chunk = self.view()?.entries(range, from.as_ref(), limit)?;
            self.depends(Dependency::Entries {
                range: range.clone(),
                after: from.clone(),
                limit,
                seen: chunk.clone(),
            });
            let exhausted = chunk.len() < limit;
            from = chunk.last().cloned().or(from);
            // What is written here is seen as it is written, not as it was.
            entries.extend(chunk.into_iter().filter(|entry| {
                let own = self.pending.of(&range.scope, range.kind, &entry.id);
                own.is_none()
            }));
            if exhausted || entries.len() >= wanted {
                break;
            }
        }
        let own = self.pending.entries(range).into_iter();
        entries.extend(own.filter(|entry| after.as_ref().is_none_or(|after| entry > after)));
        entries.sort();
        Ok(entries)
    }
}

impl Read for Transaction {
    fn get<R: Record>(&self, scope: &str, id: &str) -> Result<Option<R>, StoreError> {
        if let Some(write) = self.pending.of(scope, R::KIND, id) {
            let body = write.body.as_ref();
            return body
                .map(|body| decode(id, body.format, &body.bytes))
                .transpose();
        }
        let row = self.view()?.record(scope, R::KIND, id)?;
        self.depends_on_record(scope, R::KIND, id, row.as_ref().map(|row| row.version));
        row.map(|row| decode(id, row.format, &row.bytes))
            .transpose()
    }

    fn find<R: Record>(
        &self,
        scope: &str,
        index: &str,
        value: &str,
    ) -> Result<Option<R>, StoreError> {
        if let Some((id, _)) = self.pending.holder(scope, R::KIND, index, value) {
            return self.get(scope, id);
        }
        let found = self.view()?.find(scope, R::KIND, index, value)?;
        let id = found.as_ref().map(|(id, _)| id.clone());
        self.depends_on_lookup(scope, R::KIND, index, value, id);
        // A record that is written here and no longer has the value has let go of it.
        let kept = found.filter(|(id, _)| self.pending.of(scope, R::KIND, id).is_none());
        kept.map(|(id, row)| {
            self.depends_on_record(scope, R::KIND, &id, Some(row.version));
            decode(&id, row.format, &row.bytes)
        })
        .transpose()
    }

    fn page<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<R>, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        let after = after.map(cursor::parse).transpose()?;
        let limit = limit.max(1);

        let mut entries = self.entries(&range, after, limit.saturating_add(1))?;
        let more = entries.len() > limit;
        entries.truncate(limit);

        let mut records = Vec::with_capacity(entries.len());
        for entry in &entries {
            let record = self.get(scope, &entry.id)?;
            records.push(record.ok_or_else(|| dangling(R::KIND, index, &entry.id))?);
        }
        let next = entries.last().filter(|_| more).map(cursor::print);
        Ok(Page { records, next })
    }

    fn count<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<u64, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        let (seen, count) = self.counts(&range)?;
        self.depends(Dependency::Count { range, seen });
        Ok(count)
    }

    fn values<'s, R: Record>(
        &self,
        scope: &str,
        index: &str,
        span: impl Into<Span<'s>>,
    ) -> Result<Vec<String>, StoreError> {
        let range = Range::new(scope, R::KIND, index, span.into());
        different_values(|after| self.entries(&range, after, 1))
    }
}
