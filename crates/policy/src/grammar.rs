//! From JSON to a document: the syntax that all kinds of policy share.
//!
//! Whatever is not understood is refused. A misspelt `Condition` that were skipped would
//! turn a narrow permission into a wide one.

use std::borrow::Cow;

use crate::document::{Condition, Document, Effect, Grammar, Listed, Statement};
use crate::json::{self, Json};
use crate::malformed::Malformed;
use crate::operator::Operator;
use crate::template::Variables;
use crate::{PrincipalEntry, PrincipalKind};

/// Bytes that a policy may have, white space included. AWS's own limits on characters are
/// lower and depend on what the policy is attached to; they are counted by whoever attaches.
const POLICY_BYTES_MAX: usize = 131_072;

type Members<'j> = &'j [(Cow<'j, str>, Json<'j>)];

/// Parses policy text.
pub(crate) fn parse(text: &str, grammar: Grammar) -> Result<Document, Malformed> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(syntax());
    }
    let json = json::parse(text).map_err(|_not_json| syntax())?;
    read(&json, grammar)
}

/// Reads a policy that has been parsed as JSON, maybe as part of something larger.
pub(crate) fn read(json: &Json<'_>, grammar: Grammar) -> Result<Document, Malformed> {
    let members = json.members().ok_or_else(syntax)?;
    only_known(members, &["Version", "Id", "Statement"])?;
    let variables = match find(members, "Version") {
        None => Variables::Literal,
        Some(version) => match version.as_str() {
            Some("2012-10-17") => Variables::Read,
            Some("2008-10-17") => Variables::Literal,
            _ => return Err(syntax()),
        },
    };
    if find(members, "Id").is_some_and(|id| id.as_str().is_none()) {
        return Err(syntax());
    }
    let statements = find(members, "Statement").ok_or_else(syntax)?;
    let statements = statements.one_or_many().iter().map(statement);
    let document = Document {
        variables,
        statements: statements.collect::<Result<_, _>>()?,
    };
    if grammar != Grammar::Any {
        check(&document, grammar)?;
    }
    Ok(document)
}

fn check(document: &Document, grammar: Grammar) -> Result<(), Malformed> {
    let to_principal = matches!(
        grammar,
        Grammar::Identity | Grammar::Session | Grammar::ServiceControl
    );
    let mut sids = Vec::new();
    for statement in &document.statements {
        if to_principal && statement.principals != Listed::Absent {
            return Err(Malformed::new(
                "Policy document should not specify a principal.",
            ));
        }
        if grammar == Grammar::Trust && statement.resources != Listed::Absent {
            return Err(Malformed::new("Has prohibited field Resource."));
        }
        let sid = statement.sid.as_deref().filter(|sid| !sid.is_empty());
        if sid.is_some() && sids.contains(&sid) {
            return Err(Malformed::new(
                "Statement IDs (SID) in a single policy must be unique.",
            ));
        }
        sids.push(sid);
    }
    Ok(())
}

fn syntax() -> Malformed {
    Malformed::new("Syntax errors in policy.")
}

fn find<'j>(members: Members<'j>, name: &str) -> Option<&'j Json<'j>> {
    members
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// Refuses elements that are not in the language, and those that come twice.
fn only_known(members: Members<'_>, known: &[&str]) -> Result<(), Malformed> {
    for (at, (name, _)) in members.iter().enumerate() {
        let twice = members.iter().take(at).any(|(earlier, _)| earlier == name);
        if twice || !known.contains(&name.as_ref()) {
            return Err(syntax());
        }
    }
    Ok(())
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

fn statement(json: &Json<'_>) -> Result<Statement, Malformed> {
    let members = json.members().ok_or_else(syntax)?;
    only_known(members, &STATEMENT_ELEMENTS)?;
    let sid = match find(members, "Sid") {
        None => None,
        Some(sid) => Some(sid.as_str().ok_or_else(syntax)?.to_owned()),
    };
    let effect = match find(members, "Effect").and_then(Json::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(syntax()),
    };
    Ok(Statement {
        sid,
        effect,
        principals: listed(members, "Principal", "NotPrincipal", principals)?,
        actions: listed(members, "Action", "NotAction", strings)?,
        resources: listed(members, "Resource", "NotResource", strings)?,
        conditions: match find(members, "Condition") {
            None => Vec::new(),
            Some(block) => conditions(block)?,
        },
    })
}

fn listed<T>(
    members: Members<'_>,
    only: &str,
    except: &str,
    read: impl Fn(&Json<'_>) -> Result<Vec<T>, Malformed>,
) -> Result<Listed<T>, Malformed> {
    match (find(members, only), find(members, except)) {
        (None, None) => Ok(Listed::Absent),
        (Some(items), None) => Ok(Listed::Only(read(items)?)),
        (None, Some(items)) => Ok(Listed::Except(read(items)?)),
        (Some(_), Some(_)) => Err(syntax()),
    }
}

fn strings(json: &Json<'_>) -> Result<Vec<String>, Malformed> {
    let text = |item: &Json<'_>| item.as_str().map(str::to_owned).ok_or_else(syntax);
    json.one_or_many().iter().map(text).collect()
}

fn principals(json: &Json<'_>) -> Result<Vec<PrincipalEntry>, Malformed> {
    if json.as_str() == Some("*") {
        return Ok(vec![PrincipalEntry {
            kind: PrincipalKind::Anyone,
            value: "*".to_owned(),
        }]);
    }
    let members = json.members().ok_or_else(syntax)?;
    only_known(members, &["AWS", "Service", "Federated", "CanonicalUser"])?;
    let mut entries = Vec::new();
    for (kind, values) in members {
        let kind = match kind.as_ref() {
            "AWS" => PrincipalKind::Aws,
            "Service" => PrincipalKind::Service,
            "Federated" => PrincipalKind::Federated,
            _ => PrincipalKind::CanonicalUser,
        };
        for value in values.one_or_many() {
            // Account ids are sometimes written as numbers.
            let value = value.scalar().ok_or_else(syntax)?.to_owned();
            entries.push(PrincipalEntry { kind, value });
        }
    }
    Ok(entries)
}

fn conditions(block: &Json<'_>) -> Result<Vec<Condition>, Malformed> {
    let mut conditions = Vec::new();
    let operators = block.members().ok_or_else(syntax)?;
    no_duplicates(operators)?;
    for (name, tests) in operators {
        let tests = tests.members().ok_or_else(syntax)?;
        no_duplicates(tests)?;
        let operator = Operator::parse(name);
        for (key, values) in tests {
            // An unknown operator without keys asks for nothing and is let pass.
            let operator = operator.ok_or_else(syntax)?;
            let text = |value: &Json<'_>| value.scalar().map(str::to_owned).ok_or_else(syntax);
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

fn no_duplicates(members: Members<'_>) -> Result<(), Malformed> {
    for (at, (name, _)) in members.iter().enumerate() {
        if members.iter().take(at).any(|(earlier, _)| earlier == name) {
            return Err(syntax());
        }
    }
    Ok(())
}
