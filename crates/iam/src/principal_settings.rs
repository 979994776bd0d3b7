//! Tags and permissions boundaries of users and roles: the same operations on both.

use facts::OperationFacts;
use identity::{Role, User};
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::Input;

use crate::boundary;
use crate::entity::{self, ask, ask_bounded, require, require_ours, touch};
use crate::errors::{Nothing, no_such_entity};
use crate::paging::Paging;
use crate::tags::{self, Case, TagInput, TagPage};

/// The three operations on the tags of one kind of entity.
macro_rules! tag_operations {
    (
        of $entity:ty, by $owner:ident;
        $tag:ident = $tag_facts:ident,
        $untag:ident = $untag_facts:ident,
        $list:ident = $list_facts:ident $(,)?
    ) => {
        /// Sets tags beside those that are there.
        #[derive(Input)]
        pub(crate) struct $tag {
            $owner: String,
            tags: Vec<TagInput>,
        }

        impl Operation for $tag {
            const FACTS: &'static OperationFacts = facts::iam::$tag_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let ask =
                    ask::<$entity>(call, tx, concat!("iam:", stringify!($tag)), &self.$owner)?;
                Ok(Touches::one(ask.request_tags(&tags::requested(&self.tags))))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                let mut entity = require::<$entity>(tx, permit.account()?, &self.$owner)?;
                tags::add(&mut entity.tags, &self.tags, Case::Ignored)?;
                entity::update(tx, &entity)?;
                Ok(Nothing {})
            }
        }

        /// Takes tags away; a key that is not there is no error.
        #[derive(Input)]
        pub(crate) struct $untag {
            $owner: String,
            tag_keys: Vec<String>,
        }

        impl Operation for $untag {
            const FACTS: &'static OperationFacts = facts::iam::$untag_facts;
            type Output = Nothing;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let action = concat!("iam:", stringify!($untag));
                let ask = ask::<$entity>(call, tx, action, &self.$owner)?;
                Ok(Touches::one(
                    ask.keys_many("aws:TagKeys", self.tag_keys.clone()),
                ))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                let mut entity = require::<$entity>(tx, permit.account()?, &self.$owner)?;
                tags::remove(&mut entity.tags, &self.tag_keys, Case::Ignored)?;
                entity::update(tx, &entity)?;
                Ok(Nothing {})
            }
        }

        /// Lists tags.
        #[derive(Input)]
        pub(crate) struct $list {
            $owner: String,
            marker: Option<String>,
            max_items: Option<i32>,
        }

        impl Operation for $list {
            const FACTS: &'static OperationFacts = facts::iam::$list_facts;
            type Output = TagPage;

            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                touch::<$entity>(call, tx, concat!("iam:", stringify!($list)), &self.$owner)
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<TagPage, Error> {
                let entity = require::<$entity>(tx, permit.account()?, &self.$owner)?;
                let paging = Paging::new(self.marker.as_deref(), self.max_items);
                tags::page(&entity.tags, paging)
            }
        }
    };
}

tag_operations! {
    of User, by user_name;
    TagUser = TAG_USER,
    UntagUser = UNTAG_USER,
    ListUserTags = LIST_USER_TAGS,
}

tag_operations! {
    of Role, by role_name;
    TagRole = TAG_ROLE,
    UntagRole = UNTAG_ROLE,
    ListRoleTags = LIST_ROLE_TAGS,
}

/// The two operations on the permissions boundary of one kind of entity.
macro_rules! boundary_operations {
    (
        of $entity:ty, by $owner:ident;
        $put:ident = $put_facts:ident,
        $delete:ident = $delete_facts:ident $(,)?
    ) => {
        /// Sets the permissions boundary.
        #[derive(Input)]
        pub(crate) struct $put {
            $owner: String,
            permissions_boundary: String,
        }

        impl Operation for $put {
            const FACTS: &'static OperationFacts = facts::iam::$put_facts;
            type Output = Nothing;

            // The key is the boundary to come, so that a delegated administrator can be held
            // to one certain boundary (IAM User Guide, "Delegating responsibility").
            fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
                let ask =
                    ask::<$entity>(call, tx, concat!("iam:", stringify!($put)), &self.$owner)?;
                let boundary = self.permissions_boundary.as_str();
                Ok(Touches::one(ask.key("iam:PermissionsBoundary", boundary)))
            }

            fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
                let account = permit.account()?;
                let mut entity = require_ours::<$entity>(tx, account, &self.$owner)?;
                boundary::check(tx, account, &self.permissions_boundary)?;
                entity.boundary = Some(self.permissions_boundary.clone());
                entity::update(tx, &entity)?;
                Ok(Nothing {})
            }
        }

        /// Takes the permissions boundary away.
        #[derive(Input)]
        pub(crate) struct $delete {
            $owner: String,
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
                let mut entity = require_ours::<$entity>(tx, permit.account()?, &self.$owner)?;
                // AWS was recorded to answer with this code; the sentence is ours.
                if entity.boundary.take().is_none() {
                    return Err(no_such_entity(format!(
                        "{} has no permissions boundary.",
                        self.$owner
                    )));
                }
                entity::update(tx, &entity)?;
                Ok(Nothing {})
            }
        }
    };
}

boundary_operations! {
    of User, by user_name;
    PutUserPermissionsBoundary = PUT_USER_PERMISSIONS_BOUNDARY,
    DeleteUserPermissionsBoundary = DELETE_USER_PERMISSIONS_BOUNDARY,
}

boundary_operations! {
    of Role, by role_name;
    PutRolePermissionsBoundary = PUT_ROLE_PERMISSIONS_BOUNDARY,
    DeleteRolePermissionsBoundary = DELETE_ROLE_PERMISSIONS_BOUNDARY,
}
