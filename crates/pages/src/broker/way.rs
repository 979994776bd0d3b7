//! A way to a provider and back: what must come back from there, in the hands of the browser
//! that was sent.

use broker::{SignIn, Visitor};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::Answer;
use crate::broker::errand::Errand;
use crate::broker::sign_in::{self, Denied};
use crate::broker::{BELOW, Desk, event};
use crate::console::{cookie, set_cookie};
use crate::frame::{bare, redirect};
use crate::parameters::Parameters;
use crate::visit::Visit;

const COOKIE: &str = "arnold-broker-way";

/// What the cookie is sealed for.
const PURPOSE: &str = "broker way";

/// How long somebody may take at their provider.
pub(super) const WAY_S: i64 = 900;

/// What is said when the provider did not vouch for somebody.
const NOT_VOUCHED: &str = "Your identity provider did not sign you in. Please try again.";

/// A way that has begun.
#[derive(Serialize, Deserialize)]
pub(super) struct Way {
    sign_in: String,
    pub(super) question: Question,
    /// Where the browser comes back to.
    pub(super) back_at: String,
    /// The errand, as a query.
    errand: String,
    pub(super) ends_at: i64,
}

/// What the provider was asked, and has to answer.
#[derive(Serialize, Deserialize)]
pub(super) enum Question {
    /// OpenID Connect's.
    Code {
        state: String,
        nonce: String,
        verifier: String,
    },
    /// SAML's.
    Saml { request_id: String },
}

/// Where browsers come back to from a provider.
pub(super) fn back_at(visit: &Visit<'_>, sign_in: &SignIn) -> String {
    format!("{}{BELOW}return/{}", visit.origin(), sign_in.id())
}

/// Sends the browser to the provider with what has to come back.
pub(super) fn begin(
    visit: &Visit<'_>,
    sign_in: &SignIn,
    errand: &Errand,
    address: &str,
    question: Question,
) -> Answer {
    let way = Way {
        sign_in: sign_in.id().to_owned(),
        question,
        back_at: back_at(visit, sign_in),
        errand: errand.query(),
        ends_at: visit.now_s() + WAY_S,
    };
    let Ok(sealed) = visit.pages.seal(PURPOSE, &way) else {
        return bare(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut answer = redirect(address);
    let secure = visit.raw.peer.secure;
    set_cookie(&mut answer, &name(visit), &sealed, WAY_S, secure);
    answer
}

/// The way that this browser is on, if it is one of this sign-in's.
pub(super) fn of(visit: &Visit<'_>, sign_in: &SignIn) -> Option<Way> {
    let sealed = cookie(&visit.raw.headers, &name(visit))?;
    let way: Way = visit.pages.open(PURPOSE, sealed)?;
    (way.sign_in == sign_in.id() && visit.now_s() < way.ends_at).then_some(way)
}

impl Way {
    /// The errand that was sealed when the browser was sent out.
    fn errand(&self, visit: &Visit<'_>) -> Option<Errand> {
        let parameters = Parameters::parse(&self.errand, b"").ok()?;
        Errand::of(&parameters, &visit.origin()).ok()
    }
}

/// Ends a way: somebody comes in, or is told that they do not.
pub(super) fn end(
    visit: &Visit<'_>,
    desk: &Desk,
    sign_in: &SignIn,
    way: Option<&Way>,
    outcome: Result<Visitor, Denied>,
) -> Answer {
    let errand = way.and_then(|way| way.errand(visit)).unwrap_or(Errand {
        ask: None,
        next: None,
    });
    let mut answer = match outcome {
        Ok(visitor) => {
            event::record(visit, sign_in, Some(visitor.name()), None);
            sign_in::enter(visit, desk, visitor, &errand)
        }
        Err(denied) => {
            event::record(visit, sign_in, None, Some(denied.cause.clone()));
            sign_in::show(visit, desk, &errand, Some(&denied))
        }
    };
    // A way is gone once.
    set_cookie(&mut answer, &name(visit), "", 0, visit.raw.peer.secure);
    answer
}

/// The provider did not vouch for somebody.
pub(super) fn not_vouched(cause: &dyn ToString) -> Denied {
    Denied::new(StatusCode::FORBIDDEN, NOT_VOUCHED, cause)
}

/// Nobody was sent to the provider from this browser.
pub(super) fn not_sent() -> Denied {
    not_vouched(&"this browser was not sent to the provider, or too long ago")
}

fn name(visit: &Visit<'_>) -> String {
    let prefix = if visit.raw.peer.secure { "__Host-" } else { "" };
    format!("{prefix}{COOKIE}")
}
