//! Signing in at a broker: by the browser, or with a name and a password.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use http::Method;
use serde_json::Value;
use url::Url;

use crate::login::credentials::Credentials;
use crate::login::listener::{Awaited, Listener, Parameters};
use crate::login::web::{Pkce, Web, json, refusal, unguessable};
use crate::login::{LoginOptions, browser};
use crate::{Failure, password};

/// What the broker calls this program.
const CLIENT: &str = "arnold-login";

const PAGE: &str = "/console/broker";
const TOKEN: &str = "/console/broker/token";
const CALLBACK: &str = "/callback";

/// In the browser: the code flow with PKCE, back to this machine.
pub(super) async fn by_browser(
    options: &LoginOptions,
    broker: &Url,
    web: &Web,
) -> Result<Credentials, Failure> {
    let listener = Listener::open(options.port).await?;
    let redirect_uri = listener.address(CALLBACK);
    let (pkce, state) = (Pkce::new(), unguessable());
    let mut address = broker.join(PAGE)?;
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", CLIENT)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("state", &state)
        .append_pair("code_challenge", &pkce.challenge)
        .append_pair("code_challenge_method", "S256");
    if let Some(role) = &options.role {
        address.query_pairs_mut().append_pair("role", role);
    }
    browser::open(address.as_str(), options.no_browser);
    let came = listener.wait(CAME_BACK, is_of_state, &state).await?;
    let code = code_of(&came)?;
    let token = broker.join(TOKEN)?;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", &pkce.verifier),
    ];
    credentials(web, &token, &form).await
}

/// A browser that comes back from an authorization page.
pub(super) const CAME_BACK: Awaited = Awaited {
    method: &Method::GET,
    path: CALLBACK,
};

/// Whether an answer belongs to the question that was asked.
pub(super) fn is_of_state(parameters: &Parameters, state: &str) -> bool {
    let found = parameters.get("state").map(String::as_bytes);
    found.is_some_and(|found| seal::same(found, state.as_bytes()))
}

/// The code that a browser brought, or why there is none.
pub(super) fn code_of(parameters: &Parameters) -> Result<&str, Failure> {
    match (parameters.get("code"), parameters.get("error")) {
        (Some(code), None) => Ok(code),
        (_, Some(error)) if error == "access_denied" => Err("it was denied in the browser".into()),
        (_, Some(error)) => Err(format!("the browser came back with `{error}`").into()),
        (None, None) => Err("the browser came back without a code".into()),
    }
}

/// With a name and a password, which go to the broker alone.
pub(super) async fn by_password(
    options: &LoginOptions,
    broker: &Url,
    web: &Web,
) -> Result<Credentials, Failure> {
    let user = match &options.user {
        Some(user) => user.clone(),
        None => ask("Name: ")?,
    };
    let password = password::ask(&format!("Password of {user}: "))?;
    let token = broker.join(TOKEN)?;
    let mut form = vec![
        ("grant_type", "password"),
        ("client_id", CLIENT),
        ("username", &user),
        ("password", password.expose()),
    ];
    if let Some(sign_in) = &options.sign_in {
        form.push(("sign_in", sign_in));
    }
    let answer = web.post(token.as_str(), &form).await?;
    let document = json(&answer)?;
    if !answer.status.is_success() {
        return Err(format!("the broker does not let you in: {}", refusal(&document)).into());
    }
    let ticket = document
        .get("ticket")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let choice = choice(&document, options.role.as_deref())?;
    let form = [
        ("grant_type", "urn:arnold:grant-type:ticket"),
        ("client_id", CLIENT),
        ("ticket", ticket),
        ("choice", &choice),
    ];
    credentials(web, &token, &form).await
}

async fn credentials(
    web: &Web,
    token: &Url,
    form: &[(&str, &str)],
) -> Result<Credentials, Failure> {
    let answer = web.post(token.as_str(), form).await?;
    if !answer.status.is_success() {
        let why = refusal(&json(&answer)?);
        return Err(format!("the broker hands nothing out: {why}").into());
    }
    Credentials::parse(&answer.bytes).ok_or_else(|| "the broker's answer cannot be read".into())
}

/// What is open, and which of it is wanted.
fn choice(document: &Value, wanted: Option<&str>) -> Result<String, Failure> {
    let choices = document.get("choices").and_then(Value::as_array);
    let choices = choices.map(Vec::as_slice).unwrap_or_default();
    let text = |choice: &Value, member: &str| {
        let value = choice.get(member).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let fitting: Vec<&Value> = choices
        .iter()
        .filter(|choice| {
            wanted.is_none_or(|wanted| {
                text(choice, "title") == wanted || text(choice, "role_arn") == wanted
            })
        })
        .collect();
    if let [only] = fitting.as_slice() {
        return Ok(text(only, "id"));
    }
    let listed: Vec<String> = choices.iter().map(|choice| text(choice, "title")).collect();
    if fitting.is_empty() || !std::io::stdin().is_terminal() {
        return Err(format!(
            "say with `--role` what you want; open to you: {}",
            listed.join(", ")
        )
        .into());
    }
    for (number, choice) in (1..).zip(&fitting) {
        eprintln!(
            "{number}  {}  {}",
            text(choice, "title"),
            text(choice, "role_arn")
        );
    }
    let number: usize = ask("Number: ")?.parse().unwrap_or_default();
    let chosen = number.checked_sub(1).and_then(|at| fitting.get(at));
    chosen
        .map(|choice| text(choice, "id"))
        .ok_or_else(|| "there is no such number".into())
}

/// Asks for a line.
fn ask(prompt: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err("there is nobody to ask: say `--user` and `--role`".into());
    }
    let mut err = std::io::stderr().lock();
    write!(err, "{prompt}")?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
