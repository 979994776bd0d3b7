//! Signing in with a password: whose it is, and what it is good for.
//!
//! A page calls [`Directory::sign_in`] and is told all or nothing. Why a sign-in was refused
//! is for the log alone: account, user and password are wrong in one and the same way, and
//! take the same time.

use std::sync::Arc;

use aws::{AccountId, Secret, Timestamp};
use store::{Read as _, StoreError};

use crate::access_key::{KeyOwner, LastUsed};
use crate::account::{Account, GLOBAL_SCOPE};
use crate::directory::Directory;
use crate::login_profile::{LoginProfile, PasswordPolicy, PasswordState, password_used};
use crate::password::{PASSWORD_CHARS_MAX, work_for_nothing};
use crate::principal::Principal;
use crate::user::User;

/// How old a noted use of a password may be before it is noted anew (IAM User Guide:
/// "within 5 minutes").
const USE_NOTED_EVERY_S: i64 = 300;

/// Somebody whose password held.
#[derive(Debug)]
pub struct SignedIn {
    /// The user, or root.
    pub principal: Arc<Principal>,
    /// The same, as the owner of keys, passwords and devices.
    pub owner: KeyOwner,
    /// What the password is good for.
    pub password: PasswordState,
}

/// Why a sign-in was refused. For the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {
    /// Neither id nor alias of an account.
    #[error("no such account")]
    NoAccount,
    /// No user of this name in it.
    #[error("no such user")]
    NoUser,
    /// The user has no password.
    #[error("the user has no password")]
    NoPassword,
    /// It is another one.
    #[error("the password is wrong")]
    WrongPassword,
}

/// Who signs in, as they say.
#[derive(Debug, Clone, Copy)]
pub struct PresentedName<'a> {
    /// The account's id or its alias.
    pub account: &'a str,
    /// The user's name, without regard to case; nobody for root.
    pub user: Option<&'a str>,
}

impl Directory {
    /// Checks a password. Costly in every case: run it on the pool for hashing. A password
    /// that held is noted as used.
    pub fn sign_in(
        &self,
        name: PresentedName<'_>,
        presented_password: &Secret<String>,
        now: Timestamp,
    ) -> Result<Result<SignedIn, SignInRefusal>, StoreError> {
        let length = presented_password.expose().chars().count();
        if length > PASSWORD_CHARS_MAX {
            // Says nothing of anybody: no password is that long.
            return Ok(Err(SignInRefusal::WrongPassword));
        }
        let (account, owner, profile) = match self.profile(name)? {
            Ok(found) => found,
            Err(refusal) => {
                work_for_nothing(presented_password);
                return Ok(Err(refusal));
            }
        };
        if !profile.password.holds(presented_password) {
            return Ok(Err(SignInRefusal::WrongPassword));
        }
        let principal = match &owner {
            KeyOwner::Root => self.root(account)?,
            KeyOwner::User(id) => self.user(account, id)?,
        };
        let Some(principal) = principal else {
            return Ok(Err(SignInRefusal::NoUser));
        };
        let policy = self
            .store()
            .get::<PasswordPolicy>(account.as_str(), PasswordPolicy::ID)?;
        let password = profile.state(policy.as_ref(), now);
        if password != PasswordState::Expired {
            self.note_password_use(account, &owner, now)?;
        }
        Ok(Ok(SignedIn {
            principal,
            owner,
            password,
        }))
    }

    /// The account of this id or alias, as people type it into a sign-in page.
    pub fn account_named(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let reader = self.store().read();
        match name.parse::<AccountId>() {
            Ok(id) => reader.get(GLOBAL_SCOPE, id.as_str()),
            Err(_) => reader.find(GLOBAL_SCOPE, "alias", &name.to_lowercase()),
        }
    }

    fn profile(
        &self,
        name: PresentedName<'_>,
    ) -> Result<Result<(AccountId, KeyOwner, LoginProfile), SignInRefusal>, StoreError> {
        let Some(account) = self.account_named(name.account)? else {
            return Ok(Err(SignInRefusal::NoAccount));
        };
        let account = account.id;
        let reader = self.store().read();
        let owner = match name.user {
            None => KeyOwner::Root,
            Some(user) => {
                let user = user.to_lowercase();
                match reader.find::<User>(account.as_str(), "name", &user)? {
                    Some(user) => KeyOwner::User(user.id),
                    None => return Ok(Err(SignInRefusal::NoUser)),
                }
            }
        };
        let id = LoginProfile::id_of(account, &owner);
        let profile = reader.get::<LoginProfile>(account.as_str(), &id)?;
        Ok(profile
            .map(|profile| (account, owner, profile))
            .ok_or(SignInRefusal::NoPassword))
    }

    fn note_password_use(
        &self,
        account: AccountId,
        owner: &KeyOwner,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let scope = account.as_str();
        let noted = password_used(account, owner, now);
        let before = self.store().get::<LastUsed>(scope, &noted.id)?;
        let age_s = before.map(|before| now.as_second() - before.at.as_second());
        if age_s.is_some_and(|age_s| (0..USE_NOTED_EVERY_S).contains(&age_s)) {
            return Ok(());
        }
        self.store().transact(|tx| tx.put(scope, &noted))
    }
}
