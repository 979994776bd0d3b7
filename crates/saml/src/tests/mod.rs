//! What is refused and what is taken, told by tests.

mod attacks;
mod conditions;
mod idp;
mod metadata;
mod signatures;
