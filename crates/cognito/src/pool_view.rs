//! Identity pools on their way in and out.

use std::collections::BTreeMap;

use aws::Arn;
use plane::{Call, Error};
use wire::{Input, Output};

use crate::application::open_all;
use crate::errors::{invalid_parameter, limit_exceeded, no_public_provider};
use crate::logins::COGNITO;
use crate::pool::{Configuration, IdentityPool, UserPoolClient};
use crate::user_pool_logins::is_user_pool;

/// The most providers of one kind that a pool has (Cognito Developer Guide, "Quotas").
const PROVIDERS_MAX: usize = 50;

/// The public providers that AWS has built in.
pub(crate) const PUBLIC_PROVIDERS: &[&str] = &[
    "accounts.google.com",
    "api.twitter.com",
    "appleid.apple.com",
    "graph.facebook.com",
    "www.amazon.com",
    "www.digits.com",
];

/// A client of a user pool on its way in.
#[derive(Input, Debug, Clone)]
pub(crate) struct UserPoolInput {
    provider_name: Option<String>,
    client_id: Option<String>,
    server_side_token_check: Option<bool>,
}

/// A client of a user pool on its way out.
#[derive(Output, Debug)]
pub(crate) struct UserPoolView {
    provider_name: Option<String>,
    client_id: Option<String>,
    server_side_token_check: Option<bool>,
}

/// A pool as every operation shows it.
#[derive(Output, Debug)]
pub(crate) struct PoolView {
    identity_pool_id: String,
    identity_pool_name: String,
    allow_unauthenticated_identities: bool,
    allow_classic_flow: Option<bool>,
    supported_login_providers: Option<BTreeMap<String, String>>,
    developer_provider_name: Option<String>,
    #[wire(name = "OpenIdConnectProviderARNs")]
    open_id_connect_provider_arns: Option<Vec<String>>,
    cognito_identity_providers: Option<Vec<UserPoolView>>,
    #[wire(name = "SamlProviderARNs")]
    saml_provider_arns: Option<Vec<String>>,
    identity_pool_tags: BTreeMap<String, String>,
}

impl From<UserPoolClient> for UserPoolView {
    fn from(client: UserPoolClient) -> UserPoolView {
        UserPoolView {
            provider_name: client.provider_name,
            client_id: client.client_id,
            server_side_token_check: client.server_side_token_check,
        }
    }
}

impl PoolView {
    /// The pool as its owner sees it.
    pub(crate) fn of(pool: IdentityPool, call: &Call) -> Result<PoolView, Error> {
        let configuration = pool.configuration;
        let applications = open_all(call, &pool.id, &configuration.public_providers)?;
        let user_pools = configuration.user_pools.into_iter();
        Ok(PoolView {
            identity_pool_id: pool.id,
            identity_pool_name: configuration.name,
            allow_unauthenticated_identities: configuration.allows_guests,
            allow_classic_flow: configuration.allows_classic_flow,
            supported_login_providers: Some(applications).filter(|all| !all.is_empty()),
            developer_provider_name: configuration.developer_provider,
            open_id_connect_provider_arns: if_any(configuration.oidc_provider_arns),
            cognito_identity_providers: if_any(user_pools.map(Into::into).collect()),
            saml_provider_arns: if_any(configuration.saml_provider_arns),
            identity_pool_tags: pool.tags,
        })
    }
}

fn if_any<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

impl From<UserPoolInput> for UserPoolClient {
    fn from(input: UserPoolInput) -> UserPoolClient {
        UserPoolClient {
            provider_name: input.provider_name,
            client_id: input.client_id,
            server_side_token_check: input.server_side_token_check,
        }
    }
}

/// Checks what the model does not. Whether a provider exists is seen when somebody signs in
/// with it, as with AWS.
pub(crate) fn check(configuration: &Configuration) -> Result<(), Error> {
    for provider in configuration.public_providers.keys() {
        if !PUBLIC_PROVIDERS.contains(&provider.as_str()) {
            return Err(no_public_provider());
        }
    }
    check_arns("oidc-provider/", &configuration.oidc_provider_arns)?;
    check_arns("saml-provider/", &configuration.saml_provider_arns)?;
    if configuration.user_pools.len() > PROVIDERS_MAX {
        return Err(too_many());
    }
    let is_whole = |client: &UserPoolClient| {
        let name = client.provider_name.as_deref();
        client.client_id.is_some() && name.is_some_and(is_user_pool)
    };
    if !configuration.user_pools.iter().all(is_whole) {
        return Err(invalid_parameter("Invalid Cognito Identity Provider"));
    }
    check_developer_provider(configuration)
}

/// One name for two providers would make one person of two.
fn check_developer_provider(configuration: &Configuration) -> Result<(), Error> {
    let Some(name) = configuration.developer_provider.as_deref() else {
        return Ok(());
    };
    let mut oidc = configuration.oidc_provider_arns.iter();
    let is_oidc = oidc.any(|arn| {
        arn.split_once(":oidc-provider/")
            .is_some_and(|(_, key)| key == name)
    });
    if is_oidc || name == COGNITO || PUBLIC_PROVIDERS.contains(&name) {
        return Err(invalid_parameter(format!(
            "The developer provider name {name} is another provider's."
        )));
    }
    Ok(())
}

fn check_arns(kind: &str, arns: &[String]) -> Result<(), Error> {
    if arns.len() > PROVIDERS_MAX {
        return Err(too_many());
    }
    for text in arns {
        let refused = || invalid_parameter(format!("Invalid provider ARN: {text}"));
        let arn: Arn = text
            .parse()
            .map_err(|fault: aws::NotAnArn| refused().because(fault))?;
        let fits = arn.partition() == aws::PARTITION
            && arn.service() == "iam"
            && arn.region().is_empty()
            && arn.resource().starts_with(kind);
        if !fits {
            return Err(refused());
        }
    }
    Ok(())
}

fn too_many() -> Error {
    limit_exceeded(format!(
        "An identity pool can have at most {PROVIDERS_MAX} providers of one kind."
    ))
}
