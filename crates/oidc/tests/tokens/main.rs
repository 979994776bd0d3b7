//! Tokens from the outside: attacks each beside its valid twin, the shapes of real
//! providers, and providers that change their keys, answer slowly or not at all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at what it does not expect"
)]

/// Asserts that a token is refused for exactly this reason.
macro_rules! refused {
    ($token:expr, $reason:pat $(if $guard:expr)?) => {
        refused!($token, $reason $(if $guard)?, "")
    };
    ($token:expr, $reason:pat $(if $guard:expr)?, $($note:tt)+) => {
        match $crate::signer::check(&$token) {
            Err($reason) $(if $guard)? => {}
            other => panic!("{:?} {}", other.map(|_| "taken"), format!($($note)+)),
        }
    };
}

mod attacks;
mod claims;
mod keys;
mod properties;
mod shapes;
mod signer;
mod syntax;
