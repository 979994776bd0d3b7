//! The one place where a request meets every policy that binds it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use aws::{AccountId, Arn, Timestamp};
use policy::{Context, Decision, Layer, Layers, PolicySet, Request, Verdict};

use crate::caller::{Caller, CallerKind, Known};
use crate::directory::Directory;

/// One thing that a request wants to do to one resource.
#[derive(Debug)]
pub struct Ask {
    /// `service:Action`.
    pub action: Cow<'static, str>,
    /// The resource's ARN, or `*` for an action without resource types.
    pub resource: String,
    /// The account that owns the resource.
    pub resource_account: String,
    /// The resource's own policy: a trust policy, a bucket policy.
    pub resource_policy: Option<Arc<PolicySet>>,
    /// Condition keys of this action and resource, beside the global ones.
    pub keys: Vec<(Cow<'static, str>, Vec<String>)>,
    /// Who asks, when it is not the caller: the identity provider behind a web identity.
    pub asks_as: Option<policy::Principal>,
    /// What a refusal calls the resource, where AWS's does not say the ARN.
    pub called: Option<String>,
    /// Whether a refusal keeps to itself which policy refused.
    pub without_reason: bool,
}

impl Ask {
    /// An ask without a resource policy and without keys of its own.
    pub fn new(
        action: impl Into<Cow<'static, str>>,
        resource: impl Into<String>,
        resource_account: impl Into<String>,
    ) -> Ask {
        Ask {
            action: action.into(),
            resource: resource.into(),
            resource_account: resource_account.into(),
            resource_policy: None,
            keys: Vec::new(),
            asks_as: None,
            called: None,
            without_reason: false,
        }
    }

    /// Adds a condition key with one value.
    pub fn key(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Ask {
        self.keys.push((key.into(), vec![value.into()]));
        self
    }

    /// Adds a condition key with one value, if there is one.
    pub fn key_if(self, key: impl Into<Cow<'static, str>>, value: Option<&str>) -> Ask {
        match value {
            Some(value) => self.key(key, value),
            None => self,
        }
    }

    /// Adds a multivalued condition key. Without values the key is absent.
    pub fn keys_many(mut self, key: impl Into<Cow<'static, str>>, values: Vec<String>) -> Ask {
        if !values.is_empty() {
            self.keys.push((key.into(), values));
        }
        self
    }

    /// The tags that the request brings: `aws:RequestTag/KEY` and `aws:TagKeys`.
    pub fn request_tags(mut self, tags: &[crate::tag::Tag]) -> Ask {
        for tag in tags {
            self.keys.push((
                format!("aws:RequestTag/{}", tag.key).into(),
                vec![tag.value.clone()],
            ));
        }
        let keys = tags.iter().map(|tag| tag.key.clone()).collect();
        self.keys_many("aws:TagKeys", keys)
    }

    /// The tags that the resource has: `aws:ResourceTag/KEY`, and the service's own form of it.
    pub fn resource_tags(mut self, service: &str, tags: &[crate::tag::Tag]) -> Ask {
        for tag in tags {
            for prefix in ["aws", service] {
                self.keys.push((
                    format!("{prefix}:ResourceTag/{}", tag.key).into(),
                    vec![tag.value.clone()],
                ));
            }
        }
        self
    }

    /// The resource's own policy.
    pub fn guarded_by(mut self, policy: Arc<PolicySet>) -> Ask {
        self.resource_policy = Some(policy);
        self
    }

    /// What a refusal calls the resource, in place of its ARN: IAM says `role NAME`.
    pub fn called(mut self, name: impl Into<String>) -> Ask {
        self.called = Some(name.into());
        self
    }

    /// A refusal does not tell which policy refused.
    pub fn without_reason(mut self) -> Ask {
        self.without_reason = true;
        self
    }

    /// Someone else than the caller asks.
    pub fn asked_by(mut self, principal: policy::Principal) -> Ask {
        self.asks_as = Some(principal);
        self
    }
}

/// Facts of the request that fill the global condition keys.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// When it came.
    pub now: Timestamp,
    /// From where; a trusted proxy's word counts, nobody else's.
    pub source_ip: Option<IpAddr>,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Referer` header.
    pub referer: Option<String>,
    /// The region that it was signed for.
    pub region: String,
}

/// A refusal by policy: `AccessDenied`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// AWS's sentence.
    pub message: String,
    /// What the engine decided, and where.
    pub verdict: Verdict,
    /// What is told to those who may decode authorization messages.
    pub details: Option<Details>,
}

/// Why somebody was refused, in full: which statements denied it, what was known of the
/// request. Not for the eyes of whoever was refused.
#[derive(Debug, Clone)]
pub struct Details {
    /// The account that whoever was refused belongs to. Nobody else is told.
    pub account: AccountId,
    /// JSON, as `DecodeAuthorizationMessage` answers it.
    pub text: String,
}

/// A verdict that refuses, with its details.
struct Refusal {
    verdict: Verdict,
    details: Option<Details>,
}

/// An ask with its parts borrowed, for a caller of [`Directory::decide`] that holds them in a
/// form of its own.
#[derive(Debug, Clone, Copy)]
pub struct AskRef<'a, K> {
    /// `service:Action`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for an action without resource types.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub resource_account: &'a str,
    /// The resource's own policy.
    pub resource_policy: Option<&'a PolicySet>,
    /// Condition keys of this action and resource, beside the global ones.
    pub keys: &'a [(K, Vec<String>)],
    /// More of them, of equal right, each of one value.
    pub further_keys: &'a [(&'static str, String)],
    /// Who asks, when it is not the caller.
    pub asks_as: Option<&'a policy::Principal>,
}

impl Directory {
    /// Decides one ask. Touches no disk and takes no lock.
    pub fn authorize(
        &self,
        caller: &Caller,
        facts: &RequestFacts,
        ask: &Ask,
    ) -> Result<(), Denied> {
        let (called, without_reason) = (ask.called.as_deref(), ask.without_reason);
        let ask = AskRef {
            action: &ask.action,
            resource: &ask.resource,
            resource_account: &ask.resource_account,
            resource_policy: ask.resource_policy.as_deref(),
            keys: &ask.keys,
            further_keys: &[],
            asks_as: ask.asks_as.as_ref(),
        };
        self.verdict(caller, facts, &ask)
            .map_err(|refusal| denied(caller, &ask, called, without_reason, refusal))
    }

    /// Decides one ask whose parts are borrowed.
    pub fn decide<K: AsRef<str>>(
        &self,
        caller: &Caller,
        facts: &RequestFacts,
        ask: AskRef<'_, K>,
    ) -> Result<(), Denied> {
        self.verdict(caller, facts, &ask)
            .map_err(|refusal| denied(caller, &ask, None, false, refusal))
    }

    fn verdict<K: AsRef<str>>(
        &self,
        caller: &Caller,
        facts: &RequestFacts,
        ask: &AskRef<'_, K>,
    ) -> Result<(), Refusal> {
        if let (Caller::Known(known), None) = (caller, ask.asks_as)
            && is_restricted(known, ask.action)
        {
            return Err(Refusal {
                verdict: Verdict {
                    decision: Decision::ImplicitDeny,
                    layer: Layer::Session,
                },
                details: None,
            });
        }
        let context = context(caller, facts, ask);
        if let (Caller::Known(known), None) = (caller, ask.asks_as) {
            within_task(known, ask, &context)?;
        }
        let anonymous = policy::Principal::anonymous();
        let mut layers = Layers {
            resource: ask.resource_policy,
            ..Layers::default()
        };
        let principal = match (caller, ask.asks_as) {
            (_, Some(principal)) => principal,
            (Caller::Anonymous, None) => &anonymous,
            (Caller::Known(known), None) => {
                layers.identity = Some(known.identity_policies());
                layers.boundary = known.principal.boundary.as_ref();
                layers.session = known
                    .session
                    .as_ref()
                    .and_then(|open| open.policies.as_ref());
                known.asks_as()
            }
        };
        let request = Request {
            principal,
            action: ask.action,
            resource: ask.resource,
            resource_account: ask.resource_account,
            context: &context,
        };
        let verdict = policy::decide(&request, &layers);
        if verdict.is_allowed() {
            return Ok(());
        }
        Err(Refusal {
            verdict,
            details: match (caller, ask.asks_as) {
                (Caller::Known(known), None) => Some(details(known, &request, layers, verdict)),
                (Caller::Anonymous, _) | (_, Some(_)) => None,
            },
        })
    }
}

/// All that is known of a refusal. What another account's resource has for a policy stays
/// that account's to know.
fn details(
    known: &Known,
    request: &Request<'_>,
    mut layers: Layers<'_>,
    verdict: Verdict,
) -> Details {
    let account = known.account();
    if account.as_str() != request.resource_account {
        layers.resource = None;
    }
    let refused = policy::Refused {
        id: known.user_id(),
        name: (known.kind() == CallerKind::User).then_some(known.principal.name.as_str()),
        arn: known.arn(),
    };
    Details {
        account,
        text: policy::authorization_message(request, &layers, verdict, refused),
    }
}

/// The refusal in AWS's words. Across accounts AWS does not say which policy refused.
fn denied<K>(
    caller: &Caller,
    ask: &AskRef<'_, K>,
    called: Option<&str>,
    without_reason: bool,
    refusal: Refusal,
) -> Denied {
    let Refusal { verdict, details } = refusal;
    let who = match caller {
        Caller::Anonymous => "anonymous",
        Caller::Known(known) => known.arn(),
    };
    let resource = called.or_else(|| (ask.resource != "*").then_some(ask.resource));
    let message = match caller {
        Caller::Known(known)
            if known.account().as_str() == ask.resource_account && !without_reason =>
        {
            policy::denial_message(verdict, who, ask.action, resource)
        }
        _ => {
            let on = resource.map_or(String::new(), |arn| format!(" on resource: {arn}"));
            format!(
                "User: {who} is not authorized to perform: {}{on}",
                ask.action
            )
        }
    };
    Denied {
        message,
        verdict,
        details,
    }
}

/// A session of `AssumeRoot` may do what root may, unless its task's policy denies it. The
/// engine asks no policy of root's own, so the task's is asked here, as that of somebody who
/// may do everything else.
fn within_task<K: AsRef<str>>(
    known: &Known,
    ask: &AskRef<'_, K>,
    context: &Context,
) -> Result<(), Refusal> {
    let Some(open) = known
        .session
        .as_ref()
        .filter(|open| open.session.is_assumed_root())
    else {
        return Ok(());
    };
    let root = known.arn();
    let account = known.account();
    let request = Request {
        principal: &policy::Principal::user(root, None),
        action: ask.action,
        resource: ask.resource,
        resource_account: account.as_str(),
        context,
    };
    let layers = Layers {
        identity: open.policies.as_ref(),
        ..Layers::default()
    };
    let verdict = policy::decide(&request, &layers);
    match verdict.decision {
        // The task's policy only denies; that it allows nothing is no refusal.
        Decision::Allowed | Decision::ImplicitDeny if open.policies.is_some() => Ok(()),
        Decision::Allowed | Decision::ImplicitDeny | Decision::ExplicitDeny => Err(Refusal {
            verdict,
            details: Some(details(known, &request, layers, verdict)),
        }),
    }
}

/// Whether IAM knows no such credential: sessions that users and root made for themselves
/// without a second factor, and those of federated users.
pub fn is_unknown_to_iam(caller: &Caller) -> bool {
    caller
        .known()
        .is_some_and(|known| is_restricted(known, "iam:*"))
}

/// What sessions of `GetSessionToken` and `GetFederationToken` may not do whatever the
/// policies say (IAM User Guide, "Compare AWS STS credentials").
fn is_restricted(known: &Known, action: &str) -> bool {
    let Some(session) = known.session() else {
        return false;
    };
    if session.is_assumed_root() {
        return false;
    }
    let (service, action) = action.split_once(':').unwrap_or((action, ""));
    match known.kind() {
        CallerKind::RoleSession => false,
        CallerKind::FederatedUser => match service {
            "iam" => true,
            "sts" => action != "GetCallerIdentity",
            _ => false,
        },
        CallerKind::User | CallerKind::Root => match service {
            "iam" => session.mfa_at.is_none() && session.origin.sign_in().is_none(),
            "sts" => !matches!(
                action,
                "AssumeRole" | "GetCallerIdentity" | "TagSession" | "SetSourceIdentity"
            ),
            _ => false,
        },
    }
}

/// Fills the request context. A key that does not apply is absent, never empty.
fn context<K: AsRef<str>>(caller: &Caller, facts: &RequestFacts, ask: &AskRef<'_, K>) -> Context {
    let mut context = Context::with_room();
    let epoch = facts.now.as_second();
    context.set("aws:CurrentTime", iso(epoch));
    context.set("aws:EpochTime", epoch.to_string());
    context.set("aws:SecureTransport", truth(facts.secure));
    context.set("aws:RequestedRegion", &facts.region);
    context.set("aws:ViaAWSService", "false");
    if let Some(ip) = facts.source_ip {
        context.set("aws:SourceIp", aws::address_text(ip));
    }
    if let Some(agent) = &facts.user_agent {
        context.set("aws:UserAgent", agent);
    }
    if let Some(referer) = &facts.referer {
        context.set("aws:Referer", referer);
    }
    if !ask.resource_account.is_empty() {
        context.set("aws:ResourceAccount", ask.resource_account);
    }
    match (caller, ask.asks_as) {
        (Caller::Known(known), None) => principal_keys(&mut context, known, epoch),
        (Caller::Anonymous, None) => {
            context.set("aws:PrincipalType", "Anonymous");
            context.set("aws:userid", "anonymous");
        }
        (_, Some(provider)) => provider_keys(&mut context, provider.name()),
    }
    set_all(&mut context, ask.keys);
    for (key, value) in ask.further_keys {
        context.set(key, value);
    }
    context
}

/// What STS says of a provider that an account keeps; of those that are built in it says
/// nothing.
fn provider_keys(context: &mut Context, provider: &str) {
    let arn: Result<Arn, _> = provider.parse();
    if let Ok(arn) = arn {
        context.set("aws:PrincipalAccount", arn.account());
        context.set("aws:PrincipalType", "User");
        context.set("aws:userid", arn.as_str());
    }
}

fn principal_keys(context: &mut Context, known: &Known, now_s: i64) {
    let kind = known.kind();
    context.set("aws:PrincipalAccount", known.account().as_str());
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:userid", known.user_id());
    let (principal_type, principal_arn) = match kind {
        CallerKind::Root => ("Account", known.principal.arn.as_str()),
        CallerKind::User => ("User", known.principal.arn.as_str()),
        CallerKind::RoleSession => ("AssumedRole", known.principal.arn.as_str()),
        CallerKind::FederatedUser => ("FederatedUser", known.arn()),
    };
    context.set("aws:PrincipalType", principal_type);
    context.set("aws:PrincipalArn", principal_arn);
    if kind == CallerKind::User {
        context.set("aws:username", &known.principal.name);
    }
    for tag in known.tags() {
        context.set(format!("aws:PrincipalTag/{}", tag.key), &tag.value);
    }
    let Some(session) = known.session() else {
        return;
    };
    context.set("aws:TokenIssueTime", iso(session.issued_at));
    // Present with every kind of temporary credentials but those of federation.
    if kind != CallerKind::FederatedUser && session.federation_keys.is_empty() {
        context.set(
            "aws:MultiFactorAuthPresent",
            truth(session.mfa_at.is_some()),
        );
    }
    if let Some(mfa_at) = session.mfa_at {
        let age = now_s.saturating_sub(mfa_at).max(0);
        context.set("aws:MultiFactorAuthAge", age.to_string());
    }
    if let Some(source_identity) = &session.source_identity {
        context.set("aws:SourceIdentity", source_identity);
    }
    if let Some(arn) = session.origin.sign_in() {
        context.set("aws:SignInSessionArn", arn);
    }
    set_all(context, &session.federation_keys);
}

/// Keys that hold a set by nature, be it of one value.
const SETS: [&str; 2] = ["aws:TagKeys", "sts:TransitiveTagKeys"];

fn set_all<K: AsRef<str>>(context: &mut Context, keys: &[(K, Vec<String>)]) {
    for (key, values) in keys {
        match values.as_slice() {
            [one] if !SETS.contains(&key.as_ref()) => context.set(key, one),
            many => context.set_many(key, many),
        };
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `2026-01-02T03:04:05Z`, as `aws:CurrentTime` is written.
pub fn iso(epoch_s: i64) -> String {
    aws::iso_second(Timestamp::from_second(epoch_s).unwrap_or(Timestamp::UNIX_EPOCH))
}
