//! Requests that were answered: a response that answers one again is a replay. They are kept in
//! memory alone, for as long as a way lasts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many are kept. Who signs in when there are more is refused: a request that was
/// forgotten could be answered twice.
const ANSWERED_MAX: usize = 100_000;

/// Requests that were answered, with the ends of their ways.
#[derive(Default)]
pub(super) struct Answered(Mutex<HashMap<String, i64>>);

impl Answered {
    /// Whether this is the request's first answer; from then on none is.
    pub(super) fn first(&self, request_id: &str, ends_at: i64, now_s: i64) -> bool {
        let mut answered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= ANSWERED_MAX {
            answered.retain(|_, ends_at| now_s < *ends_at);
        }
        if answered.len() >= ANSWERED_MAX || answered.contains_key(request_id) {
            return false;
        }
        answered.insert(request_id.to_owned(), ends_at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let answered = Answered::default();
        assert!(answered.first("a", 100, 0));
        assert!(!answered.first("a", 100, 99));
        assert!(answered.first("b", 100, 99));
    }

    #[test]
    fn ways_that_have_ended_make_room_and_others_do_not() {
        let answered = Answered::default();
        for number in 0..ANSWERED_MAX {
            assert!(answered.first(&number.to_string(), 100, 0));
        }
        assert!(!answered.first("one more", 200, 99));
        assert!(answered.first("one more", 200, 100));
    }
}
