//! Managed policies of an account, with their versions.

use std::borrow::Cow;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// A customer managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `ANPA…`.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Unique in the account without regard to case.
    pub name: String,
    /// `/` or `/division/team/`.
    pub path: String,
    /// Free text, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When a version was last made or chosen.
    pub updated: Timestamp,
    /// At most 50.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// One to five, oldest first.
    pub versions: Vec<PolicyVersion>,
    /// The number of the version that is in force.
    pub default_version: u32,
    /// The number that the next version gets; numbers are never used again.
    pub next_version: u32,
}

/// One version of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// 1 for `v1`.
    pub number: u32,
    /// The document, as it was given.
    pub document: String,
    /// When it was made.
    pub created: Timestamp,
}

impl ManagedPolicy {
    /// The policy's ARN, path included.
    pub fn arn(&self) -> Arn {
        Arn::new(
            "iam",
            "",
            self.account.as_str(),
            &format!("policy{}{}", self.path, self.name),
        )
    }

    /// The version in force.
    pub fn default(&self) -> Option<&PolicyVersion> {
        self.version(self.default_version)
    }

    /// The version of this number.
    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions
            .iter()
            .find(|version| version.number == number)
    }
}

impl Record for ManagedPolicy {
    const KIND: &'static str = "iam.policy";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("name", self.name.to_lowercase()),
            Lookup::unique("arn", self.arn().as_str()),
        ]
    }
}
