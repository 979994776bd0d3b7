//! IAM's quotas (IAM User Guide, "IAM and AWS STS quotas"), but for those that can be raised:
//! they are [`identity::Quotas`].

/// Users of an account.
pub(crate) const USERS: u64 = 5000;
/// Versions of one managed policy.
pub(crate) const VERSIONS_PER_POLICY: u64 = 5;
/// Versions of all managed policies together.
pub(crate) const POLICY_VERSIONS: u64 = 10_000;
/// Managed policies attached to one group.
pub(crate) const POLICIES_PER_GROUP: u64 = 10;
/// Characters of one managed policy, white space not counted.
pub(crate) const POLICY_SIZE: u64 = 6144;
/// Characters of all inline policies of a user together, white space not counted.
pub(crate) const USER_POLICY_SIZE: u64 = 2048;
/// Characters of all inline policies of a group together, white space not counted.
pub(crate) const GROUP_POLICY_SIZE: u64 = 5120;
/// Characters of all inline policies of a role together, white space not counted.
pub(crate) const ROLE_POLICY_SIZE: u64 = 10_240;
/// Access keys of one user, and of root.
pub(crate) const ACCESS_KEYS_PER_USER: u64 = 2;
/// Groups that one user may be in.
pub(crate) const GROUPS_PER_USER: u64 = 10;
/// Tags of one entity.
pub(crate) const TAGS: u64 = 50;
/// Signing certificates of one user.
pub(crate) const SIGNING_CERTIFICATES_PER_USER: u64 = 2;
/// MFA devices of one user, and of root.
pub(crate) const MFA_DEVICES_PER_USER: u64 = 8;
/// Characters of a role's name.
pub(crate) const ROLE_NAME: u64 = 64;
/// SSH public keys of one user.
pub(crate) const SSH_KEYS_PER_USER: u64 = 5;
/// Credentials of one user for one service.
pub(crate) const SERVICE_CREDENTIALS_PER_SERVICE: usize = 2;
