//! Is a bucket policy public?
//!
//! As AWS defines it for Block Public Access: a policy is public unless every statement that
//! allows something names fixed principals, or limits whoever comes by a condition on a
//! fixed value of a key that the outside cannot choose freely. When in doubt, public.

use serde_json::Value;

/// Keys whose fixed values make a statement for everybody non-public.
const LIMITING_KEYS: &[&str] = &[
    "aws:sourceip",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:userid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointarn",
    "s3:dataaccesspointaccount",
];

/// Whether the policy opens something to everybody.
pub(crate) fn is_public(text: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(text) else {
        return true;
    };
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().any(statement_is_public),
        Some(statement) => statement_is_public(statement),
        None => false,
    }
}

fn statement_is_public(statement: &Value) -> bool {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return false;
    }
    let everybody = match statement.get("Principal") {
        // `NotPrincipal` beside `Allow` is everybody but a few.
        None => true,
        Some(Value::Object(kinds)) => kinds
            .iter()
            .filter(|(kind, _)| kind.as_str() != "Service")
            .any(|(_, names)| strings(names).any(has_wildcard)),
        Some(names) => strings(names).any(has_wildcard),
    };
    everybody && !is_limited(statement)
}

/// Does one condition bind the statement to fixed values of a limiting key?
fn is_limited(statement: &Value) -> bool {
    let Some(Value::Object(operators)) = statement.get("Condition") else {
        return false;
    };
    operators.iter().any(|(operator, keys)| {
        let Value::Object(keys) = keys else {
            return false;
        };
        keys.iter().any(|(key, values)| {
            let key = key.to_ascii_lowercase();
            LIMITING_KEYS.contains(&key.as_str()) && values_limit(operator, &key, values)
        })
    })
}

fn values_limit(operator: &str, key: &str, values: &Value) -> bool {
    let fixed: fn(&str) -> bool = match operator {
        "IpAddress" if key == "aws:sourceip" => is_narrow_network,
        "StringEquals"
        | "StringEqualsIgnoreCase"
        | "StringLike"
        | "ArnEquals"
        | "ArnLike"
        | "ForAnyValue:StringEquals"
        | "ForAnyValue:StringLike"
            if key != "aws:sourceip" =>
        {
            is_fixed
        }
        _ => return false,
    };
    let mut values = strings(values).peekable();
    values.peek().is_some() && values.all(fixed)
}

fn is_fixed(value: &str) -> bool {
    !value.is_empty() && !has_wildcard(value) && !value.contains("${")
}

fn has_wildcard(value: &str) -> bool {
    value.contains(['*', '?'])
}

/// A network that is not most of the internet: IPv4 of /8 or smaller, IPv6 of /32 or smaller.
fn is_narrow_network(value: &str) -> bool {
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()),
        None => (value, Some(128u8)),
    };
    match (address.parse::<std::net::IpAddr>(), length) {
        (Ok(std::net::IpAddr::V4(_)), Some(length)) => length >= 8,
        (Ok(std::net::IpAddr::V6(_)), Some(length)) => length >= 32,
        _ => false,
    }
}

/// The strings of a value that is one string or a list of them. Anything else counts as `*`.
fn strings(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().map(|item| item.as_str().unwrap_or("*"))),
        _ => Box::new(std::iter::once("*")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(principal: &str, condition: &str) -> bool {
        is_public(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{principal},
                "Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"{condition}}}]}}"#
        ))
    }

    #[test]
    fn named_principals_are_not_public() {
        assert!(!public(r#""Principal":{"AWS":"111122223333"}"#, ""));
        assert!(!public(
            r#""Principal":{"AWS":["arn:aws:iam::111122223333:role/r"]}"#,
            ""
        ));
        assert!(!public(
            r#""Principal":{"Service":"logging.s3.amazonaws.com"}"#,
            ""
        ));
    }

    #[test]
    fn everybody_is_public() {
        assert!(public(r#""Principal":"*""#, ""));
        assert!(public(r#""Principal":{"AWS":"*"}"#, ""));
        assert!(public(r#""Principal":{"AWS":["111122223333","*"]}"#, ""));
        assert!(public(r#""NotPrincipal":{"AWS":"111122223333"}"#, ""));
        assert!(!is_public(
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#
        ));
        assert!(is_public(
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#
        ));
        assert!(is_public("not a policy"));
    }

    #[test]
    fn fixed_values_limit_and_open_ones_do_not() {
        let all = r#""Principal":"*""#;
        for (condition, answer) in [
            (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, false),
            (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, true),
            (
                r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/1"]}"#,
                true,
            ),
            (r#""IpAddress":{"aws:SourceIp":"::/0"}"#, true),
            (r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, true),
            (r#""StringEquals":{"aws:SourceVpc":"vpc-91237329"}"#, false),
            (r#""StringLike":{"aws:SourceVpc":"vpc-*"}"#, true),
            (
                r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/r"}"#,
                false,
            ),
            (
                r#""StringEquals":{"aws:PrincipalOrgID":"${aws:username}"}"#,
                true,
            ),
            (r#""StringEquals":{"aws:UserAgent":"x"}"#, true),
            (
                r#""StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}"#,
                true,
            ),
            (
                r#""StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}"#,
                true,
            ),
            (
                r#""ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-91237329"}"#,
                true,
            ),
            (r#""StringEquals":{"aws:SourceVpc":[]}"#, true),
        ] {
            let condition = format!(r#","Condition":{{{condition}}}"#);
            assert_eq!(public(all, &condition), answer, "{condition}");
        }
    }
}
