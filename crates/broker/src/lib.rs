//! The identity broker: who may sign in where, and what each may ask STS for.
//!
//! A person proves who they are at a directory or at a provider, OpenID Connect's or SAML's. What they get
//! by it is a [`Visitor`]: a name and the grants that their groups open. A [`Grant`] is a call of
//! STS, AssumeRole or GetFederationToken, that the broker makes with the access key of an IAM
//! user of its own. So it can hand out nothing that this user may not, and whether the user may
//! is not decided here: the call goes the way of every call.
//!
//! The way through: [`Config`] → [`Broker`] → [`SignIn`] → [`Visitor`] → [`Grant::call`].

mod config;
mod fault;
mod grant;
mod name;
mod provider;
mod saml_provider;
mod settings;
mod sign_in;
mod visitor;

pub use self::config::Config;
pub use self::fault::ConfigError;
pub use self::grant::{Call, Grant};
pub use self::name::NotAName;
pub use self::provider::{Provider, ProviderRefusal, Return, Started};
pub use self::saml_provider::{SamlProvider, SamlReturn, SamlStarted};
pub use self::settings::{Broker, Key};
pub use self::sign_in::{SignIn, Way};
pub use self::visitor::{NotAdmitted, Visitor};
