//! Whom an operation without a user name speaks of: whoever calls.

use aws::AccountId;
use identity::{Account, Ask, CallerKind, GLOBAL_SCOPE, KeyOwner, User};
use plane::{Call, Error};
use store::Read;

use crate::entity::{arn_of, ask_for, ask_of, find};
use crate::errors::no_such;

/// The user that an operation speaks of.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A user who exists.
    User(User),
    /// The root user of the caller's account.
    Root(Account),
    /// A name that no user has.
    Nobody(String),
}

impl Subject {
    /// What an action on the subject asks for.
    pub(crate) fn ask(&self, call: &Call, action: &'static str) -> Result<Ask, Error> {
        let account = call.account()?;
        Ok(match self {
            Subject::User(user) => ask_of(action, user),
            Subject::Root(_) => ask_for(action, root_arn(account), account),
            Subject::Nobody(name) => {
                let arn = arn_of::<User>(account, "/", name);
                ask_for(action, arn, account).called(format!("user {name}"))
            }
        })
    }

    /// The subject as the owner of keys; nobody is `NoSuchEntity`.
    pub(crate) fn owner(&self) -> Result<KeyOwner, Error> {
        match self {
            Subject::User(user) => Ok(KeyOwner::User(user.id.clone())),
            Subject::Root(_) => Ok(KeyOwner::Root),
            Subject::Nobody(name) => Err(no_such("user", name)),
        }
    }

    /// The user's name; root has none.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Subject::User(user) => Some(user.name.clone()),
            Subject::Root(_) | Subject::Nobody(_) => None,
        }
    }
}

/// The root user's ARN.
pub(crate) fn root_arn(account: AccountId) -> aws::Arn {
    aws::Arn::new("iam", "", account.as_str(), "root")
}

/// The user of this name, or without a name the caller, who must then be a user or root.
pub(crate) fn subject(
    call: &Call,
    reader: &impl Read,
    name: Option<&str>,
) -> Result<Subject, Error> {
    let account = call.account()?;
    if let Some(name) = name {
        let user = find::<User>(reader, account, name)?;
        return Ok(user.map_or_else(|| Subject::Nobody(name.to_owned()), Subject::User));
    }
    let known = call.known()?;
    match known.kind() {
        CallerKind::User => {
            let user: Option<User> = reader.get(account.as_str(), &known.principal.id)?;
            Ok(user.map_or_else(
                || Subject::Nobody(known.principal.name.clone()),
                Subject::User,
            ))
        }
        CallerKind::Root => {
            let found: Option<Account> = reader.get(GLOBAL_SCOPE, account.as_str())?;
            found
                .map(Subject::Root)
                .ok_or_else(|| Error::internal("the caller's account is gone"))
        }
        CallerKind::RoleSession | CallerKind::FederatedUser => Err(Error::validation(
            "Must specify userName when calling with non-User credentials",
        )),
    }
}
