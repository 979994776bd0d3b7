//! Second factors: virtual devices that show a new code every thirty seconds (RFC 6238), and
//! [security keys](crate::SecurityKey).
//!
//! A code is good once. Which one was taken last is committed before anybody is told that it
//! held, so that neither a replay nor a crash makes it good again; and of a device only a few
//! are looked at in a stretch of time, or six digits would soon be guessed.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use seal::{Envelope, SealError};
use serde::{Deserialize, Serialize};
use store::{Exactly, Lookup, Read, Record, StoreError, Transaction};
use totp_rs::{Algorithm, TOTP};

use crate::access_key::{AccessKey, KeyOwner};
use crate::directory::Directory;
use crate::security_key::SecurityKey;
use crate::tag::Tag;

/// Seconds that a code is shown for.
const STEP_S: u64 = 30;
/// Digits of a code.
const DIGITS: usize = 6;
/// How many steps a device's clock may be off, either way. AWS was seen to take two (2026-09).
const WINDOW_STEPS: i64 = 2;
/// How far off the clock of a device may be that is enabled.
const ENABLE_WINDOW_STEPS: i64 = 1;
/// How far off a clock may be that two codes in a row put right again: twenty minutes.
const RESYNC_WINDOW_STEPS: i64 = 40;
/// Codes, right or wrong, of one device that are looked at in one stretch of time. AWS was
/// recorded to take nine, and none before the next stretch begins (2026-09).
const ATTEMPTS_MAX: u32 = 9;
/// How long a stretch is: three minutes, counted from the epoch, as recorded from AWS.
const STRETCH_S: i64 = 180;

/// A virtual device or a security key. In the scope of its account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MfaDevice {
    /// `arn:aws:iam::ACCOUNT:mfa/…` or `…:u2f/user/NAME/…`, which is also its ARN.
    pub serial: String,
    /// The account that it belongs to.
    pub account: AccountId,
    /// What it proves itself with.
    #[serde(flatten)]
    pub factor: Factor,
    /// At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Whose it is, once it is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Enabled>,
}

/// What a device proves itself with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Factor {
    /// A virtual device: codes.
    Seed {
        /// The seed in an envelope bound to the serial number, base64.
        sealed_seed: String,
    },
    /// A security key: signatures.
    Key {
        /// What is kept of it.
        security_key: SecurityKey,
    },
}

/// Whose device it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enabled {
    /// The user, or root.
    pub owner: KeyOwner,
    /// Since when.
    pub at: Timestamp,
    /// By how many steps its clock runs ahead of ours.
    pub ahead_steps: i64,
}

impl MfaDevice {
    /// What the envelope of the seed is bound to.
    pub fn envelope_identity(serial: &str) -> String {
        format!("mfa-device/{serial}")
    }

    /// The value of the lookup `owner`: all devices of one user, or of root.
    pub fn owner_value(account: AccountId, owner: &KeyOwner) -> String {
        AccessKey::owner_value(account, owner)
    }

    /// Whether it is a virtual device.
    pub fn is_virtual(&self) -> bool {
        matches!(self.factor, Factor::Seed { .. })
    }

    /// What it shows; a security key shows nothing.
    fn codes(&self, envelope: &Envelope) -> Result<Option<Codes>, SealError> {
        let Factor::Seed { sealed_seed } = &self.factor else {
            return Ok(None);
        };
        let identity = MfaDevice::envelope_identity(&self.serial);
        let seed = envelope.open_text(&identity, sealed_seed)?;
        Codes::of(seed.expose()).map(Some).ok_or(SealError::Form)
    }

    /// Where two codes in a row stand, for enabling a device or putting its clock right.
    pub fn find_pair(
        &self,
        envelope: &Envelope,
        presented: (&str, &str),
        window: Window,
        now: Timestamp,
    ) -> Result<Option<Pair>, SealError> {
        let Some(codes) = self.codes(envelope)? else {
            return Ok(None);
        };
        let width = match window {
            Window::Enable => ENABLE_WINDOW_STEPS,
            Window::Resync => RESYNC_WINDOW_STEPS,
        };
        let present = step_of(now);
        let mut found = None;
        for ahead_steps in -width..=width {
            let second = present + ahead_steps;
            let holds = codes.is_at(second - 1, presented.0) & codes.is_at(second, presented.1);
            if holds {
                found = Some(Pair {
                    second,
                    ahead_steps,
                });
            }
        }
        Ok(found)
    }
}

impl Record for MfaDevice {
    const KIND: &'static str = "iam.mfa-device";

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.serial)
    }

    fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = vec![Lookup::many("serial", &self.serial)];
        if let Some(enabled) = &self.enabled {
            let owner = MfaDevice::owner_value(self.account, &enabled.owner);
            lookups.push(Lookup::many("owner", owner));
            lookups.push(Lookup::many("enabled", &self.serial));
        }
        lookups
    }
}

/// How far two codes in a row may be from the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Hardly at all.
    Enable,
    /// As far as a clock may have run off.
    Resync,
}

/// Two codes in a row that held.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    second: i64,
    /// By how many steps the device's clock runs ahead of ours.
    pub ahead_steps: i64,
}

/// Which codes a device was used with, and how often it was tried.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MfaUse {
    serial: String,
    /// This step and all before it are spent.
    spent: i64,
    /// Later steps that are spent too: codes need not come in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spent_later: Vec<i64>,
    /// The second step of the last pair. No later pair has a code of it or of an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paired: Option<i64>,
    /// How many codes were looked at in [`stretch`](Self::stretch).
    #[serde(default)]
    attempts: u32,
    /// The stretch of the last code that was looked at.
    #[serde(default)]
    stretch: i64,
}

impl MfaUse {
    fn of(reader: &impl Read, account: AccountId, serial: &str) -> Result<MfaUse, StoreError> {
        let found = reader.get(account.as_str(), serial)?;
        Ok(found.unwrap_or_else(|| MfaUse {
            serial: serial.to_owned(),
            spent: i64::MIN,
            spent_later: Vec::new(),
            paired: None,
            attempts: 0,
            stretch: 0,
        }))
    }

    /// Spends two codes in a row; not if a pair had one of them already. That a session was
    /// begun with one of them is no hindrance, and the first may still begin one, as at AWS.
    pub fn spend(
        tx: &mut Transaction,
        account: AccountId,
        serial: &str,
        pair: Pair,
    ) -> Result<bool, StoreError> {
        let mut used = MfaUse::of(tx, account, serial)?;
        if !used.spend_pair(pair.second) {
            return Ok(false);
        }
        tx.put(account.as_str(), &used)?;
        Ok(true)
    }

    fn spend_pair(&mut self, second: i64) -> bool {
        let has_seen = |paired: i64| second - 1 <= paired;
        if second <= self.spent || self.paired.is_some_and(has_seen) {
            return false;
        }
        self.paired = Some(second);
        self.spend_one(second, second);
        true
    }

    fn is_spent(&self, step: i64) -> bool {
        step <= self.spent || self.spent_later.contains(&step)
    }

    /// Spends one code. What is too old to be taken ever again needs no place of its own.
    fn spend_one(&mut self, step: i64, present: i64) {
        self.spent_later.push(step);
        self.spent = self.spent.max(present - WINDOW_STEPS - 1);
        let spent = self.spent;
        self.spent_later.retain(|later| *later > spent);
    }

    /// Counts a code that is to be looked at; not if there were too many already.
    fn attempt(&mut self, now_s: i64) -> bool {
        let stretch = now_s.div_euclid(STRETCH_S);
        if self.stretch != stretch {
            self.stretch = stretch;
            self.attempts = 0;
        }
        let may = self.attempts < ATTEMPTS_MAX;
        if may {
            self.attempts = self.attempts.saturating_add(1);
        }
        may
    }
}

impl Record for MfaUse {
    const KIND: &'static str = "iam.mfa-use";
    const QUIET: bool = true;

    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.serial)
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// Why a code was not taken. For the log; outsiders hear less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MfaRefusal {
    /// No such device, or it is not enabled for this user.
    #[error("no such device of this user")]
    NoDevice,
    /// A security key.
    #[error("the device is a security key, which shows no codes")]
    NoCodes,
    /// Not the code of this moment.
    #[error("the code is wrong")]
    WrongCode,
    /// It was the right one, but it was taken before.
    #[error("the code was used before")]
    Replayed,
    /// Too many of late.
    #[error("too many codes: none is looked at for a while")]
    Locked,
}

/// A code could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum MfaFailure {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seed does not open.
    #[error("the seed of a device does not open: {0}")]
    Seal(#[from] SealError),
}

impl Directory {
    /// The devices of a user or of root, by serial number.
    pub fn mfa_devices(
        &self,
        account: AccountId,
        owner: &KeyOwner,
    ) -> Result<Vec<MfaDevice>, StoreError> {
        let value = MfaDevice::owner_value(account, owner);
        let reader = self.store().read();
        reader.all::<MfaDevice>(account.as_str(), "owner", Exactly(&value))
    }

    /// Checks a code of one device of the user or of root, and spends it. Commits in every
    /// case that tells something, so run it on the blocking pool.
    pub fn verify_mfa_code(
        &self,
        account: AccountId,
        owner: &KeyOwner,
        serial: &str,
        presented_code: &str,
        now: Timestamp,
    ) -> Result<Result<(), MfaRefusal>, MfaFailure> {
        self.store().transact(|tx| {
            let device = tx.get::<MfaDevice>(account.as_str(), serial)?;
            let enabled = device.as_ref().and_then(|device| device.enabled.as_ref());
            let (Some(device), Some(enabled)) = (&device, enabled) else {
                return Ok(Err(MfaRefusal::NoDevice));
            };
            if enabled.owner != *owner {
                return Ok(Err(MfaRefusal::NoDevice));
            }
            let Some(codes) = device.codes(self.envelope())? else {
                return Ok(Err(MfaRefusal::NoCodes));
            };
            let mut used = MfaUse::of(tx, account, serial)?;
            if !used.attempt(now.as_second()) {
                return Ok(Err(MfaRefusal::Locked));
            }
            let present = step_of(now) + enabled.ahead_steps;
            let verdict = match codes.latest_near(present, presented_code) {
                Some(step) if !used.is_spent(step) => {
                    used.spend_one(step, present);
                    Ok(())
                }
                Some(_spent) => Err(MfaRefusal::Replayed),
                None => Err(MfaRefusal::WrongCode),
            };
            tx.put(account.as_str(), &used)?;
            Ok(verdict)
        })
    }
}

fn step_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP_S.cast_signed())
}

/// What a device shows.
struct Codes(TOTP);

impl Codes {
    fn of(seed_base32: &str) -> Option<Codes> {
        let seed = totp_rs::Secret::Encoded(seed_base32.to_owned());
        let seed = seed.to_bytes().ok()?;
        // RFC 6238 as every authenticator app takes it without being told: SHA-1.
        let totp = TOTP::new_unchecked(Algorithm::SHA1, DIGITS, 0, STEP_S, seed);
        Some(Codes(totp))
    }

    /// Whether this is the code of that step, in time that does not tell.
    fn is_at(&self, step: i64, presented_code: &str) -> bool {
        let Ok(step) = u64::try_from(step) else {
            return false;
        };
        let code = self.0.generate(step.saturating_mul(STEP_S));
        seal::same(code.as_bytes(), presented_code.as_bytes())
    }

    /// The latest step near the present one whose code this is.
    fn latest_near(&self, present: i64, presented_code: &str) -> Option<i64> {
        let steps = present - WINDOW_STEPS..=present + WINDOW_STEPS;
        steps
            .filter(|step| self.is_at(*step, presented_code))
            // All are tried, so that the time does not tell which one it was.
            .fold(None, |_, step| Some(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238, appendix B, in base 32.
    const RFC_SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_rfc() {
        let codes = Codes::of(RFC_SEED).unwrap();
        // Appendix B shows eight digits; six are the last six of them.
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (second, code) in vectors {
            assert!(codes.is_at(second / 30, code), "{second}");
            assert!(!codes.is_at(second / 30 + 1, code), "{second}");
            assert!(
                !codes.is_at(second / 30, code.get(..5).unwrap()),
                "{second}"
            );
        }
        assert!(!codes.is_at(-1, "287082"));
    }

    #[test]
    fn devices_read_back_as_they_were_written_before_there_were_keys() {
        let seed = r#"{"serial":"arn:aws:iam::111122223333:mfa/phone","account":"111122223333","sealed_seed":"c2VhbGVk","enabled":{"owner":{"User":"AIDA"},"at":"2026-01-02T03:04:05Z","ahead_steps":-1}}"#;
        let device: MfaDevice = serde_json::from_str(seed).unwrap();
        assert!(device.is_virtual());
        assert_eq!(serde_json::to_string(&device).unwrap(), seed);
        let key = r#"{"serial":"arn:aws:iam::111122223333:u2f/user/ana/key-A","account":"111122223333","security_key":{"credential_id":"AQ","public_key":{"ed-dsa":"AA"},"party_id":"localhost","is_backup_eligible":false}}"#;
        let device: MfaDevice = serde_json::from_str(key).unwrap();
        assert!(!device.is_virtual());
        assert_eq!(serde_json::to_string(&device).unwrap(), key);
    }

    #[test]
    fn a_code_is_looked_for_two_steps_around() {
        let codes = Codes::of(RFC_SEED).unwrap();
        for (present, found) in [
            (-2, None),
            (-1, Some(1)),
            (1, Some(1)),
            (3, Some(1)),
            (4, None),
        ] {
            assert_eq!(codes.latest_near(present, "287082"), found, "{present}");
        }
    }

    fn unused(spent: i64) -> MfaUse {
        MfaUse {
            serial: String::new(),
            spent,
            spent_later: Vec::new(),
            paired: None,
            attempts: 0,
            stretch: 0,
        }
    }

    #[test]
    fn codes_are_good_once_in_any_order() {
        let mut used = unused(95);
        for step in [102, 98, 100] {
            assert!(!used.is_spent(step));
            used.spend_one(step, 100);
            assert!(used.is_spent(step));
        }
        let open = |used: &MfaUse| (90..110).filter(|step| !used.is_spent(*step)).count();
        // 99, 101, and what comes after 102.
        assert_eq!(open(&used), 9);
        used.spend_one(104, 104);
        assert!([99, 101].iter().all(|step| used.is_spent(*step)));
        assert_eq!(used.spent_later, [102, 104]);
    }

    #[test]
    fn uses_read_back_as_they_were_written_before_order_was_free() {
        let used: MfaUse = serde_json::from_str(r#"{"serial":"a","spent":7}"#).unwrap();
        assert!(used.is_spent(7) && used.is_spent(6) && !used.is_spent(8));
    }

    #[test]
    fn nine_codes_are_looked_at_in_three_minutes() {
        // As recorded from AWS: nine from 21:15:27 on, none at 21:15:33 nor at 21:17:58, and
        // again after 21:18; both ends of a stretch are whole minutes of the epoch's threes.
        let start = 180 * 9_939_785;
        let mut used = unused(0);
        for second in 27..36 {
            assert!(used.attempt(start + second));
        }
        assert!(!used.attempt(start + 36) && !used.attempt(start + 179));
        assert!(used.attempt(start + 180));
        assert_eq!(used.attempts, 1);
    }

    #[test]
    fn pairs_share_no_code_and_sessions_may() {
        // As recorded from AWS: sessions with 606, 607 and 608, then pairs.
        let mut used = unused(600);
        for step in [606, 607, 608] {
            used.spend_one(step, 606);
        }
        for (second, is_taken) in [
            (607, true),
            (608, false),
            (609, true),
            (610, false),
            (563, false),
        ] {
            assert_eq!(used.spend_pair(second), is_taken, "{second}");
        }
        // The first code of a pair may begin a session, its second may not.
        let mut used = unused(i64::MIN);
        assert!(used.spend_pair(561));
        assert!(used.is_spent(561) && !used.is_spent(560) && !used.is_spent(562));
    }
}
