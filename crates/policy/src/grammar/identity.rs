//! Policies of users, groups and roles, permissions boundaries and session policies.
//!
//! The order of the checks is AWS's: of several faults the first one is reported.

use crate::document::{Document, Listed, Statement};
use crate::malformed::Malformed;
use crate::network::Network;
use crate::number::Number;
use crate::operator::Test;
use crate::template::Variables;
use crate::{condition, glob, resource};

use super::fault::{Fault, Voice};
use super::reading::Draft;

/// Managed policies must be in the current language; inline ones may be in the old.
pub(super) fn require_current_version(draft: &Draft) -> Result<(), Malformed> {
    if draft.document.statements.is_empty() {
        return Err(Voice::Identity.say(Fault::EmptyStatement));
    }
    match draft.document.variables {
        Variables::Read => Ok(()),
        Variables::Literal => Err(Malformed::new(
            "Policy document must be version 2012-10-17 or greater.",
        )),
    }
}

/// Policies that are kept: their conditions' values must be what the operators compare.
pub(super) fn check(draft: &Draft) -> Result<(), Malformed> {
    check_but_for(draft, has_odd_value)
}

/// Policies of one session: of their conditions' values only binary ones are looked at.
pub(super) fn check_session(draft: &Draft) -> Result<(), Malformed> {
    check_but_for(draft, has_odd_binary)
}

fn check_but_for(draft: &Draft, is_odd: fn(&Statement) -> bool) -> Result<(), Malformed> {
    let statements = &draft.document.statements;
    if statements.is_empty() {
        return Err(Voice::Identity.say(Fault::EmptyStatement));
    }
    if draft.document.principals().next().is_some() || statements.iter().any(has_principal) {
        return Err(Malformed::new(
            "Policy document should not specify a principal.",
        ));
    }
    if draft.odd_effect.is_some() || statements.iter().any(is_odd) {
        return Err(legacy());
    }
    let resource_fault = first_resource_fault(&draft.document)?;
    check_sids(statements)?;
    if statements.iter().any(|s| s.actions.items().is_empty()) {
        return Err(Malformed::new("Policy statement must contain actions."));
    }
    if let Some(fault) = resource_fault {
        return Err(fault);
    }
    for action in statements.iter().flat_map(|s| s.actions.items()) {
        check_action(action)?;
    }
    if statements.iter().any(|s| s.resources.items().is_empty()) {
        return Err(Malformed::new("Policy statement must contain resources."));
    }
    Ok(())
}

fn legacy() -> Malformed {
    Malformed::new("The policy failed legacy parsing")
}

fn has_principal(statement: &Statement) -> bool {
    statement.principals != Listed::Absent
}

fn check_sids(statements: &[Statement]) -> Result<(), Malformed> {
    let sids = || {
        let sids = statements.iter().filter_map(|s| s.sid.as_deref());
        sids.filter(|sid| !sid.is_empty())
    };
    if sids().any(|sid| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(Malformed::new(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    if super::has_duplicates(sids()) {
        return Err(Malformed::new(
            "Statement IDs (SID) in a single policy must be unique.",
        ));
    }
    Ok(())
}

fn check_action(action: &str) -> Result<(), Malformed> {
    let mut parts = action.split(':');
    let vendor = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        (None, _) if vendor == "*" => return Ok(()),
        (None, _) => {
            return Err(Malformed::new(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(Malformed::new(
                "Actions/Condition can contain only one colon.",
            ));
        }
        (Some(_), None) => {}
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let named = !vendor.is_empty() && vendor.bytes().all(allowed);
    if vendor == "*" || named {
        Ok(())
    } else {
        Err(Malformed::new(format!("Vendor {vendor} is not valid")))
    }
}

/// The first fault of a resource, kept until later checks have passed; one that not even
/// the old parser could read is reported at once.
fn first_resource_fault(document: &Document) -> Result<Option<Malformed>, Malformed> {
    let mut first = None;
    for statement in &document.statements {
        for resource in statement.resources.items() {
            if first.is_none() {
                first = resource_fault(resource)?;
            }
        }
    }
    Ok(first)
}

const PARTITIONS: [&str; 9] = [
    "*",
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// What IAM has names for, as resources begin with them.
const IAM_RESOURCES: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

/// What AWS accepts besides, as policies of its own show, and does not tell.
const IAM_RESOURCES_UNTOLD: [&str; 2] = ["delegation-request/", "role-template/"];

fn resource_fault(resource: &str) -> Result<Option<Malformed>, Malformed> {
    if resource == "*" {
        return Ok(None);
    }
    let mut parts = resource.splitn(6, ':');
    let first = parts.next().unwrap_or_default();
    let Some(partition) = parts.next() else {
        let sentence = format!("Resource {resource} must be in ARN format or \"*\".");
        return Ok(Some(Malformed::new(sentence)));
    };
    let service = parts.next();
    let complete = resource.matches(':').count() >= 5;
    if first == "arn" && ((!complete && resource.contains("::")) || service == Some("")) {
        return Err(legacy());
    }
    let [region, account, last] = std::array::from_fn(|_| parts.next());
    if !PARTITIONS.contains(&partition) {
        let shown = |part: Option<&str>| part.unwrap_or("*").to_owned();
        let (service, region) = (shown(service), shown(region));
        let (account, last) = (shown(account), shown(last));
        return Ok(Some(Malformed::new(format!(
            "Partition \"{partition}\" is not valid for resource \"arn:{partition}:{service}:{region}:{account}:{last}\"."
        ))));
    }
    let Some(service) = service else {
        return Ok(Some(Malformed::new(
            "Resource vendor must be fully qualified and cannot contain regexes.",
        )));
    };
    Ok(service_fault(resource, service, region, last).map(Malformed::new))
}

/// What IAM and S3 ask of their own resources.
fn service_fault(
    resource: &str,
    service: &str,
    region: Option<&str>,
    last: Option<&str>,
) -> Option<String> {
    let last = last.unwrap_or_default();
    match service {
        "iam" if region != Some("") => Some(format!(
            "IAM resource {resource} cannot contain region information."
        )),
        "iam" => {
            let mut starts = IAM_RESOURCES.iter().chain(&IAM_RESOURCES_UNTOLD);
            let known = starts.any(|start| last.starts_with(start));
            (!known && last != "*" && last != "root").then(|| {
                let names = IAM_RESOURCES.join(", ");
                format!("IAM resource path must either be \"*\" or start with {names}.")
            })
        }
        "s3" => {
            // Access points and the like live in a region; buckets do not.
            let regional = S3_REGIONAL.iter().any(|start| last.starts_with(start));
            (region != Some("") && !regional)
                .then(|| format!("Resource {resource} can not contain region information."))
        }
        _ => None,
    }
}

/// Resources of S3 whose ARNs have a region.
const S3_REGIONAL: [&str; 6] = [
    "accesspoint/",
    "access-grants/",
    "async-request/",
    "job/",
    "storage-lens/",
    "storage-lens-group/",
];

fn has_odd_value(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| {
        let is_odd = |value: &String| match condition.operator.test {
            Test::Date(_) => !is_date(value),
            _ if value.contains("${") => false,
            Test::Numeric(_) => Number::parse(value).is_none(),
            Test::Address => Network::parse(value).is_none(),
            Test::Arn => resource::is_broken(&glob::encode(value)),
            Test::Binary => condition::decode(value).is_none(),
            _ => false,
        };
        condition.values.iter().any(is_odd)
    })
}

fn has_odd_binary(statement: &Statement) -> bool {
    let binary = statement.conditions.iter();
    binary
        .filter(|condition| condition.operator.test == Test::Binary)
        .flat_map(|condition| &condition.values)
        .any(|value| condition::decode(value).is_none())
}

/// Whether the old parser takes a text for a date: looser than what can be compared.
fn is_date(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if !text.contains(['t', '-']) {
        return text.parse::<i64>().is_ok_and(|epoch_s| epoch_s >= 0);
    }
    let (date, time) = text.split_once('t').unwrap_or((&text, ""));
    let (date, sign) = match date.strip_prefix('-') {
        Some(date) => (date, -1),
        None => (date, 1),
    };
    let mut parts = date.split('-');
    let within = |part: Option<&str>, least: i64, most: i64| {
        part.is_none_or(|part| {
            part.parse::<i64>()
                .is_ok_and(|number| (least..=most).contains(&number))
        })
    };
    let year = parts.next().and_then(|year| year.parse::<i64>().ok());
    let years = -292_275_054..=292_278_993;
    year.is_some_and(|year| years.contains(&(sign * year)))
        && within(parts.next(), 1, 12)
        && within(parts.next(), 1, 31)
        && parts.next().is_none()
        && is_time(time)
}

fn is_time(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let below = |part: &str, bound: u32| part.parse::<u32>().is_ok_and(|number| number < bound);
    let mut parts = text.splitn(3, ':');
    let hour = parts.next().is_some_and(|hour| below(hour, 24));
    let minute = parts.next().is_none_or(|minute| below(minute, 60));
    let second = parts.next().is_none_or(|rest| {
        let (second, zone) = match (rest.strip_suffix('z'), rest.split_once(['+', '-'])) {
            (Some(second), _) => (second, None),
            (None, Some((second, zone))) => (second, Some(zone)),
            (None, None) => (rest, None),
        };
        let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
        below(second, 60) && below(fraction, 1_000_000_000) && zone.is_none_or(is_zone)
    });
    hour && minute && second
}

fn is_zone(text: &str) -> bool {
    let two = |part: &str, bound: u32| {
        part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number < bound)
    };
    match text.split_once(':') {
        Some((hour, minute)) => two(hour, 24) && two(minute, 60),
        None => two(text, 24),
    }
}
