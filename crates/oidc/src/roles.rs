//! The roles claim: the roles that a provider lets a token be used for.
//!
//! A provider that knows which roles somebody may have can say so in the token, beside what
//! the roles themselves say of the provider. Such a token opens no other role.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The claim that names the roles.
const ROLES: &str = "https://aws.amazon.com/roles";

/// Between the roles of a claim that is one text.
const SEPARATOR: char = ';';

/// Characters that no role's ARN has, though a pattern or a list might.
const NEVER_IN_A_ROLE: &[char] = &[':', SEPARATOR, '*', '?'];

/// Reads the ARNs of the roles that the token may be used for; `None` says that the provider
/// leaves it to the roles. What is not the ARN of a role opens none, and a claim that has
/// nothing else refuses the token: it was meant to restrict.
pub(crate) fn read(claims: &Map<String, Value>) -> Result<Option<Vec<&str>>, Refusal> {
    let named: Vec<&str> = match claims.get(ROLES) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.split(SEPARATOR).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err(Refusal::RolesFormat),
    };
    let mut roles: Vec<&str> = named.into_iter().map(str::trim).collect();
    roles.retain(|arn| is_role(arn));
    if roles.is_empty() {
        return Err(Refusal::NoRoles);
    }
    Ok(Some(roles))
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let name = resource.strip_prefix("role/").unwrap_or_default();
    !partition.is_empty() && is_account && !name.is_empty() && !name.contains(NEVER_IN_A_ROLE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const READER: &str = "arn:aws:iam::111122223333:role/Reader";
    const WRITER: &str = "arn:aws:iam::111122223333:role/team/Writer";

    fn roles(claim: Value) -> Result<Option<Vec<String>>, Refusal> {
        let claims = Map::from_iter([(ROLES.to_owned(), claim)]);
        let read = read(&claims)?;
        Ok(read.map(|roles| roles.into_iter().map(str::to_owned).collect()))
    }

    #[test]
    fn roles_are_a_text_or_a_list() {
        for claim in [
            json!(format!("{READER};{WRITER}")),
            json!(format!(" {READER} ;; {WRITER}\n;")),
            json!([READER, WRITER]),
            json!([READER, 1, null, {"a": WRITER}, "", format!(" {WRITER} ")]),
        ] {
            let read = roles(claim.clone()).unwrap().unwrap();
            assert_eq!(read, [READER, WRITER], "{claim}");
        }
    }

    #[test]
    fn a_claim_that_is_absent_says_nothing() {
        assert!(read(&Map::new()).unwrap().is_none());
        assert!(roles(Value::Null).unwrap().is_none());
    }

    #[test]
    fn what_is_no_role_opens_none() {
        for arn in [
            "",
            "*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/Reade?",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:user/Reader",
            "arn:aws:iam::1111:role/Reader",
            "arn:aws:iam:us-east-1:111122223333:role/Reader",
            "arn:aws:sts::111122223333:assumed-role/Reader/s",
            "arn:aws:iam::111122223333:role/Reader:role/Writer",
            "111122223333:role/Reader",
        ] {
            assert!(matches!(roles(json!(arn)), Err(Refusal::NoRoles)), "{arn}");
            let read = roles(json!([arn, READER])).unwrap().unwrap();
            assert_eq!(read, [READER], "{arn}");
        }
        let joined = json!([format!("{READER};{WRITER}")]);
        assert!(matches!(roles(joined), Err(Refusal::NoRoles)));
        assert!(matches!(roles(json!([])), Err(Refusal::NoRoles)));
    }

    #[test]
    fn a_claim_of_another_form_refuses_the_token() {
        for claim in [json!(1), json!(true), json!({"roles": READER})] {
            assert!(matches!(roles(claim), Err(Refusal::RolesFormat)));
        }
    }
}
