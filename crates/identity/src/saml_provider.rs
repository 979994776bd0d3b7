//! SAML providers that an account trusts.

use std::borrow::Cow;

use aws::{AccountId, Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::tag::Tag;

/// A SAML provider of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamlProvider {
    /// The account that trusts it.
    pub account: AccountId,
    /// Its name, the last part of the ARN.
    pub name: String,
    /// Its id, which the sign-in address of the provider may end in.
    pub uuid: String,
    /// The metadata document as it was uploaded.
    pub metadata: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its metadata is no longer good.
    pub valid_until: Timestamp,
    /// Whether assertions have to be encrypted, if it was ever said.
    #[serde(default)]
    pub encryption_mode: Option<EncryptionMode>,
    /// Keys to open encrypted assertions with, at most two.
    #[serde(default)]
    pub private_keys: Vec<SamlPrivateKey>,
    /// At most 50.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// Whether assertions have to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EncryptionMode {
    /// They may be plain.
    Allowed,
    /// They must not be plain.
    Required,
}

/// A private key of a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamlPrivateKey {
    /// Its id.
    pub id: String,
    /// When it was uploaded.
    pub created: Timestamp,
    /// The key in PEM, in an envelope bound to this key's id, base64.
    pub sealed: String,
}

impl SamlPrivateKey {
    /// What the envelope of the key is bound to.
    pub fn envelope_identity(id: &str) -> String {
        format!("saml-private-key/{id}")
    }
}

impl SamlProvider {
    /// What a provider's ARN begins its resource with.
    pub const RESOURCE: &'static str = "saml-provider/";

    /// `arn:aws:iam::ACCOUNT:saml-provider/NAME`.
    pub fn arn(&self) -> Arn {
        let resource = format!("{}{}", SamlProvider::RESOURCE, self.name);
        Arn::new("iam", "", self.account.as_str(), &resource)
    }
}

impl Record for SamlProvider {
    const KIND: &'static str = "iam.saml-provider";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::unique("arn", self.arn().as_str())]
    }
}

/// Which provider has an id. Whoever posts to the address of a provider names it by nothing
/// else, so these live in the global scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamlProviderId {
    /// The id.
    pub uuid: String,
    /// The provider's ARN.
    pub arn: String,
}

impl From<&SamlProvider> for SamlProviderId {
    fn from(provider: &SamlProvider) -> SamlProviderId {
        SamlProviderId {
            uuid: provider.uuid.clone(),
            arn: provider.arn().to_string(),
        }
    }
}

impl Record for SamlProviderId {
    const KIND: &'static str = "iam.saml-provider-id";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.uuid)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}
