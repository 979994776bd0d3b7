//! The operations of identity pools as their callers see them: JSON in, an answer or a refusal
//! out, over a store in memory, with authorization as always and tokens of a provider that
//! really signs.

mod authorization;
mod credentials;
mod developer;
mod get_id;
mod house;
mod identities;
mod logins;
mod open_id_token;
mod pools;
mod provider;
mod role_mapping;
mod roles;
mod tag_mapping;
mod tags;
