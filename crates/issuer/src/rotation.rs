//! When keys change. All times are in seconds since 1970.

use crate::stored::StoredKey;

/// How long a key is the newest.
const NEWEST_FOR_S: i64 = 30 * 86_400;

/// How long a new key is published before anything is signed with it, so that verifiers which
/// keep keys for a while know it by then.
const PUBLISHED_AHEAD_S: i64 = 86_400;

/// How long a key stays published after its successor took over: as long as the longest token
/// lives (a day), and an hour for clocks.
const PUBLISHED_AFTER_S: i64 = 86_400 + 3_600;

/// When a key begins to be the one that signs.
fn takes_over_s(key: &StoredKey) -> i64 {
    key.made_s.saturating_add(PUBLISHED_AHEAD_S)
}

/// Which of the keys of one algorithm, oldest first, signs now. The first key of all signs
/// from the start.
pub(crate) fn in_force<'a>(keys: &[&'a StoredKey], now_s: i64) -> Option<&'a StoredKey> {
    let ready = keys.iter().rev().find(|key| takes_over_s(key) <= now_s);
    ready.or(keys.first()).copied()
}

/// Whether the newest of the keys of one algorithm has been the newest long enough.
pub(crate) fn is_due(keys: &[&StoredKey], now_s: i64) -> bool {
    keys.last()
        .is_none_or(|newest| now_s.saturating_sub(newest.made_s) >= NEWEST_FOR_S)
}

/// Whether a key with this successor still counts.
pub(crate) fn still_counts(successor: Option<&StoredKey>, now_s: i64) -> bool {
    successor.is_none_or(|next| now_s < takes_over_s(next).saturating_add(PUBLISHED_AFTER_S))
}
