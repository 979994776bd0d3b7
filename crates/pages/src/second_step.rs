//! Between a password and a session: a second factor, and a new password where the old one is
//! good for nothing else. What was proved so far travels sealed in the form, bound to the
//! browser that it was given to.

use askama::Template;
use aws::AccountId;
use http::StatusCode;
use identity::{Asked, KeyOwner, KeyRefusal, MfaDevice};
use serde::{Deserialize, Serialize};
use webauthn::Assertion;

use crate::console::ConsoleSession;
use crate::frame::{Frame, page};
use crate::security_key::{self, Question};
use crate::sign_in::{self, TOO_OFTEN, enter, with_form};
use crate::sign_in_event::Mfa;
use crate::throttle::Who;
use crate::visit::Visit;
use crate::{Answer, client};

/// What a step is sealed for.
const PURPOSE: &str = "sign-in step";

/// How long somebody may take for a step.
const STEP_S: i64 = 600;

/// Somebody whose password held.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) owner: KeyOwner,
    /// Whether a new password comes first.
    pub(crate) must_change: bool,
    /// When a second factor was proved.
    pub(crate) mfa_at: Option<i64>,
    /// Which one, by its serial number.
    pub(crate) mfa_device: Option<String>,
    /// Where they want to go.
    pub(crate) next: String,
}

impl Person {
    /// Whom the record means.
    fn told(&self, visit: &Visit<'_>) -> String {
        let account = self.account;
        let KeyOwner::User(id) = &self.owner else {
            return format!("account `{account}`, root user");
        };
        let found = visit.environment().directory.user(account, id);
        let found = found.ok().flatten();
        let name = found.as_ref().map_or(id.as_str(), |user| &user.name);
        format!("account `{account}`, user `{name}`")
    }

    /// What their attempts at a second factor are counted by.
    fn tries(&self) -> Who {
        Who::Name(format!("code/{}/{:?}", self.account, self.owner))
    }
}

/// What was proved so far, in the hands of the browser.
#[derive(Serialize, Deserialize)]
struct Step {
    person: Person,
    needs: Need,
    /// The secret of the browser's forms: elsewhere the step is worth nothing.
    browser: String,
    ends_at: i64,
}

/// What is still to come.
#[derive(Serialize, Deserialize)]
enum Need {
    /// A second factor; a security key answers this question.
    Factor(Question),
    /// A new password.
    Password,
}

#[derive(Template)]
#[template(path = "second-step.html")]
struct SecondStepPage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    asked: Option<Factors>,
    form: &'a str,
    step: &'a str,
}

/// The second factors that somebody may show.
struct Factors {
    /// What the script asks their security keys.
    key: Option<String>,
    /// Whether a virtual device shows codes.
    code: bool,
    /// Where their security keys work, if not here.
    elsewhere: Option<String>,
}

impl Factors {
    fn of(visit: &Visit<'_>, devices: &[MfaDevice], question: &Question) -> Factors {
        let keys = security_key::keys(devices);
        let party = security_key::party(visit).ok();
        let (here, elsewhere): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| {
            let party = party.as_ref();
            party.is_some_and(|party| party.id() == key.party_id)
        });
        Factors {
            key: party
                .filter(|_| !here.is_empty())
                .map(|party| question.to_prove(&party, &here)),
            code: devices.iter().any(MfaDevice::is_virtual),
            elsewhere: elsewhere
                .first()
                .filter(|_| here.is_empty())
                .map(|key| key.party_id.clone()),
        }
    }
}

/// Goes on after a password that held.
pub(crate) async fn after_password(visit: &Visit<'_>, person: Person) -> Answer {
    ask_factor(visit, person, None).await
}

/// Asks for a second factor, if the person has any.
async fn ask_factor(visit: &Visit<'_>, person: Person, notice: Option<&str>) -> Answer {
    let directory = visit.environment().directory.clone();
    let (account, owner) = (person.account, person.owner.clone());
    let devices = plane::blocking(move || Ok(directory.mfa_devices(account, &owner)?)).await;
    match devices {
        // Whoever showed a wrong one is not let in because their last one was taken away.
        Ok(devices) if devices.is_empty() && notice.is_some() => sign_in::again(visit),
        Ok(devices) if devices.is_empty() => go_on(visit, person),
        Ok(devices) => {
            let question = Question::new(visit);
            let factors = Factors::of(visit, &devices, &question);
            ask(visit, person, Need::Factor(question), Some(factors), notice)
        }
        Err(error) => {
            tracing::error!(%error, "devices could not be read");
            crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// Goes on when everything but perhaps the password's age is in order.
fn go_on(visit: &Visit<'_>, person: Person) -> Answer {
    if person.must_change {
        return ask_password(visit, person, None);
    }
    enter(visit, &person)
}

fn ask_password(visit: &Visit<'_>, person: Person, notice: Option<&str>) -> Answer {
    ask(visit, person, Need::Password, None, notice)
}

fn ask(
    visit: &Visit<'_>,
    person: Person,
    needs: Need,
    asked: Option<Factors>,
    notice: Option<&str>,
) -> Answer {
    let frame = Frame::new();
    let status = match notice {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    with_form(visit, |form| {
        let step = Step {
            person,
            needs,
            browser: form.to_owned(),
            ends_at: visit.now_s() + STEP_S,
        };
        let Ok(step) = visit.pages.seal(PURPOSE, &step) else {
            return crate::frame::bare(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let shown = SecondStepPage {
            frame: &frame,
            notice,
            asked,
            form,
            step: &step,
        };
        page(status, &frame, &shown)
    })
}

/// Why a form belongs to no step. For the log.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Lost {
    #[error("the form was not ours, or not this browser's")]
    Foreign,
    #[error("the step of the sign-in was not this browser's")]
    Browser,
    #[error("the step of the sign-in was too old")]
    Late,
}

/// The step that this form belongs to, if it is this browser's and in time.
fn step(visit: &Visit<'_>) -> Result<Step, Lost> {
    let form = sign_in::own_form(visit).ok_or(Lost::Foreign)?;
    let sealed = visit.parameters.get("step").ok_or(Lost::Foreign)?;
    let step: Step = visit.pages.open(PURPOSE, sealed).ok_or(Lost::Foreign)?;
    if !seal::same(step.browser.as_bytes(), form.as_bytes()) {
        return Err(Lost::Browser);
    }
    if visit.now_s() >= step.ends_at {
        return Err(Lost::Late);
    }
    Ok(step)
}

/// The one who has shown a password and now shows a second factor.
fn person(visit: &Visit<'_>) -> Result<(Person, Question), Lost> {
    let step = step(visit)?;
    match step.needs {
        Need::Factor(question) => Ok((step.person, question)),
        Need::Password => Err(Lost::Foreign),
    }
}

/// Lets somebody begin anew.
fn lost(visit: &Visit<'_>, why: Lost) -> Answer {
    sign_in::failed(visit, why.to_string(), Mfa::Used);
    sign_in::again(visit)
}

/// Takes the code of a device.
pub(crate) async fn take_code(visit: &Visit<'_>) -> Answer {
    let (person, _question) = match person(visit) {
        Ok(found) => found,
        Err(why) => return lost(visit, why),
    };
    if !visit.pages.throttle.admits(&person.tries(), visit.now_s()) {
        return too_often(visit, person).await;
    }
    let directory = visit.environment().directory.clone();
    let now = visit.environment().clock.now();
    let (account, owner) = (person.account, person.owner.clone());
    let code = visit.parameters.text("code").to_owned();
    // People type a code, not a serial number: each of their devices may have shown it.
    let checked = plane::blocking(move || {
        let devices = directory.mfa_devices(account, &owner)?;
        for device in devices.into_iter().filter(MfaDevice::is_virtual) {
            let held = directory
                .verify_mfa_code(account, &owner, &device.serial, &code, now)
                .map_err(plane::Error::internal)?;
            if held.is_ok() {
                return Ok(Some(device.serial));
            }
        }
        Ok(None)
    })
    .await;
    match checked {
        Ok(Some(serial)) => proved(visit, person, serial),
        Ok(None) => {
            let notice = "The code is wrong, or was used before. Wait for the next one.";
            wrong(visit, person, "the code is wrong", notice).await
        }
        Err(error) => {
            tracing::error!(%error, "a code could not be checked");
            crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// Takes what a security key signed.
pub(crate) async fn take_key(visit: &Visit<'_>) -> Answer {
    let (person, question) = match person(visit) {
        Ok(found) => found,
        Err(why) => return lost(visit, why),
    };
    if !visit.pages.throttle.admits(&person.tries(), visit.now_s()) {
        return too_often(visit, person).await;
    }
    let read = Signed::read(visit, &question);
    let directory = visit.environment().directory.clone();
    let now = visit.environment().clock.now();
    let (account, owner) = (person.account, person.owner.clone());
    let checked = match read {
        Ok(signed) => {
            plane::blocking(move || {
                let (asked, id) = (&signed.asked, &signed.credential_id);
                let came = signed.assertion();
                Ok(directory.verify_security_key(account, &owner, asked, id, &came, now)?)
            })
            .await
        }
        Err(refusal) => Ok(Err(refusal)),
    };
    match checked {
        Ok(Ok(serial)) => proved(visit, person, serial),
        Ok(Err(refusal)) => {
            let notice = match refusal {
                KeyRefusal::Late | KeyRefusal::Answered => "That took too long. Please try again.",
                KeyRefusal::NoKey | KeyRefusal::Elsewhere(_) => {
                    "This security key is not registered for you here. Try another one."
                }
                _ => "The security key’s answer did not fit. Please try again.",
            };
            wrong(visit, person, &refusal.to_string(), notice).await
        }
        Err(error) => {
            tracing::error!(%error, "a security key could not be checked");
            crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// What the form says that a key signed.
struct Signed {
    asked: Asked,
    credential_id: String,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl Signed {
    fn read(visit: &Visit<'_>, question: &Question) -> Result<Signed, KeyRefusal> {
        let field = |name: &str| security_key::field(visit, name);
        let user_handle = visit.parameters.get("user_handle");
        Ok(Signed {
            asked: question.asked(visit)?,
            credential_id: visit.parameters.text("credential_id").to_owned(),
            client_data: field("client_data")?,
            authenticator_data: field("authenticator_data")?,
            signature: field("signature")?,
            user_handle: user_handle.map(|_| field("user_handle")).transpose()?,
        })
    }

    fn assertion(&self) -> Assertion<'_> {
        Assertion {
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        }
    }
}

/// Goes on after a second factor that held.
fn proved(visit: &Visit<'_>, mut person: Person, serial: String) -> Answer {
    visit.pages.throttle.forgive(&person.tries());
    person.mfa_at = Some(visit.now_s());
    person.mfa_device = Some(serial);
    go_on(visit, person)
}

/// Records why a second factor did not hold, and asks again.
async fn wrong(visit: &Visit<'_>, person: Person, why: &str, notice: &str) -> Answer {
    let cause = format!("{why}: {}", person.told(visit));
    sign_in::failed(visit, cause, Mfa::Used);
    ask_factor(visit, person, Some(notice)).await
}

async fn too_often(visit: &Visit<'_>, person: Person) -> Answer {
    wrong(
        visit,
        person,
        "too many attempts at a second factor",
        TOO_OFTEN,
    )
    .await
}

/// Takes a new password: ChangePassword decides about it, for the person.
pub(crate) async fn take_password(visit: &Visit<'_>) -> Answer {
    let mut person = match step(visit) {
        Ok(Step {
            person,
            needs: Need::Password,
            ..
        }) => person,
        Ok(_other) => return lost(visit, Lost::Foreign),
        Err(why) => return lost(visit, why),
    };
    let parameters = &visit.parameters;
    let password = |name: &str| parameters.get(name).unwrap_or_default();
    if password("new") != password("again") {
        let notice = "The new password was not the same both times.";
        return ask_password(visit, person, Some(notice));
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
        Err(refused) => ask_password(visit, person, Some(&refused.message)),
    }
}
