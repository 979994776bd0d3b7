//! The two ceremonies, in the order of the standard's steps: registering a key (§7.1) and
//! proving to hold it (§7.2).

use aws_lc_rs::digest::{SHA256, digest};
use coset::cbor::Value;

use crate::authenticator_data::{AuthenticatorData, cbor};
use crate::client_data::{self, Ceremony};
use crate::{Challenge, Party, PublicKey, Refusal};

/// An attestation object without an attestation is smaller by far.
const ATTESTATION_BYTES_MAX: usize = 8_192;

/// The longest signature of 4096 bits, and room.
const SIGNATURE_BYTES_MAX: usize = 1_024;

/// What came back for a new key.
#[derive(Debug)]
pub struct Registration<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `attestationObject`.
    pub attestation: &'a [u8],
}

/// A key that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is known by.
    pub credential_id: Vec<u8>,
    /// What its signatures are verified with.
    pub public_key: PublicKey,
    /// How often it signed so far.
    pub counter: u32,
    /// Whether it may be on several devices.
    pub is_backup_eligible: bool,
}

/// What came back from a key that is known.
#[derive(Debug)]
pub struct Assertion<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// The signature over both.
    pub signature: &'a [u8],
    /// Whom the key takes its holder for, if it says.
    pub user_handle: Option<&'a [u8]>,
}

/// What is kept of a key.
#[derive(Debug)]
pub struct Known<'a> {
    /// What its signatures are verified with.
    pub public_key: &'a PublicKey,
    /// How often it had signed when it was last seen.
    pub counter: u32,
    /// Whether it may be on several devices.
    pub is_backup_eligible: bool,
    /// What it was told of its holder.
    pub user_handle: &'a [u8],
}

/// A key was there and somebody touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// How often the key has signed: to be kept before anybody is told that it held.
    pub counter: u32,
}

/// Judges a registration. No attestation is asked for: what made the key is not our question.
pub fn registered(
    party: &Party,
    challenge: &Challenge,
    came: &Registration<'_>,
) -> Result<NewKey, Refusal> {
    client_data::check(came.client_data, Ceremony::Create, party, challenge)?;
    let attestation = Attestation::read(came.attestation)?;
    let seen = AuthenticatorData::read(&attestation.authenticator_data, party)?;
    let key = seen.key.ok_or(Refusal::NoKey)?;
    let public_key = PublicKey::read(key.unread_key)?;
    let signed = signed(&attestation.authenticator_data, came.client_data);
    attestation.check(&public_key, &signed)?;
    Ok(NewKey {
        credential_id: key.id,
        public_key,
        counter: seen.counter,
        is_backup_eligible: seen.is_backup_eligible,
    })
}

/// Judges an assertion of a key that is known.
pub fn proved(
    party: &Party,
    challenge: &Challenge,
    known: &Known<'_>,
    came: &Assertion<'_>,
) -> Result<Proof, Refusal> {
    if came.signature.len() > SIGNATURE_BYTES_MAX {
        return Err(Refusal::TooLong("the signature"));
    }
    if came
        .user_handle
        .is_some_and(|handle| handle != known.user_handle)
    {
        return Err(Refusal::UserHandle);
    }
    client_data::check(came.client_data, Ceremony::Get, party, challenge)?;
    let seen = AuthenticatorData::read(came.authenticator_data, party)?;
    if seen.key.is_some() {
        return Err(Refusal::AuthenticatorData("it holds a new key"));
    }
    if seen.is_backup_eligible != known.is_backup_eligible {
        return Err(Refusal::Backup);
    }
    let signed = signed(came.authenticator_data, came.client_data);
    if !known.public_key.verifies(&signed, came.signature) {
        return Err(Refusal::Signature);
    }
    // §7.2 step 22: a key that counts must have counted on; one that does not sends zero.
    let counts = seen.counter != 0 || known.counter != 0;
    if counts && seen.counter <= known.counter {
        return Err(Refusal::Counter {
            kept: known.counter,
            found: seen.counter,
        });
    }
    Ok(Proof {
        counter: seen.counter,
    })
}

/// What a key signs: what it saw, and the digest of what the browser saw.
fn signed(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA256, client_data);
    [authenticator_data, digest.as_ref()].concat()
}

/// An attestation object (§6.5.4), taken apart.
struct Attestation {
    format: String,
    statement: Vec<(Value, Value)>,
    authenticator_data: Vec<u8>,
}

impl Attestation {
    fn read(mut bytes: &[u8]) -> Result<Attestation, Refusal> {
        if bytes.len() > ATTESTATION_BYTES_MAX {
            return Err(Refusal::TooLong("the attestation object"));
        }
        let members = match cbor(&mut bytes) {
            Some(Value::Map(members)) if bytes.is_empty() => members,
            _ => return Err(Refusal::Attestation("it is not one CBOR map")),
        };
        let (mut format, mut statement, mut authenticator_data) = (None, None, None);
        for (name, value) in members {
            let again = match (name.as_text(), value) {
                (Some("fmt"), Value::Text(text)) => format.replace(text).is_some(),
                (Some("attStmt"), Value::Map(map)) => statement.replace(map).is_some(),
                (Some("authData"), Value::Bytes(bytes)) => {
                    authenticator_data.replace(bytes).is_some()
                }
                _ => return Err(Refusal::Attestation("a member has no place in it")),
            };
            if again {
                return Err(Refusal::Attestation("a member comes twice"));
            }
        }
        match (format, statement, authenticator_data) {
            (Some(format), Some(statement), Some(authenticator_data)) => Ok(Attestation {
                format,
                statement,
                authenticator_data,
            }),
            _ => Err(Refusal::Attestation("a member is missing")),
        }
    }

    /// Takes no attestation (§8.7), and the key's own signature (§8.2, self attestation), which
    /// browsers pass on unasked. Others speak of makers, whom nobody asked about.
    fn check(&self, key: &PublicKey, signed: &[u8]) -> Result<(), Refusal> {
        match self.format.as_str() {
            "none" if self.statement.is_empty() => Ok(()),
            "packed" if self.member("x5c").is_none() => {
                let algorithm = self.member("alg").and_then(Value::as_integer);
                let signature = self.member("sig").and_then(Value::as_bytes);
                let holds = algorithm == Some(key.algorithm().into())
                    && signature.is_some_and(|signature| key.verifies(signed, signature));
                holds.then_some(()).ok_or(Refusal::AttestationSignature)
            }
            other => Err(Refusal::AttestationFormat(other.chars().take(32).collect())),
        }
    }

    fn member(&self, wanted: &str) -> Option<&Value> {
        let mut members = self.statement.iter();
        members
            .find(|(name, _)| name.as_text() == Some(wanted))
            .map(|(_, value)| value)
    }
}
