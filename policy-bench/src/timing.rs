//! A clock and a table.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often a figure is taken.
const ROUNDS: u32 = 400;
/// How long one round lasts at least. Short, so that among many some are not disturbed.
const ROUND: Duration = Duration::from_millis(1);

/// How many nanoseconds the work takes: the least of all rounds.
pub(crate) fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let mut repeats: u32 = 1;
    loop {
        let start = Instant::now();
        (0..repeats).for_each(|_| work());
        if start.elapsed() >= ROUND || repeats > 1 << 28 {
            break;
        }
        repeats *= 2;
    }
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        (0..repeats).for_each(|_| work());
        least = least.min(start.elapsed().as_secs_f64() / f64::from(repeats));
    }
    least * 1e9
}

/// Prints figures as they come, and remembers whether a mark was missed.
#[derive(Default)]
pub(crate) struct Table {
    missed: bool,
}

impl Table {
    pub(crate) fn head(&mut self, title: &str) {
        println!("\n{title}");
    }

    pub(crate) fn row(&mut self, name: &str, took: f64) {
        println!("  {name:34} {took:12.0} ns");
    }

    /// A figure that must not be above its mark.
    pub(crate) fn mark(&mut self, name: &str, took: f64, most: f64) {
        let missed = took > most;
        self.missed |= missed;
        let verdict = if missed { "MISSED" } else { "" };
        println!("  {name:34} {took:12.0} ns   mark {most:9.0}  {verdict}");
    }

    pub(crate) fn ratio(&mut self, name: &str, ours: f64, theirs: f64) {
        let times = theirs / ours;
        println!("  {name:34} {ours:12.0} ns   {theirs:12.0} ns   {times:9.1} times");
    }

    pub(crate) fn end(self) -> ExitCode {
        if self.missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
