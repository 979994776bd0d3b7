//! AWS's wire: requests into structures, structures into answers, by the facts of the models.
//!
//! The way of a message: [`route::route`] finds the operation → [`decode`] reads what the model knows →
//! [`validate`] checks every constraint → [`read`] makes the operation's own input type →
//! … → [`Output::into_structure`] → [`encode`] writes the answer, or [`encode_error`] the error.
//! [`redact`] shows a structure as audit events may show it.
//!
//! Everything here is a function of its arguments; nothing knows of sockets, clocks or stores.

// Derived code names this crate by its name, in its own tests too.
extern crate self as wire;

mod check;
mod decode;
mod encode;
mod error;
mod form;
mod json;
mod json_object;
mod json_text;
mod message;
mod misfit;
mod pattern;
mod plain;
mod query;
mod redact;
mod refusal;
mod rest;
pub mod route;
mod timestamp;
pub mod typed;
mod validate;
mod value;
mod xml;

pub use wire_derive::{Input, Output};

pub use self::check::{Side, check_input, check_members, check_output};
pub use self::decode::decode;
pub use self::encode::encode;
pub use self::error::{ErrorAnswer, encode_error, status_of};
pub use self::json_object::JsonObject;
pub use self::message::{Format, Incoming, Outgoing};
pub use self::misfit::Misfit;
pub use self::redact::{HIDDEN, redact, redact_output};
pub use self::refusal::Refusal;
pub use self::typed::{Claim, Fit, FromValue, Input, Output, Text, ToValue};
pub use self::validate::validate;
pub use self::value::{Structure, Value};

use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use facts::OperationFacts;

/// Makes the operation's input type of a validated structure.
pub fn read<I: Input>(operation: &OperationFacts, structure: Structure) -> Result<I, Refusal> {
    I::from_members(structure).map_err(|misfit| misfit.into_refusal(operation.service))
}

/// Base64 as clients send it, with or without padding.
pub(crate) const fn base64_forgiving() -> GeneralPurpose {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, CONFIG)
}
