//! What a session token says. Sealed by the key ring, so it can be believed.

use aws::AccountId;
use serde::{Deserialize, Serialize};

use crate::tag::Tag;

/// A session: who someone is for a while, and within which limits. It travels in the session
/// token; no row is kept. Member names are short because the token carries them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// The account that the session acts in.
    #[serde(rename = "a")]
    pub account: AccountId,
    /// What kind of session it is.
    #[serde(rename = "k")]
    pub kind: SessionKind,
    /// When it was issued, seconds since 1970.
    #[serde(rename = "i")]
    pub issued_at: i64,
    /// When it ends, seconds since 1970.
    #[serde(rename = "e")]
    pub expires_at: i64,
    /// The session policy given inline, if any.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// ARNs of managed policies that serve as session policies.
    #[serde(rename = "pa", default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
    /// Session tags, those inherited from an earlier session included.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Keys of the tags that go on to sessions assumed from this one.
    #[serde(rename = "tt", default, skip_serializing_if = "Vec::is_empty")]
    pub transitive_tag_keys: Vec<String>,
    /// The source identity, once set never changed along a chain.
    #[serde(rename = "si", default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// When the person last proved a second factor, seconds since 1970.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub mfa_at: Option<i64>,
    /// What the outside provider said of the person: condition keys that stay with the
    /// session, such as `cognito-identity.amazonaws.com:sub`.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub federation_keys: Vec<(String, Vec<String>)>,
    /// How it came about, where that changes what may be done with it.
    #[serde(
        rename = "o",
        default = "Origin::direct",
        skip_serializing_if = "Origin::is_direct"
    )]
    pub origin: Origin,
}

/// How a session came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// From long-term credentials, or from a provider's proof.
    #[serde(rename = "d")]
    Direct,
    /// A role that was assumed from the session of another role.
    #[serde(rename = "c")]
    Chained,
    /// From somebody's sign-in in a browser, known by the sign-in's ARN.
    #[serde(rename = "s")]
    SignIn(String),
}

impl Origin {
    /// Sessions that say nothing of it are the plain ones: the others have always said so.
    fn direct() -> Origin {
        Origin::Direct
    }

    fn is_direct(&self) -> bool {
        *self == Origin::Direct
    }

    /// The ARN of the sign-in behind it, if there is one.
    pub fn sign_in(&self) -> Option<&str> {
        match self {
            Origin::Direct | Origin::Chained => None,
            Origin::SignIn(arn) => Some(arn),
        }
    }
}

/// The kinds of session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// A role that was assumed.
    #[serde(rename = "r")]
    Role {
        /// `AROA…`.
        #[serde(rename = "i")]
        role_id: String,
        /// The session's name.
        #[serde(rename = "n")]
        name: String,
    },
    /// A user's own session (`GetSessionToken`).
    #[serde(rename = "u")]
    User {
        /// `AIDA…`.
        #[serde(rename = "i")]
        user_id: String,
    },
    /// The root user's own session (`GetSessionToken`).
    #[serde(rename = "o")]
    Root,
    /// A federated user (`GetFederationToken`) of an IAM user, or of root without one.
    #[serde(rename = "f")]
    Federated {
        /// The federated user's name.
        #[serde(rename = "n")]
        name: String,
        /// `AIDA…` of the user who issued it; absent when root did.
        #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
        user_id: Option<String>,
    },
}

/// The condition key that tells sessions of `AssumeRoot` from others of root.
const ASSUMED_ROOT: &str = "aws:AssumedRoot";

impl Session {
    /// What marks a session of `AssumeRoot`: root of a member account, for one task. Its
    /// managed policy is the task's, which says what the task leaves out.
    pub fn assumed_root_key() -> (String, Vec<String>) {
        (ASSUMED_ROOT.to_owned(), vec!["true".to_owned()])
    }

    /// Whether it came from `AssumeRoot`.
    pub fn is_assumed_root(&self) -> bool {
        let marked = |(key, _): &(String, Vec<String>)| key == ASSUMED_ROOT;
        self.kind == SessionKind::Root && self.federation_keys.iter().any(marked)
    }

    /// Whether the session was given any policy to stay within.
    pub fn has_policies(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }
}
