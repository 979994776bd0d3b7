//! What CloudTrail tells of a sign-in.

use identity::Caller;
use plane::{Event, Outcome};
use serde_json::{Map, Value, json};

use crate::visit::Visit;

/// Whether a second factor was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mfa<'a> {
    /// None was.
    Unused,
    /// One was, in vain.
    Used,
    /// The one of this serial number was.
    Device(&'a str),
}

/// Records a `ConsoleLogin`.
pub(crate) fn record(visit: &Visit<'_>, caller: &Caller, to: &str, mfa: Mfa<'_>, outcome: Outcome) {
    let environment = visit.environment();
    visit.pages.plane.recorder().record(Event::of_sign_in(
        "ConsoleLogin",
        &aws::uuid_v4(environment.entropy.as_ref()),
        caller,
        &visit.facts(),
        details(&format!("{}{to}", visit.origin()), mfa),
        outcome,
    ));
}

/// `additionalEventData` of `ConsoleLogin`.
fn details(login_to: &str, mfa: Mfa<'_>) -> Map<String, Value> {
    let used = match mfa {
        Mfa::Unused => "No",
        Mfa::Used | Mfa::Device(_) => "Yes",
    };
    let details = json!({
        "LoginTo": login_to,
        "MobileVersion": "No",
        "MFAUsed": used,
    });
    let mut details = match details {
        Value::Object(details) => details,
        _ => Map::new(),
    };
    if let Mfa::Device(serial) = mfa {
        details.insert("MFAIdentifier".to_owned(), json!(serial));
    }
    details
}
