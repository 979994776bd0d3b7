//! Long-term access keys, and when each was last used.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

/// A long-term access key. Lives in the global scope, for a request names it before anything
/// is known of its account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`, or what the bootstrap file chose.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// Who signs with it.
    pub owner: KeyOwner,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// The secret access key in an envelope bound to this key's id, base64.
    pub sealed_secret: String,
}

/// Who signs with a long-term key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyOwner {
    /// The account's root user.
    Root,
    /// The IAM user of this id.
    User(String),
}

/// Whether a long-term key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It may not, until it is made active again.
    Inactive,
}

impl AccessKey {
    /// The value of the lookup `owner`: all keys of one user, or of one root.
    pub fn owner_value(account: AccountId, owner: &KeyOwner) -> String {
        match owner {
            KeyOwner::Root => format!("{account}/root"),
            KeyOwner::User(id) => format!("{account}/{id}"),
        }
    }

    /// What the envelope of the secret is bound to.
    pub fn envelope_identity(id: &str) -> String {
        format!("access-key/{id}")
    }
}

impl Record for AccessKey {
    const KIND: &'static str = "iam.access-key";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many(
            "owner",
            AccessKey::owner_value(self.account, &self.owner),
        )]
    }
}

/// When a key or a role was last used. Written in groups, some seconds late.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastUsed {
    /// The access key id, or the role's id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// In which region.
    pub region: String,
    /// By which service, as its signing name says.
    pub service: String,
}

impl Record for LastUsed {
    const KIND: &'static str = "last-used";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}
