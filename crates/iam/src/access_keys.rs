//! Access keys: long-term credentials of users and of root.

use facts::OperationFacts;
use identity::{AccessKey, GLOBAL_SCOPE, KeyOwner, KeyStatus, LastUsed, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::caller::{Subject, root_arn, subject};
use crate::entity::{ask_for, ask_of};
use crate::errors::{Nothing, invalid_input, no_such_entity, over_quota};
use crate::paging::Paging;
use crate::quotas;

/// A key with its secret, shown once.
#[derive(Output)]
pub(crate) struct NewKeyView {
    user_name: Option<String>,
    access_key_id: String,
    status: &'static str,
    secret_access_key: String,
    create_date: aws::Timestamp,
}

/// A key without its secret.
#[derive(Output, Debug)]
pub(crate) struct KeyView {
    user_name: Option<String>,
    access_key_id: String,
    status: &'static str,
    create_date: aws::Timestamp,
}

fn status_text(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    }
}

fn no_such_key(id: &str) -> Error {
    no_such_entity(format!("The Access Key with id {id} cannot be found."))
}

/// Makes a key for a user, or for whoever calls.
#[derive(Input)]
pub(crate) struct CreateAccessKey {
    user_name: Option<String>,
}

/// A new key.
#[derive(Output)]
pub(crate) struct CreatedAccessKey {
    access_key: NewKeyView,
}

impl Operation for CreateAccessKey {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_ACCESS_KEY;
    type Output = CreatedAccessKey;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_subject(call, tx, "iam:CreateAccessKey", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CreatedAccessKey, Error> {
        let account = permit.account()?;
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let (id, secret) = seal::long_term_key(account, permit.environment.entropy.as_ref());
        let sealed_secret = permit
            .directory()
            .envelope()
            .seal_text(&AccessKey::envelope_identity(&id), &secret)
            .map_err(Error::internal)?;
        let key = AccessKey {
            id,
            account,
            owner: subject.owner()?,
            status: KeyStatus::Active,
            created: permit.second(),
            sealed_secret,
        };
        tx.insert(GLOBAL_SCOPE, &key)?;
        let owner = AccessKey::owner_value(account, &key.owner);
        let most = quotas::ACCESS_KEYS_PER_USER;
        if !tx.within::<AccessKey>(GLOBAL_SCOPE, "owner", Exactly(&owner), most)? {
            return Err(over_quota("AccessKeysPerUser", most));
        }
        Ok(CreatedAccessKey {
            access_key: NewKeyView {
                user_name: subject.name(),
                access_key_id: key.id,
                status: status_text(key.status),
                secret_access_key: secret.expose().clone(),
                create_date: key.created,
            },
        })
    }
}

/// Lists the keys of a user, or of whoever calls.
#[derive(Input)]
pub(crate) struct ListAccessKeys {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of keys.
#[derive(Output, Debug)]
pub(crate) struct KeyPage {
    access_key_metadata: Vec<KeyView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListAccessKeys {
    const FACTS: &'static OperationFacts = facts::iam::LIST_ACCESS_KEYS;
    type Output = KeyPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_subject(call, tx, "iam:ListAccessKeys", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<KeyPage, Error> {
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let owner = AccessKey::owner_value(permit.account()?, &subject.owner()?);
        let mut keys = tx.all::<AccessKey>(GLOBAL_SCOPE, "owner", Exactly(&owner))?;
        keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(keys)?;
        Ok(KeyPage {
            is_truncated: page.is_truncated(),
            marker: page.marker.clone(),
            access_key_metadata: page
                .map(|key| KeyView {
                    user_name: subject.name(),
                    access_key_id: key.id,
                    status: status_text(key.status),
                    create_date: key.created,
                })
                .items,
        })
    }
}

/// Switches a key on or off.
#[derive(Input)]
pub(crate) struct UpdateAccessKey {
    user_name: Option<String>,
    access_key_id: String,
    status: String,
}

impl Operation for UpdateAccessKey {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_ACCESS_KEY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_subject(call, tx, "iam:UpdateAccessKey", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let mut key = held(tx, &permit, &subject, &self.access_key_id)?;
        key.status = match self.status.as_str() {
            "Active" => KeyStatus::Active,
            "Inactive" => KeyStatus::Inactive,
            // The model's third choice, `Expired`, is a state that only time can bring.
            other => return Err(invalid_input(format!("Status {other} is not valid."))),
        };
        tx.update(GLOBAL_SCOPE, &key)?;
        Ok(Nothing {})
    }
}

/// Deletes a key. What was signed with it stops working at once.
#[derive(Input)]
pub(crate) struct DeleteAccessKey {
    user_name: Option<String>,
    access_key_id: String,
}

impl Operation for DeleteAccessKey {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_ACCESS_KEY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_subject(call, tx, "iam:DeleteAccessKey", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let key = held(tx, &permit, &subject, &self.access_key_id)?;
        tx.delete::<AccessKey>(GLOBAL_SCOPE, &key.id)?;
        tx.delete::<LastUsed>(key.account.as_str(), &key.id)?;
        Ok(Nothing {})
    }
}

/// Tells when, where and for what a key was last used.
#[derive(Input)]
pub(crate) struct GetAccessKeyLastUsed {
    access_key_id: String,
}

/// Whose a key is, and its last use.
#[derive(Output, Debug)]
pub(crate) struct KeyLastUsed {
    user_name: Option<String>,
    access_key_last_used: LastUsedView,
}

/// The last use of a key.
#[derive(Output, Debug)]
pub(crate) struct LastUsedView {
    last_used_date: Option<aws::Timestamp>,
    service_name: String,
    region: String,
}

impl GetAccessKeyLastUsed {
    /// The key and the user whose it is; a key of another account is as good as none.
    fn find(&self, call: &Call, tx: &Transaction) -> Result<(AccessKey, Option<User>), Error> {
        let account = call.account()?;
        let key = tx
            .get::<AccessKey>(GLOBAL_SCOPE, &self.access_key_id)?
            .filter(|key| key.account == account);
        let Some(key) = key else {
            return Err(Error::access_denied(format!(
                "User: {} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {}",
                call.known()?.arn(),
                self.access_key_id
            )));
        };
        let user = match &key.owner {
            KeyOwner::User(id) => tx.get::<User>(account.as_str(), id)?,
            KeyOwner::Root => None,
        };
        Ok((key, user))
    }
}

impl Operation for GetAccessKeyLastUsed {
    const FACTS: &'static OperationFacts = facts::iam::GET_ACCESS_KEY_LAST_USED;
    type Output = KeyLastUsed;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:GetAccessKeyLastUsed";
        let (key, user) = self.find(call, tx)?;
        Ok(Touches::one(match &user {
            Some(user) => ask_of(ACTION, user),
            None => ask_for(ACTION, root_arn(key.account), key.account),
        }))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<KeyLastUsed, Error> {
        let (key, user) = self.find(&permit, tx)?;
        let used = tx.get::<LastUsed>(key.account.as_str(), &key.id)?;
        Ok(KeyLastUsed {
            user_name: user.map(|user| user.name),
            access_key_last_used: match used {
                Some(used) => LastUsedView {
                    last_used_date: Some(used.at),
                    service_name: used.service,
                    region: used.region,
                },
                None => LastUsedView {
                    last_used_date: None,
                    service_name: "N/A".to_owned(),
                    region: "N/A".to_owned(),
                },
            },
        })
    }
}

/// An action on the keys of a user, or of whoever calls.
fn touch_subject(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    user_name: Option<&str>,
) -> Result<Touches, Error> {
    Ok(Touches::one(
        subject(call, tx, user_name)?.ask(call, action)?,
    ))
}

/// The subject's key of this id.
fn held(tx: &Transaction, call: &Call, subject: &Subject, id: &str) -> Result<AccessKey, Error> {
    let account = call.account()?;
    let owner = subject.owner()?;
    tx.get::<AccessKey>(GLOBAL_SCOPE, id)?
        .filter(|key| key.account == account && key.owner == owner)
        .ok_or_else(|| no_such_key(id))
}
