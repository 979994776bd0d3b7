//! GetCredentialsForIdentity: the enhanced flow. An identity and its logins buy credentials
//! of the role that the pool has for it.

use std::sync::Arc;

use aws::{Arn, Timestamp};
use facts::OperationFacts;
use identity::{Ask, IssueRefusal, Origin, Principal, Session, SessionKind, Tag};
use plane::{Call, Error, GatheringOperation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::{invalid_configuration, invalid_parameter};
use crate::guest;
use crate::identity_record::Identity;
use crate::logins::{COGNITO, PresentedLogins, ProvenLogin, prove_for_identity};
use crate::pool::{IdentityPool, SCOPE};
use crate::role_mapping;
use crate::standing::{admit, identity_and_pool, methods};
use crate::tag_mapping::session_tags;

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
        let reader = call.directory().store().read();
        let (identity, pool) = identity_and_pool(&reader, &self.identity_id)?;
        drop(reader);
        prove_for_identity(call, &pool, &identity.id, &self.logins).await
    }

    fn touches(
        &self,
        logins: &Vec<ProvenLogin>,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error> {
        let standing = self.standing(logins, call, tx)?;
        let asks = standing.asks()?;
        check_trust(call, &asks)?;
        Ok(Touches::all(asks))
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
    /// Who the caller has proved to be, and what follows from it.
    fn standing(
        &self,
        logins: &[ProvenLogin],
        call: &Call,
        tx: &Transaction,
    ) -> Result<Standing, Error> {
        let (mut identity, pool) = identity_and_pool(tx, &self.identity_id)?;
        let has_new_logins = admit(&mut identity, &pool, logins, call, tx)?;
        let custom = self.custom_role_arn.as_deref();
        let tags = session_tags(&pool, logins)?;
        let facts = SessionFacts {
            keys: condition_keys(&pool, &identity, logins),
            tags: tags
                .into_iter()
                .map(|(key, value)| Tag { key, value })
                .collect(),
        };
        let arns = role_mapping::choose(&pool, logins, custom)?;
        Ok(Standing {
            role: first_that_trusts(call, &pool, &arns, &facts)?,
            facts,
            is_guest: logins.is_empty(),
            identity,
            has_new_logins,
        })
    }
}

/// The only role, whose trust policy is asked later; of several the first that trusts the
/// pool.
fn first_that_trusts(
    call: &Call,
    pool: &IdentityPool,
    arns: &[String],
    facts: &SessionFacts,
) -> Result<Arc<Principal>, Error> {
    let (last, others) = arns.split_last().ok_or_else(invalid_configuration)?;
    for arn in others {
        let trusting = role(call, pool, arn).and_then(|role| {
            check_trust(call, &facts.asks(&role)?)?;
            Ok(role)
        });
        if trusting.is_ok() {
            return trusting;
        }
    }
    role(call, pool, last)
}

/// Whether a role trusts the pool. One that does not is the pool's fault in AWS's words, and
/// not the caller's.
fn check_trust(call: &Call, asks: &[Ask]) -> Result<(), Error> {
    for ask in asks {
        call.directory()
            .authorize(&call.caller, &call.request, ask)
            .map_err(|denied| invalid_configuration().because(denied))?;
    }
    Ok(())
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
    let key = |name: &str| format!("{COGNITO}:{name}");
    vec![
        (key("aud"), vec![pool.id.clone()]),
        (key("sub"), vec![identity.id.clone()]),
        (key("amr"), methods(logins)),
    ]
}

/// An identity that has proved itself, and the role that it is to get.
struct Standing {
    identity: Identity,
    /// Whether a login has been linked that was not linked before.
    has_new_logins: bool,
    is_guest: bool,
    role: Arc<Principal>,
    facts: SessionFacts,
}

/// What a session of the pool's carries, whatever its role.
struct SessionFacts {
    keys: Vec<(String, Vec<String>)>,
    tags: Vec<Tag>,
}

impl SessionFacts {
    /// The questions to a role's trust policy, as if to STS.
    fn asks(&self, role: &Principal) -> Result<Vec<Ask>, Error> {
        let mut asks = vec![self.ask("sts:AssumeRoleWithWebIdentity", role)?];
        if !self.tags.is_empty() {
            asks.push(self.ask("sts:TagSession", role)?);
        }
        Ok(asks)
    }

    fn ask(&self, action: &'static str, role: &Principal) -> Result<Ask, Error> {
        let trust = match &role.role {
            Some(facts) => Arc::clone(&facts.trust),
            None => return Err(Error::internal("a role has no trust policy")),
        };
        let mut ask = Ask::new(action, role.arn.as_str(), role.account.to_string())
            .guarded_by(trust)
            .asked_by(policy::Principal::identity_provider(COGNITO))
            .resource_tags("iam", &role.tags)
            .request_tags(&self.tags)
            .keys_many("sts:TransitiveTagKeys", self.tag_keys())
            .key("sts:RoleSessionName", SESSION_NAME);
        for (key, values) in &self.keys {
            ask = ask.keys_many(key.clone(), values.clone());
        }
        Ok(ask)
    }

    fn tag_keys(&self) -> Vec<String> {
        self.tags.iter().map(|tag| tag.key.clone()).collect()
    }
}

impl Standing {
    fn asks(&self) -> Result<Vec<Ask>, Error> {
        self.facts.asks(&self.role)
    }

    fn session(&self, call: &Call) -> Session {
        let mut federation_keys = self.facts.keys.clone();
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
            tags: self.facts.tags.clone(),
            transitive_tag_keys: self.facts.tag_keys(),
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
