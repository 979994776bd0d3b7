//! Login profiles: the passwords by which people sign in, and the account's policy on them.

use std::borrow::Cow;

use aws::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Lookup, Record};

use crate::access_key::{KeyOwner, LastUsed};
use crate::password::HashedPassword;

/// How many passwords before the present one are remembered: as many as a policy can forbid.
pub const PASSWORDS_REMEMBERED: usize = 24;

const DAY_S: i64 = 86_400;

/// A user's password, or root's. In the scope of the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoginProfile {
    /// The account that it opens.
    pub account: AccountId,
    /// Whose it is.
    pub owner: KeyOwner,
    /// When the profile was made.
    pub created: Timestamp,
    /// When the password was last set.
    pub changed: Timestamp,
    /// The password.
    pub password: HashedPassword,
    /// Those before it, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<HashedPassword>,
    /// Whether it is good for nothing but setting a new one.
    pub reset_required: bool,
}

impl LoginProfile {
    /// The id of the record: the user's id, or the account's for root.
    pub fn id_of(account: AccountId, owner: &KeyOwner) -> String {
        match owner {
            KeyOwner::User(id) => id.clone(),
            KeyOwner::Root => account.to_string(),
        }
    }

    /// The id of the [`LastUsed`] that tells when the password was last signed in with.
    pub fn use_id(account: AccountId, owner: &KeyOwner) -> String {
        format!("password/{}", LoginProfile::id_of(account, owner))
    }

    /// Sets another password and remembers the present one.
    pub fn set_password(&mut self, new: HashedPassword, now: Timestamp) {
        let old = std::mem::replace(&mut self.password, new);
        self.earlier.insert(0, old);
        self.earlier.truncate(PASSWORDS_REMEMBERED);
        self.changed = now;
    }

    /// What the password is good for at this moment.
    pub fn state(&self, policy: Option<&PasswordPolicy>, now: Timestamp) -> PasswordState {
        let expires = policy.and_then(|policy| policy.expiry_of(self.changed));
        let is_hard = policy.is_some_and(|policy| policy.hard_expiry == Some(true));
        match expires {
            Some(end) if now >= end && is_hard => PasswordState::Expired,
            Some(end) if now >= end => PasswordState::MustChange,
            _ if self.reset_required => PasswordState::MustChange,
            _ => PasswordState::Good,
        }
    }
}

/// What a password that was given rightly is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordState {
    /// For signing in.
    Good,
    /// For setting a new one, before anything else.
    MustChange,
    /// For nothing: an administrator must set a new one.
    Expired,
}

impl Record for LoginProfile {
    const KIND: &'static str = "iam.login-profile";

    fn id(&self) -> Cow<'_, str> {
        LoginProfile::id_of(self.account, &self.owner).into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// What passwords of an account must be like; the account's own policy, where it has one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// Characters at least.
    pub length_min: u32,
    /// Whether a symbol must be in it.
    pub symbols: bool,
    /// Whether a digit must be in it.
    pub numbers: bool,
    /// Whether a capital letter must be in it.
    pub uppercase: bool,
    /// Whether a small letter must be in it.
    pub lowercase: bool,
    /// Whether users may change their own.
    pub users_may_change: bool,
    /// After how many days it expires, if ever.
    pub age_days_max: Option<u32>,
    /// How many earlier ones may not be set again.
    pub reuse_prevention: Option<u32>,
    /// Whether one that expired can be changed by an administrator only.
    pub hard_expiry: Option<bool>,
}

impl PasswordPolicy {
    /// The id of the record; an account has one policy at most.
    pub const ID: &'static str = "password-policy";

    /// When a password that was set then expires.
    pub fn expiry_of(&self, changed: Timestamp) -> Option<Timestamp> {
        let seconds = i64::from(self.age_days_max?).saturating_mul(DAY_S);
        Timestamp::from_second(changed.as_second().saturating_add(seconds)).ok()
    }
}

impl Record for PasswordPolicy {
    const KIND: &'static str = "iam.password-policy";

    fn id(&self) -> Cow<'_, str> {
        PasswordPolicy::ID.into()
    }

    fn lookups(&self) -> Vec<Lookup> {
        Vec::new()
    }
}

/// The service that stands in the last use of a password.
const SIGN_IN: &str = "signin";

/// The last use of a password, now.
pub(crate) fn password_used(account: AccountId, owner: &KeyOwner, now: Timestamp) -> LastUsed {
    LastUsed {
        id: LoginProfile::use_id(account, owner),
        at: now,
        region: String::new(),
        service: SIGN_IN.to_owned(),
    }
}
