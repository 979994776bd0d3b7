//! Providers that are asked whose token it is.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::{Asking, Person, Refusal};

/// Facebook says of which application a token is, and of whom (Graph API, `/app` and `/me`).
pub(crate) async fn facebook(token: &str, asking: &Asking<'_>) -> Result<Person, Refusal> {
    let token = encode(token);
    let of = |what: &str| format!("https://graph.facebook.com/{what}access_token={token}");
    let application = ask(&of("app?"), asking).await?;
    let client = text(&application, "id")?;
    let mut claims = ask(&of("me?fields=id%2Cname%2Cemail&"), asking).await?;
    let subject = text(&claims, "id")?;
    claims.insert("app_id".to_owned(), Value::String(client.clone()));
    claims.insert("user_id".to_owned(), Value::String(subject.clone()));
    Ok(Person {
        subject,
        client,
        claims,
    })
}

/// Amazon says both at once (Login with Amazon, "Validate access tokens").
pub(crate) async fn amazon(token: &str, asking: &Asking<'_>) -> Result<Person, Refusal> {
    let token = encode(token);
    let url = format!("https://api.amazon.com/auth/o2/tokeninfo?access_token={token}");
    let claims = ask(&url, asking).await?;
    if text(&claims, "iss")? != "https://www.amazon.com" {
        return Err(Refusal::Answer("iss"));
    }
    // Seconds that are left.
    let left = claims.get("exp").and_then(Value::as_i64);
    if left.ok_or(Refusal::Answer("exp"))? <= 0 {
        return Err(Refusal::Answer("exp"));
    }
    Ok(Person {
        subject: text(&claims, "user_id")?,
        client: text(&claims, "app_id")?,
        claims,
    })
}

/// Fetches a JSON object. Whatever is no answer of 200 is a refusal.
pub(crate) async fn ask(url: &str, asking: &Asking<'_>) -> Result<Map<String, Value>, Refusal> {
    let fetched = asking.fetcher.get(url).await?;
    match serde_json::from_slice(&fetched.bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Refusal::Answer("an object")),
    }
}

/// A text with something in it.
pub(crate) fn text(answer: &Map<String, Value>, name: &'static str) -> Result<String, Refusal> {
    match answer.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        _ => Err(Refusal::Answer(name)),
    }
}

/// RFC 3986 §2.1: everything but letters and digits.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
