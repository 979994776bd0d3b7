//! The vocabulary that every room shares: accounts, ARNs, time, chance and secrets.
//!
//! Nothing here does anything; it only says what things are called and keeps the wrong
//! thing from being written. Time and chance are arguments everywhere else, and this is
//! where they come from: [`Clock`] and [`Entropy`].

mod account;
mod address;
mod arn;
mod clock;
mod entropy;
mod iso;
mod secret;

pub use self::account::{AccountId, NotAnAccountId};
pub use self::address::address_text;
pub use self::arn::{Arn, NotAnArn};
pub use self::clock::{Clock, MovableClock, StandingClock, SystemClock};
pub use self::entropy::{Entropy, SystemEntropy, uuid_v4};
pub use self::iso::iso_second;
pub use self::secret::Secret;
pub use jiff::{SignedDuration, Timestamp};

/// The partition that Arnold's accounts live in; the first part of every ARN after `arn:`.
pub const PARTITION: &str = "aws";
