//! What `SimulateCustomPolicy` and `SimulatePrincipalPolicy` are asked alike.

use std::collections::HashSet;

use aws::AccountId;
use plane::Error;
use policy::explain::{Source, Sources};
use policy::{Context, Document, Grammar, Malformed, Principal};
use wire::Input;

use crate::errors::invalid_input;

/// A condition key of the simulated request.
#[derive(Input, Debug, Clone)]
pub(crate) struct ContextEntry {
    context_key_name: Option<String>,
    context_key_values: Vec<String>,
    context_key_type: Option<String>,
}

/// The service control policies of one level of an organization.
#[derive(Input, Debug, Clone)]
pub(crate) struct OrganizationLevel {
    service_control_policy_input_list: Vec<String>,
}

/// What both operations are asked, borrowed from either.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) policies: &'a [String],
    pub(super) boundaries: &'a [String],
    pub(super) actions: &'a [String],
    pub(super) resources: &'a [String],
    pub(super) resource_policy: Option<&'a str>,
    pub(super) resource_owner: Option<&'a str>,
    pub(super) caller: Option<&'a str>,
    pub(super) context: &'a [ContextEntry],
    pub(super) handling: Option<&'a str>,
}

/// Who would ask, and whose account the resources are in.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) caller: Principal,
    /// The caller's account.
    pub(super) account: String,
    /// The account that the resources belong to, where the request says it.
    pub(super) owner: Option<String>,
}

impl Asked<'_> {
    /// The resources; without any, all of them: `*`.
    pub(super) fn resources(&self) -> Result<Vec<String>, Error> {
        if self.resources.is_empty() {
            return Ok(vec!["*".to_owned()]);
        }
        let alone = self.resources.len() == 1;
        for resource in self.resources {
            if !(is_arn(resource) || (alone && resource == "*")) {
                return Err(invalid_input(format!(
                    "ResourceNames are not in a valid ARN format: {resource}."
                )));
            }
        }
        Ok(self.resources.to_vec())
    }

    /// The actions must be named in full.
    pub(super) fn check_actions(&self) -> Result<(), Error> {
        for action in self.actions {
            let (service, name) = action
                .split_once(':')
                .ok_or_else(|| invalid_input("The action is invalid since it is missing names"))?;
            if service.is_empty() || name.is_empty() || action.contains(['*', '?']) {
                return Err(invalid_input(format!("Invalid Input Action: {action}.")));
            }
        }
        Ok(())
    }

    /// The scenario must be one that there is, be about launching instances, and have the
    /// resources that it is about (IAM API Reference, `ResourceHandlingOption`).
    pub(super) fn check_handling(&self, resources: &[String]) -> Result<(), Error> {
        let Some(option) = self.handling else {
            return Ok(());
        };
        let Some((_, wanted)) = SCENARIOS.iter().find(|(name, _)| *name == option) else {
            return Err(invalid_input(format!(
                "Invalid input resource handling options: {option}."
            )));
        };
        for action in self.actions {
            if !action.eq_ignore_ascii_case("ec2:RunInstances") {
                return Err(invalid_input(format!(
                    "Invalid input resource handling options. Action does not support resource handling options: {action}."
                )));
            }
        }
        let is_there = |kind: &str| {
            let begins = format!("{kind}/");
            resources.iter().any(|arn| {
                let last = arn.splitn(6, ':').nth(5);
                last.is_some_and(|last| last.starts_with(&begins))
            })
        };
        match wanted.iter().find(|kind| !is_there(kind)) {
            Some(kind) if resources != ["*"] => Err(invalid_input(format!(
                "Invalid input resource handling options. {option} requires a resource of type {kind}."
            ))),
            _ => Ok(()),
        }
    }

    /// Who asks whom. Without a caller it is somebody of the account in which the simulation
    /// is made.
    pub(super) fn parties(&self, account: AccountId) -> Result<Parties, Error> {
        let owner = self.resource_owner.map(owner_account).transpose()?;
        let Some(arn) = self.caller else {
            if self.resource_policy.is_some() {
                return Err(invalid_input(
                    "Invalid caller - Caller cannot be null or empty.",
                ));
            }
            // Nobody in particular, so in the account of whatever is asked for.
            let account = owner.clone().unwrap_or_else(|| account.to_string());
            return Ok(Parties {
                caller: Principal::user(&format!("arn:aws:iam::{account}:user/"), None),
                account,
                owner,
            });
        };
        let (caller, account) = caller(arn, self.resource_policy.is_some())?;
        Ok(Parties {
            caller,
            account,
            owner,
        })
    }

    /// The policies that were given, under the names that answers call them by.
    pub(super) fn sources(&self) -> Result<Sources, Error> {
        let mut sources = Sources::default();
        let mut identity = Vec::new();
        for (number, text) in (1..).zip(self.policies) {
            identity.push(own_policy(&format!("PolicyInputList.{number}"), text)?);
        }
        sources.identity = Some(identity);
        match self.boundaries {
            [] => {}
            [text] => {
                let boundary = own_policy("PermissionsBoundaryPolicyInputList.1", text)?;
                sources.boundary = Some(vec![boundary]);
            }
            _ => {
                return Err(invalid_input(
                    "The list of Permissions Boundary policies cannot exceed 1 items.",
                ));
            }
        }
        if let Some(text) = self.resource_policy {
            let policy = Source::parse("ResourcePolicy", text, Grammar::Any).map_err(malformed)?;
            sources.resource = Some(vec![policy]);
        }
        Ok(sources)
    }

    /// The condition keys that were given.
    pub(super) fn context(&self) -> Result<Context, Error> {
        let mut context = Context::new();
        let mut seen = HashSet::new();
        for entry in self.context {
            let name = entry.context_key_name.as_deref().unwrap_or_default();
            if name.is_empty() {
                return Err(invalid_input("ContextKeyName cannot be null or empty."));
            }
            if !seen.insert(name.to_lowercase()) {
                return Err(invalid_input(format!("Duplicate context key: {name}.")));
            }
            let is_list = entry
                .context_key_type
                .as_deref()
                .is_some_and(|kind| kind.ends_with("List"));
            match entry.context_key_values.as_slice() {
                [one] if !is_list => context.set(name, one),
                many => context.set_many(name, many),
            };
        }
        Ok(context)
    }
}

/// The policy that an organization begins with, and that no service control policy of an
/// account here narrows.
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl OrganizationLevel {
    /// What binds the accounts of this organization.
    pub(super) fn of_account() -> Result<Vec<Vec<Source>>, Error> {
        let full = Source::parse("FullAWSAccess", FULL_ACCESS, Grammar::ServiceControl);
        Ok(vec![vec![full.map_err(malformed)?]])
    }

    /// The levels that were given, the organization's root first.
    pub(super) fn sources(levels: &[OrganizationLevel]) -> Result<Vec<Vec<Source>>, Error> {
        let mut sources = Vec::new();
        for (number, level) in (1..).zip(levels) {
            let texts = &level.service_control_policy_input_list;
            if texts.is_empty() {
                return Err(invalid_input(format!(
                    "Organization policy at index {number} must contain at least one service control policy"
                )));
            }
            let policies = texts.iter().map(|text| own_policy("", text));
            sources.push(policies.collect::<Result<_, _>>()?);
        }
        Ok(sources)
    }
}

/// A policy that says nothing of principals.
pub(super) fn own_policy(name: &str, text: &str) -> Result<Source, Error> {
    let source = Source::parse(name, text, Grammar::Any).map_err(malformed)?;
    if source.document.has_principals() {
        return Err(invalid_input(
            "Policy document should not specify a principal.",
        ));
    }
    Ok(source)
}

/// The condition keys that these policies read, those that the context has left out.
pub(super) fn missing_keys<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    context: &Context,
) -> Vec<String> {
    let mut seen = HashSet::new();
    let keys = documents.into_iter().flat_map(Document::context_keys);
    keys.filter(|key| context.get(key).next().is_none())
        .filter(|key| seen.insert(key.to_lowercase()))
        .collect()
}

pub(super) fn malformed(malformed: Malformed) -> Error {
    invalid_input(malformed.message())
}

/// The scenarios, and the types of resources that each is about.
const SCENARIOS: [(&str, &[&str]); 6] = [
    (
        "EC2-Classic-InstanceStore",
        &["instance", "image", "security-group"],
    ),
    (
        "EC2-Classic-EBS",
        &["instance", "image", "security-group", "volume"],
    ),
    (
        "EC2-VPC-InstanceStore",
        &["instance", "image", "security-group", "network-interface"],
    ),
    (
        "EC2-VPC-InstanceStore-Subnet",
        &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "subnet",
        ],
    ),
    (
        "EC2-VPC-EBS",
        &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "volume",
        ],
    ),
    (
        "EC2-VPC-EBS-Subnet",
        &[
            "instance",
            "image",
            "security-group",
            "network-interface",
            "subnet",
            "volume",
        ],
    ),
];

/// Whether a text has the six parts of an ARN, those that must be there filled in.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource]
        if !partition.is_empty() && !service.is_empty() && !resource.is_empty())
}

/// The account that an ARN such as `arn:aws:iam::111122223333:root` stands for.
fn owner_account(arn: &str) -> Result<String, Error> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let account = match parts.as_slice() {
        ["arn", _, "iam", "", account, _] => Some(*account),
        // Some callers leave the rest of the ARN away.
        [account] => Some(*account),
        _ => None,
    };
    account
        .filter(|account| account.parse::<AccountId>().is_ok())
        .map(str::to_owned)
        .ok_or_else(|| invalid_input("Invalid Resource Owner."))
}

/// The caller behind an ARN, and its account. Where a resource's policy has to name it, it
/// must be a user.
fn caller(arn: &str, with_resource_policy: bool) -> Result<(Principal, String), Error> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let (account, resource) = match parts.as_slice() {
        ["arn", _, "iam", "", account, resource] => (*account, *resource),
        _ => ("", ""),
    };
    let principal = match resource.split_once('/') {
        Some(("user", name)) if !name.is_empty() => Some(Principal::user(arn, None)),
        Some(("role", name)) if !name.is_empty() => Some(Principal::role(arn, None)),
        // Nothing names a group; it is whoever its policies are for.
        Some(("group", name)) if !name.is_empty() => Some(Principal::user(arn, None)),
        _ => None,
    };
    match principal {
        Some(principal) if account.parse::<AccountId>().is_ok() => {
            if with_resource_policy && !resource.starts_with("user/") {
                return Err(invalid_input(
                    "Invalid caller - Caller must be an IAM user in this context.",
                ));
            }
            Ok((principal, account.to_owned()))
        }
        _ => Err(invalid_input(
            "Invalid caller - Caller must be an IAM user, role or group in this context.",
        )),
    }
}
