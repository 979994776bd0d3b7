//! AssumeRole: a user or a session puts on a role that trusts it.

use std::sync::Arc;

use facts::OperationFacts;
use identity::{CallerKind, Origin, Session, SessionKind};
use plane::{Call, Error, FederatedOperation, Permit, Touches};
use wire::{Input, Output};

use crate::role_arn::{NamedRole, RoleArn};
use crate::second_factor::SecondFactor;
use crate::session_request::{
    AssumedRoleUser, Credentials, PolicyArn, SessionPolicies, SessionTags, TagInput, issue,
    packed_if_any, role_duration_s, tags,
};

/// Puts on a role.
#[derive(Input)]
#[wire(ignores(
    "MinimumSessionTokenSize" = "sealed tokens have the size that they have"
))]
pub struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    policy_arns: Option<Vec<PolicyArn>>,
    policy: Option<String>,
    duration_seconds: Option<i32>,
    tags: Option<Vec<TagInput>>,
    transitive_tag_keys: Option<Vec<String>>,
    external_id: Option<String>,
    serial_number: Option<String>,
    token_code: Option<String>,
    source_identity: Option<String>,
    provided_contexts: Option<Vec<ProvidedContext>>,
}

/// A context assertion of an identity provider. Arnold trusts none yet.
#[derive(Input)]
pub struct ProvidedContext {
    #[expect(
        dead_code,
        reason = "no provider of contexts exists, so every one is refused"
    )]
    provider_arn: Option<String>,
    #[expect(
        dead_code,
        reason = "no provider of contexts exists, so every one is refused"
    )]
    context_assertion: Option<String>,
}

/// Credentials of the role.
#[derive(Output)]
pub struct AssumedRole {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    packed_policy_size: Option<i32>,
    source_identity: Option<String>,
}

/// What is decided about: the role as it was found, and the second factor that held.
pub struct Asked {
    named: NamedRole,
    second_factor: Option<SecondFactor>,
}

impl FederatedOperation for AssumeRole {
    const FACTS: &'static OperationFacts = facts::sts::ASSUME_ROLE;
    type Output = AssumedRole;
    type Gathered = Asked;

    async fn gather(&self, call: &Call) -> Result<Asked, Error> {
        if call.known()?.kind() == CallerKind::Root {
            return Err(Error::access_denied(
                "Roles may not be assumed by root accounts.",
            ));
        }
        let role_arn = RoleArn::parse(&self.role_arn)?;
        let (serial, code) = (self.serial_number.as_deref(), self.token_code.as_deref());
        Ok(Asked {
            second_factor: SecondFactor::of(call, serial, code).await?,
            named: NamedRole::find(call, role_arn)?,
        })
    }

    fn touches(&self, asked: &Asked, call: &Call) -> Result<Touches, Error> {
        let named = &asked.named;
        let trust = named.trust();
        let session_tags = self.session_tags(call)?;
        let source_identity = self.source_identity(call)?;
        let base = |action: &'static str| {
            let mut ask = named
                .ask(action)
                .guarded_by(Arc::clone(&trust))
                .key("sts:RoleSessionName", self.role_session_name.as_str())
                .key_if("sts:ExternalId", self.external_id.as_deref())
                .key_if("sts:SourceIdentity", source_identity.as_deref());
            if let Some(role) = &named.role {
                ask = ask.resource_tags("iam", &role.tags);
            }
            match asked.second_factor {
                Some(second_factor) => second_factor.keys(ask),
                None => ask,
            }
        };
        let mut touches = Touches::one(session_tags.keys(base("sts:AssumeRole")));
        if let Some(ask) = session_tags.ask(base) {
            touches = touches.and(ask);
        }
        if source_identity.is_some() {
            touches = touches.and(base("sts:SetSourceIdentity"));
        }
        Ok(touches)
    }

    fn run(&self, asked: &Asked, permit: Permit<Self>) -> Result<AssumedRole, Error> {
        let known = permit.known()?;
        if self
            .provided_contexts
            .as_ref()
            .is_some_and(|list| !list.is_empty())
        {
            return Err(Error::new("InvalidParameterValue")
                .say("ProvidedContexts names a context provider that is not trusted."));
        }
        let role = asked.named.permitted()?;
        let duration_s = role_duration_s(self.duration_seconds, role, Some(known))?;
        let policies = SessionPolicies::check(
            &permit,
            role.account,
            self.policy.as_deref(),
            self.policy_arns.as_deref(),
        )?;
        let session_tags = self.session_tags(&permit)?;
        let packed_policy_size = packed_if_any(&policies, &session_tags)?;
        let source_identity = self.source_identity(&permit)?;
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
            tags: session_tags.all(),
            transitive_tag_keys: session_tags.transitive,
            source_identity: source_identity.clone(),
            // "The temporary credentials returned by AssumeRole do not include MFA information
            // in the context" (IAM User Guide, "Secure API access with MFA").
            mfa_at: None,
            federation_keys: Vec::new(),
            origin: match known.kind() {
                CallerKind::RoleSession => Origin::Chained,
                _ => Origin::Direct,
            },
        };
        Ok(AssumedRole {
            credentials: issue(&permit, &session)?,
            assumed_role_user: AssumedRoleUser::new(role, &self.role_session_name),
            packed_policy_size,
            source_identity,
        })
    }
}

impl AssumeRole {
    fn session_tags(&self, call: &Call) -> Result<SessionTags, Error> {
        SessionTags::check(
            tags(self.tags.as_deref()),
            self.transitive_tag_keys.as_deref().unwrap_or_default(),
            call.known()?.session(),
        )
    }

    /// The one asked for, or the one that the calling session carries; they may not differ.
    fn source_identity(&self, call: &Call) -> Result<Option<String>, Error> {
        let inherited = call
            .known()?
            .session()
            .and_then(|session| session.source_identity.clone());
        match (&self.source_identity, inherited) {
            (Some(asked), Some(inherited)) if *asked != inherited => Err(Error::validation(
                "The source identity is already set for this assume role session",
            )),
            (asked, inherited) => Ok(inherited.or_else(|| asked.clone())),
        }
    }
}
