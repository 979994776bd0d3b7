//! Keeps the role's credentials, and gets new ones before they end.

use std::sync::Arc;

use aws::{Clock as _, SystemClock, Timestamp};
use tokio::sync::Mutex;

use super::sts::{RoleCredentials, Sts};
use crate::Failure;

/// Clients get new ones when this much is left; so must we, or they would get the old ones
/// again and again.
const LEFT_S_MIN: i64 = 15 * 60;

/// The role's credentials as of now.
pub(super) struct Keeper {
    sts: Sts,
    // Held while STS is asked, so that many clients at once make one request.
    held: Mutex<Option<Arc<RoleCredentials>>>,
}

impl Keeper {
    pub(super) fn new(sts: Sts) -> Keeper {
        Keeper {
            sts,
            held: Mutex::new(None),
        }
    }

    /// Credentials that do not end soon. When new ones cannot be had, the old ones do as long
    /// as they last.
    pub(super) async fn credentials(&self) -> Result<Arc<RoleCredentials>, Failure> {
        let mut held = self.held.lock().await;
        let now = SystemClock.now();
        if let Some(credentials) = held.as_ref().filter(|held| !is_due(held, now)) {
            return Ok(Arc::clone(credentials));
        }
        match self.sts.assume().await {
            Ok(fresh) => {
                let fresh = Arc::new(fresh);
                *held = Some(Arc::clone(&fresh));
                Ok(fresh)
            }
            Err(failure) => match held.as_ref().filter(|held| held.ends > now) {
                Some(old) => {
                    tracing::warn!(%failure, "cannot refresh the credentials; the old ones still hold");
                    Ok(Arc::clone(old))
                }
                None => Err(failure),
            },
        }
    }
}

/// Whether it is time for new ones: a quarter of an hour before the end, or a third of their
/// time if they are short.
fn is_due(held: &RoleCredentials, now: Timestamp) -> bool {
    let whole_s = held
        .ends
        .as_second()
        .saturating_sub(held.issued.as_second());
    let left_s = held.ends.as_second().saturating_sub(now.as_second());
    left_s <= LEFT_S_MIN.min(whole_s / 3)
}

#[cfg(test)]
mod tests {
    use aws::Secret;

    use super::*;

    #[test]
    fn new_ones_are_due_before_the_old_ones_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let held = |length: i64| RoleCredentials {
            access_key_id: String::new(),
            secret_access_key: Secret::new(String::new()),
            session_token: Secret::new(String::new()),
            issued: at(1_000_000),
            ends: at(1_000_000 + length),
        };
        for (length, age, due) in [
            (3600, 0, false),
            (3600, 2699, false),
            (3600, 2700, true),
            (900, 0, false),
            (900, 599, false),
            (900, 600, true),
            (900, 2000, true),
        ] {
            assert_eq!(
                is_due(&held(length), at(1_000_000 + age)),
                due,
                "{length} {age}"
            );
        }
    }
}
