//! Verifies what an OpenID Connect provider says.
//!
//! A token goes in, [`Claims`] or a [`Refusal`] comes out. `Claims` exist only if the
//! token's signature held under a key that the provider publishes, and if it was issued by
//! the expected issuer, for one of the expected clients, and is valid now.
//!
//! The way through: [`Unverified`] (is this a token at all, and whose?) → [`KeySource`]
//! (the provider's keys, fetched and kept) → [`verify`] (is it genuine, for us, now?) →
//! [`Claims`] (what it says, and the condition keys that follow from it).

mod algorithm;
mod claims;
mod condition_keys;
mod discovery;
mod jwk;
mod key_source;
mod provider_url;
mod refusal;
mod roles;
mod session_tags;
mod strict_json;
mod thumbprint;
mod unverified;
mod verify;

pub use self::claims::Claims;
pub use self::discovery::{DiscoveryFault, Endpoints, location as discovery_location};
pub use self::jwk::{KeySet, KeySetFault};
pub use self::key_source::{Fetch, FetchError, Fetching, KeySource, KeysFault};
pub use self::provider_url::{ProviderUrl, ProviderUrlFault};
pub use self::refusal::{Answer, Part, Refusal};
pub use self::session_tags::SessionTags;
pub use self::thumbprint::thumbprint;
pub use self::unverified::Unverified;
pub use self::verify::{Expectation, LEEWAY_S, verify, verify_pinned, verify_with};
