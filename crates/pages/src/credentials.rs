//! Command line or programmatic access: the session's rights, for a terminal.

use askama::Template;
use http::StatusCode;
use identity::{Issued, Origin, Session, iso};
use plane::REGION_DEFAULT;

use crate::frame::{Frame, Link, page};
use crate::visit::{Visit, when};
use crate::{Answer, HOME, home};

/// How long credentials that are taken out of the browser live, at most.
const TAKEN_S_MAX: i64 = 3_600;

#[derive(Template)]
#[template(path = "credentials.html")]
struct CredentialsPage<'a> {
    frame: &'a Frame,
    called: &'a str,
    account_called: &'a str,
    arn: &'a str,
    ends: &'a str,
    ends_told: &'a str,
    ways: Vec<Way>,
    back: Link<'a>,
}

/// One form in which a terminal takes credentials.
struct Way {
    id: &'static str,
    title: &'static str,
    how: &'static str,
    text: String,
}

/// Shows credentials of the session, in the forms that tools take.
pub(crate) async fn show(visit: &Visit<'_>) -> Answer {
    let (Some(console), Some(caller)) = (visit.own_form(), visit.caller()) else {
        return home::redirect();
    };
    let Some(known) = caller.known() else {
        return home::redirect();
    };
    let now_s = visit.now_s();
    let environment = visit.environment();
    let taken = taken(console.active(now_s), &console.sign_in_arn(), now_s);
    let issued = match environment
        .directory
        .issue(&taken, environment.entropy.as_ref())
    {
        Ok(issued) => issued,
        Err(error) => {
            tracing::error!(%error, "a session could not be sealed for its holder");
            return crate::frame::bare(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    shown(
        visit,
        &Holder {
            called: home::name(known),
            account: &known.account().to_string(),
            arn: known.arn(),
            issued: &issued,
            back: Link {
                href: HOME,
                label: "Back to your session",
            },
        },
    )
}

/// Credentials, and whose they are.
pub(crate) struct Holder<'a> {
    pub(crate) called: &'a str,
    pub(crate) account: &'a str,
    pub(crate) arn: &'a str,
    pub(crate) issued: &'a Issued,
    pub(crate) back: Link<'a>,
}

/// The page with credentials, in the forms that tools take.
pub(crate) fn shown(visit: &Visit<'_>, holder: &Holder<'_>) -> Answer {
    let Holder {
        called,
        account,
        arn,
        issued,
        back,
    } = holder;
    let profile = format!("{account}_{}", called.replace([' ', '/'], "-"));
    let frame = Frame::new();
    page(
        StatusCode::OK,
        &frame,
        &CredentialsPage {
            frame: &frame,
            called,
            account_called: account,
            arn,
            ends: &iso(issued.expires_at),
            ends_told: &when(issued.expires_at),
            ways: ways(issued, &profile, &visit.origin()),
            back: *back,
        },
    )
}

/// The session as it may leave the browser: for an hour at most, marked as what it is, so
/// that nobody makes a longer one of it.
pub(crate) fn taken(active: &Session, sign_in_arn: &str, now_s: i64) -> Session {
    Session {
        expires_at: active.expires_at.min(now_s.saturating_add(TAKEN_S_MAX)),
        origin: Origin::SignIn(sign_in_arn.to_owned()),
        ..active.clone()
    }
}

fn ways(issued: &Issued, profile: &str, endpoint: &str) -> Vec<Way> {
    let Issued {
        access_key_id,
        session_token,
        ..
    } = issued;
    let secret = issued.secret_access_key.expose();
    let process = serde_json::json!({
        "Version": 1,
        "AccessKeyId": access_key_id,
        "SecretAccessKey": secret,
        "SessionToken": session_token,
        "Expiration": iso(issued.expires_at),
    });
    vec![
        Way {
            id: "environment",
            title: "Environment variables",
            how: "Paste into a shell on Linux or macOS. They count in that shell alone.",
            text: format!(
                "export AWS_ACCESS_KEY_ID=\"{access_key_id}\"\nexport AWS_SECRET_ACCESS_KEY=\"{secret}\"\nexport AWS_SESSION_TOKEN=\"{session_token}\"\nexport AWS_ENDPOINT_URL=\"{endpoint}\"\nexport AWS_REGION=\"{REGION_DEFAULT}\""
            ),
        },
        Way {
            id: "profile",
            title: "Profile",
            how: "Add to ~/.aws/credentials and use it with --profile.",
            text: format!(
                "[{profile}]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret}\naws_session_token = {session_token}\nendpoint_url = {endpoint}\nregion = {REGION_DEFAULT}"
            ),
        },
        Way {
            id: "process",
            title: "credential_process",
            how: "Save as a file that only you can read. A profile with credential_process = cat FILE takes it until it ends.",
            text: process.to_string(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::SessionKind;

    #[test]
    fn what_leaves_the_browser_is_marked_and_never_outlives_the_session() {
        let session = Session {
            account: "111122223333".parse().unwrap(),
            kind: SessionKind::Root,
            issued_at: 100,
            expires_at: 1_000,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            mfa_at: None,
            federation_keys: Vec::new(),
            origin: Origin::Direct,
        };
        let taken_early = taken(&session, "arn:x", 200);
        assert_eq!(
            (taken_early.issued_at, taken_early.expires_at),
            (100, 1_000)
        );
        assert_eq!(taken_early.origin.sign_in(), Some("arn:x"));
        let long = Session {
            expires_at: 100_000,
            ..session
        };
        assert_eq!(taken(&long, "arn:x", 200).expires_at, 3_800);
    }
}
