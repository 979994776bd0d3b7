//! `aws login`: somebody who is signed in lets a tool act for them.

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use identity::{Caller, iso};
use plane::{Event, Outcome};
use signin::{Client, Fault, Request};

use crate::console::ConsoleSession;
use crate::frame::{Frame, Link, message, message_with_links, page, page_with_target, redirect};
use crate::visit::{Visit, when};
use crate::{Answer, broker, home};

/// What of the tool's request the form carries along.
const CARRIED: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
];

#[derive(Template)]
#[template(path = "authorize.html")]
struct AuthorizePage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    called: &'a str,
    account: &'a str,
    who_asks: &'static str,
    arn: &'a str,
    ends: &'a str,
    ends_told: &'a str,
    form: &'a str,
    carried: Vec<(&'static str, &'a str)>,
}

#[derive(Template)]
#[template(path = "confirmation.html")]
struct ConfirmationPage<'a> {
    frame: &'a Frame,
    code: &'a str,
}

/// Asks the person.
pub(crate) fn ask(visit: &Visit<'_>) -> Answer {
    match read(visit) {
        Ok(request) => consent(visit, &request, StatusCode::OK, None),
        Err(fault) => unreadable(fault),
    }
}

fn read(visit: &Visit<'_>) -> Result<Request, Fault> {
    Request::read(|name| visit.parameters.get(name), &visit.origin())
}

fn unreadable(fault: Fault) -> Answer {
    message(
        StatusCode::BAD_REQUEST,
        "This request cannot be taken",
        &fault.to_string(),
        None,
    )
}

fn consent(
    visit: &Visit<'_>,
    request: &Request,
    status: StatusCode,
    notice: Option<&str>,
) -> Answer {
    let (Some(console), Some(caller)) = (&visit.console, visit.caller()) else {
        return way_in(visit);
    };
    let Some(known) = caller.known() else {
        return way_in(visit);
    };
    let frame = Frame::new();
    let carried = CARRIED
        .iter()
        .filter_map(|name| Some((*name, visit.parameters.get(name)?)))
        .collect();
    page_with_target(
        status,
        &frame,
        &AuthorizePage {
            frame: &frame,
            notice,
            called: home::name(known),
            account: known.account().as_str(),
            who_asks: match request.client {
                Client::SameDevice => {
                    "A program on this computer asks for credentials. Allow it if you just started “aws login” here."
                }
                Client::CrossDevice => {
                    "A program on another computer asks for credentials. Allow it only if you yourself just started “aws login --remote” there."
                }
            },
            arn: known.arn(),
            ends: &iso(console.active(visit.now_s()).expires_at),
            ends_told: &when(console.active(visit.now_s()).expires_at),
            form: console.form(),
            carried,
        },
        &request.redirect_uri.origin().ascii_serialization(),
    )
}

/// To the sign-in and back, with the tool's request in hand.
fn way_in(visit: &Visit<'_>) -> Answer {
    let mut request = url::form_urlencoded::Serializer::new(String::new());
    for name in CARRIED {
        if let Some(value) = visit.parameters.get(name) {
            request.append_pair(name, value);
        }
    }
    let next = format!("/v1/authorize?{}", request.finish());
    let next = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &next)
        .finish();
    let broker = broker::way_in(visit, &next);
    let password = format!("/console/sign-in?{next}");
    let mut links: Vec<Link<'_>> = broker.iter().map(|href| broker::link(href)).collect();
    links.push(Link {
        href: &password,
        label: "Sign in with a password",
    });
    message_with_links(
        StatusCode::UNAUTHORIZED,
        "Sign in first",
        "A tool asks to act for you, and you are not signed in in this browser. Sign in where you usually do and open this address again, or sign in here.",
        links,
    )
}

/// Takes the person's word.
pub(crate) fn decide(visit: &Visit<'_>) -> Answer {
    let request = match read(visit) {
        Ok(request) => request,
        Err(fault) => return unreadable(fault),
    };
    let (Some(console), Some(caller)) = (visit.own_form(), visit.caller()) else {
        let notice = "The form was too old or not ours. Please decide again.";
        return consent(visit, &request, StatusCode::FORBIDDEN, Some(notice));
    };
    if visit.parameters.get("decision") != Some("allow") {
        return match request.client {
            Client::SameDevice => redirect(request.refusal().as_str()),
            Client::CrossDevice => home::redirect(),
        };
    }
    match code(visit, console, &caller, &request) {
        Ok(code) => redirect(request.answer(&code).as_str()),
        Err(why) => consent(visit, &request, StatusCode::FORBIDDEN, Some(&why)),
    }
}

fn code(
    visit: &Visit<'_>,
    console: &ConsoleSession,
    caller: &Caller,
    request: &Request,
) -> Result<String, String> {
    let environment = visit.environment();
    let outcome = signin::authorize(
        environment,
        caller,
        &visit.facts(),
        console.active(visit.now_s()),
        &console.sign_in_arn(),
        request,
    );
    let recorded = match &outcome {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed {
            code: error.code().to_owned(),
            message: error.message().map(str::to_owned),
            cause: error.cause().map(ToString::to_string),
        },
    };
    visit.pages.plane.recorder().record(Event::of_sign_in(
        "AuthorizeOAuth2Access",
        &aws::uuid_v4(environment.entropy.as_ref()),
        caller,
        &visit.facts(),
        serde_json::Map::new(),
        recorded,
    ));
    outcome.map_err(|error| {
        error
            .message()
            .unwrap_or("The code could not be made.")
            .to_owned()
    })
}

/// Shows a code that is carried to another machine.
pub(crate) fn confirm(visit: &Visit<'_>) -> Answer {
    let (Some(code), Some(state), Some(_)) = (
        visit.parameters.get("code"),
        visit.parameters.get("state"),
        &visit.console,
    ) else {
        return home::redirect();
    };
    let carried = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("state", state)
        .append_pair("code", code)
        .finish();
    let frame = Frame::new();
    page(
        StatusCode::OK,
        &frame,
        &ConfirmationPage {
            frame: &frame,
            code: &BASE64_STANDARD.encode(carried),
        },
    )
}
