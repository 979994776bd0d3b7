//! Second factors that sign: security keys and passkeys (Web Authentication).
//!
//! A key is an [`MfaDevice`] like any other; here is what is kept beside it, and how it proves
//! itself. A challenge is good once: that it was answered is committed in every case, and the
//! key's counter is before anybody is told that its answer held.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Exactly, Lookup, Read, Record, StoreError, Transaction};
use webauthn::{Assertion, Challenge, Known, Party, PublicKey};

use crate::access_key::KeyOwner;
use crate::account::GLOBAL_SCOPE;
use crate::directory::Directory;
use crate::mfa_device::{Factor, MfaDevice};

/// How long a challenge waits for its answer.
pub const CHALLENGE_S: i64 = 300;

/// How many challenges that have ended are taken away with each new one. More than one, so
/// that they grow fewer.
const SWEPT: usize = 20;

/// What is kept of a security key. None of it is secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecurityKey {
    /// What the key is known by, base64url.
    pub credential_id: String,
    /// What its signatures are verified with.
    pub public_key: PublicKey,
    /// The host that it was registered at: it answers nowhere else.
    pub party_id: String,
    /// Whether it may be on several devices.
    pub is_backup_eligible: bool,
}

impl SecurityKey {
    /// What keys are told of whose they are. Nobody is named by it.
    pub fn user_handle(account: AccountId, owner: &KeyOwner) -> String {
        MfaDevice::owner_value(account, owner)
    }
}

/// A credential id that is taken. In the global scope: a key answers for one user alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialId {
    /// Base64url of a digest: ids may be longer than the store's.
    id: String,
}

impl CredentialId {
    /// This one.
    pub fn of(credential_id: &str) -> CredentialId {
        CredentialId {
            id: CredentialId::id_of(credential_id),
        }
    }

    /// The record's id.
    pub fn id_of(credential_id: &str) -> String {
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, credential_id.as_bytes());
        webauthn::text_of(digest.as_ref())
    }
}

impl Record for CredentialId {
    const KIND: &'static str = "iam.credential-id";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// How often a security key has signed, as it says itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecurityKeyUse {
    /// The device.
    pub serial: String,
    /// Its count.
    pub counter: u32,
}

impl Record for SecurityKeyUse {
    const KIND: &'static str = "iam.security-key-use";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.serial)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// A challenge that was answered, kept until it would have ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AnsweredChallenge {
    challenge: Challenge,
    ends_at: i64,
}

impl Record for AnsweredChallenge {
    const KIND: &'static str = "iam.answered-challenge";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.challenge.text())
    }

    fn lookups(&self) -> Vec<Lookup> {
        vec![Lookup::many("ends", format!("{:015}", self.ends_at))]
    }
}

/// What somebody was asked to sign.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where.
    pub party: Party,
    /// What.
    pub challenge: Challenge,
    /// Until when.
    pub ends_at: i64,
}

impl Asked {
    /// Takes the answer to a challenge: the first one, in time.
    fn take(&self, tx: &mut Transaction, now_s: i64) -> Result<Result<(), KeyRefusal>, StoreError> {
        if now_s >= self.ends_at {
            return Ok(Err(KeyRefusal::Late));
        }
        let answered = AnsweredChallenge {
            challenge: self.challenge.clone(),
            ends_at: self.ends_at,
        };
        if tx
            .get::<AnsweredChallenge>(GLOBAL_SCOPE, &answered.id())?
            .is_some()
        {
            return Ok(Err(KeyRefusal::Answered));
        }
        let oldest = tx.page::<AnsweredChallenge>(GLOBAL_SCOPE, "ends", "", None, SWEPT)?;
        for ended in oldest
            .records
            .iter()
            .take_while(|kept| kept.ends_at <= now_s)
        {
            tx.delete::<AnsweredChallenge>(GLOBAL_SCOPE, &ended.id())?;
        }
        tx.put(GLOBAL_SCOPE, &answered)?;
        Ok(Ok(()))
    }
}

/// Why a key's answer was not taken. For the log; people hear less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The challenge has ended.
    #[error("the challenge was answered too late")]
    Late,
    /// It was answered before.
    #[error("the challenge was answered before")]
    Answered,
    /// Nothing that we asked, or asked in another browser.
    #[error("the challenge is not one that this browser was given for this user")]
    NotAsked,
    /// The answer is not there, or not in the form that our page sends.
    #[error("the answer has another form than the page sends")]
    Form,
    /// A key of nobody, or of somebody else.
    #[error("no such security key of this user")]
    NoKey,
    /// The key was registered elsewhere.
    #[error("the security key was registered at `{0}`")]
    Elsewhere(String),
    /// The answer does not hold.
    #[error(transparent)]
    Answer(#[from] webauthn::Refusal),
}

impl Directory {
    /// Takes the answer to a challenge of a registration, once. Commits, so run it on the
    /// blocking pool.
    pub fn take_answer(
        &self,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Result<(), KeyRefusal>, StoreError> {
        self.store().transact(|tx| asked.take(tx, now.as_second()))
    }

    /// Checks what a security key of the user or of root signed, and gives the key's serial
    /// number. Commits in every case that tells something, so run it on the blocking pool.
    pub fn verify_security_key(
        &self,
        account: AccountId,
        owner: &KeyOwner,
        asked: &Asked,
        credential_id: &str,
        came: &Assertion<'_>,
        now: Timestamp,
    ) -> Result<Result<String, KeyRefusal>, StoreError> {
        self.store().transact(|tx| {
            if let Err(refusal) = asked.take(tx, now.as_second())? {
                return Ok(Err(refusal));
            }
            let theirs = MfaDevice::owner_value(account, owner);
            let devices = tx.all::<MfaDevice>(account.as_str(), "owner", Exactly(&theirs))?;
            let found = devices.iter().find_map(|device| match &device.factor {
                Factor::Key { security_key } if security_key.credential_id == credential_id => {
                    Some((device, security_key))
                }
                _ => None,
            });
            let Some((device, key)) = found else {
                return Ok(Err(KeyRefusal::NoKey));
            };
            if key.party_id != asked.party.id() {
                return Ok(Err(KeyRefusal::Elsewhere(key.party_id.clone())));
            }
            let handle = SecurityKey::user_handle(account, owner);
            let used = tx.get::<SecurityKeyUse>(account.as_str(), &device.serial)?;
            let known = Known {
                public_key: &key.public_key,
                counter: used.map_or(0, |used| used.counter),
                is_backup_eligible: key.is_backup_eligible,
                user_handle: handle.as_bytes(),
            };
            match webauthn::proved(&asked.party, &asked.challenge, &known, came) {
                Ok(proof) => {
                    let used = SecurityKeyUse {
                        serial: device.serial.clone(),
                        counter: proof.counter,
                    };
                    tx.put(account.as_str(), &used)?;
                    Ok(Ok(used.serial))
                }
                Err(refusal) => Ok(Err(refusal.into())),
            }
        })
    }
}
