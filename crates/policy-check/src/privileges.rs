//! Statements that give more than their author may think.
//!
//! Whoever may do certain things to IAM, or run code under a role of their choice, may do
//! everything. The ways are known ("AWS IAM Privilege Escalation – Methods and Mitigation",
//! Rhino Security Labs, 2018, and later lists); each is here as the actions that it takes.

use catalogue::matches;

use crate::PolicyType;
use crate::arn::is_open;
use crate::cursor::{Cursor, places};
use crate::report::Report;
use crate::statement::Statement;
use crate::values::Operator;

pub(crate) fn check(statement: &Statement<'_>, report: &mut Report<'_>) {
    let grants = matches!(statement.kind, PolicyType::Identity | PolicyType::Session);
    if !grants || statement.allows != Some(true) {
        return;
    }
    pass_role(statement, report);
    service_linked_role(statement, report);
    escalation(statement, report);
}

/// The actions of a statement that mean this one.
fn granting<'s, 't>(statement: &'s Statement<'t>, wanted: &str) -> Vec<&'s Cursor<'t>> {
    let actions = statement.actions.iter();
    actions
        .filter(|action| means(action.as_str().unwrap_or_default(), wanted))
        .collect()
}

fn means(pattern: &str, wanted: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match (pattern.split_once(':'), wanted.split_once(':')) {
        (Some((prefix, name)), Some((service, action))) => {
            prefix.eq_ignore_ascii_case(service) && matches(name, action)
        }
        _ => false,
    }
}

fn is_wild(action: &Cursor<'_>) -> bool {
    action
        .as_str()
        .is_some_and(|text| text.contains(['*', '?']))
}

/// The resources of the statement that are every role of an account, or more.
fn every_role<'s, 't>(statement: &'s Statement<'t>) -> Vec<&'s Cursor<'t>> {
    let all = |resource: &&Cursor<'_>| resource.as_str() == Some("*");
    statement.resources.iter().filter(all).collect()
}

/// Whether a condition holds a key to values of the author's choice: one that an absent key
/// or any value satisfies does not.
fn is_held(statement: &Statement<'_>, key: &str) -> bool {
    let operators = statement.condition.iter().flat_map(Cursor::members);
    operators
        .filter(|operator| {
            Operator::parse(operator.name).is_some_and(|of| !of.if_exists && !of.negated)
        })
        .flat_map(|operator| operator.value.members())
        .filter(|member| member.name.eq_ignore_ascii_case(key))
        .any(|member| {
            let values = member.value.items();
            let open = |value: &Cursor<'_>| value.scalar().is_none_or(|v| v.starts_with('*'));
            !values.iter().any(open)
        })
}

fn pass_role(statement: &Statement<'_>, report: &mut Report<'_>) {
    if is_held(statement, "iam:PassedToService") {
        return;
    }
    let actions = granting(statement, "iam:PassRole");
    let wild = actions.iter().all(|action| is_wild(action));
    let advice = "Name the roles, or add a condition on iam:PassedToService.";
    if let Some(except) = &statement.not_resources {
        if actions.is_empty() {
            return;
        }
        let places = places(actions.into_iter().chain(except));
        let details = format!("iam:PassRole is allowed for all roles but those excepted. {advice}");
        let code = if wild {
            "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE"
        } else {
            "PASS_ROLE_WITH_NOT_RESOURCE"
        };
        report.security(code, details, &places);
        return;
    }
    let roles = every_role(statement);
    if actions.is_empty() || roles.is_empty() {
        return;
    }
    let places = places(actions.into_iter().chain(roles));
    if wild {
        let details = format!("The wildcards allow iam:PassRole for every role. {advice}");
        report.security(
            "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
            details,
            &places,
        );
    } else {
        let details = format!("iam:PassRole is allowed for every role. {advice}");
        report.security("PASS_ROLE_WITH_STAR_IN_RESOURCE", details, &places);
    }
}

fn service_linked_role(statement: &Statement<'_>, report: &mut Report<'_>) {
    if is_held(statement, "iam:AWSServiceName") {
        return;
    }
    let actions = granting(statement, "iam:CreateServiceLinkedRole");
    let wild = actions.iter().all(|action| is_wild(action));
    let roles = every_role(statement);
    if actions.is_empty() || roles.is_empty() {
        return;
    }
    let places = places(actions.into_iter().chain(roles));
    let details = "Service-linked roles of any service may be made. Name the resources, or add a \
                   condition on iam:AWSServiceName."
        .to_owned();
    let code = if wild {
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE"
    } else {
        "CREATE_SLR_WITH_STAR_IN_RESOURCE"
    };
    report.warning(code, details, &places);
}

/// A way to all rights: the actions that it takes together, and what they do.
const WAYS: [(&[&str], &str); 18] = [
    (
        &["iam:CreatePolicyVersion"],
        "can rewrite the policies attached to themselves",
    ),
    (
        &["iam:SetDefaultPolicyVersion"],
        "can bring back older, wider versions of their policies",
    ),
    (
        &["iam:AttachUserPolicy"],
        "can attach AdministratorAccess to themselves",
    ),
    (
        &["iam:AttachGroupPolicy"],
        "can attach AdministratorAccess to their group",
    ),
    (
        &["iam:AttachRolePolicy"],
        "can attach AdministratorAccess to their role",
    ),
    (&["iam:PutUserPolicy"], "can write themselves a policy"),
    (&["iam:PutGroupPolicy"], "can write their group a policy"),
    (&["iam:PutRolePolicy"], "can write their role a policy"),
    (&["iam:AddUserToGroup"], "can join any group"),
    (&["iam:CreateAccessKey"], "can make keys for other users"),
    (
        &["iam:CreateLoginProfile"],
        "can give other users a password of their choice",
    ),
    (
        &["iam:UpdateLoginProfile"],
        "can change other users' passwords",
    ),
    (
        &["iam:UpdateAssumeRolePolicy"],
        "can let themselves into any role",
    ),
    (
        &["sts:AssumeRole"],
        "can put on every role that trusts their account",
    ),
    (
        &["iam:PassRole", "ec2:RunInstances"],
        "can run a machine under any role",
    ),
    (
        &[
            "iam:PassRole",
            "lambda:CreateFunction",
            "lambda:InvokeFunction",
        ],
        "can run a function under any role",
    ),
    (
        &["iam:PassRole", "cloudformation:CreateStack"],
        "can let a stack act under any role",
    ),
    (
        &["iam:PassRole", "glue:CreateDevEndpoint"],
        "can work under any role",
    ),
];

fn escalation(statement: &Statement<'_>, report: &mut Report<'_>) {
    // A condition may well close the way; only bare statements are told.
    if statement.condition.is_some() {
        return;
    }
    // Whoever allows everything knows it; the other findings say so already.
    let everything = statement.actions.iter().any(|a| a.as_str() == Some("*"));
    if everything {
        let wide = every_role(statement);
        if !wide.is_empty() {
            let places = places(statement.actions.iter().chain(wide));
            let details = "Everything is allowed on everything: whoever has this policy is an \
                           administrator."
                .to_owned();
            report.security("PRIVILEGE_ESCALATION", details, &places);
        }
        return;
    }
    for (actions, what) in WAYS {
        let granted: Vec<Vec<&Cursor<'_>>> = actions
            .iter()
            .map(|action| granting(statement, action))
            .collect();
        let resources = reaching(statement);
        if granted.iter().any(Vec::is_empty) || resources.is_empty() {
            continue;
        }
        let firsts = granted.iter().filter_map(|found| found.first().copied());
        let places = places(firsts.chain(resources));
        let names = actions.join(" and ");
        let details = format!("Whoever may {names} without limits {what}.");
        report.security("PRIVILEGE_ESCALATION", details, &places);
    }
}

/// Resources so wide that the way is open: everything, or every entity of a kind.
fn reaching<'s, 't>(statement: &'s Statement<'t>) -> Vec<&'s Cursor<'t>> {
    let wide = |resource: &&Cursor<'_>| {
        let text = resource.as_str().unwrap_or_default();
        let mut parts = text.splitn(6, ':').skip(2);
        let service = parts.next().unwrap_or_default();
        let last = parts.nth(2).unwrap_or_default();
        let every = last == "*" || last.split_once('/').is_some_and(|(_, name)| name == "*");
        text == "*" || ((service == "iam" || is_open(service)) && every)
    };
    statement.resources.iter().filter(wide).collect()
}
