//! Conditions, compiled: policy values are parsed once, request values when asked.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::Context;
use crate::context::{Typed, Value};
use crate::document;
use crate::instant::Instant;
use crate::key::{self, Key};
use crate::network::Network;
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
    values: Values,
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
    pub(crate) fn compile(condition: &document::Condition, variables: Variables) -> Condition {
        let operator = condition.operator;
        Condition {
            key: Key::new(&condition.key),
            quantifier: operator.quantifier,
            negated: operator.negated,
            if_exists: operator.if_exists,
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
        let fits = |value: Value<'_>| self.values.match_any(value, context) != self.negated;
        match self.quantifier {
            Quantifier::AnyValue => values.any(fits),
            Quantifier::AllValues => values.all(fits),
            // A set where one value is expected: like any of them, or unlike all.
            Quantifier::None if self.negated => values.all(fits),
            Quantifier::None => values.any(fits),
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
                yes: values.iter().any(|value| parse_bool(value) == Some(true)),
                no: values.iter().any(|value| parse_bool(value) == Some(false)),
            },
            Test::Binary => {
                let decoded = values.iter().filter_map(|value| decode(value));
                Values::Binary(decoded.map(Into::into).collect())
            }
            Test::Address => {
                Values::Address(values.iter().filter_map(|v| Network::parse(v)).collect())
            }
            Test::Null => Values::Null {
                absent: values.iter().any(|value| parse_bool(value) == Some(true)),
                present: values.iter().any(|value| parse_bool(value) == Some(false)),
            },
        }
    }

    /// Whether a request's value matches any of the policy's.
    fn match_any(&self, value: Value<'_>, context: &Context) -> bool {
        let text = value.text.as_bytes();
        match self {
            Values::Equals(policy) => any(policy, context, |have| key::same(have, text)),
            Values::EqualsIgnoreCase(policy) => any(policy, context, |have| {
                equal_ignoring_case(have, value.text)
            }),
            Values::Like(policy) => policy.iter().any(|have| have.matches(context, text)),
            Values::Arn(policy) => any(policy, context, |have| resource::arn_matches(have, text)),
            Values::Numeric(order, policy) => number(value)
                .is_some_and(|value| policy.iter().any(|have| order.holds(value.cmp(have)))),
            Values::Date(order, policy) => instant(value)
                .is_some_and(|value| policy.iter().any(|have| order.holds(value.cmp(have)))),
            Values::Bool { yes, no } => match boolean(value) {
                Some(true) => *yes,
                Some(false) => *no,
                None => false,
            },
            Values::Binary(policy) => {
                decode(value.text).is_some_and(|value| policy.iter().any(|have| **have == *value))
            }
            Values::Address(policy) => {
                address(value).is_some_and(|value| policy.iter().any(|have| have.contains(value)))
            }
            // Decided by presence alone, before any value is looked at.
            Values::Null { .. } => false,
        }
    }
}

fn any(policy: &[Template], context: &Context, test: impl Fn(&[u8]) -> bool) -> bool {
    policy.iter().any(|template| template.test(context, &test))
}

fn equal_ignoring_case(policy: &[u8], value: &str) -> bool {
    if policy.eq_ignore_ascii_case(value.as_bytes()) {
        return true;
    }
    let fold = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    !(policy.is_ascii() && value.is_ascii())
        && str::from_utf8(policy).is_ok_and(|policy| fold(policy) == fold(value))
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

fn boolean(value: Value<'_>) -> Option<bool> {
    match value.typed {
        Typed::Bool(value) => Some(value),
        _ => parse_bool(value.text),
    }
}

fn address(value: Value<'_>) -> Option<IpAddr> {
    match value.typed {
        Typed::Address(address) => Some(address),
        _ => value.text.parse().ok(),
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Base64 as people write it: with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(text).ok()
}
