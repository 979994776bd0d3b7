//! Sign-out: the browser forgets the session.

use http::StatusCode;

use crate::Answer;
use crate::console::ConsoleSession;
use crate::frame::{Link, message};
use crate::home;
use crate::visit::Visit;

/// By the button of the session page.
pub(crate) fn by_form(visit: &Visit<'_>) -> Answer {
    if visit.own_form().is_none() {
        return home::redirect();
    }
    forget(visit)
}

/// By AWS's own address for it, `/oauth?Action=logout`.
pub(crate) fn by_address(visit: &Visit<'_>) -> Answer {
    if visit.parameters.get("Action") != Some("logout") {
        return message(
            StatusCode::BAD_REQUEST,
            "Something is not right",
            "This address is for signing out: Action must be logout.",
            None,
        );
    }
    forget(visit)
}

fn forget(visit: &Visit<'_>) -> Answer {
    let issuer = visit.console.as_ref().and_then(ConsoleSession::issuer);
    let answer = message(
        StatusCode::OK,
        "You are signed out",
        "This browser has forgotten your session. Credentials that you took from it live on until they end.",
        issuer.map(|href| Link {
            href,
            label: "Sign in again",
        }),
    );
    ConsoleSession::forget(answer, &visit.raw.headers, visit.raw.peer.secure)
}
