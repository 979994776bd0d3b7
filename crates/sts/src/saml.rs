//! AssumeRoleWithSAML: an assertion of a SAML provider buys a role's credentials.
//!
//! The same assertion may be handed in again while it is fresh, as on AWS.

use std::sync::Arc;

use facts::OperationFacts;
use identity::{Origin, Session, SessionKind, Tag, TrustedProvider};
use plane::{Call, Error, FederatedOperation, Permit, Touches, Vouched, VouchedBy};
use saml::Assertion;
use wire::{Input, Output};

use crate::claimed;
use crate::role_arn::{NamedRole, RoleArn};
use crate::session_request::{
    AssumedRoleUser, Credentials, PolicyArn, SessionPolicies, SessionTags, issue, packed_if_any,
    role_duration_s,
};

/// Exchanges an assertion for a role's credentials. Needs no signature: the assertion is the
/// proof.
#[derive(Input)]
#[wire(ignores("MinimumSessionTokenSize" = "sealed tokens have the size that they have"))]
pub struct AssumeRoleWithSAML {
    role_arn: String,
    principal_arn: String,
    #[wire(name = "SAMLAssertion")]
    assertion: String,
    policy_arns: Option<Vec<PolicyArn>>,
    policy: Option<String>,
    duration_seconds: Option<i32>,
}

/// Credentials of the role, and whom the provider vouched for.
#[derive(Output)]
pub struct AssumedRoleWithSAML {
    credentials: Credentials,
    assumed_role_user: AssumedRoleUser,
    packed_policy_size: Option<i32>,
    subject: String,
    subject_type: String,
    issuer: String,
    audience: String,
    name_qualifier: String,
    source_identity: Option<String>,
}

/// What the provider says, verified.
pub struct Verified {
    role: NamedRole,
    provider: Arc<TrustedProvider>,
    assertion: Assertion,
    session_name: String,
    session_duration_s: Option<i64>,
    tags: SessionTags,
    source_identity: Option<String>,
}

impl FederatedOperation for AssumeRoleWithSAML {
    const FACTS: &'static OperationFacts = facts::sts::ASSUME_ROLE_WITH_SAML;
    type Output = AssumedRoleWithSAML;
    type Gathered = Verified;

    async fn gather(&self, call: &Call) -> Result<Verified, Error> {
        let role_arn = RoleArn::parse(&self.role_arn)?;
        let provider = find_provider(call, &self.principal_arn)?;
        let assertion = provider
            .verify(&self.assertion, None, call.now_s())
            .map_err(refuse)?;
        call.vouch(Vouched {
            by: VouchedBy::Saml,
            provider: assertion.name_qualifier(provider.account.as_str(), &provider.name),
            audience: assertion.recipient().to_owned(),
            subject: assertion.subject().value.clone(),
            account: role_arn.account,
        });
        let is_offered = assertion
            .roles()
            .iter()
            .any(|pair| pair.role == self.role_arn && pair.provider == self.principal_arn);
        if !is_offered {
            return Err(invalid(
                "SAML Assertion doesn't contain the requested Role and Metadata in the attributes",
            )
            .because(format!(
                "the assertion's Role attribute offers {:?}, not `{}` with `{}`",
                assertion.roles(),
                self.role_arn,
                self.principal_arn
            )));
        }
        Ok(Verified {
            role: NamedRole::find(call, role_arn)?,
            session_name: assertion.role_session_name().map_err(refuse)?,
            session_duration_s: assertion.session_duration_s().map_err(refuse)?,
            source_identity: assertion.source_identity().map_err(refuse)?,
            tags: session_tags(&assertion)?,
            provider,
            assertion,
        })
    }

    fn touches(&self, verified: &Verified, _call: &Call) -> Result<Touches, Error> {
        let trust = verified.role.trust();
        let provider = &verified.provider;
        let principal = policy::Principal::identity_provider(&provider.arn);
        let source_identity = &verified.source_identity;
        let keys = verified
            .assertion
            .condition_keys(provider.account.as_str(), &provider.name);
        let base = |action: &'static str| {
            let mut ask = verified
                .role
                .ask(action)
                .guarded_by(Arc::clone(&trust))
                .asked_by(principal.clone())
                .key("sts:RoleSessionName", verified.session_name.as_str())
                .key_if("sts:SourceIdentity", source_identity.as_deref());
            for (key, values) in &keys {
                ask = ask.keys_many(key.clone(), values.clone());
            }
            if let Some(role) = &verified.role.role {
                ask = ask.resource_tags("iam", &role.tags);
            }
            ask
        };
        let tags = &verified.tags;
        let mut touches = Touches::one(tags.keys(base("sts:AssumeRoleWithSAML")));
        if let Some(ask) = tags.ask(base) {
            touches = touches.and(ask);
        }
        if source_identity.is_some() {
            touches = touches.and(base("sts:SetSourceIdentity"));
        }
        Ok(touches)
    }

    fn run(&self, verified: &Verified, permit: Permit<Self>) -> Result<AssumedRoleWithSAML, Error> {
        let role = verified.role.permitted()?;
        let now = permit.now_s();
        let duration_s = verified.duration_s(self.duration_seconds, role, now)?;
        let policies = SessionPolicies::check(
            &permit,
            role.account,
            self.policy.as_deref(),
            self.policy_arns.as_deref(),
        )?;
        let packed_policy_size = packed_if_any(&policies, &verified.tags)?;
        let (provider, assertion) = (&verified.provider, &verified.assertion);
        let account = provider.account.as_str();
        let mut federation_keys = assertion.session_keys(account, &provider.name);
        federation_keys.push((
            "aws:FederatedProvider".to_owned(),
            vec![provider.arn.clone()],
        ));
        let session = Session {
            account: role.account,
            kind: SessionKind::Role {
                role_id: role.id.clone(),
                name: verified.session_name.clone(),
            },
            issued_at: now,
            expires_at: now + duration_s,
            policy: policies.inline,
            policy_arns: policies.arns,
            tags: verified.tags.all(),
            transitive_tag_keys: verified.tags.transitive.clone(),
            source_identity: verified.source_identity.clone(),
            mfa_at: None,
            federation_keys,
            origin: Origin::Direct,
        };
        Ok(AssumedRoleWithSAML {
            credentials: issue(&permit, &session)?,
            assumed_role_user: AssumedRoleUser::new(role, &verified.session_name),
            packed_policy_size,
            subject: assertion.subject().value.clone(),
            subject_type: assertion.subject_type().to_owned(),
            issuer: assertion.issuer().to_owned(),
            audience: assertion.recipient().to_owned(),
            name_qualifier: assertion.name_qualifier(account, &provider.name),
            source_identity: verified.source_identity.clone(),
        })
    }
}

impl Verified {
    /// What is asked for, or an hour; never longer than the provider says.
    fn duration_s(
        &self,
        requested: Option<i32>,
        role: &identity::Principal,
        now: i64,
    ) -> Result<i64, Error> {
        let mut duration_s = role_duration_s(requested, role, None)?;
        if let Some(most) = self.session_duration_s {
            duration_s = duration_s.min(most);
        }
        if let Some(end) = self.assertion.session_end() {
            duration_s = duration_s.min(end - now);
        }
        Ok(duration_s)
    }
}

fn find_provider(call: &Call, arn: &str) -> Result<Arc<TrustedProvider>, Error> {
    let found = call.directory().saml_provider(arn)?;
    found.ok_or_else(|| {
        // The rest of AWS's sentence names the service behind STS and a request of its own.
        invalid("Specified provider doesn't exist.").because(format!("no SAML provider `{arn}`"))
    })
}

fn invalid(message: &str) -> Error {
    Error::new("InvalidIdentityToken").say(message)
}

/// The tags of the attributes `PrincipalTag:…` and `TransitiveTagKeys`.
fn session_tags(assertion: &Assertion) -> Result<SessionTags, Error> {
    let tags = assertion.tags().map_err(refuse)?;
    let transitive = assertion.transitive_tag_keys();
    let invalid = || {
        refuse(saml::Refusal::Attribute {
            name: "PrincipalTag".to_owned(),
            reason: "the tags break the rules for session tags",
        })
    };
    claimed::hold_tags_to_model(&tags, &transitive, &invalid)?;
    let requested = tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect();
    SessionTags::check(requested, &transitive, None)
}

/// A refused assertion in AWS's words.
fn refuse(refusal: saml::Refusal) -> Error {
    let answer = refusal.answer();
    Error::new(answer.code).say(answer.message).because(refusal)
}
