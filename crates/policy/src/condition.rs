//! Conditions, compiled: policy values are parsed once, request values when asked.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Context;
use crate::context::{Typed, Value};
use crate::document::{self, Effect};
use crate::instant::Instant;
use crate::key::{self, Key};
use crate::network::{self, Network};
use crate::number::Number;
use crate::operator::{Order, Quantifier, Test};
use crate::resource;
use crate::template::{Template, Variables, Wildcards};

/// One key tested against the values of one operator.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    key: Key,
    quantifier: Quantifier,
    negated: bool,
    if_exists: bool,
    /// Whether the statement denies: it does, where its values make the test impossible.
    denies: bool,
    values: Values,
}

/// What comes of one value of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// It cannot be compared: the condition does not hold, negated or not.
    Unreadable,
    /// What the policy has to compare it with is broken.
    Broken,
}

impl From<bool> for Match {
    fn from(matches: bool) -> Match {
        if matches { Match::Yes } else { Match::No }
    }
}

/// The policy's values. A value that cannot be read matches nothing and is left out.
#[derive(Debug, Clone)]
enum Values {
    Equals(Box<[Template]>),
    EqualsIgnoreCase(Box<[Template]>),
    Like(Box<[Template]>),
    Arn(Box<[Template]>),
    Numeric(Order, Box<[Number]>),
    Date(Order, Box<[Instant]>),
    Bool { yes: bool, no: bool },
    Binary(Box<[Box<[u8]>]>),
    Address(Box<[Network]>),
    Null { absent: bool, present: bool },
}

impl Condition {
    pub(crate) fn compile(
        condition: &document::Condition,
        variables: Variables,
        effect: Effect,
    ) -> Condition {
        let operator = condition.operator;
        Condition {
            key: Key::new(&condition.key),
            quantifier: operator.quantifier,
            negated: operator.negated,
            if_exists: operator.if_exists,
            denies: effect == Effect::Deny,
            values: Values::compile(operator.test, &condition.values, variables),
        }
    }

    /// Whether the condition holds for the request.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let found = context.find(&self.key);
        if let Values::Null { absent, present } = self.values {
            return match self.quantifier {
                Quantifier::None if found.is_some() => present,
                Quantifier::None => absent,
                // AWS's policy validation says what becomes of a quantified `Null`.
                Quantifier::AnyValue => false,
                Quantifier::AllValues => true,
            };
        }
        let Some(found) = found else {
            return match self.quantifier {
                Quantifier::None => self.negated || self.if_exists,
                Quantifier::AnyValue => self.if_exists,
                Quantifier::AllValues => true,
            };
        };
        let mut values = found.values();
        let fits = |value: Value<'_>| match self.values.match_any(value, context) {
            Match::Yes => !self.negated,
            Match::No => self.negated,
            Match::Unreadable => false,
            Match::Broken => self.denies,
        };
        match self.quantifier {
            Quantifier::AnyValue => values.any(fits),
            Quantifier::AllValues => values.all(fits),
            // A set where one value is expected: AWS finds neither like nor unlike.
            Quantifier::None => !found.is_set() && values.all(fits),
        }
    }
}

impl Values {
    fn compile(test: Test, values: &[String], variables: Variables) -> Values {
        let templates = |wildcards: Wildcards| {
            let read = |text: &String| Template::read(text, variables, wildcards);
            values.iter().map(read).collect()
        };
        match test {
            Test::StringEquals => Values::Equals(templates(Wildcards::Literal)),
            Test::StringEqualsIgnoreCase => Values::EqualsIgnoreCase(templates(Wildcards::Literal)),
            Test::StringLike => Values::Like(templates(Wildcards::Read)),
            Test::Arn => Values::Arn(templates(Wildcards::Read)),
            Test::Numeric(order) => Values::Numeric(
                order,
                values.iter().filter_map(|v| Number::parse(v)).collect(),
            ),
            Test::Date(order) => Values::Date(
                order,
                values.iter().filter_map(|v| Instant::parse(v)).collect(),
            ),
            Test::Bool => Values::Bool {
                yes: values.iter().any(|value| is_true(value)),
                no: values.iter().any(|value| !is_true(value)),
            },
            Test::Binary => {
                let decoded = values.iter().filter_map(|value| decode(value));
                Values::Binary(decoded.map(Into::into).collect())
            }
            Test::Address => {
                Values::Address(values.iter().filter_map(|v| Network::parse(v)).collect())
            }
            Test::Null => Values::Null {
                absent: values.iter().any(|value| is_true(value)),
                present: values.iter().any(|value| !is_true(value)),
            },
        }
    }

    /// Whether a request's value matches any of the policy's.
    fn match_any(&self, value: Value<'_>, context: &Context) -> Match {
        let text = value.text.as_bytes();
        let matches = match self {
            Values::Equals(policy) => any(policy, context, |have| key::same(have, text)),
            Values::EqualsIgnoreCase(policy) => any(policy, context, |have| {
                equal_ignoring_case(have, value.text)
            }),
            Values::Like(policy) => policy.iter().any(|have| have.matches(context, text)),
            Values::Arn(policy) => return match_arn(policy, context, text),
            Values::Numeric(order, policy) => number(value)
                .is_some_and(|value| policy.iter().any(|have| order.holds(value.cmp(have)))),
            Values::Date(order, policy) => instant(value)
                .is_some_and(|value| policy.iter().any(|have| order.holds(value.cmp(have)))),
            Values::Bool { yes, .. } if boolean(value) => *yes,
            Values::Bool { no, .. } => *no,
            Values::Binary(policy) => {
                decode(value.text).is_some_and(|value| policy.iter().any(|have| **have == *value))
            }
            Values::Address(policy) => match address(value) {
                Some(value) => policy.iter().any(|have| have.contains(value)),
                None => return Match::Unreadable,
            },
            // Decided by presence alone, before any value is looked at.
            Values::Null { .. } => false,
        };
        Match::from(matches)
    }
}

/// The first value of the policy that matches or is no ARN decides.
fn match_arn(policy: &[Template], context: &Context, text: &[u8]) -> Match {
    if !resource::is_arn(text) {
        return Match::Unreadable;
    }
    for template in policy {
        let mut broken = false;
        let matches = template.test(context, |have| {
            broken = resource::is_broken(have);
            resource::arn_matches(have, text)
        });
        if broken {
            return Match::Broken;
        }
        if matches {
            return Match::Yes;
        }
    }
    Match::No
}

fn any(policy: &[Template], context: &Context, test: impl Fn(&[u8]) -> bool) -> bool {
    policy.iter().any(|template| template.test(context, &test))
}

fn equal_ignoring_case(policy: &[u8], value: &str) -> bool {
    if policy.eq_ignore_ascii_case(value.as_bytes()) {
        return true;
    }
    !(policy.is_ascii() && value.is_ascii())
        && str::from_utf8(policy).is_ok_and(|policy| fold(policy) == fold(value))
}

/// Small letters for capitals, as AWS makes them: a sigma that ends a word is a final one,
/// and letters that take two units of UTF-16 stay as they are.
fn fold(text: &str) -> String {
    let is_wide = |c: &char| c.len_utf16() == 2;
    let mut wide = text.chars().filter(is_wide);
    let small = text.to_lowercase();
    // A wide letter's small letter is one wide letter too.
    let kept = |c: char| match is_wide(&c) {
        true => wide.next().unwrap_or(c),
        false => c,
    };
    small.chars().map(kept).collect()
}

fn number(value: Value<'_>) -> Option<Number> {
    match value.typed {
        Typed::Number(number) => Some(Number::from(number)),
        _ => Number::parse(value.text),
    }
}

fn instant(value: Value<'_>) -> Option<Instant> {
    match value.typed {
        Typed::Time(epoch_s) => Some(Instant::from_epoch(epoch_s)),
        _ => Instant::parse(value.text),
    }
}

fn boolean(value: Value<'_>) -> bool {
    match value.typed {
        Typed::Bool(value) => value,
        _ => is_true(value.text),
    }
}

fn address(value: Value<'_>) -> Option<IpAddr> {
    match value.typed {
        Typed::Address(address) => Some(address),
        _ => network::parse_address(value.text),
    }
}

/// What is not true is false, whatever it is.
fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Base64 in the one spelling that its bytes have, with padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
