//! GetOpenIdTokenForDeveloperIdentity: the pool owner's back end vouches for a user of its
//! own, and gets a token that the user can exchange.

use std::collections::BTreeMap;

use facts::OperationFacts;
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::{Read, Transaction};
use wire::Input;

use crate::errors::{
    access_is_forbidden, developer_user_is_registered, invalid_parameter, login_is_taken,
    logins_do_not_match, no_such_developer_provider, no_such_identity,
};
use crate::identity_record::Identity;
use crate::logins::{PresentedLogins, ProvenLogin, prove};
use crate::open_id_token::{OpenIdToken, Proof, signing_keys, token};
use crate::pool::{IdentityPool, SCOPE, ask};
use crate::tag_mapping;

/// How long the token lives unless asked otherwise.
const DURATION_S_DEFAULT: i64 = 900;

/// The longest name for a user (model, `DeveloperUserIdentifier`).
const USER_CHARS_MAX: usize = 1024;

/// Finds or makes the identity of a user of the developer's, and gives a token for it.
#[derive(Input)]
pub(crate) struct GetOpenIdTokenForDeveloperIdentity {
    identity_pool_id: String,
    identity_id: Option<String>,
    logins: PresentedLogins,
    principal_tags: BTreeMap<String, String>,
    token_duration: Option<i64>,
}

impl GatheringOperation for GetOpenIdTokenForDeveloperIdentity {
    const FACTS: &'static OperationFacts =
        facts::cognito_identity::GET_OPEN_ID_TOKEN_FOR_DEVELOPER_IDENTITY;
    type Output = OpenIdToken;
    type Gathered = Proof;

    async fn gather(&self, call: &Call) -> Result<Proof, Error> {
        let reader = call.directory().store().read();
        // Who may not call learns nothing of the pool, and nothing is fetched for them.
        let asked = ask(ACTION, &reader, call, &self.identity_pool_id)?;
        call.directory()
            .authorize(&call.caller, &call.request, &asked)?;
        let pool = IdentityPool::require(&reader, call, &self.identity_pool_id)?;
        drop(reader);
        let mut others = self.logins.clone();
        let developer = developer_login(&pool, &mut others)?;
        let mut logins = prove(call, &pool, &others).await?;
        logins.insert(0, developer);
        Ok(Proof {
            logins,
            keys: signing_keys(call).await?,
        })
    }

    fn touches(&self, _proof: &Proof, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        ask(ACTION, tx, call, &self.identity_pool_id).map(Touches::one)
    }

    fn run(
        &self,
        proof: &Proof,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<OpenIdToken, Error> {
        let pool = IdentityPool::require(tx, &permit, &self.identity_pool_id)?;
        tag_mapping::check(&self.principal_tags)?;
        let found = self.identity(&pool, &proof.logins, tx)?;
        let is_new = found.is_none();
        let mut identity = found.unwrap_or_else(|| {
            let uuid = aws::uuid_v4(permit.environment.entropy.as_ref());
            Identity::new(&pool, &uuid, permit.now())
        });
        let holders = Identity::holders(tx, &pool.id, &proof.logins)?;
        check_named(&pool, &identity, &holders)?;
        let mut changes = is_new;
        for (login, holder) in holders {
            match holder {
                Some(holder) if holder.id == identity.id => {}
                Some(_) => return Err(taken(&pool, login)),
                None => {
                    identity.link(&pool, login, permit.now())?;
                    changes = true;
                }
            }
        }
        if changes {
            tx.put(SCOPE, &identity)?;
        }
        let duration_s = self.token_duration.unwrap_or(DURATION_S_DEFAULT);
        let tags = &self.principal_tags;
        Ok(OpenIdToken {
            token: token(&permit, proof, &pool, &identity, tags, duration_s)?,
            identity_id: identity.id,
        })
    }
}

const ACTION: &str = "cognito-identity:GetOpenIdTokenForDeveloperIdentity";

impl GetOpenIdTokenForDeveloperIdentity {
    /// The identity that was named, or the one behind the logins.
    fn identity(
        &self,
        pool: &IdentityPool,
        logins: &[ProvenLogin],
        reader: &impl Read,
    ) -> Result<Option<Identity>, Error> {
        if let Some(id) = &self.identity_id {
            let named = Identity::find(reader, id)?.filter(|identity| identity.pool == pool.id);
            let named = named.ok_or_else(|| no_such_identity(id))?;
            if named.disabled {
                return Err(access_is_forbidden(id));
            }
            return Ok(Some(named));
        }
        for login in logins {
            if let Some(found) = Identity::of_login(reader, &pool.id, login)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Takes the developer's own login out of the others.
fn developer_login(
    pool: &IdentityPool,
    logins: &mut PresentedLogins,
) -> Result<ProvenLogin, Error> {
    let provider = pool.configuration.developer_provider.as_deref();
    let provider = provider.ok_or_else(no_such_developer_provider)?;
    let user = logins
        .remove(provider)
        .ok_or_else(no_such_developer_provider)?;
    if user.is_empty() || user.chars().count() > USER_CHARS_MAX {
        return Err(invalid_parameter(format!(
            "A developer user identifier must have 1 to {USER_CHARS_MAX} characters."
        )));
    }
    Ok(ProvenLogin::of_developer(pool, provider, &user))
}

/// Whether the caller may speak for the identity: the developer knows its person already, or
/// a login of it is among those that were proved. Ids are no secrets, and whoever hands one
/// to the developer's back end need not be its person.
fn check_named(
    pool: &IdentityPool,
    identity: &Identity,
    holders: &[(&ProvenLogin, Option<Identity>)],
) -> Result<(), Error> {
    let developer = pool.configuration.developer_provider.as_deref();
    let is_developers = !identity
        .developer_users(developer.unwrap_or_default())
        .is_empty();
    let mut held = holders.iter().filter_map(|(_, holder)| holder.as_ref());
    // Logins of another identity are refused with their own words.
    if !identity.is_authenticated() || is_developers || held.next().is_some() {
        return Ok(());
    }
    Err(logins_do_not_match())
}

fn taken(pool: &IdentityPool, login: &ProvenLogin) -> Error {
    if pool.configuration.developer_provider.as_deref() == Some(login.provider()) {
        developer_user_is_registered()
    } else {
        login_is_taken()
    }
}
