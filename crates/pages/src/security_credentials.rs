//! Security credentials: the MFA devices of whoever is signed in. Security keys are registered
//! here, as AWS's console does it; devices are listed and taken away by IAM's own calls.

use askama::Template;
use http::StatusCode;
use iam::{Answer as KeyAnswer, EnableSecurityKey};
use identity::{Asked, Caller, CallerKind, KeyOwner, KeyRefusal, SecurityKey, SessionKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn::NoParty;

use crate::console::ConsoleSession;
use crate::frame::{Frame, Link, message, page, redirect};
use crate::security_key::{self, Question};
use crate::visit::Visit;
use crate::{Answer, HOME, client, home};

/// The page.
pub(crate) const PAGE: &str = "/console/security";

/// Where new keys go.
pub(crate) const KEYS: &str = "/console/security/keys";

/// Where it is said which device goes.
pub(crate) const REMOVALS: &str = "/console/security/removals";

/// What a question to a new key is sealed for.
const PURPOSE: &str = "security key registration";

#[derive(Template)]
#[template(path = "security-credentials.html")]
struct SecurityCredentialsPage<'a> {
    frame: &'a Frame,
    notice: Option<Notice<'a>>,
    called: &'a str,
    account: &'a str,
    devices: Result<Vec<Device>, String>,
    name: &'a str,
    offer: Result<Offer, NoKeys>,
    form: &'a str,
}

/// What came of the last deed.
struct Notice<'a> {
    text: &'a str,
    is_alert: bool,
}

/// A device in the list.
struct Device {
    serial: String,
    name: String,
    since: String,
    is_key: bool,
}

/// What a new key is asked.
struct Offer {
    question: String,
    ticket: String,
}

/// Why no key is asked here, and where else one may.
struct NoKeys {
    why: &'static str,
    elsewhere: Option<String>,
}

/// A question in the hands of the browser, bound to the sign-in that it was asked in.
#[derive(Serialize, Deserialize)]
struct Ticket {
    question: Question,
    form: String,
}

/// Whether the person acts as the user, or root, who signed in: others have no devices.
pub(crate) fn are_of(console: &ConsoleSession, now_s: i64) -> bool {
    let own = matches!(
        console.signed_in().kind,
        SessionKind::User { .. } | SessionKind::Root
    );
    own && console.put_on(now_s).is_none()
}

/// Whoever is signed in as a user or as root.
struct Holder<'a> {
    console: &'a ConsoleSession,
    caller: Caller,
}

impl<'a> Holder<'a> {
    fn of(visit: &'a Visit<'_>) -> Result<Holder<'a>, Nobody> {
        let (Some(console), Some(caller)) = (&visit.console, visit.caller()) else {
            return Err(Nobody::SignedIn);
        };
        if are_of(console, visit.now_s()) {
            Ok(Holder { console, caller })
        } else {
            Err(Nobody::WithDevices)
        }
    }

    fn owner(&self) -> KeyOwner {
        match &self.console.signed_in().kind {
            SessionKind::User { user_id } => KeyOwner::User(user_id.clone()),
            _ => KeyOwner::Root,
        }
    }

    /// The user's name; root has none.
    fn user_name(&self) -> Option<&str> {
        let known = self.caller.known()?;
        (known.kind() == CallerKind::User).then_some(known.principal.name.as_str())
    }
}

/// Why there is nobody whose devices could be shown.
#[derive(Clone, Copy)]
enum Nobody {
    SignedIn,
    WithDevices,
}

impl Nobody {
    fn answer(self) -> Answer {
        match self {
            Nobody::SignedIn => home::redirect(),
            Nobody::WithDevices => message(
                StatusCode::FORBIDDEN,
                "Security credentials",
                "MFA devices belong to IAM users and to root. Sign in as one with a password; if you switched roles, switch back first.",
                Some(Link {
                    href: HOME,
                    label: "Back to your session",
                }),
            ),
        }
    }
}

/// Shows the page.
pub(crate) async fn show(visit: &Visit<'_>) -> Answer {
    let text = match visit.parameters.get("done") {
        Some("registered") => {
            "The security key is registered. From the next sign-in on it is asked for."
        }
        Some("removed") => "The device is yours no more.",
        _ => return shown(visit, StatusCode::OK, None).await,
    };
    let notice = Notice {
        text,
        is_alert: false,
    };
    shown(visit, StatusCode::OK, Some(notice)).await
}

async fn refused(visit: &Visit<'_>, text: &str) -> Answer {
    let notice = Notice {
        text,
        is_alert: true,
    };
    shown(visit, StatusCode::FORBIDDEN, Some(notice)).await
}

async fn shown(visit: &Visit<'_>, status: StatusCode, notice: Option<Notice<'_>>) -> Answer {
    let holder = match Holder::of(visit) {
        Ok(holder) => holder,
        Err(nobody) => return nobody.answer(),
    };
    let called = holder.caller.known().map_or("", home::name);
    let account = holder.console.signed_in().account;
    let offer = match offer(visit, &holder, called).await {
        Ok(offer) => offer,
        Err(error) => {
            tracing::error!(%error, "a question to a new key could not be made");
            return crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let frame = Frame::new();
    page(
        status,
        &frame,
        &SecurityCredentialsPage {
            frame: &frame,
            notice,
            called,
            account: account.as_str(),
            devices: devices(visit, holder.console).await,
            name: visit.parameters.text("name"),
            offer,
            form: holder.console.form(),
        },
    )
}

/// The person's devices, if they may list them.
async fn devices(visit: &Visit<'_>, console: &ConsoleSession) -> Result<Vec<Device>, String> {
    let session = console.signed_in();
    let listed = client::call(visit, session, facts::iam::SERVICE, "ListMFADevices", &[]).await;
    let listed = listed.map_err(|refused| refused.message)?;
    let devices = listed.pointer("/MFADevices").and_then(Value::as_array);
    Ok(devices.into_iter().flatten().filter_map(device).collect())
}

fn device(shown: &Value) -> Option<Device> {
    let serial = shown.pointer("/SerialNumber")?.as_str()?;
    let is_key = serial.contains(":u2f/");
    let last = serial.rsplit('/').next()?;
    let name = match last.rsplit_once('-') {
        Some((name, _id)) if is_key => name,
        _ => last,
    };
    let since = match shown.pointer("/EnableDate") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(seconds)) => crate::visit::when(seconds.as_f64()? as i64),
        _ => return None,
    };
    Some(Device {
        serial: serial.to_owned(),
        name: name.to_owned(),
        since,
        is_key,
    })
}

/// What a new key of the holder's would be asked here.
async fn offer(
    visit: &Visit<'_>,
    holder: &Holder<'_>,
    called: &str,
) -> Result<Result<Offer, NoKeys>, plane::Error> {
    let party = match security_key::party(visit) {
        Ok(party) => party,
        Err(why) => return Ok(Err(no_keys(visit, why))),
    };
    let directory = visit.environment().directory.clone();
    let (account, owner) = (holder.console.signed_in().account, holder.owner());
    let handle = SecurityKey::user_handle(account, &owner);
    let devices = plane::blocking(move || Ok(directory.mfa_devices(account, &owner)?)).await?;
    let question = Question::new(visit);
    let ticket = Ticket {
        question: question.clone(),
        form: holder.console.form().to_owned(),
    };
    Ok(Ok(Offer {
        question: question.to_register(&party, &security_key::keys(&devices), called, &handle),
        ticket: visit.pages.seal(PURPOSE, &ticket)?,
    }))
}

fn no_keys(visit: &Visit<'_>, why: NoParty) -> NoKeys {
    let is_loopback = visit
        .raw
        .peer
        .ip
        .is_some_and(|ip| ip.to_canonical().is_loopback());
    let port = visit.host().rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| port.parse::<u16>().is_ok());
    let elsewhere = match port {
        Some(port) if is_loopback && !visit.raw.peer.secure => {
            Some(format!("http://localhost:{port}{PAGE}"))
        }
        _ => None,
    };
    match why {
        NoParty::Address | NoParty::Unreadable => NoKeys {
            why: "Browsers bind security keys to a host name, and this page was opened at a bare IP address. Open it by its name to register a key.",
            elsewhere,
        },
        NoParty::Insecure => NoKeys {
            why: "Browsers use security keys over https only. Open this page by https to register a key.",
            elsewhere: None,
        },
    }
}

/// Whoever pressed a button on a page of ours, or what they hear instead.
async fn presser<'a>(visit: &'a Visit<'_>) -> Result<Holder<'a>, Answer> {
    if visit.own_form().is_none() {
        return Err(refused(visit, "The form was too old or not ours. Please try again.").await);
    }
    Holder::of(visit).map_err(Nobody::answer)
}

/// Takes a new key.
pub(crate) async fn register(visit: &Visit<'_>) -> Answer {
    let holder = match presser(visit).await {
        Ok(holder) => holder,
        Err(answer) => return answer,
    };
    let name = visit.parameters.text("name");
    if !iam::is_name(name) {
        let notice = "A name has 1 to 128 letters, digits and characters of + = , . @ - and _.";
        return refused(visit, notice).await;
    }
    let answer = match answer(visit, holder.console).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, "an answer of a key could not be taken");
            return crate::frame::bare(StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let operation = EnableSecurityKey::new(
        holder.console.signed_in().account,
        holder.user_name(),
        name,
        answer,
        visit.environment().entropy.as_ref(),
    );
    let plane = &visit.pages.plane;
    match plane.perform(visit.raw, &holder.caller, operation).await {
        Ok(_serial) => redirect(&format!("{PAGE}?done=registered")),
        Err(error) => refused(visit, plain(&error)).await,
    }
}

/// What came back from a key, if it was asked here, in this sign-in, and for the first time.
async fn answer(
    visit: &Visit<'_>,
    console: &ConsoleSession,
) -> Result<Result<KeyAnswer, KeyRefusal>, plane::Error> {
    let read = || {
        Ok(KeyAnswer {
            asked: asked(visit, console)?,
            client_data: security_key::field(visit, "client_data")?,
            attestation: security_key::field(visit, "attestation")?,
        })
    };
    let answer: KeyAnswer = match read() {
        Ok(answer) => answer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let environment = visit.environment();
    let directory = environment.directory.clone();
    let (asked, now) = (answer.asked.clone(), environment.clock.now());
    let taken = plane::blocking(move || Ok(directory.take_answer(&asked, now)?)).await?;
    Ok(taken.map(|()| answer))
}

/// The question that the form says it answers.
fn asked(visit: &Visit<'_>, console: &ConsoleSession) -> Result<Asked, KeyRefusal> {
    let sealed = visit.parameters.get("ticket").ok_or(KeyRefusal::Form)?;
    let opened = visit.pages.open(PURPOSE, sealed);
    let ticket: Ticket = opened.ok_or(KeyRefusal::NotAsked)?;
    if !seal::same(ticket.form.as_bytes(), console.form().as_bytes()) {
        return Err(KeyRefusal::NotAsked);
    }
    ticket.question.asked(visit)
}

/// A refusal as the person reads it.
fn plain(error: &plane::Error) -> &str {
    match error.code() {
        "InvalidAuthenticationCode" => {
            "The security key could not be registered: its answer did not fit. Please try again."
        }
        "EntityAlreadyExists" => "This security key is registered already.",
        "LimitExceeded" => "You have as many MFA devices as a user may have. Remove one first.",
        "AccessDenied" => error
            .message()
            .unwrap_or("You may not register a security key."),
        _ => "The security key could not be registered just now. Please try again.",
    }
}

/// Takes a device away.
pub(crate) async fn remove(visit: &Visit<'_>) -> Answer {
    let holder = match presser(visit).await {
        Ok(holder) => holder,
        Err(answer) => return answer,
    };
    let session = holder.console.signed_in();
    let serial = visit.parameters.text("serial");
    let serial = [("SerialNumber", serial)];
    let action = "DeactivateMFADevice";
    match client::call(visit, session, facts::iam::SERVICE, action, &serial).await {
        Ok(_) => redirect(&format!("{PAGE}?done=removed")),
        Err(refused_by_iam) => refused(visit, &refused_by_iam.message).await,
    }
}
