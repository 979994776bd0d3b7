//! Role mappings: which role somebody gets who has signed in, by what their provider says.

use plane::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::errors::{invalid_configuration, invalid_parameter, not_authorized};
use crate::logins::ProvenLogin;
use crate::pool::IdentityPool;

/// How people of one provider come to their roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleMapping {
    /// Where the role comes from.
    pub source: RoleSource,
    /// What happens when that gives none, or more than one.
    pub otherwise: Otherwise,
}

/// Where a role comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleSource {
    /// The token names it: `cognito:preferred_role` or `cognito:roles`.
    Token,
    /// The first rule that matches.
    Rules(Vec<Rule>),
}

/// What happens when a mapping does not lead to one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Otherwise {
    /// The pool's role for those who have signed in.
    AuthenticatedRole,
    /// No credentials.
    Deny,
}

/// A role for those of whom the provider says this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The claim's name.
    pub claim: String,
    /// How it is compared.
    pub compares: Comparison,
    /// What it is compared with.
    pub value: String,
    /// The role.
    pub role_arn: String,
}

/// How a claim is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// It is the value.
    Equals,
    /// The value is in it.
    Contains,
    /// It begins with the value.
    StartsWith,
    /// It is another value; a claim that is missing is not.
    NotEqual,
}

/// The ARNs of the roles that the logins lead to; without logins, that of guests. The first
/// one counts that trusts the pool. With several logins the first one decides whose provider
/// has a mapping.
pub(crate) fn choose(
    pool: &IdentityPool,
    logins: &[ProvenLogin],
    custom: Option<&str>,
) -> Result<Vec<String>, Error> {
    let mapped = logins
        .iter()
        .find_map(|login| Some((mapping(pool, login)?, login)));
    let Some((mapping, login)) = mapped else {
        return unmapped(pool, logins, custom);
    };
    let claims = login.claims();
    let claim = |name: &str| claims.get(name).map(texts);
    let candidates = match &mapping.source {
        RoleSource::Token => match login.offered_roles() {
            Some(offered) => offered.to_vec(),
            None => claim("cognito:roles").unwrap_or_default(),
        },
        RoleSource::Rules(rules) => rules
            .iter()
            .filter(|rule| rule.matches(claim(&rule.claim)))
            .map(|rule| rule.role_arn.clone())
            .collect(),
    };
    if let Some(custom) = custom {
        return asked_for(custom, &candidates);
    }
    let chosen = match &mapping.source {
        RoleSource::Token => match claim("cognito:preferred_role").unwrap_or_default().pop() {
            // An assertion has another way to offer roles.
            Some(preferred) if login.offered_roles().is_none() => Some(preferred),
            _ => only(&candidates),
        },
        RoleSource::Rules(_) => candidates.into_iter().next(),
    };
    match (chosen, mapping.otherwise) {
        (Some(chosen), _) => Ok(vec![chosen]),
        (None, Otherwise::AuthenticatedRole) => default_role(pool, false).map(|role| vec![role]),
        (None, Otherwise::Deny) => Err(not_authorized(
            "The login leads to no role, and the identity pool denies access then.",
        )),
    }
}

/// Where no mapping counts. An assertion may offer roles by itself (Cognito Developer Guide,
/// "SAML identity providers (identity pools)"); the pool's own role is for those to whom it
/// offers none that the pool could give, or several without saying which.
fn unmapped(
    pool: &IdentityPool,
    logins: &[ProvenLogin],
    custom: Option<&str>,
) -> Result<Vec<String>, Error> {
    let offered = logins.iter().find_map(ProvenLogin::offered_roles);
    let default = || default_role(pool, logins.is_empty());
    match (offered, custom) {
        (Some(offered), Some(custom)) => asked_for(custom, offered),
        (Some([one]), None) => Ok(std::iter::once(one.clone()).chain(default().ok()).collect()),
        (None, Some(_)) => Err(invalid_parameter(
            "CustomRoleArn is only for logins whose provider has a role mapping.",
        )),
        (_, None) => default().map(|role| vec![role]),
    }
}

/// The role that was asked for, if the login offers it.
fn asked_for(custom: &str, candidates: &[String]) -> Result<Vec<String>, Error> {
    let is_offered = candidates.iter().any(|candidate| candidate == custom);
    is_offered
        .then(|| vec![custom.to_owned()])
        .ok_or_else(|| not_authorized("The login does not lead to the role asked for."))
}

/// The role, if there is one and no other.
fn only(candidates: &[String]) -> Option<String> {
    match candidates {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The mapping for a login's provider, under its login key or its ARN.
fn mapping<'a>(pool: &'a IdentityPool, login: &ProvenLogin) -> Option<&'a RoleMapping> {
    let keys = login.mapping_keys(pool);
    keys.iter().find_map(|key| pool.roles.mappings.get(key))
}

fn default_role(pool: &IdentityPool, is_guest: bool) -> Result<String, Error> {
    let role = if is_guest {
        &pool.roles.unauthenticated
    } else {
        &pool.roles.authenticated
    };
    role.clone()
        .ok_or_else(|| invalid_configuration().because("the pool has no role for this"))
}

impl Rule {
    fn matches(&self, claim: Option<Vec<String>>) -> bool {
        let Some(found) = claim else { return false };
        let value = self.value.as_str();
        let mut found = found.iter();
        match self.compares {
            Comparison::Equals => found.any(|text| text == value),
            Comparison::Contains => found.any(|text| text.contains(value)),
            Comparison::StartsWith => found.any(|text| text.starts_with(value)),
            Comparison::NotEqual => found.all(|text| text != value),
        }
    }
}

/// A claim as texts: one, or each of a list.
pub(crate) fn texts(claim: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    };
    match claim {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}
