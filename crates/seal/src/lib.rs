//! Seals what must not be read or changed: secrets at rest and sessions in the hands of
//! their holders.
//!
//! [`MasterKey`] opens the house. Under it an [`Envelope`] seals each stored secret, bound to
//! the record that holds it, and the [`KeyRing`] keeps the keys under which session tokens
//! are sealed. AES-256-GCM and HMAC-SHA-256 throughout; every key has one purpose, derived by
//! a label. Secrets that the configuration needs come from a [`SecretSource`].

mod cipher;
mod envelope;
mod ids;
mod master;
mod ring;
mod secret_source;

pub use self::envelope::Envelope;
pub use self::ids::{account_of, device_id, long_term_key, same, unique_id};
pub use self::master::{MasterKey, MasterKeyError};
pub use self::ring::{Issued, KeyRing, Opened, TokenRefusal};
pub use self::secret_source::{SecretSource, SecretSourceError};

/// Something could not be sealed, or what was sealed did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The cipher refused; for opening: another key, another owner, or changed bytes.
    #[error("the seal is broken, or belongs to another key or owner")]
    Broken,
    /// The bytes are not in a known form.
    #[error("the sealed bytes are not in a known form")]
    Form,
    /// No key to seal with.
    #[error("the key ring is empty")]
    NoKey,
}
