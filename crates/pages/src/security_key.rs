//! What pages and browsers say to each other about security keys: what a key is asked, and the
//! fields of a form that carry its answer.

use identity::{Asked, CHALLENGE_S, Factor, KeyRefusal, MfaDevice, SecurityKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use webauthn::{Challenge, NoParty, Party, bytes_of, text_of};

use crate::visit::Visit;

/// A challenge as it is sealed into a form.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Question {
    challenge: Challenge,
    ends_at: i64,
}

impl Question {
    /// A new one.
    pub(crate) fn new(visit: &Visit<'_>) -> Question {
        Question {
            challenge: Challenge::new(visit.environment().entropy.as_ref()),
            ends_at: visit.now_s() + CHALLENGE_S,
        }
    }

    /// As it was asked on the pages that this visit came from.
    pub(crate) fn asked(&self, visit: &Visit<'_>) -> Result<Asked, KeyRefusal> {
        Ok(Asked {
            party: party(visit).map_err(|_none| KeyRefusal::NotAsked)?,
            challenge: self.challenge.clone(),
            ends_at: self.ends_at,
        })
    }

    /// What the script needs to ask any of these keys to prove itself.
    pub(crate) fn to_prove(&self, party: &Party, keys: &[&SecurityKey]) -> String {
        json!({
            "ceremony": "get",
            "challenge": self.challenge.text(),
            "party": party.id(),
            "keys": ids(keys),
            "seconds": CHALLENGE_S,
        })
        .to_string()
    }

    /// What the script needs to ask for a new key.
    pub(crate) fn to_register(
        &self,
        party: &Party,
        keys: &[&SecurityKey],
        called: &str,
        handle: &str,
    ) -> String {
        json!({
            "ceremony": "create",
            "challenge": self.challenge.text(),
            "party": party.id(),
            "keys": ids(keys),
            "seconds": CHALLENGE_S,
            "called": called,
            "handle": text_of(handle.as_bytes()),
            "algorithms": webauthn::ALGORITHMS,
        })
        .to_string()
    }
}

fn ids<'a>(keys: &[&'a SecurityKey]) -> Vec<&'a str> {
    keys.iter().map(|key| key.credential_id.as_str()).collect()
}

/// Whom keys are registered with on the pages that this visit came from.
pub(crate) fn party(visit: &Visit<'_>) -> Result<Party, NoParty> {
    Party::at(&visit.origin())
}

/// The security keys among devices.
pub(crate) fn keys(devices: &[MfaDevice]) -> Vec<&SecurityKey> {
    let keys = devices.iter().filter_map(|device| match &device.factor {
        Factor::Key { security_key } => Some(security_key),
        Factor::Seed { .. } => None,
    });
    keys.collect()
}

/// The bytes that a field of the form carries.
pub(crate) fn field(visit: &Visit<'_>, name: &str) -> Result<Vec<u8>, KeyRefusal> {
    let text = visit.parameters.get(name).ok_or(KeyRefusal::Form)?;
    bytes_of(text).ok_or(KeyRefusal::Form)
}
