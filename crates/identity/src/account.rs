//! Accounts: the outermost boundary. Every record of IAM belongs to one.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

/// The scope that holds the accounts themselves, and what is unique across all of them.
pub const GLOBAL_SCOPE: &str = "arnold";

/// An AWS account that lives in this Arnold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// The first account manages the others; service control policies do not bind it.
    pub management: bool,
    /// The account alias, unique among all accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// The canonical user id of an account, as S3 names owners: 64 hexadecimal digits that say
/// nothing but are always the same.
pub fn canonical_user_id(account: &str) -> String {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("arnold canonical user {account}").as_bytes(),
    );
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Record for Account {
    const KIND: &'static str = "account";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::unique("id", self.id.as_str())];
        if let Some(alias) = &self.alias {
            lookups.push(Lookup::unique("alias", alias));
        }
        lookups
    }
}
