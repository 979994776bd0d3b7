//! What the key saw, byte by byte (WebAuthn §6.1): 32 bytes of the party's digest, one of
//! flags, four of a counter, then perhaps a new key and extensions.

use aws_lc_rs::digest::{SHA256, digest};
use coset::cbor::Value;
use coset::cbor::de::from_reader_with_recursion_limit;

use crate::{Party, Refusal};

/// A key with a large RSA modulus and some extensions takes less.
const DATA_BYTES_MAX: usize = 4_096;

/// The longest credential id (§4, "Credential ID").
const CREDENTIAL_ID_BYTES_MAX: usize = 1_023;

/// No CBOR of a key nests deeper.
const DEPTH_MAX: usize = 8;

/// The bits of the byte of flags.
mod flag {
    pub(super) const USER_PRESENT: u8 = 1;
    pub(super) const BACKUP_ELIGIBLE: u8 = 1 << 3;
    pub(super) const BACKED_UP: u8 = 1 << 4;
    pub(super) const KEY_INCLUDED: u8 = 1 << 6;
    pub(super) const EXTENSIONS_INCLUDED: u8 = 1 << 7;
}

/// What the key saw, for our party and with somebody there.
#[derive(Debug)]
pub(crate) struct AuthenticatorData {
    /// How often it signed so far; zero if it does not count.
    pub(crate) counter: u32,
    /// Whether the key may be on several devices.
    pub(crate) is_backup_eligible: bool,
    /// A new key.
    pub(crate) key: Option<NewCredential>,
}

/// A new key as the authenticator tells it.
#[derive(Debug)]
pub(crate) struct NewCredential {
    pub(crate) id: Vec<u8>,
    /// The COSE key, not yet looked at.
    pub(crate) unread_key: Value,
}

impl AuthenticatorData {
    pub(crate) fn read(bytes: &[u8], party: &Party) -> Result<AuthenticatorData, Refusal> {
        if bytes.len() > DATA_BYTES_MAX {
            return Err(Refusal::TooLong("the authenticator data"));
        }
        let short = Refusal::AuthenticatorData("it is too short");
        let (party_digest, rest) = bytes.split_first_chunk::<32>().ok_or(short.clone())?;
        let ([flags], rest) = rest.split_first_chunk::<1>().ok_or(short.clone())?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        if party_digest != digest(&SHA256, party.id().as_bytes()).as_ref() {
            return Err(Refusal::PartyId(party.id().to_owned()));
        }
        let has = |flag: u8| flags & flag != 0;
        if !has(flag::USER_PRESENT) {
            return Err(Refusal::NotPresent);
        }
        if has(flag::BACKED_UP) && !has(flag::BACKUP_ELIGIBLE) {
            return Err(Refusal::Backup);
        }
        let key = has(flag::KEY_INCLUDED)
            .then(|| NewCredential::read(&mut rest))
            .transpose()?;
        if has(flag::EXTENSIONS_INCLUDED) && !matches!(cbor(&mut rest), Some(Value::Map(_))) {
            return Err(Refusal::AuthenticatorData("its extensions are no map"));
        }
        if !rest.is_empty() {
            return Err(Refusal::AuthenticatorData("something follows it"));
        }
        Ok(AuthenticatorData {
            counter: u32::from_be_bytes(*counter),
            is_backup_eligible: has(flag::BACKUP_ELIGIBLE),
            key,
        })
    }
}

impl NewCredential {
    /// Reads §6.5.1: 16 bytes that name the model, two of a length, the id, the key.
    fn read(rest: &mut &[u8]) -> Result<NewCredential, Refusal> {
        let short = Refusal::AuthenticatorData("it ends within the key");
        let (_model, after) = rest.split_first_chunk::<16>().ok_or(short.clone())?;
        let (length, after) = after.split_first_chunk::<2>().ok_or(short.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
            return Err(Refusal::AuthenticatorData(
                "the credential id has an impossible length",
            ));
        }
        let (id, mut after) = after.split_at_checked(length).ok_or(short)?;
        let unread_key =
            cbor(&mut after).ok_or(Refusal::AuthenticatorData("the key in it is not CBOR"))?;
        *rest = after;
        Ok(NewCredential {
            id: id.to_vec(),
            unread_key,
        })
    }
}

/// The first CBOR item; what follows it is left.
pub(crate) fn cbor(bytes: &mut &[u8]) -> Option<Value> {
    from_reader_with_recursion_limit(bytes, DEPTH_MAX).ok()
}
