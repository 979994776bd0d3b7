//! What a transaction has written and nobody else can see yet.

use std::collections::BTreeMap;

use crate::engine::{Body, Entry, Range, Write};

/// Writes by record; the last one counts.
#[derive(Default)]
pub(crate) struct Pending {
    writes: BTreeMap<(String, &'static str, String), Write>,
}

impl Pending {
    /// Takes a write, in place of an earlier one to the same record.
    pub(crate) fn add(&mut self, write: Write) {
        let key = (write.scope.clone(), write.kind, write.id.clone());
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
        self.put(scope, kind).find(|(_, body)| {
            body.lookups.iter().any(|lookup| {
                lookup.is_unique() && lookup.index() == index && lookup.value() == value
            })
        })
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
