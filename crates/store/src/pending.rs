//! What a transaction has written and nobody else can see yet.

use std::collections::BTreeMap;

use crate::engine::{Body, Entry, Range, Write};

/// Writes by record; the last one counts.
#[derive(Default)]
pub(crate) struct Pending {
    writes: BTreeMap<(String, &'static str, String), Write>,
    // INVARIANT: leads from each unique value of the records put here to the record's id, so
    // that a commit of many records looks none of them through for each.
    holders: BTreeMap<Unique, String>,
}

/// Scope, kind, index and value.
type Unique = (String, &'static str, String, String);

impl Pending {
    /// Takes a write, in place of an earlier one to the same record.
    pub(crate) fn add(&mut self, write: Write) {
        let key = (write.scope.clone(), write.kind, write.id.clone());
        if let Some(earlier) = self.writes.get(&key) {
            for value in unique(earlier) {
                if self.holders.get(&value) == Some(&earlier.id) {
                    self.holders.remove(&value);
                }
            }
        }
        let held = unique(&write).map(|value| (value, write.id.clone()));
        self.holders.extend(held);
        self.writes.insert(key, write);
    }

    /// The write to a record, if there is one.
    pub(crate) fn of(&self, scope: &str, kind: &'static str, id: &str) -> Option<&Write> {
        if self.writes.is_empty() {
            return None;
        }
        self.writes.get(&(scope.to_owned(), kind, id.to_owned()))
    }

    /// The record put here that has this unique value.
    pub(crate) fn holder(
        &self,
        scope: &str,
        kind: &'static str,
        index: &str,
        value: &str,
    ) -> Option<(&str, &Body)> {
        if self.holders.is_empty() {
            return None;
        }
        let value = (scope.to_owned(), kind, index.to_owned(), value.to_owned());
        let write = self.of(scope, kind, self.holders.get(&value)?)?;
        Some((write.id.as_str(), write.body.as_ref()?))
    }

    /// The entries of a range that come from records put here, in no order.
    pub(crate) fn entries(&self, range: &Range) -> Vec<Entry> {
        self.put(&range.scope, range.kind)
            .flat_map(|(id, body)| {
                let inside = body.lookups.iter().filter(|lookup| range.holds(lookup));
                inside.map(|lookup| Entry {
                    value: lookup.value().to_owned(),
                    id: id.to_owned(),
                })
            })
            .collect()
    }

    /// The ids of a kind that are written here.
    pub(crate) fn ids(&self, scope: &str, kind: &'static str) -> Vec<String> {
        self.within(scope, kind)
            .map(|write| write.id.clone())
            .collect()
    }

    /// All writes.
    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.writes.into_values().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    fn within(&self, scope: &str, kind: &'static str) -> impl Iterator<Item = &Write> {
        self.writes
            .range((scope.to_owned(), kind, String::new())..)
            .map(|(_, write)| write)
            .take_while(move |write| write.scope == scope && write.kind == kind)
    }

    fn put(&self, scope: &str, kind: &'static str) -> impl Iterator<Item = (&str, &Body)> {
        self.within(scope, kind)
            .filter_map(|write| Some((write.id.as_str(), write.body.as_ref()?)))
    }
}

/// The unique values that a write gives its record.
fn unique(write: &Write) -> impl Iterator<Item = Unique> {
    let lookups = write.body.iter().flat_map(|body| &body.lookups);
    lookups.filter(|lookup| lookup.is_unique()).map(|lookup| {
        (
            write.scope.clone(),
            write.kind,
            lookup.index().to_owned(),
            lookup.value().to_owned(),
        )
    })
}
