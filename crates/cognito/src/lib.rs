//! Amazon Cognito identity pools: proof of an outside provider in, credentials of the pool's
//! role out.
//!
//! The way of a person: [`get_id`] finds or makes their identity in a pool, [`credentials`]
//! gives it credentials. Both believe nothing but what [`logins`] has verified;
//! [`role_mapping`] chooses the role, whose trust policy has the last word. The rest is the
//! pool owner's side: [`pools`], [`roles`], [`identities`], [`tags`].

mod credentials;
mod errors;
mod get_id;
mod guest;
mod identities;
mod identity_record;
mod logins;
mod paging;
mod pool;
mod pool_view;
mod pools;
mod role_mapping;
mod roles;
mod tags;
#[cfg(test)]
mod tests;

use plane::{Entry, gathering, stored};

/// The operations of Cognito identity pools that are built.
pub static OPERATIONS: &[Entry] = &[
    // What people call, unsigned.
    gathering::<credentials::GetCredentialsForIdentity>(),
    gathering::<get_id::GetId>(),
    // Pools.
    stored::<pools::CreateIdentityPool>(),
    stored::<pools::DeleteIdentityPool>(),
    stored::<pools::DescribeIdentityPool>(),
    stored::<pools::ListIdentityPools>(),
    stored::<pools::UpdateIdentityPool>(),
    // Their roles.
    stored::<roles::GetIdentityPoolRoles>(),
    stored::<roles::SetIdentityPoolRoles>(),
    // Their identities.
    stored::<identities::DeleteIdentities>(),
    stored::<identities::DescribeIdentity>(),
    stored::<identities::ListIdentities>(),
    // Their tags.
    stored::<tags::ListTagsForResource>(),
    stored::<tags::TagResource>(),
    stored::<tags::UntagResource>(),
];
