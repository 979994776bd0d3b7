//! The broker's pages: people of a directory or a provider sign in, choose what is open to them,
//! and get a console session or credentials. `arnold login` comes here too.
//!
//! The way of a person: [`sign_in`], [`provider`] or [`saml`] (who is it?) → [`guest`] (kept in the browser)
//! → [`choose`] (what is open?) → [`hand_out`] (STS decides, about the broker's user). A program
//! gets a code by the browser and trades it at [`token`].

mod answered;
mod choose;
mod codes;
mod errand;
mod event;
mod guest;
mod hand_out;
mod provider;
mod saml;
mod sign_in;
mod token;
mod way;

use broker::{Broker, Way};
use http::Method;

use crate::broker::answered::Answered;
use crate::broker::codes::Codes;
use crate::frame::Link;
use crate::visit::Visit;
use crate::{Answer, frame, not_here};

/// The broker's page.
pub(crate) const PAGE: &str = "/console/broker";

/// Below it.
pub(crate) const BELOW: &str = "/console/broker/";

/// The broker, the codes that it has given out, and the requests that were answered. Both are
/// of this process: who comes back to another one begins again.
pub(crate) struct Desk {
    pub(crate) broker: Broker,
    codes: Codes,
    answered: Answered,
}

impl Desk {
    pub(crate) fn new(broker: Broker) -> Desk {
        Desk {
            broker,
            codes: Codes::default(),
            answered: Answered::default(),
        }
    }

    /// Forgets the codes that wait. Answered requests stay answered: nothing undoes a use.
    pub(crate) fn forget(&self) {
        self.codes.clear();
    }
}

/// The broker's page with this query, if there is a broker: where other ways in lead to it.
pub(crate) fn way_in(visit: &Visit<'_>, query: &str) -> Option<String> {
    let is_there = visit.pages.broker.is_some();
    let mark = if query.is_empty() { "" } else { "?" };
    is_there.then(|| format!("{PAGE}{mark}{query}"))
}

/// That page as a link.
pub(crate) fn link(href: &str) -> Link<'_> {
    Link {
        href,
        label: "Sign in with your organization’s account",
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
        ("provider", id) if get => go(visit, desk, id).await,
        ("return", id) if get || post => back(visit, desk, id).await,
        ("metadata", id) if get => metadata(visit, desk, id),
        // A form's own address, opened anew: the person is taken where the form is.
        ("sign-in" | "choose" | "leave", "") if get => frame::redirect(PAGE),
        _ => not_here(),
    }
}

/// Sends the browser to a provider.
async fn go(visit: &Visit<'_>, desk: &Desk, id: &str) -> Answer {
    let Some(sign_in) = desk.broker.sign_in(id) else {
        return not_here();
    };
    match sign_in.way() {
        Way::Provider(provider) => provider::go(visit, desk, sign_in, provider).await,
        Way::Saml(provider) => saml::go(visit, sign_in, provider),
        Way::Directory(_) => not_here(),
    }
}

/// Takes the browser back from a provider: OpenID Connect's by an address, SAML's by a form.
async fn back(visit: &Visit<'_>, desk: &Desk, id: &str) -> Answer {
    let Some(sign_in) = desk.broker.sign_in(id) else {
        return not_here();
    };
    match (sign_in.way(), visit.raw.method == Method::POST) {
        (Way::Provider(provider), false) => provider::back(visit, desk, sign_in, provider).await,
        (Way::Saml(provider), true) => saml::back(visit, desk, sign_in, provider),
        // The form's own address, opened anew.
        (Way::Saml(_), false) => frame::redirect(PAGE),
        _ => not_here(),
    }
}

/// What a SAML provider has to know of the broker.
fn metadata(visit: &Visit<'_>, desk: &Desk, id: &str) -> Answer {
    let sign_in = desk.broker.sign_in(id);
    match sign_in.map(|sign_in| (sign_in, sign_in.way())) {
        Some((sign_in, Way::Saml(provider))) => saml::metadata(visit, sign_in, provider),
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
