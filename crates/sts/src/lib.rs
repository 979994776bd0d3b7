//! AWS Security Token Service: proof in, short-lived credentials out.
//!
//! Sessions are sealed tokens; nothing here writes to the store but the use of a second
//! factor's code, and what is read is in memory. [`session_request`] holds what all the issuing operations check alike.
//! Sessions are sealed tokens; nothing here writes to the store, and what is read is in
//! memory, but for what few calls ask. [`session_request`] holds what all the issuing operations check alike.

mod assume_role;
mod assume_root;
mod authorization_message;
mod caller_identity;
mod claimed;
mod delegated_access;
mod federation_token;
mod role_arn;
mod saml;
mod second_factor;
mod session_request;
mod session_token;
#[cfg(test)]
mod tests;
mod vouching;
mod web_identity;
mod web_identity_token;

use plane::{Entry, federated, hot, stored};

/// The operations of STS that are built.
pub static OPERATIONS: &[Entry] = &[
    federated::<assume_role::AssumeRole>(),
    federated::<saml::AssumeRoleWithSAML>(),
    federated::<web_identity::AssumeRoleWithWebIdentity>(),
    stored::<assume_root::AssumeRoot>(),
    hot::<authorization_message::DecodeAuthorizationMessage>(),
    hot::<caller_identity::GetAccessKeyInfo>(),
    hot::<caller_identity::GetCallerIdentity>(),
    hot::<delegated_access::GetDelegatedAccessToken>(),
    hot::<federation_token::GetFederationToken>(),
    federated::<session_token::GetSessionToken>(),
    hot::<web_identity_token::GetWebIdentityToken>(),
];
