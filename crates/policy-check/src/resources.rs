//! Resources: are they ARNs, of a form that exists, and can the actions reach them?

use catalogue::Service;

use crate::PolicyType;
use crate::actions::overlaps;
use crate::arn::{Arn, PARTITIONS, is_open, may_be, may_meet};
use crate::cursor::{Cursor, places};
use crate::report::Report;
use crate::statement::Statement;
use crate::variables;

pub(crate) fn check(statement: &Statement<'_>, report: &mut Report<'_>) {
    let others = statement.not_resources.iter().flatten();
    for resource in statement.resources.iter().chain(others) {
        check_one(resource, report);
        variables::check(statement, resource, report);
    }
    redundant(&statement.resources, report);
    reachable(statement, report);
}

fn check_one(resource: &Cursor<'_>, report: &mut Report<'_>) {
    let text = resource.as_str().unwrap_or_default();
    if text == "*" {
        return;
    }
    let place = [resource.place()];
    let Some(arn) = Arn::parse(text) else {
        if text.starts_with("arn:") {
            // A star may stand for the rest of an ARN.
            if !text.contains('*') {
                let details = format!("The ARN {text} has fewer than six parts.");
                report.error("MISSING_ARN_FIELD", details, &place);
            }
        } else {
            let details = format!("The resource {text} is neither an ARN nor \"*\".");
            report.error("INVALID_ARN_PREFIX", details, &place);
        }
        return;
    };
    if arn.prefix != "arn" {
        let details = format!("The resource {text} is neither an ARN nor \"*\".");
        report.error("INVALID_ARN_PREFIX", details, &place);
        return;
    }
    if !is_open(arn.partition) && !PARTITIONS.contains(&arn.partition) {
        let details = format!("There is no partition {}. Most use aws.", arn.partition);
        report.error("INVALID_PARTITION", details, &place);
    }
    account(&arn, &place, report);
    if is_open(arn.service) {
        return;
    }
    match catalogue::service(arn.service) {
        _ if arn.service.is_empty() => {
            let details = "The ARN does not name a service.".to_owned();
            report.error("MISSING_ARN_FIELD", details, &place);
        }
        _ if arn.service.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            let details = format!("The service {} of an ARN is in lower case.", arn.service);
            report.error("INVALID_ARN_SERVICE_CASE", details, &place);
        }
        Some(service) => form(text, &arn, service, &place, report),
        // Some services have ARNs under another name than their actions'.
        None => {}
    }
}

fn account(arn: &Arn<'_>, place: &[crate::cursor::Place], report: &mut Report<'_>) {
    let id = arn.account;
    let is_id = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if !id.is_empty() && !is_open(id) && !is_id && !["aws", "aws-managed"].contains(&id) {
        let owned_by_name = id
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
        if !owned_by_name {
            let details = format!("The account {id} of the ARN has not twelve digits.");
            report.error("INVALID_ARN_ACCOUNT", details, place);
        }
    }
}

/// Compares an ARN with the forms that the service's resource types have.
fn form(
    text: &str,
    arn: &Arn<'_>,
    service: &Service,
    place: &[crate::cursor::Place],
    report: &mut Report<'_>,
) {
    let types = service.resource_types().iter();
    let forms: Vec<Arn<'_>> = types
        .flat_map(catalogue::ResourceType::arns)
        .filter_map(Arn::parse)
        .filter(|form| form.service == arn.service)
        .collect();
    if forms.is_empty() || forms.iter().any(|form| fits(arn, form)) {
        return;
    }
    // Which part is to blame? The one whose change would make it fit.
    let name = service.prefix();
    let same = |form: &&Arn<'_>| may_meet(arn.resource, form.resource);
    let alike: Vec<&Arn<'_>> = forms.iter().filter(same).collect();
    if alike.is_empty() {
        let details = format!("No resource type of {name} that is known has ARNs like {text}.");
        report.warning("UNKNOWN_RESOURCE_TYPE", details, place);
    } else if alike.iter().all(|form| form.region.is_empty()) && !arn.region.is_empty() {
        let details = format!("ARNs of this kind of {name} have no region: leave it empty.");
        report.error("ARN_REGION_NOT_ALLOWED", details, place);
    } else if alike.iter().all(|form| !form.region.is_empty()) && arn.region.is_empty() {
        let details = format!("ARNs of this kind of {name} have a region: name it, or write *.");
        report.error("MISSING_ARN_REGION", details, place);
    } else if alike.iter().all(|form| form.account.is_empty()) && !arn.account.is_empty() {
        let details = format!("ARNs of this kind of {name} have no account: leave it empty.");
        report.error("ARN_ACCOUNT_NOT_ALLOWED", details, place);
    }
    // An empty account is let pass: what AWS itself owns has none.
}

/// Whether a form of the reference can be meant.
fn fits(arn: &Arn<'_>, form: &Arn<'_>) -> bool {
    let part = |part: &str, form: &str| part == form || may_meet(part, form);
    part(arn.region, form.region)
        && part(arn.account, form.account)
        && may_meet(arn.resource, form.resource)
}

/// Complains of resources that another one of the statement covers.
fn redundant(resources: &[Cursor<'_>], report: &mut Report<'_>) {
    let texts: Vec<&str> = resources.iter().filter_map(Cursor::as_str).collect();
    for group in overlaps(&texts, covers) {
        let details = format!(
            "{} resources of this statement mean the same: {} covers {}, which can go.",
            group.members.len(),
            group.wide,
            group.narrow
        );
        let members = group.members.iter().filter_map(|at| resources.get(*at));
        report.suggestion("REDUNDANT_RESOURCE", details, &places(members));
    }
}

fn covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    let (Some(wide), Some(narrow)) = (Arn::parse(wide), Arn::parse(narrow)) else {
        return false;
    };
    matches_case(wide.partition, narrow.partition)
        && matches_case(wide.service, narrow.service)
        && matches_case(wide.region, narrow.region)
        && matches_case(wide.account, narrow.account)
        && matches_case(wide.resource, narrow.resource)
}

/// As `catalogue::matches`, but names of resources have a case.
fn matches_case(pattern: &str, text: &str) -> bool {
    if pattern.eq_ignore_ascii_case(text) {
        return pattern == text;
    }
    let literal = pattern.split(['*', '?']).all(|piece| text.contains(piece));
    literal && catalogue::matches(pattern, text)
}

/// Complains of actions that none of the statement's resources can be for.
fn reachable(statement: &Statement<'_>, report: &mut Report<'_>) {
    if statement.resources.is_empty() || statement.kind == PolicyType::Trust {
        return;
    }
    let resources: Vec<&str> = statement
        .resources
        .iter()
        .filter_map(Cursor::as_str)
        .collect();
    if resources.contains(&"*") {
        return;
    }
    for action in &statement.actions {
        let found = catalogue::expand(action.as_str().unwrap_or_default());
        let [only] = found.as_slice() else {
            continue;
        };
        let mut types = only.resource_types().peekable();
        let name = only.full_name();
        if types.peek().is_none() {
            let details = format!(
                "{name} works on no resource in particular: with these resources the statement \
                 has no effect on it. Use \"*\"."
            );
            report.warning(
                "ACTION_WITHOUT_MATCHING_RESOURCE",
                details,
                &[action.place()],
            );
            continue;
        }
        let forms: Vec<&str> = types.flat_map(|(of, _)| of.arns()).collect();
        let reached = resources
            .iter()
            .any(|resource| forms.iter().any(|form| may_be(resource, form)));
        if !reached {
            let details = format!(
                "{name} works on resources like {}, and none of the statement's can be one: the \
                 statement has no effect on it.",
                forms.first().copied().unwrap_or_default()
            );
            report.warning(
                "ACTION_WITHOUT_MATCHING_RESOURCE",
                details,
                &[action.place()],
            );
        }
    }
}
