//! Somebody who signed in at the broker.

use serde::{Deserialize, Serialize};

use crate::name::NotAName;

/// Somebody who signed in, and what is open to them. Made by [`SignIn`](crate::SignIn) from what
/// a directory or a provider verified. It can be read back from its own sealed form, and from
/// nothing else: whoever keeps one seals it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub(crate) sign_in: String,
    pub(crate) name: String,
    pub(crate) grants: Vec<String>,
}

impl Visitor {
    /// The short name of the way in.
    pub fn sign_in(&self) -> &str {
        &self.sign_in
    }

    /// The name of their sessions, and the source identity in them.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Why somebody whom the other side vouches for is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// The token does not say what they are called.
    #[error("the token has no usable claim `{0}`")]
    NoName(String),
    /// The assertion does not say what they are called, or says several names, or one that is
    /// made anew each time.
    #[error("the assertion does not have exactly one lasting `{0}`")]
    NoNameInAssertion(String),
    /// The provider has not seen that the address is theirs.
    #[error("the token says that its `email` is not verified")]
    MailNotVerified,
    /// STS could not know them by their name.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// Nothing is open to them.
    #[error("`{0}` is in none of the groups that open anything here")]
    NothingOpen(String),
}
