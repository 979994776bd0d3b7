//! UnlinkIdentity: somebody takes a login from their identity.

use facts::OperationFacts;
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::Transaction;
use wire::Input;

use crate::errors::{Nothing, access_is_forbidden, invalid_parameter, logins_do_not_match};
use crate::identity_record::Identity;
use crate::logins::{PresentedLogins, ProvenLogin, prove};
use crate::pool::SCOPE;
use crate::standing::identity_and_pool;

/// Unlinks logins. Needs no signature: the logins that stay or go are the proof.
#[derive(Input)]
pub(crate) struct UnlinkIdentity {
    identity_id: String,
    logins: PresentedLogins,
    logins_to_remove: Vec<String>,
}

impl GatheringOperation for UnlinkIdentity {
    const FACTS: &'static OperationFacts = facts::cognito_identity::UNLINK_IDENTITY;
    type Output = Nothing;
    type Gathered = Vec<ProvenLogin>;

    async fn gather(&self, call: &Call) -> Result<Vec<ProvenLogin>, Error> {
        let reader = call.directory().store().read();
        let (_, pool) = identity_and_pool(&reader, &self.identity_id)?;
        drop(reader);
        prove(call, &pool, &self.logins).await
    }

    fn touches(
        &self,
        _logins: &Vec<ProvenLogin>,
        _call: &Call,
        _tx: &Transaction,
    ) -> Result<Touches, Error> {
        // People unlink what is theirs. Every login given must be the identity's.
        Ok(Touches::nothing_by_design())
    }

    fn run(
        &self,
        logins: &Vec<ProvenLogin>,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<Nothing, Error> {
        let (mut identity, pool) = identity_and_pool(tx, &self.identity_id)?;
        if identity.disabled {
            return Err(access_is_forbidden(&identity.id));
        }
        if logins.is_empty() {
            return Err(logins_do_not_match());
        }
        let holders = Identity::holders(tx, &identity.pool, logins)?;
        let mut holders = holders.into_iter().map(|(_, holder)| holder);
        if !holders.all(|holder| holder.is_some_and(|holder| holder.id == identity.id)) {
            return Err(logins_do_not_match());
        }
        let developer = pool.configuration.developer_provider.as_deref();
        for provider in &self.logins_to_remove {
            // The developer's users are the developer's to unlink, signed.
            if developer == Some(provider) {
                return Err(access_is_forbidden(&identity.id));
            }
            if !identity.unlink(permit.now(), |login| login.provider == *provider) {
                return Err(invalid_parameter(format!(
                    "The identity has no linked login of provider {provider}."
                )));
            }
        }
        tx.update(SCOPE, &identity)?;
        Ok(Nothing {})
    }
}
