//! The SAML sign-in endpoint: a browser brings what its identity provider says, the person
//! chooses among the roles in it, and AssumeRoleWithSAML decides.

use askama::Template;
use http::StatusCode;
use identity::{Account, Caller, GLOBAL_SCOPE, VerifiedRole, VerifiedRoles};
use plane::Outcome;
use store::Read;

use crate::client::{Refused, call_unsigned, session_of};
use crate::console::ConsoleSession;
use crate::frame::{Frame, Link, message, page, redirect};
use crate::sign_in_event::{self, Mfa};
use crate::visit::Visit;
use crate::{Answer, HOME, destination};

/// What the address of a single provider begins with; its id follows. A provider that
/// encrypts can be told by nothing else.
pub(crate) const OF_PROVIDER: &str = "/saml/acs/";

/// The bounds of AssumeRoleWithSAML's `SAMLAssertion`, in characters.
const RESPONSE_CHARS: std::ops::RangeInclusive<usize> = 4..=100_000;

/// Command-line tools read this page: names and classes are those of AWS's.
#[derive(Template)]
#[template(path = "choose-role.html")]
struct ChooseRolePage<'a> {
    frame: &'a Frame,
    notice: Option<&'a str>,
    address: &'a str,
    relay_state: &'a str,
    response: &'a str,
    accounts: Vec<OfAccount<'a>>,
}

/// The roles of one account, as the page groups them.
struct OfAccount<'a> {
    id: &'a str,
    called: String,
    roles: Vec<Offered<'a>>,
}

/// A role that the response offers.
struct Offered<'a> {
    arn: &'a str,
    name: &'a str,
}

/// Takes a response, and the choice if one was made.
pub(crate) async fn answer(visit: &Visit<'_>) -> Answer {
    let offer = match read(visit).await {
        Ok(offer) => offer,
        Err(why) => return invalid(visit, &why),
    };
    let asked = visit.parameters.get("roleIndex");
    let chosen = match (asked, offer.roles.as_slice()) {
        (Some(asked), roles) => roles.iter().find(|role| role.role_arn == asked),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(role) = chosen else {
        let unknown = "The response does not offer this role.";
        return choose(visit, &offer, asked.map(|_| unknown));
    };
    match sign_in(visit, role, &offer).await {
        Ok(answer) => answer,
        Err(refused) if offer.roles.len() > 1 => choose(visit, &offer, Some(&refused.message)),
        Err(refused) => message(
            StatusCode::FORBIDDEN,
            "You are not signed in",
            &refused.message,
            None,
        ),
    }
}

fn response<'a>(visit: &'a Visit<'_>) -> &'a str {
    visit.parameters.get("SAMLResponse").unwrap_or_default()
}

/// Verifies the response under the providers that it names, or that its address names.
async fn read(visit: &Visit<'_>) -> Result<VerifiedRoles, String> {
    let response = response(visit).to_owned();
    if !RESPONSE_CHARS.contains(&response.len()) {
        return Err("the response is missing, too short or too long".to_owned());
    }
    let directory = visit.environment().directory.clone();
    let now_s = visit.now_s();
    let id = visit.raw.path.strip_prefix(OF_PROVIDER).map(str::to_owned);
    let verified = plane::blocking(move || {
        let provider = match id {
            None => None,
            Some(id) => match directory.saml_provider_arn(&id)? {
                Some(arn) => Some(arn),
                None => return Ok(Err(format!("no SAML provider has the id `{id}`"))),
            },
        };
        let verified = directory.verified_roles(&response, provider.as_deref(), now_s);
        Ok(verified.map_err(|refusal| refusal.to_string()))
    });
    verified.await.map_err(|error| error.to_string())?
}

/// What AWS's page says, and no more; the record says why.
fn invalid(visit: &Visit<'_>, why: &str) -> Answer {
    let outcome = Outcome::Failed {
        code: "InvalidSamlResponse".to_owned(),
        message: Some("Failed authentication".to_owned()),
        cause: Some(why.to_owned()),
    };
    sign_in_event::record(visit, &Caller::Anonymous, HOME, Mfa::Unused, outcome);
    message(
        StatusCode::BAD_REQUEST,
        "You are not signed in",
        "Your request included an invalid SAML response.",
        Some(Link {
            href: "/oauth?Action=logout",
            label: "To logout, click here.",
        }),
    )
}

fn choose(visit: &Visit<'_>, offer: &VerifiedRoles, notice: Option<&str>) -> Answer {
    let mut accounts: Vec<OfAccount<'_>> = Vec::new();
    for VerifiedRole { role_arn, .. } in &offer.roles {
        let id = role_arn.split(':').nth(4).unwrap_or_default();
        let role = Offered {
            arn: role_arn,
            name: role_arn.rsplit('/').next().unwrap_or_default(),
        };
        match accounts.iter_mut().find(|account| account.id == id) {
            Some(account) => account.roles.push(role),
            None => accounts.push(OfAccount {
                id,
                called: called(visit, id),
                roles: vec![role],
            }),
        }
    }
    let frame = Frame::new();
    let status = match notice {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    page(
        status,
        &frame,
        &ChooseRolePage {
            frame: &frame,
            notice,
            address: &visit.raw.path,
            relay_state: visit.parameters.get("RelayState").unwrap_or_default(),
            response: response(visit),
            accounts,
        },
    )
}

/// An account as AWS's page calls it: `ALIAS (ID)`, or its id.
fn called(visit: &Visit<'_>, id: &str) -> String {
    let reader = visit.environment().directory.store().read();
    let account = reader.get::<Account>(GLOBAL_SCOPE, id).ok().flatten();
    match account.and_then(|account| account.alias) {
        Some(alias) => format!("{alias} ({id})"),
        None => id.to_owned(),
    }
}

async fn sign_in(
    visit: &Visit<'_>,
    role: &VerifiedRole,
    offer: &VerifiedRoles,
) -> Result<Answer, Refused> {
    // What the provider asks for counts within what the role allows, as for programs.
    let duration = offer.session_duration_s.map(|seconds| seconds.to_string());
    let mut parameters = vec![
        ("RoleArn", role.role_arn.as_str()),
        ("PrincipalArn", role.provider_arn.as_str()),
        ("SAMLAssertion", response(visit)),
    ];
    if let Some(duration) = &duration {
        parameters.push(("DurationSeconds", duration));
    }
    let sts = facts::sts::SERVICE;
    let assumed = call_unsigned(visit, sts, "AssumeRoleWithSAML", &parameters).await?;
    let session = session_of(visit, &assumed)
        .ok_or_else(|| Refused::ours("The role’s session could not be read."))?;
    // A relay state that is no page of ours is left out, as AWS leaves it out.
    let page = visit
        .parameters
        .get("RelayState")
        .and_then(|relay_state| destination::page(relay_state, &visit.origin()))
        .unwrap_or_else(|| HOME.to_owned());
    let (secure, now_s) = (visit.raw.peer.secure, visit.now_s());
    let console = ConsoleSession::begin(session, None, visit.environment().entropy.as_ref());
    let answer = console
        .keep(visit.pages, redirect(&page), secure, now_s)
        .ok_or_else(|| Refused::ours("The role’s session is too large for a browser."))?;
    if let Some(caller) = visit.caller_of(console.active(now_s)) {
        sign_in_event::record(visit, &caller, &page, Mfa::Unused, Outcome::Done);
    }
    Ok(answer)
}
