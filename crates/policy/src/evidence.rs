//! What an authorization message says once it is decoded: why a request was refused, which
//! statements denied it, and what was known of it. Written as AWS writes it.

use std::fmt::Write;

use crate::decide::question;
use crate::document::{self, Listed};
use crate::set::Attached;
use crate::{Decision, Layers, PolicySet, Request, Verdict};

/// Who was refused.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// The caller's id, as `GetCallerIdentity` shows it.
    pub id: &'a str,
    /// The name of an IAM user; others have none.
    pub name: Option<&'a str>,
    /// The caller's ARN.
    pub arn: &'a str,
}

/// The text of an authorization message. Statements are told of the layers that are given.
pub fn authorization_message(
    request: &Request<'_>,
    layers: &Layers<'_>,
    verdict: Verdict,
    caller: Refused<'_>,
) -> String {
    let mut told = String::with_capacity(1024);
    let allowed = verdict.decision == Decision::Allowed;
    let denied = verdict.decision == Decision::ExplicitDeny;
    // Writing to a string cannot fail.
    let _ = write!(
        told,
        r#"{{"allowed":{allowed},"explicitDeny":{denied},"matchedStatements":{{"items":["#
    );
    if denied {
        write_denying(request, layers, caller.id, &mut told);
    }
    told.push_str(r#"]},"failures":{"items":[]},"context":{"principal":{"id":"#);
    json_text::quote(caller.id, &mut told);
    if let Some(name) = caller.name {
        told.push_str(r#","name":"#);
        json_text::quote(name, &mut told);
    }
    told.push_str(r#","arn":"#);
    json_text::quote(caller.arn, &mut told);
    told.push_str(r#"},"action":"#);
    json_text::quote(request.action, &mut told);
    told.push_str(r#","resource":"#);
    json_text::quote(request.resource, &mut told);
    told.push_str(r#","conditions":{"items":["#);
    for (number, (key, values)) in request.context.entries().enumerate() {
        write_key(number, key, values, &mut told);
    }
    told.push_str("]}}}");
    told
}

fn write_denying(request: &Request<'_>, layers: &Layers<'_>, caller_id: &str, told: &mut String) {
    let question = question(request, layers);
    let mut first = true;
    let mut tell = |set: &PolicySet, attached: Attached| {
        for statement in set.denying(&question, attached) {
            if !std::mem::take(&mut first) {
                told.push(',');
            }
            write_statement(statement, caller_id, told);
        }
    };
    let own = [layers.identity, layers.boundary, layers.session];
    for set in own.into_iter().flatten() {
        tell(set, Attached::ToPrincipal);
    }
    for set in layers.scps {
        tell(set, Attached::ToPrincipal);
    }
    for set in layers.rcps {
        tell(set, Attached::ToResource);
    }
    for set in [layers.resource, layers.vpc_endpoint].into_iter().flatten() {
        tell(set, Attached::ToResource);
    }
}

/// A statement. One without `Principal` is about the caller, to whom it is attached.
fn write_statement(statement: &document::Statement, caller_id: &str, told: &mut String) {
    told.push_str(r#"{"statementId":"#);
    json_text::quote(statement.sid.as_deref().unwrap_or_default(), told);
    told.push_str(r#","effect":"DENY","#);
    match &statement.principals {
        Listed::Absent => write_items("principals", [caller_id], told),
        Listed::Only(listed) => {
            write_items("principals", listed.iter().map(|e| e.value.as_str()), told);
        }
        Listed::Except(listed) => {
            write_items(
                "notPrincipals",
                listed.iter().map(|e| e.value.as_str()),
                told,
            );
        }
    }
    told.push_str(r#","principalGroups":{"items":[]},"#);
    write_listed("actions", "notActions", &statement.actions, told);
    told.push(',');
    write_listed("resources", "notResources", &statement.resources, told);
    told.push_str(r#","conditions":{"items":["#);
    for (number, condition) in statement.conditions.iter().enumerate() {
        let values = condition.values.iter().map(String::as_str);
        write_key(number, &condition.key, values, told);
    }
    told.push_str("]}}");
}

fn write_listed(only: &str, except: &str, listed: &Listed<Vec<String>>, told: &mut String) {
    let name = match listed {
        Listed::Absent | Listed::Only(_) => only,
        Listed::Except(_) => except,
    };
    write_items(name, listed.items().iter().map(String::as_str), told);
}

/// `"NAME":{"items":[{"value":"…"},…]}`, as AWS writes every list.
fn write_items<'v>(name: &str, values: impl IntoIterator<Item = &'v str>, told: &mut String) {
    let _ = write!(told, r#""{name}":{{"items":["#);
    for (number, value) in values.into_iter().enumerate() {
        if number > 0 {
            told.push(',');
        }
        told.push_str(r#"{"value":"#);
        json_text::quote(value, told);
        told.push('}');
    }
    told.push_str("]}");
}

/// A condition key with its values, as an element of a list.
fn write_key<'v>(
    number: usize,
    key: &str,
    values: impl IntoIterator<Item = &'v str>,
    told: &mut String,
) {
    if number > 0 {
        told.push(',');
    }
    told.push_str(r#"{"key":"#);
    json_text::quote(key, told);
    told.push(',');
    write_items("values", values, told);
    told.push('}');
}
