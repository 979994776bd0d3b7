//! Condition operators by name: `ForAnyValue:StringNotLikeIfExists` taken apart.

use std::cmp::Ordering;
use std::fmt;

/// A condition operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    /// Its name without what comes before and after it.
    pub(crate) name: &'static str,
    pub(crate) quantifier: Quantifier,
    pub(crate) test: Test,
    /// The name says `Not`: the condition holds where no value matches.
    pub(crate) negated: bool,
    /// An absent key makes the condition hold.
    pub(crate) if_exists: bool,
}

/// How the values of a multivalued key are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// No prefix.
    None,
    /// `ForAnyValue:`
    AnyValue,
    /// `ForAllValues:`
    AllValues,
}

/// How one value of the request is compared with one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

/// A comparison of two things that have an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Operator {
    /// Reads an operator's name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Operator> {
        let (quantifier, rest) = match strip_prefix(name, "ForAnyValue:") {
            Some(rest) => (Quantifier::AnyValue, rest),
            None => match strip_prefix(name, "ForAllValues:") {
                Some(rest) => (Quantifier::AllValues, rest),
                None => (Quantifier::None, name),
            },
        };
        let (base, if_exists) = match strip_suffix(rest, "IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (name, test, negated) = OPERATORS
            .iter()
            .find(|(known, _, _)| known.eq_ignore_ascii_case(base))?;
        // `Null` asks whether the key exists; no form of it may assume the answer.
        if *test == Test::Null && if_exists {
            return None;
        }
        Some(Operator {
            name,
            quantifier,
            test: *test,
            negated: *negated,
            if_exists,
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Quantifier::None => "",
            Quantifier::AnyValue => "ForAnyValue:",
            Quantifier::AllValues => "ForAllValues:",
        })?;
        f.write_str(self.name)?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

const OPERATORS: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    (
        "StringEqualsIgnoreCase",
        Test::StringEqualsIgnoreCase,
        false,
    ),
    (
        "StringNotEqualsIgnoreCase",
        Test::StringEqualsIgnoreCase,
        true,
    ),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("NumericEquals", Test::Numeric(Order::Equal), false),
    ("NumericNotEquals", Test::Numeric(Order::Equal), true),
    ("NumericLessThan", Test::Numeric(Order::Less), false),
    (
        "NumericLessThanEquals",
        Test::Numeric(Order::LessOrEqual),
        false,
    ),
    ("NumericGreaterThan", Test::Numeric(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Test::Numeric(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    (
        "DateGreaterThanEquals",
        Test::Date(Order::GreaterOrEqual),
        false,
    ),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Address, false),
    ("NotIpAddress", Test::Address, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.quantifier, Quantifier::AnyValue);
        assert_eq!(operator.test, Test::StringLike);
        assert!(operator.negated && operator.if_exists);
        assert_eq!(operator.to_string(), "ForAnyValue:StringNotLikeIfExists");
        assert_eq!(Operator::parse("bool"), Operator::parse("Bool"));
    }

    #[test]
    fn unknown_names_are_none() {
        for name in [
            "",
            "StringEqual",
            "ForAnyValue::StringEquals",
            "NullIfExists",
            "IfExists",
            "BoolNot",
            "ForAllValues:",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
