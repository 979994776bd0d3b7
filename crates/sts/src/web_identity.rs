//! AssumeRoleWithWebIdentity: a token of an identity provider buys a role's credentials.

use facts::OperationFacts;
use identity::{Ask, Origin, Session, SessionKind};
use plane::{Call, Error, FederatedOperation, Permit, Touches, Vouched, VouchedBy};
use wire::{Input, Output};

use crate::role_arn::{NamedRole, RoleArn};
use crate::session_request::{
    AssumedRoleUser, Credentials, PolicyArn, SessionPolicies, issue, packed_with_identity,
    role_duration_s,
};
use crate::vouching::Vouching;

/// Exchanges a token for a role's credentials. Needs no signature: the token is the proof.
#[derive(Input)]
#[wire(ignores("MinimumSessionTokenSize" = "sealed tokens have the size that they have"))]
pub struct AssumeRoleWithWebIdentity {
    role_arn: String,
    role_session_name: String,
    web_identity_token: String,
    provider_id: Option<String>,
    policy_arns: Option<Vec<PolicyArn>>,
    policy: Option<String>,
    duration_seconds: Option<i32>,
}

/// Credentials of the role, and whom the provider vouched for.
#[derive(Output)]
pub struct AssumedRoleWithWebIdentity {
    credentials: Credentials,
    subject_from_web_identity_token: String,
    assumed_role_user: AssumedRoleUser,
    packed_policy_size: i32,
    provider: String,
    audience: String,
    source_identity: Option<String>,
}

impl FederatedOperation for AssumeRoleWithWebIdentity {
    const FACTS: &'static OperationFacts = facts::sts::ASSUME_ROLE_WITH_WEB_IDENTITY;
    type Output = AssumedRoleWithWebIdentity;
    type Gathered = Verified;

    async fn gather(&self, call: &Call) -> Result<Verified, Error> {
        let role_arn = RoleArn::parse(&self.role_arn)?;
        let account = role_arn.account;
        let token = &self.web_identity_token;
        let vouching = match &self.provider_id {
            Some(provider) => Vouching::of_access_token(call, provider, token).await?,
            None => Vouching::of_id_token(call, account, token).await?,
        };
        call.vouch(Vouched {
            by: VouchedBy::WebIdentity,
            provider: vouching.provider.clone(),
            audience: vouching.audience.clone(),
            subject: vouching.subject.clone(),
            account,
        });
        let is_named_by_provider = vouching.names(&role_arn.text)?;
        Ok(Verified {
            role: NamedRole::find(call, role_arn)?,
            vouching,
            is_named_by_provider,
        })
    }

    fn touches(&self, verified: &Verified, call: &Call) -> Result<Touches, Error> {
        let vouching = &verified.vouching;
        let source_identity = &vouching.source_identity;
        let base = |action: &'static str| self.ask(verified, action, &vouching.keys);
        if vouching.is_of_foreign_pool(verified.role.arn.account) {
            self.refuse_open_trust(verified, call)?;
        }
        let tags = &vouching.tags;
        let mut touches = Touches::one(tags.keys(base("sts:AssumeRoleWithWebIdentity")));
        if let Some(ask) = tags.ask(base) {
            touches = touches.and(ask);
        }
        if source_identity.is_some() {
            touches = touches.and(base("sts:SetSourceIdentity"));
        }
        Ok(touches)
    }

    fn run(
        &self,
        verified: &Verified,
        permit: Permit<Self>,
    ) -> Result<AssumedRoleWithWebIdentity, Error> {
        let role = verified.role.permitted()?;
        let vouching = &verified.vouching;
        let duration_s = role_duration_s(self.duration_seconds, role, None)?;
        let policies = SessionPolicies::check(
            &permit,
            role.account,
            self.policy.as_deref(),
            self.policy_arns.as_deref(),
        )?;
        let packed_policy_size =
            packed_with_identity(&policies, &vouching.tags, &vouching.session_keys)?;
        let provider = vouching.provider.clone();
        let mut federation_keys = vouching.session_keys.clone();
        federation_keys.push(("aws:FederatedProvider".to_owned(), vec![provider.clone()]));
        let session = Session {
            account: role.account,
            kind: SessionKind::Role {
                role_id: role.id.clone(),
                name: self.role_session_name.clone(),
            },
            issued_at: permit.now_s(),
            expires_at: permit.now_s() + duration_s,
            policy: policies.inline,
            policy_arns: policies.arns,
            tags: vouching.tags.all(),
            transitive_tag_keys: vouching.tags.transitive.clone(),
            source_identity: vouching.source_identity.clone(),
            mfa_at: None,
            federation_keys,
            origin: Origin::Direct,
        };
        Ok(AssumedRoleWithWebIdentity {
            credentials: issue(&permit, &session)?,
            subject_from_web_identity_token: vouching.subject.clone(),
            assumed_role_user: AssumedRoleUser::new(role, &self.role_session_name),
            packed_policy_size,
            provider,
            audience: vouching.audience.clone(),
            source_identity: vouching.source_identity.clone(),
        })
    }
}

/// What the provider says, verified, and the role that it is shown for.
pub struct Verified {
    role: NamedRole,
    vouching: Vouching,
    is_named_by_provider: bool,
}

impl AssumeRoleWithWebIdentity {
    fn ask(
        &self,
        verified: &Verified,
        action: &'static str,
        keys: &[(String, Vec<String>)],
    ) -> Ask {
        let vouching = &verified.vouching;
        let mut ask = verified
            .role
            .ask(action)
            .guarded_by(verified.role.trust())
            .asked_by(policy::Principal::identity_provider(&vouching.provider))
            .key("sts:RoleSessionName", self.role_session_name.as_str())
            .key(
                "sts:RoleAuthorizedByIdp",
                verified.is_named_by_provider.to_string(),
            )
            .key_if("sts:SourceIdentity", vouching.source_identity.as_deref());
        for (key, values) in keys {
            ask = ask.keys_many(key.clone(), values.clone());
        }
        if let Some(role) = &verified.role.role {
            ask = ask.resource_tags("iam", &role.tags);
        }
        ask
    }

    /// Anybody can make an identity pool in an account of their own. A role that lets in the
    /// identities of every pool does not mean theirs, so a pool of another account has to be
    /// named by the trust policy. Such a policy refuses a pool that does not exist.
    fn refuse_open_trust(&self, verified: &Verified, call: &Call) -> Result<(), Error> {
        let mut keys = verified.vouching.keys.clone();
        for (key, values) in &mut keys {
            if key.ends_with(":aud") {
                for pool in values {
                    let region = pool.split(':').next().unwrap_or_default();
                    *pool = format!("{region}:{NO_POOL}");
                }
            }
        }
        let action = "sts:AssumeRoleWithWebIdentity";
        let tags = &verified.vouching.tags;
        let ask = tags.keys(self.ask(verified, action, &keys));
        match call
            .directory()
            .authorize(&call.caller, &call.request, &ask)
        {
            Ok(()) => Err(
                Error::access_denied(format!("Not authorized to perform {action}"))
                    .because("the role trusts every identity pool of every account"),
            ),
            Err(_denied) => Ok(()),
        }
    }
}

/// The id of a pool that no account has, behind its region.
const NO_POOL: &str = "00000000-0000-0000-0000-000000000000";
