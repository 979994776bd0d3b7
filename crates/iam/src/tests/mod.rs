//! The operations of IAM as their callers see them: a form in, an answer or a refusal out,
//! over a store in memory, with authorization as always.

mod access_advisor;
mod access_keys;
mod account;
mod attachments;
mod authorization;
mod authorization_details;
mod credential_report;
mod groups;
mod house;
mod inline_policies;
mod instance_profiles;
mod mfa_devices;
mod oidc_providers;
mod outside;
mod paging;
mod passwords;
mod paths;
mod policies;
mod policy_versions;
mod races;
mod roles;
mod server_certificates;
mod service_linked_roles;
mod settings;
mod simulation;
mod table;
mod trust;
mod user_credentials;
mod users;
