//! The top: opens the house and serves it over HTTP.
//!
//! Only here do the rooms meet: the store, the keys, the services' tables of operations, the
//! S3 endpoint, and one port for them all.

mod answer;
mod bootstrap;
mod config;
mod dev;
mod fetching;
mod front;
mod house;
mod letters;
mod listen;
mod patience;
mod published;
mod reset_point;
mod s3_form;
mod s3_front;
mod s3_gate;
mod unread;

pub use self::bootstrap::{BootstrapError, FirstKey};
pub use self::config::{Config, ConfigError};
pub use self::dev::Aids;
pub use self::house::{House, OpenError, Settings};
pub use self::reset_point::ResetError;
