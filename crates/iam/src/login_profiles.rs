//! Login profiles: passwords of users, set by administrators or by the users themselves.
//!
//! Hashing is dear and must not happen in a transaction, so it is done while gathering, on a
//! small pool, and for nobody who may not do what it is for. What was found out there holds for
//! the password that was there at that moment; [`Prepared`] remembers which, and a password that
//! was changed in between is refused.

use std::sync::Arc;

use aws::Secret;
use facts::OperationFacts;
use identity::{CallerKind, HashedPassword, KeyOwner, LastUsed, LoginProfile};
use plane::{Call, Error, GatheringOperation, Operation, Permit, Touches};
use store::{OrElseTaken as _, Read, Transaction};
use wire::{Input, Output};

use crate::caller::{Subject, subject};
use crate::errors::{Nothing, no_such_entity};
use crate::password_policy;

/// A login profile as it is shown. Root's has no user name.
#[derive(Output, Debug)]
pub(crate) struct ProfileView {
    user_name: Option<String>,
    create_date: aws::Timestamp,
    password_reset_required: bool,
}

/// One login profile.
#[derive(Output, Debug)]
pub(crate) struct OneLoginProfile {
    login_profile: ProfileView,
}

impl OneLoginProfile {
    fn of(subject: &Subject, profile: &LoginProfile) -> OneLoginProfile {
        OneLoginProfile {
            login_profile: ProfileView {
                user_name: subject.name(),
                create_date: profile.created,
                password_reset_required: profile.reset_required,
            },
        }
    }
}

fn find(reader: &impl Read, call: &Call, owner: &KeyOwner) -> Result<Option<LoginProfile>, Error> {
    let account = call.account()?;
    let id = LoginProfile::id_of(account, owner);
    Ok(reader.get(account.as_str(), &id)?)
}

/// The subject's profile, or `NoSuchEntity`.
fn require(reader: &impl Read, call: &Call, subject: &Subject) -> Result<LoginProfile, Error> {
    let owner = subject.owner()?;
    find(reader, call, &owner)?.ok_or_else(|| {
        let name = subject.name().unwrap_or_else(|| "root".to_owned());
        no_such_entity(format!("Login Profile for User {name} cannot be found."))
    })
}

/// A new password, hashed, and what it was compared with.
pub(crate) struct Prepared {
    new: HashedPassword,
    against: Option<Compared>,
}

/// What the new password and the presented old one have to do with those that are set.
struct Compared {
    /// The password that was set then.
    present: HashedPassword,
    /// How many changes ago the new password was set last: 1 is the present one.
    used_ago: Option<usize>,
    /// Whether the old password that was presented is the present one.
    old_holds: bool,
}

/// Hashes the new password and compares it with those of the profile, if there is one.
async fn prepare(
    call: &Call,
    profile: Option<LoginProfile>,
    new: &Secret<String>,
    presented_old: Option<&Secret<String>>,
) -> Result<Prepared, Error> {
    let (new, presented_old) = (new.clone(), presented_old.cloned());
    let entropy = Arc::clone(&call.environment.entropy);
    let remembers = password_policy::find(&call.directory().store().read(), call)?
        .and_then(|policy| policy.reuse_prevention)
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(0);
    plane::hashing(move || {
        let against = profile.map(|profile| Compared {
            old_holds: presented_old.is_some_and(|old| profile.password.holds(&old)),
            used_ago: std::iter::once(&profile.password)
                .chain(&profile.earlier)
                .take(remembers)
                .position(|earlier| earlier.holds(&new))
                .map(|at| at + 1),
            present: profile.password,
        });
        let new = HashedPassword::of(&new, entropy.as_ref()).map_err(Error::internal)?;
        Ok(Prepared { new, against })
    })
    .await
}

impl Prepared {
    /// Sets the prepared password, if the account's policy takes it.
    fn set(
        &self,
        tx: &Transaction,
        call: &Call,
        profile: &mut LoginProfile,
        new: &str,
    ) -> Result<(), Error> {
        let policy = password_policy::find(tx, call)?;
        password_policy::check(tx, call, policy.as_ref(), new)?;
        let against = self.against(profile)?;
        let remembers = policy
            .and_then(|policy| policy.reuse_prevention)
            .unwrap_or(0);
        let is_reuse = against
            .used_ago
            .is_some_and(|ago| u32::try_from(ago).is_ok_and(|ago| ago <= remembers));
        if is_reuse {
            return Err(password_policy::violation(
                "Policy constraint violation with password reuse prevention during password change.",
            ));
        }
        profile.set_password(self.new.clone(), call.second());
        Ok(())
    }

    /// What was compared, if the profile is still as it was then.
    fn against(&self, profile: &LoginProfile) -> Result<&Compared, Error> {
        self.against
            .as_ref()
            .filter(|against| against.present.is_same_hash(&profile.password))
            .ok_or_else(|| {
                Error::new("EntityTemporarilyUnmodifiable").say(
                    "The password was changed by another request at the same time. Please try again.",
                )
            })
    }
}

/// Gives a user a password.
#[derive(Input)]
pub(crate) struct CreateLoginProfile {
    user_name: Option<String>,
    #[wire(text)]
    password: Option<Secret<String>>,
    password_reset_required: Option<bool>,
}

impl CreateLoginProfile {
    /// The subject. Root's own password can be made by a session of `AssumeRoot` only (IAM
    /// API Reference, CreateLoginProfile).
    fn subject(&self, call: &Call, reader: &impl Read) -> Result<Subject, Error> {
        let known = call.known()?;
        if self.user_name.is_none() && known.kind() == CallerKind::Root && known.session.is_none() {
            return Err(Error::validation(
                "Must specify userName when calling with non-User credentials",
            ));
        }
        subject(call, reader, self.user_name.as_deref())
    }

    fn touched(&self, call: &Call, reader: &impl Read) -> Result<Touches, Error> {
        let subject = self.subject(call, reader)?;
        subject
            .ask(call, "iam:CreateLoginProfile")
            .map(Touches::one)
    }
}

impl GatheringOperation for CreateLoginProfile {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_LOGIN_PROFILE;
    type Output = OneLoginProfile;
    type Gathered = Option<HashedPassword>;

    async fn gather(&self, call: &Call) -> Result<Option<HashedPassword>, Error> {
        self.touched(call, &call.directory().store().read())?
            .check(call)?;
        match &self.password {
            Some(password) => Ok(Some(prepare(call, None, password, None).await?.new)),
            None => Ok(None),
        }
    }

    fn touches(
        &self,
        _hashed: &Option<HashedPassword>,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error> {
        self.touched(call, tx)
    }

    fn run(
        &self,
        hashed: &Option<HashedPassword>,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<OneLoginProfile, Error> {
        let account = permit.account()?;
        let subject = self.subject(&permit, tx)?;
        let owner = subject.owner()?;
        let taken = || {
            let name = subject.name().unwrap_or_else(|| "root".to_owned());
            Error::new("EntityAlreadyExists")
                .say(format!("Login Profile for user {name} already exists."))
        };
        if find(tx, &permit, &owner)?.is_some() {
            return Err(taken());
        }
        let (Some(password), Some(hashed)) = (&self.password, hashed) else {
            return Err(Error::validation("Password is required."));
        };
        let policy = password_policy::find(tx, &permit)?;
        password_policy::check(tx, &permit, policy.as_ref(), password.expose())?;
        let profile = LoginProfile {
            account,
            owner,
            created: permit.second(),
            changed: permit.second(),
            password: hashed.clone(),
            earlier: Vec::new(),
            reset_required: self.password_reset_required.unwrap_or(false),
        };
        tx.insert(account.as_str(), &profile)
            .or_else_taken(|_| taken())?;
        Ok(OneLoginProfile::of(&subject, &profile))
    }
}

/// Shows when a user was given a password, and whether it must be changed.
#[derive(Input)]
pub(crate) struct GetLoginProfile {
    user_name: Option<String>,
}

impl Operation for GetLoginProfile {
    const FACTS: &'static OperationFacts = facts::iam::GET_LOGIN_PROFILE;
    type Output = OneLoginProfile;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let subject = subject(call, tx, self.user_name.as_deref())?;
        Ok(Touches::one(subject.ask(call, "iam:GetLoginProfile")?))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<OneLoginProfile, Error> {
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let profile = require(tx, &permit, &subject)?;
        Ok(OneLoginProfile::of(&subject, &profile))
    }
}

/// Sets a user's password, or whether it must be changed.
#[derive(Input)]
pub(crate) struct UpdateLoginProfile {
    user_name: String,
    #[wire(text)]
    password: Option<Secret<String>>,
    password_reset_required: Option<bool>,
}

impl UpdateLoginProfile {
    fn touched(call: &Call, subject: &Subject) -> Result<Touches, Error> {
        subject
            .ask(call, "iam:UpdateLoginProfile")
            .map(Touches::one)
    }
}

impl GatheringOperation for UpdateLoginProfile {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_LOGIN_PROFILE;
    type Output = Nothing;
    type Gathered = Option<Prepared>;

    async fn gather(&self, call: &Call) -> Result<Option<Prepared>, Error> {
        let Some(password) = &self.password else {
            return Ok(None);
        };
        let profile = {
            let reader = call.directory().store().read();
            let subject = subject(call, &reader, Some(&self.user_name))?;
            UpdateLoginProfile::touched(call, &subject)?.check(call)?;
            match subject.owner() {
                Ok(owner) => find(&reader, call, &owner)?,
                Err(_nobody) => None,
            }
        };
        Ok(Some(prepare(call, profile, password, None).await?))
    }

    fn touches(
        &self,
        _prepared: &Option<Prepared>,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error> {
        let subject = subject(call, tx, Some(&self.user_name))?;
        UpdateLoginProfile::touched(call, &subject)
    }

    fn run(
        &self,
        prepared: &Option<Prepared>,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<Nothing, Error> {
        let subject = subject(&permit, tx, Some(&self.user_name))?;
        let mut profile = require(tx, &permit, &subject)?;
        if let (Some(prepared), Some(password)) = (prepared, &self.password) {
            prepared.set(tx, &permit, &mut profile, password.expose())?;
        }
        if let Some(required) = self.password_reset_required {
            profile.reset_required = required;
        }
        tx.update(permit.account()?.as_str(), &profile)?;
        Ok(Nothing {})
    }
}

/// Takes a user's password away.
#[derive(Input)]
pub(crate) struct DeleteLoginProfile {
    user_name: Option<String>,
}

impl Operation for DeleteLoginProfile {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_LOGIN_PROFILE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let subject = subject(call, tx, self.user_name.as_deref())?;
        Ok(Touches::one(subject.ask(call, "iam:DeleteLoginProfile")?))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let subject = subject(&permit, tx, self.user_name.as_deref())?;
        let profile = require(tx, &permit, &subject)?;
        let id = LoginProfile::id_of(account, &profile.owner);
        tx.delete::<LoginProfile>(account.as_str(), &id)?;
        let use_id = LoginProfile::use_id(account, &profile.owner);
        tx.delete::<LastUsed>(account.as_str(), &use_id)?;
        Ok(Nothing {})
    }
}

/// Changes the caller's own password.
#[derive(Input)]
pub(crate) struct ChangePassword {
    #[wire(text)]
    old_password: Secret<String>,
    #[wire(text)]
    new_password: Secret<String>,
}

impl ChangePassword {
    fn touched(call: &Call, reader: &impl Read) -> Result<Touches, Error> {
        let ask = subject(call, reader, None)?.ask(call, "iam:ChangePassword")?;
        let policy = password_policy::find(reader, call)?;
        Ok(Touches::one(password_policy::granted_to_users(
            ask,
            policy.as_ref(),
        )))
    }
}

impl GatheringOperation for ChangePassword {
    const FACTS: &'static OperationFacts = facts::iam::CHANGE_PASSWORD;
    type Output = Nothing;
    type Gathered = Prepared;

    async fn gather(&self, call: &Call) -> Result<Prepared, Error> {
        let known = call.known()?;
        if known.kind() != CallerKind::User {
            return Err(
                Error::new("InvalidUserType").say("Only IAM Users can change their own password")
            );
        }
        let owner = KeyOwner::User(known.principal.id.clone());
        let profile = {
            let reader = call.directory().store().read();
            ChangePassword::touched(call, &reader)?.check(call)?;
            find(&reader, call, &owner)?
        };
        let old = Some(&self.old_password);
        prepare(call, profile, &self.new_password, old).await
    }

    fn touches(
        &self,
        _prepared: &Prepared,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error> {
        ChangePassword::touched(call, tx)
    }

    fn run(
        &self,
        prepared: &Prepared,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<Nothing, Error> {
        let subject = subject(&permit, tx, None)?;
        let mut profile = require(tx, &permit, &subject)?;
        if !prepared.against(&profile)?.old_holds {
            return Err(Error::access_denied("The old password was incorrect."));
        }
        prepared.set(tx, &permit, &mut profile, self.new_password.expose())?;
        let (old, new) = (self.old_password.expose(), self.new_password.expose());
        if seal::same(old.as_bytes(), new.as_bytes()) {
            return Err(Error::access_denied(
                "The new password must differ from the old one.",
            ));
        }
        profile.reset_required = false;
        tx.update(permit.account()?.as_str(), &profile)?;
        Ok(Nothing {})
    }
}
