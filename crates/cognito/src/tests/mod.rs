//! The operations of identity pools as their callers see them: JSON in, an answer or a refusal
//! out, over a store in memory, with authorization as always and tokens of a provider that
//! really signs.

mod authorization;
mod credentials;
mod get_id;
mod house;
mod identities;
mod logins;
mod pools;
mod provider;
mod role_mapping;
mod roles;
mod tags;
