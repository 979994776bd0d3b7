//! The broker's pages: people of a directory or a provider sign in, choose what is open to them,
//! and get a console session or credentials. `arnold login` comes here too.
//!
//! The way of a person: [`sign_in`] or [`provider`] (who is it?) → [`guest`] (kept in the browser)
//! → [`choose`] (what is open?) → [`hand_out`] (STS decides, about the broker's user). A program
//! gets a code by the browser and trades it at [`token`].

mod choose;
mod codes;
mod errand;
mod event;
mod guest;
mod hand_out;
mod provider;
mod sign_in;
mod token;

use broker::Broker;

use crate::broker::codes::Codes;
use crate::visit::Visit;
use crate::{Answer, frame, not_here};

/// The broker's page.
pub(crate) const PAGE: &str = "/console/broker";

/// Below it.
pub(crate) const BELOW: &str = "/console/broker/";

/// The broker, and the codes that it has given out.
pub(crate) struct Desk {
    pub(crate) broker: Broker,
    codes: Codes,
}

impl Desk {
    pub(crate) fn new(broker: Broker) -> Desk {
        Desk {
            broker,
            codes: Codes::default(),
        }
    }
}

/// Answers a request for one of these pages.
pub(crate) async fn answer(visit: &Visit<'_>, get: bool, post: bool) -> Answer {
    let Some(desk) = &visit.pages.broker else {
        return not_here();
    };
    let path = visit.raw.path.as_str();
    let below = path.strip_prefix(BELOW).unwrap_or_default();
    match below.split_once('/').unwrap_or((below, "")) {
        ("", _) if get => show(visit, desk),
        ("sign-in", "") if post => sign_in::take(visit, desk).await,
        ("choose", "") if post => choose::take(visit, desk).await,
        ("leave", "") if post => guest::leave(visit),
        ("token", "") if post => token::answer(visit, desk).await,
        ("provider", id) if get => provider::go(visit, desk, id).await,
        ("return", id) if get => provider::back(visit, desk, id).await,
        // A form's own address, opened anew: the person is taken where the form is.
        ("sign-in" | "choose" | "leave", "") if get => frame::redirect(PAGE),
        _ => not_here(),
    }
}

/// What is open to whoever is signed in here, or the way in.
fn show(visit: &Visit<'_>, desk: &Desk) -> Answer {
    let errand = match errand::Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    match guest::of(visit) {
        Some(guest) => choose::show(desk, &guest, &errand, None),
        None => sign_in::show(visit, desk, &errand, None),
    }
}
