//! The federation endpoint: a broker trades a role's credentials for a sign-in token, and a
//! browser trades the token for a console session.

use http::{StatusCode, header};
use identity::{Origin, Session, SessionKind};
use plane::{Event, Outcome};
use serde::{Deserialize, Serialize};

use crate::console::ConsoleSession;
use crate::frame::{json, message, redirect};
use crate::sign_in_event::Mfa;
use crate::visit::{Visit, header_text};
use crate::{Answer, destination, sign_in_event};

/// What a sign-in token is sealed for.
const PURPOSE: &str = "sign-in token";

/// How long a sign-in token is good (IAM User Guide, "Enable custom identity broker access
/// to the AWS console").
const TOKEN_S: i64 = 15 * 60;

/// The bounds of `SessionDuration`, from the same page.
const DURATION_S: std::ops::RangeInclusive<i64> = 900..=43_200;

/// The longest address of a sign-in page that is remembered.
const ISSUER_CHARS_MAX: usize = 2_048;

/// What a sign-in token holds.
#[derive(Serialize, Deserialize)]
struct SignInToken {
    session: Session,
    ends_at: i64,
}

/// The credentials that a broker presents.
#[derive(Deserialize)]
struct Presented {
    #[serde(rename = "sessionId")]
    id: String,
    #[serde(rename = "sessionKey")]
    key: String,
    #[serde(rename = "sessionToken")]
    token: String,
}

/// Why a request is refused: what the caller reads, and what the record says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("Action must be getSigninToken or login.")]
    Action,
    #[error("Session is not JSON with sessionId, sessionKey and sessionToken.")]
    Form,
    #[error("SessionType must be json.")]
    Kind,
    #[error("The credentials are not valid, or have ended.")]
    Credentials,
    #[error("Credentials of GetSessionToken cannot sign in to the console.")]
    NotForConsole,
    #[error("SessionDuration must be a number of seconds from 900 to 43200.")]
    Duration,
    #[error("SessionDuration is for credentials of AssumeRole operations alone.")]
    DurationOfFederatedUser,
    #[error("SessionDuration is not for credentials of role chaining or of a console session.")]
    DurationOfChain,
    #[error("The sign-in token is not valid, or has ended.")]
    Token,
    #[error("Destination must be an address of the console.")]
    Destination,
}

/// Answers either action.
pub(crate) fn answer(visit: &Visit<'_>) -> Answer {
    let answer = match visit.parameters.get("Action") {
        Some("getSigninToken") => token(visit),
        Some("login") => login(visit),
        _ => Err(Fault::Action),
    };
    answer.unwrap_or_else(|fault| {
        tracing::info!(%fault, "the federation endpoint refused a request");
        refusal(visit, &fault)
    })
}

/// Browsers get a page, programs get the sentence.
fn refusal(visit: &Visit<'_>, fault: &Fault) -> Answer {
    let accept = header_text(&visit.raw.headers, &header::ACCEPT).unwrap_or_default();
    let text = fault.to_string();
    if accept.contains("text/html") {
        return message(
            StatusCode::BAD_REQUEST,
            "You are not signed in",
            &text,
            None,
        );
    }
    let mut answer = crate::frame::bare(StatusCode::BAD_REQUEST);
    *answer.body_mut() = format!("{text}\n").into_bytes();
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}

/// `getSigninToken`.
fn token(visit: &Visit<'_>) -> Result<Answer, Fault> {
    let parameters = &visit.parameters;
    if !matches!(parameters.get("SessionType"), None | Some("json")) {
        return Err(Fault::Kind);
    }
    let presented = parameters.get("Session").ok_or(Fault::Form)?;
    let presented: Presented = serde_json::from_str(presented).map_err(|_not_ours| Fault::Form)?;
    let now_s = visit.now_s();
    let environment = visit.environment();
    let credential = environment
        .directory
        .credential(&presented.id, Some(&presented.token), now_s)
        .map_err(|refusal| {
            tracing::info!(%refusal, "credentials cannot sign in");
            Fault::Credentials
        })?;
    if !seal::same(
        credential.secret.expose().as_bytes(),
        presented.key.as_bytes(),
    ) {
        return Err(Fault::Credentials);
    }
    let session = credential
        .caller
        .known()
        .and_then(|known| known.session().cloned())
        .ok_or(Fault::Credentials)?;
    let session = lasting(session, parameters.get("SessionDuration"), now_s)?;
    let note = SignInToken {
        session,
        ends_at: now_s + TOKEN_S,
    };
    let sealed = visit.pages.seal(PURPOSE, &note).map_err(|error| {
        tracing::error!(%error, "a sign-in token could not be sealed");
        Fault::Credentials
    })?;
    visit.pages.plane.recorder().record(Event::of_sign_in(
        "GetSigninToken",
        &aws::uuid_v4(environment.entropy.as_ref()),
        &credential.caller,
        &visit.facts(),
        serde_json::Map::new(),
        Outcome::Done,
    ));
    Ok(json(&serde_json::json!({ "SigninToken": sealed })))
}

/// The session of the console: as long as the credentials, or as long as was asked for.
fn lasting(session: Session, duration: Option<&str>, now_s: i64) -> Result<Session, Fault> {
    if matches!(session.kind, SessionKind::User { .. } | SessionKind::Root) {
        return Err(Fault::NotForConsole);
    }
    let Some(duration) = duration else {
        return Ok(session);
    };
    let duration_s: i64 = duration
        .parse()
        .ok()
        .filter(|seconds| DURATION_S.contains(seconds))
        .ok_or(Fault::Duration)?;
    match (&session.kind, &session.origin) {
        (SessionKind::Role { .. }, Origin::Direct) => Ok(Session {
            expires_at: now_s + duration_s,
            ..session
        }),
        // Whoever could make a longer session of any session would never have to come back.
        (SessionKind::Role { .. }, Origin::Chained | Origin::SignIn(_)) => {
            Err(Fault::DurationOfChain)
        }
        _ => Err(Fault::DurationOfFederatedUser),
    }
}

/// `login`.
fn login(visit: &Visit<'_>) -> Result<Answer, Fault> {
    let parameters = &visit.parameters;
    let now_s = visit.now_s();
    let environment = visit.environment();
    let sealed = parameters.get("SigninToken").ok_or(Fault::Token)?;
    let token: SignInToken = visit.pages.open(PURPOSE, sealed).ok_or(Fault::Token)?;
    if now_s >= token.ends_at || now_s >= token.session.expires_at {
        return Err(Fault::Token);
    }
    let destination = parameters.get("Destination").ok_or(Fault::Destination)?;
    let page = destination::page(destination, &visit.origin()).ok_or(Fault::Destination)?;
    let issuer = parameters.get("Issuer").and_then(issuer);
    let signed_in = ConsoleSession::begin(token.session, issuer, environment.entropy.as_ref());
    let secure = visit.raw.peer.secure;
    let answer = signed_in
        .keep(visit.pages, redirect(&page), secure, now_s)
        .ok_or(Fault::Credentials)?;
    let caller = visit
        .caller_of(signed_in.active(now_s))
        .ok_or(Fault::Credentials)?;
    sign_in_event::record(visit, &caller, &page, Mfa::Unused, Outcome::Done);
    Ok(answer)
}

/// The page where the person came from, if it is one that a link may lead to.
fn issuer(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let is_page = matches!(url.scheme(), "https" | "http");
    (is_page && address.len() <= ISSUER_CHARS_MAX).then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(kind: SessionKind, origin: Origin) -> Session {
        Session {
            account: "111122223333".parse().unwrap(),
            kind,
            issued_at: 1_000,
            expires_at: 4_600,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            mfa_at: None,
            federation_keys: Vec::new(),
            origin,
        }
    }

    fn role(origin: Origin) -> Session {
        let kind = SessionKind::Role {
            role_id: "AROA".to_owned(),
            name: "ana".to_owned(),
        };
        session(kind, origin)
    }

    fn federated() -> Session {
        let kind = SessionKind::Federated {
            name: "ana".to_owned(),
            user_id: None,
        };
        session(kind, Origin::Direct)
    }

    #[test]
    fn a_session_lasts_as_its_credentials_or_as_asked_within_bounds() {
        let ends =
            |asked| lasting(role(Origin::Direct), asked, 1_100).map(|session| session.expires_at);
        assert_eq!(ends(None), Ok(4_600));
        assert_eq!(ends(Some("900")), Ok(2_000));
        assert_eq!(ends(Some("43200")), Ok(44_300));
        for wrong in ["899", "43201", "-900", "1e3", "900s"] {
            assert_eq!(ends(Some(wrong)), Err(Fault::Duration), "{wrong}");
        }
        // It is still the session that began then: whoever revokes it revokes this one too.
        let longer = lasting(role(Origin::Direct), Some("43200"), 1_100).unwrap();
        assert_eq!(longer.issued_at, 1_000);
    }

    #[test]
    fn no_session_is_made_longer_twice() {
        for origin in [Origin::Chained, Origin::SignIn("arn:x".to_owned())] {
            let refused = lasting(role(origin.clone()), Some("900"), 1_100);
            assert_eq!(refused.unwrap_err(), Fault::DurationOfChain);
            assert_eq!(
                lasting(role(origin), None, 1_100).unwrap().expires_at,
                4_600
            );
        }
        let refused = lasting(federated(), Some("900"), 1_100).unwrap_err();
        assert_eq!(refused, Fault::DurationOfFederatedUser);
        assert_eq!(lasting(federated(), None, 1_100).unwrap().expires_at, 4_600);
    }

    #[test]
    fn sessions_of_users_and_root_do_not_sign_in() {
        let user = SessionKind::User {
            user_id: "AIDA".to_owned(),
        };
        for kind in [user, SessionKind::Root] {
            let refused = lasting(session(kind, Origin::Direct), None, 1_100);
            assert_eq!(refused.unwrap_err(), Fault::NotForConsole);
        }
    }
}
