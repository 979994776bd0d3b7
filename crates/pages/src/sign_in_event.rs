//! What CloudTrail tells of a sign-in.

use serde_json::{Map, Value, json};

/// Whether a second factor was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mfa {
    /// None was.
    Unused,
}

impl Mfa {
    fn word(self) -> &'static str {
        match self {
            Mfa::Unused => "No",
        }
    }
}

/// `additionalEventData` of `ConsoleLogin`.
pub(crate) fn details(login_to: &str, mfa: Mfa) -> Map<String, Value> {
    let details = json!({
        "LoginTo": login_to,
        "MobileVersion": "No",
        "MFAUsed": mfa.word(),
    });
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}
