//! The decision: every layer asked, their answers put together.

use std::sync::Arc;

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
    let _ = (request, layers);
    Verdict {
        decision: Decision::ImplicitDeny,
        layer: Layer::Identity,
    }
}
