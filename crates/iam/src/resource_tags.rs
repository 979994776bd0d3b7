//! Tags of what is no principal: the same three operations on devices, instance profiles,
//! certificates and providers.

use aws::AccountId;
use identity::{Ask, Tag};
use plane::{Call, Error};
use store::{Record, Transaction};

/// What has tags, and is named in requests by one member.
pub(crate) trait Tagged: Record {
    /// What an action on the one of this name asks for, whether or not it exists.
    fn ask(call: &Call, tx: &Transaction, action: &'static str, name: &str) -> Result<Ask, Error>;

    /// The one of this name, or `NoSuchEntity`.
    fn require(tx: &Transaction, call: &Call, name: &str) -> Result<Self, Error>;

    /// The account that it belongs to.
    fn owner(&self) -> AccountId;

    /// Its tags.
    fn tags_mut(&mut self) -> &mut Vec<Tag>;
}

/// The three operations on the tags of one kind of thing.
macro_rules! tag_operations {
    (
        of $record:ty, by $name:ident $(as $wire:literal)?;
        $tag:ident = $tag_facts:ident,
        $untag:ident = $untag_facts:ident,
        $list:ident = $list_facts:ident $(,)?
    ) => {
        /// Sets tags beside those that are there.
        #[derive(wire::Input)]
        pub(crate) struct $tag {
            $(#[wire(name = $wire)])?
            $name: String,
            tags: Vec<$crate::tags::TagInput>,
        }

        impl plane::Operation for $tag {
            const FACTS: &'static facts::OperationFacts = facts::iam::$tag_facts;
            type Output = $crate::errors::Nothing;

            fn touches(
                &self,
                call: &plane::Call,
                tx: &store::Transaction,
            ) -> Result<plane::Touches, plane::Error> {
                let action = concat!("iam:", stringify!($tag));
                let ask =
                    <$record as $crate::resource_tags::Tagged>::ask(call, tx, action, &self.$name)?;
                let tags = $crate::tags::requested(&self.tags);
                Ok(plane::Touches::one(ask.request_tags(&tags)))
            }

            fn run(
                &self,
                permit: plane::Permit<Self>,
                tx: &mut store::Transaction,
            ) -> Result<Self::Output, plane::Error> {
                use $crate::resource_tags::Tagged as _;
                let mut record = <$record>::require(tx, &permit, &self.$name)?;
                let case = $crate::tags::Case::Told;
                $crate::tags::add(record.tags_mut(), &self.tags, case)?;
                tx.update(record.owner().as_str(), &record)?;
                Ok($crate::errors::Nothing {})
            }
        }

        /// Takes tags away; a key that is not there is no error.
        #[derive(wire::Input)]
        pub(crate) struct $untag {
            $(#[wire(name = $wire)])?
            $name: String,
            tag_keys: Vec<String>,
        }

        impl plane::Operation for $untag {
            const FACTS: &'static facts::OperationFacts = facts::iam::$untag_facts;
            type Output = $crate::errors::Nothing;

            fn touches(
                &self,
                call: &plane::Call,
                tx: &store::Transaction,
            ) -> Result<plane::Touches, plane::Error> {
                let action = concat!("iam:", stringify!($untag));
                let ask =
                    <$record as $crate::resource_tags::Tagged>::ask(call, tx, action, &self.$name)?;
                let keys = self.tag_keys.clone();
                Ok(plane::Touches::one(ask.keys_many("aws:TagKeys", keys)))
            }

            fn run(
                &self,
                permit: plane::Permit<Self>,
                tx: &mut store::Transaction,
            ) -> Result<Self::Output, plane::Error> {
                use $crate::resource_tags::Tagged as _;
                let mut record = <$record>::require(tx, &permit, &self.$name)?;
                let case = $crate::tags::Case::Told;
                $crate::tags::remove(record.tags_mut(), &self.tag_keys, case)?;
                tx.update(record.owner().as_str(), &record)?;
                Ok($crate::errors::Nothing {})
            }
        }

        /// Lists tags.
        #[derive(wire::Input)]
        pub(crate) struct $list {
            $(#[wire(name = $wire)])?
            $name: String,
            marker: Option<String>,
            max_items: Option<i32>,
        }

        impl plane::Operation for $list {
            const FACTS: &'static facts::OperationFacts = facts::iam::$list_facts;
            type Output = $crate::tags::TagPage;

            fn touches(
                &self,
                call: &plane::Call,
                tx: &store::Transaction,
            ) -> Result<plane::Touches, plane::Error> {
                let action = concat!("iam:", stringify!($list));
                let ask =
                    <$record as $crate::resource_tags::Tagged>::ask(call, tx, action, &self.$name)?;
                Ok(plane::Touches::one(ask))
            }

            fn run(
                &self,
                permit: plane::Permit<Self>,
                tx: &mut store::Transaction,
            ) -> Result<Self::Output, plane::Error> {
                use $crate::resource_tags::Tagged as _;
                let mut record = <$record>::require(tx, &permit, &self.$name)?;
                let paging = $crate::paging::Paging::new(self.marker.as_deref(), self.max_items);
                $crate::tags::page(record.tags_mut(), paging)
            }
        }
    };
}

pub(crate) use tag_operations;
