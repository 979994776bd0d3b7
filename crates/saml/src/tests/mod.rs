//! What is refused and what is taken, told by tests.

mod attacks;
mod conditions;
mod everywhere;
mod idp;
mod metadata;
mod signatures;
