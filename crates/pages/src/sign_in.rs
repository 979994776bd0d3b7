//! Sign-in of IAM users and root with a password, and what may come before the session: the
//! code of a second factor, a new password.

use askama::Template;
use aws::{AccountId, Secret};
use http::StatusCode;
use identity::{Caller, Origin, PasswordState, PresentedName, Session, SessionKind};
use plane::Outcome;

use crate::console::{ConsoleSession, cookie, set_cookie};
use crate::frame::{Frame, Link, page, redirect, unguessable};
use crate::second_step::{self, Person};
use crate::sign_in_event::{self, Mfa};
use crate::throttle::Who;
use crate::visit::Visit;
use crate::{Answer, HOME, broker, destination};

/// Ties forms to a browser in which nobody is signed in yet.
const FORM_COOKIE: &str = "arnold-form";

/// How long such a form is good.
const FORM_S: i64 = 3_600;

/// How long a session in the browser lasts.
const SESSION_S: i64 = 12 * 3_600;

/// What is said whatever was wrong: account, user or password.
const WRONG: &str = "Your authentication information is incorrect. Please try again.";

/// What is said to whoever tries too often.
pub(crate) const TOO_OFTEN: &str =
    "There were too many attempts. Please wait five minutes and try again.";

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    is_root: bool,
    form: &'a str,
    next: &'a str,
    account: &'a str,
    username: &'a str,
    other: &'a str,
    broker: Option<Link<'a>>,
}

/// Shows the form to whoever has to begin anew.
pub(crate) fn again(visit: &Visit<'_>) -> Answer {
    let notice = "Your sign-in took too long, or did not begin here. Please sign in again.";
    form(visit, StatusCode::FORBIDDEN, Some(notice))
}

/// Shows the form.
pub(crate) fn show(visit: &Visit<'_>) -> Answer {
    form(visit, StatusCode::OK, None)
}

fn form(visit: &Visit<'_>, status: StatusCode, notice: Option<&str>) -> Answer {
    let parameters = &visit.parameters;
    let is_root = parameters.get("root").is_some();
    let (account, next) = (parameters.text("account"), next(visit));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("account", account)
        .append_pair("next", &next);
    if !is_root {
        query.append_pair("root", "yes");
    }
    let wanted = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &next)
        .finish();
    let broker = broker::way_in(visit, &wanted);
    let frame = Frame::new();
    with_form(visit, |form| {
        page(
            status,
            &frame,
            &SignInPage {
                frame: &frame,
                notice,
                is_root,
                form,
                next: &next,
                account,
                username: parameters.text("username"),
                other: &format!("/console/sign-in?{}", query.finish()),
                broker: broker.as_deref().map(broker::link),
            },
        )
    })
}

/// Where the person wants to go.
fn next(visit: &Visit<'_>) -> String {
    visit
        .parameters
        .get("next")
        .and_then(|next| destination::page(next, &visit.origin()))
        .unwrap_or_else(|| HOME.to_owned())
}

/// A page with a form for somebody who is not signed in: the secret in it lies in the browser
/// too, where only we can have laid it.
pub(crate) fn with_form(visit: &Visit<'_>, page: impl FnOnce(&str) -> Answer) -> Answer {
    let secure = visit.raw.peer.secure;
    let form = match cookie(&visit.raw.headers, &form_cookie(secure)) {
        Some(kept) if kept.len() == 43 => kept.to_owned(),
        _ => unguessable(visit.environment().entropy.as_ref()),
    };
    let mut answer = page(&form);
    set_cookie(&mut answer, &form_cookie(secure), &form, FORM_S, secure);
    answer
}

fn form_cookie(secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}{FORM_COOKIE}")
}

/// Whether a form of [`with_form`] was shown in this browser.
pub(crate) fn is_own_form(visit: &Visit<'_>) -> bool {
    own_form(visit).is_some()
}

/// The secret of a form of [`with_form`] that was shown in this browser.
pub(crate) fn own_form<'a>(visit: &'a Visit<'_>) -> Option<&'a str> {
    let kept = cookie(&visit.raw.headers, &form_cookie(visit.raw.peer.secure))?;
    let sent = visit.parameters.get("form")?;
    let genuine = visit.is_from_us() && seal::same(sent.as_bytes(), kept.as_bytes());
    genuine.then_some(kept)
}

/// Takes the form.
pub(crate) async fn take(visit: &Visit<'_>) -> Answer {
    if !is_own_form(visit) {
        let notice = "The form was too old or not ours. Please try again.";
        return form(visit, StatusCode::FORBIDDEN, Some(notice));
    }
    let parameters = &visit.parameters;
    let is_root = parameters.get("root").is_some();
    let account = match account_meant(visit, parameters.text("account")) {
        Ok(account) => account,
        Err(error) => return out_of_order(visit, &error),
    };
    let user = (!is_root).then(|| parameters.text("username").to_owned());
    let name = Attempt { account, user };
    if !name.is_admitted(visit) {
        return refuse(visit, &name, TOO_OFTEN, "too many attempts");
    }
    let password = Secret::new(parameters.get("password").unwrap_or_default().to_owned());
    match verified(visit, &name, password).await {
        Ok(Ok(person)) => {
            visit.pages.throttle.forgive(&name.who());
            second_step::after_password(visit, person).await
        }
        Ok(Err(why)) => refuse(visit, &name, WRONG, &why),
        Err(error) => out_of_order(visit, &error),
    }
}

/// The account that is meant, by its id however it is called: every way to call it counts as
/// the same when somebody guesses. A name that no account has stays as it is.
fn account_meant(visit: &Visit<'_>, called: &str) -> Result<String, plane::Error> {
    let digits = called.replace('-', "");
    let name = match digits.parse::<AccountId>() {
        Ok(_id) => digits.as_str(),
        Err(_alias) => called,
    };
    let found = visit.environment().directory.account_named(name)?;
    Ok(found.map_or_else(|| name.to_owned(), |account| account.id.to_string()))
}

fn out_of_order(visit: &Visit<'_>, error: &plane::Error) -> Answer {
    tracing::error!(%error, "a password could not be checked");
    form(
        visit,
        StatusCode::SERVICE_UNAVAILABLE,
        Some("Signing in does not work just now. Please try again."),
    )
}

/// Whom somebody says to be.
struct Attempt {
    account: String,
    user: Option<String>,
}

impl Attempt {
    fn who(&self) -> Who {
        let user = self.user.as_deref().unwrap_or("root user");
        Who::Name(format!("{}/{}", self.account, user.to_lowercase()))
    }

    fn is_admitted(&self, visit: &Visit<'_>) -> bool {
        let now_s = visit.now_s();
        let throttle = &visit.pages.throttle;
        let address = visit.raw.peer.ip.map(Who::Address);
        throttle.admits(&self.who(), now_s)
            && address.is_none_or(|address| throttle.admits(&address, now_s))
    }
}

async fn verified(
    visit: &Visit<'_>,
    name: &Attempt,
    password: Secret<String>,
) -> Result<Result<Person, String>, plane::Error> {
    let directory = visit.environment().directory.clone();
    let now = visit.environment().clock.now();
    let (account, user) = (name.account.clone(), name.user.clone());
    let checked = plane::hashing(move || {
        let name = PresentedName {
            account: &account,
            user: user.as_deref(),
        };
        Ok(directory.sign_in(name, &password, now)?)
    })
    .await?;
    Ok(match checked {
        Err(refusal) => Err(refusal.to_string()),
        Ok(found) if found.password == PasswordState::Expired => {
            Err("the password has expired".to_owned())
        }
        Ok(found) => Ok(Person {
            account: found.principal.account,
            owner: found.owner,
            must_change: found.password == PasswordState::MustChange,
            mfa_at: None,
            mfa_device: None,
            next: next(visit),
        }),
    })
}

fn refuse(visit: &Visit<'_>, name: &Attempt, notice: &str, why: &str) -> Answer {
    let user = name.user.as_deref().unwrap_or("root user");
    let cause = format!("{why}: account `{}`, user `{user}`", name.account);
    failed(visit, cause, Mfa::Unused);
    let status = if notice == TOO_OFTEN {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::FORBIDDEN
    };
    form(visit, status, Some(notice))
}

/// Records that somebody did not get in.
pub(crate) fn failed(visit: &Visit<'_>, cause: String, mfa: Mfa<'_>) {
    sign_in_event::record(
        visit,
        &Caller::Anonymous,
        HOME,
        mfa,
        Outcome::Failed {
            code: "FailedAuthentication".to_owned(),
            message: Some("Failed authentication".to_owned()),
            cause: Some(cause),
        },
    );
}

/// The session of somebody who has proved everything.
pub(crate) fn session_of(person: &Person, now_s: i64) -> Session {
    Session {
        account: person.account,
        kind: match &person.owner {
            identity::KeyOwner::User(id) => SessionKind::User {
                user_id: id.clone(),
            },
            identity::KeyOwner::Root => SessionKind::Root,
        },
        issued_at: now_s,
        expires_at: now_s + SESSION_S,
        policy: None,
        policy_arns: Vec::new(),
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        mfa_at: person.mfa_at,
        federation_keys: Vec::new(),
        origin: Origin::Direct,
    }
}

/// Lets the person in.
pub(crate) fn enter(visit: &Visit<'_>, person: &Person) -> Answer {
    let now_s = visit.now_s();
    let entropy = visit.environment().entropy.as_ref();
    let console = ConsoleSession::begin(session_of(person, now_s), None, entropy);
    let secure = visit.raw.peer.secure;
    let kept = console.keep(visit.pages, redirect(&person.next), secure, now_s);
    let (Some(answer), Some(caller)) = (kept, visit.caller_of(console.active(now_s))) else {
        return form(visit, StatusCode::FORBIDDEN, Some(WRONG));
    };
    let mfa = person
        .mfa_device
        .as_deref()
        .map_or(Mfa::Unused, Mfa::Device);
    sign_in_event::record(visit, &caller, &person.next, mfa, Outcome::Done);
    answer
}
