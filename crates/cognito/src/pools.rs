//! The operations on pools themselves.

use std::collections::BTreeMap;

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::application::keep_all;
use crate::errors::{Nothing, invalid_parameter, limit_exceeded};
use crate::identity_record::Identity;
use crate::paging;
use crate::pool::{Configuration, IdentityPool, SCOPE, arn as pool_arn, ask};
use crate::pool_view::{PoolView, UserPoolInput, check};
use crate::tags;

/// The most pools of an account (Cognito Developer Guide, "Quotas").
const POOLS_MAX: u64 = 1000;

/// The longest region name; with a UUID it makes an id of the model's 55 characters.
const REGION_CHARS_MAX: usize = 18;

/// How many identities go in the same commit as their pool. Those beyond it cannot be
/// reached any more: nobody finds an identity but through its pool, and ids never return.
const IDENTITIES_DELETED_MAX: usize = 10_000;

/// Makes a pool.
#[derive(Input)]
pub(crate) struct CreateIdentityPool {
    identity_pool_name: String,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    supported_login_providers: BTreeMap<String, String>,
    developer_provider_name: Option<String>,
    #[wire(name = "OpenIdConnectProviderARNs")]
    open_id_connect_provider_arns: Vec<String>,
    cognito_identity_providers: Vec<UserPoolInput>,
    #[wire(name = "SamlProviderARNs")]
    saml_provider_arns: Vec<String>,
    identity_pool_tags: BTreeMap<String, String>,
}

impl CreateIdentityPool {
    fn configuration(&self, call: &Call, pool: &str) -> Result<Configuration, Error> {
        let user_pools = self.cognito_identity_providers.iter().cloned();
        let configuration = Configuration {
            name: self.identity_pool_name.clone(),
            allows_guests: self.allow_unauthenticated_identities,
            allows_classic_flow: self.allow_classic_flow,
            public_providers: keep_all(call, pool, &self.supported_login_providers)?,
            developer_provider: self.developer_provider_name.clone(),
            oidc_provider_arns: self.open_id_connect_provider_arns.clone(),
            user_pools: user_pools.map(Into::into).collect(),
            saml_provider_arns: self.saml_provider_arns.clone(),
        };
        check(&configuration)?;
        Ok(configuration)
    }
}

impl Operation for CreateIdentityPool {
    const FACTS: &'static OperationFacts = facts::cognito_identity::CREATE_IDENTITY_POOL;
    type Output = PoolView;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let ask = Ask::new(
            "cognito-identity:CreateIdentityPool",
            "*",
            account.to_string(),
        );
        let touches = Touches::one(tags::requested(ask, &self.identity_pool_tags));
        if self.identity_pool_tags.is_empty() {
            return Ok(touches);
        }
        // Service authorization reference, "API operations defined by Amazon Cognito
        // Identity". The pool has no id yet.
        let arn = pool_arn(call.region(), account, "*").to_string();
        let tagging = Ask::new("cognito-identity:TagResource", arn, account.to_string());
        Ok(touches.and(tags::requested(tagging, &self.identity_pool_tags)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PoolView, Error> {
        let account = permit.account()?;
        let region = region(&permit)?;
        let mut tags = BTreeMap::new();
        tags::add(&mut tags, &self.identity_pool_tags)?;
        let uuid = aws::uuid_v4(permit.environment.entropy.as_ref());
        let id = format!("{region}:{uuid}");
        let pool = IdentityPool {
            account,
            created: permit.now(),
            configuration: self.configuration(&permit, &id)?,
            id,
            tags,
            roles: Default::default(),
            tag_mappings: BTreeMap::new(),
        };
        tx.insert(SCOPE, &pool)?;
        let of_account = IdentityPool::account_value(account, "");
        if !tx.within::<IdentityPool>(SCOPE, "account", &of_account, POOLS_MAX)? {
            return Err(limit_exceeded(format!(
                "The number of identity pools exceeds the limit of {POOLS_MAX}."
            )));
        }
        PoolView::of(pool, &permit)
    }
}

/// The region of a call, if ids can carry it.
fn region(call: &Call) -> Result<&str, Error> {
    let region = call.region();
    let fits = (1..=REGION_CHARS_MAX).contains(&region.len())
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        Ok(region)
    } else {
        Err(invalid_parameter("The request was signed for no region."))
    }
}

/// Shows a pool.
#[derive(Input)]
pub(crate) struct DescribeIdentityPool {
    identity_pool_id: String,
}

impl Operation for DescribeIdentityPool {
    const FACTS: &'static OperationFacts = facts::cognito_identity::DESCRIBE_IDENTITY_POOL;
    type Output = PoolView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:DescribeIdentityPool", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PoolView, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        PoolView::of(pool, &permit)
    }
}

/// Replaces a pool's configuration; roles stay.
#[derive(Input)]
pub(crate) struct UpdateIdentityPool {
    identity_pool_id: String,
    identity_pool_name: String,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    supported_login_providers: BTreeMap<String, String>,
    developer_provider_name: Option<String>,
    #[wire(name = "OpenIdConnectProviderARNs")]
    open_id_connect_provider_arns: Vec<String>,
    cognito_identity_providers: Vec<UserPoolInput>,
    #[wire(name = "SamlProviderARNs")]
    saml_provider_arns: Vec<String>,
    identity_pool_tags: Option<BTreeMap<String, String>>,
}

impl Operation for UpdateIdentityPool {
    const FACTS: &'static OperationFacts = facts::cognito_identity::UPDATE_IDENTITY_POOL;
    type Output = PoolView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        let touches = Touches::one(ask("cognito-identity:UpdateIdentityPool", tx, call, id)?);
        let held = IdentityPool::owned(tx, call, id)?.map(|pool| pool.tags);
        match &self.identity_pool_tags {
            // Tags decide about access, so changing them this way needs the same right.
            Some(new) if held.as_ref() != Some(new) => {
                let tagging = ask("cognito-identity:TagResource", tx, call, id)?;
                Ok(touches.and(tags::requested(tagging, new)))
            }
            _ => Ok(touches),
        }
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PoolView, Error> {
        let mut pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        pool.configuration = self.configuration(&permit, &pool)?;
        if let Some(new) = &self.identity_pool_tags {
            pool.tags.clear();
            tags::add(&mut pool.tags, new)?;
        }
        tx.update(SCOPE, &pool)?;
        PoolView::of(pool, &permit)
    }
}

impl UpdateIdentityPool {
    fn configuration(&self, call: &Call, pool: &IdentityPool) -> Result<Configuration, Error> {
        // Identifiers of people are kept under the name, so it stays once it is given.
        let fixed = pool.configuration.developer_provider.as_ref();
        let given = self.developer_provider_name.as_ref();
        if fixed.is_some() && given.is_some() && fixed != given {
            return Err(invalid_parameter(
                "The developer provider name cannot be changed once it is set.",
            ));
        }
        let user_pools = self.cognito_identity_providers.iter().cloned();
        let configuration = Configuration {
            name: self.identity_pool_name.clone(),
            allows_guests: self.allow_unauthenticated_identities,
            allows_classic_flow: self.allow_classic_flow,
            public_providers: keep_all(call, &pool.id, &self.supported_login_providers)?,
            developer_provider: fixed.or(given).cloned(),
            oidc_provider_arns: self.open_id_connect_provider_arns.clone(),
            user_pools: user_pools.map(Into::into).collect(),
            saml_provider_arns: self.saml_provider_arns.clone(),
        };
        check(&configuration)?;
        Ok(configuration)
    }
}

/// Deletes a pool, and its identities with it.
#[derive(Input)]
pub(crate) struct DeleteIdentityPool {
    identity_pool_id: String,
}

impl Operation for DeleteIdentityPool {
    const FACTS: &'static OperationFacts = facts::cognito_identity::DELETE_IDENTITY_POOL;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:DeleteIdentityPool", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let of_pool = Exactly(&pool.id);
        let page = tx.page::<Identity>(SCOPE, "pool", of_pool, None, IDENTITIES_DELETED_MAX)?;
        for identity in page.records {
            tx.delete::<Identity>(SCOPE, &identity.id)?;
        }
        tx.delete::<IdentityPool>(SCOPE, &pool.id)?;
        Ok(Nothing {})
    }
}

/// Lists the pools of the account in the region.
#[derive(Input)]
pub(crate) struct ListIdentityPools {
    max_results: u32,
    next_token: Option<String>,
}

/// A page of pools.
#[derive(Output, Debug)]
pub(crate) struct PoolPage {
    identity_pools: Vec<PoolSummary>,
    next_token: Option<String>,
}

/// A pool in a list.
#[derive(Output, Debug)]
pub(crate) struct PoolSummary {
    identity_pool_id: String,
    identity_pool_name: String,
}

impl Operation for ListIdentityPools {
    const FACTS: &'static OperationFacts = facts::cognito_identity::LIST_IDENTITY_POOLS;
    type Output = PoolPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?.to_string();
        let action = "cognito-identity:ListIdentityPools";
        Ok(Touches::one(Ask::new(action, "*", account)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PoolPage, Error> {
        let value = IdentityPool::account_value(permit.account()?, permit.region());
        let after = self.next_token.as_deref();
        let page = paging::page::<IdentityPool>(tx, "account", &value, after, self.max_results)?;
        let summary = |pool: IdentityPool| PoolSummary {
            identity_pool_id: pool.id,
            identity_pool_name: pool.configuration.name,
        };
        Ok(PoolPage {
            identity_pools: page.records.into_iter().map(summary).collect(),
            next_token: page.next,
        })
    }
}
