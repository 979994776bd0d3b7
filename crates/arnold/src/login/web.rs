//! Asking servers, over TLS, or on this machine without.

use std::path::PathBuf;

use aws::{Entropy as _, SystemEntropy};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use outbound::{Answered, Config, Fetcher, Origin};
use serde_json::Value;
use url::Url;

use crate::Failure;
use crate::login::credentials::Credentials;

/// The way out of this program. The person names where it leads, so that private addresses are
/// as good as others; plain text is for this machine alone.
pub(super) struct Web {
    ca_files: Vec<PathBuf>,
}

impl Web {
    pub(super) fn new(ca_files: &[PathBuf]) -> Web {
        Web {
            ca_files: ca_files.to_vec(),
        }
    }

    fn fetcher(&self, url: &str) -> Result<Fetcher, Failure> {
        let origin = Url::parse(url)
            .map_err(|error| format!("`{url}` is not an address: {error}"))?
            .origin()
            .ascii_serialization();
        let origin: Origin = origin.parse()?;
        Fetcher::new(Config {
            allow: vec![origin],
            ca_files: self.ca_files.clone(),
            dev: true,
            ..Config::default()
        })
        .map_err(|error| match error {
            outbound::ConfigError::NotLoopback(origin) => {
                format!("`{origin}` is not safe: use `https`, or an address of this machine").into()
            }
            other => other.into(),
        })
    }

    /// Fetches a document.
    pub(super) async fn get(&self, url: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.fetcher(url)?.get(url).await?.bytes.to_vec())
    }

    /// Sends a form.
    pub(super) async fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answered, Failure> {
        Ok(self.fetcher(url)?.post_form(url, form, None).await?)
    }

    /// Calls an operation of STS that is proved by what it carries.
    pub(super) async fn sts(
        &self,
        endpoint: &Url,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Credentials, Failure> {
        let mut form = vec![("Action", action), ("Version", "2011-06-15")];
        form.extend_from_slice(parameters);
        let answer = self.post(endpoint.as_str(), &form).await?;
        let document = json(&answer)?;
        if !answer.status.is_success() {
            let text = |member: &str| {
                let value = document.pointer(&format!("/Error/{member}"));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            return Err(format!(
                "{action} was refused: {}: {}",
                text("Code"),
                text("Message")
            )
            .into());
        }
        document
            .pointer(&format!("/{action}Response/{action}Result/Credentials"))
            .and_then(Credentials::of_sts)
            .ok_or_else(|| format!("the answer to {action} has no credentials").into())
    }
}

/// An answer as JSON.
pub(super) fn json(answer: &Answered) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.bytes)
        .map_err(|_not_json| format!("the server answered {} and no JSON", answer.status).into())
}

/// What an answer of RFC 6749 §5.2 says is wrong.
pub(super) fn refusal(document: &Value) -> String {
    let text = |member: &str| document.get(member).and_then(Value::as_str);
    let words = text("error_description").or_else(|| text("error"));
    words.unwrap_or("it says nothing").to_owned()
}

/// A secret of one sign-in, and what may be told of it before (RFC 7636).
pub(super) struct Pkce {
    pub(super) verifier: String,
    pub(super) challenge: String,
}

impl Pkce {
    pub(super) fn new() -> Pkce {
        let verifier = unguessable();
        Pkce {
            challenge: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
            verifier,
        }
    }
}

/// 32 bytes that nobody guesses, in base64url.
pub(super) fn unguessable() -> String {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
