//! Signing in at the broker by way of a SAML provider: there and back again.
//!
//! The provider's page posts the response from its own origin, and browsers send our cookies
//! with no such post. So the browser is first handed a page that posts the same once more, from
//! here; only that post knows on which way this browser is.

use askama::Template;
use broker::{SamlProvider, SamlReturn, SignIn, Visitor};
use http::{HeaderValue, StatusCode, header};

use crate::Answer;
use crate::broker::errand::Errand;
use crate::broker::sign_in::Denied;
use crate::broker::way::{self, Question, Way, not_vouched};
use crate::broker::{BELOW, Desk};
use crate::frame::{Frame, bare, page};
use crate::visit::Visit;

/// As of AssumeRoleWithSAML.
const RESPONSE_CHARS_MAX: usize = 100_000;

#[derive(Template)]
#[template(path = "broker-saml.html")]
struct OnceMorePage<'a> {
    frame: &'a Frame,
    action: String,
    response: &'a str,
}

/// Sends the browser to the provider.
pub(super) fn go(visit: &Visit<'_>, sign_in: &SignIn, provider: &SamlProvider) -> Answer {
    let errand = match Errand::read(visit) {
        Ok(errand) => errand,
        Err(fault) => return fault.page(),
    };
    let entropy = visit.environment().entropy.as_ref();
    let answer_to = way::back_at(visit, sign_in);
    let Some(started) = provider.start(&answer_to, visit.now_s(), entropy) else {
        return bare(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let question = Question::Saml {
        request_id: started.request_id,
    };
    way::begin(visit, sign_in, &errand, &started.address, question)
}

/// Takes the response that the browser brings.
pub(super) fn back(
    visit: &Visit<'_>,
    desk: &Desk,
    sign_in: &SignIn,
    provider: &SamlProvider,
) -> Answer {
    let response = visit.parameters.text("SAMLResponse");
    let way = way::of(visit, sign_in);
    if way.is_none() && visit.parameters.get("again").is_none() {
        return once_more(sign_in, response);
    }
    let outcome = match &way {
        Some(way) => vouched(visit, desk, sign_in, provider, way, response),
        None => Err(way::not_sent()),
    };
    way::end(visit, desk, sign_in, way.as_ref(), outcome)
}

/// What the provider has to know of the broker.
pub(super) fn metadata(visit: &Visit<'_>, sign_in: &SignIn, provider: &SamlProvider) -> Answer {
    let document = provider.own_metadata(&way::back_at(visit, sign_in));
    let mut answer = bare(StatusCode::OK);
    *answer.body_mut() = document.into_bytes();
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/samlmetadata+xml"),
    );
    answer
}

fn once_more(sign_in: &SignIn, response: &str) -> Answer {
    if response.is_empty() || response.len() > RESPONSE_CHARS_MAX {
        return bare(StatusCode::BAD_REQUEST);
    }
    let frame = Frame::new();
    page(
        StatusCode::OK,
        &frame,
        &OnceMorePage {
            frame: &frame,
            action: format!("{BELOW}return/{}", sign_in.id()),
            response,
        },
    )
}

fn vouched(
    visit: &Visit<'_>,
    desk: &Desk,
    sign_in: &SignIn,
    provider: &SamlProvider,
    way: &Way,
    response: &str,
) -> Result<Visitor, Denied> {
    let Question::Saml { request_id } = &way.question else {
        return Err(way::not_sent());
    };
    if response.len() > RESPONSE_CHARS_MAX {
        return Err(not_vouched(&"the response is too long"));
    }
    let assertion = provider
        .finish(&SamlReturn {
            response,
            request_id,
            answer_to: &way.back_at,
            now_s: visit.now_s(),
        })
        .map_err(|refusal| not_vouched(&refusal))?;
    // A way lies in the browser, which may keep a copy of it: the record of answered requests
    // lies here.
    if !desk.answered.first(request_id, way.ends_at, visit.now_s()) {
        return Err(not_vouched(&"the request was answered already"));
    }
    sign_in
        .admit_assertion(&assertion)
        .map_err(|cause| Denied::not_admitted(&cause))
}
