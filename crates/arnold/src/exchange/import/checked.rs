//! Single values of the files, checked one by one before anything is made of them.

use std::collections::BTreeMap;

use aws::{AccountId, Arn};
use identity::Tag;
use policy::{Document, Grammar};
use serde_json::Value;

use super::super::shape::{AttachedPolicy, Boundary, InlinePolicy, TagEntry};
use crate::Failure;

/// Ids of AWS's own form; scripts that make listings up use others, which would be mistaken
/// for something else.
pub(super) fn id(text: &str, prefix: &str) -> Result<String, Failure> {
    let is_id = text.starts_with(prefix)
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no unique id that begins with `{prefix}`").into())
}

/// A name as IAM allows it, where the ARN beside it says the same.
pub(super) fn name(
    account: AccountId,
    kind: &str,
    path: &str,
    name: &str,
    arn: &str,
) -> Result<String, Failure> {
    let is_name = (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte));
    if !is_name {
        return Err(format!("`{name}` is no name").into());
    }
    let is_path = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    if !is_path {
        return Err(format!("`{path}` is no path").into());
    }
    let own = Arn::new("iam", "", account.as_str(), &format!("{kind}{path}{name}"));
    if own.as_str() != arn {
        return Err(format!("path and name make another ARN, `{own}`").into());
    }
    Ok(name.to_owned())
}

/// A document as text: the CLI prints it decoded, scripts at times as AWS sends it. What AWS
/// once took it keeps, so it is read as it will be when somebody calls, not as IAM reads what
/// is new.
pub(super) fn document(value: &Value, what: &str) -> Result<String, Failure> {
    let text = match value {
        Value::String(encoded) => percent_encoding::percent_decode_str(encoded)
            .decode_utf8()?
            .into_owned(),
        decoded => decoded.to_string(),
    };
    Document::parse(&text, Grammar::Any).map_err(|fault| format!("{what}: {fault}"))?;
    Ok(text)
}

/// Inline policies by name.
pub(super) fn inline(policies: &[InlinePolicy]) -> Result<BTreeMap<String, String>, Failure> {
    let mut named = BTreeMap::new();
    for policy in policies {
        let name = &policy.policy_name;
        let text = document(&policy.policy_document, name)?;
        if named.insert(name.clone(), text).is_some() {
            return Err(format!("there are two inline policies `{name}`").into());
        }
    }
    Ok(named)
}

/// ARNs of attached policies.
pub(super) fn attached(policies: &[AttachedPolicy]) -> Result<Vec<String>, Failure> {
    let arn = |policy: &AttachedPolicy| policy_arn(&policy.policy_arn);
    policies.iter().map(arn).collect()
}

/// The ARN of a boundary.
pub(super) fn boundary(boundary: Option<&Boundary>) -> Result<Option<String>, Failure> {
    boundary
        .map(|boundary| policy_arn(&boundary.permissions_boundary_arn))
        .transpose()
}

fn policy_arn(text: &str) -> Result<String, Failure> {
    let arn: Arn = text.parse()?;
    if arn.service() == "iam" && arn.resource().starts_with("policy/") {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no managed policy").into())
}

/// Tags.
pub(super) fn tags(tags: &[TagEntry]) -> Result<Vec<Tag>, Failure> {
    let one = |tag: &TagEntry| Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    };
    let tags: Vec<Tag> = tags.iter().map(one).collect();
    if identity::has_duplicate_keys(&tags) {
        return Err("there are two tags of one key".into());
    }
    Ok(tags)
}

/// The number of a version, 1 for `v1`.
pub(super) fn version(text: &str) -> Result<u32, Failure> {
    let number = text
        .strip_prefix('v')
        .and_then(|digits| digits.parse().ok())
        .filter(|number| *number < u32::MAX);
    number.ok_or_else(|| format!("`{text}` is no version").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_make_the_arn_that_stands_beside_them() {
        let account: AccountId = "123456789012".parse().unwrap();
        let at = |path, given, arn: &str| name(account, "user", path, given, arn).is_ok();
        assert!(at("/", "ann", "arn:aws:iam::123456789012:user/ann"));
        assert!(at("/a/b/", "ann", "arn:aws:iam::123456789012:user/a/b/ann"));
        assert!(!at("/", "ann", "arn:aws:iam::123456789012:user/bob"));
        assert!(!at("/", "ann", "arn:aws:iam::123456789012:role/ann"));
        assert!(!at("/a", "ann", "arn:aws:iam::123456789012:user/aann"));
        assert!(!at("/", "an n", "arn:aws:iam::123456789012:user/an n"));
        assert!(!at("/", "", "arn:aws:iam::123456789012:user/"));
    }

    #[test]
    fn versions_are_numbers_behind_a_v() {
        assert_eq!(version("v12").unwrap(), 12);
        for wrong in ["12", "v", "v-1", "v4294967295", "w1"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }
}
