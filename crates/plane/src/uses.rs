//! When keys, users and roles were last used: gathered by the recording thread, written in
//! groups. A crash loses what was not written yet, some seconds of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use aws::{AccountId, Timestamp};
use foldhash::fast::RandomState;
use identity::{Accessed, Caller, Known, LastUsed};
use store::{Read as _, Store, StoreError};

use crate::event::Event;

/// How many principals are gathered before they are written ahead of time.
const PRINCIPALS_MAX: usize = 10_000;

/// What one call says of whoever made it.
pub(crate) struct Use {
    known: Arc<Known>,
    at: Timestamp,
    region: String,
    /// By its signing name.
    service: &'static str,
    operation: Cow<'static, str>,
}

impl Event {
    /// What it says of its caller, if that is anybody.
    pub(crate) fn used(self) -> Option<Use> {
        match self.caller {
            Caller::Anonymous => None,
            Caller::Known(known) => Some(Use {
                known,
                at: self.at,
                region: self.region,
                service: self.service,
                operation: self.name,
            }),
        }
    }
}

/// What was seen since it was last written.
#[derive(Default)]
pub(crate) struct Uses {
    last: HashMap<String, (AccountId, LastUsed), RandomState>,
    accessed: HashMap<String, (AccountId, Accessed), RandomState>,
}

impl Uses {
    /// The key, and the role or user behind it, were used.
    pub(crate) fn note(&mut self, seen: &Use) {
        let id = &seen.known.principal.id;
        self.note_last(id, seen);
        if seen.known.session.is_none() {
            self.note_last(&seen.known.access_key_id, seen);
        }
        if !self.accessed.contains_key(id) {
            let first = (seen.known.account(), Accessed::new(id));
            self.accessed.insert(id.clone(), first);
        }
        if let Some((_, accessed)) = self.accessed.get_mut(id) {
            accessed.note(seen.service, &seen.operation, seen.at, &seen.region);
        }
    }

    fn note_last(&mut self, id: &str, seen: &Use) {
        if let Some((_, used)) = self.last.get_mut(id) {
            used.at = seen.at;
            seen.region.clone_into(&mut used.region);
            seen.service.clone_into(&mut used.service);
            return;
        }
        let used = LastUsed {
            id: id.to_owned(),
            at: seen.at,
            region: seen.region.clone(),
            service: seen.service.to_owned(),
        };
        self.last
            .insert(id.to_owned(), (seen.known.account(), used));
    }

    /// Whether so much is gathered that it must be written now.
    pub(crate) fn is_full(&self) -> bool {
        self.accessed.len() >= PRINCIPALS_MAX
    }

    /// Writes what was gathered. What cannot be written is lost, and told.
    pub(crate) fn flush(&mut self, store: &Store) {
        if self.last.is_empty() {
            return;
        }
        let last = std::mem::take(&mut self.last);
        let accessed = std::mem::take(&mut self.accessed);
        let written = store.transact(|tx| -> Result<(), StoreError> {
            for (account, used) in last.values() {
                tx.put(account.as_str(), used)?;
            }
            for (account, new) in accessed.values() {
                let scope = account.as_str();
                match tx.get::<Accessed>(scope, &new.id)? {
                    Some(mut known) => {
                        known.merge(new);
                        tx.put(scope, &known)?;
                    }
                    None => tx.put(scope, new)?,
                }
            }
            Ok(())
        });
        if let Err(error) = written {
            tracing::error!(%error, "last-used times were not kept");
        }
    }
}
