//! Why a policy document was refused.

/// A policy document that AWS would refuse, with AWS's sentence for
/// `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    message: String,
}

impl Malformed {
    pub(crate) fn new(message: impl Into<String>) -> Malformed {
        Malformed {
            message: message.into(),
        }
    }

    /// AWS's sentence, for the `Message` of the error.
    pub fn message(&self) -> &str {
        &self.message
    }
}
