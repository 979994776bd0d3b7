//! The decision: every layer asked, their answers put together.

use std::sync::Arc;

use crate::action::Action;
use crate::principal::{Kind, Ways};
use crate::resource::Target;
use crate::set::{Answer, Attached, Question};
use crate::{Context, PolicySet, Principal};

/// One question: may this principal do this to that?
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// `service:Action`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for an action without resource types.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub resource_account: &'a str,
    /// What is known about the request.
    pub context: &'a Context,
}

/// The policies that bind the request. An absent layer does not apply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'a> {
    /// The principal's own policies, its groups' included.
    pub identity: Option<&'a PolicySet>,
    /// The principal's permissions boundary.
    pub boundary: Option<&'a PolicySet>,
    /// The policies passed when the session was made, all as one set.
    pub session: Option<&'a PolicySet>,
    /// The resource's own policy: bucket policy, key policy, role trust policy.
    pub resource: Option<&'a PolicySet>,
    /// One set a level, the organization's root first. Empty: none apply.
    pub scps: &'a [Arc<PolicySet>],
    /// One set a level. Only their denies matter.
    pub rcps: &'a [Arc<PolicySet>],
    /// The policy of the VPC endpoint that the request came through.
    pub vpc_endpoint: Option<&'a PolicySet>,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
}

/// A kind of policy, as AWS's messages name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Identity-based policies.
    Identity,
    /// The resource's policy.
    Resource,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The VPC endpoint's policy.
    VpcEndpoint,
    /// A role's trust policy.
    Trust,
    /// No policy: the root user in its own account, or an action that is always allowed.
    Always,
}

/// A decision and the layer that granted or stopped the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What was decided.
    pub decision: Decision,
    /// Which layer decided it.
    pub layer: Layer,
}

impl Verdict {
    /// Whether the request may go on.
    pub fn is_allowed(&self) -> bool {
        self.decision == Decision::Allowed
    }
}

/// Decides one request. Neither allocates nor locks in the common case.
pub fn decide(request: &Request<'_>, layers: &Layers<'_>) -> Verdict {
    let principal = request.principal;
    // Whoever signed may ask who they are; no policy can forbid it.
    if principal.is_signed() && request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return allowed(Layer::Always);
    }
    let question = question(request, layers);
    let answers = match Answers::collect(&question, layers) {
        Ok(answers) => answers,
        Err(layer) => {
            return Verdict {
                decision: Decision::ExplicitDeny,
                layer,
            };
        }
    };
    answers.weigh(&question, request.resource_account)
}

pub(crate) fn question<'q>(request: &Request<'q>, layers: &Layers<'_>) -> Question<'q> {
    Question {
        principal: request.principal,
        bounded: layers.boundary.is_some(),
        action: Action::new(request.action),
        target: Target::new(request.resource),
        context: request.context,
    }
}

fn allowed(layer: Layer) -> Verdict {
    Verdict {
        decision: Decision::Allowed,
        layer,
    }
}

fn missing(layer: Layer) -> Verdict {
    Verdict {
        decision: Decision::ImplicitDeny,
        layer,
    }
}

/// What each layer says once no layer denies.
struct Answers {
    identity: bool,
    boundary: bool,
    session: bool,
    resource: Ways,
    scps: bool,
    vpc_endpoint: bool,
    resource_layer: Layer,
}

impl Answers {
    /// Asks every layer that applies to the caller. The error is the layer that denies.
    fn collect(question: &Question<'_>, layers: &Layers<'_>) -> Result<Answers, Layer> {
        let kind = question.principal.kind;
        // The root user has no policies of its own, and who does not sign with an
        // account's credentials is bound by none of that account's.
        let has_policies = matches!(kind, Kind::User | Kind::Session | Kind::FederatedUser);
        let own = |set: Option<&PolicySet>, layer: Layer| match set {
            Some(set) if has_policies => ask(set, question, Attached::ToPrincipal, layer),
            _ => Ok(Ways::NONE),
        };
        let resource_layer = if assumes_role(question) {
            Layer::Trust
        } else {
            Layer::Resource
        };
        // "SCPs do not affect any service-linked role", and RCPs do not either (AWS
        // Organizations User Guide): services must be able to do their work.
        let has_organization = !layers.scps.is_empty() || !layers.rcps.is_empty();
        let by_organization = has_organization && !question.principal.is_service_linked();
        for level in layers.rcps.iter().filter(|_| by_organization) {
            ask(
                level,
                question,
                Attached::ToResource,
                Layer::ResourceControl,
            )?;
        }
        let mut scps = true;
        if question.principal.is_signed() && by_organization {
            for level in layers.scps {
                let ways = ask(
                    level,
                    question,
                    Attached::ToPrincipal,
                    Layer::ServiceControl,
                )?;
                scps &= ways.any();
            }
        }
        let vpc_endpoint = match layers.vpc_endpoint {
            None => true,
            Some(set) => ask(set, question, Attached::ToResource, Layer::VpcEndpoint)?.any(),
        };
        let resource = match layers.resource {
            None => Ways::NONE,
            Some(set) => ask(set, question, Attached::ToResource, resource_layer)?,
        };
        let identity = own(layers.identity, Layer::Identity)?.any();
        let boundary = own(layers.boundary, Layer::Boundary)?.any();
        let session = own(layers.session, Layer::Session)?.any();
        Ok(Answers {
            identity: identity || kind == Kind::Root,
            boundary: boundary || layers.boundary.is_none() || kind == Kind::Root,
            // A federated user has no more than the policies it was given; without any it
            // has nothing of its own.
            session: session
                || (layers.session.is_none() && kind != Kind::FederatedUser)
                || kind == Kind::Root,
            resource,
            scps,
            vpc_endpoint,
            resource_layer,
        })
    }

    fn weigh(&self, question: &Question<'_>, resource_account: &str) -> Verdict {
        if !self.scps {
            return missing(Layer::ServiceControl);
        }
        if !self.vpc_endpoint {
            return missing(Layer::VpcEndpoint);
        }
        let principal = question.principal;
        if !principal.is_signed() {
            return if principal.is_granted(self.resource) {
                allowed(self.resource_layer)
            } else {
                missing(self.resource_layer)
            };
        }
        if principal.account() != Some(resource_account) {
            return self.weigh_cross_account();
        }
        if principal.kind == Kind::Root {
            return allowed(Layer::Always);
        }
        self.weigh_same_account(question)
    }

    /// Both sides must agree.
    fn weigh_cross_account(&self) -> Verdict {
        if !self.resource.any() {
            return missing(self.resource_layer);
        }
        match self.own_refusal() {
            Some(layer) => missing(layer),
            None => allowed(self.resource_layer),
        }
    }

    /// Either side may grant.
    fn weigh_same_account(&self, question: &Question<'_>) -> Verdict {
        if self.resource.any_of(Ways::ANYONE.or(Ways::DIRECT)) {
            return allowed(self.resource_layer);
        }
        if self.resource.any_of(Ways::INDIRECT) && self.boundary && self.session {
            return allowed(self.resource_layer);
        }
        // Keys and roles are in their own policy's hands: identity policies count only as
        // far as that policy trusts the account with them.
        let decides_alone = assumes_role(question) || question.target.is("kms", "key/");
        if decides_alone && !self.resource.any_of(Ways::ACCOUNT) {
            // A grant to the role that boundary or session policy cut off is their doing.
            let layer = match self.own_refusal() {
                Some(layer) if self.resource.any() && layer != Layer::Identity => layer,
                _ => self.resource_layer,
            };
            return missing(layer);
        }
        match self.own_refusal() {
            Some(layer) => missing(layer),
            None => allowed(Layer::Identity),
        }
    }

    /// The first of the principal's own layers that does not allow.
    fn own_refusal(&self) -> Option<Layer> {
        if !self.identity {
            Some(Layer::Identity)
        } else if !self.boundary {
            Some(Layer::Boundary)
        } else if !self.session {
            Some(Layer::Session)
        } else {
            None
        }
    }
}

fn ask(
    set: &PolicySet,
    question: &Question<'_>,
    attached: Attached,
    layer: Layer,
) -> Result<Ways, Layer> {
    match set.ask(question, attached) {
        Answer::Denied => Err(layer),
        Answer::Allowed(ways) => Ok(ways),
    }
}

/// The actions that a role's trust policy decides, in lower case.
const ROLE_ASSUMPTIONS: [&str; 5] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
];

fn assumes_role(question: &Question<'_>) -> bool {
    let action = question.action.name();
    action.starts_with(b"sts:")
        && ROLE_ASSUMPTIONS
            .iter()
            .any(|name| name.as_bytes() == action)
        && question.target.is("iam", "role/")
}

/// Whether a role's trust policy decides about the action.
pub(crate) fn is_role_assumption(action: &str, resource: &str) -> bool {
    ROLE_ASSUMPTIONS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(action))
        && Target::new(resource).is("iam", "role/")
}
