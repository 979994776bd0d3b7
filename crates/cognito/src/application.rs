//! The applications by which a pool is known at public providers. Twitter's has a secret,
//! which is sealed.

use std::collections::BTreeMap;

use aws::Secret;
use plane::{Call, Error};
use serde::{Deserialize, Serialize};

/// The provider whose applications have a secret: key and secret, with a semicolon between.
const TWITTER: &str = "api.twitter.com";

/// The pool's application at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Application {
    /// Its id, which everybody may know.
    Known(String),
    /// Its key and secret.
    Secret {
        /// In an envelope bound to the pool and the provider, base64.
        sealed: String,
    },
}

/// What the envelope of a pool's application is bound to.
fn envelope_identity(pool: &str, provider: &str) -> String {
    format!("identity-pool-application/{pool}/{provider}")
}

impl Application {
    fn keep(call: &Call, pool: &str, provider: &str, text: &str) -> Result<Application, Error> {
        if provider != TWITTER {
            return Ok(Application::Known(text.to_owned()));
        }
        let identity = envelope_identity(pool, provider);
        let secret = Secret::new(text.to_owned());
        let envelope = call.directory().envelope();
        let sealed = envelope.seal_text(&identity, &secret);
        Ok(Application::Secret {
            sealed: sealed.map_err(Error::internal)?,
        })
    }

    /// Its id, or key and secret.
    pub(crate) fn open(&self, call: &Call, pool: &str, provider: &str) -> Result<String, Error> {
        match self {
            Application::Known(id) => Ok(id.clone()),
            Application::Secret { sealed } => {
                let identity = envelope_identity(pool, provider);
                let opened = call.directory().envelope().open_text(&identity, sealed);
                Ok(opened.map_err(Error::internal)?.expose().clone())
            }
        }
    }
}

/// Applications as they are kept, by provider.
pub(crate) fn keep_all(
    call: &Call,
    pool: &str,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Application>, Error> {
    let kept = given.iter().map(|(provider, text)| {
        let application = Application::keep(call, pool, provider, text)?;
        Ok((provider.clone(), application))
    });
    kept.collect()
}

/// Applications as their owner sees them, by provider.
pub(crate) fn open_all(
    call: &Call,
    pool: &str,
    kept: &BTreeMap<String, Application>,
) -> Result<BTreeMap<String, String>, Error> {
    let opened = kept.iter().map(|(provider, application)| {
        let text = application.open(call, pool, provider)?;
        Ok((provider.clone(), text))
    });
    opened.collect()
}
