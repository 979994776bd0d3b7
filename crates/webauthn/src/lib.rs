//! Verifies what a browser says of a security key (Web Authentication, level 3).
//!
//! A [`Party`] is whom keys are registered with: one origin. It shows a [`Challenge`], and what
//! comes back is judged by [`registered`] (a new key: §7.1) or [`proved`] (a key that is known
//! signs: §7.2). A [`NewKey`] and a [`Proof`] exist only if every step of theirs held.
//!
//! The way through: [`client_data`] (what did the browser see?) → [`authenticator_data`] (what
//! did the key see?) → [`public_key`] (does the signature hold?). CBOR and COSE are read by
//! `coset`, signatures are verified by `aws-lc-rs`. Whether a challenge is fresh and whose it is
//! are questions for whoever keeps it.

mod authenticator_data;
mod ceremony;
mod client_data;
mod party;
mod public_key;
mod refusal;
#[cfg(test)]
mod tests;

pub use self::ceremony::{Assertion, Known, NewKey, Proof, Registration, proved, registered};
pub use self::party::{Challenge, NoParty, Party};
pub use self::public_key::{ALGORITHMS, PublicKey};
pub use self::refusal::Refusal;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Text as WebAuthn writes bytes: base64url without padding.
pub fn text_of(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes of such a text.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
