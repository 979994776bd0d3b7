//! Why a request is decided as it is.
//!
//! A second evaluator: it looks at every statement of every policy, in order, with nothing
//! compiled beforehand and no early exit. It is slow and keeps what it saw. Its decision is
//! the fast one's; tests hold the two together.

use std::collections::HashSet;

use crate::condition::Condition;
use crate::document::{self, Effect, Listed};
use crate::outline::{self, StatementSpan};
use crate::principal::{Kind, Named, Ways};
use crate::resource::{ResourcePattern, Target};
use crate::template::Variables;
use crate::{Decision, Document, Grammar, Layer, Malformed, Request, Verdict, glob, key};

/// A policy, and what an explanation calls it.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// The policy.
    pub document: Document,
    /// Where its statements stand; empty if that is not known.
    pub spans: Vec<StatementSpan>,
    /// How long its text is: a measure of what looking at all of it costs.
    pub bytes: usize,
}

impl Source {
    /// Reads a policy.
    pub fn parse(name: &str, text: &str, grammar: Grammar) -> Result<Source, Malformed> {
        Ok(Source {
            name: name.to_owned(),
            document: Document::parse(text, grammar)?,
            spans: outline::statement_spans(text),
            bytes: text.len(),
        })
    }
}

/// The policies that bind a request, as [`crate::Layers`] has them compiled.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The principal's own policies, its groups' included.
    pub identity: Option<Vec<Source>>,
    /// The principal's permissions boundary.
    pub boundary: Option<Vec<Source>>,
    /// The policies passed when the session was made.
    pub session: Option<Vec<Source>>,
    /// The resource's own policy.
    pub resource: Option<Vec<Source>>,
    /// A list a level, the organization's root first.
    pub scps: Vec<Vec<Source>>,
    /// A list a level.
    pub rcps: Vec<Vec<Source>>,
    /// The policy of the VPC endpoint that the request came through.
    pub vpc_endpoint: Option<Vec<Source>>,
}

/// A decision and all that led to it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What was decided, and which layer granted or stopped the request.
    pub verdict: Verdict,
    /// What each layer that applies to the caller says, in the order of asking.
    pub layers: Vec<LayerAnswer>,
    /// Condition keys that statements about this action asked for in vain.
    pub missing_keys: Vec<String>,
}

/// What the policies of one layer say.
#[derive(Debug, Clone)]
pub struct LayerAnswer {
    /// Which kind of policy.
    pub layer: Layer,
    /// Which level of the organization, from 1; `None` for layers without levels.
    pub level: Option<usize>,
    /// Every statement.
    pub statements: Vec<StatementAnswer>,
}

/// How one statement meets the request.
#[derive(Debug, Clone)]
pub struct StatementAnswer {
    /// What its policy is called.
    pub source: String,
    /// Its number in its policy, from 1.
    pub number: usize,
    /// Its id, if it has one.
    pub sid: Option<String>,
    /// What it does where it applies.
    pub effect: Effect,
    /// Where it stands in its policy's text, if that is known.
    pub span: Option<StatementSpan>,
    /// Whether it is about the caller.
    pub about_caller: bool,
    /// Whether it is about the action.
    pub about_action: bool,
    /// Whether it is about the resource.
    pub about_resource: bool,
    /// Its conditions.
    pub conditions: Vec<ConditionAnswer>,
    ways: Ways,
}

/// How one condition meets the request.
#[derive(Debug, Clone)]
pub struct ConditionAnswer {
    /// The operator.
    pub operator: String,
    /// The condition key, as written.
    pub key: String,
    /// Whether the request has the key.
    pub present: bool,
    /// Whether the condition holds.
    pub holds: bool,
}

impl StatementAnswer {
    /// Whether the statement applies to the request.
    pub fn applies(&self) -> bool {
        self.about_caller
            && self.about_action
            && self.about_resource
            && self.conditions.iter().all(|condition| condition.holds)
    }
}

impl LayerAnswer {
    /// The statements that apply and have this effect.
    pub fn applying(&self, effect: Effect) -> impl Iterator<Item = &StatementAnswer> {
        let applying = self.statements.iter().filter(|s| s.applies());
        applying.filter(move |statement| statement.effect == effect)
    }

    /// Whether a statement denies.
    pub fn denies(&self) -> bool {
        self.applying(Effect::Deny).next().is_some()
    }

    /// Whether a statement allows.
    pub fn allows(&self) -> bool {
        self.applying(Effect::Allow).next().is_some()
    }

    fn ways(&self) -> Ways {
        let allowing = self.applying(Effect::Allow);
        allowing.fold(Ways::NONE, |ways, statement| ways.or(statement.ways))
    }
}

/// Decides one request as [`crate::decide`] does, and says why.
pub fn explain(request: &Request<'_>, sources: &Sources) -> Explanation {
    let mut examiner = Examiner {
        request,
        bounded: sources.boundary.is_some(),
        missing: Vec::new(),
        seen: HashSet::new(),
    };
    let layers = examiner.examine(sources);
    Explanation {
        verdict: weigh(request, sources, &layers),
        layers,
        missing_keys: examiner.missing,
    }
}

/// Whether statements say whom they are about, or belong to the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Everybody,
    Listed,
}

struct Examiner<'r, 'q> {
    request: &'r Request<'q>,
    bounded: bool,
    missing: Vec<String>,
    seen: HashSet<String>,
}

impl Examiner<'_, '_> {
    fn examine(&mut self, sources: &Sources) -> Vec<LayerAnswer> {
        let request = self.request;
        let principal = request.principal;
        let mut layers = Vec::new();
        let mut ask = |layer, level, policies: &[Source], about| {
            let statements = self.statements(policies, about);
            layers.push(LayerAnswer {
                layer,
                level,
                statements,
            });
        };
        let by_organization = !principal.is_service_linked();
        for (number, level) in (1..).zip(&sources.rcps).filter(|_| by_organization) {
            ask(Layer::ResourceControl, Some(number), level, About::Listed);
        }
        if principal.is_signed() && by_organization {
            for (number, level) in (1..).zip(&sources.scps) {
                ask(Layer::ServiceControl, Some(number), level, About::Everybody);
            }
        }
        if let Some(policies) = &sources.vpc_endpoint {
            ask(Layer::VpcEndpoint, None, policies, About::Listed);
        }
        if let Some(policies) = &sources.resource {
            ask(resource_layer(request), None, policies, About::Listed);
        }
        // The root user and whoever has no account's credentials have no policies of their own.
        if matches!(
            principal.kind,
            Kind::User | Kind::Session | Kind::FederatedUser
        ) {
            for (layer, policies) in [
                (Layer::Identity, &sources.identity),
                (Layer::Boundary, &sources.boundary),
                (Layer::Session, &sources.session),
            ] {
                if let Some(policies) = policies {
                    ask(layer, None, policies, About::Everybody);
                }
            }
        }
        layers
    }

    fn statements(&mut self, policies: &[Source], about: About) -> Vec<StatementAnswer> {
        let mut answers = Vec::new();
        for source in policies {
            let variables = source.document.variables;
            for (number, statement) in source.document.statements.iter().enumerate() {
                let mut answer = self.statement(statement, variables, about);
                answer.source.clone_from(&source.name);
                answer.number = number + 1;
                answer.span = source.spans.get(number).copied();
                answers.push(answer);
            }
        }
        answers
    }

    fn statement(
        &mut self,
        statement: &document::Statement,
        variables: Variables,
        about: About,
    ) -> StatementAnswer {
        let ways = match about {
            About::Everybody => Ways::ANYONE,
            About::Listed => self.names_caller(statement),
        };
        let answer = StatementAnswer {
            source: String::new(),
            number: 0,
            sid: statement.sid.clone(),
            effect: statement.effect,
            span: None,
            about_caller: ways.any(),
            about_action: fits(&statement.actions, |pattern| self.is_action(pattern)),
            about_resource: statement.resources == Listed::Absent
                || fits(&statement.resources, |pattern| {
                    self.is_resource(pattern, variables)
                }),
            conditions: statement
                .conditions
                .iter()
                .map(|condition| self.condition(condition, variables, statement.effect))
                .collect(),
            ways,
        };
        if answer.about_caller && answer.about_action {
            self.note_missing(statement, variables);
        }
        answer
    }

    fn names_caller(&self, statement: &document::Statement) -> Ways {
        let principal = self.request.principal;
        let named = statement
            .principals
            .items()
            .iter()
            .map(|entry| principal.named_by(&Named::compile(entry)))
            .fold(Ways::NONE, Ways::or);
        match (&statement.principals, statement.effect) {
            (Listed::Only(_), _) => named,
            (Listed::Except(_), Effect::Deny) if self.bounded || !named.any() => Ways::ANYONE,
            (Listed::Absent | Listed::Except(_), _) => Ways::NONE,
        }
    }

    fn is_action(&self, pattern: &str) -> bool {
        let action = key::fold(self.request.action);
        glob::matches(&glob::encode(&key::fold(pattern)), action.as_bytes())
    }

    fn is_resource(&self, pattern: &str, variables: Variables) -> bool {
        let target = Target::new(self.request.resource);
        ResourcePattern::compile(pattern, variables).matches(&target, self.request.context)
    }

    fn condition(
        &self,
        condition: &document::Condition,
        variables: Variables,
        effect: Effect,
    ) -> ConditionAnswer {
        let context = self.request.context;
        ConditionAnswer {
            operator: condition.operator.to_string(),
            key: condition.key.clone(),
            present: context.get(&condition.key).next().is_some(),
            holds: Condition::compile(condition, variables, effect).holds(context),
        }
    }

    fn note_missing(&mut self, statement: &document::Statement, variables: Variables) {
        let context = self.request.context;
        statement.each_key(variables, &mut |key| {
            let absent = context.get(key).next().is_none();
            if absent && self.seen.insert(key::fold(key).into_owned()) {
                self.missing.push(key.to_owned());
            }
        });
    }
}

fn fits(listed: &Listed<Vec<String>>, matches: impl Fn(&str) -> bool) -> bool {
    let any = listed.items().iter().any(|pattern| matches(pattern));
    any != matches!(listed, Listed::Except(_))
}

fn resource_layer(request: &Request<'_>) -> Layer {
    if crate::decide::is_role_assumption(request.action, request.resource) {
        Layer::Trust
    } else {
        Layer::Resource
    }
}

/// The rules, one after the other.
fn weigh(request: &Request<'_>, sources: &Sources, layers: &[LayerAnswer]) -> Verdict {
    let verdict = |decision, layer| Verdict { decision, layer };
    let allowed = |layer| verdict(Decision::Allowed, layer);
    let missing = |layer| verdict(Decision::ImplicitDeny, layer);
    let principal = request.principal;
    if principal.is_signed() && request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return allowed(Layer::Always);
    }
    if let Some(denying) = layers.iter().find(|layer| layer.denies()) {
        return verdict(Decision::ExplicitDeny, denying.layer);
    }
    let silent = |kind| {
        layers
            .iter()
            .any(|answer| answer.layer == kind && !answer.allows())
    };
    for bound in [Layer::ServiceControl, Layer::VpcEndpoint] {
        if silent(bound) {
            return missing(bound);
        }
    }
    let resource_layer = resource_layer(request);
    let granting = layers.iter().find(|answer| answer.layer == resource_layer);
    let ways = granting.map_or(Ways::NONE, LayerAnswer::ways);
    if !principal.is_signed() {
        return match principal.is_granted(ways) {
            true => allowed(resource_layer),
            false => missing(resource_layer),
        };
    }
    let root = principal.kind == Kind::Root;
    let federated = principal.kind == Kind::FederatedUser;
    let allows = |kind| {
        layers
            .iter()
            .any(|answer| answer.layer == kind && answer.allows())
    };
    let identity = root || allows(Layer::Identity);
    let boundary = root || sources.boundary.is_none() || allows(Layer::Boundary);
    let session = root || allows(Layer::Session) || (sources.session.is_none() && !federated);
    let own_refusal = match (identity, boundary, session) {
        (false, _, _) => Some(Layer::Identity),
        (_, false, _) => Some(Layer::Boundary),
        (_, _, false) => Some(Layer::Session),
        (true, true, true) => None,
    };
    if principal.account() != Some(request.resource_account) {
        return match own_refusal {
            _ if !ways.any() => missing(resource_layer),
            Some(layer) => missing(layer),
            None => allowed(resource_layer),
        };
    }
    if root {
        return allowed(Layer::Always);
    }
    let by_itself = ways.any_of(Ways::ANYONE.or(Ways::DIRECT));
    if by_itself || (ways.any_of(Ways::INDIRECT) && boundary && session) {
        return allowed(resource_layer);
    }
    let is_key = Target::new(request.resource).is("kms", "key/");
    let decides_alone = is_key || resource_layer == Layer::Trust;
    if decides_alone && !ways.any_of(Ways::ACCOUNT) {
        return match own_refusal {
            Some(layer) if ways.any() && layer != Layer::Identity => missing(layer),
            _ => missing(resource_layer),
        };
    }
    match own_refusal {
        Some(layer) => missing(layer),
        None => allowed(Layer::Identity),
    }
}
