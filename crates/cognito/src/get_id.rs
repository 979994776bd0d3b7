//! GetId: the identity behind somebody's logins, or a new one.

use facts::OperationFacts;
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{login_is_taken, no_guests, no_such_pool};
use crate::identity_record::Identity;
use crate::logins::{PresentedLogins, ProvenLogin, prove};
use crate::pool::{IdentityPool, SCOPE};

/// Finds an identity, or makes one. Needs no signature: the logins are the proof, and without
/// any there is nothing to prove.
#[derive(Input)]
#[wire(ignores("AccountId" = "the pool says which account it belongs to"))]
pub(crate) struct GetId {
    identity_pool_id: String,
    logins: PresentedLogins,
}

/// The identity's id.
#[derive(Output, Debug)]
pub(crate) struct IdentityId {
    identity_id: String,
}

impl GatheringOperation for GetId {
    const FACTS: &'static OperationFacts = facts::cognito_identity::GET_ID;
    type Output = IdentityId;
    type Gathered = Vec<ProvenLogin>;

    async fn gather(&self, call: &Call) -> Result<Vec<ProvenLogin>, Error> {
        let pool = self.pool(&call.directory().store().read())?;
        prove(call, &pool, &self.logins).await
    }

    fn touches(
        &self,
        _logins: &Vec<ProvenLogin>,
        _call: &Call,
        _tx: &Transaction,
    ) -> Result<Touches, Error> {
        // Whoever proves a login of the pool, or comes as a guest that the pool lets in, gets
        // an id. It opens nothing by itself.
        Ok(Touches::nothing_by_design())
    }

    fn run(
        &self,
        logins: &Vec<ProvenLogin>,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<IdentityId, Error> {
        let pool = self.pool(tx)?;
        if logins.is_empty() && !pool.configuration.allows_guests {
            return Err(no_guests());
        }
        let mut found: Option<Identity> = None;
        let mut unlinked = Vec::new();
        for (login, holder) in Identity::holders(tx, &pool.id, logins)? {
            match (holder, &found) {
                (None, _) => unlinked.push(login),
                (Some(holder), None) => found = Some(holder),
                (Some(holder), Some(other)) if holder.id == other.id => {}
                (Some(_), Some(_)) => return Err(login_is_taken()),
            }
        }
        let is_known = found.is_some() && unlinked.is_empty();
        let mut identity = found.unwrap_or_else(|| {
            let uuid = aws::uuid_v4(permit.environment.entropy.as_ref());
            Identity::new(&pool, &uuid, permit.now())
        });
        for login in unlinked {
            identity.link(&pool, login, permit.now())?;
        }
        if !is_known {
            tx.put(SCOPE, &identity)?;
        }
        Ok(IdentityId {
            identity_id: identity.id,
        })
    }
}

impl GetId {
    fn pool(&self, reader: &impl store::Read) -> Result<IdentityPool, Error> {
        let id = &self.identity_pool_id;
        IdentityPool::find(reader, id)?.ok_or_else(|| no_such_pool(id))
    }
}
