//! The four operations: simulating, and asking which keys a simulation needs.

use facts::OperationFacts;
use identity::Ask;
use plane::{Call, Error, Operation, Permit, Touches};
use policy::Document;
use policy::explain::Source;
use store::Transaction;
use wire::{Input, Output};

use crate::paging::Paging;

use super::input::{Asked, ContextEntry, OrganizationLevel, malformed};
use super::outcome::{EvaluationResult, Simulation};
use super::principal::{PolicyIdentifier, PolicySource};

/// A page of results.
#[derive(Output, Debug)]
pub(crate) struct SimulatedPage {
    evaluation_results: Vec<EvaluationResult>,
    is_truncated: bool,
    marker: Option<String>,
}

/// One page of the results, an action each.
fn simulate(
    simulation: &Simulation,
    actions: &[String],
    paging: Paging<'_>,
) -> Result<SimulatedPage, Error> {
    let page = paging.of(actions.iter().collect())?;
    simulation.check_size(page.items.len())?;
    let page = page.map(|action| simulation.evaluate(action));
    Ok(SimulatedPage {
        is_truncated: page.is_truncated(),
        evaluation_results: page.items,
        marker: page.marker,
    })
}

/// What both operations are asked, from the members that they share.
macro_rules! asked {
    ($input:expr) => {
        Asked {
            policies: &$input.policy_input_list,
            boundaries: &$input.permissions_boundary_policy_input_list,
            actions: &$input.action_names,
            resources: &$input.resource_arns,
            resource_policy: $input.resource_policy.as_deref(),
            resource_owner: $input.resource_owner.as_deref(),
            caller: $input.caller_arn.as_deref(),
            context: &$input.context_entries,
            handling: $input.resource_handling_option.as_deref(),
        }
    };
}

/// Simulates policies that are given with the request.
#[derive(Input)]
pub(crate) struct SimulateCustomPolicy {
    policy_input_list: Vec<String>,
    permissions_boundary_policy_input_list: Vec<String>,
    ordered_organization_policy_input_list: Vec<OrganizationLevel>,
    action_names: Vec<String>,
    resource_arns: Vec<String>,
    resource_policy: Option<String>,
    resource_owner: Option<String>,
    caller_arn: Option<String>,
    context_entries: Vec<ContextEntry>,
    resource_handling_option: Option<String>,
    max_items: Option<i32>,
    marker: Option<String>,
}

impl Operation for SimulateCustomPolicy {
    const FACTS: &'static OperationFacts = facts::iam::SIMULATE_CUSTOM_POLICY;
    type Output = SimulatedPage;

    fn touches(&self, call: &Call, _: &Transaction) -> Result<Touches, Error> {
        touch_nothing(call, "iam:SimulateCustomPolicy")
    }

    fn run(&self, permit: Permit<Self>, _: &mut Transaction) -> Result<SimulatedPage, Error> {
        let asked = asked!(self);
        let mut sources = asked.sources()?;
        sources.scps = OrganizationLevel::sources(&self.ordered_organization_policy_input_list)?;
        let parties = asked.parties(permit.account()?)?;
        let simulation = Simulation::new(&asked, parties, asked.context()?, sources)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        simulate(&simulation, &self.action_names, paging)
    }
}

/// Simulates the policies of a user, a group or a role, and others beside them.
#[derive(Input)]
pub(crate) struct SimulatePrincipalPolicy {
    policy_source_arn: String,
    policy_input_list: Vec<String>,
    permissions_boundary_policy_input_list: Vec<String>,
    policy_exclusion_list: Vec<PolicyIdentifier>,
    action_names: Vec<String>,
    resource_arns: Vec<String>,
    resource_policy: Option<String>,
    resource_owner: Option<String>,
    caller_arn: Option<String>,
    context_entries: Vec<ContextEntry>,
    resource_handling_option: Option<String>,
    max_items: Option<i32>,
    marker: Option<String>,
}

impl Operation for SimulatePrincipalPolicy {
    const FACTS: &'static OperationFacts = facts::iam::SIMULATE_PRINCIPAL_POLICY;
    type Output = SimulatedPage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let arn = &self.policy_source_arn;
        let ask = PolicySource::ask(call, tx, "iam:SimulatePrincipalPolicy", arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<SimulatedPage, Error> {
        let account = permit.account()?;
        let source = PolicySource::read(&self.policy_source_arn, account)?;
        let bound = source.bound(tx, &self.policy_exclusion_list)?;
        let mut asked = asked!(self);
        // The caller is whose policies they are, unless somebody else is named.
        asked.caller = Some(asked.caller.unwrap_or(&self.policy_source_arn));
        let mut sources = asked.sources()?;
        let mut identity = bound.identity;
        identity.extend(sources.identity.take().unwrap_or_default());
        sources.identity = Some(identity);
        // A boundary in the request stands in place of its own.
        sources.boundary = sources.boundary.or(bound.boundary);
        sources.scps = OrganizationLevel::of_account()?;
        let parties = asked.parties(account)?;
        let mut context = asked.context()?;
        if self.caller_arn.is_none() {
            source.fill(&mut context);
        }
        let simulation = Simulation::new(&asked, parties, context, sources)?;
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        simulate(&simulation, &self.action_names, paging)
    }
}

/// The condition keys that policies read.
#[derive(Output, Debug)]
pub(crate) struct ContextKeys {
    context_key_names: Vec<String>,
}

impl ContextKeys {
    /// Those of one policy after the other. A key that two of them read is told twice.
    fn of(held: &[Source], given: &[String]) -> Result<ContextKeys, Error> {
        let mut context_key_names = Vec::new();
        for source in held {
            context_key_names.extend(source.document.listed_keys());
        }
        for text in given {
            let document = Document::parse_maybe_empty(text).map_err(malformed)?;
            context_key_names.extend(document.iter().flat_map(Document::listed_keys));
        }
        Ok(ContextKeys { context_key_names })
    }
}

/// Lists the condition keys of policies that are given with the request.
#[derive(Input)]
pub(crate) struct GetContextKeysForCustomPolicy {
    policy_input_list: Vec<String>,
}

impl Operation for GetContextKeysForCustomPolicy {
    const FACTS: &'static OperationFacts = facts::iam::GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY;
    type Output = ContextKeys;

    fn touches(&self, call: &Call, _: &Transaction) -> Result<Touches, Error> {
        touch_nothing(call, "iam:GetContextKeysForCustomPolicy")
    }

    fn run(&self, _: Permit<Self>, _: &mut Transaction) -> Result<ContextKeys, Error> {
        ContextKeys::of(&[], &self.policy_input_list)
    }
}

/// Lists the condition keys of the policies of a user, a group or a role, and of others.
#[derive(Input)]
pub(crate) struct GetContextKeysForPrincipalPolicy {
    policy_source_arn: String,
    policy_input_list: Vec<String>,
}

impl Operation for GetContextKeysForPrincipalPolicy {
    const FACTS: &'static OperationFacts = facts::iam::GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY;
    type Output = ContextKeys;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let arn = &self.policy_source_arn;
        let ask = PolicySource::ask(call, tx, "iam:GetContextKeysForPrincipalPolicy", arn)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<ContextKeys, Error> {
        let source = PolicySource::read(&self.policy_source_arn, permit.account()?)?;
        let bound = source.bound(tx, &[])?;
        let mut held = bound.identity;
        held.extend(bound.boundary.unwrap_or_default());
        ContextKeys::of(&held, &self.policy_input_list)
    }
}

/// An action on nothing in particular.
fn touch_nothing(call: &Call, action: &'static str) -> Result<Touches, Error> {
    let account = call.account()?;
    Ok(Touches::one(Ask::new(action, "*", account.as_str())))
}
