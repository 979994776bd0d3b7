//! The policy as a whole: its elements, its version, its size, its statement ids.

use std::collections::HashMap;

use json_text::{Node, Value};

use crate::PolicyType;
use crate::cursor::{Cursor, Member, Place};
use crate::report::Report;
use crate::statement;

/// Characters of an identity policy, white space left out: the most that any entity may have.
const IDENTITY_CHARACTERS_MAX: usize = 10_240;

/// Characters of a service control or resource control policy.
const ORGANIZATION_CHARACTERS_MAX: usize = 10_240;

pub(crate) fn check(root: &Node<'_>, text: &str, kind: PolicyType, report: &mut Report<'_>) {
    let top = Cursor::top(root);
    if !top.is_object() {
        wrong_type(&top, "an object", report);
        return;
    }
    let members = top.members();
    known_once(&members, &["Version", "Id", "Statement"], report);
    let variables = version(&top, report);
    if let Some(id) = top.get("Id")
        && id.as_str().is_none()
    {
        wrong_type(&id, "a string", report);
    }
    size(root, text, kind, report);
    let Some(statements) = top.get("Statement") else {
        let details = "The policy has no Statement element: it says nothing.".to_owned();
        report.error("MISSING_STATEMENT", details, &[top.place()]);
        return;
    };
    if statements.is_empty_list() {
        let details = "The list of statements is empty: the policy says nothing.".to_owned();
        report.error("MISSING_STATEMENT", details, &[statements.place()]);
    }
    let items = statements.items();
    sids(&items, kind, report);
    for item in &items {
        if item.is_object() {
            statement::check(item, kind, variables, report);
        } else {
            wrong_type(item, "an object", report);
        }
    }
}

/// Complains of a value of another JSON type.
pub(crate) fn wrong_type(cursor: &Cursor<'_>, wanted: &str, report: &mut Report<'_>) {
    let found = match cursor.value() {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let details = format!("This must be {wanted}, and it is {found}.");
    report.error("DATA_TYPE_MISMATCH", details, &[cursor.place()]);
}

/// Complains of elements that are not in the language, and of those that come twice.
pub(crate) fn known_once(members: &[Member<'_>], known: &[&str], report: &mut Report<'_>) {
    for member in members.iter().filter(|m| !known.contains(&m.name)) {
        let meant = known
            .iter()
            .find(|name| name.eq_ignore_ascii_case(member.name));
        let hint = meant.map_or(String::new(), |name| format!(" Did you mean {name}?"));
        let details = format!("There is no policy element {}.{hint}", member.name);
        let place = std::slice::from_ref(&member.place);
        report.error("INVALID_POLICY_ELEMENT", details, place);
    }
    once(members, report);
}

/// Complains of names that come twice in one object.
pub(crate) fn once(members: &[Member<'_>], report: &mut Report<'_>) {
    let mut first: HashMap<String, (&str, &Place)> = HashMap::new();
    for member in members {
        let folded = member.name.to_ascii_lowercase();
        let Some((name, place)) = first.insert(folded, (member.name, &member.place)) else {
            continue;
        };
        let places = [place.clone(), member.place.clone()];
        if name == member.name {
            let details = format!("{name} stands twice in one object.");
            report.error("JSON_SYNTAX_ERROR", details, &places);
        } else {
            let details = format!("{name} and {} differ in case only.", member.name);
            report.error("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", details, &places);
        }
    }
}

/// Checks the version, and says whether it knows variables.
fn version(top: &Cursor<'_>, report: &mut Report<'_>) -> bool {
    let Some(version) = top.get("Version") else {
        let details = "Without a Version the policy is read in the language of 2008, which knows \
                       no variables. Add \"Version\": \"2012-10-17\"."
            .to_owned();
        report.warning("MISSING_VERSION", details, &[top.place()]);
        return false;
    };
    match version.as_str() {
        Some("2012-10-17") => true,
        Some("2008-10-17") => false,
        Some(other) => {
            let details =
                format!("There is no version {other}. Use 2012-10-17, or 2008-10-17 of old.");
            report.error("INVALID_VERSION", details, &[version.place()]);
            true
        }
        None => {
            wrong_type(&version, "a string", report);
            true
        }
    }
}

fn size(root: &Node<'_>, text: &str, kind: PolicyType, report: &mut Report<'_>) {
    let characters = text.chars();
    let written = characters.clone().filter(|c| !c.is_whitespace()).count();
    let place = Place::new(Vec::new(), root.bytes.clone());
    match kind {
        PolicyType::Identity if written > IDENTITY_CHARACTERS_MAX => {
            let details = format!(
                "The policy has {written} characters without white space. A managed policy holds \
                 6144, all inline policies of a role together {IDENTITY_CHARACTERS_MAX}."
            );
            report.warning(
                "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
                details,
                &[place],
            );
        }
        PolicyType::ServiceControl | PolicyType::ResourceControl => {
            let count = characters.count();
            if count > ORGANIZATION_CHARACTERS_MAX {
                let details = format!(
                    "The policy has {count} characters, and {ORGANIZATION_CHARACTERS_MAX} are \
                     accepted."
                );
                let code = match kind {
                    PolicyType::ServiceControl => "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
                    _ => "POLICY_TOO_LONG",
                };
                report.error(code, details, &[place]);
            }
        }
        _ => {}
    }
}

fn sids(statements: &[Cursor<'_>], kind: PolicyType, report: &mut Report<'_>) {
    let mut first: HashMap<&str, Place> = HashMap::new();
    for sid in statements.iter().filter_map(|s| s.get("Sid")) {
        let Some(text) = sid.as_str() else {
            wrong_type(&sid, "a string", report);
            continue;
        };
        if text.is_empty() {
            let details =
                "The Sid is empty. Leave it out, or give the statement a name.".to_owned();
            report.suggestion("EMPTY_SID_VALUE", details, &[sid.place()]);
            continue;
        }
        let alphanumeric = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !alphanumeric && kind != PolicyType::Resource {
            let details = format!("The Sid {text} may have letters and digits only.");
            report.error("UNSUPPORTED_SID", details, &[sid.place()]);
        }
        if let Some(place) = first.insert(text, sid.place()) {
            let places = [place, sid.place()];
            let details = format!("Two statements have the Sid {text}.");
            match kind {
                PolicyType::Resource => report.warning("UNIQUE_SIDS_RECOMMENDED", details, &places),
                _ => report.error("UNIQUE_SIDS_REQUIRED", details, &places),
            }
        }
    }
}
