//! Resource types and the forms of their ARNs.

use std::borrow::Cow;

use crate::action::{names, whole};

/// A type of resource of a service.
#[derive(Debug)]
pub struct ResourceType {
    pub(crate) prefix: &'static str,
    pub(crate) name: &'static str,
    /// Parted by blanks.
    pub(crate) arns: &'static str,
    pub(crate) keys: &'static str,
}

impl ResourceType {
    /// `bucket`
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The forms of its ARNs, `arn:${Partition}:s3:::${BucketName}`; mostly one.
    pub fn arns(&self) -> impl Iterator<Item = &'static str> {
        self.arns.split(' ')
    }

    /// The condition keys that such a resource brings.
    pub fn condition_keys(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let prefix = self.prefix;
        names(self.keys).map(move |key| whole(prefix, key))
    }
}
