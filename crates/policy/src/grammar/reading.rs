//! From JSON to a draft: the syntax that all kinds of policy share.
//!
//! Whatever is not understood is refused. A misspelt `Condition` that were skipped would
//! turn a narrow permission into a wide one.

use std::borrow::Cow;

use json_text::Json;

use crate::document::{Condition, Document, Effect, Listed, Statement};
use crate::operator::Operator;
use crate::template::Variables;
use crate::{PrincipalEntry, PrincipalKind};

use super::fault::Fault;

/// A document whose syntax holds and whose meaning nobody has checked yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) document: Document,
    /// The first effect that is right but for its case.
    pub(super) odd_effect: Option<String>,
}

type Members<'j> = &'j [(Cow<'j, str>, Json<'j>)];

/// Reads a document.
pub(super) fn read(json: &Json<'_>) -> Result<Draft, Fault> {
    let members = json.members().ok_or(Fault::NotJson)?;
    only_known(members, &["Version", "Id", "Statement"])?;
    let variables = match find(members, "Version") {
        None => Variables::Literal,
        Some(version) => match version.as_str() {
            Some("2012-10-17") => Variables::Read,
            Some("2008-10-17") => Variables::Literal,
            _ => return Err(Fault::Version),
        },
    };
    if find(members, "Id").is_some_and(|id| id.as_str().is_none()) {
        return Err(Fault::Shape);
    }
    let list = find(members, "Statement").ok_or(Fault::NoStatement)?;
    let mut odd_effect = None;
    let mut statements = Vec::new();
    for json in list.one_or_many() {
        statements.push(statement(json, &mut odd_effect)?);
    }
    Ok(Draft {
        document: Document {
            variables,
            statements,
        },
        odd_effect,
    })
}

fn find<'j>(members: Members<'j>, name: &str) -> Option<&'j Json<'j>> {
    members
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// Refuses elements that are not in the language, and those that come twice.
fn only_known(members: Members<'_>, known: &[&str]) -> Result<(), Fault> {
    match members
        .iter()
        .find(|(name, _)| !known.contains(&name.as_ref()))
    {
        Some((name, _)) => Err(Fault::UnknownElement(name.clone().into_owned())),
        None => no_duplicates(members),
    }
}

fn no_duplicates(members: Members<'_>) -> Result<(), Fault> {
    let names = || members.iter().map(|(name, _)| name.as_ref());
    // Of few names each is compared with those before it; that needs no list.
    let twice = match members.len() {
        0 | 1 => false,
        2..=8 => names()
            .enumerate()
            .any(|(number, name)| names().take(number).any(|before| before == name)),
        _ => super::has_duplicates(names()),
    };
    if twice { Err(Fault::Twice) } else { Ok(()) }
}

const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn statement(json: &Json<'_>, odd_effect: &mut Option<String>) -> Result<Statement, Fault> {
    let members = json.members().ok_or(Fault::Shape)?;
    only_known(members, &STATEMENT_ELEMENTS)?;
    let sid = match find(members, "Sid") {
        None => None,
        Some(sid) => Some(sid.as_str().ok_or(Fault::Shape)?.to_owned()),
    };
    Ok(Statement {
        sid,
        effect: effect(members, odd_effect)?,
        principals: listed(members, "Principal", "NotPrincipal", principals)?,
        actions: listed(members, "Action", "NotAction", strings)?,
        resources: listed(members, "Resource", "NotResource", resources)?,
        conditions: match find(members, "Condition") {
            None => Vec::new(),
            Some(block) => conditions(block)?,
        },
    })
}

fn effect(members: Members<'_>, odd_effect: &mut Option<String>) -> Result<Effect, Fault> {
    let effect = find(members, "Effect").ok_or(Fault::NoEffect)?;
    let text = effect.as_str().ok_or(Fault::Shape)?;
    let (effect, exact) = if text.eq_ignore_ascii_case("Allow") {
        (Effect::Allow, text == "Allow")
    } else if text.eq_ignore_ascii_case("Deny") {
        (Effect::Deny, text == "Deny")
    } else {
        return Err(Fault::Effect(text.to_owned()));
    };
    if !exact && odd_effect.is_none() {
        *odd_effect = Some(text.to_owned());
    }
    Ok(effect)
}

fn listed<T>(
    members: Members<'_>,
    only: &str,
    except: &str,
    read: impl Fn(&Json<'_>) -> Result<Vec<T>, Fault>,
) -> Result<Listed<Vec<T>>, Fault> {
    match (find(members, only), find(members, except)) {
        (None, None) => Ok(Listed::Absent),
        (Some(items), None) => Ok(Listed::Only(read(items)?)),
        (None, Some(items)) => Ok(Listed::Except(read(items)?)),
        (Some(_), Some(_)) => Err(Fault::Twice),
    }
}

fn strings(json: &Json<'_>) -> Result<Vec<String>, Fault> {
    let text = |item: &Json<'_>| item.as_str().map(str::to_owned).ok_or(Fault::Shape);
    json.one_or_many().iter().map(text).collect()
}

/// Resources. AWS passes over a `null` in a list of them.
fn resources(json: &Json<'_>) -> Result<Vec<String>, Fault> {
    let Json::Array(items) = json else {
        return strings(json);
    };
    let items = items.iter().filter(|item| **item != Json::Null);
    let text = |item: &Json<'_>| item.as_str().map(str::to_owned).ok_or(Fault::Shape);
    items.map(text).collect()
}

fn principals(json: &Json<'_>) -> Result<Vec<PrincipalEntry>, Fault> {
    if let Some(text) = json.as_str() {
        if text != "*" {
            return Err(Fault::PrincipalText);
        }
        return Ok(vec![PrincipalEntry {
            kind: PrincipalKind::Anyone,
            value: text.to_owned(),
        }]);
    }
    let members = json.members().ok_or(Fault::Shape)?;
    no_duplicates(members)?;
    let mut entries = Vec::new();
    for (kind, values) in members {
        let kind = match kind.as_ref() {
            "AWS" => PrincipalKind::Aws,
            "Service" => PrincipalKind::Service,
            "Federated" => PrincipalKind::Federated,
            "CanonicalUser" => PrincipalKind::CanonicalUser,
            other => return Err(Fault::PrincipalKey(other.to_owned())),
        };
        for value in values.one_or_many() {
            // Account ids are sometimes written as numbers.
            let value = value.scalar().ok_or(Fault::Shape)?.to_owned();
            entries.push(PrincipalEntry { kind, value });
        }
    }
    Ok(entries)
}

fn conditions(block: &Json<'_>) -> Result<Vec<Condition>, Fault> {
    let mut conditions = Vec::new();
    let operators = block.members().ok_or(Fault::Shape)?;
    no_duplicates(operators)?;
    for (name, tests) in operators {
        let tests = tests.members().ok_or(Fault::Shape)?;
        no_duplicates(tests)?;
        let operator = Operator::parse(name);
        for (key, values) in tests {
            // An unknown operator without keys asks for nothing and is let pass, as AWS does.
            let operator = operator.ok_or_else(|| Fault::Operator(name.clone().into_owned()))?;
            let text = |value: &Json<'_>| value.scalar().map(str::to_owned).ok_or(Fault::Shape);
            let values = values.one_or_many().iter().map(text);
            conditions.push(Condition {
                operator,
                key: key.clone().into_owned(),
                values: values.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(conditions)
}
