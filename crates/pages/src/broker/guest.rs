//! Who is signed in at the broker: kept by the browser alone, sealed, for a short while. It
//! opens nothing by itself but the broker's own choice.

use broker::Visitor;
use serde::{Deserialize, Serialize};

use crate::Answer;
use crate::console::{cookie, set_cookie};
use crate::frame::{redirect, unguessable};
use crate::visit::Visit;

const COOKIE: &str = "arnold-broker";

/// What the cookie is sealed for.
const PURPOSE: &str = "broker guest";

/// How long somebody may take to choose. Whoever leaves a group has lost what it opens when this
/// is over.
const STAY_S: i64 = 900;

/// Browsers keep no cookie longer than 4096 bytes, name and attributes included.
const COOKIE_BYTES_MAX: usize = 3_600;

/// Somebody who is signed in at the broker.
#[derive(Serialize, Deserialize)]
pub(super) struct Guest {
    pub(super) visitor: Visitor,
    /// Stands in every form of theirs, and nowhere else.
    pub(super) form: String,
    ends_at: i64,
}

/// The guest whose browser asks.
pub(super) fn of(visit: &Visit<'_>) -> Option<Guest> {
    let sealed = cookie(&visit.raw.headers, &name(visit))?;
    let guest: Guest = visit.pages.open(PURPOSE, sealed)?;
    (visit.now_s() < guest.ends_at).then_some(guest)
}

/// The guest, if this form is theirs.
pub(super) fn of_own_form(visit: &Visit<'_>) -> Option<Guest> {
    let guest = of(visit)?;
    let sent = visit.parameters.get("form")?;
    let genuine = visit.is_from_us() && seal::same(sent.as_bytes(), guest.form.as_bytes());
    genuine.then_some(guest)
}

/// Lays somebody who signed in into the browser with this answer; `None` if they do not fit.
pub(super) fn keep(visit: &Visit<'_>, visitor: Visitor, mut answer: Answer) -> Option<Answer> {
    let guest = Guest {
        visitor,
        form: unguessable(visit.environment().entropy.as_ref()),
        ends_at: visit.now_s() + STAY_S,
    };
    let sealed = visit.pages.seal(PURPOSE, &guest).ok();
    let sealed = sealed.filter(|sealed| sealed.len() <= COOKIE_BYTES_MAX)?;
    let secure = visit.raw.peer.secure;
    set_cookie(&mut answer, &name(visit), &sealed, STAY_S, secure);
    Some(answer)
}

/// Takes the guest out of the browser.
pub(super) fn leave(visit: &Visit<'_>) -> Answer {
    let mut answer = redirect(super::PAGE);
    if of_own_form(visit).is_some() {
        set_cookie(&mut answer, &name(visit), "", 0, visit.raw.peer.secure);
    }
    answer
}

fn name(visit: &Visit<'_>) -> String {
    let prefix = if visit.raw.peer.secure { "__Host-" } else { "" };
    format!("{prefix}{COOKIE}")
}
