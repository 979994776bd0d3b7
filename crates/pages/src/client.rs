//! The pages' own client: it signs with the signed-in person's credentials, or with the
//! broker's key, and goes in by the same door as every other client.

use aws::Secret;
use bytes::Bytes;
use facts::ServiceFacts;
use http::{HeaderMap, HeaderValue, Method, header};
use identity::Session;
use plane::{Environment, REGION_DEFAULT, Raw};
use serde_json::Value;

use crate::visit::{Visit, header_text};

/// Where requests go that never leave the house.
const HOST: &str = "arnold.internal";

/// What a service refused, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn ours(message: &str) -> Refused {
        Refused {
            code: "InternalFailure".to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Calls one operation of a query service as the person whose session this is, and reads
/// the result.
pub(crate) async fn call(
    visit: &Visit<'_>,
    session: &Session,
    service: &ServiceFacts,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Value, Refused> {
    call_as(visit, Signer::Session(session), service, action, parameters).await
}

/// Whose credentials a request is signed with.
pub(crate) enum Signer<'a> {
    /// The person's own.
    Session(&'a Session),
    /// Those of the broker's user.
    Broker(&'a broker::Key),
}

/// Calls one operation of a query service as whoever signs, and reads the result.
pub(crate) async fn call_as(
    visit: &Visit<'_>,
    signer: Signer<'_>,
    service: &ServiceFacts,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Value, Refused> {
    let request = signed(visit, Some(&signer), service, action, parameters)
        .ok_or_else(|| Refused::ours("The request could not be signed."))?;
    send(visit, action, request).await
}

/// Calls an operation that carries its own proof.
pub(crate) async fn call_unsigned(
    visit: &Visit<'_>,
    service: &ServiceFacts,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Value, Refused> {
    let request = signed(visit, None, service, action, parameters)
        .ok_or_else(|| Refused::ours("The request could not be made."))?;
    send(visit, action, request).await
}

async fn send(visit: &Visit<'_>, action: &str, request: Raw) -> Result<Value, Refused> {
    let answer = visit.pages.plane.answer(request).await;
    let mut document: Value = serde_json::from_slice(&answer.body)
        .map_err(|_not_json| Refused::ours("The answer could not be read."))?;
    if answer.status == 200 {
        let path = format!("/{action}Response/{action}Result");
        return Ok(document
            .pointer_mut(&path)
            .map(Value::take)
            .unwrap_or_default());
    }
    let text = |member: &str| {
        document
            .pointer(&format!("/Error/{member}"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Err(Refused {
        code: text("Code"),
        message: text("Message"),
    })
}

/// What a request is signed with.
struct Credentials {
    access_key_id: String,
    secret: Secret<String>,
    session_token: Option<String>,
}

impl Signer<'_> {
    /// Fresh credentials of a session, or the key as it is.
    fn credentials(&self, environment: &Environment) -> Option<Credentials> {
        Some(match self {
            Signer::Session(session) => {
                let entropy = environment.entropy.as_ref();
                let issued = environment.directory.issue(session, entropy).ok()?;
                Credentials {
                    access_key_id: issued.access_key_id,
                    secret: issued.secret_access_key,
                    session_token: Some(issued.session_token),
                }
            }
            Signer::Broker(key) => Credentials {
                access_key_id: key.access_key_id.clone(),
                secret: key.secret_access_key.clone(),
                session_token: None,
            },
        })
    }
}

/// The request, signed if anybody signs it.
fn signed(
    visit: &Visit<'_>,
    signer: Option<&Signer<'_>>,
    service: &ServiceFacts,
    action: &str,
    parameters: &[(&str, &str)],
) -> Option<Raw> {
    let environment = visit.environment();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", service.api_version)
        .extend_pairs(parameters)
        .finish();
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static(HOST));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    if let Some(agent) = header_text(&visit.raw.headers, &header::USER_AGENT) {
        headers.insert(header::USER_AGENT, HeaderValue::from_str(agent).ok()?);
    }
    if let Some(signer) = signer {
        sign(&mut headers, body.as_bytes(), signer, service, environment)?;
    }
    Some(Raw {
        method: Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        headers,
        authority: None,
        body: Bytes::from(body),
        peer: visit.raw.peer,
    })
}

/// Signs what is in the head so far, and the body.
fn sign(
    headers: &mut HeaderMap,
    body: &[u8],
    signer: &Signer<'_>,
    service: &ServiceFacts,
    environment: &Environment,
) -> Option<()> {
    let credentials = signer.credentials(environment)?;
    let now = environment.clock.now();
    let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    headers.insert("x-amz-date", HeaderValue::from_str(&date).ok()?);
    if let Some(token) = &credentials.session_token {
        headers.insert("x-amz-security-token", HeaderValue::from_str(token).ok()?);
    }
    let signature = sigv4::Signature {
        access_key_id: &credentials.access_key_id,
        secret: &credentials.secret,
        region: REGION_DEFAULT,
        service: service.signing_name,
        now_s: now.as_second(),
    };
    let parts = sigv4::Parts {
        method: "POST",
        path: "/",
        query: "",
        headers,
        authority: None,
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    let authorization = sigv4::sign(&signature, &parts, &hex::encode(digest)).ok()?;
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_str(&authorization).ok()?,
    );
    Some(())
}

/// The session that an answer's credentials stand for.
pub(crate) fn session_of(visit: &Visit<'_>, answer: &Value) -> Option<Session> {
    let text = |member: &str| {
        answer
            .pointer(&format!("/Credentials/{member}"))
            .and_then(Value::as_str)
    };
    let credential = visit.environment().directory.credential(
        text("AccessKeyId")?,
        Some(text("SessionToken")?),
        visit.now_s(),
    );
    credential.ok()?.caller.known()?.session().cloned()
}
