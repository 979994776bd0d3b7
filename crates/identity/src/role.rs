//! Roles: identities that others may put on for a while.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;
use crate::user::policy_lookups;

/// An IAM role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// `AROA…`; sessions are bound to it, so a role made anew under the same name does not
    /// revive the sessions of the old one.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// When it was made.
    pub created: Timestamp,
    /// Free text, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The trust policy, as it was given.
    pub trust_policy: String,
    /// Users and roles that the trust policy names, by the id that each had then.
    #[serde(default)]
    pub trust_principals: Vec<NamedPrincipal>,
    /// The longest session in seconds: 3,600 to 43,200.
    pub max_session_s: u32,
    /// At most 50.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// ARNs of the managed policies attached to it, in order of attachment.
    #[serde(default)]
    pub attached: Vec<String>,
    /// Inline policies: name to document, as they were given.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// ARN of the managed policy that bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
}

/// A principal that a policy names by ARN. What the policy means is the id: when the
/// principal is deleted and another takes its name, the policy does not speak of that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPrincipal {
    /// As the policy spells it.
    pub arn: String,
    /// `AIDA…` or `AROA…`.
    pub id: String,
}

impl Role {
    /// The role's ARN, path included.
    pub fn arn(&self) -> Arn {
        Arn::new(
            "iam",
            "",
            self.account.as_str(),
            &format!("role{}{}", self.path, self.name),
        )
    }
}

impl Record for Role {
    const KIND: &'static str = "iam.role";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::unique("name", self.name.to_lowercase())];
        lookups.extend(policy_lookups(&self.attached, self.boundary.as_deref()));
        lookups
    }
}
