//! Signing in at the broker by way of an OpenID Connect provider: there and back again.

use broker::{Provider, ProviderRefusal, Return, SignIn, Visitor, Way};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::Answer;
use crate::broker::errand::Errand;
use crate::broker::sign_in::{self, Denied};
use crate::broker::{BELOW, Desk, event};
use crate::console::{cookie, set_cookie};
use crate::frame::redirect;
use crate::not_here;
use crate::parameters::Parameters;
use crate::visit::Visit;

const COOKIE: &str = "arnold-broker-way";

/// What the cookie is sealed for.
const PURPOSE: &str = "broker way";

/// How long somebody may take at their provider.
const WAY_S: i64 = 900;

/// What is said when the provider did not vouch for somebody.
const NOT_VOUCHED: &str = "Your identity provider did not sign you in. Please try again.";

/// What is said when nobody could be asked.
const AWAY: &str = "The identity provider does not answer just now. Please try again in a while.";

/// What must come back from the provider, in the hands of the browser that was sent there.
#[derive(Serialize, Deserialize)]
struct OnTheWay {
    sign_in: String,
    state: String,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    /// The errand, as a query.
    errand: String,
    ends_at: i64,
}

fn found<'a>(desk: &'a Desk, id: &str) -> Option<(&'a SignIn, &'a Provider)> {
    let sign_in = desk.broker.sign_in(id)?;
    match sign_in.way() {
        Way::Provider(provider) => Some((sign_in, provider.as_ref())),
        Way::Directory(_) => None,
    }
}

/// Sends the browser to the provider.
pub(super) async fn go(visit: &Visit<'_>, desk: &Desk, id: &str) -> Answer {
    let Some((sign_in, provider)) = found(desk, id) else {
        return not_here();
    };
    let errand = match Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    let environment = visit.environment();
    let redirect_uri = format!("{}{BELOW}return/{}", visit.origin(), sign_in.id());
    let started = provider
        .start(
            &redirect_uri,
            visit.now_s(),
            environment.entropy.as_ref(),
            &environment.outbound,
        )
        .await;
    let started = match started {
        Ok(started) => started,
        Err(refusal) => {
            tracing::warn!(%refusal, sign_in = sign_in.id(), "a provider cannot be asked");
            event::record(visit, sign_in, None, Some(refusal.to_string()));
            let away = Denied::new(StatusCode::SERVICE_UNAVAILABLE, AWAY, &refusal);
            return sign_in::show(visit, desk, &errand, Some(&away));
        }
    };
    let way = OnTheWay {
        sign_in: sign_in.id().to_owned(),
        state: started.state,
        nonce: started.nonce,
        verifier: started.verifier,
        redirect_uri,
        errand: errand.query(),
        ends_at: visit.now_s() + WAY_S,
    };
    let sealed = serde_json::to_vec(&way).ok().and_then(|note| {
        let ring = environment.directory.ring();
        ring.seal_note(PURPOSE, &note, environment.entropy.as_ref())
            .ok()
    });
    let Some(sealed) = sealed else {
        return crate::frame::bare(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut answer = redirect(&started.address);
    set_cookie(
        &mut answer,
        &name(visit),
        &sealed,
        WAY_S,
        visit.raw.peer.secure,
    );
    answer
}

/// Takes the browser back from the provider.
pub(super) async fn back(visit: &Visit<'_>, desk: &Desk, id: &str) -> Answer {
    let Some((sign_in, provider)) = found(desk, id) else {
        return not_here();
    };
    let way = on_the_way(visit, sign_in);
    let errand = way.as_ref().map_or_else(
        || Errand {
            ask: None,
            next: None,
        },
        |way| errand_of(visit, way),
    );
    let outcome = match way {
        Some(way) => vouched(visit, sign_in, provider, &way).await,
        None => Err(Denied::new(
            StatusCode::FORBIDDEN,
            NOT_VOUCHED,
            &"this browser was not sent to the provider, or too long ago",
        )),
    };
    let mut answer = match outcome {
        Ok(visitor) => {
            event::record(visit, sign_in, Some(visitor.name()), None);
            sign_in::enter(visit, desk, visitor, &errand)
        }
        Err(denied) => {
            event::record(visit, sign_in, None, Some(denied.cause.clone()));
            sign_in::show(visit, desk, &errand, Some(&denied))
        }
    };
    // A way is gone once.
    set_cookie(&mut answer, &name(visit), "", 0, visit.raw.peer.secure);
    answer
}

fn on_the_way(visit: &Visit<'_>, sign_in: &SignIn) -> Option<OnTheWay> {
    let sealed = cookie(&visit.raw.headers, &name(visit))?;
    let ring = visit.environment().directory.ring();
    let note = ring.open_note(PURPOSE, sealed).ok()?;
    let way: OnTheWay = serde_json::from_slice(note.expose()).ok()?;
    (way.sign_in == sign_in.id() && visit.now_s() < way.ends_at).then_some(way)
}

/// The errand that was sealed when the browser was sent out.
fn errand_of(visit: &Visit<'_>, way: &OnTheWay) -> Errand {
    Parameters::parse(&way.errand, b"")
        .ok()
        .and_then(|parameters| Errand::of(&parameters, &visit.origin()).ok())
        .unwrap_or(Errand {
            ask: None,
            next: None,
        })
}

async fn vouched(
    visit: &Visit<'_>,
    sign_in: &SignIn,
    provider: &Provider,
    way: &OnTheWay,
) -> Result<Visitor, Denied> {
    let not_vouched = |cause: &dyn ToString| Denied::new(StatusCode::FORBIDDEN, NOT_VOUCHED, cause);
    let state = visit.parameters.get("state").unwrap_or_default();
    if !seal::same(state.as_bytes(), way.state.as_bytes()) {
        return Err(not_vouched(
            &"the provider's answer has another state than the one that was sent",
        ));
    }
    // RFC 9207 §2.4: an answer of another provider is not ours to take.
    let issuer = visit.parameters.get("iss");
    if issuer.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(not_vouched(&"the answer is another issuer's"));
    }
    let Some(code) = visit.parameters.get("code") else {
        let error = visit.parameters.text("error");
        return Err(not_vouched(&format!(
            "the provider answered with the error `{error}`"
        )));
    };
    let environment = visit.environment();
    let back = Return {
        code,
        nonce: &way.nonce,
        verifier: &way.verifier,
        redirect_uri: &way.redirect_uri,
        now_s: visit.now_s(),
    };
    let claims = provider
        .finish(&back, &environment.outbound, &environment.oidc_keys)
        .await
        .map_err(|refusal: ProviderRefusal| match refusal.is_outage() {
            true => Denied::new(StatusCode::SERVICE_UNAVAILABLE, AWAY, &refusal),
            false => not_vouched(&refusal),
        })?;
    sign_in
        .admit_claims(&claims)
        .map_err(|cause| Denied::not_admitted(&cause))
}

fn name(visit: &Visit<'_>) -> String {
    let prefix = if visit.raw.peer.secure { "__Host-" } else { "" };
    format!("{prefix}{COOKIE}")
}
