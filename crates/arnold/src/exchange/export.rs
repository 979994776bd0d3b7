//! `arnold export`: an account as the AWS CLI would print it.

use std::collections::BTreeMap;
use std::path::Path;

use aws::{AccountId, Arn};
use identity::{
    Account, GLOBAL_SCOPE, Group, InstanceProfile, LastUsed, ManagedPolicy, NamedPrincipal,
    OidcProvider, Role, SamlProvider, Tag, User, aws_managed_policies,
};
use serde_json::{Value, json};
use store::{Exactly, Read, Record};

use super::listings::SamlEntry;
use super::shape::{
    AttachedPolicy, Boundary, Details, GroupDetail, InlinePolicy, LastUse, PolicyDetail,
    PolicyVersionDetail, ProfileDetail, ProfileRole, RoleDetail, TagEntry, UserDetail,
};
use super::{Listing, times};
use crate::Failure;

pub(super) fn run(
    data: &Path,
    account: Option<AccountId>,
    listing: Listing,
) -> Result<(), Failure> {
    // A folder that is not there would be made.
    if !data.is_dir() {
        return Err(format!("there is no folder `{}`", data.display()).into());
    }
    let store = super::open(data)?;
    let reader = store.read();
    let account = the_account(&reader, account)?;
    let answer = match listing {
        Listing::Details => serde_json::to_value(collect(&reader, account)?)?,
        Listing::SamlProviders => json!({ "SAMLProviderList": saml_providers(&reader, account)? }),
        Listing::OidcProviders => {
            let providers: Vec<OidcProvider> = reader.all(account.as_str(), "arn", "")?;
            let entry = |provider: &OidcProvider| json!({ "Arn": provider.arn().as_str() });
            let entries: Vec<Value> = providers.iter().map(entry).collect();
            json!({ "OpenIDConnectProviderList": entries })
        }
    };
    serde_json::to_writer_pretty(std::io::stdout().lock(), &answer)?;
    println!();
    Ok(())
}

/// The account that was named, or the only one.
fn the_account(reader: &impl Read, named: Option<AccountId>) -> Result<AccountId, Failure> {
    let accounts: Vec<Account> = reader.all(GLOBAL_SCOPE, "id", "")?;
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    match (named, ids.as_slice()) {
        (Some(named), ids) if ids.contains(&named) => Ok(named),
        (Some(named), _) => Err(format!("there is no account `{named}` in the folder").into()),
        (None, [only]) => Ok(*only),
        (None, _) => Err("the folder does not hold exactly one account: try `--account`".into()),
    }
}

fn saml_providers(reader: &impl Read, account: AccountId) -> Result<Vec<SamlEntry>, Failure> {
    let providers: Vec<SamlProvider> = reader.all(account.as_str(), "arn", "")?;
    let entry = |provider: &SamlProvider| SamlEntry {
        arn: provider.arn().to_string(),
        valid_until: times::print(provider.valid_until),
        create_date: times::print(provider.created),
    };
    Ok(providers.iter().map(entry).collect())
}

/// Everything of the account that decides about access.
fn collect(reader: &impl Read, account: AccountId) -> Result<Details, Failure> {
    let scope = account.as_str();
    let groups: Vec<Group> = reader.all(scope, "name", "")?;
    let names: BTreeMap<&str, &str> = groups
        .iter()
        .map(|group| (group.id.as_str(), group.name.as_str()))
        .collect();
    let mut details = Details::default();
    for user in reader.all::<User>(scope, "name", "")? {
        details.user_detail_list.push(user_detail(&user, &names)?);
    }
    for group in &groups {
        details.group_detail_list.push(group_detail(group)?);
    }
    for role in reader.all::<Role>(scope, "name", "")? {
        details.role_detail_list.push(role_detail(reader, &role)?);
    }
    for policy in reader.all::<ManagedPolicy>(scope, "name", "")? {
        let arn = policy.arn().to_string();
        let usage = Usage::of(reader, scope, &arn)?;
        details.policies.push(policy_detail(&policy, arn, &usage)?);
    }
    for policy in aws_managed_policies() {
        let usage = Usage::of(reader, scope, policy.arn)?;
        if usage.attached + usage.bounds > 0 {
            details.policies.push(aws_policy_detail(policy, &usage)?);
        }
    }
    Ok(details)
}

struct Usage {
    attached: u64,
    bounds: u64,
}

impl Usage {
    fn of(reader: &impl Read, scope: &str, arn: &str) -> Result<Usage, Failure> {
        fn count<R: Record>(
            reader: &impl Read,
            scope: &str,
            index: &str,
            arn: &str,
        ) -> Result<u64, Failure> {
            Ok(reader.count::<R>(scope, index, Exactly(arn))?)
        }
        Ok(Usage {
            attached: count::<User>(reader, scope, "policy", arn)?
                + count::<Group>(reader, scope, "policy", arn)?
                + count::<Role>(reader, scope, "policy", arn)?,
            bounds: count::<User>(reader, scope, "boundary", arn)?
                + count::<Role>(reader, scope, "boundary", arn)?,
        })
    }
}

fn user_detail(user: &User, groups: &BTreeMap<&str, &str>) -> Result<UserDetail, Failure> {
    let name = |id: &String| groups.get(id.as_str()).map(|name| (*name).to_owned());
    Ok(UserDetail {
        path: user.path.clone(),
        user_name: user.name.clone(),
        user_id: user.id.clone(),
        arn: user.arn().to_string(),
        create_date: times::print(user.created),
        user_policy_list: inline(&user.inline)?,
        group_list: user.groups.iter().filter_map(name).collect(),
        attached_managed_policies: attached(&user.attached),
        permissions_boundary: boundary(user.boundary.as_deref()),
        tags: tags(&user.tags),
    })
}

fn group_detail(group: &Group) -> Result<GroupDetail, Failure> {
    Ok(GroupDetail {
        path: group.path.clone(),
        group_name: group.name.clone(),
        group_id: group.id.clone(),
        arn: group.arn().to_string(),
        create_date: times::print(group.created),
        group_policy_list: inline(&group.inline)?,
        attached_managed_policies: attached(&group.attached),
    })
}

fn role_detail(reader: &impl Read, role: &Role) -> Result<RoleDetail, Failure> {
    let scope = role.account.as_str();
    let used = reader.get::<LastUsed>(scope, &role.id)?;
    let (last_used_date, region) = used
        .map(|used| (times::print(used.at), used.region))
        .unzip();
    let trust = trust_policy(reader, role)?;
    let profiles = reader.all::<InstanceProfile>(scope, "role", Exactly(&role.id))?;
    Ok(RoleDetail {
        path: role.path.clone(),
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        arn: role.arn().to_string(),
        create_date: times::print(role.created),
        instance_profile_list: profiles
            .iter()
            .map(|profile| profile_detail(profile, role, &trust))
            .collect(),
        assume_role_policy_document: trust,
        role_policy_list: inline(&role.inline)?,
        attached_managed_policies: attached(&role.attached),
        permissions_boundary: boundary(role.boundary.as_deref()),
        tags: tags(&role.tags),
        role_last_used: LastUse {
            last_used_date,
            region: region.filter(|region| !region.is_empty()),
        },
    })
}

fn profile_detail(profile: &InstanceProfile, role: &Role, trust: &Value) -> ProfileDetail {
    ProfileDetail {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: profile.arn().to_string(),
        create_date: times::print(profile.created),
        roles: vec![ProfileRole {
            path: role.path.clone(),
            role_name: role.name.clone(),
            role_id: role.id.clone(),
            arn: role.arn().to_string(),
            create_date: times::print(role.created),
            assume_role_policy_document: trust.clone(),
        }],
        // AWS does not tell them here.
        tags: Vec::new(),
    }
}

/// The trust policy with the ARNs that its users and roles have today, or their ids where they
/// are gone.
fn trust_policy(reader: &impl Read, role: &Role) -> Result<Value, Failure> {
    let mut today = Vec::new();
    for principal in &role.trust_principals {
        let arn = arn_today(reader, principal)?.unwrap_or_else(|| principal.id.clone());
        today.push(NamedPrincipal {
            arn: principal.arn.clone(),
            id: arn,
        });
    }
    document(&identity::by_id(&role.trust_policy, &today))
}

fn arn_today(reader: &impl Read, principal: &NamedPrincipal) -> Result<Option<String>, Failure> {
    let arn: Arn = principal.arn.parse()?;
    let user = reader.get::<User>(arn.account(), &principal.id)?;
    let role = reader.get::<Role>(arn.account(), &principal.id)?;
    let arn = user.map(|user| user.arn()).or(role.map(|role| role.arn()));
    Ok(arn.map(|arn| arn.to_string()))
}

fn policy_detail(
    policy: &ManagedPolicy,
    arn: String,
    usage: &Usage,
) -> Result<PolicyDetail, Failure> {
    let mut versions = Vec::new();
    for version in policy.versions.iter().rev() {
        versions.push(PolicyVersionDetail {
            document: document(&version.document)?,
            version_id: format!("v{}", version.number),
            is_default_version: version.number == policy.default_version,
            create_date: times::print(version.created),
        });
    }
    Ok(PolicyDetail {
        policy_name: policy.name.clone(),
        policy_id: policy.id.clone(),
        arn,
        path: policy.path.clone(),
        default_version_id: format!("v{}", policy.default_version),
        attachment_count: usage.attached,
        permissions_boundary_usage_count: usage.bounds,
        is_attachable: true,
        description: policy.description.clone(),
        create_date: times::print(policy.created),
        update_date: times::print(policy.updated),
        policy_version_list: versions,
    })
}

fn aws_policy_detail(
    policy: &identity::AwsManagedPolicy,
    usage: &Usage,
) -> Result<PolicyDetail, Failure> {
    let updated = times::print(times::read(policy.updated)?);
    Ok(PolicyDetail {
        policy_name: policy.name.to_owned(),
        policy_id: policy.id.to_owned(),
        arn: policy.arn.to_owned(),
        path: policy.path.to_owned(),
        default_version_id: format!("v{}", policy.version),
        attachment_count: usage.attached,
        permissions_boundary_usage_count: usage.bounds,
        is_attachable: true,
        description: None,
        create_date: times::print(times::read(policy.created)?),
        update_date: updated.clone(),
        policy_version_list: vec![PolicyVersionDetail {
            document: document(policy.document)?,
            version_id: format!("v{}", policy.version),
            is_default_version: true,
            create_date: updated,
        }],
    })
}

fn document(text: &str) -> Result<Value, Failure> {
    Ok(serde_json::from_str(text)?)
}

fn inline(policies: &BTreeMap<String, String>) -> Result<Vec<InlinePolicy>, Failure> {
    let one = |(name, text): (&String, &String)| {
        Ok(InlinePolicy {
            policy_name: name.clone(),
            policy_document: document(text)?,
        })
    };
    policies.iter().map(one).collect()
}

fn attached(arns: &[String]) -> Vec<AttachedPolicy> {
    let one = |arn: &String| AttachedPolicy {
        policy_name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        policy_arn: arn.clone(),
    };
    arns.iter().map(one).collect()
}

fn boundary(arn: Option<&str>) -> Option<Boundary> {
    arn.map(|arn| Boundary {
        permissions_boundary_type: "Policy".to_owned(),
        permissions_boundary_arn: arn.to_owned(),
    })
}

fn tags(tags: &[Tag]) -> Vec<TagEntry> {
    let one = |tag: &Tag| TagEntry {
        key: tag.key.clone(),
        value: tag.value.clone(),
    };
    tags.iter().map(one).collect()
}
