//! What the management account may do with the root users of member accounts.

use std::borrow::Cow;

use aws::AccountId;
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record, StoreError};

use crate::GLOBAL_SCOPE;

/// The features that are switched on. There is one record, of the one organization.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RootFeatures {
    /// Whether members' root credentials are managed centrally.
    pub credentials_management: bool,
    /// Whether the management account may act as a member's root for single tasks.
    pub sessions: bool,
}

impl RootFeatures {
    /// What is switched on now; nothing until something is.
    pub fn read(reader: &impl Read) -> Result<RootFeatures, StoreError> {
        Ok(reader.get(GLOBAL_SCOPE, ID)?.unwrap_or_default())
    }
}

impl Record for RootFeatures {
    const KIND: &'static str = "root-features";

    fn id(&self) -> Cow<'_, str> {
        ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

const ID: &str = "features";

/// The id of the organization that this account manages: `o-` and ten letters and digits
/// that say nothing but are always the same.
pub fn organization_id(management: AccountId) -> String {
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("arnold organization {management}").as_bytes(),
    );
    let letters = digest.as_ref().iter().take(5);
    let letters: String = letters.map(|byte| format!("{byte:02x}")).collect();
    format!("o-{letters}")
}
