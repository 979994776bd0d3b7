//! The words of a refusal.

use crate::{Decision, Layer, Verdict};

/// AWS's message for a refused request: who, what, on what, and which kind of policy
/// stopped it.
pub fn denial_message(
    verdict: Verdict,
    caller_arn: &str,
    action: &str,
    resource: Option<&str>,
) -> String {
    let mut message = format!("User: {caller_arn} is not authorized to perform: {action}");
    if let Some(resource) = resource {
        message.push_str(" on resource: ");
        message.push_str(resource);
    }
    match verdict.decision {
        Decision::ExplicitDeny => {
            message.push_str(" with an explicit deny in ");
            message.push_str(with_article(verdict.layer));
        }
        Decision::ImplicitDeny | Decision::Allowed => {
            message.push_str(" because no ");
            message.push_str(bare(verdict.layer));
            message.push_str(" allows the ");
            message.push_str(action);
            message.push_str(" action");
        }
    }
    message
}

fn bare(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity | Layer::Always => "identity-based policy",
        Layer::Resource => "resource-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
        Layer::ServiceControl => "service control policy",
        Layer::ResourceControl => "resource control policy",
        Layer::VpcEndpoint => "VPC endpoint policy",
        Layer::Trust => "role trust policy",
    }
}

fn with_article(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity | Layer::Always => "an identity-based policy",
        Layer::Resource => "a resource-based policy",
        Layer::Boundary => "a permissions boundary",
        Layer::Session => "a session policy",
        Layer::ServiceControl => "a service control policy",
        Layer::ResourceControl => "a resource control policy",
        Layer::VpcEndpoint => "a VPC endpoint policy",
        Layer::Trust => "the role trust policy",
    }
}
