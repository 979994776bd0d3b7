//! Holds back whoever guesses passwords: attempts are counted by name and by address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// For how long attempts are counted.
const WINDOW_S: i64 = 300;

/// How often a name may be tried in that time without success.
const TRIES_OF_NAME_MAX: u32 = 10;

/// How often an address may try; many people can stand behind one.
const TRIES_OF_ADDRESS_MAX: u32 = 100;

/// How many names and addresses are kept. The oldest make room.
const KEPT_MAX: usize = 20_000;

/// Who attempts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// Account and user.
    Name(String),
    /// An address.
    Address(std::net::IpAddr),
}

impl Who {
    fn tries_max(&self) -> u32 {
        match self {
            Who::Name(_) => TRIES_OF_NAME_MAX,
            Who::Address(_) => TRIES_OF_ADDRESS_MAX,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    since_s: i64,
    count: u32,
}

/// Attempts of late.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<Who, Tries>>);

impl Throttle {
    /// Counts an attempt before it is made, so that many at once are counted too. `false`
    /// when there were too many.
    pub(crate) fn admits(&self, who: &Who, now_s: i64) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= KEPT_MAX && !tries.contains_key(who) {
            tries.retain(|_, tries| is_fresh(tries, now_s));
            let oldest = tries
                .iter()
                .min_by_key(|(_, tries)| tries.since_s)
                .map(|(who, _)| who.clone());
            if let (true, Some(oldest)) = (tries.len() >= KEPT_MAX, oldest) {
                tries.remove(&oldest);
            }
        }
        let fresh = Tries {
            since_s: now_s,
            count: 0,
        };
        let counted = tries.entry(who.clone()).or_insert(fresh);
        if !is_fresh(counted, now_s) {
            *counted = fresh;
        }
        counted.count = counted.count.saturating_add(1);
        counted.count <= who.tries_max()
    }

    /// Forgets all attempts.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Forgets the attempts of a name that has got in.
    pub(crate) fn forgive(&self, who: &Who) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(who);
    }
}

fn is_fresh(tries: &Tries, now_s: i64) -> bool {
    (0..WINDOW_S).contains(&now_s.saturating_sub(tries.since_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_back_for_a_while_and_forgiven_when_it_gets_in() {
        let throttle = Throttle::default();
        let ana = Who::Name("1/ana".to_owned());
        for _ in 0..TRIES_OF_NAME_MAX {
            assert!(throttle.admits(&ana, 1_000));
        }
        assert!(!throttle.admits(&ana, 1_000 + WINDOW_S - 1));
        assert!(throttle.admits(&Who::Name("1/bob".to_owned()), 1_000));
        assert!(throttle.admits(&ana, 1_000 + WINDOW_S));
        for _ in 0..TRIES_OF_NAME_MAX {
            throttle.admits(&ana, 2_000);
        }
        throttle.forgive(&ana);
        assert!(throttle.admits(&ana, 2_000));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..KEPT_MAX + 50 {
            throttle.admits(&Who::Name(number.to_string()), 1_000);
        }
        assert_eq!(throttle.0.lock().unwrap().len(), KEPT_MAX);
    }
}
