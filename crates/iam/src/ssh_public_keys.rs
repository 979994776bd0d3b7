//! SSH public keys of users, for the services that are reached over SSH.

use facts::OperationFacts;
use identity::{Held, KeyStatus, SshPublicKey};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Transaction};
use wire::{Input, Output};

use crate::caller::subject;
use crate::errors::{Nothing, no_such_entity, over_quota};
use crate::holdings::{self, Holding, status_text, touch_holder};
use crate::paging::Paging;
use crate::quotas;
use crate::ssh_keys::{NoKey, RsaKey};

impl Holding for SshPublicKey {
    fn held(&self) -> &Held {
        &self.held
    }

    fn held_mut(&mut self) -> &mut Held {
        &mut self.held
    }

    fn missing(id: &str) -> String {
        format!("The Public Key with id {id} cannot be found.")
    }

    fn of_another(_user: &str, id: &str) -> Error {
        no_such_entity(format!("User has no Public Key with id {id}."))
    }
}

/// A key as it is shown.
#[derive(Output, Debug)]
pub(crate) struct KeyView {
    user_name: Option<String>,
    #[wire(name = "SSHPublicKeyId")]
    id: String,
    fingerprint: String,
    #[wire(name = "SSHPublicKeyBody")]
    body: String,
    status: &'static str,
    upload_date: aws::Timestamp,
}

/// One key.
#[derive(Output, Debug)]
pub(crate) struct OneSshPublicKey {
    #[wire(name = "SSHPublicKey")]
    key: KeyView,
}

impl OneSshPublicKey {
    fn of(user_name: Option<String>, key: SshPublicKey, body: String) -> OneSshPublicKey {
        OneSshPublicKey {
            key: KeyView {
                user_name,
                id: key.held.id,
                fingerprint: key.fingerprint,
                body,
                status: status_text(key.held.status),
                upload_date: key.held.since,
            },
        }
    }
}

/// Gives a user a key.
#[derive(Input)]
pub(crate) struct UploadSSHPublicKey {
    user_name: String,
    #[wire(name = "SSHPublicKeyBody")]
    body: String,
}

impl Operation for UploadSSHPublicKey {
    const FACTS: &'static OperationFacts = facts::iam::UPLOAD_SSH_PUBLIC_KEY;
    type Output = OneSshPublicKey;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:UploadSSHPublicKey", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneSshPublicKey, Error> {
        let account = permit.account()?;
        let holder = subject(&permit, tx, Some(&self.user_name))?;
        let owner = holder.owner()?;
        let read = RsaKey::read(&self.body).map_err(|no_key| match no_key {
            NoKey::Encoding => {
                Error::new("UnrecognizedPublicKeyEncoding").say("Invalid public key uploaded.")
            }
            NoKey::Key => Error::new("InvalidPublicKey").say("Invalid body for public key"),
        })?;
        let fingerprint = read.fingerprint();
        let held = holdings::all::<SshPublicKey>(tx, &permit, &owner)?;
        if held.iter().any(|key| key.fingerprint == fingerprint) {
            return Err(
                Error::new("DuplicateSSHPublicKey").say("Duplicate SSH public key uploaded.")
            );
        }
        let key = SshPublicKey {
            held: Held {
                id: permit.new_id("APKA"),
                account,
                owner: owner.clone(),
                status: KeyStatus::Active,
                since: permit.second(),
            },
            body: self.body.clone(),
            fingerprint,
        };
        tx.insert(account.as_str(), &key)?;
        let of_owner = Held::owner_value(account, &owner);
        let most = quotas::SSH_KEYS_PER_USER;
        if !tx.within::<SshPublicKey>(account.as_str(), "owner", Exactly(&of_owner), most)? {
            return Err(over_quota("SSHPublicKeysPerUser", most));
        }
        Ok(OneSshPublicKey::of(holder.name(), key, self.body.clone()))
    }
}

/// Shows a key in one of both ways of writing.
#[derive(Input)]
pub(crate) struct GetSSHPublicKey {
    user_name: String,
    #[wire(name = "SSHPublicKeyId")]
    id: String,
    encoding: String,
}

impl Operation for GetSSHPublicKey {
    const FACTS: &'static OperationFacts = facts::iam::GET_SSH_PUBLIC_KEY;
    type Output = OneSshPublicKey;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:GetSSHPublicKey", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneSshPublicKey, Error> {
        let holder = subject(&permit, tx, Some(&self.user_name))?;
        let key = holdings::require::<SshPublicKey>(tx, &permit, &holder, &self.id)?;
        let read = RsaKey::read(&key.body)
            .map_err(|_no_key| Error::internal("a stored SSH public key does not read"))?;
        // Without the comment that it was uploaded with, as recorded from AWS.
        let body = match self.encoding.as_str() {
            "PEM" => read.to_pem(),
            _ => read.to_ssh(),
        };
        Ok(OneSshPublicKey::of(holder.name(), key, body))
    }
}

/// A key without its body.
#[derive(Output, Debug)]
pub(crate) struct BriefKey {
    user_name: Option<String>,
    #[wire(name = "SSHPublicKeyId")]
    id: String,
    status: &'static str,
    upload_date: aws::Timestamp,
}

/// Lists the keys of a user, or of whoever calls.
#[derive(Input)]
pub(crate) struct ListSSHPublicKeys {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of keys.
#[derive(Output, Debug)]
pub(crate) struct SshPublicKeyPage {
    #[wire(name = "SSHPublicKeys")]
    keys: Vec<BriefKey>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListSSHPublicKeys {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SSH_PUBLIC_KEYS;
    type Output = SshPublicKeyPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:ListSSHPublicKeys", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<SshPublicKeyPage, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let all = holdings::all::<SshPublicKey>(tx, &permit, &holder.owner()?)?;
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(all)?;
        let brief = |key: SshPublicKey| BriefKey {
            user_name: holder.name(),
            id: key.held.id,
            status: status_text(key.held.status),
            upload_date: key.held.since,
        };
        Ok(SshPublicKeyPage {
            is_truncated: page.is_truncated(),
            marker: page.marker.clone(),
            keys: page.map(brief).items,
        })
    }
}

/// Switches a key on or off.
#[derive(Input)]
pub(crate) struct UpdateSSHPublicKey {
    user_name: String,
    #[wire(name = "SSHPublicKeyId")]
    id: String,
    status: String,
}

impl Operation for UpdateSSHPublicKey {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_SSH_PUBLIC_KEY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:UpdateSSHPublicKey", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, Some(&self.user_name))?;
        holdings::set_status::<SshPublicKey>(tx, &permit, &holder, &self.id, &self.status)?;
        Ok(Nothing {})
    }
}

/// Deletes a key.
#[derive(Input)]
pub(crate) struct DeleteSSHPublicKey {
    user_name: String,
    #[wire(name = "SSHPublicKeyId")]
    id: String,
}

impl Operation for DeleteSSHPublicKey {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SSH_PUBLIC_KEY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:DeleteSSHPublicKey", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, Some(&self.user_name))?;
        holdings::delete::<SshPublicKey>(tx, &permit, &holder, &self.id)?;
        Ok(Nothing {})
    }
}
