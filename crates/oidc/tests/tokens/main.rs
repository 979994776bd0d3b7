//! Tokens from the outside: attacks each beside its valid twin, the shapes of real
//! providers, and providers that change their keys, answer slowly or not at all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what it does not expect"
)]

mod attacks;
mod keys;
mod shapes;
mod signer;
