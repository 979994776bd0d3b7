//! Signing in at an OpenID Connect provider, by the code flow with PKCE.

use aws::{Entropy, Secret};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use oidc::{Claims, Endpoints, Expectation, KeySource};
use outbound::Fetcher;
use serde::Deserialize;
use tokio::sync::Mutex;

/// A provider that the broker is a client of.
#[derive(Debug)]
pub struct Provider {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret<String>>,
    pub(crate) scopes: Vec<String>,
    pub(crate) name_claim: String,
    pub(crate) groups_claim: String,
    pub(crate) known: Mutex<Known>,
}

/// What the provider said of itself when it was last asked, or that it did not.
#[derive(Debug, Default)]
pub(crate) struct Known {
    endpoints: Option<Endpoints>,
    asked_at: i64,
}

/// How long what a provider says of itself is used without asking again.
const FRESH_S: i64 = 300;

/// How long a provider that did not answer is left alone.
const REST_S: i64 = 5;

/// A sign-in that has begun: where the browser goes, and what must come back with it.
#[derive(Debug)]
pub struct Started {
    /// The provider's page, with our question.
    pub address: String,
    /// Comes back beside the code.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Explains the challenge that the provider has.
    pub verifier: String,
}

/// What a browser brought back, and what had been kept for it.
#[derive(Debug)]
pub struct Return<'a> {
    /// The provider's code.
    pub code: &'a str,
    /// As of [`Started`].
    pub nonce: &'a str,
    /// As of [`Started`].
    pub verifier: &'a str,
    /// Where the browser was sent back to.
    pub redirect_uri: &'a str,
    /// The time, in seconds since 1970.
    pub now_s: i64,
}

/// Why a provider's sign-in does not count.
#[derive(Debug, thiserror::Error)]
pub enum ProviderRefusal {
    /// The provider cannot be asked.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(#[from] outbound::FetchRefusal),
    /// It could not be asked a moment ago.
    #[error("the provider could not be asked a moment ago")]
    Resting,
    /// What it says of itself is no use.
    #[error("the provider says nothing of use about itself: {0}")]
    Discovery(#[from] oidc::DiscoveryFault),
    /// Its address cannot be built upon.
    #[error("the provider's page has an address that is none: {0}")]
    Address(#[from] url::ParseError),
    /// It did not take the code.
    #[error("the provider did not take the code: {status}: {answer}")]
    Code {
        /// The status of its answer.
        status: u16,
        /// What it said, shortened.
        answer: String,
    },
    /// It answered without an ID token.
    #[error("the provider's answer has no ID token")]
    NoToken,
    /// The token does not count.
    #[error(transparent)]
    Token(#[from] oidc::Refusal),
    /// The token answers another question than ours.
    #[error("the token has another nonce than the one that was sent")]
    Nonce,
}

impl ProviderRefusal {
    /// Whether nobody could be asked: the person may try again and is not to blame.
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            ProviderRefusal::Unreachable(_)
                | ProviderRefusal::Resting
                | ProviderRefusal::Discovery(_)
                | ProviderRefusal::Address(_)
        )
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<String>,
}

/// The most of a provider's answer that is written down, in characters.
const ANSWER_CHARS_MAX: usize = 300;

impl Provider {
    /// Who it is.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Anybody can begin a sign-in, so anybody can make us ask: one question at a time serves
    /// all who wait, and its answer is kept.
    async fn endpoints(&self, fetcher: &Fetcher, now_s: i64) -> Result<Endpoints, ProviderRefusal> {
        let mut known = self.known.lock().await;
        let age_s = now_s.saturating_sub(known.asked_at);
        match &known.endpoints {
            Some(endpoints) if (0..FRESH_S).contains(&age_s) => return Ok(endpoints.clone()),
            None if (0..REST_S).contains(&age_s) => return Err(ProviderRefusal::Resting),
            Some(_) | None => {}
        }
        *known = Known {
            endpoints: None,
            asked_at: now_s,
        };
        let document = fetcher.get(&oidc::discovery_location(&self.issuer)).await?;
        let endpoints = Endpoints::read(&document.bytes, &self.issuer)?;
        known.endpoints = Some(endpoints.clone());
        Ok(endpoints)
    }

    /// Begins a sign-in that comes back to `redirect_uri`.
    pub async fn start(
        &self,
        redirect_uri: &str,
        now_s: i64,
        entropy: &dyn Entropy,
        fetcher: &Fetcher,
    ) -> Result<Started, ProviderRefusal> {
        let endpoints = self.endpoints(fetcher, now_s).await?;
        let (state, nonce) = (unguessable(entropy), unguessable(entropy));
        let verifier = unguessable(entropy);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let mut address = url::Url::parse(&endpoints.authorization)?;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(Started {
            address: address.to_string(),
            state,
            nonce,
            verifier,
        })
    }

    /// Ends a sign-in: trades the code, and verifies the token that it is traded for.
    pub async fn finish(
        &self,
        back: &Return<'_>,
        fetcher: &Fetcher,
        keys: &KeySource,
    ) -> Result<Claims, ProviderRefusal> {
        let endpoints = self.endpoints(fetcher, back.now_s).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", back.code),
            ("redirect_uri", back.redirect_uri),
            ("client_id", &self.client_id),
            ("code_verifier", back.verifier),
        ];
        let mut authorization = None;
        if let Some(secret) = &self.client_secret {
            match endpoints.takes_basic {
                true => authorization = Some(basic(&self.client_id, secret.expose())),
                false => form.push(("client_secret", secret.expose())),
            }
        }
        let answer = fetcher
            .post_form(&endpoints.token, &form, authorization.as_deref())
            .await?;
        if !answer.status.is_success() {
            let text = String::from_utf8_lossy(&answer.bytes);
            return Err(ProviderRefusal::Code {
                status: answer.status.as_u16(),
                answer: text.chars().take(ANSWER_CHARS_MAX).collect(),
            });
        }
        let token = serde_json::from_slice::<TokenAnswer>(&answer.bytes)
            .ok()
            .and_then(|answer| answer.id_token)
            .ok_or(ProviderRefusal::NoToken)?;
        let claims = oidc::verify(
            &token,
            &Expectation {
                issuer: &self.issuer,
                client_ids: std::slice::from_ref(&self.client_id),
                now: back.now_s,
            },
            keys,
        )
        .await?;
        // OpenID Connect Core §3.1.3.7, 11: it must be there, and be ours.
        let nonce = claims.all().get("nonce").and_then(|nonce| nonce.as_str());
        match nonce {
            Some(nonce) if seal::same(nonce.as_bytes(), back.nonce.as_bytes()) => Ok(claims),
            _ => Err(ProviderRefusal::Nonce),
        }
    }
}

/// RFC 6749 §2.3.1: both are form-encoded before they are joined.
fn basic(id: &str, secret: &str) -> String {
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn unguessable(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_shows_is_encoded_before_it_is_joined() {
        // `arnold` and `a:b c` are `arnold:a%3Ab+c`.
        assert_eq!(basic("arnold", "a:b c"), "Basic YXJub2xkOmElM0FiK2M=");
    }
}
