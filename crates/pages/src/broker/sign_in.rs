//! Signing in at the broker with a name and a password of a directory.

use askama::Template;
use aws::Secret;
use broker::{SignIn, Visitor, Way};
use http::StatusCode;

use crate::Answer;
use crate::broker::errand::Errand;
use crate::broker::{Desk, event, guest};
use crate::frame::{Frame, page, redirect};
use crate::sign_in::{is_own_form, with_form};
use crate::throttle::Who;
use crate::visit::Visit;

/// What is said whatever was wrong: name or password.
const WRONG: &str = "Your name or your password is wrong. Please try again.";

/// What is said to whoever tries too often.
const TOO_OFTEN: &str = "There were too many attempts. Please wait five minutes and try again.";

/// What is said when nobody could be asked.
const AWAY: &str = "The directory does not answer just now. Please try again in a while.";

/// What is said to whoever is known, and has nothing here.
const NOTHING_OPEN: &str =
    "You are known, but nothing is open to you here. Ask whoever looks after your groups.";

#[derive(Template)]
#[template(path = "broker-sign-in.html")]
struct SignInPage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    form: &'a str,
    carried: Vec<(&'static str, &'a str)>,
    directories: Vec<&'a SignIn>,
    chosen: &'a str,
    username: &'a str,
    providers: Vec<(&'a str, String)>,
    is_program: bool,
}

/// Why somebody is not let in: what they read, and what the record says.
#[derive(Debug)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    pub(super) notice: &'static str,
    pub(super) cause: String,
}

impl Denied {
    pub(super) fn new(status: StatusCode, notice: &'static str, cause: &dyn ToString) -> Denied {
        Denied {
            status,
            notice,
            cause: cause.to_string(),
        }
    }

    pub(super) fn not_admitted(cause: &broker::NotAdmitted) -> Denied {
        Denied::new(StatusCode::FORBIDDEN, NOTHING_OPEN, cause)
    }
}

/// Shows the ways in.
pub(super) fn show(
    visit: &Visit<'_>,
    desk: &Desk,
    errand: &Errand,
    denied: Option<&Denied>,
) -> Answer {
    let status = denied.map_or(StatusCode::OK, |denied| denied.status);
    let ways = desk.broker.sign_ins().iter();
    let (directories, providers): (Vec<&SignIn>, Vec<&SignIn>) =
        ways.partition(|way| matches!(way.way(), Way::Directory(_)));
    let query = match errand.query() {
        query if query.is_empty() => query,
        query => format!("?{query}"),
    };
    let providers = providers
        .into_iter()
        .map(|way| {
            (
                way.title(),
                format!("{}provider/{}{query}", super::BELOW, way.id()),
            )
        })
        .collect();
    let frame = Frame::new();
    with_form(visit, |form| {
        page(
            status,
            &frame,
            &SignInPage {
                frame: &frame,
                notice: denied.map(|denied| denied.notice),
                form,
                carried: errand.pairs(),
                directories,
                chosen: visit.parameters.text("sign_in"),
                username: visit.parameters.text("username"),
                providers,
                is_program: errand.ask.is_some(),
            },
        )
    })
}

/// Takes the form.
pub(super) async fn take(visit: &Visit<'_>, desk: &Desk) -> Answer {
    let errand = match Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    if !is_own_form(visit) {
        let old = Denied::new(
            StatusCode::FORBIDDEN,
            "The form was too old or not ours. Please try again.",
            &"",
        );
        return show(visit, desk, &errand, Some(&old));
    }
    match verified(visit, desk).await {
        Ok(visitor) => enter(visit, desk, visitor, &errand),
        Err(denied) => show(visit, desk, &errand, Some(&denied)),
    }
}

/// Lets somebody in: to the choice, with their errand.
pub(super) fn enter(visit: &Visit<'_>, desk: &Desk, visitor: Visitor, errand: &Errand) -> Answer {
    let kept = guest::keep(visit, visitor, redirect(&errand.page()));
    kept.unwrap_or_else(|| {
        let large = Denied::new(
            StatusCode::FORBIDDEN,
            "More is open to you than a browser can keep. Ask whoever configures the broker.",
            &"",
        );
        show(visit, desk, errand, Some(&large))
    })
}

/// Verifies the name and the password that came with a request, and records how it went.
pub(super) async fn verified(visit: &Visit<'_>, desk: &Desk) -> Result<Visitor, Denied> {
    let Some((sign_in, directory)) = chosen(visit, desk) else {
        let unknown = "no directory of this name, or none was named";
        return Err(Denied::new(
            StatusCode::BAD_REQUEST,
            "Choose where you sign in.",
            &unknown,
        ));
    };
    let login = visit.parameters.text("username");
    let outcome = verify(visit, sign_in, directory, login).await;
    match &outcome {
        Ok(visitor) => event::record(visit, sign_in, Some(visitor.name()), None),
        Err(denied) => {
            let cause = format!("{}: login `{login}`", denied.cause);
            event::record(visit, sign_in, None, Some(cause));
        }
    }
    outcome
}

/// The directory that somebody chose; the only one, if there is one.
fn chosen<'a>(visit: &Visit<'_>, desk: &'a Desk) -> Option<(&'a SignIn, &'a ldap::Directory)> {
    let named = visit.parameters.get("sign_in");
    let mut found = desk.broker.sign_ins().iter().filter_map(|sign_in| {
        let Way::Directory(directory) = sign_in.way() else {
            return None;
        };
        let meant = named.is_none_or(|named| named == sign_in.id());
        meant.then_some((sign_in, directory.as_ref()))
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

async fn verify(
    visit: &Visit<'_>,
    sign_in: &SignIn,
    directory: &ldap::Directory,
    login: &str,
) -> Result<Visitor, Denied> {
    // Directories do not tell these spellings apart: they are one name to try.
    let words: Vec<&str> = login.split_whitespace().collect();
    let who = Who::Name(format!(
        "broker/{}/{}",
        sign_in.id(),
        words.join(" ").to_lowercase()
    ));
    let throttle = &visit.pages.throttle;
    let now_s = visit.now_s();
    let address = visit.raw.peer.ip.map(Who::Address);
    let admitted = throttle.admits(&who, now_s)
        && address.is_none_or(|address| throttle.admits(&address, now_s));
    if !admitted {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Denied::new(status, TOO_OFTEN, &"too many attempts"));
    }
    let password = visit.parameters.get("password").unwrap_or_default();
    let person = directory
        .verify(login, &Secret::new(password.to_owned()))
        .await
        .map_err(|refusal| match refusal.is_outage() {
            true => Denied::new(StatusCode::SERVICE_UNAVAILABLE, AWAY, &refusal),
            false => Denied::new(StatusCode::FORBIDDEN, WRONG, &refusal),
        })?;
    throttle.forgive(&who);
    sign_in
        .admit_person(&person)
        .map_err(|cause| Denied::not_admitted(&cause))
}
