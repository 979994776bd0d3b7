//! Signing in at the broker by way of an OpenID Connect provider: there and back again.

use broker::{Provider, ProviderRefusal, Return, SignIn, Visitor};
use http::StatusCode;

use crate::Answer;
use crate::broker::errand::Errand;
use crate::broker::sign_in::{self, Denied};
use crate::broker::way::{self, Question, Way, not_vouched};
use crate::broker::{Desk, event};
use crate::visit::Visit;

/// What is said when nobody could be asked.
const AWAY: &str = "The identity provider does not answer just now. Please try again in a while.";

/// Sends the browser to the provider.
pub(super) async fn go(
    visit: &Visit<'_>,
    desk: &Desk,
    sign_in: &SignIn,
    provider: &Provider,
) -> Answer {
    let errand = match Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    let environment = visit.environment();
    let started = provider
        .start(
            &way::back_at(visit, sign_in),
            visit.now_s(),
            environment.entropy.as_ref(),
            &environment.outbound,
        )
        .await;
    match started {
        Ok(started) => {
            let question = Question::Code {
                state: started.state,
                nonce: started.nonce,
                verifier: started.verifier,
            };
            way::begin(visit, sign_in, &errand, &started.address, question)
        }
        Err(refusal) => {
            tracing::warn!(%refusal, sign_in = sign_in.id(), "a provider cannot be asked");
            event::record(visit, sign_in, None, Some(refusal.to_string()));
            let away = Denied::new(StatusCode::SERVICE_UNAVAILABLE, AWAY, &refusal);
            sign_in::show(visit, desk, &errand, Some(&away))
        }
    }
}

/// Takes the browser back from the provider.
pub(super) async fn back(
    visit: &Visit<'_>,
    desk: &Desk,
    sign_in: &SignIn,
    provider: &Provider,
) -> Answer {
    let way = way::of(visit, sign_in);
    let outcome = match &way {
        Some(way) => vouched(visit, sign_in, provider, way).await,
        None => Err(way::not_sent()),
    };
    way::end(visit, desk, sign_in, way.as_ref(), outcome)
}

async fn vouched(
    visit: &Visit<'_>,
    sign_in: &SignIn,
    provider: &Provider,
    way: &Way,
) -> Result<Visitor, Denied> {
    let Question::Code {
        state: expected,
        nonce,
        verifier,
    } = &way.question
    else {
        return Err(way::not_sent());
    };
    let state = visit.parameters.get("state").unwrap_or_default();
    if !seal::same(state.as_bytes(), expected.as_bytes()) {
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
        nonce,
        verifier,
        redirect_uri: &way.back_at,
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
