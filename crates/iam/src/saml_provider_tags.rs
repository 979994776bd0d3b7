//! Tags of SAML providers.

use facts::OperationFacts;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::Input;

use crate::errors::Nothing;
use crate::paging::Paging;
use crate::saml_providers::{ask, change, require, touch};
use crate::tags::{self, Case, TagInput, TagPage};

/// Sets tags.
#[derive(Input)]
pub(crate) struct TagSAMLProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
    tags: Vec<TagInput>,
}

impl Operation for TagSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::TAG_SAML_PROVIDER;
    type Output = Nothing;

    fn touches(&self, _call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask(tx, "iam:TagSAMLProvider", &self.arn)?;
        Ok(Touches::one(ask.request_tags(&tags::requested(&self.tags))))
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        change(tx, &self.arn, |provider| {
            tags::add(&mut provider.tags, &self.tags, Case::Told)
        })
    }
}

/// Takes tags away; a key that is not there is no error.
#[derive(Input)]
pub(crate) struct UntagSAMLProvider {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
    tag_keys: Vec<String>,
}

impl Operation for UntagSAMLProvider {
    const FACTS: &'static OperationFacts = facts::iam::UNTAG_SAML_PROVIDER;
    type Output = Nothing;

    fn touches(&self, _call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let ask = ask(tx, "iam:UntagSAMLProvider", &self.arn)?;
        Ok(Touches::one(
            ask.keys_many("aws:TagKeys", self.tag_keys.clone()),
        ))
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        change(tx, &self.arn, |provider| {
            tags::remove(&mut provider.tags, &self.tag_keys, Case::Told);
            Ok(())
        })
    }
}

/// Lists tags.
#[derive(Input)]
pub(crate) struct ListSAMLProviderTags {
    #[wire(name = "SAMLProviderArn")]
    arn: String,
    marker: Option<String>,
    max_items: Option<i32>,
}

impl Operation for ListSAMLProviderTags {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SAML_PROVIDER_TAGS;
    type Output = TagPage;

    fn touches(&self, _call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch(tx, "iam:ListSAMLProviderTags", &self.arn)
    }

    fn run(&self, _permit: Permit<Self>, tx: &mut Transaction) -> Result<TagPage, Error> {
        let provider = require(tx, &self.arn)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        tags::page(&provider.tags, paging)
    }
}
