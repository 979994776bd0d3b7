//! Why a policy document was refused.

use crate::{PrincipalEntry, PrincipalKind};

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

    /// A listed principal that names nobody: what IAM says when it keeps the policy of a
    /// role and the principal is malformed or does not exist.
    pub fn principal(entry: &PrincipalEntry) -> Malformed {
        let key = match entry.kind {
            PrincipalKind::Anyone | PrincipalKind::Aws => "AWS",
            PrincipalKind::Service => "SERVICE",
            PrincipalKind::Federated => "FEDERATED",
            PrincipalKind::CanonicalUser => "CANONICALUSER",
        };
        let value = &entry.value;
        Malformed::new(format!(
            "Invalid principal in policy: \"{key}\":\"{value}\""
        ))
    }

    /// AWS's sentence, for the `Message` of the error.
    pub fn message(&self) -> &str {
        &self.message
    }
}
