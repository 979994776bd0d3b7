//! Principals: may they be here, and do they name somebody?

use crate::PolicyType;
use crate::arn::Arn;
use crate::cursor::Cursor;
use crate::document::{once, wrong_type};
use crate::report::Report;
use crate::statement::Statement;

pub(crate) fn check(statement: &Statement<'_>, report: &mut Report<'_>) {
    let principal = statement.whole.get("Principal");
    let others = statement.whole.get("NotPrincipal");
    match statement.kind {
        PolicyType::Identity | PolicyType::Session | PolicyType::ServiceControl => {
            for element in principal.iter().chain(&others) {
                let (code, what) = match statement.kind {
                    PolicyType::ServiceControl => {
                        ("SCP_SYNTAX_ERROR_PRINCIPAL", "service control policies")
                    }
                    _ => ("UNSUPPORTED_PRINCIPAL", "policies of identities"),
                };
                let details = format!("Principals have no place in {what}: take them out.");
                report.error(code, details, &[element.place()]);
            }
        }
        PolicyType::Resource | PolicyType::Trust | PolicyType::ResourceControl => {
            if principal.is_none() && others.is_none() {
                let details = "The statement has no Principal: it is about nobody.".to_owned();
                report.error("MISSING_PRINCIPAL", details, &[statement.whole.place()]);
            }
        }
    }
    if let Some(element) = &others {
        if statement.allows == Some(true) {
            let details = "Allow with NotPrincipal allows everybody but those named, strangers \
                           included."
                .to_owned();
            report.security("ALLOW_WITH_NOT_PRINCIPAL", details, &[element.place()]);
        }
        if statement.kind == PolicyType::ResourceControl || statement.kind == PolicyType::Trust {
            let details = "NotPrincipal has no place in this kind of policy.".to_owned();
            report.error("UNSUPPORTED_PRINCIPAL", details, &[element.place()]);
        }
    }
    for element in principal.iter().chain(&others) {
        read(statement.kind, element, report);
    }
}

fn read(kind: PolicyType, element: &Cursor<'_>, report: &mut Report<'_>) {
    if let Some(text) = element.as_str() {
        if text != "*" {
            let details =
                format!("The principal {text} must stand under AWS, Service or Federated.");
            report.error("INVALID_PRINCIPAL_FORMAT", details, &[element.place()]);
        } else if kind == PolicyType::Trust {
            let details = "A trust policy takes {\"AWS\": \"*\"}, not \"*\" alone.".to_owned();
            report.error("INVALID_PRINCIPAL_FORMAT", details, &[element.place()]);
        }
        return;
    }
    if !element.is_object() {
        wrong_type(element, "\"*\" or an object", report);
        return;
    }
    let members = element.members();
    if members.is_empty() {
        let details = "The principal is empty: the statement is about nobody.".to_owned();
        report.suggestion("EMPTY_OBJECT_PRINCIPAL", details, &[element.place()]);
    }
    once(&members, report);
    for member in &members {
        let known = ["AWS", "Service", "Federated", "CanonicalUser"];
        if !known.contains(&member.name) {
            let details = format!(
                "There are no principals of the kind {}: use AWS, Service, Federated or \
                 CanonicalUser.",
                member.name
            );
            report.error(
                "INVALID_PRINCIPAL_KEY",
                details,
                std::slice::from_ref(&member.place),
            );
            continue;
        }
        for value in member.value.items() {
            match value.scalar() {
                Some(text) => named(member.name, text, &value, report),
                None => wrong_type(&value, "a string", report),
            }
        }
    }
}

fn named(kind: &str, text: &str, value: &Cursor<'_>, report: &mut Report<'_>) {
    let place = [value.place()];
    let has_wildcards = text.contains(['*', '?']);
    match kind {
        "AWS" if text != "*" && has_wildcards => {
            let details = format!(
                "Wildcards do not work inside a principal. Name {text} in full, or use \"*\" with \
                 a condition on aws:PrincipalArn."
            );
            report.error("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", details, &place);
        }
        "AWS" if text != "*" && !is_aws(text) => {
            let details =
                format!("{text} is neither an account, nor a user's or role's ARN or id.");
            report.error("INVALID_PRINCIPAL_FORMAT", details, &place);
        }
        "Service" if has_wildcards || !is_service(text) => {
            let details =
                format!("{text} is not a service's name, as lambda.amazonaws.com is one.");
            report.error("INVALID_SERVICE_PRINCIPAL_FORMAT", details, &place);
        }
        _ => {}
    }
}

fn is_service(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let ends = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazon.com",
        ".aws.internal",
    ];
    text.bytes().all(allowed) && ends.iter().any(|end| text.ends_with(end))
}

fn is_aws(text: &str) -> bool {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = ["AIDA", "AROA"].iter().any(|start| text.starts_with(start))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_arn = Arn::parse(text).is_some_and(|arn| {
        let kinds: &[&str] = match arn.service {
            "iam" => &["user/", "role/"],
            "sts" => &["assumed-role/", "federated-user/"],
            _ => &[],
        };
        let is_root = arn.service == "iam" && arn.resource == "root";
        arn.prefix == "arn"
            && arn.region.is_empty()
            && (is_root || kinds.iter().any(|kind| arn.resource.starts_with(kind)))
    });
    is_account || is_id || is_arn
}
