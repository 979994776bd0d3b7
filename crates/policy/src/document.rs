//! A policy document as its author wrote it, parsed.

use crate::Malformed;

/// Which kind of policy a document is; each has its own grammar of what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// Attached to a user, group or role; also a permissions boundary.
    Identity,
    /// A role's trust policy.
    Trust,
    /// A bucket policy.
    Bucket,
    /// Passed when a session is made.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A VPC endpoint's policy.
    VpcEndpoint,
    /// Whatever any of the others takes; for evaluating documents of unknown origin.
    Any,
}

/// The key under which a principal is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"*"` in place of the map.
    Anyone,
    /// `AWS`: accounts, users, roles, sessions, unique ids, `*`.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`: identity providers.
    Federated,
    /// `CanonicalUser`: S3's own account ids.
    CanonicalUser,
}

/// One principal listed in a statement's `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// Under which key it is listed.
    pub kind: PrincipalKind,
    /// As written: an ARN, an account id, a unique id, a service's name, `*`.
    pub value: String,
}

/// A policy document that has been parsed and found well-formed.
#[derive(Debug, Clone)]
pub struct Document {}

impl Document {
    /// Parses policy text. The error is AWS's sentence for `MalformedPolicyDocument`.
    pub fn parse(text: &str, grammar: Grammar) -> Result<Document, Malformed> {
        let _ = grammar;
        if text.is_empty() {
            return Err(Malformed::new("Syntax errors in policy."));
        }
        Ok(Document {})
    }

    /// Every listed principal, in order: for checks of existence.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalEntry> {
        std::iter::empty()
    }

    /// Replaces the value of each listed principal for which `replace` has another.
    pub fn replace_principals(&mut self, replace: impl FnMut(&PrincipalEntry) -> Option<String>) {
        let _ = replace;
    }

    /// The condition keys that the document reads, as written, each once.
    pub fn context_keys(&self) -> Vec<String> {
        Vec::new()
    }
}
