//! The provider over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what it does not expect"
)]

mod browser;
mod demo;
mod sign_in;
mod tokens;
