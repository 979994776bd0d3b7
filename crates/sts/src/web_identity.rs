//! AssumeRoleWithWebIdentity: a token of an OpenID Connect provider buys a role's credentials.

use std::sync::Arc;

use facts::OperationFacts;
use identity::{OidcProvider, Origin, Session, SessionKind, Tag};
use oidc::{Claims, Expectation, Unverified};
use plane::{Call, Error, FederatedOperation, Permit, Touches, Vouched};
use wire::{Input, Output, Structure, Value};

use crate::role_arn::{NamedRole, RoleArn};
use crate::session_request::{
    AssumedRoleUser, Credentials, PolicyArn, SessionPolicies, SessionTags, issue, packed_if_any,
    role_duration_s,
};

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
    packed_policy_size: Option<i32>,
    provider: String,
    audience: String,
    source_identity: Option<String>,
}

/// What the provider says, verified.
pub struct Verified {
    role: NamedRole,
    provider: Arc<OidcProvider>,
    claims: Claims,
    tags: SessionTags,
    source_identity: Option<String>,
}

impl FederatedOperation for AssumeRoleWithWebIdentity {
    const FACTS: &'static OperationFacts = facts::sts::ASSUME_ROLE_WITH_WEB_IDENTITY;
    type Output = AssumedRoleWithWebIdentity;
    type Gathered = Verified;

    async fn gather(&self, call: &Call) -> Result<Verified, Error> {
        if self.provider_id.is_some() {
            return Err(Error::validation(
                "ProviderId is only for OAuth 2.0 access tokens, of www.amazon.com and graph.facebook.com; an ID token names its provider itself.",
            ));
        }
        let role_arn = RoleArn::parse(&self.role_arn)?;
        let unverified = Unverified::parse(&self.web_identity_token).map_err(refuse)?;
        let provider = call
            .directory()
            .oidc_provider(role_arn.account, unverified.issuer())?
            .ok_or_else(|| {
                Error::new("InvalidIdentityToken").say(format!(
                    "No OpenIDConnect provider found in your account for {}",
                    unverified.issuer()
                ))
            })?;
        let expectation = Expectation {
            issuer: &provider.issuer,
            client_ids: &provider.client_ids,
            now: call.now_s(),
        };
        let claims = oidc::verify(
            &self.web_identity_token,
            &expectation,
            &call.environment.oidc_keys,
        )
        .await
        .map_err(refuse)?;
        call.vouch(Vouched {
            provider: provider.arn().to_string(),
            audience: claims.client_id().to_owned(),
            subject: claims.subject().to_owned(),
            account: role_arn.account,
        });
        Ok(Verified {
            role: NamedRole::find(call, role_arn)?,
            provider,
            tags: session_tags(&claims)?,
            source_identity: source_identity(&claims)?,
            claims,
        })
    }

    fn touches(&self, verified: &Verified, _call: &Call) -> Result<Touches, Error> {
        let trust = verified.role.trust();
        let provider = policy::Principal::identity_provider(verified.provider.arn().as_str());
        let source_identity = &verified.source_identity;
        let base = |action: &'static str| {
            let mut ask = verified
                .role
                .ask(action)
                .guarded_by(Arc::clone(&trust))
                .asked_by(provider.clone())
                .key("sts:RoleSessionName", self.role_session_name.as_str())
                .key_if("sts:SourceIdentity", source_identity.as_deref());
            for (key, values) in verified.claims.condition_keys() {
                ask = ask.keys_many(key, values);
            }
            if let Some(role) = &verified.role.role {
                ask = ask.resource_tags("iam", &role.tags);
            }
            ask
        };
        let tags = &verified.tags;
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
        let duration_s = role_duration_s(self.duration_seconds, role, None)?;
        let policies = SessionPolicies::check(
            &permit,
            role.account,
            self.policy.as_deref(),
            self.policy_arns.as_deref(),
        )?;
        let packed_policy_size = packed_if_any(&policies, &verified.tags)?;
        let provider = verified.provider.arn().to_string();
        let mut federation_keys = verified.claims.session_keys();
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
            tags: verified.tags.all(),
            transitive_tag_keys: verified.tags.transitive.clone(),
            source_identity: verified.source_identity.clone(),
            mfa_at: None,
            federation_keys,
            origin: Origin::Direct,
        };
        Ok(AssumedRoleWithWebIdentity {
            credentials: issue(&permit, &session)?,
            subject_from_web_identity_token: verified.claims.subject().to_owned(),
            assumed_role_user: AssumedRoleUser::new(role, &self.role_session_name),
            packed_policy_size,
            provider,
            audience: verified.claims.client_id().to_owned(),
            source_identity: verified.source_identity.clone(),
        })
    }
}

/// The claim `https://aws.amazon.com/source_identity`.
fn source_identity(claims: &Claims) -> Result<Option<String>, Error> {
    let Some(found) = claims.source_identity().map_err(refuse)? else {
        return Ok(None);
    };
    hold_to_model(Structure::new().with("SourceIdentity", found))?;
    Ok(Some(found.to_owned()))
}

/// The tags of the claim `https://aws.amazon.com/tags`.
fn session_tags(claims: &Claims) -> Result<SessionTags, Error> {
    let claimed = claims.session_tags().map_err(refuse)?;
    let texts = |list: &[String]| {
        let values = list.iter().map(|text| Value::from(text.as_str()));
        Value::List(values.collect())
    };
    let pairs = claimed.tags.iter().map(|(key, value)| {
        let tag = Structure::new().with("Key", key.as_str());
        Value::Structure(tag.with("Value", value.as_str()))
    });
    hold_to_model(
        Structure::new()
            .with("Tags", Value::List(pairs.collect()))
            .with("TransitiveTagKeys", texts(&claimed.transitive_keys)),
    )?;
    let requested = claimed
        .tags
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect();
    SessionTags::check(requested, &claimed.transitive_keys, None)
}

/// Holds what a token asks for to what AssumeRole may be asked for: numbers, lengths and
/// characters. A provider may put anything into its tokens.
fn hold_to_model(asked: Structure) -> Result<(), Error> {
    let request = asked
        .with("RoleArn", "arn:aws:iam::000000000000:role/any")
        .with("RoleSessionName", "any");
    wire::validate(facts::sts::ASSUME_ROLE, &request).map_err(|refusal| {
        let answer = oidc::Refusal::MalformedClaim("https://aws.amazon.com/tags").answer();
        Error::new(answer.code).say(answer.message).because(refusal)
    })
}

/// A refused token in AWS's words.
fn refuse(refusal: oidc::Refusal) -> Error {
    let answer = refusal.answer();
    Error::new(answer.code).say(answer.message).because(refusal)
}
