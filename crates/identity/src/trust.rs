//! Trust policies: who may put on a role.

use policy::PolicySet;
use serde_json::Value;

use crate::principal::parse_or_deny;
use crate::role::{NamedPrincipal, Role};

/// The role's trust policy compiled, with the users and roles that it names replaced by
/// the ids that they had when it was written.
pub(crate) fn compile(role: &Role) -> PolicySet {
    PolicySet::compile([&parse_or_deny(&by_id(
        &role.trust_policy,
        &role.trust_principals,
    ))])
}

/// The document with each named ARN replaced by its id.
pub fn by_id(document: &str, principals: &[NamedPrincipal]) -> String {
    if principals.is_empty() {
        return document.to_owned();
    }
    let Ok(mut json) = serde_json::from_str::<Value>(document) else {
        return document.to_owned();
    };
    if let Some(statements) = json.get_mut("Statement") {
        match statements {
            Value::Array(list) => list.iter_mut().for_each(|one| replace(one, principals)),
            one => replace(one, principals),
        }
    }
    json.to_string()
}

fn replace(statement: &mut Value, principals: &[NamedPrincipal]) {
    for element in ["Principal", "NotPrincipal"] {
        let Some(aws) = statement
            .get_mut(element)
            .and_then(|value| value.get_mut("AWS"))
        else {
            continue;
        };
        match aws {
            Value::Array(list) => list.iter_mut().for_each(|one| replace_one(one, principals)),
            one => replace_one(one, principals),
        }
    }
}

fn replace_one(principal: &mut Value, principals: &[NamedPrincipal]) {
    if let Value::String(text) = principal
        && let Some(named) = principals.iter().find(|named| named.arn == *text)
    {
        *text = named.id.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_principals_become_ids() {
        let document = r#"{"Statement":[{"Principal":{"AWS":["arn:aws:iam::1:user/a","*"]}}]}"#;
        let named = [NamedPrincipal {
            arn: "arn:aws:iam::1:user/a".into(),
            id: "AIDAX".into(),
        }];
        assert_eq!(
            by_id(document, &named),
            r#"{"Statement":[{"Principal":{"AWS":["AIDAX","*"]}}]}"#
        );
    }
}
