//! Attachments: which managed policies a user, a group or a role carries.

use facts::OperationFacts;
use identity::{Group, Role, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::arns;
use crate::entity::{self, Entity, ask, ask_bounded, is_under, require, require_ours, touch};
use crate::errors::{Nothing, capitalized, over_quota};
use crate::managed;
use crate::paging::Paging;

/// An attached policy as it is shown.
#[derive(Output, Debug)]
pub(crate) struct AttachedView {
    policy_name: String,
    policy_arn: String,
}

impl AttachedView {
    /// The policy of this ARN.
    pub(crate) fn of(arn: &str) -> AttachedView {
        AttachedView {
            policy_name: path_and_name(arn).1.to_owned(),
            policy_arn: arn.to_owned(),
        }
    }
}

/// A page of attached policies.
#[derive(Output, Debug)]
pub(crate) struct AttachedPage {
    attached_policies: Vec<AttachedView>,
    is_truncated: bool,
    marker: Option<String>,
}

/// Attaches the policy; one that is attached already is no error.
fn attach<E: Entity>(
    call: &Call,
    tx: &mut Transaction,
    name: &str,
    arn: &str,
) -> Result<Nothing, Error> {
    let account = call.account()?;
    let mut entity = require_ours::<E>(tx, account, name)?;
    arns::parse(arn, "policy/")?;
    let policy = managed::find(tx, account, arn)?.ok_or_else(|| managed::not_attachable(arn))?;
    if policy.is_for_services_only() {
        return Err(Error::new("PolicyNotAttachable").say(format!(
            "Cannot attach a Service Role Policy to a Customer {}.",
            capitalized(E::NOUN)
        )));
    }
    if entity.attached().iter().any(|held| held == arn) {
        return Ok(Nothing {});
    }
    entity.attached_mut().push(arn.to_owned());
    let most = E::policies_most(call.directory().quotas());
    if u64::try_from(entity.attached().len()).map_err(Error::internal)? > most {
        let quota = format!("PoliciesPer{}", capitalized(E::NOUN));
        return Err(over_quota(&quota, most));
    }
    entity::update(tx, &entity)?;
    Ok(Nothing {})
}

/// Detaches the policy, which must be attached.
fn detach<E: Entity>(
    call: &Call,
    tx: &mut Transaction,
    name: &str,
    arn: &str,
) -> Result<Nothing, Error> {
    let mut entity = require_ours::<E>(tx, call.account()?, name)?;
    arns::parse(arn, "policy/")?;
    let before = entity.attached().len();
    entity.attached_mut().retain(|held| held != arn);
    if entity.attached().len() == before {
        return Err(managed::not_found(arn));
    }
    entity::update(tx, &entity)?;
    Ok(Nothing {})
}

/// Lists what is attached under a path, in order of attachment.
fn list<E: Entity>(
    call: &Call,
    tx: &Transaction,
    name: &str,
    prefix: Option<&str>,
    paging: Paging<'_>,
) -> Result<AttachedPage, Error> {
    let entity = require::<E>(tx, call.account()?, name)?;
    let attached = entity.attached().iter();
    let views = attached
        .filter(|arn| is_under(path_and_name(arn).0, prefix))
        .map(|arn| AttachedView::of(arn));
    let page = paging.of(views.collect())?;
    Ok(AttachedPage {
        is_truncated: page.is_truncated(),
        attached_policies: page.items,
        marker: page.marker,
    })
}

/// The path and the name in a policy's ARN.
fn path_and_name(arn: &str) -> (&str, &str) {
    let (_, rest) = arn.split_once(":policy").unwrap_or_default();
    let border = rest.rfind('/').map_or(0, |slash| slash + 1);
    rest.split_at_checked(border).unwrap_or_default()
}

/// The three operations on one kind of entity. Groups have no boundary, so that the key of
/// that name is never there for them.
macro_rules! attachment_operations {
    (
        of $entity:ty, by $owner:ident, asking $ask:ident;
        $attach:ident = $attach_facts:ident,
        $detach:ident = $detach_facts:ident,
        $list:ident = $list_facts:ident $(,)?
    ) => {
        /// Attaches a managed policy.
        #[derive(Input)]
        pub(crate) struct $attach {
            $owner: String,
            policy_arn: String,
        }

        impl Operation for $attach {
            const FACTS: &'static OperationFacts = facts::iam::$attach_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($attach));
                let ask = $ask::<$entity>(call, tx, action, &self.$owner)?;
                Ok(Touches::one(
                    ask.key("iam:PolicyARN", self.policy_arn.as_str()),
                ))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                attach::<$entity>(&permit, tx, &self.$owner, &self.policy_arn)
            }
        }

        /// Detaches a managed policy.
        #[derive(Input)]
        pub(crate) struct $detach {
            $owner: String,
            policy_arn: String,
        }

        impl Operation for $detach {
            const FACTS: &'static OperationFacts = facts::iam::$detach_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($detach));
                let ask = $ask::<$entity>(call, tx, action, &self.$owner)?;
                Ok(Touches::one(
                    ask.key("iam:PolicyARN", self.policy_arn.as_str()),
                ))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                detach::<$entity>(&permit, tx, &self.$owner, &self.policy_arn)
            }
        }

        /// Lists attached managed policies.
        #[derive(Input)]
        pub(crate) struct $list {
            $owner: String,
            path_prefix: Option<String>,
            marker: Option<String>,
            max_items: Option<i32>,
        }

        impl Operation for $list {
            const FACTS: &'static OperationFacts = facts::iam::$list_facts;
            type Output = AttachedPage;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                touch::<$entity>(call, tx, concat!("iam:", stringify!($list)), &self.$owner)
            }

            fn run(
                &self,
                permit: Permit<Self>,
                tx: &mut Transaction,
            ) -> Result<AttachedPage, Error> {
                let paging = Paging::new(self.marker.as_deref(), self.max_items);
                let prefix = self.path_prefix.as_deref();
                list::<$entity>(&permit, tx, &self.$owner, prefix, paging)
            }
        }
    };
}

attachment_operations! {
    of User, by user_name, asking ask_bounded;
    AttachUserPolicy = ATTACH_USER_POLICY,
    DetachUserPolicy = DETACH_USER_POLICY,
    ListAttachedUserPolicies = LIST_ATTACHED_USER_POLICIES,
}

attachment_operations! {
    of Group, by group_name, asking ask;
    AttachGroupPolicy = ATTACH_GROUP_POLICY,
    DetachGroupPolicy = DETACH_GROUP_POLICY,
    ListAttachedGroupPolicies = LIST_ATTACHED_GROUP_POLICIES,
}

attachment_operations! {
    of Role, by role_name, asking ask_bounded;
    AttachRolePolicy = ATTACH_ROLE_POLICY,
    DetachRolePolicy = DETACH_ROLE_POLICY,
    ListAttachedRolePolicies = LIST_ATTACHED_ROLE_POLICIES,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_name_stand_in_the_arn() {
        for (arn, expected) in [
            (
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ("/", "ReadOnlyAccess"),
            ),
            (
                "arn:aws:iam::aws:policy/job-function/Billing",
                ("/job-function/", "Billing"),
            ),
            ("arn:aws:iam::111122223333:policy/a/b/c", ("/a/b/", "c")),
        ] {
            assert_eq!(path_and_name(arn), expected);
        }
    }
}
