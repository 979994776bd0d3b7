//! Inline policies: documents that belong to one user, group or role and go with it.

use std::collections::BTreeMap;

use facts::OperationFacts;
use identity::{Group, Role, User};
use plane::{Call, Error, Operation, Permit, Touches};
use policy::Grammar;
use store::Transaction;
use wire::{Input, Output};

use crate::documents;
use crate::entity::{self, Entity, ask_bounded, require, require_ours, touch};
use crate::errors::{Nothing, no_such};
use crate::paging::Paging;

/// A page of names of inline policies.
#[derive(Output, Debug)]
pub(crate) struct PolicyNamePage {
    policy_names: Vec<String>,
    is_truncated: bool,
    marker: Option<String>,
}

/// The name of the policy that is called so, in capitals or not, as recorded from AWS. An
/// earlier version told names apart by their capitals; then the very name counts.
fn name_of(inline: &BTreeMap<String, String>, called: &str) -> Option<String> {
    if inline.contains_key(called) {
        return Some(called.to_owned());
    }
    let mut names = inline.keys();
    names
        .find(|name| name.eq_ignore_ascii_case(called))
        .cloned()
}

/// Adds an inline policy, or replaces the one of this name.
fn put<E: Entity>(
    call: &Call,
    tx: &mut Transaction,
    owner: &str,
    policy_name: &str,
    document: &str,
) -> Result<(), Error> {
    let mut entity = require_ours::<E>(tx, call.account()?, owner)?;
    documents::parse(document, Grammar::Identity)?;
    let inline = entity.inline_mut();
    // The policy keeps the name that it was made with.
    let name = name_of(inline, policy_name).unwrap_or_else(|| policy_name.to_owned());
    inline.insert(name, document.to_owned());
    let size: u64 = inline.values().map(|text| documents::size(text)).sum();
    if size > E::INLINE_SIZE {
        return Err(Error::new("LimitExceeded").say(format!(
            "Maximum policy size of {} bytes exceeded for {} {}",
            E::INLINE_SIZE,
            E::NOUN,
            entity.name()
        )));
    }
    entity::update(tx, &entity)
}

/// The owner's name as it was given, and the document as it is shown.
fn get<E: Entity>(
    call: &Call,
    tx: &Transaction,
    owner: &str,
    policy_name: &str,
) -> Result<(String, String), Error> {
    let entity = require::<E>(tx, call.account()?, owner)?;
    let name = name_of(entity.inline(), policy_name);
    match name.and_then(|name| entity.inline().get(&name)) {
        Some(document) => Ok((entity.name().to_owned(), documents::encoded(document))),
        None => Err(no_such_policy::<E>(policy_name)),
    }
}

fn list<E: Entity>(
    call: &Call,
    tx: &Transaction,
    owner: &str,
    paging: Paging<'_>,
) -> Result<PolicyNamePage, Error> {
    let entity = require::<E>(tx, call.account()?, owner)?;
    let page = paging.of(entity.inline().keys().cloned().collect())?;
    Ok(PolicyNamePage {
        is_truncated: page.is_truncated(),
        policy_names: page.items,
        marker: page.marker,
    })
}

fn delete<E: Entity>(
    call: &Call,
    tx: &mut Transaction,
    owner: &str,
    policy_name: &str,
) -> Result<(), Error> {
    let mut entity = require_ours::<E>(tx, call.account()?, owner)?;
    let Some(name) = name_of(entity.inline(), policy_name) else {
        return Err(no_such_policy::<E>(policy_name));
    };
    entity.inline_mut().remove(&name);
    entity::update(tx, &entity)
}

fn no_such_policy<E: Entity>(name: &str) -> Error {
    no_such(&format!("{} policy", E::NOUN), name)
}

/// The four operations of one kind of owner. AWS named each three times over.
macro_rules! inline_policies {
    (
        of $entity:ty, by $owner:ident;
        $put:ident = $put_facts:ident,
        $get:ident = $get_facts:ident -> $shown:ident,
        $list:ident = $list_facts:ident,
        $delete:ident = $delete_facts:ident $(,)?
    ) => {
        /// Adds an inline policy, or replaces the one of this name.
        #[derive(Input)]
        pub(crate) struct $put {
            $owner: String,
            policy_name: String,
            policy_document: String,
        }

        impl Operation for $put {
            const FACTS: &'static OperationFacts = facts::iam::$put_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($put));
                let ask = ask_bounded::<$entity>(call, tx, action, &self.$owner)?;
                Ok(Touches::one(ask))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                put::<$entity>(
                    &permit,
                    tx,
                    &self.$owner,
                    &self.policy_name,
                    &self.policy_document,
                )?;
                Ok(Nothing {})
            }
        }

        /// Shows an inline policy.
        #[derive(Input)]
        pub(crate) struct $get {
            $owner: String,
            policy_name: String,
        }

        /// An inline policy with its document, percent-encoded.
        #[derive(Output, Debug)]
        pub(crate) struct $shown {
            $owner: String,
            policy_name: String,
            policy_document: String,
        }

        impl Operation for $get {
            const FACTS: &'static OperationFacts = facts::iam::$get_facts;
            type Output = $shown;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                touch::<$entity>(call, tx, concat!("iam:", stringify!($get)), &self.$owner)
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<$shown, Error> {
                let (name, document) =
                    get::<$entity>(&permit, tx, &self.$owner, &self.policy_name)?;
                Ok($shown {
                    $owner: name,
                    policy_name: self.policy_name.clone(),
                    policy_document: document,
                })
            }
        }

        /// Lists the names of the inline policies.
        #[derive(Input)]
        pub(crate) struct $list {
            $owner: String,
            marker: Option<String>,
            max_items: Option<i32>,
        }

        impl Operation for $list {
            const FACTS: &'static OperationFacts = facts::iam::$list_facts;
            type Output = PolicyNamePage;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                touch::<$entity>(call, tx, concat!("iam:", stringify!($list)), &self.$owner)
            }

            fn run(
                &self,
                permit: Permit<Self>,
                tx: &mut Transaction,
            ) -> Result<PolicyNamePage, Error> {
                let paging = Paging::new(self.marker.as_deref(), self.max_items);
                list::<$entity>(&permit, tx, &self.$owner, paging)
            }
        }

        /// Deletes an inline policy.
        #[derive(Input)]
        pub(crate) struct $delete {
            $owner: String,
            policy_name: String,
        }

        impl Operation for $delete {
            const FACTS: &'static OperationFacts = facts::iam::$delete_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($delete));
                let ask = ask_bounded::<$entity>(call, tx, action, &self.$owner)?;
                Ok(Touches::one(ask))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                delete::<$entity>(&permit, tx, &self.$owner, &self.policy_name)?;
                Ok(Nothing {})
            }
        }
    };
}

inline_policies! {
    of User, by user_name;
    PutUserPolicy = PUT_USER_POLICY,
    GetUserPolicy = GET_USER_POLICY -> UserPolicy,
    ListUserPolicies = LIST_USER_POLICIES,
    DeleteUserPolicy = DELETE_USER_POLICY,
}

inline_policies! {
    of Group, by group_name;
    PutGroupPolicy = PUT_GROUP_POLICY,
    GetGroupPolicy = GET_GROUP_POLICY -> GroupPolicy,
    ListGroupPolicies = LIST_GROUP_POLICIES,
    DeleteGroupPolicy = DELETE_GROUP_POLICY,
}

inline_policies! {
    of Role, by role_name;
    PutRolePolicy = PUT_ROLE_POLICY,
    GetRolePolicy = GET_ROLE_POLICY -> RolePolicy,
    ListRolePolicies = LIST_ROLE_POLICIES,
    DeleteRolePolicy = DELETE_ROLE_POLICY,
}
