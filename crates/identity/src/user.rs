//! Users and groups.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// An IAM user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// `AIDA…`; never used again, even for a user of the same name.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// When it was made.
    pub created: Timestamp,
    /// At most 50.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Ids of the groups that it is in.
    #[serde(default)]
    pub groups: Vec<String>,
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

impl User {
    /// The user's ARN, path included.
    pub fn arn(&self) -> Arn {
        Arn::new(
            "iam",
            "",
            self.account.as_str(),
            &format!("user{}{}", self.path, self.name),
        )
    }
}

impl Record for User {
    const KIND: &'static str = "iam.user";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::unique("name", self.name.to_lowercase())];
        lookups.extend(self.groups.iter().map(|id| Lookup::many("group", id)));
        lookups.extend(policy_lookups(&self.attached, self.boundary.as_deref()));
        lookups
    }
}

/// An IAM group of users.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// `AGPA…`.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// When it was made.
    pub created: Timestamp,
    /// ARNs of the managed policies attached to it, in order of attachment.
    #[serde(default)]
    pub attached: Vec<String>,
    /// Inline policies: name to document, as they were given.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
}

impl Group {
    /// The group's ARN, path included.
    pub fn arn(&self) -> Arn {
        Arn::new(
            "iam",
            "",
            self.account.as_str(),
            &format!("group{}{}", self.path, self.name),
        )
    }
}

impl Record for Group {
    const KIND: &'static str = "iam.group";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::unique("name", self.name.to_lowercase())];
        lookups.extend(policy_lookups(&self.attached, None));
        lookups
    }
}

/// By these one finds who a managed policy is attached to, and whom it bounds.
pub(crate) fn policy_lookups(attached: &[String], boundary: Option<&str>) -> Vec<Lookup> {
    let mut lookups: Vec<Lookup> = attached
        .iter()
        .map(|arn| Lookup::many("policy", arn))
        .collect();
    if let Some(arn) = boundary {
        lookups.push(Lookup::many("boundary", arn));
    }
    lookups
}
