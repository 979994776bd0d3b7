//! What `arnold login` asks: a code of the browser, or a name and a password, become
//! credentials. Browsers are not answered, so that no page reads what comes out here.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use broker::Visitor;
use http::{StatusCode, header};
use identity::iso;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Answer;
use crate::broker::errand::CLIENT;
use crate::broker::hand_out::hand_out;
use crate::broker::{Desk, sign_in};
use crate::frame;
use crate::visit::Visit;

/// What a ticket is sealed for.
const PURPOSE: &str = "broker ticket";

/// How long somebody may take to choose at a terminal.
const TICKET_S: i64 = 300;

/// RFC 7636 §4.1.
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// Somebody whose password held, in the hands of the program that sent it.
#[derive(Serialize, Deserialize)]
struct Ticket {
    visitor: Visitor,
    ends_at: i64,
}

/// An answer of RFC 6749 §5.2.
struct Fault {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Fault {
    fn new(error: &'static str, description: &str) -> Fault {
        Fault {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.to_owned(),
        }
    }
}

/// Answers the program.
pub(super) async fn answer(visit: &Visit<'_>, desk: &Desk) -> Answer {
    match trade(visit, desk).await {
        Ok(document) => frame::json(&document),
        Err(fault) => {
            let mut answer = frame::json(&json!({
                "error": fault.error,
                "error_description": fault.description,
            }));
            *answer.status_mut() = fault.status;
            answer
        }
    }
}

async fn trade(visit: &Visit<'_>, desk: &Desk) -> Result<Value, Fault> {
    let headers = &visit.raw.headers;
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return Err(Fault {
            status: StatusCode::FORBIDDEN,
            ..Fault::new("invalid_request", "Browsers are not answered here.")
        });
    }
    if visit.parameters.get("client_id") != Some(CLIENT) {
        return Err(Fault::new(
            "invalid_client",
            "client_id names no program that is known here.",
        ));
    }
    match visit.parameters.get("grant_type") {
        Some("authorization_code") => trade_code(visit, desk).await,
        Some("password") => trade_password(visit, desk).await,
        Some("urn:arnold:grant-type:ticket") => trade_ticket(visit, desk).await,
        _ => Err(Fault::new(
            "unsupported_grant_type",
            "grant_type is not supported.",
        )),
    }
}

async fn trade_code(visit: &Visit<'_>, desk: &Desk) -> Result<Value, Fault> {
    let invalid = || Fault::new("invalid_grant", "The code is not valid or has expired.");
    let code = visit.parameters.get("code").ok_or_else(invalid)?;
    let pending = desk.codes.take(code, visit.now_s()).ok_or_else(invalid)?;
    let verifier = visit.parameters.get("code_verifier").ok_or_else(invalid)?;
    let sound = VERIFIER_CHARS.contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_graphic());
    let explained = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let is_explained = seal::same(explained.as_bytes(), pending.challenge.as_bytes());
    let is_redirect = visit.parameters.get("redirect_uri") == Some(pending.redirect_uri.as_str());
    if !(sound && is_explained && is_redirect) {
        return Err(invalid());
    }
    credentials(visit, desk, &pending.visitor, &pending.grant_id).await
}

async fn trade_password(visit: &Visit<'_>, desk: &Desk) -> Result<Value, Fault> {
    let visitor = sign_in::verified(visit, desk)
        .await
        .map_err(|denied| Fault {
            status: denied.status,
            ..Fault::new("access_denied", denied.notice)
        })?;
    let choices: Vec<Value> = desk
        .broker
        .open_to(&visitor)
        .iter()
        .map(|grant| {
            json!({
                "id": grant.id(),
                "title": grant.title(),
                "role_arn": grant.role_arn(),
            })
        })
        .collect();
    let name = visitor.name().to_owned();
    let ticket = Ticket {
        visitor,
        ends_at: visit.now_s() + TICKET_S,
    };
    let sealed = visit.pages.seal(PURPOSE, &ticket);
    let ticket = sealed.map_err(|_never| Fault {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        ..Fault::new("server_error", "The sign-in could not be sealed.")
    })?;
    Ok(json!({ "ticket": ticket, "name": name, "choices": choices }))
}

async fn trade_ticket(visit: &Visit<'_>, desk: &Desk) -> Result<Value, Fault> {
    let invalid = || Fault::new("invalid_grant", "The ticket is not valid or has expired.");
    let sealed = visit.parameters.get("ticket").ok_or_else(invalid)?;
    let ticket: Ticket = visit.pages.open(PURPOSE, sealed).ok_or_else(invalid)?;
    if visit.now_s() >= ticket.ends_at {
        return Err(invalid());
    }
    let choice = visit.parameters.text("choice");
    credentials(visit, desk, &ticket.visitor, choice).await
}

async fn credentials(
    visit: &Visit<'_>,
    desk: &Desk,
    visitor: &Visitor,
    grant_id: &str,
) -> Result<Value, Fault> {
    let handed = hand_out(visit, &desk.broker, visitor, grant_id)
        .await
        .map_err(|why| Fault {
            status: StatusCode::FORBIDDEN,
            ..Fault::new("access_denied", &why.to_string())
        })?;
    let issued = &handed.issued;
    Ok(json!({
        "Version": 1,
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key.expose(),
        "SessionToken": issued.session_token,
        "Expiration": iso(issued.expires_at),
        "Arn": handed.arn,
    }))
}
