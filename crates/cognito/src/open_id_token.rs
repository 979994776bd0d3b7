//! GetOpenIdToken: the basic flow. An identity and its logins buy a token of the pool's own,
//! which STS takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use facts::OperationFacts;
use issuer::{IDENTITY_POOLS, PoolToken, RealmKeys, sign_pool_token};
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::invalid_parameter;
use crate::identity_record::Identity;
use crate::logins::{PresentedLogins, ProvenLogin, prove};
use crate::pool::{IdentityPool, SCOPE};
use crate::saml_logins::is_saml;
use crate::standing::{admit, identity_and_pool, methods};
use crate::tag_mapping::session_tags;

/// How long such a token lives.
const DURATION_S: i64 = 600;

/// Gives an identity a token. Needs no signature: the logins are the proof.
#[derive(Input)]
pub(crate) struct GetOpenIdToken {
    identity_id: String,
    logins: PresentedLogins,
}

/// The identity, and what the pool says of it.
#[derive(Output)]
pub(crate) struct OpenIdToken {
    pub(crate) identity_id: String,
    pub(crate) token: String,
}

/// What was proved, and the keys to sign with.
pub(crate) struct Proof {
    pub(crate) logins: Vec<ProvenLogin>,
    pub(crate) keys: Arc<RealmKeys>,
}

/// The keys of all identity pools; the first call of all makes them.
pub(crate) async fn signing_keys(call: &Call) -> Result<Arc<RealmKeys>, Error> {
    let directory = call.directory().clone();
    let now_s = call.now_s();
    plane::blocking(move || {
        let keys = directory.signing_keys();
        keys.ready(&IDENTITY_POOLS, now_s).map_err(Error::internal)
    })
    .await
}

/// Signs what the pool says of an identity.
pub(crate) fn token(
    call: &Call,
    proof: &Proof,
    pool: &IdentityPool,
    identity: &Identity,
    tags: &BTreeMap<String, String>,
    duration_s: i64,
) -> Result<String, Error> {
    let pool_arn = pool.arn();
    let said = PoolToken {
        identity: &identity.id,
        pool: &pool.id,
        pool_arn: pool_arn.as_str(),
        methods: &methods(&proof.logins),
        tags,
        issued_at: call.now_s(),
        expires_at: call.now_s() + duration_s,
    };
    sign_pool_token(&proof.keys, &said).map_err(Error::internal)
}

impl GatheringOperation for GetOpenIdToken {
    const FACTS: &'static OperationFacts = facts::cognito_identity::GET_OPEN_ID_TOKEN;
    type Output = OpenIdToken;
    type Gathered = Proof;

    async fn gather(&self, call: &Call) -> Result<Proof, Error> {
        let reader = call.directory().store().read();
        let (_, pool) = identity_and_pool(&reader, &self.identity_id)?;
        drop(reader);
        is_classic_flow_open(&pool)?;
        // Cognito Developer Guide, "SAML identity providers (identity pools)".
        if self.logins.keys().any(|key| is_saml(key)) {
            return Err(invalid_parameter(
                "SAML logins are not supported in the basic (classic) flow, please use enhanced flow.",
            ));
        }
        Ok(Proof {
            logins: prove(call, &pool, &self.logins).await?,
            keys: signing_keys(call).await?,
        })
    }

    fn touches(&self, _proof: &Proof, _call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        // Whoever proves to be the identity gets its token. The trust policy of the role that
        // it is shown for decides what it is worth.
        Ok(Touches::nothing_by_design())
    }

    fn run(
        &self,
        proof: &Proof,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<OpenIdToken, Error> {
        let (mut identity, pool) = identity_and_pool(tx, &self.identity_id)?;
        is_classic_flow_open(&pool)?;
        if admit(&mut identity, &pool, &proof.logins, &permit, tx)? {
            tx.put(SCOPE, &identity)?;
        }
        let tags = session_tags(&pool, &proof.logins)?;
        Ok(OpenIdToken {
            token: token(&permit, proof, &pool, &identity, &tags, DURATION_S)?,
            identity_id: identity.id,
        })
    }
}

fn is_classic_flow_open(pool: &IdentityPool) -> Result<(), Error> {
    if pool.configuration.allows_classic_flow == Some(true) {
        return Ok(());
    }
    Err(invalid_parameter(
        "Basic (classic) flow is not enabled, please use enhanced flow.",
    ))
}
