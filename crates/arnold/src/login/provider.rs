//! Signing in at an OpenID Connect provider: by the browser, or by a code that is typed on
//! another device. The token goes to AssumeRoleWithWebIdentity.

use std::time::Duration;

use aws::{Clock as _, Secret, SystemClock};
use oidc::Endpoints;
use serde_json::Value;

use crate::Failure;
use crate::login::broker::{CAME_BACK, code_of, is_of_state};
use crate::login::credentials::Credentials;
use crate::login::listener::Listener;
use crate::login::web::{Pkce, Web, json, refusal, unguessable};
use crate::login::{LoginOptions, browser};

/// How long to wait between two questions if the provider does not say (RFC 8628 §3.2), and
/// how much longer when it says that this is too often (§3.5).
const INTERVAL_S: u64 = 5;

/// The longest that a device code is waited for, in seconds.
const DEVICE_S_MAX: i64 = 1_800;

/// Signs in, and assumes the role.
pub(super) async fn sign_in(
    options: &LoginOptions,
    issuer: &str,
    web: &Web,
) -> Result<Credentials, Failure> {
    let document = web.get(&oidc::discovery_location(issuer)).await?;
    let client = Client {
        endpoints: Endpoints::read(&document, issuer)?,
        id: options.client_id.clone().unwrap_or_default(),
        secret: options
            .client_secret_file
            .as_deref()
            .map(secret)
            .transpose()?,
        scope: options.scope.clone(),
    };
    let token = match options.device {
        true => by_device(&client, web).await?,
        false => by_browser(options, &client, web).await?,
    };
    let role_arn = options.role_arn.as_deref().unwrap_or_default();
    let session_name = options.session_name.clone().unwrap_or_else(user_here);
    let duration = options.duration.map(|seconds| seconds.to_string());
    let mut parameters = vec![
        ("RoleArn", role_arn),
        ("RoleSessionName", session_name.as_str()),
        ("WebIdentityToken", token.expose().as_str()),
    ];
    if let Some(duration) = &duration {
        parameters.push(("DurationSeconds", duration));
    }
    web.sts(&options.endpoint, "AssumeRoleWithWebIdentity", &parameters)
        .await
}

/// This program, as the provider knows it.
struct Client {
    endpoints: Endpoints,
    id: String,
    secret: Option<Secret<String>>,
    scope: String,
}

impl Client {
    /// A form with our name in it, and the secret if there is one.
    fn form<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut form = vec![("client_id", self.id.as_str())];
        if let Some(secret) = &self.secret {
            form.push(("client_secret", secret.expose()));
        }
        form.extend_from_slice(more);
        form
    }
}

fn secret(path: &std::path::Path) -> Result<Secret<String>, Failure> {
    Ok(seal::SecretSource::File(path.to_owned()).read()?)
}

/// What somebody is called on this machine, as far as STS can take it.
fn user_here() -> String {
    let named = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
    let name: String = named
        .unwrap_or_default()
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || "_+=,.@-".contains(*character))
        .take(64)
        .collect();
    if name.len() < 2 {
        "arnold-login".to_owned()
    } else {
        name
    }
}

async fn by_browser(
    options: &LoginOptions,
    client: &Client,
    web: &Web,
) -> Result<Secret<String>, Failure> {
    let listener = Listener::open(options.port).await?;
    let redirect_uri = listener.address(CAME_BACK.path);
    let (pkce, state) = (Pkce::new(), unguessable());
    let mut address = url::Url::parse(&client.endpoints.authorization)?;
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", &client.scope)
        .append_pair("state", &state)
        .append_pair("code_challenge", &pkce.challenge)
        .append_pair("code_challenge_method", "S256");
    browser::open(address.as_str(), options.no_browser);
    let came = listener.wait(CAME_BACK, is_of_state, &state).await?;
    let form = client.form(&[
        ("grant_type", "authorization_code"),
        ("code", code_of(&came)?),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", &pkce.verifier),
    ]);
    let answer = web.post(&client.endpoints.token, &form).await?;
    let document = json(&answer)?;
    token(&document).ok_or_else(|| refused(&document))
}

async fn by_device(client: &Client, web: &Web) -> Result<Secret<String>, Failure> {
    let endpoint = client.endpoints.device_authorization.as_deref();
    let endpoint = endpoint.ok_or("the provider gives no codes for other devices")?;
    let form = client.form(&[("scope", &client.scope)]);
    let answer = web.post(endpoint, &form).await?;
    let document = json(&answer)?;
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    let (Some(device_code), Some(user_code), Some(address)) = (
        text("device_code"),
        text("user_code"),
        text("verification_uri"),
    ) else {
        return Err(refused(&document));
    };
    eprintln!("Open on any device:\n\n    {address}\n\nand type the code\n\n    {user_code}\n");
    let number = |member: &str| document.get(member).and_then(Value::as_i64);
    let lasts_s = number("expires_in")
        .unwrap_or(DEVICE_S_MAX)
        .min(DEVICE_S_MAX);
    let ends_s = SystemClock.epoch_seconds() + lasts_s;
    let mut interval_s = number("interval")
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(INTERVAL_S)
        .max(1);
    while SystemClock.epoch_seconds() < ends_s {
        tokio::time::sleep(Duration::from_secs(interval_s)).await;
        let form = client.form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device_code),
        ]);
        let document = json(&web.post(&client.endpoints.token, &form).await?)?;
        if let Some(token) = token(&document) {
            return Ok(token);
        }
        match document.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => {}
            Some("slow_down") => interval_s += INTERVAL_S,
            _ => return Err(refused(&document)),
        }
    }
    Err("the code was not typed in time".into())
}

fn token(document: &Value) -> Option<Secret<String>> {
    let token = document.get("id_token").and_then(Value::as_str)?;
    Some(Secret::new(token.to_owned()))
}

fn refused(document: &Value) -> Failure {
    format!("the provider gives no token: {}", refusal(document)).into()
}
