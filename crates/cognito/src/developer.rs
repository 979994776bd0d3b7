//! Users of the pool owner's own back end: looking them up, merging two into one, unlinking.

use facts::OperationFacts;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_parameter, no_such_developer_provider, no_such_identity};
use crate::identity_record::Identity;
use crate::pool::{IdentityPool, SCOPE, ask};

/// How many users a page has unless asked otherwise.
const PAGE_DEFAULT: usize = 60;

/// There is no such user.
fn no_such_user(user: &str) -> Error {
    Error::new("ResourceNotFoundException").say(format!("Developer user '{user}' not found."))
}

fn conflict(message: &str) -> Error {
    Error::new("ResourceConflictException").say(message)
}

/// The pool's developer provider, if it is called so.
fn check_provider(pool: &IdentityPool, name: &str) -> Result<(), Error> {
    if pool.configuration.developer_provider.as_deref() == Some(name) {
        return Ok(());
    }
    Err(no_such_developer_provider())
}

/// Finds the identity of a user, or the users of an identity.
#[derive(Input)]
pub(crate) struct LookupDeveloperIdentity {
    identity_pool_id: String,
    identity_id: Option<String>,
    developer_user_identifier: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
}

/// An identity and its users.
#[derive(Output, Debug)]
pub(crate) struct DeveloperUsers {
    identity_id: String,
    developer_user_identifier_list: Vec<String>,
    next_token: Option<String>,
}

impl Operation for LookupDeveloperIdentity {
    const FACTS: &'static OperationFacts = facts::cognito_identity::LOOKUP_DEVELOPER_IDENTITY;
    type Output = DeveloperUsers;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:LookupDeveloperIdentity", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<DeveloperUsers, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let provider = pool.configuration.developer_provider.as_deref();
        let provider = provider.unwrap_or_default();
        let named = self.identity_id.as_deref();
        let user = self.developer_user_identifier.as_deref();
        let holder = match user {
            Some(user) => Identity::of_person(tx, &pool.id, provider, user)?,
            None => None,
        };
        let identity = match (named, user, holder) {
            (None, None, _) => {
                return Err(invalid_parameter(
                    "Either IdentityId or DeveloperUserIdentifier must be given.",
                ));
            }
            (None, Some(_), Some(holder)) => holder,
            (None, Some(user), None) => return Err(no_such_user(user)),
            (Some(id), None, _) => identity_of(&pool, id, tx)?,
            (Some(id), Some(_), holder) => {
                let identity = identity_of(&pool, id, tx)?;
                if holder.is_none_or(|holder| holder.id != identity.id) {
                    return Err(conflict(
                        "The developer user identifier is not linked to the identity.",
                    ));
                }
                identity
            }
        };
        // Both given: the answer is the question.
        let users = match (named, user) {
            (Some(_), Some(user)) => vec![user.to_owned()],
            _ => identity.developer_users(provider),
        };
        let (page, next_token) = self.page(users)?;
        Ok(DeveloperUsers {
            identity_id: identity.id,
            developer_user_identifier_list: page,
            next_token,
        })
    }
}

impl LookupDeveloperIdentity {
    /// Part of the users, and where the next part begins.
    fn page(&self, users: Vec<String>) -> Result<(Vec<String>, Option<String>), Error> {
        let start = match &self.next_token {
            None => 0,
            Some(token) => token
                .parse::<usize>()
                .ok()
                .filter(|start| *start < users.len())
                .ok_or_else(|| invalid_parameter("Invalid pagination token."))?,
        };
        let asked = self.max_results.and_then(|most| usize::try_from(most).ok());
        let most = asked.unwrap_or(PAGE_DEFAULT);
        let end = start.saturating_add(most);
        let next = (end < users.len()).then(|| end.to_string());
        let page = users.into_iter().skip(start).take(most).collect();
        Ok((page, next))
    }
}

/// The identity of the pool that has this id.
fn identity_of(pool: &IdentityPool, id: &str, tx: &Transaction) -> Result<Identity, Error> {
    Identity::find(tx, id)?
        .filter(|identity| identity.pool == pool.id)
        .ok_or_else(|| no_such_identity(id))
}

/// Makes two users of the developer's one identity: the destination's. The source's counts no
/// more.
#[derive(Input)]
pub(crate) struct MergeDeveloperIdentities {
    source_user_identifier: String,
    destination_user_identifier: String,
    developer_provider_name: String,
    identity_pool_id: String,
}

/// The identity that stays.
#[derive(Output, Debug)]
pub(crate) struct MergedIdentity {
    identity_id: String,
}

impl Operation for MergeDeveloperIdentities {
    const FACTS: &'static OperationFacts = facts::cognito_identity::MERGE_DEVELOPER_IDENTITIES;
    type Output = MergedIdentity;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:MergeDeveloperIdentities", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<MergedIdentity, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let provider = self.developer_provider_name.as_str();
        check_provider(&pool, provider)?;
        let of_user = |user: &str| {
            Identity::of_person(tx, &pool.id, provider, user)?.ok_or_else(|| no_such_user(user))
        };
        let mut source = of_user(&self.source_user_identifier)?;
        let mut destination = of_user(&self.destination_user_identifier)?;
        if source.id == destination.id {
            return Ok(MergedIdentity {
                identity_id: destination.id,
            });
        }
        for login in std::mem::take(&mut source.logins) {
            let mut held = destination.logins.iter();
            let is_public = login.provider != provider;
            if is_public && held.any(|held| held.provider == login.provider) {
                return Err(conflict(
                    "The identities are linked to different users of the same public provider.",
                ));
            }
            destination.take_over(login, permit.now())?;
        }
        source.signed_in = true;
        source.disabled = true;
        source.modified = permit.now();
        // The source lets its logins go before the destination takes them.
        tx.update(SCOPE, &source)?;
        tx.update(SCOPE, &destination)?;
        Ok(MergedIdentity {
            identity_id: destination.id,
        })
    }
}

/// Takes a user of the developer's from an identity. Next time the user is somebody new.
#[derive(Input)]
pub(crate) struct UnlinkDeveloperIdentity {
    identity_id: String,
    identity_pool_id: String,
    developer_provider_name: String,
    developer_user_identifier: String,
}

impl Operation for UnlinkDeveloperIdentity {
    const FACTS: &'static OperationFacts = facts::cognito_identity::UNLINK_DEVELOPER_IDENTITY;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:UnlinkDeveloperIdentity", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let provider = self.developer_provider_name.as_str();
        check_provider(&pool, provider)?;
        let mut identity = identity_of(&pool, &self.identity_id, tx)?;
        let user = self.developer_user_identifier.as_str();
        let was_linked = identity.unlink(permit.now(), |login| {
            login.provider == provider && login.subject == user
        });
        if !was_linked {
            return Err(no_such_user(user));
        }
        tx.update(SCOPE, &identity)?;
        Ok(Nothing {})
    }
}
