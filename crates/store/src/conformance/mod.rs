//! What every engine must do: one suite, run against each.
//!
//! ```ignore
//! #[test]
//! fn my_engine_conforms() {
//!     store::conformance::run(|| MyEngine::empty());
//! }
//! ```
//!
//! Every case gets a new, empty engine and panics if a promise is broken.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, built with the feature `conformance` or under test only"
)]

mod conflicts;
mod model;
mod races;
mod ranges;
mod records;
mod samples;
mod watching;

use crate::{Engine, Store};

/// A promise and its test.
type Case = (&'static str, fn(&Store));

/// Runs every case against an engine of its own.
pub fn run<E: Engine>(make: impl Fn() -> E) {
    let suites = [
        records::CASES,
        ranges::CASES,
        conflicts::CASES,
        watching::CASES,
        races::CASES,
        model::CASES,
    ];
    for (name, case) in suites.into_iter().flatten() {
        // Shown by the test harness if the case panics.
        eprintln!("{name}");
        case(&Store::over(make()));
    }
}

/// Names each function as the case that it is.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Case] = &[$((stringify!($case), $case)),*];
    };
}
use cases;
