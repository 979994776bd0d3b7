//! Verifies people against a directory: OpenLDAP, Active Directory, and what else speaks LDAP.
//!
//! A login and a password go in, a [`Person`] or a [`Refusal`] comes out. The directory finds
//! exactly one entry for the login and binds as it with the password; nothing else proves
//! anything. What was typed reaches the directory only as an escaped part of a filter or of a
//! name ([`template`]), so that it can never become one. Directories are named by the
//! configuration alone: nobody who signs in chooses where we connect to.
//!
//! The way through: [`Config`] → [`Directory::verify`] → `connection` (one server: bind and
//! search) → `groups` (which groups, nested ones too) → [`Person`].

mod config;
mod connection;
mod directory;
mod dn;
mod groups;
mod person;
mod principal;
mod refusal;
mod server;
mod settings;
mod template;
mod tls;

pub use self::config::Config;
pub use self::directory::Directory;
pub use self::dn::{Dn, NotADn};
pub use self::person::Person;
pub use self::refusal::Refusal;
pub use self::settings::ConfigError;
