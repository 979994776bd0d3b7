//! Signs what Arnold itself says of people: it is an issuer, as others are to it.
//!
//! A [`Realm`] is one purpose with keys of its own. [`SigningKeys`] makes them when they are
//! first needed, keeps them sealed in the store and changes them; [`RealmKeys`] signs with
//! the one that is in force and publishes all that still count.

mod algorithm;
mod keys;
mod pair;
mod pool_tokens;
mod rotation;
mod stored;
#[cfg(test)]
mod tests;

pub use self::algorithm::Algorithm;
pub use self::keys::{RealmKeys, SigningKeys};
pub use self::pool_tokens::{
    IDENTITY_POOLS, PoolToken, VerifiedPoolToken, pool_discovery, sign_pool_token,
    verify_pool_token,
};

use std::borrow::Cow;

/// One purpose of signing. No key serves two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Its name; never changes once keys exist.
    pub name: Cow<'static, str>,
    /// The algorithms that it signs with: one key for each.
    pub algorithms: &'static [Algorithm],
}

/// Tokens that principals of an account show outside (`sts:GetWebIdentityToken`).
pub static WEB_IDENTITIES: Realm = Realm {
    name: Cow::Borrowed("web-identities"),
    algorithms: &[Algorithm::Rs256, Algorithm::Es384],
};

/// Why Arnold cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum IssuerFault {
    /// The store.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A stored key does not open, or cannot be sealed.
    #[error("a signing key is not to be had: {0}")]
    Seal(#[from] seal::SealError),
    /// A key cannot be made or read, or does not sign.
    #[error("a signing key does not work")]
    Key,
    /// The realm has no key for this algorithm.
    #[error("the realm has no key for {0}")]
    NoKey(Algorithm),
    /// What is to be signed cannot be written.
    #[error("the claims cannot be written: {0}")]
    Claims(serde_json::Error),
    /// What was signed here is not understood here.
    #[error("the published keys do not read: {0}")]
    Published(#[from] oidc::KeySetFault),
}
