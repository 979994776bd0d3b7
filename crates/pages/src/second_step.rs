//! Between a password and a session: the code of a device, and a new password where the old
//! one is good for nothing else. What was proved so far travels sealed in the form.

use askama::Template;
use aws::AccountId;
use http::StatusCode;
use identity::KeyOwner;
use serde::{Deserialize, Serialize};

use crate::console::ConsoleSession;
use crate::frame::{Frame, page};
use crate::sign_in::{self, enter, is_own_form, with_form};
use crate::sign_in_event::Mfa;
use crate::throttle::Who;
use crate::visit::Visit;
use crate::{Answer, client};

/// What a step is sealed for.
const PURPOSE: &str = "sign-in step";

/// How long somebody may take for a step.
const STEP_S: i64 = 600;

/// Where codes and new passwords go.
const CODE: &str = "/console/sign-in/code";
const PASSWORD: &str = "/console/sign-in/password";

/// Somebody whose password held.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) owner: KeyOwner,
    /// Whether a new password comes first.
    pub(crate) must_change: bool,
    /// When a second factor was proved.
    pub(crate) mfa_at: Option<i64>,
    /// Where they want to go.
    pub(crate) next: String,
}

/// What was proved so far, in the hands of the browser.
#[derive(Serialize, Deserialize)]
struct Step {
    person: Person,
    /// Whether a code of a device is still to come.
    needs_code: bool,
    ends_at: i64,
}

#[derive(Template)]
#[template(path = "second-step.html")]
struct SecondStepPage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    asks_code: bool,
    action: &'static str,
    form: &'a str,
    step: &'a str,
}

/// Goes on after a password that held.
pub(crate) async fn after_password(visit: &Visit<'_>, person: Person) -> Answer {
    let directory = visit.environment().directory.clone();
    let (account, owner) = (person.account, person.owner.clone());
    let devices = plane::blocking(move || Ok(directory.mfa_devices(account, &owner)?)).await;
    match devices {
        Ok(devices) if devices.is_empty() => go_on(visit, person),
        Ok(_) => ask(visit, person, true, None),
        Err(error) => {
            tracing::error!(%error, "devices could not be read");
            crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// Goes on when everything but perhaps the password's age is in order.
fn go_on(visit: &Visit<'_>, person: Person) -> Answer {
    if person.must_change {
        return ask(visit, person, false, None);
    }
    enter(visit, &person)
}

fn ask(visit: &Visit<'_>, person: Person, needs_code: bool, notice: Option<&str>) -> Answer {
    let environment = visit.environment();
    let step = Step {
        person,
        needs_code,
        ends_at: visit.now_s() + STEP_S,
    };
    let sealed = serde_json::to_vec(&step).ok().and_then(|note| {
        let ring = environment.directory.ring();
        ring.seal_note(PURPOSE, &note, environment.entropy.as_ref())
            .ok()
    });
    let Some(step) = sealed else {
        return crate::frame::bare(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let frame = Frame::new();
    let status = match notice {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    with_form(visit, |form| {
        page(
            status,
            &frame,
            &SecondStepPage {
                frame: &frame,
                notice,
                asks_code: needs_code,
                action: if needs_code { CODE } else { PASSWORD },
                form,
                step: &step,
            },
        )
    })
}

/// The step that this form belongs to, if it is ours and in time.
fn step(visit: &Visit<'_>, needs_code: bool) -> Option<Step> {
    let sealed = visit
        .parameters
        .get("step")
        .filter(|_| is_own_form(visit))?;
    let note = visit
        .environment()
        .directory
        .ring()
        .open_note(PURPOSE, sealed);
    let step: Step = serde_json::from_slice(note.ok()?.expose()).ok()?;
    (step.needs_code == needs_code && visit.now_s() < step.ends_at).then_some(step)
}

/// Takes the code of a device.
pub(crate) async fn take_code(visit: &Visit<'_>) -> Answer {
    let Some(Step { mut person, .. }) = step(visit, true) else {
        return sign_in::show(visit);
    };
    let tries = Who::Name(format!("code/{}/{:?}", person.account, person.owner));
    if !visit.pages.throttle.admits(&tries, visit.now_s()) {
        let notice = "There were too many attempts. Please wait five minutes and try again.";
        return ask(visit, person, true, Some(notice));
    }
    let directory = visit.environment().directory.clone();
    let now = visit.environment().clock.now();
    let (account, owner) = (person.account, person.owner.clone());
    let code = visit.parameters.text("code").to_owned();
    // People type a code, not a serial number: each of their devices may have shown it.
    let checked = plane::blocking(move || {
        for device in directory.mfa_devices(account, &owner)? {
            let held = directory
                .verify_mfa_code(account, &owner, &device.serial, &code, now)
                .map_err(plane::Error::internal)?;
            if held.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await;
    match checked {
        Ok(true) => {
            visit.pages.throttle.forgive(&tries);
            person.mfa_at = Some(visit.now_s());
            go_on(visit, person)
        }
        Ok(false) => {
            let cause = format!(
                "the code is wrong: account `{}`, {:?}",
                person.account, person.owner
            );
            sign_in::failed(visit, cause, Mfa::Used);
            let notice = "The code is wrong, or was used before. Wait for the next one.";
            ask(visit, person, true, Some(notice))
        }
        Err(error) => {
            tracing::error!(%error, "a code could not be checked");
            crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// Takes a new password: ChangePassword decides about it, for the person.
pub(crate) async fn take_password(visit: &Visit<'_>) -> Answer {
    let Some(Step { mut person, .. }) = step(visit, false) else {
        return sign_in::show(visit);
    };
    let parameters = &visit.parameters;
    let password = |name: &str| parameters.get(name).unwrap_or_default();
    if password("new") != password("again") {
        let notice = "The new password was not the same both times.";
        return ask(visit, person, false, Some(notice));
    }
    let console = ConsoleSession::begin(
        sign_in::session_of(&person, visit.now_s()),
        None,
        visit.environment().entropy.as_ref(),
    );
    let changed = client::call(
        visit,
        console.signed_in(),
        facts::iam::SERVICE,
        "ChangePassword",
        &[
            ("OldPassword", password("old")),
            ("NewPassword", password("new")),
        ],
    )
    .await;
    match changed {
        Ok(_) => {
            person.must_change = false;
            enter(visit, &person)
        }
        Err(refused) => ask(visit, person, false, Some(&refused.message)),
    }
}
