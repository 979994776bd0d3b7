//! Statements compiled to be asked many times.

use crate::action::{Action, ActionPattern};
use crate::condition::Condition;
use crate::document::{self, Effect, Listed};
use crate::principal::{Named, Ways};
use crate::resource::{ResourcePattern, Target};
use crate::template::Variables;
use crate::{Context, Document, Principal};

/// The statements of one layer, compiled.
#[derive(Debug, Default)]
pub struct PolicySet {
    // INVARIANT: statements that deny come first.
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    effect: Effect,
    principals: Listed<Named>,
    actions: Listed<ActionPattern>,
    resources: Listed<ResourcePattern>,
    conditions: Box<[Condition]>,
}

/// A request, prepared once for all layers.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    pub(crate) principal: &'q Principal,
    /// Whether a permissions boundary binds the caller: `NotPrincipal` never spares those.
    pub(crate) bounded: bool,
    pub(crate) action: Action,
    pub(crate) target: Target<'q>,
    pub(crate) context: &'q Context,
}

/// Whether the statements of a layer list principals, or belong to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attached {
    /// To a principal or its account: every statement is about the caller.
    ToPrincipal,
    /// To a resource or an endpoint: statements say whom they are about.
    ToResource,
}

/// What a layer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Denied,
    /// Not denied; allowed in these ways, maybe none.
    Allowed(Ways),
}

impl PolicySet {
    /// Compiles the documents of one layer into one set.
    pub fn compile<'a>(documents: impl IntoIterator<Item = &'a Document>) -> PolicySet {
        let mut statements: Vec<Statement> = Vec::new();
        for document in documents {
            let compile = |statement| Statement::compile(statement, document.variables);
            statements.extend(document.statements.iter().map(compile));
        }
        statements.sort_by_key(|statement| statement.effect != Effect::Deny);
        PolicySet { statements }
    }

    /// A set without statements: it neither allows nor denies.
    pub fn empty() -> PolicySet {
        PolicySet::default()
    }

    pub(crate) fn ask(&self, question: &Question<'_>, attached: Attached) -> Answer {
        let mut granted = Ways::NONE;
        for statement in &self.statements {
            let ways = match attached {
                Attached::ToPrincipal => Ways::ANYONE,
                Attached::ToResource => statement.names(question),
            };
            if !ways.any() || (statement.effect == Effect::Allow && granted.covers(ways)) {
                continue;
            }
            if statement.applies(question) {
                match statement.effect {
                    Effect::Deny => return Answer::Denied,
                    Effect::Allow => granted = granted.or(ways),
                }
            }
        }
        Answer::Allowed(granted)
    }
}

impl Statement {
    fn compile(statement: &document::Statement, variables: Variables) -> Statement {
        let condition = |condition| Condition::compile(condition, variables);
        Statement {
            effect: statement.effect,
            principals: statement.principals.map(Named::compile),
            actions: statement.actions.map(|text| ActionPattern::compile(text)),
            resources: statement
                .resources
                .map(|text| ResourcePattern::compile(text, variables)),
            conditions: statement.conditions.iter().map(condition).collect(),
        }
    }

    /// The ways in which the statement is about the caller.
    fn names(&self, question: &Question<'_>) -> Ways {
        let named = |listed: &[Named]| {
            listed.iter().fold(Ways::NONE, |ways, entry| {
                ways.or(question.principal.named_by(entry))
            })
        };
        match &self.principals {
            Listed::Absent => Ways::NONE,
            Listed::Only(listed) => named(listed),
            // `NotPrincipal` is for denying; AWS does not support allowing with it.
            Listed::Except(_) if self.effect == Effect::Allow => Ways::NONE,
            Listed::Except(_) if question.bounded => Ways::ANYONE,
            Listed::Except(listed) if named(listed).any() => Ways::NONE,
            Listed::Except(_) => Ways::ANYONE,
        }
    }

    /// Whether action, resource and conditions fit.
    fn applies(&self, question: &Question<'_>) -> bool {
        let action = match &self.actions {
            Listed::Absent => false,
            Listed::Only(listed) => listed.iter().any(|p| p.matches(&question.action)),
            Listed::Except(listed) => !listed.iter().any(|p| p.matches(&question.action)),
        };
        let reaches =
            |pattern: &ResourcePattern| pattern.matches(&question.target, question.context);
        action
            && match &self.resources {
                // A trust policy has no `Resource`: it is about the role it belongs to.
                Listed::Absent => true,
                Listed::Only(listed) => listed.iter().any(reaches),
                Listed::Except(listed) => !listed.iter().any(reaches),
            }
            && self.conditions.iter().all(|c| c.holds(question.context))
    }
}
