//! What the browser saw: which ceremony, which challenge, which origin (WebAuthn §5.8.1).

use serde::Deserialize;

use crate::{Challenge, Party, Refusal};

/// Browsers write some hundred bytes.
const CLIENT_DATA_BYTES_MAX: usize = 4_096;

/// The two ceremonies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new key.
    Create,
    /// A key that is known.
    Get,
}

impl Ceremony {
    fn name(self) -> &'static str {
        match self {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        }
    }
}

/// The members that are asked about. Browsers may add others (§5.8.1); none may come twice.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Whether the browser saw what we showed it, where we are.
pub(crate) fn check(
    client_data: &[u8],
    ceremony: Ceremony,
    party: &Party,
    challenge: &Challenge,
) -> Result<(), Refusal> {
    if client_data.len() > CLIENT_DATA_BYTES_MAX {
        return Err(Refusal::TooLong("the client data"));
    }
    let said: ClientData = serde_json::from_slice(client_data)
        .map_err(|error| Refusal::ClientData(error.to_string()))?;
    if said.kind != ceremony.name() {
        return Err(Refusal::Type {
            wanted: ceremony.name(),
            found: said.kind,
        });
    }
    if said.challenge != challenge.text() {
        return Err(Refusal::Challenge);
    }
    if said.origin != party.origin() {
        return Err(Refusal::Origin {
            wanted: party.origin().to_owned(),
            found: said.origin,
        });
    }
    if said.cross_origin || said.top_origin.is_some() {
        return Err(Refusal::CrossOrigin);
    }
    Ok(())
}
