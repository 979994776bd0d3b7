//! Identity pools: who may sign in, and which roles they get.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::{AccountId, Arn, Timestamp};
use identity::Ask;
use plane::{Call, Error};
use serde::{Deserialize, Serialize};
use store::{Lookup, Read, Record};

use crate::application::Application;
use crate::errors::no_such_pool;
use crate::role_mapping::RoleMapping;
use crate::tag_mapping::TagMapping;

/// The scope of all pools and identities: unsigned calls name them by nothing but their id,
/// before anything is known of an account.
pub const SCOPE: &str = "cognito-identity";

/// An identity pool of an account in a region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdentityPool {
    /// `REGION:UUID`.
    pub id: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// What `UpdateIdentityPool` replaces.
    pub configuration: Configuration,
    /// At most 50.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Which roles its identities get.
    #[serde(default)]
    pub roles: PoolRoles,
    /// Which claims become tags of sessions, by provider.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tag_mappings: BTreeMap<String, TagMapping>,
}

/// Who may sign in to a pool, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Configuration {
    /// What people call it.
    pub name: String,
    /// Whether identities without a login get credentials.
    pub allows_guests: bool,
    /// Whether the basic flow is open too; nothing if nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allows_classic_flow: Option<bool>,
    /// Public providers, each with the pool's application there.
    #[serde(default)]
    pub public_providers: BTreeMap<String, Application>,
    /// The name under which the owner's own back end signs people in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developer_provider: Option<String>,
    /// ARNs of the OpenID Connect providers whose tokens count.
    #[serde(default)]
    pub oidc_provider_arns: Vec<String>,
    /// User pools whose tokens count.
    #[serde(default)]
    pub user_pools: Vec<UserPoolClient>,
    /// ARNs of the SAML providers whose assertions count.
    #[serde(default)]
    pub saml_provider_arns: Vec<String>,
}

impl Configuration {
    /// Whether anybody can sign in, with whatever provider.
    pub(crate) fn has_providers(&self) -> bool {
        !self.public_providers.is_empty()
            || self.developer_provider.is_some()
            || !self.oidc_provider_arns.is_empty()
            || !self.user_pools.is_empty()
            || !self.saml_provider_arns.is_empty()
    }

    /// Whether a role mapping can be for this name: a login key, an ARN, or a user pool with
    /// its client.
    pub(crate) fn has_provider(&self, name: &str) -> bool {
        let is_oidc = |arn: &String| {
            let key = arn.split_once(":oidc-provider/").map(|(_, key)| key);
            arn == name || key == Some(name)
        };
        let is_client = |client: &UserPoolClient| {
            let id = client.client_id.as_deref();
            let provider = client.provider_name.as_deref();
            name.rsplit_once(':')
                .is_some_and(|(pool, of_pool)| provider == Some(pool) && id == Some(of_pool))
        };
        self.public_providers.contains_key(name)
            || self.developer_provider.as_deref() == Some(name)
            || self.oidc_provider_arns.iter().any(is_oidc)
            || self.user_pools.iter().any(is_client)
            || self.saml_provider_arns.iter().any(|arn| arn == name)
    }
}

/// A client of a user pool, as a provider of an identity pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserPoolClient {
    /// `cognito-idp.REGION.amazonaws.com/USERPOOL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// The client of the user pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Whether the user pool is asked if the user is still signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_side_token_check: Option<bool>,
}

/// Which roles the identities of a pool get.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PoolRoles {
    /// The role of those who have signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticated: Option<String>,
    /// The role of those who have not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unauthenticated: Option<String>,
    /// Other roles for those who have signed in, by provider.
    #[serde(default)]
    pub mappings: BTreeMap<String, RoleMapping>,
}

impl IdentityPool {
    /// The region that it lives in.
    pub fn region(&self) -> &str {
        self.id.split(':').next().unwrap_or_default()
    }

    /// `arn:aws:cognito-identity:REGION:ACCOUNT:identitypool/REGION:UUID`.
    pub fn arn(&self) -> Arn {
        arn(self.region(), self.account, &self.id)
    }

    /// The pool of this id, whoever asks.
    pub(crate) fn find(reader: &impl Read, id: &str) -> Result<Option<IdentityPool>, Error> {
        Ok(reader.get(SCOPE, id)?)
    }

    /// The pool of this id, if the caller's account has it in the region of the call.
    pub(crate) fn owned(
        reader: &impl Read,
        call: &Call,
        id: &str,
    ) -> Result<Option<IdentityPool>, Error> {
        let account = call.account()?;
        let found = IdentityPool::find(reader, id)?;
        Ok(found.filter(|pool| pool.account == account && pool.region() == call.region()))
    }

    /// The same, or the refusal that it is not there.
    pub(crate) fn require(
        reader: &impl Read,
        call: &Call,
        id: &str,
    ) -> Result<IdentityPool, Error> {
        IdentityPool::owned(reader, call, id)?.ok_or_else(|| no_such_pool(id))
    }

    /// The value of the lookup `account`: all pools of an account in a region.
    pub(crate) fn account_value(account: AccountId, region: &str) -> String {
        format!("{account}/{region}")
    }
}

impl Record for IdentityPool {
    const KIND: &'static str = "cognito.identity-pool";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let value = IdentityPool::account_value(self.account, self.region());
        vec![Lookup::many("account", value)]
    }
}

/// The ARN of the pool of this id.
pub(crate) fn arn(region: &str, account: AccountId, id: &str) -> Arn {
    let resource = format!("identitypool/{id}");
    Arn::new("cognito-identity", region, account.as_str(), &resource)
}

/// The ask for an action on a pool, whether the pool exists or not.
pub(crate) fn ask(
    action: &'static str,
    reader: &impl Read,
    call: &Call,
    id: &str,
) -> Result<Ask, Error> {
    let account = call.account()?;
    let arn = arn(call.region(), account, id);
    let mut ask = Ask::new(action, arn.to_string(), account.to_string());
    if let Some(pool) = IdentityPool::owned(reader, call, id)? {
        for (key, value) in pool.tags {
            ask = ask.key(format!("aws:ResourceTag/{key}"), value);
        }
    }
    Ok(ask)
}
