//! GetFederationToken: a broker's user vouches for someone, within a policy.

use facts::OperationFacts;
use identity::{Ask, CallerKind, Origin, Session, SessionKind};
use plane::{Call, Error, HotOperation, Permit, Touches};
use wire::{Input, Output};

use crate::session_request::{
    Credentials, PolicyArn, SessionPolicies, SessionTags, TagInput, issue, packed_percent, tags,
};

/// Twelve hours, unless asked otherwise.
const DURATION_S_DEFAULT: i64 = 43_200;
/// What root vouches for ends after an hour, whatever was asked.
const ROOT_DURATION_S_MAX: i64 = 3_600;

/// Vouches for a federated user.
#[derive(Input)]
#[wire(ignores("MinimumSessionTokenSize" = "sealed tokens have the size that they have"))]
pub struct GetFederationToken {
    name: String,
    policy: Option<String>,
    policy_arns: Option<Vec<PolicyArn>>,
    duration_seconds: Option<i32>,
    tags: Option<Vec<TagInput>>,
}

/// Credentials of the federated user.
#[derive(Output)]
pub struct FederationToken {
    credentials: Credentials,
    federated_user: FederatedUser,
    packed_policy_size: i32,
}

/// The federated user's two names.
#[derive(Output)]
pub struct FederatedUser {
    federated_user_id: String,
    arn: String,
}

impl HotOperation for GetFederationToken {
    const FACTS: &'static OperationFacts = facts::sts::GET_FEDERATION_TOKEN;
    type Output = FederationToken;
    type Found = ();

    fn find(&self, _call: &Call) -> Result<(), Error> {
        Ok(())
    }

    fn touches(&self, _found: &(), call: &Call) -> Result<Touches, Error> {
        let known = call.known()?;
        if known.session.is_some() || known.kind() == CallerKind::RoleSession {
            return Err(Error::access_denied(
                "Cannot call GetFederationToken with session credentials",
            ));
        }
        let account = known.account();
        let session_tags = self.session_tags()?;
        let base = |action: &'static str| {
            Ask::new(
                action,
                format!("arn:aws:sts::{account}:federated-user/{}", self.name),
                account.to_string(),
            )
        };
        let mut touches = Touches::one(session_tags.keys(base("sts:GetFederationToken")));
        if let Some(ask) = session_tags.ask(base) {
            touches = touches.and(ask);
        }
        Ok(touches)
    }

    fn run(&self, _found: (), permit: Permit<Self>) -> Result<FederationToken, Error> {
        let known = permit.known()?;
        let account = known.account();
        let policies = SessionPolicies::check(
            &permit,
            account,
            self.policy.as_deref(),
            self.policy_arns.as_deref(),
        )?;
        let session_tags = self.session_tags()?;
        let percent = packed_percent(&policies, &session_tags)?;
        let asked = self.duration_seconds.map_or(DURATION_S_DEFAULT, i64::from);
        let user_id = known.user().map(|user| user.id.clone());
        let duration_s = match user_id {
            Some(_) => asked,
            None => asked.min(ROOT_DURATION_S_MAX),
        };
        let session = Session {
            account,
            kind: SessionKind::Federated {
                name: self.name.clone(),
                user_id,
            },
            issued_at: permit.now_s(),
            expires_at: permit.now_s() + duration_s,
            policy: policies.inline,
            policy_arns: policies.arns,
            tags: session_tags.all(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            mfa_at: None,
            federation_keys: Vec::new(),
            origin: Origin::Direct,
        };
        Ok(FederationToken {
            credentials: issue(&permit, &session)?,
            federated_user: FederatedUser {
                federated_user_id: format!("{account}:{}", self.name),
                arn: format!("arn:aws:sts::{account}:federated-user/{}", self.name),
            },
            packed_policy_size: i32::try_from(percent).unwrap_or(100),
        })
    }
}

impl GetFederationToken {
    fn session_tags(&self) -> Result<SessionTags, Error> {
        SessionTags::check(tags(self.tags.as_deref()), &[], None)
    }
}
