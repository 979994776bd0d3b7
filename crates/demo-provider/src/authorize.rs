//! `/authorize`: a client sends somebody here to sign in, and gets a code back.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;
use url::Url;

use crate::codes::{Challenge, Grant};
use crate::form::Parameters;
use crate::guard;
use crate::pages::{self, Notice, SignInPage};
use crate::provider::Provider;

/// Ties the form to the browser that it was shown in.
const FORM_COOKIE: &str = "arnold_demo_form";

/// The length of an unguessable text.
const UNGUESSABLE_CHARS: usize = 43;

/// The longest state or nonce that is carried.
const CARRIED_CHARS_MAX: usize = 1024;

/// A request that a registered client may make.
struct Request {
    client_id: String,
    redirect_uri: Url,
    /// As it was registered and sent, which `Url` might print differently.
    redirect_text: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: Challenge,
}

/// Why a request is not taken.
enum Fault {
    /// It is not certain whom it came from, so the person is told.
    Tell(&'static str),
    /// The client is certain, so it is told.
    Return {
        to: Box<Url>,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
}

impl Request {
    fn read(provider: &Provider, query: Option<&str>) -> Result<Request, Fault> {
        let parameters = Parameters::of_query(query)
            .map_err(|_ambiguous| Fault::Tell("The request has a parameter twice."))?;
        let client = parameters
            .get("client_id")
            .and_then(|id| provider.directory.client(id))
            .ok_or(Fault::Tell("The request comes from an unknown client."))?;
        // Nobody is sent to an address that the client did not register.
        let redirect_text = parameters
            .get("redirect_uri")
            .filter(|uri| client.redirect_uris.iter().any(|known| known == uri))
            .ok_or(Fault::Tell(
                "The request names an address to return to that its client did not register.",
            ))?;
        let redirect_uri = Url::parse(redirect_text)
            .map_err(|_not_a_url| Fault::Tell("The address to return to is not a URL."))?;

        let state = parameters.get("state").map(str::to_owned);
        let refuse = |error, description| Fault::Return {
            to: Box::new(redirect_uri.clone()),
            state: state.clone(),
            error,
            description,
        };
        let carried = [parameters.get("state"), parameters.get("nonce")];
        if carried
            .iter()
            .flatten()
            .any(|text| text.len() > CARRIED_CHARS_MAX)
        {
            return Err(Fault::Tell("The request is too long."));
        }
        if parameters.get("response_type") != Some("code") {
            return Err(refuse(
                "unsupported_response_type",
                "response_type must be code",
            ));
        }
        if !matches!(parameters.get("response_mode"), None | Some("query")) {
            return Err(refuse("invalid_request", "response_mode must be query"));
        }
        let mut scopes = parameters.get("scope").unwrap_or_default().split(' ');
        if !scopes.any(|scope| scope == "openid") {
            return Err(refuse("invalid_scope", "scope must contain openid"));
        }
        if parameters.get("prompt") == Some("none") {
            return Err(refuse("login_required", "nobody is signed in"));
        }
        if parameters.get("code_challenge_method") != Some("S256") {
            return Err(refuse(
                "invalid_request",
                "code_challenge_method must be S256",
            ));
        }
        let challenge = parameters
            .get("code_challenge")
            .and_then(Challenge::parse)
            .ok_or_else(|| refuse("invalid_request", "code_challenge is missing or malformed"))?;
        Ok(Request {
            client_id: client.id.clone(),
            redirect_text: redirect_text.to_owned(),
            nonce: parameters.get("nonce").map(str::to_owned),
            redirect_uri,
            state,
            challenge,
        })
    }
}

/// Shows the sign-in page.
pub(crate) async fn show(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match Request::read(&provider, query.as_deref()) {
        Ok(request) => page(&provider, &request, query, &headers, "", None),
        Err(fault) => fault.into_response(&provider),
    }
}

/// Takes the sign-in form.
pub(crate) async fn sign_in(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = match Request::read(&provider, query.as_deref()) {
        Ok(request) => request,
        Err(fault) => return fault.into_response(&provider),
    };
    let Ok(form) = Parameters::parse(&body) else {
        return pages::message(StatusCode::BAD_REQUEST, "The form has a field twice.");
    };
    let username = form.get("username").unwrap_or_default();
    if !is_our_form(&form, &headers) {
        let notice = Notice::warning("The form was too old or not ours. Please try again.");
        return page(&provider, &request, query, &headers, username, Some(notice));
    }
    let password = form.get("password").unwrap_or_default();
    let Some(person) = provider.directory.sign_in(username, password) else {
        let notice = Notice::warning("Name or password is wrong.");
        return page(&provider, &request, query, &headers, username, Some(notice));
    };
    let code = provider.unguessable();
    let grant = Grant {
        client_id: request.client_id,
        redirect_uri: request.redirect_text,
        username: person.username.clone(),
        nonce: request.nonce,
        challenge: request.challenge,
        signed_in_at: provider.now(),
    };
    provider.codes.keep(code.clone(), grant);
    let answer = [("code", code.as_str()), ("iss", &provider.issuer)];
    returned(request.redirect_uri, request.state, &answer)
}

/// Whether the form was shown by us in this browser.
fn is_our_form(form: &Parameters, headers: &HeaderMap) -> bool {
    match (form.get("form"), guard::cookie(headers, FORM_COOKIE)) {
        (Some(sent), Some(kept)) => {
            kept.len() == UNGUESSABLE_CHARS && bool::from(sent.as_bytes().ct_eq(kept.as_bytes()))
        }
        _ => false,
    }
}

fn page(
    provider: &Provider,
    request: &Request,
    query: Option<String>,
    headers: &HeaderMap,
    username: &str,
    notice: Option<Notice>,
) -> Response {
    // Kept where it can be, so that two open pages do not spoil each other.
    let form = match guard::cookie(headers, FORM_COOKIE) {
        Some(kept) if kept.len() == UNGUESSABLE_CHARS => kept.to_owned(),
        _ => provider.unguessable(),
    };
    let status = match &notice {
        None => StatusCode::OK,
        Some(_) => StatusCode::FORBIDDEN,
    };
    let cookie = format!("{FORM_COOKIE}={form}; Path=/authorize; HttpOnly; SameSite=Strict");
    let mut response = pages::html(
        status,
        &SignInPage {
            client_id: &request.client_id,
            action: &format!("/authorize?{}", query.unwrap_or_default()),
            form: &form,
            username,
            notice,
            people: &provider.directory.people,
        },
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    let target = request.redirect_uri.origin().ascii_serialization();
    if let Some(policy) = guard::policy_with_form_target(&target) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl Fault {
    fn into_response(self, provider: &Provider) -> Response {
        match self {
            Fault::Tell(what) => pages::message(StatusCode::BAD_REQUEST, what),
            Fault::Return {
                to,
                state,
                error,
                description,
            } => {
                let answer = [
                    ("error", error),
                    ("error_description", description),
                    ("iss", &provider.issuer),
                ];
                returned(*to, state, &answer)
            }
        }
    }
}

/// Sends the person back to the client.
fn returned(mut to: Url, state: Option<String>, answer: &[(&str, &str)]) -> Response {
    {
        let mut query = to.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", &state);
        }
    }
    Redirect::to(to.as_str()).into_response()
}
