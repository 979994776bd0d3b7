//! Users, groups, roles and policies with everything that hangs on them, as
//! `GetAccountAuthorizationDetails` shows them.

use std::collections::BTreeMap;

use identity::{Group, InstanceProfile, Role, User};
use plane::{Call, Error};
use store::{Exactly, Read as _, Transaction};
use wire::Output;

use crate::attachments::AttachedView;
use crate::boundary::{self, BoundaryView};
use crate::documents;
use crate::instance_profiles::ProfileView;
use crate::managed::{Managed, Usage};
use crate::policy_versions::{VersionView, version_id};
use crate::role_view::RoleLastUsedView;
use crate::tags::{self, TagView};
use crate::trust;

/// An inline policy.
#[derive(Output, Debug)]
pub(crate) struct InlineView {
    policy_name: String,
    policy_document: String,
}

/// A user. `UserPolicyList` is absent where there is no inline policy; the other lists are
/// empty where there is nothing.
#[derive(Output, Debug)]
pub(crate) struct UserDetail {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: aws::Timestamp,
    user_policy_list: Option<Vec<InlineView>>,
    group_list: Vec<String>,
    attached_managed_policies: Vec<AttachedView>,
    permissions_boundary: Option<BoundaryView>,
    tags: Vec<TagView>,
}

/// A group.
#[derive(Output, Debug)]
pub(crate) struct GroupDetail {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: aws::Timestamp,
    group_policy_list: Vec<InlineView>,
    attached_managed_policies: Vec<AttachedView>,
}

/// A role.
#[derive(Output, Debug)]
pub(crate) struct RoleDetail {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: aws::Timestamp,
    assume_role_policy_document: String,
    instance_profile_list: Vec<ProfileView>,
    role_policy_list: Vec<InlineView>,
    attached_managed_policies: Vec<AttachedView>,
    permissions_boundary: Option<BoundaryView>,
    tags: Vec<TagView>,
    role_last_used: RoleLastUsedView,
}

/// A managed policy with all its versions.
#[derive(Output, Debug)]
pub(crate) struct PolicyDetail {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: i64,
    permissions_boundary_usage_count: i64,
    is_attachable: bool,
    create_date: aws::Timestamp,
    update_date: aws::Timestamp,
    policy_version_list: Vec<VersionView>,
}

impl UserDetail {
    /// The user, with the names of its groups.
    pub(crate) fn of(tx: &Transaction, user: User) -> Result<UserDetail, Error> {
        let mut groups = Vec::with_capacity(user.groups.len());
        for id in &user.groups {
            let group = tx.get::<Group>(user.account.as_str(), id)?;
            groups.extend(group.map(|group| group.name));
        }
        let inline = inline(&user.inline);
        Ok(UserDetail {
            arn: user.arn().to_string(),
            user_policy_list: (!inline.is_empty()).then_some(inline),
            group_list: groups,
            attached_managed_policies: attached(&user.attached),
            permissions_boundary: boundary::shown(user.boundary.as_deref()),
            tags: tags::shown(&user.tags),
            path: user.path,
            user_name: user.name,
            user_id: user.id,
            create_date: user.created,
        })
    }
}

impl GroupDetail {
    /// The group.
    pub(crate) fn of(group: Group) -> GroupDetail {
        GroupDetail {
            arn: group.arn().to_string(),
            group_policy_list: inline(&group.inline),
            attached_managed_policies: attached(&group.attached),
            path: group.path,
            group_name: group.name,
            group_id: group.id,
            create_date: group.created,
        }
    }
}

impl RoleDetail {
    /// The role, with its last use.
    pub(crate) fn of(call: &Call, tx: &Transaction, role: Role) -> Result<RoleDetail, Error> {
        let scope = role.account.as_str();
        let profiles = tx.all::<InstanceProfile>(scope, "role", Exactly(&role.id))?;
        let profiles = profiles
            .iter()
            .map(|profile| ProfileView::listed(call, tx, profile))
            .collect::<Result<_, Error>>()?;
        Ok(RoleDetail {
            arn: role.arn().to_string(),
            assume_role_policy_document: trust::shown(call, &role)?,
            instance_profile_list: profiles,
            role_policy_list: inline(&role.inline),
            attached_managed_policies: attached(&role.attached),
            permissions_boundary: boundary::shown(role.boundary.as_deref()),
            tags: tags::shown(&role.tags),
            role_last_used: RoleLastUsedView::of(tx, &role)?,
            path: role.path,
            role_name: role.name,
            role_id: role.id,
            create_date: role.created,
        })
    }
}

impl PolicyDetail {
    /// The policy, used as often as was counted.
    pub(crate) fn of(policy: &Managed, usage: Usage) -> Result<PolicyDetail, Error> {
        let head = policy.head()?;
        let (attachment_count, permissions_boundary_usage_count) = usage.shown()?;
        let default = policy.default_version();
        let versions = policy.versions()?;
        Ok(PolicyDetail {
            policy_name: head.name.to_owned(),
            policy_id: head.id.to_owned(),
            arn: policy.arn(),
            path: head.path.to_owned(),
            default_version_id: version_id(default),
            attachment_count,
            permissions_boundary_usage_count,
            is_attachable: true,
            create_date: head.created,
            update_date: head.updated,
            policy_version_list: versions
                .iter()
                .map(|version| VersionView::whole(version, default))
                .collect(),
        })
    }
}

fn inline(policies: &BTreeMap<String, String>) -> Vec<InlineView> {
    let view = |(name, document): (&String, &String)| InlineView {
        policy_name: name.clone(),
        policy_document: documents::encoded(document),
    };
    policies.iter().map(view).collect()
}

fn attached(arns: &[String]) -> Vec<AttachedView> {
    arns.iter().map(|arn| AttachedView::of(arn)).collect()
}
