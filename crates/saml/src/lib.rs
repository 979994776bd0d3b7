//! Verifies what a SAML identity provider says.
//!
//! Bytes go in, an [`Assertion`] or a [`Refusal`] comes out. An `Assertion` exists only if a
//! signature over it held under a key of the provider's [`Metadata`], if it is for us and
//! valid now, and it is read from the very bytes that were hashed, so that nothing unsigned
//! can be in it.
//!
//! The way through: `prepass` (is this XML that may be parsed?) → `verify` (one response, one
//! assertion, everything in its place) → `signature` over `canonical` bytes (who signed which
//! element?) → `decrypt` (what was sealed?) → `assertion` (what does it say?) → `conditions`
//! (is it for us, now?). What it then means to AWS is read by `aws_attributes` and
//! `condition_keys`.
//! How we ask a provider for a response, where we are the ones to ask, is in `request`.

mod algorithm;
mod assertion;
mod aws_attributes;
mod canonical;
mod certificate;
mod condition_keys;
mod conditions;
mod decrypt;
mod endpoints;
mod metadata;
mod prepass;
mod refusal;
mod request;
mod signature;
#[cfg(test)]
mod tests;
mod time;
mod tree;
mod unverified;
mod verify;

pub use self::algorithm::Sha1;
pub use self::assertion::{Assertion, Attribute, NameId};
pub use self::aws_attributes::RolePair;
pub use self::certificate::{Certificate, CertificateFault};
pub use self::conditions::{CLOCK_SKEW_S, REDEEM_S};
pub use self::decrypt::{PrivateKey, PrivateKeyFault};
pub use self::endpoints::{SIGN_IN, Service};
pub use self::metadata::{Endpoint, Metadata, MetadataFault};
pub use self::refusal::{Answer, Refusal, XmlFault};
pub use self::request::{AuthnRequest, REDIRECT, service_metadata};
pub use self::unverified::Unverified;
pub use self::verify::{Encryption, Expectation, Step, explain, verify};
