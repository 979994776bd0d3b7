//! Claims: what a verified token says.

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::roles;
use crate::session_tags::SessionTags;

/// The claim that carries the source identity of a session.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The latest moment that is taken for a time: the end of the year 9999.
const TIME_MAX_S: f64 = 253_402_300_799.0;

/// Claims whose signature, issuer, audience and times have been checked. There is no
/// public constructor: verification is the only way to hold one.
#[derive(Debug, Clone)]
pub struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The clients of ours that the token was made for; never empty.
    pub(crate) clients: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) authorized_party: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) issued_at: Option<i64>,
    pub(crate) all: Map<String, Value>,
}

impl Claims {
    /// Who issued the token, exactly as it says: `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whom it is about: `sub`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The client that it was made for, one of the expected ones: the authorized party
    /// where the token has one, else the first of its audience.
    pub fn client_id(&self) -> &str {
        self.clients.first().map(String::as_str).unwrap_or_default()
    }

    /// All of the audience: `aud`. Others than ours may be in it.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// At whose request it was made: `azp`.
    pub fn authorized_party(&self) -> Option<&str> {
        self.authorized_party.as_deref()
    }

    /// When it ends, in seconds since 1970: `exp`.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// When it was made, in seconds since 1970: `iat`.
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// How the person proved who they are: `amr`.
    pub fn authentication_methods(&self) -> Vec<String> {
        self.all.get("amr").map(strings).unwrap_or_default()
    }

    /// Everything that the token says.
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// The session tags that the token asks for.
    pub fn session_tags(&self) -> Result<SessionTags, Refusal> {
        SessionTags::read(&self.all)
    }

    /// The ARNs of the roles that the token may be used for, where the provider says so.
    pub fn roles(&self) -> Result<Option<Vec<&str>>, Refusal> {
        roles::read(&self.all)
    }

    /// The source identity that the token asks for.
    pub fn source_identity(&self) -> Result<Option<&str>, Refusal> {
        match self.all.get(SOURCE_IDENTITY) {
            None => Ok(None),
            Some(Value::String(identity)) => Ok(Some(identity)),
            Some(_) => Err(Refusal::MalformedClaim(SOURCE_IDENTITY)),
        }
    }
}

/// A text, or a list of texts; anything else in a list is left out.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// A time in seconds since 1970. RFC 7519 §2 lets it have a fraction, which is cut off;
/// texts, negative and absurd numbers are refused.
pub(crate) fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, Refusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    match value.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked, the fraction is meant to go"
        )]
        Some(seconds) if (0.0..=TIME_MAX_S).contains(&seconds) => Ok(Some(seconds as i64)),
        _ => Err(Refusal::MalformedClaim(name)),
    }
}
