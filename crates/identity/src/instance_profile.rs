//! Instance profiles: what a machine is given so that it may put on a role.

use std::borrow::Cow;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// An instance profile. Holds one role at most.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceProfile {
    /// `AIPA…`.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// When it was made.
    pub created: Timestamp,
    /// The id of the role in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl InstanceProfile {
    /// The profile's ARN, path included.
    pub fn arn(&self) -> Arn {
        InstanceProfile::arn_of(self.account, &self.path, &self.name)
    }

    /// The ARN of a profile of that path and name.
    pub fn arn_of(account: AccountId, path: &str, name: &str) -> Arn {
        let resource = format!("instance-profile{path}{name}");
        Arn::new("iam", "", account.as_str(), &resource)
    }
}

impl Record for InstanceProfile {
    const KIND: &'static str = "iam.instance-profile";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::unique("name", self.name.to_lowercase())];
        lookups.extend(self.role.iter().map(|id| Lookup::many("role", id)));
        lookups
    }
}
