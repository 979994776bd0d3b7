//! What `aws iam get-account-authorization-details` prints.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The whole answer. Pages and markers are the CLI's affair.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Details {
    #[serde(default)]
    pub(super) user_detail_list: Vec<UserDetail>,
    #[serde(default)]
    pub(super) group_detail_list: Vec<GroupDetail>,
    #[serde(default)]
    pub(super) role_detail_list: Vec<RoleDetail>,
    #[serde(default)]
    pub(super) policies: Vec<PolicyDetail>,
}

impl Details {
    /// How many users, groups, roles and policies there are.
    pub(super) fn len(&self) -> usize {
        self.user_detail_list.len()
            + self.group_detail_list.len()
            + self.role_detail_list.len()
            + self.policies.len()
    }
}

/// A user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserDetail {
    pub(super) path: String,
    pub(super) user_name: String,
    pub(super) user_id: String,
    pub(super) arn: String,
    pub(super) create_date: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) user_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    pub(super) group_list: Vec<String>,
    #[serde(default)]
    pub(super) attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) permissions_boundary: Option<Boundary>,
    #[serde(default)]
    pub(super) tags: Vec<TagEntry>,
}

/// A group.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupDetail {
    pub(super) path: String,
    pub(super) group_name: String,
    pub(super) group_id: String,
    pub(super) arn: String,
    pub(super) create_date: String,
    #[serde(default)]
    pub(super) group_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    pub(super) attached_managed_policies: Vec<AttachedPolicy>,
}

/// A role.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleDetail {
    pub(super) path: String,
    pub(super) role_name: String,
    pub(super) role_id: String,
    pub(super) arn: String,
    pub(super) create_date: String,
    pub(super) assume_role_policy_document: Value,
    #[serde(default)]
    pub(super) instance_profile_list: Vec<ProfileDetail>,
    #[serde(default)]
    pub(super) role_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    pub(super) attached_managed_policies: Vec<AttachedPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) permissions_boundary: Option<Boundary>,
    #[serde(default)]
    pub(super) tags: Vec<TagEntry>,
    #[serde(default)]
    pub(super) role_last_used: LastUse,
}

/// An instance profile, with the role in it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileDetail {
    pub(super) path: String,
    pub(super) instance_profile_name: String,
    pub(super) instance_profile_id: String,
    pub(super) arn: String,
    pub(super) create_date: String,
    #[serde(default)]
    pub(super) roles: Vec<ProfileRole>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<TagEntry>,
}

/// A role as instance profiles show it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileRole {
    pub(super) path: String,
    pub(super) role_name: String,
    pub(super) role_id: String,
    pub(super) arn: String,
    pub(super) create_date: String,
    pub(super) assume_role_policy_document: Value,
}

/// When a role was last used; empty if never.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LastUse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_used_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
}

/// A managed policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyDetail {
    pub(super) policy_name: String,
    pub(super) policy_id: String,
    pub(super) arn: String,
    pub(super) path: String,
    pub(super) default_version_id: String,
    #[serde(default)]
    pub(super) attachment_count: u64,
    #[serde(default)]
    pub(super) permissions_boundary_usage_count: u64,
    #[serde(default)]
    pub(super) is_attachable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) create_date: String,
    pub(super) update_date: String,
    pub(super) policy_version_list: Vec<PolicyVersionDetail>,
}

/// A version of a managed policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyVersionDetail {
    pub(super) document: Value,
    pub(super) version_id: String,
    pub(super) is_default_version: bool,
    pub(super) create_date: String,
}

/// An inline policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InlinePolicy {
    pub(super) policy_name: String,
    pub(super) policy_document: Value,
}

/// An attached managed policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttachedPolicy {
    pub(super) policy_name: String,
    pub(super) policy_arn: String,
}

/// A permissions boundary.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Boundary {
    pub(super) permissions_boundary_type: String,
    pub(super) permissions_boundary_arn: String,
}

/// A tag.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagEntry {
    pub(super) key: String,
    pub(super) value: String,
}
