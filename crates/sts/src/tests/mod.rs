//! STS as its callers meet it: every operation past the wire, with real policies, real
//! sessions and a clock that moves.

mod assume_role;
mod chains;
mod house;
mod identity;
mod provider;
mod root;
mod saml;
mod second_factor;
mod session_policies;
mod sessions_of_users;
mod tags;
mod web_identity;
