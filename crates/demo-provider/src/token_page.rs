//! `/token-page`: an application of the provider's own that signs somebody in and shows
//! the id token, for people who want to paste it into a terminal.
//!
//! It is an ordinary client: it begins the code flow, comes back with a code, proves with
//! its verifier that it began it. What it must remember meanwhile is in a cookie.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use subtle::ConstantTimeEq;
use url::Url;

use crate::codes::{Challenge, Proof};
use crate::form::Parameters;
use crate::guard;
use crate::pages::{self, TokenPage};
use crate::provider::{Provider, TOKEN_PAGE_CLIENT};

/// Holds state and verifier, joined by a dot, while somebody signs in.
const FLOW_COOKIE: &str = "arnold_demo_flow";

/// How long somebody may take to sign in.
const FLOW_S: u32 = 600;

/// Where this page is.
pub(crate) fn location(issuer: &str) -> String {
    format!("{issuer}/token-page")
}

/// Begins a sign-in, or shows the token that came of it.
pub(crate) async fn show(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(parameters) = Parameters::of_query(query.as_deref()) else {
        return pages::message(
            StatusCode::BAD_REQUEST,
            "The address has a parameter twice.",
        );
    };
    match (parameters.get("code"), parameters.get("error")) {
        (Some(code), None) => finish(&provider, code, parameters.get("state"), &headers),
        (None, None) => begin(&provider),
        _ => pages::message(StatusCode::BAD_REQUEST, "The sign-in did not succeed."),
    }
}

fn begin(provider: &Provider) -> Response {
    let (state, verifier) = (provider.unguessable(), provider.unguessable());
    let Ok(mut sign_in) = Url::parse(&format!("{}/authorize", provider.issuer)) else {
        return pages::message(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The issuer is not a URL.",
        );
    };
    sign_in.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", TOKEN_PAGE_CLIENT),
        ("redirect_uri", &location(&provider.issuer)),
        ("scope", "openid profile email"),
        ("state", &state),
        ("code_challenge", &Challenge::of(&verifier)),
        ("code_challenge_method", "S256"),
    ]);
    let mut response = Redirect::to(sign_in.as_str()).into_response();
    set_flow(&mut response, &format!("{state}.{verifier}"), FLOW_S);
    response
}

fn finish(provider: &Provider, code: &str, state: Option<&str>, headers: &HeaderMap) -> Response {
    let begun = guard::cookie(headers, FLOW_COOKIE).and_then(|flow| flow.split_once('.'));
    let (Some((expected, verifier)), Some(state)) = (begun, state) else {
        return again();
    };
    if !bool::from(expected.as_bytes().ct_eq(state.as_bytes())) {
        return again();
    }
    let proof = Proof {
        client_id: TOKEN_PAGE_CLIENT,
        redirect_uri: &location(&provider.issuer),
        verifier,
    };
    let Some(id_token) = provider.token_for_code(code, &proof) else {
        return again();
    };
    let claims = claims_of(&id_token).unwrap_or_default();
    let name = claims.get("name").and_then(Value::as_str);
    let mut response = pages::html(
        StatusCode::OK,
        &TokenPage {
            name: name.unwrap_or_default(),
            id_token: &id_token,
            claims: &serde_json::to_string_pretty(&claims).unwrap_or_default(),
            steps: &provider.steps,
        },
    );
    set_flow(&mut response, "", 0);
    response
}

fn again() -> Response {
    pages::message(
        StatusCode::BAD_REQUEST,
        "This sign-in is over: its code was used, is too old, or was begun elsewhere.",
    )
}

fn set_flow(response: &mut Response, value: &str, seconds: u32) {
    let cookie = format!(
        "{FLOW_COOKIE}={value}; Path=/token-page; Max-Age={seconds}; HttpOnly; SameSite=Lax"
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// What our own token says, to show it.
fn claims_of(id_token: &str) -> Option<Value> {
    let payload = id_token.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}
