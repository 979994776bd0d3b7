//! Where the time comes from. The only file that asks the machine for it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Everything that expires asks a `Clock`, so that a test can move it.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Seconds since 1970, rounded down.
    fn epoch_seconds(&self) -> i64 {
        self.now().as_second()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place others are sent to"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The machine's clock, shifted by an amount that development mode can change.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead_ms: AtomicI64,
}

/// How far a clock may be moved in either direction: a hundred years.
const AHEAD_MS_MAX: i64 = 100 * 366 * 86_400 * 1000;

impl MovableClock {
    /// Moves the clock by this much, forward or back. Bounded to a hundred years in sum.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(AHEAD_MS_MAX);
        let _ = self
            .ahead_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ahead| {
                Some(ahead.saturating_add(by).clamp(-AHEAD_MS_MAX, AHEAD_MS_MAX))
            });
    }

    /// Sets the clock to this moment; it goes on from there.
    pub fn set(&self, now: Timestamp) {
        self.ahead_ms.store(0, Ordering::SeqCst);
        // Rounded up to a whole millisecond, so that it never stands just before `now`.
        self.advance(now.duration_since(SystemClock.now()) + SignedDuration::from_millis(1));
    }

    /// Back to the machine's time.
    pub fn reset(&self) {
        self.ahead_ms.store(0, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        let now = SystemClock.now();
        now.checked_add(ahead).unwrap_or(now)
    }
}

/// A clock that stands still until it is moved. For tests: what they expect holds however
/// slow the machine is.
#[derive(Debug)]
pub struct StandingClock {
    ms: AtomicI64,
}

impl StandingClock {
    /// Moves the clock by this much, forward or back.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or_default();
        self.ms.fetch_add(by, Ordering::SeqCst);
    }

    /// Sets the clock to this moment.
    pub fn set(&self, now: Timestamp) {
        self.ms.store(now.as_millisecond(), Ordering::SeqCst);
    }
}

impl Default for StandingClock {
    /// Stands at the machine's time of now.
    fn default() -> StandingClock {
        StandingClock {
            ms: AtomicI64::new(SystemClock.now().as_millisecond()),
        }
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.ms.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_is_ahead_by_what_it_was_moved() {
        let clock = MovableClock::default();
        clock.advance(SignedDuration::from_mins(16));
        let ahead = clock.now().duration_since(SystemClock.now());
        assert!(ahead >= SignedDuration::from_mins(15) && ahead <= SignedDuration::from_mins(16));
        clock.set("2030-01-01T00:00:00Z".parse().unwrap());
        assert!(clock.now().to_string().starts_with("2030-01-01T00:00:0"));
        clock.reset();
        assert!(clock.now().duration_since(SystemClock.now()).abs() < SignedDuration::from_secs(5));
    }

    #[test]
    fn a_standing_clock_stands_where_it_was_put() {
        let clock = StandingClock::default();
        let begin = clock.now();
        assert!(SystemClock.now() >= begin);
        assert_eq!(clock.now(), begin);
        clock.advance(SignedDuration::from_mins(16));
        assert_eq!(
            clock.now().duration_since(begin),
            SignedDuration::from_mins(16)
        );
        let then = "2030-01-01T00:00:00Z".parse().unwrap();
        clock.set(then);
        assert_eq!(clock.now(), then);
    }
}
