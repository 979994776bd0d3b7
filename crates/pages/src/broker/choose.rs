//! Choosing: what is open to somebody, and what they want of it.

use askama::Template;
use broker::Grant;
use http::StatusCode;
use plane::Outcome;

use crate::broker::codes::{CODE_S, Pending};
use crate::broker::errand::{Ask, Errand};
use crate::broker::guest::{self, Guest};
use crate::broker::hand_out::{Handed, hand_out};
use crate::broker::{Desk, PAGE};
use crate::console::ConsoleSession;
use crate::credentials::{self, Holder};
use crate::frame::{Frame, Link, page_with_target, redirect, unguessable};
use crate::sign_in_event::{self, Mfa};
use crate::visit::Visit;
use crate::{Answer, HOME};

#[derive(Template)]
#[template(path = "broker-choose.html")]
struct ChoosePage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    form: &'a str,
    carried: Vec<(&'static str, &'a str)>,
    name: &'a str,
    by: &'a str,
    choices: Vec<Choice<'a>>,
    is_program: bool,
}

struct Choice<'a> {
    id: &'a str,
    title: &'a str,
    role_arn: Option<&'a str>,
    lasts: String,
}

/// Shows what is open to a guest.
pub(super) fn show(desk: &Desk, guest: &Guest, errand: &Errand, notice: Option<&str>) -> Answer {
    let wanted = errand.ask.as_ref().and_then(|ask| ask.role.as_deref());
    let mut choices = desk.broker.open_to(&guest.visitor);
    let mut notice = notice;
    // A program may know what it wants. What is not open to the guest it does not get.
    if let Some(wanted) = wanted {
        if choices.iter().any(|grant| is_wanted(grant, wanted)) {
            choices.retain(|grant| is_wanted(grant, wanted));
        } else {
            notice = notice.or(Some(
                "What the program asks for is not open to you. This is:",
            ));
        }
    }
    let origin = errand
        .ask
        .as_ref()
        .map(|ask| ask.redirect_uri.origin().ascii_serialization());
    let frame = Frame::new();
    page_with_target(
        match notice {
            None => StatusCode::OK,
            Some(_) => StatusCode::FORBIDDEN,
        },
        &frame,
        &ChoosePage {
            frame: &frame,
            notice,
            form: &guest.form,
            carried: errand.pairs(),
            name: guest.visitor.name(),
            by: desk
                .broker
                .sign_in(guest.visitor.sign_in())
                .map_or("", |sign_in| sign_in.title()),
            choices: choices.into_iter().map(choice).collect(),
            is_program: errand.ask.is_some(),
        },
        origin.as_deref().unwrap_or_default(),
    )
}

/// Whether a grant is what a program calls by this name.
fn is_wanted(grant: &Grant, wanted: &str) -> bool {
    grant.title() == wanted || grant.role_arn() == Some(wanted)
}

fn choice(grant: &Grant) -> Choice<'_> {
    let minutes = grant.duration_s() / 60;
    Choice {
        id: grant.id(),
        title: grant.title(),
        role_arn: grant.role_arn(),
        lasts: match (minutes / 60, minutes % 60) {
            (0, minutes) => format!("{minutes} min"),
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        },
    }
}

/// Takes the choice.
pub(super) async fn take(visit: &Visit<'_>, desk: &Desk) -> Answer {
    let errand = match Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    let Some(guest) = guest::of_own_form(visit) else {
        return match guest::of(visit) {
            Some(guest) => {
                let notice = "The form was too old or not ours. Please choose again.";
                show(desk, &guest, &errand, Some(notice))
            }
            None => redirect(&errand.page()),
        };
    };
    let grant_id = visit.parameters.text("choice");
    if let Some(ask) = &errand.ask {
        return answer_program(visit, desk, guest, ask, grant_id, &errand);
    }
    let handed = match hand_out(visit, &desk.broker, &guest.visitor, grant_id).await {
        Ok(handed) => handed,
        Err(why) => return show(desk, &guest, &errand, Some(&why.to_string())),
    };
    if visit.parameters.get("as") == Some("credentials") {
        return show_credentials(visit, &guest, &handed);
    }
    let next = errand.next.as_deref().unwrap_or(HOME);
    open_console(visit, handed, next).unwrap_or_else(|| {
        let notice = "The session is too large for a browser.";
        show(desk, &guest, &errand, Some(notice))
    })
}

/// Gives the program that asks a code, or the person's refusal.
fn answer_program(
    visit: &Visit<'_>,
    desk: &Desk,
    guest: Guest,
    ask: &Ask,
    grant_id: &str,
    errand: &Errand,
) -> Answer {
    if visit.parameters.get("as") != Some("program") {
        return redirect(&ask.refusal());
    }
    if desk.broker.call(&guest.visitor, grant_id).is_none() {
        let notice = "This is not open to you any more. Choose again.";
        return show(desk, &guest, errand, Some(notice));
    }
    let code = unguessable(visit.environment().entropy.as_ref());
    let now_s = visit.now_s();
    let pending = Pending {
        visitor: guest.visitor,
        grant_id: grant_id.to_owned(),
        challenge: ask.challenge.clone(),
        redirect_uri: ask.redirect_uri.to_string(),
        ends_at: now_s + CODE_S,
    };
    desk.codes.keep(&code, pending, now_s);
    redirect(&ask.answer(&code))
}

fn show_credentials(visit: &Visit<'_>, guest: &Guest, handed: &Handed) -> Answer {
    credentials::shown(
        visit,
        &Holder {
            called: guest.visitor.name(),
            account: handed.session.account.as_str(),
            arn: &handed.arn,
            issued: &handed.issued,
            back: Link {
                href: PAGE,
                label: "Back to your choice",
            },
        },
    )
}

/// Begins a console session, as the federation endpoint does with the same credentials.
fn open_console(visit: &Visit<'_>, handed: Handed, next: &str) -> Option<Answer> {
    let issuer = format!("{}{PAGE}", visit.origin());
    let entropy = visit.environment().entropy.as_ref();
    let console = ConsoleSession::begin(handed.session, Some(issuer), entropy);
    let (secure, now_s) = (visit.raw.peer.secure, visit.now_s());
    let answer = console.keep(visit.pages, redirect(next), secure, now_s)?;
    let caller = visit.caller_of(console.active(now_s))?;
    sign_in_event::record(visit, &caller, next, Mfa::Unused, Outcome::Done);
    Some(answer)
}
