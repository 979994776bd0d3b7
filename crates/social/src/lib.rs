//! Verifies what the public providers say that AWS has built in: Google, Apple, Facebook,
//! Amazon and Twitter.
//!
//! A token goes in, a [`Person`] or a [`Refusal`] comes out. Google and Apple sign tokens,
//! which [`oidc`] verifies. The others hand out tokens that mean something to themselves
//! alone: they are asked whose token it is and for which application it was made. A token of
//! another application is refused: whoever runs that application could have kept it.
//!
//! Where each provider is asked can be configured; see `outbound::Config`.

mod answers;
mod oauth1;

use oidc::{Expectation, KeySource, Unverified};
use outbound::Fetcher;
use serde_json::{Map, Value};

/// The providers, by the names that AWS gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `accounts.google.com`.
    Google,
    /// `appleid.apple.com`.
    Apple,
    /// `graph.facebook.com`.
    Facebook,
    /// `www.amazon.com`.
    Amazon,
    /// `api.twitter.com`.
    Twitter,
}

/// A person whom a provider vouches for. There is no public constructor.
#[derive(Debug, Clone)]
pub struct Person {
    subject: String,
    client: String,
    claims: Map<String, Value>,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A signed token that is not right.
    #[error(transparent)]
    Token(#[from] oidc::Refusal),
    /// The provider said that the token is nothing.
    #[error("the provider does not vouch for the token: {0}")]
    Unvouched(outbound::FetchRefusal),
    /// The provider did not answer.
    #[error("the provider does not answer: {0}")]
    Silent(outbound::FetchRefusal),
    /// The answer is not what the provider is known to answer.
    #[error("the provider's answer lacks `{0}`")]
    Answer(&'static str),
    /// The token was made for another application.
    #[error("the token is of application `{0}`")]
    WrongApplication(String),
    /// The token cannot be one of this provider's.
    #[error("the token is malformed")]
    Malformed,
}

impl From<outbound::FetchRefusal> for Refusal {
    fn from(refusal: outbound::FetchRefusal) -> Refusal {
        match &refusal {
            outbound::FetchRefusal::Status { status, .. } if !status.is_server_error() => {
                Refusal::Unvouched(refusal)
            }
            _ => Refusal::Silent(refusal),
        }
    }
}

/// What verification needs to know.
pub struct Asking<'a> {
    /// The applications whose tokens count; nothing where the caller judges
    /// [`Person::client`] itself.
    pub applications: Option<&'a [String]>,
    /// The time, in seconds since 1970.
    pub now_s: i64,
    /// Never the same twice.
    pub nonce: &'a str,
    /// Keys of providers that sign.
    pub keys: &'a KeySource,
    /// The guarded way out.
    pub fetcher: &'a Fetcher,
}

/// The longest token that is handed on to a provider.
const TOKEN_BYTES_MAX: usize = 2048;

impl Provider {
    /// The provider of this name.
    pub fn named(name: &str) -> Option<Provider> {
        Some(match name {
            "accounts.google.com" => Provider::Google,
            "appleid.apple.com" => Provider::Apple,
            "graph.facebook.com" => Provider::Facebook,
            "www.amazon.com" => Provider::Amazon,
            "api.twitter.com" => Provider::Twitter,
            _ => return None,
        })
    }

    /// The issuer in its signed tokens, if it signs any.
    pub fn issuer(self) -> Option<&'static str> {
        match self {
            Provider::Google => Some("https://accounts.google.com"),
            Provider::Apple => Some("https://appleid.apple.com"),
            Provider::Facebook | Provider::Amazon | Provider::Twitter => None,
        }
    }

    /// Verifies a token.
    pub async fn verify(self, token: &str, asking: &Asking<'_>) -> Result<Person, Refusal> {
        if let Some(issuer) = self.issuer() {
            return signed(issuer, token, asking).await;
        }
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let person = match self {
            Provider::Facebook => answers::facebook(token, asking).await?,
            Provider::Amazon => answers::amazon(token, asking).await?,
            _ => return oauth1::twitter(token, asking).await,
        };
        match asking.applications {
            Some(ours) if !ours.iter().any(|id| person.is_of(id)) => {
                Err(Refusal::WrongApplication(person.client))
            }
            _ => Ok(person),
        }
    }
}

impl Person {
    /// How the provider names the person.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The application that the token was made for.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Everything that the provider says.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether the token was made for this application, under any of its names.
    fn is_of(&self, application: &str) -> bool {
        let said = ["app_id", "aud"]
            .iter()
            .any(|name| self.claims.get(*name).and_then(Value::as_str) == Some(application));
        said || self.client == application
    }
}

async fn signed(issuer: &str, token: &str, asking: &Asking<'_>) -> Result<Person, Refusal> {
    let anybodys;
    let client_ids = match asking.applications {
        Some(ours) => ours,
        None => {
            anybodys = clients(token)?;
            &anybodys
        }
    };
    let expectation = Expectation {
        issuer,
        client_ids,
        now: asking.now_s,
    };
    let claims = oidc::verify(token, &expectation, asking.keys).await?;
    Ok(Person {
        subject: claims.subject().to_owned(),
        client: claims.client_id().to_owned(),
        claims: claims.all().clone(),
    })
}

/// Whomever the token says it is for.
fn clients(token: &str) -> Result<Vec<String>, Refusal> {
    let unverified = Unverified::parse(token)?;
    let mut clients = unverified.audiences()?;
    clients.extend(unverified.authorized_party()?);
    Ok(clients)
}
