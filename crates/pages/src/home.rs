//! The session page: who somebody is, and for how long.

use askama::Template;
use http::StatusCode;
use identity::{CallerKind, Known, Session, iso};
use serde_json::Value;

use crate::console::ConsoleSession;
use crate::frame::{Frame, Link, message_with_links, page};
use crate::visit::{Visit, when};
use crate::{Answer, HOME, broker, client, security_credentials};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: &'a Frame,
    called: &'a str,
    account_called: &'a str,
    colour: Option<&'a str>,
    account: &'a str,
    alias: Option<&'a str>,
    kind: &'static str,
    name: &'a str,
    session_name: Option<&'a str>,
    source_identity: Option<&'a str>,
    mfa: &'static str,
    arn: &'a str,
    ends: &'a str,
    ends_told: &'a str,
    left: &'a str,
    left_s: i64,
    form: &'a str,
    is_switched: bool,
    can_switch: bool,
    can_secure: bool,
    signed_in_as: &'a str,
    issuer: Option<&'a str>,
}

/// Shows the page, or the way in.
pub(crate) async fn show(visit: &Visit<'_>) -> Answer {
    let Some(console) = &visit.console else {
        return signed_out(visit);
    };
    let Some(caller) = visit.caller() else {
        // The role or user behind the session is gone.
        return ConsoleSession::forget(
            signed_out(visit),
            &visit.raw.headers,
            visit.raw.peer.secure,
        );
    };
    let Some(known) = caller.known() else {
        return signed_out(visit);
    };
    let now_s = visit.now_s();
    let active = console.active(now_s);
    let alias = alias(visit, active).await;
    let account = known.account().to_string();
    let put_on = console.put_on(now_s);
    let name = name(known);
    let called = put_on
        .and_then(|role| role.display_name.as_deref())
        .unwrap_or(name);
    let ends_s = active.expires_at;
    let left_s = ends_s.saturating_sub(now_s).max(0);
    let frame = Frame::new();
    page(
        StatusCode::OK,
        &frame,
        &HomePage {
            frame: &frame,
            called,
            account_called: alias.as_deref().unwrap_or(&account),
            colour: put_on.and_then(|role| role.colour.as_deref()),
            account: &account,
            alias: alias.as_deref(),
            kind: kind(known),
            name,
            session_name: session_name(active),
            source_identity: active.source_identity.as_deref(),
            mfa: match active.mfa_at.or(console.signed_in().mfa_at) {
                Some(_) => "Used at sign-in",
                None => "Not used",
            },
            arn: known.arn(),
            ends: &iso(ends_s),
            ends_told: &when(ends_s),
            left: &words(left_s),
            left_s,
            form: console.form(),
            is_switched: put_on.is_some(),
            can_secure: security_credentials::are_of(console, now_s),
            can_switch: known.kind() != CallerKind::Root,
            signed_in_as: &signed_in_as(visit, console),
            issuer: console.issuer(),
        },
    )
}

/// What stands where a session would.
fn signed_out(visit: &Visit<'_>) -> Answer {
    let issuer = visit.console.as_ref().and_then(ConsoleSession::issuer);
    let broker = broker::way_in(visit, "");
    let links = match issuer {
        Some(href) => vec![Link {
            href,
            label: "Sign in again",
        }],
        None => broker
            .as_deref()
            .map(broker::link)
            .into_iter()
            .chain([Link {
                href: "/console/sign-in",
                label: "Sign in with a password",
            }])
            .collect(),
    };
    message_with_links(
        StatusCode::UNAUTHORIZED,
        "You are not signed in",
        "Your session has ended, or there was none in this browser. Sign in where you usually do, or with the password of an IAM user.",
        links,
    )
}

/// The account's alias, if the person may see it.
async fn alias(visit: &Visit<'_>, session: &Session) -> Option<String> {
    let found = client::call(
        visit,
        session,
        facts::iam::SERVICE,
        "ListAccountAliases",
        &[],
    )
    .await;
    let aliases = found.ok()?;
    let first = aliases.pointer("/AccountAliases/0").and_then(Value::as_str);
    first.map(str::to_owned)
}

/// What somebody is called who is known.
pub(crate) fn name(known: &Known) -> &str {
    match known.session().map(|session| &session.kind) {
        Some(identity::SessionKind::Federated { name, .. }) => name,
        Some(identity::SessionKind::Root) => "root",
        _ => &known.principal.name,
    }
}

fn kind(known: &Known) -> &'static str {
    match known.kind() {
        CallerKind::Root => "Root user",
        CallerKind::User => "IAM user",
        CallerKind::RoleSession => "Role",
        CallerKind::FederatedUser => "Federated user",
    }
}

fn session_name(session: &Session) -> Option<&str> {
    match &session.kind {
        identity::SessionKind::Role { name, .. } => Some(name),
        _ => None,
    }
}

/// The one who signed in, below a role that they put on.
pub(crate) fn signed_in_as(visit: &Visit<'_>, console: &ConsoleSession) -> String {
    match &console.signed_in().kind {
        identity::SessionKind::Role { name, .. }
        | identity::SessionKind::Federated { name, .. } => name.clone(),
        identity::SessionKind::Root => "root".to_owned(),
        identity::SessionKind::User { user_id } => {
            let directory = &visit.environment().directory;
            match directory.user(console.signed_in().account, user_id) {
                Ok(Some(user)) => user.name.clone(),
                Ok(None) | Err(_) => user_id.clone(),
            }
        }
    }
}

/// A duration in words, as the script goes on telling it.
fn words(left_s: i64) -> String {
    let (hours, minutes, seconds) = (left_s / 3600, left_s / 60 % 60, left_s % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min {seconds} s"),
    }
}

/// Home, after something was done.
pub(crate) fn redirect() -> Answer {
    crate::frame::redirect(HOME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_from_their_largest_part_on() {
        for (left_s, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_661, "1 h 1 min 1 s"),
        ] {
            assert_eq!(words(left_s), told);
        }
    }
}
