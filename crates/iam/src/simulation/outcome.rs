//! What a simulation comes to: for each action one result, and in it one for each resource.

use std::collections::BTreeMap;

use plane::Error;
use policy::explain::{Explanation, LayerAnswer, Source, Sources, explain};
use policy::{Context, Decision, Effect, Grammar, Layer, Position, Request, StatementSpan};
use wire::Output;

use crate::errors::invalid_input;

use super::input::{self, Asked, Parties};

/// How many bytes of policies one answer looks at, a policy once for each action and
/// resource. A user's whole set of policies is a few ten thousand bytes.
const LOOKED_AT_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What simulating one action came to.
#[derive(Output, Debug)]
pub(crate) struct EvaluationResult {
    eval_action_name: String,
    eval_resource_name: String,
    eval_decision: String,
    matched_statements: Vec<MatchedStatement>,
    missing_context_values: Vec<String>,
    organizations_decision_detail: Option<OrganizationsDetail>,
    permissions_boundary_decision_detail: Option<BoundaryDetail>,
    eval_decision_details: Option<BTreeMap<String, String>>,
    resource_specific_results: Option<Vec<ResourceSpecificResult>>,
}

/// What it came to on one resource.
#[derive(Output, Debug)]
pub(crate) struct ResourceSpecificResult {
    eval_resource_name: String,
    eval_resource_decision: String,
    matched_statements: Vec<MatchedStatement>,
    missing_context_values: Vec<String>,
    eval_decision_details: Option<BTreeMap<String, String>>,
    permissions_boundary_decision_detail: Option<BoundaryDetail>,
}

/// A statement that the decision comes from.
#[derive(Output, Debug, Clone, PartialEq, Eq)]
pub(crate) struct MatchedStatement {
    source_policy_id: String,
    source_policy_type: String,
    start_position: Option<Place>,
    end_position: Option<Place>,
}

/// A place in a policy's text.
#[derive(Output, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    line: i32,
    column: i32,
}

/// Whether the organization lets it pass.
#[derive(Output, Debug)]
pub(crate) struct OrganizationsDetail {
    allowed_by_organizations: bool,
}

/// Whether the permissions boundary lets it pass.
#[derive(Output, Debug)]
pub(crate) struct BoundaryDetail {
    allowed_by_permissions_boundary: bool,
}

/// A simulation, ready to be asked about actions.
#[derive(Debug)]
pub(super) struct Simulation {
    parties: Parties,
    context: Context,
    resources: Vec<String>,
    /// The policies that were given.
    given: Sources,
    /// The same, and in place of a resource's policy that was not given one that leaves the
    /// decision to the caller's account, as it is for keys and roles as well.
    sources: Sources,
    missing: Vec<String>,
}

/// What the decision on one resource was, and what of it is told.
struct Decided {
    decision: Decision,
    matched: Vec<MatchedStatement>,
    boundary: Option<bool>,
    organizations: Option<bool>,
    /// Empty within one account; none where the organization ended it.
    details: Option<Details>,
}

/// What each kind of policy says.
type Details = BTreeMap<&'static str, Decision>;

impl Simulation {
    /// Makes one of what was asked and of the policies that bind the caller.
    pub(super) fn new(
        asked: &Asked<'_>,
        parties: Parties,
        context: Context,
        given: Sources,
    ) -> Result<Simulation, Error> {
        let resources = asked.resources()?;
        asked.check_actions()?;
        asked.check_handling(&resources)?;
        let read = given.identity.iter().chain(&given.resource).flatten();
        let missing = input::missing_keys(read.map(|source| &source.document), &context);
        let mut sources = given.clone();
        if sources.resource.is_none() {
            sources.resource = Some(vec![delegation(&parties.account)?]);
        }
        Ok(Simulation {
            parties,
            context,
            resources,
            given,
            sources,
            missing,
        })
    }

    /// Refuses a simulation of so many actions that it would take too long.
    pub(super) fn check_size(&self, actions: usize) -> Result<(), Error> {
        let own = [
            &self.given.identity,
            &self.given.boundary,
            &self.given.resource,
        ];
        let policies = own.into_iter().flatten().chain(&self.given.scps).flatten();
        let bytes = policies.fold(0_usize, |sum, source| sum.saturating_add(source.bytes));
        let pairs = actions.saturating_mul(self.resources.len());
        if bytes.saturating_mul(pairs) > LOOKED_AT_BYTES_MAX {
            return Err(invalid_input(
                "The simulation is too large. Ask about fewer actions or resources.",
            ));
        }
        Ok(())
    }

    /// What the simulation of one action comes to.
    pub(super) fn evaluate(&self, action: &str) -> EvaluationResult {
        let all = self.resources == ["*"];
        let mut results = Vec::new();
        for resource in &self.resources {
            results.push((resource, self.decide(action, resource)));
        }
        let decided = || results.iter().map(|(_, decided)| decided);
        let mut matched: Vec<MatchedStatement> = Vec::new();
        for statement in decided().flat_map(|decided| &decided.matched) {
            if !matched.contains(statement) {
                matched.push(statement.clone());
            }
        }
        let every = |told: fn(&Decided) -> Option<bool>| {
            let mut told = decided().filter_map(told).peekable();
            told.peek().is_some().then(|| told.all(|lets| lets))
        };
        let decision = decided()
            .map(|decided| decided.decision)
            .max_by_key(|decision| strictness(*decision))
            .unwrap_or(Decision::ImplicitDeny);
        EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: self.resource_name(action),
            eval_decision: decision_name(decision).to_owned(),
            matched_statements: matched,
            missing_context_values: self.missing.clone(),
            organizations_decision_detail: every(|decided| decided.organizations).map(|lets| {
                OrganizationsDetail {
                    allowed_by_organizations: lets,
                }
            }),
            permissions_boundary_decision_detail: every(|decided| decided.boundary)
                .map(boundary_detail),
            eval_decision_details: if all {
                None
            } else {
                strictest(decided()).map(shown)
            },
            resource_specific_results: (!all).then(|| {
                let results = results.into_iter();
                results
                    .map(|(resource, decided)| self.on_resource(resource, decided))
                    .collect()
            }),
        }
    }

    fn on_resource(&self, resource: &str, decided: Decided) -> ResourceSpecificResult {
        ResourceSpecificResult {
            eval_resource_name: resource.to_owned(),
            eval_resource_decision: decision_name(decided.decision).to_owned(),
            matched_statements: decided.matched,
            missing_context_values: self.missing.clone(),
            eval_decision_details: decided
                .details
                .filter(|details| !details.is_empty())
                .map(shown),
            permissions_boundary_decision_detail: decided.boundary.map(boundary_detail),
        }
    }

    /// The resource itself where there is one, else the form of ARN that such resources have,
    /// or `*`.
    fn resource_name(&self, action: &str) -> String {
        if let [one] = self.resources.as_slice() {
            return one.clone();
        }
        let types = catalogue::action(action).map(catalogue::Action::resource_types);
        let forms = types.into_iter().flatten().flat_map(|(of, _)| of.arns());
        let has = |form: &str| {
            let pattern = as_pattern(form);
            let mut resources = self.resources.iter();
            resources.any(|resource| catalogue::matches(&pattern, resource))
        };
        let mut forms = forms.filter(|form| has(form));
        forms.next().unwrap_or("*").to_owned()
    }

    fn decide(&self, action: &str, resource: &str) -> Decided {
        let owner = self.owner_of(resource);
        let across = owner != self.parties.account;
        let request = Request {
            principal: &self.parties.caller,
            action,
            resource,
            resource_account: &owner,
            context: &self.context,
        };
        let explanation = explain(&request, if across { &self.given } else { &self.sources });
        let organizations = organizations(&explanation);
        Decided {
            decision: explanation.verdict.decision,
            matched: matched(&explanation),
            boundary: layer(&explanation, Layer::Boundary)
                .map(|answer| answer.allows() && !answer.denies()),
            organizations,
            details: match (organizations, across) {
                (Some(false), _) => None,
                (_, false) => Some(BTreeMap::new()),
                (_, true) => Some(details(&explanation)),
            },
        }
    }

    /// The account that a resource belongs to. Without a word about it and without a policy
    /// of its own, a resource is the caller's: nothing could speak for another account.
    fn owner_of(&self, resource: &str) -> String {
        if let Some(owner) = &self.parties.owner {
            return owner.clone();
        }
        let named = resource.split(':').nth(4);
        let named = named.filter(|id| self.given.resource.is_some() && is_account(id));
        named.unwrap_or(&self.parties.account).to_owned()
    }
}

/// What stands for a resource's policy that was not given.
fn delegation(account: &str) -> Result<Source, Error> {
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"*","Resource":"*"}}}}"#
    );
    Source::parse(DELEGATION, &text, Grammar::Any).map_err(input::malformed)
}

/// The name of the policy that nobody gave, and that no answer names.
const DELEGATION: &str = "";

/// Whether a part of an ARN is an account's id.
fn is_account(text: &str) -> bool {
    text.parse::<aws::AccountId>().is_ok()
}

fn layer(explanation: &Explanation, layer: Layer) -> Option<&LayerAnswer> {
    let mut layers = explanation.layers.iter();
    layers.find(|answer| answer.layer == layer)
}

/// Whether every level of the organization allows and none denies; none without levels.
fn organizations(explanation: &Explanation) -> Option<bool> {
    let levels = explanation.layers.iter();
    let mut levels = levels
        .filter(|answer| answer.layer == Layer::ServiceControl)
        .peekable();
    levels.peek()?;
    Some(levels.all(|level| level.allows() && !level.denies()))
}

/// The statements that the decision comes from: those with its effect. A boundary's are told
/// where they deny, those of service control policies never.
fn matched(explanation: &Explanation) -> Vec<MatchedStatement> {
    let effect = match explanation.verdict.decision {
        Decision::Allowed => Effect::Allow,
        Decision::ExplicitDeny => Effect::Deny,
        Decision::ImplicitDeny => return Vec::new(),
    };
    let mut matched = Vec::new();
    for (kind, called) in [
        (Layer::Resource, RESOURCE_POLICY),
        (Layer::Trust, RESOURCE_POLICY),
        (Layer::Identity, IAM_POLICY),
        (Layer::Boundary, "Permissions Boundary Policy"),
    ] {
        if kind == Layer::Boundary && effect == Effect::Allow {
            continue;
        }
        let answers = layer(explanation, kind).into_iter();
        let statements = answers.flat_map(|answer| answer.applying(effect));
        for statement in statements.filter(|statement| statement.source != DELEGATION) {
            matched.push(MatchedStatement {
                source_policy_id: statement.source.clone(),
                source_policy_type: called.to_owned(),
                start_position: statement.span.and_then(|span| place(span.begins)),
                end_position: statement
                    .span
                    .and_then(|StatementSpan { ends, .. }| place(ends)),
            });
        }
    }
    matched
}

const IAM_POLICY: &str = "IAM Policy";
const RESOURCE_POLICY: &str = "Resource Policy";

fn place(position: Position) -> Option<Place> {
    Some(Place {
        line: i32::try_from(position.line).ok()?,
        column: i32::try_from(position.column).ok()?,
    })
}

/// What each side says, across accounts.
fn details(explanation: &Explanation) -> Details {
    let says = |kind| {
        let answer = layer(explanation, kind);
        match answer {
            Some(answer) if answer.denies() => Decision::ExplicitDeny,
            Some(answer) if answer.allows() => Decision::Allowed,
            Some(_) | None => Decision::ImplicitDeny,
        }
    };
    BTreeMap::from([
        (IAM_POLICY, says(Layer::Identity)),
        (RESOURCE_POLICY, says(Layer::Resource)),
    ])
}

/// The strictest word of each kind of policy over all resources.
fn strictest<'d>(decided: impl Iterator<Item = &'d Decided>) -> Option<Details> {
    let mut strictest: Option<Details> = None;
    for details in decided.filter_map(|decided| decided.details.as_ref()) {
        let told = strictest.get_or_insert_default();
        for (kind, said) in details {
            let word = told.entry(kind).or_insert(*said);
            if strictness(*said) > strictness(*word) {
                *word = *said;
            }
        }
    }
    strictest
}

/// Details as they are answered.
fn shown(details: Details) -> BTreeMap<String, String> {
    let details = details.into_iter();
    details
        .map(|(kind, said)| (kind.to_owned(), decision_name(said).to_owned()))
        .collect()
}

fn boundary_detail(lets: bool) -> BoundaryDetail {
    BoundaryDetail {
        allowed_by_permissions_boundary: lets,
    }
}

fn strictness(decision: Decision) -> u8 {
    match decision {
        Decision::Allowed => 0,
        Decision::ImplicitDeny => 1,
        Decision::ExplicitDeny => 2,
    }
}

fn decision_name(decision: Decision) -> &'static str {
    policy::eval::decision_name(decision)
}

/// A form of ARN as a pattern: whatever is to be filled in may be anything.
fn as_pattern(form: &str) -> String {
    let mut pattern = String::with_capacity(form.len());
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.push_str(before);
        pattern.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    pattern.push_str(rest);
    pattern
}
