//! Whom keys are registered with, and what they are asked to sign.

use std::fmt;

use aws::Entropy;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Bytes of a challenge: WebAuthn §13.4.3 wants 16 at least.
const CHALLENGE_BYTES: usize = 32;

/// A relying party: one origin, known to keys by its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    origin: String,
    id: String,
}

/// Why no keys can be registered at an origin: browsers refuse there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoParty {
    /// The host is an address of the network, not a name.
    #[error("security keys know names, not addresses")]
    Address,
    /// Neither TLS nor this very machine.
    #[error("security keys work over https, and over http at localhost alone")]
    Insecure,
    /// Not an origin at all.
    #[error("the origin cannot be read")]
    Unreadable,
}

impl Party {
    /// The party of the pages at this origin.
    pub fn at(origin: &str) -> Result<Party, NoParty> {
        let url = Url::parse(origin).map_err(|_not_an_url| NoParty::Unreadable)?;
        let id = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(NoParty::Address),
            None => return Err(NoParty::Unreadable),
        };
        let is_local = id == "localhost" || id.ends_with(".localhost");
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            _ => return Err(NoParty::Insecure),
        }
        Ok(Party {
            origin: url.origin().ascii_serialization(),
            id,
        })
    }

    /// The origin, as browsers write it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What keys know the party by.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What a key is asked to sign, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(String);

impl Challenge {
    /// One that nobody guesses.
    pub fn new(entropy: &dyn Entropy) -> Challenge {
        let mut bytes = [0; CHALLENGE_BYTES];
        entropy.fill(&mut bytes);
        Challenge(crate::text_of(&bytes))
    }

    /// As the browser gets it and gives it back: base64url.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}
