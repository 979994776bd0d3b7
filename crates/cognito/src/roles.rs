//! The roles of a pool: handing them over, and showing them.

use std::collections::{BTreeMap, BTreeSet};

use aws::{AccountId, Arn};
use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_parameter};
use crate::logins::COGNITO;
use crate::pool::{IdentityPool, PoolRoles, SCOPE, ask};
use crate::role_mapping::{Comparison, Otherwise, RoleMapping, RoleSource, Rule};

/// The most rules of a provider (API reference, `SetIdentityPoolRoles`).
const RULES_MAX: usize = 25;

/// A mapping on its way in.
#[derive(Input, Debug)]
pub(crate) struct MappingInput {
    r#type: String,
    ambiguous_role_resolution: Option<String>,
    rules_configuration: Option<RulesInput>,
}

/// The rules of a mapping on their way in.
#[derive(Input, Debug)]
pub(crate) struct RulesInput {
    rules: Vec<RuleInput>,
}

/// A rule on its way in.
#[derive(Input, Debug)]
pub(crate) struct RuleInput {
    claim: String,
    match_type: String,
    value: String,
    #[wire(name = "RoleARN")]
    role_arn: String,
}

/// A mapping on its way out.
#[derive(Output, Debug)]
pub(crate) struct MappingView {
    r#type: &'static str,
    ambiguous_role_resolution: &'static str,
    rules_configuration: Option<RulesView>,
}

/// The rules of a mapping on their way out.
#[derive(Output, Debug)]
pub(crate) struct RulesView {
    rules: Vec<RuleView>,
}

/// A rule on its way out.
#[derive(Output, Debug)]
pub(crate) struct RuleView {
    claim: String,
    match_type: &'static str,
    value: String,
    #[wire(name = "RoleARN")]
    role_arn: String,
}

/// Hands roles to a pool. Replaces those that it has.
#[derive(Input)]
pub(crate) struct SetIdentityPoolRoles {
    identity_pool_id: String,
    roles: BTreeMap<String, String>,
    role_mappings: BTreeMap<String, MappingInput>,
}

impl Operation for SetIdentityPoolRoles {
    const FACTS: &'static OperationFacts = facts::cognito_identity::SET_IDENTITY_POOL_ROLES;
    type Output = Nothing;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        // The service authorization reference knows no resource type for it.
        let action = "cognito-identity:SetIdentityPoolRoles";
        let mut touches = Touches::one(Ask::new(action, "*", account.to_string()));
        for arn in self.handed_over() {
            touches = touches.and(pass_role(call, account, arn)?);
        }
        Ok(touches)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let mut pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        for provider in self.role_mappings.keys() {
            if !pool.configuration.has_provider(provider) {
                return Err(invalid_parameter(format!(
                    "({provider}) is not a valid RoleMapping ProviderName or is not a configured provider."
                )));
            }
        }
        let mappings = self.role_mappings.iter().map(|(provider, mapping)| {
            let mapping = RoleMapping::try_from(mapping)?;
            Ok((provider.clone(), mapping))
        });
        pool.roles = PoolRoles {
            authenticated: self.roles.get("authenticated").cloned(),
            unauthenticated: self.roles.get("unauthenticated").cloned(),
            mappings: mappings.collect::<Result<_, Error>>()?,
        };
        tx.update(SCOPE, &pool)?;
        Ok(Nothing {})
    }
}

impl SetIdentityPoolRoles {
    /// Every role that the pool could give to somebody afterwards.
    fn handed_over(&self) -> BTreeSet<&str> {
        let of_rules = self
            .role_mappings
            .values()
            .filter_map(|mapping| mapping.rules_configuration.as_ref())
            .flat_map(|configuration| &configuration.rules)
            .map(|rule| rule.role_arn.as_str());
        let roles = self.roles.values().map(String::as_str);
        roles.chain(of_rules).collect()
    }
}

/// `iam:PassRole` on a role that is handed to the service.
fn pass_role(call: &Call, account: AccountId, arn: &str) -> Result<Ask, Error> {
    let invalid = || invalid_parameter(format!("Invalid role ARN: {arn}"));
    let parsed: Arn = arn
        .parse()
        .map_err(|fault: aws::NotAnArn| invalid().because(fault))?;
    let path = parsed.resource().strip_prefix("role/");
    let is_role = parsed.partition() == aws::PARTITION
        && parsed.service() == "iam"
        && parsed.region().is_empty();
    let path = path.filter(|_| is_role).ok_or_else(invalid)?;
    if parsed.account() != account.as_str() {
        return Err(Error::access_denied(
            "Cross-account pass role is not allowed.",
        ));
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let role = call.directory().role_by_name(account, name)?;
    let ask =
        Ask::new("iam:PassRole", arn, account.to_string()).key("iam:PassedToService", COGNITO);
    Ok(match role.filter(|role| role.arn == arn) {
        Some(role) => ask.resource_tags("iam", &role.tags),
        None => ask,
    })
}

/// Shows the roles of a pool.
#[derive(Input)]
pub(crate) struct GetIdentityPoolRoles {
    identity_pool_id: String,
}

/// The roles of a pool.
#[derive(Output, Debug)]
pub(crate) struct PoolRolesView {
    identity_pool_id: String,
    roles: Option<BTreeMap<String, String>>,
    role_mappings: Option<BTreeMap<String, MappingView>>,
}

impl Operation for GetIdentityPoolRoles {
    const FACTS: &'static OperationFacts = facts::cognito_identity::GET_IDENTITY_POOL_ROLES;
    type Output = PoolRolesView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:GetIdentityPoolRoles", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<PoolRolesView, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let PoolRoles {
            authenticated,
            unauthenticated,
            mappings,
        } = pool.roles;
        let roles: BTreeMap<String, String> = [
            ("authenticated", authenticated),
            ("unauthenticated", unauthenticated),
        ]
        .into_iter()
        .filter_map(|(kind, arn)| Some((kind.to_owned(), arn?)))
        .collect();
        let mappings: BTreeMap<String, MappingView> = mappings
            .into_iter()
            .map(|(provider, mapping)| (provider, mapping.into()))
            .collect();
        Ok(PoolRolesView {
            identity_pool_id: pool.id,
            roles: Some(roles).filter(|roles| !roles.is_empty()),
            role_mappings: Some(mappings).filter(|mappings| !mappings.is_empty()),
        })
    }
}

impl TryFrom<&MappingInput> for RoleMapping {
    type Error = Error;

    fn try_from(input: &MappingInput) -> Result<RoleMapping, Error> {
        let otherwise = match input.ambiguous_role_resolution.as_deref() {
            Some("AuthenticatedRole") => Otherwise::AuthenticatedRole,
            Some("Deny") => Otherwise::Deny,
            _ => {
                return Err(invalid_parameter(
                    "AmbiguousRoleResolution is required for role mappings of type Token and Rules.",
                ));
            }
        };
        let source = match (input.r#type.as_str(), &input.rules_configuration) {
            ("Token", None) => RoleSource::Token,
            ("Token", Some(_)) => {
                return Err(invalid_parameter(
                    "RulesConfiguration is only for role mappings of type Rules.",
                ));
            }
            (_, None) => {
                return Err(invalid_parameter(
                    "RulesConfiguration is required for role mappings of type Rules.",
                ));
            }
            (_, Some(configuration)) if configuration.rules.len() > RULES_MAX => {
                return Err(invalid_parameter(format!(
                    "A role mapping can have at most {RULES_MAX} rules."
                )));
            }
            (_, Some(configuration)) => {
                RoleSource::Rules(configuration.rules.iter().map(Rule::from).collect())
            }
        };
        Ok(RoleMapping { source, otherwise })
    }
}

impl From<&RuleInput> for Rule {
    fn from(input: &RuleInput) -> Rule {
        Rule {
            claim: input.claim.clone(),
            compares: match input.match_type.as_str() {
                "Contains" => Comparison::Contains,
                "StartsWith" => Comparison::StartsWith,
                "NotEqual" => Comparison::NotEqual,
                // The model lets no other through.
                _ => Comparison::Equals,
            },
            value: input.value.clone(),
            role_arn: input.role_arn.clone(),
        }
    }
}

impl From<RoleMapping> for MappingView {
    fn from(mapping: RoleMapping) -> MappingView {
        let (r#type, rules) = match mapping.source {
            RoleSource::Token => ("Token", None),
            RoleSource::Rules(rules) => ("Rules", Some(rules)),
        };
        MappingView {
            r#type,
            ambiguous_role_resolution: match mapping.otherwise {
                Otherwise::AuthenticatedRole => "AuthenticatedRole",
                Otherwise::Deny => "Deny",
            },
            rules_configuration: rules.map(|rules| RulesView {
                rules: rules.into_iter().map(RuleView::from).collect(),
            }),
        }
    }
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> RuleView {
        RuleView {
            claim: rule.claim,
            match_type: match rule.compares {
                Comparison::Equals => "Equals",
                Comparison::Contains => "Contains",
                Comparison::StartsWith => "StartsWith",
                Comparison::NotEqual => "NotEqual",
            },
            value: rule.value,
            role_arn: rule.role_arn,
        }
    }
}
