//! Codes that wait to be traded by a program. They live for a minute, in memory alone, and each
//! is good once: a code that was tried is gone, whatever came of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use broker::Visitor;

/// How long a code is good.
pub(super) const CODE_S: i64 = 60;

/// How many codes wait at the same time. The oldest makes room.
const WAITING_MAX: usize = 10_000;

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) visitor: Visitor,
    pub(super) grant_id: String,
    pub(super) challenge: String,
    pub(super) redirect_uri: String,
    pub(super) ends_at: i64,
}

/// Codes by their digests.
#[derive(Default)]
pub(super) struct Codes(Mutex<HashMap<Vec<u8>, Pending>>);

impl Codes {
    /// Keeps what a code stands for.
    pub(super) fn keep(&self, code: &str, pending: Pending, now_s: i64) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if codes.len() >= WAITING_MAX {
            codes.retain(|_, pending| now_s < pending.ends_at);
            let oldest = codes.iter().min_by_key(|(_, pending)| pending.ends_at);
            let oldest = oldest.map(|(digest, _)| digest.clone());
            if let (true, Some(oldest)) = (codes.len() >= WAITING_MAX, oldest) {
                codes.remove(&oldest);
            }
        }
        codes.insert(digest_of(code), pending);
    }

    /// Forgets all codes.
    pub(super) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// What a code stands for; from then on it stands for nothing.
    pub(super) fn take(&self, code: &str, now_s: i64) -> Option<Pending> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = codes.remove(&digest_of(code))?;
        (now_s < pending.ends_at).then_some(pending)
    }
}

fn digest_of(code: &str) -> Vec<u8> {
    digest(&SHA256, code.as_bytes()).as_ref().to_vec()
}
