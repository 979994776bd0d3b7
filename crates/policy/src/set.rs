//! Statements compiled to be asked many times.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use crate::action::{self, Action, ActionList};
use crate::condition::Condition;
use crate::document::{self, Effect, Listed};
use crate::index::{Index, Keys, ResourceKey};
use crate::principal::{Named, Ways};
use crate::resource::{ResourcePattern, Target};
use crate::template::Variables;
use crate::{Context, Document, Principal};

/// Sets of this many statements are read from end to end where a look at the service
/// leaves at most [`ALIKE_MAX`] of them; all others have an index.
const UNINDEXED_MAX: usize = 16;
/// As many statements may be about one service before an index is quicker.
const ALIKE_MAX: usize = 4;

/// The statements of one layer, compiled.
#[derive(Debug, Default)]
pub struct PolicySet {
    // INVARIANT: statements that deny come first.
    statements: Box<[Statement]>,
    index: Option<Box<Index>>,
}

/// What most requests need of it lies side by side.
#[derive(Debug)]
struct Statement {
    /// A bit for each service whose actions may fit.
    services: u64,
    effect: Effect,
    actions: ActionList,
    resources: Listed<SmallVec<[ResourcePattern; 1]>>,
    principals: Listed<Vec<Named>>,
    conditions: Box<[Condition]>,
    /// As its author wrote it. Kept of statements that deny, for those who may ask which did.
    source: Option<Box<document::Statement>>,
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
        PolicySet::compile_keeping(documents, |statement| {
            (statement.effect == Effect::Deny).then(|| Box::new(statement.clone()))
        })
    }

    /// Compiles for one decision, after which nobody will ask which statement denied.
    pub(crate) fn compile_once<'a>(documents: impl IntoIterator<Item = &'a Document>) -> PolicySet {
        PolicySet::compile_keeping(documents, |_| None)
    }

    fn compile_keeping<'a>(
        documents: impl IntoIterator<Item = &'a Document>,
        source: impl Fn(&document::Statement) -> Option<Box<document::Statement>>,
    ) -> PolicySet {
        let mut statements: Vec<Statement> = Vec::new();
        for document in documents {
            let compile = |statement| Statement {
                source: source(statement),
                ..Statement::compile(statement, document.variables)
            };
            statements.extend(document.statements.iter().map(compile));
        }
        statements.sort_by_key(|statement| statement.effect != Effect::Deny);
        let alike = |bit: usize| {
            let about = |statement: &&Statement| statement.services >> bit & 1 == 1;
            statements.iter().filter(about).count()
        };
        let small = statements.len() <= ALIKE_MAX
            || (statements.len() <= UNINDEXED_MAX && (0..64).all(|bit| alike(bit) <= ALIKE_MAX));
        let index =
            (!small).then(|| Index::build(statements.iter().map(Statement::keys).collect()));
        PolicySet {
            statements: statements.into(),
            index: index.map(Box::new),
        }
    }

    /// A set without statements: it neither allows nor denies.
    pub fn empty() -> PolicySet {
        PolicySet::default()
    }

    /// Every statement that denies the request: not only the first one found, and slowly.
    pub(crate) fn denying<'s>(
        &'s self,
        question: &Question<'_>,
        attached: Attached,
    ) -> impl Iterator<Item = &'s document::Statement> {
        let denying = self
            .statements
            .iter()
            .take_while(|statement| statement.effect == Effect::Deny)
            .filter(move |statement| {
                let about_caller =
                    attached == Attached::ToPrincipal || statement.names(question).any();
                about_caller && statement.applies(question)
            });
        denying.filter_map(|statement| statement.source.as_deref())
    }

    pub(crate) fn ask(&self, question: &Question<'_>, attached: Attached) -> Answer {
        let mut granted = Ways::NONE;
        let mut ask = |statement: &Statement| {
            let ways = match attached {
                Attached::ToPrincipal => Ways::ANYONE,
                Attached::ToResource => statement.names(question),
            };
            let adds = statement.effect == Effect::Deny || !granted.covers(ways);
            if ways.any() && adds && statement.applies(question) {
                if statement.effect == Effect::Deny {
                    return ControlFlow::Break(());
                }
                granted = granted.or(ways);
            }
            ControlFlow::Continue(())
        };
        let asked =
            match &self.index {
                None => {
                    let service = action::service_bit(question.action.service_hash());
                    self.statements
                        .iter()
                        .filter(|statement| statement.services & service != 0)
                        .try_for_each(ask)
                }
                Some(index) => index.candidates(
                    &question.action,
                    question.target.text(),
                    |number| match self.statements.get(number as usize) {
                        Some(statement) => ask(statement),
                        None => ControlFlow::Continue(()),
                    },
                ),
            };
        match asked {
            ControlFlow::Break(()) => Answer::Denied,
            ControlFlow::Continue(()) => Answer::Allowed(granted),
        }
    }
}

impl Statement {
    fn compile(statement: &document::Statement, variables: Variables) -> Statement {
        let condition = |condition| Condition::compile(condition, variables, statement.effect);
        let actions = ActionList::compile(&statement.actions);
        Statement {
            services: actions.services(),
            effect: statement.effect,
            principals: statement.principals.map(Named::compile),
            actions,
            resources: statement
                .resources
                .map(|text| ResourcePattern::compile(text, variables)),
            conditions: statement.conditions.iter().map(condition).collect(),
            source: None,
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
        let reaches =
            |pattern: &ResourcePattern| pattern.matches(&question.target, question.context);
        self.actions.fits(&question.action)
            && match &self.resources {
                // A trust policy has no `Resource`: it is about the role it belongs to.
                Listed::Absent => true,
                Listed::Only(listed) => listed.iter().any(reaches),
                Listed::Except(listed) => !listed.iter().any(reaches),
            }
            && self.conditions.iter().all(|c| c.holds(question.context))
    }

    /// By what the requests that the statement fits can be found.
    fn keys(&self) -> Keys<'_> {
        Keys {
            actions: self.actions.keys(),
            resources: match &self.resources {
                Listed::Absent | Listed::Except(_) => vec![ResourceKey::Any],
                Listed::Only(listed) => listed.iter().map(ResourcePattern::key).collect(),
            },
        }
    }
}
