//! Amazon Cognito identity pools: proof of an outside provider in, credentials of the pool's
//! role out.
//!
//! The way of a person: [`get_id`] finds or makes their identity in a pool, [`credentials`]
//! gives it credentials, or [`open_id_token`] a token for STS. All believe nothing but what
//! [`logins`] has verified;
//! [`role_mapping`] chooses the role, whose trust policy has the last word. The rest is the
//! pool owner's side: [`pools`], [`roles`], [`identities`], [`tags`].

mod application;
mod credentials;
mod developer;
mod developer_token;
mod errors;
mod get_id;
mod guest;
mod identities;
mod identity_record;
mod logins;
mod open_id_token;
mod paging;
mod pool;
mod pool_view;
mod pools;
mod role_mapping;
mod roles;
mod saml_logins;
mod standing;
mod tag_mapping;
mod tags;
#[cfg(test)]
mod tests;
mod unlink;
mod user_pool_logins;

pub use self::identity_record::{Identity, LinkedLogin};
pub use self::pool::SCOPE;

use plane::{Entry, gathering, stored};

/// The operations of Cognito identity pools that are built.
pub static OPERATIONS: &[Entry] = &[
    // What people call, unsigned.
    gathering::<credentials::GetCredentialsForIdentity>(),
    gathering::<get_id::GetId>(),
    gathering::<open_id_token::GetOpenIdToken>(),
    gathering::<unlink::UnlinkIdentity>(),
    // What the owner's back end calls for its own users.
    gathering::<developer_token::GetOpenIdTokenForDeveloperIdentity>(),
    stored::<developer::LookupDeveloperIdentity>(),
    stored::<developer::MergeDeveloperIdentities>(),
    stored::<developer::UnlinkDeveloperIdentity>(),
    // Pools.
    stored::<pools::CreateIdentityPool>(),
    stored::<pools::DeleteIdentityPool>(),
    stored::<pools::DescribeIdentityPool>(),
    stored::<pools::ListIdentityPools>(),
    stored::<pools::UpdateIdentityPool>(),
    // Their roles.
    stored::<roles::GetIdentityPoolRoles>(),
    stored::<roles::SetIdentityPoolRoles>(),
    // Tags of their sessions.
    stored::<tag_mapping::GetPrincipalTagAttributeMap>(),
    stored::<tag_mapping::SetPrincipalTagAttributeMap>(),
    // Their identities.
    stored::<identities::DeleteIdentities>(),
    stored::<identities::DescribeIdentity>(),
    stored::<identities::ListIdentities>(),
    // Their tags.
    stored::<tags::ListTagsForResource>(),
    stored::<tags::TagResource>(),
    stored::<tags::UntagResource>(),
];
