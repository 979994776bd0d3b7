//! A policy document as its author wrote it, parsed.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use crate::Malformed;
use crate::grammar;
use crate::key;
use crate::operator::Operator;
use crate::template::{self, Variable, Variables};

/// Which kind of policy a document is; each has its own grammar of what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// A managed policy: `CreatePolicy`, `CreatePolicyVersion`. Like [`Grammar::Identity`],
    /// and its version must be 2012-10-17.
    Managed,
    /// An inline policy of a user, group or role.
    Identity,
    /// A role's trust policy.
    Trust,
    /// A bucket policy.
    Bucket,
    /// Passed when a session is made.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// A VPC endpoint's policy.
    VpcEndpoint,
    /// Whatever any of the others takes; for evaluating documents of unknown origin.
    Any,
}

/// The key under which a principal is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"*"` in place of the map.
    Anyone,
    /// `AWS`: accounts, users, roles, sessions, unique ids, `*`.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`: identity providers.
    Federated,
    /// `CanonicalUser`: S3's own account ids.
    CanonicalUser,
}

/// One principal listed in a statement's `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// Under which key it is listed.
    pub kind: PrincipalKind,
    /// As written: an ARN, an account id, a unique id, a service's name, `*`.
    pub value: String,
}

/// The actions that one statement allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedActions<'a> {
    /// Those that match one of the patterns.
    Only(&'a [String]),
    /// All but those that match one of the patterns.
    Except(&'a [String]),
}

/// A policy document that has been parsed and found well-formed.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) variables: Variables,
    pub(crate) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principals: Listed<Vec<PrincipalEntry>>,
    pub(crate) actions: Listed<Vec<String>>,
    pub(crate) resources: Listed<Vec<String>>,
    pub(crate) conditions: Vec<Condition>,
}

/// What a statement does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// An element and its `Not` twin, of which a statement has at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listed<L> {
    /// Neither is there.
    Absent,
    /// `Action`, `Resource`, `Principal`.
    Only(L),
    /// `NotAction`, `NotResource`, `NotPrincipal`.
    Except(L),
}

impl<T, L: Deref<Target = [T]>> Listed<L> {
    /// What is listed, whichever way it is meant.
    pub(crate) fn items(&self) -> &[T] {
        match self {
            Listed::Absent => &[],
            Listed::Only(items) | Listed::Except(items) => items,
        }
    }

    /// The same list of other things, maybe kept in another way.
    pub(crate) fn map<U, M: FromIterator<U>>(&self, other: impl Fn(&T) -> U) -> Listed<M> {
        match self {
            Listed::Absent => Listed::Absent,
            Listed::Only(items) => Listed::Only(items.iter().map(other).collect()),
            Listed::Except(items) => Listed::Except(items.iter().map(other).collect()),
        }
    }

    pub(crate) fn items_mut(&mut self) -> &mut [T]
    where
        L: DerefMut,
    {
        match self {
            Listed::Absent => &mut [],
            Listed::Only(items) | Listed::Except(items) => items,
        }
    }
}

/// One key of one operator, with the values it is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

impl Document {
    /// Parses policy text. The error is AWS's sentence for `MalformedPolicyDocument`.
    pub fn parse(text: &str, grammar: Grammar) -> Result<Document, Malformed> {
        grammar::parse(text, grammar)
    }

    /// Parses a policy of any kind, of which only its keys are asked; nothing, if it has no
    /// statements.
    pub fn parse_maybe_empty(text: &str) -> Result<Option<Document>, Malformed> {
        grammar::parse_maybe_empty(text)
    }

    /// Every listed principal, in order: for checks of existence.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalEntry> {
        self.statements
            .iter()
            .flat_map(|statement| statement.principals.items())
    }

    /// The actions of every statement that allows, whatever its resources and conditions.
    pub fn allowed_actions(&self) -> impl Iterator<Item = AllowedActions<'_>> {
        self.statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
            .filter_map(|statement| match &statement.actions {
                Listed::Absent => None,
                Listed::Only(actions) => Some(AllowedActions::Only(actions)),
                Listed::Except(actions) => Some(AllowedActions::Except(actions)),
            })
    }

    /// Replaces the value of each listed principal for which `replace` has another.
    pub fn replace_principals(
        &mut self,
        mut replace: impl FnMut(&PrincipalEntry) -> Option<String>,
    ) {
        for statement in &mut self.statements {
            for entry in statement.principals.items_mut() {
                if let Some(value) = replace(entry) {
                    entry.value = value;
                }
            }
        }
    }

    /// The condition keys that the document reads, variables included: as first written,
    /// each once.
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        let mut add = |key: &str| {
            if seen.insert(key::fold(key).into_owned()) {
                keys.push(key.to_owned());
            }
        };
        for statement in &self.statements {
            statement.each_key(self.variables, &mut add);
        }
        keys
    }

    /// The condition keys that IAM lists of a policy: each spelling once, and the characters
    /// of `${*}`, `${?}` and `${$}` among them.
    pub fn listed_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        let mut add = |key: &str| {
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        };
        for statement in &self.statements {
            statement.each_key(self.variables, &mut add);
            if self.variables == Variables::Read {
                for text in statement.texts() {
                    each_character(text, &mut add);
                }
            }
        }
        keys
    }

    /// Whether a statement says whom it is about.
    pub fn has_principals(&self) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.principals != Listed::Absent)
    }
}

impl Statement {
    /// Gives every condition key that the statement reads, variables included.
    pub(crate) fn each_key(&self, variables: Variables, add: &mut impl FnMut(&str)) {
        for condition in &self.conditions {
            add(&condition.key);
        }
        if variables == Variables::Read {
            self.texts().for_each(|text| each_variable(text, add));
        }
    }

    /// What variables are read in: resources and the values of conditions.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let values = self.conditions.iter().flat_map(|c| &c.values);
        self.resources.items().iter().chain(values)
    }
}

fn each_variable(text: &str, add: &mut impl FnMut(&str)) {
    each_in_braces(text, |variable| {
        if let Variable::Key { name, .. } = variable {
            add(name);
        }
    });
}

fn each_character(text: &str, add: &mut impl FnMut(&str)) {
    each_in_braces(text, |variable| {
        if let Variable::Character(character) = variable {
            add(character);
        }
    });
}

fn each_in_braces<'t>(text: &'t str, mut see: impl FnMut(Variable<'t>)) {
    let mut rest = text;
    while let Some((_, variable, after)) = template::next_variable(rest) {
        see(variable);
        rest = after;
    }
}
