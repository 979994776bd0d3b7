//! OpenID Connect providers that an account trusts.

use std::borrow::Cow;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// An OIDC provider of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OidcProvider {
    /// The account that trusts it.
    pub account: AccountId,
    /// The issuer's URL, scheme included, as its tokens' `iss` must say.
    pub issuer: String,
    /// The issuer without its scheme: the last part of the ARN and the head of its condition keys.
    pub host_and_path: String,
    /// Audiences that may use it.
    pub client_ids: Vec<String>,
    /// SHA-1 of the provider's top intermediate certificate, 40 hex digits each.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// At most 50.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

impl OidcProvider {
    /// `arn:aws:iam::ACCOUNT:oidc-provider/HOST[/PATH]`.
    pub fn arn(&self) -> Arn {
        Arn::new(
            "iam",
            "",
            self.account.as_str(),
            &format!("oidc-provider/{}", self.host_and_path),
        )
    }
}

impl Record for OidcProvider {
    const KIND: &'static str = "iam.oidc-provider";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.host_and_path)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![
            Lookup::unique("arn", self.arn().as_str()),
            Lookup::unique("issuer", &self.issuer),
        ]
    }
}
