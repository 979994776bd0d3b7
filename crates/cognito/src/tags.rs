//! Tags of pools. Their keys differ by case.

use std::collections::BTreeMap;

use aws::Arn;
use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{Nothing, invalid_parameter, no_such_pool};
use crate::pool::{IdentityPool, SCOPE, ask};

/// The most tags of a pool.
const TAGS_MAX: usize = 50;

/// Adds the keys for tags that a request brings.
pub(crate) fn requested(mut ask: Ask, tags: &BTreeMap<String, String>) -> Ask {
    for (key, value) in tags {
        ask = ask.key(format!("aws:RequestTag/{key}"), value.as_str());
    }
    ask.keys_many("aws:TagKeys", tags.keys().cloned().collect())
}

/// Sets tags beside those that are held.
pub(crate) fn add(
    held: &mut BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Result<(), Error> {
    if let Some(key) = new.keys().find(|key| is_reserved(key)) {
        return Err(invalid_parameter(format!(
            "The tag key {key} begins with aws:, which is reserved."
        )));
    }
    held.extend(new.clone());
    if held.len() > TAGS_MAX {
        return Err(invalid_parameter(format!(
            "A resource can have at most {TAGS_MAX} tags."
        )));
    }
    Ok(())
}

fn is_reserved(key: &str) -> bool {
    key.get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("aws:"))
}

/// The id of the pool that an ARN names, if it is one of the caller's in this region.
fn pool_id<'a>(call: &Call, arn: &'a str) -> Result<&'a str, Error> {
    let refused = || invalid_parameter(format!("Invalid resource ARN: {arn}"));
    let parsed: Arn = arn
        .parse()
        .map_err(|fault: aws::NotAnArn| refused().because(fault))?;
    let id = arn.split_once(":identitypool/").map(|(_, id)| id);
    let is_pool = parsed.partition() == aws::PARTITION
        && parsed.service() == "cognito-identity"
        && parsed.resource().starts_with("identitypool/");
    let id = id.filter(|_| is_pool).ok_or_else(refused)?;
    if parsed.account() != call.account()?.as_str() || parsed.region() != call.region() {
        return Err(no_such_pool(id));
    }
    Ok(id)
}

/// Tags a pool.
#[derive(Input)]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

impl Operation for TagResource {
    const FACTS: &'static OperationFacts = facts::cognito_identity::TAG_RESOURCE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = pool_id(call, &self.resource_arn)?;
        let asked = ask("cognito-identity:TagResource", tx, call, id)?;
        Ok(Touches::one(requested(asked, &self.tags)))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let id = pool_id(&permit, &self.resource_arn)?;
        let mut pool = IdentityPool::require(tx, &permit, id)?;
        add(&mut pool.tags, &self.tags)?;
        tx.update(SCOPE, &pool)?;
        Ok(Nothing {})
    }
}

/// Takes tags away from a pool. A key that is not held is no error.
#[derive(Input)]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

impl Operation for UntagResource {
    const FACTS: &'static OperationFacts = facts::cognito_identity::UNTAG_RESOURCE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = pool_id(call, &self.resource_arn)?;
        let asked = ask("cognito-identity:UntagResource", tx, call, id)?;
        Ok(Touches::one(
            asked.keys_many("aws:TagKeys", self.tag_keys.clone()),
        ))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let id = pool_id(&permit, &self.resource_arn)?;
        let mut pool = IdentityPool::require(tx, &permit, id)?;
        pool.tags.retain(|key, _| !self.tag_keys.contains(key));
        tx.update(SCOPE, &pool)?;
        Ok(Nothing {})
    }
}

/// Lists the tags of a pool.
#[derive(Input)]
pub(crate) struct ListTagsForResource {
    resource_arn: String,
}

/// All tags of a pool.
#[derive(Output, Debug)]
pub(crate) struct TagList {
    tags: BTreeMap<String, String>,
}

impl Operation for ListTagsForResource {
    const FACTS: &'static OperationFacts = facts::cognito_identity::LIST_TAGS_FOR_RESOURCE;
    type Output = TagList;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = pool_id(call, &self.resource_arn)?;
        ask("cognito-identity:ListTagsForResource", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<TagList, Error> {
        let id = pool_id(&permit, &self.resource_arn)?;
        let pool = IdentityPool::require(tx, &permit, id)?;
        Ok(TagList { tags: pool.tags })
    }
}
