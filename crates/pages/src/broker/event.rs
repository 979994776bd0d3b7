//! What the audit trail tells of a sign-in at the broker.

use broker::{SignIn, Way};
use identity::Caller;
use plane::{Event, Outcome};
use serde_json::{Map, Value};

use crate::visit::Visit;

/// Records that somebody signed in, or did not and why.
pub(super) fn record(
    visit: &Visit<'_>,
    sign_in: &SignIn,
    person: Option<&str>,
    refused: Option<String>,
) {
    let mut details = Map::new();
    let mut tell = |name: &str, value: &str| {
        details.insert(name.to_owned(), Value::from(value));
    };
    tell("SignIn", sign_in.id());
    tell(
        "By",
        match sign_in.way() {
            Way::Directory(_) => "Directory",
            Way::Provider(_) => "OpenIDConnect",
            Way::Saml(_) => "SAML",
        },
    );
    if let Some(person) = person {
        tell("Person", person);
    }
    let outcome = match refused {
        None => Outcome::Done,
        Some(cause) => Outcome::Failed {
            code: "FailedAuthentication".to_owned(),
            message: Some("Failed authentication".to_owned()),
            cause: Some(cause),
        },
    };
    visit.pages.plane.recorder().record(Event::of_sign_in(
        "BrokerSignIn",
        &aws::uuid_v4(visit.environment().entropy.as_ref()),
        &Caller::Anonymous,
        &visit.facts(),
        details,
        outcome,
    ));
}
