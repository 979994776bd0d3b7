//! Users, groups, roles, instance profiles and policies, made of what the AWS CLI prints.

use std::collections::BTreeMap;

use aws::AccountId;
use identity::{Group, InstanceProfile, ManagedPolicy, NamedPrincipal, PolicyVersion, Role, User};
use policy::{Document, Grammar, PrincipalKind};

use super::super::shape::{GroupDetail, PolicyDetail, ProfileDetail, RoleDetail, UserDetail};
use super::super::times;
use super::checked::{attached, boundary, document, id, inline, name, tags, version};
use crate::Failure;

/// The longest session of a role; the listing does not tell it, so AWS's default is taken.
const MAX_SESSION_S: u32 = 3600;

/// A user; `groups` leads from names to ids.
pub(super) fn user(
    account: AccountId,
    detail: &UserDetail,
    groups: &BTreeMap<&str, &str>,
) -> Result<User, Failure> {
    let mut group_ids = Vec::new();
    for name in &detail.group_list {
        let id = groups.get(name.as_str());
        let id = id.ok_or_else(|| format!("the group `{name}` is not in the files"))?;
        group_ids.push((*id).to_owned());
    }
    Ok(User {
        id: id(&detail.user_id, "AIDA")?,
        account,
        name: name(
            account,
            "user",
            &detail.path,
            &detail.user_name,
            &detail.arn,
        )?,
        path: detail.path.clone(),
        created: times::read(&detail.create_date)?,
        tags: tags(&detail.tags)?,
        groups: group_ids,
        attached: attached(&detail.attached_managed_policies)?,
        inline: inline(&detail.user_policy_list)?,
        boundary: boundary(detail.permissions_boundary.as_ref())?,
    })
}

/// A group.
pub(super) fn group(account: AccountId, detail: &GroupDetail) -> Result<Group, Failure> {
    Ok(Group {
        id: id(&detail.group_id, "AGPA")?,
        account,
        name: name(
            account,
            "group",
            &detail.path,
            &detail.group_name,
            &detail.arn,
        )?,
        path: detail.path.clone(),
        created: times::read(&detail.create_date)?,
        attached: attached(&detail.attached_managed_policies)?,
        inline: inline(&detail.group_policy_list)?,
    })
}

/// A role; `ids` leads from the ARNs of users and roles to their ids, for a trust policy means
/// those who are there today.
pub(super) fn role(
    account: AccountId,
    detail: &RoleDetail,
    ids: &BTreeMap<&str, &str>,
) -> Result<Role, Failure> {
    let trust_policy = document(&detail.assume_role_policy_document, "the trust policy")?;
    Ok(Role {
        id: id(&detail.role_id, "AROA")?,
        account,
        name: name(
            account,
            "role",
            &detail.path,
            &detail.role_name,
            &detail.arn,
        )?,
        path: detail.path.clone(),
        created: times::read(&detail.create_date)?,
        description: None,
        trust_principals: named(&trust_policy, ids)?,
        trust_policy,
        max_session_s: MAX_SESSION_S,
        tags: tags(&detail.tags)?,
        attached: attached(&detail.attached_managed_policies)?,
        inline: inline(&detail.role_policy_list)?,
        boundary: boundary(detail.permissions_boundary.as_ref())?,
    })
}

fn named(trust_policy: &str, ids: &BTreeMap<&str, &str>) -> Result<Vec<NamedPrincipal>, Failure> {
    let parsed = Document::parse(trust_policy, Grammar::Any).map_err(|fault| fault.to_string())?;
    let mut named: Vec<NamedPrincipal> = Vec::new();
    for entry in parsed.principals() {
        let known = named.iter().any(|principal| principal.arn == entry.value);
        if entry.kind != PrincipalKind::Aws || known {
            continue;
        }
        if let Some(id) = ids.get(entry.value.as_str()) {
            named.push(NamedPrincipal {
                arn: entry.value.clone(),
                id: (*id).to_owned(),
            });
        }
    }
    Ok(named)
}

/// An instance profile with the role in it.
pub(super) fn profile(
    account: AccountId,
    detail: &ProfileDetail,
    role_id: &str,
) -> Result<InstanceProfile, Failure> {
    Ok(InstanceProfile {
        id: id(&detail.instance_profile_id, "AIPA")?,
        account,
        name: name(
            account,
            "instance-profile",
            &detail.path,
            &detail.instance_profile_name,
            &detail.arn,
        )?,
        path: detail.path.clone(),
        created: times::read(&detail.create_date)?,
        role: Some(role_id.to_owned()),
        tags: tags(&detail.tags)?,
    })
}

/// A managed policy of the account with its versions.
pub(super) fn policy(account: AccountId, detail: &PolicyDetail) -> Result<ManagedPolicy, Failure> {
    let mut versions = Vec::new();
    for one in &detail.policy_version_list {
        versions.push(PolicyVersion {
            number: version(&one.version_id)?,
            document: document(&one.document, &one.version_id)?,
            created: times::read(&one.create_date)?,
        });
    }
    versions.sort_by_key(|version| version.number);
    if versions.windows(2).any(|two| match two {
        [one, next] => one.number == next.number,
        _ => false,
    }) {
        return Err("there are two versions of one number".into());
    }
    let default_version = version(&detail.default_version_id)?;
    let has_default = versions
        .iter()
        .any(|version| version.number == default_version);
    let Some(last) = versions.last().filter(|_| has_default) else {
        return Err(format!(
            "the version in force, `{}`, is not there",
            detail.default_version_id
        )
        .into());
    };
    Ok(ManagedPolicy {
        id: id(&detail.policy_id, "ANPA")?,
        account,
        name: name(
            account,
            "policy",
            &detail.path,
            &detail.policy_name,
            &detail.arn,
        )?,
        path: detail.path.clone(),
        description: detail.description.clone(),
        created: times::read(&detail.create_date)?,
        updated: times::read(&detail.update_date)?,
        tags: Vec::new(),
        next_version: last.number.saturating_add(1),
        versions,
        default_version,
    })
}
