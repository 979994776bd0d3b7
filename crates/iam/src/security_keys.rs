//! Security keys and passkeys as MFA devices. AWS registers them in its console alone, where a
//! browser can ask them; everything else is done to them as to every device.

use aws::{AccountId, Arn, Entropy};
use facts::OperationFacts;
use identity::{
    Asked, CredentialId, Enabled, Factor, GLOBAL_SCOPE, KeyRefusal, MfaDevice, SecurityKey,
    SecurityKeyUse,
};
use plane::{Call, ConsoleOperation, Error, Permit, Touches};
use store::{OrElseTaken as _, StoreError, Transaction};
use webauthn::Registration;
use wire::Structure;

use crate::mfa_holders::{check_quota, holder};

/// The longest name of a key: with the longest name of a user a serial number stays within
/// the 256 characters that it may have.
const NAME_CHARS_MAX: usize = 128;

/// Registers a security key for whoever calls, who must be a user or root. On record it is
/// `EnableMFADevice`, whose permission it needs: once to make the key, once to have it.
pub struct EnableSecurityKey {
    /// What the device will be called.
    serial: String,
    user_name: Option<String>,
    answer: Result<Answer, KeyRefusal>,
}

/// What came back from a key that was asked to register.
pub struct Answer {
    /// What it was asked; its answer was not taken before.
    pub asked: Asked,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation: Vec<u8>,
}

/// Whether a key may be called this.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits)
}

impl EnableSecurityKey {
    /// A key of this name for the user of that name, or for root, who has none.
    pub fn new(
        account: AccountId,
        user_name: Option<&str>,
        name: &str,
        answer: Result<Answer, KeyRefusal>,
        entropy: &dyn Entropy,
    ) -> EnableSecurityKey {
        let id = seal::device_id(entropy);
        let holder = match user_name {
            Some(user) => format!("user/{user}"),
            None => "root".to_owned(),
        };
        let resource = format!("u2f/{holder}/{name}-{id}");
        EnableSecurityKey {
            serial: Arn::new("iam", "", account.as_str(), &resource).to_string(),
            user_name: user_name.map(str::to_owned),
            answer,
        }
    }

    /// The key, if its answer holds.
    fn key(&self) -> Result<(SecurityKey, u32), KeyRefusal> {
        let answer = self.answer.as_ref().map_err(KeyRefusal::clone)?;
        let came = Registration {
            client_data: &answer.client_data,
            attestation: &answer.attestation,
        };
        let asked = &answer.asked;
        let key = webauthn::registered(&asked.party, &asked.challenge, &came)?;
        Ok((
            SecurityKey {
                credential_id: webauthn::text_of(&key.credential_id),
                public_key: key.public_key,
                party_id: asked.party.id().to_owned(),
                is_backup_eligible: key.is_backup_eligible,
            },
            key.counter,
        ))
    }
}

impl ConsoleOperation for EnableSecurityKey {
    const FACTS: &'static OperationFacts = facts::iam::ENABLE_MFA_DEVICE;
    /// The device's serial number.
    type Output = String;

    fn shown(&self) -> Structure {
        let shown = Structure::new().with("SerialNumber", self.serial.clone());
        match &self.user_name {
            Some(name) => shown.with("UserName", name.clone()),
            None => shown,
        }
    }

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let holder = holder(call, tx, None)?;
        // IAM User Guide, "Available keys for IAM": the two states of a key that is registered.
        let ask = |state: &str| {
            let ask = holder.ask(call, "iam:EnableMFADevice")?;
            Ok::<_, Error>(ask.key("iam:RegisterSecurityKey", state))
        };
        Ok(Touches::one(ask("Create")?).and(ask("Activate")?))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<String, Error> {
        let account = permit.account()?;
        let owner = holder(&permit, tx, None)?.owner()?;
        let (security_key, counter) = self.key().map_err(|refusal| {
            Error::new("InvalidAuthenticationCode")
                .say("Authentication code for device is not valid.")
                .because(refusal)
        })?;
        let serial = &self.serial;
        let taken = CredentialId::of(&security_key.credential_id);
        tx.insert(GLOBAL_SCOPE, &taken).or_else_taken(|_| {
            Error::new("EntityAlreadyExists")
                .say("MFA Device is already in use.")
                .because("the security key is registered already")
        })?;
        let device = MfaDevice {
            serial: serial.clone(),
            account,
            factor: Factor::Key { security_key },
            tags: Vec::new(),
            enabled: Some(Enabled {
                owner: owner.clone(),
                at: permit.second(),
                ahead_steps: 0,
            }),
        };
        tx.insert(account.as_str(), &device)?;
        let used = SecurityKeyUse {
            serial: serial.clone(),
            counter,
        };
        tx.put(account.as_str(), &used)?;
        check_quota(tx, &device, &owner)?;
        Ok(device.serial)
    }
}

/// Takes a key out of the house.
pub(crate) fn remove(
    tx: &mut Transaction,
    device: &MfaDevice,
    key: &SecurityKey,
) -> Result<(), StoreError> {
    let account = device.account.as_str();
    tx.delete::<MfaDevice>(account, &device.serial)?;
    tx.delete::<SecurityKeyUse>(account, &device.serial)?;
    tx.delete::<CredentialId>(GLOBAL_SCOPE, &CredentialId::id_of(&key.credential_id))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_of_the_form_that_aws_gives_them() {
        let account = "111122223333".parse().unwrap();
        let serial = |user: Option<&str>, name: &str| {
            let answer = Err(KeyRefusal::Form);
            let made = EnableSecurityKey::new(account, user, name, answer, &aws::SystemEntropy);
            made.serial
        };
        let of_user = serial(Some("ana"), "k");
        let (front, id) = of_user.rsplit_once('-').unwrap();
        assert_eq!(front, "arn:aws:iam::111122223333:u2f/user/ana/k");
        assert_eq!(id.len(), 26);
        let of_root = serial(None, "k");
        let parts: Vec<&str> = of_root.split('/').collect();
        assert_eq!(parts[..2], ["arn:aws:iam::111122223333:u2f", "root"]);
        assert!(parts[2].starts_with("k-") && parts.len() == 3);
        // The longest is one that the model takes.
        let longest = serial(Some(&"u".repeat(64)), &"n".repeat(NAME_CHARS_MAX));
        assert!(longest.len() <= 256);
    }

    #[test]
    fn names_are_what_an_arn_can_hold() {
        for (name, fits) in [
            ("office-key", true),
            ("a+=,.@_", true),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_name(name), fits, "{name}");
        }
        assert!(is_name(&"n".repeat(128)) && !is_name(&"n".repeat(129)));
    }
}
