//! The Arnold binary.
fn main() {}
