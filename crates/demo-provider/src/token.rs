//! `/token`: a code, or in this demo a password, for an id token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::Response;
use serde_json::json;

use crate::codes::Proof;
use crate::form::Parameters;
use crate::pages;
use crate::provider::{ID_TOKEN_S, Provider, SignedIn};

/// Why no token was made: an error of RFC 6749 §5.2 and what to do about it.
struct Fault(&'static str, &'static str);

/// Answers a token request.
pub(crate) async fn exchange(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match token(&provider, &headers, &body) {
        Ok(id_token) => pages::json(
            StatusCode::OK,
            &json!({
                // Good for nothing here; clients expect one.
                "access_token": provider.unguessable(),
                "token_type": "Bearer",
                "expires_in": ID_TOKEN_S,
                "id_token": id_token,
            }),
        ),
        Err(Fault(error, description)) => pages::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": error, "error_description": description}),
        ),
    }
}

fn token(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<String, Fault> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(Fault(
            "invalid_request",
            "send a form: application/x-www-form-urlencoded",
        ));
    }
    let form = Parameters::parse(body)
        .map_err(|_ambiguous| Fault("invalid_request", "a parameter appears twice"))?;
    let client_id = form
        .get("client_id")
        .filter(|id| provider.directory.client(id).is_some())
        .ok_or(Fault("invalid_client", "client_id is missing or unknown"))?;
    match form.get("grant_type") {
        Some("authorization_code") => by_code(provider, client_id, &form),
        Some("password") => by_password(provider, client_id, &form),
        _ => Err(Fault(
            "unsupported_grant_type",
            "grant_type must be authorization_code or password",
        )),
    }
}

fn by_code(provider: &Provider, client_id: &str, form: &Parameters) -> Result<String, Fault> {
    let needed = |name| {
        form.get(name).ok_or(Fault(
            "invalid_request",
            "code, redirect_uri and code_verifier are needed",
        ))
    };
    let proof = Proof {
        client_id,
        redirect_uri: needed("redirect_uri")?,
        verifier: needed("code_verifier")?,
    };
    let wrong = Fault(
        "invalid_grant",
        "the code is unknown, used, too old or not yours",
    );
    provider
        .token_for_code(needed("code")?, &proof)
        .ok_or(wrong)
}

fn by_password(provider: &Provider, client_id: &str, form: &Parameters) -> Result<String, Fault> {
    let username = form.get("username").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let person = provider
        .directory
        .sign_in(username, password)
        .ok_or(Fault("invalid_grant", "name or password is wrong"))?;
    provider
        .id_token(&SignedIn {
            person,
            client_id,
            nonce: form.get("nonce"),
            at: provider.now(),
        })
        .map_err(|_fault| Fault("server_error", "the token could not be signed"))
}

impl Provider {
    /// The id token that `code` stands for, if the proof holds.
    pub(crate) fn token_for_code(&self, code: &str, proof: &Proof<'_>) -> Option<String> {
        let grant = self.codes.exchange(code, proof, self.now())?;
        let signed_in = SignedIn {
            person: self.directory.person(&grant.username)?,
            client_id: &grant.client_id,
            nonce: grant.nonce.as_deref(),
            at: grant.signed_in_at,
        };
        self.id_token(&signed_in).ok()
    }
}
