//! What users, groups and roles have in common: a name in an account, an ARN, policies.

use std::collections::BTreeMap;

use aws::{AccountId, Arn};
use identity::{Ask, Group, Quotas, Role, Tag, User};
use plane::{Call, Error, Touches};
use store::{OrElseTaken as _, Read, Record, Transaction};

use crate::errors::{already_exists, capitalized, delete_conflict, no_such, over_quota};
use crate::paging::{Page, Paging};
use crate::quotas;

/// A user, a group or a role.
pub(crate) trait Entity: Record + Clone {
    /// What AWS calls it in sentences and in ARNs.
    const NOUN: &'static str;
    /// How much all its inline policies together may weigh.
    const INLINE_SIZE: u64;

    /// How many such entities an account may hold.
    fn per_account(quotas: &Quotas) -> u64;
    /// How many managed policies one may carry.
    fn policies_most(quotas: &Quotas) -> u64;

    /// The account that it belongs to.
    fn account(&self) -> AccountId;
    /// Its name, as it was given.
    fn name(&self) -> &str;
    /// Its path.
    fn path(&self) -> &str;
    /// Its ARN, path included.
    fn arn(&self) -> Arn;
    /// Its tags. Groups have none.
    fn tags(&self) -> &[Tag];
    /// The managed policy that bounds it. Groups have none.
    fn boundary(&self) -> Option<&str>;
    /// Its inline policies by name.
    fn inline(&self) -> &BTreeMap<String, String>;
    /// Its inline policies by name, to be changed.
    fn inline_mut(&mut self) -> &mut BTreeMap<String, String>;
    /// ARNs of the managed policies attached to it.
    fn attached(&self) -> &[String];
    /// ARNs of the managed policies attached to it, to be changed.
    fn attached_mut(&mut self) -> &mut Vec<String>;
}

macro_rules! common {
    () => {
        fn account(&self) -> AccountId {
            self.account
        }

        fn name(&self) -> &str {
            &self.name
        }

        fn path(&self) -> &str {
            &self.path
        }

        fn arn(&self) -> Arn {
            Self::arn(self)
        }

        fn inline(&self) -> &BTreeMap<String, String> {
            &self.inline
        }

        fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
            &mut self.inline
        }

        fn attached(&self) -> &[String] {
            &self.attached
        }

        fn attached_mut(&mut self) -> &mut Vec<String> {
            &mut self.attached
        }
    };
}

impl Entity for User {
    const NOUN: &'static str = "user";
    const INLINE_SIZE: u64 = quotas::USER_POLICY_SIZE;

    fn per_account(_quotas: &Quotas) -> u64 {
        quotas::USERS
    }

    fn policies_most(quotas: &Quotas) -> u64 {
        quotas.policies_per_user
    }

    common!();

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

impl Entity for Group {
    const NOUN: &'static str = "group";
    const INLINE_SIZE: u64 = quotas::GROUP_POLICY_SIZE;

    fn per_account(quotas: &Quotas) -> u64 {
        quotas.groups
    }

    fn policies_most(_quotas: &Quotas) -> u64 {
        quotas::POLICIES_PER_GROUP
    }

    common!();

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl Entity for Role {
    const NOUN: &'static str = "role";
    const INLINE_SIZE: u64 = quotas::ROLE_POLICY_SIZE;

    fn per_account(quotas: &Quotas) -> u64 {
        quotas.roles
    }

    fn policies_most(quotas: &Quotas) -> u64 {
        quotas.policies_per_role
    }

    common!();

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

/// The entity of this name in the account, without regard to case.
pub(crate) fn find<E: Entity>(
    reader: &impl Read,
    account: AccountId,
    name: &str,
) -> Result<Option<E>, Error> {
    Ok(reader.find(account.as_str(), "name", &name.to_lowercase())?)
}

/// The entity of this name in the account, or `NoSuchEntity`.
pub(crate) fn require<E: Entity>(
    reader: &impl Read,
    account: AccountId,
    name: &str,
) -> Result<E, Error> {
    find(reader, account, name)?.ok_or_else(|| no_such(E::NOUN, name))
}

/// Where the roles of services lie.
pub(crate) const SERVICE_ROLE_PATH: &str = "/aws-service-role/";
/// Where AWS keeps roles to itself: only it makes them and changes them.
const RESERVED_PATHS: [&str; 2] = [SERVICE_ROLE_PATH, "/aws-reserved/"];

/// The entity of this name, to be changed, or why it cannot be.
pub(crate) fn require_ours<E: Entity>(
    reader: &impl Read,
    account: AccountId,
    name: &str,
) -> Result<E, Error> {
    let entity = require::<E>(reader, account, name)?;
    must_be_ours(&entity)?;
    Ok(entity)
}

/// Refuses to change a role that is its service's alone.
pub(crate) fn must_be_ours<E: Entity>(entity: &E) -> Result<(), Error> {
    let is_role = E::NOUN == <Role as Entity>::NOUN;
    let is_reserved = |path: &&str| entity.path().starts_with(*path);
    if !is_role || !RESERVED_PATHS.iter().any(is_reserved) {
        return Ok(());
    }
    let name = entity.name();
    Err(Error::new("UnmodifiableEntity").say(format!(
        "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
    )))
}

/// The path that was given for a new role, which must not be one of AWS's own.
pub(crate) fn checked_role_path(given: Option<&str>) -> Result<&str, Error> {
    let path = path_or_root(given);
    if RESERVED_PATHS
        .iter()
        .any(|reserved| path.starts_with(reserved))
    {
        return Err(Error::validation(format!(
            "The specified value for path is invalid. Paths that begin with {path} are reserved for AWS."
        )));
    }
    Ok(path)
}

/// The ARN that an entity of this path and name has or would have.
pub(crate) fn arn_of<E: Entity>(account: AccountId, path: &str, name: &str) -> Arn {
    let resource = format!("{}{path}{name}", E::NOUN);
    Arn::new("iam", "", account.as_str(), &resource)
}

/// What an action on an entity that is there asks for. A refusal calls it `user NAME`.
pub(crate) fn ask_of<E: Entity>(action: &'static str, entity: &E) -> Ask {
    Ask::new(action, entity.arn().as_str(), entity.account().as_str())
        .called(format!("{} {}", E::NOUN, entity.name()))
        .resource_tags("iam", entity.tags())
}

/// What an action on the entity of this name asks for. One that does not exist is asked for
/// under the path `/`, so that nobody learns of its absence who could not have touched it.
pub(crate) fn ask<E: Entity>(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    name: &str,
) -> Result<Ask, Error> {
    let found = find::<E>(tx, call.account()?, name)?;
    ask_found(call, action, name, found.as_ref())
}

/// As [`ask`], with the boundary of the entity as `iam:PermissionsBoundary`: for the actions
/// that the service authorization reference lists that key for.
pub(crate) fn ask_bounded<E: Entity>(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    name: &str,
) -> Result<Ask, Error> {
    let found = find::<E>(tx, call.account()?, name)?;
    let boundary = found.as_ref().and_then(Entity::boundary);
    Ok(ask_found(call, action, name, found.as_ref())?.key_if("iam:PermissionsBoundary", boundary))
}

fn ask_found<E: Entity>(
    call: &Call,
    action: &'static str,
    name: &str,
    found: Option<&E>,
) -> Result<Ask, Error> {
    let account = call.account()?;
    let ask = match found {
        Some(entity) => ask_of(action, entity),
        None => ask_for(action, arn_of::<E>(account, "/", name), account),
    };
    // In the caller's own spelling: a name in another case would tell that it exists.
    Ok(ask.called(format!("{} {name}", E::NOUN)))
}

/// What an action on something of this ARN in the account asks for.
pub(crate) fn ask_for(action: &'static str, arn: Arn, account: AccountId) -> Ask {
    Ask::new(action, arn.as_str(), account.as_str())
}

/// A single action on the entity of this name.
pub(crate) fn touch<E: Entity>(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    name: &str,
) -> Result<Touches, Error> {
    Ok(Touches::one(ask::<E>(call, tx, action, name)?))
}

/// A listing of entities under a path. The resource is what all their ARNs begin with.
pub(crate) fn touch_list<E: Entity>(
    call: &Call,
    action: &'static str,
    path_prefix: Option<&str>,
) -> Result<Touches, Error> {
    let account = call.account()?;
    let arn = arn_of::<E>(account, path_prefix.unwrap_or("/"), "");
    Ok(Touches::one(ask_for(action, arn, account)))
}

/// A page of the entities under a path, by name.
pub(crate) fn page_under<E: Entity>(
    call: &Call,
    tx: &Transaction,
    paging: Paging<'_>,
    path_prefix: Option<&str>,
) -> Result<Page<E>, Error> {
    let account = call.account()?;
    paging.stored(tx, account.as_str(), "name", "", |entity: &E| {
        is_under(entity.path(), path_prefix)
    })
}

/// A change of name or path. "You must have the appropriate permissions on both the source
/// object and the target object" (IAM API Reference, UpdateUser).
pub(crate) fn touch_renaming<E: Entity>(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    name: &str,
    renamed: impl FnOnce(E) -> E,
) -> Result<Touches, Error> {
    let touches = touch::<E>(call, tx, action, name)?;
    Ok(match find::<E>(tx, call.account()?, name)? {
        Some(entity) => touches.and(ask_of(action, &renamed(entity))),
        None => touches,
    })
}

/// Adds an entity: its name must be free, and there must be room for one more.
pub(crate) fn insert<E: Entity>(
    call: &Call,
    tx: &mut Transaction,
    entity: &E,
) -> Result<(), Error> {
    let scope = entity.account();
    let scope = scope.as_str();
    tx.insert(scope, entity)
        .or_else_taken(|_| already_exists(E::NOUN, entity.name()))?;
    let most = E::per_account(call.directory().quotas());
    if !tx.within::<E>(scope, "name", "", most)? {
        let quota = format!("{}sPerAccount", capitalized(E::NOUN));
        return Err(over_quota(&quota, most));
    }
    Ok(())
}

/// Writes an entity that was changed; its new name must be free.
pub(crate) fn update<E: Entity>(tx: &mut Transaction, entity: &E) -> Result<(), Error> {
    let scope = entity.account();
    tx.update(scope.as_str(), entity)
        .or_else_taken(|_| already_exists(E::NOUN, entity.name()))
}

/// Refuses to delete an entity that still holds policies, in AWS's order.
pub(crate) fn must_hold_no_policies(entity: &impl Entity) -> Result<(), Error> {
    if !entity.attached().is_empty() {
        return Err(delete_conflict("detach all policies"));
    }
    if !entity.inline().is_empty() {
        return Err(delete_conflict("delete policies"));
    }
    Ok(())
}

/// The path that was given, or `/`. The model's pattern has held it to its form.
pub(crate) fn path_or_root(given: Option<&str>) -> &str {
    given.unwrap_or("/")
}

/// Whether the path begins with the prefix that was asked for.
pub(crate) fn is_under(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| path.starts_with(prefix))
}
