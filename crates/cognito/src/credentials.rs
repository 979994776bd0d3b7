//! GetCredentialsForIdentity: the enhanced flow. An identity and its logins buy credentials
//! of the role that the pool has for it.

use std::sync::Arc;

use aws::{Arn, Timestamp};
use facts::OperationFacts;
use identity::{Ask, IssueRefusal, Origin, Principal, Session, SessionKind};
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::{Read, Transaction};
use wire::{Input, Output};

use crate::errors::{
    invalid_configuration, invalid_parameter, login_is_taken, logins_do_not_match, no_guests,
    no_such_identity, not_authorized,
};
use crate::guest;
use crate::identity_record::Identity;
use crate::logins::{COGNITO, PresentedLogins, ProvenLogin, prove};
use crate::pool::{IdentityPool, SCOPE};
use crate::role_mapping;

/// How long the credentials last: an hour, whatever the role allows.
const DURATION_S: i64 = 3600;

/// The name of every session of the enhanced flow.
const SESSION_NAME: &str = "CognitoIdentityCredentials";

/// Gives an identity credentials. Needs no signature: the logins are the proof.
#[derive(Input)]
pub(crate) struct GetCredentialsForIdentity {
    identity_id: String,
    logins: PresentedLogins,
    custom_role_arn: Option<String>,
}

/// The identity, and its credentials.
#[derive(Output, Debug)]
pub(crate) struct IdentityCredentials {
    identity_id: String,
    credentials: Credentials,
}

/// Temporary credentials, as Cognito names their parts.
#[derive(Output, Debug)]
pub(crate) struct Credentials {
    access_key_id: String,
    secret_key: String,
    session_token: String,
    expiration: Timestamp,
}

impl GatheringOperation for GetCredentialsForIdentity {
    const FACTS: &'static OperationFacts = facts::cognito_identity::GET_CREDENTIALS_FOR_IDENTITY;
    type Output = IdentityCredentials;
    type Gathered = Vec<ProvenLogin>;

    async fn gather(&self, call: &Call) -> Result<Vec<ProvenLogin>, Error> {
        let (_, pool) = self.identity(&call.directory().store().read())?;
        prove(call, &pool, &self.logins).await
    }

    fn touches(
        &self,
        logins: &Vec<ProvenLogin>,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error> {
        let standing = self.standing(logins, call, tx)?;
        let ask = standing.ask()?;
        // Judged here as well, because a role that does not trust the pool is the pool's
        // fault in AWS's words, and not the caller's.
        call.directory()
            .authorize(&call.caller, &call.request, &ask)
            .map_err(|denied| invalid_configuration().because(denied))?;
        Ok(Touches::one(ask))
    }

    fn run(
        &self,
        logins: &Vec<ProvenLogin>,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<IdentityCredentials, Error> {
        let standing = self.standing(logins, &permit, tx)?;
        if standing.has_new_logins {
            tx.put(SCOPE, &standing.identity)?;
        }
        Ok(IdentityCredentials {
            credentials: issue(&permit, &standing.session(&permit))?,
            identity_id: standing.identity.id,
        })
    }
}

impl GetCredentialsForIdentity {
    /// The identity and its pool. An identity whose pool is gone is gone too.
    fn identity(&self, reader: &impl Read) -> Result<(Identity, IdentityPool), Error> {
        let id = &self.identity_id;
        let missing = || no_such_identity(id);
        let identity = Identity::find(reader, id)?.ok_or_else(missing)?;
        let pool = IdentityPool::find(reader, &identity.pool)?.ok_or_else(missing)?;
        Ok((identity, pool))
    }

    /// Who the caller has proved to be, and what follows from it.
    fn standing(
        &self,
        logins: &[ProvenLogin],
        call: &Call,
        tx: &Transaction,
    ) -> Result<Standing, Error> {
        let (mut identity, pool) = self.identity(tx)?;
        let has_new_logins = match logins {
            [] => {
                admit_guest(&identity, &pool)?;
                false
            }
            logins => admit(&mut identity, logins, call, tx)?,
        };
        let custom = self.custom_role_arn.as_deref();
        let role_arn = role_mapping::choose(&pool, logins, custom)?;
        Ok(Standing {
            role: role(call, &pool, &role_arn)?,
            keys: condition_keys(&pool, &identity, logins),
            is_guest: logins.is_empty(),
            identity,
            has_new_logins,
        })
    }
}

/// Lets in an identity that proves nothing, if there is nothing to prove.
fn admit_guest(identity: &Identity, pool: &IdentityPool) -> Result<(), Error> {
    if identity.is_authenticated() {
        let id = &identity.id;
        return Err(not_authorized(format!(
            "Access to Identity '{id}' is forbidden."
        )));
    }
    if !pool.configuration.allows_guests {
        return Err(no_guests());
    }
    Ok(())
}

/// Lets in an identity that proves one of its logins, and links the others that were proved
/// with it; a guest proves none and becomes whoever signs in. Says whether any is new.
fn admit(
    identity: &mut Identity,
    logins: &[ProvenLogin],
    call: &Call,
    tx: &Transaction,
) -> Result<bool, Error> {
    let mut unlinked = Vec::new();
    let mut is_known = !identity.is_authenticated();
    let mut is_another = false;
    for login in logins {
        match Identity::of_login(tx, &identity.pool, login)? {
            None => unlinked.push(login),
            Some(holder) if holder.id == identity.id => is_known = true,
            Some(_) => is_another = true,
        }
    }
    if !is_known {
        return Err(logins_do_not_match());
    }
    if is_another {
        return Err(login_is_taken());
    }
    for login in &unlinked {
        identity.link(login, call.now())?;
    }
    Ok(!unlinked.is_empty())
}

/// The role of this ARN, path and case included. Only the pool's own account hands its roles
/// to the pool.
fn role(call: &Call, pool: &IdentityPool, arn: &str) -> Result<Arc<Principal>, Error> {
    let parsed: Arn = arn
        .parse()
        .map_err(|fault: aws::NotAnArn| invalid_configuration().because(fault))?;
    let name = parsed.resource().rsplit('/').next().unwrap_or_default();
    call.directory()
        .role_by_name(pool.account, name)?
        .filter(|role| role.arn == arn)
        .ok_or_else(|| invalid_configuration().because(format!("there is no role {arn}")))
}

/// What policies can ask about the identity, at the role's door and as long as the session
/// lasts.
fn condition_keys(
    pool: &IdentityPool,
    identity: &Identity,
    logins: &[ProvenLogin],
) -> Vec<(String, Vec<String>)> {
    let methods = if logins.is_empty() {
        vec!["unauthenticated".to_owned()]
    } else {
        let of_logins = logins
            .iter()
            .flat_map(|login| [login.provider().to_owned(), login.qualified()]);
        std::iter::once("authenticated".to_owned())
            .chain(of_logins)
            .collect()
    };
    let key = |name: &str| format!("{COGNITO}:{name}");
    vec![
        (key("aud"), vec![pool.id.clone()]),
        (key("sub"), vec![identity.id.clone()]),
        (key("amr"), methods),
    ]
}

/// An identity that has proved itself, and the role that it is to get.
struct Standing {
    identity: Identity,
    /// Whether a login has been linked that was not linked before.
    has_new_logins: bool,
    is_guest: bool,
    role: Arc<Principal>,
    keys: Vec<(String, Vec<String>)>,
}

impl Standing {
    /// The question to the role's trust policy, as if to STS.
    fn ask(&self) -> Result<Ask, Error> {
        let role = &self.role;
        let trust = match &role.role {
            Some(facts) => Arc::clone(&facts.trust),
            None => return Err(Error::internal("a role has no trust policy")),
        };
        let action = "sts:AssumeRoleWithWebIdentity";
        let mut ask = Ask::new(action, role.arn.as_str(), role.account.to_string())
            .guarded_by(trust)
            .asked_by(policy::Principal::identity_provider(COGNITO))
            .resource_tags("iam", &role.tags)
            .key("sts:RoleSessionName", SESSION_NAME);
        for (key, values) in &self.keys {
            ask = ask.keys_many(key.clone(), values.clone());
        }
        Ok(ask)
    }

    fn session(&self, call: &Call) -> Session {
        let mut federation_keys = self.keys.clone();
        federation_keys.push(("aws:FederatedProvider".to_owned(), vec![COGNITO.to_owned()]));
        Session {
            account: self.role.account,
            kind: SessionKind::Role {
                role_id: self.role.id.clone(),
                name: SESSION_NAME.to_owned(),
            },
            issued_at: call.now_s(),
            expires_at: call.now_s() + DURATION_S,
            policy: self.is_guest.then(|| guest::session_policy().to_owned()),
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            mfa_at: None,
            federation_keys,
            origin: Origin::Direct,
        }
    }
}

/// Seals the session.
fn issue(call: &Call, session: &Session) -> Result<Credentials, Error> {
    let issued = call
        .directory()
        .issue(session, call.environment.entropy.as_ref())
        .map_err(|refusal| match refusal {
            IssueRefusal::TooLarge { .. } => {
                invalid_parameter("The logins are too large for one session.").because(refusal)
            }
            other => Error::internal(other),
        })?;
    Ok(Credentials {
        access_key_id: issued.access_key_id,
        secret_key: issued.secret_access_key.expose().clone(),
        session_token: issued.session_token,
        expiration: Timestamp::from_second(issued.expires_at).map_err(Error::internal)?,
    })
}
