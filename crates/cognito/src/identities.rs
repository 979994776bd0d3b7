//! Identities as the pool's owner sees them: describing, listing, deleting.

use std::collections::{BTreeMap, BTreeSet};

use aws::Timestamp;
use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Read, Transaction};
use wire::{Input, Output};

use crate::errors::no_such_identity;
use crate::identity_record::Identity;
use crate::paging;
use crate::pool::{IdentityPool, SCOPE, ask};

/// An identity of a pool of the caller's account, with its pool.
fn owned(
    reader: &impl Read,
    call: &Call,
    id: &str,
) -> Result<Option<(Identity, IdentityPool)>, Error> {
    let Some(identity) = Identity::find(reader, id)? else {
        return Ok(None);
    };
    let pool = IdentityPool::owned(reader, call, &identity.pool)?;
    Ok(pool.map(|pool| (identity, pool)))
}

/// The ask for an action on an identity. It has no resource type; the pool is a key.
fn ask_within(
    action: &'static str,
    call: &Call,
    pool: Option<&IdentityPool>,
) -> Result<Ask, Error> {
    let arn = pool.map(|pool| pool.arn().to_string());
    let ask = Ask::new(action, "*", call.account()?.to_string());
    Ok(ask.key_if("cognito-identity:IdentityPoolArn", arn.as_deref()))
}

/// An identity as its pool's owner sees it.
#[derive(Output, Debug)]
pub(crate) struct IdentityView {
    identity_id: String,
    logins: Vec<String>,
    creation_date: Timestamp,
    last_modified_date: Timestamp,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> IdentityView {
        // The developer may know one identity by several names.
        let mut logins: Vec<String> = Vec::new();
        for login in identity.logins {
            if !logins.contains(&login.provider) {
                logins.push(login.provider);
            }
        }
        IdentityView {
            identity_id: identity.id,
            logins,
            creation_date: identity.created,
            last_modified_date: identity.modified,
        }
    }
}

/// Shows an identity.
#[derive(Input)]
pub(crate) struct DescribeIdentity {
    identity_id: String,
}

impl Operation for DescribeIdentity {
    const FACTS: &'static OperationFacts = facts::cognito_identity::DESCRIBE_IDENTITY;
    type Output = IdentityView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let found = owned(tx, call, &self.identity_id)?;
        let pool = found.as_ref().map(|(_, pool)| pool);
        ask_within("cognito-identity:DescribeIdentity", call, pool).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<IdentityView, Error> {
        let id = &self.identity_id;
        let (identity, _) = owned(tx, &permit, id)?.ok_or_else(|| no_such_identity(id))?;
        Ok(identity.into())
    }
}

/// Lists the identities of a pool.
#[derive(Input)]
pub(crate) struct ListIdentities {
    identity_pool_id: String,
    max_results: u32,
    next_token: Option<String>,
    hide_disabled: Option<bool>,
}

/// A page of identities.
#[derive(Output, Debug)]
pub(crate) struct IdentityPage {
    identity_pool_id: String,
    identities: Vec<IdentityView>,
    next_token: Option<String>,
}

impl Operation for ListIdentities {
    const FACTS: &'static OperationFacts = facts::cognito_identity::LIST_IDENTITIES;
    type Output = IdentityPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let id = &self.identity_pool_id;
        ask("cognito-identity:ListIdentities", tx, call, id).map(Touches::one)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<IdentityPage, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        let after = self.next_token.as_deref();
        let page = paging::page::<Identity>(tx, "pool", &pool.id, after, self.max_results)?;
        // A page may hold fewer than were asked for, or none; its token leads on.
        let hides = self.hide_disabled == Some(true);
        let shown = page.records.into_iter();
        let shown = shown.filter(|identity| !(hides && identity.disabled));
        Ok(IdentityPage {
            identity_pool_id: pool.id,
            identities: shown.map(IdentityView::from).collect(),
            next_token: page.next,
        })
    }
}

/// Deletes identities. Whoever signs in with a login of one gets a new identity then.
#[derive(Input)]
pub(crate) struct DeleteIdentities {
    identity_ids_to_delete: Vec<String>,
}

/// What was not deleted.
#[derive(Output, Debug)]
pub(crate) struct Undeleted {
    unprocessed_identity_ids: Vec<UndeletedIdentity>,
}

/// An identity that was not deleted.
#[derive(Output, Debug)]
pub(crate) struct UndeletedIdentity {
    identity_id: String,
    error_code: &'static str,
}

impl Operation for DeleteIdentities {
    const FACTS: &'static OperationFacts = facts::cognito_identity::DELETE_IDENTITIES;
    type Output = Undeleted;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let action = "cognito-identity:DeleteIdentities";
        let mut pools = BTreeMap::new();
        for id in &self.identity_ids_to_delete {
            if let Some((_, pool)) = owned(tx, call, id)? {
                pools.insert(pool.id.clone(), pool);
            }
        }
        if pools.is_empty() {
            return ask_within(action, call, None).map(Touches::one);
        }
        let asks = pools
            .values()
            .map(|pool| ask_within(action, call, Some(pool)));
        Ok(Touches::all(asks.collect::<Result<Vec<_>, _>>()?))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Undeleted, Error> {
        let mut unprocessed_identity_ids = Vec::new();
        let mut seen = BTreeSet::new();
        let wanted = self.identity_ids_to_delete.iter();
        for id in wanted.filter(|id| seen.insert(*id)) {
            if owned(tx, &permit, id)?.is_some() {
                tx.delete::<Identity>(SCOPE, id)?;
                continue;
            }
            // What is not there and what is another account's look the same.
            unprocessed_identity_ids.push(UndeletedIdentity {
                identity_id: id.clone(),
                error_code: "AccessDenied",
            });
        }
        Ok(Undeleted {
            unprocessed_identity_ids,
        })
    }
}
