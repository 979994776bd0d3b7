//! A small OpenID Connect provider for the demo: real keys, real flows, two people.
//!
//! It stands for the company's own provider. Arnold trusts it as it trusts any other:
//! through `CreateOpenIDConnectProvider`, its discovery document and its keys.
//!
//! | path | what |
//! |---|---|
//! | `/.well-known/openid-configuration`, `/jwks` | what the world may know |
//! | `/authorize` | the sign-in page; code flow, PKCE with S256 required |
//! | `/token` | exchanges a code for an id token |
//! | `/token-page` | signs in for the client `arnold-demo` and shows the id token to copy |
//!
//! For scripts `/token` also takes a person's password directly, which no real provider
//! should:
//!
//! ```text
//! curl -s ISSUER/token -d grant_type=password -d client_id=arnold-demo \
//!     -d username=ana --data-urlencode password=…
//! ```
//!
//! Everything is kept in memory. The time comes from a clock that the caller gives, so
//! that a clock which is moved moves the tokens too.

mod authorize;
mod codes;
mod directory;
mod form;
mod guard;
mod pages;
mod provider;
mod signing;
mod token;
mod token_page;

pub use self::directory::{Client, Person};
pub use self::pages::Step;
pub use self::provider::{Clock, DemoProvider, Handle, StartError, TOKEN_PAGE_CLIENT};
