//! Condition operators by their names, and the values that each can compare.

use std::net::IpAddr;

use crate::conditions::scalars;
use crate::cursor::{Cursor, Member};
use crate::report::Report;

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    String,
    Numeric,
    Date,
    Bool,
    Binary,
    Address,
    Arn,
    Null,
}

impl Family {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Family::String => "string",
            Family::Numeric => "numeric",
            Family::Date => "date",
            Family::Bool => "boolean",
            Family::Binary => "binary",
            Family::Address => "IP address",
            Family::Arn => "ARN",
            Family::Null => "absent",
        }
    }
}

/// A condition operator, its name taken apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator {
    pub(crate) family: Family,
    pub(crate) negated: bool,
    /// Wildcards of a value mean what they say.
    pub(crate) takes_wildcards: bool,
    pub(crate) if_exists: bool,
    pub(crate) for_any: bool,
    pub(crate) for_all: bool,
}

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Operator> {
        let lower = name.to_ascii_lowercase();
        let (for_any, rest) = strip(&lower, "foranyvalue:");
        let (for_all, rest) = strip(rest, "forallvalues:");
        if for_any && for_all {
            return None;
        }
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let family = family(base)?;
        if family == Family::Null && if_exists {
            return None;
        }
        Some(Operator {
            family,
            negated: base.contains("not"),
            takes_wildcards: base.ends_with("like") || family == Family::Arn,
            if_exists,
            for_any,
            for_all,
        })
    }
}

fn strip<'n>(name: &'n str, prefix: &str) -> (bool, &'n str) {
    match name.strip_prefix(prefix) {
        Some(rest) => (true, rest),
        None => (false, name),
    }
}

fn family(base: &str) -> Option<Family> {
    const ORDERS: [&str; 6] = [
        "equals",
        "notequals",
        "lessthan",
        "lessthanequals",
        "greaterthan",
        "greaterthanequals",
    ];
    match base {
        "stringequals"
        | "stringnotequals"
        | "stringequalsignorecase"
        | "stringnotequalsignorecase"
        | "stringlike"
        | "stringnotlike" => Some(Family::String),
        "arnequals" | "arnnotequals" | "arnlike" | "arnnotlike" => Some(Family::Arn),
        "ipaddress" | "notipaddress" => Some(Family::Address),
        "bool" => Some(Family::Bool),
        "binaryequals" => Some(Family::Binary),
        "null" => Some(Family::Null),
        _ => {
            let ordered = |prefix| {
                base.strip_prefix(prefix)
                    .is_some_and(|o| ORDERS.contains(&o))
            };
            if ordered("numeric") {
                Some(Family::Numeric)
            } else if ordered("date") {
                Some(Family::Date)
            } else {
                None
            }
        }
    }
}

/// Whether a name is `NullIfExists`, which sounds right and is no operator.
pub(crate) fn is_null_if_exists(name: &str) -> bool {
    let bare = name.rsplit(':').next().unwrap_or_default();
    bare.eq_ignore_ascii_case("NullIfExists")
}

/// Checks the values by what the operator compares.
pub(crate) fn check(
    operator: Operator,
    member: &Member<'_>,
    texts: &[Cursor<'_>],
    report: &mut Report<'_>,
) {
    let name = member.name;
    if operator.family == Family::Bool && texts.len() > 1 && !operator.for_any {
        let details = format!("{name} is compared with several booleans: one is enough.");
        report.error(
            "INVALID_CONDITION_MULTIPLE_BOOLEAN",
            details,
            std::slice::from_ref(&member.place),
        );
    }
    for value in texts {
        let text = value.scalar().unwrap_or_default();
        if text.contains("${") {
            continue;
        }
        let place = [value.place()];
        match operator.family {
            Family::Bool | Family::Null if !is_boolean(text) => {
                let details = format!("{text} is neither true nor false.");
                report.error("TYPE_MISMATCH_BOOLEAN", details, &place);
            }
            Family::Numeric if text.trim().parse::<f64>().is_err() => {
                let details = format!("{text} is not a number.");
                report.error("TYPE_MISMATCH_NUMBER", details, &place);
            }
            Family::Date if !is_date(text) => {
                let details = format!("{text} is not a date: write it as 2026-01-31T12:00:00Z.");
                report.error("TYPE_MISMATCH_DATE", details, &place);
            }
            Family::Address if !is_range(text) => {
                let details = format!("{text} is neither an IP address nor a range of them.");
                report.error("TYPE_MISMATCH_IP_RANGE", details, &place);
            }
            Family::Address => private(operator, name, text, &place, report),
            Family::String if !operator.takes_wildcards && text.contains(['*', '?']) => {
                let details = format!(
                    "This operator takes the wildcards of {text} as they are written. To match \
                     patterns use StringLike or StringNotLike."
                );
                report.warning("WILDCARD_WITHOUT_LIKE_OPERATOR", details, &place);
            }
            _ => {}
        }
    }
    duplicates(name, member, texts, report);
}

/// A source address of AWS's endpoints is public: private ranges never match.
fn private(
    operator: Operator,
    name: &str,
    text: &str,
    place: &[crate::cursor::Place],
    report: &mut Report<'_>,
) {
    let address = text.split('/').next().unwrap_or_default();
    let Ok(IpAddr::V4(address)) = address.parse() else {
        return;
    };
    if name.eq_ignore_ascii_case("aws:SourceIp") && address.is_private() {
        let (code, what) = if operator.negated {
            ("PRIVATE_NOT_IP_ADDRESS", "always holds")
        } else {
            ("PRIVATE_IP_ADDRESS", "never holds")
        };
        let details = format!(
            "aws:SourceIp is a public address, and {text} is private: the condition {what}. For \
             private addresses use aws:VpcSourceIp."
        );
        report.error(code, details, place);
    }
}

fn duplicates(name: &str, member: &Member<'_>, texts: &[Cursor<'_>], report: &mut Report<'_>) {
    let mut sorted = scalars(texts);
    let all = sorted.len();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < all {
        let details = format!("{} values of {name} stand there twice.", all - sorted.len());
        let place = [member.place.clone()];
        report.suggestion("REDUNDANT_CONDITION_VALUE_NUM", details, &place);
    }
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// The W3C forms, and seconds since 1970.
fn is_date(text: &str) -> bool {
    if text.parse::<f64>().is_ok() {
        return true;
    }
    let upper = text.to_ascii_uppercase();
    let (date, time) = upper.split_once('T').unwrap_or((&upper, ""));
    let number = |part: &str, length: usize, most: u32| {
        part.len() == length && part.parse::<u32>().is_ok_and(|number| number <= most)
    };
    let mut parts = date.split('-');
    let date_fits = parts.next().is_some_and(|year| number(year, 4, 9_999))
        && parts.next().is_none_or(|month| number(month, 2, 12))
        && parts.next().is_none_or(|day| number(day, 2, 31))
        && parts.next().is_none();
    let clock = time.split(['Z', '+', '-']).next().unwrap_or_default();
    let mut parts = clock.split(':');
    let time_fits = time.is_empty()
        || (parts.next().is_some_and(|hour| number(hour, 2, 23))
            && parts.next().is_some_and(|minute| number(minute, 2, 59))
            && parts.next().is_none_or(|second| {
                let whole = second.split('.').next().unwrap_or_default();
                number(whole, 2, 60)
            }));
    date_fits && time_fits
}

fn is_range(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, prefix.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    let bits = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.is_some_and(|prefix| prefix <= bits)
}
