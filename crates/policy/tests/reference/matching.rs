//! Rules 8 to 11: how patterns, resources and condition values are compared.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

/// What a statement's texts may refer to.
pub(crate) struct Scope<'c> {
    pub(crate) variables: bool,
    pub(crate) context: &'c Value,
}

impl Scope<'_> {
    /// The values of a key and whether it is multivalued; `None` when it is absent.
    fn values(&self, key: &str) -> Option<(Vec<String>, bool)> {
        let context = self.context.as_object()?;
        let (_, value) = context
            .iter()
            .find(|(k, _)| k.to_lowercase() == key.to_lowercase())?;
        match value {
            Value::Array(values) if values.is_empty() => None,
            Value::Array(values) => {
                let texts = values.iter().map(|v| v.as_str().unwrap().to_owned());
                Some((texts.collect(), true))
            }
            value => Some((vec![value.as_str().unwrap().to_owned()], false)),
        }
    }
}

/// A pattern's tokens, once variables are put in.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Literal(char),
    Any,
    Run,
}

impl Token {
    fn literal(&self) -> Option<char> {
        match self {
            Token::Literal(c) => Some(*c),
            Token::Any | Token::Run => None,
        }
    }
}

/// Rule 8 without variables: the whole text against a pattern.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    tokens_match(&plain_tokens(pattern), text)
}

fn plain_tokens(pattern: &str) -> Vec<Token> {
    let token = |c| match c {
        '*' => Token::Run,
        '?' => Token::Any,
        c => Token::Literal(c),
    };
    pattern.chars().map(token).collect()
}

/// The textbook table: `reachable[j]` says that the tokens so far match `j` characters.
fn tokens_match(tokens: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        for j in 0..=text.len() {
            next[j] = match token {
                Token::Run => reachable[j] || (j > 0 && next[j - 1]),
                Token::Any => j > 0 && reachable[j - 1],
                Token::Literal(c) => j > 0 && reachable[j - 1] && text[j - 1] == *c,
            };
        }
        reachable = next;
    }
    reachable[text.len()]
}

/// Rule 10: a text's tokens with variables put in; `None` if one has no value.
fn expand(text: &str, scope: &Scope<'_>, wildcards: bool) -> Option<Vec<Token>> {
    let mut tokens = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((variable, after)) = variable(rest).filter(|_| scope.variables) {
            let value = match variable {
                ("*" | "?" | "$", None) => variable.0.to_owned(),
                (key, default) => match scope.values(key) {
                    Some((values, false)) => values[0].clone(),
                    Some(_) => return None,
                    None => default?.to_owned(),
                },
            };
            tokens.extend(value.chars().map(Token::Literal));
            rest = after;
            continue;
        }
        match wildcards {
            true => tokens.extend(plain_tokens(&first.to_string())),
            false => tokens.push(Token::Literal(first)),
        }
        rest = rest.strip_prefix(first).unwrap();
    }
    Some(tokens)
}

/// Reads `${key}` or `${key, 'default'}`: what is asked for, and the text after it.
fn variable(text: &str) -> Option<((&str, Option<&str>), &str)> {
    let inside = text.strip_prefix("${")?;
    let end = inside.find([',', '}'])?;
    let (key, rest) = inside.split_at(end);
    if key.trim().is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix('}') {
        return Some(((key.trim(), None), after));
    }
    let (_, rest) = rest
        .split_once('\'')
        .filter(|(s, _)| s.trim_start_matches(',').trim().is_empty())?;
    let (default, rest) = rest.split_once('\'')?;
    let after = rest.trim_start().strip_prefix('}')?;
    Some(((key.trim(), Some(default)), after))
}

/// Rule 8: a resource pattern, part by part.
pub(crate) fn resource_matches(pattern: &str, resource: &str, scope: &Scope<'_>) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut patterns: Vec<&str> = pattern.splitn(6, ':').collect();
    while patterns.len() < 6 {
        patterns.push("*");
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    if parts.len() < 6 {
        return false;
    }
    let head = (0..5).all(|i| wildcard(patterns[i], parts[i]));
    let tail = expand(patterns[5], scope, true);
    head && tail.is_some_and(|tokens| tokens_match(&tokens, parts[5]))
}

/// Six parts of tokens, split at the first five colons.
fn arn_matches(tokens: &[Token], text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.len() < 6 {
        return false;
    }
    if tokens == [Token::Run] {
        return true;
    }
    let patterns: Vec<&[Token]> = tokens.splitn(6, |t| *t == Token::Literal(':')).collect();
    patterns.len() == 6 && (0..6).all(|i| tokens_match(patterns[i], parts[i]))
}

/// Rule 9: one key of one operator.
pub(crate) fn condition_holds(
    operator: &str,
    key: &str,
    policy: &[String],
    scope: &Scope<'_>,
    denies: bool,
) -> bool {
    let request = scope.values(key);
    if operator == "Null" {
        return policy
            .iter()
            .any(|value| (value.to_lowercase() == "true") == request.is_none());
    }
    let (set, rest) = match operator.split_once(':') {
        Some((set, rest)) => (set, rest),
        None => ("", operator),
    };
    let (base, if_exists) = match rest.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (rest, false),
    };
    let negated = base.contains("Not");
    let base = base.replace("Not", "");
    let Some((values, is_set)) = request else {
        return match set {
            "ForAllValues" => true,
            "ForAnyValue" => if_exists,
            _ => negated || if_exists,
        };
    };
    let matches = |value: &String| {
        policy
            .iter()
            .any(|have| value_matches(&base, value, have, scope))
    };
    let is_arn = |text: &str| text.split(':').count() >= 6;
    let fits = |value: &String| match base.as_str() {
        "IpAddress" if address(value).is_none() => false,
        "ArnEquals" | "ArnLike" if !is_arn(value) => false,
        "ArnEquals" | "ArnLike" => {
            // Up to the first value of the policy that matches or could be no ARN's.
            for have in policy {
                let Some(tokens) = expand(have, scope, true) else {
                    continue;
                };
                let plain: String = tokens.iter().map_while(Token::literal).collect();
                if plain.chars().count() == tokens.len() && !is_arn(&plain) {
                    return denies;
                }
                if arn_matches(&tokens, value) {
                    return !negated;
                }
            }
            negated
        }
        _ => matches(value) != negated,
    };
    match set {
        "ForAllValues" => values.iter().all(fits),
        "ForAnyValue" => values.iter().any(fits),
        _ => !is_set && fits(&values[0]),
    }
}

/// Rules 10 and 11: one value of the request with one of the policy.
fn value_matches(base: &str, value: &str, policy: &str, scope: &Scope<'_>) -> bool {
    let tokens = |wildcards| expand(policy, scope, wildcards);
    match base {
        "StringEquals" => tokens(false).is_some_and(|t| tokens_match(&t, value)),
        "StringEqualsIgnoreCase" => tokens(false).is_some_and(|tokens| {
            let text: String = tokens.iter().filter_map(Token::literal).collect();
            lower(&text) == lower(value)
        }),
        "StringLike" => tokens(true).is_some_and(|t| tokens_match(&t, value)),
        "Bool" => (value.to_lowercase() == "true") == (policy.to_lowercase() == "true"),
        "BinaryEquals" => blob(value).is_some() && blob(value) == blob(policy),
        "IpAddress" => in_range(value, policy).unwrap_or(false),
        _ => {
            let order = match base.strip_prefix("Numeric") {
                Some(_) => decimal(value).zip(decimal(policy)).map(|(v, p)| v.cmp(&p)),
                None => instant(value).zip(instant(policy)).map(|(v, p)| v.cmp(&p)),
            };
            let comparison = base
                .trim_start_matches("Numeric")
                .trim_start_matches("Date");
            order.is_some_and(|order| match comparison {
                "Equals" => order.is_eq(),
                "LessThan" => order.is_lt(),
                "LessThanEquals" => order.is_le(),
                "GreaterThan" => order.is_gt(),
                "GreaterThanEquals" => order.is_ge(),
                other => unreachable!("{other}"),
            })
        }
    }
}

/// Small letters, but for those beyond the sixteen bits of one unit.
fn lower(text: &str) -> String {
    let is_wide = |c: &char| u32::from(*c) > 0xffff;
    let mut given: Vec<char> = text.chars().filter(is_wide).rev().collect();
    let small = text.to_lowercase();
    small
        .chars()
        .map(|c| if is_wide(&c) { given.pop().unwrap() } else { c })
        .collect()
}

/// The bytes of a base64 value, if it is the one spelling of these bytes.
fn blob(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bits = String::new();
    for letter in digits.chars() {
        bits.push_str(&format!("{:06b}", LETTERS.find(letter)?));
    }
    let bytes = bits.as_bytes().chunks_exact(8);
    if bytes.remainder().contains(&b'1') {
        return None;
    }
    let byte = |byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap();
    Some(bytes.map(byte).collect())
}

fn in_range(value: &str, policy: &str) -> Option<bool> {
    let (first, prefix) = match policy.split_once('/') {
        Some((first, prefix)) => (address(first)?, Some(prefix.parse().ok()?)),
        None => (address(policy)?, None),
    };
    let whole = if first.is_ipv4() { 32 } else { 128 };
    let range = ipnet::IpNet::new(first, prefix.unwrap_or(whole)).ok()?;
    let odd = first.is_ipv6() && (policy.contains('.') || range.network() != first);
    Some(!odd && range.contains(&address(value)?))
}

/// An address; an IPv4 one may have leading zeros, and stands in an IPv6 one only if mapped.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        let plain = address.to_ipv4_mapped().is_some() || !text.contains('.');
        return plain.then_some(address.into());
    }
    let parts: Vec<&str> = text.split('.').collect();
    let digits = |p: &&str| (1..4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != 4 || !parts.iter().all(digits) {
        return None;
    }
    let plain = parts.iter().map(|p| p.parse::<u16>().unwrap().to_string());
    plain.collect::<Vec<_>>().join(".").parse().ok()
}

/// A decimal as its sign and its digits before and after the point, padded so that they
/// compare as text does.
fn decimal(text: &str) -> Option<(i8, String)> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { -1 } else { 1 }, rest),
        None => (1, text),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    // Where the point stands in 120 digits, sixty before and sixty after.
    let point = 60 - i32::try_from(whole.len()).ok()? - exponent;
    let padded = format!("{}{all}", "0".repeat(usize::try_from(point).ok()?));
    let padded = format!("{padded:0<120}");
    if padded.chars().all(|c| c == '0') {
        return Some((0, padded));
    }
    // Of two negative numbers the one with the greater digits is the lesser.
    let turned = |c: char| match sign {
        -1 => char::from(b'0' + b'9' - c as u8),
        _ => c,
    };
    Some((sign, padded.chars().map(turned).collect()))
}

/// An instant in milliseconds: ISO 8601 through a calendar library, or a plain number.
fn instant(text: &str) -> Option<i128> {
    if text.len() == 4 && text.chars().all(|c| c.is_ascii_digit()) {
        return instant(&format!("{text}-01-01"));
    }
    if !text.contains(['T', 't']) && !text.trim_start_matches('-').contains('-') {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let millis: i128 = format!("{fraction:0<3.3}").parse().ok()?;
        return Some(sign * (whole.parse::<i128>().ok()? * 1_000 + millis));
    }
    let full = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    let zoned = full.ends_with(['Z', 'z']) || full.rfind(['+', '-']).is_some_and(|at| at > 10);
    let full = if zoned { full } else { format!("{full}Z") };
    let timestamp = full.parse::<jiff::Timestamp>().ok()?;
    Some(timestamp.as_nanosecond().div_euclid(1_000_000))
}
