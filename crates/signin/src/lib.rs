//! AWS Sign-In: `aws login` and the SDKs' login provider.
//!
//! Somebody who is signed in in a browser lets a tool act for them: [`Request`] is what the
//! tool asked for, [`authorize`] gives it a code, and CreateOAuth2Token trades the code for
//! credentials of fifteen minutes and a refresh token (OAuth 2.0 with PKCE, RFC 7636). The
//! tool holds a key and proves so with every trade (DPoP, RFC 9449): a stolen code or
//! refresh token is worth nothing without it.

mod authorize;
mod challenge;
mod grant;
mod id_token;
mod proof;
mod token;

pub use self::authorize::{Client, Fault, Request, authorize};

use plane::{Entry, stored};

/// The operations of AWS Sign-In that are built.
pub static OPERATIONS: &[Entry] = &[stored::<token::CreateOAuth2Token>()];
