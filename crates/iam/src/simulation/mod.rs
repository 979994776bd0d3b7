//! Simulation: what policies would say to requests that nobody makes.
//!
//! [`input`] reads what both operations ask alike, [`principal`] finds the policies of
//! somebody who exists, [`outcome`] decides and tells why, [`operations`] are the four
//! operations themselves. Nothing is known of a simulated request but what it was given.

pub(crate) mod input;
pub(crate) mod operations;
mod outcome;
mod principal;
