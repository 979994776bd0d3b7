//! Passwords at rest: argon2id, each under a salt of its own.
//!
//! Hashing is meant to be dear: some 20 ms and 19 MiB each time. Never on the hot path, and
//! never in a transaction, which may be run again: the plane keeps a small pool for it.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use aws::{Entropy, Secret};
use serde::{Deserialize, Serialize};

/// Bytes of a salt (RFC 9106 §3.1 recommends sixteen).
const SALT_BYTES: usize = 16;

/// The most that a password may be long, in characters: no longer one can ever have been set.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// A password that cannot be read back: argon2id in the PHC form, parameters and salt included.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashedPassword(String);

/// The password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct NotHashed(argon2::password_hash::Error);

impl HashedPassword {
    /// Hashes a password. Costly.
    pub fn of(
        password: &Secret<String>,
        entropy: &dyn Entropy,
    ) -> Result<HashedPassword, NotHashed> {
        let mut salt = [0u8; SALT_BYTES];
        entropy.fill(&mut salt);
        let salt = SaltString::encode_b64(&salt).map_err(NotHashed)?;
        let hash = Argon2::default()
            .hash_password(password.expose().as_bytes(), &salt)
            .map_err(NotHashed)?;
        Ok(HashedPassword(hash.to_string()))
    }

    /// Whether this is that password. Costly, and as costly when it is not.
    pub fn holds(&self, password: &Secret<String>) -> bool {
        let Ok(hash) = PasswordHash::new(&self.0) else {
            tracing::error!("a stored password hash does not read");
            return false;
        };
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &hash)
            .is_ok()
    }

    /// Whether both are one hash of one password, salt included.
    pub fn is_same_hash(&self, other: &HashedPassword) -> bool {
        self.0 == other.0
    }
}

impl std::fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashedPassword(…)")
    }
}

/// Does the work of [`HashedPassword::holds`] where there is nothing to compare with, so that
/// the time of an answer does not tell who exists.
pub(crate) fn work_for_nothing(password: &Secret<String>) {
    let mut out = [0u8; 32];
    let salt = [0u8; SALT_BYTES];
    let done = Argon2::default().hash_password_into(password.expose().as_bytes(), &salt, &mut out);
    if let Err(error) = done {
        tracing::error!(%error, "a password could not be hashed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::SystemEntropy;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_holds_and_no_other_does() {
        let hash = HashedPassword::of(&secret("Tr0ub4dor&3"), &SystemEntropy).unwrap();
        assert!(hash.holds(&secret("Tr0ub4dor&3")));
        for other in ["", "tr0ub4dor&3", "Tr0ub4dor&3 ", "Tr0ub4dor&"] {
            assert!(!hash.holds(&secret(other)), "{other}");
        }
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(format!("{hash:?}"), "HashedPassword(…)");
    }

    #[test]
    fn one_password_has_many_hashes() {
        let one = HashedPassword::of(&secret("same"), &SystemEntropy).unwrap();
        let other = HashedPassword::of(&secret("same"), &SystemEntropy).unwrap();
        assert!(!one.is_same_hash(&other));
    }

    #[test]
    fn a_hash_that_does_not_read_holds_nothing() {
        for broken in ["", "$argon2id$", "plain"] {
            assert!(!HashedPassword(broken.to_owned()).holds(&secret("plain")));
        }
    }
}
