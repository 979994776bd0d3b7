//! Which policies let a user, a group or a role use a service.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use store::Transaction;
use wire::{Input, Output};

use crate::errors::no_such_entity;
use crate::granting::{Granting, Holder};
use crate::paging::Paging;

/// Lists the policies that give rights to each of some services.
#[derive(Input)]
pub(crate) struct ListPoliciesGrantingServiceAccess {
    marker: Option<String>,
    arn: String,
    service_namespaces: Vec<String>,
}

/// A page of services, each with its policies.
#[derive(Output, Debug)]
pub(crate) struct GrantingPage {
    policies_granting_service_access: Vec<ServiceGrants>,
    is_truncated: bool,
    marker: Option<String>,
}

/// The policies that give rights to one service.
#[derive(Output, Debug)]
pub(crate) struct ServiceGrants {
    service_namespace: String,
    policies: Vec<GrantView>,
}

/// A policy that gives rights. What it is part of is told of inline policies only.
#[derive(Output, Debug)]
pub(crate) struct GrantView {
    policy_name: String,
    policy_type: &'static str,
    policy_arn: Option<String>,
    entity_type: Option<&'static str>,
    entity_name: Option<String>,
}

impl Operation for ListPoliciesGrantingServiceAccess {
    const FACTS: &'static OperationFacts = facts::iam::LIST_POLICIES_GRANTING_SERVICE_ACCESS;
    type Output = GrantingPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        Ok(Touches::one(Ask::new(
            "iam:ListPoliciesGrantingServiceAccess",
            self.arn.as_str(),
            account.as_str(),
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<GrantingPage, Error> {
        let account = permit.account()?;
        let holder = match Holder::require(tx, account, &self.arn)? {
            Holder::Policy(_) => {
                let message = format!("ARN {} does not exist.", self.arn);
                return Err(no_such_entity(message));
            }
            holder => holder,
        };
        let policies = holder.policies(tx, account)?;
        let services = self
            .service_namespaces
            .iter()
            .map(|namespace| ServiceGrants {
                service_namespace: namespace.clone(),
                policies: match catalogue::service(namespace) {
                    Some(service) => policies
                        .iter()
                        .filter(|policy| policy.grants(service))
                        .map(GrantView::of)
                        .collect(),
                    None => Vec::new(),
                },
            });
        let page = Paging::new(self.marker.as_deref(), None).of(services.collect())?;
        Ok(GrantingPage {
            is_truncated: page.is_truncated(),
            policies_granting_service_access: page.items,
            marker: page.marker,
        })
    }
}

impl GrantView {
    fn of(policy: &Granting) -> GrantView {
        let (kind, name) = policy.inline_of.clone().unzip();
        GrantView {
            policy_name: policy.name.clone(),
            policy_type: match policy.arn {
                Some(_) => "MANAGED",
                None => "INLINE",
            },
            policy_arn: policy.arn.clone(),
            entity_type: kind,
            entity_name: name,
        }
    }
}
